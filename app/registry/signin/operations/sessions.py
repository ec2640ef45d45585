"""
Sessions: begun, refreshed, ended.

They are no part of the register's history, so they are written past the pen, on a connection of
the way in; only where an act ends them (a new password) are they written with it.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.ids import new_id
from app.registry.log.pen import Pen
from app.registry.parties import operations as parties
from app.registry.parties.operations import SetPassword
from app.registry.parties.policy import Actor
from app.registry.parties.rules import User
from app.registry.signin import store
from app.registry.signin.operations.access import (
    By,
    an_access,
    by_actor,
    keep_access,
    note_changed,
    note_ended,
)
from app.registry.signin.rules import (
    SESSION_KEPT,
    SESSION_LIFETIME,
    SESSIONS_PER_USER_MAX,
    AccessKind,
    EndReason,
    Factor,
    Session,
    network_of,
)
from app.registry.signin.store import Presented


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who has signed in, from where, and by what."""

    user_id: str
    address: str  # of the network
    second_factor: Factor | None  # None: they have none
    by_identity: bool = False  # an identity provider said who they are


async def begin_session(
    connection: AsyncConnection, made: SignIn, *, digest: bytes, now: datetime
) -> Session:
    """Begin a session with the digest of its first refresh token, and tidy up after old ones."""
    user_id, second_factor = made.user_id, made.second_factor
    session = Session(
        id=new_id("ses"),
        user_id=user_id,
        created_at=now,
        last_used_at=now,
        expires_at=now + SESSION_LIFETIME,
        address=made.address,
        second_factor=second_factor,
    )
    keep = SESSIONS_PER_USER_MAX - 1
    displaced = await store.update_displaced(connection, user_id, keep=keep, now=now)
    await store.insert_session(connection, session, digest=digest)
    by = By(user_id, network_of(made.address), session.id)
    reason = EndReason.DISPLACED
    await note_ended(connection, displaced, user_id=user_id, by=by, reason=reason, now=now)
    what = "password" if second_factor is None else second_factor.value
    what = "identity" if made.by_identity else what
    signed_in = an_access(by, AccessKind.SIGNED_IN, what, about=user_id, now=now)
    await keep_access(connection, [signed_in])
    await store.delete_sessions(connection, expired_before=now - SESSION_KEPT)
    return session


async def present(
    connection: AsyncConnection, digest: bytes, *, now: datetime, network: str | None = None
) -> Session | None:
    """
    Look at a refresh token that somebody shows, and hold its session.

    A token that was used before ends its session at once, with every token that came of it: two
    have it, and nobody can tell which of them stole it. So does one whose time is up, for good,
    whatever the clock says later.

    Returns:
        The session that may go on; None: there is none, or it has ended by now. Keep what was
        written in either case.
    """
    presented = await store.lock_presented(connection, digest)
    if presented is None or presented.session.ended_at is not None:
        return None
    session = presented.session
    reason = _reason_to_end(presented, now)
    if reason is None:
        return session
    user_id = session.user_id
    await store.update_session_ended(
        connection, session.id, user_id=user_id, reason=reason, now=now
    )
    nobody = By(None, network)  # whoever shows such a token may have stolen it
    await note_ended(connection, [session.id], user_id=user_id, by=nobody, reason=reason, now=now)
    return None


def _reason_to_end(presented: Presented, now: datetime) -> EndReason | None:
    if presented.was_used:
        return EndReason.REUSED
    return EndReason.EXPIRED if presented.session.is_over(now) else None


async def refresh(
    connection: AsyncConnection, session: Session, *, used: bytes, following: bytes, now: datetime
) -> None:
    """Let a session that was presented go on with its next refresh token."""
    moment = max(now, session.last_used_at)
    await store.update_refreshed(connection, session, used=used, following=following, now=moment)


async def keep_alive(
    connection: AsyncConnection, session_id: str, *, user_id: str, now: datetime
) -> bool:
    """
    Note that a session of a user is used, without a new refresh token: their browser shows its own.

    Returns:
        Whether it goes on. One whose time is up ends here for good, whatever the clock says later.
    """
    session = await store.lock_session(connection, session_id, user_id=user_id)
    if session is None or session.ended_at is not None:
        return False
    if session.is_over(now):
        reason = EndReason.EXPIRED
        await store.update_session_ended(
            connection, session_id, user_id=user_id, reason=reason, now=now
        )
        by = By(user_id, None, session_id)
        await note_ended(connection, [session_id], user_id=user_id, by=by, reason=reason, now=now)
        return False
    await store.update_session_used(connection, session_id, now=max(now, session.last_used_at))
    return True


async def sign_out(
    connection: AsyncConnection,
    actor: Actor,
    session_id: str,
    *,
    now: datetime,
    network: str | None = None,
) -> bool:
    """End one of the actor's own sessions; False: they have no such session that goes on."""
    user_id, reason = actor.user_id, EndReason.SIGNED_OUT
    ended = await store.update_session_ended(
        connection, session_id, user_id=user_id, reason=reason, now=now
    )
    if ended:
        by = by_actor(actor, network)
        await note_ended(connection, [session_id], user_id=user_id, by=by, reason=reason, now=now)
    return ended


async def sign_out_everywhere(
    connection: AsyncConnection, actor: Actor, *, now: datetime, network: str | None = None
) -> None:
    """End all sessions of the actor, the present one too."""
    await end_sessions(
        connection,
        actor.user_id,
        by=by_actor(actor, network),
        reason=EndReason.SIGNED_OUT,
        now=now,
    )


async def end_sessions(
    connection: AsyncConnection,
    user_id: str,
    *,
    by: By,
    reason: EndReason,
    now: datetime,
    besides: str | None = None,
) -> None:
    """End all sessions of a user, except one where it is named, and record it."""
    ended = await store.update_sessions_ended(
        connection, user_id, reason=reason, now=now, besides=besides
    )
    await note_ended(connection, ended, user_id=user_id, by=by, reason=reason, now=now)


async def set_password(
    pen: Pen, actor: Actor, command: SetPassword, *, network: str | None = None
) -> User:
    """
    Replace a user's password, and end all their sessions but the one in which they do it.

    Raises:
        As `app.registry.parties.operations.set_password`.
    """
    user = await parties.set_password(pen, actor, command)
    by = by_actor(actor, network)
    await note_changed(pen, by, "user.password_set", about=user.id)
    await end_sessions(
        pen.connection,
        user.id,
        by=by,
        reason=EndReason.PASSWORD_SET,
        now=pen.now,
        besides=actor.session_id if actor.user_id == user.id else None,
    )
    return user


async def forget_user(connection: AsyncConnection, user_id: str, *, now: datetime) -> None:
    """
    Remove all that is kept of how a user signed in; part of the act that erases them.

    That they signed in stays, under their identifier and without from where.
    """
    ended = await store.delete_sessions_of(connection, user_id)
    by = By(None, None)
    await note_ended(connection, ended, user_id=user_id, by=by, reason="erased", now=now)
    await store.delete_factors_of(connection, user_id)
    await store.delete_passkeys_of(connection, user_id)
    await store.delete_identities_of(connection, user_id)
    await store.update_networks_forgotten(connection, user_id)
