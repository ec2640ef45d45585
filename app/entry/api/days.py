"""Calendar dates in the API."""

import re
from datetime import date
from typing import Annotated, Final

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _refuse_other_forms(value: object) -> object:
    # Left alone, the number 0 would be read as 1 January 1970, and a moment as its date in UTC.
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise PydanticCustomError("day_form", "a date is text such as 2026-01-31 (Common Era)")


Day = Annotated[date, BeforeValidator(_refuse_other_forms)]
