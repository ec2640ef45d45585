"""
Which acts take two people, and who can do them. Pure.

Whoever may do an act alone may propose it, and may approve what another has proposed.
"""

from collections.abc import Iterable
from typing import Final

from app.registry.orders.rules import ACTING, Action
from app.registry.parties.policy import POLICY, Reach
from app.registry.parties.rules import Role
from app.registry.programmes.rules import RuleKey, RuleValue, TwoPersonAct

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


def acts_of(values: Iterable[RuleValue | None]) -> frozenset[TwoPersonAct]:
    """Return the acts that values of `RuleKey.TWO_PERSON_ACTS` name."""
    return frozenset(
        act for value in values if value is not None for act in acts_named(value.value)
    )


def acts_named(value: str) -> frozenset[TwoPersonAct]:
    """Return the acts that the text of a value names."""
    items = value.split(",")
    return frozenset(act for act in TwoPersonAct if act.value in items)


def of_rule(key: RuleKey, named: frozenset[TwoPersonAct]) -> bool:
    """
    Say whether it takes two people to set a rule.

    Args:
        key: which rule.
        named: the acts that take two people today. Where there are any, it takes two to say which.
    """
    return TwoPersonAct.RULE_CHANGE in named or (key is RuleKey.TWO_PERSON_ACTS and bool(named))


def roles_for(act: TwoPersonAct) -> list[Role]:
    """Return the roles that may do an act."""
    permission = ACTING[ACTION_OF[act]]
    return [role for role, gives in POLICY.items() if gives.get(permission) is Reach.ANY]
