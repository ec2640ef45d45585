"""The steps of an activity's life over HTTP, from submission to closure."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final, TypeVar

from fastapi import APIRouter, Path
from fastapi.responses import Response

from app.entry.acts import Reply
from app.entry.api.activity_bodies import (
    ActivityNoteBody,
    ActivityReasonBody,
    ActivityReviewBody,
    ActivityValidatorBody,
    RegistrationBody,
    ValidationOpinionBody,
)
from app.entry.api.activity_shapes import (
    ActivityShown,
    ValidationOpinionShown,
    opinion_shown,
    shown_values,
)
from app.entry.api.context import StrictRoute, Write
from app.entry.api.wire import (
    Identifier,
    IfMatch,
    PreconditionMissingError,
    changed,
    created,
    version_of,
)
from app.entry.problems import refused
from app.kernel.errors import RegistryError
from app.registry.activities import operations, refusals
from app.registry.activities.operations import (
    Advance,
    AssignValidator,
    DecideRegistration,
    EndReview,
    GiveOpinion,
)
from app.registry.activities.rules import Activity, Opinion
from app.registry.log.pen import Pen
from app.registry.methodologies.rules import (
    MethodologyNotFoundError,
    MethodologyNotInForceError,
    MethodologySupersededError,
)
from app.registry.parties.policy import Actor, NotAllowedError
from app.registry.parties.rules import PartyNotFoundError
from app.registry.programmes.refusals import (
    ProgrammeClosedError,
    RuleMissingError,
)
from app.registry.provinces.rules import ProvinceNotFoundError

router: Final = APIRouter(route_class=StrictRoute)

Command = TypeVar("Command")

ActivityId = Annotated[
    Identifier,
    Path(description="Identifier of the activity.", examples=["act_01kb5w6yk2e0hr9h5y0s8v2a3b"]),
]

CONTENT_REFUSALS: Final[tuple[type[RegistryError], ...]] = (
    refusals.CreditAccountForeignError,
    refusals.DateOutOfRangeError,
    refusals.SiteOutsideThailandError,
    MethodologyNotFoundError,
    ProvinceNotFoundError,
)
STEP_REFUSALS: Final[tuple[type[RegistryError], ...]] = (
    NotAllowedError,
    PreconditionMissingError,
    refusals.ActivityNotFoundError,
    refusals.ActivityStaleError,
    refusals.ActivityStateError,
)
_VALIDATOR: Final[tuple[type[RegistryError], ...]] = (
    PartyNotFoundError,
    refusals.ValidationNotAskedError,
    refusals.ValidatorNotFitError,
)


@router.post(
    "/{activity_id}/submission",
    response_model=ActivityShown,
    responses=refused(
        *STEP_REFUSALS,
        *CONTENT_REFUSALS,
        ProgrammeClosedError,
        RuleMissingError,
        MethodologyNotInForceError,
        MethodologySupersededError,
        refusals.VariantNotTakenError,
        refusals.SitesDoNotFitFormError,
        refusals.SiteSizeZeroError,
        refusals.SiteNotMicroError,
        refusals.ProgrammeCapError,
        refusals.AdditionalityMissingError,
        refusals.StartedTooEarlyError,
        refusals.CreditingTooEarlyError,
        refusals.OtherMechanismError,
        refusals.InstallationTakenError,
        refusals.CreditAccountNeededError,
    ),
    summary="Submit a draft",
    operation_id="submit_activity",
)
async def submit_activity(
    activity_id: ActivityId, body: ActivityNoteBody, write: Write, if_match: IfMatch = None
) -> Response:
    """Hand a draft in: the methodology version is locked, and its installations are claimed."""
    command = Advance(activity_id, version_of(if_match), body.reason)
    return await _step(write, operations.submit_activity, command)


@router.post(
    "/{activity_id}/review",
    response_model=ActivityShown,
    responses=refused(*STEP_REFUSALS),
    summary="Start the completeness review",
    operation_id="start_activity_review",
)
async def start_activity_review(
    activity_id: ActivityId, body: ActivityNoteBody, write: Write, if_match: IfMatch = None
) -> Response:
    """Begin to check whether a submitted file is complete; by an officer."""
    command = Advance(activity_id, version_of(if_match), body.reason)
    return await _step(write, operations.start_review, command)


@router.post(
    "/{activity_id}/review/result",
    response_model=ActivityShown,
    responses=refused(
        *STEP_REFUSALS,
        *_VALIDATOR,
        refusals.ReasonMissingError,
        refusals.ReviewAlreadyCompleteError,
        refusals.ValidatorMissingError,
    ),
    summary="End the completeness review",
    operation_id="end_activity_review",
)
async def end_activity_review(
    activity_id: ActivityId, body: ActivityReviewBody, write: Write, if_match: IfMatch = None
) -> Response:
    """Send a complete file on, or return it to its owner as a draft; by an officer."""
    command = EndReview(
        activity_id, version_of(if_match), body.is_complete, body.reason, body.vvb_party_id
    )
    return await _step(write, operations.end_review, command)


@router.post(
    "/{activity_id}/validator",
    response_model=ActivityShown,
    responses=refused(*STEP_REFUSALS, *_VALIDATOR, refusals.OpinionGivenError),
    summary="Assign a VVB for validation",
    operation_id="assign_activity_validator",
)
async def assign_activity_validator(
    activity_id: ActivityId, body: ActivityValidatorBody, write: Write, if_match: IfMatch = None
) -> Response:
    """Name the VVB that is to validate a submitted activity; by its owner or an officer."""
    command = AssignValidator(activity_id, version_of(if_match), body.vvb_party_id)
    return await _step(write, operations.assign_validator, command)


@router.post(
    "/{activity_id}/validation",
    response_model=ValidationOpinionShown,
    status_code=201,
    responses=refused(
        *STEP_REFUSALS, *_VALIDATOR, refusals.OpinionGivenError, refusals.EvidenceForeignError
    ),
    summary="Give a validation opinion",
    operation_id="give_validation_opinion",
)
async def give_validation_opinion(
    activity_id: ActivityId, body: ValidationOpinionBody, write: Write, if_match: IfMatch = None
) -> Response:
    """
    Give the opinion of the assigned VVB, by one of its leads.

    It cannot be changed. After a negative one another may follow; the latest counts. The ETag of
    the answer is the activity's new version.
    """
    version = version_of(if_match)
    command = GiveOpinion(
        activity_id, version, body.conclusion, body.statement, tuple(body.document_ids)
    )

    def present(opinion: Opinion) -> Reply:
        location = f"/v1/activities/{activity_id}"
        return created(opinion_shown(opinion), location=location, version=version + 1)

    return await write(lambda pen: operations.give_opinion(pen, write.actor, command), present)


@router.post(
    "/{activity_id}/registration",
    response_model=ActivityShown,
    responses=refused(
        *STEP_REFUSALS,
        refusals.ReviewNotCompleteError,
        refusals.OpinionMissingError,
        refusals.DecisionUngroundedError,
        refusals.DecisionAheadError,
        refusals.DateOutOfRangeError,
        refusals.EvidenceForeignError,
        refusals.ReasonMissingError,
    ),
    summary="Decide on registration",
    operation_id="decide_activity_registration",
)
async def decide_activity_registration(
    activity_id: ActivityId, body: RegistrationBody, write: Write, if_match: IfMatch = None
) -> Response:
    """
    Register an activity, which fixes its crediting period, or refuse it for good; by an approver.

    Needs a positive opinion of the assigned VVB where the programme asks for validation.
    """
    command = DecideRegistration(
        activity_id, version_of(if_match), body.approve, body.grounds(), body.reason
    )
    return await _step(write, operations.decide_registration, command)


@router.post(
    "/{activity_id}/withdrawal",
    response_model=ActivityShown,
    responses=refused(*STEP_REFUSALS),
    summary="Withdraw an activity",
    operation_id="withdraw_activity",
)
async def withdraw_activity(
    activity_id: ActivityId, body: ActivityReasonBody, write: Write, if_match: IfMatch = None
) -> Response:
    """Take an activity back before it is registered; by its owner, for good."""
    command = Advance(activity_id, version_of(if_match), body.reason)
    return await _step(write, operations.withdraw_activity, command)


@router.post(
    "/{activity_id}/closure",
    response_model=ActivityShown,
    responses=refused(*STEP_REFUSALS),
    summary="Close an activity",
    operation_id="close_activity",
)
async def close_activity(
    activity_id: ActivityId, body: ActivityReasonBody, write: Write, if_match: IfMatch = None
) -> Response:
    """End a registered activity; by its owner or an approver. What was issued stays."""
    command = Advance(activity_id, version_of(if_match), body.reason)
    return await _step(write, operations.close_activity, command)


def present_changed(activity: Activity) -> Reply:
    """Answer an act that changed an activity."""
    return changed(ActivityShown(**shown_values(activity)), version=activity.version)


async def _step(
    write: Write,
    operation: Callable[[Pen, Actor, Command], Awaitable[Activity]],
    command: Command,
) -> Response:
    return await write(lambda pen: operation(pen, write.actor, command), present_changed)
