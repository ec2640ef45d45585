"""A6: signed requests (RFC 9421), repeated, old, changed, half covered."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from attack_acts import BUYER, CITY
from attack_door import Answer
from attack_report import require
from attack_scene import Scene
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver
from http_message_signatures.algorithms import ED25519

PATH: Final = "/v1/transfers"
COVERED: Final = ("@method", "@target-uri", "authorization", "content-type", "idempotency-key")
Json = dict[str, Any]


@dataclass
class _Message:
    """A request as the library signs it, and as it is sent."""

    url: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"


@dataclass
class _Machine:
    """A key that signs, and credits to move."""

    scene: Scene
    key_id: str
    token: str
    body: Json
    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def message(self, **changed: Any) -> _Message:  # noqa: ANN401
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": secrets.token_hex(16),
        }
        url = f"{self.scene.door.address}{PATH}"
        return _Message(**{"url": url, "headers": headers, "body": _bytes(self.body), **changed})

    def sign(
        self,
        message: _Message,
        *,
        covered: Sequence[str] = COVERED,
        ago: timedelta = timedelta(0),
        with_body: bool = True,
        **more: Any,  # noqa: ANN401
    ) -> _Message:
        named = {"key_id": self.key_id, "tag": "registry", "nonce": secrets.token_hex(16), **more}
        resolver = MappingKeyResolver(public_keys={}, private_keys={named["key_id"]: self.private})
        HTTPMessageSigner(signature_algorithm=ED25519, key_resolver=resolver).sign(
            message,
            created=datetime.now(UTC) - ago,
            covered_component_ids=covered,
            body=message.body if with_body else None,
            **named,
        )
        return message

    def send(self, message: _Message, path: str = PATH) -> Answer:
        ask = self.scene.door.ask
        return ask("POST", path, body=message.body, headers=message.headers)


def forge_signatures(scene: Scene) -> str:
    """Move credits with a stolen secret and everything that was ever sent, without the key."""
    machine = _a_machine(scene)
    size = scene.log_size()
    tried = 0
    for name, code, attempt in _attempts(machine):
        answer = attempt()
        tried += 1
        require(answer.status == 401, f"{name}: {answer.status} {answer.code}")  # noqa: PLR2004
        require(answer.code == code, f"{name}: {answer.code}, not {code}")
    require(scene.log_size() == size, "credits moved")
    good = machine.sign(machine.message())
    with ThreadPoolExecutor(8) as senders:
        statuses = list(senders.map(lambda _: machine.send(good).status, range(8)))
    require(statuses.count(201) == 1, f"one request, sent eight times at once: {statuses}")
    require(statuses.count(401) == 7, f"one request, sent eight times at once: {statuses}")  # noqa: PLR2004
    require(scene.log_size() == size + 1, "more than one act")
    return f"{tried} requests refused, credits stay; a good one that is sent 8 times is done once"


def _a_machine(scene: Scene) -> _Machine:
    person = scene.token(CITY)
    private = Ed25519PrivateKey.generate()
    public_key = base64.b64encode(private.public_key().public_bytes_raw()).decode()
    issued = scene.door.ask(
        "POST",
        f"/v1/users/{scene.user_of(person)['id']}/keys",
        token=person,
        body={"label": "Exchange", "public_key": public_key},
    ).json()
    grant = {
        "grant_type": "client_credentials",
        "client_id": issued["id"],
        "client_secret": issued["client_secret"],
    }
    token = scene.door.ask("POST", "/v1/tokens", body=grant).json()["access_token"]
    body = {
        "from_account": scene.account_of(person),
        "to_account": scene.account_of(scene.token(BUYER)),
        "credits": 1,
    }
    return _Machine(scene, issued["id"], token, body, private)


def _attempts(machine: _Machine) -> Iterator[tuple[str, str, Callable[[], Answer]]]:
    message, send = machine.message, machine.send
    wrong, incomplete = "signature_wrong", "signature_incomplete"

    def signed(path: str = PATH, *, of: _Message | None = None, **how: Any) -> Callable[[], Answer]:  # noqa: ANN401
        return lambda: send(machine.sign(of or message(), **how), path)

    yield "no signature", "signature_required", lambda: send(message())
    yield "a dry run", "signature_required", lambda: send(message(), f"{PATH}?dry_run=true")
    for seconds in (62, 7_200, -35):
        yield f"{seconds} s old", "signature_stale", signed(ago=timedelta(seconds=seconds))
    yield from _changed(machine)
    yield "another host", wrong, signed(of=message(url=f"http://registry.example{PATH}"))
    other = f"{machine.scene.door.address}/v1/retirements"
    yield "another address", wrong, signed(of=message(url=other))
    yield "another query", wrong, signed(f"{PATH}?dry_run=false")
    yield "another method", wrong, signed(of=message(method="PUT"))
    for left_out in COVERED:
        fewer = [name for name in COVERED if name != left_out]
        yield f"without {left_out}", incomplete, signed(covered=fewer)
    yield "without the body", incomplete, signed(with_body=False)
    yield "without a nonce", incomplete, signed(nonce=None)
    yield "a short nonce", incomplete, signed(nonce="1")
    yield "for somebody else", wrong, signed(tag="another-service")
    yield "another keyid", wrong, signed(key_id="key_" + "0" * 26)
    thief = _Machine(machine.scene, machine.key_id, machine.token, machine.body)
    yield "another key pair", wrong, lambda: send(thief.sign(message()))


def _changed(machine: _Machine) -> Iterator[tuple[str, str, Callable[[], Answer]]]:
    sign, message, send = machine.sign, machine.message, machine.send
    more = _bytes({**machine.body, "credits": 1_000})
    digest = {"Content-Digest": sign(message(body=more)).headers["Content-Digest"]}
    renamed = {"Idempotency-Key": secrets.token_hex(16)}
    wrong = "signature_wrong"
    yield "another body", "content_digest_wrong", lambda: send(_with(sign(message()), body=more))
    yield (
        "another body and its digest",
        wrong,
        lambda: send(_with(sign(message()), body=more, headers=digest)),
    )
    yield "another key", wrong, lambda: send(_with(sign(message()), headers=renamed))


def _with(message: _Message, *, body: bytes | None = None, headers: Json | None = None) -> _Message:
    return _Message(message.url, {**message.headers, **(headers or {})}, body or message.body)


def _bytes(body: Json) -> bytes:
    return json.dumps(body).encode()
