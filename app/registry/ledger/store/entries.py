"""What readers ask of movements by themselves: of an act, and the history of a serial."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.registry.ledger.rules import Batch, EntryKind
from app.registry.ledger.store.tables import batches, ledger_entries

HISTORY_STEPS_MAX: Final = 500  # A serial that moved more often shows its latest movements.

_entries = ledger_entries.c


@dataclass(frozen=True, slots=True)
class EntryRow:
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
    query = text("""
        WITH RECURSIVE walk AS (
            SELECT e.*, 1 AS step FROM ledger_entries e
             WHERE e.log_index = :log_index AND e.batch_id = :batch
               AND :serial BETWEEN e.first_serial AND e.last_serial
            UNION ALL
            SELECT e.*, w.step + 1 FROM walk w JOIN ledger_entries e
                ON e.log_index = w.previous_log_index AND e.batch_id = :batch
               AND :serial BETWEEN e.first_serial AND e.last_serial
             WHERE w.step < :steps_max)
        SELECT * FROM walk ORDER BY step
    """)
    asked = {
        "log_index": log_index,
        "batch": batch.id,
        "serial": serial,
        "steps_max": HISTORY_STEPS_MAX,
    }
    return [_entry(row, batch) for row in await connection.execute(query, asked)]


async def list_movement(connection: AsyncConnection, log_index: int) -> list[EntryRow]:
    """Return the entries of one act that moved credits, in order; empty where it moved none."""
    query = (
        select(ledger_entries, *batch_columns())
        .join(batches, batches.c.id == _entries.batch_id)
        .where(_entries.log_index == log_index)
        .order_by(_entries.line)
    )
    return [joined(row) for row in await connection.execute(query)]


async def list_movements(
    connection: AsyncConnection, log_indexes: Sequence[int]
) -> dict[int, list[EntryRow]]:
    """Return the entries of several acts that moved credits, by log index."""
    found: dict[int, list[EntryRow]] = {log_index: [] for log_index in log_indexes}
    query = (
        select(ledger_entries, *batch_columns())
        .join(batches, batches.c.id == _entries.batch_id)
        .where(_entries.log_index.in_(log_indexes))
        .order_by(_entries.log_index, _entries.line)
    )
    for row in await connection.execute(query):
        found[row.log_index].append(joined(row))
    return found


def batch_columns() -> list[Any]:
    """Return the columns of batches under names of their own, to be selected beside entries."""
    # Both tables have a log index and so on: the batch's columns come under names of their own.
    return [column.label(f"batch_{column.name}") for column in batches.c if column.name != "id"]


def joined(row: Row[Any]) -> EntryRow:
    """Read an entry from a row that has its batch's columns too."""
    return _entry(
        row,
        Batch(
            id=row.batch_id,
            vintage=row.batch_vintage,
            credits=row.batch_credits,
            serial_prefix=row.batch_serial_prefix,
            programme_code=row.batch_programme_code,
            project_code=row.batch_project_code,
            project_name=row.batch_project_name,
            activity_id=row.batch_activity_id,
            province_code=row.batch_province_code,
            log_index=row.batch_log_index,
            issued_at=row.batch_issued_at,
        ),
    )


def _entry(row: Row[Any], batch: Batch) -> EntryRow:
    return EntryRow(
        log_index=row.log_index,
        line=row.line,
        kind=EntryKind(row.kind),
        batch=batch,
        first=row.first_serial,
        last=row.last_serial,
        from_account=row.from_account,
        to_account=row.to_account,
        from_balance=row.from_balance,
        to_balance=row.to_balance,
        from_total=row.from_total,
        to_total=row.to_total,
        previous=row.previous_log_index,
        recorded_at=row.recorded_at,
    )
