"""Calculators of trees: biomass by equations, sampling, and what is taken off for uncertainty."""

from decimal import Decimal, localcontext
from fractions import Fraction
from math import isqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.registry.measuring import exact as arithmetic
from app.registry.measuring.calculators import get_calculator
from app.registry.measuring.methods import sampling
from app.registry.measuring.outlines import Inputs
from app.registry.measuring.quantities import Quantity, Row
from app.registry.measuring.refusals import PlotsTooFewError, ReferenceUnknownError
from app.registry.measuring.sheets import Computed, calculate
from tests.builders.measuring import broken_power, exact, near, quantity, row, untimed

DIOXIDE = Fraction(44, 12) * Fraction(47, 100)  # of a tonne of dry biomass


def square_root(value: Fraction, digits: int = 45) -> Fraction:
    scale = 10 ** (2 * digits)
    return Fraction(isqrt(value.numerator * scale // value.denominator), 10**digits)


def tree(
    name: str,
    *,
    equation: str = "tsutsumi-1983-dry-evergreen",
    plot: str | None = None,
    **sizes: str,
) -> Row:
    choices = {"equation": equation} if plot is None else {"equation": equation, "plot": plot}
    said = {"height": "10", "density": "0", "count": "1"} | sizes
    units = {"diameter": "cm", "height": "m", "density": "t/m3", "count": "tree"}
    return row(name, choices, **{size: (said[size], unit) for size, unit in units.items()})


# --------------------------------------------------------------------------------------- town trees


def town(
    before: list[Row], after: list[Row], *, equations: tuple[Row, ...] = (), **said: str
) -> Computed:
    units = {
        "root_share": "one",
        "change_without": "tCO2e",
        "burning": "tCO2e",
        "leakage": "tCO2e",
    }
    return calculate(
        get_calculator("urban-trees", "1"),
        Inputs(
            quantities={name: quantity(said.get(name, "0"), unit) for name, unit in units.items()},
            tables={"trees_before": before, "trees_after": after, "equations": equations},
        ),
    )


def test_a_tree_by_the_equations_of_dry_evergreen_forest() -> None:
    """
    D = 20 cm, H = 15 m: D^2 H = 6,000.

    Stem 0.0509 * 6000^0.919, branches 0.00893 * 6000^0.977, leaves 0.0140 * 6000^0.669, roots
    0.0313 * 6000^0.805, each by a whole root of a whole power; carbon dioxide is 44/12 * 0.47.
    """
    parts = {"0.0509": "0.919", "0.00893": "0.977", "0.0140": "0.669", "0.0313": "0.805"}
    masses = [Fraction(a) * broken_power("6000", power, digits=30) for a, power in parts.items()]
    mass = sum(masses, Fraction(0))
    computed = town([], [tree("one", diameter="20", height="15")])
    assert near(computed.net_tco2e, mass / 1000 * DIOXIDE, digits=25)
    assert 150 < mass < 300  # dry mass of a tree of that size, with roots


def test_growth_is_what_counts_and_what_would_have_grown_anyway_is_not() -> None:
    before, after = tree("one", diameter="10", height="8"), tree("one", diameter="12", height="9")
    grown = town([before], [after]).net_tco2e
    start, end = town([], [before]).net_tco2e, town([], [after]).net_tco2e
    assert near(grown, exact(end) - exact(start))
    reduced = town(
        [before], [after], change_without="0.004", burning="0.002", leakage="0.001"
    ).net_tco2e
    assert near(reduced, exact(grown) - Fraction(7, 1000))


@untimed
@given(st.integers(1, 5_000), st.integers(1, 5_000))
def test_trees_add_up(first: int, second: int) -> None:
    one = tree("a", diameter="15", count=str(first))
    other = tree("b", diameter="15", count=str(second))
    together = town([], [one, other]).net_tco2e
    assert near(together, exact(town([], [one]).net_tco2e) + exact(town([], [other]).net_tco2e))


@untimed
@given(
    st.decimals(1, 200, places=1), st.decimals("0.1", 20, places=1), st.decimals(1, 40, places=1)
)
def test_a_thicker_tree_is_never_less(diameter: Decimal, more: Decimal, height: Decimal) -> None:
    thin = town([], [tree("a", diameter=str(diameter), height=str(height))]).net_tco2e
    thick = town([], [tree("a", diameter=str(diameter + more), height=str(height))]).net_tco2e
    assert thick > thin


@pytest.mark.parametrize(
    "nothing", [[], [tree("a", diameter="0")], [tree("a", diameter="9", count="0")]]
)
def test_no_trees_are_no_tonne(nothing: list[Row]) -> None:
    assert town([], nothing).net_tco2e == 0


def test_trees_that_died_are_a_loss_and_said_so() -> None:
    assert town([tree("a", diameter="30")], []).net_tco2e < 0


def a_part(equation: str, part: str, form: str = "power", **coefficients: str) -> Row:
    return Row(
        f"{equation}:{part}",
        {name: quantity(value, "one") for name, value in coefficients.items()},
        {"equation": equation, "part": part, "form": form},
    )


def test_an_equation_with_its_source_is_used_with_leaves_as_a_share_of_wood() -> None:
    """
    D = 10, H = 9: stem 0.04 * D^2 * H = 36 kg, branches 0.004 * D^2 * H = 3.6 kg, wood 39.6 kg.

    Leaves: 1 / (28 / 39.6 + 0.025) = 1.366...; roots a quarter of what is above ground.
    """
    given_parts = (
        a_part("ours", "stem", a="0.04", c="2", d="1"),
        a_part("ours", "branch", a="0.004", c="2", d="1"),
        a_part("ours", "leaf", form="share", a="28", b="0.025"),
    )
    computed = town(
        [],
        [tree("a", diameter="10", height="9", equation="ours")],
        equations=given_parts,
        root_share="0.25",
    )
    wood = Fraction(396, 10)
    leaves = 1 / (28 / wood + Fraction(25, 1000))
    assert near(computed.net_tco2e, (wood + leaves) * Fraction(125, 100) / 1000 * DIOXIDE)
    assert (
        town([], [tree("a", diameter="0", equation="ours")], equations=given_parts).net_tco2e == 0
    )


def test_an_equation_that_nobody_gave_is_refused() -> None:
    with pytest.raises(ReferenceUnknownError):
        town([], [tree("a", diameter="10", equation="unheard-of")])


# ----------------------------------------------------------------------------------------- sampling


def stratum(name: str, area: str, *plots: str) -> sampling.Stratum:
    return sampling.Stratum(name, Decimal(area), tuple(map(Decimal, plots)))


def test_two_strata_of_four_plots_each() -> None:
    """
    The inputs of a public handbook's test of AR-TOOL14: weights 0.3 and 0.7 of 300 ha, t = 1.96.

    Means 44.325 and 61.075; mean 0.3 * 44.325 + 0.7 * 61.075 = 56.05 t/ha. Variances from squared
    deviations: 102.0075 / 3 and 71.8275 / 3; uncertainty by the definition, in fractions.
    """
    strata = [
        stratum("one", "90", "45.2", "52.1", "38.7", "41.3"),
        stratum("two", "210", "62.4", "58.9", "67.2", "55.8"),
    ]
    with localcontext(arithmetic.context()):
        estimate = sampling.estimate(strata, t_value=Decimal("1.96"))
    assert estimate.mean_t_per_ha == Decimal("56.05")
    assert estimate.area_ha == 300
    spread = Fraction(9, 100) * _variance("45.2", "52.1", "38.7", "41.3") / 4
    spread += Fraction(49, 100) * _variance("62.4", "58.9", "67.2", "55.8") / 4
    expected = Fraction(196, 100) * square_root(spread) / Fraction(5605, 100)
    assert near(estimate.uncertainty, expected)


def _variance(*plots: str) -> Fraction:
    """Return the mean squared deviation over n - 1: another road than the sum of squares."""
    values = [Fraction(plot) for plot in plots]
    mean = sum(values, Fraction(0)) / len(values)
    return sum(((value - mean) ** 2 for value in values), Fraction(0)) / (len(values) - 1)


def test_one_plot_tells_nothing() -> None:
    with pytest.raises(PlotsTooFewError):
        sampling.estimate([stratum("one", "90", "45.2")], t_value=Decimal("1.96"))


@pytest.mark.parametrize(
    ("uncertainty", "share"),
    [
        ("0", "0"),
        ("0.10", "0"),
        ("0.1000001", "0.25"),
        ("0.15", "0.25"),
        ("0.1500001", "0.5"),
        ("0.20", "0.5"),
        ("0.2000001", "0.75"),
        ("0.30", "0.75"),
        ("0.3000001", "1"),
        ("5", "1"),
    ],
)
def test_what_is_taken_off_by_uncertainty(uncertainty: str, share: str) -> None:
    assert sampling.share_taken_off(Decimal(uncertainty)) == Decimal(share)


@untimed
@given(st.decimals(0, 2, places=4), st.decimals(0, 2, places=4))
def test_a_wider_interval_never_costs_less(one: Decimal, other: Decimal) -> None:
    low, high = sorted((one, other))
    assert low * sampling.share_taken_off(low) <= high * sampling.share_taken_off(high)


# ----------------------------------------------------------------------------------------- mangrove


def a_plot(name: str, where: str = "shore") -> Row:
    return row(name, {"stratum": where}, area=("0.01", "ha"))


def mangrove(trees: list[Row], *, given: dict[str, Quantity] | None = None) -> Computed:
    quantities = {
        "root_share": quantity(0, "one"),
        "t_value": quantity("2.920", "one"),  # two-sided, 90 %, 2 degrees of freedom
        "stock_before": quantity(0, "tCO2e"),
        "uncertainty_before": quantity(0, "one"),
        "soil_change": quantity(0, "tC"),
        "change_without": quantity(0, "tCO2e"),
        "burning": quantity(0, "tCO2e"),
        "leakage": quantity(0, "tCO2e"),
    }
    return calculate(
        get_calculator("mangrove", "1"),
        Inputs(
            quantities=quantities | (given or {}),
            tables={
                "strata": [row("shore", area=("4.5664", "ha"))],  # 28.54 rai, a plot in Krabi
                "plots": [a_plot("p1"), a_plot("p2"), a_plot("p3")],
                "trees": trees,
            },
        ),
    )


def rhizophora(plot: str, diameter: str, count: str) -> Row:
    return tree(
        plot,
        diameter=diameter,
        density="0.83",
        count=count,
        equation="komiyama-2005-mangrove",
        plot=plot,
    )


def kilograms(diameter: str) -> Fraction:
    """Return one tree's dry mass above and below ground: Komiyama et al. 2005."""
    above = Fraction("0.251") * Fraction("0.83") * broken_power(diameter, "2.46", digits=30)
    density = broken_power("0.83", "0.899", digits=30)
    return above + Fraction("0.199") * density * broken_power(diameter, "2.22", digits=30)


def test_three_plots_of_a_mangrove_with_even_growth() -> None:
    """
    30 trees of 6 cm in each plot of 0.01 ha: no variance, so nothing is taken off.

    b = 30 * mass / 1000 / 0.01 t/ha; C = 44/12 * 0.47 * b * 4.5664 ha.
    """
    computed = mangrove([rhizophora(plot, "6", "30") for plot in ("p1", "p2", "p3")])
    expected = 30 * kilograms("6") / 1000 * 100 * DIOXIDE * Fraction("4.5664")
    assert computed.amounts.deduction == 0
    assert near(computed.net_tco2e, expected, digits=25)


def test_uneven_plots_cost_what_the_table_says() -> None:
    """
    28, 30 and 35 trees of 6 cm: mean 31, variance 13; u = 2.92 * sqrt(13 / 3) / 31 = 0.196..., so
    half of u is taken off.
    """
    counts = {"p1": "28", "p2": "30", "p3": "35"}
    computed = mangrove([rhizophora(plot, "6", count) for plot, count in counts.items()])
    stock = 31 * kilograms("6") / 1000 * 100 * DIOXIDE * Fraction("4.5664")
    relative = Fraction("2.92") * square_root(Fraction(13, 3)) / 31
    assert Fraction(15, 100) < relative <= Fraction(20, 100)
    assert near(computed.amounts.deduction, stock * relative / 2, digits=25)
    assert near(computed.net_tco2e, stock * (1 - relative / 2), digits=25)


def test_the_uncertainty_of_a_change_comes_from_both_ends() -> None:
    """sqrt((0.12 * 100)^2 + u_2^2 C_2^2), related to the change and not to the stock."""
    even = mangrove([rhizophora(plot, "6", "30") for plot in ("p1", "p2", "p3")])
    stock = even.net_tco2e
    computed = mangrove(
        [rhizophora(plot, "6", "30") for plot in ("p1", "p2", "p3")],
        given={
            "stock_before": quantity("100", "tCO2e"),
            "uncertainty_before": quantity("0.12", "one"),
        },
    )
    change = exact(stock) - 100
    relative = 12 / change
    share = next(
        part
        for bound, part in ((10, 0), (15, 25), (20, 50), (30, 75), (10**9, 100))
        if relative <= Fraction(bound, 100)
    )
    assert near(computed.net_tco2e, change - Fraction(12 * share, 100), digits=25)


def test_soil_counts_as_carbon_and_losses_are_subtracted() -> None:
    """44/12 * 3 tC = 11; less 2 that would have grown, 1 that burnt, 0.5 that moved: 7.5."""
    computed = mangrove(
        [],
        given={
            "soil_change": quantity(3, "tC"),
            "change_without": quantity(2, "tCO2e"),
            "burning": quantity(1, "tCO2e"),
            "leakage": quantity("0.5", "tCO2e"),
        },
    )
    assert computed.net_tco2e == Decimal("7.5")


def test_bare_plots_are_no_tonne() -> None:
    assert mangrove([]).net_tco2e == 0


def test_a_stock_that_did_not_change_is_not_certain() -> None:
    """A change of 0 with a half width of 12 t: all of it is taken off."""
    even = [rhizophora(plot, "6", "30") for plot in ("p1", "p2", "p3")]
    stock = mangrove(even).net_tco2e
    computed = mangrove(
        even,
        given={
            "stock_before": Quantity(stock, "tCO2e", "as computed"),
            "uncertainty_before": quantity("0.5", "one"),
        },
    )
    assert near(computed.net_tco2e, -exact(stock) / 2)


@pytest.mark.parametrize("plot", ["p4", ""])
def test_a_tree_in_no_plot_is_refused(plot: str) -> None:
    with pytest.raises(ReferenceUnknownError):
        mangrove([rhizophora("p1", "6", "1"), tree("x", diameter="6", plot=plot)])


def test_a_plot_in_no_stratum_is_refused() -> None:
    inputs = Inputs(
        quantities={
            name: quantity(value, unit)
            for name, value, unit in (
                ("root_share", "0", "one"),
                ("t_value", "2", "one"),
                ("stock_before", "0", "tCO2e"),
                ("uncertainty_before", "0", "one"),
                ("soil_change", "0", "tC"),
                ("change_without", "0", "tCO2e"),
                ("burning", "0", "tCO2e"),
                ("leakage", "0", "tCO2e"),
            )
        },
        tables={
            "strata": [row("shore", area=("1", "ha"))],
            "plots": [a_plot("p1"), a_plot("p2", "sea")],
        },
    )
    with pytest.raises(ReferenceUnknownError):
        calculate(get_calculator("mangrove", "1"), inputs)
