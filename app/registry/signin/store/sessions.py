"""Sessions and their refresh tokens in the database."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.paging import rows
from app.registry.signin.rules import EndReason, Factor, Session
from app.registry.signin.store.tables import refresh_tokens, sessions

_SESSION: Final = (
    sessions.c.id,
    sessions.c.user_id,
    sessions.c.created_at,
    sessions.c.last_used_at,
    sessions.c.expires_at,
    sessions.c.address,
    sessions.c.second_factor,
    sessions.c.ended_at,
)


@dataclass(frozen=True, slots=True)
class Presented:
    """A refresh token that somebody shows, and the session it is of."""

    session: Session
    was_used: bool


async def insert_session(connection: AsyncConnection, session: Session, *, digest: bytes) -> None:
    """Begin a session with the digest of its first refresh token."""
    await connection.execute(
        insert(sessions).values(
            id=session.id,
            user_id=session.user_id,
            created_at=session.created_at,
            last_used_at=session.last_used_at,
            expires_at=session.expires_at,
            address=session.address,
            second_factor=session.second_factor,
        )
    )
    await insert_refresh_token(connection, session.id, digest=digest, now=session.created_at)


async def insert_refresh_token(
    connection: AsyncConnection, session_id: str, *, digest: bytes, now: datetime
) -> None:
    """Insert the digest of a session's next refresh token."""
    await connection.execute(
        insert(refresh_tokens).values(digest=digest, session_id=session_id, issued_at=now)
    )


async def lock_presented(connection: AsyncConnection, digest: bytes) -> Presented | None:
    """Hold the session of a refresh token, so that of two who show it one comes second."""
    query = (
        select(*_SESSION, refresh_tokens.c.used_at)
        .join(refresh_tokens, refresh_tokens.c.session_id == sessions.c.id)
        .where(refresh_tokens.c.digest == digest)
        .with_for_update()
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Presented(_session(row), row.used_at is not None)


async def lock_session(
    connection: AsyncConnection, session_id: str, *, user_id: str
) -> Session | None:
    """Hold a session of a user; None: they have no such session."""
    query = (
        select(*_SESSION)
        .where(sessions.c.id == session_id, sessions.c.user_id == user_id)
        .with_for_update()
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _session(row)


async def update_session_used(
    connection: AsyncConnection, session_id: str, *, now: datetime
) -> None:
    """Note when a session was used last."""
    await connection.execute(
        update(sessions).where(sessions.c.id == session_id).values(last_used_at=now)
    )


async def update_refreshed(
    connection: AsyncConnection, session: Session, *, used: bytes, following: bytes, now: datetime
) -> None:
    """Put a session's next refresh token in the place of the one that was used."""
    await connection.execute(
        update(refresh_tokens).where(refresh_tokens.c.digest == used).values(used_at=now)
    )
    await insert_refresh_token(connection, session.id, digest=following, now=now)
    await update_session_used(connection, session.id, now=now)


async def update_session_ended(
    connection: AsyncConnection, session_id: str, *, user_id: str, reason: EndReason, now: datetime
) -> bool:
    """End a session of a user; False: they have no such session that goes on."""
    result = await connection.execute(
        update(sessions)
        .where(
            sessions.c.id == session_id,
            sessions.c.user_id == user_id,
            sessions.c.ended_at.is_(None),
        )
        .values(ended_at=now, end_reason=reason)
    )
    return result.rowcount == 1


async def update_sessions_ended(
    connection: AsyncConnection,
    user_id: str,
    *,
    reason: EndReason,
    now: datetime,
    besides: str | None = None,
) -> list[str]:
    """End all sessions of a user, except one where it is named; returns which."""
    query = update(sessions).where(sessions.c.user_id == user_id, sessions.c.ended_at.is_(None))
    if besides is not None:
        query = query.where(sessions.c.id != besides)
    ending = query.values(ended_at=now, end_reason=reason).returning(sessions.c.id)
    return list((await connection.execute(ending)).scalars())


async def update_displaced(
    connection: AsyncConnection, user_id: str, *, keep: int, now: datetime
) -> list[str]:
    """End all sessions of a user but those that were used last; returns which."""
    last_used = (
        select(sessions.c.id)
        .where(sessions.c.user_id == user_id, sessions.c.ended_at.is_(None))
        .order_by(sessions.c.last_used_at.desc())
        .offset(keep)
    )
    ended = await connection.execute(
        update(sessions)
        .where(sessions.c.id.in_(last_used), sessions.c.ended_at.is_(None))
        .values(ended_at=now, end_reason=EndReason.DISPLACED)
        .returning(sessions.c.id)
    )
    return list(ended.scalars())


async def list_sessions(
    connection: AsyncConnection, user_id: str, *, after: str | None, limit: int, now: datetime
) -> list[Session]:
    """Return a user's sessions that go on, in the order they began, those after ``after``."""
    query = (
        select(*_SESSION)
        .where(
            sessions.c.user_id == user_id,
            sessions.c.ended_at.is_(None),
            sessions.c.expires_at > now,
        )
        .order_by(sessions.c.id)
        .limit(rows(limit))
    )
    if after is not None:
        query = query.where(sessions.c.id > after)
    return [_session(row) for row in await connection.execute(query)]


async def delete_sessions(connection: AsyncConnection, *, expired_before: datetime) -> None:
    """Forget sessions that were over long ago, with their tokens."""
    await connection.execute(delete(sessions).where(sessions.c.expires_at < expired_before))


async def delete_sessions_of(connection: AsyncConnection, user_id: str) -> list[str]:
    """Forget all sessions of a user, and from where they were begun; returns which went on."""
    deleted = await connection.execute(
        delete(sessions)
        .where(sessions.c.user_id == user_id)
        .returning(sessions.c.id, sessions.c.ended_at)
    )
    return [row.id for row in deleted if row.ended_at is None]


def _session(row: Row[*tuple[Any, ...]]) -> Session:
    return Session(
        id=row.id,
        user_id=row.user_id,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
        address=row.address,
        second_factor=None if row.second_factor is None else Factor(row.second_factor),
        ended_at=row.ended_at,
    )
