"""LED street lights in place of others (CDM AMS-II.L)."""

from decimal import Decimal
from typing import Final

from app.registry.measuring.exact import ONE, ZERO, total
from app.registry.measuring.methods import energy
from app.registry.measuring.outlines import CheckedRow, Outline, Parameter, Table
from app.registry.measuring.sheets import Amounts, Calculator, Effect, Sheet

_AMS: Final = "CDM AMS-II.L"


def _lamps(when: str, symbol: str) -> Table:
    return Table(
        f"lamps_{when}",
        f"luminaires of one kind, {when}",
        (
            Parameter(
                "count",
                f"Q_{symbol}",
                "luminaires",
                "lamp",
                f"{_AMS}; counted",
                high=Decimal(10_000_000),
                whole=True,
            ),
            Parameter(
                "power",
                f"P_{symbol}",
                "rated power of one, with its control gear",
                "kW/lamp",
                f"{_AMS}; measured or rated",
                high=Decimal(10),
            ),
            Parameter(
                "hours",
                f"O_{symbol}",
                "hours of operation in the period",
                "h",
                f"{_AMS}; metered or surveyed",
                high=Decimal(8_784),
            ),
            Parameter(
                "outage",
                f"SOF_{symbol}",
                "share of the hours in which a luminaire is out of order",
                "one",
                f"{_AMS}, system outage factor; from records of failures and repairs",
                high=Decimal(1),
            ),
        ),
        rows_max=1_000,
    )


def _used(sheet: Sheet, table: str, symbol: str) -> Decimal:
    return sheet.step(
        f"E_{symbol}",
        "electricity used by the luminaires",
        "MWh",
        f"sum of Q_{symbol} * P_{symbol} * O_{symbol} * (1 - SOF_{symbol}) / 1000",
        total(_of(row) for row in sheet.rows(table)),
    )


def _of(row: CheckedRow) -> Decimal:
    kilowatt_hours = row["count"] * row["power"] * row["hours"] * (ONE - row["outage"])
    return kilowatt_hours * Decimal("0.001")


def _emitted(sheet: Sheet, symbol: str, electricity: Decimal) -> Decimal:
    fed_in = sheet.step(
        f"G_{symbol}",
        "electricity fed into the grid for it",
        "MWh",
        f"E_{symbol} / (1 - TD)",
        energy.fed_in(electricity, sheet["losses"]),
    )
    return sheet.step(
        f"{symbol}E",
        "emissions of that electricity",
        "tCO2e",
        f"G_{symbol} * EF_grid",
        fed_in * sheet.factor("grid"),
    )


def _compute(sheet: Sheet) -> Amounts:
    before = _emitted(sheet, "B", _used(sheet, "lamps_before", "B"))
    after = _emitted(sheet, "P", _used(sheet, "lamps_after", "P"))
    return Amounts(before, after, ZERO)


V1: Final = Calculator(
    code="street-lights",
    version="1",
    title="LED street lights in place of others",
    effect=Effect.REDUCTION,
    tver_code=None,
    derived_from=_AMS,
    sources=(_AMS, "CDM EB 24th small-scale meeting, annex 6 (its draft)"),
    verified=False,
    note=(
        "No Thai text and no code were found, and of the methodology a draft of its first version "
        "only. It nets electricity saved before it multiplies with the factor; here both sides are "
        "shown, with the same difference."
    ),
    outline=Outline(
        parameters=(
            Parameter(
                "losses",
                "TD",
                "technical losses of the grid, share of what is fed in",
                "one",
                f"{_AMS}; the utility's figure or the methodology's default",
                high=Decimal("0.5"),
                needs_source=True,
            ),
        ),
        tables=(_lamps("before", "B"), _lamps("after", "P")),
        factors=(energy.GRID,),
    ),
    compute=_compute,
)
