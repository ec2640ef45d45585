"""
What an identity provider says, checked: the one module around Authlib and joserfc (OpenID Connect).

Authlib speaks the protocol; tokens are read by joserfc, for which Authlib gave up its own reader.
What they check of a token is checked here once more, because all depends on it. The provider is a
stranger: what it sends is bounded, and where it sends us is where its discovery document says,
which comes from its own address.
"""

import asyncio
import base64
import hmac
import math
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeGuard
from urllib.parse import urlsplit

import httpx2
import msgspec
import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from cryptography.exceptions import UnsupportedAlgorithm
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey
from joserfc.jws import JWSRegistry

from app.entry.fetching import HEADERS, Fetcher
from app.kernel import clock
from app.registry.signin.refusals import IdentityRefusedError, ProviderAwayError
from app.settings import LOOPBACK

log = structlog.get_logger()

ALGORITHMS: Final = {"RS256": "RSA", "ES256": "EC"}  # with the kind of key: never none, never HS
RSA_BITS_MIN: Final = 2_048
KEYS_MAX: Final = 50
TOKEN_LENGTH_MAX: Final = 16_384
_SUBJECT: Final = re.compile(r"[ -~]{1,255}")  # ASCII, as the standard says
LEEWAY_S: Final = 30  # how far the provider's clock may be from ours
TOKEN_AGE_S_MAX: Final = 600  # a token is made for the code that was shown now
KEPT_S: Final = 3_600.0  # the discovery document, and the keys
AGAIN_S: Final = 60.0  # between two looks for a key that is not known
AWAY_S: Final = 5.0  # for so long a provider that did not answer is not asked again
_OUR_FAULT: Final = frozenset({"invalid_client", "unauthorized_client"})
# Beside their own errors the libraries let through what broken input causes further down.
_BROKEN: Final = (
    JoseError,
    UnsupportedAlgorithm,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)


@dataclass(frozen=True, slots=True)
class Client:
    """Who we are to the provider."""

    id: str
    secret: str = field(repr=False)
    redirect_uri: str  # the only place that browsers are sent back to


class Document(msgspec.Struct, frozen=True):
    """What a provider says of itself (OpenID Connect Discovery 1.0, 3), as far as we need it."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _Keys(msgspec.Struct, frozen=True):
    keys: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Kept:
    """The provider's keys, and when they were read."""

    keys: KeySet
    read_at_s: float


class Provider:
    """
    An identity provider.

    Args:
        issuer: its name, which is the address that its discovery document lies under.
        client: who we are to it.
    """

    def __init__(self, issuer: str, client: Client) -> None:
        self.issuer = issuer
        self._client = client
        self._fetcher = Fetcher()
        self._looking = asyncio.Lock()
        self._document: tuple[Document, float] | None = None
        self._keys: _Kept | None = None
        self._away_until_s = 0.0

    async def close(self) -> None:
        """Close the connections."""
        await self._fetcher.close()

    async def address(self, *, state: str, nonce: str, verifier: str) -> str:
        """
        Return where the browser of somebody who signs in goes.

        Raises:
            ProviderAwayError: it does not say.
        """
        document = await self._read_document()
        address, _ = self._speaker(document).create_authorization_url(
            document.authorization_endpoint, state=state, nonce=nonce, code_verifier=verifier
        )
        return str(address)

    async def prove(self, *, code: str, iss: str | None, nonce: str, verifier: str) -> str:
        """
        Return who somebody is to the provider, for the code that it gave their browser.

        Args:
            code: as it came to the redirect address.
            iss: the issuer that came with it; None: none did.
            nonce: what was asked, which the token has to say.
            verifier: of PKCE, whose digest was sent along with what was asked.

        Raises:
            IdentityRefusedError: the code is not good, or what comes for it is not right.
            ProviderAwayError: the provider does not answer as it should.
        """
        document = await self._read_document()
        # RFC 9207: else another provider's answer could be passed off as this one's.
        if iss != self.issuer and (
            iss is not None or document.authorization_response_iss_parameter_supported
        ):
            raise IdentityRefusedError
        given = await self._exchange(document, code, verifier)
        token = given.get("id_token")
        if not isinstance(token, str) or len(token) > TOKEN_LENGTH_MAX:
            raise IdentityRefusedError
        expected = Expected(self.issuer, self._client.id, nonce, given.get("access_token"))
        for anew in (False, True):  # providers change their keys without telling
            keys = await self._read_keys(document, anew=anew)
            with suppress(InvalidKeyIdError):
                return check_token(token, keys, _accepted(document), expected, now=clock.now())
        raise IdentityRefusedError

    # -------------------------------------------------------------------------- what it is asked

    def _speaker(self, document: Document) -> AsyncOAuth2Client:
        # For one person: it keeps what it is given.
        methods = document.token_endpoint_auth_methods_supported
        by_post = "client_secret_basic" not in methods and "client_secret_post" in methods
        return AsyncOAuth2Client(
            client_id=self._client.id,
            client_secret=self._client.secret,
            token_endpoint_auth_method="client_secret_post" if by_post else "client_secret_basic",
            scope="openid",  # no address and no name: we would not believe them
            redirect_uri=self._client.redirect_uri,
            code_challenge_method="S256",
            transport=self._fetcher,
            trust_env=False,
            follow_redirects=False,
            headers=HEADERS,
        )

    async def _exchange(self, document: Document, code: str, verifier: str) -> Mapping[str, Any]:
        self._require_not_away(clock.elapsed_s())
        try:
            async with self._asking("token"), self._speaker(document) as speaker:
                given: Mapping[str, Any] = await speaker.fetch_token(
                    document.token_endpoint,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=verifier,
                )
        except OAuthError as error:
            if str(error.error) in _OUR_FAULT:
                log.error("identity_provider_refuses_us", error=str(error.error))  # noqa: TRY400
                raise ProviderAwayError(retry_after_s=int(AGAIN_S)) from None
            raise IdentityRefusedError from None
        return given

    async def _read_document(self) -> Document:
        async with self._looking:
            now_s = clock.elapsed_s()
            if self._document is not None and now_s - self._document[1] < KEPT_S:
                return self._document[0]
            self._require_not_away(now_s)
            url = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
            async with self._asking("discovery"):
                document = msgspec.json.decode(await self._fetcher.get(url), type=Document)
                self._check_document(document)
            self._document, self._keys = (document, now_s), None
            return document

    async def _read_keys(self, document: Document, *, anew: bool = False) -> KeySet:
        """Return the provider's keys; anew, where they are not of this minute."""
        async with self._looking:
            now_s = clock.elapsed_s()
            age_s = KEPT_S if self._keys is None else now_s - self._keys.read_at_s
            if self._keys is not None and age_s < (AGAIN_S if anew else KEPT_S):
                return self._keys.keys
            self._require_not_away(now_s)
            async with self._asking("keys"):
                found = msgspec.json.decode(
                    await self._fetcher.get(document.jwks_uri), type=_Keys
                ).keys
            self._keys = _Kept(usable_keys(found), now_s)
            return self._keys.keys

    def _check_document(self, document: Document) -> None:
        if document.issuer != self.issuer:
            raise ValueError("the document is of another issuer")
        if not _accepted(document):
            raise ValueError("no algorithm that we accept")
        is_here = self.issuer.startswith("http:")
        for url in (document.authorization_endpoint, document.token_endpoint, document.jwks_uri):
            parts = urlsplit(url)
            is_safe = parts.scheme == "https" or (
                is_here and parts.scheme == "http" and parts.hostname in LOOPBACK
            )
            if not is_safe or not parts.hostname or parts.fragment or "@" in parts.netloc:
                raise ValueError("an address that is not safe")

    def _require_not_away(self, now_s: float) -> None:
        if now_s < self._away_until_s:
            raise ProviderAwayError(retry_after_s=int(AWAY_S))

    @asynccontextmanager
    async def _asking(self, what: str) -> AsyncIterator[None]:
        """Ask in the block, within bounds; what fails is that the provider is away."""
        try:
            async with self._fetcher.asking():
                yield
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, *_BROKEN) as fault:
            self._away_until_s = clock.elapsed_s() + AWAY_S
            log.warning("identity_provider_away", asked=what, fault=type(fault).__name__)
            raise ProviderAwayError(retry_after_s=int(AWAY_S)) from None


# ------------------------------------------------------------------------------ what it has signed


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token has to say."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str | None  # what came with it: where it names that one, it has to be this


def check_token(
    token: str, keys: KeySet, algorithms: Sequence[str], expected: Expected, *, now: datetime
) -> str:
    """
    Return whom a token is about, having looked at all it says: the libraries first, then we.

    Raises:
        IdentityRefusedError: it is not signed by a key and an algorithm of these, is over, or is
            for somebody else or another sign-in.
        InvalidKeyIdError: it names none of these keys; it may name one that is new.
    """
    registry = JWSRegistry(algorithms=list(algorithms), strict_check_header=False)
    try:
        signed = jwt.decode(token, keys, registry=registry)
        _check_by_library(signed, expected, now)
        if signed.header.get("alg") not in algorithms:
            raise IdentityRefusedError
        return _check_again(signed.claims, expected, now)
    except InvalidKeyIdError:
        raise
    except _BROKEN:
        raise IdentityRefusedError from None


def _check_by_library(signed: jwt.Token, expected: Expected, now: datetime) -> None:
    claims = CodeIDToken(
        signed.claims,
        signed.header,
        {
            "iss": {"essential": True, "value": expected.issuer},
            "aud": {"essential": True, "value": expected.client_id},
            "sub": {"essential": True},
            "nonce": {"essential": True, "value": expected.nonce},
        },
        {
            "nonce": expected.nonce,
            "client_id": expected.client_id,
            "access_token": expected.access_token,
        },
    )
    claims.validate(now=int(now.timestamp()), leeway=LEEWAY_S)


def _check_again(claims: Mapping[str, Any], expected: Expected, now: datetime) -> str:
    now_s, subject, said = now.timestamp(), claims.get("sub"), claims.get("nonce")
    made_at, ends_at = claims.get("iat"), claims.get("exp")
    is_right = (
        claims.get("iss") == expected.issuer
        # Ours alone: a token that is for others too is in the hands of others too.
        and claims.get("aud") in (expected.client_id, [expected.client_id])
        and claims.get("azp", expected.client_id) == expected.client_id
        and isinstance(said, str)
        and hmac.compare_digest(said.encode(), expected.nonce.encode())
        and _is_moment(ends_at)
        and now_s - LEEWAY_S < ends_at
        and _is_moment(made_at)
        and now_s - TOKEN_AGE_S_MAX <= made_at <= now_s + LEEWAY_S
    )
    if not is_right or not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        raise IdentityRefusedError
    return subject


def _accepted(document: Document) -> tuple[str, ...]:
    return tuple(one for one in document.id_token_signing_alg_values_supported if one in ALGORITHMS)


def _is_moment(value: object) -> TypeGuard[float]:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return math.isfinite(value)


def usable_keys(found: list[dict[str, Any]]) -> KeySet:
    """Return those of a provider's keys that sign tokens, of the kinds that we accept."""
    keys: list[RSAKey | ECKey] = []
    for one in found[:KEYS_MAX]:
        try:
            if one.get("use", "sig") != "sig":
                continue
            if one.get("kty") == "RSA" and _bits(one["n"]) >= RSA_BITS_MIN:
                keys.append(RSAKey.import_key(_public(one, "n", "e")))
            elif one.get("kty") == "EC" and one.get("crv") == "P-256":
                keys.append(ECKey.import_key(_public(one, "crv", "x", "y")))
        except _BROKEN:
            continue  # one that is broken signs nothing, and is in nobody's way
    return KeySet(list(keys))


def _public(one: Mapping[str, Any], *parts: str) -> dict[str, Any]:
    names = ("kty", "kid", "alg", *parts)
    return {name: one[name] for name in names if name in one}


def _bits(number: str) -> int:
    raw = base64.urlsafe_b64decode(number + "=" * (-len(number) % 4))
    return int.from_bytes(raw, "big").bit_length()
