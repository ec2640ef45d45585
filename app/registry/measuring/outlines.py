"""What a calculator asks for, and the check that it was given that and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from app.registry.measuring.exact import plain
from app.registry.measuring.factors import Choice, Purpose, check_for_crediting
from app.registry.measuring.quantities import Quantity, Row
from app.registry.measuring.refusals import (
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

ROWS_MAX: Final = 20_000  # Every tree of a large town park; more are sampled in plots.


@dataclass(frozen=True, slots=True)
class Parameter:
    """A quantity that a calculator needs."""

    name: str
    symbol: str  # as its methodology writes it
    meaning: str
    unit: str
    source: str  # where the methodology asks for it, and how it is measured
    low: Decimal = Decimal(0)
    high: Decimal | None = None  # None: no upper bound
    default: Decimal | None = None  # None: it must be given
    # Whether who gives it must say where from: a default that we did not find in a source.
    needs_source: bool = False
    whole: bool = False  # whether it is counted, so that a part of one makes no sense


@dataclass(frozen=True, slots=True)
class Selection:
    """A choice that a calculator needs."""

    name: str
    meaning: str
    options: tuple[str, ...]  # empty: a name of a row of another table, which the calculator checks
    default: str | None = None  # None: it must be given


@dataclass(frozen=True, slots=True)
class FactorNeed:
    """A dated factor that a calculator needs."""

    name: str
    code: str
    symbol: str
    meaning: str
    unit: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table of rows that a calculator needs."""

    name: str
    meaning: str
    parameters: tuple[Parameter, ...]
    selections: tuple[Selection, ...] = ()
    rows_min: int = 1
    rows_max: int = ROWS_MAX


@dataclass(frozen=True, slots=True)
class Outline:
    """All that a calculator asks for."""

    parameters: tuple[Parameter, ...] = ()
    selections: tuple[Selection, ...] = ()
    tables: tuple[Table, ...] = ()
    factors: tuple[FactorNeed, ...] = ()


@dataclass(frozen=True, slots=True)
class Inputs:
    """What somebody gives to a calculator."""

    quantities: Mapping[str, Quantity] = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    factors: Mapping[str, Choice] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Used:
    """One value as it went in: with the steps, all that is needed to compute again."""

    name: str  # such as "lamps[old].power"
    symbol: str
    value: str  # digits, or the name chosen
    unit: str  # empty: a choice
    origin: str  # given, default, or factor with its first day
    source: str | None  # None: measured, as the report says


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """A row that has all it needs."""

    name: str
    values: Mapping[str, Decimal]
    choices: Mapping[str, str]

    def __getitem__(self, parameter: str) -> Decimal:
        """Return the value of a parameter."""
        return self.values[parameter]


@dataclass(frozen=True, slots=True)
class Checked:
    """Inputs that have all they need, defaults filled in."""

    row: CheckedRow
    tables: Mapping[str, tuple[CheckedRow, ...]]
    factors: Mapping[str, Decimal]
    used: tuple[Used, ...]


def check(outline: Outline, inputs: Inputs) -> Checked:
    """
    Return inputs as a calculator reads them.

    Raises:
        QuantityMissingError: a quantity without default is not given.
        QuantityUnexpectedError: something is given that is not asked for.
        UnitWrongError: a quantity is in another unit than asked for (`units.convert` comes first).
        QuantityOutOfRangeError: it is out of its range.
        QuantityNotWholeError: it is counted, and not whole.
        SourceMissingError: it has no source and needs one.
        ChoiceUnknownError: a choice is not among its options.
        RowsOutOfRangeError: a table has too few or too many rows, or two of one name.
        FactorNotFoundError: a factor is not given.
        FactorNotAmongError: another factor was given than asked for.
    """
    used: list[Used] = []
    top = Row("", inputs.quantities, inputs.choices)
    row = _row("", top, outline.parameters, outline.selections, used)
    _only({table.name for table in outline.tables}, inputs.tables, "")
    tables = {
        table.name: _table(table, inputs.tables.get(table.name, ()), used)
        for table in outline.tables
    }
    return Checked(row, tables, _factors(outline, inputs, used), tuple(used))


def _only(known: set[str], given: Mapping[str, object], place: str) -> None:
    for name in given:
        if name not in known:
            raise QuantityUnexpectedError(parameter=f"{place}{name}")


def _row(
    place: str,
    row: Row,
    parameters: Sequence[Parameter],
    selections: Sequence[Selection],
    used: list[Used],
) -> CheckedRow:
    _only({parameter.name for parameter in parameters}, row.quantities, place)
    _only({selection.name for selection in selections}, row.choices, place)
    values = {
        parameter.name: _value(place, parameter, row.quantities.get(parameter.name), used)
        for parameter in parameters
    }
    choices = {
        selection.name: _choice(place, selection, row.choices.get(selection.name), used)
        for selection in selections
    }
    return CheckedRow(row.name, values, choices)


def _value(place: str, parameter: Parameter, given: Quantity | None, used: list[Used]) -> Decimal:
    name = f"{place}{parameter.name}"
    origin = "given"
    if given is None:
        if parameter.default is None:
            raise QuantityMissingError(parameter=name, unit=parameter.unit)
        origin = "default"
        given = Quantity(parameter.default, parameter.unit, parameter.source)
    _check_given(name, parameter, given)
    used.append(
        Used(name, parameter.symbol, plain(given.value), parameter.unit, origin, given.source)
    )
    return given.value


def _check_given(name: str, parameter: Parameter, given: Quantity) -> None:
    if given.unit != parameter.unit:
        raise UnitWrongError(given=given.unit, wanted=parameter.unit)
    high = parameter.high
    if given.value < parameter.low or (high is not None and given.value > high):
        raise QuantityOutOfRangeError(
            parameter=name,
            low=plain(parameter.low),
            high="…" if high is None else plain(high),
            unit=parameter.unit,
        )
    if parameter.whole and given.value != given.value.to_integral_value():
        raise QuantityNotWholeError(parameter=name)
    if parameter.needs_source and not (given.source or "").strip():
        raise SourceMissingError(parameter=name)


def _choice(place: str, selection: Selection, given: str | None, used: list[Used]) -> str:
    name = f"{place}{selection.name}"
    value = selection.default if given is None else given
    if value is None or (selection.options and value not in selection.options):
        raise ChoiceUnknownError(parameter=name, allowed=", ".join(selection.options) or "…")
    used.append(Used(name, "", value, "", "default" if given is None else "given", None))
    return value


def _table(table: Table, rows: Sequence[Row], used: list[Used]) -> tuple[CheckedRow, ...]:
    names = {row.name for row in rows}
    if not table.rows_min <= len(rows) <= table.rows_max or len(names) < len(rows):
        raise RowsOutOfRangeError(table=table.name, least=table.rows_min, most=table.rows_max)
    return tuple(
        _row(f"{table.name}[{row.name}].", row, table.parameters, table.selections, used)
        for row in rows
    )


def _factors(outline: Outline, inputs: Inputs, used: list[Used]) -> dict[str, Decimal]:
    _only({need.name for need in outline.factors}, inputs.factors, "")
    values: dict[str, Decimal] = {}
    for need in outline.factors:
        choice = inputs.factors.get(need.name)
        if choice is None:
            raise FactorNotFoundError(factor=need.code, purpose=Purpose.CREDITING.value, on="…")
        factor = choice.factor
        if factor.code != need.code:
            raise FactorNotAmongError(factor=need.code, on=choice.on.isoformat(), allowed=need.code)
        if factor.unit != need.unit:
            raise UnitWrongError(given=factor.unit, wanted=need.unit)
        values[need.name] = factor.value
        origin = f"factor of {factor.valid_from.isoformat()} for {choice.on.isoformat()}"
        if choice.explicit:
            origin += ", chosen"
        used.append(
            Used(need.name, need.symbol, plain(factor.value), need.unit, origin, factor.source)
        )
    check_for_crediting(list(inputs.factors.values()))
    return values
