"""
Lists of entries: statements, and the ledger by any filter.

Each goes along an index that gives the order of the log: of an account, of a batch, of both, or of
the log itself. What else is asked for is looked for on the way, in so many entries at a time.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, select, true, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.paging import INDEX_END, Found, between, rows
from app.registry.ledger.rules import BUFFER, CANCELLED, RETIRED, SOURCE, EntryKind
from app.registry.ledger.serials import BATCHES_PER_VINTAGE
from app.registry.ledger.store.entries import EntryRow, batch_columns, joined
from app.registry.ledger.store.tables import batches, ledger_entries

# Before a page comes back with what was found; it takes some ten milliseconds.
ENTRIES_LOOKED_AT_MAX: Final = 2_000
EXPORT_ROWS_PER_READ: Final = 1_000

_LINES_END: Final = 2**15  # above every line

_entries = ledger_entries.c
Place = tuple[int, int]  # log index and line
_placed = batches.alias("placed")
_ACCOUNT_COLUMNS: Final = (_entries.from_account, _entries.to_account)

# Every kind but one is known by an account of the registry's own. (Some share one.)
_OWN_SIDE: Final[dict[EntryKind, tuple[ColumnElement[int], int]]] = {
    EntryKind.ISSUED: (_entries.from_account, SOURCE),
    EntryKind.TAKEN_OVER: (_entries.from_account, SOURCE),
    EntryKind.BUFFERED: (_entries.to_account, BUFFER),
    EntryKind.RETIRED: (_entries.to_account, RETIRED),
    EntryKind.CANCELLED: (_entries.to_account, CANCELLED),
    EntryKind.BUFFER_RELEASED: (_entries.from_account, BUFFER),
    EntryKind.BUFFER_CANCELLED: (_entries.from_account, BUFFER),
}


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

    @property
    def passes_over(self) -> bool:
        """Whether entries on the way may not be among those asked for."""
        looked_for = (
            self.vintage,
            self.province_code,
            self.kind,
            self.credits_min,
            self.credits_max,
        )
        return any(value is not None for value in looked_for)


@dataclass(frozen=True, slots=True)
class _Walk:
    """A part of the log that is gone along, either way; its ends are not included."""

    low: Place
    high: Place
    newest_first: bool

    @classmethod
    def of(cls, wanted: EntryFilter, after: Place | None, *, newest_first: bool) -> "_Walk":
        """Begin where the filter begins, or after a place."""
        low: Place = ((wanted.first_index or 0) - 1, _LINES_END)
        high: Place = (INDEX_END if wanted.end_index is None else wanted.end_index, -1)
        if after is not None and newest_first:
            high = min(high, after)
        elif after is not None:
            low = max(low, after)
        return cls(low, high, newest_first)

    def until(self, place: Place) -> "_Walk":
        """End with a place, which is included."""
        if self.newest_first:
            return _Walk((place[0], place[1] - 1), self.high, newest_first=True)
        return _Walk(self.low, (place[0], place[1] + 1), newest_first=False)

    def along(
        self,
        query: Select[Any],
        columns: Sequence[ColumnElement[Any]],
        key: Sequence[object] = (),
    ) -> Select[Any]:
        """Narrow a query to this part, for a key of an index that ends with index and line."""
        ordered = (*columns, _entries.log_index, _entries.line)
        query = query.where(between(ordered, (*key, *self.low), (*key, *self.high)))
        return query.order_by(*self.order(*ordered))

    def order(self, *columns: ColumnElement[Any]) -> list[ColumnElement[Any]]:
        """Return columns in the order of the walk."""
        return [column.desc() for column in columns] if self.newest_first else list(columns)


async def list_entries(
    connection: AsyncConnection,
    wanted: EntryFilter,
    *,
    after: Place | None,
    newest_first: bool,
    limit: int,
) -> Found[EntryRow]:
    """List entries in log order, either way, after a log index and line."""
    walk = _Walk.of(wanted, after, newest_first=newest_first)
    looked_until = None
    if wanted.passes_over:
        looked_until = await _find_end(connection, wanted, walk)
        walk = walk if looked_until is None else walk.until(looked_until)
    found = await _list(connection, wanted, walk, limit + 1)
    if len(found) > limit:
        return Found(found[:limit], (found[limit - 1].log_index, found[limit - 1].line))
    return Found(found, looked_until)


async def stream_entries(
    connection: AsyncConnection, wanted: EntryFilter
) -> AsyncIterator[EntryRow]:
    """
    Yield entries in log order without ever holding many of them.

    Args:
        connection: a snapshot, which may be used for other reads in between.
        wanted: which.
    """
    after: Place | None = None
    while True:
        page = await list_entries(
            connection, wanted, after=after, newest_first=False, limit=EXPORT_ROWS_PER_READ
        )
        for entry in page.rows:
            yield entry
        if page.after is None:
            return
        after = page.after[0], page.after[1]


async def list_statement(
    connection: AsyncConnection,
    account_id: int,
    *,
    first_index: int,
    end_index: int,
    after: Place,
    limit: int,
) -> list[EntryRow]:
    """List an account's entries in log order within log indexes."""
    wanted = EntryFilter(account_id=account_id, first_index=first_index, end_index=end_index)
    walk = _Walk.of(wanted, after, newest_first=False)
    return await _list(connection, wanted, walk, limit)


async def _find_end(connection: AsyncConnection, wanted: EntryFilter, walk: _Walk) -> Place | None:
    """Return the last entry that may be looked at; None: there are not that many."""
    ways = _ways(wanted, walk, select(_entries.log_index, _entries.line), ENTRIES_LOOKED_AT_MAX)
    place = select(ways.c.log_index, ways.c.line).order_by(*walk.order(*ways.c))
    last = place.offset(rows(ENTRIES_LOOKED_AT_MAX - 1)).limit(rows(1))
    row = (await connection.execute(last)).first()
    return None if row is None else (row.log_index, row.line)


async def _list(
    connection: AsyncConnection, wanted: EntryFilter, walk: _Walk, limit: int
) -> list[EntryRow]:
    looked_for = select(ledger_entries).where(*_conditions(wanted))
    ways = _ways(wanted, walk, looked_for, limit)
    order = walk.order(ways.c.log_index, ways.c.line)
    page = select(ways).order_by(*order).limit(rows(limit)).subquery()
    query = (
        select(page, *batch_columns())
        .join(batches, batches.c.id == page.c.batch_id)
        .order_by(*walk.order(page.c.log_index, page.c.line))
    )
    return [joined(row) for row in await connection.execute(query)]


def _ways(wanted: EntryFilter, walk: _Walk, looked_for: Select[Any], limit: int) -> Any:  # noqa: ANN401  a subquery
    """Return the first entries of every index that what is wanted lies along, together."""
    by_batch = wanted.batch_prefix is not None or wanted.activity_id is not None
    columns: Sequence[ColumnElement[Any]] = (_entries.batch_id,) if by_batch else ()
    key: Sequence[object] = (batches.c.id,) if by_batch else ()
    sides: list[tuple[ColumnElement[Any], int]] = []
    if wanted.account_id is not None:
        sides = [(column, wanted.account_id) for column in _ACCOUNT_COLUMNS]
    elif wanted.kind in _OWN_SIDE and not by_batch:
        sides = [_OWN_SIDE[wanted.kind]]
    if sides:
        ways = [
            walk.along(looked_for, (side, *columns), (account, *key)).limit(rows(limit))
            for side, account in sides
        ]
    else:
        ways = [walk.along(looked_for, columns, key).limit(rows(limit))]
    if not by_batch:
        return union_all(*(select(way.subquery()) for way in ways)).subquery()
    return union_all(*(_of_batches(wanted, way) for way in ways)).subquery()


def _of_batches(wanted: EntryFilter, way: Select[Any]) -> Select[Any]:
    """Go one way along each of the batches that are meant."""
    along = way.correlate(batches).lateral()
    of_each = select(along).select_from(batches).join(along, true())
    if wanted.batch_prefix is not None:
        of_each = of_each.where(batches.c.serial_prefix == wanted.batch_prefix)
    if wanted.activity_id is not None:
        of_each = of_each.where(batches.c.activity_id == wanted.activity_id)
    return of_each


def _conditions(wanted: EntryFilter) -> list[ColumnElement[bool]]:
    """Return what is looked for on the way: in words that offer the planner no other way."""
    size = _entries.last_serial - _entries.first_serial + 1
    conditions: list[ColumnElement[bool]] = []
    if wanted.vintage is not None:
        conditions.append(_entries.batch_id // BATCHES_PER_VINTAGE == wanted.vintage)
    if wanted.province_code is not None:
        of_batch = select(_placed.c.province_code).where(_placed.c.id == _entries.batch_id)
        conditions.append(of_batch.scalar_subquery() == wanted.province_code)
    if wanted.kind is not None:
        conditions.append(_entries.kind == int(wanted.kind))
    if wanted.credits_min is not None:
        conditions.append(size >= wanted.credits_min)
    if wanted.credits_max is not None:
        conditions.append(size <= wanted.credits_max)
    return conditions
