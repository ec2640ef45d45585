"""What becomes of a proposed transfer when its moment has come, whoever comes by to do it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.registry.ledger import operations as ledger
from app.registry.ledger.book import Book
from app.registry.ledger.frozen import AccountFrozenError, CreditsFrozenError
from app.registry.ledger.operations import Way
from app.registry.ledger.rules import Account, AccountStatus, check_not_frozen
from app.registry.ledger.serials import SerialRange
from app.registry.ledger.terms import trusts
from app.registry.log.pen import Pen
from app.registry.parties.policy import Permission
from app.registry.transfers import store
from app.registry.transfers.rules import REGISTRY, Hindrance, Proposal, State, state_at


@dataclass(frozen=True, slots=True)
class Settle:
    """Do what is due with one proposal."""

    proposal_id: str
    # The latest moment that has certainly come: clocks can jump ahead, and the pen's own with them.
    moment: datetime


async def deliver_due(pen: Pen, command: Settle) -> Proposal | None:
    """
    Make a transfer whose moment has come, or let a proposal lapse that nobody approved in time.

    Whoever proposed and approved it must still be allowed to, and the receiver open and, where it
    was trusted, trusted; otherwise the credits go back. So they do where the receiver was to accept
    them and has not in time; before that nothing is due.

    Returns:
        What became of it; None: there was nothing to do, or somebody else has done it.

    Raises:
        ProposalNotFoundError: there is no such proposal.
    """
    proposal = await store.get_proposal(pen.connection, command.proposal_id)
    moment = min(pen.now, command.moment)
    if proposal.state is State.PROPOSED and state_at(proposal, moment) is State.LAPSED:
        settled = _lapse(pen, proposal)
    elif proposal.state is State.SCHEDULED and proposal.awaits_acceptance:
        if not _is_unanswered(proposal, moment):
            return None
        settled = await _settle(pen, proposal)
    elif proposal.executes_at is not None and _is_due(proposal, moment):
        settled = await _settle(pen, proposal)
    else:
        return None
    await store.update_proposal(pen.connection, settled)
    return settled


async def deliver_now(
    pen: Pen, proposal: Proposal, accounts: tuple[Account, Account], sent: Sequence[SerialRange]
) -> Proposal:
    """Give sent credits to their receiver; the caller keeps what is returned."""
    way = Way(*accounts, {"proposal": proposal.id})
    movement = await ledger.deliver(pen, way, sent, by=REGISTRY)
    return _ended(pen, proposal, State.DELIVERED, movement.log_index)


def _is_due(proposal: Proposal, moment: datetime) -> bool:
    assert proposal.executes_at is not None
    return proposal.state is State.SCHEDULED and proposal.executes_at <= moment


def _is_unanswered(proposal: Proposal, moment: datetime) -> bool:
    assert proposal.accept_until is not None
    return proposal.accept_until <= moment


def _lapse(pen: Pen, proposal: Proposal) -> Proposal:
    log_index = pen.record(by=REGISTRY, kind="transfer.lapsed", subject=proposal.id, data={})
    return _ended(pen, proposal, State.LAPSED, log_index)


async def _settle(pen: Pen, proposal: Proposal) -> Proposal:
    book = pen.take(Book)
    sender = await ledger.get_known_account(pen, book, proposal.from_account)
    receiver = await ledger.get_known_account(pen, book, proposal.to_account)
    assert proposal.sent_index is not None
    sent = await ledger.list_sent(pen, proposal.sent_index)
    if not proposal.awaits_acceptance and await _is_frozen(pen, (sender, receiver), sent):
        hindrance: Hindrance | None = Hindrance.FROZEN
    else:
        hindrance = await _hindrance(pen, proposal, sender, receiver)
    if hindrance is None:
        return await deliver_now(pen, proposal, (sender, receiver), sent)
    facts = {"proposal": proposal.id, "reason": hindrance.value}
    movement = await ledger.give_back(pen, Way(sender, receiver, facts), sent, by=REGISTRY)
    returned = _ended(pen, proposal, State.RETURNED, movement.log_index)
    return replace(returned, reason=hindrance)


async def _is_frozen(
    pen: Pen, accounts: tuple[Account, Account], sent: Sequence[SerialRange]
) -> bool:
    """Say whether the authority has frozen an account of a transfer, or serials under way."""
    try:
        for account in accounts:
            check_not_frozen(account)
        await ledger.check_free(pen, sent)
    except (AccountFrozenError, CreditsFrozenError):
        return True
    return False


async def _hindrance(
    pen: Pen, proposal: Proposal, sender: Account, receiver: Account
) -> Hindrance | None:
    """Return what stands in the way; None: nothing."""
    if proposal.awaits_acceptance:
        return Hindrance.NOT_ACCEPTED
    proposed_by, approved_by = proposal.proposed_by, proposal.approved_by
    assert approved_by is not None
    if not await ledger.is_allowed_now(pen, proposed_by, Permission.MOVE_CREDITS, sender):
        return Hindrance.PROPOSER_NOT_ALLOWED
    if not await ledger.is_allowed_now(pen, approved_by, Permission.APPROVE_MOVES, sender):
        return Hindrance.APPROVER_NOT_ALLOWED
    if receiver.status is not AccountStatus.OPEN:
        return Hindrance.RECEIVER_CLOSED
    trusted = pen.take(Book).trusted[sender.id]
    if proposal.is_trusted and not trusts(trusted, sender, receiver, now=pen.now):
        return Hindrance.NO_LONGER_TRUSTED
    return None


def _ended(pen: Pen, proposal: Proposal, state: State, log_index: int) -> Proposal:
    return replace(
        proposal, state=state, ended_at=pen.now, ended_index=log_index, ended_by=REGISTRY
    )
