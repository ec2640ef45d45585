"""
Rule 25 of the domain: an emission factor is chosen by purpose and date; where two values hold in a
window of grace, the choice is explicit and is recorded.
"""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.registry.measuring.calculators import get_calculator
from app.registry.measuring.factors import (
    Choice,
    Factor,
    Purpose,
    check_for_crediting,
    check_series,
    choose,
)
from app.registry.measuring.outlines import Inputs
from app.registry.measuring.refusals import (
    FactorChoiceNeededError,
    FactorNotAmongError,
    FactorNotFoundError,
    FactorPeriodError,
    FactorPurposeError,
    FactorsOverlapError,
    GwpDiffersError,
    GwpMixedError,
)
from app.registry.measuring.sheets import calculate
from tests.builders.measuring import (
    METHANE,
    NITROUS_OXIDE,
    SAID,
    a_factor,
    chosen,
    quantity,
    untimed,
)

# TGO, 30 November 2025: the footprint factor of 2026, and the one before until 31 March 2026. The
# earlier value stands for whatever it was.
FOOTPRINT_NEW = Factor(
    code="grid-electricity",
    purpose=Purpose.FOOTPRINT,
    value=Decimal("0.4750"),
    unit="kgCO2e/kWh",
    valid_from=date(2026, 1, 1),
    valid_to=None,
    grace_until=None,
    source="TGO sets new emission factors, 30 November 2025",
    gwp_set=None,
)
FOOTPRINT_OLD = replace(
    FOOTPRINT_NEW,
    value=Decimal("0.4999"),
    valid_from=date(2022, 1, 1),
    valid_to=date(2025, 12, 31),
    grace_until=date(2026, 3, 31),
    source="invented for the test",
)
CREDITING = a_factor("grid-electricity", "0.4021", "tCO2e/MWh")
ALL = [FOOTPRINT_NEW, FOOTPRINT_OLD, CREDITING]


def choose_footprint(on: date, begun: date | None = None) -> Choice:
    return choose(ALL, code="grid-electricity", purpose=Purpose.FOOTPRINT, on=on, begun=begun)


@pytest.mark.parametrize("on", [date(2025, 12, 31), date(2022, 1, 1)])
def test_before_the_new_value_the_old_one_holds_without_a_choice(on: date) -> None:
    choice = choose_footprint(on)
    assert (choice.factor, choice.others, choice.explicit) == (FOOTPRINT_OLD, (), False)


@pytest.mark.parametrize("on", [date(2026, 1, 1), date(2026, 3, 31)])
def test_in_the_window_of_grace_nothing_is_chosen_for_you(on: date) -> None:
    with pytest.raises(FactorChoiceNeededError) as refused:
        choose_footprint(on)
    assert refused.value.facts["allowed"] == "2022-01-01, 2026-01-01"


@pytest.mark.parametrize("factor", [FOOTPRINT_OLD, FOOTPRINT_NEW])
def test_in_the_window_an_explicit_choice_is_taken_and_recorded(factor: Factor) -> None:
    choice = choose_footprint(date(2026, 2, 1), begun=factor.valid_from)
    assert choice.factor is factor
    assert choice.explicit
    assert {choice.factor, *choice.others} == {FOOTPRINT_OLD, FOOTPRINT_NEW}


def test_after_the_window_the_old_value_is_refused_even_by_choice() -> None:
    on = date(2026, 4, 1)
    assert choose_footprint(on).factor is FOOTPRINT_NEW
    with pytest.raises(FactorNotAmongError):
        choose_footprint(on, begun=FOOTPRINT_OLD.valid_from)


def test_a_footprint_factor_is_never_used_for_crediting() -> None:
    """Neither by choosing it, nor by handing it over as if it had been chosen."""
    with pytest.raises(FactorPurposeError):
        choose(
            [FOOTPRINT_NEW],
            code="grid-electricity",
            purpose=Purpose.CREDITING,
            on=date(2026, 6, 1),
        )
    smuggled = replace(FOOTPRINT_NEW, unit="tCO2e/MWh")
    with pytest.raises(FactorPurposeError):
        calculate(
            get_calculator("grid-solar", "1"),
            Inputs(
                quantities={
                    "electricity_supplied": quantity(1, "MWh"),
                    "electricity_taken": quantity(0, "MWh"),
                    "grid_losses": quantity(0, "one"),
                },
                factors={"grid": Choice(smuggled, date(2026, 6, 1), (), explicit=True)},
            ),
        )


def test_with_both_at_hand_crediting_gets_its_own() -> None:
    on = date(2026, 2, 1)
    choice = choose(ALL, code="grid-electricity", purpose=Purpose.CREDITING, on=on)
    assert choice.factor is CREDITING


def test_where_nothing_holds_nothing_is_made_up() -> None:
    with pytest.raises(FactorNotFoundError):
        choose_footprint(date(2021, 12, 31))
    with pytest.raises(FactorNotFoundError):
        choose(ALL, code="gwp-ch4", purpose=Purpose.CREDITING, on=date(2026, 2, 1))


def test_the_choice_stands_in_the_result() -> None:
    old = replace(
        CREDITING,
        value=Decimal("0.4300"),
        valid_from=date(2025, 1, 1),
        valid_to=date(2025, 12, 31),
        grace_until=date(2026, 3, 31),
    )
    choice = choose(
        [old, CREDITING],
        code="grid-electricity",
        purpose=Purpose.CREDITING,
        on=date(2026, 2, 1),
        begun=old.valid_from,
    )
    computed = calculate(
        get_calculator("grid-solar", "1"),
        Inputs(
            quantities={
                "electricity_supplied": quantity(10, "MWh"),
                "electricity_taken": quantity(0, "MWh"),
                "grid_losses": quantity(0, "one"),
            },
            factors={"grid": choice},
        ),
    )
    used = next(each for each in computed.used if each.name == "grid")
    assert used.value == "0.43"
    assert used.origin == "factor of 2025-01-01 for 2026-02-01, chosen"
    assert used.source == SAID
    assert computed.net_tco2e == Decimal("4.3")


def test_a_choice_nobody_made_does_not_pass_as_one() -> None:
    forged = Choice(CREDITING, date(2026, 2, 1), (FOOTPRINT_OLD,), explicit=False)
    with pytest.raises(FactorChoiceNeededError):
        check_for_crediting([forged])


def test_a_factor_of_another_year_does_not_pass_as_chosen() -> None:
    with pytest.raises(FactorNotAmongError):
        check_for_crediting([Choice(CREDITING, date(2025, 12, 31), (), explicit=True)])


@untimed
@given(st.dates(date(2020, 1, 1), date(2030, 12, 31)))
def test_what_is_chosen_holds_on_its_day_or_nothing_is(on: date) -> None:
    try:
        choice = choose_footprint(on)
    except FactorChoiceNeededError:
        assert date(2026, 1, 1) <= on <= date(2026, 3, 31)
    except FactorNotFoundError:
        assert on < date(2022, 1, 1)
    else:
        assert choice.factor.holds_on(on)
        assert choice.factor.purpose is Purpose.FOOTPRINT


# ------------------------------------------------------------- series and their potentials


def test_a_series_with_a_window_of_grace_is_in_order() -> None:
    check_series(ALL)


@pytest.mark.parametrize("valid_to", [None, date(2026, 1, 1), date(2027, 1, 1)])
def test_two_values_by_right_on_one_day_are_refused(valid_to: date | None) -> None:
    grace = None if valid_to is None else valid_to + timedelta(days=90)
    with pytest.raises(FactorsOverlapError):
        check_series([FOOTPRINT_NEW, replace(FOOTPRINT_OLD, valid_to=valid_to, grace_until=grace)])


@pytest.mark.parametrize(
    ("valid_to", "grace_until"),
    [
        (date(2021, 12, 31), None),
        (date(2025, 12, 31), date(2025, 12, 30)),
        (None, date(2026, 3, 31)),
    ],
)
def test_days_out_of_order_are_refused(valid_to: date | None, grace_until: date | None) -> None:
    with pytest.raises(FactorPeriodError):
        check_series([replace(FOOTPRINT_OLD, valid_to=valid_to, grace_until=grace_until)])


def test_potentials_of_two_reports_are_not_mixed() -> None:
    check_for_crediting([METHANE, NITROUS_OXIDE])
    other = chosen(a_factor("gwp-n2o", "298", "tCO2e/tN2O", "AR4"))
    with pytest.raises(GwpMixedError) as refused:
        check_for_crediting([METHANE, other])
    assert refused.value.facts["sets"] == "AR4, AR5"


@pytest.mark.parametrize(("value", "unit"), [("25", "tCO2e/tCH4"), ("28", "tCO2e/tN2O")])
def test_a_potential_is_the_one_its_report_prints(value: str, unit: str) -> None:
    with pytest.raises(GwpDiffersError) as refused:
        check_for_crediting([chosen(a_factor("gwp-ch4", value, unit, "AR5"))])
    assert refused.value.facts["published"] == "28 tCO2e/tCH4"


def test_a_set_that_we_have_no_table_of_is_taken_by_its_source() -> None:
    check_for_crediting([chosen(a_factor("gwp-ch4", "27.0", "tCO2e/tCH4", "AR6"))])
