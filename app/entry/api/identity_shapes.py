"""What identities look like in the API; ``state``, ``code`` and ``iss`` are OAuth's own names."""

from datetime import datetime
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from app.entry.api.current_password import CurrentPassword
from app.entry.api.passkey_shapes import Assertion
from app.entry.api.wire import HIDDEN, Body, RecoveryCode, Shown, Totp
from app.registry.signin.rules import Identity

_RANDOM: Final = "v5Zq0Vb2pXyYz8n6m4L1s3R5t7U9w0A2c4E6g8I0k2M"
_Random = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
# Codes and issuers are a provider's own: as long as they can sensibly be, and printable.
_Code = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{1,4096}$")]
_Issuer = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,500}$")]


class IdentityShown(Shown):
    """Who you are to an identity provider; by it you can sign in."""

    id: str = Field(description="Identifier.", examples=["idn_01kb5b1j0dfz5r5d8r4v5e2c3a"])
    issuer: str = Field(
        description="The provider, as it calls itself.", examples=["https://id.example"]
    )
    subject: str = Field(description="What it calls you, for ever.", examples=["248289761001"])
    created_at: datetime = Field(
        description="When it was linked.", examples=["2026-11-24T08:30:00Z"]
    )


class ProviderAsked(Shown):
    """Where to send the browser, and what proves that it is the one that began."""

    authorization_url: str = Field(
        description="Go there; the provider sends the browser to the redirect address.",
        examples=["https://id.example/authorize?response_type=code&client_id=registry"],
    )
    binding: str = Field(
        description="Keep it where only this browser finds it, and send it with what comes back. "
        "It is also set as a cookie, which does the same.",
        examples=[_RANDOM],
        repr=False,
    )
    expires_at: datetime = Field(
        description="Until when what comes back is taken.", examples=["2026-11-24T08:40:00Z"]
    )


class IdentityPresent(Body):
    """That you know your password."""

    current_password: CurrentPassword


class ProviderAnswer(Body):
    """What came to the redirect address."""

    state: _Random = Field(
        description="As it came.", examples=[_RANDOM], repr=False, json_schema_extra=HIDDEN
    )
    code: _Code = Field(
        description="As it came.",
        examples=["SplxlOBeZQQYbYS6WxSbIA"],
        repr=False,
        json_schema_extra=HIDDEN,
    )
    iss: _Issuer | None = Field(
        None,
        description="As it came, where it did (RFC 9207).",
        examples=["https://id.example"],
    )
    binding: _Random | None = Field(
        None,
        description="What this browser was given when it began; missing: its cookie says it.",
        examples=[_RANDOM],
        repr=False,
        json_schema_extra=HIDDEN,
    )


class IdentitySignIn(ProviderAnswer):
    """What came to the redirect address, and your second factor where you have one."""

    totp: Totp | None = Field(
        None,
        description="The code that your authenticator shows, where you have one.",
        examples=["492039"],
        repr=False,
        json_schema_extra=HIDDEN,
    )
    recovery_code: RecoveryCode | None = Field(
        None,
        description="One of your recovery codes, where the authenticator is lost.",
        examples=["K7QX-2MDA-ZP5R-WV6E"],
        repr=False,
        json_schema_extra=HIDDEN,
    )
    passkey: Assertion | None = Field(
        None, description="What one of your passkeys signed, where you have one.", repr=False
    )


def identity_shown(identity: Identity) -> IdentityShown:
    """Show an identity to the one whose it is."""
    return IdentityShown(**{name: getattr(identity, name) for name in IdentityShown.model_fields})
