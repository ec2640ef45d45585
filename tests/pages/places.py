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
    Place("/{rest:path}", "/nothing-here", status=404),
    Place("/activities"),
    Place("/activities/{activity_id}"),
)
# Addresses that show nothing themselves: they lead on.
LEADING_ON: Final = frozenset({"/search"})
