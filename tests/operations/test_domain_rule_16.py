"""
Rule 16 of the domain: working-day deadlines (15, 60, 3) from a maintained Thai holiday calendar,
with a clock that stops while the applicant owes an answer.
"""

from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest

from app.kernel.clock import bangkok_date
from app.registry.applications.rules import Application, HolderKind
from app.registry.calendar.refusals import CalendarYearMissingError
from app.registry.calendar.rules import (
    Stop,
    add_working_days,
    due_on,
    is_working_day,
    working_days_between,
)
from app.registry.calendar.store import find_day, list_holidays
from app.registry.parties.rules import Role
from app.registry.programmes.rules import RuleKey, whole_of
from app.registry.programmes.store import get_rule
from tests.builders.applications import (
    DOCUMENTS,
    a_content,
    a_document,
    a_draft,
    answering,
    asking,
    submitting,
)
from tests.builders.parties import an_authority
from tests.builders.transfers import (
    EVE,
    NEW_YEAR,
    SONGKRAN,
    YEAR,
    Watch,
    bangkok,
    enter_holidays,
    use_watch,
)
from tests.conftest import Registry

DEADLINES = {
    RuleKey.COMPLETENESS_DAYS: 15,
    RuleKey.ACCOUNT_OPENING_DAYS: 15,
    RuleKey.CONSIDERATION_DAYS: 60,
    RuleKey.REQUESTED_TRANSFER_DAYS: 3,
}
FRIDAY = bangkok_date(EVE)  # before Songkran


async def counted(registry: Registry, began_at: datetime, stops: list[Stop], count: int) -> date:
    """Return the last day of a clock, by the calendar as it is maintained."""
    async with registry.read() as connection:
        first = bangkok_date(began_at)
        day = await find_day(connection, first, lambda free: due_on(began_at, stops, count, free))
    assert day is not None
    return day


@pytest.mark.parametrize("key", DEADLINES)
async def test_deadlines_are_counted_in_working_days_of_the_thai_calendar(
    registry: Registry, key: RuleKey
) -> None:
    """As founded: 15, 60 and 3, from the calendar that the register begins with."""
    began_at = datetime(2026, 4, 10, 2, tzinfo=UTC)  # the Friday before Songkran
    async with registry.read() as connection:
        rule = await get_rule(connection, programme_code=None, key=key, on=date(2026, 4, 10))
        assert (whole_of(rule), rule.unit) == (DEADLINES[key], "working days")
        holidays = await list_holidays(connection, date(2026, 1, 1), date(2026, 12, 31))
    assert date(2026, 4, 13) in holidays
    due = await counted(registry, began_at, [], whole_of(rule))
    assert is_working_day(due, holidays)
    assert working_days_between(date(2026, 4, 10), due, holidays) == DEADLINES[key]


async def test_holidays_are_those_that_were_entered_last(registry: Registry) -> None:
    """Three working days over Songkran; a day that the cabinet adds moves what is counted after."""
    await enter_holidays(registry, {YEAR: (NEW_YEAR[0], *SONGKRAN)})
    assert await counted(registry, EVE, [], 3) == date(YEAR, 4, 21)
    await enter_holidays(registry, {YEAR: (NEW_YEAR[0], *SONGKRAN, date(YEAR, 4, 19))})
    assert await counted(registry, EVE, [], 3) == date(YEAR, 4, 22)


async def test_in_a_year_that_nobody_maintains_nothing_is_counted(registry: Registry) -> None:
    await enter_holidays(registry, {YEAR: (NEW_YEAR[0],)})
    with pytest.raises(CalendarYearMissingError):
        await counted(registry, bangkok(YEAR, 12, 20), [], 15)


@pytest.mark.parametrize("count", sorted(set(DEADLINES.values())))
def test_the_clock_stops_from_the_question_to_the_answer(count: int) -> None:
    """By as many working days as it stood still; asked and not answered, there is no last day."""
    asked, answered = bangkok(YEAR, 4, 20), bangkok(YEAR, 4, 27)
    expected = add_working_days(FRIDAY, count + 5, SONGKRAN)
    assert due_on(EVE, [Stop(asked, answered)], count, SONGKRAN) == expected
    assert due_on(EVE, [Stop(asked, None)], count, SONGKRAN) is None


async def test_an_application_is_held_to_it(registry: Registry) -> None:
    """15 working days from the submission on the eve of Songkran, and a week that was not TGO's."""
    officials = await an_authority(registry)
    await enter_holidays(registry, {YEAR: (NEW_YEAR[0], *SONGKRAN)})
    kinds = DOCUMENTS[HolderKind.JURISTIC_PERSON]
    content = a_content(documents=tuple(a_document(kind, issued_on=FRIDAY) for kind in kinds))
    draft = await a_draft(registry, content=content)
    watch = Watch(EVE)
    use_watch(registry, watch)
    submitted: Application = await submitting(registry, draft)
    due = partial(add_working_days, FRIDAY, holidays=SONGKRAN)
    assert submitted.due_on == due(15) == date(YEAR, 5, 7)
    watch.shows = bangkok(YEAR, 4, 20)
    asked = await asking(registry, officials[Role.OFFICER], submitted)
    assert asked.due_on is None
    watch.shows += timedelta(days=7)
    answered = await answering(registry, asked)
    assert answered.due_on == due(20) == date(YEAR, 5, 14)
