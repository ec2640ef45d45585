"""Who came in, who failed to, and who read about whom, in the database."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Row,
    Select,
    Text,
    func,
    literal,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.paging import rows
from app.registry.signin.rules import Access, AccessKind
from app.registry.signin.store.tables import access_records

_COLUMNS: Final = tuple(access_records.c)
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9000, 1, 1, tzinfo=UTC)

Place = tuple[datetime, str]


@dataclass(frozen=True, slots=True)
class AccessFilter:
    """Which records; None: whichever."""

    person: str | None = None  # whom they are about, or who did it
    kind: AccessKind | None = None
    since: datetime | None = None  # the first moment, included
    until: datetime | None = None  # the last moment, not included


async def insert_access(connection: AsyncConnection, records: Sequence[Access]) -> None:
    """Insert records; those that are there already stay as they are."""
    if records:
        statement = insert(access_records).on_conflict_do_nothing(index_elements=["id"])
        await connection.execute(statement, [asdict(record) for record in records])


async def list_access(
    connection: AsyncConnection, asked: AccessFilter, *, before: Place | None, limit: int
) -> list[Access]:
    """Return records, the newest first, those that come before a place."""
    if asked.person is None:
        found = _along(asked, before, limit)
    else:
        of = access_records.c
        theirs = _along(asked, before, limit, of.about == asked.person)
        # What they did to others; what they did to themselves is above.
        others = of.by == asked.person, of.by.is_distinct_from(of.about)
        to_others = _along(asked, before, limit, *others)
        both = union_all(theirs.subquery().select(), to_others.subquery().select()).subquery()
        found = select(both).order_by(both.c.at.desc(), both.c.id.desc()).limit(rows(limit))
    return [_access(row) for row in await connection.execute(found)]


def _along(
    asked: AccessFilter, before: Place | None, limit: int, *keys: ColumnElement[bool]
) -> Select[*tuple[Any, ...]]:
    """Return a query that walks down one index, the only one that has this order."""
    of = access_records.c
    query = select(*_COLUMNS).where(*keys).limit(rows(limit))
    if asked.until is not None:
        query = query.where(of.at < asked.until)
    low, high = (asked.since or _FIRST, ""), before or (asked.until or _LAST, "")
    led: list[ColumnElement[Any]] = [of.at, of.id]
    kind = []
    if asked.kind is not None and not keys:
        query = query.where(of.kind == asked.kind)
    elif asked.kind is not None:
        # As "kind = …", but so that only the index with the kind gives the order: of a kind that
        # somebody has little of, all that they have would be looked through along another.
        led, kind = [of.kind, *led], [literal(asked.kind.value, Text())]
    place = tuple_(*led)
    return query.where(
        place >= tuple_(*kind, *_placed(low)), place < tuple_(*kind, *_placed(high))
    ).order_by(*(column.desc() for column in led))


def _placed(place: Place) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return literal(place[0], DateTime(timezone=True)), literal(place[1], Text())


async def update_networks_forgotten(connection: AsyncConnection, user_id: str) -> None:
    """Forget from where somebody came who has been erased: their identifier is what stays."""
    await connection.execute(select(func.forget_networks(user_id)))


async def delete_old_access(connection: AsyncConnection, *, rows_max: int) -> int:
    """Remove the oldest records that the rule lets go; returns how many."""
    return int(await connection.scalar(select(func.drop_old_access(rows_max))) or 0)


def _access(row: Row[*tuple[Any, ...]]) -> Access:
    return Access(
        id=row.id,
        at=row.at,
        kind=AccessKind(row.kind),
        what=row.what,
        about=row.about,
        by=row.by,
        network=row.network,
        session_id=row.session_id,
        key_id=row.key_id,
    )
