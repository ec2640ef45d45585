"""Files with an Ed25519 signing key, which their owner alone can read."""

from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.kernel.files import write_durably

_FOR_OTHERS: Final = 0o077


class KeyFileExposedError(Exception):
    """Others than its owner can read the file."""


class KeyFileUnreadableError(Exception):
    """The file holds no Ed25519 key."""


def make_signing_key(path: Path) -> None:
    """Make a key; it is on disk when this returns."""
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_durably(path, pem)


def read_signing_key(path: Path) -> Ed25519PrivateKey:
    """
    Read a key.

    Raises:
        KeyFileExposedError, KeyFileUnreadableError: as their names say.
    """
    if path.stat().st_mode & _FOR_OTHERS:
        raise KeyFileExposedError
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFileUnreadableError from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileUnreadableError
    return key
