"""Emissions of electricity taken from the grid and of fuel burnt."""

from decimal import Decimal
from typing import Final

from app.registry.measuring.exact import ONE, divide, total
from app.registry.measuring.outlines import FactorNeed, Parameter, Table
from app.registry.measuring.sheets import Sheet

GRID: Final = FactorNeed(
    "grid", "grid-electricity", "EF_grid", "emission factor of the grid", "tCO2e/MWh"
)
_TOOL05: Final = "CDM TOOL05, emissions from electricity consumption"
_TOOL03: Final = "CDM TOOL03, emissions from fossil fuel combustion"

TAKEN: Final = (
    Parameter(
        "electricity_taken",
        "EC",
        "electricity that the project takes from the grid",
        "MWh",
        f"{_TOOL05}; metered; 0 where it takes none",
    ),
    Parameter(
        "grid_losses",
        "TDL",
        "technical losses of the grid that supplies the project, share of what is fed in",
        "one",
        f"{_TOOL05}; the tool's default or the utility's figure",
        high=Decimal("0.5"),
        needs_source=True,
    ),
)


def _fuel(unit: str, what: str) -> tuple[Parameter, ...]:
    return (
        Parameter("amount", "FC", f"fuel burnt, {what}", unit, f"{_TOOL03}; weighed or metered"),
        Parameter(
            "heat",
            "NCV",
            "net calorific value",
            f"GJ/{unit}",
            f"{_TOOL03}; supplier, national or IPCC value",
            needs_source=True,
        ),
        Parameter(
            "emissions",
            "EF_CO2",
            "emission factor of the fuel by its heat",
            "tCO2e/GJ",
            f"{_TOOL03}; supplier, national or IPCC value",
            needs_source=True,
        ),
    )


FUELS: Final = (
    Table("fuels_by_mass", "fuel burnt, weighed", _fuel("t", "by mass"), rows_min=0, rows_max=50),
    Table(
        "fuels_by_volume", "fuel burnt, metered", _fuel("L", "by volume"), rows_min=0, rows_max=50
    ),
)


def taken_emissions(sheet: Sheet) -> Decimal:
    """
    Return what the electricity that the project takes emits, in tCO2e.

    Source: CDM TOOL05: what is consumed, times (1 + losses), times the factor of the grid.
    """
    return sheet.step(
        "PE_EC",
        "emissions of electricity taken from the grid",
        "tCO2e",
        "EC * EF_grid * (1 + TDL)",
        sheet["electricity_taken"] * sheet.factor("grid") * (ONE + sheet["grid_losses"]),
    )


def fuel_emissions(sheet: Sheet) -> Decimal:
    """
    Return what the fuel that the project burns emits, in tCO2e.

    Source: CDM TOOL03, option B: amount, times net calorific value, times factor, over all fuels.
    """
    parts = [
        sheet.step(
            f"PE_FC[{row.name}]",
            "emissions of one fuel",
            "tCO2e",
            "FC * NCV * EF_CO2",
            row["amount"] * row["heat"] * row["emissions"],
        )
        for table in FUELS
        for row in sheet.rows(table.name)
    ]
    return sheet.step(
        "PE_FC", "emissions of fuel burnt", "tCO2e", "sum of PE_FC[fuel]", total(parts)
    )


def fed_in(consumed: Decimal, losses: Decimal) -> Decimal:
    """Return what is fed into the grid for something to be consumed; losses are below 1."""
    return divide(consumed, ONE - losses)
