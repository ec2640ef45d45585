"""
Series of meter readings: what cannot be right in them, and their sums by month and year.

A year of one meter is 35,040 readings, a bundle has hundreds of meters: readings go through one at
a time, and only the last one and the sums of the present month and year are kept. Nothing is filled
in or mended here: what is missing or implausible is counted and said, and people decide.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from app.kernel.clock import BANGKOK, bangkok_date
from app.registry.measuring.exact import ZERO, multiply, total

INTERVAL: Final = timedelta(minutes=15)
INTERVALS_A_DAY: Final = 96
_HOURS: Final = Decimal("0.25")  # of an interval


class Kind(StrEnum):
    """What the readings of a meter say."""

    INTERVAL = "interval"  # energy of the 15 minutes that begin at the reading's moment
    REGISTER = "register"  # state of the counter at the reading's moment


@dataclass(frozen=True, slots=True)
class Meter:
    """What is known of a meter."""

    kind: Kind
    capacity_kw: Decimal  # of all that it measures, > 0: more cannot pass
    register_max_kwh: Decimal | None = None  # where the counter starts again at 0; None: unknown


@dataclass(frozen=True, slots=True)
class Reading:
    """One line of a meter's file."""

    at: datetime  # with its offset from UTC, as written
    kwh: Decimal


class What(StrEnum):
    """What is wrong."""

    GAP = "gap"  # readings are missing before this one, or before the end
    DUPLICATE = "duplicate"  # the same reading once more: ignored
    CONFLICT = "conflict"  # another value for the same moment: ignored
    BACKWARDS = "backwards"  # before the last one, as when a clock was set back: ignored
    OFFSET_CHANGED = "offset_changed"  # written with another offset than the last: counted by UTC
    OFF_GRID = "off_grid"  # not on a quarter of an hour, as when a clock is wrong: ignored
    OUTSIDE = "outside"  # not of the period: ignored
    NEGATIVE = "negative"  # below 0: not summed
    BEYOND_CAPACITY = "beyond_capacity"  # more than can pass: not summed
    RESET = "reset"  # the counter began anew: what passed is not known, not summed
    ROLLOVER = "rollover"  # the counter passed its end, and went on: summed
    UNPLACED = "unplaced"  # energy over a gap across months: not summed


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a series."""

    what: What
    at: datetime  # of the reading it was found at, in UTC
    intervals: int  # how many are concerned
    kwh: Decimal  # what was read or passed; 0: nothing


@dataclass(frozen=True, slots=True)
class Sum:
    """What passed in a calendar month or year of Thailand, within the period."""

    year: int  # common era
    month: int | None  # 1 to 12; None: of the whole year
    kwh: Decimal
    intervals: int  # that the period has there
    counted: int  # of which so many are in the sum

    @property
    def complete(self) -> bool:
        """Say whether every interval is in the sum."""
        return self.counted == self.intervals


Event = Finding | Sum


def fold(
    readings: Iterable[Reading], meter: Meter, *, first_day: date, last_day: date
) -> Iterator[Event]:
    """
    Check and sum a series, in the order of its readings.

    A month's sum comes once its last interval is over, a year's after its last month's. Memory does
    not grow with the series.

    Args:
        readings: by rising moment; one that is not is found and ignored.
        meter: what can pass.
        first_day: first day of the period in Thailand, included.
        last_day: last day, included, not before the first.
    """
    assert first_day <= last_day
    state = _State(meter, first_day, last_day)
    for reading in readings:
        yield from state.take(reading)
    yield from state.end()


class _State:
    """What is kept between two readings."""

    def __init__(self, meter: Meter, first_day: date, last_day: date) -> None:
        self.meter, self.first_day, self.last_day = meter, first_day, last_day
        self.begin = _midnight(first_day)
        self.over = _midnight(last_day + timedelta(days=1))
        self.month = (first_day.year, first_day.month)
        self.month_kwh = self.year_kwh = ZERO
        self.month_counted = self.year_counted = self.year_intervals = 0
        self.last: Reading | None = None  # the last that was in its place; None: none yet
        self.covered = self.begin  # up to here intervals were seen, good or not

    def take(self, reading: Reading) -> Iterator[Event]:
        """Check one reading, and add it."""
        at = reading.at.astimezone(UTC)
        if self.last is not None and self.last.at.utcoffset() != reading.at.utcoffset():
            yield Finding(What.OFFSET_CHANGED, at, 1, ZERO)
        wrong = self._misplaced(reading, at)
        if wrong is not None:
            yield Finding(wrong, at, 1, reading.kwh)
            return
        if self.meter.kind is Kind.INTERVAL:
            yield from self._take_interval(reading, at)
        else:
            yield from self._take_register(reading, at)
        self.last = reading

    def end(self) -> Iterator[Event]:
        """Say what is missing at the end, and the sums that are open."""
        yield from self._gap_until(self.over)
        yield from self._close_until(None)

    def _misplaced(self, reading: Reading, at: datetime) -> What | None:
        """Say why a reading is ignored; None: it is not."""
        if (at - _EPOCH) % INTERVAL:
            return What.OFF_GRID
        # A counter is read at the end of what it counts, so also at the very end of the period.
        last = self.over if self.meter.kind is Kind.REGISTER else self.over - INTERVAL
        if not self.begin <= at <= last:
            return What.OUTSIDE
        if self.last is None or at > self.last.at.astimezone(UTC):
            return None
        if at < self.last.at.astimezone(UTC):
            return What.BACKWARDS
        return What.DUPLICATE if reading.kwh == self.last.kwh else What.CONFLICT

    def _take_interval(self, reading: Reading, at: datetime) -> Iterator[Event]:
        yield from self._gap_until(at)
        self.covered = at + INTERVAL
        yield from self._close_until(_month(at))
        wrong = self._implausible(reading.kwh, 1)
        if wrong is not None:
            yield Finding(wrong, at, 1, reading.kwh)
        else:
            self._add(reading.kwh, 1)

    def _take_register(self, reading: Reading, at: datetime) -> Iterator[Event]:
        if self.last is None:
            # Before the first state of the counter nothing is known of what passed.
            yield from self._gap_until(at)
            self.covered = at
            return
        since = self.last.at.astimezone(UTC)
        intervals = (at - since) // INTERVAL
        self.covered = at
        if intervals > 1:
            yield Finding(What.GAP, at, intervals - 1, ZERO)
        passed, found = self._passed(reading.kwh, self.last.kwh, intervals)
        if found is not None:
            yield Finding(found, at, intervals, reading.kwh if passed is None else passed)
        yield from self._close_until(_month(since))
        if passed is None or found in {What.NEGATIVE, What.BEYOND_CAPACITY}:
            return
        if _month(since) != _month(at - INTERVAL):
            # Nobody knows how much of it is of which month, and perhaps of which vintage.
            yield Finding(What.UNPLACED, at, intervals, passed)
            return
        self._add(passed, intervals)

    def _passed(
        self, now: Decimal, before: Decimal, intervals: int
    ) -> tuple[Decimal | None, What | None]:
        """Return what passed between two states of the counter, and what is odd about it."""
        if now < 0:
            return None, What.NEGATIVE
        if now >= before:
            passed = total((now, -before))
            return passed, self._implausible(passed, intervals)
        if self.meter.register_max_kwh is not None:
            around = total((now, self.meter.register_max_kwh, -before))
            if self._implausible(around, intervals) is None:
                return around, What.ROLLOVER
        return None, What.RESET

    def _implausible(self, kwh: Decimal, intervals: int) -> What | None:
        if kwh < 0:
            return What.NEGATIVE
        most = multiply(self.meter.capacity_kw, _HOURS, Decimal(intervals))
        return What.BEYOND_CAPACITY if kwh > most else None

    def _add(self, kwh: Decimal, intervals: int) -> None:
        self.month_kwh = total((self.month_kwh, kwh))
        self.month_counted += intervals

    def _gap_until(self, until: datetime) -> Iterator[Event]:
        missing = (until - self.covered) // INTERVAL
        if missing > 0:
            yield Finding(What.GAP, until, missing, ZERO)

    def _close_until(self, month: tuple[int, int] | None) -> Iterator[Event]:
        """Give the sums of all months before one; None: of all that the period has."""
        end = (self.last_day.year, self.last_day.month)
        while self.month <= end and (month is None or self.month < month):
            yield from self._close_month()

    def _close_month(self) -> Iterator[Event]:
        year, number = self.month
        intervals = self._intervals_of_month()
        yield Sum(year, number, self.month_kwh, intervals, self.month_counted)
        self.year_kwh = total((self.year_kwh, self.month_kwh))
        self.year_counted += self.month_counted
        self.year_intervals += intervals
        self.month_kwh, self.month_counted = ZERO, 0
        self.month = _after(self.month)
        if self.month[0] > year or self.month > (self.last_day.year, self.last_day.month):
            yield Sum(year, None, self.year_kwh, self.year_intervals, self.year_counted)
            self.year_kwh, self.year_counted, self.year_intervals = ZERO, 0, 0

    def _intervals_of_month(self) -> int:
        """Return how many intervals of the month are in the period."""
        first = max(date(*self.month, 1), self.first_day)
        last = min(date(*_after(self.month), 1) - timedelta(days=1), self.last_day)
        return ((last - first).days + 1) * INTERVALS_A_DAY


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=BANGKOK).astimezone(UTC)


def _month(at: datetime) -> tuple[int, int]:
    """Return the month in Thailand of a moment."""
    day = bangkok_date(at)
    return day.year, day.month


def _after(month: tuple[int, int]) -> tuple[int, int]:
    year, number = month
    return (year + 1, 1) if number == 12 else (year, number + 1)  # noqa: PLR2004  December
