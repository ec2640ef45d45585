"""
Methane of waste that decays in a landfill: first-order decay, year by year (CDM TOOL04).

The rates and carbon contents are those of the IPCC 2006 Guidelines. The correction for the model's
uncertainty, oxidation, the share of methane in the gas, the share of carbon that decays and the
landfill's methane correction factor depend on the tool's version and on the landfill: they are
inputs with a source.
"""

from decimal import Decimal
from typing import Final

from app.registry.measuring.exact import ONE, divide, exponential, total
from app.registry.measuring.outlines import CheckedRow, FactorNeed, Parameter, Selection, Table
from app.registry.measuring.sheets import Sheet
from app.registry.measuring.tables import (
    CARBON_TO_METHANE,
    CLIMATES,
    DECAY_RATE,
    DEGRADABLE_CARBON,
    WASTES,
)

TOOL04: Final = "CDM TOOL04, emissions from solid waste disposal sites"

GWP_CH4: Final = FactorNeed(
    "gwp_ch4", "gwp-ch4", "GWP_CH4", "global warming potential of methane", "tCO2e/tCH4"
)


def _share(name: str, symbol: str, meaning: str) -> Parameter:
    return Parameter(name, symbol, meaning, "one", TOOL04, high=Decimal(1), needs_source=True)


PARAMETERS: Final = (
    Parameter(
        "year", "y", "year whose methane is computed", "y", TOOL04, low=Decimal(1900), whole=True
    ),
    _share("model_correction", "phi", "correction for the uncertainty of the model"),
    _share("captured_at_landfill", "f", "share of methane captured at the landfill anyhow"),
    _share("oxidation", "OX", "share of methane oxidised in the landfill's cover"),
    _share("methane_in_gas", "F", "share of methane in landfill gas, by volume"),
    _share("carbon_that_decays", "DOC_f", "share of degradable carbon that decays"),
    _share("methane_correction", "MCF", "methane correction factor of the landfill"),
)
CLIMATE: Final = Selection("climate", "climate of the landfill", CLIMATES)
DEPOSITS: Final = Table(
    "deposits",
    "waste kept out of the landfill, by year and kind",
    (
        Parameter("amount", "W", "wet waste of the year", "t", f"{TOOL04}; weighed"),
        Parameter("year", "x", "year of the waste", "y", TOOL04, low=Decimal(1900), whole=True),
    ),
    (Selection("waste", "kind of waste", WASTES),),
    rows_max=1_000,
)


def landfill_methane(sheet: Sheet) -> Decimal:
    """
    Return the methane that the waste would have let out of the landfill in the year, in tCO2e.

    Waste of a later year than the one asked for counts nothing; of the same year, its first.

    Source: CDM TOOL04, yearly model: phi * (1 - f) * GWP * (1 - OX) * 16/12 * F * DOC_f * MCF *
        sum over waste j and years x of W * DOC_j * exp(-k_j * (y - x)) * (1 - exp(-k_j)).
    """
    decayed = [_decayed(sheet, row) for row in sheet.rows("deposits")]
    carbon = sheet.step(
        "S", "degradable carbon that decays in the year", "tC", "sum of S[deposit]", total(decayed)
    )
    methane = divide(
        carbon
        * CARBON_TO_METHANE.numerator
        * sheet["methane_in_gas"]
        * sheet["carbon_that_decays"]
        * sheet["methane_correction"],
        Decimal(CARBON_TO_METHANE.denominator),
    )
    generated = sheet.step(
        "Q_CH4", "methane generated in the year", "tCH4", "16/12 * F * DOC_f * MCF * S", methane
    )
    emitted = sheet.step(
        "E_CH4",
        "methane let out, corrected for the model's uncertainty",
        "tCH4",
        "phi * (1 - f) * (1 - OX) * Q_CH4",
        sheet["model_correction"]
        * (ONE - sheet["captured_at_landfill"])
        * (ONE - sheet["oxidation"])
        * generated,
    )
    return sheet.step(
        "BE_CH4_SWDS",
        "methane of the landfill without the project",
        "tCO2e",
        "GWP_CH4 * E_CH4",
        sheet.factor("gwp_ch4") * emitted,
    )


def _decayed(sheet: Sheet, row: CheckedRow) -> Decimal:
    rate = DECAY_RATE[row.choices["waste"], sheet.choice("climate")].value
    carbon = DEGRADABLE_CARBON[row.choices["waste"]].value
    age = sheet["year"] - row["year"]
    decaying = (
        row["amount"] * carbon * exponential(-rate * age) * (ONE - exponential(-rate))
        if age >= 0
        else Decimal(0)
    )
    return sheet.step(
        f"S[{row.name}]",
        "degradable carbon of one deposit that decays in the year",
        "tC",
        "W * DOC_j * exp(-k_j * (y - x)) * (1 - exp(-k_j)), with k_j and DOC_j of IPCC 2006",
        decaying,
    )
