"""What a verifier remembers of a log: its last checkpoint, what it replayed, and evidence."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from app.entry.verifying.findings import NotCleanError, UnreachableError
from app.kernel.files import write_durably
from app.registry.log.checkpoints import Checkpoint, parse_checkpoint
from app.registry.log.notes import MalformedError, Note
from app.registry.replay.shelf import Shelf, ShelfError

_CHECKPOINT: Final = "checkpoint"
_SHELF: Final = "replay.sqlite"
_EVIDENCE: Final = "evidence"
_ADDRESSES: Final = "addresses"
_NAME_CHARACTERS: Final = 16

Signed = tuple[Note, Checkpoint]


class Memory:
    """
    A folder of the verifier's own.

    Args:
        folder: where; made when something is to be kept.
        address_file: where to note which log was verified at an address; None: nowhere.
    """

    def __init__(self, folder: Path, address_file: Path | None = None) -> None:
        self.folder = folder
        self._address_file = address_file

    def recall(self) -> Signed | None:
        """
        Return the checkpoint that was verified last, which is kept whatever happens.

        Raises:
            NotCleanError: what is kept cannot be read.
        """
        try:
            return parse_checkpoint((self.folder / _CHECKPOINT).read_bytes())
        except FileNotFoundError:
            return None
        except MalformedError:
            raise NotCleanError(
                "memory_damaged", f"{self.folder} cannot be read: delete it to verify anew"
            ) from None

    def remember(self, note: Note, origin: str) -> None:
        """Keep a checkpoint that was verified."""
        write_durably(self.folder / _CHECKPOINT, note.encode())
        if self._address_file is not None:
            self._address_file.parent.mkdir(parents=True, exist_ok=True)
            write_durably(self._address_file, f"{origin}\n".encode())

    def keep_evidence(self, signed: Iterable[Signed]) -> Path:
        """Keep signed checkpoints that contradict each other; returns the folder."""
        folder = self.folder / _EVIDENCE
        folder.mkdir(parents=True, exist_ok=True)
        for note, checkpoint in signed:
            name = f"{checkpoint.size}-{checkpoint.root.hex()[:_NAME_CHARACTERS]}"
            write_durably(folder / name, note.encode())
        return folder

    @contextmanager
    def open_shelf(self) -> Iterator[Shelf]:
        """
        Open what was replayed.

        Raises:
            UnreachableError: another process is at it, or it is of another version.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            shelf = Shelf(self.folder / _SHELF)
        except ShelfError as fault:
            advice = "if no other verification is at work, delete it"
            raise UnreachableError(f"{fault}; {advice}") from None
        try:
            yield shelf
        finally:
            shelf.close()

    def drop_shelf(self) -> None:
        """Forget what was replayed, to begin with the first act."""
        (self.folder / _SHELF).unlink(missing_ok=True)


def memory_of(root: Path, origin: str, address: str | None) -> Memory:
    """
    Return the memory of a log: by its name, so that all copies of it are held to one history.

    Args:
        root: the folder of all memories.
        origin: the log's name.
        address: where it is read; None: in a folder, which may hold another log tomorrow.

    Raises:
        NotCleanError: another log was verified at this address.
    """
    address_file = None
    if address is not None:
        address_file = root / _ADDRESSES / _digest(address)
        known = address_file.read_text().strip() if address_file.exists() else origin
        if known != origin:
            raise NotCleanError(
                "other_log",
                f"{known} was verified at this address before, and now it shows {origin}; "
                f"if that is right, delete {address_file}",
            )
    return Memory(root / _digest(origin), address_file)


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:_NAME_CHARACTERS]
