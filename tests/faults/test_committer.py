"""
Goal: one act's trouble is its own; what is said of an act is true, and where it is not known, that
is what is said.

Method: the real committer on a real database, with faults put in where a machine would put them.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncTransaction

from app.entry import committer as committer_module
from app.entry.acts import Act, Idempotency, Outcome, Reply
from app.entry.attempt import Attempt, OutcomeUnknownError, RolledBackError
from app.entry.committer import Committer, DatabaseAwayError, QueueFullError
from app.entry.deciding import KeyReusedError
from app.entry.waiting import Queue
from app.kernel import clock
from app.kernel.db import make_engine, rows_of, sqlstate_of
from app.kernel.outages import is_away
from app.registry import commit
from app.registry.commit import Composed
from app.registry.ledger import operations, store
from app.registry.ledger.page import Page
from app.registry.ledger.refusals import InsufficientCreditsError
from app.registry.ledger.rules import Account
from app.registry.log import store as log_store
from app.registry.log.pen import ActTooLargeError, Pen
from app.registry.log.store import Head
from app.registry.parties import operations as parties
from app.registry.parties import store as people
from app.registry.parties.policy import Actor
from app.registry.parties.refusals import EmailTakenError
from app.registry.parties.rules import PartyKind, Role
from app.registry.stores import refusals_by_constraint
from tests.builders.ledger import oldest
from tests.builders.parties import PASSWORD_HASH
from tests.conftest import Registry, Server
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
        (command.touches(),),
        ahead=True,
    )


def under_pen(act: Act[Any]) -> Act[Any]:
    """Have an act decided with the pen in hand, as acts are that read more than the ledger."""
    return replace(act, ahead=False)


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


def an_addition(actor: Actor, email: str) -> Act[Any]:
    """Add a user: an act that writes rows of its own."""
    command = parties.AddUser(
        actor.party_id, email, "ใครสักคน", frozenset({Role.AUDITOR}), PASSWORD_HASH
    )
    return an_act(actor, lambda pen: parties.add_user(pen, actor, command))


async def log_size(registry: Registry) -> int:
    async with registry.read() as connection:
        return (await log_store.get_head(connection)).size


async def registered(registry: Registry, email: str) -> bool:
    async with registry.read() as connection:
        rows = await rows_of(connection, "SELECT email FROM users")
    return email in {row["email"] for row in rows}


async def stumble(_: Pen) -> None:
    raise ZeroDivisionError


async def break_a_nameless_rule(pen: Pen) -> None:
    await pen.connection.execute(text("INSERT INTO parties (id) VALUES ('x')"))


def trip(_: object) -> Reply:
    raise KeyError("no such field")


async def fail_at_commit(pen: Pen) -> None:
    pen.record(by="usr_x", kind="test.deferred", subject="x", data={})


async def raise_at_commit(registry: Registry, raised: str) -> None:
    """Have the database raise something during COMMIT, where the act `fail_at_commit` is in it."""
    await as_owner(
        registry,
        "CREATE FUNCTION raise_late() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE {raised}; RETURN NULL; END $$",
    )
    await as_owner(
        registry,
        "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON log_entries DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW WHEN (NEW.kind = 'test.deferred') EXECUTE FUNCTION raise_late()",
    )


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("operation", ZeroDivisionError),
        ("constraint", IntegrityError),
        ("presentation", KeyError),
        ("commit", IntegrityError),
    ],
)
async def test_a_poisonous_act_harms_nobody_else(
    registry: Registry, world: World, fault: str, error: type[Exception]
) -> None:
    """Nineteen others are in the same commit; all of them are done."""
    await raise_at_commit(registry, "EXCEPTION 'too late' USING ERRCODE = '23514'")
    poison = {
        "operation": an_act(world.administrator, stumble),
        "constraint": an_act(world.administrator, break_a_nameless_rule),
        "presentation": replace(a_transfer(world), present=trip),
        "commit": an_act(world.administrator, fail_at_commit),
    }[fault]
    size = await log_size(registry)
    acts = [a_transfer(world) for _ in range(19)]
    found = await outcomes(registry.committer, *acts[:10], poison, *acts[10:])
    assert [isinstance(one, Outcome) for one in found] == [True] * 10 + [False] + [True] * 9
    assert isinstance(found[10], error)
    assert await held(registry, world.to_account) == 19
    assert await log_size(registry) == size + 19


@pytest.mark.parametrize("moves", [False, True], ids=["rows of its own", "credits"])
async def test_a_reply_that_is_refused_takes_its_act_back(
    registry: Registry, world: World, *, moves: bool
) -> None:
    """A refusal leaves no trace, wherever in the act it comes from."""

    def refuse(_: object) -> Reply:
        raise ActTooLargeError

    act = a_transfer(world) if moves else an_addition(world.administrator, "a@example.org")
    size = await log_size(registry)
    found = await outcomes(
        registry.committer, a_transfer(world), replace(act, present=refuse), a_transfer(world)
    )
    assert isinstance(found[1], ActTooLargeError)
    assert await held(registry, world.to_account) == 2
    assert await log_size(registry) == size + 2
    assert not await registered(registry, "a@example.org")


async def test_a_refused_act_leaves_no_trace(registry: Registry, world: World) -> None:
    size = await log_size(registry)
    found = await outcomes(
        registry.committer, a_transfer(world, 600), a_transfer(world, 600), a_transfer(world, 400)
    )
    assert await log_size(registry) == size + 2
    assert isinstance(found[1], InsufficientCreditsError)
    assert [isinstance(one, Outcome) for one in found] == [True, False, True]
    assert await held(registry, world.to_account) == 1_000


async def nobody(*_: object) -> None:
    """Answer that nobody has the address, so that the constraint itself must tell."""


async def test_a_constraint_with_a_name_refuses_one_act(
    registry: Registry, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The savepoint goes back, the commit goes on."""
    monkeypatch.setattr(people, "find_user_id_by_email", nobody)
    size = await log_size(registry)
    taken = an_addition(world.administrator, "a@example.org")
    found = await outcomes(registry.committer, taken, taken, a_transfer(world))
    assert isinstance(found[1], EmailTakenError)
    assert [isinstance(one, Outcome) for one in found] == [True, False, True]
    assert await log_size(registry) == size + 2
    with pytest.raises(EmailTakenError):
        await registry.committer.submit(replace(taken, dry_run=True))


async def test_a_constraint_checked_at_commit_refuses_one_act(
    registry: Registry, world: World
) -> None:
    await raise_at_commit(
        registry, "unique_violation USING MESSAGE = 'late', CONSTRAINT = 'uq_users_email'"
    )
    late = an_act(world.administrator, fail_at_commit)
    found = await outcomes(registry.committer, a_transfer(world), late, a_transfer(world))
    assert isinstance(found[1], EmailTakenError)
    assert await held(registry, world.to_account) == 2


async def test_a_decision_on_something_stale_is_made_again(
    registry: Registry, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database finds that the block is not as it was remembered, once."""
    compose, times = commit.compose, 0

    def forget(head: Head, pen: Pen, page: Page, **rest: Any) -> Composed:
        nonlocal times
        times += 1
        if times == 1:
            for before in filter(None, page.blocks_before.values()):
                before.last += 1
        return compose(head, pen, page, **rest)

    monkeypatch.setattr(commit, "compose", forget)
    assert isinstance(await registry.committer.submit(a_transfer(world)), Outcome)
    assert times == 2
    assert await held(registry, world.to_account) == 1


async def test_what_stays_stale_is_one_callers_trouble(
    registry: Registry, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Once ahead of the pen, three times together, three times alone; then its caller is told, and
    the others are done.
    """
    compose, times = commit.compose, 0

    def forget(head: Head, pen: Pen, page: Page, **rest: Any) -> Composed:
        nonlocal times
        if any(answer.key == "stale" for answer in rest["answers"]):
            times += 1
            for before in filter(None, page.blocks_before.values()):
                before.last += 1
        return compose(head, pen, page, **rest)

    monkeypatch.setattr(commit, "compose", forget)
    found = await outcomes(
        registry.committer, a_transfer(world), a_transfer(world, key="stale"), a_transfer(world)
    )
    assert [isinstance(one, Outcome) for one in found] == [True, False, True]
    assert isinstance(found[1], BaseException)
    assert sqlstate_of(found[1]) == "40001"
    assert times == 7
    assert await held(registry, world.to_account) == 2


async def as_owner(registry: Registry, statement: str) -> None:
    engine = make_engine(registry.url, connections_max=1, role=None)
    async with engine.begin() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


async def terminate_as_owner(registry: Registry) -> None:
    await as_owner(
        registry,
        "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE datname ="
        " current_database() AND pid <> pg_backend_pid() AND state LIKE 'idle in%'",
    )


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
    acts = [under_pen(a_transfer(world, key=f"k{n}")) for n in range(5)]
    found = await outcomes(registry.committer, *acts)
    assert {type(one) for one in found} == {OutcomeUnknownError}
    again = await outcomes(registry.committer, *acts)
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
    assert isinstance(await registry.committer.submit(under_pen(a_transfer(world))), Outcome)
    assert (times, await held(registry, world.to_account)) == (2, 1)


async def test_a_standby_that_is_given_up_leaves_the_outcome_unknown(
    registry: Registry, world: World, server: Server
) -> None:
    """Committed here, perhaps gone after a failover: neither done nor undone."""
    await server.run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    try:
        await server.run("SELECT pg_reload_conf()")
        waiting = asyncio.create_task(registry.committer.submit(a_transfer(world, key="k")))
        async with asyncio.timeout(10):
            while not waiting.done():
                await as_owner(
                    registry,
                    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event ="
                    " 'SyncRep' AND datname = current_database()",
                )
                await asyncio.sleep(0.05)
        with pytest.raises(OutcomeUnknownError):
            await waiting
    finally:
        await server.run("ALTER SYSTEM RESET synchronous_standby_names")
        await server.run("SELECT pg_reload_conf()")
    assert (await registry.committer.submit(a_transfer(world, key="k"))).replayed
    assert await held(registry, world.to_account) == 1


async def test_another_warning_at_commit_changes_nothing(registry: Registry, world: World) -> None:
    await raise_at_commit(registry, "WARNING 'something else'")
    act = an_act(world.administrator, fail_at_commit)
    assert isinstance(await registry.committer.submit(act), Outcome)


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
    """Who goes before the act is begun has not asked; what was begun is done."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def dawdle(pen: Pen) -> operations.Movement:
        begun.set()
        await go_on.wait()
        return await a_transfer(world).operation(pen)

    first = asyncio.create_task(
        registry.committer.submit(replace(a_transfer(world, key="begun"), operation=dawdle))
    )
    await begun.wait()
    others = [
        asyncio.create_task(registry.committer.submit(a_transfer(world, key=f"waits {n}")))
        for n in range(5)
    ]
    await asyncio.sleep(0)
    for leaving in (first, others[2]):
        leaving.cancel()
    await asyncio.sleep(0)
    go_on.set()
    found = await asyncio.gather(first, *others, return_exceptions=True)
    assert [isinstance(one, Outcome) for one in found] == [False, True, True, False, True, True]
    assert await held(registry, world.to_account) == 5
    assert (await registry.committer.submit(a_transfer(world, key="begun"))).replayed
    assert not (await registry.committer.submit(a_transfer(world, key="waits 2"))).replayed


async def test_a_caller_who_left_is_not_told_of_a_failure(registry: Registry, world: World) -> None:
    begun = asyncio.Event()

    async def dawdle(_: Pen) -> None:
        begun.set()
        await asyncio.sleep(0.05)
        raise ZeroDivisionError

    leaving = asyncio.create_task(registry.committer.submit(an_act(world.administrator, dawdle)))
    await begun.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert isinstance(await registry.committer.submit(a_transfer(world)), Outcome)


@pytest.mark.parametrize("fault", ["log", "cancelled"])
async def test_what_nobody_expected_does_not_end_the_writer(
    registry: Registry, world: World, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Without it every later act would wait for ever, and the service look well."""

    class FullDisk:
        def warning(self, *_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        def error(self, *_: object, **__: object) -> None:
            """The next line finds room again."""

    async def find_it_away(*_: object) -> None:
        raise RolledBackError(ConnectionResetError())

    async def give_up(_: Pen) -> None:
        raise asyncio.CancelledError

    act = under_pen(a_transfer(world)) if fault == "log" else an_act(world.administrator, give_up)
    async with asyncio.timeout(10):
        with monkeypatch.context() as patched:
            if fault == "log":
                patched.setattr(committer_module, "_log", FullDisk())
                patched.setattr(Attempt, "under_pen", find_it_away)
            assert isinstance((await outcomes(registry.committer, act))[0], OutcomeUnknownError)
        assert isinstance(await registry.committer.submit(a_transfer(world)), Outcome)
    assert await held(registry, world.to_account) == 1


async def test_a_writer_that_is_told_to_end_ends(registry: Registry, world: World) -> None:
    begun = asyncio.Event()

    async def dawdle(_: Pen) -> None:
        begun.set()
        await asyncio.sleep(10)

    async with another(registry) as committer:
        waiting = asyncio.create_task(committer.submit(an_act(world.administrator, dawdle)))
        await begun.wait()
        assert committer._task is not None
        committer._task.cancel()
        with pytest.raises(OutcomeUnknownError):
            await waiting
        with pytest.raises(asyncio.CancelledError):
            await committer._task
        committer._task = None


async def test_a_full_queue_says_so(registry: Registry, world: World) -> None:
    registry.committer._queue = Queue(lambda waiting: waiting.future.done(), acts_max=6)
    found = await outcomes(registry.committer, *(a_transfer(world) for _ in range(10)))
    full = [one for one in found if isinstance(one, QueueFullError)]
    assert len(full) == 7
    assert {one.facts["retry_after_s"] for one in full} == {1}
    assert await held(registry, world.to_account) == 3


async def test_stopping_finishes_what_waits(registry: Registry, world: World) -> None:
    engine = make_engine(registry.url, connections_max=2)
    committer = Committer(engine, refusals_by_constraint())
    await committer.start()
    waiting = [asyncio.create_task(committer.submit(a_transfer(world))) for _ in range(20)]
    await asyncio.sleep(0)
    await committer.stop()
    async with asyncio.timeout(10):  # what is forgotten would wait for ever
        assert all(isinstance(one, Outcome) for one in await asyncio.gather(*waiting))
    with pytest.raises(QueueFullError):
        await committer.submit(a_transfer(world))
    await engine.dispose()


async def test_stopping_what_never_started_is_nothing() -> None:
    engine = make_engine("postgresql://x@/x?host=/nowhere", connections_max=1)
    await Committer(engine, {}).stop()
    await engine.dispose()


async def test_a_connection_that_cannot_roll_back_is_replaced(
    registry: Registry, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept, it would fail every later act: there is one connection to write with."""

    async def fail(_: AsyncTransaction) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(AsyncTransaction, "rollback", fail)
        with pytest.raises(RuntimeError):
            await registry.committer.submit(an_act(world.administrator, stumble))
    assert isinstance(await registry.committer.submit(a_transfer(world)), Outcome)


async def test_a_connection_that_cannot_even_be_dropped_is_left_behind(
    registry: Registry, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: AsyncConnection) -> None:
        raise ConnectionResetError

    async with another(registry) as committer:
        await committer.submit(a_transfer(world))
        with monkeypatch.context() as patched:
            patched.setattr(AsyncConnection, "invalidate", fail)
            left = await committer._get_connections()
            await terminate_as_owner(registry)
            await committer._drop_connections()
        for connection in left:
            await connection.close()
        assert isinstance(await committer.submit(a_transfer(world)), Outcome)


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
    """It refuses what the act itself would be refused for."""

    def dry(act: Act[Any]) -> Act[Any]:
        return replace(act, dry_run=True)

    taken = an_addition(world.administrator, "b@example.org")
    await registry.committer.submit(taken)
    size = await log_size(registry)
    fresh = dry(an_addition(world.administrator, "c@example.org"))
    assert (await registry.committer.submit(fresh)).reply.status == 200
    asked = dry(a_transfer(world, 10, key="k"))
    assert (await registry.committer.submit(asked)).reply.status == 201
    for refused, refusal in (
        (a_transfer(world, 2_000), InsufficientCreditsError),
        (taken, EmailTakenError),
        (an_act(world.administrator, break_a_nameless_rule), IntegrityError),
        (an_act(world.administrator, stumble), ZeroDivisionError),
    ):
        for act in (refused, dry(refused)):
            with pytest.raises(refusal):
                await registry.committer.submit(act)
    assert await held(registry, world.to_account) == 0
    assert await log_size(registry) == size
    assert not await registered(registry, "c@example.org")
    assert not (await registry.committer.submit(a_transfer(world, 10, key="k"))).replayed


async def test_a_database_that_is_away_is_called_away() -> None:
    """Soon, and of a dry run too: a caller must not hang on what does not answer."""
    actor = Actor("x", "x", PartyKind.AUTHORITY, frozenset())
    act = an_act(actor, stumble)
    for url in ("postgresql://x@/x?host=/nowhere", "postgresql://x@127.0.0.1:1/x"):
        engine = make_engine(url, connections_max=1)
        committer = Committer(engine, {})
        await committer.start()
        async with asyncio.timeout(3):
            found = await outcomes(committer, act, act)
        assert [type(one) for one in found] == [DatabaseAwayError] * 2
        with pytest.raises(OSError) as failure:  # noqa: PT011  the driver's own, of many kinds
            await committer.submit(replace(act, dry_run=True))
        assert is_away(failure.value)
        await committer.stop()
        await engine.dispose()
