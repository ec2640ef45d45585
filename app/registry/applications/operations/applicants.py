"""Acts of applicants: they begin, say more, hand in, answer, and may take it back."""

from dataclasses import replace

from app.kernel.ids import new_id
from app.registry.applications import rules, store
from app.registry.applications.content import Content, content_text
from app.registry.applications.operations.commands import Begin, OfApplicant
from app.registry.applications.operations.files import drop_unnamed
from app.registry.applications.operations.steps import (
    keep,
    keep_content,
    keep_event,
    record,
    require_complete,
    step,
)
from app.registry.applications.rules import (
    APPLICANT,
    BEGUN_MAX,
    Application,
    ApplicationStatus,
    Step,
)
from app.registry.log.pen import Pen, Sealed
from app.registry.parties.rules import require_province
from app.registry.provinces.store import get_province


async def begin(pen: Pen, command: Begin) -> Application:
    """
    Begin an application: anybody may.

    Raises:
        KindOfHolderError, ProvinceNeededError, ProvinceNotFoundError: as named.
        RepresentativeTwiceError, RoleNotOfKindError: its people cannot be these.
        TooManyApplicationsError: very many were begun within an hour.
    """
    rules.check_kinds(command.holder_kind, command.party_kind)
    require_province(command.party_kind, command.province_code)
    if command.province_code is not None:
        await get_province(pen.connection, command.province_code)
    rules.check_content(command.content, party_kind=command.party_kind)
    oldest = await store.find_begun_at(pen.connection, place=BEGUN_MAX)
    rules.check_rate(oldest, now=pen.now)
    application_id = new_id("apl")
    log_index = pen.record(
        by=APPLICANT,
        kind="application.begun",
        subject=application_id,
        data={
            "holder_kind": command.holder_kind.value,
            "party_kind": command.party_kind.value,
            "province_code": command.province_code,
            "content_commitment": Sealed(content_text(command.content)),
        },
    )
    application = Application(
        id=application_id,
        status=ApplicationStatus.DRAFT,
        holder_kind=command.holder_kind,
        party_kind=command.party_kind,
        province_code=command.province_code,
        secret_sha256=command.secret_sha256,
        content_log_index=log_index,
        content=command.content,
        begun_at=pen.now,
        version=1,
        documents_expire_on=rules.first_expiry(command.content),
    )
    await store.insert_application(pen.connection, application)
    await keep_content(pen, application)
    await keep_event(pen, application, None, by=APPLICANT, log_index=log_index)
    return application


async def amend(pen: Pen, command: OfApplicant, content: Content) -> Application:
    """
    Say everything anew, in a draft or where an answer is owed.

    Raises:
        ApplicationNotFoundError, ApplicationStaleError, ApplicationTooLongError: as named.
        ApplicationStateError: it is neither a draft nor asked.
        RepresentativeTwiceError, RoleNotOfKindError: its people cannot be these.
        RenewalPeopleError: it is a renewal, and names some.
    """
    application = await _own(pen, command, Step.AMEND)
    rules.check_content(content, party_kind=application.party_kind)
    if application.is_renewal:
        rules.check_no_people(content)
    data = {"content_commitment": Sealed(content_text(content))}
    changed = replace(application, content=content, documents_expire_on=rules.first_expiry(content))
    log_index = record(pen, changed, Step.AMEND, by=_by(application, command), data=data)
    changed = replace(changed, content_log_index=log_index)
    await keep_content(pen, changed)
    await drop_unnamed(pen.connection, application.id, content)
    return await keep(pen, changed, Step.AMEND, by=_by(application, command), log_index=log_index)


async def submit(pen: Pen, command: OfApplicant) -> Application:
    """
    Hand the application in, complete; from now on TGO's clock runs.

    Raises:
        ApplicationNotFoundError, ApplicationStaleError, ApplicationStateError: as named.
        ApplicationDocumentMissingError, ApplicationDocumentExpiredError, CertificateTooOldError,
            RepresentativesTooFewError: it is not complete.
        RuleMissingError, CalendarYearMissingError: TGO has not entered what is needed to tell.
    """
    application = await _own(pen, command, Step.SUBMIT)
    await require_complete(pen, application)
    changed = replace(application, submitted_at=pen.now)
    log_index = record(pen, changed, Step.SUBMIT, by=_by(application, command))
    return await keep(pen, changed, Step.SUBMIT, by=_by(application, command), log_index=log_index)


async def answer(pen: Pen, command: OfApplicant, words: str) -> Application:
    """
    Answer what was asked; the clock runs again.

    Raises:
        As `submit`: what was amended in the meantime must be complete.
    """
    application = await _own(pen, command, Step.ANSWER)
    await require_complete(pen, application)
    return await step(pen, application, Step.ANSWER, by=_by(application, command), words=words)


async def withdraw(pen: Pen, command: OfApplicant) -> Application:
    """
    Take an application back, for good; its files go as the rule says.

    Raises:
        ApplicationNotFoundError, ApplicationStaleError: as named.
        ApplicationStateError: a decision is recommended or made.
    """
    application = await _own(pen, command, Step.WITHDRAW)
    log_index = record(pen, application, Step.WITHDRAW, by=_by(application, command))
    return await keep(
        pen, application, Step.WITHDRAW, by=_by(application, command), log_index=log_index
    )


async def _own(pen: Pen, command: OfApplicant, step: Step) -> Application:
    application = await store.get_application(pen.connection, command.application_id)
    rules.require_applicant(application, command.actor, secret_sha256=command.secret_sha256)
    rules.require_version(application, expected=command.expected_version)
    if step is not Step.WITHDRAW:
        rules.require_room(application)
    rules.status_after(application, step)
    return application


def _by(application: Application, command: OfApplicant) -> str:
    """Return who acts in the log: of a renewal, the party's user; somebody has no other name."""
    if application.is_renewal:
        assert command.actor is not None
        return command.actor.user_id
    return APPLICANT
