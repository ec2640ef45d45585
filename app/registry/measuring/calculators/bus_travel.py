"""Travel by bus instead of by car (T-VER-S-METH-03-02)."""

from decimal import Decimal
from typing import Final

from app.registry.measuring.exact import ZERO
from app.registry.measuring.outlines import FactorNeed, Outline, Parameter
from app.registry.measuring.sheets import Amounts, Calculator, Effect, Sheet

_METH: Final = "T-VER-S-METH-03-02 version 01"
_KILO: Final = Decimal("0.001")  # tonnes in a kilogram


def _compute(sheet: Sheet) -> Amounts:
    travelled = sheet["travelled"]
    baseline = sheet.step(
        "BE",
        "emissions of the cars in whose place people took the bus",
        "tCO2e",
        "PKM * EF_car / 1000",
        travelled * sheet.factor("car") * _KILO,
    )
    project = sheet.step(
        "PE",
        "emissions of the buses",
        "tCO2e",
        "PKM * EF_bus / 1000",
        travelled * sheet.factor("bus") * _KILO,
    )
    return Amounts(baseline, project, ZERO)


V1: Final = Calculator(
    code="bus-travel",
    version="1",
    title="Travel by bus instead of by car",
    effect=Effect.REDUCTION,
    tver_code=_METH,
    derived_from="T-VER-S-METH-03-02 as quoted in public notes",
    sources=(f"{_METH}, as quoted in public notes",),
    verified=False,
    note="The Thai text was not found; its factors are dated factors, not part of the calculator.",
    outline=Outline(
        parameters=(
            Parameter(
                "travelled",
                "PKM",
                "distance of all passengers who would have gone by car",
                "passenger*km",
                f"{_METH}; tickets and surveys",
            ),
        ),
        factors=(
            FactorNeed("car", "car-travel", "EF_car", "emissions by car", "kgCO2e/passenger/km"),
            FactorNeed("bus", "bus-travel", "EF_bus", "emissions by bus", "kgCO2e/passenger/km"),
        ),
    ),
    compute=_compute,
)
