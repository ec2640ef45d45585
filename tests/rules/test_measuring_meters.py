"""Series of meter readings: what is found in them, and their sums by month and year."""

import inspect
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from app.kernel.clock import BANGKOK
from app.registry.measuring import meters
from app.registry.measuring.meters import Finding, Kind, Meter, Reading, Sum, What, fold
from tests.builders.measuring import untimed

SOLAR = Meter(Kind.INTERVAL, capacity_kw=Decimal(100))  # so 25 kWh at most in 15 minutes
COUNTER = Meter(Kind.REGISTER, capacity_kw=Decimal(100), register_max_kwh=Decimal(1_000_000))
DAY = date(2026, 3, 10)
START = datetime(2026, 3, 10, tzinfo=BANGKOK)
QUARTER = timedelta(minutes=15)


def every_quarter(start: datetime = START, count: int = 96, *, kwh: str = "2.5") -> list[Reading]:
    return [Reading(start + n * QUARTER, Decimal(kwh)) for n in range(count)]


def counted_up(start: datetime = START, count: int = 97, *, first: str = "500") -> list[Reading]:
    return [Reading(start + n * QUARTER, Decimal(first) + n * Decimal("2.5")) for n in range(count)]


def run(
    readings: list[Reading], meter: Meter = SOLAR, *, first: date = DAY, last: date = DAY
) -> tuple[list[Finding], list[Sum]]:
    events = list(fold(readings, meter, first_day=first, last_day=last))
    findings = [event for event in events if isinstance(event, Finding)]
    return findings, [event for event in events if isinstance(event, Sum)]


def whats(findings: list[Finding]) -> list[What]:
    return [finding.what for finding in findings]


# ------------------------------------------------------------------------------------ good series


def test_a_whole_day_is_summed_into_its_month_and_year() -> None:
    findings, sums = run(every_quarter())
    assert findings == []
    assert sums == [
        Sum(2026, 3, Decimal(240), 96, 96),
        Sum(2026, None, Decimal(240), 96, 96),
    ]
    assert all(each.complete for each in sums)


def test_a_counter_says_the_same_with_one_reading_more() -> None:
    assert run(counted_up(), COUNTER) == run(every_quarter())


def test_the_year_turns_at_midnight_in_bangkok() -> None:
    """31 December 2026 ends at 17:00 UTC: what passes later is of the next vintage."""
    start = datetime(2026, 12, 31, tzinfo=BANGKOK)
    findings, sums = run(every_quarter(start, 192), first=date(2026, 12, 31), last=date(2027, 1, 1))
    assert findings == []
    assert [(each.year, each.month, each.kwh) for each in sums] == [
        (2026, 12, Decimal(240)),
        (2026, None, Decimal(240)),
        (2027, 1, Decimal(240)),
        (2027, None, Decimal(240)),
    ]
    last = start + 95 * QUARTER
    assert last.astimezone(UTC) == datetime(2026, 12, 31, 16, 45, tzinfo=UTC)


def test_months_have_the_intervals_of_their_days() -> None:
    """2028 is a leap year: its February has 29 days of 96."""
    _, sums = run([], first=date(2028, 1, 15), last=date(2028, 3, 1))
    assert [each.intervals for each in sums] == [17 * 96, 29 * 96, 96, 47 * 96]
    assert all(each.counted == 0 for each in sums)


@untimed
@given(st.integers(0, 90), st.integers(1, 400))
def test_what_is_written_in_utc_or_in_local_time_is_the_same(skip: int, count: int) -> None:
    local = every_quarter(START + skip * QUARTER, count)
    utc = [replace(each, at=each.at.astimezone(UTC)) for each in local]
    last = DAY + timedelta(days=6)
    assert run(local, last=last) == run(utc, last=last)


@untimed
@given(st.lists(st.decimals(0, 25, places=3), min_size=1, max_size=300), st.integers(0, 3_000))
def test_sums_are_the_sums_and_months_add_up_to_years(values: list[Decimal], skip: int) -> None:
    """Whatever the period is cut into, not a kilowatt-hour appears or is lost."""
    start = datetime(2026, 12, 1, tzinfo=BANGKOK) + skip * QUARTER
    readings = [Reading(start + n * QUARTER, kwh) for n, kwh in enumerate(values)]
    _, sums = run(readings, first=date(2026, 11, 1), last=date(2027, 2, 28))
    months = [each for each in sums if each.month is not None]
    years = [each for each in sums if each.month is None]
    assert sum(each.kwh for each in months) == sum(values) == sum(each.kwh for each in years)
    assert sum(each.counted for each in months) == len(values)
    assert sum(each.intervals for each in years) == 120 * 96
    assert all(isinstance(each.kwh, Decimal) for each in sums)


@untimed
@given(st.integers(1, 95))
def test_two_parts_of_a_day_add_up_to_the_day(cut: int) -> None:
    readings = every_quarter()
    _, whole = run(readings)
    _, first = run(readings[:cut])
    _, second = run(readings[cut:])
    assert first[0].kwh + second[0].kwh == whole[0].kwh


# ----------------------------------------------------------------------------------- wrong series


def test_a_gap_is_counted_and_not_filled() -> None:
    readings = every_quarter()
    findings, sums = run(readings[:10] + readings[14:])
    assert findings == [Finding(What.GAP, readings[14].at.astimezone(UTC), 4, Decimal(0))]
    assert (sums[0].kwh, sums[0].counted, sums[0].complete) == (Decimal(230), 92, False)


def test_what_is_missing_at_both_ends_is_found() -> None:
    findings, _ = run(every_quarter()[3:-2])
    assert [(each.what, each.intervals) for each in findings] == [(What.GAP, 3), (What.GAP, 2)]


def test_nothing_at_all_is_one_long_gap() -> None:
    findings, sums = run([])
    assert [(each.what, each.intervals) for each in findings] == [(What.GAP, 96)]
    assert sums[0] == Sum(2026, 3, Decimal(0), 96, 0)


def test_the_same_reading_twice_counts_once() -> None:
    readings = every_quarter()
    findings, sums = run([*readings[:5], readings[4], *readings[5:]])
    assert whats(findings) == [What.DUPLICATE]
    assert sums[0].kwh == 240


def test_another_value_for_the_same_moment_does_not_replace_the_first() -> None:
    readings = every_quarter()
    findings, sums = run([*readings[:5], replace(readings[4], kwh=Decimal(20)), *readings[5:]])
    assert whats(findings) == [What.CONFLICT]
    assert findings[0].kwh == 20
    assert sums[0].kwh == 240


def test_negative_energy_is_not_summed() -> None:
    readings = every_quarter()
    readings[7] = replace(readings[7], kwh=Decimal("-2.5"))
    findings, sums = run(readings)
    assert findings == [Finding(What.NEGATIVE, readings[7].at.astimezone(UTC), 1, Decimal("-2.5"))]
    assert (sums[0].kwh, sums[0].counted) == (Decimal("237.5"), 95)


def test_the_installed_capacity_can_pass_and_no_more() -> None:
    readings = every_quarter()
    readings[7] = replace(readings[7], kwh=Decimal(25))
    assert whats(run(readings)[0]) == []
    readings[7] = replace(readings[7], kwh=Decimal("25.000001"))
    findings, sums = run(readings)
    assert whats(findings) == [What.BEYOND_CAPACITY]
    assert sums[0].kwh == Decimal("237.5")


def test_a_clock_set_back_by_an_hour_is_found_and_counts_nothing_twice() -> None:
    """Four quarters come again, with other values."""
    readings = every_quarter()
    again = [replace(each, kwh=Decimal(3)) for each in readings[36:40]]
    findings, sums = run([*readings[:40], *again, *readings[40:]])
    # The last of them has the moment of the last good one.
    assert whats(findings) == [What.BACKWARDS, What.BACKWARDS, What.BACKWARDS, What.CONFLICT]
    assert sums[0].kwh == 240


def test_summer_time_that_thailand_does_not_have_is_found() -> None:
    """A data logger with a foreign zone: the offset changes, the moments in UTC go on."""
    readings = every_quarter()
    foreign = timezone(timedelta(hours=8))
    shifted = [replace(each, at=each.at.astimezone(foreign)) for each in readings[48:]]
    findings, sums = run([*readings[:48], *shifted])
    assert findings == [
        Finding(What.OFFSET_CHANGED, readings[48].at.astimezone(UTC), 1, Decimal(0))
    ]
    assert (sums[0].kwh, sums[0].complete) == (Decimal(240), True)


def test_a_clock_that_runs_wrong_is_off_the_quarter() -> None:
    readings = every_quarter()
    readings[9] = replace(readings[9], at=readings[9].at + timedelta(seconds=40))
    findings, sums = run(readings)
    assert whats(findings) == [What.OFF_GRID, What.GAP]
    assert sums[0].counted == 95


def test_readings_of_another_day_are_not_of_this_period() -> None:
    findings, sums = run(every_quarter(START - QUARTER, 98))
    assert whats(findings) == [What.OUTSIDE, What.OUTSIDE]
    assert (sums[0].kwh, sums[0].complete) == (Decimal(240), True)


# ------------------------------------------------------------------------------------- counters


def test_a_counter_bridges_a_gap_within_a_month() -> None:
    """What passed is known, only not when: the readings are missing, the energy is not."""
    readings = counted_up()
    findings, sums = run(readings[:10] + readings[14:], COUNTER)
    assert [(each.what, each.intervals) for each in findings] == [(What.GAP, 4)]
    assert (sums[0].kwh, sums[0].complete) == (Decimal(240), True)


def test_a_counter_does_not_say_in_which_month_a_gap_was() -> None:
    start = datetime(2026, 3, 31, tzinfo=BANGKOK)
    readings = counted_up(start, 193)
    findings, sums = run(
        readings[:90] + readings[100:], COUNTER, first=date(2026, 3, 31), last=date(2026, 4, 1)
    )
    assert whats(findings) == [What.GAP, What.UNPLACED]
    assert findings[1].kwh == Decimal("27.5")
    assert [each.kwh for each in sums] == [Decimal("222.5"), Decimal("230.0"), Decimal("452.5")]
    assert [each.complete for each in sums] == [False, False, False]


def test_an_interval_up_to_midnight_is_of_the_old_month() -> None:
    start = datetime(2026, 3, 31, tzinfo=BANGKOK)
    findings, sums = run(
        counted_up(start, 193), COUNTER, first=date(2026, 3, 31), last=date(2026, 4, 1)
    )
    assert findings == []
    assert [each.kwh for each in sums] == [Decimal(240), Decimal(240), Decimal(480)]


def test_a_counter_that_begins_anew_says_nothing_of_what_passed() -> None:
    """A meter was changed: 15 minutes are lost, not a negative reading and not a windfall."""
    readings = counted_up()[:50] + counted_up(START + 50 * QUARTER, 47, first="0")
    findings, sums = run(readings, replace(COUNTER, register_max_kwh=None))
    assert whats(findings) == [What.RESET]
    assert (sums[0].kwh, sums[0].counted) == (Decimal("237.5"), 95)


def test_a_counter_that_passes_its_end_goes_on() -> None:
    readings = [
        replace(each, kwh=each.kwh % Decimal(1_000_000)) for each in counted_up(first="999900")
    ]
    findings, sums = run(readings, COUNTER)
    assert whats(findings) == [What.ROLLOVER]
    assert (sums[0].kwh, sums[0].complete) == (Decimal(240), True)


def test_a_reset_is_not_taken_for_a_rollover() -> None:
    """From 740 to 0 a counter of a million would have passed 999,260 kWh: it did not."""
    readings = counted_up()[:50] + counted_up(START + 50 * QUARTER, 47, first="0")
    assert whats(run(readings, COUNTER)[0]) == [What.RESET]


def test_a_jump_of_a_counter_is_beyond_capacity() -> None:
    readings = counted_up()[:50] + counted_up(START + 50 * QUARTER, 47, first="99999")
    findings, sums = run(readings, COUNTER)
    assert whats(findings) == [What.BEYOND_CAPACITY]
    assert sums[0].kwh == Decimal("237.5")


def test_a_negative_state_of_a_counter_is_wrong() -> None:
    readings = counted_up()
    readings[5] = replace(readings[5], kwh=Decimal(-1))
    assert What.NEGATIVE in whats(run(readings, COUNTER)[0])


# -------------------------------------------------------------------------------------- streaming


def test_years_of_readings_are_never_held_at_once() -> None:
    """
    A month's sum comes while the series still runs, and nothing of it is kept.

    The state has the same few members after ten thousand readings as at the beginning, none of
    which is a collection that grew.
    """

    def endless() -> Iterator[Reading]:
        moment = START
        while True:
            yield Reading(moment, Decimal("2.5"))
            moment += QUARTER

    events = fold(endless(), SOLAR, first_day=DAY, last_day=date(2036, 12, 31))
    first = next(events)
    assert first == Sum(2026, 3, Decimal("5280.0"), 2112, 2112)
    state = inspect.getgeneratorlocals(events)["state"]  # type: ignore[arg-type]
    assert isinstance(state, meters._State)
    before = {name: type(value) for name, value in vars(state).items()}
    assert len(list(islice(events, 40))) == 40
    after = {name: type(value) for name, value in vars(state).items()}
    assert before == after
    assert not any(issubclass(kind, list | dict | set) for kind in after.values())
