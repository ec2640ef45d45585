"""The second factor of the one who asks, and confirmations with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import Field

from app.entry.acts import Outcome
from app.entry.api.context import StrictRoute, Writer
from app.entry.api.current_password import (
    CurrentPassword,
    CurrentPasswordWrongError,
    require_current_password,
)
from app.entry.api.noticed import network_of
from app.entry.api.passkey_shapes import Assertion
from app.entry.api.passkeys import Content, signed_by
from app.entry.api.wire import (
    HIDDEN,
    Body,
    RecoveryCode,
    Shown,
    Totp,
    answer,
    changed,
    created,
    show,
)
from app.entry.guessing import Gate
from app.entry.identity import Caller
from app.entry.passwords import TooManySignInsError
from app.entry.problems import refused
from app.entry.second_factors import (
    Vault,
    as_text,
    check_code,
    new_recovery_codes,
    otpauth_uri,
    recovery_digest,
    right_step,
)
from app.kernel import clock
from app.kernel.db import noting, reading
from app.registry.log.store import get_head
from app.registry.parties import store as parties
from app.registry.parties.policy import Actor
from app.registry.parties.refusals import UserErasedError
from app.registry.signin import operations, store
from app.registry.signin.operations import ConfirmFactor, Proof
from app.registry.signin.refusals import (
    CodeRefusedError,
    PasskeyRefusedError,
    PasskeysOffError,
    PersonNeededError,
    SecondFactorExistsError,
    SecondFactorMissingError,
    TooManyGuessesError,
)
from app.registry.signin.rules import require_person

router = APIRouter(prefix="/second-factor", tags=["second-factor"], route_class=StrictRoute)
confirming = APIRouter(prefix="/confirmations", tags=["second-factor"], route_class=StrictRoute)


_OF_A_CODE: Final[Any] = Field(
    description="The code that your authenticator shows now; it works once.",
    examples=["492039"],
    repr=False,
    json_schema_extra=HIDDEN,
)


class SecondFactorShown(Shown):
    """Whether you have a second factor."""

    since: datetime | None = Field(
        description="Since when your sign-in needs it; null: it does not.",
        examples=["2026-11-24T08:30:00Z", None],
    )
    recovery_codes_left: int = Field(
        description="How many recovery codes you can still use.", ge=0, examples=[10]
    )


class SecretShown(Shown):
    """A secret for your authenticator; it is shown here and never again."""

    secret: str = Field(
        description="The secret in base 32, to type in.",
        examples=["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"],
    )
    otpauth_uri: str = Field(
        description="The same as a QR code says it: SHA-1, six digits, thirty seconds.",
        examples=["otpauth://totp/Registry:mali%40example.org?secret=JBSWY3DPEHPK3PXP"],
    )


class RecoveryCodesShown(Shown):
    """Recovery codes; they are shown here and never again. Each works once."""

    recovery_codes: list[str] = Field(
        description="Ten codes, each in place of the authenticator.",
        examples=[["K7QX-2MDA-ZP5R-WV6E"]],
    )


class Enrolment(Body):
    """A second factor to set up."""

    current_password: CurrentPassword


class CodeShown(Body):
    """A code of your authenticator."""

    totp: Annotated[Totp, _OF_A_CODE]


class AnyCode(Body):
    """A code of your authenticator, or one of your recovery codes."""

    totp: Annotated[Totp | None, _OF_A_CODE] = None
    recovery_code: RecoveryCode | None = Field(
        None,
        description="One of your recovery codes, where the authenticator is lost.",
        examples=["K7QX-2MDA-ZP5R-WV6E"],
        repr=False,
        json_schema_extra=HIDDEN,
    )


class NewConfirmation(Content):
    """What you are about to do, and that it is you: a code, or what your passkey signed."""

    totp: Annotated[Totp | None, _OF_A_CODE] = None
    passkey: Assertion | None = Field(
        None,
        description="What one of your passkeys signed: a challenge for this very digest.",
        repr=False,
    )


class ConfirmationShown(Shown):
    """A confirmation: good once, for exactly one content, and for minutes."""

    id: str = Field(description="Identifier.", examples=["cnf_01kb5b1j0dfz5r5d8r4v5e2c3a"])
    digest: str = Field(description="What is confirmed.", examples=["ab" * 32])
    expires_at: datetime = Field(
        description="Until when it can be used.", examples=["2026-11-24T08:35:00Z"]
    )


@router.get(
    "",
    response_model=SecondFactorShown,
    summary="Show your second factor",
    operation_id="get_second_factor",
)
async def get_second_factor(request: Request, actor: Caller) -> Response:
    """Show whether you have a second factor, and how many recovery codes are left."""
    async with reading(request.app.state.reads) as connection:
        shown = SecondFactorShown(
            since=await store.find_confirmed_at(connection, actor.user_id),
            recovery_codes_left=await store.get_recovery_codes_left(connection, actor.user_id),
        )
    return show(shown)


@router.post(
    "",
    response_model=SecretShown,
    responses=refused(
        PersonNeededError,
        SecondFactorExistsError,
        CurrentPasswordWrongError,
        TooManyGuessesError,
        TooManySignInsError,
    ),
    summary="Begin to set up a second factor",
    operation_id="enrol_second_factor",
)
async def enrol_second_factor(request: Request, actor: Caller, body: Enrolment) -> Response:
    """
    Get a secret for your authenticator; it counts once you have confirmed it with a code.

    Asked again, an earlier secret that was not confirmed is forgotten.
    """
    require_person(actor)
    await require_current_password(request, actor.user_id, body.current_password)
    vault: Vault = request.app.state.vault
    kept, plain = vault.new_totp(actor.user_id)
    async with noting(request.app.state.reads) as connection:
        user = await parties.get_user(connection, actor.user_id)
        await operations.enrol(connection, kept, now=clock.now())
    uri = otpauth_uri(plain, account=user.email or user.id)
    return _once(show(SecretShown(secret=as_text(plain), otpauth_uri=uri)))


@router.post(
    "/confirmation",
    response_model=RecoveryCodesShown,
    responses=refused(
        PersonNeededError,
        SecondFactorExistsError,
        SecondFactorMissingError,
        CodeRefusedError,
        TooManyGuessesError,
        UserErasedError,
    ),
    summary="Confirm your second factor",
    operation_id="confirm_second_factor",
)
async def confirm_second_factor(request: Request, actor: Caller, body: CodeShown) -> Response:
    """
    Show a first code: from now on your sign-in needs the second factor.

    The reply has ten recovery codes, which are nowhere else: so it takes no Idempotency-Key, which
    would keep the reply.
    """
    require_person(actor)
    vault: Vault = request.app.state.vault
    async with _guessing(request, actor):
        async with reading(request.app.state.reads) as connection:
            kept = await store.find_totp(connection, actor.user_id, is_confirmed=False)
        if kept is None:
            raise SecondFactorMissingError
        step = right_step(vault, kept, body.totp, now=clock.now())
        codes = new_recovery_codes()
        command = ConfirmFactor(kept.id, step, tuple(map(recovery_digest, codes)))
        write, network = Writer(request, actor, None), network_of(request)
        return _once(
            await write(
                lambda pen: operations.confirm_factor(pen, actor, command, network=network),
                lambda _: changed(RecoveryCodesShown(recovery_codes=codes)),
            )
        )


_PROVEN: Final = (
    PersonNeededError,
    SecondFactorMissingError,
    CodeRefusedError,
    TooManyGuessesError,
    UserErasedError,
)


@router.post(
    "/recovery-codes",
    response_model=RecoveryCodesShown,
    responses=refused(*_PROVEN),
    summary="Get new recovery codes",
    operation_id="replace_recovery_codes",
)
async def replace_recovery_codes(request: Request, actor: Caller, body: CodeShown) -> Response:
    """Get ten recovery codes in the place of those you had."""
    codes = new_recovery_codes()
    digests = list(map(recovery_digest, codes))
    async with _proving(request, actor, body.totp, None) as proof:
        write, network = Writer(request, actor, None), network_of(request)
        return _once(
            await write(
                lambda pen: operations.replace_recovery_codes(
                    pen, actor, proof, digests, network=network
                ),
                lambda _: changed(RecoveryCodesShown(recovery_codes=codes)),
            )
        )


@router.post(
    "/removal",
    response_model=SecondFactorShown,
    responses=refused(*_PROVEN),
    summary="Remove your second factor",
    operation_id="remove_second_factor",
)
async def remove_second_factor(request: Request, actor: Caller, body: AnyCode) -> Response:
    """Sign in with a password alone again; your other sessions end. It takes a code."""
    async with _proving(request, actor, body.totp, body.recovery_code) as proof:
        write, network = Writer(request, actor, None), network_of(request)
        return await write(
            lambda pen: operations.remove_factor(pen, actor, proof, network=network),
            lambda _: changed(SecondFactorShown(since=None, recovery_codes_left=0)),
        )


@confirming.post(
    "",
    response_model=ConfirmationShown,
    status_code=201,
    responses=refused(
        PersonNeededError,
        SecondFactorMissingError,
        CodeRefusedError,
        PasskeysOffError,
        PasskeyRefusedError,
        TooManyGuessesError,
    ),
    summary="Confirm that it is you",
    operation_id="add_confirmation",
)
async def add_confirmation(request: Request, actor: Caller, body: NewConfirmation) -> Response:
    """
    Prove with a fresh code, or with a passkey, that you are there for exactly what you are about to
    do.

    Acts that need it take the confirmation once, within five minutes, and only for content with
    this very digest.
    """
    if body.passkey is not None:
        proof = await signed_by(request, actor, body.passkey, body.digest)
        return await _confirmed(request, actor, body.digest, proof)
    async with _proving(request, actor, body.totp, None) as proof:
        return await _confirmed(request, actor, body.digest, proof)


async def _confirmed(request: Request, actor: Actor, digest: str, proof: Proof) -> Response:
    async with noting(request.app.state.reads) as connection:
        now = max(clock.now(), (await get_head(connection)).recorded_at)
        confirmation_id, expires_at = await operations.confirm(
            connection, actor, digest=digest, proof=proof, now=now
        )
    shown = ConfirmationShown(id=confirmation_id, digest=digest, expires_at=expires_at)
    return answer(Outcome(created(shown, location=f"/v1/confirmations/{confirmation_id}")))


@asynccontextmanager
async def _guessing(request: Request, actor: Actor) -> AsyncIterator[None]:
    gate: Gate = request.app.state.gate
    client = request.scope.get("client")
    async with gate.guess(f"user:{actor.user_id}", client, wrong=(CodeRefusedError,)):
        yield


@asynccontextmanager
async def _proving(
    request: Request, actor: Actor, totp: str | None, recovery_code: str | None
) -> AsyncIterator[Proof]:
    """Find a code right, which the block then takes; a wrong one counts as a guess."""
    require_person(actor)
    async with _guessing(request, actor):
        async with reading(request.app.state.reads) as connection:
            proof = await check_code(
                connection,
                request.app.state.vault,
                actor.user_id,
                totp=totp,
                recovery_code=recovery_code,
                now=clock.now(),
            )
        yield proof


def _once(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
