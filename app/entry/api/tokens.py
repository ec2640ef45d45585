"""Signing in: short access tokens for a password, an API key or a refresh token."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.entry.api.context import StrictRoute
from app.entry.api.current_password import TypedPassword
from app.entry.api.noticed import network_of, note_failed
from app.entry.api.passkey_shapes import Assertion
from app.entry.api.second_proofs import find_code_proof, find_passkey_proof, take_challenge
from app.entry.api.token_keys_shown import PublicKeyShown, PublicKeysShown
from app.entry.api.users import Email
from app.entry.api.wire import HIDDEN, Body, Identifier, RecoveryCode, Shown, Totp, show
from app.entry.guessing import LOCAL, Gate, peer_of
from app.entry.identity import (
    AddressNotAllowedError,
    ClientExpiredError,
    PartySuspendedError,
    UserSuspendedError,
    networks_of,
    read_standing,
    require_address,
)
from app.entry.passkeys import find_signer, relying_party
from app.entry.passwords import TooManySignInsError, is_password, is_secret, new_secret
from app.entry.problems import refused
from app.entry.tokens import LIFETIME_S, TokenKeys
from app.kernel import clock
from app.kernel.db import noting, reading
from app.kernel.encoding import sha256
from app.kernel.errors import RegistryError, UnauthenticatedError
from app.registry.log.store import get_head
from app.registry.parties import store as parties
from app.registry.signin import operations
from app.registry.signin.refusals import (
    CodeRefusedError,
    PasskeyRefusedError,
    PasskeysOffError,
    RefreshRefusedError,
    SecondFactorRequiredError,
    SessionEndedError,
    TooManyGuessesError,
)
from app.registry.signin.rules import AccessKind, Session
from app.registry.signin.store import Bearer, Standing

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


# The refusals that say that a guess was wrong.
WRONG: Final = (CredentialsRefusedError, CodeRefusedError, PasskeyRefusedError)


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
        json_schema_extra=HIDDEN,
    )

    totp: Totp | None = Field(
        None,
        description="The code that their authenticator shows, where they have one.",
        examples=["492039"],
        repr=False,
        json_schema_extra=HIDDEN,
    )
    recovery_code: RecoveryCode | None = Field(
        None,
        description="One of their recovery codes, where the authenticator is lost.",
        examples=["K7QX-2MDA-ZP5R-WV6E"],
        repr=False,
        json_schema_extra=HIDDEN,
    )
    passkey: Assertion | None = Field(
        None, description="What one of their passkeys signed, where they have one.", repr=False
    )


class PasskeyGrant(Body):
    """Sign-in of a person whose device made sure that it is them."""

    grant_type: Literal["passkey"] = Field(
        description="That a passkey has signed a challenge.", examples=["passkey"]
    )
    passkey: Assertion = Field(description="What it signed.", repr=False)


class RefreshGrant(Body):
    """A session goes on."""

    grant_type: Literal["refresh_token"] = Field(
        description="That a refresh token is given.", examples=["refresh_token"]
    )
    refresh_token: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")] = Field(
        description="The last one that the session was given; it works once.",
        examples=["v5Zq0Vb2pXyYz8n6m4L1s3R5t7U9w0A2c4E6g8I0k2M"],
        repr=False,
        json_schema_extra=HIDDEN,
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
        json_schema_extra=HIDDEN,
    )


Grant = Annotated[
    PasswordGrant | ClientGrant | RefreshGrant | PasskeyGrant, Field(discriminator="grant_type")
]


class TokenShown(Shown):
    """An access token."""

    access_token: str = Field(
        description="Send it as `Authorization: Bearer …`.",
        examples=["eyJhbGciOiJFUzI1NiIsImtpZCI6Im4zIn0.eyJzdWIiOiJ1c3IifQ.c2lnbmF0dXJl"],
        repr=False,
    )
    token_type: Literal["Bearer"] = Field(description="Always `Bearer`.", examples=["Bearer"])
    expires_in: int = Field(description="Seconds until it ends.", examples=[LIFETIME_S])
    refresh_token: str | None = Field(
        description="Gets the next access token, once; null: an API key shows its secret again.",
        examples=["v5Zq0Vb2pXyYz8n6m4L1s3R5t7U9w0A2c4E6g8I0k2M", None],
        repr=False,
    )
    session_id: str | None = Field(
        description="The session that they are of; null for an API key.",
        examples=["ses_01kb5b1j0dfz5r5d8r4v5e2c3a", None],
    )
    session_expires_at: datetime | None = Field(
        description="When the session ends at the latest; null for an API key.",
        examples=["2026-11-24T20:30:00Z", None],
    )


@router.post(
    "",
    response_model=TokenShown,
    responses=refused(
        CredentialsRefusedError,
        TooManyGuessesError,
        SecondFactorRequiredError,
        CodeRefusedError,
        PasskeyRefusedError,
        PasskeysOffError,
        RefreshRefusedError,
        SessionEndedError,
        ClientExpiredError,
        AddressNotAllowedError,
        UserSuspendedError,
        PartySuspendedError,
        TooManySignInsError,
    ),
    summary="Sign in",
    operation_id="issue_token",
)
async def issue_token(request: Request, grant: Grant) -> Response:
    """
    Get an access token, good for ten minutes: for a password, a passkey, an API key or a refresh
    token.

    With a password or a passkey begins a session: the refresh token gives the next access token and
    the next refresh token, once. Used a second time it ends the session, because two have it. A
    session ends twelve hours after it began, or two after it was refreshed last.
    """
    if isinstance(grant, PasswordGrant):
        shown = await _by_password(request, grant)
    elif isinstance(grant, ClientGrant):
        shown = await _by_key(request, grant)
    elif isinstance(grant, PasskeyGrant):
        shown = await _by_passkey(request, grant)
    else:
        shown = await _by_refresh_token(request, grant)
    response = show(shown)
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
    keys = [PublicKeyShown.model_validate(key) for key in token_keys.published(now=clock.now())]
    return show(PublicKeysShown(keys=keys))


async def _by_password(request: Request, grant: PasswordGrant) -> TokenShown:
    reads: AsyncEngine = request.app.state.reads
    gate: Gate = request.app.state.gate
    email = grant.email.casefold()
    async with gate.guess(f"email:{email}", request.scope.get("client"), wrong=WRONG):
        # The connection is given back before the hash is computed, which takes longer than it all.
        async with reading(reads) as connection:
            found = await parties.find_password(connection, email)
        user_id, stored = found or (None, None)
        async with failing(request, user_id):
            if not await is_password(grant.password, stored) or user_id is None:
                raise CredentialsRefusedError
            challenge = await take_challenge(request, grant.passkey)
            async with noting(reads) as connection:
                standing = await read_standing(connection, Bearer(user_id))
                proof = await _second_factor(connection, request, grant, challenge, user_id)
                return await begin(connection, request, standing, proof)


@asynccontextmanager
async def failing(
    request: Request, user_id: str | None, *, key_id: str | None = None
) -> AsyncIterator[None]:
    """Note of whom there is, that who comes in the block was refused."""
    try:
        yield
    except TooManySignInsError:
        raise  # nothing was looked at
    except RegistryError as refusal:
        if user_id is not None:
            await note_failed(request, user_id, refusal.code, key_id=key_id)
        raise


async def begin(
    connection: AsyncConnection,
    request: Request,
    standing: Standing,
    proof: operations.Proof | None,
    *,
    by_identity: bool = False,
) -> TokenShown:
    """Begin the session of somebody who has proved who they are."""
    user_id, now = standing.actor.user_id, standing.now(clock.now())
    if proof is not None:
        await operations.use_proof(connection, user_id, proof, now=now)
    refresh_token, digest = new_secret()
    made = operations.SignIn(
        user_id,
        str(peer_of(request.scope.get("client")) or LOCAL),
        None if proof is None else proof.factor,
        by_identity=by_identity,
    )
    session = await operations.begin_session(connection, made, digest=digest, now=now)
    return _shown(request, standing, session, refresh_token)


async def _second_factor(
    connection: AsyncConnection,
    request: Request,
    grant: PasswordGrant,
    challenge: bytes | None,
    user_id: str,
) -> operations.Proof | None:
    """Return what proves a user beside their password; None: they need nothing."""
    if challenge is not None and grant.passkey is not None:
        return await find_passkey_proof(
            connection, request, grant.passkey, challenge, user_id=user_id
        )
    return await find_code_proof(
        connection, request, totp=grant.totp, recovery_code=grant.recovery_code, user_id=user_id
    )


async def _by_passkey(request: Request, grant: PasskeyGrant) -> TokenShown:
    reads: AsyncEngine = request.app.state.reads
    gate: Gate = request.app.state.gate
    relying_party(request.app.state.settings)
    async with reading(reads) as connection:
        signer = await find_signer(connection, grant.passkey.model_dump(), user_id=None)
    user_id = signer.user_id
    async with (
        gate.guess(f"user:{user_id}", request.scope.get("client"), wrong=WRONG),
        failing(request, user_id),
    ):
        challenge = await take_challenge(request, grant.passkey)
        assert challenge is not None
        async with noting(reads) as connection:
            standing = await read_standing(connection, Bearer(user_id))
            proof = await find_passkey_proof(
                connection, request, grant.passkey, challenge, user_id=user_id
            )
            return await begin(connection, request, standing, proof)


async def _by_key(request: Request, grant: ClientGrant) -> TokenShown:
    reads: AsyncEngine = request.app.state.reads
    gate: Gate = request.app.state.gate
    client = request.scope.get("client")
    async with gate.guess(f"key:{grant.client_id}", client, wrong=WRONG):
        async with reading(reads) as connection:
            found = await parties.find_key_secret(connection, grant.client_id)
        user_id, digest = found or (None, None)
        async with failing(request, user_id, key_id=grant.client_id):
            if not is_secret(grant.client_secret, digest) or user_id is None:
                raise CredentialsRefusedError
            async with noting(reads) as connection:
                standing = await read_standing(connection, Bearer(user_id, grant.client_id))
                require_address(networks_of(standing), client)
                await _note_key(connection, request, standing)
    return _shown(request, standing, None, None)


async def _note_key(connection: AsyncConnection, request: Request, standing: Standing) -> None:
    actor, now = standing.actor, standing.now(clock.now())
    by, kind = operations.by_actor(actor, network_of(request)), AccessKind.SIGNED_IN
    record = operations.an_access(by, kind, "api_key", about=actor.user_id, now=now)
    await operations.keep_access(connection, [record])


async def _by_refresh_token(request: Request, grant: RefreshGrant) -> TokenShown:
    used = sha256(grant.refresh_token.encode())
    refresh_token, following = new_secret()
    async with noting(request.app.state.reads) as connection:
        now = max(clock.now(), (await get_head(connection)).recorded_at)
        network = network_of(request)
        session = await operations.present(connection, used, now=now, network=network)
        if session is not None:
            # A user who may not act keeps their session, for when they may again.
            standing = await read_standing(connection, Bearer(session.user_id, None, session.id))
            await operations.refresh(connection, session, used=used, following=following, now=now)
            return _shown(request, standing, session, refresh_token)
    raise RefreshRefusedError  # what has just ended is kept as ended


def _shown(
    request: Request, standing: Standing, session: Session | None, refresh_token: str | None
) -> TokenShown:
    token_keys: TokenKeys = request.app.state.token_keys
    actor, session_id = standing.actor, None if session is None else session.id
    token = token_keys.issue(
        user_id=actor.user_id,
        client_id=actor.client_id,
        now=standing.now(clock.now()),
        session_id=session_id,
    )
    return TokenShown(
        access_token=token,
        token_type="Bearer",  # noqa: S106
        expires_in=LIFETIME_S,
        refresh_token=refresh_token,
        session_id=session_id,
        session_expires_at=None if session is None else session.expires_at,
    )
