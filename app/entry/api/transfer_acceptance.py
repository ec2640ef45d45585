"""The receiver's word on transfers that wait for it."""

from typing import Final

from fastapi import APIRouter, Response

from app.entry.api.context import IdempotencyKeyMissingError, StrictRoute, WriteCredits
from app.entry.api.transfer_proposals import ApprovalBody, ProposalPath, ProposalShown
from app.entry.api.wire import changed
from app.entry.problems import refused
from app.registry.ledger.refusals import AccountClosedError, AccountNotFoundError
from app.registry.parties.policy import NotAllowedError
from app.registry.transfers import operations
from app.registry.transfers import refusals as why

router = APIRouter(prefix="/transfer-proposals", tags=["transfers"], route_class=StrictRoute)

_ANSWERING: Final = (
    NotAllowedError,
    AccountNotFoundError,
    AccountClosedError,
    why.ProposalNotFoundError,
    why.AcceptanceNotAwaitedError,
    why.AcceptanceLateError,
    IdempotencyKeyMissingError,
)


@router.post(
    "/{proposal_id}/acceptance",
    response_model=ProposalShown,
    operation_id="accept_transfer",
    summary="Accept a transfer that waits for you",
    responses=refused(*_ANSWERING, why.DigestDiffersError),
)
async def accept_transfer(
    proposal_id: ProposalPath, body: ApprovalBody, write: WriteCredits
) -> Response:
    """Accept what is on its way to your account, where it asks to accept what others send."""
    return await write(
        lambda pen: operations.accept(
            pen, write.actor, proposal_id=proposal_id, digest=body.digest
        ),
        lambda proposal: changed(ProposalShown.of(proposal)),
    )


@router.post(
    "/{proposal_id}/refusal",
    response_model=ProposalShown,
    operation_id="decline_transfer",
    summary="Decline a transfer that waits for you",
    responses=refused(*_ANSWERING),
)
async def decline_transfer(proposal_id: ProposalPath, write: WriteCredits) -> Response:
    """Decline what is on its way to your account: its credits go back to the sender at once."""
    return await write(
        lambda pen: operations.decline(pen, write.actor, proposal_id),
        lambda proposal: changed(ProposalShown.of(proposal)),
    )
