"""
Goal: whatever is killed, and whenever, the public log has one history and catches up.

Method: server, publisher and database are killed at every named place between sealing an act and
letting its checkpoint out. A place lies between two steps, so each step is met both ways: not yet
done when the kill comes, and done but not known to be. Everything that was ever signed is written
down, and compared in the end with the tree rebuilt from the leaves.
"""

import asyncio
import base64
import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx2
import pytest

from app.kernel.failpoints import COMMITTER, PUBLISHER
from app.registry.log.checkpoints import Checkpoint, parse_checkpoint
from app.registry.log.merkle import EMPTY_ROOT, Frontier
from app.registry.log.notes import VerifierKey
from app.registry.log.store import list_leaves
from tests.builders.parties import the_administrator
from tests.builders.public_log import a_busy_register, keep_state, verify_here
from tests.conftest import Registry, opened
from tests.faults.database import Database, a_database, a_register_on
from tests.races.world import Clients, World
from tests.server_process import PublisherProcess, ServerProcess

WAIT_S_MAX: Final = 30
TIMES: Final = 2  # each kill, once on a log that stood still and once on one that has grown


@dataclass
class Witnessed:
    """All that was ever signed or let out."""

    data: Path
    seen: set[Checkpoint] = field(default_factory=set)

    def look(self) -> int:
        """Write down what is out and what is remembered; returns the size that is out."""
        memory = self.data / "publisher" / "signed.json"
        if memory.exists():
            kept = json.loads(memory.read_text())
            root = base64.b64decode(kept["root"])
            self.seen.add(Checkpoint(kept["origin"], kept["size"], root))
        path = self.data / "log" / "checkpoint"
        if not path.exists():
            return 0
        note, checkpoint = parse_checkpoint(path.read_bytes())
        key = VerifierKey.parse((self.data / "log" / "key").read_text().strip())
        assert note.signers([key]) == [key]
        self.seen.add(checkpoint)
        return checkpoint.size

    async def assert_one_history(self, registry: Registry) -> None:
        """
        Every checkpoint must be a beginning of the one log that there is, and the outsider's
        program find it clean, with every balance as the register says.
        """
        frontier, roots = Frontier(), [EMPTY_ROOT]
        async with registry.read() as connection:
            await keep_state(connection, self.data / "log")
            for _, leaf, _ in await list_leaves(connection, first=0, rows_max=100_000):
                frontier.append(leaf)
                roots.append(frontier.root())
        assert self.look() == frontier.size
        for checkpoint in self.seen:
            assert roots[checkpoint.size] == checkpoint.root
        assert len({checkpoint.size for checkpoint in self.seen}) == len(self.seen)
        verdict = verify_here(self.data / "log", "--memory", self.data / "verified")
        assert verdict.code == 0, verdict
        assert "every balance, block and ending equals" in verdict.said


async def a_real_world(registry: Registry) -> World:
    """Two holders whose credits were issued by the rules, so that the log can be replayed."""
    trade = await a_busy_register(registry, transfers=0)
    administrator = await the_administrator(registry)
    return World(administrator, trade.owner, trade.other, trade.account, trade.elsewhere)


StoppedAfter = Callable[[PublisherProcess], PublisherProcess]


@pytest.fixture
def stopped_after() -> Iterator[StoppedAfter]:
    """Ends a process with the test, however that ends."""
    with ExitStack() as stack:

        def take(process: PublisherProcess) -> PublisherProcess:
            stack.callback(process.stop)
            return process

        yield take


@pytest.fixture
def database() -> Iterator[Database]:
    with a_database() as made:
        yield made


@pytest.fixture
async def url(database: Database) -> str:
    """A founded register on that server."""
    return await a_register_on(database)


@pytest.mark.no_cover
async def test_a_publisher_killed_anywhere_goes_on_where_it_was(
    url: str, tmp_path: Path, stopped_after: StoppedAfter
) -> None:
    publisher = stopped_after(PublisherProcess(url, data=tmp_path))
    witnessed = Witnessed(tmp_path)
    async with opened(url) as registry:
        world = await a_real_world(registry)
    with ServerProcess(url, data=tmp_path) as server:
        async with Clients([server], tmp_path) as clients:
            for number, point in enumerate(point for point in PUBLISHER for _ in range(TIMES)):
                await _move(clients, world, f"{point}-{number}-a")
                publisher.launch(failpoint=f"{point}=kill")
                assert await asyncio.to_thread(_end_of, publisher) == -signal.SIGKILL
                witnessed.look()
                if number % TIMES:
                    await _move(clients, world, f"{point}-{number}-b")
                size = await _size(clients)
                publisher.launch()
                await asyncio.to_thread(publisher.wait_for, size)
                witnessed.look()
                publisher.stop()
    async with opened(url) as registry:
        await witnessed.assert_one_history(registry)


@pytest.mark.no_cover
async def test_a_publisher_outlives_a_database_killed_at_any_step(
    database: Database, url: str, tmp_path: Path, stopped_after: StoppedAfter
) -> None:
    publisher = stopped_after(PublisherProcess(url, data=tmp_path))
    witnessed = Witnessed(tmp_path)
    async with opened(url) as registry:
        world = await a_real_world(registry)
    with ServerProcess(url, data=tmp_path) as server:
        async with Clients([server], tmp_path) as clients:
            for number, point in enumerate(point for point in PUBLISHER for _ in range(TIMES)):
                await _move(clients, world, f"{point}-{number}-a")
                publisher.launch(failpoint=f"{point}=stop")
                await asyncio.to_thread(_wait_until_stopped, publisher)
                witnessed.look()
                await asyncio.to_thread(database.kill)
                await asyncio.to_thread(database.start)
                assert publisher.process is not None
                publisher.process.send_signal(signal.SIGCONT)
                await _move(clients, world, f"{point}-{number}-b")
                size = await _size(clients)
                await asyncio.to_thread(publisher.wait_for, size)
                assert publisher.process.poll() is None  # it came back by itself
                witnessed.look()
                publisher.stop()
    async with opened(url) as registry:
        await witnessed.assert_one_history(registry)


@pytest.mark.no_cover
@pytest.mark.parametrize("victim", ["server", "database"])
async def test_an_act_is_published_once_whatever_is_killed_while_it_is_sealed(  # noqa: PLR0915
    database: Database, url: str, tmp_path: Path, victim: str
) -> None:
    witnessed = Witnessed(tmp_path)
    async with opened(url) as registry:
        world = await a_real_world(registry)
    server = ServerProcess(url, data=tmp_path)
    with ExitStack() as stack:
        stack.callback(server.stop)
        publisher = stack.enter_context(PublisherProcess(url, data=tmp_path))
        for number, point in enumerate(point for point in COMMITTER for _ in range(TIMES)):
            key = f"{point}-{number}"
            server.launch(failpoint=f"{point}={'kill' if victim == 'server' else 'stop'}")
            await asyncio.to_thread(server._wait_until_at_work)
            async with Clients([server], tmp_path) as clients:
                asked = asyncio.create_task(_ask(clients, world, key))
                if victim == "server":
                    assert await asyncio.to_thread(_end_of, server) == -signal.SIGKILL
                else:
                    await asyncio.to_thread(_wait_until_stopped, server)
                    await asyncio.to_thread(database.kill)
                    await asyncio.to_thread(database.start)
                    assert server.process is not None
                    server.process.send_signal(signal.SIGCONT)
                first = await asked
            witnessed.look()
            if victim == "server":
                server.launch()
                await asyncio.to_thread(server._wait_until_at_work)
            async with Clients([server], tmp_path) as clients:
                was_stored = await _move(clients, world, key)
                if victim == "server":  # nobody was told; the same key tells what became of it
                    assert first is None
                    assert was_stored == (point == "commit_committed")
                size = await _size(clients)
            await asyncio.to_thread(publisher.wait_for, size)
            witnessed.look()
            server.stop()
        await asyncio.to_thread(publisher.stop)
    async with opened(url) as registry:
        await witnessed.assert_one_history(registry)
        async with registry.read() as connection:
            rows = await list_leaves(connection, first=0, rows_max=100_000)
    moved = sum(b'"kind":"credits.transferred"' in leaf for _, leaf, _ in rows)
    assert moved == len(COMMITTER) * TIMES


def _end_of(process: PublisherProcess | ServerProcess) -> int:
    assert process.process is not None
    return process.process.wait(WAIT_S_MAX)


def _wait_until_stopped(process: PublisherProcess | ServerProcess) -> None:
    assert process.process is not None
    stat = Path(f"/proc/{process.process.pid}/stat")
    give_up = time.monotonic() + WAIT_S_MAX
    while stat.read_text().rpartition(")")[2].split()[0] != "T":
        assert time.monotonic() < give_up, process.log.read_text()
        time.sleep(0.01)


async def _ask(clients: Clients, world: World, key: str) -> httpx2.Response | None:
    try:
        return await clients.transfer(world, key=key, credits=1)
    except httpx2.TransportError:
        return None


async def _move(clients: Clients, world: World, key: str) -> bool:
    """Move a credit, asking again until it is done; says whether it had been done before."""
    give_up = time.monotonic() + WAIT_S_MAX
    while True:
        answer = await _ask(clients, world, key)
        if answer is not None and answer.status_code == 201:
            return "Idempotency-Replayed" in answer.headers
        assert time.monotonic() < give_up, answer and answer.text
        await asyncio.sleep(0.05)


async def _size(clients: Clients) -> int:
    async with asyncio.timeout(WAIT_S_MAX):
        # Connections of before the database was killed are found broken by the first who reads.
        while (answer := await clients._clients[0].get("/v1/log/head")).status_code == 503:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return int(answer.json()["recorded_size"])
