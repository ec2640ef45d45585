"""Organic waste composted and kept out of a landfill (CDM AMS-III.F, TOOL04, TOOL13)."""

from decimal import Decimal
from typing import Final

from app.registry.measuring.exact import ZERO, divide, total
from app.registry.measuring.methods import decay, energy
from app.registry.measuring.outlines import CheckedRow, FactorNeed, Outline, Parameter, Table
from app.registry.measuring.sheets import Amounts, Calculator, Effect, Sheet

_AMS: Final = "CDM AMS-III.F version 12.0"
_TOOL13: Final = "CDM TOOL13 version 02.0, emissions from composting"

_GWP_N2O: Final = FactorNeed(
    "gwp_n2o", "gwp-n2o", "GWP_N2O", "global warming potential of nitrous oxide", "tCO2e/tN2O"
)
_TRIPS: Final = Table(
    "trips",
    "waste or compost carried further than without the project",
    (
        Parameter("amount", "Q", "carried", "t", f"{_AMS}; weighed"),
        Parameter(
            "load", "CT", "carried in one trip", "t/trip", f"{_AMS}; weighed", low=Decimal("0.001")
        ),
        Parameter("distance", "DAF", "further than before", "km/trip", f"{_AMS}; surveyed"),
        Parameter(
            "emissions",
            "EF_km",
            "emissions of the truck",
            "tCO2e/km",
            f"{_AMS}; from its fuel, or a published value",
            needs_source=True,
        ),
    ),
    rows_min=0,
    rows_max=1_000,
)
_PARAMETERS: Final = (
    *decay.PARAMETERS,
    Parameter(
        "captured_by_law",
        "MD_reg",
        "methane that law or contract would have had captured",
        "tCH4",
        f"{_AMS}, baseline emissions; 0 where none",
        needs_source=True,
    ),
    Parameter("composted", "Q_y", "wet waste composted", "t", f"{_TOOL13}; weighed"),
    Parameter(
        "methane_of_composting",
        "EF_CH4",
        "methane by waste composted",
        "tCH4/t",
        f"{_TOOL13}; measured, or the tool's default",
        high=Decimal("0.1"),
        needs_source=True,
    ),
    Parameter(
        "nitrous_oxide_of_composting",
        "EF_N2O",
        "nitrous oxide by waste composted",
        "tN2O/t",
        f"{_TOOL13}; measured, or the tool's default",
        high=Decimal("0.1"),
        needs_source=True,
    ),
    Parameter(
        "methane_of_runoff",
        "M_RO",
        "methane of run-off wastewater",
        "tCH4",
        f"{_TOOL13}; 0 where run-off is led back into the heaps",
        needs_source=True,
    ),
    Parameter(
        "methane_of_compost",
        "M_LE",
        "methane of compost that decays without air after it left",
        "tCH4",
        f"{_TOOL13}, leakage; 0 where compost goes onto soil",
        needs_source=True,
    ),
    *energy.TAKEN,
)


def _compute(sheet: Sheet) -> Amounts:
    gwp_ch4 = sheet.factor("gwp_ch4")
    landfill = decay.landfill_methane(sheet)
    baseline = sheet.step(
        "BE",
        "emissions without the project",
        "tCO2e",
        "BE_CH4_SWDS - MD_reg * GWP_CH4, not below 0",
        max(landfill - sheet["captured_by_law"] * gwp_ch4, ZERO),
    )
    parts = (
        energy.taken_emissions(sheet),
        energy.fuel_emissions(sheet),
        _composting(sheet),
        _carried(sheet),
    )
    project = sheet.step(
        "PE", "emissions of the project", "tCO2e", "PE_EC + PE_FC + PE_C + PE_TR", total(parts)
    )
    leakage = sheet.step(
        "LE", "leakage", "tCO2e", "M_LE * GWP_CH4", sheet["methane_of_compost"] * gwp_ch4
    )
    return Amounts(baseline, project, leakage)


def _composting(sheet: Sheet) -> Decimal:
    composted = sheet["composted"]
    methane = sheet.step(
        "PE_CH4",
        "methane of composting and of run-off",
        "tCO2e",
        "(Q_y * EF_CH4 + M_RO) * GWP_CH4",
        (composted * sheet["methane_of_composting"] + sheet["methane_of_runoff"])
        * sheet.factor("gwp_ch4"),
    )
    nitrous_oxide = sheet.step(
        "PE_N2O",
        "nitrous oxide of composting",
        "tCO2e",
        "Q_y * EF_N2O * GWP_N2O",
        composted * sheet["nitrous_oxide_of_composting"] * sheet.factor("gwp_n2o"),
    )
    return sheet.step(
        "PE_C", "emissions of composting", "tCO2e", "PE_CH4 + PE_N2O", methane + nitrous_oxide
    )


def _carried(sheet: Sheet) -> Decimal:
    return sheet.step(
        "PE_TR",
        "emissions of carrying further than before",
        "tCO2e",
        "sum of Q / CT * DAF * EF_km",
        total(_trip(row) for row in sheet.rows("trips")),
    )


def _trip(row: CheckedRow) -> Decimal:
    return divide(row["amount"], row["load"]) * row["distance"] * row["emissions"]


V1: Final = Calculator(
    code="composting",
    version="1",
    title="Organic waste composted and kept out of a landfill",
    effect=Effect.REDUCTION,
    tver_code=None,
    derived_from=_AMS,
    sources=(_AMS, decay.TOOL04, _TOOL13, "IPCC 2006 Guidelines, volume 5, chapters 2 and 3"),
    verified=False,
    note=(
        "No Thai text and no code were found. The equation of decay was seen quoted; defaults of "
        "TOOL04 and TOOL13 were not seen in their own text: they are inputs with a source. Decay "
        "rates and carbon contents are IPCC's."
    ),
    outline=Outline(
        parameters=_PARAMETERS,
        selections=(decay.CLIMATE,),
        tables=(decay.DEPOSITS, _TRIPS, *energy.FUELS),
        factors=(decay.GWP_CH4, _GWP_N2O, energy.GRID),
    ),
    compute=_compute,
)
