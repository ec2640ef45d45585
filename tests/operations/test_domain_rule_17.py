"""
Rule 17 of the domain: initiator is not approver; an out-of-band code of at most 24 hours, bound to
the transaction; recipient acceptance; expiry; working-hours window; a trusted list with activation
after 4 working days and immediate removal; caps, of which the lowest wins; abort until execution.
"""

from datetime import timedelta

import pytest

from app.kernel.ids import new_id
from app.registry.ledger import operations as ledger
from app.registry.ledger.operations import Transfer
from app.registry.ledger.rules import Account
from app.registry.ledger.terms import Terms
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Role
from app.registry.parties.store import get_party
from app.registry.programmes.rules import ConfirmedAct, RuleKey, digest_to_confirm
from app.registry.signin import store as signin
from app.registry.signin.rules import CONFIRMATION_LIFETIME
from app.registry.transfers import operations
from app.registry.transfers.rules import Hindrance, State
from tests.builders.answers import code_of
from tests.builders.ledger import an_account, oldest
from tests.builders.parties import an_actor
from tests.builders.transfers import AFTER, EVE, MONDAY, World, a_world, bangkok
from tests.conftest import Registry

SECOND = timedelta(seconds=1)


async def at_once(world: World, *, hours: tuple[int, int] = (10, 16)) -> str:
    """Transfer one credit alone, on the terms of the day; returns the code."""
    day = world.watch()
    opens, closes = (bangkok(day.year, day.month, day.day, hour) for hour in hours)
    command = Transfer(world.account.id, world.elsewhere.id, oldest(1), Terms(opens, closes))
    return await code_of(
        world.registry.do(
            world.initiator,
            lambda pen: ledger.transfer(pen, world.initiator, command),
            touches=command.touches(),
        )
    )


async def the_other_side(world: World) -> Actor:
    async with world.registry.read() as connection:
        party = await get_party(connection, world.receiver.party_id)
    return await an_actor(world.registry, party, Role.HOLDER_APPROVER)


async def limit_itself(world: World, account: Account, most: int) -> None:
    await world.registry.do(
        world.approver,
        lambda pen: operations.set_limits(
            pen, world.approver, account.id, credits_max=most, credits_per_day_max=None
        ),
    )


async def test_the_initiator_is_not_the_approver(registry: Registry) -> None:
    world = await a_world(registry)
    proposal = await world.propose(by=world.both)
    assert await code_of(world.approve(proposal, by=world.both)) == "own_proposal"
    assert await code_of(world.approve(proposal)) == "done"


async def test_a_code_is_bound_to_the_transaction_and_short_lived(registry: Registry) -> None:
    """Out of band: what the authenticator shows. Of another transfer it approves nothing."""
    assert timedelta(hours=24) >= CONFIRMATION_LIFETIME
    world = await a_world(registry)
    await world.set_rule(RuleKey.CONFIRMED_ACTS, ConfirmedAct.TRANSFER_APPROVAL.value)
    proposal, other = await world.propose(oldest(1)), await world.propose(oldest(2))
    async with registry.engine.begin() as connection:
        await signin.insert_confirmation(
            connection,
            new_id("cnf"),
            user_id=world.approver.user_id,
            digest=digest_to_confirm(
                ConfirmedAct.TRANSFER_APPROVAL,
                {"proposal": proposal.id, "digest": proposal.digest},
            ),
            now=world.watch(),
            expires_at=world.watch() + CONFIRMATION_LIFETIME,
        )
    assert await code_of(world.approve(other)) == "confirmation_needed"
    assert await code_of(world.approve(proposal)) == "done"


async def test_the_recipient_accepts_where_it_asks_to(registry: Registry) -> None:
    world = await a_world(registry)
    theirs = await the_other_side(world)
    await registry.do(
        theirs,
        lambda pen: ledger.set_acceptance(pen, theirs, world.elsewhere.id, asks=True),
    )
    accepted, ignored = await world.send(), await world.send()
    await registry.do(
        theirs,
        lambda pen: operations.accept(pen, theirs, proposal_id=accepted.id, digest=accepted.digest),
    )
    assert ignored.accept_until == MONDAY + timedelta(hours=72)
    world.watch.shows = ignored.accept_until
    delivered, returned = await world.settle(accepted), await world.settle(ignored)
    assert delivered is not None
    assert returned is not None
    assert delivered.state is State.DELIVERED
    assert returned.reason is Hindrance.NOT_ACCEPTED


async def test_a_proposal_expires(registry: Registry) -> None:
    world = await a_world(registry)
    first, second = await world.propose(), await world.propose()
    world.watch.shows = MONDAY + timedelta(hours=48) - SECOND
    assert await code_of(world.approve(first)) == "done"
    world.watch.wind(seconds=1)
    assert await code_of(world.approve(second)) == "transfer_proposal_lapsed"


async def test_a_stranger_waits_for_a_working_noon_and_a_friend_for_working_hours(
    registry: Registry,
) -> None:
    """On the eve of Songkran: ten days for either, to the minute."""
    world = await a_world(registry, at=EVE - timedelta(days=9))
    await world.trust(world.elsewhere)
    world.watch.shows = EVE + timedelta(minutes=30)  # 16:00 sharp: the hours are over
    assert await at_once(world) == "outside_hours"
    trusted = await world.send()
    assert trusted.executes_at == bangkok(2032, 4, 19, 10)
    unknown = await an_account(registry, world.administrator, world.receiver)
    stranger = await world.propose(to=unknown)
    assert (await world.approve(stranger)).executes_at == AFTER
    world.watch.shows = bangkok(2032, 4, 19, 10)
    assert await at_once(world) == "done"


async def test_trust_counts_after_four_working_days_and_ends_at_once(registry: Registry) -> None:
    """Approved on the Thursday before Songkran: Friday, and three days after it."""
    world = await a_world(registry, at=bangkok(2032, 4, 8, 11))
    entry = await world.trust(world.elsewhere)
    counts = bangkok(2032, 4, 21, 12)
    world.watch.shows = counts - SECOND
    assert await at_once(world) == "second_person_needed"
    world.watch.shows = counts
    assert await at_once(world) == "done"
    await registry.do(
        world.initiator,
        lambda pen: ledger.remove_trust(pen, world.initiator, world.account.id, entry),
    )
    assert await at_once(world) == "second_person_needed"


@pytest.mark.parametrize("lowest", ["system", "programme", "account"])
async def test_of_the_caps_the_lowest_wins(registry: Registry, lowest: str) -> None:
    world = await a_world(registry)
    caps = {name: 10 if name == lowest else 20 for name in ("system", "programme", "account")}
    key = RuleKey.TRANSFER_CREDITS_MAX
    await world.set_rule(key, str(caps["system"]))
    await world.set_rule(key, str(caps["programme"]), programme=world.batch.split("-")[1])
    await limit_itself(world, world.account, caps["account"])
    assert await code_of(world.send(oldest(10))) == "done"
    over = await code_of(world.send(oldest(11)))
    assert over == ("transfer_over_own_limit" if lowest == "account" else "transfer_over_limit")


async def test_either_aborts_until_the_moment_of_execution(registry: Registry) -> None:
    world = await a_world(registry)
    one, two, three = await world.send(), await world.send(), await world.send()
    assert one.executes_at is not None
    world.watch.shows = one.executes_at - SECOND
    assert (await world.abort(one, by=world.initiator)).state is State.ABORTED
    assert (await world.abort(two, by=world.approver)).state is State.ABORTED
    world.watch.wind(seconds=1)
    assert await code_of(world.abort(three)) == "transfer_due"
