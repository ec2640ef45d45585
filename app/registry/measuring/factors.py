"""Dated factors: which value holds for which purpose on which day, and who chose it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from app.registry.measuring.exact import plain
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
from app.registry.measuring.tables import GWP


class Purpose(StrEnum):
    """What a factor was announced for; a value for one is wrong for another."""

    CREDITING = "crediting"
    FOOTPRINT = "footprint"
    INVENTORY = "inventory"


@dataclass(frozen=True, slots=True)
class Factor:
    """A value as it was announced."""

    code: str  # what it is a value of, such as "grid-electricity"
    purpose: Purpose
    value: Decimal
    unit: str
    valid_from: date  # first day
    valid_to: date | None  # last day; None: until another takes its place
    grace_until: date | None  # last day it may still be used beside its successor; None: no grace
    source: str  # document, edition, page
    gwp_set: str | None  # None: no global warming potential is in it

    def holds_on(self, on: date) -> bool:
        """Say whether it may be used on a day, by right or by grace."""
        last = self.grace_until or self.valid_to
        return self.valid_from <= on and (last is None or on <= last)


@dataclass(frozen=True, slots=True)
class Choice:
    """A factor that was chosen, and from what: what is kept with the result."""

    factor: Factor
    on: date
    others: tuple[Factor, ...]  # what else was allowed on that day; empty: there was no choice
    explicit: bool  # whether somebody chose; False: only one was allowed


def choose(
    factors: Sequence[Factor],
    *,
    code: str,
    purpose: Purpose,
    on: date,
    begun: date | None = None,
) -> Choice:
    """
    Return the value of a factor for a purpose on a day.

    Args:
        factors: all values there are, of all codes and purposes.
        code: what is wanted.
        purpose: what for.
        on: the day whose value is wanted, in Thailand.
        begun: first day of the value to use; needed where two are allowed, in a window of grace.

    Raises:
        FactorNotFoundError: none holds.
        FactorPurposeError: one holds, but for another purpose only.
        FactorChoiceNeededError: more than one holds, and `begun` is None.
        FactorNotAmongError: `begun` is of none that holds.

    Source: TGO's announcement of 30 November 2025: the electricity factor of 2026 holds from
        1 January 2026, and the one before may be used until 31 March 2026.
    """
    holding = [factor for factor in factors if factor.code == code and factor.holds_on(on)]
    fitting = sorted(
        (factor for factor in holding if factor.purpose is purpose),
        key=lambda factor: factor.valid_from,
    )
    if not fitting:
        if holding:
            raise FactorPurposeError(
                factor=code, purpose=holding[0].purpose.value, wanted=purpose.value
            )
        raise FactorNotFoundError(factor=code, purpose=purpose.value, on=on.isoformat())
    if begun is None and len(fitting) > 1:
        raise FactorChoiceNeededError(factor=code, on=on.isoformat(), allowed=_begins(fitting))
    taken = [factor for factor in fitting if begun is None or factor.valid_from == begun]
    if not taken:
        raise FactorNotAmongError(factor=code, on=on.isoformat(), allowed=_begins(fitting))
    others = tuple(factor for factor in fitting if factor is not taken[0])
    return Choice(taken[0], on, others, explicit=begun is not None)


def check_series(factors: Sequence[Factor]) -> None:
    """
    Refuse values that could not be told apart on some day.

    Raises:
        FactorPeriodError: the days of one are not in order.
        FactorsOverlapError: two of one code and purpose hold by right on one day.
    """
    for factor in factors:
        _check_days(factor)
    ordered = sorted(factors, key=lambda each: (each.code, each.purpose, each.valid_from))
    for earlier, later in pairwise(ordered):
        if (earlier.code, earlier.purpose) != (later.code, later.purpose):
            continue
        if earlier.valid_to is None or later.valid_from <= earlier.valid_to:
            raise FactorsOverlapError(
                factor=earlier.code,
                purpose=earlier.purpose.value,
                on=later.valid_from.isoformat(),
            )


def check_for_crediting(choices: Sequence[Choice]) -> None:
    """
    Refuse factors that credits must not be computed with.

    Raises:
        FactorPurposeError: one is for another purpose, such as a footprint.
        FactorNotAmongError: one does not hold on the day it was chosen for.
        FactorChoiceNeededError: there was a choice, and nobody made it.
        GwpMixedError: they are of several sets of global warming potentials.
        GwpDiffersError: one says it is of a set whose document prints another value.
    """
    for choice in choices:
        factor = choice.factor
        if factor.purpose is not Purpose.CREDITING:
            raise FactorPurposeError(
                factor=factor.code,
                purpose=factor.purpose.value,
                wanted=Purpose.CREDITING.value,
            )
        if not factor.holds_on(choice.on):
            raise FactorNotAmongError(
                factor=factor.code, on=choice.on.isoformat(), allowed=_begins(choice.others)
            )
        if choice.others and not choice.explicit:
            raise FactorChoiceNeededError(
                factor=factor.code,
                on=choice.on.isoformat(),
                allowed=_begins((factor, *choice.others)),
            )
        _check_potential(factor)
    sets = sorted({each.factor.gwp_set for each in choices if each.factor.gwp_set is not None})
    if len(sets) > 1:
        raise GwpMixedError(sets=", ".join(sets))


def _check_days(factor: Factor) -> None:
    days = [
        day for day in (factor.valid_from, factor.valid_to, factor.grace_until) if day is not None
    ]
    if days != sorted(days) or (factor.grace_until is not None and factor.valid_to is None):
        raise FactorPeriodError(factor=factor.code)


def _check_potential(factor: Factor) -> None:
    published = None if factor.gwp_set is None else GWP.get((factor.code, factor.gwp_set))
    if published is not None and (published.value, published.unit) != (factor.value, factor.unit):
        raise GwpDiffersError(
            set=factor.gwp_set,
            factor=factor.code,
            published=f"{plain(published.value)} {published.unit}",
        )


def _begins(factors: Sequence[Factor]) -> str:
    return ", ".join(factor.valid_from.isoformat() for factor in factors)
