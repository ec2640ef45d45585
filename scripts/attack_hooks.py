"""What schemathesis does not know by itself: how files of our kinds are sent."""

from __future__ import annotations

from typing import Any

import schemathesis

from app.registry.documents.rules import ENDINGS


@schemathesis.serializer(*ENDINGS)
def as_bytes(_context: Any, value: Any) -> bytes:  # noqa: ANN401  whatever it has drawn
    """Send what was drawn as it is: no file of any kind, which the service has to see."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
