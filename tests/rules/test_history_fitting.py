"""Which blocks the rows of two tables describe, and what does not fit."""

import random
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.quantities import CREDITS_MAX
from app.registry.history.faults import Fault, Table
from app.registry.history.fitting import Plan
from tests.builders.history import Drawn


def sizes(plan: Plan) -> dict[str, int]:
    return {block.prefix: block.credits for block in plan.blocks}


def test_a_block_is_a_prefix_and_holds_all_that_was_issued() -> None:
    plan = Drawn().issue(60).issue(40, date="2013-05-01").retire("X-1", 11, 50).survey()
    (block,) = plan.blocks
    assert (block.prefix, block.credits, block.credits_retired) == ("X-1", 100, 40)
    assert (block.share_credits, block.issued_on) == (100, date(2013, 5, 1))


def test_what_no_row_tells_the_prefix_of_is_put_behind_the_last_prefix() -> None:
    """The last one by number, whatever the order of the rows: a second run must say the same."""
    tables = Drawn().issue(100).retire("X-1000", 1, 10).retire("X-999", 1, 20)
    assert sizes(tables.survey()) == {"X-999": 20, "X-1000": 80}
    tables.retirements.reverse()
    assert sizes(tables.survey()) == {"X-999": 20, "X-1000": 80}


def test_blocks_fit_when_serials_reach_exactly_what_was_issued_and_not_one_more() -> None:
    assert sizes(Drawn().issue(50).retire("X-1", 1, 50).survey()) == {"X-1": 50}
    tables = Drawn().issue(50).retire("X-1", 1, 51)
    assert tables.faults() == {("P1", 2013): Fault.BEYOND_ISSUED}
    assert not tables.survey().blocks


def test_vintages_of_one_project_are_fitted_each_by_itself() -> None:
    tables = Drawn().issue(50).issue(9, vintage="2014").retire("X-1", 1, 50)
    tables.retire("X-2", 1, 10, vintage="2014")
    assert sizes(tables.survey()) == {"X-1": 50}
    assert tables.faults() == {("P1", 2014): Fault.BEYOND_ISSUED}


def test_retired_but_never_issued_is_reported() -> None:
    assert Drawn().retire("X-1", 1, 5).faults() == {("P1", 2013): Fault.WITHOUT_ISSUANCE}


def test_issued_but_without_serials_is_reported() -> None:
    assert Drawn().issue(5).faults() == {("P1", 2013): Fault.WITHOUT_SERIALS}


def test_an_issued_total_beyond_what_a_register_can_hold_is_reported() -> None:
    tables = Drawn().issue(CREDITS_MAX).issue(1).retire("X-1", 1, 5)
    assert tables.faults() == {("P1", 2013): Fault.NUMBER_TOO_LARGE}


@pytest.mark.parametrize(
    ("first", "last"), [(10, 10), (20, 20), (1, 10), (20, 30), (12, 13), (1, 30), (10, 21)]
)
def test_the_later_row_of_two_that_share_a_serial_is_refused(first: int, last: int) -> None:
    tables = Drawn().issue(100).retire("X-1", 10, 20).retire("X-1", first, last)
    tables.survey()
    (finding,) = tables.findings
    assert (finding.code, finding.line) == ("overlap", 3)
    assert "line 2" in finding.sentence
    assert finding.credits == last - first + 1


def test_ranges_that_touch_do_not_overlap_nor_do_those_of_other_prefixes() -> None:
    tables = Drawn().issue(100).retire("X-1", 10, 20).retire("X-1", 21, 30).retire("X-1", 1, 9)
    tables.retire("X-2", 10, 20)
    assert sizes(tables.survey()) == {"X-1": 30, "X-2": 70}
    assert not tables.findings


def test_a_repeated_row_is_refused_and_holds_nothing_back() -> None:
    tables = Drawn().issue(100).retire("X-1", 1, 20).retire("X-1", 1, 20)
    tables.issuances *= 2
    assert sizes(tables.survey()) == {"X-1": 100}
    assert [(f.table, f.code, f.line) for f in tables.findings] == [
        (Table.ISSUANCES, "duplicate", 3),
        (Table.RETIREMENTS, "duplicate", 3),
    ]


def test_the_same_range_for_somebody_else_is_no_repetition() -> None:
    tables = Drawn().issue(100).retire("X-1", 1, 20).retire("X-1", 1, 20, account_holder="Other")
    assert tables.faults() == {("P1", 2013): Fault.HELD_BACK}
    assert [f.code for f in tables.findings] == ["overlap"]


def test_a_prefix_of_two_projects_is_refused() -> None:
    tables = Drawn().issue(100).issue(100, project="P2")
    tables.retire("X-1", 1, 20).retire("X-1", 21, 30, project="P2")
    assert tables.faults() == {("P2", 2013): Fault.HELD_BACK}
    assert [f.code for f in tables.findings] == ["prefix_elsewhere"]


def test_a_refused_row_holds_back_its_project_and_vintage_only() -> None:
    """Block sizes are final: taking over the rest would leave no place for the mended row."""
    tables = Drawn().issue(100).issue(100, vintage="2014").issue(100, project="P2")
    tables.retire("X-1", 1, 20).retire("X-1", 21, 30, date="?")
    tables.retire("X-2", 1, 20, vintage="2014").retire("X-3", 1, 20, project="P2")
    assert sizes(tables.survey()) == {"X-2": 100, "X-3": 100}
    assert tables.faults() == {("P1", 2013): Fault.HELD_BACK}


def test_a_refused_row_without_a_readable_vintage_holds_back_its_project() -> None:
    tables = Drawn().issue(100).issue(100, vintage="2014").issue(100, project="P2")
    tables.retire("X-1", 1, 20).retire("X-2", 1, 20, vintage="2014")
    tables.retire("X-3", 1, 20, project="P2").issue(7, vintage="?")
    assert sizes(tables.survey()) == {"X-3": 100}


def test_every_row_and_credit_is_counted_once() -> None:
    tables = Drawn().issue(100).issue("x").retire("X-1", 1, 20).retire("X-1", 20, 29)
    tables.survey()
    issuances, retirements = tables.tallies
    assert (issuances.rows, issuances.credits, issuances.left) == (2, 100, {"not_a_number": [1, 0]})
    assert (retirements.rows, retirements.credits, retirements.left) == (
        2,
        30,
        {"overlap": [1, 10]},
    )


def test_a_block_of_an_earlier_run_keeps_its_size() -> None:
    """Its size is final; what was issued since goes behind the last block that is new."""
    drawn = Drawn().issue(150).retire("X-1", 1, 20).retire("X-2", 1, 30).take("X-1", 100)
    assert sizes(drawn.survey()) == {"X-1": 100, "X-2": 50}


def test_a_run_that_was_stopped_plans_the_same_sizes() -> None:
    drawn = Drawn().issue(100).retire("X-1", 1, 20).retire("X-2", 1, 30).retire("X-3", 1, 5)
    whole = sizes(drawn.survey())
    assert whole == {"X-1": 20, "X-2": 30, "X-3": 50}
    for done in (["X-1"], ["X-3"], ["X-1", "X-3"], ["X-1", "X-2", "X-3"]):
        drawn.known.clear()
        for prefix in done:
            drawn.take(prefix, whole[prefix])
        assert sizes(drawn.survey()) == whole


def test_more_retirements_of_blocks_that_are_here_need_no_issuance_row_and_wait_for_nobody() -> (
    None
):
    drawn = Drawn().retire("X-1", 1, 20).retire("X-1", 21, 30, date="?").take("X-1", 100)
    assert sizes(drawn.survey()) == {"X-1": 100}
    assert [f.code for f in drawn.findings] == ["date"]


def test_serials_beyond_a_block_that_is_here_are_refused() -> None:
    drawn = Drawn().issue(200).retire("X-1", 1, 101).take("X-1", 100)
    assert drawn.faults() == {("P1", 2013): Fault.BEYOND_ISSUED}


def test_what_was_issued_since_but_has_no_new_prefix_waits() -> None:
    drawn = Drawn().issue(130).retire("X-1", 1, 20).take("X-1", 100)
    assert drawn.survey().unplaced == {("P1", 2013): 30}
    assert Drawn().issue(100).take("X-1", 100).survey().unplaced == {}


def test_a_new_block_has_no_more_room_than_earlier_runs_left() -> None:
    drawn = Drawn().issue(100).take("X-1", 90).retire("X-2", 1, 10)
    assert sizes(drawn.survey()) == {"X-1": 90, "X-2": 10}
    drawn.retire("X-2", 11, 11)
    assert drawn.faults() == {("P1", 2013): Fault.BEYOND_ISSUED}


def test_a_prefix_that_is_here_for_another_project_is_refused() -> None:
    drawn = Drawn().issue(100).retire("X-1", 1, 10).take("X-1", 100, ("P2", 2013))
    drawn.survey()
    assert [f.code for f in drawn.findings] == ["prefix_elsewhere"]


RANGE = st.tuples(st.sampled_from("ABC"), st.integers(1, 40), st.integers(0, 12))


@given(st.lists(RANGE, max_size=30), st.integers(1, 120), st.randoms())
def test_blocks_always_hold_their_ranges_and_sum_to_what_was_issued(
    ranges: list[tuple[str, int, int]], issued: int, order: random.Random
) -> None:
    tables = Drawn().issue(issued)
    taken: set[tuple[str, int]] = set()
    for letter, first, width in ranges:
        serials = {(letter, n) for n in range(first, first + width + 1)}
        if taken.isdisjoint(serials):
            taken |= serials
            tables.retire(f"X-{letter}", first, first + width)
    plan = tables.survey()
    reach = {p: max(n for letter, n in taken if letter == p) for p in {p for p, _ in taken}}
    if reach and sum(reach.values()) <= issued:
        assert sum(sizes(plan).values()) == issued
        assert all(sizes(plan)[f"X-{letter}"] >= last for letter, last in reach.items())
        assert sum(block.credits_retired for block in plan.blocks) == len(taken)
    else:
        assert not plan.blocks
    order.shuffle(tables.retirements)
    assert tables.survey().blocks == plan.blocks
