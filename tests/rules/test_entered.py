"""What the doctor says of holidays and rule values that nobody has entered."""

from datetime import date

import pytest

from app.entry.cli.entered import look_at_calendar, look_at_rules, years_needed
from app.registry.programmes.keys import RULE_SPECS, RuleKey

_NEEDED = [key for key in RuleKey if not RULE_SPECS[key].is_limit]


@pytest.mark.parametrize(
    ("today", "needed"),
    [
        (date(2027, 1, 1), (2027,)),
        (date(2027, 9, 30), (2027,)),
        (date(2027, 10, 1), (2027, 2028)),
        (date(2027, 12, 31), (2027, 2028)),
        (date(2200, 12, 31), (2200,)),  # no later year can be entered
    ],
)
def test_the_next_year_is_looked_for_from_october_on(today: date, needed: tuple[int, ...]) -> None:
    assert years_needed(today) == needed


@pytest.mark.parametrize(
    ("entered", "today", "missing"),
    [
        ({2026, 2027}, date(2026, 10, 1), ()),
        ({2026}, date(2026, 9, 30), ()),
        ({2026}, date(2026, 10, 1), (2027,)),
        ({2027}, date(2026, 10, 1), (2026,)),
        ((), date(2026, 10, 1), (2026, 2027)),
        ({2026}, date(2027, 1, 1), (2027,)),
    ],
)
def test_a_year_that_is_missing_is_named_with_its_command(
    entered: set[int], today: date, missing: tuple[int, ...]
) -> None:
    finding = look_at_calendar(entered, today=today)
    assert finding.mark == ("!" if missing else "✓")
    for year in (2026, 2027):
        assert (f"`registry calendar {year}.csv`" in finding.advice) is (year in missing)


def test_rules_without_a_value_are_named_with_what_sets_them() -> None:
    late = [RuleKey.ORDER_HOURS, RuleKey.REVERSAL_WINDOW_DAYS]
    valued = [key for key in _NEEDED if key not in late]
    finding = look_at_rules(valued, today=date(2026, 11, 30))
    assert (finding.mark, finding.is_bad) == ("!", False)
    assert finding.found == "no value: order_hours, reversal_window_days"
    body = '{"key": "order_hours", "value": "48", "valid_from": "2026-11-30", "source": "…"}'
    assert "POST /v1/rules" in finding.advice
    assert body in finding.advice


def test_a_limit_that_limits_nothing_is_no_omission() -> None:
    assert look_at_rules(_NEEDED, today=date(2026, 11, 30)).mark == "✓"
