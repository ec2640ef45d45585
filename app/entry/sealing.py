"""
Encrypts a file in pieces, so that it is never whole in memory when it is sent.

The STREAM construction (Hoang, Reyhanitabar, Rogaway and Vizár, CRYPTO 2015, section 7) over
AES-256-GCM: a piece's nonce is its number, 11 bytes, big-endian, from 0, and a byte that is 1 for
the last piece alone. So a piece in another place, one too few or one too many, and an end that is
not the end are found. Every piece but the last has `PIECE_BYTES`, and each its tag behind it.

Nonces repeat from file to file: a key is for one file, once.
"""

from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PIECE_BYTES: Final = 64 * 2**10
TAG_BYTES: Final = 16
_NUMBER_BYTES: Final = 11


class _Pieces:
    """Cuts what comes in any portions into pieces of one size; only the last may be shorter."""

    def __init__(self, key: bytes, bound: bytes, *, size: int) -> None:
        self._cipher = AESGCM(key)
        self._bound = bound
        self._size = size
        self._waiting = bytearray()
        self._number = 0

    def feed(self, portion: bytes) -> bytes:
        """
        Take more; returns what is certain not to be the last piece.

        Raises:
            InvalidTag: when opening, it is not what was sealed.
        """
        self._waiting += portion
        done = []
        while len(self._waiting) > self._size:
            piece = bytes(self._waiting[: self._size])
            del self._waiting[: self._size]
            done.append(self._turn(piece, self._nonce(is_last=False)))
            self._number += 1
        return b"".join(done)

    def finish(self) -> bytes:
        """
        Return the last piece.

        Raises:
            InvalidTag: when opening, it is not the last one, or not what was sealed.
        """
        return self._turn(bytes(self._waiting), self._nonce(is_last=True))

    def _nonce(self, *, is_last: bool) -> bytes:
        return self._number.to_bytes(_NUMBER_BYTES, "big") + bytes([is_last])

    def _turn(self, piece: bytes, nonce: bytes) -> bytes:
        raise NotImplementedError


class Sealer(_Pieces):
    """Encrypts one file."""

    def __init__(self, key: bytes, bound: bytes) -> None:
        """
        Begin.

        Args:
            key: 32 random bytes, of this file alone.
            bound: what the file belongs to: it opens with the same words only.
        """
        super().__init__(key, bound, size=PIECE_BYTES)

    def _turn(self, piece: bytes, nonce: bytes) -> bytes:
        return self._cipher.encrypt(nonce, piece, self._bound)


class Opener(_Pieces):
    """Decrypts what a `Sealer` made."""

    def __init__(self, key: bytes, bound: bytes) -> None:
        """
        Begin.

        Args:
            key: the file's.
            bound: what it was bound to.
        """
        super().__init__(key, bound, size=PIECE_BYTES + TAG_BYTES)

    def _turn(self, piece: bytes, nonce: bytes) -> bytes:
        return self._cipher.decrypt(nonce, piece, self._bound)
