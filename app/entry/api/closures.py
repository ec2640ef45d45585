"""The closing of parties: for good, once the ledger has nothing of theirs."""

from typing import Final

from fastapi import APIRouter, Response

from app.entry.api.context import StrictRoute, Write
from app.entry.api.parties import PartyId, PartyShown, Reason, party_changed, with_accreditations
from app.entry.problems import refused
from app.registry.ledger.operations import close_owner
from app.registry.parties.operations import DecideOnParty
from app.registry.parties.policy import NotAllowedError
from app.registry.parties.refusals import (
    LastAdministratorError,
    PartyClosedError,
    PartyHasAccountError,
)
from app.registry.parties.rules import PartyNotFoundError

router: Final = APIRouter(prefix="/parties", tags=["parties"], route_class=StrictRoute)


@router.post(
    "/{party_id}/closure",
    response_model=PartyShown,
    responses=refused(
        NotAllowedError,
        PartyNotFoundError,
        PartyClosedError,
        PartyHasAccountError,
        LastAdministratorError,
    ),
    summary="Close a party",
    operation_id="close_party",
)
async def close_party(write: Write, party_id: PartyId, body: Reason) -> Response:
    """Let nobody act for an organisation ever again; all its accounts are closed before."""
    command = DecideOnParty(party_id=party_id, reason=body.reason)
    return await write(
        lambda pen: with_accreditations(pen, close_owner(pen, write.actor, command)), party_changed
    )
