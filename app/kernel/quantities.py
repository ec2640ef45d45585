"""Tonnes and credits: exact decimals and whole numbers, never floating point."""

import re
from decimal import ROUND_DOWN, Decimal
from typing import Final

TONNES_DECIMALS: Final = 6  # One millionth of a tonne is a gram: finer than any meter in the field.
TONNES_MAX: Final = Decimal(999_999_999_999)  # the most that twelve digits can say
TONNES_PATTERN: Final = r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,6})?$"

# Whole numbers above 2^53 - 1 change when a JSON reader keeps numbers as doubles (RFC 8785 section
# 3.2.2.3),
# so neither a serial nor a quantity may reach beyond it.
CREDITS_MAX: Final = 2**53 - 1

_TONNES = re.compile(TONNES_PATTERN)


def parse_tonnes(text: str) -> Decimal:
    """
    Read tonnes of CO2 equivalent from text such as ``1249.75``.

    Raises:
        ValueError: the text is not a plain decimal with at most twelve digits before and six
            after the point.
    """
    if not _TONNES.fullmatch(text):
        raise ValueError(
            "tonnes are written as digits with at most six decimals, for example 1249.75"
        )
    return Decimal(text)


def format_tonnes(tonnes_tco2e: Decimal) -> str:
    """
    Return tonnes as plain decimal text without trailing zeros: the form of the API and of the log.
    """
    text = f"{tonnes_tco2e:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def whole_credits_down(tonnes_tco2e: Decimal) -> tuple[int, Decimal]:
    """
    Round verified tonnes down to whole credits, once, at the end.

    Args:
        tonnes_tco2e: verified tonnes of one vintage, >= 0.

    Returns:
        Whole credits, and the remainder in tonnes (0 <= remainder < 1) that stays on the report.
    """
    whole = tonnes_tco2e.to_integral_value(rounding=ROUND_DOWN)
    return int(whole), tonnes_tco2e - whole
