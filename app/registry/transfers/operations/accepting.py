"""The receiver's word on a transfer that waits for it: accepted, or declined."""

from dataclasses import replace

from app.registry.ledger import operations as ledger
from app.registry.ledger.book import Book
from app.registry.ledger.operations import Way
from app.registry.ledger.rules import Account, check_open
from app.registry.log.pen import Pen
from app.registry.parties.policy import Actor, NotAllowedError, Permission, allows
from app.registry.transfers import rules, store
from app.registry.transfers.refusals import ProposalNotFoundError
from app.registry.transfers.rules import Hindrance, Proposal, State


async def accept(pen: Pen, actor: Actor, *, proposal_id: str, digest: str) -> Proposal:
    """
    Accept what is on its way: it is delivered at its moment, or shortly where that is over.

    Raises:
        ProposalNotFoundError, NotAllowedError: the actor may not know of it, or does not approve
            for the receiving account.
        AccountClosedError: it was closed; what is on its way goes back in time.
        AcceptanceNotAwaitedError, AcceptanceLateError, DigestDiffersError: it does not wait for
            that, not any more, or is something else.
    """
    proposal = await store.get_proposal(pen.connection, proposal_id)
    await _receiver_of(pen, actor, proposal)
    rules.check_answer(proposal, now=pen.now, digest=digest)
    pen.record(by=actor.user_id, kind="transfer.accepted", subject=proposal.id, data={})
    accepted = replace(proposal, accepted_by=actor.user_id, accepted_at=pen.now)
    await store.update_proposal(pen.connection, accepted)
    return accepted


async def decline(pen: Pen, actor: Actor, proposal_id: str) -> Proposal:
    """
    Decline what is on its way: its credits go back at once.

    Raises:
        ProposalNotFoundError, NotAllowedError, AccountClosedError: as `accept`.
        AcceptanceNotAwaitedError, AcceptanceLateError: it does not wait for that, or not any more.
    """
    proposal = await store.get_proposal(pen.connection, proposal_id)
    receiver = await _receiver_of(pen, actor, proposal)
    rules.check_answer(proposal, now=pen.now)
    sender = await ledger.get_known_account(pen, pen.take(Book), proposal.from_account)
    assert proposal.sent_index is not None
    sent = await ledger.list_sent(pen, proposal.sent_index)
    facts = {"proposal": proposal.id, "reason": Hindrance.DECLINED.value}
    movement = await ledger.give_back(pen, Way(sender, receiver, facts), sent, by=actor.user_id)
    declined = replace(
        proposal,
        state=State.RETURNED,
        reason=Hindrance.DECLINED,
        ended_at=pen.now,
        ended_index=movement.log_index,
        ended_by=actor.user_id,
    )
    await store.update_proposal(pen.connection, declined)
    return declined


async def _receiver_of(pen: Pen, actor: Actor, proposal: Proposal) -> Account:
    """Return the receiving account; before the approval its people do not know of the proposal."""
    book = pen.take(Book)
    receiver = await ledger.get_known_account(pen, book, proposal.to_account)
    owner_id = receiver.owner_party_id
    knows = proposal.approved_at is not None and actor.party_id == owner_id
    if not knows or not allows(actor, Permission.READ_ACCOUNT, owner_ids=(owner_id or "",)):
        raise ProposalNotFoundError
    permission = Permission.APPROVE_MOVES
    await ledger.get_account_of(pen, book, actor, receiver.id, permission)
    if not await ledger.is_allowed_now(
        pen, actor.user_id, permission, receiver, key_id=actor.client_id
    ):
        raise NotAllowedError(permission=permission.value)
    check_open(receiver)
    return receiver
