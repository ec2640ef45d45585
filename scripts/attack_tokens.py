"""A1 and A2: without a token, with one that is over, and with forged ones."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from attack_report import require
from attack_scene import Scene
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

UNAUTHORIZED: Final = 401
HEAD_BYTES_MAX: Final = 2**16
Json = dict[str, Any]
_METHODS: Final = ("get", "post", "put", "patch", "delete")


def walk_without_rights(scene: Scene) -> str:
    """A1: every operation that asks who calls, for nobody and for a token that is over."""
    forger = Forger.of(scene)
    over = forger.signed({"exp": int(time.time()) - 60, "iat": int(time.time()) - 600})
    asked = 0
    size = scene.log_size()
    for method, path, operation in operations(scene.document):
        security = operation.get("security")
        if security is None:
            continue
        address = _filled(path, operation)
        strict = {} not in security
        for token, must in ((None, strict), (over, True)):
            answer = scene.door.ask(method, address, token=token, key=True)
            asked += 1
            let_in = must and answer.status != UNAUTHORIZED
            require(not let_in, f"{method} {path} answers {answer.status}")
    require(scene.log_size() == size, "an act was left by somebody who is not signed in")
    return (
        f"{asked} requests, 401 wherever somebody must be signed in; roles and owners are walked "
        "through by tests/contract/test_matrix.py"
    )


def forge_tokens(scene: Scene) -> str:
    """A2: tokens that look good, and are not."""
    forger = Forger.of(scene)
    good = forger.good
    require(scene.door.ask("GET", "/v1/users/me", token=good).status == 200, "no good token")  # noqa: PLR2004
    forged = dict(forger.forged())
    for name, token in forged.items():
        head = f"GET /v1/users/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
        status = scene.door.raw([head.encode()])
        # What is longer than a head may be does not come as far as being read.
        refused = {UNAUTHORIZED} if len(token) < HEAD_BYTES_MAX else {431, None}
        require(status in refused, f"{name}: {status}")
    return f"{len(forged)} forged tokens, none let in"


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Yield every operation: method, address, description."""
    for path, described in document["paths"].items():
        for method in _METHODS:
            if method in described:
                yield method.upper(), path, described[method]


def _filled(path: str, operation: Json) -> str:
    """Return an address with the examples of its parameters."""
    examples = {
        parameter["name"]: str(example_of(parameter))
        for parameter in operation["parameters"]
        if parameter.get("in") == "path"
    }
    return re.sub(r"\{(\w+)\}", lambda found: examples[found[1]], path)


def example_of(parameter: Json) -> object:
    """Return what the description gives as an example of a parameter."""
    examples = parameter.get("examples") or parameter["schema"].get("examples")
    if isinstance(examples, dict):
        examples = [example["value"] for example in examples.values()]
    return examples[0] if examples else parameter.get("example", "x")


@dataclass(frozen=True)
class Forger:
    """Somebody who has the public keys, a good token, and a key pair of their own."""

    good: str
    published: Json
    own: ec.EllipticCurvePrivateKey

    @classmethod
    def of(cls, scene: Scene) -> Forger:
        """Take what anybody can have."""
        keys = scene.door.ask("GET", "/v1/tokens/keys").json()["keys"]
        good = scene.token("administrator@tgo.example")
        return cls(good, keys[0], ec.generate_private_key(ec.SECP256R1()))

    @property
    def header(self) -> Json:
        """What the head of a good token says."""
        return {"alg": "ES256", "typ": "JWT", "kid": self.published["kid"]}

    @property
    def claims(self) -> Json:
        """What a good token says."""
        found: Json = json.loads(_decoded(self.good.split(".")[1]))
        return found

    def signed(self, claims: Json | None = None, header: Json | None = None) -> str:
        """Return a token signed with the forger's own key."""
        said = {name: v for name, v in (self.claims | (claims or {})).items() if v is not None}
        text = f"{_part(self.header | (header or {}))}.{_part(said)}"
        r, s = decode_dss_signature(self.own.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{text}.{_encoded(r.to_bytes(32) + s.to_bytes(32))}"

    def by_mac(self, secret: bytes, header: Json | None = None) -> str:
        """Return a token with a keyed digest in place of a signature."""
        text = f"{_part(self.header | {'alg': 'HS256'} | (header or {}))}.{_part(self.claims)}"
        return f"{text}.{_encoded(hmac.digest(secret, text.encode(), hashlib.sha256))}"

    def forged(self) -> Iterator[tuple[str, str]]:
        """Yield forgeries by what is wrong with them."""
        yield from self._of_algorithms()
        yield from self._of_keys()
        yield from self._of_claims()
        yield from self._of_form()

    def _of_algorithms(self) -> Iterator[tuple[str, str]]:
        body = self.good.split(".")[1]
        for alg in ("none", "None", "NONE", "nOnE"):
            yield f"alg {alg}", f"{_part(self.header | {'alg': alg})}.{body}."
        public = _public_key(self.published)
        pem = public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        der = public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        yield "HS256 with the public key as PEM", self.by_mac(pem)
        yield "HS256 with the public key as DER", self.by_mac(der)
        yield "HS256 with nothing", self.by_mac(b"")
        yield "HS256 said to be ES256", self.by_mac(pem, {"alg": "ES256"})

    def _of_keys(self) -> Iterator[tuple[str, str]]:
        numbers = self.own.public_key().public_numbers()
        jwk = {
            "kty": "EC",
            "crv": "P-256",
            "kid": self.published["kid"],
            "x": _encoded(numbers.x.to_bytes(32)),
            "y": _encoded(numbers.y.to_bytes(32)),
        }
        yield "another key under the known name", self.signed()
        yield "an unknown kid", self.signed(header={"kid": "0" * 43})
        yield "a kid that is a path", self.signed(header={"kid": "../../../../dev/null"})
        yield "a kid that is SQL", self.signed(header={"kid": "' OR '1'='1"})
        yield "no kid", self.signed(header={"kid": None})
        yield "a key brought along (jwk)", self.signed(header={"jwk": jwk})
        yield "the address of a key (jku)", self.signed(header={"jku": "http://127.0.0.1:1/keys"})
        yield "a certificate (x5c)", self.signed(header={"x5c": ["MIIB"]})
        yield "an unknown crit", self.signed(header={"crit": ["x"], "x": 1})
        yield "another typ", self.signed(header={"typ": "at+jwt"})

    def _of_claims(self) -> Iterator[tuple[str, str]]:
        for name in ("exp", "iat", "nbf", "aud", "iss", "sub", "jti"):
            yield f"no {name}", self.signed({name: None})
        head, body, mark = self.good.split(".")
        other = {**self.claims, "sub": "usr_01kb5w6yk2e0hr9h5y0s8v2a3b"}
        yield "another person, the good signature", f"{head}.{_part(other)}.{mark}"
        longer = {**self.claims, "exp": int(time.time()) + 10**8}
        yield "a longer life, the good signature", f"{head}.{_part(longer)}.{mark}"
        yield "another audience", self.signed({"aud": "somebody-else"})
        yield "no signature", f"{head}.{body}."

    def _of_form(self) -> Iterator[tuple[str, str]]:
        head, body, mark = self.good.split(".")
        yield "a fourth part", f"{self.good}.{mark}"
        yield "five parts, as encrypted ones have", f"{head}..{body}.{mark}.{mark}"
        yield "a signature of zeros", f"{head}.{body}.{_encoded(bytes(64))}"
        yield "a signature cut short", f"{head}.{body}.{mark[:-4]}"
        yield "the signature of another", f"{head}.{body}.{_encoded(secrets.token_bytes(64))}"
        yield "a head that is no JSON", f"{_encoded(b'{')}.{body}.{mark}"
        yield "a deep head", f"{_encoded(b'[' * 5_000)}.{body}.{mark}"
        yield "ten thousand letters", "a" * 10_000
        yield "a million letters", "a" * 1_000_000


def _public_key(published: Json) -> ec.EllipticCurvePublicKey:
    x, y = (int.from_bytes(_decoded(published[name])) for name in ("x", "y"))
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()


def _part(said: Json) -> str:
    return _encoded(json.dumps({k: v for k, v in said.items() if v is not None}).encode())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
