"""The only maker of identifiers: a prefix that names the kind, then a time-ordered UUIDv7."""

import secrets
from typing import Final

from typeid import TypeID

# The kinds of thing that carry such an identifier. Acts do not: an act is known by its log index.
PREFIXES: Final = frozenset(
    {
        *("pty", "usr", "key", "act", "sit", "doc", "mrp", "vrf", "iss", "cfg", "imp", "opn"),
        *("req", "apl", "prp", "tru", "ses", "cnf", "otp", "ord"),
        *("aud", "pky", "ntc", "idn", "apf"),
    }
)
ID_PATTERN: Final = r"^[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}$"
ID_LENGTH: Final = 30


def new_id(prefix: str) -> str:
    """
    Make an identifier such as ``act_01kb5…``.

    Args:
        prefix: one of `PREFIXES`.

    Returns:
        Text of 30 characters; later ones sort after earlier ones.
    """
    assert prefix in PREFIXES
    # Made without it, because the library looks at a prefix for longer than at all the rest.
    return f"{prefix}_{TypeID().suffix}"


def new_salt() -> bytes:
    """Return 32 random bytes, to commit to a value that must not be guessed."""
    return secrets.token_bytes(32)
