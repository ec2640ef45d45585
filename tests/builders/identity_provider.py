"""
An identity provider on loopback: it speaks OpenID Connect as carelessly as a test says.

Its tokens are put together by hand, so that nothing of what reads them has also written them.
"""

import asyncio
import base64
import hmac
import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from app.kernel import clock
from app.kernel.encoding import base64url, sha256
from app.settings import Settings
from tests.builders.parties import PASSWORD, Service
from tests.builders.sockets import listening

IDENTITIES: Final = "/v1/identities"
SIGN_IN: Final = f"{IDENTITIES}/sign-in"
COMPLETION: Final = f"{SIGN_IN}/completion"
CLIENT_ID: Final = "registry"
CLIENT_SECRET: Final = "a secret: with/signs&in it"
REDIRECT: Final = "https://registry.test/signed-in"
MEDIA_TYPE: Final = "application/x-www-form-urlencoded"

Json = dict[str, Any]


@cache
def rsa_key(bits: int = 2_048) -> rsa.RSAPrivateKey:
    """Return a key, made for this run."""
    return rsa.generate_private_key(65_537, bits)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    """Return a key, made for this run."""
    return ec.generate_private_key(ec.SECP256R1())


def _number(value: int) -> str:
    return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def rsa_jwk(kid: str, key: rsa.RSAPrivateKey) -> Json:
    """Return the public half of a key, as providers publish it."""
    public = key.public_key().public_numbers()
    return {"kty": "RSA", "use": "sig", "kid": kid, "n": _number(public.n), "e": _number(public.e)}


def ec_jwk(kid: str, key: ec.EllipticCurvePrivateKey) -> Json:
    """Return the public half of a key, as providers publish it."""
    public = key.public_key().public_numbers()
    x, y = (base64url(each.to_bytes(32, "big")) for each in (public.x, public.y))
    return {"kty": "EC", "crv": "P-256", "use": "sig", "kid": kid, "x": x, "y": y}


def _by_rsa(data: bytes) -> bytes:
    return rsa_key().sign(data, padding.PKCS1v15(), hashes.SHA256())


def _by_ec(data: bytes) -> bytes:
    r, s = decode_dss_signature(ec_key().sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _by_public_key(data: bytes) -> bytes:
    """Sign with what everybody knows, as who hopes that it is taken for a shared secret."""
    pem = rsa_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return hmac.digest(pem, data, "sha256")


SIGNERS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "RS256": _by_rsa,
    "ES256": _by_ec,
    "HS256": _by_public_key,
    "none": lambda _: b"",
}


def a_token(
    claims: Mapping[str, Any],
    *,
    alg: str = "RS256",
    signed_by: str | None = None,
    header: Mapping[str, Any] = MappingProxyType({}),
) -> str:
    """Sign claims; by another algorithm than the header says, where a test wants it."""
    kid = "ec" if alg == "ES256" else "rsa"
    parts = ({"alg": alg, "typ": "JWT", "kid": kid, **header}, claims)
    signed = ".".join(base64url(json.dumps(part).encode()) for part in parts)
    return f"{signed}.{base64url(SIGNERS[signed_by or alg](signed.encode()))}"


@dataclass
class IdentityProvider:
    """A provider, and what is wrong with it."""

    issuer: str = ""
    asked: list[str] = field(default_factory=list)  # paths, in the order of questions
    claims: Json = field(default_factory=dict)  # in place of the right ones
    alg: str = "RS256"
    header: Json = field(default_factory=dict)  # of its tokens, beside what is right
    document: Json = field(default_factory=dict)  # in place of what is right
    keys: list[Json] | None = None  # None: both of its keys
    token: Callable[[str], str | None] = lambda token: token  # what becomes of one
    answers: dict[str, Callable[[], Response]] = field(default_factory=dict)  # instead, by path
    says_iss: bool = True
    slow: asyncio.Event = field(default_factory=asyncio.Event)  # set: nothing is held back
    stalls: set[str] = field(default_factory=set)  # paths that wait for it
    codes: dict[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)

    def application(self) -> Starlette:
        """Return what answers."""
        routes = {
            "/.well-known/openid-configuration": self._describe,
            "/keys": self._show_keys,
            "/authorize": self._authorize,
            "/token": self._exchange,
        }
        return Starlette(
            routes=[
                Route(path, self._answering(path, answer), methods=["GET", "POST"])
                for path, answer in routes.items()
            ]
        )

    def _answering(self, path: str, answer: Callable[[Request, Json], Response]) -> Any:  # noqa: ANN401
        async def answering(request: Request) -> Response:
            self.asked.append(path)
            if path in self.stalls:
                await self.slow.wait()
            if path in self.answers:
                return self.answers[path]()
            form = dict(parse_qsl((await request.body()).decode()))
            return answer(request, form)

        return answering

    def _describe(self, _: Request, __: Json) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
                "authorization_response_iss_parameter_supported": True,
                "scopes_supported": ["openid"],
                **self.document,
            }
        )

    def _show_keys(self, _: Request, __: Json) -> Response:
        both = [rsa_jwk("rsa", rsa_key()), ec_jwk("ec", ec_key())]
        return JSONResponse({"keys": both if self.keys is None else self.keys})

    def _authorize(self, request: Request, _: Json) -> Response:
        asked = dict(request.query_params)
        assert asked["response_type"] == "code"
        assert (asked["client_id"], asked["redirect_uri"]) == (CLIENT_ID, REDIRECT)
        assert (asked["scope"], asked["code_challenge_method"]) == ("openid", "S256")
        code = secrets.token_urlsafe(16)
        self.codes[code] = (request.headers["x-subject"], asked)
        said = {"code": code, "state": asked["state"]}
        if self.says_iss:
            said["iss"] = self.issuer
        return RedirectResponse(f"{REDIRECT}?{urlencode(said)}")

    def _exchange(self, request: Request, form: Json) -> Response:
        if not _is_client(request, form):
            return JSONResponse({"error": "invalid_client"}, 401)
        found = self.codes.pop(form.get("code", ""), None)
        if found is None or form.get("redirect_uri") not in {None, REDIRECT}:
            return JSONResponse({"error": "invalid_grant"}, 400)
        subject, asked = found
        if base64url(sha256(form["code_verifier"].encode())) != asked["code_challenge"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        token = self.token(self.sign(subject, asked["nonce"]))
        given = {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer"}
        return JSONResponse(given if token is None else {**given, "id_token": token})

    def sign(self, subject: str, nonce: str) -> str:
        """Sign a token for somebody, with whatever is wrong with it."""
        now = int(clock.now().timestamp())
        right = {
            "iss": self.issuer,
            "sub": subject,
            "aud": CLIENT_ID,
            "nonce": nonce,
            "iat": now,
            "exp": now + 300,
            "email": "the.administrator@example.org",  # which nobody believes
            "email_verified": True,
        }
        claims = {**right, **self.claims}
        return a_token(
            {k: v for k, v in claims.items() if v is not ...}, alg=self.alg, header=self.header
        )


def _is_client(request: Request, form: Json) -> bool:
    given = request.headers.get("authorization")
    if given is None:
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
    name, _, secret = base64.b64decode(given.removeprefix("Basic ")).decode().partition(":")
    return (name, secret) == (CLIENT_ID, CLIENT_SECRET)


@asynccontextmanager
async def an_identity_provider() -> AsyncIterator[IdentityProvider]:
    """Run a provider."""
    provider = IdentityProvider()
    async with listening(provider.application(), connections_max=100) as port:
        provider.issuer = f"http://127.0.0.1:{port}"
        yield provider
        provider.slow.set()


def knowing(settings: Settings, provider: IdentityProvider, folder: Path) -> Settings:
    """Return settings of an installation that has this provider."""
    secret = folder / "client-secret"
    secret.write_text(f"{CLIENT_SECRET}\n", "utf-8")
    named = {
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret_file": secret,
        "oidc_redirect_uri": REDIRECT,
    }
    return Settings.model_validate({**settings.model_dump(), **named})


async def visit(asked: Mapping[str, Any], subject: str) -> dict[str, str]:
    """Do what the browser does of somebody who signs in; returns what comes back."""
    async with httpx2.AsyncClient() as browser:
        answer = await browser.get(asked["authorization_url"], headers={"x-subject": subject})
    assert answer.status_code == 307, answer.text
    parts = urlsplit(answer.headers["location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == REDIRECT
    return {name: value for name, (value,) in parse_qs(parts.query).items()}


async def begun_sign_in(api: Service) -> Json:
    """Begin to sign in; returns what the service says."""
    answer = await api.post(SIGN_IN)
    assert answer.status_code == 200, answer.text
    shown: Json = answer.json()
    return shown


async def back_from(api: Service, subject: str, *, asked: Json | None = None) -> Json:
    """Begin, and visit the provider; returns what completes it."""
    asked = asked or await begun_sign_in(api)
    return {**await visit(asked, subject), "binding": asked["binding"]}


async def begun_link(api: Service, headers: Mapping[str, str]) -> Json:
    """Begin to link an identity; returns what the service says."""
    body = {"current_password": PASSWORD}
    answer = await api.post(f"{IDENTITIES}/registration", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    shown: Json = answer.json()
    return shown


async def link(api: Service, headers: Mapping[str, str], subject: str) -> str:
    """Link an identity; returns its identifier."""
    body = await back_from(api, subject, asked=await begun_link(api, headers))
    answer = await api.post(IDENTITIES, json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])
