"""Serial numbers and account numbers: their text forms, parsed and printed in one place."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from app.kernel.errors import NotFoundError
from app.kernel.quantities import CREDITS_MAX

SERIAL_TEXT_MAX: Final = 200
PREFIX_MAX: Final = 120
PREFIX_PATTERN: Final = r"^[A-Z0-9][A-Za-z0-9./_-]{0,118}[A-Za-z0-9]$"

# A batch's id carries its vintage, so that ordering by it is "oldest vintage first, then order of
# issuance"
# and a vintage is one range of ids: an account's oldest credits are the start of one index, with no
# join.
BATCHES_PER_VINTAGE: Final = 10**10
VINTAGE_MIN: Final = 1990
VINTAGE_MAX: Final = 2200

_THAI_DIGITS: Final = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")
_DASHES: Final = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")  # hyphens, dashes, the minus sign
)
_RANGE: Final = re.compile(
    r"^(?P<prefix>.+)-(?P<first>[0-9]{1,16})\s*(?:-|to|ถึง)\s*(?P<last>[0-9]{1,16})$"
)
_SINGLE: Final = re.compile(r"^(?P<prefix>.+)-(?P<serial>[0-9]{1,16})$")
_ACCOUNT: Final = re.compile(r"^TH-([0-9]{6,12})-([0-9]{2})$")
_CHECK_MODULUS: Final = 97


class SerialTextError(NotFoundError):
    """This is not the text of a serial number."""

    code = "serial_text_invalid"
    number = 3101
    title_th = "ข้อความนี้ไม่ใช่หมายเลขซีเรียล"
    advice = (
        "Write a serial as PREFIX-NUMBER, or a range as PREFIX-FIRST-LAST with FIRST not above "
        "LAST."
    )
    advice_th = (
        "โปรดเขียนเป็น PREFIX-หมายเลข หรือเป็นช่วง PREFIX-หมายเลขแรก-หมายเลขสุดท้าย "
        "โดยหมายเลขแรกไม่เกินหมายเลขสุดท้าย"
    )


class AccountNumberError(NotFoundError):
    """This is not an account number, or a digit of it is wrong."""

    code = "account_number_invalid"
    number = 3102
    title_th = "หมายเลขบัญชีไม่ถูกต้อง หรือมีตัวเลขผิด"
    advice = (
        "An account number looks like TH-001001-05; its last two digits are a check. Compare it "
        "with its source."
    )
    advice_th = "หมายเลขบัญชีมีรูปแบบ TH-001001-05 โดยสองหลักสุดท้ายเป็นเลขตรวจสอบ โปรดตรวจกับต้นฉบับ"


@dataclass(frozen=True, slots=True, order=True)
class SerialRange:
    """Serials ``first`` to ``last`` of the batch with a prefix, both included."""

    prefix: str
    first: int
    last: int

    @property
    def credits(self) -> int:
        """How many credits the range is."""
        return self.last - self.first + 1

    def __str__(self) -> str:
        """Return the text form that the registry prints."""
        return f"{self.prefix}-{self.first}-{self.last}"


def read_serials(text: str) -> list[SerialRange]:
    """
    Read the text of a serial or a range as somebody copied it: Thai digits, dashes and blanks
    are understood.

    Returns:
        The possible readings, likeliest first: ``X-1-5`` is serials 1 to 5 of X, or serial 5 of
        X-1; which of
        them, only the register knows.

    Raises:
        SerialTextError: it can be read in no way.
    """
    plain = text.translate(_THAI_DIGITS).translate(_DASHES).strip()
    if len(plain) > SERIAL_TEXT_MAX:
        raise SerialTextError
    readings = []
    if match := _RANGE.match(plain):
        readings.append(SerialRange(match["prefix"], int(match["first"]), int(match["last"])))
    if match := _SINGLE.match(plain):
        serial = int(match["serial"])
        readings.append(SerialRange(match["prefix"], serial, serial))
    good = [
        r for r in readings if 1 <= r.first <= r.last <= CREDITS_MAX and len(r.prefix) <= PREFIX_MAX
    ]
    if not good or any(ord(letter) < 32 for letter in plain):  # noqa: PLR2004  control characters
        raise SerialTextError
    return good


def batch_id(vintage: int, sequence: int) -> int:
    """Return the id of the ``sequence``-th batch (from 1) of a vintage."""
    assert VINTAGE_MIN <= vintage <= VINTAGE_MAX
    assert 1 <= sequence < BATCHES_PER_VINTAGE
    return vintage * BATCHES_PER_VINTAGE + sequence


def batch_ids_of(vintage: int) -> tuple[int, int]:
    """Return the lowest and the highest id that a batch of a vintage can have."""
    return vintage * BATCHES_PER_VINTAGE, (vintage + 1) * BATCHES_PER_VINTAGE - 1


@lru_cache(maxsize=100_000)  # printed on every movement, several times
def account_number(account_id: int) -> str:
    """Return the public number of an account, with two check digits (ISO 7064, MOD 97-10)."""
    check = 98 - account_id * 100 % _CHECK_MODULUS
    return f"TH-{account_id:06d}-{check:02d}"


def account_id(number: str) -> int:
    """
    Return the id behind an account number.

    Raises:
        AccountNumberError: the form or the check digits are wrong.
    """
    plain = number if number.isascii() else number.translate(_THAI_DIGITS)
    match = _ACCOUNT.match(plain.strip().upper())
    # The check digits, and that there is no other way to write it.
    if not match or account_number(int(match[1])) != match[0]:
        raise AccountNumberError
    return int(match[1])
