"""
Acts that take two people: what is done is what was proposed, and there are always two who can.
"""

import json
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.kernel import clock
from app.kernel.clock import bangkok_date
from app.kernel.db import constraint_of
from app.registry.applications.rules.standing import PARTY_KINDS
from app.registry.erasure.operations import ErasePerson, erase_person
from app.registry.issuance import operations as issuance
from app.registry.issuance import store as issuances
from app.registry.issuance.operations import DecideIssuance
from app.registry.ledger.operations import Named
from app.registry.pairs import operations, rules
from app.registry.parties import operations as parties
from app.registry.parties.operations import (
    AddUser,
    AdmitParty,
    DecideOnParty,
    DecideOnUser,
    SetRoles,
)
from app.registry.parties.policy import Actor
from app.registry.parties.rules import ROLES_OF_KIND, PartyKind, Role
from app.registry.programmes import operations as programmes
from app.registry.programmes import store
from app.registry.programmes.operations import SetRule
from app.registry.programmes.rules import ConfirmedAct, RuleKey, TwoPersonAct
from tests.builders.activities import a_registered_activity
from tests.builders.answers import code_of
from tests.builders.issuance import a_decision, a_verified_report
from tests.builders.ledger import two_holders
from tests.builders.orders import Officers
from tests.builders.pairs import ALL, Two, two_of_each
from tests.builders.parties import a_user, actor_of, an_email, do, the_administrator
from tests.builders.reference import a_rule
from tests.builders.rows import violates, writing
from tests.builders.transfers import Watch, use_watch
from tests.conftest import Registry


def a_value(key: RuleKey, value: str, **changes: Any) -> SetRule:  # noqa: ANN401  fields by name
    command = SetRule(None, key, value, bangkok_date(clock.now()), None, "a test", is_default=True)
    return replace(command, **changes)


@asynccontextmanager
async def by_the_owner(registry: Registry, before: str, afterwards: str) -> AsyncIterator[None]:
    """Let rule values be for a while as they are where a register was founded long ago."""
    owner = await asyncpg.connect(registry.url)
    await owner.execute("ALTER TABLE rule_values DISABLE TRIGGER ALL")
    await owner.execute(before)
    await owner.execute("ALTER TABLE rule_values ENABLE TRIGGER ALL")
    yield
    await owner.execute("ALTER TABLE rule_values DISABLE TRIGGER ALL")
    await owner.execute(afterwards)
    await owner.execute("ALTER TABLE rule_values ENABLE TRIGGER ALL")
    await owner.close()


async def an_approval(registry: Registry) -> DecideIssuance:
    report = await a_verified_report(registry, await a_registered_activity(registry))
    return DecideIssuance(report.id, approve=True, grounds=a_decision())


async def roles_of(two: Two, whom: Actor, *roles: Role) -> SetRoles:
    return SetRoles(whom.user_id, frozenset(roles), (await two.user(whom)).version)


async def value_of(two: Two, key: RuleKey) -> str:
    async with two.registry.read() as connection:
        on = bangkok_date(clock.now())
        rule = await store.get_rule(connection, programme_code=None, key=key, on=on)
        return rule.value


# ----------------------------------------------------------------------------- by default


async def test_nothing_takes_two_people_before_somebody_has_named_it(registry: Registry) -> None:
    """As the register is founded, and as one is that was founded before the rule was."""
    two = await two_of_each(registry)
    assert await value_of(two, RuleKey.TWO_PERSON_ACTS) == "none"
    command = await an_approval(registry)
    assert (await do(registry, two.approver, operations.decide_issuance, command)).approved
    await do(registry, two.administrator, operations.set_rule, a_value(RuleKey.ORDER_HOURS, "9"))
    roles = await roles_of(two, two.auditor, Role.OFFICER)
    await do(registry, two.administrator, operations.set_roles, roles)


async def test_what_the_rule_does_not_name_can_still_be_done_by_two(registry: Registry) -> None:
    two = await two_of_each(registry)
    order = await two.approve(await two.propose(await an_approval(registry)))
    assert order.approved_by == two.other.user_id


# -------------------------------------------------------------------------------- by two


async def test_an_issuance_is_proposed_and_done_in_one_leaf(registry: Registry) -> None:
    """Alone it is refused; refusing to issue takes one; the act names order and digest."""
    two = await two_of_each(registry)
    command, other = await an_approval(registry), await an_approval(registry)
    await two.turn_on()
    alone = partial(do, registry, two.approver, operations.decide_issuance)
    assert await code_of(alone(command)) == "two_people_needed"
    order = await two.propose(command)
    done = await two.approve(order)
    assert done.approved_index is not None
    async with registry.read() as connection:
        issued = await issuances.find_issuance_of_report(connection, command.report_id)
        leaf = await connection.scalar(
            text("SELECT leaf FROM log_entries WHERE log_index = :index").bindparams(
                index=done.approved_index
            )
        )
    assert issued is not None
    assert issued.log_index == done.approved_index
    assert issued.decided_by == two.other.user_id
    assert f'"order":"{order.id}"'.encode() in leaf
    assert f'"digest":"{order.digest}"'.encode() in leaf
    refused = replace(other, approve=False, reason="The meter was wrong.")
    assert not (await alone(refused)).approved


async def test_roles_and_rules_are_changed_by_two(registry: Registry) -> None:
    two = await two_of_each(registry, ALL)
    command = await roles_of(two, two.auditor, Role.OFFICER)
    assert (
        await code_of(do(registry, two.administrator, operations.set_roles, command))
        == "two_people_needed"
    )
    await two.by_administrators(command)
    assert (await two.user(two.auditor)).roles == {Role.OFFICER}
    rule = a_value(RuleKey.ORDER_HOURS, "12")
    assert (
        await code_of(do(registry, two.administrator, operations.set_rule, rule))
        == "two_people_needed"
    )
    await two.by_administrators(rule)
    assert await value_of(two, RuleKey.ORDER_HOURS) == "12"


async def test_what_was_proposed_is_done_or_nothing(registry: Registry) -> None:
    """What an issuance carries in was issued differently since: it would be other credits."""
    two = await two_of_each(registry)
    await two.by_administrators(a_value(RuleKey.REMAINDER_CARRIED, "yes", programme_code="CITY"))
    activity = await a_registered_activity(registry)
    halves = ((date(2024, 1, 1), date(2024, 6, 30)), (date(2024, 7, 1), date(2024, 12, 31)))
    first, second = [
        DecideIssuance(
            (await a_verified_report(registry, activity, tonnes={2024: "10.6"}, period=half)).id,
            approve=True,
            grounds=a_decision(),
        )
        for half in halves
    ]
    await two.turn_on()
    waiting = await two.propose(first)
    await two.approve(await two.propose(second))
    assert await code_of(two.approve(waiting)) == "order_content_changed"
    assert await code_of(two.propose(second)) == "issuance_already_decided"
    done = await two.approve(await two.propose(first))
    assert done.content is not None
    assert '"credits":11' in done.content


async def test_a_user_who_was_changed_since_is_left_alone(registry: Registry) -> None:
    two = await two_of_each(registry, ALL)
    waiting = await two.propose(
        await roles_of(two, two.auditor, Role.APPROVER), by=two.administrator
    )
    await two.by_administrators(await roles_of(two, two.auditor, Role.OFFICER))
    assert await code_of(two.approve(waiting, by=two.second)) == "party_stale"
    assert (await two.user(two.auditor)).roles == {Role.OFFICER}


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    roles=st.sets(
        st.sampled_from([Role.OFFICER, Role.APPROVER, Role.ADMINISTRATOR, Role.AUDITOR]), min_size=1
    ),
    hours=st.integers(1, 2_400),
    source=st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1),
    ahead=st.integers(0, 40_000),
)
async def test_whatever_is_proposed_is_what_is_done(
    registry: Registry, roles: set[Role], hours: int, source: str, ahead: int
) -> None:
    """Any roles, any words: the rows are what was asked for; `check` holds them to the content."""
    two = await two_of_each(registry)
    asked = a_value(
        RuleKey.ORDER_HOURS,
        str(hours),
        programme_code="LESS",
        valid_from=bangkok_date(clock.now()) + timedelta(days=ahead),
        source=source,
    )
    done = await two.by_administrators(asked)
    async with registry.read() as connection:
        kept = await store.list_rule_history(connection, programme_code="LESS", limit=1)
    assert kept[0].log_index == done.approved_index
    for name in ("programme_code", "key", "value", "valid_from", "valid_to", "source"):
        assert getattr(kept[0], name) == getattr(asked, name)
    await two.by_administrators(await roles_of(two, two.auditor, *roles))
    assert (await two.user(two.auditor)).roles == roles


# --------------------------------------------------------------------- always two who can


async def test_it_is_not_turned_on_where_fewer_than_two_could_act(registry: Registry) -> None:
    administrator = await the_administrator(registry)
    for act in TwoPersonAct:
        rule = a_value(RuleKey.TWO_PERSON_ACTS, act.value)
        turning = do(registry, administrator, operations.set_rule, rule)
        code = await code_of(turning)
        assert code == "too_few_people", act
    two = await two_of_each(registry)
    await do(
        registry, two.administrator, operations.set_rule, a_value(RuleKey.TWO_PERSON_ACTS, ALL)
    )


async def test_it_is_not_turned_on_where_orders_will_have_no_time(registry: Registry) -> None:
    """The time that orders may wait must have a value for good."""
    two = await two_of_each(registry)
    tomorrow = bangkok_date(clock.now()) + timedelta(days=1)
    setting = partial(do, registry, two.administrator, operations.set_rule)
    await setting(a_value(RuleKey.ORDER_HOURS, "9", valid_to=tomorrow))
    on = a_value(RuleKey.TWO_PERSON_ACTS, ALL)
    hidden = "UPDATE rule_values SET valid_to = {} WHERE key = 'order_hours' AND value = '48'"
    async with by_the_owner(registry, hidden.format("valid_from"), hidden.format("NULL")):
        later = tomorrow + timedelta(days=1)
        for first_day in (on.valid_from, later, later + timedelta(days=9)):
            turning = setting(replace(on, valid_from=first_day))
            assert await code_of(turning) == "rule_missing"
        with pytest.raises(DBAPIError) as failure:
            await do(registry, two.administrator, programmes.set_rule, on)
        assert constraint_of(failure.value) == "two_people_last"
    # What the register was founded with has no end, and stays behind the other.
    await setting(on)


async def test_nobody_goes_who_is_one_of_two(registry: Registry) -> None:
    """By erasure or other roles, today or before the rule's first day."""
    tomorrow = bangkok_date(clock.now()) + timedelta(days=1)
    two = await two_of_each(registry)
    await do(
        registry,
        two.administrator,
        operations.set_rule,
        a_value(RuleKey.TWO_PERSON_ACTS, "issuance_approval", valid_from=tomorrow),
    )
    await two.suspend(two.spare)
    leave = await roles_of(two, two.other, Role.AUDITOR)
    change = do(registry, two.administrator, operations.set_roles, leave)
    assert await code_of(change) == "two_people_needed"
    assert await code_of(two.by_administrators(leave)) == "too_few_people"
    for whom in (two.other, two.second):
        forget = do(registry, two.administrator, erase_person, ErasePerson(user_id=whom.user_id))
        assert await code_of(forget) == "too_few_people"
    await two.by_administrators(await roles_of(two, two.other, Role.APPROVER, Role.OFFICER))
    await two.suspend(two.auditor)


async def test_whoever_can_be_brought_back_by_one_is_suspended(registry: Registry) -> None:
    """All approvers, since an administrator reinstates; never of two administrators one."""
    two = await two_of_each(registry, "issuance_approval")
    for approver in (two.spare, two.other, two.approver):
        await two.suspend(approver)
    assert await code_of(two.suspend(two.second)) == "too_few_people"
    back = DecideOnUser(two.spare.user_id, "Back.")
    await do(registry, two.second, parties.reinstate_user, back)
    await two.suspend(two.second)
    assert await code_of(two.suspend(two.administrator)) == "too_few_people"
    # Nobody is taken away who could not do it anyway.
    await do(registry, two.administrator, erase_person, ErasePerson(user_id=two.other.user_id))


async def test_no_party_goes_without_which_fewer_than_two_are_left(registry: Registry) -> None:
    """Suspended while two administrators are left, closed while two are for every act."""
    two = await two_of_each(registry, "issuance_approval")
    first = two.administrator.party_id
    kind = AdmitParty(PartyKind.AUTHORITY, "สาขา", "Branch")
    branch = await do(registry, two.administrator, parties.admit_party, kind)

    async def another(*roles: Role) -> Actor:
        user = await a_user(registry, two.administrator, branch.id, Role.AUDITOR)
        await two.by_administrators(SetRoles(user.id, frozenset(roles), user.version))
        return actor_of(replace(user, roles=frozenset(roles)))

    deciding = DecideOnParty(first, "Moved.")
    here = await another(Role.ADMINISTRATOR, Role.APPROVER)
    suspend = partial(do, registry, here, operations.suspend_party)
    close = partial(do, registry, here, operations.close_party)
    assert await code_of(suspend(deciding)) == "too_few_people"
    assert await code_of(close(deciding)) == "too_few_people"
    await another(Role.ADMINISTRATOR)
    assert await code_of(close(deciding)) == "too_few_people"
    await suspend(deciding)
    await do(registry, here, parties.reinstate_party, deciding)
    await another(Role.APPROVER)
    outsider = replace(here, roles=frozenset({Role.AUDITOR}))
    for act in (operations.suspend_party, operations.close_party):
        assert await code_of(do(registry, outsider, act, deciding)) == "not_allowed"
    await close(deciding)


async def test_two_people_do_not_leave_one(registry: Registry) -> None:
    """An order is refused what one person is, when it is proposed and when it is approved."""
    two = await two_of_each(registry, ALL)
    leaving = await two.propose(await roles_of(two, two.spare, Role.AUDITOR), by=two.administrator)
    other = await roles_of(two, two.other, Role.AUDITOR)
    waiting = await two.propose(other, by=two.administrator)
    await two.approve(leaving, by=two.second)
    assert await code_of(two.propose(other, by=two.administrator)) == "too_few_people"
    assert await code_of(two.approve(waiting, by=two.second)) == "too_few_people"


@pytest.mark.parametrize("named", [*TwoPersonAct])
async def test_what_takes_two_is_turned_off_by_two(registry: Registry, named: TwoPersonAct) -> None:
    """Whichever act it names, the rule protects itself; off, one person does everything again."""
    two = await two_of_each(registry, named.value)
    off = a_value(RuleKey.TWO_PERSON_ACTS, "none")
    alone = partial(do, registry, two.administrator, operations.set_rule)
    assert await code_of(alone(off)) == "two_people_needed"
    later = replace(off, valid_from=off.valid_from + timedelta(days=30))
    window = replace(later, valid_to=later.valid_from)
    for one in (later, window, replace(off, valid_to=off.valid_from)):
        assert await code_of(alone(one)) == "two_people_needed"
    roles = await roles_of(two, two.auditor, Role.OFFICER)
    giving = do(registry, two.administrator, operations.set_roles, roles)
    assert await code_of(giving) == "two_people_needed"
    by_one = "two_people_needed" if named is TwoPersonAct.RULE_CHANGE else "done"
    assert await code_of(alone(a_value(RuleKey.ORDER_HOURS, "47"))) == by_one
    await two.by_administrators(off)
    await alone(a_value(RuleKey.ORDER_HOURS, "46"))
    await do(
        registry,
        two.administrator,
        operations.set_roles,
        await roles_of(two, two.auditor, Role.OFFICER),
    )


async def test_it_holds_from_the_day_that_it_is_set(registry: Registry) -> None:
    """For roles and for itself; what else it names is done by one until its first day."""
    two = await two_of_each(registry)
    approval = await an_approval(registry)
    alone = partial(do, registry, two.administrator, operations.set_rule)
    on = a_value(RuleKey.TWO_PERSON_ACTS, ALL)
    first_day = on.valid_from + timedelta(days=7)
    await alone(replace(on, valid_from=first_day))
    off = replace(on, value="none")
    for one in (
        off,
        replace(off, valid_from=first_day),
        replace(off, valid_from=first_day + timedelta(days=1)),
        replace(off, valid_from=first_day, valid_to=first_day),
        replace(on, valid_to=on.valid_from),
    ):
        assert await code_of(alone(one)) == "two_people_needed"
        with pytest.raises(DBAPIError) as failure:
            await do(registry, two.administrator, programmes.set_rule, one)
        assert constraint_of(failure.value) == "two_people_decide"
    roles = await roles_of(two, two.auditor, Role.OFFICER)
    giving = do(registry, two.administrator, operations.set_roles, roles)
    assert await code_of(giving) == "two_people_needed"
    with pytest.raises(DBAPIError):
        await do(registry, two.administrator, parties.set_roles, roles)
    await alone(a_value(RuleKey.ORDER_HOURS, "47"))
    await do(registry, two.approver, operations.decide_issuance, approval)
    await two.by_administrators(replace(off, valid_from=first_day))
    await do(registry, two.administrator, operations.set_roles, roles)


async def test_what_comes_back_after_a_window_counts_in_it(registry: Registry) -> None:
    """While two let one person act for a week, that person does not make it for good."""
    two = await two_of_each(registry, ALL)
    off = a_value(RuleKey.TWO_PERSON_ACTS, "none")
    week = replace(off, valid_to=off.valid_from + timedelta(days=6))
    await two.by_administrators(week)
    alone = partial(do, registry, two.administrator, operations.set_rule)
    await alone(a_value(RuleKey.ORDER_HOURS, "47"))
    for one in (off, replace(off, valid_from=off.valid_from + timedelta(days=7))):
        assert await code_of(alone(one)) == "two_people_needed"
    giving = do(
        registry,
        two.administrator,
        operations.set_roles,
        await roles_of(two, two.auditor, Role.OFFICER),
    )
    assert await code_of(giving) == "two_people_needed"


async def test_when_it_has_ended_one_person_does_everything_again(registry: Registry) -> None:
    """The value that was in force before stays behind, but never comes back."""
    two = await two_of_each(registry, ALL)
    off = a_value(RuleKey.TWO_PERSON_ACTS, "none")
    await two.by_administrators(replace(off, valid_from=off.valid_from + timedelta(days=2)))
    watch = Watch(clock.now() + timedelta(days=1))
    use_watch(registry, watch)
    alone = partial(do, registry, two.administrator, operations.set_roles)
    roles = await roles_of(two, two.auditor, Role.OFFICER)
    assert await code_of(alone(roles)) == "two_people_needed"
    watch.wind(hours=24)
    await alone(roles)


async def test_nothing_that_was_set_before_ends_it_early(registry: Registry) -> None:
    """Before anything takes two, one person can set a later end: whoever turns it on is told."""
    two = await two_of_each(registry)
    alone = partial(do, registry, two.administrator, operations.set_rule)
    on = a_value(RuleKey.TWO_PERSON_ACTS, ALL)
    month = on.valid_from + timedelta(days=30)
    await alone(replace(on, value="none", valid_from=month))
    for value in (ALL, "issuance_approval"):
        for last_day in (None, month):
            early = replace(on, value=value, valid_to=last_day)
            assert await code_of(alone(early)) == "named_shorter"
            with pytest.raises(DBAPIError) as failure:
                await do(registry, two.administrator, programmes.set_rule, early)
            assert constraint_of(failure.value) == "two_people_last"
    await alone(replace(on, valid_from=month))
    await two.by_administrators(on)


@pytest.mark.parametrize("named", [*TwoPersonAct])
async def test_a_new_user_begins_with_a_role_that_decides_nothing(
    registry: Registry, named: TwoPersonAct
) -> None:
    """Whichever act it names: else whoever adds users would make the second person."""
    two = await two_of_each(registry, named.value)

    def adding(*roles: Role) -> Awaitable[object]:
        party = two.administrator.party_id
        command = AddUser(party, an_email(), "มะลิ ใจดี", frozenset(roles))
        return do(registry, two.administrator, operations.add_user, command)

    for role in (Role.OFFICER, Role.APPROVER, Role.ADMINISTRATOR):
        assert await code_of(adding(role)) == "first_role"
        assert await code_of(adding(Role.AUDITOR, role)) == "first_role"
    assert await code_of(adding(Role.AUDITOR)) == "done"
    deciding = {role for role in Role if role not in rules.FIRST_ROLES}
    assert {role for act in TwoPersonAct for role in rules.roles_for(act)} <= deciding


def test_no_application_brings_people_who_decide() -> None:
    """Of an approved application come users too, whatever the rule names: never of TGO."""
    kinds = {kind for kinds in PARTY_KINDS.values() for kind in kinds}
    given = set().union(*(ROLES_OF_KIND[kind] for kind in kinds))
    assert not given & {role for act in TwoPersonAct for role in rules.roles_for(act)}


# ------------------------------------------------------------------------ the second wall


async def test_the_database_holds_it_too(registry: Registry) -> None:
    """Whoever goes past the ways in is refused by it, for every act, and for the rule itself."""
    two = await two_of_each(registry)
    by, rule = two.administrator, a_value(RuleKey.ORDER_HOURS, "12")
    approval = await an_approval(registry)
    await two.turn_on()
    roles = await roles_of(two, two.auditor, Role.OFFICER)
    for act in (
        do(registry, two.approver, issuance.decide_issuance, approval),
        do(registry, by, programmes.set_rule, rule),
        do(registry, by, parties.set_roles, roles),
    ):
        with pytest.raises(DBAPIError) as failure:
            await act
        assert constraint_of(failure.value) == "two_people_decide"
    await two.by_administrators(a_value(RuleKey.TWO_PERSON_ACTS, "issuance_approval"))
    await do(registry, by, programmes.set_rule, rule)
    for act in (
        do(registry, by, programmes.set_rule, a_value(RuleKey.TWO_PERSON_ACTS, "none")),
        do(registry, by, parties.set_roles, roles),
    ):
        with pytest.raises(DBAPIError) as failure:
            await act
        assert constraint_of(failure.value) == "two_people_decide"


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"action": "role_change"}, "ck_orders_about"),
        ({"action": "rule_change", "account_id": None}, "ck_orders_content"),
        ({"content": "{}"}, "ck_orders_content"),
        ({"action": "erasure", "content": "{}", "account_id": None}, "ck_orders_action"),
    ],
)
async def test_an_order_has_a_content_or_another_thing(
    registry: Registry, database_url: str, changes: dict[str, object], constraint: str
) -> None:
    holders = await two_holders(registry)
    officers = Officers(registry, holders.officer, holders.approver)
    await officers.propose_freeze(Named(holders.account.id))
    row = {"id": "ord_x", "log_index": 99_999, **changes}
    copied = text(
        "INSERT INTO orders SELECT (jsonb_populate_record(o, CAST(:row AS jsonb))).* FROM orders o"
    ).bindparams(row=json.dumps(row))
    async with writing(database_url) as connection:
        await violates(connection, copied, constraint)


async def test_a_confirmed_issuance_is_confirmed_where_two_do_it(registry: Registry) -> None:
    """The rule names the approval by one; that of an order is asked for a factor for it too."""
    two = await two_of_each(registry)
    approval = await an_approval(registry)
    await two.turn_on("issuance_approval")
    await a_rule(
        registry, RuleKey.CONFIRMED_ACTS, ConfirmedAct.ISSUANCE_APPROVAL, programme_code=None
    )
    order = await two.propose(approval)
    assert await code_of(two.approve(order)) == "confirmation_needed"
