"""Methane that flares and engines destroy, by the gas sent to each."""

from decimal import Decimal
from typing import Final

from app.registry.measuring.exact import ONE, total
from app.registry.measuring.outlines import CheckedRow, Parameter, Table
from app.registry.measuring.sheets import Sheet

_ACM: Final = "CDM ACM0001 version 19.0"

BURNERS: Final = Table(
    "burners",
    "flares and engines that gas was sent to",
    (
        Parameter("gas", "V", "dry gas sent, at normal conditions", "Nm3", f"{_ACM}; metered"),
        Parameter(
            "methane_in_gas",
            "w_CH4",
            "share of methane in it, by volume",
            "one",
            f"{_ACM}; analysed continuously or by samples",
            high=Decimal(1),
        ),
        Parameter(
            "density",
            "D_CH4",
            "density of methane at normal conditions",
            "tCH4/Nm3",
            f"{_ACM}; the value of its tool on the flow of gases",
            high=Decimal("0.001"),
            needs_source=True,
        ),
        Parameter(
            "destroyed",
            "eta",
            "share of the methane that the burner destroys",
            "one",
            f"{_ACM}; flares by CDM TOOL06, engines as the methodology says",
            high=Decimal(1),
            needs_source=True,
        ),
    ),
    rows_max=1_000,
)


def methane_burnt(sheet: Sheet) -> Decimal:
    """
    Return the methane that all burners destroyed, in tonnes of methane.

    Source: CDM ACM0001: what flares and engines destroyed, by what was sent to each.
    """
    parts = [
        sheet.step(
            f"F[{row.name}]",
            "methane destroyed by one burner",
            "tCH4",
            "V * w_CH4 * D_CH4 * eta",
            _destroyed(row),
        )
        for row in sheet.rows("burners")
    ]
    return sheet.step("F_PJ", "methane destroyed", "tCH4", "sum of F[burner]", total(parts))


def methane_unburnt(sheet: Sheet) -> Decimal:
    """
    Return the methane that passed all burners unburnt, in tonnes of methane.

    Source: CDM TOOL06: project emissions of flaring are the methane that the flare does not burn.
    """
    return sheet.step(
        "F_UN",
        "methane that passed the burners unburnt",
        "tCH4",
        "sum of V * w_CH4 * D_CH4 * (1 - eta)",
        total(_sent(row) * (ONE - row["destroyed"]) for row in sheet.rows("burners")),
    )


def _sent(row: CheckedRow) -> Decimal:
    return row["gas"] * row["methane_in_gas"] * row["density"]


def _destroyed(row: CheckedRow) -> Decimal:
    return _sent(row) * row["destroyed"]
