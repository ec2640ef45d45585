"""
Goal: one act's trouble is its own; what is said of an act is true, and where it is not known, that
is what is said.

Method: the real committer on a real database, with faults put in where a machine would put them.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncTransaction

from app.entry import committer as committer_module
from app.entry.acts import Act, Idempotency, Outcome, Reply
from app.entry.attempt import KeyReusedError, OutcomeUnknownError
from app.entry.committer import Committer, DatabaseAwayError, QueueFullError
from app.kernel import clock
from app.kernel.db import make_engine, rows_of
from app.registry import commit
from app.registry.ledger import operations, store
from app.registry.ledger.book import Book
from app.registry.ledger.refusals import InsufficientCreditsError
from app.registry.ledger.rules import Account
from app.registry.log.pen import Pen
from app.registry.parties import operations as parties
from app.registry.parties.refusals import EmailTakenError
from app.registry.parties.rules import Actor, PartyKind, Role
from app.registry.stores import refusals_by_constraint
from tests.builders.ledger import oldest
from tests.builders.parties import PASSWORD_HASH
from tests.conftest import Registry
from tests.races.world import World, a_world


@pytest.fixture
async def world(registry: Registry) -> World:
    return await a_world(registry)


def a_transfer(
    world: World, count: int = 1, *, key: str | None = None, body: bytes = b"same"
) -> Act[operations.Movement]:
    command = operations.Transfer(world.from_account.id, world.to_account.id, oldest(count))
    asked = None
    if key is not None:
        scope = world.sender.user_id
        asked = Idempotency.of(scope=scope, key=key, method="POST", path="/", body=body)
    return Act(
        world.sender,
        lambda pen: operations.transfer(pen, world.sender, command),
        lambda movement: Reply(201, str(movement.log_index).encode()),
        asked,
        command.touches(),
    )


def an_act(actor: Actor, operation: Callable[[Pen], Awaitable[Any]]) -> Act[Any]:
    return Act(actor, operation, lambda _: Reply(200, b""))


async def outcomes(committer: Committer, *acts: Act[Any]) -> list[Outcome | BaseException]:
    return list(await asyncio.gather(*map(committer.submit, acts), return_exceptions=True))


async def held(registry: Registry, account: Account) -> int:
    async with registry.read() as connection:
        return await store.get_total(connection, account.id, size=2**40)


@asynccontextmanager
async def another(registry: Registry, **options: Any) -> AsyncIterator[Committer]:
    """Run a committer of one's own on the same register."""
    engine = make_engine(registry.url, connections_max=2)
    made = Committer(engine, refusals_by_constraint(), **options)
    await made.start()
    yield made
    await made.stop()
    await engine.dispose()


async def stumble(_: Pen) -> None:
    raise ZeroDivisionError


async def break_a_nameless_rule(pen: Pen) -> None:
    await pen.connection.execute(text("INSERT INTO parties (id) VALUES ('x')"))


def trip(_: object) -> Reply:
    raise KeyError("no such field")


@pytest.mark.parametrize("fault", ["operation", "constraint", "presentation"])
async def test_a_poisonous_act_harms_nobody_else(
    registry: Registry, world: World, fault: str
) -> None:
    """Nineteen others are in the same commit; all of them are done."""
    poison = {
        "operation": an_act(world.administrator, stumble),
        "constraint": an_act(world.administrator, break_a_nameless_rule),
        "presentation": replace(a_transfer(world), present=trip),
    }[fault]
    acts = [a_transfer(world) for _ in range(19)]
    found = await outcomes(registry.committer, *acts[:10], poison, *acts[10:])
    assert [isinstance(one, Outcome) for one in found] == [True] * 10 + [False] + [True] * 9
    assert await held(registry, world.to_account) == 19


async def test_a_refused_act_leaves_no_trace(registry: Registry, world: World) -> None:
    found = await outcomes(
        registry.committer, a_transfer(world, 600), a_transfer(world, 600), a_transfer(world, 400)
    )
    assert isinstance(found[1], InsufficientCreditsError)
    assert [isinstance(one, Outcome) for one in found] == [True, False, True]
    assert await held(registry, world.to_account) == 1_000


async def test_a_constraint_with_a_name_refuses_one_act(registry: Registry, world: World) -> None:
    """The savepoint goes back, the commit goes on."""
    actor = world.administrator

    def add(email: str) -> Act[Any]:
        command = parties.AddUser(
            actor.party_id, email, "ใครสักคน", frozenset({Role.AUDITOR}), PASSWORD_HASH
        )
        return an_act(actor, lambda pen: parties.add_user(pen, actor, command))

    found = await outcomes(
        registry.committer, add("a@example.org"), add("a@example.org"), a_transfer(world)
    )
    assert isinstance(found[1], EmailTakenError)
    assert [isinstance(one, Outcome) for one in found] == [True, False, True]


async def test_a_decision_on_something_stale_is_made_again(
    registry: Registry, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database finds that the block is not as it was remembered, once."""
    write, times = commit.write, 0

    async def forget(connection: Any, pen: Pen, head: Any, **rest: Any) -> None:
        nonlocal times
        times += 1
        if times == 1:
            for before in pen.take(Book).blocks_before.values():
                if before is not None:
                    before.last += 1
        await write(connection, pen, head, **rest)

    monkeypatch.setattr(commit, "write", forget)
    assert isinstance(await registry.committer.submit(a_transfer(world)), Outcome)
    assert times == 2
    assert await held(registry, world.to_account) == 1


async def test_what_stays_stale_is_given_up(
    registry: Registry, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = commit.write

    async def forget(connection: Any, pen: Pen, head: Any, **rest: Any) -> None:
        for before in pen.take(Book).blocks_before.values():
            if before is not None:
                before.last += 1
        await write(connection, pen, head, **rest)

    monkeypatch.setattr(commit, "write", forget)
    found = await outcomes(registry.committer, a_transfer(world), a_transfer(world))
    assert not any(isinstance(one, Outcome) for one in found)
    assert await held(registry, world.to_account) == 0


async def terminate_as_owner(registry: Registry) -> None:
    engine = make_engine(registry.url, connections_max=1, role=None)
    async with engine.connect() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE datname ="
                " current_database() AND pid <> pg_backend_pid() AND state LIKE 'idle in%'"
            )
        )
    await engine.dispose()


@pytest.mark.parametrize("committed", [False, True], ids=["not committed", "reply lost"])
async def test_a_lost_connection_in_commit_is_called_unknown(
    registry: Registry, world: World, monkeypatch: pytest.MonkeyPatch, *, committed: bool
) -> None:
    """Only the key can tell; asked again it is done once, whichever way the commit went."""
    real, times = AsyncTransaction.commit, 0

    async def lose(self: AsyncTransaction) -> None:
        nonlocal times
        times += 1
        if times > 1:
            return await real(self)
        if committed:
            await real(self)
            raise ConnectionResetError
        await terminate_as_owner(registry)
        return await real(self)

    monkeypatch.setattr(AsyncTransaction, "commit", lose)
    found = await outcomes(registry.committer, *(a_transfer(world, key=f"k{n}") for n in range(5)))
    assert {type(one) for one in found} == {OutcomeUnknownError}
    again = await outcomes(registry.committer, *(a_transfer(world, key=f"k{n}") for n in range(5)))
    assert [one.replayed for one in again if isinstance(one, Outcome)] == [committed] * 5
    assert await held(registry, world.to_account) == 5


async def test_a_connection_lost_before_commit_is_made_anew(
    registry: Registry, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, times = commit.write, 0

    async def lose(*arguments: Any, **rest: Any) -> None:
        nonlocal times
        times += 1
        if times == 1:
            await terminate_as_owner(registry)
        await write(*arguments, **rest)

    monkeypatch.setattr(commit, "write", lose)
    assert isinstance(await registry.committer.submit(a_transfer(world)), Outcome)
    assert (times, await held(registry, world.to_account)) == (2, 1)


async def test_a_standby_that_is_given_up_leaves_the_outcome_unknown(
    registry: Registry, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Committed here, perhaps gone after a failover: neither done nor undone."""
    notice = "WARNING: canceling wait for synchronous replication due to user request"
    real = AsyncTransaction.commit

    async def warned(self: AsyncTransaction) -> None:
        await real(self)
        registry.committer._on_notice(None, notice)

    monkeypatch.setattr(AsyncTransaction, "commit", warned)
    with pytest.raises(OutcomeUnknownError):
        await registry.committer.submit(a_transfer(world))


async def test_times_never_run_backwards(registry: Registry, world: World) -> None:
    hours = iter([0, -1, -2, 1])
    start = clock.now()

    def stepping() -> datetime:
        return start + timedelta(hours=next(hours))

    async with another(registry, now=stepping) as committer:
        for _ in range(4):
            await committer.submit(a_transfer(world))
    async with registry.read() as connection:
        rows = await rows_of(
            connection, "SELECT recorded_at FROM log_entries ORDER BY log_index DESC LIMIT 4"
        )
    times = [row["recorded_at"] for row in rows][::-1]
    assert times == sorted(times)
    assert times[-1] - times[-2] == timedelta(hours=1)


async def test_a_caller_who_leaves_disturbs_nobody(registry: Registry, world: World) -> None:
    """One who goes before the act is begun has not asked; a begun act is done."""
    waiting = [asyncio.create_task(registry.committer.submit(a_transfer(world))) for _ in range(6)]
    await asyncio.sleep(0)
    waiting[3].cancel()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(found[3], asyncio.CancelledError)
    done = await held(registry, world.to_account)
    assert done in {5, 6}
    assert sum(isinstance(one, Outcome) for one in found) == 5


async def test_a_full_queue_says_so(
    registry: Registry, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer_module, "ACTS_WAITING_MAX", 3)
    found = await outcomes(registry.committer, *(a_transfer(world) for _ in range(10)))
    assert sum(isinstance(one, QueueFullError) for one in found) == 7
    assert await held(registry, world.to_account) == 3


async def test_stopping_finishes_what_waits(registry: Registry, world: World) -> None:
    engine = make_engine(registry.url, connections_max=2)
    committer = Committer(engine, refusals_by_constraint())
    await committer.start()
    waiting = [asyncio.create_task(committer.submit(a_transfer(world))) for _ in range(20)]
    await asyncio.sleep(0)
    await committer.stop()
    assert all(isinstance(one, Outcome) for one in await asyncio.gather(*waiting))
    with pytest.raises(QueueFullError):
        await committer.submit(a_transfer(world))
    await engine.dispose()


async def test_a_key_belongs_to_one_request(registry: Registry, world: World) -> None:
    """In the same commit and in a later one; a refusal does not use it up."""
    found = await outcomes(
        registry.committer,
        a_transfer(world, 2_000, key="k"),
        a_transfer(world, key="k"),
        a_transfer(world, key="k"),
        a_transfer(world, key="k", body=b"other"),
    )
    assert isinstance(found[0], InsufficientCreditsError)
    assert isinstance(found[1], Outcome)
    assert isinstance(found[2], Outcome)
    assert (found[1].replayed, found[2].replayed) == (False, True)
    assert found[1].reply == found[2].reply
    assert isinstance(found[3], KeyReusedError)
    with pytest.raises(KeyReusedError):
        await registry.committer.submit(a_transfer(world, key="k", body=b"other"))
    later = await registry.committer.submit(a_transfer(world, key="k"))
    assert (later.replayed, later.reply) == (True, found[1].reply)
    async with registry.read() as connection:
        kept = await rows_of(connection, "SELECT replays FROM answers WHERE key = 'k'")
    assert kept == [{"replays": 2}]
    assert await held(registry, world.to_account) == 1


async def test_a_dry_run_decides_and_writes_nothing(registry: Registry, world: World) -> None:
    def dry(act: Act[Any]) -> Act[Any]:
        return replace(act, dry_run=True)

    assert (await registry.committer.submit(dry(a_transfer(world, 10)))).reply.status == 201
    with pytest.raises(InsufficientCreditsError):
        await registry.committer.submit(dry(a_transfer(world, 2_000)))
    again = parties.AddUser(
        world.sender.party_id, "b@example.org", "ใคร", frozenset({Role.HOLDER_VIEWER}), None
    )

    async def add_twice(pen: Pen) -> None:
        await parties.add_user(pen, world.administrator, again)
        await parties.add_user(pen, world.administrator, again)

    with pytest.raises(EmailTakenError):
        await registry.committer.submit(dry(an_act(world.administrator, add_twice)))
    with pytest.raises(Exception, match="not-null"):
        await registry.committer.submit(dry(an_act(world.administrator, break_a_nameless_rule)))
    assert await held(registry, world.to_account) == 0


async def test_a_database_that_is_away_is_called_away() -> None:
    actor = Actor("x", "x", PartyKind.AUTHORITY, frozenset())
    for url in ("postgresql://x@/x?host=/nowhere", "postgresql://x@127.0.0.1:1/x"):
        engine = make_engine(url, connections_max=1)
        committer = Committer(engine, {})
        await committer.start()
        with pytest.raises(DatabaseAwayError):
            await committer.submit(an_act(actor, stumble))
        await committer.stop()
        await engine.dispose()
