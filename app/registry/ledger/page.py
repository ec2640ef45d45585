"""
The page of one commit: what its acts change in the ledger, each row beside the value it was decided
on. Pure.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from msgspec import Struct

from app.registry.ledger.rules import Batch, Block, Ending, EntryKind

Cut = tuple[int, int]  # batch id and first serial: the key of a block
Pair = tuple[int, int]  # account id and batch id: the key of a balance
NOWHERE: Final = -1  # the "movement before" of serials that have just been made


class Entry(Struct, frozen=True):
    """One run of serials that changed accounts: the double entry, with both balances after it."""

    log_index: int
    line: int
    kind: EntryKind
    batch_id: int
    first: int
    last: int
    from_account: int
    to_account: int
    from_balance: int  # of this batch, after this entry
    to_balance: int
    from_total: int  # of the whole account, after this entry
    to_total: int
    previous: (
        int | None
    )  # log index of the movement that had brought these serials; None: they were made here


@dataclass(frozen=True, slots=True)
class Ended:
    """A retirement or cancellation to be kept beside its entries."""

    log_index: int
    account_id: int
    credits: int
    ending: Ending
    salt: bytes
    commitment: str


@dataclass(slots=True)
class Page:
    """What one commit changes, each row beside the value it was decided on."""

    entries: list[Entry] = field(default_factory=list)
    new_batches: list[Batch] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    # Values as the commit before left them, of what this one touches. None: the row is not there.
    balances_before: dict[Pair, int | None] = field(default_factory=dict)
    blocks_before: dict[Cut, Block | None] = field(default_factory=dict)
    steps: list[tuple[Any, ...]] = field(default_factory=list)  # how to take it back

    def changes(self) -> int:
        """
        Return a count that grows with every change; equal counts mean nothing was changed in
        between.
        """
        return len(self.entries) + len(self.new_batches) + len(self.ended)


class Mark(Struct, frozen=True):
    """A place on a page to come back to."""

    entries: int
    ended: int
    steps: int
