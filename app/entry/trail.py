"""
Hands over records of what changed nothing: who read about whom, and who did not get in.

Many at a time and behind the answer: a read costs no transaction of its own, and it takes as long
to be refused as somebody who exists as it does as nobody. What waits is bounded, and kept when the
service is told to stop; of a process that is killed the last moment is lost. Old records go as
the rule `access_record_years` says, an hour's worth of looking apart; and with them notices, as
`notice_days` says.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from itertools import islice
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app.entry.alongside import alongside
from app.kernel.db import noting
from app.kernel.outages import is_away
from app.registry.notices.operations import drop_old_notices
from app.registry.signin.operations import drop_old_access, keep_access
from app.registry.signin.rules import Access

GATHERED_S: Final = 0.2  # so long a record may wait for others
AGAIN_S: Final = 1.0  # after the database has not taken them
AT_ONCE_MAX: Final = 1_000
WAITING_MAX: Final = 10_000  # some megabytes
# For whoever finds as many waiting: what cannot be recorded is not read.
ROOM_SECONDS_MAX: Final = 5
TIDIED_EVERY_S: Final = 3_600.0
TIDIED_FIRST_S: Final = 60.0  # after the start
DRAIN_SECONDS_MAX: Final = 1  # when the database is away; with all else, a stop takes 14 seconds
DROPPED_AT_ONCE: Final = 5_000

log = structlog.get_logger()


class Trail:
    """Takes records, and keeps them soon after."""

    def __init__(self, engine: AsyncEngine) -> None:
        """
        Prepare.

        Args:
            engine: connections of the service.
        """
        self._engine = engine
        self._waiting: deque[Access] = deque()
        self._keeping = asyncio.Lock()  # what waits is taken by one at a time
        self._come = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    async def add(self, records: Iterable[Access]) -> None:
        """
        Take records over.

        Raises:
            ConnectionError: too many wait, because the database does not take them.
        """
        try:
            async with asyncio.timeout(ROOM_SECONDS_MAX):
                await self._room.wait()
        except TimeoutError:
            raise ConnectionError("records of access cannot be kept") from None
        self._waiting.extend(records)
        if self._waiting:
            self._come.set()
        if len(self._waiting) >= WAITING_MAX:
            self._room.clear()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep what is taken over while the block runs, and the rest of it at its end."""
        try:
            async with alongside(self._run(), "trail"):
                yield
        finally:
            await self._drain()

    async def keep(self) -> None:
        """Keep all that waits now."""
        async with self._keeping:
            while self._waiting:
                records = list(islice(self._waiting, AT_ONCE_MAX))
                await self._insert(records)
                # Only now: what was begun and broken off is kept once all the same.
                for _ in records:
                    self._waiting.popleft()
                self._room.set()

    async def _insert(self, records: list[Access]) -> None:
        try:
            async with noting(self._engine) as connection:
                await keep_access(connection, records)
        except Exception as error:
            if is_away(error):
                raise
            if len(records) == 1:
                # One that the database does not take must not hold up all others.
                log.exception("access_refused", kind=records[0].kind.value, what=records[0].what)
                return
            for record in records:
                await self._insert([record])

    async def tidy(self) -> None:
        """Remove what is older than the rules say."""
        for drop in (drop_old_access, drop_old_notices):
            dropped = DROPPED_AT_ONCE
            while dropped == DROPPED_AT_ONCE:
                async with noting(self._engine) as connection:
                    dropped = await drop(connection, rows_max=DROPPED_AT_ONCE)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        tidy_at_s = loop.time() + TIDIED_FIRST_S
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(tidy_at_s):
                    await self._come.wait()
            await asyncio.sleep(GATHERED_S)
            self._come.clear()
            try:
                await self.keep()
                if loop.time() >= tidy_at_s:
                    tidy_at_s = loop.time() + TIDIED_EVERY_S
                    await self.tidy()
            except Exception as error:  # noqa: BLE001  whatever it is, the next turn tries again
                log.warning("access_not_recorded", error=type(error).__name__)
                self._come.set()
                await asyncio.sleep(AGAIN_S)

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(DRAIN_SECONDS_MAX):
                await self.keep()
        except Exception as error:  # noqa: BLE001  the service ends, whatever it is
            log.error("access_lost", records=len(self._waiting), error=type(error).__name__)  # noqa: TRY400  where, is no news
