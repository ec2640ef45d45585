"""The ledger's entries, for those who govern and audit it."""

from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.api.accounts import AsOfQuery, HoldingShown
from app.entry.api.context import Reader, StrictRoute
from app.entry.api.credits import AccountNumber, BatchPrefix
from app.entry.api.entries import EntryShown, MomentFilter, entry_shown, export_of_entries
from app.entry.api.serials import find_serials
from app.entry.api.wire import (
    CursorError,
    Identifier,
    Page,
    PageQuery,
    ProvinceCode,
    Text,
    csv_of,
    decode_cursor,
    going_on,
    show,
    show_page,
)
from app.entry.identity import Caller
from app.entry.problems import refused
from app.kernel.quantities import CREDITS_MAX
from app.registry.ledger import store
from app.registry.ledger.refusals import SerialsNotFoundError
from app.registry.ledger.rules import EntryKind
from app.registry.ledger.serials import (
    SERIAL_TEXT_MAX,
    AccountNumberError,
    SerialTextError,
    account_id,
    account_number,
)
from app.registry.ledger.store import EntryFilter
from app.registry.log import store as log
from app.registry.parties.policy import NotAllowedError, Permission, require

router = APIRouter(prefix="/ledger", tags=["ledger"], route_class=StrictRoute)

_FILTERING: Final = (AccountNumberError, SerialTextError, SerialsNotFoundError)


class Order(StrEnum):
    """Which way a list goes."""

    OLDEST_FIRST = "log_index"
    NEWEST_FIRST = "-log_index"


class KindWord(StrEnum):
    """Why credits moved."""

    ISSUED = "issued"
    BUFFERED = "buffered"
    TRANSFERRED = "transferred"
    RETIRED = "retired"
    CANCELLED = "cancelled"
    TAKEN_OVER = "taken_over"
    BUFFER_RELEASED = "buffer_released"
    BUFFER_CANCELLED = "buffer_cancelled"
    SENT = "sent"
    DELIVERED = "delivered"
    RETURNED = "returned"
    REVERSED = "reversed"


class Filters(MomentFilter):
    """Which entries."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    account: AccountNumber | None = Field(
        None, description="Entries that left or entered this account.", examples=["TH-001001-05"]
    )
    activity_id: Identifier | None = Field(
        None, description="Credits of this activity.", examples=["act_01kb5b1j0dfz5r5d8r4v5e2c3a"]
    )
    batch: BatchPrefix | None = Field(
        None, description="Credits of this batch.", examples=["TH-CITY-0001-2024-1"]
    )
    project: Text | None = Field(
        None, description="Credits of this activity or project code.", examples=["CITY-0001"]
    )
    serials: str | None = Field(
        None,
        min_length=3,
        max_length=SERIAL_TEXT_MAX,
        description="Entries that moved any of these: a serial `PREFIX-NUMBER` or a range "
        "`PREFIX-FIRST-LAST`, as in `GET /v1/serials`.",
        examples=["TH-CITY-0001-2024-1-1-30"],
    )
    vintage: int | None = Field(
        None, ge=1990, le=2200, description="Credits of this vintage (CE).", examples=[2024]
    )
    province: ProvinceCode | None = Field(
        None, description="Credits of activities in this province.", examples=["40"]
    )
    kind: KindWord | None = Field(None, description="Why credits moved.", examples=["transferred"])
    credits_min: int | None = Field(
        None, ge=1, le=CREDITS_MAX, description="Entries of at least so many credits.", examples=[1]
    )
    credits_max: int | None = Field(
        None,
        ge=1,
        le=CREDITS_MAX,
        description="Entries of at most so many credits.",
        examples=[500],
    )

    async def wanted(self, reader: AsyncConnection) -> EntryFilter:
        """Return the filter as the store understands it."""
        first_index, end_index = await self.indexes(reader)
        moved = None if self.serials is None else await find_serials(reader, self.serials)
        return EntryFilter(
            batch_id=None if moved is None else moved[0].id,
            first_serial=None if moved is None else moved[1].first,
            last_serial=None if moved is None else moved[1].last,
            project_code=self.project,
            account_id=None if self.account is None else account_id(self.account),
            activity_id=self.activity_id,
            batch_prefix=self.batch,
            vintage=self.vintage,
            province_code=self.province,
            kind=None if self.kind is None else EntryKind[self.kind.name],
            first_index=first_index,
            end_index=end_index,
            credits_min=self.credits_min,
            credits_max=self.credits_max,
        )


class EntriesQuery(PageQuery, Filters):
    """Which entries, and which way."""

    sort: Order = Field(
        Order.NEWEST_FIRST,
        description="Order by log index, or by it downwards.",
        examples=["-log_index"],
    )


class ExportQuery(Filters):
    """Which entries are exported."""


@router.get(
    "/entries",
    response_model=Page[EntryShown],
    operation_id="query_entries",
    summary="Query the ledger",
    responses=refused(NotAllowedError, *_FILTERING, CursorError),
)
async def query_entries(
    query: Annotated[EntriesQuery, Query()], reader: Reader, actor: Caller
) -> Response:
    """
    Query all double entries by account, activity, project, batch, serials, vintage, province, kind,
    dates and amount.

    A page may have fewer rows than asked for, or none, where much is passed over: read on while
    there is more. For TGO.
    """
    require(actor, Permission.QUERY_LEDGER)
    position = decode_cursor(query.cursor, int, int)
    found = await store.list_entries(
        reader,
        await query.wanted(reader),
        after=(position[0], position[1]) if position else None,
        newest_first=query.sort is Order.NEWEST_FIRST,
        limit=query.limit,
    )
    return show_page([entry_shown(entry) for entry in found.rows], found.after)


class HoldersQuery(AsOfQuery):
    """Of which project, and as of when."""

    project: Text = Field(description="Code of the activity or project.", examples=["CITY-0001"])


class HolderShown(HoldingShown):
    """What somebody holds of one batch."""

    account: str = Field(description="Number of the account.", examples=["TH-001001-05"])


@router.get(
    "/holdings",
    response_model=Page[HolderShown],
    operation_id="list_holders",
    summary="List who holds the credits of a project, now or as of any date",
    responses=refused(NotAllowedError, CursorError),
)
async def list_holders(
    query: Annotated[HoldersQuery, Query()], reader: Reader, actor: Caller
) -> Response:
    """
    List which accounts hold credits of an activity or project, by account and batch; those among
    them where credits are retired or cancelled, too.

    A page may have fewer rows than asked for, or none: read on while there is more. For TGO.
    """
    require(actor, Permission.QUERY_LEDGER)
    position = decode_cursor(query.cursor, int, int)
    found = await store.list_holders(
        reader,
        query.project,
        size=None if query.as_of is None else await log.get_size_at(reader, query.as_of),
        after=(position[0], position[1]) if position else (0, 0),
        limit=query.limit,
    )
    rows = [
        HolderShown(
            account=account_number(held.account_id),
            batch=held.batch.serial_prefix,
            vintage=held.batch.vintage,
            project=held.batch.project_code,
            credits=held.credits,
        )
        for held in found.rows
    ]
    return show(Page[HolderShown](data=rows, **going_on(found.after)))


@router.get(
    "/entries.csv",
    operation_id="export_entries",
    summary="Export the ledger as CSV",
    response_class=Response,
    responses={
        **csv_of("Entries in log order, one a line, with a header."),
        **refused(NotAllowedError, *_FILTERING),
    },
)
async def export_entries(
    query: Annotated[ExportQuery, Query()], request: Request, reader: Reader, actor: Caller
) -> Response:
    """Stream all entries that match, in the order of the log, in constant memory. For TGO."""
    require(actor, Permission.QUERY_LEDGER)
    wanted = await query.wanted(reader)
    return await export_of_entries("ledger-entries.csv", wanted, request, reader)
