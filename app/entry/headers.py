"""
What every answer tells a browser: that it is data, for our own pages, and a page for nobody.

Strict-Transport-Security is not among it: whether a request came by TLS only the proxy in front of
the service knows, and a header that says so can come from anybody. The proxy adds it (README).
"""

import re
from collections.abc import Mapping
from typing import Final

from app.entry.reference_page import ADDRESS, FILES, SCRIPT_SOURCE

Header = tuple[bytes, bytes]

REFERENCE: Final = (ADDRESS, FILES)  # how the addresses of the reference page begin

_DEVICES: Final = (
    *("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer"),
    *("microphone", "midi", "payment", "usb"),
)
_EVERYWHERE: Final = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": ", ".join(f"{device}=()" for device in _DEVICES),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_CLOSED: Final = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def _headers(policy: str, more: Mapping[str, str], *, closed: str = _CLOSED) -> tuple[Header, ...]:
    named = {"content-security-policy": f"{policy}; {closed}", **_EVERYWHERE, **more}
    return tuple((name.encode(), value.encode()) for name, value in named.items())


OF_ANSWERS: Final = _headers("default-src 'none'", {})
# Nothing comes from elsewhere, and no script runs but the page's own. The page's reader sets styles
# of single elements, for which there is no digest.
OF_THE_REFERENCE: Final = _headers(
    f"default-src 'none'; script-src 'self' {SCRIPT_SOURCE}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'",
    {"cross-origin-embedder-policy": "require-corp"},
)
# Pages load their own style, letters and scripts, and send forms to themselves. Nothing is inline.
# Who links out of them tells the other side nothing; who sends a form, where it came from.
_OWN: Final = "default-src 'none'; connect-src 'self'; font-src 'self'; img-src 'self'"
OF_PAGES: Final = _headers(
    f"{_OWN}; script-src 'self'; style-src 'self'",
    {"referrer-policy": "same-origin"},
    closed="base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
)
PAGES: Final = re.compile(r"/((th|en)(/.*)?|static/.*)?", re.DOTALL)
# Names that no route sets itself: what is said here holds for all of them.
NAMES: Final = frozenset(name for name, _ in (*OF_ANSWERS, *OF_THE_REFERENCE))
