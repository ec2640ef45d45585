"""
The second wall behind acts of two people: what they approved is what is done, and nobody has roles
that no act gave them, whatever the service does.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.kernel import clock
from app.kernel.clock import bangkok_date
from app.kernel.db import constraint_of
from app.registry.issuance import operations as issuance
from app.registry.issuance.operations import DecideIssuance
from app.registry.ledger.rules import Mint
from app.registry.log.pen import Pen
from app.registry.orders import operations as orders
from app.registry.orders.rules import Order, facts_of
from app.registry.pairs import operations
from app.registry.pairs.operations import Command
from app.registry.parties import operations as parties
from app.registry.parties.operations import SetRoles
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Role
from app.registry.programmes import operations as programmes
from app.registry.programmes.operations import SetRule
from app.registry.programmes.rules import RuleKey
from tests.builders.activities import a_registered_activity
from tests.builders.issuance import a_decision, a_verified_report
from tests.builders.ledger import an_account
from tests.builders.pairs import ALL, two_of_each
from tests.builders.parties import a_developer, do
from tests.builders.rows import violates, writing
from tests.conftest import Registry

DONE: Any = {
    DecideIssuance: issuance.decide_issuance,
    SetRoles: parties.set_roles,
    SetRule: programmes.set_rule,
}
NOW = text("SET CONSTRAINTS ALL IMMEDIATE")


def carrying_out(monkeypatch: pytest.MonkeyPatch, other: Command) -> None:
    """Let the service approve what was proposed, and do something else."""

    async def wrongly(pen: Pen, actor: Actor, order: Order) -> Order:
        given = await orders.give(pen, order, pen.next_index)
        await DONE[type(other)](pen, actor, other, said=facts_of(order))
        return given

    monkeypatch.setattr(operations, "_carry_out", wrongly)


async def is_refused(act: Awaitable[object], constraint: str = "done_as_ordered") -> None:
    with pytest.raises(DBAPIError) as failure:
        await act
    assert constraint_of(failure.value) == constraint


def a_rule() -> SetRule:
    today = bangkok_date(clock.now())
    return SetRule(None, RuleKey.ORDER_HOURS, "12", today, None, "a test", is_default=True)


@pytest.mark.parametrize("named", [None, ALL])
@pytest.mark.parametrize(
    "changes",
    [
        {"value": "13"},
        {"key": RuleKey.REVERSAL_WINDOW_DAYS},
        {"programme_code": "CITY"},
        {"source": "another"},
        {"is_default": False},
        {"valid_to": bangkok_date(clock.now())},
    ],
)
async def test_no_other_value_is_set_than_two_approved(
    registry: Registry,
    monkeypatch: pytest.MonkeyPatch,
    named: str | None,
    changes: dict[str, Any],
) -> None:
    """Whether or not the rule of the day asks for two."""
    two = await two_of_each(registry, named)
    order = await two.propose(a_rule(), by=two.administrator)
    with monkeypatch.context() as patch:
        carrying_out(patch, replace(a_rule(), **changes))
        await is_refused(two.approve(order, by=two.second))
    await two.approve(order, by=two.second)


async def test_no_other_roles_are_given_than_two_approved(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = await two_of_each(registry, ALL)

    async def giving(whom: Actor, *roles: Role) -> SetRoles:
        return SetRoles(whom.user_id, frozenset(roles), (await two.user(whom)).version)

    order = await two.propose(await giving(two.auditor, Role.OFFICER), by=two.administrator)
    for other in (
        await giving(two.auditor, Role.OFFICER, Role.APPROVER),
        await giving(two.auditor, Role.ADMINISTRATOR),
        await giving(two.spare, Role.OFFICER),
    ):
        with monkeypatch.context() as patch:
            carrying_out(patch, other)
            await is_refused(two.approve(order, by=two.second))
    await two.approve(order, by=two.second)
    assert (await two.user(two.auditor)).roles == {Role.OFFICER}


async def test_nothing_else_is_issued_than_two_approved(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = await two_of_each(registry)
    owner = await a_developer(registry)
    activity = await a_registered_activity(registry, owner=owner)
    proposed = DecideIssuance(
        (await a_verified_report(registry, activity)).id, approve=True, grounds=a_decision()
    )
    elsewhere = await a_verified_report(registry, await a_registered_activity(registry))
    account = await an_account(registry, two.administrator, owner)
    await two.turn_on()
    order = await two.propose(proposed)
    for other in (
        replace(proposed, report_id=elsewhere.id),
        replace(proposed, grounds=replace(a_decision(), meeting="another")),
        replace(proposed, reason="And a remark."),
    ):
        with monkeypatch.context() as patch:
            carrying_out(patch, other)
            await is_refused(two.approve(order))
    for wrong in (
        lambda mint: replace(mint, owner_account_id=account.id),
        lambda mint: replace(mint, buffer_credits=mint.buffer_credits + 1),
        lambda mint: replace(mint, credits=mint.credits + 1),
    ):
        with monkeypatch.context() as patch:
            minting(patch, wrong)
            carrying_out(patch, proposed)
            await is_refused(two.approve(order))
    await two.approve(order)


def minting(monkeypatch: pytest.MonkeyPatch, wrong: Callable[[Mint], Mint]) -> None:
    """Let the service make other credits than it says that it decided on."""
    mints = issuance._mints

    async def wrongly(*asked: Any) -> list[Mint]:  # noqa: ANN401  passed on
        return [wrong(mint) for mint in await mints(*asked)]

    monkeypatch.setattr(issuance, "_mints", wrongly)


async def test_nobody_has_roles_that_no_act_gave(registry: Registry, database_url: str) -> None:
    """By the hand of the service's own role: a changed row, one with an event, and a new one."""
    two = await two_of_each(registry)
    asked = {"id": two.auditor.user_id}
    changed = text("UPDATE users SET roles = '{approver}' WHERE id = :id").bindparams(**asked)
    told = text(
        "INSERT INTO party_events SELECT size + 5, party_id, u.id, 'user.roles_set', u.id, NULL,"
        " now() FROM users u, log_head WHERE u.id = :id"
    ).bindparams(**asked)
    added = text(
        "INSERT INTO users SELECT 'usr_x', party_id, party_kind, 'x@example.com', 'X', roles,"
        " status, NULL, 1, now() FROM users WHERE id = :id"
    ).bindparams(**asked)
    for statements in ((changed,), (changed, told), (added,)):
        async with writing(database_url) as connection:
            for statement in statements:
                await connection.execute(statement)
            await violates(connection, NOW, "roles_follow_acts")
    async with writing(database_url) as connection:
        await connection.execute(
            text("UPDATE users SET version = version + 1, roles = roles WHERE id = :id"), asked
        )
        await connection.execute(NOW)


@pytest.mark.parametrize("moment", ["now()", "recorded_at - interval '1 year'"])
async def test_an_act_has_no_other_day_than_its_leaf(
    registry: Registry, database_url: str, moment: str
) -> None:
    """Or what takes two people would be done on a day on which it took one."""
    await two_of_each(registry)
    set_again = text(
        "INSERT INTO rule_values SELECT id || 'x', programme_code, key, value, unit, valid_from,"  # noqa: S608
        f" valid_to, source, is_default, set_by, {moment}, log_index FROM rule_values LIMIT 1"
    )
    async with writing(database_url) as connection:
        await connection.execute(set_again)
        await violates(connection, NOW, "done_when_recorded")


async def test_roles_are_changed_twice_in_one_commit(registry: Registry) -> None:
    """The row is held to the last of the acts."""
    two = await two_of_each(registry)
    version = (await two.user(two.auditor)).version
    acts = [
        SetRoles(two.auditor.user_id, frozenset({role}), version + number)
        for number, role in enumerate((Role.OFFICER, Role.APPROVER, Role.AUDITOR))
    ]
    await asyncio.gather(
        *(do(registry, two.administrator, operations.set_roles, act) for act in acts)
    )
    assert (await two.user(two.auditor)).roles == {Role.AUDITOR}
