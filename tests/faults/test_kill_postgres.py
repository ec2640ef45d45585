"""
Goal: as `test_kill_server`, with the database killed; the service comes back by itself and
never answers 500. Where it says that nothing was done, nothing was.

Method: a database server of the test's own is killed with all its processes ten times under
load, and started again; the service is never touched. Every second kill waits for a commit, and
commits take their time: they are the only moment when the service cannot know what became of its
acts.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from tests.conftest import opened
from tests.faults.database import Database, a_database, a_register_on
from tests.faults.load import AWAY, SLOW_COMMITS, Load, assert_all_are_there
from tests.faults.test_kill_server import SAMPLE, WORK_S
from tests.races.world import Clients, a_world, servers

ROUNDS: Final = 10
AWAY_S: Final = 0.3
RECOVERY_S_MAX: Final = 15  # a second or two where the machine is quiet
COMMITTING: Final = (
    # A commit that was decided ahead is one statement, as it is with the pen in hand to its end.
    "SELECT FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()"
    " AND (query ILIKE 'commit%' OR query LIKE 'SELECT commit_acts(%')"
)


@pytest.fixture
def database() -> Iterator[Database]:
    with a_database(**SLOW_COMMITS) as made:
        yield made


@pytest.fixture
async def url(database: Database) -> str:
    """A founded register on that server."""
    return await a_register_on(database)


@pytest.mark.no_cover  # the load is to be as fast as it can
async def test_nothing_acknowledged_is_lost_when_the_database_is_killed(
    database: Database, url: str, tmp_path: Path
) -> None:
    async with opened(url) as registry:
        world = await a_world(registry, credits_made=1_000_000)
    with servers(url, tmp_path, 1) as (server,):
        async with Clients([server], tmp_path) as clients:
            load = Load(clients, world)
            for number in range(ROUNDS):
                before = len(load.acknowledged)
                working = asyncio.create_task(load.run())
                await asyncio.sleep(WORK_S)
                if number % 2:
                    await _a_commit_is_under_way(url)
                await asyncio.to_thread(database.kill)
                assert len(load.acknowledged) > before
                # Clients go on asking: of a socket where nobody listens, of none, of a new one.
                await asyncio.sleep(AWAY_S)
                await asyncio.to_thread(database.start)
                load.stopping = True
                await working
                async with asyncio.timeout(RECOVERY_S_MAX):
                    await load.settle()
                await load.repeat_acknowledged(SAMPLE)
    assert not load.strange, load.strange[:3]
    assert not load.silences  # the service itself was there all the time
    assert set(load.away) == AWAY  # both were said, so both were put to the test
    async with opened(url) as registry:  # and looks whether all is sound
        await assert_all_are_there(registry, world, load.acknowledged.values())


async def _a_commit_is_under_way(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        async with asyncio.timeout(RECOVERY_S_MAX):
            while not await connection.fetch(COMMITTING):  # noqa: ASYNC110  PostgreSQL tells nobody
                await asyncio.sleep(0.001)
    finally:
        connection.terminate()
