"""
Removes what may not stay and nobody comes for, an hour's worth of looking apart.

What an identity provider was asked, and is over. And files of applicants: first the rows, as the
rule `application_file_days` says; then the bytes of all rows that are gone, for whatever reason: by
this, by an amendment, or because a person was erased.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app.entry.alongside import alongside
from app.entry.sealed_files import SealedFiles
from app.kernel import clock
from app.kernel.db import glancing, noting
from app.registry.applications.operations import drop_old_files
from app.registry.applications.store import list_file_ids
from app.registry.signin.operations import drop_old_requests

SWEPT_EVERY_S: Final = 3_600.0
SWEPT_FIRST_S: Final = 90.0  # after the start
DROPPED_AT_ONCE: Final = 1_000
# Bytes are put before their row is kept; the slowest upload takes ten minutes, its row a moment.
YOUNG: Final = timedelta(hours=1)

log = structlog.get_logger()


class Sweeper:
    """Sweeps now and then, for as long as the service runs."""

    def __init__(self, engine: AsyncEngine, files: SealedFiles) -> None:
        """
        Prepare.

        Args:
            engine: connections of the service.
            files: where the bytes are.
        """
        self._engine = engine
        self._files = files

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sweep while the block runs."""
        async with alongside(self._run(), "sweeper"):
            yield

    async def sweep(self) -> int:
        """Remove rows that are due and bytes without a row; returns how many files went."""
        async with noting(self._engine) as connection:
            await drop_old_requests(connection, now=clock.now())
        dropped = DROPPED_AT_ONCE
        while dropped == DROPPED_AT_ONCE:
            async with noting(self._engine) as connection:
                dropped = await drop_old_files(
                    connection, now=clock.now(), rows_max=DROPPED_AT_ONCE
                )
        return await self._files.sweep(self._list_known, before=clock.now() - YOUNG)

    async def _list_known(self, ids: list[str]) -> list[str]:
        async with glancing(self._engine) as connection:
            return await list_file_ids(connection, ids)

    async def _run(self) -> None:
        await asyncio.sleep(SWEPT_FIRST_S)
        while True:
            try:
                await self.sweep()
            except Exception as error:  # noqa: BLE001  whatever it is, the next turn tries again
                log.warning("files_not_swept", error=type(error).__name__)
            await asyncio.sleep(SWEPT_EVERY_S)
