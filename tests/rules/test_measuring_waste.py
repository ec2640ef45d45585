"""Calculators of methane: decay in landfills, composting, landfill gas, wastewater."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.registry.measuring.calculators import get_calculator
from app.registry.measuring.outlines import Inputs
from app.registry.measuring.quantities import Quantity, Row
from app.registry.measuring.sheets import Computed, calculate
from app.registry.measuring.tables import DEGRADABLE_CARBON
from tests.builders.measuring import (
    METHANE,
    NITROUS_OXIDE,
    exact,
    exponential,
    grid,
    near,
    quantity,
    row,
    untimed,
)

tonnes = st.decimals(min_value=0, max_value=100_000, places=3)


# --------------------------------------------------------------------------------------- composting

# Numbers of the kind that the tools give; each is an input with a source of its own.
SHARES = {
    "model_correction": "0.85",
    "captured_at_landfill": "0",
    "oxidation": "0.1",
    "methane_in_gas": "0.5",
    "carbon_that_decays": "0.5",
    "methane_correction": "0.8",
}


def deposit(name: str, amount: Decimal | str, year: int, waste: str = "food") -> Row:
    return row(name, {"waste": waste}, amount=(str(amount), "t"), year=(str(year), "y"))


def compost(
    deposits: list[Row],
    *,
    year: int = 2026,
    composted: str = "0",
    given: dict[str, Quantity] | None = None,
    trips: tuple[Row, ...] = (),
) -> Computed:
    quantities = {
        "year": quantity(year, "y"),
        **{name: quantity(value, "one") for name, value in SHARES.items()},
        "captured_by_law": quantity(0, "tCH4"),
        "composted": quantity(composted, "t"),
        "methane_of_composting": quantity("0.002", "tCH4/t"),
        "nitrous_oxide_of_composting": quantity("0.0002", "tN2O/t"),
        "methane_of_runoff": quantity(0, "tCH4"),
        "methane_of_compost": quantity(0, "tCH4"),
        "electricity_taken": quantity(0, "MWh"),
        "grid_losses": quantity(0, "one"),
    }
    return calculate(
        get_calculator("composting", "1"),
        Inputs(
            quantities=quantities | (given or {}),
            choices={"climate": "tropical_wet"},
            tables={"deposits": deposits, "trips": trips},
            factors={"gwp_ch4": METHANE, "gwp_n2o": NITROUS_OXIDE, "grid": grid()},
        ),
    )


def by_hand(deposits: list[tuple[int, int, Fraction, Fraction]], *, year: int) -> Fraction:
    """Add up amount, year, rate and carbon content by the tool's yearly equation, in fractions."""
    decayed = sum(
        (
            amount * carbon * exponential(-rate * (year - of)) * (1 - exponential(-rate))
            for amount, of, rate, carbon in deposits
            if of <= year
        ),
        Fraction(0),
    )
    shares = Fraction(85, 100) * Fraction(9, 10) * Fraction(16, 12)
    return shares * Fraction(1, 2) * Fraction(1, 2) * Fraction(8, 10) * 28 * decayed


def test_food_waste_of_three_years_decays_as_the_tool_says() -> None:
    """
    1,000 t of food waste in each of 2024, 2025 and 2026, wet tropics: k = 0.4, DOC = 0.15.

    The sum over ages 0 to 2 of exp(-0.4 a) * (1 - exp(-0.4)) is 1 - exp(-1.2) = 0.698805788...:
    150 t of carbon * 0.698805788 = 104.8208682; * 0.85 * 0.9 * 16/12 * 0.5 * 0.5 * 0.8 * 28 =
    598.73679905... tCO2e.
    """
    computed = compost([deposit(str(year), "1000", year) for year in (2024, 2025, 2026)])
    telescoped = 150 * (1 - exponential(Fraction(-12, 10)))
    factor = Fraction(85, 100) * Fraction(9, 10) * Fraction(16, 12) * Fraction(2, 10) * 28
    assert near(computed.amounts.baseline, telescoped * factor)
    assert round(computed.amounts.baseline, 4) == Decimal("598.7368")


def test_kinds_of_waste_decay_each_at_its_rate() -> None:
    deposits = [
        deposit("food", "700", 2024),
        deposit("garden", "200", 2025, "garden"),
        deposit("paper", "100", 2026, "paper"),
        deposit("later", "900", 2027),
    ]
    expected = by_hand(
        [
            (700, 2024, Fraction(40, 100), Fraction(15, 100)),
            (200, 2025, Fraction(17, 100), Fraction(20, 100)),
            (100, 2026, Fraction(7, 100), Fraction(40, 100)),
            (900, 2027, Fraction(40, 100), Fraction(15, 100)),
        ],
        year=2026,
    )
    assert near(compost(deposits).amounts.baseline, expected)


def test_composting_itself_emits_and_so_does_carrying() -> None:
    """
    1,000 t composted: 1000 * 0.002 * 28 = 56 and 1000 * 0.0002 * 265 = 53 tCO2e.

    Carrying: 1000 t / 8 t a trip * 12 km * 0.0009 t/km = 1.35. Electricity: 20 MWh * 0.4021 =
    8.042. Leakage: 0.5 tCH4 * 28 = 14. Law: 1 tCH4 * 28 is taken off the baseline.
    """
    trip = row(
        "to the plant",
        amount=("1000", "t"),
        load=("8", "t/trip"),
        distance=("12", "km/trip"),
        emissions=("0.0009", "tCO2e/km"),
    )
    computed = compost(
        [deposit("2026", "1000", 2026)],
        composted="1000",
        given={
            "electricity_taken": quantity("20", "MWh"),
            "methane_of_compost": quantity("0.5", "tCH4"),
            "captured_by_law": quantity("1", "tCH4"),
        },
        trips=(trip,),
    )
    assert computed.amounts.project == Decimal(56) + 53 + Decimal("1.35") + Decimal("8.042")
    assert computed.amounts.leakage == 14
    landfill = next(each for each in computed.steps if each.symbol == "BE_CH4_SWDS").value
    assert exact(computed.amounts.baseline) == exact(landfill) - 28
    assert near(computed.net_tco2e, exact(landfill) - 28 - Fraction("118.392") - 14)


@untimed
@given(tonnes, tonnes, st.integers(2000, 2026))
def test_deposits_add_up_and_nothing_is_nothing(first: Decimal, second: Decimal, year: int) -> None:
    one, other = compost([deposit("a", first, year)]), compost([deposit("a", second, year)])
    together = compost([deposit("a", first, year), deposit("b", second, year)])
    assert near(
        together.amounts.baseline, exact(one.amounts.baseline) + exact(other.amounts.baseline)
    )
    assert compost([deposit("a", "0", year)]).net_tco2e == 0


@untimed
@given(st.sampled_from(sorted(DEGRADABLE_CARBON)), st.integers(0, 40))
def test_older_waste_lets_out_less(waste: str, age: int) -> None:
    younger = compost([deposit("a", "100", 2026 - age, waste)]).amounts.baseline
    assert 0 < compost([deposit("a", "100", 2025 - age, waste)]).amounts.baseline < younger


@pytest.mark.parametrize("waste", sorted(DEGRADABLE_CARBON))
def test_no_waste_lets_out_more_than_it_has(waste: str) -> None:
    """All years together, what decays comes near to the carbon that was there, and not above."""
    deposits = [deposit("a", "100", 2026, waste)]
    decayed = Fraction(0)
    for year in range(2026, 2126):
        steps = compost(deposits, year=year).steps
        decayed += exact(next(step.value for step in steps if step.symbol == "S"))
    there = 100 * exact(DEGRADABLE_CARBON[waste].value)
    assert there * Fraction(9, 10) < decayed < there


# ------------------------------------------------------------------------------------- landfill gas


def burner(name: str, volume: Decimal | str, *, share: str = "0.5", destroyed: str = "0.9") -> Row:
    return row(
        name,
        gas=(str(volume), "Nm3"),
        methane_in_gas=(share, "one"),
        density=("0.000716", "tCH4/Nm3"),
        destroyed=(destroyed, "one"),
    )


def landfill(
    *burners: Row, required: str = "0", before: str = "0", supplied: str = "0"
) -> Computed:
    return calculate(
        get_calculator("landfill-gas", "1"),
        Inputs(
            quantities={
                "oxidation": quantity("0.1", "one"),
                "required_share": quantity(required, "one"),
                "captured_before": quantity(before, "tCH4"),
                "electricity_supplied": quantity(supplied, "MWh"),
                "electricity_taken": quantity(0, "MWh"),
                "grid_losses": quantity(0, "one"),
            },
            tables={"burners": burners},
            factors={"gwp_ch4": METHANE, "grid": grid(Decimal("0.5"))},
        ),
    )


def test_a_flare_and_an_engine() -> None:
    """
    Flare: 400,000 Nm3 * 0.5 * 0.000716 * 0.9 = 128.88 tCH4; engine: 600,000 * 0.5 * 0.000716 * 1 =
    214.8; together 343.68. (0.9 * 343.68 - 0.1 * 343.68) * 28 = 0.8 * 343.68 * 28 = 7,698.432;
    1,200 MWh * 0.5 = 600; together 8,298.432.
    """
    computed = landfill(
        burner("flare", "400000"),
        burner("engine", "600000", destroyed="1"),
        required="0.1",
        supplied="1200",
    )
    assert computed.net_tco2e == Decimal("8298.432")


@pytest.mark.parametrize(
    ("required", "before", "expected"),
    [("0", "0", "0.9"), ("0.2", "0", "0.7"), ("0.2", "71.6", "0.7"), ("0.1", "71.6", "0.7")],
)
def test_of_law_and_an_older_system_the_larger_counts(
    required: str, before: str, expected: str
) -> None:
    """500,000 Nm3 of pure methane are 358 t, all of it burnt; a fifth of that is 71.6 t."""
    computed = landfill(
        burner("flare", "500000", share="1", destroyed="1"), required=required, before=before
    )
    assert computed.net_tco2e == Decimal(expected) * 358 * 28


@untimed
@given(tonnes, tonnes)
def test_gas_adds_up_and_more_is_never_less(first: Decimal, second: Decimal) -> None:
    one, other = landfill(burner("a", first)), landfill(burner("a", second))
    together = landfill(burner("a", first), burner("b", second))
    assert near(together.net_tco2e, exact(one.net_tco2e) + exact(other.net_tco2e))
    assert together.net_tco2e >= one.net_tco2e


def test_no_gas_is_no_tonne_and_an_older_system_makes_no_debt() -> None:
    assert landfill(burner("flare", "0"), before="100").net_tco2e == 0


# --------------------------------------------------------------------------------------- wastewater


def stream(name: str, flow: Decimal | str, demand: str, treatment: str) -> Row:
    return row(name, {"treatment": treatment}, flow=(str(flow), "m3"), demand=(demand, "tCOD/m3"))


def wastewater(
    flow: Decimal | str, *, burnt: str = "10000000", destroyed: str = "1", captured: str = "0.9"
) -> Computed:
    return calculate(
        get_calculator("wastewater-methane", "1"),
        Inputs(
            quantities={
                "correction_before": quantity("0.89", "one"),
                "correction_after": quantity("1.12", "one"),
                "captured": quantity(captured, "one"),
                "electricity_taken": quantity(0, "MWh"),
                "grid_losses": quantity(0, "one"),
            },
            tables={
                "streams_before": [stream("lagoon", flow, "0.008", "anaerobic_lagoon_deep")],
                "streams_captured": [stream("reactor", flow, "0.008", "anaerobic_reactor")],
                "streams_open": [stream("pond", flow, "0.001", "anaerobic_lagoon_shallow")],
                "burners": [burner("flare", burnt, destroyed=destroyed)],
            },
            factors={"gwp_ch4": METHANE, "grid": grid()},
        ),
    )


def test_a_lagoon_is_covered() -> None:
    """
    100,000 m3 with 8 kg/m3 of oxygen demand: 800 t; 0.8 * 0.25 * 0.89 * 800 = 142.4 tCH4 before.

    BE = 142.4 * 28 = 3,987.2. Captured: 800 * 0.8 * 0.25 * 1.12 = 179.2; a tenth escapes: 17.92 *
    28 = 501.76. Pond: 100 t * 0.2 * 0.25 * 1.12 = 5.6; * 28 = 156.8. Flare: 450,000 Nm3 * 0.5 *
    0.000716 = 161.1 t, a tenth passes: 16.11 * 28 = 451.08. Net = 2,877.56.
    """
    computed = wastewater("100000", burnt="450000", destroyed="0.9")
    assert computed.amounts.baseline == Decimal("3987.2")
    assert computed.amounts.project == Decimal("1109.64")
    assert computed.amounts.deduction == 0
    assert computed.net_tco2e == Decimal("2877.56")


def test_no_more_is_claimed_than_was_burnt() -> None:
    """
    100,000 Nm3 * 0.5 * 0.000716 = 35.8 tCH4; nine tenths, 32.22, burn: 32.22 * 28 = 902.16.

    The equations say 3,328.64 less what passes the flare, 3.58 * 28 = 100.24: 3,228.4.
    """
    computed = wastewater("100000", burnt="100000", destroyed="0.9")
    assert computed.net_tco2e == Decimal("902.16")
    assert computed.amounts.deduction == Decimal("3228.4") - Decimal("902.16")


@untimed
@given(tonnes, tonnes)
def test_wastewater_adds_up_where_the_flare_does_not_bind(first: Decimal, second: Decimal) -> None:
    together = wastewater(first + second).net_tco2e
    assert near(together, exact(wastewater(first).net_tco2e) + exact(wastewater(second).net_tco2e))


@untimed
@given(st.decimals(0, 1, places=3), st.decimals(0, 1, places=3))
def test_capturing_more_is_never_less(one: Decimal, other: Decimal) -> None:
    low, high = sorted((one, other))
    assert (
        wastewater("1000", captured=str(low)).net_tco2e
        <= wastewater("1000", captured=str(high)).net_tco2e
    )


def test_no_wastewater_is_no_tonne() -> None:
    assert wastewater("0").net_tco2e == 0
