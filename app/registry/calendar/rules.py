"""
Working days and the clocks that count them: pure.

Days are days in Bangkok, which keeps one offset all year. A working day is Monday to Friday and no
public holiday. Whoever counts gives the holidays: `app.registry.calendar.store` reads them, and
refuses where a year that is needed is not maintained.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final

from app.kernel.clock import BANGKOK, bangkok_date
from app.registry.calendar.refusals import (
    CalendarStaleError,
    HolidayOutsideYearError,
    HolidayTwiceError,
)

YEAR_MIN: Final = 2000
YEAR_MAX: Final = 2200
HOLIDAYS_MAX: Final = 100  # of a year; some 25 are usual, and an act of the log holds no more
FOUNDER: Final = "registry"  # who acts in the first leaves of the log, before there is any user

_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class Holiday:
    """A public holiday; some of them lie on a weekend."""

    day: date
    name_th: str
    name_en: str
    source: str  # who announced it, or whose list it is from


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """The public holidays of one year, entered together; a later version takes its place."""

    year: int  # of the Common Era
    version: int  # from 1
    holidays: tuple[Holiday, ...]  # rising
    note: str | None  # what of it is uncertain; None: nothing
    set_by: str
    recorded_at: datetime
    log_index: int


@dataclass(frozen=True, slots=True)
class Stop:
    """A time in which a clock stands still: somebody else owes an answer."""

    since: datetime
    until: datetime | None  # the first moment at which it runs again; None: it stands still


def check_year(year: int, holidays: Sequence[Holiday]) -> tuple[Holiday, ...]:
    """
    Return the holidays of a year in their order.

    Raises:
        HolidayOutsideYearError: one lies in another year.
        HolidayTwiceError: a day is named twice.
    """
    ordered = tuple(sorted(holidays, key=lambda holiday: holiday.day))
    for holiday in ordered:
        if holiday.day.year != year:
            raise HolidayOutsideYearError(day=holiday.day.isoformat(), year=year)
    for one, next_one in pairwise(ordered):
        if one.day == next_one.day:
            raise HolidayTwiceError(day=one.day.isoformat())
    return ordered


def require_version(found: int, *, expected: int) -> None:
    """
    Refuse a calendar that was made on another version than the present one.

    Args:
        found: the present version; 0: the year is not maintained yet.
        expected: the version that was read.

    Raises:
        CalendarStaleError: somebody changed it in between.
    """
    if found != expected:
        raise CalendarStaleError(version=found)


# ---------------------------------------------------------------------------- working days


def is_working_day(day: date, holidays: Collection[date]) -> bool:
    """Say whether a day is one on which offices work."""
    return day.weekday() < _SATURDAY and day not in holidays


def add_working_days(day: date, count: int, holidays: Collection[date]) -> date:
    """
    Return a working day that lies so many working days ahead.

    Args:
        day: from where to count; it does not count itself, whether it is a working day or not.
        count: how many; 1 is the next working day after ``day``, 0 is ``day`` itself.
        holidays: those of every year up to the day that is returned.
    """
    assert count >= 0
    while count:
        day += _DAY
        count -= is_working_day(day, holidays)
    return day


def working_days_between(first: date, last: date, holidays: Collection[date]) -> int:
    """
    Count the working days after a day, up to another and with it.

    The other way round than `add_working_days`: from ``day`` to ``add_working_days(day, n)`` there
    are ``n``.

    Args:
        first: does not count.
        last: counts where it is a working day; before ``first``, there are none.
        holidays: those of every year in between.
    """
    days = (first + timedelta(days=n) for n in range(1, (last - first).days + 1))
    return sum(is_working_day(day, holidays) for day in days)


def at_bangkok(day: date, at: time) -> datetime:
    """Return the moment, in UTC, at which clocks in Bangkok show a time on a day."""
    assert at.tzinfo is None
    return datetime.combine(day, at, BANGKOK).astimezone(UTC)


# --------------------------------------------------------------------- clocks that stop


def due_on(
    began_at: datetime, stops: Iterable[Stop], count: int, holidays: Collection[date]
) -> date | None:
    """
    Return the last day of a clock that counts working days and stops at times.

    The day on which it begins does not count. A working day counts if the clock runs when the day
    ends, at midnight in Bangkok: the day of a question does not, the day of its answer does.

    Args:
        began_at: when the clock began, such as the moment of a complete submission.
        stops: when it stood still, in any order; they may overlap.
        count: how many working days it gives; 1 or more.
        holidays: those of every year up to the day that is returned.

    Returns:
        The day with whose end the time is over; None: the clock stands still, so there is none yet.
    """
    assert count >= 1
    stops = tuple(stops)
    day = bangkok_date(began_at)
    while count:
        day += _DAY
        ends_at = _end_of(day)
        stopping = [stop for stop in stops if _stands_at(stop, ends_at)]
        if any(stop.until is None for stop in stopping):
            return None
        count -= not stopping and is_working_day(day, holidays)
    return day


def days_used(
    began_at: datetime, stops: Iterable[Stop], *, now: datetime, holidays: Collection[date]
) -> int:
    """
    Count the working days that have ended on a clock, as `due_on` counts them.

    Args:
        began_at: when the clock began.
        stops: when it stood still.
        now: the present moment; of a day that has not ended nothing counts.
        holidays: those of every year from the beginning to now.
    """
    stops = tuple(stops)
    first = bangkok_date(began_at)
    days = (first + timedelta(days=n) for n in range(1, (bangkok_date(now) - first).days))
    return sum(
        is_working_day(day, holidays) and not any(_stands_at(stop, _end_of(day)) for stop in stops)
        for day in days
    )


def _end_of(day: date) -> datetime:
    return at_bangkok(day + _DAY, time())


def _stands_at(stop: Stop, ends_at: datetime) -> bool:
    # Whether a clock stands still in the last instant of a day. A question at midnight sharp is
    # the next day's, and so is an answer.
    return stop.since < ends_at and (stop.until is None or stop.until >= ends_at)
