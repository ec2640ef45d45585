"""Acts on parties: admit, rename, suspend, reinstate, accredit."""

from dataclasses import dataclass, replace
from datetime import date

from app.kernel.ids import new_id
from app.registry.log.pen import Pen
from app.registry.parties import rules, store
from app.registry.parties.operations.history import record
from app.registry.parties.policy import Actor, Permission, require
from app.registry.parties.refusals import (
    AccreditationNotFoundError,
    LastAdministratorError,
    PartyClosedError,
    PartyHasAccountError,
    StatusUnchangedError,
)
from app.registry.parties.rules import Accreditation, Party, PartyKind, Status
from app.registry.provinces.store import get_province


@dataclass(frozen=True, slots=True)
class AdmitParty:
    """Take an organisation into the register."""

    kind: PartyKind
    name_th: str
    name_en: str
    province_code: str | None = None


@dataclass(frozen=True, slots=True)
class RenameParty:
    """Correct a party's names."""

    party_id: str
    name_th: str | None  # None: stays as it is
    name_en: str | None
    expected_version: int


@dataclass(frozen=True, slots=True)
class DecideOnParty:
    """Suspend or reinstate a party, and why."""

    party_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Accredit:
    """Accredit a VVB in sectoral scopes."""

    party_id: str
    sectoral_scopes: frozenset[int]
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class EndAccreditation:
    """Give an accreditation an earlier last day."""

    party_id: str
    sectoral_scope: int
    last_day: date
    reason: str


async def admit_party(pen: Pen, actor: Actor, command: AdmitParty) -> Party:
    """
    Take an organisation into the register.

    Raises:
        NotAllowedError: the actor is no administrator.
        ProvinceNeededError: a province or municipality without a province.
        ProvinceNotFoundError: there is no province with this code.
    """
    require(actor, Permission.ADMIT_PARTY)
    rules.require_province(command.kind, command.province_code)
    if command.province_code is not None:
        await get_province(pen.connection, command.province_code)
    return await insert_admitted(pen, command, by=actor.user_id)


async def rename_party(pen: Pen, actor: Actor, command: RenameParty) -> Party:
    """
    Correct a party's names.

    Raises:
        NotAllowedError: the actor is no administrator.
        PartyNotFoundError: there is no such party.
        PartyStaleError: it was changed since it was read.
    """
    require(actor, Permission.ADMIT_PARTY)
    party = await store.get_party(pen.connection, command.party_id)
    rules.require_version(party.version, expected=command.expected_version)
    renamed = replace(
        party,
        name_th=command.name_th or party.name_th,
        name_en=command.name_en or party.name_en,
        version=party.version + 1,
    )
    await store.update_party(pen.connection, renamed)
    names = {"name_th": renamed.name_th, "name_en": renamed.name_en}
    await record(pen, "party.renamed", by=actor.user_id, about=renamed, data=names)
    return renamed


async def suspend_party(pen: Pen, actor: Actor, command: DecideOnParty) -> Party:
    """
    Let nobody act for a party until it is reinstated.

    Raises:
        NotAllowedError: the actor is no administrator.
        PartyNotFoundError: there is no such party.
        StatusUnchangedError: it is suspended already.
        LastAdministratorError: nobody could reinstate it.
    """
    require(actor, Permission.ADMIT_PARTY)
    party = await store.get_party(pen.connection, command.party_id)
    if party.kind is PartyKind.AUTHORITY and not await store.find_administrator(
        pen.connection, besides_party_id=party.id
    ):
        raise LastAdministratorError
    return await _set_party_status(pen, actor, party, Status.SUSPENDED, why=command.reason)


async def reinstate_party(pen: Pen, actor: Actor, command: DecideOnParty) -> Party:
    """
    Let a suspended party's users act again.

    Raises:
        NotAllowedError: the actor is no administrator.
        PartyNotFoundError: there is no such party.
        PartyClosedError: it was closed.
        StatusUnchangedError: it is not suspended.
    """
    require(actor, Permission.ADMIT_PARTY)
    party = await store.get_party(pen.connection, command.party_id)
    if party.closed_at is not None:
        raise PartyClosedError
    return await _set_party_status(pen, actor, party, Status.ACTIVE, why=command.reason)


async def close_party(
    pen: Pen, actor: Actor, command: DecideOnParty, *, has_open_account: bool
) -> Party:
    """
    Let nobody act for a party ever again.

    Args:
        pen: what to write with.
        actor: who closes it.
        command: which party, and why.
        has_open_account: what the ledger knows; ``close_owner`` there asks it.

    Raises:
        NotAllowedError: the actor is no administrator.
        PartyNotFoundError: there is no such party.
        PartyClosedError: it is closed already.
        PartyHasAccountError: it has an open account, with or without credits.
        LastAdministratorError: nobody would be left to run the register.
    """
    require(actor, Permission.ADMIT_PARTY)
    party = await store.get_party(pen.connection, command.party_id)
    if party.closed_at is not None:
        raise PartyClosedError
    if has_open_account:
        raise PartyHasAccountError(party_id=party.id)
    if not await store.find_administrator(pen.connection, besides_party_id=party.id):
        raise LastAdministratorError
    closed = replace(party, status=Status.SUSPENDED, closed_at=pen.now, version=party.version + 1)
    await store.update_party(pen.connection, closed)
    await record(pen, "party.closed", by=actor.user_id, about=closed, data={}, why=command.reason)
    return closed


async def accredit(pen: Pen, actor: Actor, command: Accredit) -> Party:
    """
    Accredit a VVB in sectoral scopes.

    Raises:
        NotAllowedError: the actor is no administrator.
        PartyNotFoundError: there is no such party.
        NotAVvbError: the party is of another kind.
        AccreditationReversedError: the last day is before the first.
        AccreditationOverlapError: it is accredited in one of the scopes on some of these days.
    """
    require(actor, Permission.ADMIT_PARTY)
    party = await store.get_party(pen.connection, command.party_id)
    held = await store.list_accreditations(pen.connection, party.id)
    wanted = [
        Accreditation(scope, command.valid_from, command.valid_to)
        for scope in sorted(command.sectoral_scopes)
    ]
    rules.require_accreditable(party, held, wanted)
    accredited = replace(party, version=party.version + 1)
    await store.update_party(pen.connection, accredited)
    log_index = await record(
        pen,
        "party.accredited",
        by=actor.user_id,
        about=accredited,
        data={
            "sectoral_scopes": sorted(command.sectoral_scopes),
            "valid_from": command.valid_from.isoformat(),
            "valid_to": None if command.valid_to is None else command.valid_to.isoformat(),
        },
    )
    await store.insert_accreditations(
        pen.connection, wanted, party_id=party.id, log_index=log_index
    )
    return accredited


async def end_accreditation(pen: Pen, actor: Actor, command: EndAccreditation) -> Party:
    """
    Give the accreditation that covers a day this day as its last.

    Raises:
        NotAllowedError: the actor is no administrator.
        PartyNotFoundError: there is no such party.
        AccreditationNotFoundError: none in this scope covers the day.
    """
    require(actor, Permission.ADMIT_PARTY)
    party = await store.get_party(pen.connection, command.party_id)
    for held in await store.list_accreditations(pen.connection, party.id):
        if held.sectoral_scope == command.sectoral_scope and held.covers(command.last_day):
            break
    else:
        raise AccreditationNotFoundError(party_id=party.id)
    ended = replace(party, version=party.version + 1)
    await store.update_party(pen.connection, ended)
    await store.update_accreditation_end(
        pen.connection, held, party_id=party.id, valid_to=command.last_day
    )
    await record(
        pen,
        "party.accreditation_ended",
        by=actor.user_id,
        about=ended,
        data={
            "sectoral_scope": held.sectoral_scope,
            "valid_from": held.valid_from.isoformat(),
            "valid_to": command.last_day.isoformat(),
        },
        why=command.reason,
    )
    return ended


async def insert_admitted(
    pen: Pen,
    command: AdmitParty,
    *,
    by: str,
    party_id: str | None = None,
    representatives_min: int | None = None,
) -> Party:
    """Write a party that may be admitted, whoever admits it."""
    party = Party(
        id=party_id or new_id("pty"),
        kind=command.kind,
        name_th=command.name_th,
        name_en=command.name_en,
        province_code=command.province_code,
        status=Status.ACTIVE,
        version=1,
        representatives_min=representatives_min,
    )
    await store.insert_party(pen.connection, party, now=pen.now)
    data = {
        "kind": party.kind.value,
        "name_th": party.name_th,
        "name_en": party.name_en,
        "province_code": party.province_code,
    }
    await record(pen, "party.admitted", by=by, about=party, data=data)
    return party


async def _set_party_status(
    pen: Pen, actor: Actor, party: Party, status: Status, *, why: str
) -> Party:
    if party.status is status:
        raise StatusUnchangedError(status=status.value)
    changed = replace(party, status=status, version=party.version + 1)
    await store.update_party(pen.connection, changed)
    kind = "party.suspended" if status is Status.SUSPENDED else "party.reinstated"
    await record(pen, kind, by=actor.user_id, about=changed, data={}, why=why)
    return changed
