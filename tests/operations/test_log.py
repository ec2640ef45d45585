"""The log: what is in it, proofs of any of it at any size, and how long it was at any moment."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from app.entry.acts import Act, Reply
from app.kernel.clock import now
from app.kernel.db import connect, make_engine, reading
from app.registry.log import proofs, store
from app.registry.log.merkle import (
    EMPTY_ROOT,
    Frontier,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from app.registry.log.pen import Pen
from app.registry.log.proofs import LogSizeError
from app.registry.log.store import LogEntry, LogEntryNotFoundError
from tests.builders.parties import NOBODY, Register
from tests.builders.publishing import publish
from tests.builders.rows import violates, writing
from tests.conftest import Registry, Server


async def note(registry: Register, subject: str = "a note", kind: str = "note.taken") -> int:
    """Put an act into the log that does nothing else."""

    async def act(pen: Pen) -> int:
        return pen.record(by="nobody", kind=kind, subject=subject, data={})

    return await registry.do(NOBODY, act)


async def entries_of(registry: Register) -> list[LogEntry]:
    async with registry.read() as connection:
        return await store.list_entries(connection, first=0, rows_max=1_000)


async def test_an_act_is_kept_as_the_bytes_that_were_hashed(registry: Register) -> None:
    index = await note(registry, "ขอนแก่น")
    async with registry.read() as connection:
        entry = await store.get_entry(connection, index)
        head = await store.get_head(connection)
    assert (entry.log_index, entry.kind, entry.subject) == (index, "note.taken", "ขอนแก่น")
    assert entry.leaf_hash == leaf_hash(entry.leaf)
    leaf = json.loads(entry.leaf)
    assert leaf == {
        "v": 1,
        "kind": "note.taken",
        "at": entry.recorded_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "by": "nobody",
        "subject": "ขอนแก่น",
        "data": {},
    }
    assert (head.size, head.recorded_at) == (index + 1, entry.recorded_at)


async def test_acts_are_listed_from_any_index(registry: Register) -> None:
    for _ in range(3):
        await note(registry)
    whole = await entries_of(registry)
    assert [entry.log_index for entry in whole] == list(range(len(whole)))
    async with registry.read() as connection:
        assert await store.list_entries(connection, first=2, rows_max=2) == whole[2:4]
        assert await store.list_entries(connection, first=len(whole), rows_max=2) == []
        leaves = await store.list_leaves(connection, first=1, rows_max=2)
        assert [(index, leaf) for index, leaf, _ in leaves] == [
            (entry.log_index, entry.leaf) for entry in whole[1:3]
        ]


async def test_an_act_that_never_was_is_not_found(registry: Register) -> None:
    size = len(await entries_of(registry))
    async with registry.read() as connection:
        await store.get_entry(connection, size - 1)
        for index in (size, size + 1, 2**53 - 1, -1):
            with pytest.raises(LogEntryNotFoundError) as refusal:
                await store.get_entry(connection, index)
            assert refusal.value.facts == {"size": size}


async def test_what_the_log_says_about_something_is_found(registry: Register) -> None:
    """Movements of credits are found through the ledger instead."""
    first, second = await note(registry, "pty_x"), await note(registry, "pty_x")
    await note(registry, "pty_y")
    await note(registry, "pty_x", kind="credits.imagined")

    async def about(after: int, rows_max: int = 10) -> list[int]:
        async with registry.read() as connection:
            found = await store.list_entries_about(
                connection, "pty_x", after=after, rows_max=rows_max
            )
        return [entry.log_index for entry in found]

    assert await about(-1) == [first, second]
    assert await about(first) == [second]
    assert await about(second) == []
    assert await about(-1, rows_max=1) == [first]


async def test_every_act_is_proven_in_every_size_that_holds_it(
    registry: Registry, tmp_path: Path
) -> None:
    """By hashes from the database alone, against roots computed from the leaves."""
    await asyncio.gather(*(note(registry) for _ in range(9)))
    await publish(registry.url, tmp_path)
    entries = await entries_of(registry)
    frontier, roots = Frontier(), [EMPTY_ROOT]
    for entry in entries:
        frontier.append(entry.leaf)
        roots.append(frontier.root())
    sizes = sorted({1, 2, 3, 7, 8, 9, len(entries) - 1, len(entries)})
    async with registry.read() as connection:
        assert (await store.get_head(connection)).root == roots[-1]
        for size in sizes:
            for index in range(size):
                found = await proofs.get_inclusion(connection, index, size=size)
                assert (found.size, found.root, found.entry) == (size, roots[size], entries[index])
                assert verify_inclusion(
                    index=index,
                    size=size,
                    leaf=leaf_hash(entries[index].leaf),
                    proof=found.proof,
                    root=roots[size],
                )
        newest = await proofs.get_inclusion(connection, 0)
        assert (newest.size, newest.root) == (len(entries), roots[-1])
        for size in range(len(entries) + 1):
            assert await proofs.get_root(connection, size) == roots[size]


async def test_the_log_is_proven_to_have_only_grown_between_any_sizes(
    registry: Registry, tmp_path: Path
) -> None:
    await asyncio.gather(*(note(registry) for _ in range(9)))
    await publish(registry.url, tmp_path)
    size_now = len(await entries_of(registry))
    async with registry.read() as connection:
        for size in (1, 2, 7, 8, 13, size_now):
            for old_size in range(1, size + 1):
                found = await proofs.get_consistency(connection, old_size=old_size, size=size)
                assert (found.old_size, found.size) == (old_size, size)
                assert found.old_root == await proofs.get_root(connection, old_size)
                assert verify_consistency(
                    old_size=old_size,
                    size=size,
                    old_root=found.old_root,
                    root=found.root,
                    proof=found.proof,
                )


async def test_sizes_that_the_log_never_had_are_refused(registry: Registry, tmp_path: Path) -> None:
    """At the limits and one beyond."""
    await publish(registry.url, tmp_path)
    size_now = len(await entries_of(registry))
    async with registry.read() as connection:
        await proofs.get_inclusion(connection, 4, size=5)
        for index, size in ((4, 4), (4, 0), (4, -1), (0, size_now + 1)):
            with pytest.raises(LogSizeError) as refusal:
                await proofs.get_inclusion(connection, index, size=size)
            assert refusal.value.facts == {"size": size_now}
        with pytest.raises(LogEntryNotFoundError):
            await proofs.get_inclusion(connection, size_now, size=size_now)
        await proofs.get_consistency(connection, old_size=1, size=size_now)
        for old_size, size in ((0, 5), (-1, 5), (5, 4), (1, size_now + 1), (0, 0)):
            with pytest.raises(LogSizeError):
                await proofs.get_consistency(connection, old_size=old_size, size=size)


async def test_the_size_at_a_moment_counts_the_acts_of_that_very_moment(
    registry: Registry,
) -> None:
    """Acts of one commit have one time: they are all in, or all out."""
    start = len(await entries_of(registry))
    early = now() + timedelta(minutes=1)
    late = early + timedelta(microseconds=1)
    for moment, count in ((early, 3), (late, 2)):
        registry.committer._now = lambda moment=moment: moment  # type: ignore[misc]
        await asyncio.gather(*(note(registry) for _ in range(count)))
    async with registry.read() as connection:
        for moment, at, before in (
            (datetime(1970, 1, 1, tzinfo=UTC), 0, 0),
            (early - timedelta(microseconds=1), start, start),
            (early, start + 3, start),
            (late, start + 5, start + 3),
            (late + timedelta(days=1), start + 5, start + 5),
        ):
            assert await store.get_size_at(connection, moment) == at
            assert await store.get_size_before(connection, moment) == before


async def test_a_database_says_how_far_it_is(
    registry: Register, database_url: str, server: Server
) -> None:
    """What a start looks at before it touches anything: migrated and founded, or empty."""
    async with registry.read() as connection:
        size = (await store.get_head(connection)).size
    for url, expected in ((database_url, size), (server.admin_url, None)):
        engine = make_engine(url, connections_max=1, role=None)
        try:
            async with engine.connect() as connection:
                state = await store.find_state(connection)
        finally:
            await engine.dispose()
        assert (None if state is None else state[1]) == expected


async def test_an_empty_log_has_no_acts_and_the_empty_root(database_url: str) -> None:
    """Before the founding: what a fresh database holds."""
    engine = make_engine(database_url, connections_max=1, role=None)
    try:
        async with engine.connect() as connection:
            assert await proofs.get_root(connection, 0) == EMPTY_ROOT
            assert await store.list_answers(connection, []) == {}
    finally:
        await engine.dispose()


async def test_an_act_that_the_committer_does_not_know_a_tool_for_is_our_mistake(
    registry: Registry,
) -> None:
    async def act(pen: Pen) -> int:
        return pen.take(int)

    with pytest.raises(KeyError):
        await registry.committer.submit(Act(NOBODY, act, lambda _: Reply(200, b"")))


async def test_history_is_refused_to_the_owner_of_the_database_too(database_url: str) -> None:
    """Until they take the guard away, which the published log then shows."""
    engine = make_engine(database_url, connections_max=1, role=None)
    statements = (
        store.log_entries.update().values(kind="x"),
        store.log_entries.delete(),
    )
    try:
        async with engine.connect() as connection:
            for statement in statements:
                with pytest.raises(Exception, match="history is only added to"):
                    await connection.execute(statement)
                await connection.rollback()
    finally:
        await engine.dispose()


async def test_a_leaf_does_not_stand_beside_another_hash(database_url: str) -> None:
    """The database computes it again."""
    row = {
        "log_index": 10**6,
        "kind": "x.done",
        "subject": "x",
        "leaf": b"{}",
        "nodes": leaf_hash(b"{}"),
        "recorded_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    large = b"x" * 65_536
    table = store.log_entries
    engine = make_engine(database_url, connections_max=1, role=None)
    try:
        async with engine.connect() as connection, connection.begin() as transaction:
            for change, constraint in (
                ({"nodes": leaf_hash(b"[]")}, "ck_log_entries_leaf_hash"),
                ({"leaf": large, "nodes": leaf_hash(large)}, "ck_log_entries_leaf_size"),
                ({"log_index": -1}, "ck_log_entries_log_index"),
                ({"log_index": 0}, "pk_log_entries"),
            ):
                await violates(connection, insert(table).values(row | change), constraint)
            await connection.execute(insert(table).values(row))
            await transaction.rollback()
    finally:
        await engine.dispose()


async def test_the_service_reads_the_log_and_takes_the_pen_but_writes_no_row(
    database_url: str,
) -> None:
    async with writing(database_url) as connection:
        head = await store.lock_head(connection)
        assert head.size == (await store.get_head(connection)).size > 0
        with pytest.raises(Exception, match="permission denied for table log_head"):
            await connection.execute(store.log_head.update().values(size=0))


async def test_a_snapshot_does_not_see_what_came_after(registry: Registry) -> None:
    """Every statement of one answer speaks of the same state."""
    async with reading(registry.engine) as connection:
        before = (await store.get_head(connection)).size
        await note(registry)
        assert (await store.get_head(connection)).size == before
        with pytest.raises(Exception, match="read-only transaction"):
            await connection.execute(store.log_head.update().values(size=0))


async def test_a_socket_that_is_not_there_is_a_database_away(tmp_path: Path) -> None:
    """Any other missing file would be a fault of ours."""
    engine = make_engine(f"postgresql://x@/x?host={tmp_path}", connections_max=1)
    with pytest.raises(ConnectionError, match="socket is not there"):
        await connect(engine)
    await engine.dispose()
