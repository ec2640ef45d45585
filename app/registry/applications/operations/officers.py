"""Acts of officers on applications: they ask, recommend, and another one decides."""

from dataclasses import replace

from app.kernel.ids import new_id
from app.registry.applications import rules, store
from app.registry.applications.operations.commands import OfOfficer
from app.registry.applications.operations.renewals import renew
from app.registry.applications.operations.steps import keep, record, require_complete, said, step
from app.registry.applications.rules import Application, HolderKind, Step
from app.registry.log.pen import Pen, Sealed
from app.registry.parties import operations as parties
from app.registry.parties.operations import AddUser, AdmitApplicant, AdmitParty
from app.registry.parties.policy import Actor, Permission, require


async def ask(pen: Pen, actor: Actor, command: OfOfficer) -> Application:
    """
    Ask the applicant something; the clock stands still until they answer.

    Raises:
        NotAllowedError: the actor is no officer.
        ApplicationNotFoundError, ApplicationStaleError, ApplicationStateError: as named.
    """
    application = await _at_desk(pen, actor, command, Permission.REVIEW_APPLICATION)
    return await step(pen, application, Step.ASK, by=actor.user_id, words=command.reason)


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
    return await step(
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
    return await step(pen, decided, Step.REFUSE, by=actor.user_id, words=command.reason)


async def admit(pen: Pen, actor: Actor, command: OfOfficer) -> Application:
    """
    Let the applicant in: the party and its representatives come into being.

    Of a renewal nothing comes but that its documents are the party's from now on.

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
    least = await require_complete(pen, application)
    if application.is_renewal:
        return await renew(pen, actor, command, application)
    admission = _admission(application, least=least)
    decided = replace(application, decided_by=actor.user_id, party_id=admission.party_id)
    told = {
        "party_id": admission.party_id,
        "user_ids": [user_id for user_id, _ in admission.people],
        "representatives_min": admission.representatives_min,
    }
    log_index = record(
        pen,
        decided,
        Step.ADMIT,
        by=actor.user_id,
        data={**told, "reason_commitment": Sealed(command.reason)},
    )
    await parties.admit_applicant(pen, admission, by=actor.user_id)
    return await keep(
        pen, decided, Step.ADMIT, by=actor.user_id, log_index=log_index, words=command.reason
    )


def _admission(application: Application, *, least: int) -> AdmitApplicant:
    content = said(application)
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


async def _at_desk(
    pen: Pen, actor: Actor, command: OfOfficer, permission: Permission
) -> Application:
    require(actor, permission)
    application = await store.get_application(pen.connection, command.application_id)
    rules.require_version(application, expected=command.expected_version)
    return application
