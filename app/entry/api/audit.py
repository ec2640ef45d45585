"""Who came in, who failed to, and who read about whom: for auditors, and each person's own."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, StringConstraints

from app.entry.api.context import StrictRoute
from app.entry.api.noticed import note_read
from app.entry.api.user_keys import UserId
from app.entry.api.wire import (
    CursorError,
    Identifier,
    Moment,
    Page,
    PageQuery,
    Shown,
    decode_cursor,
    encode_cursor,
    show,
)
from app.entry.identity import Caller
from app.entry.problems import refused
from app.kernel.db import reading
from app.registry.parties.policy import NotAllowedError, Permission, require
from app.registry.parties.rules import UserNotFoundError
from app.registry.parties.store import get_user
from app.registry.signin.rules import Access, AccessKind
from app.registry.signin.store import AccessFilter, list_access

router: Final = APIRouter(prefix="/audit", tags=["audit"], route_class=StrictRoute)
of_users: Final = APIRouter(prefix="/users", tags=["audit"], route_class=StrictRoute)

_UserId = Annotated[Identifier, StringConstraints(pattern=r"^usr_[0-9a-hjkmnp-tv-z]{26}$")]
_USER: Final = "usr_01kb5b1j0dfz5r5d8r4v5e2c3a"


class AccessShown(Shown):
    """One time that somebody came in, failed to, or read about somebody else."""

    id: str = Field(description="Identifier.", examples=["aud_01kb5b1j0dfz5r5d8r4v5e2c3a"])
    at: datetime = Field(description="When.", examples=["2026-11-24T08:30:00Z"])
    kind: AccessKind = Field(description="What kind it is of.", examples=["signed_in"])
    what: str = Field(
        description="More exactly. Of a sign-in: what was proven beside the password, or "
        "`password` or `api_key` alone; of a failed one: the refusal; of a session: why it ended; "
        "of a change: the act in the log; of a read: the operation.",
        examples=["totp"],
    )
    about: str | None = Field(
        description="The user whom it is about, or the application; null: it was not about one.",
        examples=[_USER, None],
    )
    by: str | None = Field(
        description="The user who did it; null: nobody knows who it was.", examples=[_USER, None]
    )
    network: str | None = Field(
        description="From where: the address that reached the service, of an IPv6 one its network; "
        "null: that is not known, or the person was erased.",
        examples=["203.0.113.7", None],
    )
    session_id: str | None = Field(
        description="The session, where there was one.",
        examples=["ses_01kb5b1j0dfz5r5d8r4v5e2c3a", None],
    )
    key_id: str | None = Field(
        description="The API key, where there was one.",
        examples=["key_01kb5b1j0dfz5r5d8r4v5e2c3a", None],
    )


class OwnAuditQuery(PageQuery):
    """Which records of one person."""

    kind: AccessKind | None = Field(None, description="Only of this kind.", examples=["user_read"])
    since: Moment | None = Field(
        None,
        alias="from",
        description="Not before this moment.",
        examples=["2026-11-01T00:00:00+07:00"],
    )
    until: Moment | None = Field(
        None,
        alias="to",
        description="Before this moment.",
        examples=["2026-12-01T00:00:00+07:00"],
    )


class AuditQuery(OwnAuditQuery):
    """Which records."""

    user_id: _UserId | None = Field(
        None, description="Only those by this user, or about them.", examples=[_USER]
    )


@router.get(
    "",
    response_model=Page[AccessShown],
    responses=refused(NotAllowedError, CursorError),
    summary="List who came in and who read about whom",
    operation_id="list_audit",
)
async def list_audit(
    request: Request, actor: Caller, query: Annotated[AuditQuery, Query()]
) -> Response:
    """
    List sign-ins, failed ones, ends of sessions, changes of how somebody signs in, and reads of
    personal data by people of TGO: the newest first. For administrators and auditors.

    A read or a failure is there within seconds. That this list was read is recorded too.
    """
    require(actor, Permission.READ_AUDIT)
    await note_read(request, actor, AccessKind.ACCESS_READ, "list_audit", [query.user_id])
    return await _page(request, query, query.user_id)


@of_users.get(
    "/{user_id}/audit",
    response_model=Page[AccessShown],
    responses=refused(NotAllowedError, UserNotFoundError, CursorError),
    summary="List how a person came in and who read about them",
    operation_id="list_user_audit",
)
async def list_user_audit(
    request: Request, actor: Caller, user_id: UserId, query: Annotated[OwnAuditQuery, Query()]
) -> Response:
    """List what was done by you or about you, the newest first; others as an auditor may."""
    async with reading(request.app.state.reads) as connection:
        user = await get_user(connection, user_id, seen_by=actor)
    if user.id != actor.user_id:
        require(actor, Permission.READ_AUDIT, owner_ids=(user.party_id,))
    await note_read(request, actor, AccessKind.ACCESS_READ, "list_user_audit", [user.id])
    return await _page(request, query, user.id)


async def _page(request: Request, query: OwnAuditQuery, person: str | None) -> Response:
    position = decode_cursor(query.cursor, str, str)
    before = None if position is None else (_moment(position[0]), str(position[1]))
    asked = AccessFilter(person=person, kind=query.kind, since=query.since, until=query.until)
    # Not as other reads: the role that those have sees none of it.
    async with reading(request.app.state.reads) as connection:
        found = await list_access(connection, asked, before=before, limit=query.limit + 1)
    rows, has_more = found[: query.limit], len(found) > query.limit
    after = [rows[-1].at.isoformat(), rows[-1].id] if has_more else None
    return show(
        Page[AccessShown](
            data=[access_shown(record) for record in rows],
            next_cursor=None if after is None else encode_cursor(after),
            has_more=has_more,
        )
    )


def access_shown(record: Access) -> AccessShown:
    """Show a record."""
    return AccessShown(**{name: getattr(record, name) for name in AccessShown.model_fields})


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CursorError from None
    if moment.tzinfo is None:
        raise CursorError
    return moment
