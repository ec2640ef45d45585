"""What readers ask of movements: statements, entries by any filter, the history of a serial."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    literal,
    or_,
    select,
    text,
    tuple_,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.registry.ledger.rules import Batch, EntryKind
from app.registry.ledger.serials import batch_ids_of
from app.registry.ledger.store.tables import batches, ledger_entries

HISTORY_STEPS_MAX: Final = 500  # A serial that moved more often shows its latest movements.
EXPORT_ROWS_PER_READ: Final = 1_000

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


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries are asked for; None leaves a filter out."""

    account_id: int | None = None
    activity_id: str | None = None
    batch_prefix: str | None = None
    vintage: int | None = None
    province_code: str | None = None
    kind: EntryKind | None = None
    first_index: int | None = None
    end_index: int | None = None  # entries below this log index
    credits_min: int | None = None
    credits_max: int | None = None


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
        select(ledger_entries, *_batch_columns())
        .join(batches, batches.c.id == _entries.batch_id)
        .where(_entries.log_index == log_index)
        .order_by(_entries.line)
    )
    return [_joined(row) for row in await connection.execute(query)]


async def list_movements(
    connection: AsyncConnection, log_indexes: Sequence[int]
) -> dict[int, list[EntryRow]]:
    """Return the entries of several acts that moved credits, by log index."""
    found: dict[int, list[EntryRow]] = {log_index: [] for log_index in log_indexes}
    query = (
        select(ledger_entries, *_batch_columns())
        .join(batches, batches.c.id == _entries.batch_id)
        .where(_entries.log_index.in_(log_indexes))
        .order_by(_entries.log_index, _entries.line)
    )
    for row in await connection.execute(query):
        found[row.log_index].append(_joined(row))
    return found


async def list_entries(
    connection: AsyncConnection,
    wanted: EntryFilter,
    *,
    after: tuple[int, int] | None,
    newest_first: bool,
    limit: int,
) -> list[EntryRow]:
    """List entries in log order, either way, after a log index and line."""
    conditions = _filtered(wanted, after, newest_first=newest_first)
    query = _ordered(conditions, newest_first=newest_first).limit(limit)
    return [_joined(row) for row in await connection.execute(query)]


async def stream_entries(
    connection: AsyncConnection, wanted: EntryFilter
) -> AsyncIterator[EntryRow]:
    """Yield entries in log order without ever holding many of them."""
    query = _ordered(_filtered(wanted, None, newest_first=False), newest_first=False)
    options = {"yield_per": EXPORT_ROWS_PER_READ}
    result = await connection.stream(query, execution_options=options)
    async for row in result:
        yield _joined(row)


def _filtered(
    wanted: EntryFilter, after: tuple[int, int] | None, *, newest_first: bool
) -> list[ColumnElement[bool]]:
    size = _entries.last_serial - _entries.first_serial + 1
    asked: list[tuple[object, Callable[[Any], ColumnElement[bool]]]] = [
        (wanted.batch_prefix, lambda prefix: batches.c.serial_prefix == prefix),
        (wanted.activity_id, lambda activity: batches.c.activity_id == activity),
        (wanted.province_code, lambda province: batches.c.province_code == province),
        (wanted.vintage, lambda vintage: _entries.batch_id.between(*batch_ids_of(vintage))),
        (wanted.kind, lambda kind: _entries.kind == int(kind)),
        (wanted.first_index, lambda first: _entries.log_index >= first),
        (wanted.end_index, lambda end: _entries.log_index < end),
        (wanted.credits_min, lambda fewest: size >= fewest),
        (wanted.credits_max, lambda most: size <= most),
        (wanted.account_id, _on_either_side),
        (after, lambda place: _beyond(place, newest_first=newest_first)),
    ]
    return [condition(value) for value, condition in asked if value is not None]


def _on_either_side(account: int) -> ColumnElement[bool]:
    return or_(_entries.from_account == account, _entries.to_account == account)


def _beyond(place: tuple[int, int], *, newest_first: bool) -> ColumnElement[bool]:
    entry = tuple_(_entries.log_index, _entries.line)
    there = tuple_(literal(place[0]), literal(place[1]))
    return entry < there if newest_first else entry > there


def _ordered(conditions: list[ColumnElement[bool]], *, newest_first: bool) -> Select[Any]:
    query = (
        select(ledger_entries, *_batch_columns())
        .join(batches, batches.c.id == _entries.batch_id)
        .where(*conditions)
    )
    if newest_first:
        return query.order_by(_entries.log_index.desc(), _entries.line.desc())
    return query.order_by(_entries.log_index, _entries.line)


async def list_statement(
    connection: AsyncConnection,
    account_id: int,
    *,
    first_index: int,
    end_index: int,
    after: tuple[int, int],
    limit: int,
) -> list[EntryRow]:
    """List an account's entries in log order within log indexes: two index scans, merged."""
    sides = [
        select(_entries.log_index, _entries.line)
        .where(
            column == account_id,
            _entries.log_index >= first_index,
            _entries.log_index < end_index,
            _beyond(after, newest_first=False),
        )
        .order_by(_entries.log_index, _entries.line)
        .limit(limit)
        .subquery()
        for column in (_entries.from_account, _entries.to_account)
    ]
    both = union_all(*(select(side) for side in sides)).subquery()
    page = select(both).order_by(both.c.log_index, both.c.line).limit(limit).subquery()
    query = (
        select(ledger_entries, *_batch_columns())
        .join(page, and_(page.c.log_index == _entries.log_index, page.c.line == _entries.line))
        .join(batches, batches.c.id == _entries.batch_id)
        .order_by(_entries.log_index, _entries.line)
    )
    return [_joined(row) for row in await connection.execute(query)]


def _batch_columns() -> list[Any]:
    # Both tables have a log index and so on: the batch's columns come under names of their own.
    return [column.label(f"batch_{column.name}") for column in batches.c if column.name != "id"]


def _joined(row: Row[Any]) -> EntryRow:
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
