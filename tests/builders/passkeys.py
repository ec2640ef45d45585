"""A device with passkeys, in software: what a browser and an authenticator do together."""

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from app.kernel.encoding import base64url, sha256
from tests.builders.parties import PASSWORD, Service
from tests.conftest import PAGE_OF_PASSKEYS, RP_ID

PASSKEYS: Final = "/v1/passkeys"
_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40
_AAGUID: Final = bytes(16)

Json = dict[str, Any]


@dataclass
class Device:
    """Makes passkeys and signs with them, on whatever page and as carelessly as a test says."""

    origin: str = PAGE_OF_PASSKEYS
    rp_id: str = RP_ID
    verifies: bool = True  # that it is its owner
    count: int = 1  # of what it does next
    keys: dict[str, ec.EllipticCurvePrivateKey] = field(default_factory=dict)
    owner: str | None = None  # its user handle

    def make(self, asked: Mapping[str, Any], *, attestation: str = "none") -> Json:
        """Make a passkey as `navigator.credentials.create` does."""
        credential_id, key = secrets.token_bytes(32), ec.generate_private_key(ec.SECP256R1())
        name = base64url(credential_id)
        self.keys[name], self.owner = key, asked["user"]["id"]
        numbers = key.public_key().public_numbers()
        cose = {
            1: 2,
            3: -7,
            -1: 1,
            -2: numbers.x.to_bytes(32, "big"),
            -3: numbers.y.to_bytes(32, "big"),
        }
        made = _AAGUID + len(credential_id).to_bytes(2, "big") + credential_id + cbor2.dumps(cose)
        data = self._data(_ATTESTED) + made
        self.count += 1
        whole = cbor2.dumps({"fmt": attestation, "attStmt": {}, "authData": data})
        response = {
            "clientDataJSON": self._client("webauthn.create", asked["challenge"]),
            "attestationObject": base64url(whole),
            "transports": ["internal"],
        }
        return _credential(name, response)

    def sign(self, asked: Mapping[str, Any], *, name: str | None = None) -> Json:
        """Sign as `navigator.credentials.get` does, with the passkey of a name or the last one."""
        name = name or list(self.keys)[-1]
        data, client = self._data(0), self._client("webauthn.get", asked["challenge"])
        signed = data + sha256(_decoded(client))
        response = {
            "clientDataJSON": client,
            "authenticatorData": base64url(data),
            "signature": base64url(self.keys[name].sign(signed, ec.ECDSA(hashes.SHA256()))),
            "userHandle": self.owner,
        }
        self.count += 1
        return _credential(name, response)

    def _data(self, more: int) -> bytes:
        flags = _PRESENT | (_VERIFIED if self.verifies else 0) | more
        return sha256(self.rp_id.encode()) + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str) -> str:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return base64url(json.dumps(said).encode())


def _credential(name: str, response: Json) -> Json:
    return {
        "id": name,
        "rawId": name,
        "type": "public-key",
        "response": response,
        "authenticatorAttachment": "platform",
        "clientExtensionResults": {},
    }


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def made_by(api: Service, headers: Mapping[str, str], device: Device) -> Json:
    """Begin to register a passkey, and return what the device made."""
    body = {"current_password": PASSWORD}
    asked = await api.post(f"{PASSKEYS}/registration", json=body, headers=headers)
    assert asked.status_code == 200, asked.text
    return device.make(asked.json())


async def register(
    api: Service, headers: Mapping[str, str], device: Device, *, name: str = "Phone"
) -> str:
    """Register a passkey of a device; returns its identifier."""
    credential = await made_by(api, headers, device)
    body = {"name": name, "credential": credential}
    added = await api.post(PASSKEYS, json=body, headers=headers)
    assert added.status_code == 201, added.text
    return str(added.json()["id"])


async def asked_to_sign_in(api: Service) -> Json:
    """Ask for what a device is to sign in with."""
    asked = await api.post(f"{PASSKEYS}/challenges")
    assert asked.status_code == 200, asked.text
    shown: Json = asked.json()
    return shown
