"""Electric buses in place of buses that burn fuel (CDM AMS-III.C)."""

from decimal import Decimal
from typing import Final

from app.registry.measuring.exact import ONE, YEARS_MAX, ZERO, divide, total, whole_power
from app.registry.measuring.methods import energy
from app.registry.measuring.outlines import CheckedRow, Outline, Parameter, Table
from app.registry.measuring.sheets import Amounts, Calculator, Effect, Sheet

_AMS: Final = "CDM AMS-III.C version 16.0"
_GRAMS: Final = Decimal("0.000001")  # tonnes in a gram
_KILO: Final = Decimal("0.001")

_FLEETS: Final = Table(
    "fleets",
    "electric buses of one kind, with what would have run in their place",
    (
        Parameter("count", "N", "buses", "vehicle", f"{_AMS}; counted", whole=True),
        Parameter(
            "distance",
            "DD",
            "distance of one in the period",
            "km/vehicle",
            f"{_AMS}; odometers",
            high=Decimal(500_000),
        ),
        Parameter(
            "fuel",
            "SFC",
            "fuel that the bus in its place would have used",
            "g/km",
            f"{_AMS}; from the operator's records, or comparable buses",
            high=Decimal(5_000),
            needs_source=True,
        ),
        Parameter(
            "heat",
            "NCV",
            "net calorific value of that fuel",
            "J/g",
            f"{_AMS}; national or IPCC value",
            high=Decimal(200_000),
            needs_source=True,
        ),
        Parameter(
            "emissions",
            "EF_BL",
            "emission factor of that fuel",
            "gCO2e/J",
            f"{_AMS}; national or IPCC value",
            high=Decimal(1),
            needs_source=True,
        ),
        Parameter(
            "improvement",
            "IR",
            "improvement of such buses from year to year",
            "one",
            f"{_AMS}, technology improvement factor; the methodology's default",
            high=Decimal(1),
            needs_source=True,
        ),
        Parameter(
            "years",
            "t",
            "years of improvement counted",
            "y",
            f"{_AMS}",
            high=Decimal(YEARS_MAX),
            whole=True,
        ),
        Parameter(
            "electricity",
            "SEC",
            "electricity that the electric bus uses, charger included",
            "kWh/km",
            f"{_AMS}; metered at the charger over the distance",
            high=Decimal(20),
        ),
    ),
    rows_max=1_000,
)


def _replaced(row: CheckedRow) -> Decimal:
    per_km = row["fuel"] * row["heat"] * row["emissions"]
    improved = per_km * whole_power(row["improvement"], int(row["years"]))
    return improved * row["distance"] * row["count"] * _GRAMS


def _driven(row: CheckedRow, *, per_megawatt_hour: Decimal) -> Decimal:
    return row["electricity"] * _KILO * per_megawatt_hour * row["distance"] * row["count"]


def _compute(sheet: Sheet) -> Amounts:
    rows = sheet.rows("fleets")
    before = [
        sheet.step(
            f"BE[{row.name}]",
            "emissions of the buses in whose place a fleet runs",
            "tCO2e",
            "SFC * NCV * EF_BL * IR^t * DD * N / 10^6",
            _replaced(row),
        )
        for row in rows
    ]
    baseline = sheet.step(
        "BE", "emissions without the project", "tCO2e", "sum of BE", total(before)
    )
    delivered = sheet.step(
        "EF_DEL",
        "emissions of electricity delivered",
        "tCO2e/MWh",
        "EF_grid / (1 - TDL)",
        divide(sheet.factor("grid"), ONE - sheet["losses"]),
    )
    after = [
        sheet.step(
            f"PE[{row.name}]",
            "emissions of a fleet's electricity",
            "tCO2e",
            "SEC / 1000 * EF_DEL * DD * N",
            _driven(row, per_megawatt_hour=delivered),
        )
        for row in rows
    ]
    project = sheet.step("PE", "emissions of the project", "tCO2e", "sum of PE", total(after))
    return Amounts(baseline, project, ZERO)


V1: Final = Calculator(
    code="electric-buses",
    version="1",
    title="Electric buses in place of buses that burn fuel",
    effect=Effect.REDUCTION,
    tver_code=None,
    derived_from=_AMS,
    sources=(_AMS,),
    verified=False,
    note=(
        "No Thai text and no code were found. The improvement factor was not seen in the "
        "methodology's own text: it is an input with a source. Hybrids are left out."
    ),
    outline=Outline(
        parameters=(
            Parameter(
                "losses",
                "TDL",
                "technical losses of the grid, share of what is fed in",
                "one",
                f"{_AMS}; the utility's figure",
                high=Decimal("0.5"),
                needs_source=True,
            ),
        ),
        tables=(_FLEETS,),
        factors=(energy.GRID,),
    ),
    compute=_compute,
)
