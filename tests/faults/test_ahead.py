"""
Goal: what is decided before the pen is taken is as good as what is decided with it.

Method: the real committer on a real database, with another writer, or a fault, put in between.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.entry import memory as memory_module
from app.entry.acts import Act, Idempotency, Outcome, Reply
from app.entry.attempt import Attempt, OutcomeUnknownError
from app.entry.committer import Committer
from app.kernel.db import driver, make_engine
from app.kernel.errors import RegistryError
from app.registry import commit
from app.registry.commit import Composed
from app.registry.ledger import operations, store
from app.registry.ledger.refusals import AccountClosedError, InsufficientCreditsError
from app.registry.ledger.rules import Account, Choice
from app.registry.log import store as log_store
from app.registry.parties.policy import Actor
from app.registry.stores import refusals_by_constraint
from tests.builders.ledger import a_batch, an_account, oldest
from tests.conftest import Registry
from tests.races.world import CREDITS, World, a_world

BEHIND = 32  # acts that wait while one is being written


@pytest.fixture
async def world(registry: Registry) -> World:
    return await a_world(registry)


@asynccontextmanager
async def another(registry: Registry) -> AsyncIterator[Committer]:
    """Run a second process's committer on the same register."""
    engine = make_engine(registry.url, connections_max=3)
    made = Committer(engine, refusals_by_constraint())
    await made.start()
    yield made
    await made.stop()
    await engine.dispose()


def an_act(
    actor: Actor, sender: Account, receiver: Account, choice: Choice, *, key: str | None = None
) -> Act[operations.Movement]:
    command = operations.Transfer(sender.id, receiver.id, choice)
    asked = None if key is None else Idempotency(actor.user_id, key, b"\x00" * 32)
    return Act(
        actor,
        lambda pen: operations.transfer(pen, actor, command),
        lambda movement: Reply(201, str(movement.log_index).encode()),
        asked,
        (command.touches(),),
        ahead=True,
    )


def there(world: World, count: int = 1, *, key: str | None = None) -> Act[operations.Movement]:
    return an_act(world.sender, world.from_account, world.to_account, oldest(count), key=key)


def back(world: World, count: int = 1) -> Act[operations.Movement]:
    return an_act(world.receiver, world.to_account, world.from_account, oldest(count))


async def outcomes(committer: Committer, *acts: Act[Any]) -> list[Outcome | BaseException]:
    return list(await asyncio.gather(*map(committer.submit, acts), return_exceptions=True))


async def go_alone(committer: Committer, world: World) -> None:
    """Let a committer find that nobody else writes."""
    for _ in range(memory_module.ALONE_AFTER + 1):
        await committer.submit(there(world))
        await committer.submit(back(world))
    assert committer._memory.alone


async def held(registry: Registry, account: Account) -> int:
    async with registry.read() as connection:
        return await store.get_total(connection, account.id, size=2**40)


async def log_size(registry: Registry) -> int:
    async with registry.read() as connection:
        return (await log_store.get_head(connection)).size


@dataclass
class Gate:
    """Holds what a commit writes until it is opened."""

    open: asyncio.Event = field(default_factory=asyncio.Event)
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    failure: Exception | None = None  # raised once, in place of the first write

    async def write(self, connection: Any, composed: Composed) -> None:
        self.reached.set()
        await self.open.wait()
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure
        await WRITE(connection, composed)


WRITE = commit.write


async def test_while_nobody_else_writes_the_pen_is_not_waited_for(
    registry: Registry, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One statement is the whole commit, and nothing that is remembered is read again."""
    await go_alone(registry.committer, world)

    async def refuse(*_: object) -> None:
        raise AssertionError("the pen was taken first")

    monkeypatch.setattr(Attempt, "under_pen", refuse)
    connection, reads = await registry.committer._get_connections()
    asked: list[str] = []
    for each in (connection, reads):
        driver(each).add_query_logger(lambda record: asked.append(record.query))
    size = await log_size(registry)
    await registry.committer.submit(there(world, 3, key="k"))
    assert await log_size(registry) == size + 1
    assert [" ".join(query.split()[:2]) for query in asked] == [
        "SELECT a.scope,",
        "SELECT commit_acts($1,",
    ]


async def test_what_another_process_took_is_not_taken_again(
    registry: Registry, world: World
) -> None:
    """Both know of the same thousand credits; each is moved once."""
    async with another(registry) as other:
        await go_alone(registry.committer, world)
        await other.submit(there(world, CREDITS - 10))
        found = await outcomes(registry.committer, there(world, 11), there(world, 10))
        assert isinstance(found[0], InsufficientCreditsError)
        assert isinstance(found[1], Outcome)
    assert await held(registry, world.from_account) == 0


async def test_nothing_is_refused_for_what_another_process_has_brought(
    registry: Registry, world: World
) -> None:
    """A refusal writes nothing, so no row tells that it rests on a memory out of date."""
    async with another(registry) as other:
        await go_alone(registry.committer, world)
        await registry.committer.submit(there(world, CREDITS))
        await other.submit(back(world, 7))
        found = await outcomes(registry.committer, there(world, 7))
        assert isinstance(found[0], Outcome)
    assert await held(registry, world.to_account) == CREDITS


async def test_an_account_that_another_process_closed_is_closed(
    registry: Registry, world: World
) -> None:
    administrator = world.administrator
    third = await an_account(registry, administrator, world.receiver)
    to_third = an_act(world.sender, world.from_account, third, oldest(1))
    from_third = an_act(world.receiver, third, world.to_account, oldest(1))
    await registry.committer.submit(to_third)
    await registry.committer.submit(from_third)
    async with another(registry) as other:
        await go_alone(registry.committer, world)
        close = Act(
            administrator,
            lambda pen: operations.close_account(
                pen, administrator, third.id, expected_version=third.version
            ),
            lambda _: Reply(200, b""),
        )
        await other.submit(close)
        with pytest.raises(AccountClosedError):
            await registry.committer.submit(to_third)
        # Here as well, with the account in mind.
        fourth = await an_account(registry, administrator, world.receiver)
        await registry.committer.submit(
            Act(
                administrator,
                lambda pen: operations.close_account(
                    pen, administrator, fourth.id, expected_version=fourth.version
                ),
                lambda _: Reply(200, b""),
            )
        )
        with pytest.raises(AccountClosedError):
            await registry.committer.submit(
                an_act(world.sender, world.from_account, fourth, oldest(1))
            )


async def test_two_processes_in_turns_lose_nothing(registry: Registry, world: World) -> None:
    """Each finds again and again that the other has written, with its own acts decided in vain."""
    async with another(registry) as other:
        for round_number in range(12):
            ours = [there(world, 1 + number % 3) for number in range(10)]
            theirs = [there(world, 1), back(world, 1)] * (round_number % 4)
            found = await asyncio.gather(
                outcomes(registry.committer, *ours), outcomes(other, *theirs)
            )
            assert all(isinstance(one, Outcome | RegistryError) for one in found[0] + found[1])
            if round_number % 3 == 0:
                await outcomes(other, back(world, 15))
    total = await held(registry, world.from_account) + await held(registry, world.to_account)
    assert total == CREDITS


async def test_what_rests_on_a_commit_that_fails_is_decided_again(
    registry: Registry, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second commit was ready while the first one was written, which then came to nothing."""
    await go_alone(registry.committer, world)
    size = await log_size(registry)
    gate = Gate(failure=TellingError("40001"))
    monkeypatch.setattr(commit, "write", gate.write)
    first = asyncio.create_task(outcomes(registry.committer, there(world, 600)))
    await gate.reached.wait()
    rest = [there(world, 300), *[there(world) for _ in range(BEHIND)], there(world, 200)]
    second = asyncio.create_task(outcomes(registry.committer, *rest))
    await asyncio.sleep(0.2)  # it is decided by now
    gate.open.set()
    assert isinstance((await first)[0], Outcome)
    found = await second
    assert [isinstance(one, Outcome) for one in found] == [True] * (BEHIND + 1) + [False]
    assert await log_size(registry) == size + len(rest)
    assert await held(registry, world.from_account) == CREDITS - 900 - BEHIND


class TellingError(Exception):
    """A database's error with a code."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


@pytest.mark.parametrize("written", [True, False], ids=["reply lost", "not written"])
async def test_a_connection_lost_with_the_commit_leaves_it_unknown(
    registry: Registry, world: World, monkeypatch: pytest.MonkeyPatch, *, written: bool
) -> None:
    """Only the key can tell, whichever way it went; and what waited behind it is done."""
    await go_alone(registry.committer, world)
    before = await held(registry, world.from_account)
    gate = Gate()

    async def lose(connection: Any, composed: Composed) -> None:
        if gate.reached.is_set():
            return await WRITE(connection, composed)
        gate.reached.set()
        await gate.open.wait()
        if written:
            await WRITE(connection, composed)
        driver(connection).terminate()
        raise ConnectionResetError

    monkeypatch.setattr(commit, "write", lose)
    first = asyncio.create_task(outcomes(registry.committer, there(world, 5, key="k")))
    await gate.reached.wait()
    behind = [there(world, key=f"b{number}") for number in range(BEHIND)]
    second = asyncio.create_task(outcomes(registry.committer, *behind))
    await asyncio.sleep(0.2)
    gate.open.set()
    assert isinstance((await first)[0], OutcomeUnknownError)
    assert all(isinstance(one, Outcome) for one in await second)
    again = await registry.committer.submit(there(world, 5, key="k"))
    assert again.replayed == written
    assert await held(registry, world.from_account) == before - 5 - BEHIND


async def test_a_key_whose_act_is_just_being_written_is_answered_by_it(
    registry: Registry, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is not in the database yet; it is given only when it is."""
    await go_alone(registry.committer, world)
    gate = Gate()
    monkeypatch.setattr(commit, "write", gate.write)
    first = asyncio.create_task(registry.committer.submit(there(world, 5, key="k")))
    await gate.reached.wait()
    same = [there(world, 5, key="k") for _ in range(BEHIND)]
    again = asyncio.create_task(outcomes(registry.committer, *same))
    await asyncio.sleep(0.2)
    assert not again.done()
    gate.open.set()
    done = await first
    found = await again
    assert {one.replayed for one in found if isinstance(one, Outcome)} == {True}
    assert {one.reply for one in found if isinstance(one, Outcome)} == {done.reply}
    assert await held(registry, world.to_account) == 5


async def test_a_key_is_not_answered_by_an_act_that_came_to_nothing(
    registry: Registry, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is done again, once, by whoever asks next."""
    await go_alone(registry.committer, world)
    gate = Gate(failure=TellingError("40001"))
    monkeypatch.setattr(commit, "write", gate.write)
    first = asyncio.create_task(registry.committer.submit(there(world, 5, key="k")))
    await gate.reached.wait()
    same = [there(world, 5, key="k") for _ in range(BEHIND)]
    again = asyncio.create_task(outcomes(registry.committer, *same))
    await asyncio.sleep(0.2)
    gate.open.set()
    done = await first
    assert {one.reply for one in await again if isinstance(one, Outcome)} == {done.reply}
    assert await held(registry, world.to_account) == 5


async def test_memory_stays_within_its_bounds(
    registry: Registry, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is forgotten is read again, and nothing goes wrong by it."""
    accounts = [await an_account(registry, world.administrator, world.sender) for _ in range(8)]
    await a_batch(
        registry, world.administrator, accounts[0], credits_made=500, prefix="XX-1-2025-1"
    )
    await go_alone(registry.committer, world)
    monkeypatch.setattr(memory_module, "KEPT_MAX", 30)
    for step in range(60):
        sender, receiver = accounts[step % 8], accounts[(step * 3 + 1) % 8]
        if sender is receiver:
            continue
        act = an_act(world.sender, sender, receiver, oldest(7))
        found = await outcomes(registry.committer, act, act)
        assert all(isinstance(one, Outcome | InsufficientCreditsError) for one in found)
        assert len(registry.committer._memory.book) < 30 + 40, "what one commit loads comes on top"
    totals = [await held(registry, account) for account in accounts]
    assert sum(totals) == 500


async def test_a_broken_reading_connection_is_replaced(registry: Registry, world: World) -> None:
    """Kept, it would keep every later act from being decided ahead."""
    await go_alone(registry.committer, world)
    _, reads = await registry.committer._get_connections()
    driver(reads).terminate()
    assert isinstance((await outcomes(registry.committer, there(world, key="k")))[0], Outcome)
    await go_alone(registry.committer, world)
    _, fresh = await registry.committer._get_connections()
    assert fresh is not reads
    assert isinstance((await outcomes(registry.committer, there(world, key="l")))[0], Outcome)


async def test_who_fell_too_far_behind_begins_anew(
    registry: Registry, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_module, "MISSED_MAX", 3)
    async with another(registry) as other:
        await go_alone(registry.committer, world)
        for _ in range(6):
            await other.submit(there(world, 5))
        known = registry.committer._memory.book
        await registry.committer.submit(there(world, 5))
        assert registry.committer._memory.book is not known
    assert await held(registry, world.to_account) == 35
