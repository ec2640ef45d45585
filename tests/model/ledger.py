"""
The ledger in a hundred lines: every serial is one cell that names its account.

It shares no code with the registry, and does everything the slow and obvious way; the state machine
holds the two against each other.
"""

from dataclasses import dataclass, field

SOURCE, BUFFER, RETIRED, CANCELLED = 1, 2, 4, 5
FINAL = {RETIRED, CANCELLED}


@dataclass
class Batch:
    """A batch: its vintage, and for each serial the account it is in (cell 0 is serial 1)."""

    prefix: str
    vintage: int
    cells: list[int]


@dataclass
class Wish:
    """Which credits are asked for."""

    credits: int | None = None
    batch: str | None = None
    vintage: int | None = None
    ranges: tuple[tuple[str, int, int], ...] = ()


@dataclass
class Model:
    """All batches in the order in which they were made, and which accounts are closed."""

    batches: list[Batch] = field(default_factory=list)
    accounts: list[int] = field(default_factory=list)
    closed: set[int] = field(default_factory=set)

    def total(self, account: int) -> int:
        """Count the cells of an account."""
        return sum(batch.cells.count(account) for batch in self.batches)

    def mint(self, prefix: str, vintage: int, net: int, buffer: int, owner: int) -> str | None:
        """Make a batch; returns the code of the refusal, or None."""
        if any(batch.prefix == prefix for batch in self.batches):
            return "serial_prefix_taken"
        if owner in self.closed:
            return "account_closed"
        self.batches.append(Batch(prefix, vintage, [owner] * net + [BUFFER] * buffer))
        return None

    def pick(self, account: int, wish: Wish) -> tuple[list[tuple[Batch, int]], str | None]:
        """Find the cells that a wish means, or the code of its refusal."""
        if (wish.credits is None) == (not wish.ranges):
            return [], "choice_unclear"
        if wish.ranges:
            if wish.batch or wish.vintage:
                return [], "choice_unclear"
            return self._pick_named(account, wish.ranges)
        if wish.batch and not any(batch.prefix == wish.batch for batch in self.batches):
            return [], "batch_not_found"
        found = [
            (batch, cell)
            for batch in sorted(
                self.batches, key=lambda b: b.vintage
            )  # stable: then as they were made
            if wish.batch in {None, batch.prefix} and wish.vintage in {None, batch.vintage}
            for cell, holder in enumerate(batch.cells)
            if holder == account
        ]
        assert wish.credits is not None
        if len(found) < wish.credits:
            return [], "insufficient_credits"
        return found[: wish.credits], None

    def _pick_named(
        self, account: int, ranges: tuple[tuple[str, int, int], ...]
    ) -> tuple[list[tuple[Batch, int]], str | None]:
        seen: set[tuple[str, int]] = set()
        for prefix, first, last in sorted(ranges):
            if first > last:
                return [], "range_reversed"
            serials = {(prefix, serial) for serial in range(first, last + 1)}
            if serials & seen:
                return [], "ranges_overlap"
            seen |= serials
        found = []
        for prefix, first, last in ranges:
            batch = next((b for b in self.batches if b.prefix == prefix), None)
            if batch is None or last > len(batch.cells):
                return [], "serials_not_held"
            if any(batch.cells[serial - 1] != account for serial in range(first, last + 1)):
                return [], "serials_not_held"
            found += [(batch, serial - 1) for serial in range(first, last + 1)]
        return found, None

    def move(self, sender: int, receiver: int, wish: Wish) -> str | None:
        """Move cells; returns the code of the refusal, or None."""
        found, code = self.pick(sender, wish)
        if code:
            return code
        for batch, cell in found:
            batch.cells[cell] = receiver
        return None
