"""Notices: what the one who asks was told, and how far they have read it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, StringConstraints

from app.entry.api.context import StrictRoute
from app.entry.api.wire import (
    Body,
    CursorError,
    Identifier,
    LogIndex,
    Page,
    PageQuery,
    Shown,
    decode_cursor,
    going_on,
    show,
)
from app.entry.identity import Caller
from app.entry.problems import refused
from app.kernel import clock
from app.kernel.db import noting, reading
from app.registry.ledger.serials import account_number
from app.registry.notices import operations, store
from app.registry.notices.catalogue import words_of
from app.registry.notices.refusals import NoticeNotFoundError, NoticesLimitedKeyError
from app.registry.notices.rules import Notice, NoticeKind, check_whole

router: Final = APIRouter(prefix="/notices", tags=["notices"], route_class=StrictRoute)

UNREAD_COUNTED_MAX: Final = 1_000
_NOTICE: Final = "ntc_01kb5b1j0dfz5r5d8r4v5e2c3a"
_NoticeId = Annotated[Identifier, StringConstraints(pattern=r"^ntc_[0-9a-hjkmnp-tv-z]{26}$")]


class NoticeShown(Shown):
    """Something that you were told. It is made of identifiers; what they name, you may see."""

    id: str = Field(description="Identifier.", examples=[_NOTICE])
    kind: NoticeKind = Field(description="What it is about.", examples=["transfer_proposed"])
    title: str = Field(description="It in a few words.", examples=["A transfer was proposed"])
    title_th: str = Field(description="The same in Thai.", examples=["มีการเสนอโอนเครดิต"])
    text: str = Field(
        description="It in full.",
        examples=[
            "The transfer prp_01kb5b1j0dfz5r5d8r4v5e2c3a is on its way from account TH-001001-05."
        ],
    )
    text_th: str = Field(
        description="The same in Thai.",
        examples=["มีการเสนอโอนเครดิตจากบัญชี TH-001001-05 เครดิตจะยังไม่ย้ายจนกว่าบุคคลอื่นจะอนุมัติ"],
    )
    account: str | None = Field(
        description="The account as whose representative you are told; null: it is of none.",
        examples=["TH-001001-05", None],
    )
    proposal_id: str | None = Field(
        description="The proposed transfer; null: it is of none.",
        examples=["prp_01kb5b1j0dfz5r5d8r4v5e2c3a", None],
    )
    order_id: str | None = Field(
        description="The order of the authority; null: it is by none.",
        examples=["ord_01kb5b1j0dfz5r5d8r4v5e2c3a", None],
    )
    about: str | None = Field(
        description="Another user, whom it is about; null: it is about nobody else.",
        examples=["usr_01kb5b1j0dfz5r5d8r4v5e2c3a", None],
    )
    log_index: LogIndex = Field(description="The act's place in the log.", examples=[1_024])
    made_at: datetime = Field(
        description="When the act was recorded.", examples=["2026-11-24T03:00:00Z"]
    )
    read_at: datetime | None = Field(
        description="When you said that you had read it; null: you have not.", examples=[None]
    )


class NoticesShown(Page[NoticeShown]):
    """A page of your notices."""

    unread: int = Field(
        description=f"How many of all your notices are unread; {UNREAD_COUNTED_MAX} where there "
        "are more.",
        ge=0,
        le=UNREAD_COUNTED_MAX,
        examples=[3],
    )


class NoticesQuery(PageQuery):
    """Which of your notices."""

    unread: bool = Field(
        default=False,
        description="Only those that you have not read.",
        examples=[True],
    )


class ReadBody(Body):
    """How far you have read."""

    up_to: _NoticeId = Field(
        description="The newest notice that you have read; older ones are read with it.",
        examples=[_NOTICE],
    )


@router.get(
    "",
    response_model=NoticesShown,
    responses=refused(NoticesLimitedKeyError, CursorError),
    summary="List your notices",
    operation_id="list_notices",
)
async def list_notices(
    request: Request, actor: Caller, query: Annotated[NoticesQuery, Query()]
) -> Response:
    """
    List what you were told, the newest first: of accounts that you represent, of your fellow
    representatives, and of how you sign in. What you did yourself you are not told, but how you
    sign in in any case.

    A notice is there with the act it is of. It is kept as long as the rule `notice_days` says.
    """
    check_whole(actor.scopes)
    position = decode_cursor(query.cursor, int, str)
    async with reading(request.app.state.reads) as connection:
        found = await store.list_notices(
            connection,
            actor.user_id,
            unread=query.unread,
            before=None if position is None else (int(position[0]), str(position[1])),
            limit=query.limit + 1,
        )
        unread = await store.get_unread_count(connection, actor.user_id, most=UNREAD_COUNTED_MAX)
    page = found[: query.limit]
    return show(
        NoticesShown(
            data=list(map(notice_shown, page)),
            unread=unread,
            **going_on([page[-1].log_index, page[-1].id] if len(found) > query.limit else None),
        )
    )


@router.post(
    "/read",
    status_code=204,
    responses=refused(NoticesLimitedKeyError, NoticeNotFoundError),
    summary="Say how far you have read",
    operation_id="read_notices",
)
async def read_notices(request: Request, actor: Caller, body: ReadBody) -> Response:
    """
    Say that you have read a notice and all before it; once more changes nothing.

    It is no act of the register, and only you see it.
    """
    check_whole(actor.scopes)
    async with noting(request.app.state.reads) as connection:
        await operations.mark_read(connection, actor.user_id, up_to=body.up_to, now=clock.now())
    return Response(status_code=204)


def notice_shown(notice: Notice) -> NoticeShown:
    """Show a notice."""
    words = words_of(notice)
    kept: Mapping[str, Any] = {
        name: getattr(notice, name)
        for name in ("id", "kind", "proposal_id", "order_id", "about", "log_index")
    }
    return NoticeShown(
        **kept,
        title=words.title,
        title_th=words.title_th,
        text=words.text,
        text_th=words.text_th,
        account=None if notice.account_id is None else account_number(notice.account_id),
        made_at=notice.made_at,
        read_at=notice.read_at,
    )
