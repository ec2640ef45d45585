"""
Every page there is, by an address in the demo, and who opens it.

What stands in braces is looked up in the demo's register by `tests.pages.test_every_page`. A page
that is missing here fails a test there.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Place:
    """A page."""

    route: str  # as in `app.entry.pages`
    address: str = ""  # where the route has parts to fill in
    role: str | None = None  # who opens it; None: anybody
    status: int = 200

    @property
    def path(self) -> str:
        """The address, still with names in braces."""
        return self.address or self.route


PLACES: Final = (
    Place("/"),
    Place("/sign-in"),
    Place("/activities"),
    Place("/activities/{activity_id}"),
    Place("/search", "/search?q=%E0%B9%80%E0%B8%97%E0%B8%A8%E0%B8%9A%E0%B8%B2%E0%B8%A5"),
    Place("/provinces"),
    Place("/provinces/{code}", "/provinces/{province}"),
    Place("/credits"),
    Place("/credits/{prefix}", "/credits/{batch}"),
    Place("/programmes"),
    Place("/programmes/{code}", "/programmes/{programme}"),
    Place("/parties"),
    Place("/parties/{party_id}"),
)
# Addresses that show nothing themselves: they lead on.
LEADING_ON: Final[frozenset[str]] = frozenset()
