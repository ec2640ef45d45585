"""
All calculators there are, and ever were.

A version that was used stays as it is, so that its results can be computed again; a correction is
another version in another name beside it (`V2`), and both stand in this list.
"""

from types import MappingProxyType
from typing import Final

from app.registry.measuring.calculators import (
    bus_travel,
    composting,
    electric_buses,
    grid_solar,
    landfill_gas,
    mangrove,
    street_lights,
    urban_trees,
    wastewater,
)
from app.registry.measuring.refusals import CalculatorNotFoundError
from app.registry.measuring.sheets import Calculator

_ALL: Final = (
    bus_travel.V1,
    composting.V1,
    electric_buses.V1,
    grid_solar.V1,
    landfill_gas.V1,
    mangrove.V1,
    street_lights.V1,
    urban_trees.V1,
    wastewater.V1,
)
CALCULATORS: Final = MappingProxyType({(each.code, each.version): each for each in _ALL})
assert len(CALCULATORS) == len(_ALL)


def get_calculator(code: str, version: str) -> Calculator:
    """
    Return one version of a calculator.

    Raises:
        CalculatorNotFoundError: there is none.
    """
    calculator = CALCULATORS.get((code, version))
    if calculator is None:
        raise CalculatorNotFoundError(calculator=code, version=version)
    return calculator
