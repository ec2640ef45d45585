"""
Identities: what a provider is asked, and whom it knows, linked and unlinked.

That a user has linked an identity, and has it no more, are acts of the register, with a leaf. Whom
the provider knows is personal and in no leaf, and what it is asked is no part of its history.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.encoding import base64url, sha256
from app.kernel.ids import new_id
from app.registry.log.pen import Pen
from app.registry.parties import operations as parties
from app.registry.parties.policy import Actor
from app.registry.signin import store
from app.registry.signin.operations.access import by_actor, record_changed
from app.registry.signin.operations.sessions import end_sessions
from app.registry.signin.refusals import (
    IdentityLinkedError,
    IdentityNotFoundError,
    IdentityRefusedError,
    TooManyIdentitiesError,
    TooManyIdentityRequestsError,
)
from app.registry.signin.rules import (
    IDENTITIES_PER_USER_MAX,
    IDENTITY_REQUEST_LIFETIME,
    IDENTITY_REQUESTS_OPEN_MAX,
    Asking,
    EndReason,
    Identity,
    IdentityRequest,
    require_person,
)

_RANDOM_BYTES = 32


@dataclass(frozen=True, slots=True)
class Begun:
    """What was asked, with what only the browser that began is given."""

    asked: IdentityRequest
    state: str
    binding: str


async def ask_provider(
    connection: AsyncConnection,
    purpose: Asking,
    *,
    user_id: str | None,
    network: str,
    now: datetime,
) -> Begun:
    """
    Make what an identity provider is asked.

    Args:
        connection: inside a transaction.
        purpose: what it is good for, and nothing else.
        user_id: who links; None: whoever signs in.
        network: where it is begun.
        now: the moment; it is good for `IDENTITY_REQUEST_LIFETIME`.

    Raises:
        TooManyIdentityRequestsError: too many wait that were begun there.
    """
    waiting = await store.get_identity_requests_open(
        connection, network, now=now, most=IDENTITY_REQUESTS_OPEN_MAX
    )
    if waiting >= IDENTITY_REQUESTS_OPEN_MAX:
        lifetime_s = int(IDENTITY_REQUEST_LIFETIME.total_seconds())
        raise TooManyIdentityRequestsError(retry_after_s=lifetime_s)
    state, binding = _new(), _new()
    asked = IdentityRequest(
        state=sha256(state.encode()),
        purpose=purpose,
        user_id=user_id,
        binding=sha256(binding.encode()),
        nonce=_new(),
        verifier=_new(),
        network=network,
        created_at=now,
        expires_at=now + IDENTITY_REQUEST_LIFETIME,
    )
    await store.insert_identity_request(connection, asked)
    return Begun(asked, state, binding)


async def drop_old_requests(connection: AsyncConnection, *, now: datetime) -> int:
    """
    Remove what a provider was asked and is over: it holds what our half of the exchange needs.

    Whoever begins does so too; but it may be long before anybody does.

    Returns:
        How many.
    """
    return await store.delete_old_identity_requests(connection, before=now)


async def take_request(
    connection: AsyncConnection,
    purpose: Asking,
    *,
    state: str,
    binding: str,
    code: str,
    user_id: str | None,
) -> IdentityRequest:
    """
    Take what was asked, with the code that came; commit it before looking at anything else.

    So it is good for one code, whatever comes of that. Where the code has found somebody who yet
    has to prove more, it is taken again by the same code, and finds them without the provider. To
    whoever lacks the binding it is as if nothing had been asked: they cannot use it up either.

    Returns:
        What was asked; who takes it sees that it is not too old, once it is committed that it was.

    Raises:
        IdentityRefusedError: it was not asked, not for this, by another browser, or was taken.
    """
    asked = await store.update_identity_request_taken(
        connection,
        sha256(state.encode()),
        binding=sha256(binding.encode()),
        code=sha256(code.encode()),
        purpose=purpose,
        user_id=user_id,
    )
    if asked is None:
        raise IdentityRefusedError
    return asked


async def note_found(
    connection: AsyncConnection, asked: IdentityRequest, *, issuer: str, subject: str
) -> Identity | None:
    """
    Note who somebody was found to be who signs in; they may yet have to prove more.

    Returns:
        Whom the provider means; None: nobody here.
    """
    identity = await store.find_identity(connection, issuer=issuer, subject=subject)
    if identity is not None:
        await store.update_identity_found(connection, asked.state, identity_id=identity.id)
    else:
        await store.delete_identity_request(connection, asked.state)
    return identity


async def use_found(connection: AsyncConnection, asked: IdentityRequest, identity_id: str) -> None:
    """
    Use up what was found, with the session that comes of it.

    Raises:
        IdentityRefusedError: another session came of it, or the identity was unlinked meanwhile.
    """
    if not await store.delete_identity_found(connection, asked.state, identity_id=identity_id):
        raise IdentityRefusedError


async def link_identity(
    pen: Pen, actor: Actor, *, issuer: str, subject: str, network: str | None = None
) -> Identity:
    """
    Let a user sign in as whom a provider knows, from now on.

    Raises:
        PersonNeededError: an API key asks for it.
        UserErasedError: the user was erased.
        IdentityLinkedError: it is somebody's already.
        TooManyIdentitiesError: the user has as many as one user may have.
    """
    require_person(actor)
    user = await parties.own_or_managed_user(pen, actor, actor.user_id)
    if await store.find_identity(pen.connection, issuer=issuer, subject=subject) is not None:
        raise IdentityLinkedError
    held = await store.list_identities(pen.connection, user.id, limit=IDENTITIES_PER_USER_MAX)
    if len(held) == IDENTITIES_PER_USER_MAX:
        raise TooManyIdentitiesError(identities_max=IDENTITIES_PER_USER_MAX)
    identity = Identity(new_id("idn"), user.id, issuer, subject, pen.now)
    await store.insert_identity(pen.connection, identity)
    data = {"identity_id": identity.id}
    await record_changed(pen, actor, user, "user.identity_linked", network=network, data=data)
    return identity


async def unlink_identity(
    pen: Pen, actor: Actor, identity_id: str, *, network: str | None = None
) -> None:
    """
    Let nobody sign in by one of the actor's identities any more, and end their other sessions.

    Raises:
        PersonNeededError: an API key asks for it.
        UserErasedError: the user was erased.
        IdentityNotFoundError: they have linked no such one.
    """
    require_person(actor)
    user = await parties.own_or_managed_user(pen, actor, actor.user_id)
    if not await store.delete_identity(pen.connection, identity_id, user_id=user.id):
        raise IdentityNotFoundError
    data = {"identity_id": identity_id}
    await record_changed(pen, actor, user, "user.identity_unlinked", network=network, data=data)
    await end_sessions(
        pen.connection,
        user.id,
        by=by_actor(actor, network),
        reason=EndReason.IDENTITY_UNLINKED,
        now=pen.now,
        besides=actor.session_id,
    )


def _new() -> str:
    return base64url(secrets.token_bytes(_RANDOM_BYTES))
