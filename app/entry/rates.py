"""
How often somebody may ask for what is expensive: whole tables to take away.

Acts are not counted here. They wait in turns (`app.entry.waiting`), so that whoever asks for
thousands holds up nobody but themselves; and reads of a page cost what a look-up costs. An export
reads a whole table, and that many of them at once is what has to be bounded.

Each server process counts for itself, because each bounds its own work: N processes let N times as
many through. Nobody's real day comes near.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fastapi import Request

from app.entry.identity import Identities
from app.entry.problems import TooOftenError

WINDOW_S: Final = 60
EXPORTS_MAX: Final = 60  # of one caller, in a window
# Beyond so many callers in one window the newest share one count: memory is bounded.
CALLERS_MAX: Final = 10_000
_POLICY: Final = f'"exports";q={EXPORTS_MAX};w={WINDOW_S}'
_EVERYBODY_ELSE: Final = "*"


@dataclass(frozen=True, slots=True)
class Share:
    """What somebody has left in the present window."""

    left: int
    ends_in_s: int

    def headers(self) -> dict[str, str]:
        """Return it as headers (draft-ietf-httpapi-ratelimit-headers)."""
        return {
            "RateLimit-Policy": _POLICY,
            "RateLimit": f'"exports";r={self.left};t={self.ends_in_s}',
        }


class Rates:
    """Counts what callers have asked for in the present window of time."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._ends_s = -math.inf
        self._counts: dict[str, int] = {}

    def take(self, caller: str) -> Share:
        """
        Count one more.

        Raises:
            TooOftenError: nothing is left; it says when there will be.
        """
        now_s = self._clock_s()
        if now_s >= self._ends_s:
            self._counts.clear()
            self._ends_s = now_s + WINDOW_S
        if caller not in self._counts and len(self._counts) >= CALLERS_MAX:
            caller = _EVERYBODY_ELSE
        ends_in_s = math.ceil(self._ends_s - now_s)
        left = EXPORTS_MAX - self._counts.get(caller, 0)
        if left <= 0:
            raise TooOftenError(limit=EXPORTS_MAX, window_s=WINDOW_S, retry_after_s=ends_in_s)
        self._counts[caller] = EXPORTS_MAX - left + 1
        return Share(left - 1, ends_in_s)


def take_export(request: Request, token: str | None = None) -> Share:
    """
    Count an export for whoever asks: a user, or an address that nobody has signed in from.

    Behind a proxy all visitors have its address, and share; the proxy knows them apart.

    Args:
        request: theirs.
        token: the access token of who asks by a page; None: the request's own says who it is.

    Raises:
        TooOftenError: they have asked too often.
    """
    rates: Rates = request.app.state.rates
    given = request.headers.get("authorization", "").partition(" ")[2]
    return rates.take(_caller_of(request, token or given))


def _caller_of(request: Request, token: str) -> str:
    # Only who was found good counts as somebody: else every invented token would be a new caller.
    identities: Identities = request.app.state.identities
    actor = identities.known(token) if token else None
    if actor is not None:
        return actor.user_id
    return "address" if request.client is None else request.client.host
