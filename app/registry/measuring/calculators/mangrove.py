"""Mangrove trees, sampled in plots (T-VER-P-METH-13-02, CDM AR-AMS0003 and AR-TOOL14)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from app.registry.measuring.exact import ZERO, divide, total
from app.registry.measuring.methods import biomass, sampling
from app.registry.measuring.outlines import Outline, Parameter, Selection, Table
from app.registry.measuring.refusals import ReferenceUnknownError
from app.registry.measuring.sheets import Amounts, Calculator, Effect, Sheet
from app.registry.measuring.tables import CARBON_TO_DIOXIDE, UNCERTAINTY_SOURCE

_AMS: Final = "CDM AR-AMS0003"

_STRATA: Final = Table(
    "strata",
    "parts of the land that were sampled for themselves",
    (
        Parameter(
            "area",
            "A_i",
            "area of the stratum",
            "ha",
            f"{biomass.TOOL14}; surveyed",
            low=Decimal("0.0001"),
        ),
    ),
    rows_max=200,
)
_PLOTS: Final = Table(
    "plots",
    "sample plots, also those without a tree",
    (
        Parameter(
            "area",
            "A_p",
            "area of the plot",
            "ha",
            f"{biomass.TOOL14}; surveyed",
            low=Decimal("0.0001"),
            high=Decimal(100),
        ),
    ),
    (Selection("stratum", "stratum that the plot lies in", ()),),
    rows_min=2,
    rows_max=5_000,
)
_TREES: Final = Table(
    "trees",
    "trees in the plots at the end of the period",
    biomass.TREE,
    (biomass.EQUATION, Selection("plot", "plot that the trees stand in", ())),
    rows_min=0,
)
_PARAMETERS: Final = (
    *biomass.STOCK,
    Parameter(
        "t_value",
        "t_VAL",
        "two-sided t of Student's distribution for the confidence level asked for",
        "one",
        f"{biomass.TOOL14}; table of t for plots less strata degrees of freedom",
        low=Decimal(1),
        high=Decimal(13),
        needs_source=True,
    ),
    Parameter(
        "stock_before",
        "C_1",
        "carbon dioxide in the trees at the beginning of the period",
        "tCO2e",
        f"{biomass.TOOL14}; the estimate verified before; 0 on bare land",
        needs_source=True,
    ),
    Parameter(
        "uncertainty_before",
        "u_1",
        "relative uncertainty of that estimate",
        "one",
        f"{biomass.TOOL14}; as estimated then; 0 on bare land",
        high=Decimal(1),
        needs_source=True,
    ),
    Parameter(
        "soil_change",
        "dSOC",
        "carbon that the soil took up in the period",
        "tC",
        f"{_AMS}; by area and years, as the methodology's default allows; 0 where not claimed",
        needs_source=True,
    ),
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


def _plots(sheet: Sheet) -> dict[str, Decimal]:
    """Return the biomass of each plot in tonnes per hectare."""
    equations = biomass.equations_of(sheet.rows("equations"))
    standing: dict[str, Decimal] = {row.name: ZERO for row in sheet.rows("plots")}
    for tree in sheet.rows("trees"):
        plot = tree.choices["plot"]
        if plot not in standing:
            raise ReferenceUnknownError(row=tree.name, named=plot, table="plots")
        standing[plot] += biomass.biomass(tree, equations, root_share=sheet["root_share"])
    return {
        row.name: sheet.step(
            f"b[{row.name}]",
            "dry biomass of one plot, with roots",
            "t/ha",
            "sum over its trees / A_p",
            divide(standing[row.name], row["area"]),
        )
        for row in sheet.rows("plots")
    }


def _strata(sheet: Sheet, plots: Mapping[str, Decimal]) -> list[sampling.Stratum]:
    names = {row.name for row in sheet.rows("strata")}
    lying: dict[str, list[Decimal]] = {name: [] for name in names}
    for row in sheet.rows("plots"):
        stratum = row.choices["stratum"]
        if stratum not in names:
            raise ReferenceUnknownError(row=row.name, named=stratum, table="strata")
        lying[stratum].append(plots[row.name])
    return [
        sampling.Stratum(row.name, row["area"], tuple(lying[row.name]))
        for row in sheet.rows("strata")
    ]


def _stock(sheet: Sheet) -> tuple[Decimal, Decimal]:
    """Return the carbon dioxide in the trees, and its relative uncertainty."""
    estimate = sampling.estimate(_strata(sheet, _plots(sheet)), t_value=sheet["t_value"])
    mean = sheet.step(
        "b", "mean dry biomass", "t/ha", "sum of A_i / A * mean of b", estimate.mean_t_per_ha
    )
    uncertainty = sheet.step(
        "u_2",
        "its relative uncertainty",
        "one",
        "t_VAL * sqrt(sum of (A_i / A)^2 * s_i^2 / n_i) / b",
        estimate.uncertainty,
    )
    stock = sheet.step(
        "C_2",
        "carbon dioxide in the trees",
        "tCO2e",
        "44/12 * CF * A * b",
        biomass.dioxide_of(estimate.area_ha * mean, sheet["carbon_fraction"]),
    )
    return stock, uncertainty


def _taken_off(sheet: Sheet, change: Decimal, stock: Decimal, uncertainty: Decimal) -> Decimal:
    half_width = sheet.step(
        "U",
        "half width of the confidence interval of the change",
        "tCO2e",
        "sqrt((u_1 * C_1)^2 + (u_2 * C_2)^2)",
        sampling.uncertainty_of_change(
            sheet["stock_before"],
            stock,
            uncertainty_before=sheet["uncertainty_before"],
            uncertainty_after=uncertainty,
        ),
    )
    # A change of nothing has no relative uncertainty: all of the half width is taken off then.
    relative = divide(half_width, abs(change)) if change else Decimal(bool(half_width))
    return sheet.step(
        "D",
        "taken off for uncertainty",
        "tCO2e",
        f"share * U, by U / dC: {UNCERTAINTY_SOURCE}",
        sampling.share_taken_off(relative) * half_width,
    )


def _compute(sheet: Sheet) -> Amounts:
    stock, uncertainty = _stock(sheet)
    change = sheet.step(
        "dC",
        "change of the stock in the period",
        "tCO2e",
        "C_2 - C_1",
        stock - sheet["stock_before"],
    )
    deduction = _taken_off(sheet, change, stock, uncertainty)
    soil = sheet.step(
        "dC_SOC",
        "carbon dioxide that the soil took up",
        "tCO2e",
        "44/12 * dSOC",
        divide(
            sheet["soil_change"] * CARBON_TO_DIOXIDE.numerator,
            Decimal(CARBON_TO_DIOXIDE.denominator),
        ),
    )
    project = sheet.step(
        "R_PJ",
        "removals of the project",
        "tCO2e",
        "dC + dC_SOC - GHG_E",
        total((change, soil, -sheet["burning"])),
    )
    return Amounts(sheet["change_without"], project, sheet["leakage"], deduction)


V1: Final = Calculator(
    code="mangrove",
    version="1",
    title="Mangrove trees, sampled in plots",
    effect=Effect.REMOVAL,
    tver_code="T-VER-P-METH-13-02 version 01",
    derived_from=_AMS,
    sources=(_AMS, biomass.TOOL14, "Komiyama, Poungparn and Kato 2005"),
    verified=False,
    note=(
        "The Thai text and its own table of deductions were not found; equations and deductions "
        "of AR-TOOL14 were seen in a public implementation, which relates the half width to the "
        "wrong quantity: here it is related to the mean. A registered project deducts above 10 % "
        "as well."
    ),
    outline=Outline(parameters=_PARAMETERS, tables=(biomass.EQUATIONS, _STRATA, _PLOTS, _TREES)),
    compute=_compute,
)
