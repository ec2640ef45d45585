"""Times, dates and identifiers."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.clock import BANGKOK, bangkok_date, now, rfc3339
from app.kernel.ids import ID_LENGTH, ID_PATTERN, PREFIXES, new_id, new_salt

moments = st.datetimes(
    min_value=datetime(1990, 1, 1),  # noqa: DTZ001  the zone is added
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, BANGKOK, timezone(timedelta(hours=-11))]),
)


def test_the_present_has_a_zone() -> None:
    assert now().tzinfo is UTC


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2025, 12, 31, 16, 59, 59, 999_999, UTC), date(2025, 12, 31)),
        (datetime(2025, 12, 31, 17, 0, 0, 0, UTC), date(2026, 1, 1)),
        (datetime(2026, 1, 1, 0, 0, tzinfo=BANGKOK), date(2026, 1, 1)),
    ],
)
def test_a_day_begins_at_midnight_in_bangkok(moment: datetime, day: date) -> None:
    """The last seven hours of a year in UTC are the next year in Thailand."""
    assert bangkok_date(moment) == day


@given(moments, moments)
def test_the_order_of_times_as_text_is_the_order_of_times(one: datetime, other: datetime) -> None:
    """Whole seconds keep their zeros, or 10:00:00Z would sort after 10:00:00.5Z."""
    assert (rfc3339(one) < rfc3339(other)) == (one < other)


@given(moments)
def test_a_time_survives_being_printed_and_read(moment: datetime) -> None:
    assert datetime.fromisoformat(rfc3339(moment)) == moment
    assert len(rfc3339(moment)) == len("2026-11-24T03:00:00.000000Z")


@pytest.mark.parametrize("prefix", sorted(PREFIXES))
def test_an_identifier_tells_its_kind(prefix: str) -> None:
    made = new_id(prefix)
    assert made.startswith(f"{prefix}_")
    assert re.fullmatch(ID_PATTERN, made)
    assert len(made) == ID_LENGTH


def test_later_identifiers_sort_after_earlier_ones() -> None:
    """Lists page by them."""
    made = [new_id("pty") for _ in range(1_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_an_unknown_kind_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError):
        new_id("xyz")


def test_salts_are_long_and_never_the_same() -> None:
    made = {new_salt() for _ in range(100)}
    assert len(made) == 100
    assert {len(salt) for salt in made} == {32}
