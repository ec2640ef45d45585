"""
The SHA-256 of a body as it really came, for requests that say what it is (RFC 9530).

`Intake` takes it where a request is signed, from the bytes that it reads anyway; nothing is kept.
"""

import hashlib
import hmac
from typing import Final

from app.kernel.errors import UnauthenticatedError

BODY_DIGEST: Final = "registry.body_digest"  # where a scope holds its `BodyDigest`; else: no body


class ContentDigestWrongError(UnauthenticatedError):
    """The body is not the one that was signed."""

    code = "content_digest_wrong"
    number = 1584
    title_th = "เนื้อหาของคำขอไม่ตรงกับที่ลงลายมือชื่อไว้"
    advice = (
        "Send the header Content-Digest as sha-256=:…: with the SHA-256, in base64, of exactly the "
        "bytes of the body that you send, and sign it. Nothing was changed."
    )
    advice_th = (
        "โปรดส่งส่วนหัว Content-Digest ในรูป sha-256=:…: ซึ่งเป็น SHA-256 แบบ base64 ของไบต์เนื้อหาที่ส่งจริง "
        "และลงลายมือชื่อครอบคลุมด้วย ยังไม่มีข้อมูลใดถูกแก้ไข"
    )


class BodyDigest:
    """What has come of a body so far, and what it is to be."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._is_whole = False
        self._expected: bytes | None = None
        self.is_empty = True  # as far as it has come

    def take(self, piece: bytes, *, more: bool) -> None:
        """
        Take the next bytes.

        Raises:
            ContentDigestWrongError: it is whole now, and another than was signed.
        """
        self._hash.update(piece)
        self.is_empty = self.is_empty and not piece
        self._is_whole = not more
        self._compare()

    @property
    def may_have_bytes(self) -> bool:
        """Say whether it has any, or some may follow."""
        return not self.is_empty or not self._is_whole

    def expect(self, digest: bytes) -> None:
        """
        Hold the body to a digest: at once, or once it is whole.

        Raises:
            ContentDigestWrongError: it is another.
        """
        self._expected = digest
        self._compare()

    def _compare(self) -> None:
        if not self._is_whole or self._expected is None:
            return
        if not hmac.compare_digest(self._hash.digest(), self._expected):
            raise ContentDigestWrongError
