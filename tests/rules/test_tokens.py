"""Access tokens: ours are read, and no forged one is."""

import base64
import hashlib
import hmac
import json
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from app.entry.tokens import (
    LEEWAY_S,
    LIFETIME_S,
    TOKEN_BYTES_MAX,
    KeyWaitingError,
    TokenKey,
    TokenKeys,
    TokenRefusedError,
    add_key,
    drop_others,
    load_keys,
    load_or_make_key,
)
from app.kernel import clock
from app.kernel.encoding import canonical_bytes, sha256

USER = "usr_01kb5b1j0dfz5r5d8r4v5e2c3a"
OTHER_USER = "usr_01kb5b1j0dfz5r5d8r4v5e2c3b"
CLIENT = "key_01kb5b1j0dfz5r5d8r4v5e2c3a"
SESSION = "ses_01kb5b1j0dfz5r5d8r4v5e2c3a"


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "token-key.pem"
    load_or_make_key(path)
    return path


@pytest.fixture(scope="module")
def key(key_file: Path) -> TokenKey:
    return load_or_make_key(key_file)


@pytest.fixture(scope="module")
def keys(key: TokenKey) -> TokenKeys:
    return TokenKeys((key,))


class Forger:
    """Signs whatever it likes with our own key: so that only the one thing forged is wrong."""

    def __init__(self, path: Path, key: TokenKey) -> None:
        loaded = serialization.load_pem_private_key(path.read_bytes(), password=None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)
        self.private = loaded
        self.public = loaded.public_key()
        self.header: dict[str, Any] = {"alg": "ES256", "kid": key.kid, "typ": "JWT"}
        now = int(clock.now().timestamp())
        self.claims: dict[str, Any] = {
            "iss": "registry",
            "aud": "registry-api",
            "sub": USER,
            "jti": "abc",
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME_S,
        }

    def sign(self, header: dict[str, Any], claims: dict[str, Any] | bytes) -> str:
        """Sign with our own key."""
        return self.seal(header, claims, self.es256(self.private))

    def seal(
        self,
        header: dict[str, Any],
        claims: dict[str, Any] | bytes,
        signer: Callable[[bytes], bytes],
    ) -> str:
        """Put a token together, with any signature."""
        body = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
        signed = f"{text(json.dumps(header).encode())}.{text(body)}"
        return f"{signed}.{text(signer(signed.encode()))}"

    def with_header(self, **members: object) -> str:
        """Return a token with other or more members of the header."""
        return self.sign({**self.header, **members}, self.claims)

    def without_header(self, name: str) -> str:
        """Return a token without a member of the header."""
        return self.sign({k: v for k, v in self.header.items() if k != name}, self.claims)

    def with_claims(self, **members: object) -> str:
        """Return a token with other or more claims."""
        return self.sign(self.header, {**self.claims, **members})

    def without_claim(self, name: str) -> str:
        """Return a token without a claim."""
        return self.sign(self.header, {k: v for k, v in self.claims.items() if k != name})

    def with_secret(self, form: serialization.Encoding) -> str:
        """Sign with HMAC, taking our public key's bytes for the secret."""
        secret = self.public.public_bytes(form, serialization.PublicFormat.SubjectPublicKeyInfo)
        header = {**self.header, "alg": "HS256"}
        return self.seal(
            header, self.claims, lambda data: hmac.digest(secret, data, hashlib.sha256)
        )

    def good(self) -> str:
        """Return a token with nothing wrong."""
        return self.sign(self.header, self.claims)

    @staticmethod
    def es256(private: ec.EllipticCurvePrivateKey) -> Callable[[bytes], bytes]:
        """Return what signs with a key."""

        def signer(data: bytes) -> bytes:
            r, s = decode_dss_signature(private.sign(data, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")

        return signer


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def forger(key_file: Path, key: TokenKey) -> Forger:
    return Forger(key_file, key)


def test_the_forger_can_make_a_good_token(forger: Forger, keys: TokenKeys) -> None:
    """Otherwise the refusals below would prove nothing."""
    assert keys.read(forger.good(), now=clock.now()).user_id == USER


def seconds(offset: int) -> int:
    return int(clock.now().timestamp()) + offset


def stranger() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def swapped_payload(f: Forger) -> str:
    header, _, signature = f.good().split(".")
    other = text(json.dumps({**f.claims, "sub": OTHER_USER}).encode())
    return f"{header}.{other}.{signature}"


def as_rs256(f: Forger) -> str:
    private = rsa.generate_private_key(65537, 2048)
    header = {**f.header, "alg": "RS256"}
    return f.seal(header, f.claims, lambda d: private.sign(d, padding.PKCS1v15(), hashes.SHA256()))


def own_jwk(f: Forger) -> str:
    return f.seal({**f.header, "jwk": {"kty": "EC"}}, f.claims, f.es256(stranger()))


FORGED: dict[str, Callable[[Forger], str]] = {
    "no algorithm, no signature": lambda f: f.seal(
        {**f.header, "alg": "none"}, f.claims, lambda _: b""
    ),
    "no algorithm, some signature": lambda f: f.with_header(alg="none"),
    "HS256 with the public key as PEM": lambda f: f.with_secret(serialization.Encoding.PEM),
    "HS256 with the public key as DER": lambda f: f.with_secret(serialization.Encoding.DER),
    "RS256 with a stranger's key": as_rs256,
    "ES384 announced": lambda f: f.with_header(alg="ES384"),
    "algorithm in small letters": lambda f: f.with_header(alg="es256"),
    "algorithm is a list": lambda f: f.with_header(alg=["ES256"]),
    "another key": lambda f: f.seal(f.header, f.claims, f.es256(stranger())),
    "payload exchanged": swapped_payload,
    "signature cut": lambda f: f.good()[:-4],
    "signature missing": lambda f: f.good().rsplit(".", 1)[0] + ".",
    "signature of zeros": lambda f: f.seal(f.header, f.claims, lambda _: bytes(64)),
    "unknown kid": lambda f: f.with_header(kid="other"),
    "kid is a path": lambda f: f.with_header(kid="../../etc/passwd"),
    "kid is a list": lambda f: f.with_header(kid=["x"]),
    "no kid": lambda f: f.without_header("kid"),
    "no typ": lambda f: f.without_header("typ"),
    "typ of another protocol": lambda f: f.with_header(typ="at+jwt"),
    "crit": lambda f: f.with_header(crit=["b64"], b64=True),
    "jku": lambda f: f.with_header(jku="https://example.org/keys"),
    "jwk brought along": own_jwk,
    "x5u": lambda f: f.with_header(x5u="https://example.org/cert"),
    "compressed": lambda f: f.with_header(zip="DEF"),
    "another audience": lambda f: f.with_claims(aud="other"),
    "several audiences": lambda f: f.with_claims(aud=["registry-api", "other"]),
    "another issuer": lambda f: f.with_claims(iss="other"),
    "subject is a number": lambda f: f.with_claims(sub=5),
    "subject is no identifier": lambda f: f.with_claims(sub="x' or 1=1 --"),
    "client is no identifier": lambda f: f.with_claims(cid={"a": 1}),
    "token id is empty": lambda f: f.with_claims(jti=""),
    "issued in the future": lambda f: f.with_claims(iat=seconds(LEEWAY_S + 10)),
    "not yet begun": lambda f: f.with_claims(nbf=seconds(LEEWAY_S + 10)),
    "ended": lambda f: f.with_claims(
        iat=seconds(-LIFETIME_S), nbf=seconds(-LIFETIME_S), exp=seconds(-LEEWAY_S - 1)
    ),
    "lives too long": lambda f: f.with_claims(exp=seconds(LIFETIME_S + 5)),
    "lives from long ago": lambda f: f.with_claims(iat=seconds(-LIFETIME_S - 5)),
    "end is text": lambda f: f.with_claims(exp=str(seconds(60))),
    "end is a fraction": lambda f: f.with_claims(exp=seconds(60) + 0.5),
    "end is true": lambda f: f.with_claims(exp=True),
    "end is infinite": lambda f: f.sign(
        f.header, json.dumps(f.claims).replace(str(f.claims["exp"]), "1e999").encode()
    ),
    "end is null": lambda f: f.with_claims(exp=None),
    "claims are a list": lambda f: f.sign(f.header, b"[]"),
    "claims are nested deeply": lambda f: f.sign(f.header, b"[" * 4_000),
    "claims are no JSON": lambda f: f.sign(f.header, b"\xff\xfe"),
    "padded with =": lambda f: f.good() + "==",
    "too large": lambda f: f.with_claims(more="x" * TOKEN_BYTES_MAX),
    "five parts, as if encrypted": lambda f: f.good() + ".a.b",
    "empty": lambda _: "",
    "dots": lambda _: "..",
    "words": lambda _: "not a token",
    "Thai digits": lambda _: "๑.๒.๓",
    "no iss": lambda f: f.without_claim("iss"),
    "no aud": lambda f: f.without_claim("aud"),
    "no sub": lambda f: f.without_claim("sub"),
    "no jti": lambda f: f.without_claim("jti"),
    "no iat": lambda f: f.without_claim("iat"),
    "no nbf": lambda f: f.without_claim("nbf"),
    "no exp": lambda f: f.without_claim("exp"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_token_is_refused(name: str, forger: Forger, keys: TokenKeys) -> None:
    with pytest.raises(TokenRefusedError):
        keys.read(FORGED[name](forger), now=clock.now())


@pytest.mark.parametrize("client_id", [None, CLIENT])
def test_a_token_of_ours_is_read_back(client_id: str | None, keys: TokenKeys) -> None:
    now = clock.now()
    token = keys.issue(user_id=USER, client_id=client_id, now=now, session_id=SESSION)
    claims = keys.read(token, now=now)
    assert (claims.user_id, claims.client_id, claims.session_id) == (USER, client_id, SESSION)
    assert claims.expires_at == int(now.timestamp()) + LIFETIME_S


def test_no_two_tokens_are_alike(keys: TokenKeys) -> None:
    now = clock.now()
    assert keys.issue(user_id=USER, client_id=None, now=now) != keys.issue(
        user_id=USER, client_id=None, now=now
    )


def test_a_token_ends_ten_minutes_after_it_began(keys: TokenKeys) -> None:
    """With half a minute for clocks that differ, and not a second more."""
    now = datetime.fromtimestamp(int(clock.now().timestamp()), UTC)
    token = keys.issue(user_id=USER, client_id=None, now=now)
    end = now + timedelta(seconds=LIFETIME_S + LEEWAY_S)
    keys.read(token, now=end - timedelta(seconds=1))
    with pytest.raises(TokenRefusedError):
        keys.read(token, now=end)


def test_a_clock_that_runs_ahead_a_little_is_forgiven(forger: Forger, keys: TokenKeys) -> None:
    ahead = seconds(LEEWAY_S - 5)
    keys.read(forger.with_claims(iat=ahead, nbf=ahead, exp=ahead + LIFETIME_S), now=clock.now())


def test_a_token_carries_no_role_and_no_person(keys: TokenKeys) -> None:
    """Roles are read from the database; whoever finds a token learns nobody's name."""
    payload = keys.issue(user_id=USER, client_id=None, now=clock.now()).split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert claims.keys() == {"iss", "aud", "sub", "jti", "iat", "nbf", "exp"}


def test_tokens_of_an_older_key_are_still_read(tmp_path: Path, keys: TokenKeys) -> None:
    """A new key must not sign everybody out."""
    now = clock.now()
    renewed = TokenKeys((load_or_make_key(tmp_path / "new.pem"), *keys.keys))
    renewed.read(keys.issue(user_id=USER, client_id=None, now=now), now=now)
    with pytest.raises(TokenRefusedError):
        keys.read(renewed.issue(user_id=USER, client_id=None, now=now), now=now)


def test_only_the_public_half_is_published(keys: TokenKeys) -> None:
    (published,) = keys.published(now=clock.now())
    assert published.keys() == {"kty", "crv", "x", "y", "kid", "alg", "use"}


def test_a_key_is_named_by_its_thumbprint(key: TokenKey) -> None:
    """Source: RFC 7638 section 3."""
    members = {name: key.published[name] for name in ("crv", "kty", "x", "y")}
    assert key.kid == text(sha256(canonical_bytes(members)))


def test_a_new_key_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "key.pem"
    made = load_or_make_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_make_key(path).kid == made.kid
    assert [file.name for file in path.parent.iterdir()] == ["key.pem"]


def test_servers_that_start_together_share_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: load_or_make_key(tmp_path / "key.pem").kid, range(16)))
    assert len(set(made)) == 1


@pytest.mark.parametrize(
    "private",
    [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)],
    ids=["P-384", "RSA"],
)
def test_a_key_of_another_kind_is_refused(
    private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    with pytest.raises(ValueError, match=r"key\.pem does not hold"):
        load_or_make_key(path)


# ------------------------------------------------------------------------------ rotation


def held(folder: Path) -> TokenKeys:
    return TokenKeys(load_keys(folder))


def kids(keys: TokenKeys, now: datetime) -> list[str]:
    return [key["kid"] for key in keys.published(now=now)]


def kid_of(token: str) -> str:
    header, _, _ = token.partition(".")
    return str(json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"])


def test_the_next_key_is_published_before_it_signs(tmp_path: Path) -> None:
    """And the old one is accepted until its last token has ended, by every server."""
    now = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
    (old,) = kids(held(tmp_path), now)
    starts_at = now + timedelta(days=1)
    add_key(tmp_path, now=now, starts_at=starts_at)
    keys = held(tmp_path)
    new, still = kids(keys, now)
    assert still == old
    before = keys.issue(user_id=USER, client_id=None, now=starts_at - timedelta(seconds=1))
    after = keys.issue(user_id=USER, client_id=None, now=starts_at)
    assert [kid_of(before), kid_of(after)] == [old, new]
    # A server whose clock is behind accepts what another already signs with the next key.
    keys.read(after, now=starts_at - timedelta(seconds=LEEWAY_S))
    keys.read(before, now=starts_at + timedelta(seconds=LIFETIME_S))
    later = starts_at + timedelta(seconds=LIFETIME_S + 2 * LEEWAY_S)
    assert kids(keys, later) == [new]
    with pytest.raises(TokenRefusedError):
        keys.open(before, now=later)


def test_one_key_waits_at_a_time(tmp_path: Path) -> None:
    now = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
    add_key(tmp_path, now=now, starts_at=now + timedelta(days=1))
    with pytest.raises(KeyWaitingError):
        add_key(tmp_path, now=now, starts_at=now + timedelta(days=2))


def test_keys_that_are_over_are_removed_with_the_next_rotation(tmp_path: Path) -> None:
    now = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
    for _ in range(3):
        add_key(tmp_path, now=now, starts_at=now + timedelta(days=1))
        now += timedelta(days=30)
    keys = load_keys(tmp_path)
    assert len(keys) == len(list(tmp_path.iterdir())) == 2
    assert not (tmp_path / "token-key.pem").exists()


def test_a_stolen_key_is_gone_at_once(tmp_path: Path) -> None:
    now = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
    stolen = held(tmp_path)
    drop_others(tmp_path, starts_at=now)
    with pytest.raises(TokenRefusedError):
        held(tmp_path).open(stolen.issue(user_id=USER, client_id=None, now=now), now=now)


def test_a_key_that_this_server_does_not_have_is_refused(tmp_path: Path, keys: TokenKeys) -> None:
    now = clock.now()
    other = held(tmp_path).issue(user_id=USER, client_id=None, now=now)
    with pytest.raises(TokenRefusedError):
        keys.read(other, now=now)
