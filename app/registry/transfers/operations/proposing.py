"""Acts of people on a proposed transfer: propose, approve, take back."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time

from app.kernel.clock import bangkok_date, rfc3339
from app.kernel.ids import new_id
from app.registry.applications.operations import require_valid_documents
from app.registry.calendar.rules import at_bangkok
from app.registry.ledger import operations as ledger
from app.registry.ledger.book import Book
from app.registry.ledger.operations import Movement, Way
from app.registry.ledger.rules import (
    Account,
    Choice,
    Move,
    check_choice,
    check_not_frozen,
    check_parties,
)
from app.registry.ledger.serials import SerialRange, account_number
from app.registry.ledger.terms import check_own_limit, trusts
from app.registry.log.pen import Pen
from app.registry.parties.policy import Actor, NotAllowedError, Permission, allows
from app.registry.programmes.operations import require_confirmation
from app.registry.programmes.rules import ConfirmedAct, HeldAct
from app.registry.transfers import rules, store
from app.registry.transfers.operations.settling import deliver_now
from app.registry.transfers.operations.terms import (
    get_acceptance_end,
    get_execution,
    get_expiry,
    get_limits,
)
from app.registry.transfers.refusals import (
    ProposalLapsedError,
    ProposalNotFoundError,
    ProposerGoneError,
)
from app.registry.transfers.rules import Proposal, State


@dataclass(frozen=True, slots=True)
class Propose:
    """Propose a transfer; nothing moves before somebody else approves it."""

    from_account: int
    to_account: int
    choice: Choice


@dataclass(frozen=True, slots=True)
class Approve:
    """Approve exactly what was proposed."""

    proposal_id: str
    digest: str


async def propose(pen: Pen, actor: Actor, command: Propose) -> Proposal:
    """
    Propose a transfer.

    Raises:
        AccountNotFoundError, NotAllowedError: the actor may not know of, or not use, the sender.
        ChoiceUnclearError, RangeReversedError, RangesOverlapError: the choice contradicts itself.
        SameAccountError, RegistryAccountError, AccountClosedError: they cannot have a transfer.
        DocumentsExpiredError: the sender's owner has to renew its documents first.
        ConfirmationNeededError, PersonNeededError: it takes a fresh second factor.
    """
    book = pen.take(Book)
    check_choice(command.choice)
    sender = await ledger.get_account_of(pen, book, actor, command.from_account)
    receiver = await ledger.get_known_account(pen, book, command.to_account)
    check_parties(sender, receiver)
    own_terms = book.own_terms[sender.id]
    check_own_limit((sender, receiver), own_terms, command.choice.total, now=pen.now)
    await _check_documents(pen, sender, receiver)
    content = rules.content_of(sender.id, receiver.id, command.choice)
    proposal = Proposal(
        id=new_id("prp"),
        from_account=sender.id,
        to_account=receiver.id,
        content=content,
        digest=rules.digest_of(content),
        credits=command.choice.total,
        state=State.PROPOSED,
        proposed_by=actor.user_id,
        proposed_at=pen.now,
        proposed_index=-1,  # until it is recorded
        expires_at=await get_expiry(pen.connection, pen.now),
    )
    confirmed = {"digest": proposal.digest}
    await require_confirmation(pen, actor, ConfirmedAct.TRANSFER_PROPOSAL, confirmed)
    log_index = pen.record(
        by=actor.user_id,
        kind="transfer.proposed",
        subject=proposal.id,
        data={
            "from": sender.number,
            "to": receiver.number,
            "credits": proposal.credits,
            "digest": proposal.digest,
            "expires_at": rfc3339(proposal.expires_at),
        },
    )
    proposed = replace(proposal, proposed_index=log_index)
    await store.insert_proposal(pen.connection, proposed)
    return proposed


async def _check_documents(pen: Pen, sender: Account, receiver: Account) -> None:
    if sender.owner_party_id is None or trusts(
        pen.take(Book).trusted[sender.id], sender, receiver, now=pen.now
    ):
        return
    await require_valid_documents(
        pen.connection,
        sender.owner_party_id,
        act=HeldAct.TRANSFER_PROPOSALS,
        on=bangkok_date(pen.now),
    )


async def approve(pen: Pen, actor: Actor, command: Approve) -> Proposal:
    """
    Approve a proposed transfer: its credits leave the account, and wait in transit for their time.

    To a trusted account, in working hours, that time is now.

    Raises:
        ProposalNotFoundError, NotAllowedError: the actor may not know of it, or not approve it.
        ProposalLapsedError, ProposalStateError, OwnProposalError, DigestDiffersError: it is late,
            repeated, the actor's own, or of something else.
        ProposerGoneError: whoever proposed it may no longer do so.
        SameAccountError, RegistryAccountError, AccountClosedError: these accounts cannot have a
            transfer any more.
        BatchNotFoundError, InsufficientCreditsError, SerialsNotHeldError, TooFragmentedError:
            these credits cannot be moved.
        TransferTooLargeError, DayOverLimitError: it is too large for a receiver not trusted.
        OverOwnLimitError, OwnDayOverLimitError: it is more than the account allows itself.
        RuleMissingError, CalendarYearMissingError: it cannot be told when it would be made.
        ConfirmationNeededError, PersonNeededError: it takes a fresh second factor.
    """
    proposal = await store.get_proposal(pen.connection, command.proposal_id)
    sender, receiver = await _approver_of(pen, actor, proposal)
    rules.check_approval(proposal, by=actor.user_id, digest=command.digest, now=pen.now)
    if not await ledger.is_allowed_now(pen, proposal.proposed_by, Permission.MOVE_CREDITS, sender):
        raise ProposerGoneError
    check_parties(sender, receiver)
    moves = await ledger.choose_credits(pen, sender, rules.choice_of(json.loads(proposal.content)))
    is_trusted = trusts(pen.take(Book).trusted[sender.id], sender, receiver, now=pen.now)
    await _check_own_limits(pen, proposal, (sender, receiver))
    if not is_trusted:
        await _check_limits(pen, proposal, moves)
    executes_at = await get_execution(pen.connection, pen.now, trusted=is_trusted)
    confirmed = {"proposal": proposal.id, "digest": proposal.digest}
    await require_confirmation(pen, actor, ConfirmedAct.TRANSFER_APPROVAL, confirmed)
    approved = replace(
        proposal,
        state=State.SCHEDULED,
        approved_by=actor.user_id,
        approved_at=pen.now,
        executes_at=executes_at,
        is_trusted=is_trusted,
        accept_until=await _accept_until(pen, proposal, (sender, receiver)),
    )
    return await _send(pen, approved, (sender, receiver), moves)


async def abort(pen: Pen, actor: Actor, proposal_id: str) -> Proposal:
    """
    Take a transfer back: before it is approved, or until the moment at which it is made.

    Raises:
        ProposalNotFoundError, NotAllowedError: the actor may not know of it, or neither propose nor
            approve it.
        ProposalStateError, TransferDueError: it is over, or its moment has come.
        AccountFrozenError, CreditsFrozenError: the account, or what waits, is frozen.
    """
    proposal = await store.get_proposal(pen.connection, proposal_id)
    book = pen.take(Book)
    sender = await _sender_of(pen, actor, proposal)
    await ledger.get_account_of_either(pen, book, actor, sender.id)
    rules.check_abort(proposal, now=pen.now)
    if proposal.sent_index is None:
        log_index = pen.record(
            by=actor.user_id, kind="transfer.withdrawn", subject=proposal.id, data={}
        )
        state = State.WITHDRAWN
    else:
        receiver = await ledger.get_known_account(pen, book, proposal.to_account)
        sent = await ledger.list_sent(pen, proposal.sent_index)
        check_not_frozen(sender)
        await ledger.check_free(pen, sent)
        facts = {"proposal": proposal.id, "reason": State.ABORTED.value}
        way = Way(sender, receiver, facts)
        log_index = (await ledger.give_back(pen, way, sent, by=actor.user_id)).log_index
        state = State.ABORTED
    taken_back = replace(
        proposal, state=state, ended_at=pen.now, ended_index=log_index, ended_by=actor.user_id
    )
    await store.update_proposal(pen.connection, taken_back)
    return taken_back


async def _sender_of(pen: Pen, actor: Actor, proposal: Proposal) -> Account:
    """Return the account of a proposal of the actor's party; one they may not see is not there."""
    sender = await ledger.get_known_account(pen, pen.take(Book), proposal.from_account)
    owner_id = sender.owner_party_id
    if actor.party_id != owner_id or not allows(
        actor, Permission.READ_ACCOUNT, owner_ids=(owner_id,)
    ):
        raise ProposalNotFoundError
    return sender


async def _approver_of(pen: Pen, actor: Actor, proposal: Proposal) -> tuple[Account, Account]:
    """Return the proposal's accounts, for somebody who may approve at this moment."""
    book = pen.take(Book)
    sender = await _sender_of(pen, actor, proposal)
    permission = Permission.APPROVE_MOVES
    await ledger.get_account_of(pen, book, actor, sender.id, permission)
    if not await ledger.is_allowed_now(
        pen, actor.user_id, permission, sender, key_id=actor.client_id
    ):
        raise NotAllowedError(permission=permission.value)
    return sender, await ledger.get_known_account(pen, book, proposal.to_account)


async def _accept_until(
    pen: Pen, proposal: Proposal, accounts: tuple[Account, Account]
) -> datetime | None:
    """Return until when the receiver has to accept a transfer; None: it does not ask to."""
    sender, receiver = accounts
    asks = pen.take(Book).own_terms[receiver.id].asks_acceptance
    if not asks or sender.owner_party_id == receiver.owner_party_id:
        return None
    until = await get_acceptance_end(pen.connection, proposal.proposed_at, pen.now)
    if until <= pen.now:
        raise ProposalLapsedError(expires_at=rfc3339(until))
    return until


async def _check_own_limits(
    pen: Pen, proposal: Proposal, accounts: tuple[Account, Account]
) -> None:
    sender, receiver = accounts
    own_terms = pen.take(Book).own_terms[sender.id]
    check_own_limit(accounts, own_terms, proposal.credits, now=pen.now)
    _, day_max = own_terms.limits_at(pen.now)
    if day_max is None or sender.owner_party_id == receiver.owner_party_id:
        return
    since = at_bangkok(bangkok_date(pen.now), time())
    of_day = await store.get_sent_to_others_since(pen.connection, sender.id, since)
    rules.check_own_day(proposal.credits, of_day=of_day, day_max=day_max)


async def _check_limits(pen: Pen, proposal: Proposal, moves: Sequence[Move]) -> None:
    batches = pen.take(Book).batches
    programmes = {batches[move.block.batch_id].programme_code for move in moves}
    limits = await get_limits(pen.connection, programmes, pen.now)
    of_day = 0
    if limits.day_max is not None:
        since = at_bangkok(bangkok_date(pen.now), time())
        of_day = await store.get_sent_since(pen.connection, proposal.from_account, since)
    rules.check_limits(
        proposal.credits, of_day=of_day, act_max=limits.act_max, day_max=limits.day_max
    )


async def _send(
    pen: Pen, approved: Proposal, accounts: tuple[Account, Account], moves: Sequence[Move]
) -> Proposal:
    """Let the credits of an approved proposal leave; nothing can refuse any more."""
    sender, receiver = accounts
    assert approved.executes_at is not None
    facts = {
        "proposal": approved.id,
        "receiver": account_number(approved.to_account),
        "digest": approved.digest,
        "trusted": approved.is_trusted,
        "executes_at": rfc3339(approved.executes_at),
    }
    if approved.accept_until is not None:
        facts["accept_until"] = rfc3339(approved.accept_until)
    assert approved.approved_by is not None
    sent = await ledger.send(pen, Way(sender, receiver, facts), moves, by=approved.approved_by)
    scheduled = replace(approved, sent_index=sent.log_index)
    if scheduled.executes_at == pen.now and not scheduled.awaits_acceptance:
        scheduled = await deliver_now(pen, scheduled, (sender, receiver), _runs_of(sent))
    await store.update_proposal(pen.connection, scheduled)
    return scheduled


def _runs_of(movement: Movement) -> list[SerialRange]:
    return [SerialRange(m.batch.serial_prefix, m.first, m.last) for m in movement.moved]
