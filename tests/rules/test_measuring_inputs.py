"""Every calculator: what it asks for is said, and nothing else comes in."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from app.kernel.errors import RegistryError
from app.registry.measuring.calculators import CALCULATORS, get_calculator
from app.registry.measuring.outlines import Inputs, Parameter, Table
from app.registry.measuring.quantities import Quantity, Row
from app.registry.measuring.refusals import (
    CalculatorNotFoundError,
    ChoiceUnknownError,
    FactorNotAmongError,
    FactorNotFoundError,
    QuantityMissingError,
    QuantityNotWholeError,
    QuantityOutOfRangeError,
    QuantityUnexpectedError,
    RowsOutOfRangeError,
    SourceMissingError,
    UnitWrongError,
)
from app.registry.measuring.sheets import Calculator, calculate
from tests.builders.measuring import SAID, a_factor, chosen, sample

each_calculator = pytest.mark.parametrize(
    "calculator", CALCULATORS.values(), ids=lambda each: f"{each.code}-{each.version}"
)


def places(calculator: Calculator) -> Iterator[tuple[Table | None, Parameter]]:
    """Yield all parameters with the table they stand in."""
    for parameter in calculator.outline.parameters:
        yield None, parameter
    for table in calculator.outline.tables:
        for parameter in table.parameters:
            yield table, parameter


def with_quantity(
    inputs: Inputs, table: Table | None, name: str, quantity: Quantity | None
) -> Inputs:
    """Return inputs with one quantity changed; None: taken away."""
    if table is None:
        return replace(inputs, quantities=_changed(inputs.quantities, name, quantity))
    rows = list(inputs.tables[table.name])
    rows[0] = replace(rows[0], quantities=_changed(rows[0].quantities, name, quantity))
    return replace(inputs, tables={**inputs.tables, table.name: rows})


def _changed(quantities: object, name: str, quantity: Quantity | None) -> dict[str, Quantity]:
    assert isinstance(quantities, dict)
    others = {key: value for key, value in quantities.items() if key != name}
    return others if quantity is None else {**others, name: quantity}


def refusal_of(calculator: Calculator, inputs: Inputs) -> type[RegistryError] | None:
    try:
        calculate(calculator, inputs)
    except RegistryError as refusal:
        return type(refusal)
    return None


@each_calculator
def test_every_parameter_says_what_it_is(calculator: Calculator) -> None:
    for _, parameter in places(calculator):
        assert parameter.name.isidentifier()
        assert parameter.symbol
        assert parameter.meaning
        assert parameter.unit
        assert parameter.source
        assert parameter.high is None or parameter.low < parameter.high
        if parameter.default is not None:
            assert parameter.low <= parameter.default
            assert not parameter.needs_source


@each_calculator
def test_every_calculator_says_what_it_follows(calculator: Calculator) -> None:
    assert calculator.derived_from
    assert calculator.sources
    assert calculator.verified or calculator.note


@each_calculator
def test_another_unit_is_refused_everywhere(calculator: Calculator) -> None:
    """Also one of the same kind: it is converted at the edge, and here all have one unit."""
    inputs = sample(calculator)
    for table, parameter in places(calculator):
        strange = Quantity(Decimal(1), "trip*lamp", SAID)
        changed = with_quantity(inputs, table, parameter.name, strange)
        assert refusal_of(calculator, changed) is UnitWrongError


@each_calculator
def test_what_is_missing_is_refused_unless_it_has_a_default(calculator: Calculator) -> None:
    inputs = sample(calculator)
    for table, parameter in places(calculator):
        expected = QuantityMissingError if parameter.default is None else None
        changed = with_quantity(inputs, table, parameter.name, None)
        assert refusal_of(calculator, changed) is expected


@each_calculator
def test_each_range_is_held_at_both_ends(calculator: Calculator) -> None:
    inputs = sample(calculator)
    for table, parameter in places(calculator):
        gram = Decimal("0.000001")
        beyond = [parameter.low - gram] + (
            [] if parameter.high is None else [parameter.high + gram]
        )
        for value in beyond:
            quantity = Quantity(value, parameter.unit, SAID)
            changed = with_quantity(inputs, table, parameter.name, quantity)
            assert refusal_of(calculator, changed) is QuantityOutOfRangeError


@each_calculator
def test_a_value_that_needs_a_source_is_refused_without(calculator: Calculator) -> None:
    inputs = sample(calculator)
    for table, parameter in places(calculator):
        value = sample_value(inputs, table, parameter)
        for source in (None, "", "  "):
            changed = with_quantity(inputs, table, parameter.name, replace(value, source=source))
            expected = SourceMissingError if parameter.needs_source else None
            assert refusal_of(calculator, changed) is expected


def sample_value(inputs: Inputs, table: Table | None, parameter: Parameter) -> Quantity:
    row = inputs if table is None else inputs.tables[table.name][0]
    return row.quantities[parameter.name]


@each_calculator
def test_what_is_counted_is_whole(calculator: Calculator) -> None:
    inputs = sample(calculator)
    for table, parameter in places(calculator):
        value = sample_value(inputs, table, parameter)
        if parameter.whole:
            broken = replace(value, value=value.value + Decimal("0.5"))
            changed = with_quantity(inputs, table, parameter.name, broken)
            assert refusal_of(calculator, changed) is QuantityNotWholeError


@each_calculator
def test_what_nobody_asked_for_is_refused(calculator: Calculator) -> None:
    inputs = sample(calculator)
    one = Quantity(Decimal(1), "one", SAID)
    for changed in (
        replace(inputs, quantities={**inputs.quantities, "else": one}),
        replace(inputs, choices={**inputs.choices, "else": "x"}),
        replace(inputs, tables={**inputs.tables, "else": [Row("r")]}),
        replace(inputs, factors={**inputs.factors, "else": chosen(a_factor("x", "1", "one"))}),
    ):
        assert refusal_of(calculator, changed) is QuantityUnexpectedError


@each_calculator
def test_choices_are_of_their_options(calculator: Calculator) -> None:
    inputs = sample(calculator)
    for selection in calculator.outline.selections:
        for choices in ({**inputs.choices, selection.name: "neither"}, {}):
            assert refusal_of(calculator, replace(inputs, choices=choices)) is ChoiceUnknownError
    for table in calculator.outline.tables:
        for selection in table.selections:
            if selection.options:
                rows = list(inputs.tables[table.name])
                rows[0] = replace(rows[0], choices={**rows[0].choices, selection.name: "neither"})
                changed = replace(inputs, tables={**inputs.tables, table.name: rows})
                assert refusal_of(calculator, changed) is ChoiceUnknownError


@each_calculator
def test_tables_have_their_rows_each_with_its_own_name(calculator: Calculator) -> None:
    inputs = sample(calculator)
    for table in calculator.outline.tables:
        first = inputs.tables[table.name][0]
        for rows in ([first, first], [first] * (table.rows_max + 1)):
            changed = replace(inputs, tables={**inputs.tables, table.name: rows})
            assert refusal_of(calculator, changed) is RowsOutOfRangeError
        if table.rows_min:
            changed = replace(inputs, tables={**inputs.tables, table.name: []})
            assert refusal_of(calculator, changed) is RowsOutOfRangeError


@each_calculator
def test_factors_are_those_asked_for(calculator: Calculator) -> None:
    inputs = sample(calculator)
    for need in calculator.outline.factors:
        missing = {name: each for name, each in inputs.factors.items() if name != need.name}
        assert refusal_of(calculator, replace(inputs, factors=missing)) is FactorNotFoundError
        for wrong, expected in (
            (a_factor("other", "1", need.unit), FactorNotAmongError),
            (a_factor(need.code, "1", "one"), UnitWrongError),
        ):
            changed = replace(inputs, factors={**inputs.factors, need.name: chosen(wrong)})
            assert refusal_of(calculator, changed) is expected


@pytest.mark.parametrize(("code", "version"), [("grid-solar", "99"), ("cold-fusion", "1")])
def test_there_are_no_other_calculators(code: str, version: str) -> None:
    with pytest.raises(CalculatorNotFoundError):
        get_calculator(code, version)
