"""
Rule 7 of the domain: over-issuance is made good by credits that end for it, linked to the faulty
issuance; and so is a reduction that was lost again (non-permanence).
"""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from app.kernel.clock import bangkok_date, now
from app.kernel.errors import RegistryError
from app.registry.activities.store import get_activity
from app.registry.compensation.rules import CaseState, StepKind
from app.registry.issuance import operations as issuance
from app.registry.issuance.operations import DecideIssuance
from app.registry.ledger import store as ledger
from app.registry.ledger.operations import Named
from app.registry.ledger.rules import BUFFER, CANCELLED, EntryKind
from app.registry.orders.operations import Ground
from app.registry.orders.rules import Action, CaseKind
from app.registry.parties.rules import Role
from app.registry.programmes.rules import RuleKey
from tests.builders.activities import an_official
from tests.builders.cases import BUFFERED, ISSUED, World, a_world
from tests.builders.issuance import a_decision, a_verified_report
from tests.builders.ledger import an_ending, named, oldest, party_of, retire
from tests.builders.parties import an_actor
from tests.builders.transfers import MONDAY, Watch, use_watch
from tests.conftest import Registry

SHA = "ab" * 32


async def code_of(act: Awaitable[object]) -> str:
    try:
        await act
    except RegistryError as refusal:
        return refusal.code
    return "done"


async def total(registry: Registry, account: int) -> int:
    async with registry.read() as connection:
        return await ledger.get_total(connection, account, size=2**40)


@pytest.fixture
async def world(registry: Registry) -> World:
    return await a_world(registry)


# ------------------------------------------------------------------------------ the whole way


async def test_a_case_is_made_good_step_by_step_and_closes_itself(
    registry: Registry, world: World
) -> None:
    """By deduction and replacement; each step names the case, and ends credits for good."""
    case = await world.open(30)
    assert (case.state, case.owed, case.issuance_id) == (CaseState.OPEN, 30, world.faulty.id)
    assert case.due_on == bangkok_date(now()) + timedelta(days=90)
    before = await total(registry, CANCELLED)
    deducted = await world.deduct(case, 12)
    replaced = await world.replace(case, 17)
    helped = await world.compensate(
        case,
        StepKind.REPLACEMENT,
        oldest(1, batch=world.other_batch),
        by=world.holder,
        out_of=world.elsewhere,
    )
    assert [(s.kind, s.credits, s.owed_after) for s in await world.steps(case)] == [
        (StepKind.DEDUCTION, 12, 18),
        (StepKind.REPLACEMENT, 17, 1),
        (StepKind.REPLACEMENT, 1, 0),
    ]
    case = await world.read(case.id)
    assert (case.state, case.owed) == (CaseState.CLOSED, 0)
    assert case.closed_by_act == helped.step.log_index
    assert await total(registry, CANCELLED) == before + 30
    async with registry.read() as connection:
        for done in (deducted, replaced, helped):
            ended = await ledger.find_ending(connection, done.step.log_index)
            assert ended is not None
            assert (ended.kind, ended.purpose_code) == (EntryKind.CANCELLED, "over_issuance")


async def test_the_leaf_of_each_step_names_case_and_debt(registry: Registry, world: World) -> None:
    case = await world.open(30, CaseKind.REVERSAL)
    done = [await world.deduct(case, 10), await world.replace(case, 5)]
    given = await world.take_from_buffer(case, 15)
    owner = await asyncpg.connect(registry.url)
    rows = await owner.fetch(
        "SELECT kind, convert_from(leaf, 'UTF8')::json -> 'data' ->> 'case' AS of,"
        " convert_from(leaf, 'UTF8')::json -> 'data' ->> 'owed' AS owed,"
        " convert_from(leaf, 'UTF8')::json -> 'data' ->> 'purpose' AS purpose"
        " FROM log_entries WHERE log_index = ANY($1) ORDER BY log_index",
        [*(d.step.log_index for d in done), given.approved_index],
    )
    await owner.close()
    assert [tuple(row) for row in rows] == [
        ("credits.deducted", case.id, "20", "reversal"),
        ("credits.replaced", case.id, "15", "reversal"),
        ("buffer.compensated", case.id, "0", "reversal"),
    ]


async def test_a_reversal_takes_from_the_buffer_by_two_officers(
    registry: Registry, world: World
) -> None:
    case = await world.open(50, CaseKind.REVERSAL)
    proposed = await world.propose_buffer(case, BUFFERED)
    assert await total(registry, BUFFER) == BUFFERED
    assert (await world.read(case.id)).owed == 50
    given = await world.approve(proposed)
    assert given.approved_index is not None
    assert await total(registry, BUFFER) == 0
    (step,) = await world.steps(case)
    assert (step.kind, step.order_id, step.log_index, step.owed_after) == (
        StepKind.BUFFER,
        proposed.id,
        given.approved_index,
        50 - BUFFERED,
    )


# ---------------------------------------------------------------------------------- opening


async def test_all_cases_of_an_issuance_claim_no_more_than_it_issued(world: World) -> None:
    """Also where both were proposed before either was approved, and where the first is closed."""
    assert await code_of(world.propose(ISSUED + 1)) == "case_over_issued"
    first, second = await world.propose(60), await world.propose(41)
    case = await world.approve(first)
    assert await code_of(world.approve(second)) == "case_over_issued"
    await world.deduct(await world.read(case.id), 60)
    assert await code_of(world.propose(41)) == "case_over_issued"
    assert (await world.open(40)).owed == 40
    assert await code_of(world.propose(1)) == "case_over_issued"


async def test_a_refused_issuance_owes_nothing(registry: Registry, world: World) -> None:
    async with registry.read() as connection:
        activity = await get_activity(connection, world.other.activity_id)
    report = await a_verified_report(registry, activity, tonnes={2023: "9"})
    approver = await an_official(registry, Role.APPROVER)
    command = DecideIssuance(report.id, approve=False, grounds=a_decision(), reason="Not so.")
    refused = await registry.do(
        approver, lambda pen: issuance.decide_issuance(pen, approver, command)
    )
    assert await code_of(world.propose(1, issuance_id=refused.id)) == "nothing_issued"
    unknown = "iss_" + "0" * 26
    assert await code_of(world.propose(1, issuance_id=unknown)) == "issuance_not_found"


async def test_two_officers_open_a_case(registry: Registry, world: World) -> None:
    """The proposer does not approve, nor does anybody approve what was not proposed, or twice."""
    authority = await party_of(registry, world.officers.officer)
    both = await an_actor(registry, authority, Role.OFFICER, Role.APPROVER)
    proposed = await world.propose(10, by=both)
    assert proposed.action is Action.CASE
    assert await code_of(world.approve(proposed, by=both)) == "own_order"
    assert await code_of(world.approve(proposed, by=world.officers.officer)) == "not_allowed"
    assert await code_of(world.approve(proposed, by=world.developer)) == "order_not_found"
    assert await code_of(world.approve(proposed, digest=SHA)) == "order_digest_differs"
    await world.approve(proposed)
    assert await code_of(world.approve(proposed)) == "order_given"
    for stranger in (world.developer, world.holder, world.officers.approver):
        assert await code_of(world.propose(10, by=stranger)) == "not_allowed"


@pytest.mark.parametrize("ground", [Ground("why"), Ground("why", "doc_x", SHA)])
async def test_a_case_rests_on_one_document(world: World, ground: Ground) -> None:
    assert await code_of(world.propose(10, ground=ground)) == "order_document"


async def test_an_order_lapses(registry: Registry, world: World) -> None:
    watch = Watch(MONDAY)
    use_watch(registry, watch)
    proposed = await world.propose(10)
    watch.wind(hours=48)
    assert await code_of(world.approve(proposed)) == "order_lapsed"


async def test_without_a_rule_no_case_is_proposed(registry: Registry, world: World) -> None:
    """A register that was founded before has to be told when cases are due."""
    owner = await asyncpg.connect(registry.url)
    await owner.execute("ALTER TABLE rule_values DISABLE TRIGGER ALL")
    kept = await owner.fetchval(
        "UPDATE rule_values SET valid_to = valid_from WHERE key = $1 RETURNING valid_from",
        RuleKey.COMPENSATION_DAYS.value,
    )
    assert kept is not None
    assert await code_of(world.propose(10)) == "rule_missing"
    await owner.execute(
        "UPDATE rule_values SET valid_to = NULL WHERE key = $1", RuleKey.COMPENSATION_DAYS.value
    )
    await owner.execute("ALTER TABLE rule_values ENABLE TRIGGER ALL")
    await owner.close()


# ------------------------------------------------------------------------------------ steps


async def test_no_step_makes_good_more_than_is_owed(world: World) -> None:
    case = await world.open(10, CaseKind.REVERSAL)
    for act in (world.deduct(case, 11), world.replace(case, 11), world.propose_buffer(case, 11)):
        assert await code_of(act) == "case_over_owed"
    late, much = await world.propose_buffer(case, 1), await world.propose_buffer(case, 6)
    await world.deduct(case, 5)
    assert await code_of(world.approve(much)) == "case_over_owed"
    await world.replace(case, 5)
    for act in (world.deduct(case, 1), world.replace(case, 1), world.propose_buffer(case, 1)):
        assert await code_of(act) == "case_closed"
    assert await code_of(world.approve(late)) == "case_closed"
    assert len(await world.steps(case)) == 2


async def test_a_deduction_is_of_the_issuance_and_of_its_developer(world: World) -> None:
    case = await world.open(20)
    own, other = world.batch, world.other_batch
    for choice in (oldest(1, batch=other), named((own, 11, 12), (other, 11, 12))):
        act = world.compensate(case, StepKind.DEDUCTION, choice)
        assert await code_of(act) == "not_deductible"
    # The same serials' neighbours, with somebody else, are not the developer's to give.
    act = world.compensate(
        case,
        StepKind.DEDUCTION,
        oldest(1, batch=own),
        by=world.holder,
        out_of=world.elsewhere,
    )
    assert await code_of(act) == "not_deductible"


async def test_a_replacement_is_not_of_the_issuance(world: World) -> None:
    case = await world.open(20)
    own, other = world.batch, world.other_batch
    for choice in (oldest(1, batch=own), named((own, 11, 12), (other, 11, 12))):
        act = world.compensate(case, StepKind.REPLACEMENT, choice)
        assert await code_of(act) == "not_replacing"


async def test_the_buffer_does_not_stand_for_over_issuance(
    registry: Registry, world: World
) -> None:
    case = await world.open(20)
    assert await code_of(world.propose_buffer(case, 1)) == "buffer_not_for_case"
    assert await total(registry, BUFFER) == BUFFERED


async def test_two_officers_take_from_the_buffer(world: World) -> None:
    case = await world.open(20, CaseKind.REVERSAL)
    for stranger in (world.developer, world.holder, world.officers.approver):
        assert await code_of(world.propose_buffer(case, 1, by=stranger)) == "not_allowed"
    proposed = await world.propose_buffer(case, 1)
    assert await code_of(world.approve(proposed, by=world.officers.officer)) == "not_allowed"
    much = await world.propose_buffer(await world.open(40, CaseKind.REVERSAL), BUFFERED + 1)
    assert await code_of(world.approve(much)) == "insufficient_credits"


async def test_only_who_may_move_credits_gives_them(world: World) -> None:
    case = await world.open(20)
    one = oldest(1, batch=world.other_batch)
    refusals = {
        "account_not_found": world.holder,  # may not know of the account
        "not_allowed": world.officers.officer,  # knows of it
    }
    for code, actor in refusals.items():
        assert await code_of(world.compensate(case, StepKind.REPLACEMENT, one, by=actor)) == code
    unclear = world.compensate(case, StepKind.REPLACEMENT, named())
    assert await code_of(unclear) == "choice_unclear"
    with pytest.raises(RegistryError) as refusal:
        await world.read("ord_" + "0" * 26)
    assert refusal.value.code == "case_not_found"


async def test_what_is_frozen_makes_nothing_good(world: World) -> None:
    case = await world.open(20)
    await world.officers.freeze(Named(batch_prefix=world.batch))
    assert await code_of(world.deduct(case, 1)) == "credits_frozen"
    await world.replace(case, 1)
    await world.officers.freeze_account(world.account)
    assert await code_of(world.replace(case, 1)) == "account_frozen"


# --------------------------------------------------------------------------- the database


async def test_the_database_keeps_what_the_rules_say(registry: Registry, world: World) -> None:
    """Whoever writes past the rules is refused by constraints and triggers."""
    case = await world.open(10, CaseKind.REVERSAL)
    await world.deduct(case, 4)
    waiting = await world.propose(5)
    step = (
        "INSERT INTO case_steps SELECT log_index + 1000, case_id, 'replacement', {}, NULL, now()"
        " FROM case_steps"
    )
    forged: list[tuple[str, str, list[Any]]] = [
        (step.format("1, 10, 9"), "case_steps_follow", []),
        (step.format("1, 5, 4"), "case_steps_follow", []),
        # What is owed is right, and the act is before the last step's.
        (step.format("1, 6, 5").replace("+ 1000", "- 1"), "case_steps_follow", []),
        (step.format("7, 6, -1"), "ck_case_steps_owed", []),
        (step.format("1, 6, 4"), "ck_case_steps_credits", []),
        (step.format("1, 6, 5"), "fk_case_steps_log_index", []),
        (step.format("1, 6, 5").replace("'replacement'", "'buffer'"), "buffer_follows_orders", []),
        (step.format("1, 6, 5").replace("'replacement'", "'gift'"), "ck_case_steps_kind", []),
        (
            (
                "INSERT INTO cases SELECT $1, issuance_id, kind, 5, due_on, opened_at, 77777"
                " FROM cases"
            ),
            "cases_follow_orders",
            [waiting.id],
        ),
        ("UPDATE cases SET credits = 1", "history_is_only_added_to", []),
        ("DELETE FROM case_steps", "history_is_only_added_to", []),
        ("TRUNCATE case_steps", "history_is_only_added_to", []),
    ]
    owner = await asyncpg.connect(registry.url)
    for statement, constraint, arguments in forged:
        with pytest.raises(asyncpg.PostgresError) as failure:
            await owner.execute(statement, *arguments)
        found = getattr(failure.value, "constraint_name", None)
        assert found == constraint, (statement, failure.value)
    await owner.close()


# Of a step, by which case's credits ended: what could be written of it and would not be so.
OTHERWISE = {
    "as it was": (),
    "more credits": ("UPDATE kept SET credits = credits + 1, owed_after = owed_after - 1",),
    "fewer credits": ("UPDATE kept SET credits = credits - 1, owed_after = owed_after + 1",),
    "of another kind": ("UPDATE kept SET kind = 'replacement'",),
    "for another case": ("UPDATE kept SET case_id = '{other}'",),
    "of another act": ("UPDATE kept SET log_index = {ended}",),
    "an ending for another purpose": (
        "ALTER TABLE endings DISABLE TRIGGER USER",
        "UPDATE endings SET purpose_code = 'event'",
    ),
    "an ending of another kind": (
        "ALTER TABLE endings DISABLE TRIGGER USER",
        "UPDATE endings SET kind = 4",
    ),
    "credits that are not the ending's": (
        "ALTER TABLE ledger_entries DISABLE TRIGGER USER",
        "UPDATE ledger_entries SET last_serial = last_serial - 1 WHERE kind = 5",
    ),
    "credits of somebody else": (
        "ALTER TABLE accounts DISABLE TRIGGER USER",
        (
            "UPDATE accounts SET owner_party_id = (SELECT owner_party_id FROM accounts"
            " WHERE id = {elsewhere}) WHERE id = {account}"
        ),
    ),
    "credits of another issuance": (
        "ALTER TABLE cases DISABLE TRIGGER USER",
        "UPDATE cases SET issuance_id = (SELECT max(id) FROM issuances)",
    ),
}


@pytest.mark.parametrize("otherwise", OTHERWISE)
async def test_a_step_is_what_its_act_did(registry: Registry, world: World, otherwise: str) -> None:
    """At the end of the commit the database holds each step to the act that it names."""
    case, other = await world.open(30), await world.open(30)
    done = await world.deduct(case, 4)
    ended = await retire(
        registry, world.developer, world.account, oldest(4), an_ending(EntryKind.CANCELLED)
    )
    places = {
        "other": other.id,
        "ended": ended.log_index,
        "elsewhere": world.elsewhere.id,
        "account": world.account.id,
    }
    owner = await asyncpg.connect(registry.url)
    attempt = owner.transaction()
    await attempt.start()
    for statement in (
        "ALTER TABLE case_steps DISABLE TRIGGER history_is_only_added_to",
        "CREATE TEMPORARY TABLE kept AS SELECT * FROM case_steps",
        "DELETE FROM case_steps",
        *OTHERWISE[otherwise],
    ):
        await owner.execute(statement.format(**places))
    assert await owner.execute("INSERT INTO case_steps SELECT * FROM kept") == "INSERT 0 1"
    found = None
    try:
        await owner.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except asyncpg.PostgresError as failure:
        found = getattr(failure, "constraint_name", None)
    await attempt.rollback()
    await owner.close()
    assert found == (None if otherwise == "as it was" else "case_steps_are_their_acts")
    assert [step.log_index for step in await world.steps(case)] == [done.step.log_index]


async def test_the_database_lets_no_case_claim_what_was_not_issued(
    registry: Registry, world: World
) -> None:
    """An order that was approved past the rules opens no case."""
    proposed, other = await world.propose(60), await world.propose(60)
    await world.approve(proposed)
    owner = await asyncpg.connect(registry.url)
    transaction = owner.transaction()
    await transaction.start()
    await owner.execute(
        "INSERT INTO order_approvals SELECT id, proposed_by, expires_at, $2, now(), 77777"
        " FROM orders WHERE id = $1",
        other.id,
        world.officers.approver.user_id,
    )
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as failure:
        await owner.execute(
            "INSERT INTO cases SELECT $1, issuance_id, kind, credits, due_on, opened_at, 77777"
            " FROM cases",
            other.id,
        )
    assert failure.value.constraint_name == "cases_within_issuance"
    await transaction.rollback()
    await owner.close()
