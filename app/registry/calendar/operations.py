"""The act on the calendar: enter the holidays of a year; and the founding years."""

from dataclasses import dataclass

from app.registry.calendar import catalogue, rules, store
from app.registry.calendar.rules import FOUNDER, CalendarYear, Holiday
from app.registry.log.pen import Pen
from app.registry.parties.policy import Actor, Permission, require


@dataclass(frozen=True, slots=True)
class SetYear:
    """All public holidays of a year, in place of what was entered before."""

    year: int  # of the Common Era
    holidays: tuple[Holiday, ...]  # in any order, each day once
    expected_version: int  # that it was decided on; 0: the year is new
    note: str | None = None  # what of it is uncertain; None: nothing


async def set_year(pen: Pen, actor: Actor, command: SetYear) -> CalendarYear:
    """
    Enter the public holidays of a year.

    What was counted before stays as it was counted; from now on days are counted with these.

    Raises:
        NotAllowedError: the actor is no administrator.
        CalendarStaleError: the year was changed since it was read.
        HolidayOutsideYearError, HolidayTwiceError: the days do not do.
        ActTooLargeError: names and sources are longer than one act can tell.
    """
    require(actor, Permission.SET_RULES)
    found = await store.find_year(pen.connection, command.year)
    rules.require_version(0 if found is None else found.version, expected=command.expected_version)
    return await _set_year(pen, command, by=actor.user_id)


async def found_calendar(pen: Pen) -> None:
    """Enter the years that the register starts with."""
    for year in catalogue.YEARS:
        await _set_year(pen, SetYear(year.year, year.holidays(), 0, year.note), by=FOUNDER)


async def _set_year(pen: Pen, command: SetYear, *, by: str) -> CalendarYear:
    ordered = rules.check_year(command.year, command.holidays)
    version = command.expected_version + 1
    log_index = pen.record(
        by=by,
        kind="calendar.year_set",
        subject=str(command.year),
        data={
            "version": version,
            "holidays": [
                {
                    "day": holiday.day.isoformat(),
                    "name_th": holiday.name_th,
                    "name_en": holiday.name_en,
                    "source": holiday.source,
                }
                for holiday in ordered
            ],
            "note": command.note,
        },
    )
    entered = CalendarYear(
        year=command.year,
        version=version,
        holidays=ordered,
        note=command.note,
        set_by=by,
        recorded_at=pen.now,
        log_index=log_index,
    )
    await store.insert_year(pen.connection, entered)
    return entered
