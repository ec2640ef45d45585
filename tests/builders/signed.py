"""Machines that sign what they send, with the client's side of the library."""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver
from http_message_signatures.algorithms import ED25519

from app.kernel import clock
from app.registry.parties.policy import Actor
from tests.builders.parties import Service, bearer
from tests.builders.signing_in import TOKENS, bearing, by_key

COVERED: Final = ("@method", "@target-uri", "authorization", "content-type", "idempotency-key")


@dataclass
class Machine:
    """An API key that signs, and its private key."""

    key_id: str
    headers: dict[str, str]  # its token
    private: Ed25519PrivateKey

    def sign(
        self,
        request: httpx2.Request,
        *,
        covered: Sequence[str] = COVERED,
        with_body: bool = True,
        ago: timedelta = timedelta(0),
        nonce: str | None = None,
        **more: Any,  # noqa: ANN401
    ) -> httpx2.Request:
        """Sign a request in place, and return it."""
        named = {"tag": "registry", "key_id": self.key_id, **more}
        resolver = MappingKeyResolver(public_keys={}, private_keys={named["key_id"]: self.private})
        HTTPMessageSigner(signature_algorithm=ED25519, key_resolver=resolver).sign(
            request,
            created=clock.now() - ago,
            nonce=nonce or secrets.token_urlsafe(16),
            covered_component_ids=[
                name for name in covered if name.startswith("@") or name in request.headers
            ],
            body=request.read() if with_body else None,
            **named,
        )
        return request

    def expires(self, after: timedelta) -> datetime:
        """Return a moment for `sign` to say as the end."""
        return clock.now() + after


def public_key_of(private: Ed25519PrivateKey) -> str:
    """Return what the service is told of a key."""
    return base64.b64encode(private.public_key().public_bytes_raw()).decode()


async def a_machine(api: Service, actor: Actor, **limits: object) -> Machine:
    """Issue a key that signs, and sign it in."""
    private = Ed25519PrivateKey.generate()
    issued = await api.post(
        f"/v1/users/{actor.user_id}/keys",
        json={"label": "Exchange", "public_key": public_key_of(private), **limits},
        headers=bearer(api, actor),
    )
    assert issued.status_code == 201, issued.text
    key = issued.json()
    assert key["public_key"] == public_key_of(private)
    token = await api.post(TOKENS, json=by_key(key["id"], key["client_secret"]))
    assert token.status_code == 200, token.text
    return Machine(key["id"], bearing(token.json()), private)
