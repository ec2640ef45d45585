"""
On which days acts take two people: the rules, day by day, and the database, which says the same.
"""

from collections.abc import Awaitable, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

import asyncpg
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.kernel import clock
from app.kernel.clock import bangkok_date
from app.registry.pairs import rules
from app.registry.programmes.rules import TwoPersonAct, first_day_without, in_force
from tests.builders.large import an_id
from tests.builders.pairs import ALL
from tests.builders.parties import the_administrator
from tests.conftest import Registry

TODAY: Final = bangkok_date(clock.now())
LONG: Final = 12  # days from today in which all values that are made here begin and end
NAMING: Final = ("none", "issuance_approval", "rule_change", "role_change,rule_change", ALL)


class Value(NamedTuple):
    """A value of a rule, as little of it as the rules need."""

    id: str
    value: str
    valid_from: date
    valid_to: date | None


def a_value(number: int, value: str, first: int, last: int | None) -> Value:
    """Return a value, its days counted from today."""
    until = None if last is None else TODAY + timedelta(days=last)
    return Value(an_id("cfg", number), value, TODAY + timedelta(days=first), until)


@st.composite
def values(draw: st.DrawFn, number: int, naming: Sequence[str]) -> Value:
    first = draw(st.integers(-3, 5))
    last = draw(st.none() | st.integers(first, 8))
    return a_value(number, draw(st.sampled_from(naming)), first, last)


def some(
    most: int, naming: Sequence[str] = NAMING, begin: int = 1
) -> st.SearchStrategy[list[Value]]:
    """Return values in the order in which they were recorded."""
    numbers = st.integers(0, most)
    return numbers.flatmap(
        lambda count: st.tuples(*(values(begin + n, naming) for n in range(count))).map(list)
    )


def every_day(first: date = TODAY) -> list[date]:
    return [first + timedelta(days=number) for number in range(LONG)]


@given(held=some(6))
def test_a_day_takes_two_for_what_it_names_and_for_roles_as_long_as_any_will(
    held: list[Value],
) -> None:
    """Whatever values there are, as if every day were looked at."""
    named = {day: rules.acts_of([in_force(held, day)]) for day in every_day()}
    coming = frozenset().union(*named.values())
    assert rules.acts_from(held, TODAY) == coming
    roles = {TwoPersonAct.ROLE_CHANGE} if coming else set()
    assert rules.acts_on(held, TODAY) == named[TODAY] | roles
    if coming:
        assert TwoPersonAct.ROLE_CHANGE in coming


@given(held=some(5), new=values(9, NAMING))
def test_a_value_that_can_be_set_names_all_its_acts_on_all_its_days(
    held: list[Value], new: Value
) -> None:
    new = new._replace(valid_from=max(TODAY, new.valid_from))  # None is set for the past.
    short = [
        day
        for day in every_day(new.valid_from)
        if (new.valid_to is None or day <= new.valid_to)
        and not rules.acts_named(new.value) <= rules.acts_of([in_force([*held, new], day)])
    ]
    found = rules.first_day_less(held, new.value, new.valid_from, new.valid_to)
    assert found == (min(short) if short else None)


@given(hours=some(5, ["9"]))
def test_the_first_day_without_a_value_is_found(hours: list[Value]) -> None:
    without = [day for day in every_day() if in_force(hours, day) is None]
    assert first_day_without(hours, TODAY) == (min(without) if without else None)


# ------------------------------------------------------------------------ the second wall

A_VALUE: Final = """
    INSERT INTO rule_values (id, value, valid_from, valid_to, key, log_index, source, is_default,
                             set_by, recorded_at)
    VALUES ($1, $2, $3, $4, $5, $6, 'a test', true, 'nobody', $7)"""
A_CHANGE_OF_ROLES: Final = """
    INSERT INTO party_events (log_index, party_id, user_id, what, by, recorded_at)
    SELECT 99001, party_id, id, 'user.roles_set', id, $1 FROM users LIMIT 1"""


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(held=some(4), hours=some(2, ["9"], begin=11), new=values(20, NAMING))
@example(held=[], hours=[a_value(11, "9", -3, None)], new=a_value(20, ALL, 0, None))
@example(
    held=[a_value(1, "none", 5, None)],
    hours=[a_value(11, "9", -3, None)],
    new=a_value(20, ALL, 0, 4),
)
@example(held=[], hours=[a_value(11, "9", -3, 7)], new=a_value(20, ALL, 0, 4))
async def test_both_walls_say_the_same(
    registry: Registry, held: list[Value], hours: list[Value], new: Value
) -> None:
    """
    Goal: the database asks for two people exactly where the rules do, and lets the same be named.

    Method: values that are there already, put past both walls; then one more, and a change of
    roles, by one person. All is taken back.
    """
    await the_administrator(registry)
    acts = rules.acts_on(held, TODAY)
    owner = await asyncpg.connect(registry.url)
    taking_back = owner.transaction()
    await taking_back.start()
    try:
        await owner.execute("ALTER TABLE rule_values DISABLE TRIGGER ALL")
        await owner.execute(
            "DELETE FROM rule_values WHERE key IN ($$two_person_acts$$, $$order_hours$$)"
        )
        now = clock.now()
        for value in held:
            await owner.execute(A_VALUE, *value, "two_person_acts", 99_000, now)
        for value in hours:
            await owner.execute(A_VALUE, *value, "order_hours", 99_000, now)
        await owner.execute("ALTER TABLE rule_values ENABLE TRIGGER ALL")
        by_one = owner.execute(A_VALUE, *new, "two_person_acts", 99_001, now)
        assert await constraint_of(owner, by_one) == expected(held, hours, new)
        roles = await constraint_of(owner, owner.execute(A_CHANGE_OF_ROLES, now))
        assert roles == ("two_people_decide" if TwoPersonAct.ROLE_CHANGE in acts else None)
    finally:
        await taking_back.rollback()
        await owner.close()


def expected(held: list[Value], hours: list[Value], new: Value) -> str | None:
    """Return what is to stop one person who gives the rule a value."""
    if rules.acts_on(held, TODAY):
        return "two_people_decide"
    early = rules.first_day_less(held, new.value, new.valid_from, new.valid_to)
    if rules.acts_named(new.value) and (early or first_day_without(hours, TODAY)):
        return "two_people_last"
    return None


async def constraint_of(owner: asyncpg.Connection, act: Awaitable[object]) -> str | None:
    """Return what a statement runs into; it is taken back whether it does or not."""
    inner = owner.transaction()
    await inner.start()
    name: str | None = None
    try:
        await act
    except asyncpg.IntegrityConstraintViolationError as failure:
        name = failure.constraint_name
    await inner.rollback()
    return name
