"""
What the publisher has signed: one file of its own, outside the database.

It is on disk before a signature exists. That turns a restored backup, or a failover that lost a
commit, from a second history that nobody notices into a refusal to start.
"""

import base64
import fcntl
import json
from pathlib import Path
from typing import Final

from app.entry.publishing.refusals import (
    DatabaseDiffersError,
    MemoryBehindError,
    PublisherRunningError,
)
from app.kernel.files import write_durably
from app.registry.log.checkpoints import Checkpoint

_FILE: Final = "signed.json"
_LOCK: Final = "lock"
_EVIDENCE: Final = "evidence"


class Memory:
    """The publisher's folder, held by one process."""

    def __init__(self, folder: Path) -> None:
        """
        Hold the folder until the process ends.

        Raises:
            PublisherRunningError: another process holds it.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self._lock = (folder / _LOCK).open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise PublisherRunningError from None

    def close(self) -> None:
        """Let the folder go."""
        self._lock.close()

    def recall(self) -> Checkpoint | None:
        """
        Return what was signed last; None: nothing yet.

        Raises:
            MemoryBehindError: the file is damaged.
        """
        try:
            kept = json.loads((self.folder / _FILE).read_text(encoding="utf-8"))
            return Checkpoint(kept["origin"], kept["size"], base64.b64decode(kept["root"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            raise MemoryBehindError(remembered="?", signed="?") from None

    def remember(self, checkpoint: Checkpoint) -> None:
        """
        Have what is about to be signed on disk when this returns.

        Raises:
            DatabaseDiffersError: another root of this size was signed, or a larger size.
        """
        last = self.recall()
        if last is not None and last != checkpoint and last.size >= checkpoint.size:
            raise DatabaseDiffersError(size=last.size, found=f"signed already: {last.size} acts")
        kept = {
            "origin": checkpoint.origin,
            "size": checkpoint.size,
            "root": base64.b64encode(checkpoint.root).decode(),
        }
        write_durably(self.folder / _FILE, json.dumps(kept, indent=1).encode())

    def keep_evidence(self, name: str, content: bytes) -> Path:
        """Keep what a witness was asked and answered; nothing is written over."""
        folder = self.folder / _EVIDENCE
        folder.mkdir(exist_ok=True)
        path = folder / name
        if not path.exists():
            write_durably(path, content)
        return path
