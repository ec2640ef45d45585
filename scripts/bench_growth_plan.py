"""What happens in a register that is filled by COPY: batches are taken over, moved and retired.

Pure, and the same at every run: a plan of acts that the register's own rules would have allowed, in
the order of its log, with the balances after each. Only so many batches are under way at a time, so
that it holds little however long it becomes.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from app.registry.ledger.rules import RETIRED, SOURCE, EntryKind
from app.registry.ledger.serials import batch_id

BLOCKS_PER_BATCH: Final = 100
CREDITS_PER_BATCH: Final = 200_000
BATCHES_AT_ONCE: Final = 500  # Their acts are mixed, and with them the pages that they touch.
VINTAGES: Final = tuple(range(2015, 2025))
VINTAGES_OF_PROJECT: Final = 5
PROVINCES: Final = ("40", "81", "71", "54", "10", "50", "90", "30")

_SHARE_RETIRED: Final = 0.05
# Which serials of a block move: all, a piece of its middle, two pieces, or else its first ones.
_SHARE_WHOLE: Final = 0.10
_SHARE_MIDDLE: Final = 0.25
_SHARE_TWO: Final = 0.32
_CREDITS_TO_CUT: Final = 8  # A smaller block moves whole.


@dataclass(slots=True)
class Batch:
    """A batch with its blocks as they are, in order of their serials."""

    id: int
    vintage: int
    prefix: str
    project: str
    source: int  # which of the sources it comes from
    province: str
    log_index: int
    at_us: int  # microseconds since 1970
    blocks_left: int  # how many are still to be cut
    firsts: list[int]
    accounts: list[int]
    brought_by: list[int]
    held: dict[int, int] = field(default_factory=dict)  # credits by account


class Line(NamedTuple):
    """One double entry, as the ledger keeps it."""

    first: int
    last: int
    from_balance: int
    to_balance: int
    from_total: int
    to_total: int
    previous: int | None


class Moved(NamedTuple):
    """Credits went from one account to another."""

    log_index: int
    at_us: int
    kind: EntryKind
    batch: Batch
    sender: int
    receiver: int
    lines: Sequence[Line]


class TakenOver(NamedTuple):
    """A batch came into a source's account."""

    batch: Batch
    line: Line


class Done(NamedTuple):
    """No more will happen to this batch."""

    batch: Batch


Event = Moved | TakenOver | Done


class Plan:
    """A history that ends with a number of blocks."""

    def __init__(
        self,
        *,
        blocks: int,
        holders: Sequence[int],
        sources: Sequence[tuple[str, int]],
        first_index: int,
        seed: int,
        blocks_per_batch: int = BLOCKS_PER_BATCH,
    ) -> None:
        """
        Prepare it.

        Args:
            blocks: how many there are in the end.
            holders: accounts that receive.
            sources: code and account of each registry that is taken over from.
            first_index: log index of the first act.
            seed: another one, another history.
            blocks_per_batch: on average; with 1, all that happens is that they are taken over.
        """
        self._chance = random.Random(seed)  # noqa: S311  the same history at every run
        self._holders = holders
        self._sources = sources
        self._blocks = blocks
        self._batches = max(1, min(blocks, round(blocks / blocks_per_batch)))
        self._next_index = first_index
        self._made = 0
        self._of_vintage: Counter[int] = Counter()
        accounts = [SOURCE, RETIRED, *holders, *(account for _, account in sources)]
        self._totals = dict.fromkeys(accounts, 0)

    @property
    def size(self) -> int:
        """How many leaves the log has after the acts so far."""
        return self._next_index

    def events(self, *, began_us: int, step_us: int) -> Iterator[Event]:
        """Yield what happens, beginning just after a moment, an act every so many microseconds."""
        under_way: list[Batch] = []
        random_ = self._chance.random
        at_us = began_us
        while under_way or self._made < self._batches:
            at_us += step_us
            if self._made < self._batches and len(under_way) < BATCHES_AT_ONCE:
                taken = self._take_over(at_us)
                under_way.append(taken.batch)
                yield taken
                continue
            place = int(random_() * len(under_way))
            batch = under_way[place]
            if batch.blocks_left:
                yield self._move(batch, at_us)
            else:
                under_way[place] = under_way[-1]
                under_way.pop()
                yield Done(batch)

    def _take_over(self, at_us: int) -> TakenOver:
        number = self._made
        self._made += 1
        share = self._blocks * self._made // self._batches - self._blocks * number // self._batches
        # A project has one batch of each vintage, so that no more is taken over than was issued.
        vintage = VINTAGES[number % len(VINTAGES)]
        self._of_vintage[vintage] += 1
        project_number = number // VINTAGES_OF_PROJECT + 1
        source = project_number % len(self._sources)
        code, account = self._sources[source]
        project = f"{code}-{project_number}"
        batch = Batch(
            id=batch_id(vintage, self._of_vintage[vintage]),
            vintage=vintage,
            prefix=f"{project}-{vintage}",
            project=project,
            source=source,
            province=PROVINCES[project_number % len(PROVINCES)],
            log_index=self._next_index,
            at_us=at_us,
            blocks_left=share - 1,
            firsts=[1],
            accounts=[account],
            brought_by=[self._next_index],
            held={SOURCE: -CREDITS_PER_BATCH, account: CREDITS_PER_BATCH},
        )
        self._next_index += 1
        line = self._line(batch, (1, CREDITS_PER_BATCH), SOURCE, account)
        return TakenOver(batch, line._replace(previous=None))

    def _move(self, batch: Batch, at_us: int) -> Moved:
        random_ = self._chance.random
        accounts = batch.accounts
        place = int(random_() * len(accounts))
        while accounts[place] == RETIRED:
            place = int(random_() * len(accounts))
        sender = accounts[place]
        runs = self._choose(batch, place)
        log_index = self._next_index
        self._next_index = log_index + 1
        if random_() < _SHARE_RETIRED and _may_retire(batch, runs):
            kind, receiver = EntryKind.RETIRED, RETIRED
        else:
            kind, receiver = EntryKind.TRANSFERRED, self._another(sender)
        lines = []
        for run in runs:
            previous, place = _hand_over(batch, place, run, receiver, log_index)
            batch.held[sender] -= run[1] - run[0] + 1
            batch.held[receiver] = batch.held.get(receiver, 0) + run[1] - run[0] + 1
            lines.append(self._line(batch, run, sender, receiver, previous))
        return Moved(log_index, at_us, kind, batch, sender, receiver, lines)

    def _another(self, sender: int) -> int:
        holders = self._holders
        while (found := holders[int(self._chance.random() * len(holders))]) == sender:
            pass
        return found

    def _choose(self, batch: Batch, place: int) -> list[tuple[int, int]]:
        """Choose serials of a block: no more pieces than there are blocks still to be cut."""
        random_ = self._chance.random
        first, last = batch.firsts[place], _end(batch, place)
        size, shape = last - first + 1, random_()
        if size < _CREDITS_TO_CUT or shape < _SHARE_WHOLE:
            return [(first, last)]
        pieces = batch.blocks_left
        third = size // 3
        if shape < _SHARE_MIDDLE and pieces > 1:
            batch.blocks_left = pieces - 2
            return [(first + 1 + int(random_() * third), last - 1 - int(random_() * third))]
        if shape < _SHARE_TWO and pieces > 2:  # noqa: PLR2004  two pieces leave two of their own
            batch.blocks_left = pieces - 3
            start = last - 1 - int(random_() * third)
            return [(first, first + int(random_() * third)), (start, start)]
        batch.blocks_left = pieces - 1
        return [(first, first + int(random_() * (size - 1)))]

    def _line(
        self,
        batch: Batch,
        run: tuple[int, int],
        sender: int,
        receiver: int,
        previous: int | None = None,
    ) -> Line:
        totals = self._totals
        moved = run[1] - run[0] + 1
        from_total = totals[sender] = totals[sender] - moved
        to_total = totals[receiver] = totals[receiver] + moved
        held = batch.held
        return Line(run[0], run[1], held[sender], held[receiver], from_total, to_total, previous)


def _may_retire(batch: Batch, runs: Sequence[tuple[int, int]]) -> bool:
    """Tell whether half of a batch stays in use: something must be left to be cut."""
    credits_retired = sum(last - first + 1 for first, last in runs)
    return batch.held.get(RETIRED, 0) + credits_retired <= CREDITS_PER_BATCH // 2


def _end(batch: Batch, place: int) -> int:
    """Return the last serial of a block."""
    after = place + 1
    return batch.firsts[after] - 1 if after < len(batch.firsts) else CREDITS_PER_BATCH


def _hand_over(
    batch: Batch, place: int, run: tuple[int, int], receiver: int, log_index: int
) -> tuple[int, int]:
    """
    Cut serials out of a block and give them away.

    Returns:
        The movement that had brought them, and the place of what is left behind them.
    """
    first, last = run
    firsts, accounts, brought_by = batch.firsts, batch.accounts, batch.brought_by
    sender, previous = accounts[place], brought_by[place]
    if last < _end(batch, place):
        firsts.insert(place + 1, last + 1)
        accounts.insert(place + 1, sender)
        brought_by.insert(place + 1, previous)
    if first > firsts[place]:
        place += 1
        firsts.insert(place, first)
        accounts.insert(place, receiver)
        brought_by.insert(place, log_index)
    else:
        accounts[place] = receiver
        brought_by[place] = log_index
    return previous, place + 1
