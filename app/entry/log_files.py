"""The published log as files: tiles that never change, and the last checkpoint."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import obstore
from obstore.store import ObjectStore

from app.entry.storage import open_store
from app.kernel.files import reach_disk
from app.registry.log.tiles import Tile

CHECKPOINT: Final = "checkpoint"
KEY: Final = "key"
POLICY: Final = "policy"
_PUTS_AT_ONCE_MAX: Final = 16


class LogFiles:
    """A folder or bucket that any static host may serve as it is."""

    def __init__(self, store: ObjectStore, folder: Path | None) -> None:
        self._store = store
        self._folder = folder  # None: not on this machine, and kept when it says so

    async def find(self, path: str) -> bytes | None:
        """Return a file's content; None: there is none."""
        try:
            found = await obstore.get_async(self._store, path)
            return bytes(await found.bytes_async())
        except FileNotFoundError:
            return None

    async def put(self, contents: Mapping[str, bytes]) -> None:
        """Put files in place, and return when they will outlast a power cut."""
        room = asyncio.Semaphore(_PUTS_AT_ONCE_MAX)

        async def put_one(path: str, content: bytes) -> None:
            async with room:
                await obstore.put_async(self._store, path, content)

        await asyncio.gather(*(put_one(*item) for item in contents.items()))
        if self._folder is not None:
            await asyncio.to_thread(_reach_disk, self._folder, list(contents))

    async def drop_partials(self, tile: Tile) -> None:
        """Remove the partial tiles of a tile that is full now: nobody needs them any more."""
        listed = obstore.list(self._store, prefix=f"{tile.full.path}.p")
        async for batch in listed:
            await obstore.delete_async(self._store, [entry["path"] for entry in batch])


def open_log_files(url: str) -> LogFiles:
    """
    Open the published log at an address (`open_store`).

    Raises:
        ValueError: the address is of another kind.
    """
    return LogFiles(*open_store(url))


def _reach_disk(folder: Path, paths: list[str]) -> None:
    kept = [folder / path for path in paths]
    for path in [*kept, *{parent for file in kept for parent in (file.parent, file.parent.parent)}]:
        reach_disk(path)
