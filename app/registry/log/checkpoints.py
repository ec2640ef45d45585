"""
Checkpoints (C2SP tlog-checkpoint): the origin, size and root of a log, as the text of a note.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from app.registry.log.merkle import EMPTY_ROOT, HASH_BYTES
from app.registry.log.notes import MalformedError, Note, check_name, decode_base64, parse_note

SIZE_MAX: Final = 2**63 - 1
PROOF_HASHES_MAX: Final = 63
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log was at one moment; signed, nobody can deny having said it."""

    origin: str  # the log's name, which is also its keys' name
    size: int  # leaves
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Read the text of a checkpoint. Lines beyond the three are refused: no audit covers them.

        Raises:
            MalformedError: it is none.
        """
        lines = text.split("\n")
        if len(lines) != _LINES + 1 or lines[-1]:
            raise MalformedError("a checkpoint has three lines: origin, size, root")
        origin, size, encoded = lines[:_LINES]
        check_name(origin)
        root = decode_base64(encoded, "the root")
        if len(root) != HASH_BYTES:
            raise MalformedError(f"the root has {len(root)} bytes, not {HASH_BYTES}")
        made = cls(origin, parse_size(size), root)
        if made.size == 0 and root != EMPTY_ROOT:
            raise MalformedError("the root of an empty log is the hash of nothing")
        return made


def parse_checkpoint(data: bytes) -> tuple[Note, Checkpoint]:
    """
    Read a note whose text is a checkpoint; nothing is verified yet.

    Raises:
        MalformedError: it is none.
    """
    note = parse_note(data)
    return note, Checkpoint.parse(note.text)


def parse_proof(lines: Sequence[str]) -> tuple[bytes, ...]:
    """
    Read the hashes of a proof, a line each.

    Raises:
        MalformedError: they are too many, or one is no hash.
    """
    if len(lines) > PROOF_HASHES_MAX:
        raise MalformedError(f"a proof has at most {PROOF_HASHES_MAX} hashes")
    proof = tuple(decode_base64(line, "a hash of the proof") for line in lines)
    if any(len(step) != HASH_BYTES for step in proof):
        raise MalformedError(f"a hash of the proof has not {HASH_BYTES} bytes")
    return proof


def parse_size(text: str) -> int:
    """
    Read a size or an index: decimal, without leading zeros, at most 2^63 - 1.

    Raises:
        MalformedError: it is none.
    """
    if not _SIZE.fullmatch(text) or int(text) > SIZE_MAX:
        raise MalformedError(f"{text[:24]!r} is no size: decimal, without sign or leading zeros")
    return int(text)
