"""Days that a list is asked for between, as the moments that the API takes."""

from datetime import date, datetime, time, timedelta
from typing import Final

from app.entry.pages.figures import BANGKOK

_INSTANT: Final = timedelta(microseconds=1)  # what the ledger counts time in


def begin_of_day(day: str | None) -> str | None:
    """Return the moment at which a day begins in Bangkok; what is no day as it is."""
    return _moment(day, 0)


def end_of_day(day: str | None) -> str | None:
    """Return the moment at which a day is over in Bangkok; what is no day as it is."""
    return _moment(day, 1)


def before_day(day: str | None) -> str | None:
    """Return the last moment before a day, as of which nothing of it counts yet."""
    return _moment(day, 0, _INSTANT)


def last_of_day(day: str | None) -> str | None:
    """Return the last moment of a day, as of which all of it counts."""
    return _moment(day, 1, _INSTANT)


def _moment(day: str | None, days: int, less: timedelta = timedelta(0)) -> str | None:
    if day is None:
        return None
    try:
        following = date.fromisoformat(day) + timedelta(days=days)
        return (datetime.combine(following, time(), BANGKOK) - less).isoformat()
    except (ValueError, OverflowError):
        return day
