"""What certificates say in words, in Thai and English: purposes, beneficiaries, days, moments."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from babel.dates import format_date

from app.kernel.clock import BANGKOK, BUDDHIST_YEARS


@dataclass(frozen=True, slots=True)
class Said:
    """The same in both languages."""

    th: str
    en: str


_PURPOSES: Final[Mapping[str, Said]] = {
    "product": Said("ชดเชยการปล่อยก๊าซเรือนกระจกของผลิตภัณฑ์", "Offsetting the emissions of a product"),
    "organisation": Said(
        "ชดเชยการปล่อยก๊าซเรือนกระจกขององค์กร", "Offsetting the emissions of an organisation"
    ),
    "event": Said("ชดเชยการปล่อยก๊าซเรือนกระจกของการจัดงาน", "Offsetting the emissions of an event"),
    "individual": Said("ชดเชยการปล่อยก๊าซเรือนกระจกของบุคคล", "Offsetting the emissions of a person"),
    "voluntary": Said("ชดเชยโดยสมัครใจ", "Voluntary offsetting"),
    "regulatory": Said("ปฏิบัติตามข้อกำหนดของกฎหมาย", "Compliance with a regulation"),
    "over_issuance": Said("ชดใช้เครดิตที่ออกเกิน", "Making good credits issued in excess"),
    "reversal": Said(
        "ชดใช้คาร์บอนที่กักเก็บแล้วสูญเสียกลับคืน", "Making good stored carbon that was lost again"
    ),
    "corsia": Said("การบินระหว่างประเทศ (CORSIA)", "International aviation (CORSIA)"),
}
_BENEFICIARIES: Final[Mapping[str, Said]] = {
    "organisation": Said("องค์กร", "Organisation"),
    "person": Said("บุคคล", "Person"),
}
_HIDDEN: Final = Said("ไม่เปิดเผยชื่อผู้รับประโยชน์", "The beneficiary is not named in public")
_ERASED: Final = Said("ชื่อผู้รับประโยชน์ถูกลบตามกฎหมายแล้ว", "The beneficiary's name was erased")


def purpose(code: str) -> Said:
    """Return a purpose in words; of a code that came with a later rule there is only the code."""
    return _PURPOSES.get(code, Said(code, code))


def beneficiary_kind(code: str) -> Said:
    """Return what a beneficiary is."""
    return _BENEFICIARIES[code]


def nobody(*, is_public: bool) -> Said:
    """Return why a certificate has no name: it was not to be shown, or is gone."""
    return _ERASED if is_public else _HIDDEN


def day(of: date) -> Said:
    """Return a day, in the Buddhist era and in the common era."""
    # Babel's Thai years are those of the common era, so they are written here.
    day_and_month = format_date(of, "d MMMM", locale="th")
    return Said(
        f"{day_and_month} พ.ศ. {of.year + BUDDHIST_YEARS}",
        format_date(of, "d MMMM y", locale="en"),
    )


def moment(of: datetime) -> Said:
    """Return a moment in Thailand's time, to the minute."""
    there = of.astimezone(BANGKOK)
    on = day(there.date())
    # The time is not broken into two lines.
    return Said(f"{on.th} เวลา\u00a0{there:%H.%M}\u00a0น.", f"{on.en}, {there:%H:%M}\u00a0(UTC+7)")


def year(of: int) -> Said:
    """Return a year, in the Buddhist era and in the common era."""
    return Said(str(of + BUDDHIST_YEARS), str(of))


def whole(number: int) -> str:
    """Return a whole number with its thousands apart, as both languages write it."""
    return f"{number:,}"
