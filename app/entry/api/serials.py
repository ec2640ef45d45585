"""Look up any serial or range: does it exist, where is it now, and how did it get there."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.api.batches import BatchShown, batches_shown
from app.entry.api.context import Reader, StrictRoute
from app.entry.api.wire import Body, Shown, show
from app.entry.problems import refused
from app.registry.ledger import store
from app.registry.ledger.freezing import Span
from app.registry.ledger.refusals import SerialsNotFoundError
from app.registry.ledger.rules import BUFFER, CANCELLED, EXPORTED, RETIRED, TRANSIT, Batch
from app.registry.ledger.serials import SERIAL_TEXT_MAX, SerialRange, SerialTextError, read_serials
from app.registry.ledger.store import EntryRow, HeldRun, Links

router = APIRouter(prefix="/serials", tags=["serials"], route_class=StrictRoute)

RUNS_SHOWN_MAX: Final = (
    100  # A range may lie in thousands of runs; more is read with the next range.
)
_STATES: Final = {
    BUFFER: "buffered",
    TRANSIT: "in_transit",
    RETIRED: "retired",
    CANCELLED: "cancelled",
    EXPORTED: "exported",
}


class SerialQuery(Body):
    """Which serial."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    serial: str = Field(
        min_length=3,
        max_length=SERIAL_TEXT_MAX,
        description="A serial `PREFIX-NUMBER` or a range `PREFIX-FIRST-LAST`, as it was copied: "
        "blanks, dashes and Thai digits are understood.",
        examples=["TH-CITY-0001-2024-1-1-30"],
    )


class StepShown(Shown):
    """A movement in the history of serials."""

    log_index: int = Field(description="Log index of the act.", examples=[42])
    kind: str = Field(description="What happened.", examples=["transferred"])
    moved: str = Field(
        description="The whole run that moved then.", examples=["TH-CITY-0001-2024-1-1-30"]
    )
    recorded_at: datetime = Field(description="When.", examples=["2026-11-24T03:00:00Z"])
    reverses: int | None = Field(
        description="Log index of the act that this one takes back; null: none.", examples=[None]
    )
    reversed_by: int | None = Field(
        description="Log index of the act that took this one back; null: none.", examples=[None]
    )


class RunState(Shown):
    """Serials that are together, and have the same history."""

    serials: str = Field(
        description="The run as text, both ends included.", examples=["TH-CITY-0001-2024-1-1-30"]
    )
    first: int = Field(description="First serial.", examples=[1])
    last: int = Field(description="Last serial.", examples=[30])
    credits: int = Field(description="Credits in the run (tCO2e).", examples=[30])
    state: str = Field(
        description="`held`, `buffered`, `in_transit`, `retired`, `cancelled` or `exported`.",
        examples=["retired"],
    )
    frozen: bool = Field(
        description="Whether TGO has frozen any of these serials; which, `GET /v1/freezes` tells. "
        "Whose account they are in is not public, and so not whether that is frozen.",
        examples=[False],
    )
    history: list[StepShown] = Field(description="All movements of these serials, newest first.")


class SerialsShown(Shown):
    """What the register knows of serials."""

    serials: str = Field(
        description="The serials as understood.", examples=["TH-CITY-0001-2024-1-1-30"]
    )
    credits: int = Field(description="How many credits they are (tCO2e).", examples=[30])
    batch: BatchShown = Field(description="The batch they belong to.")
    runs: list[RunState] = Field(description="Where they are, split where it differs.")
    more_from: int | None = Field(
        description="First serial that is not shown because the runs are too many; ask again from "
        "there. Null: all are shown.",
        examples=[None],
    )


@router.get(
    "",
    response_model=SerialsShown,
    operation_id="look_up_serials",
    summary="Look up a serial or a range",
    responses=refused(SerialsNotFoundError, SerialTextError),
)
async def look_up_serials(query: Annotated[SerialQuery, Query()], reader: Reader) -> Response:
    """Say of any serial or range whether it exists, where it is and its whole history. Public."""
    batch, named = await find_serials(reader, query.serial)
    runs = await store.list_runs_of_batch(
        reader, batch, first=named.first, last=named.last, limit=RUNS_SHOWN_MAX + 1
    )
    shown = runs[:RUNS_SHOWN_MAX]
    histories = [await _history(reader, batch, run) for run in shown]
    spans = await store.list_frozen_spans(reader, batch, first=named.first, last=named.last)
    links = await store.find_links(reader, {step.log_index for of in histories for step in of})
    (batch_shown,) = await batches_shown(reader, [batch])
    return show(
        SerialsShown(
            serials=str(named),
            credits=named.credits,
            batch=batch_shown,
            runs=[
                _state(batch, run, history, spans, links)
                for run, history in zip(shown, histories, strict=True)
            ],
            more_from=runs[RUNS_SHOWN_MAX].first if len(runs) > RUNS_SHOWN_MAX else None,
        )
    )


async def find_serials(reader: AsyncConnection, text: str) -> tuple[Batch, SerialRange]:
    """
    Return the batch and the serials that a text names.

    Raises:
        SerialTextError: it names none.
        SerialsNotFoundError: there are none of these.
    """
    readings = read_serials(text)
    for named in readings:
        batch = await store.find_batch(reader, named.prefix)
        if batch is not None and named.last <= batch.credits:
            return batch, named
    raise SerialsNotFoundError(serials=str(readings[0]))


async def _history(reader: AsyncConnection, batch: Batch, run: HeldRun) -> list[EntryRow]:
    return await store.list_serial_history(reader, batch, run.first, log_index=run.log_index)


def _state(
    batch: Batch, run: HeldRun, history: list[EntryRow], spans: list[Span], links: Links
) -> RunState:
    return RunState(
        serials=f"{batch.serial_prefix}-{run.first}-{run.last}",
        first=run.first,
        last=run.last,
        credits=run.last - run.first + 1,
        state=_STATES.get(run.account_id, "held"),
        frozen=any(first <= run.last and last >= run.first for first, last in spans),
        history=[
            StepShown(
                log_index=step.log_index,
                kind=step.kind.word,
                moved=f"{batch.serial_prefix}-{step.first}-{step.last}",
                recorded_at=step.recorded_at,
                reverses=links.reverses.get(step.log_index),
                reversed_by=links.reversed_by.get(step.log_index),
            )
            for step in history
        ],
    )
