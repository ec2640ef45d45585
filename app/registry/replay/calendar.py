"""The working calendar, as the log tells of it."""

import msgspec

from app.registry.calendar import rules
from app.registry.calendar.rules import YEAR_MAX, YEAR_MIN, Holiday
from app.registry.parties.policy import Permission
from app.registry.replay.faults import Broken
from app.registry.replay.leaves import calendar as leaves
from app.registry.replay.shelf import Shelf
from app.registry.replay.standing import Standing
from app.registry.replay.things import Handlers, Things, require_same


class KnownYear(msgspec.Struct, array_like=True):
    """How often a year was entered."""

    version: int


class Calendar:
    """Which years are maintained."""

    def __init__(self, shelf: Shelf, standing: Standing) -> None:
        self._standing = standing
        self._years: Things[KnownYear] = Things(shelf, "calendar year", KnownYear)

    def play_on(self, handlers: Handlers) -> None:
        """Say what plays each kind of leaf."""
        handlers.on(leaves.CalendarYearSet, self._set_year)

    def save(self) -> None:
        """Hand all that is only in memory to the shelf."""
        self._years.save()

    def _set_year(self, _: int, act: leaves.CalendarYearSet) -> None:
        if not self._standing.require_founder(act):
            self._standing.require(act, Permission.SET_RULES)
        year = int(act.subject)
        if not YEAR_MIN <= year <= YEAR_MAX:
            raise Broken("value_differs", f"{year} is no year of the calendar")
        days = [Holiday(h.day, h.name_th, h.name_en, h.source) for h in act.data.holidays]
        require_same(days, list(rules.check_year(year, days)), what="the list of holidays")
        known = self._years.find(act.subject)
        version = 1 if known is None else known.version + 1
        require_same(act.data.version, version, what="version", code="version_not_next")
        self._years.put(act.subject, KnownYear(version))
