"""
Codes of authenticators (TOTP, RFC 6238), recovery codes, and how their secrets are kept.

Twenty lines over the standard library's HMAC, held to the RFC's own vectors, instead of a library:
what matters here (a step works once, no timing, no default that changes) would be ours anyway.
"""

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.encoding import sha256
from app.kernel.files import make_once
from app.kernel.ids import new_id
from app.registry.signin import store
from app.registry.signin.operations import Proof
from app.registry.signin.refusals import CodeRefusedError, SecondFactorMissingError
from app.registry.signin.rules import RECOVERY_CODES
from app.registry.signin.store import TotpSecret

STEP_S: Final = 30
DIGITS: Final = 6
STEPS_OFF_MAX: Final = 1  # before and after the present one: clocks differ, and people type slowly
SECRET_BYTES: Final = 20  # as RFC 4226 recommends for SHA-1, the one that every authenticator knows
ISSUER: Final = "Carbon credit registry"
VAULT_FILE: Final = "second-factor-key"
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_RECOVERY_BYTES: Final = 10  # 80 bits: sixteen letters of base 32, in groups of four
_GROUP: Final = 4


def code_of(secret: bytes, step: int, *, digits: int = DIGITS) -> str:
    """Return the code of a time step: RFC 4226 section 5.3 over the step's number."""
    mac = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**digits:0{digits}}"


def step_at(now: datetime) -> int:
    """Return the number of the time step at a moment."""
    return int(now.timestamp()) // STEP_S


def matching_step(secret: bytes, code: str, *, now: datetime, after: int | None) -> int | None:
    """
    Return the step that a code belongs to; None: it is none of now, or not later than ``after``.

    All steps are tried whichever fits, so the time it takes tells nothing.
    """
    present = step_at(now)
    found: int | None = None
    for step in range(present - STEPS_OFF_MAX, present + STEPS_OFF_MAX + 1):
        fits = hmac.compare_digest(code_of(secret, step).encode(), code.encode())
        if fits and (after is None or step > after):
            found = step
    return found


def otpauth_uri(secret: bytes, *, account: str) -> str:
    """Return what an authenticator reads from a QR code."""
    label = f"{quote(ISSUER)}:{quote(account)}"
    asked = {"secret": as_text(secret), "issuer": ISSUER, "digits": DIGITS, "period": STEP_S}
    return f"otpauth://totp/{label}?{urlencode(asked, quote_via=quote)}"


def as_text(secret: bytes) -> str:
    """Return a secret as people type it into an authenticator."""
    return base64.b32encode(secret).decode().rstrip("=")


def new_recovery_codes() -> list[str]:
    """Make recovery codes such as ``ABCD-EFGH-2345-WXYZ``; show them once."""
    return [_new_recovery_code() for _ in range(RECOVERY_CODES)]


def _new_recovery_code() -> str:
    letters = base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode()
    return "-".join(letters[n : n + _GROUP] for n in range(0, len(letters), _GROUP))


def recovery_digest(code: str) -> bytes:
    """Return what is kept of a recovery code; small letters and missing hyphens do not matter."""
    return sha256(code.replace("-", "").upper().encode())


@dataclass(frozen=True, slots=True)
class Vault:
    """
    Encrypts secrets with the installation's key, which is a file and never in the database.

    So a copy of the database alone makes no codes, and opens no file of an applicant. A secret is
    bound to its row: put into another user's, it does not open.
    """

    key: bytes

    def new_totp(self, user_id: str) -> tuple[TotpSecret, bytes]:
        """Make a secret for a user: as it is kept, and as it is shown once."""
        plain, secret_id = secrets.token_bytes(SECRET_BYTES), new_id("otp")
        sealed = self.seal(plain, _bound(secret_id, user_id))
        return TotpSecret(secret_id, user_id, sealed, last_step=None), plain

    def open(self, kept: TotpSecret) -> bytes:
        """
        Decrypt a secret.

        Raises:
            InvalidTag: it was encrypted with another key, or for another user.
        """
        return self.unseal(kept.sealed, _bound(kept.id, kept.user_id))

    def seal(self, plain: bytes, bound: bytes) -> bytes:
        """Encrypt something (AES-256-GCM), bound to what it belongs to."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self.key).encrypt(nonce, plain, bound)

    def unseal(self, sealed: bytes, bound: bytes) -> bytes:
        """
        Decrypt what `seal` made.

        Raises:
            InvalidTag: it was encrypted with another key, or is bound to something else.
        """
        return AESGCM(self.key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound)


def _bound(secret_id: str, user_id: str) -> bytes:
    return f"totp\n{secret_id}\n{user_id}".encode()


def load_or_make_vault(folder: Path) -> Vault:
    """
    Read the installation's key for secrets, or make one that only its owner can read.

    Raises:
        ValueError: the file holds something else.
    """
    path = folder / VAULT_FILE
    if not path.exists():
        make_once(path, secrets.token_bytes(_KEY_BYTES))
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise ValueError(f"{path.name} does not hold a key of {_KEY_BYTES} bytes")
    return Vault(key)


async def check_code(
    connection: AsyncConnection,
    vault: Vault,
    user_id: str,
    *,
    totp: str | None,
    recovery_code: str | None,
    now: datetime,
) -> Proof:
    """
    Find out whether a code is one of a user's; it is yet to be taken (`operations.use_proof`).

    Args:
        connection: where to read.
        vault: opens their secret.
        user_id: whose.
        totp: a code of their authenticator; it goes first where both are given.
        recovery_code: one of their recovery codes.
        now: the moment.

    Raises:
        SecondFactorMissingError: they have no second factor.
        CodeRefusedError: it is wrong, or was taken before.
    """
    kept = await store.find_totp(connection, user_id)
    if kept is None:
        raise SecondFactorMissingError
    if totp is None:
        if recovery_code is None:
            raise CodeRefusedError
        return Proof(kept.id, recovery_digest=recovery_digest(recovery_code))
    return Proof(kept.id, step=right_step(vault, kept, totp, now=now))


def right_step(vault: Vault, kept: TotpSecret, totp: str, *, now: datetime) -> int:
    """
    Return the step of a right code.

    Raises:
        CodeRefusedError: it is wrong, too old, or not later than the last one that was taken.
    """
    try:
        secret = vault.open(kept)
    except InvalidTag:
        raise CodeRefusedError from None
    step = matching_step(secret, totp, now=now, after=kept.last_step)
    if step is None:
        raise CodeRefusedError
    return step
