"""Acts on trusted lists, with the dated rules that say when they count."""

from app.registry.ledger import operations as ledger
from app.registry.ledger.operations import ApproveTrust, ProposeTrust
from app.registry.ledger.serials import account_number
from app.registry.ledger.terms import TrustedAccount
from app.registry.log.pen import Pen
from app.registry.parties.policy import Actor
from app.registry.programmes.operations import require_confirmation
from app.registry.programmes.rules import ConfirmedAct
from app.registry.transfers.operations.terms import get_activation, get_expiry


async def propose_trust(
    pen: Pen, actor: Actor, *, account_id: int, trusted_id: int
) -> TrustedAccount:
    """
    Propose an account for the trusted list of another, to be approved in time.

    Raises:
        As `app.registry.ledger.operations.propose_trust`; RuleMissingError: no time is set;
        ConfirmationNeededError, PersonNeededError: it takes a fresh second factor.
    """
    expires_at = await get_expiry(pen.connection, pen.now)
    entry = await ledger.propose_trust(pen, actor, ProposeTrust(account_id, trusted_id, expires_at))
    await require_confirmation(pen, actor, ConfirmedAct.TRUST_PROPOSAL, _accounts(entry))
    return entry


async def approve_trust(
    pen: Pen, actor: Actor, *, account_id: int, entry_id: str
) -> TrustedAccount:
    """
    Approve an entry of a trusted list; it is trusted some working days later.

    Raises:
        As `app.registry.ledger.operations.approve_trust`; RuleMissingError,
        CalendarYearMissingError: it cannot be told from when on it is trusted;
        ConfirmationNeededError, PersonNeededError: it takes a fresh second factor.
    """
    active_from = await get_activation(pen.connection, pen.now)
    entry = await ledger.approve_trust(pen, actor, ApproveTrust(account_id, entry_id, active_from))
    confirmed = {"entry": entry.id, **_accounts(entry)}
    await require_confirmation(pen, actor, ConfirmedAct.TRUST_APPROVAL, confirmed)
    return entry


def _accounts(entry: TrustedAccount) -> dict[str, object]:
    return {
        "account": account_number(entry.account_id),
        "trusted": account_number(entry.trusted_id),
    }
