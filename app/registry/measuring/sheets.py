"""
A calculation: a versioned function over checked inputs, which writes down every step it takes.

A calculator never changes once it was used: a correction is another version, beside it. The same
inputs then give the same digest in any year, on any machine.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import StrEnum

from app.kernel.encoding import canonical_bytes, sha256
from app.registry.measuring import exact
from app.registry.measuring.outlines import Checked, CheckedRow, Inputs, Outline, Used, check


class Effect(StrEnum):
    """What an activity does, and so what is subtracted from what."""

    REDUCTION = "reduction"  # net = baseline - project - leakage - deduction
    REMOVAL = "removal"  # net = project - baseline - leakage - deduction


@dataclass(frozen=True, slots=True)
class Step:
    """One intermediate result."""

    symbol: str
    meaning: str
    unit: str
    formula: str  # in the symbols of inputs and earlier steps
    value: Decimal


@dataclass(frozen=True, slots=True)
class Amounts:
    """
    What a calculation ends in, in tCO2e, at full precision.

    Of a reduction, baseline and project are emissions; of a removal, they are removals.
    """

    baseline: Decimal
    project: Decimal
    leakage: Decimal
    deduction: Decimal = Decimal(0)  # taken off for uncertainty, or down to what was measured


class Sheet:
    """What one calculation reads, and the steps it has written."""

    def __init__(self, checked: Checked) -> None:
        """Begin a sheet without steps."""
        self._checked = checked
        self.steps: list[Step] = []

    def __getitem__(self, parameter: str) -> Decimal:
        """Return the value of a parameter."""
        return self._checked.row[parameter]

    def choice(self, selection: str) -> str:
        """Return what was chosen."""
        return self._checked.row.choices[selection]

    def rows(self, table: str) -> tuple[CheckedRow, ...]:
        """Return the rows of a table, in the order given."""
        return self._checked.tables[table]

    def factor(self, name: str) -> Decimal:
        """Return the value of a dated factor."""
        return self._checked.factors[name]

    def step(self, symbol: str, meaning: str, unit: str, formula: str, value: Decimal) -> Decimal:
        """Write a step down, and return its value."""
        assert isinstance(value, Decimal)
        self.steps.append(Step(symbol, meaning, unit, formula, value))
        return value


@dataclass(frozen=True, slots=True)
class Calculator:
    """One version of how an activity's effect is computed."""

    code: str
    version: str
    title: str
    effect: Effect
    tver_code: str | None  # methodology of T-VER it serves; None: no code was found
    derived_from: str  # the public text that its equations follow
    sources: tuple[str, ...]
    verified: bool  # whether every equation and default was seen in a source
    note: str | None  # what was not; None only where all was
    outline: Outline
    compute: Callable[[Sheet], Amounts]


@dataclass(frozen=True, slots=True)
class Computed:
    """A result with all that led to it."""

    code: str
    version: str
    arithmetic: str  # name of the context
    effect: Effect
    used: tuple[Used, ...]
    steps: tuple[Step, ...]
    amounts: Amounts
    net_tco2e: Decimal  # never rounded; below zero where the activity did harm

    def facts(self) -> dict[str, object]:
        """Return all of it as text and lists: what is kept, and what the digest is of."""
        plain = exact.plain
        return {
            "calculator": self.code,
            "version": self.version,
            "arithmetic": self.arithmetic,
            "effect": self.effect.value,
            "used": [
                [each.name, each.symbol, each.value, each.unit, each.origin, each.source]
                for each in self.used
            ],
            "steps": [
                [step.symbol, step.meaning, step.unit, step.formula, plain(step.value)]
                for step in self.steps
            ],
            "baseline_tco2e": plain(self.amounts.baseline),
            "project_tco2e": plain(self.amounts.project),
            "leakage_tco2e": plain(self.amounts.leakage),
            "deduction_tco2e": plain(self.amounts.deduction),
            "net_tco2e": plain(self.net_tco2e),
        }

    def digest(self) -> str:
        """Return the SHA-256 of the facts: who computes again compares this."""
        return sha256(canonical_bytes(self.facts())).hex()


def calculate(calculator: Calculator, inputs: Inputs) -> Computed:
    """
    Compute an activity's effect.

    Args:
        calculator: the version that the activity was registered with.
        inputs: quantities in the units that its outline asks for.

    Returns:
        Every input, every step, and baseline, project, leakage, deduction and net in tCO2e.

    Raises:
        RegistryError: the inputs are not what the outline asks for, as `outlines.check` says.
    """
    checked = check(calculator.outline, inputs)
    sheet = Sheet(checked)
    # What a thread or task calculates with elsewhere must not decide about tonnes.
    with localcontext(exact.context()):
        amounts = calculator.compute(sheet)
        first, second = amounts.baseline, amounts.project
        if calculator.effect is Effect.REMOVAL:
            first, second = second, first
        net_tco2e = first - second - amounts.leakage - amounts.deduction
    return Computed(
        code=calculator.code,
        version=calculator.version,
        arithmetic=exact.NAME,
        effect=calculator.effect,
        used=checked.used,
        steps=tuple(sheet.steps),
        amounts=amounts,
        net_tco2e=net_tco2e,
    )
