"""Days that people ask for, as moments in Bangkok."""

from collections.abc import Callable

import pytest

from app.entry.pages.periods import before_day, begin_of_day, end_of_day, last_of_day


def test_a_day_begins_and_ends_in_bangkok() -> None:
    assert begin_of_day("2026-01-31") == "2026-01-31T00:00:00+07:00"
    assert end_of_day("2026-01-31") == "2026-02-01T00:00:00+07:00"
    assert before_day("2026-01-31") == "2026-01-30T23:59:59.999999+07:00"
    assert last_of_day("2026-01-31") == "2026-01-31T23:59:59.999999+07:00"


@pytest.mark.parametrize("moment_of", [begin_of_day, end_of_day, before_day, last_of_day])
@pytest.mark.parametrize("text", [None, "", "2026-02-30", "31/1/2026", "yesterday"])
def test_what_is_no_day_is_left_to_be_refused(
    moment_of: Callable[[str | None], str | None], text: str | None
) -> None:
    assert moment_of(text) == text


def test_days_at_the_ends_of_the_calendar_are_left_to_be_refused() -> None:
    assert before_day("0001-01-01") == "0001-01-01"
    assert end_of_day("9999-12-31") == "9999-12-31"
