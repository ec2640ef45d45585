"""
Signed notes (C2SP signed-note): a text, and lines that sign it; verifier keys, and their ids.

Pure. Two kinds of signature are known here: a log's own (Ed25519 over the text) and a witness's
cosignature, which also says when it was given. Signatures by keys that nobody here knows are kept,
and say nothing.
"""

import base64
import binascii
import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

NOTE_BYTES_MAX: Final = 128 * 1024  # sixteen signatures of the kinds that quantum computers need
SIGNATURES_MAX: Final = 100
NAME_CHARACTERS_MAX: Final = 255

_KEY_BYTES: Final = 32
_ID_BYTES: Final = 4
_SIGNATURE_BYTES: Final = 64
_TIME_BYTES: Final = 8
_TIME_MAX: Final = 2**63 - 1
_PRIME: Final = 2**255 - 19  # of the field that a key's 255 bits are a number of
_DASH: Final = "\u2014 "
# Points of small order: with such a key one signature fits any text. The sign bit is left out.
_SMALL_ORDER: Final = frozenset(
    bytes.fromhex(point)
    for point in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
    )
)


class MalformedError(ValueError):
    """Bytes are not what their format says; the text says where and why."""


class ForgedError(ValueError):
    """A signature does not fit; the text says whose."""


class KeyKind(IntEnum):
    """What a key signs; the number is the format's."""

    LOG = 0x01  # Ed25519 over the text
    WITNESS = 0x04  # Ed25519 over the time and the text: cosignature/v1


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with the name it signs under, as ``name+id+key`` says it."""

    name: str
    kind: KeyKind
    key: bytes  # 32 bytes

    @property
    def id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        kinded = bytes([self.kind]) + self.key
        return hashlib.sha256(self.name.encode() + b"\n" + kinded).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        """Return the line that verifiers read."""
        kinded = bytes([self.kind]) + self.key
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(kinded).decode()}"

    @classmethod
    def parse(cls, line: str) -> Self:
        """
        Read a verifier key.

        Raises:
            MalformedError: it is none, its id is another key's, or the key is weak.
        """
        name, plus, rest = line.partition("+")
        identity, second_plus, encoded = rest.partition("+")
        if not (plus and second_plus):
            raise MalformedError("a verifier key has the form name+id+key")
        check_name(name)
        kinded = decode_base64(encoded, "the key")
        if len(kinded) != 1 + _KEY_BYTES or kinded[0] not in set(KeyKind):
            raise MalformedError("the key is not an Ed25519 key of a log or a witness")
        made = cls(name, KeyKind(kinded[0]), kinded[1:])
        if made.id.hex() != identity:
            raise MalformedError(f"the key's id is {made.id.hex()}, not {identity[:16]}")
        check_strong(made.key)
        return made

    def verifies(self, signature: bytes, text: str) -> bool:
        """Say whether a signature is this key's over a text."""
        signed = text.encode()
        if self.kind is KeyKind.WITNESS:
            at = int.from_bytes(signature[:_TIME_BYTES], "big")
            if len(signature) != _TIME_BYTES + _SIGNATURE_BYTES or at > _TIME_MAX:
                return False
            signed = _witnessed(at, text)
            signature = signature[_TIME_BYTES:]
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, signed)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signature:
    """One line under a note."""

    name: str
    key_id: bytes  # 4 bytes
    data: bytes  # of a log: 64 bytes; of a witness: 8 bytes of time, then 64

    def __str__(self) -> str:
        """Return the line, without its end."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.data).decode()}"

    @classmethod
    def parse(cls, line: str) -> Self:
        """
        Read a signature line.

        Raises:
            MalformedError: it is none.
        """
        name, space, encoded = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not space:
            raise MalformedError("a signature line has the form «— name signature»")
        check_name(name)
        data = decode_base64(encoded, "the signature")
        if len(data) <= _ID_BYTES:
            raise MalformedError("the signature is too short")
        return cls(name, data[:_ID_BYTES], data[_ID_BYTES:])


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends in a newline, and who signed it."""

    text: str
    signatures: tuple[Signature, ...]

    def encode(self) -> bytes:
        """Return the note's bytes."""
        return "".join([self.text, "\n", *(f"{line}\n" for line in self.signatures)]).encode()

    def with_signatures(self, more: Iterable[Signature]) -> "Note":
        """Return the note with further signatures under it."""
        return Note(self.text, (*self.signatures, *more))

    def signers(self, keys: Sequence[VerifierKey]) -> list[VerifierKey]:
        """
        Return which of the keys have signed.

        Raises:
            ForgedError: a line claims to be of one of the keys, and does not fit.
        """
        found: dict[VerifierKey, None] = {}
        known = {(key.name, key.id): key for key in keys}
        for line in self.signatures:
            key = known.get((line.name, line.key_id))
            if key is None:
                continue
            if not key.verifies(line.data, self.text):
                raise ForgedError(f"the signature of {line.name} ({line.key_id.hex()}) is false")
            found[key] = None
        return list(found)


def parse_note(data: bytes) -> Note:
    """
    Read a note; nothing is verified yet (`Note.signers`).

    Raises:
        MalformedError: it is none.
    """
    if len(data) > NOTE_BYTES_MAX:
        raise MalformedError(f"a note has at most {NOTE_BYTES_MAX} bytes")
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        raise MalformedError("a note is UTF-8") from None
    if any(unicodedata.category(mark) == "Cc" and mark != "\n" for mark in whole):
        raise MalformedError("a note holds no control characters but the end of line")
    text, blank, lines = whole.rpartition("\n\n")
    if not blank or not text or not lines.endswith("\n"):
        raise MalformedError("a note is a text, an empty line, and signature lines, each ended")
    split = lines[:-1].split("\n")
    if len(split) > SIGNATURES_MAX:
        raise MalformedError(f"a note has at most {SIGNATURES_MAX} signatures")
    return Note(f"{text}\n", tuple(Signature.parse(line) for line in split))


def sign(name: str, key: Ed25519PrivateKey, text: str) -> Signature:
    """Sign a text as a log."""
    verifier = verifier_of(name, KeyKind.LOG, key)
    return Signature(name, verifier.id, key.sign(text.encode()))


def cosign(name: str, key: Ed25519PrivateKey, text: str, *, at: int) -> Signature:
    """
    Cosign a checkpoint as a witness (C2SP tlog-cosignature, version 1).

    Args:
        name: the witness's name.
        key: its private key.
        text: the checkpoint's text.
        at: the time, in whole seconds since 1970 (POSIX).
    """
    verifier = verifier_of(name, KeyKind.WITNESS, key)
    signature = key.sign(_witnessed(at, text))
    return Signature(name, verifier.id, at.to_bytes(_TIME_BYTES, "big") + signature)


def cosigned_at(signature: Signature) -> int:
    """Return the time that a cosignature states, in seconds since 1970."""
    return int.from_bytes(signature.data[:_TIME_BYTES], "big")


def verifier_of(name: str, kind: KeyKind, key: Ed25519PrivateKey) -> VerifierKey:
    """Return the public half of a key under its name."""
    check_name(name)
    return VerifierKey(name, kind, key.public_key().public_bytes_raw())


def check_name(name: str) -> None:
    """
    Refuse a name that a note cannot carry.

    Raises:
        MalformedError: empty, too long, or with spaces, plus signs or control characters in it.
    """
    if not 0 < len(name) <= NAME_CHARACTERS_MAX:
        raise MalformedError(f"a name has 1 to {NAME_CHARACTERS_MAX} characters")
    if any(mark.isspace() or mark == "+" or not mark.isprintable() for mark in name):
        raise MalformedError("a name holds no spaces, plus signs or control characters")


def check_strong(key: bytes) -> None:
    """
    Refuse a public key under which one signature would fit any text, or that has two spellings.

    Raises:
        MalformedError: it is such a key.
    """
    unsigned = key[:-1] + bytes([key[-1] & 0x7F])
    if int.from_bytes(unsigned, "little") >= _PRIME:
        raise MalformedError("the key is not in the canonical form of Ed25519")
    if unsigned in _SMALL_ORDER:
        raise MalformedError("the key is of small order: anybody could sign with it")


def decode_base64(encoded: str, what: str) -> bytes:
    """
    Return bytes from their one spelling in standard base64.

    Raises:
        MalformedError: it is another spelling, or none.
    """
    try:
        data = base64.b64decode(encoded.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError):
        raise MalformedError(f"{what} is not base64") from None
    # Bits that no byte uses must be zero, or one signature would have several spellings.
    if base64.b64encode(data).decode() != encoded:
        raise MalformedError(f"{what} is not in the canonical form of base64")
    return data


def _witnessed(at: int, text: str) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()
