"""
Goal: any number of processes on any number of machines are one registry.

Method: two servers of two workers each, whose folders share nothing but the token key, on one
database. Everything is asked of both at the same moment. Afterwards every invariant holds and the
log verifies (the `registry` fixture looks).
"""

import asyncio
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from app.main import TOKEN_KEY_FILE
from app.registry.ledger import store
from tests.conftest import Registry
from tests.faults.load import CLIENTS, Load, assert_all_are_there
from tests.races.wire import Answer, Line, a_token, a_transfer, lines
from tests.races.world import CREDITS, Clients, a_world
from tests.server_process import ServerProcess

WORKERS: Final = 2
LINES: Final = 12  # to each machine
ROUNDS: Final = 30
CREDITS_ASKED_MAX: Final = 400  # some are refused for want of them

Pair = tuple[Answer, Answer]


@pytest.fixture
def machines(registry: Registry, tmp_path: Path) -> Iterator[list[ServerProcess]]:
    with ExitStack() as stack:
        made: list[ServerProcess] = []
        for name in ("north", "south"):
            folder = tmp_path / name
            folder.mkdir()
            if made:
                shutil.copy(made[0].data / TOKEN_KEY_FILE, folder)
            made.append(ServerProcess(registry.url, data=folder, workers=WORKERS))
            stack.enter_context(made[-1])
        yield made


async def ask_both(request: bytes, north: Line, south: Line) -> Pair:
    """Send the same request to both machines at once."""
    first, second = await asyncio.gather(north.ask(request), south.ask(request))
    return first, second


def the_act(pair: Pair) -> Answer | None:
    """Return what was done, the same wherever it was asked; None where nothing was."""
    done = [answer for answer in pair if answer.status == 201]
    for answer in pair:
        assert answer.status in {201, 409}
        assert answer.status == 201 or answer.json()["code"] == "insufficient_credits"
    replayed = sum("idempotency-replayed" in answer.headers for answer in done)
    assert len({answer.body for answer in done}) <= 1
    assert replayed == max(len(done) - 1, 0), "one of them did it"
    return done[0] if done else None


async def test_what_both_machines_are_asked_at_once_is_done_once(
    registry: Registry, machines: list[ServerProcess]
) -> None:
    """Credits go to and fro between two accounts, so that nearly every act meets another."""
    world = await a_world(registry)
    north, south = machines
    ways = [(a_token(north.data, world.sender), False), (a_token(north.data, world.receiver), True)]
    chosen = random.Random(7)  # noqa: S311  how many credits go is no secret
    balance, done = Counter({world.from_account.number: CREDITS}), []
    async with lines(north, LINES) as northern, lines(south, LINES) as southern:
        for number in range(ROUNDS):
            asked = [
                a_transfer(
                    world,
                    chosen.choice(ways),
                    key=f"{number}-{place}",
                    credits_asked=chosen.randint(1, CREDITS_ASKED_MAX),
                )
                for place in range(LINES)
            ]
            pairs = await asyncio.gather(*map(ask_both, asked, northern, southern))
            for request, pair in zip(asked, pairs, strict=True):
                act = the_act(pair)
                if act is not None:
                    told = act.json()
                    balance[told["from_account"]] -= told["credits"]
                    balance[told["to_account"]] += told["credits"]
                    done.append((request, act.body))
        assert ROUNDS < len(done) < ROUNDS * LINES, "some were done, and some refused"
        for request, body in done[:: len(done) // 10]:
            again = await asyncio.gather(*(line.ask(request) for line in (*northern, *southern)))
            assert {answer.body for answer in again} == {body}, "whichever worker is asked"
    async with registry.read() as connection:
        for account in (world.from_account, world.to_account):
            total = await store.get_total(connection, account.id, size=2**40)
            assert total == balance[account.number]


@pytest.mark.no_cover
async def test_what_a_fallen_machine_has_begun_another_finishes(
    registry: Registry, machines: list[ServerProcess]
) -> None:
    """Clients ask the other one with the same keys: nothing is lost and nothing done twice."""
    world = await a_world(registry, credits_made=1_000_000)
    async with Clients(machines, machines[0].data) as clients:
        load = Load(clients, world)
        working = asyncio.create_task(load.run())
        await load.more(5 * CLIENTS)
        await asyncio.to_thread(machines[0].kill)
        await load.more(5 * CLIENTS)
        load.stopping = True
        await working
        await load.settle()
    assert load.silences, "there was a machine to miss"
    assert not load.strange
    await assert_all_are_there(registry, world, load.acknowledged.values())
