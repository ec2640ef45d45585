"""Applications for an account: anybody applies, two officers decide."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from app.entry.acts import Reply
from app.entry.api.application_access import (
    OF_COMPLETE,
    OF_STEP,
    ApplicationId,
    MaybeSecret,
    application_changed,
    digest_of,
    dropping_bytes,
    get_readable,
)
from app.entry.api.application_shapes import (
    AnswerBody,
    ApplicationBegun,
    ApplicationInFull,
    ApplicationShown,
    ContentBody,
    NewApplication,
    application_in_full,
    application_shown,
)
from app.entry.api.context import PresentReader, Reader, StrictRoute, Writer
from app.entry.api.days import Day
from app.entry.api.wire import (
    CursorError,
    IfMatch,
    Page,
    PageQuery,
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
from app.registry.applications import operations, store
from app.registry.applications.operations import OfApplicant
from app.registry.applications.refusals import (
    ApplicationNotFoundError,
    ApplicationTooLongError,
    KindOfHolderError,
    RenewalPeopleError,
    RepresentativeTwiceError,
    TooManyApplicationsError,
)
from app.registry.applications.rules import APPLICANT, Application, ApplicationStatus
from app.registry.parties.policy import Actor, NotAllowedError, Permission, require
from app.registry.parties.refusals import ProvinceNeededError, RoleNotOfKindError
from app.registry.parties.rules import PartyKind
from app.registry.provinces.rules import ProvinceNotFoundError

router: Final = APIRouter(prefix="/applications", tags=["applications"], route_class=StrictRoute)

# In whose name an applicant's acts go to the committer: all of them take turns as one client.
_NOBODY: Final = Actor(APPLICANT, APPLICANT, PartyKind.HOLDER, frozenset())

_OF_COMMITTER: Final = (QueueFullError, OutcomeUnknownError)
_OF_APPLICANT: Final = (*OF_STEP, ApplicationTooLongError, *_OF_COMMITTER)
_OF_CONTENT: Final = (RepresentativeTwiceError, RoleNotOfKindError)


@dataclass(frozen=True, slots=True)
class _Applicant(Writer):
    """Whoever applies, signed in or not."""

    visitor: Actor | None = None

    def step(self, application_id: str, secret: str | None, if_match: str | None) -> OfApplicant:
        """Return a step on an application as it was seen."""
        return OfApplicant(application_id, digest_of(secret), version_of(if_match), self.visitor)


async def _anybody(request: Request) -> Writer:
    # No key: a kept answer would hold the secret, and anybody could ask for it.
    return Writer(request, _NOBODY, None)


async def _applicant(request: Request, visitor: Visitor) -> _Applicant:
    return _Applicant(request, visitor or _NOBODY, None, visitor)


_AnybodyWrite = Annotated[Writer, Depends(_anybody)]
_ApplicantWrite = Annotated[_Applicant, Depends(_applicant)]


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
    """
    List the parties with a document that expires, the first to expire first.

    Each with the application or renewal whose documents hold; former ones are left out.
    """
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
async def begin_application(write: _AnybodyWrite, body: NewApplication) -> Response:
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
    """
    Show an application with all that was said and done, to its applicant and to TGO.

    A renewal is shown to who may begin one for the party.
    """
    application = await get_readable(
        request, reader, visitor, application_id, secret=secret, what="get_application"
    )
    events = await store.list_events(reader, application_id)
    files = await store.list_files(reader, application_id)
    return show(application_in_full(application, events, files), version=application.version)


@router.put(
    "/{application_id}",
    response_model=ApplicationShown,
    responses=refused(*_OF_APPLICANT, *_OF_CONTENT, RenewalPeopleError),
    summary="Amend an application",
    operation_id="amend_application",
)
async def amend_application(
    request: Request,
    write: _ApplicantWrite,
    application_id: ApplicationId,
    body: ContentBody,
    if_match: IfMatch = None,
    secret: MaybeSecret = None,
) -> Response:
    """Say everything anew, in a draft or while TGO waits for an answer."""
    command = write.step(application_id, secret, if_match)
    content = body.as_content()
    async with dropping_bytes(request, application_id):
        return await write(lambda pen: operations.amend(pen, command, content), application_changed)


@router.post(
    "/{application_id}/submission",
    response_model=ApplicationShown,
    responses=refused(*_OF_APPLICANT, *OF_COMPLETE),
    summary="Submit an application",
    operation_id="submit_application",
)
async def submit_application(
    write: _ApplicantWrite,
    application_id: ApplicationId,
    if_match: IfMatch = None,
    secret: MaybeSecret = None,
) -> Response:
    """Hand a complete application in; TGO's working days count from now on, until `due_on`."""
    command = write.step(application_id, secret, if_match)
    return await write(lambda pen: operations.submit(pen, command), application_changed)


@router.post(
    "/{application_id}/answer",
    response_model=ApplicationShown,
    responses=refused(*_OF_APPLICANT, *OF_COMPLETE),
    summary="Answer a question of TGO",
    operation_id="answer_application",
)
async def answer_application(
    write: _ApplicantWrite,
    application_id: ApplicationId,
    body: AnswerBody,
    if_match: IfMatch = None,
    secret: MaybeSecret = None,
) -> Response:
    """Answer what TGO asked; the clock, which stood still, runs again."""
    command = write.step(application_id, secret, if_match)
    return await write(
        lambda pen: operations.answer(pen, command, body.answer), application_changed
    )


@router.post(
    "/{application_id}/withdrawal",
    response_model=ApplicationShown,
    responses=refused(*OF_STEP, *_OF_COMMITTER),
    summary="Withdraw an application",
    operation_id="withdraw_application",
)
async def withdraw_application(
    write: _ApplicantWrite,
    application_id: ApplicationId,
    if_match: IfMatch = None,
    secret: MaybeSecret = None,
) -> Response:
    """
    Take an application back for good, until a decision is recommended.

    Its files are removed as the rule `application_file_days` says.
    """
    command = write.step(application_id, secret, if_match)
    return await write(lambda pen: operations.withdraw(pen, command), application_changed)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CursorError from None


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
