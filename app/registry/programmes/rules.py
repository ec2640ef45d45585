"""Programmes, members, and dated rule values: what a value may be and how it is read."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, Protocol, TypeVar

from app.kernel.encoding import canonical_bytes, sha256
from app.kernel.quantities import parse_tonnes
from app.registry.programmes.keys import (
    RULE_SPECS,
    ConfirmedAct,
    Form,
    HeldAct,
    RuleKey,
    RuleSpec,
    TwoPersonAct,
)
from app.registry.programmes.refusals import (
    MintingUnverifiedError,
    ProgrammeClosedError,
    RuleDateAheadError,
    RulePeriodReversedError,
    RuleRetroactiveError,
    RuleValueUnreadableError,
)

# Beside what stands here.
__all__ = ["RULE_SPECS", "ConfirmedAct", "Form", "HeldAct", "RuleKey", "RuleSpec", "TwoPersonAct"]

# Later dates are slips, most often a year of the Buddhist era.
DATE_MAX: Final = date(2200, 12, 31)
FOUNDER: Final = "registry"  # who acts in the first leaves of the log, before there is any user


class ProgrammeKind(StrEnum):
    """What sort of scheme a programme is."""

    CITY_PILOT = "city_pilot"
    PROVINCIAL = "provincial"
    STANDARD = "standard"
    PREMIUM = "premium"
    LESS = "less"


class ProgrammeStatus(StrEnum):
    """Whether a programme takes new activities."""

    OPEN = "open"
    CLOSED = "closed"


class SigningCapacity(StrEnum):
    """As what a province's signatory signed the memorandum."""

    GOVERNOR = "governor"
    DEPUTY_GOVERNOR = "deputy_governor"


@dataclass(frozen=True, slots=True)
class Programme:
    """A scheme with rules and members."""

    code: str  # "CITY"; part of serial numbers
    name_th: str
    name_en: str
    names_as_published: tuple[str, ...]  # other spellings found in print; never shown as the name
    kind: ProgrammeKind
    needs_verification: bool  # whether a VVB must verify what is reported
    mints: bool  # whether credits may come of it; never without verification
    market_based: bool  # whether the market is its incentive by its own name
    status: ProgrammeStatus
    source: str
    note: str | None  # what in this record is our assumption; None: nothing


@dataclass(frozen=True, slots=True)
class Member:
    """A province's membership of a programme."""

    programme_code: str
    province_code: str
    since_fiscal_year_be: int  # Buddhist era; begins on 1 October of the year before
    memorandum_date: date
    signing_capacity: SigningCapacity
    source: str


_PLACEHOLDERS: Final = ("{programme}", "{activity}", "{vintage}", "{batch}")
_TEMPLATE_CHARACTERS_MAX: Final = 80  # Filled in, it still fits the ledger's 120 characters.
_VALUE_CHARACTERS_MAX: Final = 2_000


@dataclass(frozen=True, slots=True)
class RuleValue:
    """One dated value of a rule as it was recorded; a later record takes its place."""

    id: str
    programme_code: str | None  # None: of every programme that has no value of its own
    key: RuleKey
    value: str
    unit: str | None
    valid_from: date
    valid_to: date | None  # last day, included; None: until a later value takes its place
    source: str
    is_default: bool  # our own default, not a rule of TGO
    set_by: str
    recorded_at: datetime
    log_index: int


class Dated(Protocol):
    """What decides on which days a value of one rule, of one programme, is in force."""

    @property
    def id(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def valid_from(self) -> date: ...
    @property
    def valid_to(self) -> date | None: ...


_DatedT = TypeVar("_DatedT", bound=Dated)


def covers(value: Dated, day: date) -> bool:
    """Say whether a day is one of a value's; its first and its last day are."""
    return value.valid_from <= day and (value.valid_to is None or day <= value.valid_to)


def in_force(values: Iterable[_DatedT], day: date) -> _DatedT | None:
    """Return the value of a day: of those that cover it the latest beginning, then recorded."""
    covering = [value for value in values if covers(value, day)]
    return max(covering, key=lambda value: (value.valid_from, value.id), default=None)


def turns(values: Iterable[Dated], today: date) -> list[date]:
    """Return today and each later day that may have another value than the day before it."""
    days = {today}
    for value in values:
        days.add(max(value.valid_from, today))
        if value.valid_to is not None and value.valid_to >= today:
            days.add(value.valid_to + timedelta(days=1))
    return sorted(days)


def first_day_without(values: Iterable[Dated], today: date) -> date | None:
    """Return the first day, today or later, that has no value; None: there is one for good."""
    held = list(values)
    return next((day for day in turns(held, today) if in_force(held, day) is None), None)


def require_open(programme: Programme) -> None:
    """
    Refuse new activities in a closed programme.

    Raises:
        ProgrammeClosedError: it is closed.
    """
    if programme.status is not ProgrammeStatus.OPEN:
        raise ProgrammeClosedError(programme=programme.code)


def check_minting(
    *, programme_code: str, kind: ProgrammeKind, needs_verification: bool, mints: bool
) -> None:
    """
    Refuse a programme that would make credits of unverified tonnes.

    Raises:
        MintingUnverifiedError: it would.
    """
    if mints and (kind is ProgrammeKind.LESS or not needs_verification):
        raise MintingUnverifiedError(programme=programme_code)


def check_period(*, valid_from: date, valid_to: date | None, today: date) -> None:
    """
    Refuse a rule value for the past, or one that ends before it begins.

    Args:
        valid_from: first day of the value.
        valid_to: its last day, included; None: open.
        today: the date in Bangkok.

    Raises:
        RuleRetroactiveError: it would begin before today.
        RuleDateAheadError: it would begin absurdly late.
        RulePeriodReversedError: it would end before it begins.
    """
    if valid_from < today:
        raise RuleRetroactiveError(today=today.isoformat())
    if valid_from > DATE_MAX:
        raise RuleDateAheadError(latest=DATE_MAX.isoformat())
    if valid_to is not None and valid_to < valid_from:
        raise RulePeriodReversedError(valid_from=valid_from.isoformat())


def check_value(key: RuleKey, value: str) -> None:
    """
    Refuse a value that the key's readers could not read.

    Raises:
        RuleValueUnreadableError: it does not have the key's form.
    """
    spec = RULE_SPECS[key]
    if len(value) > _VALUE_CHARACTERS_MAX or not _fits(spec, value):
        raise RuleValueUnreadableError(key=key.value, expected=expected(spec))


def expected(spec: RuleSpec) -> str:
    """Say in words which values a key takes."""
    match spec.form:
        case Form.WHOLE:
            return f"a whole number from 1 to {spec.most} ({spec.unit})"
        case Form.TONNES:
            return "tonnes as digits with at most six decimals"
        case Form.YES_NO:
            return "yes or no"
        case Form.LIST:
            return f"a list without repetition, joined by commas, each of the form {spec.pattern}"
        case Form.HOURS:
            return "two times of the clock such as 10:00-16:00, the first before the second"
        case Form.SERIAL_TEMPLATE:
            return (
                "parts joined by hyphens: {programme}, {activity}, {vintage}, {batch} once each, "
                "and others of capital letters and digits"
            )


def whole_of(rule: RuleValue) -> int:
    """Read a value as a whole number; its unit stands beside it."""
    assert RULE_SPECS[rule.key].form is Form.WHOLE
    return int(rule.value)


def tonnes_of(rule: RuleValue) -> Decimal:
    """Read a value as tonnes of CO2 equivalent."""
    assert RULE_SPECS[rule.key].form is Form.TONNES
    return parse_tonnes(rule.value)


def text_of(rule: RuleValue) -> str:
    """Read a value as text."""
    assert RULE_SPECS[rule.key].form is Form.SERIAL_TEMPLATE
    return rule.value


def list_of(rule: RuleValue) -> tuple[str, ...]:
    """Read a value as its items, in the order given."""
    assert RULE_SPECS[rule.key].form is Form.LIST
    return tuple(rule.value.split(","))


def hours_of(rule: RuleValue) -> tuple[time, time]:
    """Read a value as hours of a day: from when, and until when, which is not included."""
    assert RULE_SPECS[rule.key].form is Form.HOURS
    opens, closes = rule.value.split("-")
    return time.fromisoformat(opens), time.fromisoformat(closes)


def is_yes(rule: RuleValue) -> bool:
    """Read a value as yes or no."""
    assert RULE_SPECS[rule.key].form is Form.YES_NO
    return rule.value == "yes"


def digest_to_confirm(act: ConfirmedAct, content: Mapping[str, object]) -> str:
    """
    Return what a fresh second factor for an act is bound to.

    Args:
        act: what somebody is about to do.
        content: to what, and exactly what: identifiers, digests, numbers.

    Returns:
        SHA-256 (hexadecimal) of the canonical JSON of both, so that what was confirmed for a
        proposal approves nothing.
    """
    return sha256(canonical_bytes({**content, "act": act.value})).hex()


def serial_prefix(
    template: str, *, programme_code: str, activity_number: int, vintage: int, batch_number: int
) -> str:
    """
    Fill in the text of a serial number before its first and last serial.

    Args:
        template: value of `RuleKey.SERIAL_PREFIX_FORMAT`.
        programme_code: such as ``CITY``.
        activity_number: number of the activity in its programme; at least four digits are written.
        vintage: calendar year (CE) of the reduction.
        batch_number: number of the batch.

    Returns:
        Text such as ``TH-CITY-0001-2024-17``.
    """
    # Replaced one by one: str.format on text that a person typed could reach into our objects.
    return (
        template.replace("{programme}", programme_code)
        .replace("{activity}", f"{activity_number:04d}")
        .replace("{vintage}", str(vintage))
        .replace("{batch}", str(batch_number))
    )


def _fits(spec: RuleSpec, value: str) -> bool:
    match spec.form:
        case Form.WHOLE:
            return bool(re.fullmatch("[1-9][0-9]{0,14}", value)) and int(value) <= spec.most
        case Form.TONNES:
            return _is_tonnes(value)
        case Form.YES_NO:
            return value in {"yes", "no"}
        case Form.LIST:
            items = value.split(",")
            unique = len(set(items)) == len(items)
            return unique and all(re.fullmatch(spec.pattern, item) for item in items)
        case Form.HOURS:
            return _is_hours(value)
        case Form.SERIAL_TEMPLATE:
            return _is_serial_template(value)


def _is_tonnes(value: str) -> bool:
    try:
        parse_tonnes(value)
    except ValueError:
        return False
    return True


def _is_hours(value: str) -> bool:
    clock = "([01][0-9]|2[0-3]):[0-5][0-9]"
    # As text the earlier time is the smaller one, too.
    return bool(re.fullmatch(f"{clock}-{clock}", value)) and value[:5] < value[6:]


def _is_serial_template(value: str) -> bool:
    # A number that touches its neighbour could be read two ways: 1 and 12, or 11 and 2.
    parts = value.split("-")
    fixed = [part for part in parts if part not in _PLACEHOLDERS]
    each_once = all(parts.count(placeholder) == 1 for placeholder in _PLACEHOLDERS)
    return (
        each_once
        and len(value) <= _TEMPLATE_CHARACTERS_MAX
        and all(re.fullmatch("[A-Z0-9]+", part) for part in fixed)
    )
