"""Trusted lists: who put which account there, and who took it off."""

from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.paging import IDS_END, between, rows
from app.registry.ledger.refusals import TrustNotFoundError
from app.registry.ledger.serials import account_number
from app.registry.ledger.store.tables import trusted_accounts
from app.registry.ledger.terms import TrustedAccount


async def get_trusted(
    connection: AsyncConnection, account_id: int, entry_id: str
) -> TrustedAccount:
    """
    Return an entry of an account's trusted list.

    Raises:
        TrustNotFoundError: there is none.
    """
    query = select(trusted_accounts).where(
        trusted_accounts.c.id == entry_id, trusted_accounts.c.account_id == account_id
    )
    found = (await connection.execute(query)).one_or_none()
    if found is None:
        raise TrustNotFoundError(account=account_number(account_id))
    return _trusted(found)


async def list_trusted(
    connection: AsyncConnection, account_id: int, *, after: str | None = None, limit: int
) -> list[TrustedAccount]:
    """List all that ever was on an account's trusted list or proposed for it, oldest first."""
    key = (trusted_accounts.c.account_id, trusted_accounts.c.id)
    query = (
        select(trusted_accounts)
        .where(between(key, (account_id, after or ""), (account_id, IDS_END)))
        .order_by(*key)
        .limit(rows(limit))
    )
    return [_trusted(row) for row in await connection.execute(query)]


async def get_trusted_count(connection: AsyncConnection, account_id: int) -> int:
    """Return how many accounts are on a trusted list, or proposed for it."""
    query = select(func.count()).where(
        trusted_accounts.c.account_id == account_id, trusted_accounts.c.removed_at.is_(None)
    )
    return int((await connection.execute(query)).scalar_one())


async def insert_trusted(connection: AsyncConnection, entry: TrustedAccount) -> None:
    """Keep a proposed entry."""
    values = {column.name: getattr(entry, column.name) for column in trusted_accounts.c}
    await connection.execute(insert(trusted_accounts).values(values))


async def update_trusted(connection: AsyncConnection, entry: TrustedAccount) -> None:
    """Keep the approval or the removal of an entry."""
    await connection.execute(
        update(trusted_accounts)
        .where(trusted_accounts.c.id == entry.id)
        .values(
            approved_by=entry.approved_by,
            approved_at=entry.approved_at,
            active_from=entry.active_from,
            removed_by=entry.removed_by,
            removed_at=entry.removed_at,
        )
    )


def _trusted(row: Row[Any]) -> TrustedAccount:
    return TrustedAccount(**row._asdict())
