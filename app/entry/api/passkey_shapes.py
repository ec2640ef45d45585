"""What passkeys look like in the API; the names are those of the standard (WebAuthn level 3)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, StringConstraints

from app.entry.api.wire import Body, Shown
from app.kernel.encoding import base64url
from app.registry.signin.rules import CHALLENGE_LIFETIME, Challenge, Passkey

_ID: Final = "T0xhcmV5ZXMtcGFzc2tleS0wMQ"
_CLIENT_DATA: Final = "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiQUFFQyJ9"
TIMEOUT_MS: Final = int(CHALLENGE_LIFETIME.total_seconds()) * 1_000
PUBLIC_KEY: Final = "public-key"

CredentialId = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_-]+$", min_length=22, max_length=1_364),
    Field(description="What the authenticator calls the passkey, base64url.", examples=[_ID]),
]
# As long as clientDataJSON and authenticatorData can sensibly be.
Encoded = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$", min_length=1, max_length=4_096)
]
_LongEncoded = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$", min_length=1, max_length=16_384)
]


class PasskeyShown(Shown):
    """A passkey: a key pair of your device, whose public half is kept here."""

    id: str = Field(description="Identifier.", examples=["pky_01kb5b1j0dfz5r5d8r4v5e2c3a"])
    name: str = Field(description="What you call it.", examples=["มือถือของมะลิ"])
    created_at: datetime = Field(
        description="When it was registered.", examples=["2026-11-24T08:30:00Z"]
    )
    last_used_at: datetime | None = Field(
        description="When it was used last; null: never.", examples=["2026-11-24T09:10:00Z", None]
    )


class _Given(Body):
    """What a browser's `PublicKeyCredential.toJSON()` gives."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)

    id: CredentialId
    raw_id: CredentialId = Field(alias="rawId")
    type: Literal["public-key"] = Field(description="Always this.", examples=[PUBLIC_KEY])
    authenticator_attachment: Literal["platform", "cross-platform"] | None = Field(
        None,
        alias="authenticatorAttachment",
        description="What kind of device it is; it decides nothing.",
        examples=["platform"],
    )
    extensions: dict[str, Any] = Field(
        {},
        alias="clientExtensionResults",
        description="What extensions gave; none is asked for.",
        max_length=20,
        examples=[{}],
    )


class AttestationGiven(Body):
    """What an authenticator said when it made the passkey."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)

    client_data: Encoded = Field(
        alias="clientDataJSON",
        description="What the browser says of the page, base64url.",
        examples=[_CLIENT_DATA],
    )
    attestation: _LongEncoded = Field(
        alias="attestationObject",
        description="The passkey's public key, base64url.",
        examples=["o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVjE"],
    )
    transports: list[Annotated[str, StringConstraints(pattern=r"^[a-z-]{1,32}$")]] = Field(
        [],
        description="How the device is reached; it decides nothing.",
        max_length=10,
        examples=[["internal"]],
    )
    authenticator_data: _LongEncoded | None = Field(
        None,
        alias="authenticatorData",
        description="A part of `attestationObject`; not looked at.",
        examples=["SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2M"],
    )
    public_key: _LongEncoded | None = Field(
        None,
        alias="publicKey",
        description="A part of `attestationObject`; not looked at.",
        examples=["MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE"],
    )
    algorithm: int | None = Field(
        None,
        alias="publicKeyAlgorithm",
        description="A part of `attestationObject`; not looked at.",
        ge=-65_536,
        le=65_536,
        examples=[-7],
    )


class NewCredential(_Given):
    """A passkey that your device has made: what `navigator.credentials.create` gave."""

    response: AttestationGiven = Field(description="What the authenticator said.")


class SignatureGiven(Body):
    """What an authenticator signed."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)

    client_data: Encoded = Field(
        alias="clientDataJSON",
        description="What the browser says of the page and the challenge, base64url.",
        examples=[_CLIENT_DATA],
    )
    authenticator_data: Encoded = Field(
        alias="authenticatorData",
        description="What the device says of itself, base64url.",
        examples=["SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MdAAAAAQ"],
    )
    signature: Encoded = Field(
        description="Its signature over both, base64url.", examples=["MEUCIQDx1y9b3nH2"]
    )
    user_handle: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{0,88}$")] | None = Field(
        None,
        alias="userHandle",
        description="Whose passkey the device says it is, base64url.",
        examples=["dXNyXzAxa2I1YjFqMGRmejVyNWQ4cjR2NWUyYzNh"],
    )


class Assertion(_Given):
    """That a passkey is there: what `navigator.credentials.get` gave."""

    response: SignatureGiven = Field(description="What the authenticator signed.")


# ------------------------------------------------------------------------------ what is asked for


class _Asked(Shown):
    model_config = ConfigDict(frozen=True, serialize_by_alias=True, validate_by_name=True)


class CredentialNamed(_Asked):
    """A passkey, by what its device calls it."""

    id: str = Field(description="What the device calls it, base64url.", examples=[_ID])
    type: Literal["public-key"] = Field(description="Always this.", examples=[PUBLIC_KEY])


class AlgorithmNamed(_Asked):
    """A kind of key."""

    type: Literal["public-key"] = Field(description="Always this.", examples=[PUBLIC_KEY])
    alg: int = Field(description="Its number in COSE.", examples=[-7])


class PartyAsking(_Asked):
    """The service, as passkeys know it."""

    id: str = Field(description="The domain that passkeys are for.", examples=["registry.example"])
    name: str = Field(description="What devices show.", examples=["Carbon credit registry"])


class PersonAsked(_Asked):
    """You, as the device knows you."""

    id: str = Field(
        description="Your identifier, base64url.",
        examples=["dXNyXzAxa2I1YjFqMGRmejVyNWQ4cjR2NWUyYzNh"],
    )
    name: str = Field(description="What you sign in with.", examples=["mali@example.org"])
    display_name: str = Field(alias="displayName", description="Your name.", examples=["มะลิ ใจดี"])


class Selection(_Asked):
    """What the device has to be able to do."""

    resident_key: Literal["required"] = Field(
        alias="residentKey",
        description="Keep the passkey, so that it needs no name typed in.",
        examples=["required"],
    )
    require_resident_key: bool = Field(
        alias="requireResidentKey", description="The same for older browsers.", examples=[True]
    )
    user_verification: Literal["required"] = Field(
        alias="userVerification",
        description="Make sure that it is you, by finger, face or PIN.",
        examples=["required"],
    )


class CreationAsked(_Asked):
    """For `PublicKeyCredential.parseCreationOptionsFromJSON`."""

    rp: PartyAsking = Field(description="Whom the passkey is for.")
    user: PersonAsked = Field(description="Whose it will be.")
    challenge: str = Field(description="What is signed, once, base64url.", examples=["AAECAwQF"])
    algorithms: list[AlgorithmNamed] = Field(
        alias="pubKeyCredParams", description="Kinds of key that will do, the best first."
    )
    timeout: int = Field(description="Milliseconds it may take.", examples=[TIMEOUT_MS])
    excluded: list[CredentialNamed] = Field(
        alias="excludeCredentials", description="Passkeys that you have here already."
    )
    selection: Selection = Field(
        alias="authenticatorSelection", description="Which devices will do."
    )
    attestation: Literal["none"] = Field(
        description="Who made the device is not asked.", examples=["none"]
    )


class SignatureAsked(_Asked):
    """For `PublicKeyCredential.parseRequestOptionsFromJSON`."""

    challenge: str = Field(description="What is signed, once, base64url.", examples=["AAECAwQF"])
    timeout: int = Field(description="Milliseconds it may take.", examples=[TIMEOUT_MS])
    rp_id: str = Field(
        alias="rpId", description="The domain that passkeys are for.", examples=["registry.example"]
    )
    allowed: list[CredentialNamed] = Field(
        alias="allowCredentials", description="Which passkeys will do; empty: any of this domain."
    )
    user_verification: Literal["required"] = Field(
        alias="userVerification",
        description="Make sure that it is you, by finger, face or PIN.",
        examples=["required"],
    )


def passkey_shown(passkey: Passkey) -> PasskeyShown:
    """Show a passkey to the one whose it is."""
    return PasskeyShown(**{name: getattr(passkey, name) for name in PasskeyShown.model_fields})


def named(passkeys: Iterable[Passkey]) -> list[CredentialNamed]:
    """Name passkeys as their devices call them."""
    return [
        CredentialNamed(id=base64url(passkey.credential_id), type=PUBLIC_KEY)
        for passkey in passkeys
    ]


def signature_asked(challenge: Challenge, rp_id: str, allowed: Iterable[Passkey]) -> SignatureAsked:
    """Ask a device to sign a challenge."""
    return SignatureAsked(
        challenge=base64url(challenge.challenge),
        timeout=TIMEOUT_MS,
        rp_id=rp_id,
        allowed=named(allowed),
        user_verification="required",
    )
