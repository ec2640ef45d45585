"""What an activity is made of."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from app.registry.activities.rules.life import ActivityStatus
from app.registry.methodologies.rules import ScaleClass


class ActivityForm(StrEnum):
    """How an activity is put together from its sites."""

    SINGLE = "single"
    BUNDLE = "bundle"
    PROGRAMME_OF_ACTIVITIES = "programme_of_activities"


@dataclass(frozen=True, slots=True)
class SiteContent:
    """One place, as the owner describes it."""

    name: str
    province_code: str
    latitude: Decimal  # degrees north, at most six decimals
    longitude: Decimal  # degrees east, at most six decimals
    installed_size: Decimal  # in the unit of the methodology's family
    installation_id: str | None = None  # None: it has no meter or licence number


@dataclass(frozen=True, slots=True)
class Site:
    """One place of an activity, with its identifier."""

    id: str
    activity_id: str
    position: int  # counted from 1, in the owner's order
    name: str
    province_code: str
    latitude: Decimal
    longitude: Decimal
    installed_size: Decimal
    installation_id: str | None

    def content(self) -> SiteContent:
        """Return what the owner described."""
        return SiteContent(
            self.name,
            self.province_code,
            self.latitude,
            self.longitude,
            self.installed_size,
            self.installation_id,
        )


@dataclass(frozen=True, slots=True)
class Content:
    """What the owner writes into a draft."""

    programme_code: str
    name_th: str
    name_en: str
    description: str
    methodology_code: str
    methodology_version: str
    form: ActivityForm
    sites: tuple[SiteContent, ...]
    estimate_tco2e: Decimal  # expected reduction a year
    starts_on: date  # when the activity begins, or began, to operate
    proposed_crediting_start: date
    in_other_mechanism: bool
    other_mechanism_note: str | None  # None: nothing to explain
    credit_account_id: int | None  # None: no account named yet


@dataclass(frozen=True, slots=True)
class Activity:
    """What reduces emissions, as the register knows it."""

    id: str
    code: str  # "CITY-0001"
    number: int  # counted per programme, from 1
    programme_code: str
    owner_party_id: str
    name_th: str
    name_en: str
    description: str
    methodology_code: str
    methodology_version: str
    # Of the methodology version: current while a draft, locked from submission on.
    project_type: int
    sectoral_scope: int
    buffer_applies: bool
    form: ActivityForm
    status: ActivityStatus
    scale: ScaleClass | None  # None: never submitted
    estimate_tco2e: Decimal
    starts_on: date
    proposed_crediting_start: date
    crediting_start: date | None  # None: never registered
    crediting_end: date | None  # last day that counts
    in_other_mechanism: bool
    other_mechanism_note: str | None
    credit_account_id: int | None
    vvb_party_id: str | None  # None: no VVB assigned for validation
    submitted_on: date | None  # of the last submission, in Thailand
    review_completed_on: date | None  # None: not complete since the last submission
    registered_on: date | None
    version: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """One step in an activity's life: who, when, why."""

    log_index: int
    activity_id: str
    step: str  # a `Step`, or "draft" for the first
    from_status: ActivityStatus | None  # None: the first event
    to_status: ActivityStatus
    by_user_id: str
    by_party_id: str
    happened_at: datetime
    reason: str | None  # None: the step needs none, or it was erased
    meeting: str | None  # reference of the meeting that decided
    decided_on: date | None
    document_id: str | None
    salt: bytes | None = None  # of what the act sealed; None: nothing, erased, or not read


class ValidationConclusion(StrEnum):
    """What a validation opinion comes to."""

    POSITIVE = "positive"
    NEGATIVE = "negative"


@dataclass(frozen=True, slots=True)
class Opinion:
    """A VVB's opinion on whether an activity meets the rules."""

    id: str
    activity_id: str
    vvb_party_id: str
    lead_user_id: str
    conclusion: ValidationConclusion
    statement: str | None  # None: erased
    document_ids: tuple[str, ...]
    given_at: datetime
    log_index: int
    salt: bytes | None = None  # of what the act sealed; None: erased, or not read


@dataclass(frozen=True, slots=True)
class Limits:
    """The programme's dated rule values that a submission is held to."""

    variants: tuple[str, ...]  # of methodology, that the programme takes
    start_years_max: int
    start_exempt_families: tuple[str, ...]
    poa_cap_tco2e: Decimal  # what a programme of activities may add up to in a year


@dataclass(frozen=True, slots=True)
class Grounds:
    """Where a decision was taken: a document, or a meeting."""

    decided_on: date
    document_id: str | None = None
    meeting: str | None = None
