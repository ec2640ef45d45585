"""
What the authority freezes, and what it takes back: which credits are free to move.

Pure. A freeze is of an account, or of serials of a batch (of a whole batch: all its serials).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.registry.ledger.frozen import CreditsFrozenError, MovedOnError, SerialsOutsideError
from app.registry.ledger.rules import Batch, Block, Move
from app.registry.ledger.serials import SerialRange

Span = tuple[int, int]  # first and last serial, both included


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be frozen, or is: either an account, or serials of a batch."""

    account_id: int | None
    batch_id: int | None
    first: int | None  # None, as the next: it is an account
    last: int | None


@dataclass(frozen=True, slots=True)
class Freeze:
    """Something that is or was frozen."""

    id: str  # of the order that two officers gave
    target: Target
    frozen_at: datetime
    frozen_index: int  # log index of the act
    released_at: datetime | None  # None, as the next two: it stands
    released_index: int | None
    released_by: str | None  # the order by which it was released


@dataclass(frozen=True, slots=True)
class Reversible:
    """An act that can be taken back: what it moved, from whom, to whom."""

    log_index: int
    recorded_at: datetime
    origin_id: int  # the account that the credits came from, before they waited in transit
    holder_id: int
    runs: tuple[SerialRange, ...]


def span_of(batch: Batch, first: int | None, last: int | None) -> Span:
    """
    Return the serials of a batch that are meant: the named ones, or all.

    Raises:
        SerialsOutsideError: they do not lie within the batch.
    """
    begins, ends = first or 1, last or batch.credits
    if not 1 <= begins <= ends <= batch.credits:
        raise SerialsOutsideError(batch=batch.serial_prefix, credits=batch.credits)
    return begins, ends


def without_frozen(
    blocks: Iterable[Block], frozen: Mapping[int, Sequence[Span]]
) -> Iterator[Block]:
    """Yield what of blocks is free to move, in their order, where need be in pieces."""
    for block in blocks:
        spans = frozen.get(block.batch_id)
        if spans is None:
            yield block
            continue
        for first, last in _free_runs((block.first, block.last), spans):
            yield Block(block.batch_id, first, last, block.account_id, block.log_index)


def check_free(
    moves: Iterable[Move], frozen: Mapping[int, Sequence[Span]], batches: Mapping[int, Batch]
) -> None:
    """
    Refuse to move serials that are frozen.

    Raises:
        CreditsFrozenError: some of them are.
    """
    for move in moves:
        batch = move.block.batch_id
        for first, last in frozen.get(batch, ()):
            if first <= move.last and last >= move.first:
                named = SerialRange(
                    batches[batch].serial_prefix, max(first, move.first), min(last, move.last)
                )
                raise CreditsFrozenError(serials=str(named))


def take_whole(blocks: Sequence[Block], act: Reversible, run: SerialRange) -> Move:
    """
    Return the move that takes back what an act brought.

    Raises:
        MovedOnError: the receiver does not hold it as exactly the block that the act brought.
    """
    brought = (run.first, run.last, act.holder_id, act.log_index)
    if len(blocks) == 1:
        (block,) = blocks
        if (block.first, block.last, block.account_id, block.log_index) == brought:
            return Move(block, run.first, run.last)
    raise MovedOnError(serials=str(run))


def _free_runs(run: Span, spans: Sequence[Span]) -> Iterator[Span]:
    """Yield what is left of a run without spans, which may overlap and come in any order."""
    first, end = run
    for begins, ends in sorted(spans):
        if ends < first:
            continue
        if begins > end:
            break
        if begins > first:
            yield first, begins - 1
        first = ends + 1
    if first <= end:
        yield first, end
