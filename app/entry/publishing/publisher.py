"""
Publishing: read what is new, cut it into tiles, sign it, have it witnessed, let it out.

The order makes every crash harmless. Tiles come first and are promised by nobody; then the database
and the publisher's own folder note, durably, what is about to be signed; only then does a signature
exist. Whatever is left undone is done again at the next start, and comes out the same.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.entry.log_files import CHECKPOINT, LogFiles
from app.entry.publishing.agreement import check_agreement, check_files, check_memory
from app.entry.publishing.keys import LogKeys
from app.entry.publishing.memory import Memory
from app.entry.publishing.refusals import (
    DatabaseDiffersError,
    FilesDifferError,
    PublisherRunningError,
)
from app.entry.publishing.witnessed import Witnessing
from app.kernel import clock
from app.kernel.db import connect, driver
from app.kernel.failpoints import failpoint
from app.kernel.outages import gave_up_waiting, is_away
from app.registry.log import audit
from app.registry.log import store as log_store
from app.registry.log.audit import TreeBrokenError
from app.registry.log.checkpoints import Checkpoint
from app.registry.log.growth import Growth
from app.registry.log.notes import Note
from app.registry.log.store import publication

# A new act is seen within the first, and checkpoints are at least the second apart: together with
# the work itself that is less than the one second that an act waits at most.
POLL_SECONDS: Final = 0.1
PAUSE_SECONDS: Final = 0.4
RETRY_SECONDS_MAX: Final = 5.0
LEAVES_PER_CHECKPOINT_MAX: Final = 20_000  # what is behind comes out in pieces of bounded memory

_log = structlog.get_logger()


class StandbyGivenUpError(ConnectionError):
    """The database stopped waiting for its standby: what was committed may be gone tomorrow."""


class Publisher:
    """The one publisher of a log."""

    def __init__(
        self,
        engine: AsyncEngine,
        files: LogFiles,
        memory: Memory,
        keys: LogKeys,
        witnessing: Witnessing,
    ) -> None:
        """
        Prepare; nothing is opened before `run`.

        Args:
            engine: connections with the publisher's role.
            files: where the log goes.
            memory: what was signed, held by this process.
            keys: what signs.
            witnessing: who has to see a checkpoint first.
        """
        self._engine = engine
        self._files = files
        self._memory = memory
        self._keys = keys
        self._witnessing = witnessing
        self._growth = Growth()
        self._released: bytes | None = None  # the checkpoint that is out
        self._standby_given_up = False

    async def run(self, stopping: asyncio.Event) -> None:
        """
        Publish until told to stop; a database that is away is waited for.

        Raises:
            RegistryError: it must not go on; the refusal names the procedure.
        """
        pause = POLL_SECONDS
        while not stopping.is_set():
            try:
                async with self.session() as connection:
                    pause = POLL_SECONDS
                    while not stopping.is_set():
                        wrote = await self.publish(connection)
                        await _sleep(stopping, PAUSE_SECONDS if wrote else POLL_SECONDS)
            except Exception as error:
                if not is_away(error):
                    raise
                _log.warning("database_away", error=type(error).__name__)
                pause = min(pause * 2, RETRY_SECONDS_MAX)
                await _sleep(stopping, pause)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncConnection]:
        """
        Be the one publisher on a connection, having checked that this database is the one whose
        log was signed.

        Raises:
            RegistryError: it is not, or another publisher is at work.
        """
        connection = await connect(self._engine)
        try:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            if not await publication.lock_publishing(connection):
                raise PublisherRunningError
            driver(connection).add_log_listener(self._on_notice)
            await self._check(connection)
            yield connection
        finally:
            # Not given back to the pool: the lock lives as long as the connection does.
            await connection.invalidate()
            await connection.close()

    async def publish(self, connection: AsyncConnection) -> bool:
        """
        Bring out a checkpoint where there is something new.

        Returns:
            Whether there was something to do.

        Raises:
            RegistryError: it must not go on.
        """
        head = await log_store.get_head(connection)
        grown = self._growth
        if head.size > grown.size:
            grown = await self._grow(connection, head)
        elif self._released is not None or head.size == 0:
            return False
        checkpoint = self._checkpoint(grown)
        self._released = None
        await self._promise(connection, checkpoint, grown)
        note = self._keys.sign(checkpoint.text)
        failpoint("publish_signed")
        witnessed = await self._witnessing.ask(connection, self._memory, note, checkpoint)
        failpoint("publish_witnessed")
        if witnessed is not None:
            await self._release(connection, checkpoint, witnessed)
        return True

    async def _grow(self, connection: AsyncConnection, head: log_store.Head) -> Growth:
        """Read what is new, and write its tiles."""
        grown = self._growth.copy()
        until = min(head.size, grown.size + LEAVES_PER_CHECKPOINT_MAX)
        try:
            await audit.rebuild(connection, grown.frontier, until=until, on_leaf=grown.add)
        except TreeBrokenError as broken:
            raise DatabaseDiffersError(size=until, found=str(broken)) from broken
        if grown.size == head.size and grown.frontier.root() != head.root:
            raise DatabaseDiffersError(size=head.size, found="the head has another root")
        failpoint("publish_read")
        tiles = {**grown.filled, **grown.partial()}
        await self._files.put({tile.path: content for tile, content in tiles.items()})
        for tile in grown.filled:
            await self._files.drop_partials(tile)
        grown.filled.clear()
        failpoint("publish_tiled")
        return grown

    async def _promise(
        self, connection: AsyncConnection, checkpoint: Checkpoint, grown: Growth
    ) -> None:
        """Have it on record, where it outlasts this machine, what is about to be signed."""
        self._standby_given_up = False
        await publication.update_signing(connection, size=checkpoint.size, root=checkpoint.root)
        if self._standby_given_up:
            raise StandbyGivenUpError
        failpoint("publish_announced")
        await asyncio.to_thread(self._memory.remember, checkpoint)
        self._growth = grown
        failpoint("publish_remembered")

    async def _release(
        self, connection: AsyncConnection, checkpoint: Checkpoint, note: Note
    ) -> None:
        content = note.encode()
        await publication.update_published(
            connection, size=checkpoint.size, root=checkpoint.root, note=content, now=clock.now()
        )
        failpoint("publish_recorded")
        await self._files.put({CHECKPOINT: content})
        failpoint("publish_released")
        self._released = content

    async def _check(self, connection: AsyncConnection) -> None:
        """Compare the database, the memory and the published files with each other."""
        signed = self._memory.recall()
        published = await publication.get_published(connection)
        check_memory(signed, published, self._keys.origin)
        if signed is not None:
            await check_agreement(connection, signed)
        await check_files(connection, self._files, self._keys, signed)
        size = 0 if signed is None else signed.size
        if self._growth.size != size:
            await self._rebuild(connection, size)
        self._released = published.note if published.size == self._growth.size else None
        await self._mend_files()
        _log.info("publishing", origin=self._keys.origin, size=size, published=published.size)

    async def _rebuild(self, connection: AsyncConnection, size: int) -> None:
        """Rebuild the tree from the bytes of every leaf; no stored hash is taken on trust."""
        grown = Growth()

        def add(leaf: bytes, completed: bytes) -> None:
            grown.add(leaf, completed)
            grown.filled.clear()

        try:
            await audit.rebuild(connection, grown.frontier, until=size, on_leaf=add)
        except TreeBrokenError as broken:
            raise DatabaseDiffersError(size=size, found=str(broken)) from broken
        signed = self._memory.recall()
        if signed is not None and grown.frontier.root() != signed.root:
            raise DatabaseDiffersError(size=size, found="the leaves have another root")
        self._growth = grown

    async def _mend_files(self) -> None:
        """Bring back the last files where they are missing, and refuse other tiles."""
        for tile, content in self._growth.partial().items():
            found = await self._files.find(tile.path)
            if found is None:
                await self._files.put({tile.path: content})
            elif found != content:
                raise FilesDifferError(path=tile.path)
        if self._released is not None and self._released != await self._files.find(CHECKPOINT):
            await self._files.put({CHECKPOINT: self._released})

    def _checkpoint(self, grown: Growth) -> Checkpoint:
        return Checkpoint(self._keys.origin, grown.size, grown.frontier.root())

    def _on_notice(self, _connection: object, notice: object) -> None:
        if gave_up_waiting(notice):
            self._standby_given_up = True


async def _sleep(stopping: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
