"""Renewals: begun by those who act for a party, decided like an application for an account."""

from dataclasses import replace

from app.kernel.ids import new_id
from app.registry.applications import rules, store
from app.registry.applications.content import content_text
from app.registry.applications.operations.commands import BeginRenewal, OfOfficer
from app.registry.applications.operations.steps import keep, keep_content, keep_event, record
from app.registry.applications.refusals import RenewalOpenError
from app.registry.applications.rules import (
    Application,
    ApplicationKind,
    ApplicationStatus,
    Step,
)
from app.registry.log.pen import Pen, Sealed
from app.registry.parties.policy import Actor, Permission, require
from app.registry.parties.refusals import PartyClosedError
from app.registry.parties.rules import Party
from app.registry.parties.store import get_party


async def begin_renewal(pen: Pen, actor: Actor, command: BeginRenewal) -> Application:
    """
    Begin to renew the documents of a party; those it has hold until another officer's decision.

    Raises:
        NotAllowedError: the actor neither initiates nor approves for the party.
        PartyNotFoundError, PartyClosedError: as named.
        KindOfHolderError: the party is no holder of this kind.
        RenewalPeopleError: it names people.
        RenewalOpenError: another one is not decided yet.
    """
    require(actor, Permission.RENEW_PARTY, owner_ids=(command.party_id,))
    party = await _renewable(pen, command)
    application_id = new_id("apl")
    log_index = pen.record(
        by=actor.user_id,
        kind="application.renewal_begun",
        subject=application_id,
        data={
            "party_id": party.id,
            "holder_kind": command.holder_kind.value,
            "content_commitment": Sealed(content_text(command.content)),
        },
    )
    renewal = Application(
        id=application_id,
        status=ApplicationStatus.DRAFT,
        holder_kind=command.holder_kind,
        party_kind=party.kind,
        province_code=party.province_code,
        secret_sha256=None,
        content_log_index=log_index,
        content=command.content,
        begun_at=pen.now,
        version=1,
        documents_expire_on=rules.first_expiry(command.content),
        party_id=party.id,
        kind=ApplicationKind.RENEWAL,
    )
    await store.insert_application(pen.connection, renewal)
    await keep_content(pen, renewal)
    await keep_event(pen, renewal, None, by=actor.user_id, log_index=log_index)
    return renewal


async def _renewable(pen: Pen, command: BeginRenewal) -> Party:
    party = await get_party(pen.connection, command.party_id)
    if party.closed_at is not None:
        raise PartyClosedError
    current = await store.find_current(pen.connection, party.id)
    known = None if current is None else current.holder_kind
    rules.check_renewing(command.holder_kind, party.kind, known)
    rules.check_no_people(command.content)
    if await store.find_open_renewal(pen.connection, party.id) is not None:
        raise RenewalOpenError
    return party


async def renew(pen: Pen, actor: Actor, command: OfOfficer, renewal: Application) -> Application:
    """Let the documents of a renewal be the party's, in place of those it had; nothing else."""
    assert renewal.party_id is not None
    decided = replace(renewal, decided_by=actor.user_id)
    log_index = record(
        pen,
        decided,
        Step.ADMIT,
        by=actor.user_id,
        data={"party_id": renewal.party_id, "reason_commitment": Sealed(command.reason)},
    )
    await store.update_superseded(pen.connection, renewal.party_id)
    return await keep(
        pen, decided, Step.ADMIT, by=actor.user_id, log_index=log_index, words=command.reason
    )
