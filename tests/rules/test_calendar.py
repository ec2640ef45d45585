"""Working days and clocks that stop: rule 16 of the domain, by properties and at midnight."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.clock import bangkok_date
from app.registry.calendar.catalogue import YEARS
from app.registry.calendar.refusals import (
    CalendarStaleError,
    HolidayOutsideYearError,
    HolidayTwiceError,
)
from app.registry.calendar.rules import (
    Holiday,
    Stop,
    add_working_days,
    at_bangkok,
    check_year,
    days_used,
    due_on,
    is_working_day,
    require_version,
    working_days_between,
)

HOLIDAYS = frozenset(holiday.day for year in YEARS for holiday in year.holidays())
FIRST, LAST = date(2026, 1, 1), date(2027, 6, 30)
LONG_AGO = at_bangkok(FIRST, time())

days = st.dates(FIRST, LAST)
# Around every midnight in Bangkok, and anywhere else.
moments = st.one_of(
    st.builds(
        lambda day, microseconds: at_bangkok(day, time()) + timedelta(microseconds=microseconds),
        days,
        st.integers(-1, 1),
    ),
    st.builds(lambda minutes: LONG_AGO + timedelta(minutes=minutes), st.integers(0, 700_000)),
)
holidays = st.frozensets(days, max_size=60)
stops = st.lists(
    st.builds(
        lambda since, hours: Stop(since, since + timedelta(hours=hours)),
        moments,
        st.integers(0, 1_000),
    ),
    max_size=4,
)
counts = st.integers(1, 60)


def at(day: str, clock: str = "12:00") -> datetime:
    """Return a moment in Bangkok."""
    return at_bangkok(date.fromisoformat(day), time.fromisoformat(clock))


# ---------------------------------------------------------------------------- working days


def test_weekends_and_holidays_are_no_working_days() -> None:
    assert is_working_day(date(2026, 4, 10), HOLIDAYS)  # the Friday before Songkran
    assert not is_working_day(date(2026, 4, 11), HOLIDAYS)
    assert not is_working_day(date(2026, 4, 13), HOLIDAYS)
    assert is_working_day(date(2026, 4, 16), HOLIDAYS)


@given(day=days, count=counts, free=holidays)
def test_counting_forth_and_back_agree(day: date, count: int, free: frozenset[date]) -> None:
    """The n-th working day is a working day, and there are n up to it: no more, no fewer."""
    found = add_working_days(day, count, free)
    assert is_working_day(found, free)
    assert working_days_between(day, found, free) == count
    assert working_days_between(day, found - timedelta(days=1), free) == count - 1


@given(day=days, count=counts, free=holidays, more=holidays)
def test_a_further_holiday_never_brings_a_day_nearer(
    day: date, count: int, free: frozenset[date], more: frozenset[date]
) -> None:
    assert add_working_days(day, count, free | more) >= add_working_days(day, count, free)


def test_no_working_day_further_is_the_day_itself() -> None:
    assert add_working_days(date(2026, 4, 13), 0, HOLIDAYS) == date(2026, 4, 13)
    assert working_days_between(date(2026, 4, 16), date(2026, 4, 10), HOLIDAYS) == 0


def test_bangkok_is_seven_hours_ahead_all_year() -> None:
    assert at("2026-01-01", "00:00") == datetime(2025, 12, 31, 17, tzinfo=UTC)
    assert at("2026-07-01", "10:00") == datetime(2026, 7, 1, 3, tzinfo=UTC)
    assert at("2026-07-01").tzinfo is UTC


# ----------------------------------------------------------------------------------- years


def a_holiday(day: str) -> Holiday:
    return Holiday(date.fromisoformat(day), "วันหยุด", "A holiday", "invented")


def test_the_founding_years_are_in_order() -> None:
    for year in YEARS:
        assert check_year(year.year, year.holidays()) == year.holidays()
        assert len(year.holidays()) > 15


def test_a_year_is_put_in_order() -> None:
    late, early = a_holiday("2026-12-31"), a_holiday("2026-01-01")
    assert check_year(2026, [late, early]) == (early, late)


def test_a_day_of_another_year_is_refused() -> None:
    with pytest.raises(HolidayOutsideYearError):
        check_year(2026, [a_holiday("2027-01-01")])


def test_a_day_stands_once() -> None:
    with pytest.raises(HolidayTwiceError):
        check_year(2026, [a_holiday("2026-04-13"), a_holiday("2026-04-13")])


def test_a_calendar_is_changed_by_who_has_read_it() -> None:
    require_version(2, expected=2)
    with pytest.raises(CalendarStaleError):
        require_version(2, expected=1)


# ---------------------------------------------------------------------- clocks that stop


@given(began_at=moments, count=counts, free=holidays)
def test_rule_16_without_a_stop_it_is_the_nth_working_day(
    began_at: datetime, count: int, free: frozenset[date]
) -> None:
    """15, 60 and 3 working days are one function with another count."""
    day = bangkok_date(began_at)
    assert due_on(began_at, (), count, free) == add_working_days(day, count, free)


@given(began_at=moments, count=counts, some=stops, more=stops, free=holidays)
def test_rule_16_stopping_never_brings_the_end_nearer(
    began_at: datetime, count: int, some: list[Stop], more: list[Stop], free: frozenset[date]
) -> None:
    without = due_on(began_at, some, count, free)
    with_more = due_on(began_at, [*some, *more], count, free)
    assert without is not None
    assert with_more is not None
    assert with_more >= without


@given(began_at=moments, count=counts, some=stops, free=holidays)
def test_rule_16_days_in_which_the_clock_stands_still_do_not_count(
    began_at: datetime, count: int, some: list[Stop], free: frozenset[date]
) -> None:
    """Exactly as many days count as were given: working days at whose end it ran."""
    due = due_on(began_at, some, count, free)
    assert due is not None
    first = bangkok_date(began_at)
    counted = 0
    for n in range(1, (due - first).days + 1):
        day = first + timedelta(days=n)
        last_instant = at_bangkok(day + timedelta(days=1), time()) - timedelta(microseconds=1)
        stands = any(s.since <= last_instant and s.until and last_instant < s.until for s in some)
        counted += is_working_day(day, free) and not stands
    assert counted == count
    assert days_used(began_at, some, now=at_bangkok(due, time()), holidays=free) == count - 1
    after = at_bangkok(due + timedelta(days=1), time())
    assert days_used(began_at, some, now=after, holidays=free) == count


@given(began_at=moments, count=counts, some=stops, since=moments, free=holidays)
def test_rule_16_while_an_answer_is_owed_there_is_no_end(
    began_at: datetime, count: int, some: list[Stop], since: datetime, free: frozenset[date]
) -> None:
    """Unless the time was over before the question: then asking does not help any more."""
    before = due_on(began_at, some, count, free)
    assert before is not None
    found = due_on(began_at, [*some, Stop(since, None)], count, free)
    was_over = since >= at_bangkok(before + timedelta(days=1), time())
    assert found == (before if was_over else None)


def test_rule_16_midnight_in_bangkok_is_the_boundary() -> None:
    """2026-11-02 is a Monday; its clock of one day is over with Tuesday."""
    monday, tuesday, wednesday = (date(2026, 11, day) for day in (2, 3, 4))
    assert due_on(at("2026-11-02", "00:00"), (), 1, HOLIDAYS) == tuesday
    assert due_on(at("2026-11-02", "23:59"), (), 1, HOLIDAYS) == tuesday
    just_before = at("2026-11-02", "00:00") - timedelta(microseconds=1)
    assert due_on(just_before, (), 1, HOLIDAYS) == monday

    began = at("2026-11-02")
    asked_in_time = Stop(at("2026-11-03", "23:59"), at("2026-11-04", "09:00"))
    assert due_on(began, [asked_in_time], 1, HOLIDAYS) == wednesday
    asked_too_late = Stop(at("2026-11-04", "00:00"), None)
    assert due_on(began, [asked_too_late], 1, HOLIDAYS) == tuesday
    answered_the_same_day = Stop(at("2026-11-03", "09:00"), at("2026-11-03", "23:59"))
    assert due_on(began, [answered_the_same_day], 1, HOLIDAYS) == tuesday
    answered_at_midnight = Stop(at("2026-11-03", "09:00"), at("2026-11-04", "00:00"))
    assert due_on(began, [answered_at_midnight], 1, HOLIDAYS) == wednesday


def test_rule_16_fifteen_working_days_over_the_long_holiday_of_songkran() -> None:
    """From 1 April: 6 and 13 to 15 April are holidays, so the fifteenth day is 28 April."""
    assert due_on(at("2026-04-01"), (), 15, HOLIDAYS) == date(2026, 4, 28)
    owed = Stop(at("2026-04-02"), at("2026-04-08"))
    # 2, 3 and 7 April do not count; 8 April, the day of the answer, does.
    assert due_on(at("2026-04-01"), [owed], 15, HOLIDAYS) == date(2026, 5, 5)
