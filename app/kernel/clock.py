"""The only reader of the time."""

import time
from datetime import UTC, date, datetime, timedelta, timezone

BANGKOK = timezone(
    timedelta(hours=7), "Asia/Bangkok"
)  # Thailand keeps one offset, without summer time.

BUDDHIST_YEARS = 543  # how far the Buddhist era is ahead of the common one
_FISCAL_MONTH = 10  # October


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


def elapsed_s() -> float:
    """
    Return seconds since some moment in the past: a clock that nobody can set.

    Where the system tells, the time that the machine was asleep counts.
    """
    since_boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if since_boot is None else time.clock_gettime(since_boot)


def bangkok_date(moment: datetime) -> date:
    """
    Return the calendar date in Thailand at a moment; dates of decisions and vintages are Thai
    dates.
    """
    return moment.astimezone(BANGKOK).date()


def fiscal_year_be(day: date) -> int:
    """
    Return the fiscal year of the Thai government that a day is in, in the Buddhist era.

    Fiscal year N begins on 1 October of the year before, and is called after the one it ends in.
    It is neither a vintage, which is a calendar year, nor a crediting year.
    """
    return day.year + BUDDHIST_YEARS + (1 if day.month >= _FISCAL_MONTH else 0)


def rfc3339(moment: datetime) -> str:
    """
    Return a moment as text in UTC with microseconds, always of one length so that text order is
    time order.
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
