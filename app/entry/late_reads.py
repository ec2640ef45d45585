"""
Reads that may be late: from a streaming replica while it keeps up, else from the database itself.

The rule is in `app.entry.api.context`: whoever signs in reads what they have just written. Here is
what late means: a state of the same register that lacks nothing older than some seconds.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.entry.alongside import alongside
from app.kernel import clock
from app.kernel.db import READER_ROLE, make_engine, open_glance, open_snapshot, reading
from app.kernel.errors import RegistryError
from app.kernel.outages import is_away, is_crowded
from app.registry.log import proofs
from app.registry.log import store as log_store
from app.settings import Settings

SNAPSHOT: Final = "registry.snapshot"  # where a call's scope holds the `OneSnapshot` it shares
LAG_MAX: Final = timedelta(seconds=2)  # An act that is older is there, when the replica is asked.
CHECK_SECONDS: Final = 0.5  # between one look at the replica and the next
CHECK_SECONDS_MAX: Final = 1.0  # for a look; and for so long it holds beyond the next one

log = structlog.get_logger()


class LateReads:
    """Opens snapshots for those who need not see the last few seconds."""

    def __init__(self, primary: AsyncEngine, replica: AsyncEngine | None = None) -> None:
        """
        Prepare; until `watch` has looked, everything is read from the primary.

        Args:
            primary: where acts are written.
            replica: None: there is none.
        """
        self._primary = primary
        self._replica = replica
        self._good_until_s = 0.0  # on the loop's clock
        self._trouble: str | None = "not looked at yet"  # None: it keeps up

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Open a read-only snapshot of the register of now or of a few seconds ago."""
        connection = await self._open(open_snapshot)
        try:
            yield connection
        finally:
            await connection.close()

    @asynccontextmanager
    async def glancing(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection for one statement about the same."""
        connection = await self._open(open_glance)
        try:
            yield connection
        finally:
            await connection.close()

    async def watch(
        self, primary: AsyncEngine, replica: AsyncEngine, *, now: Callable[[], datetime] = clock.now
    ) -> None:
        """
        Look at the replica again and again, until cancelled.

        Args:
            primary: connections that requests do not hold: when there are many of them, the
                replica is needed most.
            replica: the same to the replica.
            now: the clock.
        """
        while True:
            await self._look(primary, replica, now)
            await asyncio.sleep(CHECK_SECONDS)

    async def _open(
        self, open_on: Callable[[AsyncEngine], Awaitable[AsyncConnection]]
    ) -> AsyncConnection:
        if self._replica is None or asyncio.get_running_loop().time() >= self._good_until_s:
            return await open_on(self._primary)
        try:
            return await open_on(self._replica)
        except Exception as error:
            # Where too many ask, the primary would not bear them either.
            if is_crowded(error) or not is_away(error):
                raise
            self._note(type(error).__name__)
        return await open_on(self._primary)

    async def _look(
        self, primary: AsyncEngine, replica: AsyncEngine, now: Callable[[], datetime]
    ) -> None:
        looked_at_s = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(CHECK_SECONDS_MAX):
                trouble = await _find_trouble(primary, replica, now)
        except Exception as error:  # noqa: BLE001  whatever it is, visitors are served elsewhere
            trouble = type(error).__name__
        self._note(trouble)
        if trouble is None:
            self._good_until_s = looked_at_s + CHECK_SECONDS + CHECK_SECONDS_MAX

    def _note(self, trouble: str | None) -> None:
        if trouble is not None:
            self._good_until_s = 0.0
        if trouble != self._trouble:
            self._trouble = trouble
            if trouble is None:
                log.info("replica_in_use")
            else:
                log.warning("replica_not_in_use", trouble=trouble)


class OneSnapshot:
    """
    One snapshot for several calls of the same visitor, which take turns with it.

    A page that is put together from several calls shows one state of the register then, holds one
    connection, and opens one transaction. It is for visitors alone: whom a signed-in caller may see
    is said within a transaction, and must not be true of their next call.
    """

    def __init__(self, late: LateReads) -> None:
        self._late = late
        self._turn = asyncio.Lock()
        self._opened = AsyncExitStack()
        self._connection: AsyncConnection | None = None  # None: nobody has read yet

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Take a turn."""
        async with self._turn:
            if self._connection is None:
                opened = self._late.reading()
                self._connection = await self._opened.enter_async_context(opened)
            try:
                yield self._connection
            except RegistryError:
                raise  # refused: nothing failed
            except BaseException:
                await self.close()  # who comes next begins anew
                raise

    async def close(self) -> None:
        """Give the connection back."""
        self._connection = None
        await self._opened.aclose()


async def _find_trouble(
    primary: AsyncEngine, replica: AsyncEngine, now: Callable[[], datetime]
) -> str | None:
    async with reading(replica) as connection:
        head = await log_store.get_head(connection)
    async with reading(primary) as connection:
        if (await log_store.get_head(connection)).size < head.size:
            return "it has more acts than the primary"
        if await proofs.get_root(connection, head.size) != head.root:
            return "it has another history"
        lacked = await log_store.list_entries(connection, first=head.size, rows_max=1)
    if lacked and now() - lacked[0].recorded_at > LAG_MAX:
        return "it is too far behind"
    return None


@asynccontextmanager
async def late_reads(
    settings: Settings, primary: AsyncEngine, glances: AsyncEngine
) -> AsyncIterator[LateReads]:
    """Open what the settings name, and watch it."""
    if settings.read_database_url == settings.database_url:
        yield LateReads(primary)
        return
    url = settings.read_database_url
    # One that has broken is found out before it is given to a request, which can go elsewhere.
    replica = make_engine(
        url, connections_max=settings.connections_max, role=READER_ROLE, asks_first=True
    )
    looks = make_engine(url, connections_max=1)
    made = LateReads(primary, replica)
    try:
        async with alongside(made.watch(glances, looks), "replica"):
            yield made
    finally:
        await looks.dispose()
        await replica.dispose()
