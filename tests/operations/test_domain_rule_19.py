"""
Rule 19 of the domain: a frozen account or block rejects everything except administrator actions.

Two officers freeze with a document; from the next act on nothing moves into or out of it, whatever
asks, in this server process or another; and only what two officers order frees it again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.entry.committer import Committer
from app.kernel.db import constraint_of, make_engine
from app.kernel.errors import RegistryError
from app.registry.erasure.operations import ErasePerson, erase_person
from app.registry.ledger import operations as ledger
from app.registry.ledger import store
from app.registry.ledger.book import Book
from app.registry.ledger.operations import End, Named, ReleaseBuffer, Transfer
from app.registry.ledger.rules import BUFFER, TRANSIT, EntryKind
from app.registry.log.pen import Pen
from app.registry.orders.operations import Ground
from app.registry.orders.store import get_order
from app.registry.parties.rules import Role
from app.registry.stores import refusals_by_constraint
from app.registry.transfers.rules import Hindrance, Proposal, State
from tests.builders.ledger import (
    Holders,
    a_batch,
    an_ending,
    move,
    named,
    oldest,
    ranges_of,
    retire,
    two_holders,
)
from tests.builders.orders import PAPER, Officers, the_officers
from tests.builders.parties import do
from tests.builders.transfers import MONDAY, World, a_world
from tests.conftest import Registry

X = "XX-1-2024-1"
Y = "XX-1-2023-1"


async def code_of(act: Awaitable[object]) -> str:
    try:
        await act
    except RegistryError as refusal:
        return refusal.code
    return "done"


async def held(registry: Registry, account: int) -> int:
    async with registry.read() as connection:
        return await store.get_total(connection, account, size=2**40)


@asynccontextmanager
async def another_process(registry: Registry) -> AsyncIterator[Registry]:
    """A second committer on the same database, with a memory of its own."""
    engine = make_engine(registry.url, connections_max=4)
    committer = Committer(engine, refusals_by_constraint())
    await committer.start()
    yield Registry(registry.url, engine, committer)
    await committer.stop()
    await engine.dispose()


@pytest.fixture
async def holders(registry: Registry) -> Holders:
    """The owner holds 1 to 80 of a batch, the buffer 81 to 100."""
    made = await two_holders(registry)
    await a_batch(
        registry, made.administrator, made.account, credits_made=100, buffer_credits=20, prefix=X
    )
    return made


@pytest.fixture
async def officers(registry: Registry, holders: Holders) -> Officers:
    return Officers(registry, holders.officer, holders.approver)


def everything(registry: Registry, holders: Holders) -> dict[str, Callable[[], Awaitable[object]]]:
    """All that can be asked of the owner's account, and of the batch."""
    own, other, owner = holders.account, holders.elsewhere, holders.owner
    approver, administrator = holders.approver, holders.administrator
    cancelling = an_ending(EntryKind.BUFFER_CANCELLED)
    return {
        "transfer out of it": lambda: move(registry, owner, own, other, oldest(1)),
        "transfer of named serials": lambda: move(registry, owner, own, other, named((X, 50, 50))),
        "transfer into it": lambda: move(registry, holders.other, other, own, oldest(1)),
        "retirement": lambda: retire(registry, owner, own, oldest(1)),
        "cancellation": lambda: retire(
            registry, owner, own, oldest(1), an_ending(EntryKind.CANCELLED)
        ),
        "buffer release": lambda: do(
            registry, approver, ledger.release_buffer, ReleaseBuffer(own.id, oldest(1), "12/2569")
        ),
        "buffer cancellation": lambda: do(
            registry,
            approver,
            ledger.cancel_buffer,
            End(BUFFER, oldest(1), cancelling, (cancelling.purpose_code,)),
        ),
        "closing": lambda: registry.do(
            administrator,
            lambda pen: ledger.close_account(pen, administrator, own.id, expected_version=1),
        ),
        "issuance into it": lambda: a_batch(registry, administrator, own, prefix=Y, vintage=2023),
    }


async def test_rule_19_a_frozen_account_rejects_everything(
    registry: Registry, holders: Holders, officers: Officers
) -> None:
    await move(registry, holders.owner, holders.account, holders.elsewhere, oldest(10))
    frozen = await officers.freeze_account(holders.account)
    asked = everything(registry, holders)
    buffered = asked.pop("buffer cancellation")
    assert {name: await code_of(act()) for name, act in asked.items()} == dict.fromkeys(
        asked, "account_frozen"
    )
    assert await code_of(buffered()) == "done"  # it is not of this account
    assert await held(registry, holders.account.id) == 70
    await officers.release(frozen)
    del asked["closing"]  # it holds credits
    assert {name: await code_of(act()) for name, act in asked.items()} == dict.fromkeys(
        asked, "done"
    )


async def test_rule_19_a_frozen_batch_rejects_everything(
    registry: Registry, holders: Holders, officers: Officers
) -> None:
    await move(registry, holders.owner, holders.account, holders.elsewhere, oldest(10))
    frozen = await officers.freeze(Named(batch_prefix=X))
    asked = everything(registry, holders)
    closing, issuing = asked.pop("closing"), asked.pop("issuance into it")
    assert {name: await code_of(act()) for name, act in asked.items()} == dict.fromkeys(
        asked, "credits_frozen"
    )
    assert await code_of(closing()) == "account_not_empty"
    assert await code_of(issuing()) == "done"  # another batch
    assert await code_of(asked["transfer out of it"]()) == "done"  # of the other batch
    await officers.release(frozen)
    assert await code_of(asked["transfer of named serials"]()) == "done"
    assert await code_of(asked["transfer into it"]()) == "done"


async def test_rule_19_of_a_frozen_block_the_free_serials_move(
    registry: Registry, holders: Holders, officers: Officers
) -> None:
    """Where a number is asked for, what is frozen is passed over; by name it is refused."""
    await officers.freeze(Named(batch_prefix=X, first=5, last=20))
    await officers.freeze(Named(batch_prefix=X, first=15, last=30))
    own, other, owner = holders.account, holders.elsewhere, holders.owner
    assert await code_of(move(registry, owner, own, other, named((X, 1, 5)))) == "credits_frozen"
    assert await code_of(move(registry, owner, own, other, named((X, 30, 31)))) == "credits_frozen"
    moved = await move(registry, owner, own, other, oldest(14))
    assert ranges_of(moved) == [(X, 1, 4), (X, 31, 40)]
    assert await code_of(move(registry, owner, own, other, oldest(41))) == "credits_frozen"
    assert await code_of(move(registry, owner, own, other, oldest(67))) == "insufficient_credits"
    assert ranges_of(await move(registry, owner, own, other, oldest(40))) == [(X, 41, 80)]
    assert await held(registry, own.id) == 26


async def test_rule_19_a_thing_frozen_twice_is_free_when_both_are_released(
    registry: Registry, holders: Holders, officers: Officers
) -> None:
    both = [await officers.freeze_account(holders.account) for _ in range(2)]
    both_serials = [await officers.freeze(Named(batch_prefix=X, first=50, last=50)) for _ in (1, 2)]
    transferring = everything(registry, holders)["transfer of named serials"]
    for frozen, code in zip(
        (*both, *both_serials),
        ("account_frozen", "credits_frozen", "credits_frozen", "done"),
        strict=True,
    ):
        await officers.release(frozen)
        assert await code_of(transferring()) == code
    assert await code_of(officers.release(both[0])) == "freeze_released"


async def test_rule_19_it_takes_two_officers_and_the_very_words(
    registry: Registry, holders: Holders, officers: Officers
) -> None:
    proposed = await officers.propose_freeze(Named(holders.account.id))
    assert await code_of(everything(registry, holders)["retirement"]()) == "done"
    assert await code_of(officers.approve(proposed, digest="0" * 64)) == "order_digest_differs"
    for nobody in (holders.officer, holders.administrator, holders.auditor):
        assert await code_of(officers.approve(proposed, by=nobody)) == "not_allowed"
    assert await code_of(officers.approve(proposed, by=holders.owner)) == "order_not_found"
    both = replace(holders.officer, roles=frozenset({Role.OFFICER, Role.APPROVER}))
    assert await code_of(officers.approve(proposed, by=both)) == "own_order"
    key = replace(holders.approver, client_id="key_01kb5b1j0dfz5r5d8r4v5e2c3a")
    assert await code_of(officers.approve(proposed, by=key)) == "person_needed"
    given = await officers.approve(proposed)
    assert given.approved_by == holders.approver.user_id
    assert await code_of(officers.approve(proposed)) == "order_given"
    for nobody in (holders.approver, holders.owner, holders.administrator):
        asking = replace(officers, officer=nobody)
        assert await code_of(asking.propose_freeze(Named(holders.account.id))) == "not_allowed"
        assert await code_of(asking.propose_release(given.id)) == "not_allowed"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (Named(), "order_target"),
        (Named(1001, X), "order_target"),
        (Named(1001, first=1, last=2), "order_target"),
        (Named(batch_prefix=X, first=1), "order_target"),
        (Named(batch_prefix=X, first=2, last=1), "serials_outside_batch"),
        (Named(batch_prefix=X, first=1, last=101), "serials_outside_batch"),
        (Named(batch_prefix="XX-0"), "batch_not_found"),
        (Named(999_999), "account_not_found"),
        (Named(TRANSIT), "registry_account"),
    ],
)
async def test_rule_19_something_that_is_there_is_frozen(
    officers: Officers, asked: Named, code: str
) -> None:
    assert await code_of(officers.propose_freeze(asked)) == code


@pytest.mark.parametrize(
    ("ground", "code"),
    [
        (Ground("why"), "order_document"),
        (Ground("why", "doc_01kb5w6yk2e0hr9h5y0s8v2a3b", "ab" * 32), "order_document"),
        (Ground("why", "doc_01kb5w6yk2e0hr9h5y0s8v2a3b"), "document_not_found"),
    ],
)
async def test_rule_19_an_order_rests_on_a_document(
    holders: Holders, officers: Officers, ground: Ground, code: str
) -> None:
    asked = officers.propose_freeze(Named(holders.account.id), ground=ground)
    assert await code_of(asked) == code


async def test_rule_19_a_proposal_lapses(registry: Registry) -> None:
    """After 48 hours, to the second."""
    world = await a_world(registry)
    officers = await the_officers(registry)
    proposed = await officers.propose_freeze(Named(world.account.id))
    assert proposed.expires_at == MONDAY + timedelta(hours=48)
    world.watch.shows = proposed.expires_at
    assert await code_of(officers.approve(proposed)) == "order_lapsed"
    world.watch.wind(seconds=-1)
    assert await code_of(officers.approve(proposed)) == "done"


async def test_rule_19_an_order_of_somebody_who_may_no_longer_give_it_is_not_approved(
    registry: Registry,
) -> None:
    world = await a_world(registry)
    officers = await the_officers(registry)
    proposed = await officers.propose_freeze(Named(world.account.id))
    await world.suspend(officers.officer)
    assert await code_of(officers.approve(proposed)) == "order_proposer_not_allowed"


# ------------------------------------------------------------------------------ in transit


async def settled(world: World, proposal: Proposal) -> Proposal:
    world.watch.wind(days=2)
    done = await world.settle(proposal)
    assert done is not None
    return done


@pytest.mark.parametrize("what", ["sender", "receiver", "serials"])
async def test_rule_19_what_is_under_way_goes_back_at_its_moment(
    registry: Registry, what: str
) -> None:
    """Nobody takes it back by hand, and nothing arrives; after the release it is proposed anew."""
    world = await a_world(registry)
    officers = await the_officers(registry)
    before = await held(registry, world.account.id)
    sent = await world.send(named((world.batch, 11, 20)))
    frozen = await officers.freeze(
        {
            "sender": Named(world.account.id),
            "receiver": Named(world.elsewhere.id),
            "serials": Named(batch_prefix=world.batch, first=20, last=20),
        }[what]
    )
    if what != "receiver":
        code = "account_frozen" if what == "sender" else "credits_frozen"
        assert await code_of(world.abort(sent)) == code
    back = await settled(world, sent)
    assert (back.state, back.reason) == (State.RETURNED, Hindrance.FROZEN)
    assert await held(registry, world.account.id) == before
    expected = "credits_frozen" if what == "serials" else "account_frozen"
    assert await code_of(world.send(named((world.batch, 11, 20)))) == expected
    await officers.release(frozen)
    again = await settled(world, await world.send(named((world.batch, 11, 20))))
    assert again.state is State.DELIVERED


async def test_rule_19_what_is_released_in_time_arrives(registry: Registry) -> None:
    world = await a_world(registry)
    officers = await the_officers(registry)
    sent = await world.send()
    await officers.release(await officers.freeze_account(world.account))
    assert (await settled(world, sent)).state is State.DELIVERED


async def test_rule_19_a_frozen_account_trusts_nobody_new(registry: Registry) -> None:
    world = await a_world(registry)
    officers = await the_officers(registry)
    await officers.freeze_account(world.account)
    assert await code_of(world.trust(world.elsewhere)) == "account_frozen"
    assert await code_of(world.propose()) == "account_frozen"


# -------------------------------------------------------------------- memory, and other processes


async def test_rule_19_another_process_hears_of_it(
    registry: Registry, holders: Holders, officers: Officers
) -> None:
    """Its memory is fresh and it decides ahead of the pen; yet nothing gets through."""
    own, other, owner = holders.account, holders.elsewhere, holders.owner
    async with another_process(registry) as elsewhere:

        async def going(choice: tuple[str, int, int] | None = None) -> str:
            asked = oldest(1) if choice is None else named(choice)
            return await code_of(move(elsewhere, owner, own, other, asked))

        assert [await going() for _ in range(5)] == ["done"] * 5
        frozen = await officers.freeze_account(own)
        assert [await going() for _ in range(5)] == ["account_frozen"] * 5
        await officers.release(frozen)
        assert [await going() for _ in range(5)] == ["done"] * 5
        serials = await officers.freeze(Named(batch_prefix=X, first=40, last=80))
        assert [await going((X, 50, 50)) for _ in range(3)] == ["credits_frozen"] * 3
        assert await going((X, 20, 20)) == "done"
        await officers.release(serials)
        assert await going((X, 50, 50)) == "done"


async def test_rule_19_a_book_that_knows_nothing_of_it_is_told_by_the_database(
    registry: Registry, holders: Holders, officers: Officers
) -> None:
    """The second wall: rules that were passed by are not enough to move a credit."""
    own, other, owner = holders.account, holders.elsewhere, holders.owner
    await officers.freeze(Named(batch_prefix=X, first=40, last=40))
    await officers.freeze_account(own)
    for choice in (named((X, 40, 40)), named((X, 41, 41))):

        async def blind(pen: Pen, asked: Transfer) -> None:
            book = pen.take(Book)
            await store.load_book(pen.connection, book, [asked.touches()])
            book.frozen.clear()
            book.accounts[own.id] = replace(book.accounts[own.id], is_frozen=False)
            await ledger.transfer(pen, owner, asked)

        asked = Transfer(own.id, other.id, choice)
        with pytest.raises(asyncpg.SerializationError) as failure:
            await registry.do(owner, lambda pen, a=asked: blind(pen, a))  # type: ignore[misc]
        assert failure.value.constraint_name == "frozen_credits_stay"
    assert await held(registry, own.id) == 80


@pytest.mark.parametrize("first", ["transfer", "freeze"])
async def test_rule_19_in_one_commit_the_order_of_the_log_decides(
    registry: Registry, holders: Holders, officers: Officers, first: str
) -> None:
    """A transfer and a freeze that arrive together: before it in the log, or refused."""
    proposed = await officers.propose_freeze(Named(holders.account.id))
    transferring = everything(registry, holders)["transfer out of it"]
    blocker = [move(registry, holders.owner, holders.account, holders.elsewhere, oldest(1))]
    pair = [lambda: officers.approve(proposed), transferring]
    acts = pair if first == "freeze" else pair[::-1]
    outcomes = await asyncio.gather(*(code_of(act) for act in (*blocker, *(a() for a in acts))))
    expected = ["done", "account_frozen"] if first == "freeze" else ["done", "done"]
    assert outcomes == ["done", *expected]
    assert await code_of(transferring()) == "account_frozen"


# ------------------------------------------------------------------------------- the database


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        (
            (
                "INSERT INTO freezes (id, account_id, frozen_at, frozen_index)"
                " VALUES (:proposed, :account, now(), 1)"
            ),
            "freezes_follow_orders",
        ),
        ("UPDATE freezes SET account_id = account_id + 1", "freezes_follow_orders"),
        (
            "UPDATE freezes SET released_at = now(), released_index = 99999, released_by = id",
            "freezes_follow_orders",
        ),
        (
            "UPDATE accounts SET status = 'closed', closed_at = now() WHERE id = :account",
            "frozen_accounts_stay_open",
        ),
        (
            (
                "INSERT INTO order_approvals SELECT id, proposed_by, expires_at, proposed_by,"
                " proposed_at, 77777 FROM orders WHERE id = :proposed"
            ),
            "ck_order_approvals_two_people",
        ),
        (
            (
                "INSERT INTO order_approvals SELECT id, proposed_by, expires_at, :approver,"
                " expires_at, 77777 FROM orders WHERE id = :proposed"
            ),
            "ck_order_approvals_in_time",
        ),
        (
            (
                "INSERT INTO order_approvals SELECT order_id, proposed_by, expires_at, approved_by,"
                " approved_at, 77777 FROM order_approvals"
            ),
            "pk_order_approvals",
        ),
        (
            (
                "INSERT INTO order_approvals SELECT id, :approver, expires_at, proposed_by,"
                " proposed_at, 77777 FROM orders WHERE id = :proposed"
            ),
            "fk_order_approvals_order",
        ),
    ],
)
async def test_rule_19_the_database_holds_it_too(
    registry: Registry, holders: Holders, officers: Officers, statement: str, constraint: str
) -> None:
    await officers.freeze_account(holders.account)
    proposed = await officers.propose_freeze(Named(holders.account.id))
    known = {
        "proposed": proposed.id,
        "account": holders.account.id,
        "approver": holders.approver.user_id,
    }
    asked = {name: value for name, value in known.items() if f":{name}" in statement}

    async def wrong(pen: Pen) -> None:
        await pen.connection.execute(text(statement), asked)

    expected = refusals_by_constraint().get(constraint)
    if expected is not None:
        with pytest.raises(expected):
            await registry.do(holders.administrator, wrong)
        return
    with pytest.raises(DBAPIError) as failure:
        await registry.do(holders.administrator, wrong)
    assert constraint_of(failure.value) == constraint


async def test_rule_19_the_words_of_an_order_can_be_erased(
    registry: Registry, holders: Holders, officers: Officers
) -> None:
    """What is frozen stays so; only why is forgotten, and nobody else's words with it."""
    erased = await officers.freeze_account(holders.account)
    kept = await officers.propose_release(erased.id)
    administrator, forget = holders.administrator, ErasePerson((erased.log_index,))
    await registry.do(administrator, lambda pen: erase_person(pen, administrator, forget))
    async with registry.read() as connection:
        assert (await get_order(connection, erased.id)).reason is None
        assert (await get_order(connection, kept.id)).reason == PAPER.reason
    assert await code_of(everything(registry, holders)["retirement"]()) == "account_frozen"
