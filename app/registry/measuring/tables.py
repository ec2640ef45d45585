"""
Numbers that physics or a public document fixes, each with its source.

Only what was found in a source stands here. A default that was not is no entry but an input, which
has to be given with its source (`Parameter.needs_source`).
"""

from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Constant:
    """A number with its unit and source."""

    value: Decimal
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of two whole numbers, which a decimal cannot always say."""

    numerator: int
    denominator: int
    source: str


CARBON_TO_DIOXIDE: Final = Ratio(44, 12, "molar masses of carbon dioxide and carbon, g/mol")
CARBON_TO_METHANE: Final = Ratio(16, 12, "molar masses of methane and carbon, g/mol")

# ------------------------------------------------------------- global warming potentials, 100 years

_SAR: Final = "IPCC Second Assessment Report, Working Group I, 1995, Table 2.9"
_AR4: Final = "IPCC Fourth Assessment Report, Working Group I, 2007, Table 2.14"
_AR5: Final = "IPCC Fifth Assessment Report, Working Group I, 2013, Table 8.A.1, without feedbacks"

# Which set counts in which year is a decision of the programme, so it is dated configuration; what
# a set says is not.
GWP: Final = MappingProxyType(
    {
        ("gwp-ch4", "SAR"): Constant(Decimal(21), "tCO2e/tCH4", _SAR),
        ("gwp-n2o", "SAR"): Constant(Decimal(310), "tCO2e/tN2O", _SAR),
        ("gwp-ch4", "AR4"): Constant(Decimal(25), "tCO2e/tCH4", _AR4),
        ("gwp-n2o", "AR4"): Constant(Decimal(298), "tCO2e/tN2O", _AR4),
        ("gwp-ch4", "AR5"): Constant(Decimal(28), "tCO2e/tCH4", _AR5),
        ("gwp-n2o", "AR5"): Constant(Decimal(265), "tCO2e/tN2O", _AR5),
    }
)

# --------------------------------------------------------------------- decay of waste in a landfill

_DOC: Final = "IPCC 2006 Guidelines, volume 5, chapter 2, Table 2.4 (wet waste, default)"
_K: Final = "IPCC 2006 Guidelines, volume 5, chapter 3, Table 3.3 (default)"

# Degradable organic carbon, tonnes of carbon in a tonne of wet waste.
DEGRADABLE_CARBON: Final = MappingProxyType(
    {
        "wood": Constant(Decimal("0.43"), "tC/t", _DOC),
        "paper": Constant(Decimal("0.40"), "tC/t", _DOC),
        "food": Constant(Decimal("0.15"), "tC/t", _DOC),
        "textiles": Constant(Decimal("0.24"), "tC/t", _DOC),
        "garden": Constant(Decimal("0.20"), "tC/t", _DOC),
    }
)


def _k(value: str) -> Constant:
    return Constant(Decimal(value), "one/y", _K)


# Decay rate, one per year, by waste and climate: mean annual temperature over 20 degrees is
# tropical; wet is over 1,000 mm of rain there, elsewhere more rain than evaporation.
DECAY_RATE: Final = MappingProxyType(
    {
        ("wood", "tropical_wet"): _k("0.035"),
        ("wood", "tropical_dry"): _k("0.025"),
        ("wood", "temperate_wet"): _k("0.03"),
        ("wood", "temperate_dry"): _k("0.02"),
        ("paper", "tropical_wet"): _k("0.07"),
        ("paper", "tropical_dry"): _k("0.045"),
        ("paper", "temperate_wet"): _k("0.06"),
        ("paper", "temperate_dry"): _k("0.04"),
        ("textiles", "tropical_wet"): _k("0.07"),
        ("textiles", "tropical_dry"): _k("0.045"),
        ("textiles", "temperate_wet"): _k("0.06"),
        ("textiles", "temperate_dry"): _k("0.04"),
        ("garden", "tropical_wet"): _k("0.17"),
        ("garden", "tropical_dry"): _k("0.065"),
        ("garden", "temperate_wet"): _k("0.10"),
        ("garden", "temperate_dry"): _k("0.05"),
        ("food", "tropical_wet"): _k("0.40"),
        ("food", "tropical_dry"): _k("0.085"),
        ("food", "temperate_wet"): _k("0.185"),
        ("food", "temperate_dry"): _k("0.06"),
    }
)
WASTES: Final = tuple(DEGRADABLE_CARBON)
CLIMATES: Final = ("tropical_wet", "tropical_dry", "temperate_wet", "temperate_dry")

# ------------------------------------------------------------------------------- biomass of a tree


@dataclass(frozen=True, slots=True)
class Part:
    """
    Dry mass of a part of a tree, in kg.

    In the form "power" it is a * density^b * diameter^c * height^d, with the density of wood in
    t/m3, the diameter at breast height in cm and the height in m. In the form "share" it is one
    over (a / wood + b), where wood is stem and branches together: leaves are computed so.
    """

    part: str  # stem, branch, leaf, aboveground, root
    form: str  # power or share
    a: Decimal
    b: Decimal
    c: Decimal = Decimal(0)
    d: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Equation:
    """How the biomass of a kind of trees is computed."""

    parts: tuple[Part, ...]
    source: str


def _d2h(part: str, a: str, exponent: str) -> Part:
    # The form a * (D^2 * H)^e of most Thai equations.
    power = Decimal(exponent)
    return Part(part, "power", Decimal(a), Decimal(0), 2 * power, power)


ALLOMETRY: Final = MappingProxyType(
    {
        "tsutsumi-1983-dry-evergreen": Equation(
            (
                _d2h("stem", "0.0509", "0.919"),
                _d2h("branch", "0.00893", "0.977"),
                _d2h("leaf", "0.0140", "0.669"),
                _d2h("root", "0.0313", "0.805"),
            ),
            "Tsutsumi et al. 1983, dry evergreen forest in Thailand, as printed in a Thai handbook "
            "on estimating biomass (table 3)",
        ),
        "komiyama-2005-mangrove": Equation(
            (
                Part("aboveground", "power", Decimal("0.251"), Decimal(1), Decimal("2.46")),
                Part("root", "power", Decimal("0.199"), Decimal("0.899"), Decimal("2.22")),
            ),
            "Komiyama, Poungparn and Kato 2005, Journal of Tropical Ecology 21:471-477, common "
            "equations of above-ground and root weight",
        ),
    }
)

# --------------------------------------------------------------------- uncertainty of sampled trees


@dataclass(frozen=True, slots=True)
class Discount:
    """Up to which relative uncertainty which share of it is taken off."""

    uncertainty_max: Decimal | None  # None: above all others
    share: Decimal


# CDM AR-TOOL14, appendix on making conservative estimates, as implemented in a public repository
# (hashgraph/guardian). T-VER's own table was not found; its projects deduct above 10 % as well.
UNCERTAINTY_DISCOUNTS: Final = (
    Discount(Decimal("0.10"), Decimal(0)),
    Discount(Decimal("0.15"), Decimal("0.25")),
    Discount(Decimal("0.20"), Decimal("0.50")),
    Discount(Decimal("0.30"), Decimal("0.75")),
    Discount(None, Decimal(1)),
)
UNCERTAINTY_SOURCE: Final = "CDM AR-TOOL14 version 04, appendix: discount by relative uncertainty"

# ----------------------------------------------------------------------------- wastewater treatment

_MCF_WASTEWATER: Final = "IPCC 2006 Guidelines, volume 5, chapter 6, Table 6.8"

# Which share of the methane that could form does form, by how the water is treated.
WASTEWATER_MCF: Final = MappingProxyType(
    {
        "aerobic_well_managed": Constant(Decimal(0), "one", _MCF_WASTEWATER),
        "aerobic_overloaded": Constant(Decimal("0.3"), "one", _MCF_WASTEWATER),
        "anaerobic_reactor": Constant(Decimal("0.8"), "one", _MCF_WASTEWATER),
        "anaerobic_lagoon_shallow": Constant(Decimal("0.2"), "one", _MCF_WASTEWATER),
        "anaerobic_lagoon_deep": Constant(Decimal("0.8"), "one", _MCF_WASTEWATER),
        "sea_river_lake": Constant(Decimal("0.1"), "one", _MCF_WASTEWATER),
    }
)
METHANE_OF_COD: Final = Constant(
    Decimal("0.25"), "kgCH4/kgCOD", "IPCC 2006 Guidelines, volume 5, chapter 6, Table 6.2 (B0)"
)
