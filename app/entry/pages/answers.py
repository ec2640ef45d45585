"""Answers of the API, as pages hold them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

Json = Any  # of an answer: what its schema in the API's description says


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API answered."""

    status: int
    headers: Mapping[str, str]  # by names in small letters
    body: bytes

    def json(self) -> Json:
        """Return the body as it is meant."""
        return msgspec.json.decode(self.body) if self.body else None
