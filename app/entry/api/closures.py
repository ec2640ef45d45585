"""Parties that go: suspended until they are reinstated, or closed for good."""

from typing import Final

from fastapi import APIRouter, Response

from app.entry.api.context import StrictRoute, Write
from app.entry.api.parties import PartyId, PartyShown, Reason, party_changed, with_accreditations
from app.entry.problems import refused
from app.registry.pairs import operations as acts
from app.registry.pairs.refusals import TooFewPeopleError
from app.registry.parties import operations
from app.registry.parties.operations import DecideOnParty
from app.registry.parties.policy import NotAllowedError
from app.registry.parties.refusals import (
    LastAdministratorError,
    PartyClosedError,
    PartyHasAccountError,
    StatusUnchangedError,
)
from app.registry.parties.rules import PartyNotFoundError

router: Final = APIRouter(prefix="/parties", tags=["parties"], route_class=StrictRoute)


@router.post(
    "/{party_id}/suspension",
    response_model=PartyShown,
    responses=refused(
        NotAllowedError,
        PartyNotFoundError,
        StatusUnchangedError,
        LastAdministratorError,
        TooFewPeopleError,
    ),
    summary="Suspend a party",
    operation_id="suspend_party",
)
async def suspend_party(write: Write, party_id: PartyId, body: Reason) -> Response:
    """Let nobody act for an organisation until it is reinstated; felt within one second."""
    command = DecideOnParty(party_id=party_id, reason=body.reason)
    return await write(
        lambda pen: with_accreditations(pen, acts.suspend_party(pen, write.actor, command)),
        party_changed,
    )


@router.post(
    "/{party_id}/reinstatement",
    response_model=PartyShown,
    responses=refused(NotAllowedError, PartyNotFoundError, PartyClosedError, StatusUnchangedError),
    summary="Reinstate a party",
    operation_id="reinstate_party",
)
async def reinstate_party(write: Write, party_id: PartyId, body: Reason) -> Response:
    """Let the users of a suspended organisation act again. Administrators only."""
    command = DecideOnParty(party_id=party_id, reason=body.reason)
    return await write(
        lambda pen: with_accreditations(pen, operations.reinstate_party(pen, write.actor, command)),
        party_changed,
    )


@router.post(
    "/{party_id}/closure",
    response_model=PartyShown,
    responses=refused(
        NotAllowedError,
        PartyNotFoundError,
        PartyClosedError,
        PartyHasAccountError,
        LastAdministratorError,
        TooFewPeopleError,
    ),
    summary="Close a party",
    operation_id="close_party",
)
async def close_party(write: Write, party_id: PartyId, body: Reason) -> Response:
    """Let nobody act for an organisation ever again; all its accounts are closed before."""
    command = DecideOnParty(party_id=party_id, reason=body.reason)
    return await write(
        lambda pen: with_accreditations(pen, acts.close_party(pen, write.actor, command)),
        party_changed,
    )
