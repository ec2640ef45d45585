"""Tonnes stay exact, and become whole credits once."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.quantities import (
    CREDITS_MAX,
    TONNES_DECIMALS,
    format_tonnes,
    parse_tonnes,
    whole_credits_down,
)

tonnes = st.decimals(min_value=0, max_value=Decimal("999999999999.999999"), places=6)


@given(tonnes)
def test_tonnes_survive_being_printed_and_read(tonnes_tco2e: Decimal) -> None:
    """What the API and the log show is exactly what was decided on."""
    assert parse_tonnes(format_tonnes(tonnes_tco2e)) == tonnes_tco2e


@pytest.mark.parametrize(
    "text", ["0", "0.000001", "1", "10", "1249.75", "999999999999.999999", "0.100000"]
)
def test_plain_decimals_are_tonnes(text: str) -> None:
    assert parse_tonnes(text) == Decimal(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-1",
        "+1",
        "01",
        "1.",
        ".5",
        "1,000",
        "1e3",
        "0x10",
        "NaN",
        "Infinity",
        "1 ",
        "1_000",
        "๑",
        "1.0000001",
        "1000000000000",
        "1\n",
    ],
)
def test_anything_else_is_not_tonnes(text: str) -> None:
    """Decimal itself would take most of these, and guess."""
    with pytest.raises(ValueError, match="tonnes are written as digits"):
        parse_tonnes(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.000000", "0"),
        ("100", "100"),
        ("100.00", "100"),
        ("1E+3", "1000"),
        ("1E-6", "0.000001"),
        ("1249.750000", "1249.75"),
    ],
)
def test_tonnes_are_printed_in_one_way(value: str, text: str) -> None:
    """No exponent and no trailing zeros: equal quantities have equal bytes in the log."""
    assert format_tonnes(Decimal(value)) == text


@given(tonnes)
def test_whole_credits_and_remainder_are_what_was_verified(tonnes_tco2e: Decimal) -> None:
    """Rounding down makes nothing and loses nothing."""
    credits_made, remainder_tco2e = whole_credits_down(tonnes_tco2e)
    assert credits_made + remainder_tco2e == tonnes_tco2e
    assert 0 <= remainder_tco2e < 1


@pytest.mark.parametrize(
    ("value", "whole"), [("0.999999", 0), ("1", 1), ("1.000001", 1), ("1.999999", 1), ("2", 2)]
)
def test_a_credit_is_a_whole_verified_tonne(value: str, whole: int) -> None:
    assert whole_credits_down(Decimal(value))[0] == whole


def test_every_quantity_is_exact_for_readers_that_keep_numbers_as_doubles() -> None:
    """The largest count is the last one that a double does not merge with its neighbour."""
    assert float(CREDITS_MAX) != float(CREDITS_MAX - 1)
    assert float(CREDITS_MAX + 1) == float(CREDITS_MAX + 2)
    assert Decimal(1).scaleb(-TONNES_DECIMALS) == Decimal("0.000001")
