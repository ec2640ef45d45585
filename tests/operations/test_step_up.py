"""
Fresh second factors: for exactly one content, once, in time, by a person; given back where the act
is refused, and asked for only where the dated rule names the act.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial

import pytest

from app.kernel.db import noting
from app.kernel.ids import new_id
from app.registry.ledger.operations import Named
from app.registry.ledger.terms import TrustedAccount
from app.registry.orders.rules import Order
from app.registry.parties.policy import Actor
from app.registry.programmes.refusals import RuleValueUnreadableError
from app.registry.programmes.rules import ConfirmedAct, RuleKey, check_value, digest_to_confirm
from app.registry.signin import store
from app.registry.signin.rules import CONFIRMATION_LIFETIME
from app.registry.transfers import operations
from app.registry.transfers.rules import Proposal, State, content_of, digest_of
from tests.builders.answers import code_of
from tests.builders.ledger import move, oldest
from tests.builders.orders import PAPER, Officers, the_officers
from tests.builders.transfers import World, a_world
from tests.conftest import Registry

SECOND = timedelta(seconds=1)


async def a_world_that_confirms(registry: Registry, *acts: ConfirmedAct) -> World:
    world = await a_world(registry)
    await world.set_rule(RuleKey.CONFIRMED_ACTS, ",".join(acts or tuple(ConfirmedAct)))
    return world


async def confirm(
    world: World, actor: Actor, act: ConfirmedAct, content: Mapping[str, object]
) -> None:
    """As after a right code: what somebody is about to do, they have just confirmed."""
    assert isinstance(world.registry, Registry)
    async with noting(world.registry.engine) as connection:
        await store.insert_confirmation(
            connection,
            new_id("cnf"),
            user_id=actor.user_id,
            digest=digest_to_confirm(act, content),
            now=world.watch(),
            expires_at=world.watch() + CONFIRMATION_LIFETIME,
        )


async def confirm_proposal(world: World, *, by: Actor | None = None, of: int = 10) -> None:
    content = content_of(world.account.id, world.elsewhere.id, oldest(of))
    confirmed = {"digest": digest_of(content)}
    await confirm(world, by or world.initiator, ConfirmedAct.TRANSFER_PROPOSAL, confirmed)


async def confirm_approval(world: World, of: Proposal, *, by: Actor | None = None) -> None:
    confirmed = {"proposal": of.id, "digest": of.digest}
    await confirm(world, by or world.approver, ConfirmedAct.TRANSFER_APPROVAL, confirmed)


async def test_proposal_and_approval_each_take_a_confirmation_of_their_own(
    registry: Registry,
) -> None:
    """What was confirmed for one act, content, proposal or person is good for no other."""
    world = await a_world_that_confirms(registry)
    assert await code_of(world.propose()) == "confirmation_needed"
    await confirm_proposal(world, of=11)
    await confirm_proposal(world, by=world.both)
    assert await code_of(world.propose()) == "confirmation_needed"
    await confirm_proposal(world)
    proposal = await world.propose()
    assert await code_of(world.propose()) == "confirmation_needed"  # it was used
    await confirm_proposal(world)
    other = await world.propose()
    await confirm_proposal(world, by=world.approver)
    await confirm_approval(world, other)
    await confirm_approval(world, proposal, by=world.both)
    assert await code_of(world.approve(proposal)) == "confirmation_needed"
    await confirm_approval(world, proposal)
    assert (await world.approve(proposal)).state is State.SCHEDULED
    assert await code_of(world.approve(proposal)) == "transfer_proposal_state"


async def test_a_confirmation_is_given_back_where_the_act_is_refused(registry: Registry) -> None:
    world = await a_world_that_confirms(registry, ConfirmedAct.TRANSFER_APPROVAL)
    proposal = await world.propose()
    await confirm_approval(world, proposal)
    refused = world.approve(proposal, digest="0" * 64)
    assert await code_of(refused) == "digest_differs"
    assert (await world.approve(proposal)).state is State.SCHEDULED


@pytest.mark.parametrize(("late", "code"), [(-SECOND, "done"), (SECOND, "confirmation_needed")])
async def test_a_confirmation_counts_within_its_time(
    registry: Registry, late: timedelta, code: str
) -> None:
    world = await a_world_that_confirms(registry)
    await confirm_proposal(world)
    world.watch.shows += CONFIRMATION_LIFETIME + late
    assert await code_of(world.propose()) == code


async def test_a_machine_confirms_nothing(registry: Registry) -> None:
    world = await a_world_that_confirms(registry, ConfirmedAct.TRANSFER_PROPOSAL)
    await confirm_proposal(world)
    machine = Actor(
        world.initiator.user_id,
        world.initiator.party_id,
        world.initiator.party_kind,
        world.initiator.roles,
        client_id=new_id("key"),
    )
    assert await code_of(world.propose(by=machine)) == "person_needed"


async def test_trusting_an_account_takes_a_confirmation_of_each(registry: Registry) -> None:
    world = await a_world_that_confirms(
        registry, ConfirmedAct.TRUST_PROPOSAL, ConfirmedAct.TRUST_APPROVAL
    )
    assert await code_of(world.trust(world.elsewhere)) == "confirmation_needed"
    accounts = {"account": world.account.number, "trusted": world.elsewhere.number}
    await confirm(world, world.initiator, ConfirmedAct.TRUST_PROPOSAL, accounts)
    entry = await world.registry.do(
        world.initiator,
        lambda pen: operations.propose_trust(
            pen, world.initiator, account_id=world.account.id, trusted_id=world.elsewhere.id
        ),
    )
    approve = partial(operations.approve_trust, account_id=world.account.id, entry_id=entry.id)

    async def approval() -> TrustedAccount:
        return await world.registry.do(world.approver, lambda pen: approve(pen, world.approver))

    assert await code_of(approval()) == "confirmation_needed"
    confirmed = {"entry": entry.id, **accounts}
    await confirm(world, world.approver, ConfirmedAct.TRUST_APPROVAL, confirmed)
    assert (await approval()).approved_by == world.approver.user_id


async def test_an_order_and_its_approval_each_take_a_confirmation_of_their_own(
    registry: Registry,
) -> None:
    """Freezes, releases and reversals; each of what the log's entry says, and of one order."""
    world = await a_world_that_confirms(
        registry, ConfirmedAct.ORDER_PROPOSAL, ConfirmedAct.ORDER_APPROVAL
    )
    officers = await the_officers(world.registry)
    moved = await transfer_at_once(world)
    account = {"account": world.account.number, "batch": None, "first": None, "last": None}
    order = await _ordered(world, officers, "freeze", account, lambda: freezing(officers, world))
    freeze = {"freeze": order.id}
    await _ordered(world, officers, "release", freeze, lambda: officers.propose_release(order.id))
    act = {"act": moved}
    await _ordered(world, officers, "reversal", act, lambda: officers.propose_reversal(moved))


def freezing(officers: Officers, world: World) -> Awaitable[Order]:
    return officers.propose_freeze(Named(world.account.id))


async def transfer_at_once(world: World) -> int:
    choice = oldest(10)
    moved = await move(world.registry, world.initiator, world.account, world.elsewhere, choice)
    return moved.log_index


async def _ordered(
    world: World,
    officers: Officers,
    action: str,
    about: Mapping[str, object],
    propose: Callable[[], Awaitable[Order]],
) -> Order:
    """Have something ordered, after every confirmation that is good for something else."""
    proposing, approving = ConfirmedAct.ORDER_PROPOSAL, ConfirmedAct.ORDER_APPROVAL
    paper = {"document_sha256": PAPER.document_sha256}
    asked = {"action": action, "about": about, **paper}
    await confirm(world, officers.approver, proposing, asked)
    await confirm(world, officers.officer, proposing, {**asked, "document_sha256": "0" * 64})
    assert await code_of(propose()) == "confirmation_needed"
    await confirm(world, officers.officer, proposing, asked)
    order = await propose()
    approval = {"order": order.id, "digest": order.digest}
    await confirm(world, officers.officer, approving, approval)
    await confirm(world, officers.approver, approving, {**approval, "order": new_id("ord")})
    assert await code_of(officers.approve(order)) == "confirmation_needed"
    await confirm(world, officers.approver, approving, approval)
    assert await code_of(officers.approve(order, digest="0" * 64)) == "order_digest_differs"
    return await officers.approve(order)


async def test_nothing_is_confirmed_before_somebody_has_named_it(registry: Registry) -> None:
    """As the register is founded: nobody is locked out by a rule that nobody has set."""
    world = await a_world(registry)
    assert (await world.send()).state is State.SCHEDULED
    check_value(RuleKey.CONFIRMED_ACTS, "none")
    check_value(RuleKey.CONFIRMED_ACTS, "transfer_proposal,transfer_approval")
    with pytest.raises(RuleValueUnreadableError):
        check_value(RuleKey.CONFIRMED_ACTS, "everything")
