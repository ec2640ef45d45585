"""
Goal: visitors are served by a replica while it keeps up, and nobody sees an older state than that.

Method: a real streaming replica, made by pg_basebackup, beside a real primary. Its replay is
stopped, it is killed, and it is made to tell another history; a server process on both is asked all
the while, as a visitor and as somebody signed in.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest

from app.entry.late_reads import CHECK_SECONDS, CHECK_SECONDS_MAX, LAG_MAX
from app.registry.log.store import get_head
from app.registry.parties.policy import Actor
from app.registry.parties.rules import PartyKind
from tests.builders.parties import a_holder, a_party
from tests.conftest import Registry, opened
from tests.faults.database import Database, a_database, a_register_on, a_standby_of
from tests.races.wire import Answer, Line, a_request, a_token, lines
from tests.server_process import ServerProcess

LATE_SECONDS_MAX: Final = LAG_MAX.total_seconds() + CHECK_SECONDS + CHECK_SECONDS_MAX
IN_USE: Final = "replica_in_use"
NOT_IN_USE: Final = "replica_not_in_use"
WAIT_SECONDS_MAX: Final = 20
PATIENCE_S: Final = 3  # with a machine that has other things to do


@pytest.fixture
def primary() -> Iterator[Database]:
    with a_database() as made:
        yield made


@pytest.fixture
async def registry(primary: Database) -> AsyncIterator[Registry]:
    """A founded register on that server; afterwards every invariant must hold."""
    async with opened(await a_register_on(primary)) as made:
        yield made


@pytest.fixture
def replica(primary: Database, registry: Registry) -> Iterator[Database]:
    assert registry.url  # the register is there before its copy
    with a_standby_of(primary) as made:
        yield made


@pytest.fixture
def process(registry: Registry, replica: Database, tmp_path: Path) -> Iterator[ServerProcess]:
    url = replica.url("registry")
    with ServerProcess(registry.url, data=tmp_path, READ_DATABASE_URL=url) as made:
        wait_for(made, IN_USE, times=1)
        yield made


def wait_for(process: ServerProcess, event: str, *, times: int) -> None:
    """Wait until something has happened so often."""
    give_up_s = time.monotonic() + WAIT_SECONDS_MAX
    while process.log.read_text().count(f"] {event}") < times:
        assert time.monotonic() < give_up_s, process.log.read_text()[-2_000:]
        time.sleep(0.05)


class Asker:
    """Asks a server, as a visitor and as somebody signed in."""

    def __init__(self, line: Line, data: Path, me: Actor) -> None:
        self._line = line
        self._token = a_token(data, me)

    async def visit(self, path: str) -> Answer:
        """Ask without a token."""
        return await self._line.ask(a_request("GET", path, token=None))

    async def sign_in(self, path: str) -> Answer:
        """Ask with one."""
        return await self._line.ask(a_request("GET", path, token=self._token))


@pytest.fixture
async def asker(registry: Registry, process: ServerProcess) -> AsyncIterator[Asker]:
    me = await a_holder(registry)
    async with lines(process, 1) as (line,):
        yield Asker(line, process.data, me)


async def a_party_at(registry: Registry) -> str:
    """Admit a party; returns where everybody can read of it."""
    return f"/v1/parties/{(await a_party(registry, PartyKind.HOLDER)).id}"


async def test_visitors_read_late_and_whoever_signs_in_does_not(
    registry: Registry, replica: Database, process: ServerProcess, asker: Asker
) -> None:
    """A replica that has stopped is not asked any more, until it has caught up."""
    replica.postgres.query("SELECT pg_wal_replay_pause()")
    path = await a_party_at(registry)
    written_s = time.monotonic()
    assert (await asker.sign_in(path)).status == 200
    assert (await asker.visit(path)).status == 404, "it came from the replica"
    head = (await asker.visit("/v1/log/head")).json()
    async with registry.read() as connection:
        assert head["recorded_size"] == (await get_head(connection)).size, "the log is never late"
    await wait_until_late_is(asker, path, 200)
    assert time.monotonic() - written_s < LATE_SECONDS_MAX + PATIENCE_S
    assert process.log.read_text().count("it is too far behind") == 1
    replica.postgres.query("SELECT pg_wal_replay_resume()")
    wait_for(process, IN_USE, times=2)
    assert (await asker.visit(path)).status == 200


async def test_a_replica_that_is_killed_is_missed_by_nobody(
    registry: Registry, replica: Database, process: ServerProcess, asker: Asker
) -> None:
    path = await a_party_at(registry)
    await wait_until_late_is(asker, path, 200)
    told = Counter[int]()
    killing = asyncio.create_task(asyncio.to_thread(replica.kill))
    while not (killing.done() and NOT_IN_USE in process.log.read_text()):
        told[(await asker.visit(path)).status] += 1
    assert told[503] <= 1, "of those who were being answered from it"
    assert set(told) <= {200, 503}
    replica.start()
    wait_for(process, IN_USE, times=2)
    assert (await asker.visit(path)).status == 200


async def test_a_replica_with_another_history_is_not_used(
    registry: Registry, replica: Database, process: ServerProcess, asker: Asker
) -> None:
    """After a failover that went wrong the old standby may take acts of its own."""
    replica.postgres.query("SELECT pg_promote()")
    async with opened(replica.url("registry")) as other:
        elsewhere = await a_party_at(other)
    wait_for(process, NOT_IN_USE, times=1)
    assert "it has more acts than the primary" in process.log.read_text()
    assert (await asker.visit(elsewhere)).status == 404
    here = [await a_party_at(registry) for _ in range(2)]
    give_up_s = time.monotonic() + WAIT_SECONDS_MAX
    while "it has another history" not in process.log.read_text():
        assert time.monotonic() < give_up_s
        await asyncio.sleep(0.05)
    for path in here:
        assert (await asker.visit(path)).status == 200
    assert (await asker.visit(elsewhere)).status == 404


async def wait_until_late_is(asker: Asker, path: str, status: int) -> None:
    """Wait until what was written has reached visitors."""
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        while (await asker.visit(path)).status != status:
            pass
