"""
Credits on their way: into the transit account, and out of it to the receiver or back.

Each function is a part of an act that a later subject decides on: it refuses nothing that can be
known before, because by then rows of that subject may be written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.registry.ledger import freezing, store
from app.registry.ledger.book import Book
from app.registry.ledger.operations.accounts import get_known_account
from app.registry.ledger.operations.choosing import choose
from app.registry.ledger.operations.moving import Decided, Movement, carry_out
from app.registry.ledger.page import NOWHERE
from app.registry.ledger.rules import TRANSIT, Account, Block, Choice, EntryKind, Move, Touches
from app.registry.ledger.serials import SerialRange
from app.registry.log.pen import Pen


@dataclass(frozen=True, slots=True)
class Way:
    """Between whom credits go, and what is said of it beside the moves."""

    sender: Account
    receiver: Account
    facts: Mapping[str, object]


async def choose_credits(pen: Pen, sender: Account, choice: Choice) -> list[Move]:
    """
    Find the credits that are to be sent.

    Raises:
        BatchNotFoundError, InsufficientCreditsError, SerialsNotHeldError, TooFragmentedError:
            these credits cannot be moved.
    """
    return await choose(pen, pen.take(Book), Touches(sender.id, TRANSIT, choice))


async def send(pen: Pen, way: Way, moves: Sequence[Move], *, by: str) -> Movement:
    """Take chosen credits out of the sender's account, to wait in transit."""
    transit = await get_known_account(pen, pen.take(Book), TRANSIT)
    decided = Decided(EntryKind.SENT, way.sender, transit, moves, way.facts)
    return await carry_out(pen, by, decided)


async def deliver(pen: Pen, way: Way, sent: Sequence[SerialRange], *, by: str) -> Movement:
    """Give credits that waited to the receiver."""
    return await _leave(pen, way, sent, by=by, kind=EntryKind.DELIVERED)


async def give_back(pen: Pen, way: Way, sent: Sequence[SerialRange], *, by: str) -> Movement:
    """Give credits that waited back to their sender."""
    return await _leave(pen, way, sent, by=by, kind=EntryKind.RETURNED)


async def list_sent(pen: Pen, log_index: int) -> list[SerialRange]:
    """Return which serials an act of an earlier commit sent, run by run."""
    entries = await store.list_movement(pen.connection, log_index)
    return [SerialRange(entry.batch.serial_prefix, entry.first, entry.last) for entry in entries]


async def check_free(pen: Pen, sent: Sequence[SerialRange]) -> None:
    """
    Refuse, where serials that were sent are frozen.

    Raises:
        CreditsFrozenError: some of them are.
    """
    book = pen.take(Book)
    await store.load_batches(pen.connection, book, prefixes={run.prefix for run in sent})
    for run in sent if book.frozen else ():
        batch = book.batch_of_prefix[run.prefix]
        whole = Block(batch, run.first, run.last, TRANSIT, NOWHERE)
        freezing.check_free([Move(whole, run.first, run.last)], book.frozen, book.batches)


async def _leave(
    pen: Pen, way: Way, sent: Sequence[SerialRange], *, by: str, kind: EntryKind
) -> Movement:
    book = pen.take(Book)
    transit = await get_known_account(pen, book, TRANSIT)
    goal = way.receiver if kind is EntryKind.DELIVERED else way.sender
    # Nothing else touches what waits in transit, so these runs still lie there as they were sent.
    touch = Touches(TRANSIT, goal.id, Choice(ranges=tuple(sent)))
    moves = await choose(pen, book, touch, frozen_too=kind is EntryKind.RETURNED)
    return await carry_out(pen, by, Decided(kind, transit, goal, moves, way.facts))
