"""
What was computed once is computed the same for ever.

The digests in `measuring_digests.txt` are of all inputs, steps and results of one calculation with
each version of each calculator. A line is added with a new version; none is changed or taken away.
"""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal, getcontext, localcontext
from pathlib import Path

import pytest

from app.registry.measuring import tables, units
from app.registry.measuring.calculators import CALCULATORS, get_calculator
from app.registry.measuring.sheets import Calculator, Effect, calculate
from tests.builders.measuring import sample

GOLDEN = Path(__file__).with_name("measuring_digests.txt")
LINES = [line.split() for line in GOLDEN.read_text().splitlines() if not line.startswith("#")]
each_calculator = pytest.mark.parametrize(
    "calculator", CALCULATORS.values(), ids=lambda each: f"{each.code}-{each.version}"
)


@pytest.mark.parametrize(("code", "version", "net", "digest"), LINES)
def test_a_version_computes_what_it_always_did(
    code: str, version: str, net: str, digest: str
) -> None:
    calculator = get_calculator(code, version)
    computed = calculate(calculator, sample(calculator))
    assert str(computed.facts()["net_tco2e"]) == net
    assert computed.digest() == digest


def test_every_version_has_its_line() -> None:
    assert sorted((line[0], line[1]) for line in LINES) == sorted(CALCULATORS)


@each_calculator
def test_neither_the_callers_context_nor_its_thread_changes_a_digit(
    calculator: Calculator,
) -> None:
    inputs = sample(calculator)
    expected = calculate(calculator, inputs).digest()

    def coarse() -> str:
        with localcontext() as context:
            context.prec = 5
            digest = calculate(calculator, inputs).digest()
            assert getcontext().prec == 5
        return digest

    with ThreadPoolExecutor(max_workers=4) as pool:
        digests = [each.result() for each in [pool.submit(coarse) for _ in range(4)]]
    assert set(digests) == {expected}


@each_calculator
def test_every_step_can_be_followed(calculator: Calculator) -> None:
    computed = calculate(calculator, sample(calculator))
    assert computed.steps
    for step in computed.steps:
        assert isinstance(step.value, Decimal)
        assert step.symbol
        assert step.meaning
        assert step.formula
        units.check_unit(step.unit)
    for value in (computed.net_tco2e, computed.amounts.baseline, computed.amounts.deduction):
        assert isinstance(value, Decimal)
    names = [each.name for each in computed.used]
    assert len(names) == len(set(names))


@each_calculator
def test_net_is_what_is_left_of_the_amounts(calculator: Calculator) -> None:
    computed = calculate(calculator, sample(calculator))
    amounts = computed.amounts
    first, second = amounts.baseline, amounts.project
    if calculator.effect is Effect.REMOVAL:
        first, second = second, first
    left = first - second - amounts.leakage - amounts.deduction
    assert abs(left - computed.net_tco2e) < Decimal("1e-15")


@each_calculator
def test_another_input_gives_another_digest(calculator: Calculator) -> None:
    inputs = sample(calculator)
    name, quantity = next(iter(inputs.quantities.items()))
    other = {**inputs.quantities, name: type(quantity)(quantity.value, quantity.unit, "elsewhere")}
    changed = type(inputs)(other, inputs.choices, inputs.tables, inputs.factors)
    assert calculate(calculator, inputs).digest() != calculate(calculator, changed).digest()


# ----------------------------------------------------------------------------------------- tables


def _table_lines() -> list[str]:
    """Return every number of the tables, one a line."""
    lines = []
    for name in ("GWP", "DEGRADABLE_CARBON", "DECAY_RATE", "WASTEWATER_MCF"):
        for key, constant in getattr(tables, name).items():
            said = "/".join(key) if isinstance(key, tuple) else key
            lines.append(f"{name} {said} {constant.value} {constant.unit}")
    lines.append(f"METHANE_OF_COD - {tables.METHANE_OF_COD.value} {tables.METHANE_OF_COD.unit}")
    for name, equation in tables.ALLOMETRY.items():
        for part in equation.parts:
            numbers = " ".join(str(number) for number in (part.a, part.b, part.c, part.d))
            lines.append(f"ALLOMETRY {name} {part.part} {part.form} {numbers}")
    lines += [
        f"UNCERTAINTY_DISCOUNTS {each.uncertainty_max} {each.share}"
        for each in tables.UNCERTAINTY_DISCOUNTS
    ]
    lines += [
        f"RATIO {each.numerator}/{each.denominator}"
        for each in (tables.CARBON_TO_DIOXIDE, tables.CARBON_TO_METHANE)
    ]
    return lines


def test_no_number_of_a_table_changes_under_a_version_that_used_it() -> None:
    """Another edition of a table gets entries of other names; a calculator's version names one."""
    given_out = GOLDEN.with_name("measuring_tables.txt").read_text().splitlines()
    assert set(given_out) <= set(_table_lines())
    assert len(given_out) == len(set(given_out)) == len(_table_lines())


def test_every_number_has_a_source() -> None:
    sources = [
        each.source
        for kind in (
            tables.GWP,
            tables.DEGRADABLE_CARBON,
            tables.DECAY_RATE,
            tables.WASTEWATER_MCF,
        )
        for each in kind.values()
    ]
    sources += [each.source for each in tables.ALLOMETRY.values()]
    sources += [tables.METHANE_OF_COD.source, tables.UNCERTAINTY_SOURCE]
    sources += [tables.CARBON_TO_DIOXIDE.source, tables.CARBON_TO_METHANE.source]
    assert all(source.strip() for source in sources)
