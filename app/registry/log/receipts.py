"""
Receipts (C2SP tlog-proof): one file that proves an act to be in the log, to anybody, offline.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from app.registry.log.checkpoints import Checkpoint, parse_checkpoint, parse_proof, parse_size
from app.registry.log.merkle import leaf_hash, verify_inclusion
from app.registry.log.notes import MalformedError, Note

MEDIA_TYPE: Final = "text/plain; charset=utf-8"
FILE_SUFFIX: Final = ".tlog-proof"
_FIRST_LINE: Final = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class Receipt:
    """That the leaf at an index is in the log that a signed checkpoint describes."""

    index: int
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint

    def encode(self) -> bytes:
        """Return the file's bytes."""
        return encode_receipt(self.index, self.proof, self.note.encode())

    def proves(self, leaf: bytes) -> bool:
        """Say whether the bytes of a leaf are the ones it speaks of; signatures apart."""
        return verify_inclusion(
            index=self.index,
            size=self.checkpoint.size,
            leaf=leaf_hash(leaf),
            proof=self.proof,
            root=self.checkpoint.root,
        )

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """
        Read a receipt. A line of extra data is refused: nothing would vouch for it.

        Raises:
            MalformedError: it is none.
        """
        head, blank, note = data.partition(b"\n\n")
        if not blank:
            raise MalformedError("a receipt is a proof, an empty line, and a checkpoint")
        try:
            first, index, *hashes = head.decode("ascii").split("\n")
        except ValueError:
            raise MalformedError("a receipt begins with its format and an index") from None
        if first != _FIRST_LINE or not index.startswith("index "):
            raise MalformedError(f"a receipt begins with {_FIRST_LINE} and an index")
        return cls(
            parse_size(index.removeprefix("index ")), parse_proof(hashes), *parse_checkpoint(note)
        )


def encode_receipt(index: int, proof: Sequence[bytes], note: bytes) -> bytes:
    """Return the bytes of a receipt around a checkpoint as it was published."""
    lines = [_FIRST_LINE, f"index {index}", *(base64.b64encode(h).decode() for h in proof)]
    return "\n".join([*lines, "", ""]).encode() + note
