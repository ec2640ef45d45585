"""Applications for an account: anybody applies, two officers decide."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from app.entry.acts import Reply
from app.entry.api.application_access import ApplicationId, MaybeSecret, Secret, get_readable
from app.entry.api.application_shapes import (
    AnswerBody,
    ApplicationBegun,
    ApplicationInFull,
    ApplicationShown,
    ContentBody,
    Decision,
    NewApplication,
    Question,
    Recommendation,
    application_in_full,
    application_shown,
)
from app.entry.api.context import PresentReader, Reader, StrictRoute, Write, Writer
from app.entry.api.days import Day
from app.entry.api.wire import (
    CursorError,
    IfMatch,
    Page,
    PageQuery,
    PreconditionMissingError,
    changed,
    created,
    decode_cursor,
    encode_cursor,
    show,
    version_of,
)
from app.entry.attempt import OutcomeUnknownError
from app.entry.committer import QueueFullError
from app.entry.identity import Caller, Visitor
from app.entry.passwords import new_secret
from app.entry.problems import refused
from app.kernel.encoding import sha256
from app.registry.applications import operations, store
from app.registry.applications.operations import OfApplicant, OfOfficer
from app.registry.applications.refusals import (
    ApplicationDocumentExpiredError,
    ApplicationDocumentMissingError,
    ApplicationErasedError,
    ApplicationFilesMissingError,
    ApplicationNotFoundError,
    ApplicationStaleError,
    ApplicationStateError,
    ApplicationTooLongError,
    CertificateTooOldError,
    KindOfHolderError,
    NotRecommendedError,
    RepresentativesTooFewError,
    RepresentativeTwiceError,
    SameOfficerError,
    TooManyApplicationsError,
)
from app.registry.applications.rules import APPLICANT, Application, ApplicationStatus
from app.registry.calendar.refusals import CalendarYearMissingError
from app.registry.log.pen import Pen
from app.registry.parties.policy import Actor, NotAllowedError, Permission, require
from app.registry.parties.refusals import EmailTakenError, ProvinceNeededError, RoleNotOfKindError
from app.registry.parties.rules import PartyKind
from app.registry.programmes.refusals import RuleMissingError
from app.registry.provinces.rules import ProvinceNotFoundError

router: Final = APIRouter(prefix="/applications", tags=["applications"], route_class=StrictRoute)

# In whose name an applicant's acts go to the committer: all of them take turns as one client.
_NOBODY: Final = Actor(APPLICANT, APPLICANT, PartyKind.HOLDER, frozenset())

_OF_COMMITTER: Final = (QueueFullError, OutcomeUnknownError)
_OF_STEP: Final = (
    ApplicationNotFoundError,
    ApplicationStaleError,
    ApplicationStateError,
    PreconditionMissingError,
)
_OF_APPLICANT: Final = (*_OF_STEP, ApplicationTooLongError, *_OF_COMMITTER)
_OF_CONTENT: Final = (RepresentativeTwiceError, RoleNotOfKindError)
_OF_COMPLETE: Final = (
    ApplicationErasedError,
    ApplicationDocumentMissingError,
    ApplicationDocumentExpiredError,
    CertificateTooOldError,
    RepresentativesTooFewError,
    ApplicationFilesMissingError,
    RuleMissingError,
    CalendarYearMissingError,
)


async def _applicant(request: Request) -> Writer:
    # No key: a kept answer would hold the secret, and anybody could ask for it.
    return Writer(request, _NOBODY, None)


_ApplicantWrite = Annotated[Writer, Depends(_applicant)]


class ApplicationQuery(PageQuery):
    """Which applications."""

    status: ApplicationStatus | None = Field(
        None, description="Only those that stand there.", examples=["submitted"]
    )


class RenewalQuery(PageQuery):
    """Until when."""

    until: Day = Field(
        description="Whose documents expire on this day (Bangkok) or before.",
        examples=["2026-12-31"],
    )


@router.get(
    "",
    response_model=Page[ApplicationShown],
    responses=refused(NotAllowedError, CursorError),
    summary="List applications for an account",
    operation_id="list_applications",
)
async def list_applications(
    caller: Caller, query: Annotated[ApplicationQuery, Query()], reader: Reader
) -> Response:
    """List applications in the order they were begun, with the day until which TGO decides."""
    require(caller, Permission.READ_APPLICATION)
    after = decode_cursor(query.cursor, str)
    found = await store.list_applications(
        reader,
        status=query.status,
        after=None if after is None else after[0],
        limit=query.limit + 1,
    )
    return _page(found, query.limit, lambda last: (last.id,))


@router.get(
    "/renewals",
    response_model=Page[ApplicationShown],
    responses=refused(NotAllowedError, CursorError),
    summary="List parties whose documents expire",
    operation_id="list_application_renewals",
)
async def list_application_renewals(
    caller: Caller, query: Annotated[RenewalQuery, Query()], reader: Reader
) -> Response:
    """List admitted applications with a document that expires, the first to expire first."""
    require(caller, Permission.READ_APPLICATION)
    after = decode_cursor(query.cursor, str, str)
    found = await store.list_renewals(
        reader,
        until=query.until,
        after=None if after is None else (_day(after[0]), after[1]),
        limit=query.limit + 1,
    )
    return _page(found, query.limit, lambda last: (str(last.documents_expire_on), last.id))


@router.post(
    "",
    response_model=ApplicationBegun,
    status_code=201,
    responses=refused(
        KindOfHolderError,
        ProvinceNeededError,
        ProvinceNotFoundError,
        *_OF_CONTENT,
        TooManyApplicationsError,
        *_OF_COMMITTER,
    ),
    summary="Begin an application for an account",
    operation_id="begin_application",
)
async def begin_application(write: _ApplicantWrite, body: NewApplication) -> Response:
    """
    Begin to apply for an account: anybody may, without being signed in.

    The reply has a secret to come back with. Amend the draft until all documents are there, then
    submit it.
    """
    secret, digest = new_secret()
    command = operations.Begin(
        holder_kind=body.holder_kind,
        party_kind=body.party_kind,
        province_code=body.province_code,
        content=body.as_content(),
        secret_sha256=digest,
    )

    def present(application: Application) -> Reply:
        begun = ApplicationBegun(**dict(application_shown(application)), secret=secret)
        location = f"/v1/applications/{application.id}"
        return created(begun, location=location, version=application.version)

    return await write(lambda pen: operations.begin(pen, command), present)


@router.get(
    "/{application_id}",
    response_model=ApplicationInFull,
    responses=refused(ApplicationNotFoundError),
    summary="Show an application",
    operation_id="get_application",
)
async def get_application(
    request: Request,
    application_id: ApplicationId,
    visitor: Visitor,
    reader: PresentReader,
    secret: MaybeSecret = None,
) -> Response:
    """Show an application with all that was said and done, to its applicant and to TGO."""
    application = await get_readable(
        request, reader, visitor, application_id, secret=secret, what="get_application"
    )
    events = await store.list_events(reader, application_id)
    files = await store.list_files(reader, application_id)
    return show(application_in_full(application, events, files), version=application.version)


@router.put(
    "/{application_id}",
    response_model=ApplicationShown,
    responses=refused(*_OF_APPLICANT, *_OF_CONTENT),
    summary="Amend an application",
    operation_id="amend_application",
)
async def amend_application(
    write: _ApplicantWrite,
    application_id: ApplicationId,
    body: ContentBody,
    secret: Secret,
    if_match: IfMatch = None,
) -> Response:
    """Say everything anew, in a draft or while TGO waits for an answer."""
    command = OfApplicant(application_id, sha256(secret.encode()), version_of(if_match))
    content = body.as_content()
    return await write(lambda pen: operations.amend(pen, command, content), _changed)


@router.post(
    "/{application_id}/submission",
    response_model=ApplicationShown,
    responses=refused(*_OF_APPLICANT, *_OF_COMPLETE),
    summary="Submit an application",
    operation_id="submit_application",
)
async def submit_application(
    write: _ApplicantWrite, application_id: ApplicationId, secret: Secret, if_match: IfMatch = None
) -> Response:
    """Hand a complete application in; TGO's working days count from now on, until `due_on`."""
    command = OfApplicant(application_id, sha256(secret.encode()), version_of(if_match))
    return await write(lambda pen: operations.submit(pen, command), _changed)


@router.post(
    "/{application_id}/answer",
    response_model=ApplicationShown,
    responses=refused(*_OF_APPLICANT, *_OF_COMPLETE),
    summary="Answer a question of TGO",
    operation_id="answer_application",
)
async def answer_application(
    write: _ApplicantWrite,
    application_id: ApplicationId,
    body: AnswerBody,
    secret: Secret,
    if_match: IfMatch = None,
) -> Response:
    """Answer what TGO asked; the clock, which stood still, runs again."""
    command = OfApplicant(application_id, sha256(secret.encode()), version_of(if_match))
    return await write(lambda pen: operations.answer(pen, command, body.answer), _changed)


@router.post(
    "/{application_id}/withdrawal",
    response_model=ApplicationShown,
    responses=refused(*_OF_STEP, *_OF_COMMITTER),
    summary="Withdraw an application",
    operation_id="withdraw_application",
)
async def withdraw_application(
    write: _ApplicantWrite, application_id: ApplicationId, secret: Secret, if_match: IfMatch = None
) -> Response:
    """
    Take an application back for good, until a decision is recommended.

    Its files are removed as the rule `application_file_days` says.
    """
    command = OfApplicant(application_id, sha256(secret.encode()), version_of(if_match))
    return await write(lambda pen: operations.withdraw(pen, command), _changed)


@router.post(
    "/{application_id}/question",
    response_model=ApplicationShown,
    responses=refused(NotAllowedError, *_OF_STEP, RuleMissingError, CalendarYearMissingError),
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
    responses=refused(NotAllowedError, *_OF_STEP, RuleMissingError, CalendarYearMissingError),
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
        _changed,
    )


@router.post(
    "/{application_id}/decision",
    response_model=ApplicationShown,
    responses=refused(
        NotAllowedError,
        *_OF_STEP,
        SameOfficerError,
        NotRecommendedError,
        EmailTakenError,
        *_OF_COMPLETE,
    ),
    summary="Decide on an application",
    operation_id="decide_application",
)
async def decide_application(
    write: Write, application_id: ApplicationId, body: Decision, if_match: IfMatch = None
) -> Response:
    """
    Admit or refuse an applicant: an approver, who is not the one who recommended.

    Admitting makes the party and its users; a user signs in once they have a password.
    """
    command = OfOfficer(application_id, body.reason, version_of(if_match))
    return await _officers(write, command, operations.admit if body.admit else operations.refuse)


async def _officers(
    write: Writer,
    command: OfOfficer,
    act: Callable[[Pen, Actor, OfOfficer], Awaitable[Application]],
) -> Response:
    return await write(lambda pen: act(pen, write.actor, command), _changed)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CursorError from None


def _changed(application: Application) -> Reply:
    return changed(application_shown(application), version=application.version)


def _page(
    found: list[Application], limit: int, place: Callable[[Application], tuple[str, ...]]
) -> Response:
    shown, has_more = found[:limit], len(found) > limit
    return show(
        Page[ApplicationShown](
            data=[application_shown(application) for application in shown],
            next_cursor=encode_cursor(place(shown[-1])) if has_more else None,
            has_more=has_more,
        )
    )
