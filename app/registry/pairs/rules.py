"""
Which acts take two people, and who can do them. Pure.

Whoever may do an act alone may propose it, and may approve what another has proposed.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from app.registry.orders.rules import ACTING, Action
from app.registry.parties.policy import POLICY, Reach
from app.registry.parties.rules import Role
from app.registry.programmes.rules import Dated, RuleKey, TwoPersonAct, in_force, turns

PEOPLE_MIN: Final = 2

ACTION_OF: Final = {act: Action(act.value) for act in TwoPersonAct}

# What one person gives a new user although roles are changed by two: roles that decide neither for
# TGO nor over credits. A user has one role at least.
FIRST_ROLES: Final = frozenset(
    {
        Role.AUDITOR,
        Role.DEVELOPER,
        Role.HOLDER_VIEWER,
        Role.VERIFIER_LEAD,
        Role.VERIFIER_REVIEWER,
    }
)


# Those who do it bring back everybody who is suspended, and make others what they were.
BRINGS_BACK: Final = frozenset({TwoPersonAct.ROLE_CHANGE})


def acts_of(values: Iterable[Dated | None]) -> frozenset[TwoPersonAct]:
    """Return the acts that values of `RuleKey.TWO_PERSON_ACTS` name."""
    return frozenset(
        act for value in values if value is not None for act in acts_named(value.value)
    )


def acts_named(value: str) -> frozenset[TwoPersonAct]:
    """Return the acts that the text of a value names; whatever it names, it means roles too."""
    items = value.split(",")
    named = frozenset(act for act in TwoPersonAct if act.value in items)
    # Whoever gave roles alone would make the second person of every other act.
    return named | {TwoPersonAct.ROLE_CHANGE} if named else named


def acts_from(values: Sequence[Dated], today: date) -> frozenset[TwoPersonAct]:
    """
    Return the acts that take two people on a day or will on a later one.

    Args:
        values: of `RuleKey.TWO_PERSON_ACTS`, all that have not ended. Those that others have taken
            the place of for good count no more; those that come back when others end do.
        today: the first day (Bangkok) that counts.
    """
    return acts_of(in_force(values, day) for day in turns(values, today))


def acts_on(values: Sequence[Dated], today: date) -> frozenset[TwoPersonAct]:
    """
    Return the acts that take two people on a day: what its value names, and roles as long as any is
    to be named, so that nobody makes the second person before the first day.

    Args:
        values: as in `acts_from`.
        today: the day (Bangkok).
    """
    named = acts_of([in_force(values, today)])
    return named | {TwoPersonAct.ROLE_CHANGE} if acts_from(values, today) else named


def first_day_less(
    values: Sequence[Dated], value: str, valid_from: date, valid_to: date | None
) -> date | None:
    """
    Return the first day on which a value would name more than what was set before lets it.

    Args:
        values: of `RuleKey.TWO_PERSON_ACTS`, all that have not ended.
        value: the text of another one, to be recorded after them.
        valid_from: its first day.
        valid_to: its last day; None: it has none.

    Returns:
        The day; None: there is none.
    """
    named = acts_named(value)
    later = sorted(v.valid_from for v in values if v.valid_from > valid_from)
    for day in later:
        if valid_to is not None and day > valid_to:
            break
        if not named <= acts_of([in_force(values, day)]):
            return day
    return None


def of_rule(key: RuleKey, named: frozenset[TwoPersonAct]) -> bool:
    """
    Say whether it takes two people to set a rule.

    Args:
        key: which rule.
        named: the acts that take two people on the day (`acts_on`). Where there are any, it takes
            two to say which.
    """
    return TwoPersonAct.RULE_CHANGE in named or (key is RuleKey.TWO_PERSON_ACTS and bool(named))


def roles_for(act: TwoPersonAct) -> list[Role]:
    """Return the roles that may do an act."""
    permission = ACTING[ACTION_OF[act]]
    return [role for role, gives in POLICY.items() if gives.get(permission) is Reach.ANY]
