"""Sessions of the one who asks: what is signed in, and signing out."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from app.entry.api.context import StrictRoute
from app.entry.api.noticed import network_of
from app.entry.api.wire import (
    CursorError,
    Identifier,
    Page,
    PageQuery,
    Shown,
    decode_cursor,
    encode_cursor,
    show,
)
from app.entry.identity import Caller
from app.entry.problems import refused
from app.kernel import clock
from app.kernel.db import noting, reading
from app.registry.parties.policy import Actor
from app.registry.signin import operations, store
from app.registry.signin.refusals import PersonNeededError, SessionNotFoundError
from app.registry.signin.rules import Factor, Session, require_person

router = APIRouter(prefix="/sessions", tags=["sessions"], route_class=StrictRoute)

SessionId = Annotated[
    Identifier,
    Path(description="Identifier of the session.", examples=["ses_01kb5b1j0dfz5r5d8r4v5e2c3a"]),
]


class SessionShown(Shown):
    """One sign-in of yours that goes on."""

    id: str = Field(description="Identifier.", examples=["ses_01kb5b1j0dfz5r5d8r4v5e2c3a"])
    created_at: datetime = Field(
        description="When you signed in.", examples=["2026-11-24T08:30:00Z"]
    )
    last_used_at: datetime = Field(
        description="When it was begun or refreshed last.", examples=["2026-11-24T09:10:00Z"]
    )
    expires_at: datetime = Field(
        description="When it ends at the latest; it ends earlier where it is not refreshed for two "
        "hours.",
        examples=["2026-11-24T20:30:00Z"],
    )
    address: str = Field(
        description="Network address that you signed in from: the one that reached the service.",
        examples=["203.0.113.7"],
    )
    second_factor: Factor | None = Field(
        description="What was proven beside the password or the identity; null: nothing.",
        examples=["totp", None],
    )
    is_current: bool = Field(
        description="Whether the token of this request is of it.", examples=[True]
    )


@router.get(
    "",
    response_model=Page[SessionShown],
    responses=refused(CursorError),
    summary="List your sessions",
    operation_id="list_sessions",
)
async def list_sessions(
    request: Request, actor: Caller, query: Annotated[PageQuery, Query()]
) -> Response:
    """List where you are signed in, the oldest first."""
    position = decode_cursor(query.cursor, str)
    async with reading(request.app.state.reads) as connection:
        found = await store.list_sessions(
            connection,
            actor.user_id,
            after=None if position is None else position[0],
            limit=query.limit + 1,
            now=clock.now(),
        )
    rows, has_more = found[: query.limit], len(found) > query.limit
    return show(
        Page[SessionShown](
            data=[_shown(session, actor) for session in rows],
            next_cursor=encode_cursor([rows[-1].id]) if has_more else None,
            has_more=has_more,
        )
    )


@router.delete(
    "/{session_id}",
    status_code=204,
    responses=refused(SessionNotFoundError, PersonNeededError),
    summary="Sign out",
    operation_id="end_session",
)
async def end_session(request: Request, actor: Caller, session_id: SessionId) -> Response:
    """End one of your sessions: its refresh token at once, its access tokens within one second."""
    require_person(actor)
    async with noting(request.app.state.reads) as connection:
        if not await operations.sign_out(
            connection, actor, session_id, now=clock.now(), network=network_of(request)
        ):
            raise SessionNotFoundError
    return Response(status_code=204)


@router.delete(
    "",
    status_code=204,
    responses=refused(PersonNeededError),
    summary="Sign out everywhere",
    operation_id="end_all_sessions",
)
async def end_all_sessions(request: Request, actor: Caller) -> Response:
    """End all your sessions, the one of this request too, within one second."""
    require_person(actor)
    async with noting(request.app.state.reads) as connection:
        await operations.sign_out_everywhere(
            connection, actor, now=clock.now(), network=network_of(request)
        )
    return Response(status_code=204)


def _shown(session: Session, actor: Actor) -> SessionShown:
    return SessionShown(
        id=session.id,
        created_at=session.created_at,
        last_used_at=session.last_used_at,
        expires_at=session.expires_at,
        address=session.address,
        second_factor=session.second_factor,
        is_current=session.id == actor.session_id,
    )
