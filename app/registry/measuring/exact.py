"""
The one context in which tonnes are calculated, and the few operations that need it.

Results must be the same on every machine, for ever. Decimal arithmetic with a stated precision and
rounding gives that: sum, product, quotient, square root, exponential and logarithm are defined to
the last digit by the General Decimal Arithmetic Specification (correctly rounded), so C and Python
implementations agree. A power with a broken exponent is not defined so strictly; here it is made of
a logarithm, a product and an exponential, each of which is.
"""

from collections.abc import Iterable
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    InvalidOperation,
    Overflow,
)
from fractions import Fraction
from typing import Final

NAME: Final = "decimal-50-half-even"  # kept with every result; another context gets another name
DIGITS: Final = 50  # Twelve digits of tonnes and six decimals are left after a million roundings.
EXPONENT_MAX: Final = 999_999
YEARS_MAX: Final = 100  # of a whole power: longer than any crediting period with its renewals


def context() -> Context:
    """
    Return a new context of the kind `NAME`.

    Mixing in a float is an error there, and so is a division by zero: neither has a right answer.
    """
    return Context(
        prec=DIGITS,
        rounding=ROUND_HALF_EVEN,
        Emin=-EXPONENT_MAX,
        Emax=EXPONENT_MAX,
        capitals=1,
        clamp=0,
        traps=[DivisionByZero, FloatOperation, InvalidOperation, Overflow],
    )


_EXACT: Final = context()

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)


def divide(dividend: Decimal, divisor: Decimal) -> Decimal:
    """Return the quotient, rounded once to `DIGITS` significant digits; the divisor is not 0."""
    return _EXACT.divide(dividend, divisor)


def total(values: Iterable[Decimal]) -> Decimal:
    """Return the sum, added in the order given; nothing adds up to 0."""
    result = ZERO
    for value in values:
        result = _EXACT.add(result, value)
    return result


def multiply(*factors: Decimal) -> Decimal:
    """Return the product, multiplied in the order given; nothing multiplies to 1."""
    result = ONE
    for factor in factors:
        result = _EXACT.multiply(result, factor)
    return result


def exponential(value: Decimal) -> Decimal:
    """Return e to the power of a value."""
    return _EXACT.exp(value)


def logarithm(value: Decimal) -> Decimal:
    """Return the natural logarithm of a value > 0."""
    return _EXACT.ln(value)


def square_root(value: Decimal) -> Decimal:
    """Return the root of a value >= 0."""
    return _EXACT.sqrt(value)


def power(base: Decimal, exponent: Decimal) -> Decimal:
    """
    Return a base >= 0 to the power of any exponent, as exp(exponent * ln(base)).

    Nothing to the power of nothing is 1, so that a factor that an equation does not have (power 0)
    changes nothing; otherwise nothing stays nothing.
    """
    assert base >= 0
    if exponent == 0:
        return ONE
    if base == 0:
        return ZERO
    return _EXACT.exp(_EXACT.multiply(exponent, _EXACT.ln(base)))


def whole_power(base: Decimal, exponent: int) -> Decimal:
    """Return a base multiplied with itself, 0 <= exponent <= `YEARS_MAX` times."""
    assert 0 <= exponent <= YEARS_MAX
    return multiply(*[base] * exponent)


def from_fraction(value: Fraction) -> Decimal:
    """Return a fraction as a decimal: exactly where it has one, else rounded once."""
    return _EXACT.divide(Decimal(value.numerator), Decimal(value.denominator))


def plain(value: Decimal) -> str:
    """Return digits without exponent or trailing zeros: equal values give equal text."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text
