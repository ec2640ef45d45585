"""Which credits move, and when a movement is refused: both sides of each rule."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.registry.ledger import rules
from app.registry.ledger.refusals import (
    AccountClosedError,
    AccountStaleError,
    ChoiceUnclearError,
    PartyCannotHoldError,
    RangeReversedError,
    RangesOverlapError,
    RegistryAccountError,
    SameAccountError,
    SerialsNotHeldError,
    TooFragmentedError,
)
from app.registry.ledger.rules import (
    MOVES_PER_ACT_MAX,
    Account,
    AccountKind,
    AccountStatus,
    Block,
    Choice,
    EntryKind,
    Move,
)
from app.registry.ledger.serials import SerialRange
from app.registry.parties.rules import PartyKind

OPENED = datetime(2026, 1, 1, tzinfo=UTC)
OWN = Account(1001, "pty_1", AccountKind.HOLDING, AccountStatus.OPEN, "Own", 1, OPENED)
OTHER = replace(OWN, id=1002, owner_party_id="pty_2", name="Other")
CLOSED = replace(OTHER, status=AccountStatus.CLOSED)
REGISTRYS = [
    replace(OWN, id=number, owner_party_id=None, kind=kind)
    for number, kind in enumerate(k for k in AccountKind if k is not AccountKind.HOLDING)
]


def a_block(first: int, last: int, *, account: int = OWN.id) -> Block:
    return Block(7, first, last, account, 40)


def runs(moves: Sequence[Move]) -> list[tuple[int, int]]:
    return [(move.first, move.last) for move in moves]


HOLDERS = {PartyKind.DEVELOPER, PartyKind.HOLDER, PartyKind.PROVINCE, PartyKind.MUNICIPALITY}


@pytest.mark.parametrize("kind", PartyKind)
def test_only_those_who_neither_verify_nor_issue_hold_credits(kind: PartyKind) -> None:
    if kind in HOLDERS:
        rules.check_holder(kind, "active")
    else:
        with pytest.raises(PartyCannotHoldError):
            rules.check_holder(kind, "active")


def test_a_suspended_party_gets_no_account() -> None:
    with pytest.raises(PartyCannotHoldError):
        rules.check_holder(PartyKind.HOLDER, "suspended")


def test_an_open_account_is_closed_at_the_version_that_was_read() -> None:
    rules.check_closable(OWN, expected_version=1)
    with pytest.raises(AccountStaleError):
        rules.check_closable(OWN, expected_version=2)
    with pytest.raises(AccountClosedError) as refusal:
        rules.check_closable(CLOSED, expected_version=1)
    assert refusal.value.facts == {"account": CLOSED.number}


@pytest.mark.parametrize("account", REGISTRYS, ids=lambda a: a.kind.value)
def test_the_registrys_own_accounts_are_neither_closed_nor_party_to_transfers(
    account: Account,
) -> None:
    with pytest.raises(RegistryAccountError):
        rules.check_closable(account, expected_version=1)
    for sender, receiver in ((OWN, account), (account, OWN)):
        with pytest.raises(RegistryAccountError):
            rules.check_parties(sender, receiver)


def test_a_transfer_needs_two_open_accounts() -> None:
    rules.check_parties(OWN, OTHER)
    with pytest.raises(SameAccountError):
        rules.check_parties(OWN, OWN)
    for sender, receiver in ((OWN, CLOSED), (CLOSED, OWN)):
        with pytest.raises(AccountClosedError):
            rules.check_parties(sender, receiver)


ONE_TO_TEN = SerialRange("X", 1, 10)


@pytest.mark.parametrize(
    "choice",
    [
        Choice(credits=1),
        Choice(credits=1, batch_prefix="X"),
        Choice(credits=1, vintage=2024),
        Choice(credits=1, batch_prefix="X", vintage=2024),
        Choice(ranges=(ONE_TO_TEN,)),
        Choice(ranges=(SerialRange("X", 11, 11), ONE_TO_TEN)),
        Choice(ranges=(ONE_TO_TEN, SerialRange("Y", 5, 6))),
    ],
    ids=str,
)
def test_a_clear_choice_is_taken(choice: Choice) -> None:
    rules.check_choice(choice)


@pytest.mark.parametrize(
    "choice",
    [
        Choice(),
        Choice(batch_prefix="X"),
        Choice(vintage=2024),
        Choice(credits=1, ranges=(ONE_TO_TEN,)),
        Choice(batch_prefix="X", ranges=(ONE_TO_TEN,)),
        Choice(vintage=2024, ranges=(ONE_TO_TEN,)),
    ],
    ids=str,
)
def test_a_choice_that_contradicts_itself_is_refused(choice: Choice) -> None:
    """We do not guess which half was meant."""
    with pytest.raises(ChoiceUnclearError):
        rules.check_choice(choice)


def test_a_range_begins_before_it_ends() -> None:
    rules.check_choice(Choice(ranges=(SerialRange("X", 5, 5),)))
    with pytest.raises(RangeReversedError) as refusal:
        rules.check_choice(Choice(ranges=(SerialRange("X", 6, 5),)))
    assert refusal.value.facts == {"first": 6, "last": 5}


@pytest.mark.parametrize("second", [(10, 11), (10, 10), (1, 1), (1, 10), (4, 6)])
def test_no_serial_is_named_twice(second: tuple[int, int]) -> None:
    """Moving it twice would move one credit as two."""
    named = SerialRange("X", *second)
    for ranges in ((ONE_TO_TEN, named), (named, ONE_TO_TEN)):
        with pytest.raises(RangesOverlapError):
            rules.check_choice(Choice(ranges=ranges))


def test_what_a_choice_asks_for_is_counted() -> None:
    assert Choice(credits=30).total == 30
    assert Choice(ranges=(ONE_TO_TEN, SerialRange("Y", 5, 6))).total == 12


def test_the_lowest_serials_go_first_and_only_the_last_block_is_split() -> None:
    blocks = [a_block(1, 10), a_block(21, 30), a_block(41, 50)]
    moves, missing = rules.take_oldest(blocks, 15)
    assert (runs(moves), missing) == ([(1, 10), (21, 25)], 0)
    moves, missing = rules.take_oldest(blocks, 20)
    assert (runs(moves), missing) == ([(1, 10), (21, 30)], 0)


def test_what_is_missing_is_said() -> None:
    blocks = [a_block(1, 10), a_block(21, 30)]
    assert rules.take_oldest(blocks, 20)[1] == 0
    assert rules.take_oldest(blocks, 21)[1] == 1
    assert rules.take_oldest([], 5) == ([], 5)


@given(st.lists(st.integers(1, 30), max_size=12), st.integers(1, 200))
def test_exactly_what_was_asked_is_taken_or_said_to_be_missing(
    widths: list[int], asked: int
) -> None:
    blocks, first = [], 1
    for width in widths:
        blocks.append(a_block(first, first + width - 1))
        first += width + 1
    moves, missing = rules.take_oldest(blocks, asked)
    assert sum(move.credits for move in moves) + missing == asked
    assert missing == max(asked - sum(widths), 0)
    assert all(m.block.first == m.first <= m.last <= m.block.last for m in moves)


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ((1, 30), [(1, 10), (11, 20), (21, 30)]),
        ((5, 5), [(5, 5)]),
        ((10, 11), [(10, 10), (11, 11)]),
        ((2, 19), [(2, 10), (11, 19)]),
    ],
)
def test_named_serials_are_cut_out_of_the_blocks_that_hold_them(
    named: tuple[int, int], expected: list[tuple[int, int]]
) -> None:
    blocks = [a_block(1, 10), a_block(11, 20), a_block(21, 30)]
    covering = [b for b in blocks if b.first <= named[1] and b.last >= named[0]]
    moves = rules.take_range(covering, SerialRange("X", *named), account_id=OWN.id)
    assert runs(moves) == expected


@pytest.mark.parametrize(
    "blocks",
    [
        [],
        [a_block(1, 9)],
        [a_block(2, 10)],
        [a_block(1, 4), a_block(6, 10)],
        [a_block(1, 10, account=OTHER.id)],
        [a_block(1, 9), a_block(10, 10, account=OTHER.id)],
        [a_block(1, 1, account=OTHER.id), a_block(2, 10)],
    ],
    ids=str,
)
def test_named_serials_are_moved_only_where_all_of_them_are_held(blocks: list[Block]) -> None:
    """Not fewer, not others instead."""
    with pytest.raises(SerialsNotHeldError) as refusal:
        rules.take_range(blocks, ONE_TO_TEN, account_id=OWN.id)
    assert refusal.value.facts == {"serials": "X-1-10"}


def test_an_act_moves_so_many_runs_and_not_one_more() -> None:
    moves = [Move(a_block(1, 1), 1, 1)] * MOVES_PER_ACT_MAX
    rules.check_moves(moves)
    with pytest.raises(TooFragmentedError) as refusal:
        rules.check_moves([*moves, moves[0]])
    assert refusal.value.facts == {"moves_max": MOVES_PER_ACT_MAX}


def test_the_words_for_movements_are_those_of_the_api() -> None:
    assert [kind.word for kind in EntryKind] == [
        "issued",
        "buffered",
        "transferred",
        "retired",
        "cancelled",
        "taken_over",
        "buffer_released",
        "buffer_cancelled",
        "sent",
        "delivered",
        "returned",
        "reversed",
    ]
    assert a_block(5, 9).credits == Move(a_block(1, 9), 5, 9).credits == 5
