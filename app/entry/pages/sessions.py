"""
Who is signed in on the pages: a cookie that names a session, sealed with the installation's key.

The cookie is no token of the API: it works on pages alone, which make short access tokens of it, so
nothing that a program may have kept opens a page, and no page's cookie opens the API. It is not
rotated: two tabs that come at once are one person, not a thief and a victim. Its session ends as
all do: signed out, twelve hours old, two hours idle, or ended by what ends sessions.
"""

import base64
import binascii
import hmac
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response

from app.entry.second_factors import Vault
from app.entry.tokens import LIFETIME_S, TokenKeys
from app.kernel import clock
from app.kernel.db import noting
from app.registry.signin import operations
from app.registry.signin.rules import SESSION_LIFETIME

COOKIE: Final = "registry_session"
# How old what the cookie says of its last use may be: once in so long the session is written to.
_SEEN_EVERY: Final = timedelta(minutes=5)
_TOKEN_LEFT_MIN: Final = timedelta(minutes=1)  # for the calls of the slowest page
_TOKENS_MAX: Final = 10_000
_BOUND: Final = b"session of pages"
_FORMS: Final = b"form of session "


class SignedIn(msgspec.Struct, frozen=True):
    """What the cookie says."""

    user_id: str
    session_id: str
    seen_at: datetime  # when its session was noted as used, at the latest


@dataclass(slots=True)
class Kept:
    """What is to happen to the cookie once the page is answered."""

    said: SignedIn | None = None
    changed: bool = False

    def set_on(self, response: Response, sessions: "PageSessions", *, secure: bool) -> None:
        """Put the cookie on an answer, or take it away, where that has changed."""
        if not self.changed:
            return
        if self.said is None:
            response.delete_cookie(COOKIE, path="/", secure=secure, httponly=True, samesite="lax")
            return
        response.set_cookie(
            COOKIE,
            sessions.sealed(self.said),
            max_age=int(SESSION_LIFETIME.total_seconds()),
            path="/",
            secure=secure,
            httponly=True,
            samesite="lax",
        )


class PageSessions:
    """Reads and makes cookies, and access tokens of them."""

    def __init__(self, vault: Vault, token_keys: TokenKeys, reads: AsyncEngine) -> None:
        self._vault = vault
        self._token_keys = token_keys
        self._reads = reads
        self._tokens: OrderedDict[str, tuple[datetime, str]] = OrderedDict()

    def read(self, cookie: str | None) -> SignedIn | None:
        """Return what a cookie says; None: there is none, or it is not ours."""
        if cookie is None:
            return None
        try:
            sealed = base64.urlsafe_b64decode(cookie)
            return msgspec.json.decode(self._vault.unseal(sealed, _BOUND), type=SignedIn)
        except (binascii.Error, InvalidTag, ValueError, msgspec.DecodeError):
            return None

    def sealed(self, said: SignedIn) -> str:
        """Return a cookie."""
        return base64.urlsafe_b64encode(
            self._vault.seal(msgspec.json.encode(said), _BOUND)
        ).decode()

    async def open(self, request: Request) -> Kept:
        """Return who is signed in, after their session was noted as used where that is due."""
        said = self.read(request.cookies.get(COOKIE))
        if said is None:
            return Kept()
        now = clock.now()
        if abs(now - said.seen_at) < _SEEN_EVERY:
            return Kept(said)
        async with noting(self._reads) as connection:
            goes_on = await operations.keep_alive(
                connection, said.session_id, user_id=said.user_id, now=now
            )
        if not goes_on:
            self._tokens.pop(said.session_id, None)
            return Kept(None, changed=True)
        return Kept(msgspec.structs.replace(said, seen_at=now), changed=True)

    def begin(self, token: str) -> SignedIn:
        """Return what the cookie of a session says that has just begun with an access token."""
        now = clock.now()
        claims = self._token_keys.open(token, now=now)
        assert claims.session_id is not None
        return SignedIn(claims.user_id, claims.session_id, now)

    def token_of(self, said: SignedIn) -> str:
        """Return an access token of a session, good for the calls of a page."""
        now = clock.now()
        until, token = self._tokens.get(said.session_id, (datetime.min.replace(tzinfo=UTC), ""))
        if until - now < _TOKEN_LEFT_MIN or until - now > timedelta(seconds=LIFETIME_S):
            token = self._token_keys.issue(
                user_id=said.user_id, client_id=None, now=now, session_id=said.session_id
            )
            self._tokens[said.session_id] = now + timedelta(seconds=LIFETIME_S), token
            if len(self._tokens) > _TOKENS_MAX:
                self._tokens.popitem(last=False)
        return token

    def form_token(self, said: SignedIn) -> str:
        """Return what a form of this session carries, so that no other site's form is taken."""
        mac = hmac.digest(self._vault.key, _FORMS + said.session_id.encode(), "sha256")
        return base64.urlsafe_b64encode(mac).decode()

    def is_form_token(self, said: SignedIn, sent: str) -> bool:
        """Say whether a form is of this session."""
        return hmac.compare_digest(self.form_token(said).encode(), sent.encode())


def sessions_of(request: Request) -> PageSessions:
    """Return those of the service that a request came to."""
    found: PageSessions = request.app.state.page_sessions
    return found
