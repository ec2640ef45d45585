"""The state of the register as a file: written once for all who want to compare it."""

import asyncio
import os
import tempfile
from pathlib import Path
from typing import Final

from app.entry.late_reads import LateReads
from app.registry.ledger.store.publishing import stream_state
from app.registry.log.store import get_head

# Writing it reads the whole ledger. A state that is older is as good: it says of which size it is.
AGE_SECONDS_MAX: Final = 5.0


class StateFile:
    """Keeps the last state that was written; whoever reads slowly holds a file, no snapshot."""

    def __init__(self, reads: LateReads, folder: Path) -> None:
        self._reads = reads
        self._folder = folder
        self._turn = asyncio.Lock()
        self._file: Path | None = None
        self._size = -1
        self._written_s = 0.0

    async def get(self) -> Path:
        """Return a file with the state of this moment, or of a few seconds ago."""
        async with self._turn:
            now_s = asyncio.get_running_loop().time()
            if self._file is not None and now_s - self._written_s < AGE_SECONDS_MAX:
                return self._file
            async with self._reads.reading() as connection:
                size = (await get_head(connection)).size
                if self._file is None or size != self._size:
                    written = await asyncio.to_thread(self._new_file)
                    with written.open("wb") as file:
                        async for piece in stream_state(connection):
                            file.write(piece)
                    self._take(written)
                    self._size = size
            self._written_s = asyncio.get_running_loop().time()
            assert self._file is not None
            return self._file

    def close(self) -> None:
        """Remove the file."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)

    def _new_file(self) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=".state-")
        os.close(handle)
        return Path(name)

    def _take(self, written: Path) -> None:
        self.close()
        self._file = written
