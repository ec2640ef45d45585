"""Trees of a town, each of them measured (CDM AR-AMS0007 style, AR-TOOL14)."""

from decimal import Decimal
from typing import Final

from app.registry.measuring.exact import total
from app.registry.measuring.methods import biomass
from app.registry.measuring.outlines import Outline, Parameter, Table
from app.registry.measuring.sheets import Amounts, Calculator, Effect, Sheet

_AMS: Final = "CDM AR-AMS0007 version 03.1"

AROUND: Final = (
    Parameter(
        "change_without",
        "dC_BSL",
        "carbon dioxide that trees there would have taken up without the project",
        "tCO2e",
        f"{_AMS}, baseline net removals; 0 where none",
        needs_source=True,
    ),
    Parameter(
        "burning",
        "GHG_E",
        "emissions of burning biomass within the project",
        "tCO2e",
        f"{_AMS}; 0 where nothing burnt",
        needs_source=True,
    ),
    Parameter(
        "leakage",
        "LK",
        "emissions of farming and other uses that moved elsewhere",
        "tCO2e",
        f"{_AMS}, leakage; 0 where none",
        needs_source=True,
    ),
)


def _trees(when: str, meaning: str, rows_min: int) -> Table:
    return Table(
        f"trees_{when}",
        f"trees {meaning} of the period",
        biomass.TREE,
        (biomass.EQUATION,),
        rows_min=rows_min,
    )


def _stock(sheet: Sheet, table: str, symbol: str) -> Decimal:
    equations = biomass.equations_of(sheet.rows("equations"))
    masses = [
        sheet.step(
            f"B_{symbol}[{row.name}]",
            "dry biomass of trees of one row, with roots",
            "t",
            "n * (sum of parts, or * (1 + R) without an equation of roots) / 1000",
            biomass.biomass(row, equations, root_share=sheet["root_share"]),
        )
        for row in sheet.rows(table)
    ]
    together = sheet.step(
        f"B_{symbol}", "dry biomass", "t", f"sum of B_{symbol}[row]", total(masses)
    )
    return sheet.step(
        f"C_{symbol}",
        "carbon dioxide in the trees",
        "tCO2e",
        f"44/12 * CF * B_{symbol}",
        biomass.dioxide_of(together, sheet["carbon_fraction"]),
    )


def _compute(sheet: Sheet) -> Amounts:
    before = _stock(sheet, "trees_before", "1")
    after = _stock(sheet, "trees_after", "2")
    change = sheet.step(
        "dC", "change of the stock in the period", "tCO2e", "C_2 - C_1", after - before
    )
    project = sheet.step(
        "R_PJ", "removals of the project", "tCO2e", "dC - GHG_E", change - sheet["burning"]
    )
    return Amounts(sheet["change_without"], project, sheet["leakage"])


V1: Final = Calculator(
    code="urban-trees",
    version="1",
    title="Trees of a town, each of them measured",
    effect=Effect.REMOVAL,
    tver_code="T-VER-S-METH-13-01 version 02",
    derived_from=_AMS,
    sources=(_AMS, biomass.TOOL14, "IPCC 2006 Guidelines, volume 4, chapter 4"),
    verified=False,
    note=(
        "The Thai text was not found. All trees are measured, so nothing is taken off for "
        "sampling; soil, dead wood and litter are left out, which is on the safe side where they "
        "grow. The equations of Ogawa et al. 1965 were not seen in a source: they are given with "
        "one."
    ),
    outline=Outline(
        parameters=(*biomass.STOCK, *AROUND),
        tables=(
            biomass.EQUATIONS,
            _trees("before", "at the beginning", 0),
            _trees("after", "at the end", 0),
        ),
    ),
    compute=_compute,
)
