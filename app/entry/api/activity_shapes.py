"""What is shown of activities in the API."""

from datetime import date
from typing import Any

from pydantic import Field

from app.entry.api.wire import (
    LogIndex,
    Moment,
    Salt,
    Shown,
    salt_shown,
)
from app.kernel.quantities import format_tonnes
from app.registry.activities.rules import (
    Activity,
    ActivityForm,
    ActivityStatus,
    Event,
    Opinion,
    Site,
    ValidationConclusion,
)
from app.registry.ledger.serials import account_number
from app.registry.methodologies.rules import ScaleClass


class SiteShown(Shown):
    """One place of an activity."""

    id: str = Field(description="Identifier.", examples=["sit_01kb5w6yk2e0hr9h5y0s8v2a3b"])
    name: str = Field(description="Name.", examples=["ศูนย์ราชการจังหวัดขอนแก่น"])
    province_code: str = Field(description="Code of its province.", examples=["40"])
    latitude: str = Field(description="Degrees north.", examples=["16.441935"])
    longitude: str = Field(description="Degrees east.", examples=["102.835992"])
    installed_size: str = Field(
        description="Size in the unit of the methodology's family.", examples=["0.75"]
    )
    installation_id: str | None = Field(
        description="Number of its meter or licence; null: none.", examples=["PEA-020012345678"]
    )


class ActivityShown(Shown):
    """An activity."""

    id: str = Field(description="Identifier.", examples=["act_01kb5w6yk2e0hr9h5y0s8v2a3b"])
    code: str = Field(description="Short public code.", examples=["CITY-0001"])
    programme_code: str = Field(description="Its programme.", examples=["CITY"])
    owner_party_id: str = Field(
        description="Party that owns it.", examples=["pty_01kb5w6yk2e0hr9h5y0s8v2a3b"]
    )
    name_th: str = Field(description="Name in Thai.", examples=["โซลาร์บนหลังคาเทศบาลนครขอนแก่น"])
    name_en: str = Field(description="Name in English.", examples=["Rooftop solar, Khon Kaen"])
    description: str = Field(
        description="What is done.", examples=["Rooftop photovoltaics for own use."]
    )
    methodology_code: str = Field(description="Methodology.", examples=["T-VER-S-METH-01-01"])
    methodology_version: str = Field(
        description="Its version, locked from submission on.", examples=["03"]
    )
    project_type: int = Field(description="Project type, 1 to 15.", examples=[1])
    sectoral_scope: int = Field(description="Sectoral scope, 1 to 16.", examples=[1])
    buffer_applies: bool = Field(
        description="Whether part of its credits goes to the buffer.", examples=[False]
    )
    form: ActivityForm = Field(description="How it is put together.", examples=["single"])
    status: ActivityStatus = Field(description="Where it stands.", examples=["registered"])
    scale: ScaleClass | None = Field(
        description="Scale class over all sites; null: never submitted.", examples=["micro"]
    )
    estimate_tco2e: str = Field(
        description="Expected reduction a year, tCO2e.", examples=["1249.75"]
    )
    starts_on: date = Field(
        description="When it begins, or began, to operate.", examples=["2025-01-01"]
    )
    proposed_crediting_start: date = Field(
        description="First day of the crediting period that is asked for.", examples=["2025-01-01"]
    )
    crediting_start: date | None = Field(
        description="First day of the crediting period; null: not registered.",
        examples=["2025-01-01"],
    )
    crediting_end: date | None = Field(
        description="Last day of the crediting period, included; null: not registered.",
        examples=["2031-12-31"],
    )
    in_other_mechanism: bool = Field(
        description="Whether it was declared to be in another mechanism.", examples=[False]
    )
    other_mechanism_note: str | None = Field(
        description="Words to that declaration; null: none.", examples=[None]
    )
    credit_account_number: str | None = Field(
        description="Account that receives its credits; null: none named.",
        examples=["TH-001001-05"],
    )
    vvb_party_id: str | None = Field(
        description="VVB assigned for validation; null: none.",
        examples=["pty_01kb5w6yk2e0hr9h5y0s8v2a3b"],
    )
    submitted_on: date | None = Field(
        description="Date of the last submission; null: none.", examples=["2025-10-01"]
    )
    review_completed_on: date | None = Field(
        description="When the file was found complete; null: not yet.", examples=["2025-10-10"]
    )
    registered_on: date | None = Field(
        description="Date of registration; null: not registered.", examples=["2025-12-01"]
    )
    version: int = Field(description="Counts its changes, from 1.", examples=[7])


class ActivityListed(ActivityShown):
    """An activity in a list."""

    province_codes: tuple[str, ...] = Field(
        description="Provinces in which its sites lie.", examples=[["40"]]
    )


class ValidationOpinionShown(Shown):
    """A VVB's opinion on an activity."""

    id: str = Field(description="Identifier.", examples=["opn_01kb5w6yk2e0hr9h5y0s8v2a3b"])
    activity_id: str = Field(
        description="The activity.", examples=["act_01kb5w6yk2e0hr9h5y0s8v2a3b"]
    )
    vvb_party_id: str = Field(
        description="Who gave it.", examples=["pty_01kb5w6yk2e0hr9h5y0s8v2a3b"]
    )
    conclusion: ValidationConclusion = Field(description="Its result.", examples=["positive"])
    statement: str | None = Field(
        description="The opinion in words; null: erased.",
        examples=["Validated without open findings."],
    )
    document_ids: tuple[str, ...] = Field(
        description="Documents that it rests on.", examples=[["doc_01kb5w6yk2e0hr9h5y0s8v2a3b"]]
    )
    given_at: Moment = Field(description="When it was given.", examples=["2025-11-24T03:00:00Z"])
    log_index: LogIndex = Field(description="Its place in the log.", examples=[1_024])
    salt: Salt


class ActivityDetail(ActivityListed):
    """An activity with its sites and the opinions on it."""

    sites: list[SiteShown] = Field(description="Where it takes place, in the owner's order.")
    opinions: list[ValidationOpinionShown] = Field(
        description="The latest validation opinions, the one that counts first."
    )


class ActivityEventShown(Shown):
    """A step in an activity's life."""

    log_index: LogIndex = Field(description="Its place in the log.", examples=[1_024])
    step: str = Field(description="What was done.", examples=["submit"])
    from_status: ActivityStatus | None = Field(
        description="Status before; null: the first step.", examples=["draft"]
    )
    to_status: ActivityStatus = Field(description="Status after.", examples=["submitted"])
    by_party_id: str = Field(
        description="Party that did it.", examples=["pty_01kb5w6yk2e0hr9h5y0s8v2a3b"]
    )
    happened_at: Moment = Field(description="When.", examples=["2025-10-01T03:00:00Z"])
    reason: str | None = Field(
        description="Why; null: the step needs no reason, or it was erased.",
        examples=["Annex 2 is missing."],
    )
    meeting: str | None = Field(
        description="Meeting that decided; null: none.", examples=["อบก. 11/2569"]
    )
    decided_on: date | None = Field(
        description="Date of the decision; null: no decision.", examples=["2025-11-20"]
    )
    document_id: str | None = Field(
        description="Document of the decision; null: none.",
        examples=["doc_01kb5w6yk2e0hr9h5y0s8v2a3b"],
    )
    salt: Salt


def shown_values(activity: Activity) -> dict[str, Any]:
    """Return an activity's fields in the form that they are shown in."""
    account = activity.credit_account_id
    shown = {
        "estimate_tco2e": format_tonnes(activity.estimate_tco2e),
        "credit_account_number": None if account is None else account_number(account),
    }
    return shown | {
        name: getattr(activity, name) for name in ActivityShown.model_fields if name not in shown
    }


def site_shown(site: Site) -> SiteShown:
    """Show a site."""
    numbers = ("latitude", "longitude", "installed_size")
    return SiteShown(
        **{name: format_tonnes(getattr(site, name)) for name in numbers},
        **{name: getattr(site, name) for name in SiteShown.model_fields if name not in numbers},
    )


def opinion_shown(opinion: Opinion) -> ValidationOpinionShown:
    """Show an opinion; who in the VVB gave it is not public."""
    kept = {name: getattr(opinion, name) for name in ValidationOpinionShown.model_fields}
    return ValidationOpinionShown(**{**kept, "salt": salt_shown(opinion.salt, opinion.statement)})


def event_shown(event: Event) -> ActivityEventShown:
    """Show a step; who in the party took it is not public."""
    kept = {name: getattr(event, name) for name in ActivityEventShown.model_fields}
    return ActivityEventShown(**{**kept, "salt": salt_shown(event.salt, event.reason)})
