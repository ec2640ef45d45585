"""The publisher signs one history, and stops where it is asked for another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import asyncpg
import pytest
from sqlalchemy import update

from app.entry.log_files import open_log_files
from app.entry.publishing import agreement, keys
from app.entry.publishing.memory import Memory
from app.entry.publishing.publisher import Publisher
from app.entry.publishing.refusals import (
    DatabaseBehindError,
    DatabaseDiffersError,
    FilesDifferError,
    LogKeyError,
    MemoryBehindError,
    OriginChangedError,
    PublisherRunningError,
)
from app.entry.publishing.witnessed import Witnessing
from app.kernel.db import PUBLISHER_ROLE, make_engine
from app.main import create_app
from app.registry.log.checkpoints import Checkpoint, parse_checkpoint
from app.registry.log.policy import Policy
from app.registry.log.proofs import get_root
from app.registry.log.store.publication import get_published, log_checkpoint, update_signing
from tests.builders.parties import a_holder, an_authority
from tests.builders.publishing import ORIGIN, a_publisher, publish
from tests.builders.rows import violates
from tests.conftest import Registry, Server, opened, settings_for

_copies = count(1)


async def more(registry: Registry, acts: int = 1) -> None:
    """Put a few more acts into the log."""
    for _ in range(acts):
        await a_holder(registry)


def released(data: Path) -> Checkpoint:
    return parse_checkpoint((data / "log" / "checkpoint").read_bytes())[1]


@asynccontextmanager
async def a_copy(server: Server, registry: Registry) -> AsyncIterator[str]:
    """What a backup of this moment would hold: a database that knows nothing of what comes."""
    name = urlsplit(registry.url).path.removeprefix("/")
    copy = f"{name}_copy_{next(_copies)}"
    await registry.committer._drop_connections()
    await registry.engine.dispose()
    await server.run(f"CREATE DATABASE {copy} TEMPLATE {name}")
    yield server.url(copy)
    await server.run(f"DROP DATABASE {copy} WITH (FORCE)")


async def as_owner(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_a_checkpoint_comes_out_for_what_is_new_and_only_then(
    registry: Registry, tmp_path: Path
) -> None:
    async with a_publisher(registry.url, tmp_path) as publishing:
        assert await publishing.step()
        first = released(tmp_path)
        assert not await publishing.step()
        assert released(tmp_path) == first
        await an_authority(registry)
        assert await publishing.step()
        second = released(tmp_path)
    assert first.origin == second.origin == ORIGIN
    assert first.size < second.size
    async with registry.read() as connection:
        for checkpoint in (first, second):
            assert await get_root(connection, checkpoint.size) == checkpoint.root
        published = await get_published(connection)
    assert (published.size, published.root) == (second.size, second.root)
    assert published.note == (tmp_path / "log" / "checkpoint").read_bytes()


async def test_a_restored_backup_is_not_published(
    registry: Registry, server: Server, tmp_path: Path
) -> None:
    """It lacks acts that the world has seen; so does a server that serves it."""
    await an_authority(registry)
    await publish(registry.url, tmp_path)
    async with a_copy(server, registry) as yesterday:
        await more(registry, 3)
        await publish(registry.url, tmp_path)
        with pytest.raises(DatabaseBehindError) as refusal:
            await publish(yesterday, tmp_path)
        assert refusal.value.facts["published"] == released(tmp_path).size
        application = create_app(settings_for(yesterday, tmp_path))
        with pytest.raises(DatabaseBehindError):
            async with application.router.lifespan_context(application):
                pytest.fail("it serves a database that lacks published acts")


async def test_another_history_after_a_lost_failover_is_not_published(
    registry: Registry, server: Server, tmp_path: Path
) -> None:
    """As long as the true one, and made by the register itself: only what was signed tells."""
    await an_authority(registry)
    async with a_copy(server, registry) as other:
        await more(registry, 2)
        await publish(registry.url, tmp_path)
        async with opened(other) as forked:
            await more(forked, 3)
        with pytest.raises(DatabaseDiffersError):
            await publish(other, tmp_path)
        application = create_app(settings_for(other, tmp_path))
        with pytest.raises(DatabaseDiffersError):
            async with application.router.lifespan_context(application):
                pytest.fail("it serves another history than the published one")


EDIT: Final = (
    "ALTER TABLE log_entries DISABLE TRIGGER ALL",
    "UPDATE log_entries SET leaf = leaf || 'x'::bytea WHERE log_index = 5",
)
REHASH: Final = (
    "UPDATE log_entries SET nodes = sha256('\\x00'::bytea || leaf) || substr(nodes, 33)"
    " WHERE log_index = 5"
)


@pytest.mark.parametrize("rehashes", [False, True])
async def test_a_leaf_that_the_owner_edited_is_found_at_the_start(
    registry: Registry, server: Server, tmp_path: Path, *, rehashes: bool
) -> None:
    """Also where whoever edits it puts its hash right: the tree above it was signed."""
    await an_authority(registry)
    await publish(registry.url, tmp_path)
    async with a_copy(server, registry) as edited:
        checks = "ALTER TABLE log_entries DROP CONSTRAINT ck_log_entries_leaf_hash"
        statements = [checks, *EDIT, *([REHASH] if rehashes else [])]
        await as_owner(edited, *statements)
        with pytest.raises(DatabaseDiffersError):
            await publish(edited, tmp_path)


async def test_a_tail_that_the_owner_deleted_is_found_at_the_start(
    registry: Registry, server: Server, tmp_path: Path
) -> None:
    await an_authority(registry)
    await publish(registry.url, tmp_path)
    async with a_copy(server, registry) as cut:
        await as_owner(
            cut,
            "ALTER TABLE log_entries DISABLE TRIGGER ALL",
            "DELETE FROM log_entries WHERE log_index = (SELECT size - 1 FROM log_head)",
        )
        with pytest.raises(DatabaseDiffersError):
            await publish(cut, tmp_path)


async def test_leaves_that_change_while_it_runs_are_not_signed(
    registry: Registry, server: Server, tmp_path: Path
) -> None:
    async with a_copy(server, registry) as url:
        async with a_publisher(url, tmp_path) as publishing:
            assert await publishing.step()
            await as_owner(
                url,
                "UPDATE log_head SET size = size + 1",
                "INSERT INTO log_entries (log_index, kind, subject, leaf, nodes, recorded_at)"
                " SELECT h.size - 1, 'x', 'x', 'x', sha256('\\x0078'::bytea), h.recorded_at"
                " FROM log_head h",
            )
            with pytest.raises(DatabaseDiffersError):
                await publishing.step()
        assert released(tmp_path).size < 100


async def test_a_second_publisher_refuses(registry: Registry, tmp_path: Path) -> None:
    """On this machine by the folder's lock, on another one by the database's."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    async with a_publisher(registry.url, tmp_path):
        for data in (tmp_path, elsewhere):
            with pytest.raises(PublisherRunningError):
                await publish(registry.url, data)
    await publish(registry.url, tmp_path)


async def test_a_publisher_that_has_forgotten_refuses_until_it_adopts(
    registry: Registry, tmp_path: Path
) -> None:
    """A lost folder, or an old copy of it: it might sign another root of a size that is out."""
    await publish(registry.url, tmp_path)
    memory = tmp_path / "publisher" / "signed.json"
    old = memory.read_bytes()
    await an_authority(registry)
    await publish(registry.url, tmp_path)
    for forget in (lambda: memory.write_bytes(old), memory.unlink):
        forget()
        with pytest.raises(MemoryBehindError):
            await publish(registry.url, tmp_path)
    engine = make_engine(registry.url, connections_max=1, role=PUBLISHER_ROLE)
    held = Memory(tmp_path / "publisher")
    try:
        files = open_log_files((tmp_path / "log").as_uri())
        log_keys = keys.load_or_make(tmp_path / "publisher", ORIGIN)
        async with engine.connect() as connection:
            adopted = await agreement.adopt(connection, files, log_keys, held)
    finally:
        held.close()
        await engine.dispose()
    assert adopted == released(tmp_path)
    await more(registry)
    await publish(registry.url, tmp_path)


async def test_a_damaged_memory_is_not_taken_for_an_empty_one(
    registry: Registry, tmp_path: Path
) -> None:
    await publish(registry.url, tmp_path)
    (tmp_path / "publisher" / "signed.json").write_text("{")
    with pytest.raises(MemoryBehindError):
        await publish(registry.url, tmp_path)


async def test_files_of_another_log_are_not_written_over(
    registry: Registry, server: Server, tmp_path: Path
) -> None:
    async with a_copy(server, registry) as other:
        await publish(other, tmp_path)
    for path in (tmp_path / "publisher").iterdir():
        path.unlink()
    with pytest.raises(FilesDifferError):
        await publish(registry.url, tmp_path)


async def test_a_damaged_tile_is_found_and_a_missing_one_comes_back(
    registry: Registry, tmp_path: Path
) -> None:
    await publish(registry.url, tmp_path)
    size = released(tmp_path).size
    tile = tmp_path / "log" / f"tile/entries/000.p/{size}"
    content = tile.read_bytes()
    tile.write_bytes(content[:-1] + b"?")
    with pytest.raises(FilesDifferError) as refusal:
        await publish(registry.url, tmp_path)
    assert refusal.value.facts["path"] == f"tile/entries/000.p/{size}"
    tile.unlink()
    await publish(registry.url, tmp_path)
    assert tile.read_bytes() == content


async def test_a_log_keeps_its_name(registry: Registry, tmp_path: Path) -> None:
    await publish(registry.url, tmp_path)
    with pytest.raises(OriginChangedError):
        async with a_publisher(registry.url, tmp_path, origin="other.test/log"):
            pytest.fail("it took another name")


async def test_a_key_that_others_can_read_is_not_used(registry: Registry, tmp_path: Path) -> None:
    await publish(registry.url, tmp_path)
    (key,) = (tmp_path / "publisher").glob("log-key-*.pem")
    assert key.stat().st_mode & 0o777 == 0o600
    for spoil in (lambda: key.chmod(0o640), lambda: key.write_text("no key")):
        spoil()
        with pytest.raises(LogKeyError):
            await publish(registry.url, tmp_path)
        key.chmod(0o600)


async def test_both_keys_sign_while_one_is_replaced(registry: Registry, tmp_path: Path) -> None:
    await publish(registry.url, tmp_path)
    folder = tmp_path / "publisher"
    (old,) = keys.load_or_make(folder, ORIGIN).verifiers
    with pytest.raises(LogKeyError):
        keys.drop_oldest(folder)
    keys.add_key(folder)
    await an_authority(registry)
    await publish(registry.url, tmp_path)
    note, _ = parse_checkpoint((tmp_path / "log" / "checkpoint").read_bytes())
    new = keys.load_or_make(folder, ORIGIN).verifiers[0]
    assert new != old
    assert set(note.signers([old, new])) == {old, new}
    keys.drop_oldest(folder)
    await more(registry)
    await publish(registry.url, tmp_path)
    note, _ = parse_checkpoint((tmp_path / "log" / "checkpoint").read_bytes())
    assert note.signers([old, new]) == [new]


async def test_what_is_behind_comes_out_in_pieces(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log of millions, published for the first time, in memory that stays small."""
    monkeypatch.setattr("app.entry.publishing.publisher.LEAVES_PER_CHECKPOINT_MAX", 10)
    async with a_publisher(registry.url, tmp_path) as publishing:
        sizes = []
        while await publishing.step():
            sizes.append(released(tmp_path).size)
    assert sizes[:2] == [10, 20]
    assert len(sizes) > 2


async def test_the_database_holds_a_publisher_to_what_it_promised(
    registry: Registry, tmp_path: Path
) -> None:
    """Whatever a publisher believes: sizes grow, a size has one root, and the log is as long."""
    await publish(registry.url, tmp_path)
    engine = make_engine(registry.url, connections_max=1, role=PUBLISHER_ROLE)
    size, other = released(tmp_path).size, bytes(32)
    root = released(tmp_path).root
    promises = {
        "published_log_only_grows": (size - 1, other),
        "published_log_has_one_root": (size, other),
        "published_log_is_in_the_log": (size + 1, other),
    }
    try:
        async with engine.connect() as connection:
            for constraint, (to_size, to_root) in promises.items():
                signing = update(log_checkpoint).values(signing_size=to_size, signing_root=to_root)
                await violates(connection, signing, constraint)
            published = update(log_checkpoint).values(root=other)
            await violates(connection, published, "published_log_has_one_root")
            await update_signing(connection, size=size, root=root)
    finally:
        await engine.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM users",
        "SELECT * FROM balances",
        "SELECT * FROM ending_statements",
        "UPDATE log_head SET size = 0",
        "DELETE FROM log_checkpoint",
        "TRUNCATE log_checkpoint",
        "INSERT INTO log_checkpoint SELECT * FROM log_checkpoint",
        "SELECT * FROM take_pen()",
        "INSERT INTO log_entries SELECT * FROM log_entries",
    ],
)
async def test_the_publisher_can_do_nothing_else(registry: Registry, statement: str) -> None:
    connection = await asyncpg.connect(registry.url)
    try:
        await connection.execute(f"SET ROLE {PUBLISHER_ROLE}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_the_service_cannot_say_what_is_published(registry: Registry) -> None:
    connection = await asyncpg.connect(registry.url)
    try:
        await connection.execute("SET ROLE registry_app")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("UPDATE log_checkpoint SET size = 1")
    finally:
        await connection.close()


async def test_it_waits_for_a_database_that_is_away_and_ends_when_told(tmp_path: Path) -> None:
    engine = make_engine("postgresql://nobody@127.0.0.1:1/x", connections_max=1, role=None)
    memory = Memory(tmp_path / "publisher")
    publisher = Publisher(
        engine,
        open_log_files((tmp_path / "log").as_uri()),
        memory,
        keys.load_or_make(tmp_path / "publisher", ORIGIN),
        Witnessing(Policy(), seconds_max=1),
    )
    stopping = asyncio.Event()
    running = asyncio.create_task(publisher.run(stopping))
    await asyncio.sleep(0.5)
    assert not running.done()
    stopping.set()
    async with asyncio.timeout(10):
        await running
    await engine.dispose()
    memory.close()
