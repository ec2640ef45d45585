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
    Place("/account", role="developer, private company"),
    Place("/account/security", role="developer, private company"),
    Place("/account/security/password", role="developer, private company"),
    Place("/account/security/identities/{identity_id}", role="developer, private company"),
    Place("/account/security/passkeys/new", role="developer, private company"),
    Place("/account/security/passkeys/{passkey_id}", role="developer, private company"),
    Place("/account/security/second-factor", role="developer, private company"),
    Place("/account/security/second-factor/recovery-codes", role="developer, private company"),
    Place("/account/security/second-factor/removal", role="developer, private company"),
    Place("/account/notices", role="developer, private company"),
    Place("/account/people", role="developer, private company"),
    Place("/account/personal-data", role="developer, private company"),
    Place("/account/audit", role="developer, private company"),
    Place("/account/approvals", role="developer, private company"),
)
# Addresses that show nothing themselves: they lead on.
LEADING_ON: Final = frozenset(
    {
        "/search",
        "/account/security/second-factor/code",
        "/account/security/passkeys/made",
        "/account/personal-data/file",  # a file, no page
    }
)
