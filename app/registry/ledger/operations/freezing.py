"""
What an order of the authority does to the ledger: freeze, release, take an act back.

Each function is a part of an act that a later subject decides on, once two officers have agreed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.registry.ledger import freezing, rules, store
from app.registry.ledger.book import Book
from app.registry.ledger.freezing import Freeze, Reversible, Target
from app.registry.ledger.frozen import (
    FreezeReleasedError,
    NotReversibleError,
    ReversedBeforeError,
)
from app.registry.ledger.operations.accounts import get_known_account
from app.registry.ledger.operations.moving import Decided, Movement, carry_out
from app.registry.ledger.refusals import BatchNotFoundError, RegistryAccountError
from app.registry.ledger.rules import AccountKind, Batch, EntryKind, Move
from app.registry.ledger.serials import SerialRange
from app.registry.log.pen import Pen


@dataclass(frozen=True, slots=True)
class Named:
    """What is to be frozen, as a person names it: an account, a batch, or serials of it."""

    account_id: int | None = None
    batch_prefix: str | None = None
    first: int | None = None
    last: int | None = None


async def get_target(pen: Pen, named: Named) -> Target:
    """
    Return what is named.

    Raises:
        AccountNotFoundError, RegistryAccountError, AccountClosedError: no open holding account.
        BatchNotFoundError, SerialsOutsideError: there are no such serials.
    """
    book = pen.take(Book)
    if named.account_id is not None:
        account = await get_known_account(pen, book, named.account_id)
        if account.kind is not AccountKind.HOLDING:
            raise RegistryAccountError
        rules.check_not_closed(account)
        return Target(account.id, None, None, None)
    prefix = named.batch_prefix or ""
    await store.load_batches(pen.connection, book, prefixes=[prefix])
    batch_id = book.batch_of_prefix.get(prefix)
    if batch_id is None:
        raise BatchNotFoundError(batch=prefix)
    span = freezing.span_of(book.batches[batch_id], named.first, named.last)
    return Target(None, batch_id, *span)


async def get_batch_of(pen: Pen, target: Target) -> Batch:
    """Return the batch whose serials are meant."""
    book = pen.take(Book)
    assert target.batch_id is not None
    await store.load_batches(pen.connection, book, ids=[target.batch_id])
    return book.batches[target.batch_id]


async def get_standing(pen: Pen, freeze_id: str) -> Freeze:
    """
    Return something that is frozen now.

    Raises:
        FreezeNotFoundError, FreezeReleasedError: it never was, or is no more.
    """
    freeze = await store.get_freeze(pen.connection, freeze_id)
    if freeze.released_at is not None:
        raise FreezeReleasedError
    return freeze


async def freeze(pen: Pen, order_id: str, target: Target, log_index: int) -> None:
    """Freeze an account or serials; from the next act on."""
    frozen = Freeze(order_id, target, pen.now, log_index, None, None, None)
    await store.insert_freeze(pen.connection, frozen)
    await _read_again(pen, target)


async def release(pen: Pen, frozen: Freeze, order_id: str, log_index: int) -> None:
    """Release what is frozen; another freeze of the same may still stand."""
    await store.update_released(
        pen.connection, frozen.id, at=pen.now, log_index=log_index, order_id=order_id
    )
    await _read_again(pen, frozen.target)


async def get_reversible(pen: Pen, log_index: int) -> Reversible:
    """
    Return an act that can be taken back: a transfer that was made, at once or by two people.

    Raises:
        NotReversibleError: it is another act, or none.
        ReversedBeforeError: it was taken back before.
    """
    entries = await store.list_movement(pen.connection, log_index)
    kind = entries[0].kind if entries else None
    if kind not in {EntryKind.TRANSFERRED, EntryKind.DELIVERED}:
        raise NotReversibleError(act=log_index)
    if await store.find_reversal(pen.connection, log_index) is not None:
        raise ReversedBeforeError
    sent = entries
    if kind is EntryKind.DELIVERED:
        assert entries[0].previous is not None
        sent = await store.list_movement(pen.connection, entries[0].previous)
    return Reversible(
        log_index=log_index,
        recorded_at=entries[0].recorded_at,
        origin_id=sent[0].from_account,
        holder_id=entries[0].to_account,
        runs=tuple(SerialRange(e.batch.serial_prefix, e.first, e.last) for e in entries),
    )


async def check_held(pen: Pen, act: Reversible) -> list[Move]:
    """
    Return the moves that take an act back.

    Raises:
        MovedOnError: its receiver no longer holds exactly what it brought.
        AccountClosedError: one of its accounts is closed.
    """
    book = pen.take(Book)
    for account_id in (act.origin_id, act.holder_id):
        rules.check_not_closed(await get_known_account(pen, book, account_id))
    await store.load_batches(pen.connection, book, prefixes={run.prefix for run in act.runs})
    await store.load_covers(pen.connection, book, act.runs)
    moves: list[Move] = []
    for run in act.runs:
        covering = book.covering(book.batch_of_prefix[run.prefix], run.first, run.last)
        moves.append(freezing.take_whole(covering, act, run))
    return moves


async def take_back(
    pen: Pen, act: Reversible, *, by: str, order_id: str, facts: Mapping[str, object]
) -> Movement:
    """
    Move credits back to where an act took them from; frozen or not.

    Raises:
        As `check_held`.
    """
    book = pen.take(Book)
    moves = await check_held(pen, act)
    holder = await get_known_account(pen, book, act.holder_id)
    origin = await get_known_account(pen, book, act.origin_id)
    decided = Decided(EntryKind.REVERSED, holder, origin, moves, facts)
    movement = await carry_out(pen, by, decided)
    await store.insert_reversal(
        pen.connection, movement.log_index, reverses=act.log_index, order_id=order_id
    )
    return movement


async def _read_again(pen: Pen, target: Target) -> None:
    """Make the book know what has changed in this act, for those after it in the same commit."""
    book = pen.take(Book)
    if target.batch_id is not None:
        await store.load_frozen(pen.connection, book, target.batch_id)
    if target.account_id is not None:
        book.accounts.pop(target.account_id, None)  # read again when it is needed
