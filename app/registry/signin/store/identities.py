"""Identities that users have linked, and what an identity provider was asked, in the database."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.paging import rows
from app.registry.signin.rules import Asking, Identity, IdentityRequest
from app.registry.signin.store.tables import identities, identity_requests

_COLUMNS: Final = tuple(identities.c)
_ASKED: Final = identity_requests.c


async def insert_identity(connection: AsyncConnection, identity: Identity) -> None:
    """Insert an identity."""
    await connection.execute(
        insert(identities).values(
            id=identity.id,
            user_id=identity.user_id,
            issuer=identity.issuer,
            subject=identity.subject,
            created_at=identity.created_at,
        )
    )


async def find_identity(
    connection: AsyncConnection, *, issuer: str, subject: str
) -> Identity | None:
    """Return whom a provider means; None: nobody here."""
    query = select(*_COLUMNS).where(identities.c.issuer == issuer, identities.c.subject == subject)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _identity(row)


async def get_identity(connection: AsyncConnection, identity_id: str) -> Identity | None:
    """Return an identity; None: it was unlinked."""
    query = select(*_COLUMNS).where(identities.c.id == identity_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _identity(row)


async def list_identities(
    connection: AsyncConnection, user_id: str, *, limit: int
) -> list[Identity]:
    """Return a user's identities, the oldest first."""
    query = (
        select(*_COLUMNS)
        .where(identities.c.user_id == user_id)
        .order_by(identities.c.id)
        .limit(rows(limit))
    )
    return [_identity(row) for row in await connection.execute(query)]


async def delete_identity(connection: AsyncConnection, identity_id: str, *, user_id: str) -> bool:
    """Remove an identity of a user; False: they have linked no such one."""
    result = await connection.execute(
        delete(identities).where(identities.c.id == identity_id, identities.c.user_id == user_id)
    )
    return result.rowcount == 1


async def delete_identities_of(connection: AsyncConnection, user_id: str) -> int:
    """Remove all identities of a user, and what they asked a provider; returns how many."""
    await connection.execute(delete(identity_requests).where(_ASKED.user_id == user_id))
    result = await connection.execute(delete(identities).where(identities.c.user_id == user_id))
    return result.rowcount


# ------------------------------------------------------------------------------ what was asked


async def insert_identity_request(connection: AsyncConnection, asked: IdentityRequest) -> None:
    """Note what a provider is asked; forget what is over."""
    await delete_old_identity_requests(connection, before=asked.created_at)
    await connection.execute(
        insert(identity_requests).values(
            state=asked.state,
            purpose=asked.purpose,
            user_id=asked.user_id,
            binding=asked.binding,
            nonce=asked.nonce,
            verifier=asked.verifier,
            network=asked.network,
            created_at=asked.created_at,
            expires_at=asked.expires_at,
        )
    )


async def delete_old_identity_requests(connection: AsyncConnection, *, before: datetime) -> int:
    """Forget what a provider was asked and is over by then; returns how many."""
    result = await connection.execute(delete(identity_requests).where(_ASKED.expires_at <= before))
    return result.rowcount


async def get_identity_requests_open(
    connection: AsyncConnection, network: str, *, now: datetime, most: int
) -> int:
    """Return how many requests wait that were begun from somewhere, ``most`` at the most."""
    waiting = (
        select(_ASKED.expires_at)
        .where(_ASKED.network == network, _ASKED.expires_at > now)
        .limit(rows(most))
        .subquery()
    )
    return int(await connection.scalar(select(func.count()).select_from(waiting)) or 0)


async def update_identity_request_taken(
    connection: AsyncConnection,
    state: bytes,
    *,
    binding: bytes,
    code: bytes,
    purpose: Asking,
    user_id: str | None,
) -> IdentityRequest | None:
    """
    Take what was asked, with the code that came for it.

    Returns:
        What was asked; with an identity where the same code has found one before. None: it is not
        there, was begun by another browser, for something or somebody else, or was taken with
        nothing found.
    """
    of = (
        _ASKED.state == state,
        _ASKED.binding == binding,
        _ASKED.purpose == purpose,
        _ASKED.user_id.is_not_distinct_from(user_id),
    )
    taken = (
        update(identity_requests)
        .where(*of, _ASKED.code.is_(None))
        .values(code=code)
        .returning(*_ASKED)
    )
    row = (await connection.execute(taken)).one_or_none()
    if row is None:
        again = select(*_ASKED).where(*of, _ASKED.code == code, _ASKED.identity_id.is_not(None))
        row = (await connection.execute(again)).one_or_none()
    return None if row is None else _request(row)


async def update_identity_found(
    connection: AsyncConnection, state: bytes, *, identity_id: str
) -> None:
    """Note who somebody was found to be, who asked; they may yet have to prove more."""
    await connection.execute(
        update(identity_requests)
        .where(_ASKED.state == state, _ASKED.identity_id.is_(None))
        .values(identity_id=identity_id)
    )


async def delete_identity_found(
    connection: AsyncConnection, state: bytes, *, identity_id: str
) -> bool:
    """Use up what was found; False: somebody was faster, or the identity was unlinked."""
    result = await connection.execute(
        delete(identity_requests).where(_ASKED.state == state, _ASKED.identity_id == identity_id)
    )
    return result.rowcount == 1


async def delete_identity_request(connection: AsyncConnection, state: bytes) -> None:
    """Forget what was asked."""
    await connection.execute(delete(identity_requests).where(_ASKED.state == state))


def _identity(row: Row[*tuple[Any, ...]]) -> Identity:
    return Identity(row.id, row.user_id, row.issuer, row.subject, row.created_at)


def _request(row: Row[*tuple[Any, ...]]) -> IdentityRequest:
    return IdentityRequest(
        state=row.state,
        purpose=Asking(row.purpose),
        user_id=row.user_id,
        binding=row.binding,
        nonce=row.nonce,
        verifier=row.verifier,
        network=row.network,
        created_at=row.created_at,
        expires_at=row.expires_at,
        identity_id=row.identity_id,
    )
