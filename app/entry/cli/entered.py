"""
What people have to enter in the register, and may have forgotten: holidays, and values of rules.

None of it stops the service, so none of it is bad: an act that needs what is missing is refused.
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.cli.findings import Finding
from app.kernel import clock
from app.registry.calendar.rules import YEAR_MAX
from app.registry.calendar.store import find_year
from app.registry.programmes.catalogue import RULE_VALUES
from app.registry.programmes.keys import RULE_SPECS, RuleKey
from app.registry.programmes.store import list_rules_in_force

# From this month on the next year's holidays are looked for: the cabinet announces them before, and
# clocks of some weeks that begin now end after New Year.
AHEAD_FROM_MONTH: Final = 10


async def look_at_what_is_entered(connection: AsyncConnection) -> list[Finding]:
    """Look at the calendar and at the rules, as of today in Bangkok."""
    today = clock.bangkok_date(clock.now())
    years = [year for year in years_needed(today) if await find_year(connection, year) is not None]
    values = await list_rules_in_force(connection, programme_code=None, on=today)
    return [
        look_at_calendar(years, today=today),
        look_at_rules([value.key for value in values], today=today),
    ]


def years_needed(today: date) -> tuple[int, ...]:
    """Return the years whose holidays have to be entered by a day."""
    is_ahead = today.month >= AHEAD_FROM_MONTH and today.year < YEAR_MAX
    return (today.year, today.year + 1) if is_ahead else (today.year,)


def look_at_calendar(entered: Collection[int], *, today: date) -> Finding:
    """
    Judge whether the holidays are entered that working days are counted by.

    Args:
        entered: years whose holidays the register has.
        today: the date in Thailand.
    """
    needed = years_needed(today)
    missing = [year for year in needed if year not in entered]
    if not missing:
        return Finding("calendar", f"has the holidays of {_listed(needed)}")
    commands = " and ".join(f"`registry calendar {year}.csv`" for year in missing)
    advice = (
        f"Run {commands} with the days that the cabinet announced: no working day of a year that "
        "is missing can be counted, and acts that need one are refused."
    )
    return Finding("calendar", f"lacks the holidays of {_listed(missing)}", advice)


def look_at_rules(valued: Collection[RuleKey], *, today: date) -> Finding:
    """
    Judge whether every rule has a value: a register has none for rules that came after it.

    Args:
        valued: rules that have a value of every programme.
        today: the date in Thailand.
    """
    missing = [key for key in RuleKey if key not in valued and not RULE_SPECS[key].is_limit]
    if not missing:
        return Finding("rules", "all have a value")
    advice = (
        "As an administrator, POST /v1/rules for each, on your own decision; a new register starts "
        f"with: {'; '.join(_body(key, today) for key in missing)}"
    )
    return Finding("rules", f"no value: {', '.join(missing)}", advice)


def _body(key: RuleKey, today: date) -> str:
    founding = [one.value for one in RULE_VALUES if one.key is key and one.programme_code is None]
    value = founding[0] if founding else "…"
    return f'{{"key": "{key}", "value": "{value}", "valid_from": "{today}", "source": "…"}}'


def _listed(years: Sequence[int]) -> str:
    return " and ".join(map(str, years))
