"""
The log's signing keys: files that only their owner can read, and that only the publisher opens.

Normally one. While a key is being replaced, both sign, so that a verifier who knows either key
accepts what is published.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.entry.publishing.refusals import LogKeyError
from app.entry.signing_keys import (
    KeyFileExposedError,
    KeyFileUnreadableError,
    make_signing_key,
    read_signing_key,
)
from app.registry.log import notes
from app.registry.log.notes import KeyKind, Note, VerifierKey

_PATTERN: Final = "log-key-*.pem"


@dataclass(frozen=True, slots=True)
class LogKeys:
    """What the log signs with, the newest key first."""

    origin: str
    keys: Sequence[Ed25519PrivateKey]

    @property
    def verifiers(self) -> list[VerifierKey]:
        """The public halves, the newest first."""
        return [notes.verifier_of(self.origin, KeyKind.LOG, key) for key in self.keys]

    def sign(self, text: str) -> Note:
        """Sign a checkpoint's text with every key."""
        return Note(text, tuple(notes.sign(self.origin, key, text) for key in self.keys))


def has_keys(folder: Path) -> bool:
    """Say whether a folder holds a signing key."""
    return any(folder.glob(_PATTERN))


def load_or_make(folder: Path, origin: str) -> LogKeys:
    """
    Read the keys of a folder; make the first one where there is none.

    Raises:
        LogKeyError: a key is damaged, of another kind, or open to others.
    """
    if not has_keys(folder):
        add_key(folder)
    files = sorted(folder.glob(_PATTERN), reverse=True)
    return LogKeys(origin, [_read(file) for file in files])


def add_key(folder: Path) -> None:
    """Make a further key, which signs beside the others from the publisher's next start on."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    numbers = [int(file.stem.rpartition("-")[2]) for file in folder.glob(_PATTERN)]
    file = folder / f"log-key-{max(numbers, default=0) + 1:04}.pem"
    make_signing_key(file)


def drop_oldest(folder: Path) -> Path:
    """
    Put the oldest key out of use; its file is kept under another name.

    Raises:
        LogKeyError: it is the only one.
    """
    files = sorted(folder.glob(_PATTERN))
    if len(files) < 2:  # noqa: PLR2004  the last one signs
        raise LogKeyError(path=str(folder), fault="the only key cannot be dropped")
    return files[0].rename(files[0].with_suffix(".dropped"))


def _read(file: Path) -> Ed25519PrivateKey:
    try:
        return read_signing_key(file)
    except KeyFileExposedError:
        fault = "others can read it; chmod 600 it, or replace it"
    except KeyFileUnreadableError:
        fault = "it holds no Ed25519 key"
    raise LogKeyError(path=str(file), fault=fault)
