"""
Access tokens: the one strict module around python-jose; nothing else may import it.

The library takes the algorithm from the token unless told otherwise, and lets missing claims,
unknown critical headers and issue times in the future pass. So the form is checked before it parses
anything, key and algorithm come from our own table, and what a token says is checked here again.
"""

import base64
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jose import jwk, jwt
from jose.backends.base import Key
from jose.exceptions import JOSEError

from app.kernel.encoding import canonical_bytes, sha256
from app.kernel.errors import ConflictError, UnauthenticatedError
from app.kernel.files import make_once
from app.kernel.ids import ID_PATTERN

ALGORITHM: Final = "ES256"
ISSUER: Final = "registry"
AUDIENCE: Final = "registry-api"
LIFETIME_S: Final = 600  # Short, because a token that was stolen works until it ends.
LEEWAY_S: Final = 30  # How far the clocks of several servers may differ.
TOKEN_BYTES_MAX: Final = 8_192  # Ours have about 500; more is not worth parsing.

KEY_FILE: Final = "token-key.pem"
_LATER_FILES: Final = "token-key-*.pem"  # named by the moment at which they begin to sign
_MOMENT: Final = "%Y%m%dT%H%M%SZ"
_LATEST: Final = 2**40  # seconds since 1970: what lies beyond is no time to calculate with
_FORM: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_ID: Final = re.compile(ID_PATTERN)
_HEADER: Final = frozenset({"alg", "kid", "typ"})
_REQUIRED: Final = ("aud", "iss", "sub", "jti")
_TIMES: Final = ("exp", "iat", "nbf")
# The library goes by the machine's clock. That there are times, and which, is looked at here.
_OPTIONS: Final = {
    **{f"require_{claim}": True for claim in _REQUIRED},
    **{f"verify_{claim}": False for claim in _TIMES},
}


class TokenRefusedError(UnauthenticatedError):
    """This access token is not accepted."""

    code = "token_refused"
    number = 1502
    title_th = "ระบบไม่ยอมรับโทเคนนี้"
    advice = "Get a new one from POST /v1/tokens and send it as Authorization: Bearer."
    advice_th = "โปรดขอโทเคนใหม่จาก POST /v1/tokens แล้วส่งเป็น Authorization: Bearer"


class KeyWaitingError(ConflictError):
    """The next signing key is there already, and has not begun to sign."""

    code = "token_key_waiting"
    number = 1511
    title_th = "มีกุญแจลงนามถัดไปอยู่แล้วและยังไม่ถึงเวลาเริ่มใช้"
    advice = "It begins at {starts_at}; make another one after that."
    advice_th = "กุญแจนั้นเริ่มใช้เมื่อ {starts_at} โปรดสร้างกุญแจใหม่หลังจากนั้น"


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key that signs tokens, and what the public may know of it."""

    kid: str  # RFC 7638 thumbprint: the same key has the same name on every server
    private: Key
    public: Key
    published: dict[str, str]  # as a JSON Web Key, without the private part
    starts_at: datetime | None = None  # when it begins to sign; None: it always has


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says. Neither role nor status: those are read from the database."""

    user_id: str
    client_id: str | None  # None: the user signed in with a password
    session_id: str | None  # None: it is of no session
    begins_at: int  # seconds since 1970
    expires_at: int  # seconds since 1970

    def require_in_time(self, now: datetime) -> None:
        """
        Refuse a token that has not begun, or has ended.

        Raises:
            TokenRefusedError: as it says.
        """
        present = now.timestamp()
        if self.begins_at > present + LEEWAY_S or self.expires_at <= present - LEEWAY_S:
            raise TokenRefusedError


@dataclass(slots=True)
class TokenKeys:
    """
    The keys whose tokens are accepted, the newest first; the first whose time has come signs.

    A key is published before it signs, so that whoever checks tokens knows it by then, and is
    accepted until the last token it signed has ended.
    """

    keys: tuple[TokenKey, ...]

    def issue(
        self, *, user_id: str, client_id: str | None, now: datetime, session_id: str | None = None
    ) -> str:
        """
        Sign a token.

        Args:
            user_id: whom it stands for.
            client_id: the API key that asked for it; None where a password did.
            now: when it begins; it ends `LIFETIME_S` later.
            session_id: the sign-in that it comes of, and ends with; None: of none.
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
            **({} if session_id is None else {"sid": session_id}),
        }
        # The oldest one where the clock has gone back behind them all.
        signing = next((key for key in self.keys if _has_begun(key, now)), self.keys[-1])
        return jwt.encode(claims, signing.private, ALGORITHM, {"kid": signing.kid})

    def read(self, token: str, *, now: datetime) -> Claims:
        """
        Return what a token says, once everything about it has been found good.

        Raises:
            TokenRefusedError: anything at all is wrong with it; which thing is not told.
        """
        claims = self.open(token, now=now)
        claims.require_in_time(now)
        return claims

    def open(self, token: str, *, now: datetime) -> Claims:
        """
        Return what a token says, found good but for its time, which `Claims` is asked about.

        Raises:
            TokenRefusedError: as `read`.
        """
        if len(token) > TOKEN_BYTES_MAX or not _FORM.fullmatch(token):
            raise TokenRefusedError
        try:
            header = jwt.get_unverified_header(token)
            claims = jwt.decode(
                token,
                self._key_for(header, now).public,
                [ALGORITHM],
                options=_OPTIONS,
                audience=AUDIENCE,
                issuer=ISSUER,
            )
        # Beside its own errors the library lets through what broken numbers and deep nesting cause.
        except (JOSEError, ValueError, TypeError, ArithmeticError, RecursionError):
            raise TokenRefusedError from None
        return _checked(claims)

    def published(self, *, now: datetime) -> list[dict[str, str]]:
        """Return the public keys as JSON Web Keys, for whoever wants to check a token."""
        return [key.published for key in self.accepted(now)]

    def accepted(self, now: datetime) -> tuple[TokenKey, ...]:
        """Return the keys up to the one that signs, and those whose tokens may still live."""
        over = now - timedelta(seconds=LIFETIME_S + 2 * LEEWAY_S)
        for count, key in enumerate(self.keys, start=1):
            if key.starts_at is not None and key.starts_at <= over:
                return self.keys[:count]
        return self.keys

    def _key_for(self, header: dict[str, object], now: datetime) -> TokenKey:
        # Exactly these three: so neither crit, which the library ignores, nor a key or the address
        # of a key brought along (jwk, jku, x5u, x5c) ever reaches it.
        if header.keys() != _HEADER or header["typ"] != "JWT" or header["alg"] != ALGORITHM:
            raise TokenRefusedError
        for key in self.accepted(now):
            if key.kid == header["kid"]:
                return key
        raise TokenRefusedError


def _checked(claims: dict[str, object]) -> Claims:
    # The library takes "600" and 1e3 for times, lets an iat in the future pass and knows no longest
    # life.
    expires, issued, begins = (claims.get(name) for name in _TIMES)
    if not (type(begins) is int and type(issued) is int and type(expires) is int):
        raise TokenRefusedError
    if not (min(begins, issued, expires) >= 0 and expires <= issued + LIFETIME_S < _LATEST):
        raise TokenRefusedError
    user_id, token_id = claims["sub"], claims["jti"]
    if claims["aud"] != AUDIENCE or not (isinstance(token_id, str) and token_id):
        raise TokenRefusedError
    if not (isinstance(user_id, str) and _ID.fullmatch(user_id)):
        raise TokenRefusedError
    client_id, session_id = _id_or_none(claims, "cid"), _id_or_none(claims, "sid")
    return Claims(user_id, client_id, session_id, max(begins, issued), expires)


def _id_or_none(claims: dict[str, object], name: str) -> str | None:
    found = claims.get(name)
    if found is not None and not (isinstance(found, str) and _ID.fullmatch(found)):
        raise TokenRefusedError
    return found


def _has_begun(key: TokenKey, now: datetime) -> bool:
    return key.starts_at is None or key.starts_at <= now


def load_or_make_key(path: Path) -> TokenKey:
    """
    Read the signing key from a PEM file, or make one there that only its owner can read.

    Several servers may start at once: the first one's file stands, and the others read it.

    Raises:
        ValueError: the file holds something else than a private key on the curve P-256.
    """
    if not path.exists():
        make_once(path, _pem(ec.generate_private_key(ec.SECP256R1())))
    return _read_key(path, None)


def load_keys(folder: Path) -> tuple[TokenKey, ...]:
    """
    Read all signing keys of an installation, the newest first; make the first one.

    Raises:
        ValueError: as `load_or_make_key`, or a file's name does not say when its key begins.
    """
    later = sorted(folder.glob(_LATER_FILES), reverse=True)
    keys = tuple(_read_key(path, _starts_at(path)) for path in later)
    first = folder / KEY_FILE
    return keys if keys and not first.exists() else (*keys, load_or_make_key(first))


def add_key(folder: Path, *, now: datetime, starts_at: datetime) -> None:
    """
    Make the next signing key; servers find it within a minute, and those elsewhere get a copy.

    Keys whose last token has ended are removed.

    Args:
        folder: where the keys are.
        now: the present moment.
        starts_at: when it begins to sign, to the second.

    Raises:
        KeyWaitingError: the last one that was made has not begun yet.
    """
    keys = TokenKeys(load_keys(folder))
    waiting = next((key.starts_at for key in keys.keys if not _has_begun(key, now)), None)
    if waiting is not None:
        raise KeyWaitingError(starts_at=waiting.isoformat())
    made = _new_key(folder, starts_at)
    _keep(folder, {key.kid for key in keys.accepted(now)} | {made.kid})


def drop_others(folder: Path, *, starts_at: datetime) -> None:
    """Make a signing key that begins now, and remove all others: nobody's token stays good."""
    _keep(folder, {_new_key(folder, starts_at).kid})


def _new_key(folder: Path, starts_at: datetime) -> TokenKey:
    path = folder / f"token-key-{starts_at.astimezone(UTC):{_MOMENT}}.pem"
    make_once(path, _pem(ec.generate_private_key(ec.SECP256R1())))
    return _read_key(path, starts_at)


def _keep(folder: Path, kids: Collection[str]) -> None:
    for path in (folder / KEY_FILE, *folder.glob(_LATER_FILES)):
        if path.exists() and _read_key(path, None).kid not in kids:
            path.unlink()


def _starts_at(path: Path) -> datetime:
    text = path.stem.removeprefix("token-key-")
    return datetime.strptime(text, _MOMENT).replace(tzinfo=UTC)


def _read_key(path: Path, starts_at: datetime | None) -> TokenKey:
    private = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.curve.name != "secp256r1":
        raise ValueError(f"{path.name} does not hold a private key on the curve P-256")
    return _token_key(private, starts_at)


def _token_key(private: ec.EllipticCurvePrivateKey, starts_at: datetime | None) -> TokenKey:
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
        starts_at=starts_at,
    )


def _pem(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
