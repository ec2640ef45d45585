"""A province, and the order of Thai words in a dictionary."""

from dataclasses import dataclass
from typing import Final

from app.kernel.errors import NotFoundError

_LEADING_VOWELS: Final = frozenset("เแโใไ")
_CONSONANTS: Final = range(ord("ก"), ord("ฮ") + 1)
# Marks above a letter decide only between words that are otherwise spelt alike (มา before ม้า).
_MARKS: Final = frozenset("็่้๊๋์ํ๎")


@dataclass(frozen=True, slots=True)
class Province:
    """One of the 77 first-level units of Thailand."""

    code: str  # two digits of ISO 3166-2:TH, which begin the district codes too
    name_th: str
    name_en: str  # the spelling of ISO; other authorities differ, so never match on it
    region: str  # Thai name, of the set of six regions
    sort_key: str


class ProvinceNotFoundError(NotFoundError):
    """There is no province with this code."""

    code = "province_not_found"
    number = 2201
    title_th = "ไม่มีจังหวัดที่ใช้รหัสนี้"
    advice = "Look {province} up in /v1/provinces: codes run from 10 to 96 with gaps."
    advice_th = "โปรดตรวจรหัส {province} ที่ /v1/provinces รหัสอยู่ระหว่าง 10 ถึง 96 และไม่ได้ต่อเนื่องกันทุกเลข"


def sort_key(name_th: str) -> str:
    """
    Return text whose order by code point is the order of a Thai dictionary.

    A vowel that is written before its consonant (เ แ โ ใ ไ) is sorted after it, so the two change
    places. Tone marks and the other marks above a letter count only where all letters agree: they
    follow at the end, each behind the number of letters before it. The other letters already have
    their code points in dictionary order. (PostgreSQL can do this with ICU, which the embedded
    server is built without.)

    Args:
        name_th: a word in Thai letters.
    """
    letters: list[str] = []
    marks: list[str] = []
    waiting = ""
    for letter in name_th:
        if letter in _MARKS:
            marks.append(f"{len(letters):02d}{letter}")
        elif letter in _LEADING_VOWELS:
            letters.append(waiting)
            waiting = letter
        elif waiting and ord(letter) in _CONSONANTS:
            letters += (letter, waiting)
            waiting = ""
        else:
            letters += (waiting, letter)
            waiting = ""
    return "".join([*letters, waiting, " ", *marks]).rstrip(" ")
