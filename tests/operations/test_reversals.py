"""Taking back a transfer that was made in error: by two officers, whole, once, and in time."""

from collections.abc import Awaitable
from datetime import timedelta

import asyncpg
import pytest

from app.kernel.errors import RegistryError
from app.registry.ledger import store
from app.registry.ledger.operations import Movement, Named, close_account
from app.registry.ledger.rules import EntryKind
from app.registry.transfers.rules import State
from tests.builders.ledger import (
    Holders,
    a_batch,
    an_account,
    move,
    named,
    oldest,
    retire,
    two_holders,
)
from tests.builders.orders import Officers, the_officers
from tests.builders.transfers import MONDAY, Watch, a_world, use_watch
from tests.conftest import Registry

X = "XX-1-2024-1"
WINDOW = timedelta(days=7)


async def code_of(act: Awaitable[object]) -> str:
    try:
        await act
    except RegistryError as refusal:
        return refusal.code
    return "done"


async def held(registry: Registry, account: int) -> int:
    async with registry.read() as connection:
        return await store.get_total(connection, account, size=2**40)


@pytest.fixture
async def holders(registry: Registry) -> Holders:
    made = await two_holders(registry)
    await a_batch(registry, made.administrator, made.account, credits_made=100, prefix=X)
    return made


@pytest.fixture
async def officers(registry: Registry, holders: Holders) -> Officers:
    return Officers(registry, holders.officer, holders.approver)


@pytest.fixture
async def error(registry: Registry, holders: Holders) -> Movement:
    """A transfer of two runs to the wrong account."""
    choice = named((X, 11, 20), (X, 31, 40))
    return await move(registry, holders.owner, holders.account, holders.elsewhere, choice)


async def test_the_same_serials_go_back_by_an_act_that_names_the_error(
    registry: Registry, holders: Holders, officers: Officers, error: Movement
) -> None:
    given = await officers.reverse(error.log_index)
    assert given.approved_index is not None
    assert await held(registry, holders.account.id) == 100
    assert await held(registry, holders.elsewhere.id) == 0
    async with registry.read() as connection:
        back = await store.list_movement(connection, given.approved_index)
        links = await store.find_links(connection, [error.log_index, given.approved_index])
    assert [(e.kind, e.first, e.last, e.previous) for e in back] == [
        (EntryKind.REVERSED, 11, 20, error.log_index),
        (EntryKind.REVERSED, 31, 40, error.log_index),
    ]
    assert links.reverses == {given.approved_index: error.log_index}
    assert links.reversed_by == {error.log_index: given.approved_index}


async def test_an_act_is_reversed_once(
    registry: Registry, officers: Officers, error: Movement
) -> None:
    """Also where two orders were proposed before either was approved; the database holds it."""
    both = [await officers.propose_reversal(error.log_index) for _ in range(2)]
    await officers.approve(both[0])
    assert await code_of(officers.approve(both[1])) == "reversed_before"
    assert await code_of(officers.propose_reversal(error.log_index)) == "reversed_before"
    owner = await asyncpg.connect(registry.url)
    with pytest.raises(asyncpg.UniqueViolationError) as failure:
        await owner.execute(
            "INSERT INTO reversals SELECT log_index + 1, reverses, $1 FROM reversals", both[1].id
        )
    assert failure.value.constraint_name == "uq_reversals_reverses"
    await owner.close()


@pytest.mark.parametrize("again", [False, True])
async def test_what_has_moved_on_is_not_taken_back(
    registry: Registry, holders: Holders, officers: Officers, error: Movement, *, again: bool
) -> None:
    """Not even where the receiver has the same serials again: it is not what the act brought."""
    proposed = await officers.propose_reversal(error.log_index)
    third = await an_account(registry, holders.administrator, holders.other)
    one = named((X, 15, 15))
    await move(registry, holders.other, holders.elsewhere, third, one)
    if again:
        await move(registry, holders.other, third, holders.elsewhere, one)
    assert await code_of(officers.approve(proposed)) == "moved_on"
    assert await code_of(officers.propose_reversal(error.log_index)) == "moved_on"


async def test_only_transfers_are_reversed(
    registry: Registry, holders: Holders, officers: Officers, error: Movement
) -> None:
    """What ended did so for good, and a reversal is not reversed."""
    ended = await retire(registry, holders.owner, holders.account, oldest(1))
    back = await officers.reverse(error.log_index)
    assert back.approved_index is not None
    for act in (ended.log_index, back.approved_index, back.log_index, 0, 10**9):
        assert await code_of(officers.propose_reversal(act)) == "not_reversible"


async def test_the_window_ends_to_the_second(
    registry: Registry, holders: Holders, officers: Officers
) -> None:
    watch = Watch(MONDAY)
    use_watch(registry, watch)
    error = await move(registry, holders.owner, holders.account, holders.elsewhere, oldest(1))
    watch.shows = MONDAY + WINDOW - timedelta(seconds=1)
    proposed = await officers.propose_reversal(error.log_index)
    watch.shows = MONDAY + WINDOW
    assert await code_of(officers.propose_reversal(error.log_index)) == "reversal_late"
    assert await code_of(officers.approve(proposed)) == "reversal_late"


async def test_what_was_stolen_is_frozen_and_then_taken_back(
    registry: Registry, holders: Holders, officers: Officers, error: Movement
) -> None:
    """A freeze of the account and of the serials is not in the way of who ordered it."""
    await officers.freeze_account(holders.elsewhere)
    await officers.freeze_account(holders.account)
    await officers.freeze(Named(batch_prefix=X))
    await officers.reverse(error.log_index)
    assert await held(registry, holders.account.id) == 100


async def test_credits_go_back_to_no_closed_account(
    registry: Registry, holders: Holders, officers: Officers
) -> None:
    own = await an_account(registry, holders.administrator, holders.owner)
    await move(registry, holders.owner, holders.account, own, oldest(5))
    error = await move(registry, holders.owner, own, holders.elsewhere, oldest(5))
    await registry.do(
        holders.administrator,
        lambda pen: close_account(pen, holders.administrator, own.id, expected_version=1),
    )
    assert await code_of(officers.propose_reversal(error.log_index)) == "account_closed"


async def test_a_delivery_goes_back_to_who_sent_it(registry: Registry) -> None:
    """Not into transit; and it is played by the replay, for these credits were issued."""
    world = await a_world(registry)
    officers = await the_officers(registry)
    before = await held(registry, world.account.id)
    sent = await world.send(named((world.batch, 11, 20), (world.batch, 41, 50)))
    assert sent.sent_index is not None
    assert await code_of(officers.propose_reversal(sent.sent_index)) == "not_reversible"
    world.watch.wind(days=2)
    delivered = await world.settle(sent)
    assert delivered is not None
    assert delivered.state is State.DELIVERED
    assert delivered.ended_index is not None
    await officers.reverse(delivered.ended_index)
    assert await held(registry, world.account.id) == before
    assert await held(registry, world.elsewhere.id) == 0
