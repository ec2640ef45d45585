"""Landfill gas captured and burnt (CDM AMS-III.G, ACM0001 simplified)."""

from decimal import Decimal
from typing import Final

from app.registry.measuring.exact import ONE, ZERO
from app.registry.measuring.methods import decay, energy, gas
from app.registry.measuring.outlines import Outline, Parameter
from app.registry.measuring.sheets import Amounts, Calculator, Effect, Sheet

_AMS: Final = "CDM AMS-III.G version 10.0"
_ACM: Final = "CDM ACM0001 version 19.0"

_PARAMETERS: Final = (
    Parameter(
        "oxidation",
        "OX",
        "share of methane that the cover would have oxidised",
        "one",
        f"{_ACM}, OX_top_layer; the methodology's default",
        high=Decimal(1),
        needs_source=True,
    ),
    Parameter(
        "required_share",
        "rho_req",
        "share of the methane that law or contract asks to be captured",
        "one",
        f"{_ACM}, baseline capture by requirement; 0 where none",
        high=Decimal(1),
        needs_source=True,
    ),
    Parameter(
        "captured_before",
        "F_sys",
        "methane that a system there before would have captured",
        "tCH4",
        f"{_ACM}, baseline capture by an existing system; 0 where none",
        needs_source=True,
    ),
    Parameter(
        "electricity_supplied",
        "EG",
        "electricity from the gas supplied to the grid or used in its place",
        "MWh",
        f"{_ACM} and CDM AMS-I.D; metered; 0 where none",
    ),
    *energy.TAKEN,
)


def _compute(sheet: Sheet) -> Amounts:
    burnt = gas.methane_burnt(sheet)
    anyhow = sheet.step(
        "F_BL",
        "methane that would have been captured anyhow",
        "tCH4",
        "the larger of rho_req * F_PJ and F_sys",
        max(sheet["required_share"] * burnt, sheet["captured_before"]),
    )
    methane = sheet.step(
        "BE_CH4",
        "methane of the landfill without the project",
        "tCO2e",
        "((1 - OX) * F_PJ - F_BL) * GWP_CH4, not below 0",
        max((ONE - sheet["oxidation"]) * burnt - anyhow, ZERO) * sheet.factor("gwp_ch4"),
    )
    electricity = sheet.step(
        "BE_EC",
        "emissions of the grid's plants without the project",
        "tCO2e",
        "EG * EF_grid",
        sheet["electricity_supplied"] * sheet.factor("grid"),
    )
    baseline = sheet.step(
        "BE", "emissions without the project", "tCO2e", "BE_CH4 + BE_EC", methane + electricity
    )
    taken, fuel = energy.taken_emissions(sheet), energy.fuel_emissions(sheet)
    project = sheet.step("PE", "emissions of the project", "tCO2e", "PE_EC + PE_FC", taken + fuel)
    return Amounts(baseline, project, ZERO)


V1: Final = Calculator(
    code="landfill-gas",
    version="1",
    title="Landfill gas captured and burnt",
    effect=Effect.REDUCTION,
    tver_code=None,
    derived_from=f"{_AMS} and {_ACM}, simplified",
    sources=(_AMS, _ACM, "CDM TOOL05", "CDM TOOL03"),
    verified=False,
    note=(
        "No Thai text and no code were found. Heat and gas sold are left out. Oxidation, density "
        "of methane and efficiencies were not seen in their own text: they are inputs with a "
        "source."
    ),
    outline=Outline(
        parameters=_PARAMETERS,
        tables=(gas.BURNERS, *energy.FUELS),
        factors=(decay.GWP_CH4, energy.GRID),
    ),
    compute=_compute,
)
