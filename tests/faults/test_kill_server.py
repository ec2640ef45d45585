"""
Goal: "done" means committed, logged and kept; what was not answered is wholly there or not at
all.

Method: the server, alone or with its workers, is killed ten times in the middle of its work.
Clients then ask again with the keys they made; every acknowledged act must still be there, byte
for byte, and every other one be done exactly once. Commits take their time, so that most kills
fall into one and the reply of an act that is done gets lost.
"""

import asyncio
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import Registry, Server
from tests.faults.load import Load, assert_all_are_there, make_commits_slow
from tests.races.world import Clients, a_world, servers

WORK_S: Final = 0.8
SAMPLE: Final = 25


@pytest.mark.no_cover  # the load is to be as fast as it can
@pytest.mark.parametrize(("workers", "rounds"), [(1, 7), (2, 3)])
async def test_nothing_acknowledged_is_lost_when_the_server_is_killed(
    registry: Registry, server: Server, tmp_path: Path, workers: int, rounds: int
) -> None:
    world = await a_world(registry, credits_made=1_000_000)
    await make_commits_slow(server, registry.url)
    with servers(registry.url, tmp_path, 1, workers=workers) as (process,):
        async with Clients([process], tmp_path) as clients:
            load = Load(clients, world)
            for _ in range(rounds):
                before = len(load.acknowledged)
                working = asyncio.create_task(load.run())
                await asyncio.sleep(WORK_S)
                await asyncio.to_thread(process.kill)
                load.stopping = True
                await working
                assert len(load.acknowledged) > before  # else the kill had nothing to destroy
                await asyncio.to_thread(process.start)
                await load.settle()
                await load.repeat_acknowledged(SAMPLE)
    assert not load.strange, load.strange[:3]
    assert not load.away  # its database was there all the time
    assert load.done_unheard  # replies were lost after their commit, and found again
    await assert_all_are_there(registry, world, load.acknowledged.values())
