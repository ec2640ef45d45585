"""The keys that access tokens can be checked with, as the API shows them."""

from typing import Literal

from pydantic import Field

from app.entry.api.wire import Shown


class PublicKeyShown(Shown):
    """A key that tokens are signed with, as a JSON Web Key (RFC 7517)."""

    kty: Literal["EC"] = Field(description="Kind of key.", examples=["EC"])
    crv: Literal["P-256"] = Field(description="Its curve.", examples=["P-256"])
    x: str = Field(
        description="First coordinate, base64url.",
        examples=["f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"],
    )
    y: str = Field(
        description="Second coordinate, base64url.",
        examples=["x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"],
    )
    kid: str = Field(
        description="Name of the key: its thumbprint (RFC 7638).",
        examples=["n3GzZmB0c3mWmG1l4Q0sB4q5o6r7s8t9u0v1w2x3y4z"],
    )
    alg: Literal["ES256"] = Field(description="Algorithm.", examples=["ES256"])
    use: Literal["sig"] = Field(description="What it is for.", examples=["sig"])


class PublicKeysShown(Shown):
    """All keys whose tokens are accepted, as a JSON Web Key Set."""

    keys: list[PublicKeyShown] = Field(
        description="The keys, the newest first; one that is to sign is among them a day before."
    )
