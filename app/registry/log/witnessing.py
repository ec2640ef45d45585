"""
What a log asks of its witnesses (C2SP tlog-witness): to cosign a checkpoint that extends the last.

Pure: the request as bytes, and the rule by which a witness answers.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Self

from app.registry.log.checkpoints import Checkpoint, parse_checkpoint, parse_proof, parse_size
from app.registry.log.merkle import verify_consistency
from app.registry.log.notes import (
    ForgedError,
    MalformedError,
    Note,
    VerifierKey,
)

REQUEST_BYTES_MAX: Final = 80 * 1024
SIZE_MEDIA_TYPE: Final = "text/x.tlog.size"  # of a refusal that tells the witness's size


class Verdict(Enum):
    """How a witness answers; each is one HTTP status of the format."""

    COSIGN = auto()  # 200
    MALFORMED = auto()  # 400: the sizes contradict each other
    UNKNOWN_LOG = auto()  # 404
    NOT_SIGNED = auto()  # 403
    OTHER_SIZE = auto()  # 409: with the size that the witness has
    FORKED = auto()  # 422, and 409 where the sizes are equal: two histories


@dataclass(frozen=True, slots=True)
class Request:
    """Please cosign this checkpoint: it extends the one of ``old_size`` that you know."""

    old_size: int
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """
        Read a request.

        Raises:
            MalformedError: it is none.
        """
        head, blank, note = data.partition(b"\n\n")
        try:
            old, *hashes = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            old, hashes = "", []
        if not blank or not old.startswith("old "):
            raise MalformedError("a request is an old size, a proof, an empty line, a checkpoint")
        return cls(
            parse_size(old.removeprefix("old ")), parse_proof(hashes), *parse_checkpoint(note)
        )


def encode_request(old_size: int, proof: Sequence[bytes], note: bytes) -> bytes:
    """Return the bytes of a request."""
    lines = [f"old {old_size}", *(base64.b64encode(step).decode() for step in proof)]
    return "\n".join([*lines, "", ""]).encode() + note


def judge(request: Request, keys: Sequence[VerifierKey], last: Checkpoint | None) -> Verdict:
    """
    Decide whether a witness may cosign.

    Args:
        request: what the log asks.
        keys: the log's keys, as the witness was told them; empty: it does not watch this log.
        last: the last checkpoint of this log that it cosigned; None: none yet.
    """
    new, old_size = request.checkpoint, request.old_size
    if not keys:
        return Verdict.UNKNOWN_LOG
    try:
        signed = request.note.signers(keys)
    except ForgedError:
        signed = []
    if not signed:
        return Verdict.NOT_SIGNED
    if old_size > new.size:
        return Verdict.MALFORMED
    if old_size != (0 if last is None else last.size):
        return Verdict.OTHER_SIZE
    if last is None or last.size == 0:
        return Verdict.MALFORMED if request.proof else Verdict.COSIGN
    extends = verify_consistency(
        old_size=old_size,
        size=new.size,
        old_root=last.root,
        root=new.root,
        proof=request.proof,
    )
    return Verdict.COSIGN if extends else Verdict.FORKED
