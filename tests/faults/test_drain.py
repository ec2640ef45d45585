"""
Goal: a server that is told to stop loses nobody's act: each request is answered, or was never
begun.

Method: SIGTERM while many clients work as fast as they can and commits take their time. Afterwards
the database has exactly the acts that were acknowledged: none of them was lost, and none was done
whose client heard nothing.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from tests.conftest import Registry, Server
from tests.faults.load import assert_all_are_there, make_commits_slow
from tests.races.wire import Answer, Line, UnansweredError, a_token, a_transfer, lines
from tests.races.world import World, a_world
from tests.server_process import ServerProcess

CLIENTS: Final = 48
WORK_S: Final = 2.0
DRAIN_SECONDS_MAX: Final = 14


@dataclass
class Work:
    """Clients that ask until there is nobody to ask."""

    world: World
    token: str
    acknowledged: dict[str, bytes] = field(default_factory=dict)
    answers: Counter[int] = field(default_factory=Counter)
    unanswered: Counter[bool] = field(default_factory=Counter)  # by whether it was refused
    _numbers: "count[int]" = field(default_factory=count)

    async def run(self, line: Line) -> None:
        """Move one credit after the other, each only once."""
        while True:
            key = f"k-{next(self._numbers)}"
            try:
                answer = await line.ask(a_transfer(self.world, (self.token, False), key=key))
            except UnansweredError as silence:
                self.unanswered[silence.refused] += 1
                if silence.refused:
                    return
            else:
                self._note(key, answer)

    def _note(self, key: str, answer: Answer) -> None:
        self.answers[answer.status] += 1
        if answer.status == 201:
            assert "idempotency-replayed" not in answer.headers
            self.acknowledged[key] = answer.body


@asynccontextmanager
async def the_pen_held(url: str) -> AsyncIterator[None]:
    """Let every commit hang."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("SELECT FROM log_head FOR UPDATE")
            yield
    finally:
        await connection.close()


@pytest.mark.no_cover
@pytest.mark.parametrize("workers", [1, 2])
async def test_a_server_that_is_told_to_stop_answers_what_it_has_begun(
    registry: Registry, server: Server, tmp_path: Path, workers: int
) -> None:
    world = await a_world(registry, credits_made=1_000_000)
    await make_commits_slow(server, registry.url)
    with ServerProcess(registry.url, data=tmp_path, workers=workers) as process:
        work = Work(world, a_token(tmp_path, world.sender))
        async with lines(process, CLIENTS) as opened:
            working = [asyncio.create_task(work.run(line)) for line in opened]
            await asyncio.sleep(WORK_S)
            before = work.answers.total()
            assert process.process is not None
            process.process.terminate()
            began_s = time.monotonic()
            code = await asyncio.to_thread(process.process.wait, DRAIN_SECONDS_MAX)
            took_s = time.monotonic() - began_s
            await asyncio.gather(*working)
    assert code == 0
    assert took_s < DRAIN_SECONDS_MAX
    assert set(work.answers) == {201}
    assert before > 0, "there was work to interrupt"
    assert work.answers.total() > before, "and some of it under way"
    assert work.unanswered[True] == CLIENTS, "at the end nobody listens"
    assert work.unanswered[False] <= CLIENTS, "a request may meet the end of its connection"
    await assert_all_are_there(registry, world, work.acknowledged.values())


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_database_that_hangs_does_not_keep_a_server_from_ending(
    registry: Registry, tmp_path: Path, workers: int
) -> None:
    """What became of the act is not known then, and the client is told so."""
    world = await a_world(registry)
    with ServerProcess(registry.url, data=tmp_path, workers=workers) as process:
        work = Work(world, a_token(tmp_path, world.sender))
        async with lines(process, 1) as (line,), the_pen_held(registry.url):
            working = asyncio.create_task(work.run(line))
            await asyncio.sleep(1)
            assert process.process is not None
            process.process.terminate()
            assert await asyncio.to_thread(process.process.wait, DRAIN_SECONDS_MAX) == 0
            await working
    assert process.log.read_text().count("stopped_while_committing") == 1
    assert work.answers == {503: 1}
    assert work.unanswered == {True: 1}
