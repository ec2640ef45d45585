"""Signing in: short access tokens for a password or for an API key."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncEngine

from app.entry.api.context import StrictRoute
from app.entry.api.users import Email, TypedPassword
from app.entry.api.wire import Body, Identifier, Shown, show
from app.entry.identity import PartySuspendedError, UserSuspendedError, read_standing
from app.entry.passwords import TooManySignInsError, is_password, is_secret
from app.entry.problems import refused
from app.entry.tokens import LIFETIME_S, TokenKeys
from app.kernel import clock
from app.kernel.db import reading
from app.kernel.errors import UnauthenticatedError
from app.registry.parties import store

router = APIRouter(prefix="/tokens", tags=["tokens"], route_class=StrictRoute)


class CredentialsRefusedError(UnauthenticatedError):
    """These credentials are not right."""

    code = "credentials_refused"
    number = 1506
    title_th = "ข้อมูลเข้าสู่ระบบไม่ถูกต้อง"
    advice = (
        "Check address and password, or client_id and client_secret. "
        "Nobody is told which of them is wrong."
    )
    advice_th = "โปรดตรวจอีเมลและรหัสผ่าน หรือ client_id และ client_secret ระบบไม่แจ้งว่าส่วนใดผิด"


class PasswordGrant(Body):
    """Sign-in of a person."""

    grant_type: Literal["password"] = Field(
        description="That a password is given.", examples=["password"]
    )
    email: Email = Field(description="Address of the user.", examples=["mali@example.org"])
    password: TypedPassword = Field(
        description="Their password.",
        examples=["a long sentence is a good password"],
        repr=False,
        json_schema_extra={"format": "password", "writeOnly": True},
    )


class ClientGrant(Body):
    """Sign-in of a machine."""

    grant_type: Literal["client_credentials"] = Field(
        description="That an API key is given.", examples=["client_credentials"]
    )
    client_id: Identifier = Field(
        description="Identifier of the API key.", examples=["key_01kb5b1j0dfz5r5d8r4v5e2c3a"]
    )
    client_secret: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,128}$")] = Field(
        description="Its secret.",
        examples=["kq0Vb2pXyYz8n6m4L1s3R5t7U9w0A2c4E6g8I0k2M4o"],
        repr=False,
        json_schema_extra={"format": "password", "writeOnly": True},
    )


Grant = Annotated[PasswordGrant | ClientGrant, Field(discriminator="grant_type")]


class TokenShown(Shown):
    """An access token."""

    access_token: str = Field(
        description="Send it as `Authorization: Bearer …`.",
        examples=["eyJhbGciOiJFUzI1NiIsImtpZCI6Im4zIn0.eyJzdWIiOiJ1c3IifQ.c2lnbmF0dXJl"],
        repr=False,
    )
    token_type: Literal["Bearer"] = Field(description="Always `Bearer`.", examples=["Bearer"])
    expires_in: int = Field(description="Seconds until it ends.", examples=[LIFETIME_S])


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

    keys: list[PublicKeyShown] = Field(description="The keys; the first one signs.")


@router.post(
    "",
    response_model=TokenShown,
    responses=refused(
        CredentialsRefusedError, UserSuspendedError, PartySuspendedError, TooManySignInsError
    ),
    summary="Sign in",
    operation_id="issue_token",
)
async def issue_token(request: Request, grant: Grant) -> Response:
    """Get an access token, good for ten minutes, for a password or for an API key."""
    reads: AsyncEngine = request.app.state.reads
    if isinstance(grant, PasswordGrant):
        user_id, client_id = await _check_password(reads, grant), None
    else:
        user_id, client_id = await _check_secret(reads, grant), grant.client_id
    async with reading(reads) as connection:
        await read_standing(connection, user_id=user_id, client_id=client_id)
    token_keys: TokenKeys = request.app.state.token_keys
    token = token_keys.issue(user_id=user_id, client_id=client_id, now=clock.now())
    response = show(
        TokenShown(access_token=token, token_type="Bearer", expires_in=LIFETIME_S)  # noqa: S106
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@router.get(
    "/keys",
    response_model=PublicKeysShown,
    summary="Show the public keys of tokens",
    operation_id="list_token_keys",
)
async def list_token_keys(request: Request) -> Response:
    """Show the keys that access tokens can be checked with, as a JSON Web Key Set. Public."""
    token_keys: TokenKeys = request.app.state.token_keys
    keys = [PublicKeyShown.model_validate(key) for key in token_keys.published()]
    return show(PublicKeysShown(keys=keys))


async def _check_password(reads: AsyncEngine, grant: PasswordGrant) -> str:
    # The connection is given back before the hash is computed, which takes longer than the read.
    async with reading(reads) as connection:
        found = await store.find_password(connection, grant.email.casefold())
    user_id, stored = found or (None, None)
    if not await is_password(grant.password, stored) or user_id is None:
        raise CredentialsRefusedError
    return user_id


async def _check_secret(reads: AsyncEngine, grant: ClientGrant) -> str:
    async with reading(reads) as connection:
        found = await store.find_key_secret(connection, grant.client_id)
    user_id, digest = found or (None, None)
    if not is_secret(grant.client_secret, digest) or user_id is None:
        raise CredentialsRefusedError
    return user_id
