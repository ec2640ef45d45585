"""
The ledger as its one writer knows and changes it: what was loaded, what moved, what is to be
written.

Pure. The store fills it and writes out what changed; every changed row is written against the
value it was decided on, so a wrong memory can only fail, never corrupt. A book may be kept from
commit to commit: each commit writes on a page of its own, which can be rewound.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final

from app.registry.ledger.freezing import Span
from app.registry.ledger.page import NOWHERE, Cut, Entry, Mark, Page, Pair
from app.registry.ledger.rules import (
    FINAL_ACCOUNTS,
    SOURCE,
    Account,
    Batch,
    Block,
    EntryKind,
    Move,
)
from app.registry.ledger.terms import NO_TERMS, OwnTerms

BEGINNING: Final = Mark(0, 0, 0)
_NOBODY: Final[Mapping[int, datetime]] = MappingProxyType({})


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
    """What is known of the ledger, and the page that the present commit writes."""

    accounts: dict[int, Account] = field(default_factory=dict)  # least recently used first
    totals: dict[int, int] = field(default_factory=dict)
    # Account: the accounts on its trusted list, each with the moment from which it is trusted.
    trusted: dict[int, Mapping[int, datetime]] = field(default_factory=dict)
    own_terms: dict[int, OwnTerms] = field(default_factory=dict)  # what it has set for itself
    # Batch: its frozen serials. Only batches that have some: it is empty nearly always.
    frozen: dict[int, Sequence[Span]] = field(default_factory=dict)
    batches: dict[int, Batch] = field(default_factory=dict)
    batch_of_prefix: dict[str, int] = field(default_factory=dict)
    balances: dict[Pair, int] = field(default_factory=dict)
    blocks: dict[Cut, Block] = field(default_factory=dict)
    covered: set[tuple[int, int, int]] = field(
        default_factory=set
    )  # batch, first, last: all blocks loaded
    page: Page = field(default_factory=Page)

    _stored_pairs: set[Pair] = field(default_factory=set)
    _shelves: dict[int, dict[tuple[int, int], Shelf]] = field(default_factory=dict)
    _pairs_of: dict[int, set[int]] = field(default_factory=dict)  # account: batches of its balances
    _by_account: dict[int, list[Cut]] = field(default_factory=dict)
    _by_batch: dict[int, list[int]] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return how much is known: blocks, balances and the like, of some 300 bytes each."""
        return len(self.blocks) + len(self.balances) + len(self.accounts) + len(self.covered)

    # What the store fills in.

    def know_account(
        self,
        account: Account,
        total: int,
        trusted: Mapping[int, datetime] = _NOBODY,
        own_terms: OwnTerms = NO_TERMS,
    ) -> None:
        """
        Take note of an account, of whom it trusts, of its own terms, and of all it holds, unless
        this book knows better already.
        """
        self.accounts[account.id] = account
        self.trusted[account.id] = trusted
        self.own_terms[account.id] = own_terms
        self.totals.setdefault(account.id, total)

    def know_batch(self, batch: Batch, frozen: Sequence[Span] = ()) -> None:
        """Take note of a batch, and of which of its serials are frozen."""
        self.batches[batch.id] = batch
        self.batch_of_prefix[batch.serial_prefix] = batch.id
        self.know_frozen(batch.id, frozen)

    def know_frozen(self, batch_id: int, frozen: Sequence[Span]) -> None:
        """Take note of which serials of a batch are frozen: first and last of each run."""
        if frozen:
            self.frozen[batch_id] = frozen
        else:
            self.frozen.pop(batch_id, None)

    def know_balance(self, pair: Pair, stored: int | None) -> None:
        """Take note of a balance as the database has it; None: there is no row."""
        if pair in self.balances:
            return
        self.balances[pair] = stored or 0
        self._pairs_of.setdefault(pair[0], set()).add(pair[1])
        if stored is not None:
            self._stored_pairs.add(pair)

    def know_block(self, block: Block) -> None:
        """Take note of a block, unless this book knows better already."""
        cut = (block.batch_id, block.first)
        if cut not in self.blocks:
            self._place(block)

    def shelf(self, account_id: int, batches: tuple[int, int]) -> Shelf:
        """Return how far an account's blocks within a range of batches are known."""
        of_account = self._shelves.setdefault(account_id, {})
        found = of_account.get(batches)
        if found is None:
            found = of_account[batches] = Shelf(account_id, batches)
        return found

    # What decisions read.

    def on_shelf(self, shelf: Shelf) -> Iterator[Block]:
        """Yield the account's known blocks, oldest vintage first, then lowest serial."""
        cuts = self._by_account.get(shelf.account_id, [])
        lowest, highest = shelf.batches
        # By number: a slice would copy thousands of cuts for the sake of the first few.
        for number in range(bisect_left(cuts, (lowest, 0)), len(cuts)):
            cut = cuts[number]
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
        self.page.new_batches.append(batch)
        self.know_balance((SOURCE, batch.id), None)
        block = Block(batch.id, 1, batch.credits, SOURCE, NOWHERE)
        self.page.blocks_before[batch.id, 1] = None
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
            self._hand_over(before, move, to_account, log_index)
            from_balance = self._add((sender, before.batch_id), -move.credits)
            to_balance = self._add((to_account, before.batch_id), move.credits)
            from_total = self._add_total(sender, -move.credits)
            to_total = self._add_total(to_account, move.credits)
            self.page.entries.append(
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
                    from_total=from_total,
                    to_total=to_total,
                    previous=None if previous == NOWHERE else previous,
                )
            )

    # Pages, and taking back what is on them.

    def turn_page(self) -> Page:
        """Begin a new page; returns the one that was written on."""
        written, self.page = self.page, Page()
        return written

    def mark(self) -> Mark:
        """Return the present place on the page."""
        page = self.page
        return Mark(len(page.entries), len(page.ended), len(page.steps))

    def rewind(self, mark: Mark = BEGINNING) -> None:
        """
        Take back what was moved since a mark on this page, as if it had never been asked for.

        New batches cannot be taken back: acts that mint are not tried out in a book that is kept.
        """
        page = self.page
        assert not page.new_batches
        while len(page.steps) > mark.steps:
            undo, *what = page.steps.pop()
            undo(self, *what)
        del page.entries[mark.entries :]
        del page.ended[mark.ended :]

    def rewind_page(self, page: Page) -> None:
        """Take back a whole page that was turned, none having been written on since."""
        assert self.page.changes() == 0
        self.page = page
        self.rewind()
        self.page = Page()

    def forget(self, account_ids: Iterable[int]) -> None:
        """
        Forget accounts and all they hold, so that they are loaded again when they are needed.

        Only between commits: what a page that is not written yet has changed must not be forgotten.
        """
        for account_id in account_ids:
            self.accounts.pop(account_id, None)
            self.totals.pop(account_id, None)
            self.trusted.pop(account_id, None)
            self.own_terms.pop(account_id, None)
            self._shelves.pop(account_id, None)
            for batch in self._pairs_of.pop(account_id, ()):
                del self.balances[account_id, batch]
                self._stored_pairs.discard((account_id, batch))
            for cut in self._by_account.pop(account_id, ()):
                del self.blocks[cut]
                self._forget_cut(cut)
        self.covered.clear()  # some of it may be gone

    def forget_batches(self, prefixes: Iterable[str]) -> None:
        """Forget batches, and the accounts that hold of them; only between commits, as `forget`."""
        for batch in [self.batch_of_prefix[p] for p in prefixes if p in self.batch_of_prefix]:
            cuts = [(batch, first) for first in self._by_batch.get(batch, ())]
            self.forget({self.blocks[cut].account_id for cut in cuts})
            self._forget_batch(batch)

    def forget_unused(self, kept: int) -> None:
        """Forget the accounts that were not used for longest, until no more than this is known."""
        self.forget(FINAL_ACCOUNTS)  # what ended never moves again
        while len(self) > kept and self.accounts:
            self.forget([next(iter(self.accounts))])

    def use(self, account_id: int) -> None:
        """Take note that an account is in use: it is forgotten after those that are not."""
        known = self.accounts.pop(account_id, None)
        if known is not None:
            self.accounts[account_id] = known

    def _forget_cut(self, cut: Cut) -> None:
        batch, first = cut
        firsts = self._by_batch[batch]
        del firsts[bisect_left(firsts, first)]
        if not firsts:
            del self._by_batch[batch]
            self._forget_batch(batch)

    def _forget_batch(self, batch: int) -> None:
        gone = self.batches.pop(batch, None)
        self.frozen.pop(batch, None)
        if gone is not None:
            self.batch_of_prefix.pop(gone.serial_prefix, None)

    def _block_at(self, batch: int, serial: int) -> Block:
        begins = self.blocks.get((batch, serial))
        if begins is not None:  # as it nearly always does: the lowest serials are taken first
            return begins
        firsts = self._by_batch[batch]
        return self.blocks[batch, firsts[bisect_right(firsts, serial) - 1]]

    def _hand_over(self, block: Block, move: Move, to_account: int, log_index: int) -> None:
        """Cut the moved serials out of their block and give them to the other account."""
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
        block.last = move.last
        self._give(block, to_account, log_index)

    def _give(self, block: Block, to_account: int, log_index: int) -> None:
        if block.account_id != to_account:
            cut = (block.batch_id, block.first)
            cuts = self._by_account[block.account_id]
            del cuts[bisect_left(cuts, cut)]
            insort(self._by_account.setdefault(to_account, []), cut)
            block.account_id = to_account
        block.log_index = log_index

    def _remember(self, block: Block) -> None:
        page = self.page
        cut = (block.batch_id, block.first)
        page.steps.append(
            (Book._restore_block, block, block.last, block.account_id, block.log_index)
        )
        if cut not in page.blocks_before:
            page.blocks_before[cut] = Block(
                block.batch_id, block.first, block.last, block.account_id, block.log_index
            )

    def _restore_block(self, block: Block, last: int, account_id: int, log_index: int) -> None:
        self._give(block, account_id, log_index)
        block.last = last

    def _insert(self, block: Block) -> None:
        cut = (block.batch_id, block.first)
        assert cut not in self.blocks
        self.page.blocks_before[cut] = None
        self.page.steps.append((Book._remove_block, cut))
        self._place(block)

    def _remove_block(self, cut: Cut) -> None:
        del self.page.blocks_before[cut]
        block = self.blocks.pop(cut)
        cuts = self._by_account[block.account_id]
        del cuts[bisect_left(cuts, cut)]
        firsts = self._by_batch[block.batch_id]
        del firsts[bisect_left(firsts, block.first)]

    def _place(self, block: Block) -> None:
        cut = (block.batch_id, block.first)
        self.blocks[cut] = block
        insort(self._by_account.setdefault(block.account_id, []), cut)
        insort(self._by_batch.setdefault(block.batch_id, []), block.first)

    def _add(self, pair: Pair, credits_added: int) -> int:
        page = self.page
        before = self.balances[pair]
        stored = pair in self._stored_pairs
        page.steps.append((Book._restore_balance, pair, before, stored))
        page.balances_before.setdefault(pair, before if stored else None)
        self._stored_pairs.add(pair)  # for whoever comes after this page
        after = before + credits_added
        assert after >= 0 or pair[0] == SOURCE
        self.balances[pair] = after
        return after

    def _restore_balance(self, pair: Pair, before: int, stored: bool) -> None:  # noqa: FBT001
        self.balances[pair] = before
        if not stored:
            self._stored_pairs.discard(pair)
            del self.page.balances_before[pair]

    def _add_total(self, account_id: int, credits_added: int) -> int:
        before = self.totals[account_id]
        self.page.steps.append((Book._restore_total, account_id, before))
        self.totals[account_id] = after = before + credits_added
        return after

    def _restore_total(self, account_id: int, before: int) -> None:
        self.totals[account_id] = before
