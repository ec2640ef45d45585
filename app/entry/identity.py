"""
Who calls: from the bearer token to an `Actor` whose roles and standing come from the database.

``app.state.identities`` is an `Identities`, made once per process from the engine that reads and
the token keys: ``Identities(reads, token_keys)``. Routes take `Caller`, who must be signed in, or
`Visitor`, who need not.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.entry.gathering import Gathering
from app.entry.tokens import LEEWAY_S, Claims, TokenKeys, TokenRefusedError
from app.kernel import clock
from app.kernel.db import glancing
from app.kernel.errors import ForbiddenError, UnauthenticatedError
from app.registry.parties import store
from app.registry.parties.rules import Actor, Status

AGE_S_MAX: Final = 1.0  # How long a suspension, a revoked key or a new role may go unnoticed.
IDENTITIES_MAX: Final = 10_000  # About 10 MB; the least recently read one is forgotten first.


class NotSignedInError(UnauthenticatedError):
    """Nobody is signed in."""

    code = "not_signed_in"
    number = 1501
    title_th = "ยังไม่ได้เข้าสู่ระบบ"
    advice = "Get a token from POST /v1/tokens and send it as Authorization: Bearer."
    advice_th = "โปรดขอโทเคนจาก POST /v1/tokens แล้วส่งเป็น Authorization: Bearer"


class UserSuspendedError(ForbiddenError):
    """This user is suspended."""

    code = "user_suspended"
    number = 1503
    title_th = "ผู้ใช้นี้ถูกระงับ"
    advice = "Ask an administrator of TGO why, and for reinstatement."
    advice_th = "โปรดติดต่อผู้ดูแลระบบของ อบก. เพื่อทราบเหตุผลและขอให้ยกเลิกการระงับ"


class PartySuspendedError(ForbiddenError):
    """The party of this user is suspended, and with it everybody who acts for it."""

    code = "party_suspended"
    number = 1504
    title_th = "หน่วยงานของผู้ใช้นี้ถูกระงับ ผู้ใช้ทุกคนของหน่วยงานจึงดำเนินการไม่ได้"
    advice = "Ask an administrator of TGO why, and for reinstatement of the party."
    advice_th = "โปรดติดต่อผู้ดูแลระบบของ อบก. เพื่อทราบเหตุผลและขอให้ยกเลิกการระงับหน่วยงาน"


class ClientRevokedError(UnauthenticatedError):
    """The API key behind this token was revoked."""

    code = "client_revoked"
    number = 1505
    title_th = "กุญแจ API ของโทเคนนี้ถูกเพิกถอนแล้ว"
    advice = "Ask for a new key at POST /v1/users/{user_id}/keys and sign in with it."
    advice_th = "โปรดขอกุญแจใหม่ที่ POST /v1/users/{user_id}/keys แล้วเข้าสู่ระบบด้วยกุญแจนั้น"


async def read_standing(
    connection: AsyncConnection, *, user_id: str, client_id: str | None
) -> Actor:
    """
    Return a user as an actor if they may act now.

    Raises:
        TokenRefusedError: there is no such user, or the API key is not theirs.
        ClientRevokedError: the API key was revoked.
        UserSuspendedError: the user is suspended.
        PartySuspendedError: the user's party is suspended.
    """
    return _admit(await store.find_standing(connection, user_id=user_id, key_id=client_id))


def _admit(standing: store.Standing | None) -> Actor:
    if standing is None:
        raise TokenRefusedError
    if standing.key_revoked:
        raise ClientRevokedError(user_id=standing.actor.user_id)
    if standing.user_status is not Status.ACTIVE:
        raise UserSuspendedError
    if standing.party_status is not Status.ACTIVE:
        raise PartySuspendedError
    return standing.actor


@dataclass(frozen=True, slots=True)
class _Known:
    actor: Actor
    claims: Claims
    good_until_s: float  # on the loop's clock, which never steps back


class Identities:
    """
    What this process knows of callers, never older than `AGE_S_MAX`.

    A token that was checked is remembered by its text: its signature is not looked at again, and
    within that age its user's row is not either. Rows that are asked for at the same moment are
    read together. Refusals are not remembered: bad tokens cannot crowd out good ones.
    """

    def __init__(self, reads: AsyncEngine, token_keys: TokenKeys) -> None:
        self._reads = reads
        self._token_keys = token_keys
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._standings = Gathering(self._read)

    def known(self, token: str) -> Actor | None:
        """Return the actor of a token that needs no reading now; None: ask `actor_of`."""
        known = self._known.get(token)
        if known is None or asyncio.get_running_loop().time() >= known.good_until_s:
            return None
        return known.actor

    async def actor_of(self, token: str) -> Actor:
        """
        Return the actor a token stands for.

        Raises:
            TokenRefusedError: the token is not good, or its user is unknown.
            ClientRevokedError: its API key was revoked.
            UserSuspendedError: its user is suspended.
            PartySuspendedError: the user's party is suspended.
        """
        actor = self.known(token)
        if actor is not None:
            return actor
        # Before the row is read: what is remembered is at least as fresh as it claims.
        asked_at_s = asyncio.get_running_loop().time()
        now = clock.now()
        # Taken out, and put back at the end of the line once everything was found good.
        known = self._known.pop(token, None)
        claims = None if known is None else known.claims
        if claims is None or claims.expires_at + LEEWAY_S <= now.timestamp():
            claims = self._token_keys.read(token, now=now)
        actor = _admit(await self._standings.ask((claims.user_id, claims.client_id)))
        age_s = min(AGE_S_MAX, claims.expires_at + LEEWAY_S - now.timestamp())
        self._known[token] = _Known(actor, claims, asked_at_s + age_s)
        if len(self._known) > IDENTITIES_MAX:
            self._known.popitem(last=False)
        return actor

    async def _read(
        self, asked: Collection[tuple[str, str | None]]
    ) -> Mapping[tuple[str, str | None], store.Standing]:
        async with glancing(self._reads) as connection:
            return await store.list_standings(connection, asked)


_bearer = HTTPBearer(
    scheme_name="token",
    bearerFormat="JWT",
    description="An access token from `POST /v1/tokens`.",
    auto_error=False,
)
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


async def _visitor(request: Request, credentials: _Credentials) -> Actor | None:
    if credentials is None:
        # Something was sent that is no bearer token: whoever sent it believes to be signed in.
        if "authorization" in request.headers:
            raise TokenRefusedError
        return None
    identities: Identities = request.app.state.identities
    return await identities.actor_of(credentials.credentials)


async def _caller(visitor: Annotated[Actor | None, Depends(_visitor)]) -> Actor:
    if visitor is None:
        raise NotSignedInError
    return visitor


async def caller_of(request: Request) -> Actor:
    """
    Return who calls, for what has to know before a route is given its arguments.

    Raises:
        UnauthenticatedError: nobody is signed in, or the token is not good.
        ForbiddenError: the user or their party is suspended.
    """
    return await _caller(await _visitor(request, await _bearer(request)))


# Somebody signed in and in good standing.
Caller = Annotated[Actor, Depends(_caller)]
# Whoever comes: None without an Authorization header; a bad token is refused all the same.
Visitor = Annotated[Actor | None, Depends(_visitor)]
