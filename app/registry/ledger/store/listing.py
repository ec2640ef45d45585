"""
Lists of entries: statements, and the ledger by any filter.

Each goes along an index that gives the order of the log: of an account, of a batch, of both, or of
the log itself. What else is asked for is looked for on the way, in so many entries at a time.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.paging import INDEX_END, Found
from app.registry.ledger.rules import BUFFER, CANCELLED, RETIRED, SOURCE, TRANSIT, EntryKind
from app.registry.ledger.serials import BATCHES_PER_VINTAGE
from app.registry.ledger.store.entries import ENTRY_AND_BATCH, EntryRow, entry_of

# Before a page comes back with what was found; it takes some ten milliseconds.
ENTRIES_LOOKED_AT_MAX: Final = 2_000

_LINES_END: Final = 2**15  # above every line

Place = tuple[int, int]  # log index and line

_ACCOUNT_SIDES: Final = ("from_account", "to_account")
# Every kind but one is known by an account of the registry's own. (Some share one.)
_OWN_SIDE: Final = {
    EntryKind.ISSUED: ("from_account", SOURCE),
    EntryKind.TAKEN_OVER: ("from_account", SOURCE),
    EntryKind.BUFFERED: ("to_account", BUFFER),
    EntryKind.RETIRED: ("to_account", RETIRED),
    EntryKind.CANCELLED: ("to_account", CANCELLED),
    EntryKind.BUFFER_RELEASED: ("from_account", BUFFER),
    EntryKind.BUFFER_CANCELLED: ("from_account", BUFFER),
    EntryKind.SENT: ("to_account", TRANSIT),
    EntryKind.DELIVERED: ("from_account", TRANSIT),
    EntryKind.RETURNED: ("from_account", TRANSIT),
}
_OF_BATCHES: Final = {
    "batch_id": "t.id",
    "batch_prefix": "t.serial_prefix",
    "activity_id": "t.activity_id",
    "project_code": "t.project_code",
}
# What is looked for on the way, in words that offer the planner no other way.
_ON_THE_WAY: Final = {
    "vintage": f"e.batch_id / {BATCHES_PER_VINTAGE} = :vintage",
    "province_code": "(SELECT p.province_code FROM batches p WHERE p.id = e.batch_id)"
    " = :province_code",
    "kind": "e.kind = :kind",
    "first_serial": "e.last_serial >= :first_serial",
    "last_serial": "e.first_serial <= :last_serial",
    "credits_min": "e.last_serial - e.first_serial + 1 >= :credits_min",
    "credits_max": "e.last_serial - e.first_serial + 1 <= :credits_max",
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
    project_code: str | None = None
    batch_id: int | None = None  # with the two below: entries that moved any of these serials
    first_serial: int | None = None
    last_serial: int | None = None


class _Way(NamedTuple):
    """How entries are found: what it depends on which statement it takes, and on nothing else."""

    sides: tuple[str, ...]  # columns of accounts that are gone along; empty: neither
    of_batches: tuple[
        str, ...
    ]  # what says which batches are gone along; empty: no batch in special
    on_the_way: tuple[str, ...]  # what entries are passed over for
    newest_first: bool


class _Walk(NamedTuple):
    """A part of the log that is gone along; its ends are not included."""

    way: _Way
    low: Place
    high: Place
    asked: dict[str, object]  # the values of what is asked for

    def until(self, place: Place) -> "_Walk":
        """End with a place, which is included."""
        if self.way.newest_first:
            return self._replace(low=(place[0], place[1] - 1))
        return self._replace(high=(place[0], place[1] + 1))

    @property
    def parameters(self) -> dict[str, object]:
        """All that the statement is given."""
        low, high = self.low, self.high
        ends = {"low": low[0], "low_line": low[1], "high": high[0], "high_line": high[1]}
        return {**self.asked, **ends}


async def list_entries(
    connection: AsyncConnection,
    wanted: EntryFilter,
    *,
    after: Place | None,
    newest_first: bool,
    limit: int,
) -> Found[EntryRow]:
    """List entries in log order, either way, after a log index and line."""
    walk = _walk(wanted, after, newest_first=newest_first)
    looked_until = None
    if walk.way.on_the_way:
        looked_until = await _find_end(connection, walk)
        walk = walk if looked_until is None else walk.until(looked_until)
    found = await _list(connection, walk, limit + 1)
    if len(found) > limit:
        return Found(found[:limit], (found[limit - 1].log_index, found[limit - 1].line))
    return Found(found, looked_until)


def _walk(wanted: EntryFilter, after: Place | None, *, newest_first: bool) -> _Walk:
    """Begin where the filter begins, or after a place."""
    low: Place = ((wanted.first_index or 0) - 1, _LINES_END)
    high: Place = (INDEX_END if wanted.end_index is None else wanted.end_index, -1)
    if after is not None and newest_first:
        high = min(high, after)
    elif after is not None:
        low = max(low, after)
    asked = {
        name: value
        for name in ("account_id", *_OF_BATCHES, *_ON_THE_WAY)
        if (value := getattr(wanted, name)) is not None
    }
    of_batches = tuple(name for name in _OF_BATCHES if name in asked)
    sides: tuple[str, ...] = _ACCOUNT_SIDES if "account_id" in asked else ()
    if not sides and not of_batches and wanted.kind in _OWN_SIDE:
        side, asked["account_id"] = _OWN_SIDE[wanted.kind]
        sides = (side,)
    on_the_way = tuple(name for name in _ON_THE_WAY if name in asked)
    return _Walk(_Way(sides, of_batches, on_the_way, newest_first), low, high, asked)


async def _find_end(connection: AsyncConnection, walk: _Walk) -> Place | None:
    """Return the last entry that may be looked at; None: there are not that many."""
    statement = _end_statement(walk.way, ENTRIES_LOOKED_AT_MAX)
    row = (await connection.execute(statement, walk.parameters)).first()
    return None if row is None else (row[0], row[1])


async def _list(connection: AsyncConnection, walk: _Walk, limit: int) -> list[EntryRow]:
    statement = _page_statement(walk.way, limit)
    return [entry_of(row) for row in await connection.execute(statement, walk.parameters)]


# Statements are kept as they are: to put one together anew takes longer than to run it.
@lru_cache(1_000)
def _page_statement(way: _Way, limit: int) -> TextClause:
    looked_for = " AND ".join(_ON_THE_WAY[name] for name in way.on_the_way) or "true"
    found = _union(way, "e.*", looked_for, limit)
    order = _order(way, "e.log_index", "e.line")
    return text(f"""
        SELECT {ENTRY_AND_BATCH}
          FROM (SELECT * FROM ({found}) AS e ORDER BY {order} LIMIT {limit:d}) AS e
          JOIN batches t ON t.id = e.batch_id ORDER BY {order}
    """)  # noqa: S608  constants and a number


@lru_cache(1_000)
def _end_statement(way: _Way, entries: int) -> TextClause:
    found = _union(way, "e.log_index, e.line", "true", entries)
    order = _order(way, "e.log_index", "e.line")
    return text(
        f"SELECT * FROM ({found}) AS e ORDER BY {order} OFFSET {entries - 1:d} LIMIT 1"  # noqa: S608
    )


def _union(way: _Way, columns: str, looked_for: str, limit: int) -> str:
    """Return the first entries of every index that is gone along."""
    return " UNION ALL ".join(
        _along(way, side, columns, looked_for, limit) for side in (way.sides or (None,))
    )


def _along(way: _Way, side: str | None, columns: str, looked_for: str, limit: int) -> str:
    """
    Return the first entries along one index: of an account, of a batch, of both, or of the log.

    Rows are compared as in `app.kernel.paging.between`, and for the same reason.
    """
    place = {"e.log_index": "CAST({end} AS bigint)", "e.line": "CAST({end}_line AS bigint)"}
    key = {f"e.{side}": "CAST(:account_id AS bigint)"} if side else {}
    key |= {"e.batch_id": "t.id"} if way.of_batches else {}
    index = ", ".join((*key, *place))
    low, high = (
        ", ".join((*key.values(), *(at.format(end=end) for at in place.values())))
        for end in (":low", ":high")
    )
    along = f"""
        SELECT {columns} FROM ledger_entries e
         WHERE ({index}) > ({low}) AND ({index}) < ({high}) AND {looked_for}
         ORDER BY {_order(way, *key, *place)} LIMIT {limit:d}
    """  # noqa: S608  constants and a number
    if not way.of_batches:
        return f"({along})"
    of_batches = " AND ".join(f"{_OF_BATCHES[name]} = :{name}" for name in way.of_batches)
    return f"SELECT a.* FROM batches t CROSS JOIN LATERAL ({along}) AS a WHERE {of_batches}"  # noqa: S608


def _order(way: _Way, *columns: str) -> str:
    return ", ".join(f"{column} DESC" if way.newest_first else column for column in columns)
