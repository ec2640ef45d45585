"""
What authenticators send, checked: the one module around the library webauthn.

Importing it takes a third of a second, which is part of the start only where passkeys are on
(`load_library`).

Attestation is not asked for, and only its two plain forms are taken: the others would have
certificates of device makers parsed. A challenge is taken before anything that came with it is
looked at, so each is good for one try.
"""

import base64
import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.kernel import clock
from app.kernel.db import noting
from app.registry.log.store import get_head
from app.registry.signin import operations, store
from app.registry.signin.operations import Proof
from app.registry.signin.refusals import PasskeyRefusedError, PasskeysOffError
from app.registry.signin.rules import Passkey, Purpose
from app.settings import Settings

ALGORITHMS: Final = (-7, -8, -257)  # ES256, EdDSA, and RS256 for Windows Hello
_ATTESTATIONS: Final = frozenset({"none", "packed"})
# Beside its own errors the library lets through what broken input causes further down.
_BROKEN: Final = (
    UnsupportedAlgorithm,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)

Sent = Mapping[str, Any]  # a credential as a browser writes it


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """For which domain passkeys are, and on which pages they are used."""

    id: str
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """A passkey that an authenticator has just made."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


def load_library() -> None:
    """Import what checks passkeys, for a server that takes them."""
    importlib.import_module("webauthn")


def relying_party(settings: Settings) -> RelyingParty:
    """
    Return for what passkeys are here.

    Raises:
        PasskeysOffError: nobody has said.
    """
    if not settings.passkey_rp_id:
        raise PasskeysOffError
    return RelyingParty(settings.passkey_rp_id, tuple(settings.passkey_origins.split()))


async def take_signed(
    engine: AsyncEngine, sent: Sent, *, purpose: Purpose, user_id: str | None
) -> bytes:
    """
    Take the challenge that somebody says they have signed, in a transaction of its own.

    Returns:
        The challenge, which works no more.

    Raises:
        PasskeyRefusedError: none was asked for, for this by them, or too long ago.
    """
    try:
        challenge = _decoded(json.loads(_bytes(sent, "clientDataJSON"))["challenge"])
    except _BROKEN:
        raise PasskeyRefusedError from None
    async with noting(engine) as connection:
        now = max(clock.now(), (await get_head(connection)).recorded_at)
        taken = await operations.take_challenge(
            connection, challenge, purpose=purpose, user_id=user_id, now=now
        )
    if not taken:
        raise PasskeyRefusedError
    return challenge


def check_made(party: RelyingParty, sent: Sent, challenge: bytes) -> Made:
    """
    Return the passkey that an authenticator has made, having looked at all it says.

    Raises:
        PasskeyRefusedError: it is for another domain, page or challenge, nobody made sure that it
            is the user, or its kind of key is none of ours.
    """
    from webauthn import verify_registration_response  # noqa: PLC0415  see `load_library`
    from webauthn.helpers import parse_attestation_object  # noqa: PLC0415
    from webauthn.helpers.cose import COSEAlgorithmIdentifier  # noqa: PLC0415
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415

    try:
        attested = parse_attestation_object(_bytes(sent, "attestationObject"))
        if attested.fmt not in _ATTESTATIONS:
            raise PasskeyRefusedError
        made = verify_registration_response(
            credential=dict(sent),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
            require_user_verification=True,
            supported_pub_key_algs=[COSEAlgorithmIdentifier(number) for number in ALGORITHMS],
        )
    except (WebAuthnException, *_BROKEN):
        raise PasskeyRefusedError from None
    return Made(made.credential_id, made.credential_public_key, made.sign_count)


async def find_signer(connection: AsyncConnection, sent: Sent, *, user_id: str | None) -> Passkey:
    """
    Return the passkey that somebody says has signed.

    Args:
        connection: where to read.
        sent: what their browser gave.
        user_id: whose it must be; None: it says who signs in.

    Raises:
        PasskeyRefusedError: it is not registered, or is another user's.
    """
    try:
        passkey = await store.find_passkey(connection, _decoded(sent["id"]))
        handle = sent["response"].get("userHandle")
        holder = None if handle is None else _decoded(handle)
    except _BROKEN:
        raise PasskeyRefusedError from None
    if passkey is None or (user_id is not None and passkey.user_id != user_id):
        raise PasskeyRefusedError
    if holder is not None and holder != passkey.user_id.encode():
        raise PasskeyRefusedError
    return passkey


def check_signed(party: RelyingParty, sent: Sent, challenge: bytes, passkey: Passkey) -> Proof:
    """
    Return that a passkey signed a challenge, which is yet to be taken (`operations.use_proof`).

    Raises:
        PasskeyRefusedError: it signed something else, for another domain or page; nobody made sure
            that it is the user; or it counts back.
    """
    from webauthn import verify_authentication_response  # noqa: PLC0415  see `load_library`
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415

    try:
        found = verify_authentication_response(
            credential=dict(sent),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, *_BROKEN):
        raise PasskeyRefusedError from None
    return Proof(passkey.id, sign_count=found.new_sign_count)


def _bytes(sent: Sent, name: str) -> bytes:
    return _decoded(sent["response"][name])


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
