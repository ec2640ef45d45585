"""The passkeys of the one who asks, and what their devices are to sign."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field, StringConstraints

from app.entry.acts import Reply
from app.entry.api.context import StrictRoute, Writer
from app.entry.api.current_password import (
    CurrentPassword,
    CurrentPasswordWrongError,
    require_current_password,
)
from app.entry.api.noticed import network_of
from app.entry.api.passkey_shapes import (
    PUBLIC_KEY,
    TIMEOUT_MS,
    AlgorithmNamed,
    Assertion,
    CreationAsked,
    NewCredential,
    PartyAsking,
    PasskeyShown,
    PersonAsked,
    Selection,
    SignatureAsked,
    named,
    passkey_shown,
    signature_asked,
)
from app.entry.api.wire import Body, Identifier, Name, Page, created, show
from app.entry.identity import Caller
from app.entry.passkeys import (
    ALGORITHMS,
    check_made,
    check_signed,
    find_signer,
    relying_party,
    take_signed,
)
from app.entry.passwords import TooManySignInsError
from app.entry.problems import refused
from app.entry.second_factors import ISSUER
from app.kernel import clock
from app.kernel.db import noting, reading
from app.kernel.encoding import base64url
from app.registry.log.store import get_head
from app.registry.parties import store as parties
from app.registry.parties.policy import Actor
from app.registry.parties.refusals import UserErasedError
from app.registry.signin import operations, store
from app.registry.signin.operations import AddPasskey, Proof
from app.registry.signin.refusals import (
    PasskeyExistsError,
    PasskeyNotFoundError,
    PasskeyRefusedError,
    PasskeysOffError,
    PersonNeededError,
    SecondFactorMissingError,
    TooManyChallengesError,
    TooManyGuessesError,
    TooManyPasskeysError,
)
from app.registry.signin.rules import (
    PASSKEYS_PER_USER_MAX,
    Challenge,
    Passkey,
    Purpose,
    require_person,
)

router: Final = APIRouter(prefix="/passkeys", tags=["passkeys"], route_class=StrictRoute)
confirming: Final = APIRouter(prefix="/confirmations", tags=["passkeys"], route_class=StrictRoute)

_Id = Annotated[
    Identifier,
    Path(description="Identifier of the passkey.", examples=["pky_01kb5b1j0dfz5r5d8r4v5e2c3a"]),
]
_PasskeyName = Annotated[Name, Field(description="What you call it.", examples=["มือถือของมะลิ"])]


class Present(Body):
    """That you know your password."""

    current_password: CurrentPassword


class NewPasskey(Body):
    """A passkey to sign in with."""

    name: _PasskeyName
    credential: NewCredential = Field(description="What your device has made.")


class PasskeyNamed(Body):
    """Another name."""

    name: _PasskeyName


class Content(Body):
    """Something that you are about to propose or to approve."""

    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] = Field(
        description="SHA-256 of its exact content, hexadecimal.", examples=["ab" * 32]
    )


@router.get(
    "",
    response_model=Page[PasskeyShown],
    summary="List your passkeys",
    operation_id="list_passkeys",
)
async def list_passkeys(request: Request, actor: Caller) -> Response:
    """List your passkeys, the oldest first; nobody has more than one page of them."""
    async with reading(request.app.state.reads) as connection:
        held = await store.list_passkeys(connection, actor.user_id, limit=PASSKEYS_PER_USER_MAX)
    return show(
        Page[PasskeyShown](data=list(map(passkey_shown, held)), next_cursor=None, has_more=False)
    )


@router.post(
    "/challenges",
    response_model=SignatureAsked,
    responses=refused(PasskeysOffError, TooManyChallengesError),
    summary="Begin to sign in with a passkey",
    operation_id="ask_sign_in_challenge",
)
async def ask_sign_in_challenge(request: Request) -> Response:
    """
    Get a challenge for your device to sign, good once and for five minutes.

    What it signs goes to `POST /v1/tokens`, alone (`grant_type` is `passkey`) or beside the
    password. It is the same whoever asks: which passkeys there are is told to nobody.
    """
    party = relying_party(request.app.state.settings)
    challenge = await ask_challenge(request, Purpose.SIGN_IN, user_id=None)
    return once(show(signature_asked(challenge, party.id, ())))


@router.post(
    "/registration",
    response_model=CreationAsked,
    responses=refused(
        PasskeysOffError,
        PersonNeededError,
        CurrentPasswordWrongError,
        TooManyGuessesError,
        TooManySignInsError,
        TooManyChallengesError,
    ),
    summary="Begin to register a passkey",
    operation_id="begin_passkey",
)
async def begin_passkey(request: Request, actor: Caller, body: Present) -> Response:
    """Get what your device needs to make a passkey; it is to be registered within five minutes."""
    party = relying_party(request.app.state.settings)
    require_person(actor)
    await require_current_password(request, actor.user_id, body.current_password)
    challenge = await ask_challenge(request, Purpose.REGISTER, user_id=actor.user_id)
    async with reading(request.app.state.reads) as connection:
        user = await parties.get_user(connection, actor.user_id)
        held = await store.list_passkeys(connection, user.id, limit=PASSKEYS_PER_USER_MAX)
    return once(
        show(
            CreationAsked(
                rp=PartyAsking(id=party.id, name=ISSUER),
                user=PersonAsked(
                    id=base64url(user.id.encode()),
                    name=user.email or user.id,
                    display_name=user.display_name or user.id,
                ),
                challenge=base64url(challenge.challenge),
                algorithms=[AlgorithmNamed(type=PUBLIC_KEY, alg=number) for number in ALGORITHMS],
                timeout=TIMEOUT_MS,
                excluded=named(held),
                selection=Selection(
                    resident_key="required", require_resident_key=True, user_verification="required"
                ),
                attestation="none",
            )
        )
    )


@router.post(
    "",
    response_model=PasskeyShown,
    status_code=201,
    responses=refused(
        PasskeysOffError,
        PersonNeededError,
        PasskeyRefusedError,
        PasskeyExistsError,
        TooManyPasskeysError,
        UserErasedError,
    ),
    summary="Register a passkey",
    operation_id="add_passkey",
)
async def add_passkey(request: Request, actor: Caller, body: NewPasskey) -> Response:
    """
    Sign in with this passkey from now on, alone or beside your password, which needs it then.

    It takes no Idempotency-Key: a challenge works once, and so does a passkey.
    """
    party = relying_party(request.app.state.settings)
    require_person(actor)
    sent = body.credential.model_dump()
    challenge = await take_signed(
        request.app.state.reads, sent, purpose=Purpose.REGISTER, user_id=actor.user_id
    )
    made = check_made(party, sent, challenge)
    command = AddPasskey(made.credential_id, made.public_key, made.sign_count, body.name)
    write, network = Writer(request, actor, None), network_of(request)
    return await write(
        lambda pen: operations.add_passkey(pen, actor, command, network=network), _created
    )


@router.put(
    "/{passkey_id}/name",
    response_model=PasskeyShown,
    responses=refused(PersonNeededError, PasskeyNotFoundError),
    summary="Name a passkey",
    operation_id="rename_passkey",
)
async def rename_passkey(
    request: Request, actor: Caller, passkey_id: _Id, body: PasskeyNamed
) -> Response:
    """Call one of your passkeys something else."""
    async with noting(request.app.state.reads) as connection:
        renamed = await operations.rename_passkey(connection, actor, passkey_id, body.name)
    return show(passkey_shown(renamed))


@router.post(
    "/{passkey_id}/removal",
    status_code=204,
    responses=refused(
        PersonNeededError,
        CurrentPasswordWrongError,
        TooManyGuessesError,
        TooManySignInsError,
        PasskeyNotFoundError,
        UserErasedError,
    ),
    summary="Remove a passkey",
    operation_id="remove_passkey",
)
async def remove_passkey(
    request: Request, actor: Caller, passkey_id: _Id, body: Present
) -> Response:
    """Let nobody sign in with one of your passkeys any more; your other sessions end."""
    require_person(actor)
    await require_current_password(request, actor.user_id, body.current_password)
    write, network = Writer(request, actor, None), network_of(request)
    await write(
        lambda pen: operations.remove_passkey(pen, actor, passkey_id, network=network),
        lambda _: Reply(204, b""),
    )
    return Response(status_code=204)


@confirming.post(
    "/challenges",
    response_model=SignatureAsked,
    responses=refused(
        PasskeysOffError, PersonNeededError, SecondFactorMissingError, TooManyChallengesError
    ),
    summary="Begin to confirm with a passkey",
    operation_id="ask_confirmation_challenge",
)
async def ask_confirmation_challenge(request: Request, actor: Caller, body: Content) -> Response:
    """
    Get a challenge for your device to sign, for exactly what you are about to do.

    It is good once, and for five minutes. Its last 32 bytes are the digest, so that whoever keeps
    the signature can see what was confirmed.
    """
    party = relying_party(request.app.state.settings)
    require_person(actor)
    async with reading(request.app.state.reads) as connection:
        held = await store.list_passkeys(connection, actor.user_id, limit=PASSKEYS_PER_USER_MAX)
    if not held:
        raise SecondFactorMissingError
    challenge = await ask_challenge(
        request, Purpose.CONFIRM, user_id=actor.user_id, digest=body.digest
    )
    return once(show(signature_asked(challenge, party.id, held)))


async def ask_challenge(
    request: Request, purpose: Purpose, *, user_id: str | None, digest: str | None = None
) -> Challenge:
    """
    Make something for a device to sign.

    Raises:
        TooManyChallengesError: too many wait that were asked for from there.
    """
    async with noting(request.app.state.reads) as connection:
        now = max(clock.now(), (await get_head(connection)).recorded_at)
        return await operations.ask_challenge(
            connection,
            purpose,
            user_id=user_id,
            network=network_of(request),
            now=now,
            digest=digest,
        )


async def signed_by(request: Request, actor: Actor, given: Assertion, digest: str) -> Proof:
    """
    Return that one of the actor's passkeys has signed a content, which is yet to be taken.

    Raises:
        PasskeysOffError: there are none here.
        PersonNeededError: an API key asks for it.
        PasskeyRefusedError: it has not signed this, or not now, or it is not theirs.
    """
    party = relying_party(request.app.state.settings)
    require_person(actor)
    sent = given.model_dump()
    challenge = await take_signed(
        request.app.state.reads, sent, purpose=Purpose.CONFIRM, user_id=actor.user_id
    )
    # The challenge says itself what it is about, so that the signature does.
    if not challenge.endswith(bytes.fromhex(digest)):
        raise PasskeyRefusedError
    async with reading(request.app.state.reads) as connection:
        passkey = await find_signer(connection, sent, user_id=actor.user_id)
    return check_signed(party, sent, challenge, passkey)


def once(response: Response) -> Response:
    """Let nobody keep an answer."""
    response.headers["Cache-Control"] = "no-store"
    return response


def _created(passkey: Passkey) -> Reply:
    return created(passkey_shown(passkey), location="/v1/passkeys")
