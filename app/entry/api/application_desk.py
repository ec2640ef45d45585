"""The officers' desk: they ask an applicant, recommend, and another one decides."""

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter, Response

from app.entry.api.application_access import (
    OF_COMPLETE,
    OF_STEP,
    ApplicationId,
    application_changed,
)
from app.entry.api.application_shapes import ApplicationShown, Decision, Question, Recommendation
from app.entry.api.context import StrictRoute, Write, Writer
from app.entry.api.wire import IfMatch, version_of
from app.entry.problems import refused
from app.registry.applications import operations
from app.registry.applications.operations import OfOfficer
from app.registry.applications.refusals import NotRecommendedError, SameOfficerError
from app.registry.applications.rules import Application
from app.registry.calendar.refusals import CalendarYearMissingError
from app.registry.log.pen import Pen
from app.registry.parties.policy import Actor, NotAllowedError
from app.registry.parties.refusals import EmailTakenError
from app.registry.programmes.refusals import RuleMissingError

router: Final = APIRouter(prefix="/applications", tags=["applications"], route_class=StrictRoute)


@router.post(
    "/{application_id}/question",
    response_model=ApplicationShown,
    responses=refused(NotAllowedError, *OF_STEP, RuleMissingError, CalendarYearMissingError),
    summary="Ask an applicant",
    operation_id="ask_applicant",
)
async def ask_applicant(
    write: Write, application_id: ApplicationId, body: Question, if_match: IfMatch = None
) -> Response:
    """Ask the applicant something; the clock stands still until they answer. Officers only."""
    command = OfOfficer(application_id, body.question, version_of(if_match))
    return await _officers(write, command, operations.ask)


@router.post(
    "/{application_id}/recommendation",
    response_model=ApplicationShown,
    responses=refused(NotAllowedError, *OF_STEP, RuleMissingError, CalendarYearMissingError),
    summary="Recommend a decision on an application",
    operation_id="recommend_application",
)
async def recommend_application(
    write: Write, application_id: ApplicationId, body: Recommendation, if_match: IfMatch = None
) -> Response:
    """Recommend to admit or to refuse the applicant. Officers only."""
    command = OfOfficer(application_id, body.reason, version_of(if_match))
    return await write(
        lambda pen: operations.recommend(
            pen, write.actor, command, is_favourable=body.is_favourable
        ),
        application_changed,
    )


@router.post(
    "/{application_id}/decision",
    response_model=ApplicationShown,
    responses=refused(
        NotAllowedError,
        *OF_STEP,
        SameOfficerError,
        NotRecommendedError,
        EmailTakenError,
        *OF_COMPLETE,
    ),
    summary="Decide on an application",
    operation_id="decide_application",
)
async def decide_application(
    write: Write, application_id: ApplicationId, body: Decision, if_match: IfMatch = None
) -> Response:
    """
    Admit or refuse an applicant: an approver, who is not the one who recommended.

    Admitting makes the party and its users; a user signs in once they have a password. Of a
    renewal, only the documents of the party are new; where it is refused, it keeps what it had.
    """
    command = OfOfficer(application_id, body.reason, version_of(if_match))
    return await _officers(write, command, operations.admit if body.admit else operations.refuse)


async def _officers(
    write: Writer,
    command: OfOfficer,
    act: Callable[[Pen, Actor, OfOfficer], Awaitable[Application]],
) -> Response:
    return await write(lambda pen: act(pen, write.actor, command), application_changed)
