"""Users and what they sign in with in the database."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import show_people_of
from app.kernel.paging import rows
from app.registry.parties.refusals import KeyNotFoundError
from app.registry.parties.rules import (
    Actor,
    ApiKey,
    PartyKind,
    Role,
    Status,
    User,
    UserNotFoundError,
    sees_every_party,
)
from app.registry.parties.store.tables import IS_ADMINISTRATOR, api_keys, parties, users

LABEL_ERASED: Final = "[erased]"  # people call their keys by their own names

_USER: Final = (
    users.c.id,
    users.c.party_id,
    users.c.party_kind,
    users.c.email,
    users.c.display_name,
    users.c.roles,
    users.c.status,
    users.c.version,
)
_KEY: Final = (
    api_keys.c.id,
    api_keys.c.user_id,
    api_keys.c.label,
    api_keys.c.created_at,
    api_keys.c.revoked_at,
)


_LIST_STANDINGS: Final = text("""
    SELECT w.user_id, w.key_id AS asked_key_id, u.party_id, u.party_kind, u.roles, u.status,
           p.status AS party_status, k.id AS key_id, k.revoked_at
      FROM unnest(CAST(:users AS text[]), CAST(:keys AS text[])) AS w(user_id, key_id)
      JOIN users u ON u.id = w.user_id
      JOIN parties p ON p.id = u.party_id
      LEFT JOIN LATERAL (SELECT id, revoked_at FROM api_keys
                          WHERE id = w.key_id AND user_id = w.user_id LIMIT 1) AS k ON true
""")


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether somebody who holds a token may act now, and as what."""

    actor: Actor
    user_status: Status
    party_status: Status
    key_revoked: bool


async def get_user(
    connection: AsyncConnection, user_id: str, *, seen_by: Actor | None = None
) -> User:
    """
    Return a user.

    Args:
        connection: where to read.
        user_id: whom.
        seen_by: whoever asks; None where the registry itself does, and sees all.

    Raises:
        UserNotFoundError: there is none, or it belongs to a party that ``seen_by`` may not read.
    """
    query = select(*_USER).where(users.c.id == user_id)
    if seen_by is not None:
        await _show_people_to(connection, seen_by)
        if not sees_every_party(seen_by):
            query = query.where(users.c.party_id == seen_by.party_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise UserNotFoundError
    return _user(row)


async def list_users(
    connection: AsyncConnection,
    *,
    seen_by: Actor,
    party_id: str | None = None,
    after: str | None = None,
    limit: int,
) -> list[User]:
    """Return the users that somebody may see, in the order they came, those after ``after``."""
    await _show_people_to(connection, seen_by)
    query = select(*_USER).order_by(users.c.id).limit(rows(limit))
    if not sees_every_party(seen_by):
        query = query.where(users.c.party_id == seen_by.party_id)
    if party_id is not None:
        query = query.where(users.c.party_id == party_id)
    if after is not None:
        query = query.where(users.c.id > after)
    return [_user(row) for row in await connection.execute(query)]


async def _show_people_to(connection: AsyncConnection, actor: Actor) -> None:
    await show_people_of(connection, None if sees_every_party(actor) else actor.party_id)


async def find_user_id_by_email(connection: AsyncConnection, email: str) -> str | None:
    """Return who signs in with a case-folded address; None: nobody does."""
    found: str | None = await connection.scalar(select(users.c.id).where(users.c.email == email))
    return found


async def find_administrator(
    connection: AsyncConnection,
    *,
    besides_user_id: str | None = None,
    besides_party_id: str | None = None,
) -> str | None:
    """Return an administrator who can act and is not the one named; None: there is no other."""
    query = (
        select(users.c.id)
        .join(parties, parties.c.id == users.c.party_id)
        .where(
            text(IS_ADMINISTRATOR),
            users.c.status == Status.ACTIVE,
            parties.c.status == Status.ACTIVE,
        )
        .limit(1)
    )
    if besides_user_id is not None:
        query = query.where(users.c.id != besides_user_id)
    if besides_party_id is not None:
        query = query.where(users.c.party_id != besides_party_id)
    found: str | None = await connection.scalar(query)
    return found


async def insert_user(
    connection: AsyncConnection, user: User, *, password_hash: str | None, now: datetime
) -> None:
    """Insert a user."""
    await connection.execute(
        insert(users).values(
            id=user.id,
            party_id=user.party_id,
            party_kind=user.party_kind,
            email=user.email,
            display_name=user.display_name,
            roles=sorted(user.roles),
            status=user.status,
            password_hash=password_hash,
            version=user.version,
            created_at=now,
        )
    )


async def update_user(
    connection: AsyncConnection, user: User, *, password_hash: str | None = None
) -> None:
    """Write roles and status over the version before; a password only where one is given."""
    values: dict[str, Any] = {
        "roles": sorted(user.roles),
        "status": user.status,
        "version": user.version,
    }
    if password_hash is not None:
        values["password_hash"] = password_hash
    result = await connection.execute(
        update(users)
        .where(users.c.id == user.id, users.c.version == user.version - 1)
        .values(values)
    )
    assert result.rowcount == 1


async def update_user_erased(connection: AsyncConnection, user: User, *, now: datetime) -> None:
    """Empty a user over the version before, and end their keys."""
    result = await connection.execute(
        update(users)
        .where(users.c.id == user.id, users.c.version == user.version - 1)
        .values(
            email=None,
            display_name=None,
            password_hash=None,
            status=user.status,
            version=user.version,
        )
    )
    assert result.rowcount == 1
    await connection.execute(
        update(api_keys)
        .where(api_keys.c.user_id == user.id)
        .values(label=LABEL_ERASED, revoked_at=func.coalesce(api_keys.c.revoked_at, now))
    )


async def find_password(connection: AsyncConnection, email: str) -> tuple[str, str | None] | None:
    """Return identifier and password hash of who signs in with an address; None: nobody does."""
    row = (
        await connection.execute(
            select(users.c.id, users.c.password_hash).where(users.c.email == email)
        )
    ).one_or_none()
    return None if row is None else (row.id, row.password_hash)


async def find_password_hash(connection: AsyncConnection, user_id: str) -> str | None:
    """Return a user's password hash; None: there is no such user, or no password was set."""
    found: str | None = await connection.scalar(
        select(users.c.password_hash).where(users.c.id == user_id)
    )
    return found


async def find_key_secret(connection: AsyncConnection, key_id: str) -> tuple[str, bytes] | None:
    """Return the user and the secret's SHA-256 of a key that works; None: there is no such key."""
    row = (
        await connection.execute(
            select(api_keys.c.user_id, api_keys.c.secret_sha256).where(
                api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None)
            )
        )
    ).one_or_none()
    return None if row is None else (row.user_id, bytes(row.secret_sha256))


async def find_standing(
    connection: AsyncConnection, *, user_id: str, key_id: str | None
) -> Standing | None:
    """Return how a user and the key they came with stand now; None: no such user or key."""
    return (await list_standings(connection, [(user_id, key_id)])).get((user_id, key_id))


async def list_standings(
    connection: AsyncConnection, asked: Collection[tuple[str, str | None]]
) -> dict[tuple[str, str | None], Standing]:
    """
    Return how users and the keys they came with stand now, in one statement.

    Args:
        connection: to read on.
        asked: identifiers of users, each with that of the key; None: they came with none.

    Returns:
        What is left out: there is no such user, or the key is not theirs.
    """
    rows = await connection.execute(
        _LIST_STANDINGS, {"users": [user for user, _ in asked], "keys": [key for _, key in asked]}
    )
    return {
        (row.user_id, row.asked_key_id): Standing(
            Actor(
                user_id=row.user_id,
                party_id=row.party_id,
                party_kind=PartyKind(row.party_kind),
                roles=frozenset(map(Role, row.roles)),
                client_id=row.key_id,
            ),
            user_status=Status(row.status),
            party_status=Status(row.party_status),
            key_revoked=row.revoked_at is not None,
        )
        for row in rows
        if row.key_id == row.asked_key_id
    }


async def get_key(connection: AsyncConnection, key_id: str, *, user_id: str) -> ApiKey:
    """
    Return a user's API key, without its secret.

    Raises:
        KeyNotFoundError: this user has no such key.
    """
    row = (
        await connection.execute(
            select(*_KEY).where(api_keys.c.id == key_id, api_keys.c.user_id == user_id)
        )
    ).one_or_none()
    if row is None:
        raise KeyNotFoundError(user_id=user_id)
    return ApiKey(*row)


async def list_keys(
    connection: AsyncConnection,
    *,
    user_id: str,
    only_working: bool = False,
    after: str | None = None,
    limit: int,
) -> list[ApiKey]:
    """Return a user's API keys in the order they were issued, from the one after ``after``."""
    query = (
        select(*_KEY)
        .where(api_keys.c.user_id == user_id)
        .order_by(api_keys.c.id)
        .limit(rows(limit))
    )
    if only_working:
        query = query.where(api_keys.c.revoked_at.is_(None))
    if after is not None:
        query = query.where(api_keys.c.id > after)
    return [ApiKey(*row) for row in await connection.execute(query)]


async def insert_key(connection: AsyncConnection, key: ApiKey, *, secret_sha256: bytes) -> None:
    """Insert an API key with the digest of its secret."""
    await connection.execute(
        insert(api_keys).values(
            id=key.id,
            user_id=key.user_id,
            label=key.label,
            secret_sha256=secret_sha256,
            created_at=key.created_at,
        )
    )


async def update_key_revoked(connection: AsyncConnection, key: ApiKey) -> None:
    """Write the moment at which a key was revoked."""
    result = await connection.execute(
        update(api_keys)
        .where(api_keys.c.id == key.id, api_keys.c.revoked_at.is_(None))
        .values(revoked_at=key.revoked_at)
    )
    assert result.rowcount == 1


def _user(row: Row[*tuple[Any, ...]]) -> User:
    return User(
        id=row.id,
        party_id=row.party_id,
        party_kind=PartyKind(row.party_kind),
        email=row.email,
        display_name=row.display_name,
        roles=frozenset(map(Role, row.roles)),
        status=Status(row.status),
        version=row.version,
    )
