"""Inputs of calculators, and arithmetic on another road than theirs."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from hypothesis import settings

from app.registry.measuring.factors import Choice, Factor, Purpose, choose
from app.registry.measuring.outlines import Inputs, Parameter, Selection
from app.registry.measuring.quantities import Quantity, Row
from app.registry.measuring.sheets import Calculator

# How long a core shared with others takes says nothing about these functions.
untimed = settings(deadline=None)

SAID = "test: stated for the example"
IN_2026 = date(2026, 6, 30)
GRID = Decimal("0.4021")  # of a rooftop solar document; no other meaning here


def quantity(value: str | int | Decimal, unit: str) -> Quantity:
    return Quantity(Decimal(value), unit, SAID)


def row(name: str, choices: dict[str, str] | None = None, **values: tuple[str, str]) -> Row:
    quantities = {key: quantity(value, unit) for key, (value, unit) in values.items()}
    return Row(name, quantities, choices or {})


def a_factor(code: str, value: str | Decimal, unit: str, gwp_set: str | None = None) -> Factor:
    return Factor(
        code=code,
        purpose=Purpose.CREDITING,
        value=Decimal(value),
        unit=unit,
        valid_from=date(2026, 1, 1),
        valid_to=None,
        grace_until=None,
        source=SAID,
        gwp_set=gwp_set,
    )


def chosen(factor: Factor) -> Choice:
    return choose([factor], code=factor.code, purpose=factor.purpose, on=IN_2026)


def grid(value: Decimal = GRID) -> Choice:
    return chosen(a_factor("grid-electricity", value, "tCO2e/MWh"))


METHANE = chosen(a_factor("gwp-ch4", "28", "tCO2e/tCH4", "AR5"))
NITROUS_OXIDE = chosen(a_factor("gwp-n2o", "265", "tCO2e/tN2O", "AR5"))


def exact(value: Decimal) -> Fraction:
    return Fraction(value)


def near(value: Decimal, expected: Fraction, digits: int = 35) -> bool:
    """Say whether two agree to so many significant digits."""
    allowed = max(abs(expected), Fraction(1, 10**6)) * Fraction(1, 10**digits)
    return abs(Fraction(value) - expected) <= allowed


def exponential(value: Fraction) -> Fraction:
    """Return e to the power of a value by its series, to more than 50 digits for |value| < 30."""
    result, term = Fraction(1), Fraction(1)
    for n in range(1, 200):
        term *= value / n
        result += term
        term = Fraction(round(term * 10**80), 10**80)
    return result


def broken_power(base: str, exponent: str, digits: int = 45) -> Fraction:
    """Return a base to a broken exponent by a whole root of a whole number."""
    power = Fraction(exponent)
    inside = Fraction(base) ** power.numerator
    order = power.denominator
    whole = inside.numerator * 10 ** (order * digits) // inside.denominator
    return Fraction(_whole_root(whole, order), 10**digits)


def _whole_root(value: int, order: int) -> int:
    """Return the largest whole number whose power does not exceed a value, by Newton's steps."""
    if value == 0:
        return 0
    guess = 1 << (-(-value.bit_length() // order))
    while True:
        better = ((order - 1) * guess + value // guess ** (order - 1)) // order
        if better >= guess:
            return guess
        guess = better


# ------------------------------------------------------------ inputs that any calculator would take

_NAMED = {"equation": "komiyama-2005-mangrove", "plot": "r0", "stratum": "r0", "part": "stem"}
_POTENTIALS = {"gwp-ch4": ("28", "AR5"), "gwp-n2o": ("265", "AR5")}


def a_value(parameter: Parameter, place: int = 0) -> Decimal:
    """Return a value within the range of a parameter, another for each place."""
    if parameter.high is None:
        value = max(parameter.low, Decimal("37.25")) + place
    else:
        part = Decimal("0.25") + Decimal("0.01") * place
        value = parameter.low + (parameter.high - parameter.low) * part
    return value.to_integral_value() if parameter.whole else value


def sample_quantities(parameters: Sequence[Parameter], place: int = 0) -> dict[str, Quantity]:
    return {
        parameter.name: Quantity(a_value(parameter, place), parameter.unit, SAID)
        for parameter in parameters
    }


def sample_choices(selections: Sequence[Selection], place: int = 0) -> dict[str, str]:
    return {
        selection.name: selection.options[place % len(selection.options)]
        if selection.options
        else _NAMED[selection.name]
        for selection in selections
    }


def sample(calculator: Calculator) -> Inputs:
    """Return inputs of a calculator, always the same, and no two of a kind alike."""
    outline = calculator.outline
    tables = {}
    for number, table in enumerate(outline.tables):
        rows = 1 if table.name == "strata" else 2  # so that both plots lie in one
        tables[table.name] = [
            Row(
                f"r{place}",
                sample_quantities(table.parameters, 3 * number + place),
                sample_choices(table.selections, place),
            )
            for place in range(rows)
        ]
    factors = {}
    for number, need in enumerate(outline.factors):
        grams = Decimal("0.4021") - Decimal("0.1") * number
        value, gwp_set = _POTENTIALS.get(need.code, (str(grams), None))
        factors[need.name] = chosen(a_factor(need.code, value, need.unit, gwp_set))
    # Later than all rows: the year of a report comes after those of its deposits.
    top = sample_quantities(outline.parameters, 30)
    return Inputs(top, sample_choices(outline.selections), tables, factors)
