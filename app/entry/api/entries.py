"""Shared shapes of the double entries: how one is shown, paged, and bounded in time."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.api.wire import Moment, Shown
from app.entry.exports import Export
from app.kernel.paging import INDEX_END, Found
from app.registry.ledger import store
from app.registry.ledger.serials import account_number
from app.registry.ledger.store import EntryFilter, EntryRow
from app.registry.log import store as log


class EntryShown(Shown):
    """One double entry: a run of serials that left one account and entered another."""

    log_index: int = Field(description="Log index of the act.", examples=[42])
    line: int = Field(description="Number of the entry within the act, from 0.", examples=[0])
    kind: str = Field(description="Why credits moved.", examples=["transferred"])
    serials: str = Field(
        description="The run as text, both ends included.", examples=["TH-CITY-0001-2024-1-1-30"]
    )
    batch: str = Field(description="Serial prefix of the batch.", examples=["TH-CITY-0001-2024-1"])
    vintage: int = Field(description="Calendar year of the reduction (CE).", examples=[2024])
    programme: str = Field(description="Code of the programme.", examples=["CITY"])
    project: str = Field(description="Code of the activity or project.", examples=["CITY-0001"])
    activity_id: str | None = Field(
        description="The activity; null for credits taken over from another registry.",
        examples=["act_01kb5b1j0dfz5r5d8r4v5e2c3a", None],
    )
    province: str | None = Field(
        description="Province code of the activity; null where it has several or none is known.",
        examples=["40", None],
    )
    first: int = Field(description="First serial.", examples=[1])
    last: int = Field(description="Last serial.", examples=[30])
    credits: int = Field(description="Credits (tCO2e).", examples=[30])
    from_account: str = Field(description="Account they left.", examples=["TH-001001-05"])
    to_account: str = Field(description="Account they entered.", examples=["TH-001002-02"])
    from_balance: int = Field(
        description="What the leaving account holds of the batch after this entry.", examples=[970]
    )
    to_balance: int = Field(
        description="What the entered account holds of the batch after this entry.", examples=[30]
    )
    from_total: int = Field(
        description="All that the leaving account holds after this entry.", examples=[970]
    )
    to_total: int = Field(
        description="All that the entered account holds after this entry.", examples=[30]
    )
    previous_log_index: int | None = Field(
        description="Log index of the movement before, of the same serials; null where they were "
        "issued.",
        examples=[41, None],
    )
    recorded_at: datetime = Field(
        description="When it was recorded.", examples=["2026-11-24T03:00:00Z"]
    )


def entry_shown(entry: EntryRow) -> dict[str, Any]:
    """
    Return an entry in the form and the order of `EntryShown`.

    Plain values: a page of them is most of what is read, and the model would check once more what
    the ledger keeps.
    """
    batch, first, last = entry.batch, entry.first, entry.last
    return {
        "log_index": entry.log_index,
        "line": entry.line,
        "kind": entry.kind.word,
        "serials": f"{batch.serial_prefix}-{first}-{last}",
        "batch": batch.serial_prefix,
        "vintage": batch.vintage,
        "programme": batch.programme_code,
        "project": batch.project_code,
        "activity_id": batch.activity_id,
        "province": batch.province_code,
        "first": first,
        "last": last,
        "credits": last - first + 1,
        "from_account": account_number(entry.from_account),
        "to_account": account_number(entry.to_account),
        "from_balance": entry.from_balance,
        "to_balance": entry.to_balance,
        "from_total": entry.from_total,
        "to_total": entry.to_total,
        "previous_log_index": entry.previous,
        "recorded_at": entry.recorded_at,
    }


async def export_of_entries(
    file_name: str, wanted: EntryFilter, request: Request, reader: AsyncConnection
) -> Response:
    """Answer with entries as CSV, in the order of the log, with all that is shown of each."""
    size = (await log.get_head(reader)).size
    end_index = size if wanted.end_index is None else min(size, wanted.end_index)
    wanted = replace(wanted, end_index=end_index)

    async def read(
        connection: AsyncConnection, after: tuple[int, ...] | None, limit: int
    ) -> Found[EntryRow]:
        place = None if after is None else (after[0], after[1])
        return await store.list_entries(
            connection, wanted, after=place, newest_first=False, limit=limit
        )

    export = Export(
        file_name,
        tuple(EntryShown.model_fields),
        read,
        lambda entry: [entry_shown(entry).values()],
    )
    return export.answer(request)


class MomentFilter(BaseModel):
    """Entries recorded within two moments."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recorded_from: Moment | None = Field(
        None,
        description="Only what was recorded at or after this moment (with time zone).",
        examples=["2026-01-01T00:00:00+07:00"],
    )
    recorded_before: Moment | None = Field(
        None,
        description="Only what was recorded before this moment (with time zone).",
        examples=["2027-01-01T00:00:00+07:00"],
    )

    async def indexes(self, reader: AsyncConnection) -> tuple[int, int]:
        """Return the moments as log indexes: the first one in, and the first one no longer in."""
        first, end = 0, INDEX_END
        if self.recorded_from is not None:
            first = await log.get_size_before(reader, self.recorded_from)
        if self.recorded_before is not None:
            end = await log.get_size_before(reader, self.recorded_before)
        return first, end
