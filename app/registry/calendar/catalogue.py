"""
The years that the register starts with.

No page of TGO that we know lists the working days of its clocks. The days are those that a
well-kept open list has for Thailand; the files beside this module say which, day by day. The
cabinet adds and moves days in the course of a year, so every year says what is to be compared with
its announcements before anybody relies on it. In an older register an administrator enters them:
``registry calendar FILE``.
"""

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from app.registry.calendar.rules import Holiday

FOLDER: Final = Path(__file__).parent / "years"
COLUMNS: Final = ("day", "name_th", "name_en", "source")

_TO_CONFIRM: Final = (
    "To be confirmed with TGO: the list is the open library's. National Labour Day, on which "
    "government offices may work, is among its days."
)
_AHEAD_OF_TIME: Final = (
    "Made before the cabinet's decisions for the year: the Royal Ploughing Ceremony and days that "
    "the cabinet adds are missing. " + _TO_CONFIRM
)


@dataclass(frozen=True, slots=True)
class FoundingYear:
    """A year that the register starts with."""

    year: int
    note: str

    def holidays(self) -> tuple[Holiday, ...]:
        """Read its days from their file."""
        file = FOLDER / f"{self.year}.csv"
        with file.open(encoding="utf-8", newline="") as text:
            return tuple(
                Holiday(
                    date.fromisoformat(row["day"]), row["name_th"], row["name_en"], row["source"]
                )
                for row in csv.DictReader(text)
            )


YEARS: Final = (FoundingYear(2026, _TO_CONFIRM), FoundingYear(2027, _AHEAD_OF_TIME))
