"""What is asked of activities in the API, and how it is read into commands."""

from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import Field, StringConstraints

from app.entry.api.days import Day
from app.entry.api.wire import (
    Body,
    Code,
    Identifier,
    Name,
    PageQuery,
    ProvinceCode,
    SearchWords,
    Text,
    Tonnes,
)
from app.kernel.quantities import parse_tonnes
from app.registry.activities.refusals import CreditAccountForeignError
from app.registry.activities.rules import (
    SITES_MAX,
    ActivityForm,
    ActivityStatus,
    Content,
    Grounds,
    SiteContent,
    ValidationConclusion,
)
from app.registry.ledger.serials import AccountNumberError, account_id

DOCUMENTS_PER_OPINION_MAX: Final = 50

ProgrammeCode = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]{1,11}$")]
MethodologyVersion = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")]
AccountNumber = Annotated[str, StringConstraints(pattern=r"^TH-[0-9]{6,12}-[0-9]{2}$")]
Latitude = Annotated[str, StringConstraints(pattern=r"^([5-9]|1[0-9]|20)(\.[0-9]{1,6})?$")]
Longitude = Annotated[str, StringConstraints(pattern=r"^(9[7-9]|10[0-5])(\.[0-9]{1,6})?$")]


def _unsent() -> Any:  # noqa: ANN401  stands for a field that was not sent, whatever its type
    return None


class SiteBody(Body):
    """One place of an activity."""

    name: Name = Field(description="Name of the place.", examples=["ศูนย์ราชการจังหวัดขอนแก่น"])
    province_code: ProvinceCode = Field(
        description="Official code of its province.", examples=["40"]
    )
    latitude: Latitude = Field(
        description="Degrees north (WGS 84), at most six decimals.", examples=["16.441935"]
    )
    longitude: Longitude = Field(
        description="Degrees east (WGS 84), at most six decimals.", examples=["102.835992"]
    )
    installed_size: Tonnes = Field(
        description="Size in the unit of the methodology's family: MW for renewable electricity, "
        "GWh a year for energy efficiency, otherwise tCO2e a year.",
        examples=["0.75"],
    )
    installation_id: Code | None = Field(
        None,
        description="Number of its meter or licence; it can be in one live activity only.",
        examples=["PEA-020012345678"],
    )


class ActivityDraftBody(Body):
    """An activity to begin, of the caller's own party."""

    programme_code: ProgrammeCode = Field(
        description="Programme that it is to be registered under.", examples=["CITY"]
    )
    name_th: Name = Field(description="Name in Thai.", examples=["โซลาร์บนหลังคาเทศบาลนครขอนแก่น"])
    name_en: Name = Field(
        description="Name in English.", examples=["Rooftop solar, Khon Kaen City Municipality"]
    )
    description: Text = Field(
        description="What is done and how it reduces emissions.",
        examples=["Rooftop photovoltaics on municipal buildings, for own use."],
    )
    methodology_code: Code = Field(
        description="Code of the methodology.", examples=["T-VER-S-METH-01-01"]
    )
    methodology_version: MethodologyVersion = Field(
        description="Version of the methodology; must be acceptable on the day of submission.",
        examples=["03"],
    )
    form: ActivityForm = Field(
        description="A single site, a bundle of sites, or a programme of activities.",
        examples=["single"],
    )
    sites: Annotated[list[SiteBody], Field(min_length=1, max_length=SITES_MAX)] = Field(
        description="Where it takes place."
    )
    estimate_tco2e: Tonnes = Field(
        description="Expected reduction a year, tCO2e.", examples=["1249.75"]
    )
    starts_on: Day = Field(
        description="When it begins, or began, to operate.", examples=["2025-01-01"]
    )
    proposed_crediting_start: Day = Field(
        description="First day of the crediting period, if it is registered.",
        examples=["2025-01-01"],
    )
    in_other_mechanism: Annotated[bool, Field(strict=True)] = Field(
        description="Declaration: whether it takes part in another crediting mechanism.",
        examples=[False],
    )
    other_mechanism_note: Text | None = Field(
        None, description="Which one, or why there is a doubt.", examples=[None]
    )
    credit_account_number: AccountNumber | None = Field(
        None,
        description="Account of the owner that receives the credits; needed for submission where "
        "the programme issues credits.",
        examples=["TH-001001-05"],
    )


class ActivityAmendBody(Body):
    """What to change in a draft; fields that are left out stay as they are."""

    name_th: Name = Field(default_factory=_unsent, description="Name in Thai.", examples=["โซลาร์"])
    name_en: Name = Field(
        default_factory=_unsent, description="Name in English.", examples=["Rooftop solar"]
    )
    description: Text = Field(
        default_factory=_unsent,
        description="What is done and how it reduces emissions.",
        examples=["Rooftop photovoltaics on municipal buildings, for own use."],
    )
    methodology_code: Code = Field(
        default_factory=_unsent,
        description="Code of the methodology.",
        examples=["T-VER-S-METH-01-01"],
    )
    methodology_version: MethodologyVersion = Field(
        default_factory=_unsent, description="Version of the methodology.", examples=["03"]
    )
    form: ActivityForm = Field(
        default_factory=_unsent, description="How it is put together.", examples=["bundle"]
    )
    sites: Annotated[list[SiteBody], Field(min_length=1, max_length=SITES_MAX)] = Field(
        default_factory=_unsent, description="All its sites; they replace the present ones."
    )
    estimate_tco2e: Tonnes = Field(
        default_factory=_unsent,
        description="Expected reduction a year, tCO2e.",
        examples=["1249.75"],
    )
    starts_on: Day = Field(
        default_factory=_unsent,
        description="When it begins, or began, to operate.",
        examples=["2025-01-01"],
    )
    proposed_crediting_start: Day = Field(
        default_factory=_unsent,
        description="First day of the crediting period, if it is registered.",
        examples=["2025-01-01"],
    )
    in_other_mechanism: Annotated[bool, Field(strict=True)] = Field(
        default_factory=_unsent,
        description="Whether it takes part in another crediting mechanism.",
        examples=[False],
    )
    other_mechanism_note: Text | None = Field(
        default_factory=_unsent, description="Which one; null: nothing to say.", examples=[None]
    )
    credit_account_number: AccountNumber | None = Field(
        default_factory=_unsent,
        description="Account of the owner that receives the credits; null: none.",
        examples=["TH-001001-05"],
    )


class ActivityNoteBody(Body):
    """A step that needs no reason but may have one."""

    reason: Text | None = Field(
        None, description="Remark for the history.", examples=["File of 12 October, with annexes."]
    )


class ActivityReasonBody(Body):
    """Why a step is taken."""

    reason: Text = Field(
        description="Why; part of the activity's history.", examples=["The roof is to be rebuilt."]
    )


class ActivityReviewBody(Body):
    """What came of the completeness review."""

    is_complete: Annotated[bool, Field(strict=True)] = Field(
        description="Whether the file is complete; if not, the activity is a draft again.",
        examples=[True],
    )
    reason: Text | None = Field(
        None,
        description="What is missing; needed where the file is not complete.",
        examples=["The calculation sheet is missing."],
    )
    vvb_party_id: Identifier | None = Field(
        None,
        description="VVB that is to validate; needed where the programme asks for validation and "
        "none was assigned.",
        examples=["pty_01kb5w6yk2e0hr9h5y0s8v2a3b"],
    )


class ActivityValidatorBody(Body):
    """The VVB that is to validate an activity."""

    vvb_party_id: Identifier = Field(
        description="Party of the VVB.", examples=["pty_01kb5w6yk2e0hr9h5y0s8v2a3b"]
    )


class ValidationOpinionBody(Body):
    """The VVB's opinion on an activity."""

    conclusion: ValidationConclusion = Field(
        description="Whether the activity meets the rules.", examples=["positive"]
    )
    statement: Text = Field(
        description="The opinion in words.", examples=["Validated without open findings."]
    )
    document_ids: Annotated[list[Identifier], Field(max_length=DOCUMENTS_PER_OPINION_MAX)] = Field(
        default=[],
        description="Documents of this activity that the opinion rests on.",
        examples=[["doc_01kb5w6yk2e0hr9h5y0s8v2a3b"]],
    )


class RegistrationBody(Body):
    """The authority's decision on registration."""

    approve: Annotated[bool, Field(strict=True)] = Field(
        description="Whether to register the activity; otherwise it is refused for good.",
        examples=[True],
    )
    decided_on: Day = Field(description="Date of the decision.", examples=["2026-11-20"])
    document_id: Identifier | None = Field(
        None,
        description="Document of the decision; this or the meeting is needed.",
        examples=["doc_01kb5w6yk2e0hr9h5y0s8v2a3b"],
    )
    meeting: Name | None = Field(
        None, description="Reference of the meeting that decided.", examples=["อบก. 11/2569"]
    )
    reason: Text | None = Field(
        None,
        description="Why; needed for a refusal.",
        examples=["The reduction cannot be measured at this site."],
    )

    def grounds(self) -> Grounds:
        """Return where the decision was taken."""
        return Grounds(self.decided_on, self.document_id, self.meeting)


class ActivityQuery(PageQuery):
    """Which activities."""

    programme_code: ProgrammeCode | None = Field(
        None, description="Only of this programme.", examples=["CITY"]
    )
    province_code: ProvinceCode | None = Field(
        None, description="Only with a site in this province.", examples=["40"]
    )
    status: ActivityStatus | None = Field(
        None, description="Only of this status.", examples=["registered"]
    )
    methodology_code: Code | None = Field(
        None, description="Only under this methodology.", examples=["T-VER-S-METH-01-01"]
    )
    project_type: Annotated[int, Field(ge=1, le=15)] | None = Field(
        None, description="Only of this project type.", examples=[1]
    )
    owner_party_id: Identifier | None = Field(
        None, description="Only of this owner.", examples=["pty_01kb5w6yk2e0hr9h5y0s8v2a3b"]
    )
    q: SearchWords | None = Field(
        None, description="Part of a name or of the code.", examples=["ขอนแก่น"]
    )


def content_of(body: ActivityDraftBody) -> Content:
    """Read what the owner wrote."""
    values = _values_of(body, set(ActivityDraftBody.model_fields))
    return Content(programme_code=body.programme_code, **values)


def changes_of(body: ActivityAmendBody) -> dict[str, Any]:
    """Read what is to change: only the fields that were sent."""
    return _values_of(body, body.model_fields_set)


_PLAIN: Final = (
    "name_th",
    "name_en",
    "description",
    "methodology_code",
    "methodology_version",
    "form",
    "starts_on",
    "proposed_crediting_start",
    "in_other_mechanism",
    "other_mechanism_note",
)


def _values_of(body: ActivityDraftBody | ActivityAmendBody, sent: set[str]) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(body, name) for name in _PLAIN if name in sent}
    if "sites" in sent:
        values["sites"] = tuple(_site_of(site) for site in body.sites)
    if "estimate_tco2e" in sent:
        values["estimate_tco2e"] = parse_tonnes(body.estimate_tco2e)
    if "credit_account_number" in sent:
        values["credit_account_id"] = _account_of(body.credit_account_number)
    return values


def _site_of(site: SiteBody) -> SiteContent:
    return SiteContent(
        name=site.name,
        province_code=site.province_code,
        latitude=Decimal(site.latitude),
        longitude=Decimal(site.longitude),
        installed_size=parse_tonnes(site.installed_size),
        installation_id=site.installation_id,
    )


def _account_of(number: str | None) -> int | None:
    if number is None:
        return None
    try:
        return account_id(number)
    except AccountNumberError:
        # Its form is right but its check digits are not: no account has it.
        raise CreditAccountForeignError from None
