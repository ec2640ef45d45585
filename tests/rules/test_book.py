"""The ledger as one commit sees it: what is known, what moves, and what is to be written."""

from datetime import UTC, datetime
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.encoding import LEAF_BYTES_MAX
from app.registry.ledger.book import Book
from app.registry.ledger.rules import (
    FINAL_ACCOUNTS,
    MOVES_PER_ACT_MAX,
    SOURCE,
    Account,
    AccountKind,
    AccountStatus,
    Batch,
    Block,
    EntryKind,
    Move,
)
from app.registry.ledger.serials import PREFIX_MAX, batch_id
from app.registry.log.pen import ActTooLargeError, Pen

NOW = datetime(2026, 1, 1, tzinfo=UTC)
A, B, C = 1001, 1002, 1003
BATCH = batch_id(2024, 1)
CREDITS = 100


def a_batch(vintage: int = 2024, sequence: int = 1) -> Batch:
    made = batch_id(vintage, sequence)
    return Batch(made, vintage, CREDITS, f"X-{made}", "X", "X", "X", None, None, 7, NOW)


def a_book() -> Book:
    """A holds serials 1 to 100 of one batch; B and C hold nothing."""
    book = Book()
    for number in (SOURCE, A, B, C):
        kind = AccountKind.SOURCE if number == SOURCE else AccountKind.HOLDING
        account = Account(number, None, kind, AccountStatus.OPEN, "", 1, NOW)
        book.know_account(account, CREDITS if number == A else 0)
    book.know_batch(a_batch())
    book.know_block(Block(BATCH, 1, CREDITS, A, 7))
    book.know_balance((A, BATCH), CREDITS)
    book.know_balance((B, BATCH), None)
    book.know_balance((C, BATCH), 0)
    return book


def move(book: Book, first: int, last: int, to: int, *, log_index: int = 8) -> None:
    """Move serials out of whatever block holds them."""
    (block,) = book.covering(BATCH, first, last)
    book.move(
        [Move(block, first, last)],
        to_account=to,
        kind=EntryKind.TRANSFERRED,
        log_index=log_index,
    )


def where(book: Book) -> list[tuple[int, int, int]]:
    return [(b.first, b.last, b.account_id) for b in book.covering(BATCH, 1, CREDITS)]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (1, 100, [(1, 100, B)]),
        (1, 30, [(1, 30, B), (31, 100, A)]),
        (71, 100, [(1, 70, A), (71, 100, B)]),
        (31, 70, [(1, 30, A), (31, 70, B), (71, 100, A)]),
        (50, 50, [(1, 49, A), (50, 50, B), (51, 100, A)]),
    ],
)
def test_a_block_is_split_where_serials_leave_it(
    first: int, last: int, expected: list[tuple[int, int, int]]
) -> None:
    book = a_book()
    move(book, first, last, B)
    assert where(book) == expected
    assert (book.balances[A, BATCH], book.balances[B, BATCH]) == (
        CREDITS - (last - first + 1),
        last - first + 1,
    )


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)], ids=str)
def test_several_runs_leave_one_block_in_one_act(order: tuple[int, ...]) -> None:
    """They were decided on the block as it stood before the first of them cut it."""
    book = a_book()
    block = book.blocks[BATCH, 1]
    named = [(1, 10), (31, 40), (91, 100)]
    moves = [Move(block, *named[number]) for number in order]
    book.move(moves, to_account=B, kind=EntryKind.TRANSFERRED, log_index=8)
    assert where(book) == [(1, 10, B), (11, 30, A), (31, 40, B), (41, 90, A), (91, 100, B)]
    assert [(e.first, e.last) for e in book.page.entries] == [named[number] for number in order]
    assert {e.previous for e in book.page.entries} == {7}
    assert book.page.entries[-1].to_balance == 30


def test_an_entry_carries_both_balances_and_the_movement_before() -> None:
    book = a_book()
    move(book, 1, 30, B)
    move(book, 11, 20, C, log_index=9)
    first, second = book.page.entries
    assert (first.previous, second.previous) == (7, 8)
    assert (first.from_balance, first.to_balance) == (70, 30)
    assert (second.from_balance, second.to_balance) == (20, 10)
    assert (second.from_total, second.to_total) == (20, 10)
    assert (second.first, second.last, second.line) == (11, 20, 0)


def test_what_is_written_is_checked_against_what_was_read() -> None:
    """The values before are those of the database, however often a row changed in between."""
    book = a_book()
    move(book, 1, 30, B)
    move(book, 1, 30, C, log_index=9)
    assert book.page.balances_before == {(A, BATCH): 100, (B, BATCH): None, (C, BATCH): 0}
    assert book.page.blocks_before == {(BATCH, 1): Block(BATCH, 1, 100, A, 7), (BATCH, 31): None}


def test_a_later_read_does_not_undo_what_this_commit_did() -> None:
    """The database still has the state from before the commit."""
    book = a_book()
    move(book, 1, 30, B)
    book.know_block(Block(BATCH, 1, CREDITS, A, 7))
    book.know_balance((A, BATCH), CREDITS)
    account = Account(A, None, AccountKind.HOLDING, AccountStatus.OPEN, "", 2, NOW)
    book.know_account(account, CREDITS)
    assert where(book) == [(1, 30, B), (31, 100, A)]
    assert (book.balances[A, BATCH], book.totals[A]) == (70, 70)


def test_changes_are_counted() -> None:
    """By this the committer knows whether a refused act has touched the book."""
    book = a_book()
    assert book.page.changes() == 0
    move(book, 1, 30, B)
    assert book.page.changes() == 1
    book.make_batch(a_batch(2025))
    assert book.page.changes() == 2


def test_a_new_batch_is_in_the_source_account() -> None:
    book = a_book()
    made = a_batch(2025)
    block = book.make_batch(made)
    assert (block.account_id, block.first, block.last) == (SOURCE, 1, CREDITS)
    book.know_balance((B, made.id), None)
    book.move([Move(block, 1, 100)], to_account=B, kind=EntryKind.ISSUED, log_index=8)
    assert book.page.entries[0].previous is None, "serials that were just made come from nowhere"
    assert book.balances[SOURCE, made.id] == -100
    with pytest.raises(AssertionError):
        book.make_batch(made)


def test_a_shelf_is_read_in_order_of_age_and_only_as_far_as_it_is_known() -> None:
    """A block beyond what was loaded may have unknown older ones before it."""
    book = a_book()
    for vintage, first in ((2025, 1), (2023, 1), (2024, 1)):
        book.know_batch(a_batch(vintage))
        book.know_block(Block(batch_id(vintage, 1), first, 100, B if vintage != 2024 else A, 7))
    book.know_block(Block(batch_id(2023, 2), 1, 100, B, 7))
    shelf = book.shelf(B, (0, 10**15))
    assert list(book.on_shelf(shelf)) == []
    shelf.through = (batch_id(2023, 1), 1)
    assert [b.batch_id for b in book.on_shelf(shelf)] == [batch_id(2023, 1)]
    shelf.complete = True
    assert [b.batch_id for b in book.on_shelf(shelf)] == [
        batch_id(2023, 1),
        batch_id(2023, 2),
        batch_id(2025, 1),
    ]
    assert book.shelf(B, (0, 10**15)) is shelf
    only = book.shelf(B, (batch_id(2023, 2), batch_id(2023, 2)))
    only.complete = True
    assert [b.batch_id for b in book.on_shelf(only)] == [batch_id(2023, 2)]
    assert list(book.on_shelf(book.shelf(C, (0, 10**15)))) == []


@pytest.mark.parametrize(("first", "last"), [(0, 10), (90, 101), (20, 10)])
def test_serials_outside_their_block_are_never_moved(first: int, last: int) -> None:
    book = a_book()
    block = book.blocks[BATCH, 1]
    with pytest.raises(AssertionError):
        book.move([Move(block, first, last)], to_account=B, kind=EntryKind.TRANSFERRED, log_index=8)


@pytest.mark.parametrize("final", sorted(FINAL_ACCOUNTS))
def test_nothing_leaves_an_account_where_credits_end(final: int) -> None:
    """Rules refuse it with words; this and the database hold it should a rule be forgotten."""
    book = Book()
    block = Block(BATCH, 1, CREDITS, final, 7)
    book.know_block(block)
    with pytest.raises(AssertionError):
        book.move([Move(block, 1, 1)], to_account=B, kind=EntryKind.TRANSFERRED, log_index=8)


def test_credits_do_not_move_from_an_account_to_itself() -> None:
    book = a_book()
    with pytest.raises(AssertionError):
        move(book, 1, 1, A)


def test_no_balance_falls_below_nothing() -> None:
    """Only the source account stands below zero: by what it issued."""
    book = a_book()
    book.balances[A, BATCH] = 5
    with pytest.raises(AssertionError):
        move(book, 1, 6, B)


@given(
    st.lists(
        st.tuples(st.integers(1, CREDITS), st.integers(1, CREDITS), st.sampled_from([A, B, C])),
        max_size=25,
    )
)
def test_whatever_moves_every_serial_is_in_one_place(moves: list[tuple[int, int, int]]) -> None:
    """The book against a list with one cell for each serial."""
    book = a_book()
    cells = [A] * CREDITS
    for number, (one, other, to) in enumerate(moves, start=8):
        first, last = min(one, other), max(one, other)
        covering = book.covering(BATCH, first, last)
        parts = [
            Move(block, max(block.first, first), min(block.last, last))
            for block in covering
            if block.account_id != to
        ]
        book.move(parts, to_account=to, kind=EntryKind.TRANSFERRED, log_index=number)
        cells[first - 1 : last] = [to] * (last - first + 1)
        seen = [account for f, end, account in where(book) for _ in range(f, end + 1)]
        assert seen == cells
        for account in (A, B, C):
            assert book.balances[account, BATCH] == book.totals[account] == cells.count(account)


Drawn = tuple[int, int, int]  # two serials and a receiver
moves_drawn = st.lists(
    st.tuples(st.integers(1, CREDITS), st.integers(1, CREDITS), st.sampled_from([A, B, C])),
    max_size=12,
)


def carry_out(book: Book, drawn: list[Drawn], *, log_index: int) -> None:
    for number, (one, other, to) in enumerate(drawn, start=log_index):
        first, last = min(one, other), max(one, other)
        parts = [
            Move(block, max(block.first, first), min(block.last, last))
            for block in book.covering(BATCH, first, last)
            if block.account_id != to
        ]
        book.move(parts, to_account=to, kind=EntryKind.TRANSFERRED, log_index=number)


def known(book: Book) -> dict[str, object]:
    """Everything that a decision could read, in a form that can be compared."""
    return {
        "blocks": {
            cut: (b.last, b.account_id, b.log_index) for cut, b in sorted(book.blocks.items())
        },
        "balances": {pair: held for pair, held in sorted(book.balances.items()) if held},
        "totals": dict(sorted(book.totals.items())),
        "places": where(book),
        "shelves": [
            [b.first for b in book.on_shelf(book.shelf(account, (0, 10**15)))]
            for account in (A, B, C)
        ],
    }


def a_book_in_use() -> Book:
    book = a_book()
    for account in (A, B, C):
        book.shelf(account, (0, 10**15)).complete = True
    return book


@given(moves_drawn, moves_drawn, moves_drawn)
def test_what_is_rewound_never_was(
    kept: list[Drawn], rewound: list[Drawn], after: list[Drawn]
) -> None:
    """Whatever comes after it is decided, and written, as if it had not been asked for."""
    book, other = a_book_in_use(), a_book_in_use()
    carry_out(book, kept, log_index=8)
    carry_out(other, kept, log_index=8)
    mark = book.mark()
    carry_out(book, rewound, log_index=50)
    book.rewind(mark)
    assert known(book) == known(other)
    carry_out(book, after, log_index=50)
    carry_out(other, after, log_index=50)
    assert known(book) == known(other)
    assert book.page.entries == other.page.entries
    new = {cut for cut, before in book.page.blocks_before.items() if before is None}
    assert new == {cut for cut, before in other.page.blocks_before.items() if before is None}
    touched = book.page.balances_before
    assert other.page.balances_before.items() <= touched.items()
    # What a rewound act had touched may stay on the page: it says that nothing changed.
    for pair in touched.keys() - other.page.balances_before.keys():
        assert touched[pair] == book.balances[pair]


@given(moves_drawn, moves_drawn)
def test_a_page_is_written_against_the_page_before(first: list[Drawn], second: list[Drawn]) -> None:
    """The values before are those that the commit before leaves in the database."""
    book = a_book_in_use()
    carry_out(book, first, log_index=8)
    before = {cut: (b.last, b.account_id, b.log_index) for cut, b in book.blocks.items()}
    balances = dict(book.balances)
    written = book.turn_page()
    carry_out(book, second, log_index=50)
    for cut, block in book.page.blocks_before.items():
        assert before.get(cut) == (block and (block.last, block.account_id, block.log_index))
    rows = {pair for pair, held in balances.items() if held or pair in written.balances_before}
    for pair, held in book.page.balances_before.items():
        assert held == (balances[pair] if pair in rows or pair == (C, BATCH) else None)


@given(moves_drawn, st.sets(st.sampled_from([A, B, C])))
def test_what_is_forgotten_is_known_again_when_it_is_loaded(
    drawn: list[Drawn], forgotten: set[int]
) -> None:
    book = a_book_in_use()
    carry_out(book, drawn, log_index=8)
    everything = known(book)
    accounts, totals = dict(book.accounts), dict(book.totals)
    blocks, balances = list(book.blocks.values()), dict(book.balances)
    book.turn_page()
    book.forget(forgotten)
    assert not forgotten & book.accounts.keys()
    assert not [b for b in book.blocks.values() if b.account_id in forgotten]
    assert not [pair for pair in book.balances if pair[0] in forgotten]
    for account in forgotten:
        book.know_account(accounts[account], totals[account])
        book.shelf(account, (0, 10**15)).complete = True
    book.know_batch(a_batch())
    for block in blocks:
        book.know_block(block)
    for pair, held in balances.items():
        book.know_balance(pair, held)
    assert known(book) == everything


def test_the_least_recently_used_account_is_forgotten_first() -> None:
    book = a_book_in_use()
    book.know_block(Block(batch_id(2024, 2), 1, 10, B, 7))
    book.use(A)
    book.use(C)
    held = len(book)
    book.forget_unused(held - 1)
    assert SOURCE not in book.accounts
    assert A in book.accounts
    assert C in book.accounts
    assert len(book) < held
    book.forget_unused(0)
    assert len(book) == 0


def test_where_credits_ended_is_not_kept_in_mind() -> None:
    """They never move again, and there are ever more of them."""
    book = a_book_in_use()
    retired = min(FINAL_ACCOUNTS)
    book.know_account(
        Account(retired, None, AccountKind.RETIRED, AccountStatus.OPEN, "", 1, NOW), 0
    )
    book.know_balance((retired, BATCH), None)
    move(book, 1, 30, retired)
    book.turn_page()
    book.forget_unused(10**6)
    assert not [b for b in book.blocks.values() if b.account_id == retired]
    assert [b.first for b in book.on_shelf(book.shelf(A, (0, 10**15)))] == [31]


def a_pen(log_size: int = 40) -> Pen:
    nowhere = cast("AsyncConnection", None)  # nothing here speaks to a database
    return Pen(nowhere, NOW, log_size)


def test_an_act_knows_its_place_in_the_log_when_it_is_recorded() -> None:
    pen = a_pen()
    for expected in (40, 41):
        assert pen.record(by="usr_1", kind="x.done", subject="s", data={"a": 1}) == expected
    assert [(r.log_index, r.kind, r.subject) for r in pen.records] == [
        (40, "x.done", "s"),
        (41, "x.done", "s"),
    ]
    assert pen.records[0].leaf == (
        b'{"at":"2026-01-01T00:00:00.000000Z","by":"usr_1","data":{"a":1},"kind":"x.done",'
        b'"subject":"s","v":1}'
    )


def test_a_leaf_is_so_large_and_not_one_byte_more() -> None:
    """Its length is published in two bytes."""
    pen = a_pen()
    empty = a_pen()
    empty.record(by="u", kind="k", subject="s", data={"a": ""})
    room = LEAF_BYTES_MAX - len(empty.records[0].leaf)
    pen.record(by="u", kind="k", subject="s", data={"a": "x" * room})
    assert len(pen.records[0].leaf) == LEAF_BYTES_MAX
    with pytest.raises(ActTooLargeError) as refusal:
        pen.record(by="u", kind="k", subject="s", data={"a": "x" * (room + 1)})
    assert refusal.value.facts == {"bytes": LEAF_BYTES_MAX + 1, "bytes_max": LEAF_BYTES_MAX}
    assert len(pen.records) == 1


def test_as_many_runs_as_one_act_may_move_fit_a_leaf() -> None:
    """With serial prefixes as the registry makes them; foreign ones may be longer, and refused."""

    def record(prefix: str) -> None:
        run = {"batch": prefix, "first": 10**8, "last": 10**8}
        moves = [run] * MOVES_PER_ACT_MAX
        a_pen().record(by="u" * 30, kind="credits.transferred", subject="s", data={"moves": moves})

    record("TH-PREMIUM-9999-2024-999")
    with pytest.raises(ActTooLargeError):
        record("X" * PREFIX_MAX)


def test_a_tool_is_found_by_its_class() -> None:
    pen, book = a_pen(), Book()
    pen.lend(book)
    assert pen.take(Book) is book
    with pytest.raises(KeyError):
        pen.take(int)
