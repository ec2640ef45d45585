"""Acts on applications: the applicant's, and those of the officers who decide."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from app.kernel.clock import bangkok_date
from app.kernel.ids import new_id
from app.registry.applications import rules, store
from app.registry.applications.content import Content, content_text
from app.registry.applications.operations.commands import Begin, OfApplicant, OfOfficer
from app.registry.applications.operations.files import drop_unnamed, require_files
from app.registry.applications.refusals import ApplicationErasedError
from app.registry.applications.rules import (
    APPLICANT,
    BEGUN_MAX,
    RUNNING,
    Application,
    ApplicationStatus,
    Event,
    HolderKind,
    Step,
)
from app.registry.calendar.rules import due_on
from app.registry.calendar.store import find_day
from app.registry.log.pen import Pen, Sealed
from app.registry.parties import operations as parties
from app.registry.parties.operations import AddUser, AdmitApplicant, AdmitParty
from app.registry.parties.policy import Actor, Permission, require
from app.registry.parties.rules import require_province
from app.registry.programmes.rules import RuleKey, RuleValue, is_yes, list_of, whole_of
from app.registry.programmes.store import find_rule, get_rule
from app.registry.provinces.store import get_province

_KINDS = {
    Step.AMEND: "application.amended",
    Step.SUBMIT: "application.submitted",
    Step.ASK: "application.asked",
    Step.ANSWER: "application.answered",
    Step.RECOMMEND: "application.recommended",
    Step.ADMIT: "application.admitted",
    Step.REFUSE: "application.refused",
    Step.WITHDRAW: "application.withdrawn",
}


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
    oldest = await store.find_draft_begun_at(pen.connection, place=BEGUN_MAX)
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
    await _keep_content(pen, application)
    await _keep_event(pen, application, None, by=APPLICANT, log_index=log_index)
    return application


async def amend(pen: Pen, command: OfApplicant, content: Content) -> Application:
    """
    Say everything anew, in a draft or where an answer is owed.

    Raises:
        ApplicationNotFoundError, ApplicationStaleError, ApplicationTooLongError: as named.
        ApplicationStateError: it is neither a draft nor asked.
        RepresentativeTwiceError, RoleNotOfKindError: its people cannot be these.
    """
    application = await _own(pen, command, Step.AMEND)
    rules.check_content(content, party_kind=application.party_kind)
    data = {"content_commitment": Sealed(content_text(content))}
    changed = replace(application, content=content, documents_expire_on=rules.first_expiry(content))
    log_index = _record(pen, changed, Step.AMEND, by=APPLICANT, data=data)
    changed = replace(changed, content_log_index=log_index)
    await _keep_content(pen, changed)
    await drop_unnamed(pen.connection, application.id, content)
    return await _keep(pen, changed, Step.AMEND, by=APPLICANT, log_index=log_index)


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
    await _require_complete(pen, application)
    changed = replace(application, submitted_at=pen.now)
    log_index = _record(pen, changed, Step.SUBMIT, by=APPLICANT)
    return await _keep(pen, changed, Step.SUBMIT, by=APPLICANT, log_index=log_index)


async def answer(pen: Pen, command: OfApplicant, words: str) -> Application:
    """
    Answer what was asked; the clock runs again.

    Raises:
        As `submit`: what was amended in the meantime must be complete.
    """
    application = await _own(pen, command, Step.ANSWER)
    await _require_complete(pen, application)
    return await _step(pen, application, Step.ANSWER, by=APPLICANT, words=words)


async def withdraw(pen: Pen, command: OfApplicant) -> Application:
    """
    Take an application back, for good; its files go as the rule says.

    Raises:
        ApplicationNotFoundError, ApplicationStaleError: as named.
        ApplicationStateError: a decision is recommended or made.
    """
    application = await _own(pen, command, Step.WITHDRAW)
    log_index = _record(pen, application, Step.WITHDRAW, by=APPLICANT)
    return await _keep(pen, application, Step.WITHDRAW, by=APPLICANT, log_index=log_index)


async def ask(pen: Pen, actor: Actor, command: OfOfficer) -> Application:
    """
    Ask the applicant something; the clock stands still until they answer.

    Raises:
        NotAllowedError: the actor is no officer.
        ApplicationNotFoundError, ApplicationStaleError, ApplicationStateError: as named.
    """
    application = await _at_desk(pen, actor, command, Permission.REVIEW_APPLICATION)
    return await _step(pen, application, Step.ASK, by=actor.user_id, words=command.reason)


async def recommend(
    pen: Pen, actor: Actor, command: OfOfficer, *, is_favourable: bool
) -> Application:
    """
    Recommend to admit or to refuse the applicant.

    Raises:
        NotAllowedError: the actor is no officer.
        ApplicationNotFoundError, ApplicationStaleError, ApplicationStateError: as named.
    """
    application = await _at_desk(pen, actor, command, Permission.REVIEW_APPLICATION)
    advised = replace(application, recommended_by=actor.user_id, is_favourable=is_favourable)
    told = {"is_favourable": is_favourable}
    return await _step(
        pen, advised, Step.RECOMMEND, by=actor.user_id, words=command.reason, told=told
    )


async def refuse(pen: Pen, actor: Actor, command: OfOfficer) -> Application:
    """
    Refuse the applicant, whatever was recommended.

    Raises:
        NotAllowedError: the actor is no approver.
        SameOfficerError: the actor recommended it.
        ApplicationNotFoundError, ApplicationStaleError, ApplicationStateError: as named.
    """
    application = await _at_desk(pen, actor, command, Permission.DECIDE_APPLICATION)
    rules.status_after(application, Step.REFUSE)
    rules.check_decision(application, decided_by=actor.user_id, admit=False)
    decided = replace(application, decided_by=actor.user_id)
    return await _step(pen, decided, Step.REFUSE, by=actor.user_id, words=command.reason)


async def admit(pen: Pen, actor: Actor, command: OfOfficer) -> Application:
    """
    Let the applicant in: the party and its representatives come into being.

    Raises:
        NotAllowedError: the actor is no approver.
        SameOfficerError: the actor recommended it.
        NotRecommendedError: nobody else wants it.
        EmailTakenError: a representative's address belongs to a user.
        ApplicationErasedError: nobody knows any more who it was.
        ApplicationNotFoundError, ApplicationStaleError, ApplicationStateError: as named.
        As `submit`: documents that have expired since, or rules that have changed.
    """
    application = await _at_desk(pen, actor, command, Permission.DECIDE_APPLICATION)
    rules.status_after(application, Step.ADMIT)
    rules.check_decision(application, decided_by=actor.user_id, admit=True)
    least = await _require_complete(pen, application)
    admission = _admission(application, least=least)
    decided = replace(application, decided_by=actor.user_id, party_id=admission.party_id)
    told = {
        "party_id": admission.party_id,
        "user_ids": [user_id for user_id, _ in admission.people],
        "representatives_min": admission.representatives_min,
    }
    log_index = _record(
        pen,
        decided,
        Step.ADMIT,
        by=actor.user_id,
        data={**told, "reason_commitment": Sealed(command.reason)},
    )
    await parties.admit_applicant(pen, admission, by=actor.user_id)
    return await _keep(
        pen, decided, Step.ADMIT, by=actor.user_id, log_index=log_index, words=command.reason
    )


def _admission(application: Application, *, least: int) -> AdmitApplicant:
    content = _said(application)
    is_person = application.holder_kind is HolderKind.NATURAL_PERSON
    names = rules.NATURAL_PERSON_NAMES if is_person else (content.name_th, content.name_en)
    party_id = new_id("pty")
    people = tuple(
        (new_id("usr"), AddUser(party_id, person.email, person.display_name, person.roles))
        for person in content.representatives
    )
    return AdmitApplicant(
        party_id=party_id,
        party=AdmitParty(application.party_kind, *names, application.province_code),
        representatives_min=None if is_person else max(2, least),
        people=people,
    )


def _said(application: Application) -> Content:
    if application.content is None:
        raise ApplicationErasedError
    return application.content


async def _own(pen: Pen, command: OfApplicant, step: Step) -> Application:
    application = await store.get_application(pen.connection, command.application_id)
    rules.require_secret(application, command.secret_sha256)
    rules.require_version(application, expected=command.expected_version)
    if step is not Step.WITHDRAW:
        rules.require_room(application)
    rules.status_after(application, step)
    return application


async def _at_desk(
    pen: Pen, actor: Actor, command: OfOfficer, permission: Permission
) -> Application:
    require(actor, permission)
    application = await store.get_application(pen.connection, command.application_id)
    rules.require_version(application, expected=command.expected_version)
    return application


async def _require_complete(pen: Pen, application: Application) -> int:
    """Refuse an application that is not complete today; returns how many people it takes."""
    content = _said(application)
    today = bangkok_date(pen.now)
    required = list_of(await _rule(pen, rules.REQUIRED[application.holder_kind], today))
    months_max = whole_of(await _rule(pen, RuleKey.CERTIFICATE_MONTHS, today))
    rules.check_complete(content, required=required, months_max=months_max, today=today)
    least = whole_of(await _rule(pen, RuleKey.REPRESENTATIVES_MIN, today))
    rules.check_representatives(
        content.representatives, holder_kind=application.holder_kind, least=least
    )
    # A register that was founded before this rule goes on without files.
    wanted = await find_rule(
        pen.connection, programme_code=None, key=RuleKey.APPLICATION_FILES_REQUIRED, on=today
    )
    if wanted is not None and is_yes(wanted):
        await require_files(pen.connection, application)
    return least


async def _rule(pen: Pen, key: RuleKey, on: date) -> RuleValue:
    return await get_rule(pen.connection, programme_code=None, key=key, on=on)


async def _step(
    pen: Pen,
    application: Application,
    step: Step,
    *,
    by: str,
    words: str,
    told: Mapping[str, object] | None = None,
) -> Application:
    data = {**(told or {}), "reason_commitment": Sealed(words)}
    log_index = _record(pen, application, step, by=by, data=data)
    return await _keep(pen, application, step, by=by, log_index=log_index, words=words)


def _record(
    pen: Pen,
    application: Application,
    step: Step,
    *,
    by: str,
    data: Mapping[str, object] | None = None,
) -> int:
    rules.status_after(application, step)
    told = {"version": application.version + 1, **(data or {})}
    return pen.record(by=by, kind=_KINDS[step], subject=application.id, data=told)


async def _keep(
    pen: Pen,
    application: Application,
    step: Step,
    *,
    by: str,
    log_index: int,
    words: str | None = None,
) -> Application:
    """Write where the application stands after a step, with the day on which a decision is due."""
    stands = replace(
        application,
        status=rules.status_after(application, step),
        version=application.version + 1,
    )
    await _keep_event(pen, stands, step, by=by, log_index=log_index, words=words)
    stands = replace(stands, due_on=await _due_on(pen, stands))
    await store.update_application(pen.connection, stands)
    return stands


async def _due_on(pen: Pen, application: Application) -> date | None:
    if application.status not in RUNNING:
        return None
    assert application.submitted_at is not None
    began_at = application.submitted_at
    first = bangkok_date(began_at)
    count = whole_of(await _rule(pen, RuleKey.ACCOUNT_OPENING_DAYS, first))
    stops = rules.stops_of(await store.list_events(pen.connection, application.id))
    return await find_day(pen.connection, first, lambda free: due_on(began_at, stops, count, free))


async def _keep_content(pen: Pen, application: Application) -> None:
    await store.insert_content(
        pen.connection,
        _said(application),
        application_id=application.id,
        log_index=application.content_log_index,
    )


async def _keep_event(
    pen: Pen,
    application: Application,
    step: Step | None,
    *,
    by: str,
    log_index: int,
    words: str | None = None,
) -> None:
    event = Event(
        log_index=log_index,
        application_id=application.id,
        step=step,
        to_status=application.status,
        by=by,
        reason=words,
        recorded_at=pen.now,
    )
    await store.insert_event(pen.connection, event)
