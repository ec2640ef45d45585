"""
Canonical bytes: the one form in which an act is hashed (RFC 8785, JSON Canonicalization Scheme).
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Final

import msgspec

from app.kernel.quantities import CREDITS_MAX

LEAF_BYTES_MAX: Final = 65_535  # C2SP tlog-tiles writes an entry's length in two bytes.


def canonical_bytes(value: Mapping[str, object]) -> bytes:
    """
    Return the canonical JSON of a value made of text, whole numbers, truth values, null, lists
    and mappings.

    The encoder agrees with RFC 8785 on that subset (keys are ASCII here, so sorting by code point
    and by UTF-16 unit is the same); a test holds it to an independent implementation.

    Raises:
        ValueError: a key is not ASCII text, or a number is a float or beyond 2^53 - 1.
        UnicodeEncodeError: text holds a lone surrogate, which no UTF-8 can carry.
    """
    _check(value)
    return msgspec.json.encode(value, order="sorted")


def _check(value: object) -> None:
    if isinstance(value, dict):
        for key in value:
            if not (isinstance(key, str) and key.isascii()):
                raise ValueError(f"the key {key!r} is not ASCII text")
        members = value.values()
    elif isinstance(value, list | tuple):
        members = value  # type: ignore[assignment]
    else:
        _check_scalar(value)
        return
    for member in members:
        # Every act passes here: what leaves are made of is told apart without a call of its own.
        kind = type(member)
        if kind is str or (kind is int and -CREDITS_MAX <= member <= CREDITS_MAX):
            continue
        _check(member)


def _check_scalar(value: object) -> None:
    if value is None or isinstance(value, str):
        return
    if not isinstance(value, int):
        name = type(value).__name__
        raise ValueError(f"{name} has no canonical form: use text or whole numbers")  # noqa: TRY004
    if not -CREDITS_MAX <= value <= CREDITS_MAX:
        raise ValueError(f"{value} is beyond what canonical JSON can carry exactly")


def sha256(data: bytes) -> bytes:
    """Return the SHA-256 digest, 32 bytes."""
    return hashlib.sha256(data).digest()


def commitment(salt: bytes, value: str) -> str:
    """
    Commit to a value that must not stand in the log itself, such as a person's name.

    Args:
        salt: 32 random bytes, kept beside the value and erased with it.
        value: the text committed to.

    Returns:
        Hexadecimal SHA-256 of salt and value; without the salt nobody can test a guess.
    """
    assert len(salt) == 32  # noqa: PLR2004
    return sha256(salt + value.encode("utf-8")).hex()


def base64url(data: bytes) -> str:
    """Return bytes as the text that addresses and web tokens use: no padding (RFC 4648, 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
