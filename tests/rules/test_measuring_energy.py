"""
Calculators of electricity and travel: each against a calculation by hand, in fractions.

Numbers are written out where they are used, so that a reader can follow with a pocket calculator.
"""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.registry.measuring.calculators import get_calculator
from app.registry.measuring.outlines import Inputs
from app.registry.measuring.quantities import Row
from app.registry.measuring.sheets import Computed, calculate
from tests.builders.measuring import a_factor, chosen, exact, grid, near, quantity, row, untimed

amounts = st.decimals(min_value=0, max_value=100_000, places=4)
energies = st.decimals(min_value=0, max_value=1_000_000, places=6)


# -------------------------------------------------------------------------------------- solar power


def solar(
    supplied: Decimal | str,
    *,
    taken: Decimal | str = "0",
    losses: str = "0",
    factor: Decimal = Decimal("0.4021"),
    fuels: tuple[Row, ...] = (),
) -> Computed:
    return calculate(
        get_calculator("grid-solar", "1"),
        Inputs(
            quantities={
                "electricity_supplied": quantity(supplied, "MWh"),
                "electricity_taken": quantity(taken, "MWh"),
                "grid_losses": quantity(losses, "one"),
            },
            tables={"fuels_by_volume": fuels},
            factors={"grid": grid(factor)},
        ),
    )


def test_a_rooftop_bundle_with_the_factor_of_its_document() -> None:
    """
    2,009.30 kWp on six roofs, 0.4021 tCO2/MWh as the document has it; 1,268 kWh of a kWp in a year.

    2,009.30 * 1.268 = 2,547.7924 MWh; * 0.4021 = 1,024.46732404: the document's average is about
    1,024.51 before flooring, so its yield is between 1,268 and 1,269 kWh of a kWp.
    """
    computed = solar("2547.7924")
    assert computed.net_tco2e == Decimal("1024.46732404")
    assert computed.amounts.project == 0
    assert solar("2549.8017").net_tco2e > Decimal("1024.51") > computed.net_tco2e


def test_what_the_project_takes_and_burns_is_subtracted() -> None:
    """
    1,000 MWh supplied, 12 MWh taken at 7.5 % losses, 250 litres of diesel.

    BE = 1000 * 0.5 = 500; PE_EC = 12 * 0.5 * 1.075 = 6.45; PE_FC = 250 * 0.03642 * 0.0741 =
    0.6746805; net = 492.8753195. Factors are round numbers for the hand.
    """
    diesel = row(
        "diesel", amount=("250", "L"), heat=("0.03642", "GJ/L"), emissions=("0.0741", "tCO2e/GJ")
    )
    computed = solar("1000", taken="12", losses="0.075", factor=Decimal("0.5"), fuels=(diesel,))
    by_symbol = {step.symbol: step.value for step in computed.steps}
    assert by_symbol["PE_EC"] == Decimal("6.45")
    assert by_symbol["PE_FC"] == Decimal("0.6746805")
    assert computed.net_tco2e == Decimal("492.8753195")


@untimed
@given(energies, energies)
def test_periods_of_solar_power_add_up(first: Decimal, second: Decimal) -> None:
    together = solar(first + second).net_tco2e
    assert exact(together) == exact(solar(first).net_tco2e) + exact(solar(second).net_tco2e)


@untimed
@given(energies, energies, energies)
def test_more_supplied_is_never_less_and_more_taken_never_more(
    supplied: Decimal, taken: Decimal, more: Decimal
) -> None:
    net = solar(supplied, taken=taken).net_tco2e
    assert solar(supplied + more, taken=taken).net_tco2e >= net
    assert solar(supplied, taken=taken + more).net_tco2e <= net


def test_no_electricity_is_no_tonne() -> None:
    assert solar("0").net_tco2e == 0


def test_taking_more_than_is_supplied_is_harm_and_said_so() -> None:
    """What a report may claim is decided elsewhere; the calculator does not hide it at 0."""
    assert solar("1", taken="2").net_tco2e == Decimal("-0.4021")


# ------------------------------------------------------------------------------------ street lights


def lamps(name: str, count: str, power: str, hours: str, outage: str) -> Row:
    return row(
        name,
        count=(count, "lamp"),
        power=(power, "kW/lamp"),
        hours=(hours, "h"),
        outage=(outage, "one"),
    )


def lights(before: list[Row], after: list[Row], *, losses: str = "0.1") -> Computed:
    return calculate(
        get_calculator("street-lights", "1"),
        Inputs(
            quantities={"losses": quantity(losses, "one")},
            tables={"lamps_before": before, "lamps_after": after},
            factors={"grid": grid(Decimal("0.5"))},
        ),
    )


def test_a_town_changes_a_thousand_lamps() -> None:
    """
    Before: 600 lamps of 250 W and 400 of 150 W; after: 1,000 of 80 W; 4,380 h, outages 4 % and 1 %.

    Before: (600 * 0.25 + 400 * 0.15) * 4380 * 0.96 = 210 * 4204.8 = 883,008 kWh.
    After: 1000 * 0.08 * 4380 * 0.99 = 346,896 kWh. Saved: 536.112 MWh.
    With 10 % losses: 536.112 / 0.9 = 595.68 MWh; * 0.5 = 297.84 tCO2e.
    """
    computed = lights(
        [
            lamps("large", "600", "0.25", "4380", "0.04"),
            lamps("small", "400", "0.15", "4380", "0.04"),
        ],
        [lamps("led", "1000", "0.08", "4380", "0.01")],
    )
    by_symbol = {step.symbol: step.value for step in computed.steps}
    assert by_symbol["E_B"] == Decimal("883.008")
    assert by_symbol["E_P"] == Decimal("346.896")
    assert near(computed.net_tco2e, Fraction(29784, 100))


@untimed
@given(st.integers(0, 5_000), st.integers(0, 5_000), st.integers(0, 8_784))
def test_both_sides_of_street_lights_are_linear_and_net_as_the_methodology_nets(
    before: int, after: int, hours: int
) -> None:
    """The methodology multiplies the net saving; two sides with one factor differ by the same."""
    computed = lights(
        [lamps("a", str(before), "0.25", str(hours), "0.04")],
        [lamps("b", str(after), "0.08", str(hours), "0.01")],
    )
    saved = (
        Fraction(before) / 4 * Fraction(96, 100) - Fraction(after) * 8 / 100 * Fraction(99, 100)
    ) * hours
    assert near(computed.net_tco2e, saved / 1000 / Fraction(9, 10) / 2)


def test_lamps_that_never_burn_save_nothing() -> None:
    dark = lamps("dark", "1000", "0.25", "0", "0")
    assert lights([dark], [dark]).net_tco2e == 0


@untimed
@given(st.decimals(0, 1, places=3), st.decimals(0, 1, places=3))
def test_lamps_that_fail_more_often_before_save_less(one: Decimal, other: Decimal) -> None:
    low, high = sorted((one, other))
    after = [lamps("led", "10", "0.08", "4000", "0")]
    less = lights([lamps("old", "10", "0.25", "4000", str(high))], after).net_tco2e
    assert less <= lights([lamps("old", "10", "0.25", "4000", str(low))], after).net_tco2e


# ----------------------------------------------------------------------------------- electric buses


def fleet(
    *, count: str = "20", distance: str = "60000", years: str = "3", electricity: str = "1.1"
) -> Row:
    return row(
        "city",
        count=(count, "vehicle"),
        distance=(distance, "km/vehicle"),
        fuel=("300", "g/km"),
        heat=("43000", "J/g"),
        emissions=("0.0000741", "gCO2e/J"),
        improvement=("0.99", "one"),
        years=(years, "y"),
        electricity=(electricity, "kWh/km"),
    )


def buses(*fleets: Row, losses: str = "0.08") -> Computed:
    return calculate(
        get_calculator("electric-buses", "1"),
        Inputs(
            quantities={"losses": quantity(losses, "one")},
            tables={"fleets": fleets},
            factors={"grid": grid(Decimal("0.46"))},
        ),
    )


def test_twenty_electric_buses_in_their_third_year() -> None:
    """
    300 g/km * 43,000 J/g * 0.0000741 g/J = 955.89 g/km; * 0.99^3 = 927.497975... g/km.

    BE = 955.89 * 0.970299 * 60,000 * 20 / 10^6; PE = 1.1 / 1000 * (0.46 / 0.92 = 0.5) * 60,000 * 20
    = 660. BE = 1,112.99893322... and net = 452.998...
    """
    computed = buses(fleet())
    expected = Fraction(95589, 100) * Fraction(99, 100) ** 3 * 60_000 * 20 / 10**6
    assert computed.amounts.project == 660
    assert exact(computed.amounts.baseline) == expected
    assert exact(computed.net_tco2e) == expected - 660


@untimed
@given(st.integers(0, 500), st.integers(0, 500))
def test_fleets_of_buses_add_up(first: int, second: int) -> None:
    one, other = fleet(count=str(first)), replace(fleet(count=str(second)), name="other")
    together = buses(one, other).net_tco2e
    assert near(together, exact(buses(one).net_tco2e) + exact(buses(other).net_tco2e))


@untimed
@given(st.integers(0, 99))
def test_the_longer_ago_the_smaller_the_baseline_of_buses(years: int) -> None:
    earlier = buses(fleet(years=str(years))).amounts.baseline
    assert buses(fleet(years=str(years + 1))).amounts.baseline < earlier


@pytest.mark.parametrize("still", [{"count": "0"}, {"distance": "0"}])
def test_buses_that_do_not_run_reduce_nothing(still: dict[str, str]) -> None:
    assert buses(fleet(**still)).net_tco2e == 0


# --------------------------------------------------------------------------------------- bus travel


def travel(distance: Decimal | str) -> Computed:
    unit = "kgCO2e/passenger/km"
    return calculate(
        get_calculator("bus-travel", "1"),
        Inputs(
            quantities={"travelled": quantity(distance, "passenger*km")},
            factors={
                "car": chosen(a_factor("car-travel", "0.1271", unit)),
                "bus": chosen(a_factor("bus-travel", "0.0112", unit)),
            },
        ),
    )


def test_a_million_passenger_kilometres_with_the_quoted_factors() -> None:
    """(0.1271 - 0.0112) kg * 1,000,000 = 115,900 kg (factors as quoted of T-VER-S-METH-03-02)."""
    assert travel("1000000").net_tco2e == Decimal("115.9")


@untimed
@given(amounts, amounts)
def test_travel_adds_up_and_none_is_none(first: Decimal, second: Decimal) -> None:
    assert travel(first + second).net_tco2e == travel(first).net_tco2e + travel(second).net_tco2e
    assert travel("0").net_tco2e == 0
