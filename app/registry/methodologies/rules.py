"""Methodology versions: when they are accepted, how long they credit, how large an activity is."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from app.kernel.errors import BrokenRuleError, ConflictError, NotFoundError


class Variant(StrEnum):
    """Which rule book a methodology belongs to."""

    STANDARD = "standard"
    PREMIUM = "premium"
    LESS = "less"


class Family(StrEnum):
    """By what the size of an activity is judged."""

    RENEWABLE_ELECTRICITY = "renewable_electricity"
    ENERGY_EFFICIENCY = "energy_efficiency"
    FORESTRY = "forestry"
    AGRICULTURE = "agriculture"
    OTHER = "other"


class ScaleClass(StrEnum):
    """How large an activity is."""

    MICRO = "micro"
    SMALL = "small"
    LARGE = "large"


@dataclass(frozen=True, slots=True)
class Scale:
    """The bounds of a family's scale classes; a bound belongs to the smaller class."""

    unit: str
    micro_max: Decimal
    small_max: Decimal
    source: str


_PORTAL: Final = "Government portal, types and project sizes of T-VER: thailand.go.th/001_04_050"

SCALES: Final = {
    Family.RENEWABLE_ELECTRICITY: Scale("MW", Decimal(5), Decimal(15), _PORTAL),
    Family.ENERGY_EFFICIENCY: Scale("GWh/y", Decimal(20), Decimal(60), _PORTAL),
    Family.FORESTRY: Scale("tCO2e/y", Decimal(1_000), Decimal(16_000), _PORTAL),
    Family.AGRICULTURE: Scale("tCO2e/y", Decimal(1_000), Decimal(16_000), _PORTAL),
    Family.OTHER: Scale("tCO2e/y", Decimal(20_000), Decimal(60_000), _PORTAL),
}

PROJECT_TYPE_LAND: Final = 13  # forestry and agriculture
PROJECT_TYPE_CAPTURE: Final = 14  # capture, storage or utilisation


@dataclass(frozen=True, slots=True)
class MethodologyEntry:
    """One version of a methodology as it is entered."""

    code: str
    version: str  # two digits, "03", also where a source prints "v3"
    title_th: str
    title_en: str
    project_type: int  # 1 to 15; not the same list as the scope
    sectoral_scope: int  # 1 to 16: what a VVB is accredited for
    variant: Variant
    family: Family
    crediting_years: int
    renewals_max: int | None  # None: no limit. Zero: no renewal.
    valid_from: date
    source: str
    verified: bool  # whether every value that decides was found in a source
    note: str | None  # what was not; None only where all was found


@dataclass(frozen=True, slots=True)
class Methodology(MethodologyEntry):
    """One version of a methodology in the catalogue."""

    buffer_applies: bool
    superseded_on: date | None  # None: it is the version in force
    last_acceptable_on: date | None  # None: not superseded
    log_index: int


class MethodologyNotFoundError(NotFoundError):
    """There is no such methodology version."""

    code = "methodology_not_found"
    number = 2401
    title_th = "ไม่มีระเบียบวิธีรุ่นนี้"
    advice = "Look {methodology} version {version} up in /v1/methodologies."
    advice_th = "โปรดตรวจ {methodology} รุ่น {version} ที่ /v1/methodologies"


class MethodologyNotInForceError(BrokenRuleError):
    """This methodology version is not in force yet."""

    code = "methodology_not_in_force"
    number = 2402
    title_th = "ระเบียบวิธีรุ่นนี้ยังไม่มีผลใช้บังคับ"
    advice = (
        "Use {methodology} version {version} from {valid_from} on, or an earlier one until then."
    )
    advice_th = "ใช้ {methodology} รุ่น {version} ได้ตั้งแต่ {valid_from} ก่อนหน้านั้นโปรดใช้รุ่นก่อน"


class MethodologySupersededError(BrokenRuleError):
    """This methodology version is no longer accepted."""

    code = "methodology_superseded"
    number = 2403
    title_th = "ระเบียบวิธีรุ่นนี้ไม่เป็นที่ยอมรับแล้ว"
    advice = (
        "{methodology} version {version} was accepted until {last_acceptable_on}. Use a later one."
    )
    advice_th = "{methodology} รุ่น {version} ใช้ได้ถึงวันที่ {last_acceptable_on} โปรดใช้รุ่นที่ใหม่กว่า"


class MethodologyTakenError(ConflictError):
    """This methodology version is already in the catalogue."""

    code = "methodology_taken"
    number = 2404
    title_th = "มีระเบียบวิธีรุ่นนี้ในทะเบียนแล้ว"
    advice = "Enter another version than {version} of {methodology}; an entered one is not changed."
    advice_th = "โปรดใช้รุ่นอื่นที่ไม่ใช่ {version} ของ {methodology} รุ่นที่บันทึกแล้วจะไม่ถูกแก้ไข"


class AlreadySupersededError(ConflictError):
    """This methodology version was already superseded."""

    code = "methodology_already_superseded"
    number = 2405
    title_th = "ระเบียบวิธีรุ่นนี้ถูกแทนที่ไปแล้ว"
    advice = "It was superseded on {superseded_on}; that is not changed."
    advice_th = "รุ่นนี้ถูกแทนที่เมื่อ {superseded_on} และไม่สามารถเปลี่ยนได้"


class SupersessionDateError(BrokenRuleError):
    """A version can only be superseded after it came into force."""

    code = "supersession_date"
    number = 2406
    title_th = "วันที่แทนที่ต้องอยู่หลังวันที่รุ่นนี้มีผลใช้บังคับ"
    advice = "It came into force on {valid_from}: give a later date, until {latest}."
    advice_th = "รุ่นนี้มีผลใช้บังคับเมื่อ {valid_from} โปรดระบุวันที่หลังจากนั้น แต่ไม่เกิน {latest}"


class CodeMismatchError(BrokenRuleError):
    """The code says another variant or project type than the entry."""

    code = "methodology_code_mismatch"
    number = 2407
    title_th = "รหัสระเบียบวิธีไม่ตรงกับรูปแบบหรือประเภทโครงการที่ระบุ"
    advice = "By its code {methodology} is {variant} and of project type {project_type}."
    advice_th = "ตามรหัส {methodology} เป็นแบบ {variant} และเป็นโครงการประเภท {project_type}"


class EntryDateAheadError(BrokenRuleError):
    """This date in force lies too far ahead."""

    code = "methodology_date_ahead"
    number = 2409
    title_th = "วันที่มีผลใช้บังคับนี้อยู่ไกลเกินไปในอนาคต"
    advice = "Give a date until {latest}. Years are of the Common Era: 2569 BE is 2026."
    advice_th = "โปรดระบุวันที่ไม่เกิน {latest} โดยใช้ปี ค.ศ. เช่น พ.ศ. 2569 คือ 2026"


class NoteMissingError(BrokenRuleError):
    """An entry that was not verified must say what was not."""

    code = "methodology_note_missing"
    number = 2408
    title_th = "รายการที่ยังไม่ได้ตรวจยืนยันต้องระบุว่าส่วนใดยังไม่ได้ตรวจ"
    advice = (
        "Say in note which values were not found in a source, or why the entry is a placeholder."
    )
    advice_th = "โปรดระบุใน note ว่าค่าใดยังไม่พบแหล่งอ้างอิง หรือเหตุใดจึงเป็นรายการชั่วคราว"


# TGO's pattern: T-VER, S or P, METH, project type, sequence.
_TGO_CODE: Final = re.compile(r"T-VER-(?P<variant>[SP])-METH-(?P<type>[0-9]{2})-[0-9]{2}")
_DATE_MAX: Final = date(
    2200, 12, 31
)  # Later ones are slips, and arithmetic on them could overflow.


def require_acceptable(methodology: Methodology, on: date) -> None:
    """
    Refuse a version on a day when it is not accepted.

    Args:
        methodology: the version.
        on: date of submission (Bangkok), which is what counts; afterwards the version stays on the
            activity.

    Raises:
        MethodologyNotInForceError: it comes into force later.
        MethodologySupersededError: it was superseded, and the overlap is over.

    Source:
        TGO, procedure for development of methodology: a superseded version may be used for 180
        days.
    """
    if on < methodology.valid_from:
        raise MethodologyNotInForceError(
            methodology=methodology.code,
            version=methodology.version,
            valid_from=methodology.valid_from.isoformat(),
        )
    last = methodology.last_acceptable_on
    if last is not None and on > last:
        raise MethodologySupersededError(
            methodology=methodology.code,
            version=methodology.version,
            last_acceptable_on=last.isoformat(),
        )


def check_entry(entry: MethodologyEntry) -> None:
    """
    Refuse an entry that contradicts its own code, or hides that it was not verified.

    Raises:
        CodeMismatchError: by its code, variant or project type are others.
        EntryDateAheadError: it would come into force absurdly late.
        NoteMissingError: not all of it was verified, and it does not say what.
    """
    match = _TGO_CODE.fullmatch(entry.code)
    if match is not None:
        variant = Variant.PREMIUM if match["variant"] == "P" else Variant.STANDARD
        project_type = int(match["type"])
        if (variant, project_type) != (entry.variant, entry.project_type):
            raise CodeMismatchError(
                methodology=entry.code, variant=variant.value, project_type=project_type
            )
    if entry.valid_from > _DATE_MAX:
        raise EntryDateAheadError(latest=_DATE_MAX.isoformat())
    if not entry.verified and entry.note is None:
        raise NoteMissingError


def check_supersession(methodology: Methodology, *, superseded_on: date) -> None:
    """
    Refuse to supersede a version twice, or before it was in force.

    A day in the past is allowed: TGO's announcement may reach the register late, and an activity
    keeps the version that it was submitted with.

    Raises:
        AlreadySupersededError: it was superseded before.
        SupersessionDateError: the day is not after its coming into force, or is absurdly late.
    """
    if methodology.superseded_on is not None:
        raise AlreadySupersededError(superseded_on=methodology.superseded_on.isoformat())
    if not methodology.valid_from < superseded_on <= _DATE_MAX:
        raise SupersessionDateError(
            valid_from=methodology.valid_from.isoformat(), latest=_DATE_MAX.isoformat()
        )


def last_acceptable(superseded_on: date, *, overlap_days: int) -> date:
    """
    Return the last day on which a superseded version is accepted.

    Args:
        superseded_on: day on which the next version came into force.
        overlap_days: value of the rule ``version_overlap_days``.

    Source:
        TGO's list of forms: version 2 from 8 August 2025, version 1 until 4 February 2026: 180
        days.
    """
    return superseded_on + timedelta(days=overlap_days)


def has_buffer(*, variant: Variant, project_type: int, family: Family) -> bool:
    """
    Say whether part of the credits goes to the pooled buffer against non-permanence.

    Source:
        TGO, buffer credit: Premium T-VER of type 13, without methane and nitrous oxide from
        agriculture, and of type 14.
    """
    if variant is not Variant.PREMIUM:
        return False
    if project_type == PROJECT_TYPE_LAND:
        return family is not Family.AGRICULTURE
    return project_type == PROJECT_TYPE_CAPTURE


def scale_class(family: Family, size_total: Decimal) -> ScaleClass:
    """
    Say how large an activity is.

    Args:
        family: by what it is judged.
        size_total: sum over all sites, in the unit of the family (`SCALES`), >= 0.
    """
    scale = SCALES[family]
    if size_total <= scale.micro_max:
        return ScaleClass.MICRO
    return ScaleClass.SMALL if size_total <= scale.small_max else ScaleClass.LARGE


def crediting_end(start: date, years: int) -> date:
    """
    Return the last day of a crediting period, included: start + years - 1 day.

    Args:
        start: first day, no later than the year 2200.
        years: length, >= 1.

    A period that starts on 29 February ends on 28 February where the last year has no 29th: its
    anniversary is then 1 March, so no day is lost or counted twice.
    """
    assert years >= 1
    if (start.month, start.day) == (2, 29) and not _is_leap(start.year + years):
        return date(start.year + years, 2, 28)
    return start.replace(year=start.year + years) - timedelta(days=1)


def renewal_start(end: date) -> date:
    """Return the first day of the renewed crediting period: the day after the old one ends."""
    return end + timedelta(days=1)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
