"""Users and what they sign in with in the database."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import show_people_of
from app.kernel.paging import rows
from app.registry.parties.policy import Actor, sees_every_party
from app.registry.parties.refusals import KeyNotFoundError
from app.registry.parties.rules import ApiKey, PartyKind, Role, Status, User, UserNotFoundError
from app.registry.parties.store.tables import (
    ARE_OFFICIALS,
    ARE_REPRESENTATIVES,
    IS_ADMINISTRATOR,
    api_keys,
    parties,
    users,
)

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
    api_keys.c.expires_at,
    api_keys.c.scopes,
    api_keys.c.addresses,
    api_keys.c.last_used_at,
    api_keys.c.public_key,
)


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


async def list_officials(
    connection: AsyncConnection,
    having: Iterable[Role],
    *,
    besides_user_id: str | None = None,
    besides_party_id: str | None = None,
    limit: int,
) -> list[str]:
    """List people of TGO who can act and have one of these roles, all but those named."""
    query = (
        select(users.c.id)
        .join(parties, parties.c.id == users.c.party_id)
        .where(
            text(ARE_OFFICIALS),
            parties.c.status == Status.ACTIVE,
            users.c.status == Status.ACTIVE,
            users.c.roles.overlap([role.value for role in having]),
        )
        .order_by(users.c.id)
        .limit(rows(limit))
    )
    if besides_user_id is not None:
        query = query.where(users.c.id != besides_user_id)
    if besides_party_id is not None:
        query = query.where(users.c.party_id != besides_party_id)
    return list((await connection.execute(query)).scalars())


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


async def list_representatives(
    connection: AsyncConnection, party_id: str, role: Role, *, besides_user_id: str, limit: int
) -> list[str]:
    """Return users of a party who can act now in a representative's role, besides one of them."""
    query = (
        select(users.c.id)
        .where(
            text(ARE_REPRESENTATIVES[role]),
            users.c.party_id == party_id,
            users.c.id != besides_user_id,
        )
        .order_by(users.c.id)
        .limit(rows(limit))
    )
    return list((await connection.execute(query)).scalars())


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
        .values(
            label=LABEL_ERASED,
            addresses=None,
            revoked_at=func.coalesce(api_keys.c.revoked_at, now),
        )
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
    return _key(row)


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
    return [_key(row) for row in await connection.execute(query)]


async def insert_key(connection: AsyncConnection, key: ApiKey, *, secret_sha256: bytes) -> None:
    """Insert an API key with the digest of its secret."""
    await connection.execute(
        insert(api_keys).values(
            id=key.id,
            user_id=key.user_id,
            label=key.label,
            secret_sha256=secret_sha256,
            created_at=key.created_at,
            expires_at=key.expires_at,
            scopes=None if key.scopes is None else sorted(key.scopes),
            addresses=list(key.addresses) or None,
            public_key=key.public_key,
        )
    )


async def update_keys_used(
    connection: AsyncConnection, key_ids: Collection[str], *, now: datetime
) -> None:
    """Write to the minute when keys were used; never an earlier moment over a later one."""
    minute = now.replace(second=0, microsecond=0)
    # Whoever holds a key at this moment, as an act that revokes it, is not waited for.
    due = (
        select(api_keys.c.id)
        .where(
            api_keys.c.id.in_(key_ids),
            api_keys.c.last_used_at.is_(None) | (api_keys.c.last_used_at < minute),
        )
        .with_for_update(skip_locked=True)
    )
    await connection.execute(
        update(api_keys).where(api_keys.c.id.in_(due)).values(last_used_at=minute)
    )


async def update_key_revoked(connection: AsyncConnection, key: ApiKey) -> None:
    """Write the moment at which a key was revoked."""
    result = await connection.execute(
        update(api_keys)
        .where(api_keys.c.id == key.id, api_keys.c.revoked_at.is_(None))
        .values(revoked_at=key.revoked_at)
    )
    assert result.rowcount == 1


def _key(row: Row[*tuple[Any, ...]]) -> ApiKey:
    return ApiKey(
        id=row.id,
        user_id=row.user_id,
        label=row.label,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
        expires_at=row.expires_at,
        scopes=None if row.scopes is None else frozenset(row.scopes),
        addresses=tuple(map(str, row.addresses or ())),
        last_used_at=row.last_used_at,
        public_key=None if row.public_key is None else bytes(row.public_key),
    )


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
