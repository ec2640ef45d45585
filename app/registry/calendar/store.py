"""Public holidays in the database: whole years, each entered anew where something changes."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Integer,
    Row,
    Select,
    Subquery,
    Table,
    Text,
    and_,
    insert,
    select,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import metadata
from app.kernel.errors import RegistryError
from app.registry.calendar.refusals import (
    CalendarStaleError,
    CalendarYearMissingError,
    CalendarYearNotFoundError,
)
from app.registry.calendar.rules import YEAR_MAX, YEAR_MIN, CalendarYear, Holiday

calendar_years: Final = Table(
    "calendar_years",
    metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("note", Text),
    Column("set_by", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("log_index", BigInteger, nullable=False),
    CheckConstraint(f"year between {YEAR_MIN} and {YEAR_MAX}", name="year_range"),
    CheckConstraint("version >= 1", name="version_range"),
    info={"history": True},
)

holidays: Final = Table(
    "holidays",
    metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("day", Date, primary_key=True),
    Column("name_th", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("source", Text, nullable=False),
    ForeignKeyConstraint(["year", "version"], ["calendar_years.year", "calendar_years.version"]),
    CheckConstraint("extract(year from day) = year", name="in_its_year"),
    info={"history": True},
)

REFUSALS: Final[dict[str, type[RegistryError]]] = {"pk_calendar_years": CalendarStaleError}


async def list_holidays(connection: AsyncConnection, first: date, last: date) -> frozenset[date]:
    """
    Return the public holidays from a day to another, both included.

    Raises:
        CalendarYearMissingError: the register does not have the holidays of a year in between.
    """
    newest = _newest(select(calendar_years.c.year, calendar_years.c.version))
    newest = newest.where(calendar_years.c.year.between(first.year, last.year))
    found = await connection.execute(_with_days(newest.subquery(), first, last))
    rows = found.all()
    maintained = {row.year for row in rows}
    for year in range(first.year, last.year + 1):
        if year not in maintained:
            raise CalendarYearMissingError(year=year)
    return frozenset(row.day for row in rows if row.day is not None)


async def find_day(
    connection: AsyncConnection,
    first: date,
    reckon: Callable[[frozenset[date]], date | None],
) -> date | None:
    """
    Return the day that a reckoning with working days comes to.

    Reads the holidays of no more years than it needs, so that a day in December can be found before
    the next year is maintained.

    Args:
        connection: a snapshot, or the pen's.
        first: the day from which on holidays matter.
        reckon: given the holidays, says which day it is; more holidays never bring it nearer. None:
            there is no such day.

    Raises:
        CalendarYearMissingError: the register does not have the holidays of a year in between.
    """
    last = first
    while True:
        day = reckon(await list_holidays(connection, first, last))
        if day is None or day <= last:
            return day
        # Some holidays were not known yet: with them it can only be later.
        last = max(day, last + timedelta(days=1))


async def get_year(connection: AsyncConnection, year: int) -> CalendarYear:
    """
    Return the holidays of a year as they were entered last.

    Raises:
        CalendarYearNotFoundError: the year is not maintained.
    """
    found = await find_year(connection, year)
    if found is None:
        raise CalendarYearNotFoundError(year=year)
    return found


async def find_year(connection: AsyncConnection, year: int) -> CalendarYear | None:
    """Return the holidays of a year as they were entered last; None: it is not maintained."""
    query = _newest(select(calendar_years)).where(calendar_years.c.year == year)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    days = await connection.execute(
        select(holidays)
        .where(holidays.c.year == year, holidays.c.version == row.version)
        .order_by(holidays.c.day)
    )
    return _year(row, tuple(Holiday(d.day, d.name_th, d.name_en, d.source) for d in days))


async def list_years(
    connection: AsyncConnection, *, limit: int, after: int | None = None
) -> list[CalendarYear]:
    """Return the years that are maintained, rising, those after a year; without their days."""
    query = _newest(select(calendar_years)).limit(limit)
    if after is not None:
        query = query.where(calendar_years.c.year > after)
    return [_year(row, ()) for row in await connection.execute(query)]


async def insert_year(connection: AsyncConnection, entered: CalendarYear) -> None:
    """Keep a year as it was entered."""
    await connection.execute(
        insert(calendar_years).values(
            {column.name: getattr(entered, column.name) for column in calendar_years.c}
        )
    )
    if entered.holidays:
        await connection.execute(
            insert(holidays),
            [
                {
                    "year": entered.year,
                    "version": entered.version,
                    "day": holiday.day,
                    "name_th": holiday.name_th,
                    "name_en": holiday.name_en,
                    "source": holiday.source,
                }
                for holiday in entered.holidays
            ],
        )


def _newest(query: Select[Any]) -> Select[Any]:
    return query.ext(distinct_on(calendar_years.c.year)).order_by(
        calendar_years.c.year, calendar_years.c.version.desc()
    )


def _with_days(newest: Subquery, first: date, last: date) -> Select[Any]:
    # A year without a holiday in between must still be seen to be maintained.
    of_year = and_(
        holidays.c.year == newest.c.year,
        holidays.c.version == newest.c.version,
        holidays.c.day.between(first, last),
    )
    return select(newest.c.year, holidays.c.day).select_from(newest).outerjoin(holidays, of_year)


def _year(row: Row[Any], days: tuple[Holiday, ...]) -> CalendarYear:
    return CalendarYear(
        year=row.year,
        version=row.version,
        holidays=days,
        note=row.note,
        set_by=row.set_by,
        recorded_at=row.recorded_at,
        log_index=row.log_index,
    )
