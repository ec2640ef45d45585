"""
Passkeys: registered, named, removed, and what they are to sign.

That a user has a passkey, and has it no more, are acts of the register, with a leaf. What it is
called, and challenges, are no part of its history.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.ids import new_id
from app.registry.log.pen import Pen
from app.registry.parties import operations as parties
from app.registry.parties.policy import Actor
from app.registry.signin import store
from app.registry.signin.operations.access import by_actor, record_changed
from app.registry.signin.operations.sessions import end_sessions
from app.registry.signin.refusals import (
    PasskeyExistsError,
    PasskeyNotFoundError,
    TooManyChallengesError,
    TooManyPasskeysError,
)
from app.registry.signin.rules import (
    CHALLENGE_LIFETIME,
    CHALLENGES_OPEN_MAX,
    PASSKEYS_PER_USER_MAX,
    Challenge,
    EndReason,
    Passkey,
    Purpose,
    require_person,
)

RANDOM_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class AddPasskey:
    """A passkey that an authenticator made and proved to have."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    name: str


async def ask_challenge(
    connection: AsyncConnection,
    purpose: Purpose,
    *,
    user_id: str | None,
    network: str,
    now: datetime,
    digest: str | None = None,
) -> Challenge:
    """
    Make something for an authenticator to sign.

    Args:
        connection: inside a transaction.
        purpose: what it is good for, and nothing else.
        user_id: by whom; None: by whoever signs in.
        network: where it is asked for.
        now: the moment; it is good for `CHALLENGE_LIFETIME`.
        digest: SHA-256 of what is confirmed, hexadecimal: the challenge ends with it, so that what
            the authenticator signs says what it was about.

    Raises:
        TooManyChallengesError: too many wait that were asked for there.
    """
    waiting = await store.get_challenges_open(
        connection, network, now=now, most=CHALLENGES_OPEN_MAX
    )
    if waiting >= CHALLENGES_OPEN_MAX:
        raise TooManyChallengesError(retry_after_s=int(CHALLENGE_LIFETIME.total_seconds()))
    bound = b"" if digest is None else bytes.fromhex(digest)
    challenge = Challenge(
        challenge=secrets.token_bytes(RANDOM_BYTES) + bound,
        purpose=purpose,
        user_id=user_id,
        network=network,
        created_at=now,
        expires_at=now + CHALLENGE_LIFETIME,
    )
    await store.insert_challenge(connection, challenge)
    return challenge


async def take_challenge(
    connection: AsyncConnection,
    challenge: bytes,
    *,
    purpose: Purpose,
    user_id: str | None,
    now: datetime,
) -> bool:
    """
    Take a challenge that somebody says they have signed; commit it before looking at what they say.

    So it is good for one try, whatever comes of that.

    Returns:
        Whether it was asked for, for this and by them, and not too long ago.
    """
    return await store.delete_challenge(
        connection, challenge, purpose=purpose, user_id=user_id, now=now
    )


async def add_passkey(
    pen: Pen, actor: Actor, command: AddPasskey, *, network: str | None = None
) -> Passkey:
    """
    Let a user sign in with a passkey from now on; with their password it is a second factor.

    Raises:
        PersonNeededError: an API key asks for it.
        UserErasedError: the user was erased.
        PasskeyExistsError: it is somebody's already.
        TooManyPasskeysError: the user has as many as one user may have.
    """
    require_person(actor)
    user = await parties.own_or_managed_user(pen, actor, actor.user_id)
    if await store.find_passkey(pen.connection, command.credential_id) is not None:
        raise PasskeyExistsError
    held = await store.list_passkeys(pen.connection, user.id, limit=PASSKEYS_PER_USER_MAX)
    if len(held) == PASSKEYS_PER_USER_MAX:
        raise TooManyPasskeysError(passkeys_max=PASSKEYS_PER_USER_MAX)
    passkey = Passkey(
        id=new_id("pky"),
        user_id=user.id,
        credential_id=command.credential_id,
        public_key=command.public_key,
        sign_count=command.sign_count,
        name=command.name,
        created_at=pen.now,
    )
    await store.insert_passkey(pen.connection, passkey)
    data = {"passkey_id": passkey.id}
    await record_changed(pen, actor, user, "user.passkey_added", network=network, data=data)
    return passkey


async def rename_passkey(
    connection: AsyncConnection, actor: Actor, passkey_id: str, name: str
) -> Passkey:
    """
    Give one of the actor's passkeys another name.

    Raises:
        PersonNeededError: an API key asks for it.
        PasskeyNotFoundError: they have no such passkey.
    """
    require_person(actor)
    renamed = await store.update_passkey_name(
        connection, passkey_id, user_id=actor.user_id, name=name
    )
    if renamed is None:
        raise PasskeyNotFoundError
    return renamed


async def remove_passkey(
    pen: Pen, actor: Actor, passkey_id: str, *, network: str | None = None
) -> None:
    """
    Let nobody sign in with one of the actor's passkeys any more, and end their other sessions.

    Raises:
        PersonNeededError: an API key asks for it.
        UserErasedError: the user was erased.
        PasskeyNotFoundError: they have no such passkey.
    """
    require_person(actor)
    user = await parties.own_or_managed_user(pen, actor, actor.user_id)
    if not await store.delete_passkey(pen.connection, passkey_id, user_id=user.id):
        raise PasskeyNotFoundError
    data = {"passkey_id": passkey_id}
    await record_changed(pen, actor, user, "user.passkey_removed", network=network, data=data)
    await end_sessions(
        pen.connection,
        user.id,
        by=by_actor(actor, network),
        reason=EndReason.FACTOR_REMOVED,
        now=pen.now,
        besides=actor.session_id,
    )
