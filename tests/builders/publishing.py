"""A publisher beside a test's register: as the process runs it, one step at a time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.log_files import KEY, POLICY, LogFiles, open_log_files
from app.entry.publishing import keys
from app.entry.publishing.keys import LogKeys
from app.entry.publishing.memory import Memory
from app.entry.publishing.publisher import Publisher
from app.entry.publishing.witnessed import Witnessing
from app.kernel.db import PUBLISHER_ROLE, make_engine
from app.registry.log.policy import Policy

ORIGIN: Final = "registry.test/log"


@dataclass(frozen=True)
class Publishing:
    """A publisher with the lock in its hand, and what it works with."""

    publisher: Publisher
    connection: AsyncConnection
    keys: LogKeys
    files: LogFiles

    async def step(self) -> bool:
        """Publish what is new."""
        return await self.publisher.publish(self.connection)


@asynccontextmanager
async def a_publisher(
    url: str, data: Path, *, policy: Policy | None = None, origin: str = ORIGIN
) -> AsyncIterator[Publishing]:
    """Start a publisher on a database; its folder and the log's lie in ``data``."""
    memory = Memory(data / "publisher")
    engine = make_engine(url, connections_max=2, role=PUBLISHER_ROLE)
    witnessing = Witnessing(policy or Policy(), seconds_max=2)
    try:
        files = open_log_files((data / "log").as_uri())
        log_keys = keys.load_or_make(data / "publisher", origin)
        lines = "".join(f"{verifier}\n" for verifier in log_keys.verifiers)
        trust = Policy(logs=dict.fromkeys(log_keys.verifiers))
        await files.put({KEY: lines.encode(), POLICY: trust.encode()})
        publisher = Publisher(engine, files, memory, log_keys, witnessing)
        async with publisher.session() as connection:
            yield Publishing(publisher, connection, log_keys, files)
    finally:
        await witnessing.close()
        await engine.dispose()
        memory.close()


async def publish(url: str, data: Path) -> None:
    """Publish all that a register has so far."""
    async with a_publisher(url, data) as publishing:
        while await publishing.step():
            pass
