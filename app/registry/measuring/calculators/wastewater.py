"""Methane of wastewater captured and burnt (CDM AMS-III.H)."""

from decimal import Decimal
from typing import Final

from app.registry.measuring.exact import ONE, ZERO, total
from app.registry.measuring.methods import decay, energy, gas
from app.registry.measuring.outlines import Outline, Parameter, Selection, Table
from app.registry.measuring.sheets import Amounts, Calculator, Effect, Sheet
from app.registry.measuring.tables import METHANE_OF_COD, WASTEWATER_MCF

_AMS: Final = "CDM AMS-III.H version 19.0"


def _streams(name: str, meaning: str) -> Table:
    return Table(
        name,
        meaning,
        (
            Parameter("flow", "Q", "wastewater of the period", "m3", f"{_AMS}; metered"),
            Parameter(
                "demand",
                "COD",
                "chemical oxygen demand removed there, or let out with a discharge",
                "tCOD/m3",
                f"{_AMS}; sampled: inflow less outflow",
                high=Decimal(1),
            ),
        ),
        (Selection("treatment", "how the water is treated", tuple(WASTEWATER_MCF)),),
        rows_max=100,
    )


_PARAMETERS: Final = (
    Parameter(
        "methane_of_demand",
        "B_o",
        "methane that could form of the oxygen demand",
        "kgCH4/kgCOD",
        f"{_AMS}; {METHANE_OF_COD.source}",
        high=Decimal("0.35"),
        default=METHANE_OF_COD.value,
    ),
    Parameter(
        "correction_before",
        "UF_BL",
        "correction for uncertainty, without the project",
        "one",
        f"{_AMS}; the methodology's default",
        high=Decimal(1),
        needs_source=True,
    ),
    Parameter(
        "correction_after",
        "UF_PJ",
        "correction for uncertainty, with the project",
        "one",
        f"{_AMS}; the methodology's default",
        low=Decimal(1),
        high=Decimal(2),
        needs_source=True,
    ),
    Parameter(
        "captured",
        "CFE",
        "share of the methane that the project's system captures",
        "one",
        f"{_AMS}, capture efficiency; the methodology's default",
        high=Decimal(1),
        needs_source=True,
    ),
    *energy.TAKEN,
)


def _methane(sheet: Sheet, table: str, symbol: str, correction: str) -> Decimal:
    """Return the methane of all streams of a table, in tonnes of methane."""
    parts = [
        sheet.step(
            f"{symbol}[{row.name}]",
            "methane of one stream",
            "tCH4",
            f"Q * COD * MCF * B_o * {correction}, with MCF of IPCC 2006",
            row["flow"]
            * row["demand"]
            * WASTEWATER_MCF[row.choices["treatment"]].value
            * sheet["methane_of_demand"]
            * sheet["correction_before" if correction == "UF_BL" else "correction_after"],
        )
        for row in sheet.rows(table)
    ]
    return sheet.step(symbol, "methane of all streams", "tCH4", f"sum of {symbol}", total(parts))


def _compute(sheet: Sheet) -> Amounts:
    gwp = sheet.factor("gwp_ch4")
    baseline = sheet.step(
        "BE",
        "methane without the project",
        "tCO2e",
        "M_BL * GWP_CH4",
        _methane(sheet, "streams_before", "M_BL", "UF_BL") * gwp,
    )
    energy_used = sheet.step(
        "PE_E",
        "emissions of electricity and fuel",
        "tCO2e",
        "PE_EC + PE_FC",
        energy.taken_emissions(sheet) + energy.fuel_emissions(sheet),
    )
    captured = _methane(sheet, "streams_captured", "MEP", "UF_PJ")
    fugitive = sheet.step(
        "PE_FU",
        "methane that escapes capture",
        "tCO2e",
        "(1 - CFE) * MEP * GWP_CH4",
        (ONE - sheet["captured"]) * captured * gwp,
    )
    open_air = sheet.step(
        "PE_OP",
        "methane of streams without capture, and of the discharge",
        "tCO2e",
        "M_OP * GWP_CH4",
        _methane(sheet, "streams_open", "M_OP", "UF_PJ") * gwp,
    )
    unburnt = sheet.step(
        "PE_FL",
        "methane that passes the burners",
        "tCO2e",
        "F_UN * GWP_CH4",
        gas.methane_unburnt(sheet) * gwp,
    )
    project = sheet.step(
        "PE",
        "emissions of the project",
        "tCO2e",
        "PE_E + PE_FU + PE_OP + PE_FL",
        total((energy_used, fugitive, open_air, unburnt)),
    )
    return Amounts(baseline, project, ZERO, _above_measured(sheet, baseline - project, energy_used))


def _above_measured(sheet: Sheet, computed: Decimal, energy_used: Decimal) -> Decimal:
    """Return how much more the equations say than the methane that was measured as burnt."""
    measured = sheet.step(
        "ER_MD",
        "reduction by the methane measured as burnt",
        "tCO2e",
        "F_PJ * GWP_CH4 - PE_E",
        gas.methane_burnt(sheet) * sheet.factor("gwp_ch4") - energy_used,
    )
    return sheet.step(
        "D",
        "what the equations say above that",
        "tCO2e",
        "BE - PE - ER_MD, not below 0",
        max(computed - measured, ZERO),
    )


V1: Final = Calculator(
    code="wastewater-methane",
    version="1",
    title="Methane of wastewater captured and burnt",
    effect=Effect.REDUCTION,
    tver_code=None,
    derived_from=_AMS,
    sources=(_AMS, "IPCC 2006 Guidelines, volume 5, chapter 6", "CDM ACM0001 version 19.0"),
    verified=False,
    note=(
        "No Thai text and no code were found. Sludge is left out. The methodology's corrections "
        "for uncertainty and its capture efficiency were not seen in its own text: they are inputs "
        "with a source. The reduction is the lower of the equations' and of what was measured as "
        "burnt."
    ),
    outline=Outline(
        parameters=_PARAMETERS,
        tables=(
            _streams("streams_before", "treatment and discharge without the project"),
            _streams("streams_captured", "treatment whose gas the project captures"),
            _streams("streams_open", "treatment without capture, and discharge, with the project"),
            gas.BURNERS,
            *energy.FUELS,
        ),
        factors=(decay.GWP_CH4, energy.GRID),
    ),
    compute=_compute,
)
