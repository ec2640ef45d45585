"""
Dates, moments and figures as people read them, and what people type as programs read it.

Thai pages count years in the Buddhist era (CE + 543), English ones in the common era; moments are
in Bangkok time. Babel has days and months; its Thai years are of the common era, so the year is
added here and nowhere else.
"""

from datetime import date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date
from markupsafe import Markup

from app.entry.pages.words import Language
from app.kernel.clock import BUDDHIST_YEARS

BANGKOK: Final = ZoneInfo("Asia/Bangkok")
_FIRST_BUDDHIST_YEAR: Final = 2400  # no year of the register is that late in the common era
_THAI_DIGITS: Final = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")
_BYTES_STEP: Final = 1024
_REMEMBERED_MAX: Final = 10_000  # days and moments: one takes longer than all else of its line


def year_of(year: int | str, language: Language) -> str:
    """Return a calendar year (CE) as readers of a language count."""
    return str(int(year) + BUDDHIST_YEARS) if language == "th" else str(year)


def common_year(typed: str | None) -> str | None:
    """Return a year as programs count (CE), whichever era it was typed in; else what was typed."""
    if typed is None or not typed.isdecimal() or int(typed) < _FIRST_BUDDHIST_YEAR:
        return typed
    return str(int(typed) - BUDDHIST_YEARS)


def day_text(day: date, language: Language) -> str:
    """Return a day, such as ``24 พฤศจิกายน 2569`` or ``24 November 2026``."""
    day_and_month = format_date(day, "d MMMM", locale=language)
    return f"{day_and_month} {year_of(day.year, language)}"


@lru_cache(_REMEMBERED_MAX)
def show_day(value: str | date | None, language: Language) -> Markup:
    """Return a day of the API as a ``<time>``; of a moment, the day it was in Bangkok."""
    if value is None:
        return Markup("–")  # noqa: RUF001  a dash stands for nothing
    day = _moment(value).date() if isinstance(value, str) and "T" in value else _day(value)
    return Markup('<time datetime="{}">{}</time>').format(day.isoformat(), day_text(day, language))


@lru_cache(_REMEMBERED_MAX)
def show_moment(value: str | datetime | None, language: Language) -> Markup:
    """Return a moment of the API as a ``<time>``: its day, and hour and minute in Bangkok."""
    if value is None:
        return Markup("–")  # noqa: RUF001  a dash stands for nothing
    moment = _moment(value)
    hour = f"{moment:%H:%M}" + (" น." if language == "th" else "")
    return Markup('<time datetime="{}">{}</time>').format(
        moment.isoformat(timespec="seconds"), f"{day_text(moment.date(), language)} {hour}"
    )


def show_whole(value: int | str | None) -> str:
    """Return a whole number, or an exact decimal, with its thousands apart."""
    if value is None:
        return "–"  # noqa: RUF001  a dash stands for nothing
    whole, point, rest = str(value).partition(".")
    return f"{int(whole):,}{point}{rest}"


def show_bytes(value: int) -> str:
    """Return a size: ``512 B``, ``34 KB``, ``2 MB``."""
    size, unit = value, "B"
    for larger in ("KB", "MB", "GB"):
        if size < _BYTES_STEP:
            break
        size, unit = -(-size // _BYTES_STEP), larger
    return f"{size:,} {unit}"


def plain(text: str) -> str:
    """Return what somebody typed with Thai digits as the others, and without space around it."""
    return text.translate(_THAI_DIGITS).strip()


def _moment(value: str | datetime) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(BANGKOK)


def _day(value: str | date) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value
