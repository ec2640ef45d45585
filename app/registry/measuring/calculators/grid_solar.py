"""Electricity from solar power for own use or the grid (T-VER-S-METH-01-01, CDM AMS-I.D)."""

from decimal import Decimal
from typing import Final

from app.registry.measuring.exact import ZERO
from app.registry.measuring.methods import energy
from app.registry.measuring.outlines import Outline, Parameter
from app.registry.measuring.sheets import Amounts, Calculator, Effect, Sheet

_AMS: Final = "CDM AMS-I.D version 18.0"


def _compute(sheet: Sheet) -> Amounts:
    baseline = sheet.step(
        "BE",
        "emissions of the grid's plants without the project",
        "tCO2e",
        "EG * EF_grid",
        sheet["electricity_supplied"] * sheet.factor("grid"),
    )
    taken, fuel = energy.taken_emissions(sheet), energy.fuel_emissions(sheet)
    project = sheet.step("PE", "emissions of the project", "tCO2e", "PE_EC + PE_FC", taken + fuel)
    return Amounts(baseline, project, ZERO)


V1: Final = Calculator(
    code="grid-solar",
    version="1",
    title="Electricity from solar power for own use or the grid",
    effect=Effect.REDUCTION,
    tver_code="T-VER-S-METH-01-01 version 03",
    derived_from=_AMS,
    sources=(_AMS, "CDM TOOL05", "CDM TOOL03", "T-VER-S-F001-PDD of a rooftop solar bundle"),
    verified=False,
    note=(
        "The Thai text was not found. Leakage is none: equipment moved from another activity is "
        "not eligible. Where a project document prints no project emissions, electricity taken "
        "is 0."
    ),
    outline=Outline(
        parameters=(
            Parameter(
                "electricity_supplied",
                "EG",
                "electricity supplied to the grid or used in its place",
                "MWh",
                f"{_AMS}, baseline emissions; metered",
                high=Decimal(10_000_000),
            ),
            *energy.TAKEN,
        ),
        tables=energy.FUELS,
        factors=(energy.GRID,),
    ),
    compute=_compute,
)
