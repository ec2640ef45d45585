"""Acts that move credits: transfer, retire, cancel, and the buffer's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from msgspec import Struct

from app.kernel.clock import bangkok_date
from app.kernel.encoding import canonical_bytes, commitment
from app.kernel.ids import new_salt
from app.registry.ledger import rules, store
from app.registry.ledger.book import Book
from app.registry.ledger.operations.accounts import get_account_of, get_known_account
from app.registry.ledger.operations.choosing import choose
from app.registry.ledger.page import Ended
from app.registry.ledger.refusals import DateAheadError, PurposeUnknownError, RegistryAccountError
from app.registry.ledger.rules import (
    BUFFER,
    CANCELLED,
    RETIRED,
    Account,
    AccountKind,
    Batch,
    Choice,
    Ending,
    EntryKind,
    Move,
    Touches,
)
from app.registry.ledger.terms import (
    NO_TERMS,
    Terms,
    check_acceptance,
    check_own_day,
    check_own_limit,
    check_terms,
)
from app.registry.log.pen import Pen
from app.registry.parties.policy import Actor, Permission, require

_EVENT: Final = {
    EntryKind.TRANSFERRED: "credits.transferred",
    EntryKind.RETIRED: "credits.retired",
    EntryKind.CANCELLED: "credits.cancelled",
    EntryKind.BUFFER_RELEASED: "buffer.released",
    EntryKind.BUFFER_CANCELLED: "buffer.cancelled",
    EntryKind.SENT: "credits.sent",
    EntryKind.DELIVERED: "credits.delivered",
    EntryKind.RETURNED: "credits.returned",
    EntryKind.REVERSED: "credits.reversed",
}
_FINAL_ACCOUNT: Final = {
    EntryKind.RETIRED: RETIRED,
    EntryKind.CANCELLED: CANCELLED,
    EntryKind.BUFFER_CANCELLED: CANCELLED,
}


class Transfer(Struct, frozen=True):
    """Move credits to another holding account."""

    from_account: int
    to_account: int
    choice: Choice
    terms: Terms | None = None  # of the day; None: transfers are not governed

    def touches(self) -> Touches:
        """Say what the act will need to know."""
        return Touches(self.from_account, self.to_account, self.choice)


@dataclass(frozen=True, slots=True)
class End:
    """Retire or cancel credits: take them out of circulation for good."""

    from_account: int
    choice: Choice
    ending: Ending
    purposes: tuple[str, ...]  # purpose codes in use on the day of the act (a dated rule)

    def touches(self) -> Touches:
        """Say what the act will need to know."""
        return Touches(self.from_account, _FINAL_ACCOUNT[self.ending.kind], self.choice)


@dataclass(frozen=True, slots=True)
class ReleaseBuffer:
    """Give buffer credits of one batch back to a holder, by a decision of TGO."""

    to_account: int
    choice: Choice
    decision: str

    def touches(self) -> Touches:
        """Say what the act will need to know."""
        return Touches(BUFFER, self.to_account, self.choice)


class Moved(Struct, frozen=True):
    """A run of serials that an act moved."""

    batch: Batch
    first: int
    last: int

    @property
    def credits(self) -> int:
        """How many credits it is."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Movement:
    """A movement of credits as it was recorded."""

    log_index: int
    kind: EntryKind
    from_account: Account
    to_account: Account
    credits: int
    moved: tuple[Moved, ...]
    recorded_at: datetime
    ended: Ended | None = None  # None: the credits stay in circulation


@dataclass(frozen=True, slots=True)
class Decided:
    """A movement that nothing refuses any more."""

    kind: EntryKind
    sender: Account
    receiver: Account
    moves: Sequence[Move]
    facts: Mapping[str, object] = field(default_factory=dict)  # what its leaf says beside the moves
    event: str | None = None  # kind of its leaf; None: the usual one


@dataclass(frozen=True, slots=True)
class Cause:
    """What credits end for beside their purpose: a matter of a later subject, which it names."""

    event: str  # kind of the leaf
    facts: Mapping[str, object]
    # Refuses credits that are not for it: the account, and the ids of their batches.
    check: Callable[[Account, frozenset[int]], None]


async def transfer(pen: Pen, actor: Actor, command: Transfer) -> Movement:
    """
    Move credits from one holding account to another, at once.

    Raises:
        AccountNotFoundError, NotAllowedError: the actor may not know of, or not use, the
        sending account.
        ChoiceUnclearError, RangeReversedError, RangesOverlapError: the choice contradicts itself.
        SameAccountError, RegistryAccountError, AccountClosedError: these accounts cannot have a
        transfer.
        SecondPersonNeededError, OutsideHoursError: it is governed, and not for one person to make
            now.
        AcceptanceNeededError, OverOwnLimitError, OwnDayLimitError: the receiver has to accept it,
            or the sender has set itself a limit.
        BatchNotFoundError, InsufficientCreditsError, SerialsNotHeldError, TooFragmentedError:
        these credits
            cannot be moved.
    """
    book = pen.take(Book)
    rules.check_choice(command.choice)
    sender = await get_account_of(pen, book, actor, command.from_account)
    receiver = await get_known_account(pen, book, command.to_account)
    rules.check_parties(sender, receiver)
    if command.terms is not None:
        trusted = book.trusted[sender.id]
        check_terms(command.terms, trusted, (sender, receiver), now=pen.now)
    accounts = (sender, receiver)
    check_acceptance(accounts, book.own_terms[receiver.id])
    own = book.own_terms[sender.id]
    if own is not NO_TERMS:
        check_own_limit(accounts, own, command.choice.total, now=pen.now)
        check_own_day(accounts, own, now=pen.now)
    moves = await choose(pen, book, command.touches())
    return await carry_out(
        pen, actor.user_id, Decided(EntryKind.TRANSFERRED, sender, receiver, moves)
    )


async def end(pen: Pen, actor: Actor, command: End, cause: Cause | None = None) -> Movement:
    """
    Retire or cancel credits: they move into an account that nothing can leave.

    Args:
        pen: to write with.
        actor: who does it.
        command: what ends.
        cause: what for; None: for its purpose alone.

    Raises:
        As `transfer`; PurposeUnknownError, DateAheadError: the purpose is not in use, or the day it
            happened lies in the future.
    """
    book = pen.take(Book)
    rules.check_choice(command.choice)
    sender = await get_account_of(pen, book, actor, command.from_account)
    if sender.kind is not AccountKind.HOLDING:
        raise RegistryAccountError
    rules.check_open(sender)
    return await _end(pen, actor, command, sender, cause)


async def release_buffer(pen: Pen, actor: Actor, command: ReleaseBuffer) -> Movement:
    """
    Release buffer credits to a holding account, by decision of TGO.

    Raises:
        NotAllowedError: the actor is no approver of TGO. Otherwise as `transfer`.
    """
    require(actor, Permission.MANAGE_BUFFER)
    book = pen.take(Book)
    rules.check_choice(command.choice)
    sender = await get_known_account(pen, book, BUFFER)
    receiver = await get_known_account(pen, book, command.to_account)
    if receiver.kind is not AccountKind.HOLDING:
        raise RegistryAccountError
    rules.check_open(receiver)
    moves = await choose(pen, book, command.touches())
    facts = {"decision": command.decision}
    decided = Decided(EntryKind.BUFFER_RELEASED, sender, receiver, moves, facts)
    return await carry_out(pen, actor.user_id, decided)


async def cancel_buffer(
    pen: Pen, actor: Actor, command: End, cause: Cause | None = None
) -> Movement:
    """
    Cancel buffer credits against a reversal, by decision of TGO; ``cause`` as for `end`.

    Raises:
        NotAllowedError: the actor is no approver of TGO. Otherwise as `end`.
    """
    require(actor, Permission.MANAGE_BUFFER)
    book = pen.take(Book)
    rules.check_choice(command.choice)
    assert command.from_account == BUFFER
    buffer = await get_known_account(pen, book, BUFFER)
    return await _end(pen, actor, command, buffer, cause)


async def _end(
    pen: Pen, actor: Actor, command: End, sender: Account, cause: Cause | None
) -> Movement:
    book = pen.take(Book)
    ending = command.ending
    today = bangkok_date(pen.now)
    if ending.purpose_code not in command.purposes:
        raise PurposeUnknownError(allowed=", ".join(command.purposes))
    if ending.happened_on is not None and ending.happened_on > today:
        raise DateAheadError
    ending = replace(ending, happened_on=ending.happened_on or today)
    moves = await choose(pen, book, command.touches())
    if cause is not None:
        cause.check(sender, frozenset(move.block.batch_id for move in moves))
    receiver = await get_known_account(pen, book, command.touches().to_account)
    salt = new_salt()
    statement = ending.statement
    committed = commitment(
        salt,
        canonical_bytes(
            {
                "beneficiary": statement.beneficiary_name,
                "kind": statement.beneficiary_kind.value,
                "identifier": statement.beneficiary_identifier,
                "reason": statement.reason,
            }
        ).decode(),
    )
    facts: dict[str, object] = {
        "purpose": ending.purpose_code,
        "visibility": ending.visibility.value,
        "happened_on": ending.happened_on.isoformat() if ending.happened_on else None,
        "statement": committed,
    }
    event = None
    if cause is not None:
        facts, event = {**facts, **cause.facts}, cause.event
    decided = Decided(ending.kind, sender, receiver, moves, facts, event)
    movement = await carry_out(pen, actor.user_id, decided)
    ended = Ended(movement.log_index, sender.id, movement.credits, ending, salt, committed)
    book.page.ended.append(ended)
    return replace(movement, ended=ended)


async def carry_out(pen: Pen, by: str, decided: Decided) -> Movement:
    """
    Record a decided movement and let the book carry it out; nothing can refuse after the record.
    """
    book = pen.take(Book)
    sender, receiver, moves = decided.sender, decided.receiver, decided.moves
    pairs = {(account.id, move.block.batch_id) for account in (sender, receiver) for move in moves}
    await store.load_balances(pen.connection, book, pairs)
    moved = tuple(Moved(book.batches[m.block.batch_id], m.first, m.last) for m in moves)
    credits_moved = sum(part.credits for part in moved)
    log_index = pen.record(
        by=by,
        kind=decided.event or _EVENT[decided.kind],
        subject=sender.number,
        data={
            "from": sender.number,
            "to": receiver.number,
            "credits": credits_moved,
            "moves": [
                {"batch": p.batch.serial_prefix, "first": p.first, "last": p.last} for p in moved
            ],
            **decided.facts,
        },
    )
    book.move(moves, to_account=receiver.id, kind=decided.kind, log_index=log_index)
    return Movement(log_index, decided.kind, sender, receiver, credits_moved, moved, pen.now)
