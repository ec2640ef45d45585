"""
What a witness remembers: its key and name, what it cosigned last of each log, and evidence.

One folder, for one process. Whoever brings back an older copy of it makes the witness forget, and
a witness that forgets can cosign two histories: the folder is not to be restored from a backup.
"""

import fcntl
import hashlib
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.entry.signing_keys import (
    KeyFileExposedError,
    KeyFileUnreadableError,
    make_signing_key,
    read_signing_key,
)
from app.entry.witness.refusals import (
    FolderInUseError,
    FolderUnusableError,
    KeyExposedError,
    KeyGoneError,
    KeyUnreadableError,
    MemoryDamagedError,
    NameDiffersError,
    NameMissingError,
)
from app.kernel.files import reach_disk, write_durably
from app.registry.log.checkpoints import Checkpoint, parse_checkpoint
from app.registry.log.notes import (
    ForgedError,
    KeyKind,
    MalformedError,
    Note,
    Signature,
    VerifierKey,
    cosign,
    cosigned_at,
    verifier_of,
)

KEY_FILE: Final = "key.pem"
VERIFIER_FILE: Final = "verifier-key"  # the public half, to hand out
LOCK_FILE: Final = "lock"
LAST_FOLDER: Final = "last"
EVIDENCE_FOLDER: Final = "evidence"
# Per log. What merely failed its proof may have been spoilt on the way by anybody, and must leave
# room for what only the log can have signed.
EVIDENCE_PROVEN_MAX: Final = 200
EVIDENCE_UNPROVEN_MAX: Final = 100

_NOTE: Final = ".note"
_LAST: Final = ".last.note"  # beside a note of evidence: what it does not fit


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A checkpoint that this witness has cosigned."""

    note: Note  # with the log's signatures and this witness's one
    checkpoint: Checkpoint
    at: int  # seconds since 1970


class Memory:
    """
    The folder of a witness, held for as long as it runs.

    Not safe for threads: whoever decides and cosigns does so one request after the other.
    """

    def __init__(
        self, folder: Path, lock: int, private: Ed25519PrivateKey, key: VerifierKey
    ) -> None:
        self.key = key
        self._folder = folder
        self._lock = lock
        self._private = private
        self._last = _read_last(folder / LAST_FOLDER, key)

    @classmethod
    def open(cls, folder: Path, name: str | None) -> Self:
        """
        Take a folder, and make a witness there if there is none yet.

        Args:
            folder: where its files are.
            name: the witness's name; None: as it is called already.

        Raises:
            RegistryError: the folder cannot be used, is in use, or is another witness's.
        """
        try:
            for each in (folder, folder / LAST_FOLDER, folder / EVIDENCE_FOLDER):
                each.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as failure:
            raise FolderUnusableError(reason=failure.strerror) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            reach_disk(folder)
            private = _load_or_make_key(folder, name)
            return cls(folder, lock, private, _named(folder, private, name))
        except BlockingIOError:
            os.close(lock)
            raise FolderInUseError from None
        except OSError as failure:
            os.close(lock)
            raise FolderUnusableError(reason=failure.strerror) from None
        except BaseException:
            os.close(lock)
            raise

    def close(self) -> None:
        """Let another witness have the folder."""
        os.close(self._lock)

    def find_last(self, origin: str) -> Cosigned | None:
        """Return what was cosigned last of a log; None: nothing yet."""
        return self._last.get(origin)

    def cosign(self, note: Note, checkpoint: Checkpoint, *, now: datetime) -> Signature:
        """
        Cosign a checkpoint that was judged to extend the last one; it is kept before this returns.

        Times never run backwards: under a clock that was set back, the last one is stated again.

        Raises:
            OSError: it could not be kept, and so is not cosigned.
        """
        last = self._last.get(checkpoint.origin)
        at = max(int(now.timestamp()), last.at if last else 1)
        signature = cosign(self.key.name, self._private, checkpoint.text, at=at)
        if last is not None and (last.checkpoint, last.at) == (checkpoint, at):
            return signature  # the very one that is kept
        kept = Cosigned(note.with_signatures([signature]), checkpoint, at)
        path = self._folder / LAST_FOLDER / f"{_hash(checkpoint.origin.encode())}{_NOTE}"
        write_durably(path, kept.note.encode())
        self._last[checkpoint.origin] = kept
        return signature

    def keep_evidence(self, note: Note, checkpoint: Checkpoint, *, is_proven: bool) -> bool:
        """
        Keep a checkpoint that does not fit the last one, and that one beside it.

        Args:
            note: the checkpoint with the log's signatures, and no others.
            checkpoint: what it says.
            is_proven: whether the two alone show two histories, whatever else was sent.

        Returns:
            Whether it is kept now; else there is no room.

        Raises:
            OSError: it could not be written.
        """
        last = self._last[checkpoint.origin]
        folder = self._folder / EVIDENCE_FOLDER
        content = note.encode()
        stem = f"{_hash(checkpoint.origin.encode())}-{checkpoint.size}-{_hash(content)}"
        if (folder / f"{stem}{_NOTE}").exists():
            return True
        room = EVIDENCE_PROVEN_MAX if is_proven else EVIDENCE_UNPROVEN_MAX
        if self.count_evidence(checkpoint.origin) >= room:
            return False
        write_durably(folder / f"{stem}{_LAST}", last.note.encode())
        write_durably(folder / f"{stem}{_NOTE}", content)
        return True

    def count_evidence(self, origin: str) -> int:
        """Return how many checkpoints of a log are kept as evidence."""
        kept = (self._folder / EVIDENCE_FOLDER).glob(f"{_hash(origin.encode())}-*{_LAST}")
        return sum(1 for _ in kept)


def _load_or_make_key(folder: Path, name: str | None) -> Ed25519PrivateKey:
    path = folder / KEY_FILE
    if not path.exists():
        if (folder / VERIFIER_FILE).exists() or any((folder / LAST_FOLDER).glob(f"*{_NOTE}")):
            raise KeyGoneError(file=KEY_FILE)
        if name is None:
            raise NameMissingError
        make_signing_key(path)
    try:
        return read_signing_key(path)
    except KeyFileExposedError:
        raise KeyExposedError(file=KEY_FILE) from None
    except KeyFileUnreadableError:
        raise KeyUnreadableError(file=KEY_FILE) from None


def _named(folder: Path, private: Ed25519PrivateKey, name: str | None) -> VerifierKey:
    """Return the public half of the key under the witness's name, which is set once."""
    path = folder / VERIFIER_FILE
    if not path.exists():
        if name is None:
            raise NameMissingError
        key = verifier_of(name, KeyKind.WITNESS, private)
        write_durably(path, f"{key}\n".encode())
        return key
    known = path.read_text(encoding="utf-8", errors="replace").removesuffix("\n")
    called = known.partition("+")[0]
    if name not in {None, called}:
        raise NameDiffersError(name=called)
    try:
        key = VerifierKey.parse(known)
    except MalformedError:
        raise KeyGoneError(file=VERIFIER_FILE) from None
    if key != verifier_of(key.name, KeyKind.WITNESS, private):
        raise KeyGoneError(file=KEY_FILE)
    return key


def _read_last(folder: Path, key: VerifierKey) -> dict[str, Cosigned]:
    found = {}
    for path in folder.glob(f"*{_NOTE}"):
        try:
            note, checkpoint = parse_checkpoint(path.read_bytes())
            is_ours = bool(note.signers([key]))
        except (MalformedError, ForgedError):
            raise MemoryDamagedError(file=f"{LAST_FOLDER}/{path.name}") from None
        if not is_ours or path.stem != _hash(checkpoint.origin.encode()):
            raise MemoryDamagedError(file=f"{LAST_FOLDER}/{path.name}")
        ours = next(s for s in note.signatures if (s.name, s.key_id) == (key.name, key.id))
        found[checkpoint.origin] = Cosigned(note, checkpoint, cosigned_at(ours))
    return found


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
