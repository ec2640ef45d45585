"""The arithmetic of tonnes: the same digits on every machine, and no float in it."""

import importlib
import sys
from decimal import Decimal, FloatOperation, localcontext
from fractions import Fraction
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.registry.measuring import exact
from app.registry.measuring.quantities import Quantity, read_number
from app.registry.measuring.refusals import NumberUnreadableError
from tests.builders.measuring import broken_power, exponential, near, untimed

numbers = st.decimals(min_value="0.000001", max_value=1_000_000, places=6)
exponents = st.decimals(min_value=-20, max_value=20, places=4)


def _in_python() -> Any:  # noqa: ANN401  a module of the same names
    """Return the decimal module that is written in Python, not in C."""
    return importlib.import_module("_pydecimal")


def _python_context(decimal: ModuleType) -> Any:  # noqa: ANN401  of that module
    return decimal.Context(
        prec=exact.DIGITS, rounding="ROUND_HALF_EVEN", Emin=-999_999, Emax=999_999
    )


def test_two_implementations_are_compared() -> None:
    """The other test would hold nothing if both names meant one implementation."""
    assert _in_python().Decimal is not Decimal
    assert sys.modules["decimal"].HAVE_CONTEXTVAR is not None


# Python's own arithmetic is a hundred times slower than C's.
@settings(max_examples=20, deadline=None)
@given(numbers, exponents)
def test_exponential_logarithm_and_root_agree_to_the_last_digit_in_c_and_python(
    number: Decimal, exponent: Decimal
) -> None:
    decimal = _in_python()
    context = _python_context(decimal)
    theirs = decimal.Decimal(str(number))
    assert str(exact.exponential(exponent)) == str(context.exp(decimal.Decimal(str(exponent))))
    assert str(exact.logarithm(number)) == str(context.ln(theirs))
    assert str(exact.square_root(number)) == str(context.sqrt(theirs))
    power = context.exp(context.multiply(decimal.Decimal(str(exponent)), context.ln(theirs)))
    expected = "1" if exponent == 0 else str(power)
    assert str(exact.power(number, exponent)) == expected


@settings(max_examples=20, deadline=None)
@given(exponents)
def test_the_exponential_is_the_one_of_its_series(exponent: Decimal) -> None:
    assert near(exact.exponential(exponent), exponential(Fraction(exponent)), digits=40)


@pytest.mark.parametrize(("base", "exponent"), [("12.5", "2.46"), ("7", "2.22"), ("0.83", "0.9")])
def test_a_broken_power_is_the_root_of_a_whole_one(base: str, exponent: str) -> None:
    assert near(exact.power(Decimal(base), Decimal(exponent)), broken_power(base, exponent), 40)


def test_powers_of_nothing_and_to_nothing() -> None:
    assert exact.power(Decimal(0), Decimal("2.46")) == 0
    assert exact.power(Decimal(0), Decimal(0)) == 1
    assert exact.power(Decimal(5), Decimal(0)) == 1


@untimed
@given(st.decimals(min_value="0.9", max_value=1, places=3), st.integers(0, exact.YEARS_MAX))
def test_a_whole_power_is_a_product(base: Decimal, exponent: int) -> None:
    assert near(exact.whole_power(base, exponent), Fraction(base) ** exponent, digits=40)


@untimed
@given(numbers, numbers)
def test_the_context_of_the_caller_decides_nothing(first: Decimal, second: Decimal) -> None:
    expected = exact.divide(first, second), exact.total((first, second))
    with localcontext() as coarse:
        coarse.prec = 3
        assert (exact.divide(first, second), exact.total((first, second))) == expected


def test_a_float_does_not_come_in() -> None:
    with localcontext(exact.context()), pytest.raises(FloatOperation):
        Decimal(0.1)  # noqa: RUF032  the point of it
    with pytest.raises(AssertionError):
        Quantity(0.1, "MWh")  # type: ignore[arg-type]
    with pytest.raises(AssertionError):
        Quantity(Decimal("NaN"), "MWh")


@untimed
@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12))
def test_equal_numbers_have_one_text(number: Decimal) -> None:
    text = exact.plain(number)
    assert Decimal(text) == number
    assert "E" not in text
    assert exact.plain(Decimal(f"{number:f}" + ("0" if "." in f"{number:f}" else ".0"))) == text
    assert text == "0" or not (text.endswith("0") and "." in text)


@pytest.mark.parametrize("text", ["0", "-3", "1249.75", "0.000001", "9" * 24])
def test_plain_numbers_are_read(text: str) -> None:
    assert exact.plain(read_number(text)) == text


@pytest.mark.parametrize(
    "text", ["", "1e5", "NaN", "Infinity", "1,000", "01", "1.", ".5", "9" * 25]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(NumberUnreadableError):
        read_number(text)
