"""Passwords and key secrets: made, hashed and checked, before any act takes the pen."""

import asyncio
import hmac
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Final, TypeVar

from pwdlib.hashers.argon2 import Argon2Hasher

from app.kernel.encoding import sha256
from app.kernel.errors import BusyError

PASSWORD_LENGTH_MIN: Final = 12
PASSWORD_LENGTH_MAX: Final = 128  # A longer one adds nothing, and hashing it costs us.
HASHING_THREADS: Final = 2  # Each holds 19 MiB and one core for about 20 ms.
HASHING_WAITING_MAX: Final = 100  # About one second of work; whoever comes later is sent away.

# argon2id at the least cost that OWASP accepts: 19 MiB, two passes, one lane.
_hasher: Final = Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_threads: Final = ThreadPoolExecutor(HASHING_THREADS, thread_name_prefix="password")
_waiting: set[object] = set()

Result = TypeVar("Result")


class TooManySignInsError(BusyError):
    """Too many people are signing in at this moment."""

    code = "too_many_sign_ins"
    number = 1507
    title_th = "ขณะนี้มีผู้เข้าสู่ระบบพร้อมกันมากเกินไป"
    advice = "Try again in a second."
    advice_th = "โปรดลองอีกครั้งในหนึ่งวินาที"


async def hash_password(password: str) -> str:
    """
    Return the argon2id hash of a new password.

    Raises:
        TooManySignInsError: more passwords wait than can be hashed in about a second.
    """
    return await _in_thread(lambda: _hasher.hash(_same_form(password)))


async def is_password(password: str, stored: str | None) -> bool:
    """
    Say whether a password is the one that was hashed.

    Args:
        password: what was typed.
        stored: the hash; None where there is no such user or they have no password. The answer
            then takes as long all the same, so that its time does not tell who exists.

    Raises:
        TooManySignInsError: more passwords wait than can be checked in about a second.
    """
    matches = await _in_thread(
        lambda: _hasher.verify(_same_form(password), stored or _hash_of_nobody())
    )
    return matches and stored is not None


def new_secret() -> tuple[str, bytes]:
    """Make the secret of an API key: 256 random bits as text, and the digest to keep of it."""
    secret = secrets.token_urlsafe(32)
    return secret, sha256(secret.encode())


def is_secret(secret: str, digest: bytes | None) -> bool:
    """Say whether a secret is the one of a key; None: there is no such key."""
    matches = hmac.compare_digest(sha256(secret.encode()), digest or bytes(32))
    return matches and digest is not None


def _same_form(password: str) -> str:
    # Keyboards write some Thai vowels and accented letters in different ways that look the same.
    return unicodedata.normalize("NFKC", password)


@cache
def _hash_of_nobody() -> str:
    return _hasher.hash(secrets.token_urlsafe(32))


async def _in_thread(work: Callable[[], Result]) -> Result:
    if len(_waiting) >= HASHING_WAITING_MAX:
        raise TooManySignInsError
    future = _threads.submit(work)
    _waiting.add(future)
    future.add_done_callback(_waiting.discard)
    return await asyncio.wrap_future(future)
