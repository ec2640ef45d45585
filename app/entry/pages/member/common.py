"""What the pages of members share: who is signed in, what they type, times that run."""

from datetime import datetime, timedelta
from typing import Final

from babel.dates import format_timedelta

from app.entry.pages.answers import Json
from app.entry.pages.figures import year_of
from app.entry.pages.forms import Form
from app.entry.pages.render import Page
from app.entry.pages.words import Language
from app.kernel import clock
from app.kernel.clock import BUDDHIST_YEARS

STALE: Final = 412
_BUDDHIST_FROM: Final = 2400  # a year from here on is of the Buddhist era
_DAY_PARTS: Final = 3


async def who(page: Page) -> Json:
    """
    Return who is signed in.

    Raises:
        RefusedError: nobody is; the frame asks them to sign in.
    """
    return page.me if page.me is not None else await page.client.get("/users/me")


def typed_day(form: Form, name: str) -> str | None:
    """
    Return a day as the API takes it, of what a person writes: ``2026-01-31``, ``31/1/2569``.

    What is no day is left as it is, for the API to refuse by its name.
    """
    text = form.text(name)
    if text is None:
        return None
    parts = text.replace(".", "/").replace("-", "/").split("/")
    if len(parts) != _DAY_PARTS or not all(part.strip().isdecimal() for part in parts):
        return text
    first, month, last = (int(part) for part in parts)
    year, day = (first, last) if len(parts[0].strip()) > len("31") else (last, first)
    return f"{_common_era(year):04}-{month:02}-{day:02}"


def day_to_type(day: str | None, language: Language) -> str | None:
    """Return a day as a person writes it, in the era of their language: ``31/1/2569``."""
    if day is None:
        return None
    year, month, last = (int(part) for part in day.split("-"))
    return f"{last}/{month}/{year_of(year, language)}"


def typed_year(form: Form, name: str) -> int | str | None:
    """Return a calendar year (CE), of either era; what is none as it is, for the API to refuse."""
    year = form.whole(name)
    return _common_era(year) if isinstance(year, int) else year


def typed_number(form: Form, name: str) -> str | None:
    """Return an exact decimal without the commas that people write; None: nothing."""
    text = form.text(name)
    return None if text is None else text.replace(",", "").replace(" ", "")


def time_left(page: Page, moment: str | None) -> str:
    """Return how long it is until a moment, such as ``in 5 hours``; empty: there is none."""
    if moment is None:
        return ""
    left = datetime.fromisoformat(moment) - clock.now()
    if left <= timedelta(0):
        return page.say("time is up")
    return format_timedelta(left, add_direction=True, threshold=1.5, locale=page.language)


def _common_era(year: int) -> int:
    return year - BUDDHIST_YEARS if year >= _BUDDHIST_FROM else year
