"""
Goal: "done" means committed, logged and kept; what was not answered is wholly there or not at
all.

Method: the server process is killed ten times in the middle of its work. Clients then ask again
with the keys they made; every acknowledged act must still be there, byte for byte, and every
other one be done exactly once. Commits take their time, so that most kills fall into one and the
reply of an act that is done gets lost.
"""

import asyncio
import json
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from app.registry.ledger import store
from app.registry.ledger.rules import EntryKind
from tests.conftest import Registry, Server
from tests.faults.load import Load
from tests.races.world import Clients, a_world, servers

ROUNDS: Final = 10
WORK_S: Final = 0.8
SAMPLE: Final = 25
SLOW_COMMITS: Final = {"commit_delay": "100000", "commit_siblings": "0"}  # µs before each flush


async def assert_all_acts_are_there(registry: Registry, load: Load) -> None:
    """Each acknowledged act is one movement of one credit, at the index it was given."""
    told = [json.loads(body) for body in load.acknowledged.values()]
    acts = {movement["id"]: movement["moved"] for movement in told}
    assert len(acts) == len(load.acknowledged)
    async with registry.read() as connection:
        for first in range(0, len(acts), 1_000):
            some = sorted(acts)[first : first + 1_000]
            found = await store.list_movements(connection, some)
            for act, entries in found.items():
                assert [entry.kind for entry in entries] == [EntryKind.TRANSFERRED]
                ((entry,), (part,)) = (entries, acts[act])
                assert entry.first == entry.last == part["first"] == part["last"]
        moved = await store.get_total(connection, load.world.to_account.id, size=2**40)
    assert moved == len(acts)


@pytest.mark.no_cover  # the load is to be as fast as it can
async def test_nothing_acknowledged_is_lost_when_the_server_is_killed(
    registry: Registry, server: Server, tmp_path: Path
) -> None:
    world = await a_world(registry, credits_made=1_000_000)
    for name, value in SLOW_COMMITS.items():  # for all who connect from now on
        database = urlsplit(registry.url).path.removeprefix("/")
        await server.run(f"ALTER DATABASE {database} SET {name} = {value}")
    with servers(registry.url, tmp_path, 1) as (process,):
        async with Clients([process], tmp_path) as clients:
            load = Load(clients, world)
            for _ in range(ROUNDS):
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
    await assert_all_acts_are_there(registry, load)
