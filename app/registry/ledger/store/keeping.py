"""Accounts and batches: read one, write one."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, and_, false, func, insert, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.registry.ledger.book import Book
from app.registry.ledger.refusals import AccountNotFoundError, BatchNotFoundError
from app.registry.ledger.rules import TRANSIT, Account, AccountKind, AccountStatus, Batch
from app.registry.ledger.serials import batch_id, batch_ids_of
from app.registry.ledger.store.tables import accounts, batches, blocks, freezes, ledger_entries

_IS_FROZEN: Final = func.coalesce(
    select(true())
    .where(freezes.c.account_id == accounts.c.id, freezes.c.released_at.is_(None))
    .limit(1)
    .scalar_subquery(),
    false(),
).label("is_frozen")


def to_account(row: Row[Any]) -> Account:
    """Turn a row into an account."""
    return Account(
        id=row.id,
        owner_party_id=row.owner_party_id,
        kind=AccountKind(row.kind),
        status=AccountStatus(row.status),
        name=row.name,
        version=row.version,
        opened_at=row.opened_at,
        is_frozen=row.is_frozen,
    )


def to_batch(row: Row[Any]) -> Batch:
    """Turn a row into a batch."""
    return Batch(
        id=row.id,
        vintage=row.vintage,
        credits=row.credits,
        serial_prefix=row.serial_prefix,
        programme_code=row.programme_code,
        project_code=row.project_code,
        project_name=row.project_name,
        activity_id=row.activity_id,
        province_code=row.province_code,
        log_index=row.log_index,
        issued_at=row.issued_at,
    )


async def get_account(connection: AsyncConnection, wanted_id: int) -> Account:
    """
    Return an account.

    Raises:
        AccountNotFoundError: there is none with this id.
    """
    query = select(accounts, _IS_FROZEN).where(accounts.c.id == wanted_id)
    found = (await connection.execute(query)).first()
    if found is None:
        raise AccountNotFoundError
    return to_account(found)


async def find_open_account(connection: AsyncConnection, party_id: str) -> int | None:
    """Return an account of a party that is open; None: it has none."""
    found: int | None = await connection.scalar(
        select(accounts.c.id)
        .where(accounts.c.owner_party_id == party_id, accounts.c.status == AccountStatus.OPEN)
        .limit(1)
    )
    return found


async def find_underway(connection: AsyncConnection, account_id: int) -> int | None:
    """Return the log index of some act whose credits an account has sent and that still wait."""
    sent = and_(
        ledger_entries.c.log_index == blocks.c.log_index,
        ledger_entries.c.batch_id == blocks.c.batch_id,
        ledger_entries.c.from_account == account_id,
    )
    query = (
        select(blocks.c.log_index)
        .join(ledger_entries, sent)
        .where(blocks.c.account_id == TRANSIT)
        .limit(1)
    )
    found: int | None = (await connection.execute(query)).scalar_one_or_none()
    return found


async def find_any_account(connection: AsyncConnection, party_id: str) -> int | None:
    """Return the id of some account that a party owns, open or closed; None: it owns none."""
    query = select(accounts.c.id).where(accounts.c.owner_party_id == party_id).limit(1)
    found: int | None = (await connection.execute(query)).scalar_one_or_none()
    return found


async def insert_account(connection: AsyncConnection, account: Account) -> None:
    """Write a new account."""
    await connection.execute(
        insert(accounts).values(
            id=account.id,
            owner_party_id=account.owner_party_id,
            kind=account.kind.value,
            status=account.status.value,
            name=account.name,
            version=account.version,
            opened_at=account.opened_at,
        )
    )


async def update_account_closed(
    connection: AsyncConnection, account: Account, *, closed_at: datetime
) -> bool:
    """Close an account; False where it is no longer at the version that was read."""
    done = await connection.execute(
        update(accounts)
        .where(accounts.c.id == account.id, accounts.c.version == account.version)
        .values(status=AccountStatus.CLOSED.value, version=account.version + 1, closed_at=closed_at)
    )
    return done.rowcount == 1


async def get_next_account_id(connection: AsyncConnection, first: int) -> int:
    """Return the next free account id; safe because only the holder of the pen asks."""
    highest = (await connection.execute(select(func.max(accounts.c.id)))).scalar_one()
    return max(int(highest or 0) + 1, first)


async def get_next_batch_id(connection: AsyncConnection, book: Book, vintage: int) -> int:
    """Return the next free batch id of a vintage, counting those made in this commit."""
    lowest, highest = batch_ids_of(vintage)
    query = select(func.max(batches.c.id)).where(batches.c.id.between(lowest, highest))
    stored = int((await connection.execute(query)).scalar_one() or lowest)
    made = (batch.id for batch in book.page.new_batches if batch.vintage == vintage)
    return batch_id(vintage, max(stored, *made, lowest) - lowest + 1)


async def find_batch(connection: AsyncConnection, serial_prefix: str) -> Batch | None:
    """Return the batch with a serial prefix, or None where there is none."""
    query = select(batches).where(batches.c.serial_prefix == serial_prefix)
    found = (await connection.execute(query)).first()
    return None if found is None else to_batch(found)


async def get_batch(connection: AsyncConnection, serial_prefix: str) -> Batch:
    """
    Return the batch with a serial prefix.

    Raises:
        BatchNotFoundError: there is none.
    """
    found = await find_batch(connection, serial_prefix)
    if found is None:
        raise BatchNotFoundError(batch=serial_prefix)
    return found
