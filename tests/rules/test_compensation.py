"""What a case owes: never more than was issued, and never less than nothing."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.errors import RegistryError
from app.registry.compensation import rules
from app.registry.compensation.refusals import (
    BufferNotForCaseError,
    CaseClosedError,
    CaseOverIssuedError,
    CaseOverOwedError,
    NotDeductibleError,
    NothingIssuedError,
    NotReplacingError,
)
from app.registry.compensation.rules import StepKind
from app.registry.orders.rules import CaseKind

COUNTS = st.integers(1, 30)


@given(st.integers(0, 100), st.lists(COUNTS, max_size=20))
def test_cases_sum_to_no_more_than_was_issued(issued: int, asked: list[int]) -> None:
    """And each is let in exactly where it still fits."""
    claimed = 0
    for count in asked:
        try:
            rules.check_claim(count, issued=issued, claimed=claimed)
        except (NothingIssuedError, CaseOverIssuedError):
            assert claimed + count > issued
            continue
        claimed += count
    assert claimed <= issued


@given(COUNTS, st.lists(COUNTS, max_size=30))
def test_steps_sum_to_no_more_than_is_owed(credits_claimed: int, asked: list[int]) -> None:
    """And each is let in exactly where so much is owed; what is left is what was not given."""
    owed, given_so_far = credits_claimed, 0
    for count in asked:
        try:
            rules.check_step(count, case_id="ord_x", owed=owed)
        except CaseClosedError:
            assert given_so_far == credits_claimed
            continue
        except CaseOverOwedError:
            assert given_so_far + count > credits_claimed > given_so_far
            continue
        owed, given_so_far = owed - count, given_so_far + count
    assert owed == credits_claimed - given_so_far >= 0


@given(st.sampled_from(StepKind), st.booleans(), st.booleans(), st.booleans())
def test_each_step_ends_its_own_kind_of_credits(
    kind: StepKind,
    are_own: bool,  # noqa: FBT001
    are_others: bool,  # noqa: FBT001
    by_developer: bool,  # noqa: FBT001
) -> None:
    expected: type[RegistryError] | None = None
    if kind is StepKind.DEDUCTION and not (by_developer and not are_others):
        expected = NotDeductibleError
    if kind is StepKind.REPLACEMENT and are_own:
        expected = NotReplacingError
    found: type[RegistryError] | None = None
    try:
        rules.check_credits(
            kind,
            issuance_id="iss_x",
            are_own=are_own,
            are_others=are_others,
            by_developer=by_developer,
        )
    except RegistryError as refusal:
        found = type(refusal)
    assert found is expected


def test_the_buffer_stands_for_reversals_alone() -> None:
    rules.check_buffer(CaseKind.REVERSAL)
    with pytest.raises(BufferNotForCaseError):
        rules.check_buffer(CaseKind.OVER_ISSUANCE)


def test_what_is_owed_is_due_on_a_day_of_the_calendar() -> None:
    """Counted from the day after the opening, over the end of a year that leaps."""
    assert rules.due_on(date(2027, 12, 1), days=90) == date(2028, 2, 29)
