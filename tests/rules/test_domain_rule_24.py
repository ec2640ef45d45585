"""
Rule 24 of the domain: years of the Buddhist and the common era go round without a day lost, also on
29 February 2567, at the turn of the fiscal year and at the turn of the year.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.entry.certificate import words
from app.entry.pages import figures
from app.kernel.clock import BANGKOK, bangkok_date, fiscal_year_be
from app.registry.monitoring.rules import vintages_of
from tests.builders.measuring import untimed

MONTHS: Final = (
    "มกราคม",
    "กุมภาพันธ์",
    "มีนาคม",
    "เมษายน",
    "พฤษภาคม",
    "มิถุนายน",
    "กรกฎาคม",
    "สิงหาคม",
    "กันยายน",
    "ตุลาคม",
    "พฤศจิกายน",
    "ธันวาคม",
)
LEAP_DAY = date(2024, 2, 29)
days = st.dates(date(1950, 1, 1), date(2200, 12, 31))


def read_thai(text: str) -> date:
    """Read a day as the pages write it: ``29 กุมภาพันธ์ 2567``."""
    day, month, year = text.split(" ")
    common = figures.common_year(year)
    assert common is not None
    return date(int(common), MONTHS.index(month) + 1, int(day))


@untimed
@given(days)
def test_a_day_written_in_thai_is_the_same_day_when_read(day: date) -> None:
    assert read_thai(figures.day_text(day, "th")) == day


@untimed
@given(st.integers(1857, 2399))
def test_a_year_goes_round_both_ways(year: int) -> None:
    buddhist = figures.year_of(year, "th")
    assert int(buddhist) == year + 543
    assert figures.common_year(buddhist) == str(year)
    assert figures.common_year(str(year)) == str(year)
    assert words.year(year).th == buddhist


def test_the_leap_day_of_2567_exists_and_stays() -> None:
    """2567 by itself is no leap year: who counts days in Buddhist years loses this one."""
    assert figures.day_text(LEAP_DAY, "th") == "29 กุมภาพันธ์ 2567"
    assert read_thai("29 กุมภาพันธ์ 2567") == LEAP_DAY
    assert words.day(LEAP_DAY).th == "29 กุมภาพันธ์ พ.ศ. 2567"
    assert LEAP_DAY + timedelta(days=1) == read_thai("1 มีนาคม 2567")


def test_there_is_no_leap_day_in_2566_and_2568() -> None:
    for year in ("2566", "2568"):
        with pytest.raises(ValueError, match="day"):
            read_thai(f"29 กุมภาพันธ์ {year}")


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2023, 9, 30), 2566),
        (date(2023, 10, 1), 2567),
        (date(2023, 12, 31), 2567),
        (date(2024, 1, 1), 2567),
        (LEAP_DAY, 2567),
        (date(2024, 9, 30), 2567),
        (date(2024, 10, 1), 2568),
        (date(2022, 1, 12), 2565),  # TGO's news of 12 January 2565
        (date(2025, 11, 30), 2569),  # TGO calls it the first quarter of its year 2026
    ],
)
def test_the_fiscal_year_turns_between_30_september_and_1_october(day: date, expected: int) -> None:
    assert fiscal_year_be(day) == expected


@untimed
@given(days)
def test_a_fiscal_year_has_the_months_of_a_year(day: date) -> None:
    year = fiscal_year_be(day)
    first = date(year - 544, 10, 1)
    last = date(year - 543, 9, 30)
    assert first <= day <= last
    assert fiscal_year_be(first - timedelta(days=1)) == year - 1
    assert fiscal_year_be(last + timedelta(days=1)) == year + 1


def test_the_year_of_a_reduction_turns_at_midnight_in_bangkok() -> None:
    """31 December in Thailand ends at 17:00 UTC: a vintage by UTC would take seven hours away."""
    new_year = datetime(2024, 1, 1, tzinfo=BANGKOK)
    before = new_year - timedelta(microseconds=1)
    assert new_year.astimezone(UTC) == datetime(2023, 12, 31, 17, tzinfo=UTC)
    assert bangkok_date(new_year.astimezone(UTC)) == date(2024, 1, 1)
    assert bangkok_date(before.astimezone(UTC)) == date(2023, 12, 31)
    assert figures.day_text(bangkok_date(before), "th") == "31 ธันวาคม 2566"
    assert figures.day_text(bangkok_date(new_year), "th") == "1 มกราคม 2567"


def test_a_period_over_new_year_has_two_vintages_in_either_era() -> None:
    vintages = vintages_of(date(2023, 12, 31), date(2024, 1, 1))
    assert vintages == (2023, 2024)
    assert [figures.year_of(year, "th") for year in vintages] == ["2566", "2567"]
