"""
What an account sets for itself: transfers that wait for its word, and limits on what it sends.

Lower limits count at once, higher ones after the delay of the trusted list; either by one approver.
"""

from collections.abc import Awaitable
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy import text

from app.registry.ledger import operations as ledger
from app.registry.ledger import store as accounts
from app.registry.ledger.operations import Transfer
from app.registry.ledger.rules import TRANSIT, Account
from app.registry.ledger.terms import OwnTerms
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Role
from app.registry.parties.store import get_party
from app.registry.programmes.rules import ConfirmedAct, RuleKey
from app.registry.transfers import operations, store
from app.registry.transfers.rules import Hindrance, Proposal, State
from tests.builders.answers import code_of
from tests.builders.ledger import an_account, oldest
from tests.builders.parties import an_actor
from tests.builders.transfers import CREDITS, MONDAY, World, a_world, bangkok
from tests.conftest import Registry

SECOND = timedelta(seconds=1)
HOURS_72 = timedelta(hours=72)


async def receiving(world: World, role: Role = Role.HOLDER_APPROVER) -> Actor:
    """Return somebody else of the receiver's."""
    async with world.registry.read() as connection:
        party = await get_party(connection, world.receiver.party_id)
    return await an_actor(world.registry, party, role)


async def ask(world: World, by: Actor, account: Account | None = None) -> OwnTerms:
    goal = account or world.elsewhere
    return await world.registry.do(
        by, lambda pen: ledger.set_acceptance(pen, by, goal.id, asks=True)
    )


async def accept(world: World, proposal: Proposal, by: Actor, digest: str = "") -> Proposal:
    return await world.registry.do(
        by,
        lambda pen: operations.accept(
            pen, by, proposal_id=proposal.id, digest=digest or proposal.digest
        ),
    )


async def decline(world: World, proposal: Proposal, by: Actor) -> Proposal:
    return await world.registry.do(by, lambda pen: operations.decline(pen, by, proposal.id))


async def limit(
    world: World, one: int | None, day: int | None, by: Actor | None = None
) -> OwnTerms:
    actor = by or world.approver
    return await world.registry.do(
        actor,
        lambda pen: operations.set_limits(
            pen, actor, world.account.id, credits_max=one, credits_per_day_max=day
        ),
    )


def transfer(world: World, credits_sent: int, to: Account | None = None) -> Awaitable[object]:
    command = Transfer(world.account.id, (to or world.elsewhere).id, oldest(credits_sent))
    return world.registry.do(
        world.initiator,
        lambda pen: ledger.transfer(pen, world.initiator, command),
        touches=command.touches(),
    )


async def held(world: World) -> tuple[int, int, int]:
    async with world.registry.read() as connection:
        return (
            await accounts.get_total(connection, world.account.id, size=2**40),
            await accounts.get_total(connection, TRANSIT, size=2**40),
            await accounts.get_total(connection, world.elsewhere.id, size=2**40),
        )


async def due(world: World) -> list[str]:
    async with world.registry.read() as connection:
        return [one.proposal_id for one in await store.list_due(connection, world.watch(), limit=9)]


# ---------------------------------------------------------------------------- acceptance


async def test_a_transfer_waits_for_its_receivers_word(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once it is refused; approved, it is made when its time has come and it is accepted."""
    asked = store._LIST_DUE.text.replace("clock_timestamp()", "timestamptz '2040-01-01'")
    monkeypatch.setattr(store, "_LIST_DUE", text(asked))
    world = await a_world(registry)
    approver = await receiving(world)
    assert await code_of(transfer(world, 1)) == "done"
    await ask(world, approver)
    assert await code_of(transfer(world, 1)) == "acceptance_needed"
    early, late = await world.send(), await world.send()
    assert early.accept_until == MONDAY + HOURS_72
    assert await code_of(accept(world, early, approver, "0" * 64)) == "digest_differs"
    assert (await accept(world, early, approver)).accepted_by == approver.user_id
    assert early.executes_at is not None
    world.watch.shows = early.executes_at
    assert await due(world) == [early.id]
    assert await world.settle(late) is None
    delivered = await world.settle(early)
    assert delivered is not None
    assert (delivered.state, await held(world)) == (State.DELIVERED, (CREDITS - 21, 10, 11))
    world.watch.wind(hours=1)
    await accept(world, late, approver)
    assert await code_of(world.abort(late)) == "transfer_due"
    assert await due(world) == [late.id]
    await world.settle(late)
    assert await held(world) == (CREDITS - 21, 0, 21)
    assert await code_of(accept(world, late, approver)) == "acceptance_not_awaited"


async def test_even_a_trusted_transfer_in_working_hours_waits(registry: Registry) -> None:
    world = await a_world(registry)
    approver = await receiving(world)
    await world.trust(world.elsewhere)
    await ask(world, approver)
    world.watch.shows = bangkok(2032, 3, 8)
    scheduled = await world.send()
    assert (scheduled.state, scheduled.is_trusted) == (State.SCHEDULED, True)
    await accept(world, scheduled, approver)
    settled = await world.settle(scheduled)
    assert settled is not None
    assert settled.state is State.DELIVERED


async def test_what_is_declined_goes_back_at_once(registry: Registry) -> None:
    world = await a_world(registry)
    approver = await receiving(world)
    await ask(world, approver)
    scheduled = await world.send()
    declined = await decline(world, scheduled, approver)
    assert (declined.state, declined.reason) == (State.RETURNED, Hindrance.DECLINED)
    assert declined.ended_by == approver.user_id
    assert await held(world) == (CREDITS, 0, 0)
    assert await code_of(accept(world, scheduled, approver)) == "acceptance_not_awaited"


async def test_what_nobody_accepts_in_time_goes_back_to_the_second(registry: Registry) -> None:
    world = await a_world(registry)
    approver = await receiving(world)
    await ask(world, approver)
    proposal = await world.propose()
    world.watch.wind(hours=1)
    scheduled = await world.approve(proposal)
    until = scheduled.accept_until
    assert until == MONDAY + HOURS_72  # counted from the proposal
    world.watch.shows = until - SECOND
    assert await world.settle(scheduled) is None
    world.watch.shows = until
    assert await code_of(accept(world, scheduled, approver)) == "acceptance_late"
    assert await code_of(decline(world, scheduled, approver)) == "acceptance_late"
    returned = await world.settle(scheduled)
    assert returned is not None
    assert (returned.state, returned.reason) == (State.RETURNED, Hindrance.NOT_ACCEPTED)
    assert await held(world) == (CREDITS, 0, 0)


async def test_for_a_closed_account_nobody_accepts_and_it_goes_back(registry: Registry) -> None:
    world = await a_world(registry)
    approver = await receiving(world)
    await ask(world, approver)
    scheduled = await world.send()
    await registry.do(
        world.administrator,
        lambda pen: ledger.close_account(
            pen,
            world.administrator,
            world.elsewhere.id,
            expected_version=world.elsewhere.version,
        ),
    )
    assert await code_of(accept(world, scheduled, approver)) == "account_closed"
    assert await code_of(decline(world, scheduled, approver)) == "account_closed"
    world.watch.wind(days=3)
    returned = await world.settle(scheduled)
    assert returned is not None
    assert returned.reason is Hindrance.NOT_ACCEPTED


async def test_the_sender_takes_back_what_still_waits_for_a_word(registry: Registry) -> None:
    """Also when its moment is over: nothing is made before somebody accepts it."""
    world = await a_world(registry)
    await ask(world, await receiving(world))
    scheduled = await world.send()
    assert scheduled.executes_at is not None
    world.watch.shows = scheduled.executes_at + SECOND
    assert (await world.abort(scheduled)).state is State.ABORTED


async def test_who_was_demoted_before_it_was_accepted_has_sent_nothing(registry: Registry) -> None:
    world = await a_world(registry)
    approver = await receiving(world)
    await ask(world, approver)
    scheduled = await world.send()
    await world.set_roles(world.approver, Role.HOLDER_VIEWER)
    await accept(world, scheduled, approver)
    world.watch.wind(days=2)
    returned = await world.settle(scheduled)
    assert returned is not None
    assert returned.reason is Hindrance.APPROVER_NOT_ALLOWED


async def test_only_the_receivers_approver_gives_its_word_and_asks_for_it(
    registry: Registry,
) -> None:
    world = await a_world(registry)
    initiator = await receiving(world, Role.HOLDER_INITIATOR)
    approver = await receiving(world)
    assert await code_of(ask(world, initiator)) == "not_allowed"
    assert await code_of(ask(world, world.approver)) == "account_not_found"
    assert await code_of(ask(world, world.administrator)) == "not_allowed"
    await ask(world, approver)
    proposed = await world.propose()
    # What is not approved is nobody else's to know of.
    assert await code_of(accept(world, proposed, approver)) == "transfer_proposal_not_found"
    scheduled = await world.approve(proposed)
    for actor, code in (
        (initiator, "not_allowed"),
        (world.approver, "transfer_proposal_not_found"),
        (world.administrator, "transfer_proposal_not_found"),
    ):
        assert await code_of(accept(world, scheduled, actor)) == code
        assert await code_of(decline(world, scheduled, actor)) == code
    unasked = await world.send(to=await an_account(registry, world.administrator, world.receiver))
    assert await code_of(accept(world, unasked, approver)) == "acceptance_not_awaited"


async def test_accounts_of_one_owner_do_not_ask_each_other(registry: Registry) -> None:
    world = await a_world(registry)
    own = await an_account(registry, world.administrator, world.initiator)
    await ask(world, world.approver, own)
    assert await code_of(transfer(world, 1, own)) == "done"
    assert (await world.send(to=own)).state is State.DELIVERED


# -------------------------------------------------------------------------------- limits


async def test_a_lower_limit_counts_at_once_and_a_higher_one_days_later(
    registry: Registry,
) -> None:
    world = await a_world(registry)
    waiting = await world.propose(oldest(101))
    await limit(world, 100, None)
    assert await code_of(world.propose(oldest(101))) == "transfer_over_own_limit"
    assert await code_of(world.approve(waiting)) == "transfer_over_own_limit"
    assert await code_of(transfer(world, 101)) == "transfer_over_own_limit"
    assert await code_of(transfer(world, 100)) == "done"
    raised = await limit(world, 200, 50)  # one up, the other down
    noon = bangkok(2032, 3, 5)
    assert (raised.raised_from, raised.limits_at(world.watch())) == (noon, (100, 50))
    assert raised.limits_at(noon) == (200, 50)
    world.watch.shows = noon - SECOND
    assert await code_of(world.propose(oldest(101))) == "transfer_over_own_limit"
    world.watch.shows = noon
    assert await code_of(world.propose(oldest(200))) == "done"
    taken_back = await limit(world, 150, None)
    assert taken_back.limits_at(world.watch()) == (150, 50)
    assert (await limit(world, 150, 50)).raised_from is None


async def test_a_day_is_counted_by_proposals_to_other_owners(registry: Registry) -> None:
    """Trusted or not; what came back does not count, and another day begins at midnight."""
    world = await a_world(registry)
    own = await an_account(registry, world.administrator, world.initiator)
    await world.trust(world.elsewhere)
    world.watch.shows = bangkok(2032, 3, 8)
    await limit(world, None, 100)
    assert await code_of(transfer(world, 1)) == "own_day_limit"
    assert await code_of(transfer(world, 500, own)) == "done"
    assert (await world.send(oldest(300), to=own)).state is State.DELIVERED
    assert (await world.send(oldest(60))).is_trusted is True
    stranger = await an_account(registry, world.administrator, world.receiver)
    back = await world.send(oldest(40), to=stranger)
    one_more = await world.propose(oldest(1))
    assert await code_of(world.approve(one_more)) == "transfers_of_day_over_own_limit"
    await world.abort(back)
    assert await code_of(world.approve(one_more)) == "done"
    tomorrow = await world.propose(oldest(100))
    assert await code_of(world.approve(tomorrow)) == "transfers_of_day_over_own_limit"
    world.watch.shows = bangkok(2032, 3, 9, 0)
    assert await code_of(world.approve(tomorrow)) == "done"


@pytest.mark.parametrize("lowest", ["system", "programme", "account"])
async def test_of_all_limits_the_lowest_wins(registry: Registry, lowest: str) -> None:
    """For one transfer, to an account that is not trusted."""
    world = await a_world(registry)
    most = {name: 10 if name == lowest else 20 for name in ("system", "programme", "account")}
    programme = world.batch.split("-")[1]
    await world.set_rule(RuleKey.TRANSFER_CREDITS_MAX, str(most["system"]))
    key = RuleKey.TRANSFER_CREDITS_MAX
    await world.set_rule(key, str(most["programme"]), programme=programme)
    await limit(world, most["account"], None)
    assert await code_of(world.send(oldest(10))) == "done"
    code = "transfer_over_own_limit" if lowest == "account" else "transfer_over_limit"
    assert await code_of(world.send(oldest(11))) == code


async def test_only_an_approver_limits_and_raising_can_take_a_second_factor(
    registry: Registry,
) -> None:
    world = await a_world(registry)
    assert await code_of(limit(world, 1, 1, by=world.initiator)) == "not_allowed"
    assert await code_of(limit(world, 1, 1, by=world.receiver)) == "account_not_found"
    await world.set_rule(RuleKey.CONFIRMED_ACTS, ConfirmedAct.LIMIT_RAISING.value)
    assert await code_of(limit(world, 10, None)) == "done"
    assert await code_of(limit(world, 11, None)) == "confirmation_needed"
    world.watch.shows = bangkok(2034, 1, 5)  # whose holidays nobody has entered
    assert await code_of(limit(world, 9, 9)) == "done"
    assert await code_of(limit(world, 10, 9)) == "calendar_year_missing"


async def test_the_database_lets_no_limit_rise_early(registry: Registry) -> None:
    world = await a_world(registry)
    await limit(world, 100, 200)
    connection = await asyncpg.connect(registry.url)
    try:
        for change in (
            "credits_max = 101",
            "credits_per_day_max = NULL",
            "raised_credits_max = 900, raised_from = set_at",
        ):
            with pytest.raises(asyncpg.IntegrityConstraintViolationError) as wrong:
                await connection.execute(
                    f"UPDATE account_terms SET log_index = log_index + 1, {change}"  # noqa: S608
                )
            assert wrong.value.constraint_name == "limits_rise_late"
        for change in ("credits_max = 0", "raised_credits_max = 5"):
            with pytest.raises(asyncpg.CheckViolationError):
                await connection.execute(
                    f"UPDATE account_terms SET log_index = log_index + 1, {change}"  # noqa: S608
                )
    finally:
        await connection.close()
