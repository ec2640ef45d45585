"""Leaves of an activity's life, from draft to close."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType, field

from app.registry.activities.rules import SITES_MAX, ActivityForm, ActivityStatus
from app.registry.activities.rules import ValidationConclusion as Conclusion
from app.registry.ledger.rules import FIRST_OWNER_ACCOUNT
from app.registry.methodologies.rules import ScaleClass
from app.registry.replay.leaves.words import (
    END,
    Act,
    ActivityCode,
    ActivityId,
    Code,
    Day,
    Digest,
    DocumentId,
    Facts,
    MethodologyVersion,
    Name,
    OpinionId,
    PartyId,
    ProgrammeCode,
    ProjectType,
    ProvinceCode,
    SectoralScope,
    Text,
    Tonnes,
    Version,
)

_Reason = Annotated[Digest, Meta(description="Salted SHA-256 of the reason.")]
_ReasonIfAny = (
    Annotated[Digest, Meta(description="Salted SHA-256 of the reason; absent: none was given.")]
    | UnsetType
)
_Content = Annotated[Digest, Meta(description="Salted SHA-256 of all that the owner wrote.")]
_Degrees = r"(\.[0-9]{0,5}[1-9])?$" + END
_ACCOUNT_ID_MAX = 999_999_999_999


class StepFacts(Facts, frozen=True):
    """From where to where the activity went."""

    code: Annotated[ActivityCode, Meta(description="Public code: programme and number.")]
    by_party_id: Annotated[PartyId, Meta(description="Party of the user who acted.")]
    from_: Annotated[
        ActivityStatus | None, Meta(description="Status before; null: it began here.")
    ] = field(name="from")
    to: Annotated[ActivityStatus, Meta(description="Status after.")]
    version: Annotated[Version, Meta(description="Version that the step leads to, from 1.")]


class ActivityAct(Act, frozen=True):
    """A step of an activity's life."""

    subject: Annotated[ActivityId, Meta(description="The activity.")]
    data: StepFacts


class DraftedFacts(StepFacts, frozen=True):
    """Whose activity begins."""

    owner_party_id: Annotated[PartyId, Meta(description="Party whose activity it is.")]
    content_commitment: _Content


class ActivityDrafted(ActivityAct, frozen=True, tag="activity.drafted"):
    """
    An activity was begun.

    A replayer notes it; its number is one more than the programme's last.
    """

    data: DraftedFacts


class AmendedFacts(StepFacts, frozen=True):
    """That the draft was changed."""

    content_commitment: _Content


class ActivityAmended(ActivityAct, frozen=True, tag="activity.amended"):
    """A draft was changed. A replayer checks that it still is a draft."""

    data: AmendedFacts


class SitePlace(Facts, frozen=True):
    """One place of the activity, without its name."""

    province_code: Annotated[ProvinceCode, Meta(description="Official code of the province.")]
    latitude: Annotated[
        str, Meta(pattern=rf"^(0|[1-9][0-9]?){_Degrees}", description="Degrees north, WGS 84.")
    ]
    longitude: Annotated[
        str,
        Meta(pattern=rf"^(0|[1-9][0-9]{{0,2}}){_Degrees}", description="Degrees east, WGS 84."),
    ]
    installed_size: Annotated[
        Tonnes,
        Meta(
            description="Size in the unit of the methodology's family: MW, GWh a year or tCO2e "
            "a year."
        ),
    ]
    installation_id: Annotated[
        Code | None, Meta(description="Number of its meter or licence; null: it has none.")
    ]


class SubmittedFacts(StepFacts, frozen=True, kw_only=True):
    """What the owner asks to have registered; fixed from here on."""

    reason_commitment: _ReasonIfAny = UNSET
    programme_code: Annotated[ProgrammeCode, Meta(description="Code of the programme.")]
    owner_party_id: Annotated[PartyId, Meta(description="Party whose activity it is.")]
    methodology_code: Annotated[Code, Meta(description="Code of the methodology.")]
    methodology_version: Annotated[MethodologyVersion, Meta(description="Version in two digits.")]
    project_type: Annotated[ProjectType, Meta(description="T-VER project type, 1 to 15.")]
    sectoral_scope: Annotated[SectoralScope, Meta(description="Sectoral scope, 1 to 16.")]
    buffer_applies: Annotated[
        bool, Meta(description="Whether part of the credits goes into the buffer.")
    ]
    form: Annotated[ActivityForm, Meta(description="How it is put together from its sites.")]
    scale: Annotated[ScaleClass, Meta(description="How large it is.")]
    estimate_tco2e: Annotated[
        Tonnes, Meta(description="Expected reduction. Unit: tonnes of CO2e a year.")
    ]
    starts_on: Annotated[Day, Meta(description="Day on which it begins, or began, to operate.")]
    proposed_crediting_start: Annotated[Day, Meta(description="First day that is to count.")]
    credit_account_id: Annotated[
        Annotated[int, Meta(ge=FIRST_OWNER_ACCOUNT, le=_ACCOUNT_ID_MAX)] | None,
        Meta(
            description="Id of the account that credits go to: the digits of its number between "
            "TH- and the check digits; null: none, as no credits can come of it."
        ),
    ]
    submitted_on: Annotated[Day, Meta(description="Day of submission, in Thailand.")]
    sites: Annotated[
        list[SitePlace],
        Meta(description="Its places, in the owner's order.", min_length=1, max_length=SITES_MAX),
    ]
    content_commitment: _Content


class ActivitySubmitted(ActivityAct, frozen=True, tag="activity.submitted"):
    """
    An activity was handed in for registration.

    A replayer checks it against the methodology version, keeps what is fixed, and claims its
    installations: while it is live no other activity can count them.
    """

    data: SubmittedFacts


class MaybeReasonedFacts(StepFacts, frozen=True, kw_only=True):
    """A step that may say why."""

    reason_commitment: _ReasonIfAny = UNSET


class ReasonedFacts(StepFacts, frozen=True):
    """A step that must say why."""

    reason_commitment: _Reason


class ReviewStarted(ActivityAct, frozen=True, tag="activity.review_started"):
    """The completeness review began. A replayer takes the step."""

    data: MaybeReasonedFacts


class ActivityReturned(ActivityAct, frozen=True, tag="activity.returned"):
    """
    An incomplete file went back to its owner.

    A replayer takes the step; the activity's installations are free again.
    """

    data: ReasonedFacts


class ReviewCompletedFacts(MaybeReasonedFacts, frozen=True):
    """Who is to validate."""

    vvb_party_id: Annotated[
        PartyId | None,
        Meta(description="Body that is to validate; null: the programme asks for none."),
    ]


class ReviewCompleted(ActivityAct, frozen=True, tag="activity.review_completed"):
    """
    The file is complete and goes on to validation, or to decision where none is asked.

    A replayer checks that the body may validate.
    """

    data: ReviewCompletedFacts


class ValidatorAssignedFacts(StepFacts, frozen=True):
    """Who is to validate."""

    vvb_party_id: Annotated[PartyId, Meta(description="Body that is to validate.")]


class ValidatorAssigned(ActivityAct, frozen=True, tag="activity.validator_assigned"):
    """
    A body was named that is to validate.

    A replayer checks that it is accredited in the scope, not the owner, and without an account.
    """

    data: ValidatorAssignedFacts


class ValidatedFacts(StepFacts, frozen=True):
    """What the body's opinion comes to."""

    opinion_id: Annotated[OpinionId, Meta(description="The opinion.")]
    vvb_party_id: Annotated[PartyId, Meta(description="Body that gave it.")]
    conclusion: Annotated[Conclusion, Meta(description="What it comes to.")]
    statement_commitment: Annotated[Digest, Meta(description="Salted SHA-256 of its statement.")]
    document_ids: Annotated[
        list[DocumentId], Meta(description="Documents it rests on, each once.", max_length=50)
    ]


class ActivityValidated(ActivityAct, frozen=True, tag="activity.validated"):
    """
    The assigned body gave its opinion on the activity.

    A replayer notes the conclusion; after a positive one none may follow.
    """

    data: ValidatedFacts


class DecidedFacts(StepFacts, frozen=True):
    """Where the authority decided."""

    decided_on: Annotated[
        Day, Meta(description="Day of the decision, in Thailand; not after the recording.")
    ]
    decision_document_id: Annotated[
        DocumentId | None, Meta(description="Document of the decision; null: a meeting is named.")
    ]
    meeting: Annotated[
        Text | None, Meta(description="Meeting that decided; null: a document is named.")
    ]


class RegisteredFacts(DecidedFacts, frozen=True, kw_only=True):
    """What was registered."""

    reason_commitment: _ReasonIfAny = UNSET
    name_th: Annotated[Name, Meta(description="Name of the activity in Thai.")]
    name_en: Annotated[Name, Meta(description="Name of the activity in English.")]
    owner_party_id: Annotated[PartyId, Meta(description="Party whose activity it is.")]
    methodology_code: Annotated[Code, Meta(description="Code of the methodology.")]
    methodology_version: Annotated[MethodologyVersion, Meta(description="Version in two digits.")]
    crediting_start: Annotated[Day, Meta(description="First day that counts.")]
    crediting_end: Annotated[Day, Meta(description="Last day that counts.")]
    registered_on: Annotated[Day, Meta(description="Day of registration, in Thailand.")]


class ActivityRegistered(ActivityAct, frozen=True, tag="activity.registered"):
    """
    The authority registered the activity, which begins its crediting period.

    A replayer checks that review and, where asked, a positive opinion went before, and computes
    the period's end from the methodology's years.
    """

    data: RegisteredFacts


class RefusedFacts(DecidedFacts, frozen=True):
    """Where and why the authority refused."""

    reason_commitment: _Reason


class ActivityRefused(ActivityAct, frozen=True, tag="activity.refused"):
    """The authority refused to register the activity, for good. A replayer takes the step."""

    data: RefusedFacts


class ActivityWithdrawn(ActivityAct, frozen=True, tag="activity.withdrawn"):
    """The owner took the activity back before registration. A replayer takes the step."""

    data: ReasonedFacts


class ActivityClosed(ActivityAct, frozen=True, tag="activity.closed"):
    """A registered activity ended; what was issued stays. A replayer takes the step."""

    data: ReasonedFacts
