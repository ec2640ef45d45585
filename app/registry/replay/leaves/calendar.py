"""Leaves of the working calendar."""

from typing import Annotated

from msgspec import Meta

from app.registry.calendar.rules import HOLIDAYS_MAX
from app.registry.replay.leaves.words import END, Act, Day, Facts, Name, Text, Version


class HolidaySet(Facts, frozen=True):
    """One public holiday."""

    day: Annotated[Day, Meta(description="The day, in Thailand.")]
    name_th: Annotated[Name, Meta(description="What it is called in Thai.")]
    name_en: Annotated[Name, Meta(description="What it is called in English.")]
    source: Annotated[Name, Meta(description="Who announced it, or whose list it is from.")]


class CalendarYearSetFacts(Facts, frozen=True):
    """All public holidays of the year."""

    version: Annotated[Version, Meta(description="How often the year was entered, this included.")]
    holidays: Annotated[
        list[HolidaySet],
        Meta(description="The days, rising, each once.", max_length=HOLIDAYS_MAX),
    ]
    note: Annotated[Text | None, Meta(description="What of it is uncertain; null: nothing.")]


class CalendarYearSet(Act, frozen=True, tag="calendar.year_set"):
    """
    The public holidays of a year were entered, in place of those entered before.

    A replayer checks that they are days of the year and that the version is the next one. Working
    days are counted with the version that stands when they are counted.
    """

    subject: Annotated[
        str, Meta(pattern=rf"^2[0-9]{{3}}${END}", description="The year of the Common Era.")
    ]
    data: CalendarYearSetFacts
