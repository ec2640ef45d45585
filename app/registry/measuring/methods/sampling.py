"""Means of sample plots in strata, their uncertainty, and what is taken off for it (AR-TOOL14)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.registry.measuring.exact import ZERO, divide, square_root, total
from app.registry.measuring.refusals import PlotsTooFewError
from app.registry.measuring.tables import UNCERTAINTY_DISCOUNTS

PLOTS_MIN = 2


@dataclass(frozen=True, slots=True)
class Stratum:
    """A part of the land that was sampled for itself."""

    name: str
    area_ha: Decimal
    plots_t_per_ha: tuple[Decimal, ...]  # biomass of each plot


@dataclass(frozen=True, slots=True)
class Estimate:
    """The mean over all strata, and how far off it may be."""

    mean_t_per_ha: Decimal
    area_ha: Decimal
    uncertainty: Decimal  # half the confidence interval, relative to the mean; 0 where that is 0


def mean_of(values: Sequence[Decimal]) -> Decimal:
    """Return the arithmetic mean of at least one value."""
    return divide(total(values), Decimal(len(values)))


def variance_of(values: Sequence[Decimal]) -> Decimal:
    """
    Return the sample variance of at least two values.

    Source: CDM AR-TOOL14, stratified random sampling:
        (n * sum of b^2 - (sum of b)^2) / (n * (n - 1)).
    """
    count = Decimal(len(values))
    squares = total(value * value for value in values)
    together = total(values)
    return divide(count * squares - together * together, count * (count - 1))


def estimate(strata: Sequence[Stratum], *, t_value: Decimal) -> Estimate:
    """
    Estimate mean biomass per hectare by stratified random sampling.

    Args:
        strata: at least one, with an area together above 0.
        t_value: two-sided t of the confidence level that the methodology asks for.

    Raises:
        PlotsTooFewError: a stratum has fewer than two plots.

    Source: CDM AR-TOOL14: mean = sum of w_i * b_i; uncertainty = t * sqrt(sum of w_i^2 * s_i^2 /
        n_i) / mean, with w_i the stratum's share of the area.
    """
    area_ha = total(stratum.area_ha for stratum in strata)
    means, spreads = [], []
    for stratum in strata:
        plots = stratum.plots_t_per_ha
        if len(plots) < PLOTS_MIN:
            raise PlotsTooFewError(stratum=stratum.name)
        weight = divide(stratum.area_ha, area_ha)
        means.append(weight * mean_of(plots))
        spreads.append(divide(weight * weight * max(variance_of(plots), ZERO), Decimal(len(plots))))
    mean = total(means)
    half_width = t_value * square_root(total(spreads))
    return Estimate(mean, area_ha, divide(half_width, mean) if mean else ZERO)


def share_taken_off(uncertainty: Decimal) -> Decimal:
    """
    Return which share of an estimate's half width is taken off it.

    A relative uncertainty up to 10 % costs nothing; a bound belongs to the smaller deduction.

    Source: `tables.UNCERTAINTY_SOURCE`.
    """
    for discount in UNCERTAINTY_DISCOUNTS:
        if discount.uncertainty_max is None or uncertainty <= discount.uncertainty_max:
            return discount.share
    raise AssertionError("the last discount has no bound")


def uncertainty_of_change(
    before: Decimal, after: Decimal, *, uncertainty_before: Decimal, uncertainty_after: Decimal
) -> Decimal:
    """
    Return the half width of a difference of two independent estimates, in their unit.

    Source: CDM AR-TOOL14, difference of two independent stock estimations:
        sqrt((u_1 * C_1)^2 + (u_2 * C_2)^2).
    """
    first, second = uncertainty_before * before, uncertainty_after * after
    return square_root(first * first + second * second)
