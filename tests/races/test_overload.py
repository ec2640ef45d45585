"""
Goal: more than can be served is refused in good order, nobody's act is lost, and whoever asks for
little is served all the while.

Method: one user floods the server over real HTTP with ten times the single transfers it is meant
for, and with more bulk requests than the queue holds. Another user asks for one act at a time.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from app.entry.api.bulk import ACTS_MAX
from app.entry.waiting import ACTS_WAITING_MAX, RETRY_AFTER_S_MAX
from app.registry.ledger import store
from app.registry.log.store import get_head
from tests.conftest import Registry
from tests.races.wire import Line, a_request, a_token, a_transfer, lines
from tests.races.world import World, a_world
from tests.server_process import ServerProcess

SINGLES: Final = 640
BULKS: Final = 16
RISE_S: Final = 1.0
STORM_S: Final = 6.0
GIFT: Final = 1_000  # credits, for the other user to send back
PAUSE_S: Final = 0.2  # of a client that was told to come later, and comes sooner
ANSWER_S_MAX: Final = 30  # on two cores that clients, server, database and other tests share
RECOVERY_S_MAX: Final = 5
PROMPT_S_MAX: Final = 1
# The commit under way, at worst a bulk request and what fits beside it; the next one; and what else
# is taken up while the request still waits in its socket, on processors that others use as well.
# Whoever had to wait for the queue would see twice as many.
ACTS_BEFORE_MINE_MAX: Final = 5 * ACTS_MAX

Way = tuple[str, bool]


@dataclass
class Storm:
    """Clients of one user that ask as fast as they are answered, and what they were told."""

    world: World
    way: Way
    statuses: Counter[int] = field(default_factory=Counter)
    acts: set[int] = field(default_factory=set)  # that singles were told of
    credits_in_bulk: int = 0
    longest_s: float = 0.0
    over: bool = False
    _numbers: "count[int]" = field(default_factory=count)

    async def run(self, singles: Sequence[Line], bulks: Sequence[Line]) -> None:
        """Let all of them ask until it is over."""
        await asyncio.gather(
            *(self._work(line, is_bulk=False) for line in singles),
            *(self._work(line, is_bulk=True) for line in bulks),
        )

    async def _work(self, line: Line, *, is_bulk: bool) -> None:
        while not self.over:
            key = f"storm-{next(self._numbers)}"
            request = (
                a_bulk(self.world, self.way[0], key=key)
                if is_bulk
                else a_transfer(self.world, self.way, key=key)
            )
            began_s = time.monotonic()
            answer = await line.ask(request)
            self.longest_s = max(self.longest_s, time.monotonic() - began_s)
            self.statuses[answer.status] += 1
            if answer.status == 201:
                self.acts.add(answer.json()["id"])
            elif answer.status == 200:
                self.credits_in_bulk += answer.json()["done"]
            else:
                assert answer.status == 503, answer.body
                assert 1 <= int(answer.headers["retry-after"]) <= RETRY_AFTER_S_MAX
                assert answer.json()["code"] == "queue_full"
                await asyncio.sleep(PAUSE_S)


def a_bulk(world: World, token: str, *, key: str) -> bytes:
    """Return a request for as many transfers of one credit as may be in one."""
    ends = {
        "from_account": world.from_account.number,
        "to_account": world.to_account.number,
        "credits": 1,
    }
    body = {"mode": "independent", "transfers": [ends] * ACTS_MAX}
    return a_request("POST", "/v1/transfers/bulk", token=token, key=key, body=body)


@pytest.mark.no_cover  # the server is to be as fast as it can
async def test_a_flood_is_refused_in_good_order_and_others_are_served(
    registry: Registry, tmp_path: Path
) -> None:
    assert BULKS * ACTS_MAX > ACTS_WAITING_MAX // 2, "more than one user may have waiting"
    world = await a_world(registry, credits_made=10_000_000)
    with ServerProcess(registry.url, data=tmp_path) as process:
        storm = Storm(world, (a_token(tmp_path, world.sender), False))
        modest = (a_token(tmp_path, world.receiver), True)
        async with lines(process, 1 + SINGLES + BULKS) as (mine, *others):
            gift = await mine.ask(a_transfer(world, storm.way, key="gift", credits_asked=GIFT))
            assert gift.status == 201
            blowing = asyncio.create_task(storm.run(others[:SINGLES], others[SINGLES:]))
            await asyncio.sleep(RISE_S)
            served = await ask_modestly(registry, mine, world, modest)
            storm.over = True
            await blowing
            await assert_recovered(mine, world, modest)
    assert storm.statuses[503] > 0
    assert storm.longest_s < ANSWER_S_MAX
    assert len(storm.acts) == storm.statuses[201], "no act was told of twice"
    async with registry.read() as connection:
        there = await store.list_movements(connection, sorted(storm.acts))
        total = await store.get_total(connection, world.to_account.id, size=2**40)
    assert all(there.values())
    assert total == GIFT + len(storm.acts) + storm.credits_in_bulk - served - 1


async def ask_modestly(registry: Registry, line: Line, world: World, way: Way) -> int:
    """Ask for one act after the other in the middle of a storm; returns how many there were."""
    served, ends_s = 0, time.monotonic() + STORM_S
    while time.monotonic() < ends_s:
        async with registry.read() as connection:
            size = (await get_head(connection)).size
        answer = await line.ask(a_transfer(world, way, key=f"mine-{served}"))
        assert answer.status == 201, answer.body
        assert answer.json()["id"] - size <= ACTS_BEFORE_MINE_MAX
        served += 1
    return served


async def assert_recovered(line: Line, world: World, way: Way) -> None:
    """Within seconds of the end of the load a client alone is answered at once."""
    give_up_s = time.monotonic() + RECOVERY_S_MAX
    while True:
        began_s = time.monotonic()
        answer = await line.ask(a_transfer(world, way, key="afterwards"))
        assert answer.status == 201
        if time.monotonic() - began_s < PROMPT_S_MAX:
            return
        assert time.monotonic() < give_up_s
