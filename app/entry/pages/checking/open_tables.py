"""Which tables the open data has, and how their rows come from what the API answers everybody."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.applications import Starlette

from app.entry.pages.checking.flattening import Column, columns_within, listing_at

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OpenTable:
    """One table: read from one list of the API, a line or several for each of its rows."""

    name: str  # of its files
    call: str  # under ``/v1``
    columns: tuple[Column, ...]
    lines: Callable[[Row], Iterator[list[object]]]


# With a salt anybody could test what a name was that has been erased since; a copy is for ever.
_NOT_OF_ACTS: Final = frozenset({"moved", "salt", "dry_run"})
_ENTRY: Final = (
    Column(("log_index",), "integer", "Log index of the act."),
    Column(("kind",), "string", "What was done, as the log says it."),
    Column(("recorded_at",), "string", "When it was recorded."),
    Column(("from_account",), "string", "Account that credits left; empty where they were issued."),
    Column(("to_account",), "string", "Account that they went to."),
    Column(("batch",), "string", "Serial prefix of the batch."),
    Column(("first",), "integer", "First serial."),
    Column(("last",), "integer", "Last serial."),
    Column(("credits",), "integer", "Credits (tCO2e)."),
    Column(("buffer_credits",), "integer", "How many of them went into the buffer instead."),
)


def open_tables(app: Starlette) -> tuple[OpenTable, ...]:
    """Return all tables of the open data."""
    return (
        _whole(app, "activities", "/activities"),
        _whole(app, "batches", "/batches"),
        _by_run(app, "retirements", "/retirements"),
        _by_run(app, "cancellations", "/cancellations"),
        OpenTable("ledger-entries", "/log/entries", _ENTRY, _entries),
    )


def _whole(app: Starlette, name: str, call: str) -> OpenTable:
    """Return a table with a line for each row of a list."""
    columns = _columns_of(app, call)
    return OpenTable(name, call, columns, lambda row: iter([[c.value(row) for c in columns]]))


def _by_run(app: Starlette, name: str, call: str) -> OpenTable:
    """Return a table with a line for each run of serials that an act moved."""
    of_act = tuple(c for c in _columns_of(app, call) if c.name not in _NOT_OF_ACTS)
    of_run = columns_within(app, f"/v1{call}", "moved")

    def lines(row: Row) -> Iterator[list[object]]:
        act = [column.value(row) for column in of_act]
        for run in row["moved"]:
            yield [*act, *(column.value({"moved": run}) for column in of_run)]

    return OpenTable(name, call, (*of_act, *of_run), lines)


def _columns_of(app: Starlette, call: str) -> tuple[Column, ...]:
    listing = listing_at(app, f"/v1{call}")
    assert listing is not None, call
    return listing.columns


def _entries(entry: Row) -> Iterator[list[object]]:
    """Yield a line for each run of serials that an act moved or brought into being."""
    if entry["kind"].endswith(".proposed") or not entry["kind"].startswith(("credits.", "buffer.")):
        return
    said = entry["act"]["data"]
    act = [entry["log_index"], entry["kind"], entry["recorded_at"]]
    for run in said.get("moves") or ():
        credits_moved = run["last"] - run["first"] + 1
        serials = [run["batch"], run["first"], run["last"], credits_moved, None]
        yield [*act, said.get("from"), said.get("to"), *serials]
    for batch in said.get("batches") or ():
        serials = [batch["batch"], 1, batch["credits"], batch["credits"], batch["buffer_credits"]]
        yield [*act, None, batch["account"], *serials]
