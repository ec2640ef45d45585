"""
Requests that a machine signs (RFC 9421): the one module around http-message-signatures.

A key of which the register knows a public key signs whatever it sends to change something. Who
stole its secret, or a token of it, changes nothing; who reads its requests can neither change nor
repeat them. The library checks neither that what matters is covered, nor the body, nor, by a clock
of ours, the time, and knows nothing of repetition: all that is done here.

The time is that of a clock which nobody can set: the moment at which this process began, and what
has passed since. That a request comes once is held by the database and by no clock
(`app.registry.signin.operations.take_signed`).
"""

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    VerifyResult,
)
from http_message_signatures.algorithms import ED25519
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import Scope

from app.entry.digests import BODY_DIGEST, BodyDigest, ContentDigestWrongError
from app.kernel import clock
from app.kernel.db import noting
from app.kernel.encoding import sha256
from app.kernel.errors import UnauthenticatedError
from app.registry.signin import operations
from app.registry.signin.rules import SIGNED_AGE_MAX, SIGNED_AHEAD_MAX

TAG: Final = "registry"  # a signature made for something else is none of ours
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_CHECKED: Final = "registry.signature_checked"  # in the scope of a request that was found good
_NONCE: Final = re.compile(r"[\x21-\x7e]{16,64}")
_DIGEST: Final = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):")
_ALWAYS: Final = ("@method", "authorization")
_WHOLE_TARGET: Final = "@target-uri"
_TARGET_IN_PARTS: Final = ("@authority", "@path", "@query")
_WHERE_SENT: Final = ("content-type", "content-digest", "idempotency-key")
_PARAMETERS: Final = ("created", "keyid", "nonce")


class SignatureRequiredError(UnauthenticatedError):
    """This API key signs what it changes, and this request is not signed."""

    code = "signature_required"
    number = 1580
    title_th = "กุญแจ API นี้ต้องลงลายมือชื่อในคำขอที่แก้ไขข้อมูล แต่คำขอนี้ไม่มีลายมือชื่อ"
    advice = (
        "Sign the request with the key's private key (RFC 9421, Ed25519): headers Signature-Input "
        "and Signature, tag {tag}. The README shows how."
    )
    advice_th = (
        "โปรดลงลายมือชื่อในคำขอด้วยกุญแจส่วนตัวของกุญแจ API นี้ (RFC 9421, Ed25519) "
        "โดยส่งส่วนหัว Signature-Input และ Signature พร้อม tag {tag} ดูตัวอย่างใน README"
    )


class SignatureIncompleteError(UnauthenticatedError):
    """The signature does not cover all that it must."""

    code = "signature_incomplete"
    number = 1581
    title_th = "ลายมือชื่อไม่ครอบคลุมส่วนที่จำเป็นทั้งหมด"
    advice = "Sign these too: {missing}. A nonce has 16 to 64 printable characters."
    advice_th = "โปรดลงลายมือชื่อครอบคลุมสิ่งต่อไปนี้ด้วย: {missing} โดย nonce มี 16 ถึง 64 อักขระ"


class SignatureStaleError(UnauthenticatedError):
    """The signature is not of this minute."""

    code = "signature_stale"
    number = 1582
    title_th = "ลายมือชื่อไม่ได้สร้างขึ้นในช่วงเวลานี้"
    advice = (
        "It is good for {seconds_max} seconds from its created on; here it is {now} (seconds since "
        "1970). Set your clock, and sign each attempt anew. Keep the Idempotency-Key."
    )
    advice_th = (
        "ลายมือชื่อใช้ได้ {seconds_max} วินาทีนับจาก created และเวลาของระบบขณะนี้คือ {now} "
        "(วินาทีนับจาก ค.ศ. 1970) โปรดตั้งนาฬิกาให้ตรงและลงลายมือชื่อใหม่ทุกครั้งที่ส่ง โดยใช้ Idempotency-Key เดิม"
    )


class SignatureReplayedError(UnauthenticatedError):
    """A request with this nonce has come before, or one that was signed later has."""

    code = "signature_replayed"
    number = 1583
    title_th = "เคยมีคำขอที่ใช้ nonce นี้แล้ว หรือมีคำขอที่ลงลายมือชื่อภายหลังมาถึงก่อนแล้ว"
    advice = (
        "Sign each attempt anew, with a nonce of its own. The same Idempotency-Key then gets the "
        "first answer again."
    )
    advice_th = "โปรดลงลายมือชื่อใหม่ทุกครั้งที่ส่งด้วย nonce ใหม่ และใช้ Idempotency-Key เดิมเพื่อรับคำตอบแรกอีกครั้ง"


class SignatureWrongError(UnauthenticatedError):
    """The signature is not that of this request by this API key."""

    code = "signature_wrong"
    number = 1585
    title_th = "ลายมือชื่อไม่ใช่ของคำขอนี้หรือไม่ใช่ของกุญแจ API นี้"
    advice = (
        "Sign exactly what you send, to exactly this address, once with the tag {tag}, the key's "
        "identifier as keyid, and the private key of the public key that it was issued with."
    )
    advice_th = (
        "โปรดลงลายมือชื่อตรงตามสิ่งที่ส่งและที่อยู่ที่ส่งจริง เพียงหนึ่งลายมือชื่อที่มี tag {tag} โดยใช้รหัสกุญแจเป็น keyid "
        "และใช้กุญแจส่วนตัวที่คู่กับกุญแจสาธารณะซึ่งให้ไว้เมื่อออกกุญแจ"
    )


REFUSALS: Final = (
    SignatureRequiredError,
    SignatureIncompleteError,
    SignatureStaleError,
    SignatureReplayedError,
    SignatureWrongError,
    ContentDigestWrongError,
)


@dataclass(frozen=True, slots=True)
class Signer:
    """An API key that signs."""

    key_id: str
    public_key: bytes  # Ed25519, 32 bytes


class Signatures:
    """Looks at the signatures of requests."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        public_origin: str,
        now: Callable[[], datetime] = clock.now,
        elapsed_s: Callable[[], float] = clock.elapsed_s,
    ) -> None:
        """
        Prepare.

        Args:
            engine: where it is written that a request has come.
            public_origin: where clients reach the service; empty: where a request says it goes.
            now: read once, here.
            elapsed_s: what has passed, by a clock that nobody can set.
        """
        self._engine = engine
        self._public_origin = public_origin
        self._elapsed_s = elapsed_s
        self._began, self._began_s = now(), elapsed_s()

    async def require(self, scope: Scope, signer: Signer) -> None:
        """
        Refuse a request that changes something and was not signed by its key, now and once.

        A request is looked at once, however often its caller is asked for.

        Raises:
            SignatureRequiredError: it is not signed.
            SignatureIncompleteError: something that matters is not covered.
            SignatureStaleError: it was signed too long ago, or is to be sent later.
            SignatureReplayedError: it has come before.
            SignatureWrongError: it was changed on the way, or signed by somebody else.
            ContentDigestWrongError: its body is another; of an upload it is seen at its end.
        """
        if scope["method"] in SAFE or _CHECKED in scope:
            return
        created, nonce = self._verified(scope, signer)
        async with noting(self._engine) as connection:
            is_first = await operations.take_signed(
                connection, key_id=signer.key_id, digest=sha256(nonce.encode()), signed_at=created
            )
        if not is_first:
            raise SignatureReplayedError
        scope[_CHECKED] = True

    def _verified(self, scope: Scope, signer: Signer) -> tuple[datetime, str]:
        headers = _Headers(scope["headers"])
        if "signature-input" not in headers.names or "signature" not in headers.names:
            raise SignatureRequiredError(tag=TAG)
        body: BodyDigest | None = scope.get(BODY_DIGEST)
        found = _verify(_Request(scope["method"], self._address(scope, headers), headers), signer)
        _require_covered(found, headers, has_body=body is not None and body.may_have_bytes)
        created = self._require_in_time(found.parameters)
        digest = found.covered_components.get('"content-digest"')
        if digest is not None:
            (body or _no_body()).expect(_sha256_in(digest))
        return created, str(found.nonce)

    def _address(self, scope: Scope, headers: "_Headers") -> str:
        origin = self._public_origin or f"{scope['scheme']}://{headers.first('host')}"
        path: bytes = scope["raw_path"]
        query: bytes = scope["query_string"]
        return origin + (path + (b"?" + query if query else b"")).decode("latin-1")

    def _require_in_time(self, parameters: Mapping[str, int | str]) -> datetime:
        now = self._began + timedelta(seconds=self._elapsed_s() - self._began_s)
        present = int(now.timestamp())
        created, expires = int(parameters["created"]), int(parameters.get("expires", 2**40))
        earliest = present - SIGNED_AGE_MAX // timedelta(seconds=1)
        latest = present + SIGNED_AHEAD_MAX // timedelta(seconds=1)
        if not earliest <= created <= latest or expires < present:
            raise SignatureStaleError(
                seconds_max=SIGNED_AGE_MAX // timedelta(seconds=1), now=present
            )
        return datetime.fromtimestamp(created, UTC)


class _Headers:
    """A request's headers as the library wants them: all lines, in their order."""

    def __init__(self, lines: Iterable[tuple[bytes, bytes]]) -> None:
        self._lines = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in lines]
        self.names = {name for name, _ in self._lines}

    def items(self) -> list[tuple[str, str]]:
        """Return names, in small letters, and values."""
        return self._lines

    def first(self, name: str) -> str:
        """Return the first value of a header; empty: it was not sent."""
        return next((value for known, value in self._lines if known == name), "")


@dataclass(frozen=True, slots=True)
class _Request:
    """A request as the library wants it."""

    method: str
    url: str
    headers: _Headers


class _KeyOf(HTTPSignatureKeyResolver):
    """Knows one key."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey | None:
        """Return the key, where it is the one that is named."""
        if key_id != self._signer.key_id:
            return None
        return Ed25519PublicKey.from_public_bytes(self._signer.public_key)


class _Verifier(HTTPMessageVerifier):
    """Leaves times to us: the library goes by the machine's clock."""

    def validate_created_and_expires(self, _sig_input: Any, max_age: Any = None) -> None:  # noqa: ANN401
        """Take them all."""


def _verify(request: _Request, signer: Signer) -> VerifyResult:
    verifier = _Verifier(signature_algorithm=ED25519, key_resolver=_KeyOf(signer))
    try:
        found = verifier.verify(request, max_age=None, expect_tag=TAG)
    # Beside its own errors it lets through what broken input causes.
    except (HTTPMessageSignaturesException, ValueError, TypeError, LookupError, RecursionError):
        raise SignatureWrongError(tag=TAG) from None
    if len(found) != 1:
        raise SignatureWrongError(tag=TAG)
    result: VerifyResult = found[0]
    return result


def _require_covered(found: VerifyResult, headers: _Headers, *, has_body: bool) -> None:
    covered = {name.strip('"') for name in found.covered_components}
    needed = [*_ALWAYS, *(name for name in _WHERE_SENT if name in headers.names)]
    if has_body and "content-digest" not in needed:
        needed.append("content-digest")
    # All of the address: in one, or in its parts.
    if covered.isdisjoint(_TARGET_IN_PARTS):
        needed.append(_WHOLE_TARGET)
    elif _WHOLE_TARGET not in covered:
        needed += _TARGET_IN_PARTS
    missing = [name for name in needed if name not in covered]
    missing += [name for name in _PARAMETERS if name not in found.parameters]
    if "nonce" not in missing and not _NONCE.fullmatch(str(found.nonce)):
        missing.append("nonce")
    if missing:
        raise SignatureIncompleteError(missing=", ".join(missing))


def _sha256_in(content_digest: str) -> bytes:
    written = _DIGEST.fullmatch(content_digest)
    if written is None:
        raise ContentDigestWrongError
    return base64.b64decode(written[1])


def _no_body() -> BodyDigest:
    empty = BodyDigest()
    empty.take(b"", more=False)
    return empty
