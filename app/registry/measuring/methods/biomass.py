"""
Carbon dioxide in trees, from their diameter and height (equations as CDM AR-TOOL14 asks for).

Which equation fits which forest is decided in the project's documents. Those found in a source are
in `tables.ALLOMETRY`; any other is given with its coefficients and source.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from app.registry.measuring.exact import ONE, ZERO, divide, multiply, power, total
from app.registry.measuring.outlines import CheckedRow, Parameter, Selection, Table
from app.registry.measuring.refusals import ReferenceUnknownError
from app.registry.measuring.tables import ALLOMETRY, CARBON_TO_DIOXIDE, Part

TOOL14: Final = "CDM AR-TOOL14 version 04, carbon stocks of trees and shrubs"

_COEFFICIENT: Final = Decimal(1_000)

EQUATIONS: Final = Table(
    "equations",
    "equations beside those of the published table: one row per part of the tree",
    (
        Parameter(
            "a",
            "a",
            "coefficient: of the power, or of wood in a share",
            "one",
            f"{TOOL14}; the publication of the equation",
            high=_COEFFICIENT,
            needs_source=True,
        ),
        Parameter(
            "b",
            "b",
            "power of wood density; of a share, the constant",
            "one",
            TOOL14,
            high=_COEFFICIENT,
            default=ZERO,
        ),
        Parameter("c", "c", "power of diameter", "one", TOOL14, high=Decimal(10), default=ZERO),
        Parameter("d", "d", "power of height", "one", TOOL14, high=Decimal(10), default=ZERO),
    ),
    (
        Selection("equation", "name of the equation that the part belongs to", ()),
        Selection("part", "part of the tree", ("stem", "branch", "leaf", "aboveground", "root")),
        Selection("form", "form of the equation", ("power", "share"), default="power"),
    ),
    rows_min=0,
    rows_max=200,
)

TREE: Final = (
    Parameter(
        "diameter",
        "D",
        "diameter at breast height, 1.3 m; of Rhizophora above the highest prop root",
        "cm",
        f"{TOOL14}; measured",
        high=Decimal(1_000),
    ),
    Parameter("height", "H", "height", "m", f"{TOOL14}; measured", high=Decimal(120)),
    Parameter(
        "density",
        "rho",
        "density of the wood, dry mass by fresh volume; 0 where the equation has none",
        "t/m3",
        f"{TOOL14}; published for the species",
        high=Decimal(2),
        default=ZERO,
    ),
    Parameter("count", "n", "trees of this kind", "tree", "counted", default=ONE, whole=True),
)
EQUATION: Final = Selection("equation", "equation of the tree's biomass", ())

STOCK: Final = (
    Parameter(
        "carbon_fraction",
        "CF",
        "carbon in dry biomass",
        "tC/t",
        f"{TOOL14}: 0.47 unless another is justified (IPCC 2006, volume 4, Table 4.3)",
        high=Decimal(1),
        default=Decimal("0.47"),
    ),
    Parameter(
        "root_share",
        "R",
        "roots by biomass above ground, for equations without roots; 0 leaves roots out",
        "one",
        f"{TOOL14}; published for the forest",
        high=Decimal(2),
        needs_source=True,
    ),
)

Parts = Mapping[str, Sequence[Part]]


def equations_of(rows: Sequence[CheckedRow]) -> dict[str, list[Part]]:
    """Return equations by name: the published ones, and those given, which come first."""
    named: dict[str, list[Part]] = {}
    for row in rows:
        part = Part(
            row.choices["part"], row.choices["form"], row["a"], row["b"], row["c"], row["d"]
        )
        named.setdefault(row.choices["equation"], []).append(part)
    published = {name: list(each.parts) for name, each in ALLOMETRY.items()}
    return published | named


def biomass(tree: CheckedRow, equations: Parts, *, root_share: Decimal) -> Decimal:
    """
    Return the dry biomass of all trees of a row, above and below ground, in tonnes.

    Args:
        tree: a row with diameter, height, density, count and the name of its equation.
        equations: what `equations_of` returned.
        root_share: roots by biomass above ground, where the equation has no roots.

    Raises:
        ReferenceUnknownError: there is no such equation.
    """
    parts = equations.get(tree.choices["equation"])
    if parts is None:
        raise ReferenceUnknownError(
            row=tree.name, named=tree.choices["equation"], table=EQUATIONS.name
        )
    masses = {part.part: _power(part, tree) for part in parts if part.form == "power"}
    wood = masses.get("stem", ZERO) + masses.get("branch", ZERO)
    for part in parts:
        if part.form == "share":
            masses[part.part] = _share_of(part, wood)
    above = total(mass for name, mass in masses.items() if name != "root")
    roots = masses["root"] if "root" in masses else above * root_share
    return divide((above + roots) * tree["count"], Decimal(1_000))


def dioxide_of(biomass_t: Decimal, carbon_fraction: Decimal) -> Decimal:
    """
    Return biomass in tonnes as tonnes of carbon dioxide.

    Source: CDM AR-TOOL14: 44/12 * CF * B.
    """
    return divide(
        multiply(Decimal(CARBON_TO_DIOXIDE.numerator), carbon_fraction, biomass_t),
        Decimal(CARBON_TO_DIOXIDE.denominator),
    )


def _power(part: Part, tree: CheckedRow) -> Decimal:
    if not tree["diameter"]:
        return ZERO
    return multiply(
        part.a,
        power(tree["density"], part.b),
        power(tree["diameter"], part.c),
        power(tree["height"], part.d),
    )


def _share_of(part: Part, wood: Decimal) -> Decimal:
    # Leaves by wood, as Ogawa et al. 1965 write them: 1 / (a / wood + b).
    return ZERO if not wood else divide(ONE, divide(part.a, wood) + part.b)
