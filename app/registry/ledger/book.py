"""
The ledger as one commit sees and changes it: what was loaded, what moved, what is to be written.

Pure. The store fills it and writes out what changed; every changed row is written against the
value it had
when it was read, so a wrong memory can only fail, never corrupt.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.registry.ledger.rules import (
    FINAL_ACCOUNTS,
    SOURCE,
    Account,
    Batch,
    Block,
    Ending,
    EntryKind,
    Move,
)

Cut = tuple[int, int]  # batch id and first serial: the key of a block
Pair = tuple[int, int]  # account id and batch id: the key of a balance
NOWHERE: Final = -1  # the "movement before" of serials that have just been made


@dataclass(frozen=True, slots=True)
class Entry:
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
class Shelf:
    """
    How far an account's blocks, in order of age, are known: up to ``through``, or all of them.
    """

    account_id: int
    batches: tuple[int, int]  # lowest and highest batch id looked at
    through: Cut = (0, 0)
    complete: bool = False


@dataclass(slots=True)
class Book:
    """What is known of the ledger within one commit, and what this commit changes."""

    accounts: dict[int, Account] = field(default_factory=dict)
    totals: dict[int, int] = field(default_factory=dict)
    batches: dict[int, Batch] = field(default_factory=dict)
    batch_of_prefix: dict[str, int] = field(default_factory=dict)
    balances: dict[Pair, int] = field(default_factory=dict)
    blocks: dict[Cut, Block] = field(default_factory=dict)
    shelves: dict[tuple[int, int, int], Shelf] = field(default_factory=dict)
    covered: set[tuple[int, int, int]] = field(
        default_factory=set
    )  # batch, first, last: all blocks loaded

    entries: list[Entry] = field(default_factory=list)
    new_batches: list[Batch] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    # Values as the database has them, of what this commit touches. None: the row is not there yet.
    balances_before: dict[Pair, int | None] = field(default_factory=dict)
    blocks_before: dict[Cut, Block | None] = field(default_factory=dict)

    _stored_pairs: set[Pair] = field(default_factory=set)
    _by_account: dict[int, list[Cut]] = field(default_factory=dict)
    _by_batch: dict[int, list[int]] = field(default_factory=dict)

    def changes(self) -> int:
        """
        Return a count that grows with every change; equal counts mean nothing was changed in
        between.
        """
        return len(self.entries) + len(self.new_batches) + len(self.ended)

    # What the store fills in.

    def know_account(self, account: Account, total: int) -> None:
        """Take note of an account and of all it holds; what this commit already changed is kept."""
        self.accounts[account.id] = account
        self.totals.setdefault(account.id, total)

    def know_batch(self, batch: Batch) -> None:
        """Take note of a batch."""
        self.batches[batch.id] = batch
        self.batch_of_prefix[batch.serial_prefix] = batch.id

    def know_balance(self, pair: Pair, stored: int | None) -> None:
        """Take note of a balance as the database has it; None: there is no row."""
        if pair in self.balances:
            return
        self.balances[pair] = stored or 0
        if stored is not None:
            self._stored_pairs.add(pair)

    def know_block(self, block: Block) -> None:
        """Take note of a block, unless this commit knows better already."""
        cut = (block.batch_id, block.first)
        if cut not in self.blocks:
            self._place(block)

    def shelf(self, account_id: int, batches: tuple[int, int]) -> Shelf:
        """Return how far an account's blocks within a range of batches are known."""
        return self.shelves.setdefault((account_id, *batches), Shelf(account_id, batches))

    # What decisions read.

    def on_shelf(self, shelf: Shelf) -> Iterator[Block]:
        """Yield the account's known blocks, oldest vintage first, then lowest serial."""
        cuts = self._by_account.get(shelf.account_id, [])
        lowest, highest = shelf.batches
        for cut in cuts[bisect_left(cuts, (lowest, 0)) :]:
            if cut[0] > highest or not (shelf.complete or cut <= shelf.through):
                return
            yield self.blocks[cut]

    def covering(self, batch: int, first: int, last: int) -> list[Block]:
        """Return the known blocks of a batch that touch a range of serials, in order."""
        firsts = self._by_batch.get(batch, [])
        start = max(bisect_right(firsts, first) - 1, 0)
        return [self.blocks[batch, cut] for cut in firsts[start : bisect_right(firsts, last)]]

    # What acts change.

    def make_batch(self, batch: Batch) -> Block:
        """
        Bring a batch into being: all its serials in the source account, from where they are issued.
        """
        assert batch.id not in self.batches
        self.know_batch(batch)
        self.new_batches.append(batch)
        self.balances[SOURCE, batch.id] = 0
        block = Block(batch.id, 1, batch.credits, SOURCE, NOWHERE)
        self.blocks_before[batch.id, 1] = None
        self._place(block)
        return block

    def move(
        self,
        moves: Sequence[Move],
        *,
        to_account: int,
        kind: EntryKind,
        log_index: int,
        line: int = 0,
    ) -> None:
        """
        Carry out moves that were decided: split blocks, hand them over, write the double entries.
        """
        for number, move in enumerate(moves, start=line):
            # The block as it stands: a move before this one may have cut the one decided on, where
            # several named ranges lie in it.
            before = self._block_at(move.block.batch_id, move.first)
            assert before.first <= move.first <= move.last <= before.last
            sender, previous = before.account_id, before.log_index
            assert sender != to_account
            assert sender not in FINAL_ACCOUNTS
            self._hand_over(Move(before, move.first, move.last), to_account, log_index)
            from_balance = self._add((sender, before.batch_id), -move.credits)
            to_balance = self._add((to_account, before.batch_id), move.credits)
            self.totals[sender] -= move.credits
            self.totals[to_account] += move.credits
            self.entries.append(
                Entry(
                    log_index=log_index,
                    line=number,
                    kind=kind,
                    batch_id=before.batch_id,
                    first=move.first,
                    last=move.last,
                    from_account=sender,
                    to_account=to_account,
                    from_balance=from_balance,
                    to_balance=to_balance,
                    from_total=self.totals[sender],
                    to_total=self.totals[to_account],
                    previous=None if previous == NOWHERE else previous,
                )
            )

    def _block_at(self, batch: int, serial: int) -> Block:
        firsts = self._by_batch[batch]
        return self.blocks[batch, firsts[bisect_right(firsts, serial) - 1]]

    def _hand_over(self, move: Move, to_account: int, log_index: int) -> None:
        """Cut the moved serials out of their block and give them to the other account."""
        block = move.block
        self._remember(block)
        if move.last < block.last:
            rest = Block(
                block.batch_id, move.last + 1, block.last, block.account_id, block.log_index
            )
            self._insert(rest)
        if move.first > block.first:
            block.last = move.first - 1
            self._insert(Block(block.batch_id, move.first, move.last, to_account, log_index))
            return
        cut = (block.batch_id, block.first)
        cuts = self._by_account[block.account_id]
        del cuts[bisect_left(cuts, cut)]
        block.last = move.last
        block.account_id = to_account
        block.log_index = log_index
        insort(self._by_account.setdefault(to_account, []), cut)

    def _remember(self, block: Block) -> None:
        cut = (block.batch_id, block.first)
        if cut not in self.blocks_before:
            self.blocks_before[cut] = Block(
                block.batch_id, block.first, block.last, block.account_id, block.log_index
            )

    def _insert(self, block: Block) -> None:
        cut = (block.batch_id, block.first)
        assert cut not in self.blocks
        self.blocks_before[cut] = None
        self._place(block)

    def _place(self, block: Block) -> None:
        cut = (block.batch_id, block.first)
        self.blocks[cut] = block
        insort(self._by_account.setdefault(block.account_id, []), cut)
        insort(self._by_batch.setdefault(block.batch_id, []), block.first)

    def _add(self, pair: Pair, credits_added: int) -> int:
        before = self.balances[pair]
        self.balances_before.setdefault(pair, before if pair in self._stored_pairs else None)
        after = before + credits_added
        assert after >= 0 or pair[0] == SOURCE
        self.balances[pair] = after
        return after
