"""Finding the credits that a choice means."""

from app.registry.ledger import freezing, rules, store
from app.registry.ledger.book import Book, Shelf
from app.registry.ledger.refusals import (
    BatchNotFoundError,
    InsufficientCreditsError,
    SerialsNotHeldError,
    TooFragmentedError,
)
from app.registry.ledger.rules import Move, Touches
from app.registry.log.pen import Pen


async def choose(pen: Pen, book: Book, touch: Touches, *, frozen_too: bool = False) -> list[Move]:
    """
    Find the credits that a choice means, reading on in the ledger where the book does not reach.

    Where a number is asked for, frozen serials are passed over.

    Args:
        pen: to read with.
        book: what is known.
        touch: which credits, out of which account.
        frozen_too: named serials may move although they are frozen: they go back.

    Raises: BatchNotFoundError, InsufficientCreditsError, SerialsNotHeldError, TooFragmentedError,
        CreditsFrozenError: these credits cannot be moved.
    """
    if touch.choice.ranges:
        moves = await _choose_named(pen, book, touch)
    else:
        moves = await _choose_oldest(pen, book, touch)
    rules.check_moves(moves)
    if book.frozen and not frozen_too:
        freezing.check_free(moves, book.frozen, book.batches)
    return moves


async def _choose_oldest(pen: Pen, book: Book, touch: Touches) -> list[Move]:
    choice = touch.choice
    assert choice.credits is not None
    if choice.batch_prefix is not None:
        await store.load_batches(pen.connection, book, prefixes=[choice.batch_prefix])
        if choice.batch_prefix not in book.batch_of_prefix:
            raise BatchNotFoundError(batch=choice.batch_prefix)
    held = book.totals[touch.from_account]
    everything = choice.batch_prefix is None and choice.vintage is None
    if everything and held < choice.credits:  # no need to look at a single block
        raise InsufficientCreditsError(held=held, asked=choice.credits)
    shelf = book.shelf(touch.from_account, store.batches_chosen(book, touch))
    look = store.BLOCKS_FIRST_LOOK
    while True:
        blocks = book.on_shelf(shelf)
        free = freezing.without_frozen(blocks, book.frozen) if book.frozen else blocks
        moves, missing = rules.take_oldest(free, choice.credits)
        if missing == 0:
            return moves
        if shelf.complete:
            _check_thawed(book, shelf, choice.credits)
            raise InsufficientCreditsError(held=choice.credits - missing, asked=choice.credits)
        if len(moves) > rules.MOVES_PER_ACT_MAX:
            raise TooFragmentedError(moves_max=rules.MOVES_PER_ACT_MAX)
        look *= 4
        await store.load_shelves(pen.connection, book, [store.Wanted(shelf, look)])


def _check_thawed(book: Book, shelf: Shelf, credits_asked: int) -> None:
    """Refuse for what is frozen, where without it there would be enough."""
    if book.frozen:
        held, lacking = rules.take_oldest(book.on_shelf(shelf), credits_asked)
        freezing.check_free(held if lacking == 0 else (), book.frozen, book.batches)


async def _choose_named(pen: Pen, book: Book, touch: Touches) -> list[Move]:
    ranges = touch.choice.ranges
    await store.load_batches(pen.connection, book, prefixes={r.prefix for r in ranges})
    await store.load_covers(pen.connection, book, ranges)
    moves: list[Move] = []
    for named in ranges:
        batch = book.batch_of_prefix.get(named.prefix)
        if batch is None:
            raise SerialsNotHeldError(serials=str(named))
        covering = book.covering(batch, named.first, named.last)
        if len(covering) > rules.MOVES_PER_ACT_MAX:
            raise TooFragmentedError(moves_max=rules.MOVES_PER_ACT_MAX)
        moves += rules.take_range(covering, named, account_id=touch.from_account)
    return moves
