"""Passkeys, and what they are to sign, in the database."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.paging import rows
from app.registry.signin.rules import Challenge, Passkey, Purpose
from app.registry.signin.store.tables import passkey_challenges, passkeys

_COLUMNS: Final = tuple(passkeys.c)


async def insert_passkey(connection: AsyncConnection, passkey: Passkey) -> None:
    """Insert a passkey."""
    await connection.execute(
        insert(passkeys).values(
            id=passkey.id,
            user_id=passkey.user_id,
            credential_id=passkey.credential_id,
            public_key=passkey.public_key,
            sign_count=passkey.sign_count,
            name=passkey.name,
            created_at=passkey.created_at,
        )
    )


async def find_passkey(connection: AsyncConnection, credential_id: bytes) -> Passkey | None:
    """Return whose passkey an authenticator says it is; None: nobody's."""
    query = select(*_COLUMNS).where(passkeys.c.credential_id == credential_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _passkey(row)


async def list_passkeys(connection: AsyncConnection, user_id: str, *, limit: int) -> list[Passkey]:
    """Return a user's passkeys, the oldest first."""
    query = (
        select(*_COLUMNS)
        .where(passkeys.c.user_id == user_id)
        .order_by(passkeys.c.id)
        .limit(rows(limit))
    )
    return [_passkey(row) for row in await connection.execute(query)]


async def update_passkey_used(
    connection: AsyncConnection, passkey_id: str, *, sign_count: int, now: datetime
) -> bool:
    """Note that a passkey was used; False: it was removed, or counts back."""
    of = passkeys.c
    counts_on = (of.sign_count < sign_count) | ((of.sign_count == 0) & (sign_count == 0))
    result = await connection.execute(
        update(passkeys)
        .where(of.id == passkey_id, counts_on)
        .values(sign_count=sign_count, last_used_at=now)
    )
    return result.rowcount == 1


async def update_passkey_name(
    connection: AsyncConnection, passkey_id: str, *, user_id: str, name: str
) -> Passkey | None:
    """Give a passkey of a user another name; None: they have no such passkey."""
    renamed = (
        update(passkeys)
        .where(*_of_user(passkey_id, user_id))
        .values(name=name)
        .returning(*_COLUMNS)
    )
    row = (await connection.execute(renamed)).one_or_none()
    return None if row is None else _passkey(row)


async def delete_passkey(connection: AsyncConnection, passkey_id: str, *, user_id: str) -> bool:
    """Remove a passkey of a user; False: they have no such passkey."""
    result = await connection.execute(delete(passkeys).where(*_of_user(passkey_id, user_id)))
    return result.rowcount == 1


async def delete_passkeys_of(connection: AsyncConnection, user_id: str) -> int:
    """Remove all passkeys of a user, and what waits to be signed by them; returns how many."""
    await connection.execute(
        delete(passkey_challenges).where(passkey_challenges.c.user_id == user_id)
    )
    result = await connection.execute(delete(passkeys).where(passkeys.c.user_id == user_id))
    return result.rowcount


# ------------------------------------------------------------------------------ challenges


async def insert_challenge(connection: AsyncConnection, challenge: Challenge) -> None:
    """Note what somebody is to sign; forget what is over."""
    await connection.execute(
        delete(passkey_challenges).where(passkey_challenges.c.expires_at <= challenge.created_at)
    )
    await connection.execute(
        insert(passkey_challenges).values(
            challenge=challenge.challenge,
            purpose=challenge.purpose,
            user_id=challenge.user_id,
            network=challenge.network,
            created_at=challenge.created_at,
            expires_at=challenge.expires_at,
        )
    )


async def get_challenges_open(
    connection: AsyncConnection, network: str, *, now: datetime, most: int
) -> int:
    """Return how many challenges wait that were asked for from somewhere, ``most`` at the most."""
    of = passkey_challenges.c
    waiting = (
        select(of.expires_at)
        .where(of.network == network, of.expires_at > now)
        .limit(rows(most))
        .subquery()
    )
    return int(await connection.scalar(select(func.count()).select_from(waiting)) or 0)


async def delete_challenge(
    connection: AsyncConnection,
    challenge: bytes,
    *,
    purpose: Purpose,
    user_id: str | None,
    now: datetime,
) -> bool:
    """Take a challenge, for good; False: it is not there, for something else, or too old."""
    of = passkey_challenges.c
    taken = await connection.scalar(
        delete(passkey_challenges)
        .where(
            of.challenge == challenge,
            of.purpose == purpose,
            of.user_id.is_not_distinct_from(user_id),
        )
        .returning(of.expires_at)
    )
    return taken is not None and taken > now


def _of_user(passkey_id: str, user_id: str) -> tuple[ColumnElement[bool], ...]:
    return passkeys.c.id == passkey_id, passkeys.c.user_id == user_id


def _passkey(row: Row[*tuple[Any, ...]]) -> Passkey:
    return Passkey(
        id=row.id,
        user_id=row.user_id,
        credential_id=row.credential_id,
        public_key=row.public_key,
        sign_count=row.sign_count,
        name=row.name,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
    )
