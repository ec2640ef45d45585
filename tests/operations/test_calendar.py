"""The working calendar against a real database: years entered, entered anew, and missing."""

from datetime import UTC, date, datetime
from functools import partial

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from app.registry.calendar import store
from app.registry.calendar.catalogue import YEARS
from app.registry.calendar.operations import SetYear, set_year
from app.registry.calendar.refusals import (
    CalendarStaleError,
    CalendarYearMissingError,
    CalendarYearNotFoundError,
    HolidayOutsideYearError,
    HolidayTwiceError,
)
from app.registry.calendar.rules import FOUNDER, CalendarYear, Holiday, add_working_days, due_on
from app.registry.parties.policy import Actor, NotAllowedError
from app.registry.parties.rules import Role
from tests.builders.parties import Register, an_authority, do, the_administrator

NEW_YEAR = Holiday(date(2028, 1, 3), "ชดเชยวันขึ้นปีใหม่", "New Year's Day (in lieu)", "invented")
SONGKRAN = Holiday(date(2028, 4, 13), "วันสงกรานต์", "Songkran Festival", "invented")


async def entering(
    registry: Register, actor: Actor, *holidays: Holiday, version: int = 0, year: int = 2028
) -> CalendarYear:
    return await do(registry, actor, set_year, SetYear(year, holidays, version))


async def test_the_register_starts_with_its_years(registry: Register) -> None:
    async with registry.read() as connection:
        for year in YEARS:
            kept = await store.get_year(connection, year.year)
            assert (kept.holidays, kept.note) == (year.holidays(), year.note)
            assert (kept.version, kept.set_by) == (1, FOUNDER)
        listed = await store.list_years(connection, limit=10)
        assert [one.year for one in listed] == [year.year for year in YEARS]
        assert await store.list_years(connection, limit=10, after=YEARS[-1].year) == []


async def test_a_year_is_entered_and_entered_anew(registry: Register) -> None:
    """The newest version counts, whole: a day that it leaves out is a working day."""
    administrator = await the_administrator(registry)
    entered = await entering(registry, administrator, SONGKRAN, NEW_YEAR)
    assert entered.holidays == (NEW_YEAR, SONGKRAN)
    span = (date(2028, 1, 1), date(2028, 12, 31))
    async with registry.read() as connection:
        assert await store.list_holidays(connection, *span) == {NEW_YEAR.day, SONGKRAN.day}
    await entering(registry, administrator, SONGKRAN, version=1)
    async with registry.read() as connection:
        assert await store.list_holidays(connection, *span) == {SONGKRAN.day}
        assert (await store.get_year(connection, 2028)).version == 2
        first_quarter = (date(2028, 1, 1), date(2028, 3, 31))
        assert await store.list_holidays(connection, *first_quarter) == frozenset()


async def test_a_year_is_changed_only_by_who_has_read_it(registry: Register) -> None:
    administrator = await the_administrator(registry)
    await entering(registry, administrator, NEW_YEAR)
    for version in (0, 2):
        with pytest.raises(CalendarStaleError):
            await entering(registry, administrator, SONGKRAN, version=version)


async def test_only_an_administrator_enters_a_year(registry: Register) -> None:
    authority = await an_authority(registry)
    for role in (Role.OFFICER, Role.APPROVER, Role.AUDITOR):
        with pytest.raises(NotAllowedError):
            await entering(registry, authority[role], NEW_YEAR)


async def test_days_that_do_not_do_are_refused(registry: Register) -> None:
    administrator = await the_administrator(registry)
    with pytest.raises(HolidayOutsideYearError):
        await entering(registry, administrator, NEW_YEAR, year=2029)
    with pytest.raises(HolidayTwiceError):
        await entering(registry, administrator, NEW_YEAR, NEW_YEAR)


async def test_a_year_that_is_not_maintained_is_never_counted_over(registry: Register) -> None:
    """An empty year would be taken for one without holidays, and rights would begin too early."""
    async with registry.read() as connection:
        with pytest.raises(CalendarYearMissingError) as refused:
            await store.list_holidays(connection, date(2027, 12, 31), date(2028, 1, 1))
        assert refused.value.facts == {"year": 2028}
        with pytest.raises(CalendarYearNotFoundError):
            await store.get_year(connection, 2028)


async def test_a_day_is_found_with_as_few_years_as_it_takes(registry: Register) -> None:
    """29 December 2027 is a Wednesday, and the 31st a holiday: two further days need 2028."""
    first = date(2027, 12, 29)
    async with registry.read() as connection:
        reckon = partial(add_working_days, first, 1)
        assert await store.find_day(connection, first, reckon) == date(2027, 12, 30)
        with pytest.raises(CalendarYearMissingError):
            await store.find_day(connection, first, partial(add_working_days, first, 2))
        began = datetime(2027, 4, 9, tzinfo=UTC)  # a Friday
        due = await store.find_day(
            connection, began.date(), lambda free: due_on(began, (), 3, free)
        )
        assert due == date(2027, 4, 19)
    await entering(registry, await the_administrator(registry), NEW_YEAR)
    async with registry.read() as connection:
        found = await store.find_day(connection, first, partial(add_working_days, first, 2))
        assert found == date(2028, 1, 4)


async def test_a_holiday_of_another_year_cannot_be_kept(registry: Register) -> None:
    """Not even by a store that forgot to ask the rule."""

    async def wrong(pen: object) -> None:
        await pen.connection.execute(  # type: ignore[attr-defined]
            insert(store.holidays).values(
                year=2026, version=1, day=NEW_YEAR.day, name_th="ก", name_en="a", source="x"
            )
        )

    with pytest.raises(IntegrityError, match="ck_holidays_in_its_year"):
        await registry.do(await the_administrator(registry), wrong)
