"""The clock of TGO on pages: how many working days are left, by the register's own calendar."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import date

from app.entry.pages.render import Page
from app.kernel import clock
from app.registry.calendar.rules import working_days_between

Counter = Callable[[str | None], int | None]


async def days_left(page: Page, due: Iterable[str | None]) -> Counter:
    """
    Return what counts the working days from today until a day.

    Args:
        page: reads the public holidays of the years concerned.
        due: all days that will be asked after; None: no clock runs.

    Returns:
        A function of such a day: how many working days after today there are until it, with it; 0:
        it is today, or no working day lies before it; less: it has passed by so many. None: there
        is no day, or the holidays of a year are not known.
    """
    today = clock.bangkok_date(clock.now())
    days = {date.fromisoformat(each) for each in due if each is not None} | {today}
    years = range(min(days).year, max(days).year + 1)
    found = await asyncio.gather(*(page.client.find(f"/calendar/{year}") for year in years))
    if any(each is None for each in found):
        return lambda _: None
    holidays = {
        date.fromisoformat(holiday["day"])
        for year in found
        if year is not None
        for holiday in year["holidays"]
    }

    def count(until: str | None) -> int | None:
        if until is None:
            return None
        day = date.fromisoformat(until)
        if day < today:
            return -working_days_between(day, today, holidays)
        return working_days_between(today, day, holidays)

    return count
