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
    Place("/serials"),
    Place("/serials", "/serials?serial={serials}"),
    Place("/serials", "/serials?serial=TH-CITY-9999-2024-1-1", status=404),
    Place("/retirements"),
    Place("/retirements/{log_index}", "/retirements/{retirement}"),
    Place("/cancellations"),
    Place("/cancellations/{log_index}", "/cancellations/{cancellation}"),
    Place("/transfers/{log_index}", "/transfers/{transfer}"),
    Place("/log"),
    Place("/log/{log_index}", "/log/{retirement}"),
    Place("/log/{log_index}", "/log/{retirement}?changed=yes"),
    Place("/data"),
    Place("/problems"),
    Place("/problems/{code}", "/problems/serials_not_found"),
    Place("/help"),
    Place("/status"),
    Place("/changes"),
    Place("/accessibility"),
)
# Addresses that show nothing themselves: they lead on, or give a file.
LEADING_ON: Final = frozenset({"/search", "/log/{log_index}/leaf", "/table.csv", "/data/{name}"})
