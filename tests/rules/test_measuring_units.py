"""Units at the edge: exact conversions, wrong dimensions and unknown units refused."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.registry.measuring import units
from app.registry.measuring.calculators import CALCULATORS
from app.registry.measuring.quantities import Quantity
from app.registry.measuring.refusals import UnitUnknownError, UnitWrongError
from app.registry.measuring.tables import DECAY_RATE, DEGRADABLE_CARBON, GWP, METHANE_OF_COD
from tests.builders.measuring import untimed

values = st.decimals(min_value=0, max_value=10**9, places=6)

KNOWN = [
    ("1", "MWh", "kWh", "1000"),
    ("1", "rai", "m2", "1600"),
    ("1", "rai", "ha", "0.16"),
    ("28.54", "rai", "ha", "4.5664"),
    ("1", "ngan", "wa2", "100"),
    ("1", "rai", "ngan", "4"),
    ("0.4750", "kgCO2e/kWh", "tCO2e/MWh", "0.475"),
    ("1", "TJ", "GJ", "1000"),
    ("250", "W", "kW", "0.25"),
    ("1500", "L", "m3", "1.5"),
    ("3.6", "GJ", "MWh", "1"),
    ("0.9", "kgCOD/m3", "tCOD/m3", "0.0009"),
    ("900", "mgCOD/L", "kgCOD/m3", "0.9"),
    ("12", "percent", "one", "0.12"),
    ("0.1271", "kgCO2e/passenger/km", "tCO2e/passenger/km", "0.0001271"),
    ("1", "kW*h", "kWh", "1"),
]


@pytest.mark.parametrize(("value", "unit", "wanted", "expected"), KNOWN)
def test_conversions_are_exact(value: str, unit: str, wanted: str, expected: str) -> None:
    assert units.convert(Quantity(Decimal(value), unit, "x"), wanted) == Quantity(
        Decimal(expected), wanted, "x"
    )


def test_what_no_decimal_can_say_is_rounded_once() -> None:
    """A megajoule is 5/18 of a kilowatt-hour."""
    converted = units.convert(Quantity(Decimal(1), "MJ"), "kWh").value
    assert abs(Fraction(converted) - Fraction(5, 18)) < Fraction(1, 10**50)
    assert len(converted.as_tuple().digits) == 50


@untimed
@given(values, st.sampled_from([("MWh", "kWh"), ("rai", "m2"), ("t", "kg"), ("ha", "rai")]))
def test_there_and_back_is_the_same_number(value: Decimal, pair: tuple[str, str]) -> None:
    there = units.convert(Quantity(value, pair[0]), pair[1])
    assert units.convert(there, pair[0]).value == value
    assert isinstance(there.value, Decimal)


@pytest.mark.parametrize(
    ("unit", "wanted"),
    [
        ("kg", "kgCH4"),
        ("tCO2e", "t"),
        ("tCO2e", "tCH4"),
        ("kWh", "kW"),
        ("m3", "Nm3"),
        ("tCO2e/MWh", "tCO2e"),
        ("m", "m2"),
        ("y", "d"),
        ("MWh/tCO2e", "tCO2e/MWh"),
    ],
)
def test_another_dimension_is_refused(unit: str, wanted: str) -> None:
    with pytest.raises(UnitWrongError) as refused:
        units.convert(Quantity(Decimal(1), unit), wanted)
    assert refused.value.code == "measuring_unit_wrong"


@pytest.mark.parametrize(
    "unit", ["", "furlong", "kwh", "kWh*", "kWh/", "9**9**9", "kWh^2", "kWh kWh", "k" * 61, "กก"]
)
def test_an_unknown_unit_is_refused(unit: str) -> None:
    with pytest.raises(UnitUnknownError) as refused:
        units.check_unit(unit)
    assert refused.value.code == "measuring_unit_unknown"


def test_every_unit_that_a_calculator_asks_for_is_known() -> None:
    for calculator in CALCULATORS.values():
        outline = calculator.outline
        asked = {parameter.unit for parameter in outline.parameters}
        asked |= {need.unit for need in outline.factors}
        asked |= {each.unit for table in outline.tables for each in table.parameters}
        for unit in asked:
            units.check_unit(unit)


def test_every_unit_of_a_constant_is_known() -> None:
    for constant in (*GWP.values(), *DECAY_RATE.values(), *DEGRADABLE_CARBON.values()):
        units.check_unit(constant.unit)
    units.check_unit(METHANE_OF_COD.unit)
