"""
Goal: several workers behind one port are one service: they begin, die and end without each other's
clients noticing.

Method: real processes on a loopback port; one of them, or the one that watches them, is killed.
"""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import httpx2
import pytest

from app.entry.identity import AGE_S_MAX
from app.registry.ledger import store
from app.registry.parties.operations import DecideOnUser, suspend_user
from tests.builders.parties import do
from tests.conftest import Registry
from tests.faults.database import a_database, a_register_on
from tests.faults.load import CLIENTS, Load
from tests.races.wire import a_request, a_token, lines
from tests.races.world import Clients, a_world
from tests.server_process import ServerProcess

BACK_SECONDS_MAX: Final = 15  # two cores, shared; it takes two seconds alone
EXIT_UNAVAILABLE: Final = 3
LINES: Final = 16  # all of them with one worker: once in thirty thousand runs
DEATHS: Final = 2


@pytest.fixture
def two_workers(database_url: str, tmp_path: Path) -> Iterator[ServerProcess]:
    with ServerProcess(database_url, data=tmp_path, workers=2) as process:
        yield process


async def until(what: Callable[[], bool]) -> None:
    """Wait until something is so."""
    give_up = time.monotonic() + BACK_SECONDS_MAX
    while not what():
        assert time.monotonic() < give_up
        await asyncio.sleep(0.05)


async def statuses(address: str, how_many: int = 16) -> list[int]:
    """Ask as often for its health, each time on a connection of its own."""

    async def ask() -> int:
        async with httpx2.AsyncClient(base_url=address, timeout=10) as client:
            return (await client.get("/health")).status_code

    return list(await asyncio.gather(*(ask() for _ in range(how_many))))


async def test_a_worker_that_dies_is_replaced_and_the_others_go_on(
    registry: Registry, tmp_path: Path
) -> None:
    """What was acknowledged stays, what was lost is asked again, and nothing else is noticed."""
    world = await a_world(registry, credits_made=1_000_000)
    with ServerProcess(registry.url, data=tmp_path, workers=2) as process:
        async with Clients([process], tmp_path) as clients:
            load = Load(clients, world)
            working = asyncio.create_task(load.run())
            for _ in range(DEATHS):
                await asyncio.sleep(0.5)
                doomed, other = process.workers
                os.kill(doomed, signal.SIGKILL)
                await load.more(2 * CLIENTS)
                await until(lambda: len(process.workers) == 2)
                assert other in process.workers
                assert doomed not in process.workers
            load.stopping = True
            await working
            await load.settle()
            await load.repeat_acknowledged(25)
        assert not load.strange
        assert process.log.read_text().count("worker_ended") == DEATHS
    async with registry.read() as connection:
        total = await store.get_total(connection, world.to_account.id, size=2**40)
    assert total == len(load.acknowledged)


async def test_workers_end_when_nobody_watches_them_any_more(two_workers: ServerProcess) -> None:
    """Left alone they would hold the port against the next start."""
    workers = two_workers.workers
    assert two_workers.process is not None
    two_workers.process.kill()
    two_workers.process.wait()
    await until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
    two_workers.start()
    assert two_workers.answers()


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_port_is_not_shared_with_another_registry(
    two_workers: ServerProcess, tmp_path: Path, workers: int
) -> None:
    """Workers share it with each other; a second registry would get half of the requests."""
    number = str(two_workers.port)
    second = ServerProcess(two_workers.database_url, data=tmp_path, workers=workers)
    second.command = [number if word == str(second.port) else word for word in second.command]
    second.launch()
    assert second.process is not None
    assert await asyncio.to_thread(second.process.wait, 30) == EXIT_UNAVAILABLE
    assert "address already in use" in second.log.read_text().lower()
    assert set(await statuses(two_workers.address)) == {200}


async def test_workers_that_cannot_begin_end_the_whole(tmp_path: Path) -> None:
    """As one process does: whoever starts the service has to hear that the database is away."""
    url = "postgresql://nobody@127.0.0.1:1/none"
    process = ServerProcess(url, data=tmp_path, workers=3)
    process.launch()
    assert process.process is not None
    assert await asyncio.to_thread(process.process.wait, 60) == EXIT_UNAVAILABLE


@pytest.mark.no_cover
async def test_a_worker_that_dies_while_the_database_is_away_comes_back_with_it(
    tmp_path: Path,
) -> None:
    """Its starts fail meanwhile; the other one says 503, and neither is given up."""
    with a_database() as database:
        url = await a_register_on(database)
        with ServerProcess(url, data=tmp_path, workers=2) as process:
            await asyncio.to_thread(database.kill)
            os.kill(process.workers[0], signal.SIGKILL)
            await until(lambda: process.log.read_text().count("worker_ended") >= 2)
            assert set(await statuses(process.address)) == {503}
            await asyncio.to_thread(database.start)
            await until(process.answers)
            await until(lambda: len(process.workers) == 2)
            assert set(await statuses(process.address, 32)) == {200}


async def test_every_worker_notices_a_suspension_within_a_second(
    registry: Registry, tmp_path: Path
) -> None:
    """Each remembers for itself who callers are, and for a second at the most."""
    world = await a_world(registry)
    with ServerProcess(registry.url, data=tmp_path, workers=2) as process:
        path = f"/v1/accounts/{world.from_account.number}"
        request = a_request("GET", path, token=a_token(tmp_path, world.sender))
        async with lines(process, LINES) as opened:
            known = await asyncio.gather(*(line.ask(request) for line in opened))
            assert {answer.status for answer in known} == {200}
            command = DecideOnUser(world.sender.user_id, "lost their phone")
            await do(registry, world.administrator, suspend_user, command)
            noticed_by_s = time.monotonic() + AGE_S_MAX
            late = 0
            while late < 10:
                late += time.monotonic() > noticed_by_s
                answers = await asyncio.gather(*(line.ask(request) for line in opened))
                if late:
                    assert {answer.status for answer in answers} == {403}
                await asyncio.sleep(0.05)
