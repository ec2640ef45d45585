"""
Access tokens: the one strict module around python-jose; nothing else may import it.

The library takes the algorithm from the token unless told otherwise, and lets missing claims,
unknown critical headers and issue times in the future pass. So the form is checked before it parses
anything, key and algorithm come from our own table, and what a token says is checked here again.
"""

import base64
import contextlib
import os
import re
import secrets
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jose import jwk, jwt
from jose.backends.base import Key
from jose.exceptions import JOSEError

from app.kernel.encoding import canonical_bytes, sha256
from app.kernel.errors import UnauthenticatedError
from app.kernel.ids import ID_PATTERN

ALGORITHM: Final = "ES256"
ISSUER: Final = "registry"
AUDIENCE: Final = "registry-api"
LIFETIME_S: Final = 600  # Short, because a token that was stolen works until it ends.
LEEWAY_S: Final = 30  # How far the clocks of several servers may differ.
TOKEN_BYTES_MAX: Final = 8_192  # Ours have about 500; more is not worth parsing.

_FORM: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_ID: Final = re.compile(ID_PATTERN)
_HEADER: Final = frozenset({"alg", "kid", "typ"})
_REQUIRED: Final = ("exp", "iat", "nbf", "aud", "iss", "sub", "jti")
_OPTIONS: Final = {"leeway": LEEWAY_S, **{f"require_{claim}": True for claim in _REQUIRED}}


class TokenRefusedError(UnauthenticatedError):
    """This access token is not accepted."""

    code = "token_refused"
    number = 1502
    title_th = "ระบบไม่ยอมรับโทเคนนี้"
    advice = "Get a new one from POST /v1/tokens and send it as Authorization: Bearer."
    advice_th = "โปรดขอโทเคนใหม่จาก POST /v1/tokens แล้วส่งเป็น Authorization: Bearer"


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key that signs tokens, and what the public may know of it."""

    kid: str  # RFC 7638 thumbprint: the same key has the same name on every server
    private: Key
    public: Key
    published: dict[str, str]  # as a JSON Web Key, without the private part


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says. Neither role nor status: those are read from the database."""

    user_id: str
    client_id: str | None  # None: the user signed in with a password
    expires_at: int  # seconds since 1970


@dataclass(frozen=True, slots=True)
class TokenKeys:
    """The keys whose tokens are accepted; the first one signs."""

    keys: tuple[TokenKey, ...]

    def issue(self, *, user_id: str, client_id: str | None, now: datetime) -> str:
        """
        Sign a token.

        Args:
            user_id: whom it stands for.
            client_id: the API key that asked for it; None where a password did.
            now: when it begins; it ends `LIFETIME_S` later.
        """
        begins = int(now.timestamp())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": user_id,
            "jti": secrets.token_urlsafe(16),
            "iat": begins,
            "nbf": begins,
            "exp": begins + LIFETIME_S,
            **({} if client_id is None else {"cid": client_id}),
        }
        signing = self.keys[0]
        return jwt.encode(claims, signing.private, ALGORITHM, {"kid": signing.kid})

    def read(self, token: str, *, now: datetime) -> Claims:
        """
        Return what a token says, once everything about it has been found good.

        Raises:
            TokenRefusedError: anything at all is wrong with it; which thing is not told.
        """
        if len(token) > TOKEN_BYTES_MAX or not _FORM.fullmatch(token):
            raise TokenRefusedError
        try:
            header = jwt.get_unverified_header(token)
            claims = jwt.decode(
                token,
                self._key_for(header).public,
                [ALGORITHM],
                options=_OPTIONS,
                audience=AUDIENCE,
                issuer=ISSUER,
            )
        # Beside its own errors the library lets through what broken numbers and deep nesting cause.
        except (JOSEError, ValueError, TypeError, ArithmeticError, RecursionError):
            raise TokenRefusedError from None
        return _checked(claims, now)

    def published(self) -> list[dict[str, str]]:
        """Return the public keys as JSON Web Keys, for whoever wants to check a token."""
        return [key.published for key in self.keys]

    def _key_for(self, header: dict[str, object]) -> TokenKey:
        # Exactly these three: so neither crit, which the library ignores, nor a key or the address
        # of a key brought along (jwk, jku, x5u, x5c) ever reaches it.
        if header.keys() != _HEADER or header["typ"] != "JWT" or header["alg"] != ALGORITHM:
            raise TokenRefusedError
        for key in self.keys:
            if key.kid == header["kid"]:
                return key
        raise TokenRefusedError


def _checked(claims: dict[str, object], now: datetime) -> Claims:
    # The library takes "600" and 1e3 for times, lets an iat in the future pass and knows no longest
    # life.
    begins, issued, expires = claims["nbf"], claims["iat"], claims["exp"]
    if not (type(begins) is int and type(issued) is int and type(expires) is int):
        raise TokenRefusedError
    present = now.timestamp()
    in_time = issued <= present + LEEWAY_S and begins <= present + LEEWAY_S
    if not in_time or expires <= present - LEEWAY_S or expires - issued > LIFETIME_S:
        raise TokenRefusedError
    user_id, client_id, token_id = claims["sub"], claims.get("cid"), claims["jti"]
    if claims["aud"] != AUDIENCE or not (isinstance(token_id, str) and token_id):
        raise TokenRefusedError
    if not (isinstance(user_id, str) and _ID.fullmatch(user_id)):
        raise TokenRefusedError
    if not (client_id is None or (isinstance(client_id, str) and _ID.fullmatch(client_id))):
        raise TokenRefusedError
    return Claims(user_id, client_id, expires)


def load_or_make_key(path: Path) -> TokenKey:
    """
    Read the signing key from a PEM file, or make one there that only its owner can read.

    Several servers may start at once: the first one's file stands, and the others read it.

    Raises:
        ValueError: the file holds something else than a private key on the curve P-256.
    """
    if not path.exists():
        _make_key(path)
    private = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.curve.name != "secp256r1":
        raise ValueError(f"{path.name} does not hold a private key on the curve P-256")
    return _token_key(private)


def _token_key(private: ec.EllipticCurvePrivateKey) -> TokenKey:
    key = jwk.construct(_pem(private).decode(), ALGORITHM)
    public = key.public_key()
    members = {name: str(value) for name, value in public.to_dict().items()}
    core = {name: members[name] for name in ("crv", "kty", "x", "y")}
    kid = _base64url(sha256(canonical_bytes(core)))
    return TokenKey(
        kid=kid,
        private=key,
        public=public,
        published={**core, "kid": kid, "alg": ALGORITHM, "use": "sig"},
    )


def _make_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written beside its place, then linked into it: nobody ever reads half a key, and a link fails
    # where a file stands already, which a rename would replace.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".token-key-")
    try:
        with os.fdopen(handle, "wb") as file:  # mkstemp gives mode 0600
            file.write(_pem(ec.generate_private_key(ec.SECP256R1())))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink()


def _pem(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
