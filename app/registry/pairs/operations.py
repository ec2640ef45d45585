"""
Acts that take two people where a dated rule says so: done alone, proposed, and approved.

The ways in call these in the place of the acts themselves. What an order has done is described when
it is proposed and again, pen in hand, when it is approved: only the same content is carried out.
"""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.clock import bangkok_date
from app.kernel.encoding import canonical_bytes
from app.registry.activities.rules import Grounds
from app.registry.compensation import operations as compensation
from app.registry.issuance import operations as issuance
from app.registry.issuance.operations import DecideIssuance
from app.registry.issuance.rules import Issuance
from app.registry.ledger.operations import close_owner
from app.registry.log.pen import Pen
from app.registry.orders import operations as orders
from app.registry.orders.operations import About, ApproveOrder, Ground
from app.registry.orders.rules import PROPOSING, Action, Order, facts_of
from app.registry.pairs import rules
from app.registry.pairs.refusals import (
    ContentChangedError,
    FirstRoleError,
    NamedShorterError,
    TooFewPeopleError,
    TwoPeopleNeededError,
)
from app.registry.parties import operations as parties
from app.registry.parties.operations import AddUser, DecideOnParty, DecideOnUser, SetRoles
from app.registry.parties.policy import Actor, Permission, allows, require
from app.registry.parties.rules import Party, Role, User
from app.registry.parties.store import list_officials
from app.registry.programmes import operations as programmes
from app.registry.programmes import store
from app.registry.programmes.operations import SetRule
from app.registry.programmes.refusals import RuleMissingError
from app.registry.programmes.rules import (
    FOUNDER,
    RuleKey,
    RuleValue,
    TwoPersonAct,
    first_day_without,
)

Command = DecideIssuance | SetRoles | SetRule
_PAGE_ROWS: Final = 100


@dataclass(frozen=True, slots=True)
class ProposeAct:
    """Propose an act that another person is to approve."""

    command: Command
    ground: Ground


# ---------------------------------------------------------------------------------- alone


async def decide_issuance(pen: Pen, actor: Actor, command: DecideIssuance) -> Issuance:
    """
    Issue the credits of a verified report, or refuse to, where one person does so.

    Raises:
        TwoPeopleNeededError: credits are issued by two people. Refusing to takes one.
        Otherwise as `app.registry.issuance.operations.decide_issuance`.
    """
    if command.approve and allows(actor, Permission.DECIDE_ISSUANCE):
        await _require_one(pen, TwoPersonAct.ISSUANCE_APPROVAL)
    return await issuance.decide_issuance(pen, actor, command)


async def set_rule(pen: Pen, actor: Actor, command: SetRule) -> RuleValue:
    """
    Give a rule a value, where one person does so.

    Raises:
        TwoPeopleNeededError: this rule is set by two people.
        TooFewPeopleError, RuleMissingError: acts would take two people that nobody could do.
        NamedShorterError: what it names would end before its last day.
        Otherwise as `app.registry.programmes.operations.set_rule`.
    """
    require(actor, Permission.SET_RULES)
    if rules.of_rule(command.key, await find_acts(pen.connection, _today(pen))):
        raise TwoPeopleNeededError(act=TwoPersonAct.RULE_CHANGE.value)
    await programmes.describe_rule(pen, actor, command)
    await _check_possible(pen, command)
    return await programmes.set_rule(pen, actor, command)


async def add_user(pen: Pen, actor: Actor, command: AddUser) -> User:
    """
    Let a person sign in for a party.

    Raises:
        FirstRoleError: roles are changed by two people, and this one is more than a beginning.
        Otherwise as `app.registry.parties.operations.add_user`.
    """
    require(actor, Permission.MANAGE_USERS, owner_ids=(command.party_id,))
    if not command.roles <= rules.FIRST_ROLES and (
        TwoPersonAct.ROLE_CHANGE in await find_acts(pen.connection, _today(pen))
    ):
        raise FirstRoleError(allowed=", ".join(sorted(rules.FIRST_ROLES)))
    return await parties.add_user(pen, actor, command)


async def set_roles(pen: Pen, actor: Actor, command: SetRoles) -> User:
    """
    Grant and revoke roles of a user, where one person does so.

    Raises:
        TwoPeopleNeededError: roles are changed by two people.
        TooFewPeopleError: fewer than two could do an act that takes two.
        Otherwise as `app.registry.parties.operations.set_roles`.
    """
    require(actor, Permission.MANAGE_USERS)
    await _require_one(pen, TwoPersonAct.ROLE_CHANGE)
    await parties.find_changeable(pen, actor, command)
    await require_people(pen, user_id=command.user_id, roles=command.roles)
    return await parties.set_roles(pen, actor, command)


async def suspend_user(pen: Pen, actor: Actor, command: DecideOnUser) -> User:
    """
    Keep a user from acting until they are reinstated. One person does so: it may be urgent.

    Raises:
        TooFewPeopleError: fewer than two who bring people back would be left.
        Otherwise as `app.registry.parties.operations.suspend_user`.
    """
    require(actor, Permission.MANAGE_USERS)
    await require_people(pen, user_id=command.user_id, acts=rules.BRINGS_BACK)
    return await parties.suspend_user(pen, actor, command)


async def suspend_party(pen: Pen, actor: Actor, command: DecideOnParty) -> Party:
    """
    Let nobody act for a party until it is reinstated. One person does so: it may be urgent.

    Raises:
        TooFewPeopleError: fewer than two who bring people back would be left.
        Otherwise as `app.registry.parties.operations.suspend_party`.
    """
    require(actor, Permission.ADMIT_PARTY)
    await require_people(pen, party_id=command.party_id, acts=rules.BRINGS_BACK)
    return await parties.suspend_party(pen, actor, command)


async def close_party(pen: Pen, actor: Actor, command: DecideOnParty) -> Party:
    """
    Close a party for good.

    Raises:
        TooFewPeopleError: fewer than two could do an act that takes two.
        Otherwise as `app.registry.ledger.operations.close_owner`.
    """
    require(actor, Permission.ADMIT_PARTY)
    await require_people(pen, party_id=command.party_id)
    return await close_owner(pen, actor, command)


async def require_people(
    pen: Pen,
    *,
    user_id: str | None = None,
    party_id: str | None = None,
    roles: Collection[Role] = (),
    acts: Collection[TwoPersonAct] = tuple(TwoPersonAct),
) -> None:
    """
    Refuse what would leave fewer than two people for an act that takes two, or is to.

    Args:
        pen: of the act.
        user_id: who loses roles, or goes.
        party_id: whose people all go.
        roles: what the user keeps.
        acts: those that are asked after.

    Raises:
        TooFewPeopleError: it would.
    """
    today = _today(pen)
    named = rules.acts_from(await _values(pen.connection, RuleKey.TWO_PERSON_ACTS, today), today)
    for act in sorted(named.intersection(acts)):
        able = rules.roles_for(act)
        if not set(able) & set(roles):
            people = await list_officials(
                pen.connection,
                able,
                besides_user_id=user_id,
                besides_party_id=party_id,
                limit=rules.PEOPLE_MIN,
            )
            # Whoever could not do it anyway takes nobody away.
            everybody = await list_officials(pen.connection, able, limit=rules.PEOPLE_MIN + 1)
            if len(people) < rules.PEOPLE_MIN and len(people) < len(everybody):
                raise TooFewPeopleError(act=act.value)


# --------------------------------------------------------------------------------- by two


async def propose_act(pen: Pen, actor: Actor, command: ProposeAct) -> Order:
    """
    Propose an act, whether or not the rules of the day let one person do it.

    Raises:
        Whatever the act itself would be refused for now.
        OrderDocumentError, DocumentNotFoundError, RuleMissingError, ConfirmationNeededError,
            PersonNeededError: as `app.registry.orders.operations.propose_freeze`.
    """
    action = _ACTION_OF[type(command.command)]
    require(actor, PROPOSING[action])
    content = await _describe(pen, actor, command.command)
    about = About({"content": content}, content=canonical_bytes(content).decode())
    return await orders.propose(pen, actor, action, about, command.ground, kind=_PROPOSED[action])


async def approve_order(pen: Pen, actor: Actor, command: ApproveOrder) -> Order:
    """
    Approve an order of any kind, and carry it out.

    Raises:
        ContentChangedError: what it would do is not what was proposed any more.
        Whatever the act itself would be refused for now.
        Otherwise as `app.registry.orders.operations.approve_order`, and as
            `app.registry.compensation.operations.CARRIERS` says.
    """
    more = {**compensation.CARRIERS, **dict.fromkeys(_COMMAND_OF, _carry_out)}
    return await orders.approve_order(pen, actor, command, more)


async def _carry_out(pen: Pen, actor: Actor, order: Order) -> Order:
    assert order.content is not None
    command = _COMMAND_OF[order.action](json.loads(order.content))
    content = await _describe(pen, actor, command)
    if canonical_bytes(content).decode() != order.content:
        raise ContentChangedError
    # First the approval: the database asks for it when the act is written.
    given = await orders.give(pen, order, pen.next_index)
    said = facts_of(order)
    match command:
        case DecideIssuance():
            await issuance.decide_issuance(pen, actor, command, said=said)
        case SetRoles():
            await parties.set_roles(pen, actor, command, said=said)
        case SetRule():
            await programmes.set_rule(pen, actor, command, said=said)
    assert given.approved_index == pen.records[-1].log_index
    return given


async def _describe(pen: Pen, actor: Actor, command: Command) -> dict[str, object]:
    """Return all that an act is to do, or refuse what cannot be done now."""
    match command:
        case DecideIssuance():
            return await issuance.describe_issuance(pen, actor, command)
        case SetRoles():
            user = await parties.find_changeable(pen, actor, command)
            await require_people(pen, user_id=user.id, roles=command.roles)
            return {
                "user_id": user.id,
                "party_id": user.party_id,
                "roles": sorted(role.value for role in command.roles),
                "version": user.version,
            }
        case SetRule():
            told = await programmes.describe_rule(pen, actor, command)
            await _check_possible(pen, command)
            return told


def _issuance_of(content: dict[str, Any]) -> DecideIssuance:
    grounds = Grounds(
        date.fromisoformat(content["decided_on"]),
        content["decision_document_id"],
        content["meeting"],
    )
    return DecideIssuance(content["report_id"], approve=True, grounds=grounds)


def _roles_of(content: dict[str, Any]) -> SetRoles:
    return SetRoles(content["user_id"], frozenset(map(Role, content["roles"])), content["version"])


def _rule_of(content: dict[str, Any]) -> SetRule:
    until = content["valid_to"]
    return SetRule(
        programme_code=content["programme"],
        key=RuleKey(content["key"]),
        value=content["value"],
        valid_from=date.fromisoformat(content["valid_from"]),
        valid_to=None if until is None else date.fromisoformat(until),
        source=content["source"],
        is_default=content["is_default"],
    )


_ACTION_OF: Final[dict[type[Command], Action]] = {
    DecideIssuance: Action.ISSUANCE_APPROVAL,
    SetRoles: Action.ROLE_CHANGE,
    SetRule: Action.RULE_CHANGE,
}
_PROPOSED: Final = {
    Action.ISSUANCE_APPROVAL: "issuance.proposed",
    Action.ROLE_CHANGE: "roles.proposed",
    Action.RULE_CHANGE: "rule.proposed",
}
_COMMAND_OF: Final[dict[Action, Callable[[dict[str, Any]], Command]]] = {
    Action.ISSUANCE_APPROVAL: _issuance_of,
    Action.ROLE_CHANGE: _roles_of,
    Action.RULE_CHANGE: _rule_of,
}


async def _require_one(pen: Pen, act: TwoPersonAct) -> None:
    if act in await find_acts(pen.connection, _today(pen)):
        raise TwoPeopleNeededError(act=act.value)


async def find_acts(connection: AsyncConnection, on: date) -> frozenset[TwoPersonAct]:
    """Return the acts of the authority that take two people on a day (Bangkok), today or later."""
    return rules.acts_on(await _values(connection, RuleKey.TWO_PERSON_ACTS, on), on)


async def _values(connection: AsyncConnection, key: RuleKey, on: date) -> list[RuleValue]:
    """Return the values of every programme that count on a day or later, however many."""
    found: list[RuleValue] = []
    while True:
        page = await store.list_rules_unended(
            connection, key=key, on=on, after=found[-1].id if found else None, limit=_PAGE_ROWS
        )
        found += page
        if len(page) < _PAGE_ROWS:
            return found


async def _check_possible(pen: Pen, command: SetRule) -> None:
    """Refuse to name acts that nobody could do or propose, or for fewer days than is said."""
    if command.key is not RuleKey.TWO_PERSON_ACTS:
        return
    named = rules.acts_named(command.value)
    if not named:
        return
    for act in sorted(named):
        able = rules.roles_for(act)
        people = await list_officials(pen.connection, able, limit=rules.PEOPLE_MIN)
        if len(people) < rules.PEOPLE_MIN:
            raise TooFewPeopleError(act=act.value)
    today = _today(pen)
    hours = await _values(pen.connection, RuleKey.ORDER_HOURS, today)
    # A value without an end stays behind every later one: once there is one for good, it stays so.
    day = first_day_without(hours, today)
    if day is not None:
        raise RuleMissingError(key=RuleKey.ORDER_HOURS.value, programme=FOUNDER, on=day.isoformat())
    values = await _values(pen.connection, RuleKey.TWO_PERSON_ACTS, today)
    day = rules.first_day_less(values, command.value, command.valid_from, command.valid_to)
    if day is not None:
        raise NamedShorterError(on=day.isoformat())


def _today(pen: Pen) -> date:
    return bangkok_date(pen.now)
