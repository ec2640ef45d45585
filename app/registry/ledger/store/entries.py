"""What readers ask of movements by themselves: of an act, and the history of a serial."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.registry.ledger.rules import Batch, EntryKind

HISTORY_STEPS_MAX: Final = 500  # A serial that moved more often shows its latest movements.

_ENTRY: Final = (
    "e.log_index, e.line, e.kind, e.batch_id, e.first_serial, e.last_serial, e.from_account,"
    " e.to_account, e.from_balance, e.to_balance, e.from_total, e.to_total, e.previous_log_index,"
    " e.recorded_at"
)
# What `entry_of` reads. Written out, and read by place: pages of entries are what is read most.
ENTRY_AND_BATCH: Final = (
    f"{_ENTRY}, t.vintage, t.credits, t.serial_prefix, t.programme_code, t.project_code,"
    " t.project_name, t.activity_id, t.province_code, t.log_index, t.issued_at"
)
_ENTRY_COLUMNS: Final = 14
_HISTORY: Final = text(f"""
    WITH RECURSIVE walk AS (
        SELECT {_ENTRY}, 1 AS step FROM ledger_entries e
         WHERE e.log_index = :log_index AND e.batch_id = :batch
           AND :serial BETWEEN e.first_serial AND e.last_serial
        UNION ALL
        SELECT {_ENTRY}, w.step + 1 FROM walk w JOIN ledger_entries e
            ON e.log_index = w.previous_log_index AND e.batch_id = :batch
           AND :serial BETWEEN e.first_serial AND e.last_serial
         WHERE w.step < :steps_max)
    SELECT * FROM walk ORDER BY step
""")  # noqa: S608  constants
_OF_ACTS: Final = text(f"""
    SELECT {ENTRY_AND_BATCH} FROM ledger_entries e JOIN batches t ON t.id = e.batch_id
     WHERE e.log_index = ANY(CAST(:acts AS bigint[])) ORDER BY e.log_index, e.line
""")  # noqa: S608  constants

# Lines of an act that moves credits are counted from nought, so its last one says how many it has.
_COUNTS: Final = text("""
    SELECT a.act, last.line + 1
      FROM unnest(CAST(:acts AS bigint[])) AS a(act)
     CROSS JOIN LATERAL (SELECT e.line FROM ledger_entries e WHERE e.log_index = a.act
                          ORDER BY e.log_index DESC, e.line DESC LIMIT 1) AS last
""")


class EntryRow(Struct, frozen=True):
    """One double entry, with the batch it is of."""

    log_index: int
    line: int
    kind: EntryKind
    batch: Batch
    first: int
    last: int
    from_account: int
    to_account: int
    from_balance: int
    to_balance: int
    from_total: int
    to_total: int
    previous: int | None
    recorded_at: datetime


async def list_serial_history(
    connection: AsyncConnection, batch: Batch, serial: int, *, log_index: int
) -> list[EntryRow]:
    """
    List the movements of one serial, newest first: a walk of look-ups by primary key from the
    movement that brought its block.

    All serials of a block have the same history: a movement takes a run out of one block.
    """
    asked = {
        "log_index": log_index,
        "batch": batch.id,
        "serial": serial,
        "steps_max": HISTORY_STEPS_MAX,
    }
    return [_entry(row, batch) for row in await connection.execute(_HISTORY, asked)]


async def list_movement(connection: AsyncConnection, log_index: int) -> list[EntryRow]:
    """Return the entries of one act that moved credits, in order; empty where it moved none."""
    return (await list_movements(connection, [log_index]))[log_index]


async def list_movements(
    connection: AsyncConnection, log_indexes: Sequence[int]
) -> dict[int, list[EntryRow]]:
    """Return the entries of several acts that moved credits, by log index."""
    found: dict[int, list[EntryRow]] = {log_index: [] for log_index in log_indexes}
    for row in await connection.execute(_OF_ACTS, {"acts": list(log_indexes)}):
        found[row[0]].append(entry_of(row))
    return found


async def list_run_counts(
    connection: AsyncConnection, log_indexes: Sequence[int]
) -> dict[int, int]:
    """Return how many runs of serials acts moved, by log index; none of these minted credits."""
    found = await connection.execute(_COUNTS, {"acts": list(log_indexes)})
    return {row[0]: row[1] for row in found}


def entry_of(row: Sequence[Any]) -> EntryRow:
    """Read an entry from the values of `ENTRY_AND_BATCH`."""
    return _entry(row, Batch(row[3], *row[_ENTRY_COLUMNS:]))


def _entry(row: Sequence[Any], batch: Batch) -> EntryRow:
    log_index, line, kind, _, *rest = row[:_ENTRY_COLUMNS]
    return EntryRow(log_index, line, EntryKind(kind), batch, *rest)
