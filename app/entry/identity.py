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
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from starlette.types import Scope

from app.entry.gathering import Gathering
from app.entry.guessing import LOCAL, Client, peer_of
from app.entry.signatures import Signatures, Signer
from app.entry.tokens import LEEWAY_S, Claims, TokenKeys, TokenRefusedError
from app.kernel import clock
from app.kernel.db import glancing
from app.kernel.errors import ForbiddenError, UnauthenticatedError
from app.registry.parties.operations import note_keys_used
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Status
from app.registry.signin import store
from app.registry.signin.refusals import SessionEndedError
from app.registry.signin.store import Bearer, Standing

AGE_S_MAX: Final = 1.0  # How long a suspension, a revoked key or a new role may go unnoticed.
_USE_NOTED_EVERY: Final = timedelta(minutes=1)
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


class ClientExpiredError(UnauthenticatedError):
    """The API key behind this token has expired."""

    code = "client_expired"
    number = 1512
    title_th = "กุญแจ API ของโทเคนนี้หมดอายุแล้ว"
    advice = "Ask for a new key at POST /v1/users/{user_id}/keys and sign in with it."
    advice_th = "โปรดขอกุญแจใหม่ที่ POST /v1/users/{user_id}/keys แล้วเข้าสู่ระบบด้วยกุญแจนั้น"


class AddressNotAllowedError(ForbiddenError):
    """This API key does not work from this network address."""

    code = "address_not_allowed"
    number = 1513
    title_th = "กุญแจ API นี้ใช้จากที่อยู่เครือข่ายนี้ไม่ได้"
    advice = "You come from {address}. Call from one of the key's networks, or ask for another key."
    advice_th = "ท่านเรียกจาก {address} โปรดเรียกจากเครือข่ายที่กุญแจกำหนดไว้ หรือขอกุญแจใหม่"


async def read_standing(connection: AsyncConnection, bearer: Bearer) -> Standing:
    """
    Return how a user stands if they may act now.

    Raises:
        TokenRefusedError: there is no such user, or the API key is not theirs.
        ClientRevokedError, ClientExpiredError: the API key was revoked, or is too old.
        UserSuspendedError: the user is suspended.
        PartySuspendedError: the user's party is suspended.
        SessionEndedError: the session has ended.
    """
    return _admit(await store.find_standing(connection, bearer))


def _admit(standing: Standing | None) -> Standing:
    if standing is None:
        raise TokenRefusedError
    now = standing.now(clock.now())
    user_id = standing.actor.user_id
    if standing.key_revoked:
        raise ClientRevokedError(user_id=user_id)
    if standing.key_expires_at is not None and standing.key_expires_at <= now:
        raise ClientExpiredError(user_id=user_id)
    if standing.user_status is not Status.ACTIVE:
        raise UserSuspendedError
    if standing.party_status is not Status.ACTIVE:
        raise PartySuspendedError
    ends_at = standing.session_ends_at
    if standing.session_ended or (ends_at is not None and ends_at <= now):
        raise SessionEndedError
    return standing


Networks = tuple[IPv4Network | IPv6Network, ...]


def networks_of(standing: Standing) -> Networks:
    """Return from where a key works; empty: from anywhere."""
    return tuple(map(ip_network, standing.addresses))


def require_address(networks: Networks, client: Client) -> None:
    """
    Refuse a key that does not work from where it is used.

    Raises:
        AddressNotAllowedError: the socket's peer is in none of its networks.
    """
    if not networks:
        return
    address = peer_of(client)
    if address is None or not any(address in network for network in networks):
        raise AddressNotAllowedError(address=str(address or LOCAL))


@dataclass(frozen=True, slots=True)
class _Known:
    actor: Actor
    claims: Claims
    networks: Networks  # that its key works from; empty: from anywhere
    signer: Signer | None  # its key, if that signs what it changes
    # On the loop's clock, which never steps back:
    good_until_s: float  # 0 where it has to be looked at from where, or how, it is used
    fresh_until_s: float
    ends_at_s: float  # whatever the machine's clock says later


def _remembered(
    claims: Claims, standing: Standing, known: _Known | None, *, asked_at_s: float, now: datetime
) -> _Known:
    """Put together what to remember of a token, after what was known of it before."""
    ends_at_s = asked_at_s + (claims.expires_at + LEEWAY_S - now.timestamp())
    if known is not None:
        ends_at_s = min(ends_at_s, known.ends_at_s)
    networks = networks_of(standing)
    fresh_until_s = min(asked_at_s + AGE_S_MAX, ends_at_s)
    signer = _signer(standing)
    good_until_s = 0 if networks or signer else fresh_until_s
    return _Known(standing.actor, claims, networks, signer, good_until_s, fresh_until_s, ends_at_s)


def _signer(standing: Standing) -> Signer | None:
    key_id, public_key = standing.actor.client_id, standing.public_key
    return None if key_id is None or public_key is None else Signer(key_id, public_key)


class Identities:
    """
    What this process knows of callers, never older than `AGE_S_MAX`.

    A token that was checked is remembered by its text: its signature is not looked at again, and
    within that age its user's row is not either. Rows that are asked for at the same moment are
    read together. Refusals are not remembered: bad tokens cannot crowd out good ones. Only of a
    token that was good it is remembered that it has ended, so that no clock makes it good again.
    """

    def __init__(
        self, reads: AsyncEngine, token_keys: TokenKeys, signatures: Signatures | None = None
    ) -> None:
        """
        Prepare.

        Args:
            reads: connections for who calls.
            token_keys: what tokens are checked with.
            signatures: looks at requests of keys that sign; None: those change nothing.
        """
        self._reads = reads
        self._signatures = signatures
        self._token_keys = token_keys
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._standings = Gathering(self._read)

    def known(self, token: str) -> Actor | None:
        """Return the actor of a token that needs no reading now; None: ask `actor_of`."""
        known = self._known.get(token)
        if known is None or asyncio.get_running_loop().time() >= known.good_until_s:
            return None
        return known.actor

    async def sender_of(self, token: str, scope: Scope) -> Actor:
        """
        Return who sends a request: the actor of its token, if it is signed where it has to be.

        Raises:
            As `actor_of`, and `Signatures.require`.
        """
        known = await self._known_of(token, scope.get("client"))
        if known.signer is not None:
            assert self._signatures is not None
            await self._signatures.require(scope, known.signer)
        return known.actor

    async def actor_of(self, token: str, client: Client = None) -> Actor:
        """
        Return the actor a token stands for, however the request is signed.

        Args:
            token: as it was sent.
            client: who sent it: the socket's peer.

        Raises:
            TokenRefusedError: the token is not good, or its user is unknown.
            ClientRevokedError, ClientExpiredError: its API key does not work any more.
            AddressNotAllowedError: its API key does not work from there.
            UserSuspendedError: its user is suspended.
            PartySuspendedError: the user's party is suspended.
            SessionEndedError: the session that it is of has ended.
        """
        return (await self._known_of(token, client)).actor

    async def _known_of(self, token: str, client: Client) -> _Known:
        # Before the row is read: what is remembered is at least as fresh as it claims.
        asked_at_s = asyncio.get_running_loop().time()
        known = self._known.get(token)
        if known is not None and asked_at_s < known.fresh_until_s:
            require_address(known.networks, client)
            return known
        # Taken out, and put back at the end of the line once everything was found good.
        self._known.pop(token, None)
        if known is not None and known.ends_at_s <= asked_at_s:
            self._remember(token, known)
            raise TokenRefusedError
        claims = self._token_keys.open(token, now=clock.now()) if known is None else known.claims
        asked = Bearer(claims.user_id, claims.client_id, claims.session_id)
        standing = await self._standings.ask(asked)
        if standing is None:
            raise TokenRefusedError
        now = standing.now(clock.now())
        checked = _remembered(claims, standing, known, asked_at_s=asked_at_s, now=now)
        if checked.ends_at_s <= asked_at_s:
            self._remember(token, checked)
        claims.require_in_time(now)
        _admit(standing)
        require_address(checked.networks, client)
        self._remember(token, checked)
        return checked

    def forget(self) -> None:
        """Forget all tokens: keys that signed them are accepted no more."""
        self._known.clear()

    def _remember(self, token: str, known: _Known) -> None:
        self._known[token] = known
        if len(self._known) > IDENTITIES_MAX:
            self._known.popitem(last=False)

    async def _read(self, asked: Collection[Bearer]) -> Mapping[Bearer, Standing]:
        async with glancing(self._reads) as connection:
            found = await store.list_standings(connection, asked)
            now = clock.now()
            used = {
                b.key_id for b, standing in found.items() if b.key_id and _is_new(standing, now)
            }
            if used:
                await note_keys_used(connection, used, now=now)
            return found


def _is_new(standing: Standing, now: datetime) -> bool:
    """Say whether that a key is used now is news: once a minute it is."""
    return standing.key_used_at is None or now - standing.key_used_at >= _USE_NOTED_EVERY


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
    return await identities.sender_of(credentials.credentials, request.scope)


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
    return await _caller(await visitor_of(request))


async def visitor_of(request: Request) -> Actor | None:
    """
    Return who calls, where somebody is signed in, before a route is given its arguments.

    Raises:
        As `caller_of`, where a token is sent.
    """
    return await _visitor(request, await _bearer(request))


# Somebody signed in and in good standing.
Caller = Annotated[Actor, Depends(_caller)]
# Whoever comes: None without an Authorization header; a bad token is refused all the same.
Visitor = Annotated[Actor | None, Depends(_visitor)]
