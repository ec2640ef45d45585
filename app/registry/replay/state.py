"""
The state of the register at a size of its log, as text: what a replay and the register compare.

Lines of values joined by commas, ended by a line feed, in the order of the register's own keys:

    size,<leaves>
    account,<number>,<kind>,<open|closed>,<owner party, or nothing>    by the digits of the number
    batch,<prefix>,<vintage>,<credits>,<log index>                     by vintage, then as made
    balance,<prefix>,<account number>,<credits>                        by account, then batch
    block,<prefix>,<first>,<last>,<account number>,<log index>         by batch, then first serial
    ending,<log index>,<retired|cancelled>,<account number>,<credits>,<commitment>

Balances of zero are left out; the source account's are below zero. The log index of a batch is that
of the act that made it, of a block that of the movement that brought it.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Final

from app.registry.ledger.serials import account_number
from app.registry.replay.replay import Replay

DIFFERENCES_MAX: Final = 20
_LOOK_AHEAD: Final = 500  # How many lines one side may lack in a row and still be found again.


def lines(replay: Replay) -> Iterator[str]:
    """Yield the state that a replay has come to, line by line, each with its line feed."""
    yield f"size,{replay.size}\n"
    for account in replay.accounts():
        standing = "open" if account.is_open else "closed"
        yield f"account,{account.number},{account.kind},{standing},{account.owner or ''}\n"
    for batch in replay.batches():
        yield f"batch,{batch.prefix},{batch.vintage},{batch.credits},{batch.log_index}\n"
    for account_id, batch, held in replay.balances():
        yield f"balance,{batch.prefix},{_number(account_id)},{held}\n"
    for batch, block in replay.blocks():
        owner = _number(block.account)
        yield f"block,{batch.prefix},{block.first},{block.last},{owner},{block.log_index}\n"
    for e in replay.endings():
        yield f"ending,{e.log_index},{e.word},{e.account},{e.credits},{e.commitment}\n"


_number = lru_cache(maxsize=10_000)(account_number)


def compare(published: Iterable[str], replay: Replay) -> list[str]:
    """
    Compare a published state with the one that a replay has come to.

    Args:
        published: the lines, each with its line feed; read once, never held.
        replay: at the size that was published.

    Returns:
        The first differences, at most `DIFFERENCES_MAX`: ``published only: …`` and
        ``replayed only: …``. Empty: the states are one.
    """
    found: list[str] = []
    theirs, ours = _Ahead(published), _Ahead(lines(replay))
    while len(found) < DIFFERENCES_MAX:
        their, our = theirs.peek(), ours.peek()
        if their is None and our is None:
            break
        if their == our:
            theirs.pop()
            ours.pop()
            continue
        skipped_theirs = None if our is None else theirs.find(our)
        skipped_ours = None if their is None else ours.find(their)
        found += _told(theirs, ours, skipped_theirs, skipped_ours)
    return found[:DIFFERENCES_MAX]


def _told(
    theirs: "_Ahead", ours: "_Ahead", skipped_theirs: int | None, skipped_ours: int | None
) -> list[str]:
    """Take off what one side has alone: up to where they meet again, or one line of each."""
    if skipped_theirs is None and skipped_ours is None:
        skipped_theirs, skipped_ours = 1, 1
    elif skipped_ours is None or (skipped_theirs is not None and skipped_theirs <= skipped_ours):
        skipped_ours = 0
    else:
        skipped_theirs = 0
    told = [f"published only: {line}" for line in theirs.take(skipped_theirs or 0)]
    return told + [f"replayed only: {line}" for line in ours.take(skipped_ours)]


class _Ahead:
    """Lines with a short look ahead."""

    def __init__(self, source: Iterable[str]) -> None:
        self._source = iter(source)
        self._waiting: deque[str] = deque()

    def peek(self) -> str | None:
        """Return the next line; None: there is none."""
        self._fill(1)
        return self._waiting[0] if self._waiting else None

    def pop(self) -> None:
        """Go past the next line."""
        self._waiting.popleft()

    def take(self, count: int) -> list[str]:
        """Go past some lines and return them without their line feeds."""
        self._fill(count)
        return [self._waiting.popleft().rstrip("\n") for _ in range(min(count, len(self._waiting)))]

    def find(self, line: str) -> int | None:
        """Return how many lines stand before a line; None: it is not near."""
        self._fill(_LOOK_AHEAD)
        return self._waiting.index(line) if line in self._waiting else None

    def _fill(self, count: int) -> None:
        missing = count - len(self._waiting)
        if missing > 0:
            self._waiting.extend(islice(self._source, missing))
