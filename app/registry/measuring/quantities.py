"""What goes into a calculation: numbers with their unit and source, choices, rows and factors."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from app.registry.measuring.refusals import NumberUnreadableError

DIGITS_MAX: Final = 24  # before the point, and after it: more than any meter or table has
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,23})(\.[0-9]{1,24})?")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit."""

    value: Decimal
    unit: str
    source: str | None = None  # document, edition, table; None: it was measured, as the report says

    def __post_init__(self) -> None:
        # Whoever hands over a float has lost digits already, and does not know which.
        assert isinstance(self.value, Decimal)
        assert self.value.is_finite()


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table that goes into a calculation."""

    name: str  # its own within the table
    quantities: Mapping[str, Quantity] = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)


def read_number(text: str) -> Decimal:
    """
    Read a number such as ``1249.75``.

    Raises:
        NumberUnreadableError: it is no plain number with at most `DIGITS_MAX` digits before and
            after the point.
    """
    if not _NUMBER.fullmatch(text):
        raise NumberUnreadableError
    return Decimal(text)
