"""
Units at the edge: what people write becomes what a calculator asks for.

The only module that knows pint. Its registry is filled here and not from pint's own file, so that
what a unit means does not change with a library; conversions are made of fractions, so they are
exact. Gases and carbon have dimensions of their own: a tonne of methane is not a tonne of carbon
dioxide equivalent, and only a factor with a source makes one into the other.
"""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Final

from pint import UnitRegistry

from app.registry.measuring.exact import from_fraction
from app.registry.measuring.quantities import Quantity
from app.registry.measuring.refusals import UnitUnknownError, UnitWrongError

UNIT_LENGTH_MAX: Final = 60

# International System of Units, 9th edition, sections 2 and 4; Thai units of area: 1 rai = 1,600 m2
# = 4 ngan = 400 wa2. A year, a trip or a vehicle is counted, not converted.
_DEFINITIONS: Final = (
    "m = [length]",
    "mm = 0.001 * m",
    "cm = 0.01 * m",
    "km = 1000 * m",
    "m2 = 1 * m ** 2",
    "ha = 10000 * m2",
    "km2 = 1000000 * m2",
    "rai = 1600 * m2",
    "ngan = 400 * m2",
    "wa2 = 4 * m2",
    "m3 = 1 * m ** 3",
    "L = 0.001 * m3",
    "kL = 1 * m3",
    "Nm3 = [volume_of_gas]",
    "g = [mass]",
    "kg = 1000 * g",
    "t = 1000000 * g",
    "J = [energy]",
    "MJ = 1000000 * J",
    "GJ = 1000000000 * J",
    "TJ = 1000000000000 * J",
    "Wh = 3600 * J",
    "kWh = 3600000 * J",
    "MWh = 3600000000 * J",
    "GWh = 3600000000000 * J",
    "h = [time]",
    "d = 24 * h",
    "W = 3600 * J / h",
    "kW = 1000 * W",
    "MW = 1000000 * W",
    "kgCO2e = [carbon_dioxide_equivalent]",
    "gCO2e = 0.001 * kgCO2e",
    "tCO2e = 1000 * kgCO2e",
    "kgCH4 = [methane]",
    "tCH4 = 1000 * kgCH4",
    "kgN2O = [nitrous_oxide]",
    "tN2O = 1000 * kgN2O",
    "kgC = [carbon]",
    "tC = 1000 * kgC",
    "kgCOD = [oxygen_demand]",
    "mgCOD = 0.000001 * kgCOD",
    "tCOD = 1000 * kgCOD",
    "y = [year]",
    "lamp = [lamp]",
    "tree = [tree]",
    "vehicle = [vehicle]",
    "passenger = [passenger]",
    "trip = [trip]",
    "one = []",
    "percent = 0.01",
)

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,11}")


def _registry() -> UnitRegistry:
    units: UnitRegistry = UnitRegistry(None, non_int_type=Decimal)
    for definition in _DEFINITIONS:
        units.define(definition)
    return units


_UNITS: Final = _registry()
NAMES: Final = frozenset(definition.partition(" ")[0] for definition in _DEFINITIONS)


def check_unit(unit: str) -> None:
    """
    Refuse a unit that is not written as known names joined by ``*`` and ``/``.

    Raises:
        UnitUnknownError: a name in it is not known.
    """
    _parts(unit)


def convert(quantity: Quantity, unit: str) -> Quantity:
    """
    Return a quantity in another unit of the same dimension.

    The factor between the units is a fraction and the result is exact where a decimal can be;
    where it cannot (a megajoule is 5/18 kWh) it is rounded once, in the context of calculations.

    Raises:
        UnitUnknownError: one of the units is not known.
        UnitWrongError: they measure different things.
    """
    given, wanted = _scale(quantity.unit), _scale(unit)
    if _dimension(quantity.unit) != _dimension(unit):
        raise UnitWrongError(given=quantity.unit, wanted=unit)
    scale = Fraction(given.numerator * wanted.denominator, given.denominator * wanted.numerator)
    value = quantity.value if scale == 1 else from_fraction(Fraction(quantity.value) * scale)
    return Quantity(value, unit, quantity.source)


def _parts(unit: str) -> list[tuple[str, int]]:
    """Return the names in a unit, each with 1 where it multiplies and -1 where it divides."""
    if len(unit) > UNIT_LENGTH_MAX:
        raise UnitUnknownError(unit=unit[:UNIT_LENGTH_MAX])
    parts: list[tuple[str, int]] = []
    for place, factors in enumerate(unit.split("/")):
        for name in factors.split("*"):
            # Only names that are known get as far as the library: its grammar knows more than ours.
            if not _NAME.fullmatch(name) or name not in NAMES:
                raise UnitUnknownError(unit=unit)
            parts.append((name, -1 if place else 1))
    return parts


def _scale(unit: str) -> Fraction:
    """Return how many base units a unit is."""
    numerator, denominator = Fraction(1), Fraction(1)
    for name, sign in _parts(unit):
        factor, _ = _UNITS.get_root_units(name)
        assert isinstance(factor, Decimal | int)  # never a float: the registry makes decimals
        if sign > 0:
            numerator *= Fraction(factor)
        else:
            denominator *= Fraction(factor)
    return Fraction(
        numerator.numerator * denominator.denominator,
        numerator.denominator * denominator.numerator,
    )


def _dimension(unit: str) -> dict[str, Decimal]:
    """Return the powers of base dimensions in a unit; of a plain number: none."""
    powers: dict[str, Decimal] = {}
    for name, sign in _parts(unit):
        for dimension, power in _UNITS.get_dimensionality(name).items():
            assert isinstance(power, Decimal | int)
            powers[dimension] = powers.get(dimension, Decimal(0)) + sign * power
    return {dimension: power for dimension, power in powers.items() if power}
