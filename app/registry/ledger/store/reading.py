"""What readers ask of accounts and batches: holdings, runs of serials, and where credits are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.registry.ledger.rules import SOURCE, Account, Batch
from app.registry.ledger.store.keeping import to_account, to_batch
from app.registry.ledger.store.tables import accounts, balances, batches

ALL_HOLDINGS: Final = 1000  # Above every account of the registry's own, below every other.


@dataclass(frozen=True, slots=True)
class Holding:
    """How many credits of a batch an account holds."""

    batch: Batch
    credits: int


@dataclass(frozen=True, slots=True)
class HeldRun:
    """A run of serials and where it is."""

    batch_id: int
    first: int
    last: int
    account_id: int
    log_index: int


async def list_accounts(
    connection: AsyncConnection, *, owner_party_id: str | None, after: int, limit: int
) -> list[tuple[Account, int]]:
    """List accounts with their totals, by id: those of one party, or all with owner None."""
    condition = "TRUE" if owner_party_id is None else "a.owner_party_id = :owner"
    query = text(f"""
        SELECT a.id, a.owner_party_id, a.kind, a.status, a.name, a.version, a.opened_at,
               {_total_below("a.id", "9223372036854775807")} AS total
          FROM accounts a WHERE a.id > :after AND {condition} ORDER BY a.id LIMIT :limit
    """)  # noqa: S608  constants
    rows = await connection.execute(
        query, {"owner": owner_party_id, "after": after, "limit": limit}
    )
    return [(to_account(row), row.total) for row in rows]


async def get_total(connection: AsyncConnection, account_id: int, *, size: int) -> int:
    """
    Return how many credits an account held when the log had a size: what its last entry until then
    says.
    """
    query = text(f"SELECT {_total_below(':account', ':size')}")
    found = await connection.execute(query, {"account": account_id, "size": size})
    return int(found.scalar_one())


def _total_below(account: str, size: str) -> str:
    # Row comparisons, so that only the index by account gives the order (`loading._TOTAL`).
    return f"""
        coalesce((SELECT total FROM (
            (SELECT log_index, line, from_total AS total FROM ledger_entries
              WHERE from_account >= {account} AND (from_account, log_index) < ({account}, {size})
              ORDER BY from_account DESC, log_index DESC, line DESC LIMIT 1)
            UNION ALL
            (SELECT log_index, line, to_total FROM ledger_entries
              WHERE to_account >= {account} AND (to_account, log_index) < ({account}, {size})
              ORDER BY to_account DESC, log_index DESC, line DESC LIMIT 1)
        ) AS last ORDER BY log_index DESC, line DESC LIMIT 1), 0)"""  # noqa: S608  constants


async def list_holdings(
    connection: AsyncConnection, account_id: int, *, size: int | None, after: int, limit: int
) -> list[Holding]:
    """
    List what an account holds, by batch (oldest vintage first), after a batch id.

    Args:
        connection: a snapshot.
        account_id: the account.
        size: as of when the log had this size; None: now.
        after: batch id to go on after.
        limit: rows.
    """
    if size is None:
        query = (
            select(batches, balances.c.credits.label("held"))
            .join(batches, batches.c.id == balances.c.batch_id)
            .where(
                balances.c.account_id == account_id,
                balances.c.batch_id > after,
                balances.c.credits != 0,
            )
            .order_by(balances.c.batch_id)
            .limit(limit)
        )
        return [Holding(to_batch(row), row.held) for row in await connection.execute(query)]
    past = text("""
        SELECT t.*, p.held FROM balances s
          JOIN LATERAL (
            SELECT held FROM (
                (SELECT log_index, line, from_balance AS held FROM ledger_entries
                  WHERE from_account = :account AND batch_id = s.batch_id AND log_index < :size
                  ORDER BY log_index DESC, line DESC LIMIT 1)
                UNION ALL
                (SELECT log_index, line, to_balance FROM ledger_entries
                  WHERE to_account = :account AND batch_id = s.batch_id AND log_index < :size
                  ORDER BY log_index DESC, line DESC LIMIT 1)
            ) AS last ORDER BY log_index DESC, line DESC LIMIT 1) AS p ON p.held <> 0
          JOIN batches t ON t.id = s.batch_id
         WHERE s.account_id = :account AND s.batch_id > :after ORDER BY s.batch_id LIMIT :limit
    """)
    asked = {"account": account_id, "size": size, "after": after, "limit": limit}
    return [Holding(to_batch(row), row.held) for row in await connection.execute(past, asked)]


async def list_runs(
    connection: AsyncConnection, account_id: int, *, after: tuple[int, int], limit: int
) -> list[tuple[HeldRun, Batch]]:
    """
    List the runs of serials in an account, oldest vintage first, after a batch id and first serial.
    """
    query = text("""
        SELECT t.*, b.first_serial, b.account_id, b.log_index AS brought_by,
               coalesce((SELECT n.first_serial - 1 FROM blocks n
                          WHERE n.batch_id = b.batch_id AND n.first_serial > b.first_serial
                          ORDER BY n.first_serial LIMIT 1), t.credits) AS last_serial
          FROM blocks b JOIN batches t ON t.id = b.batch_id
         WHERE b.account_id = :account AND (b.batch_id, b.first_serial) > (:batch, :first)
         ORDER BY b.batch_id, b.first_serial LIMIT :limit
    """)
    asked = {"account": account_id, "batch": after[0], "first": after[1], "limit": limit}
    return [(_run(row), to_batch(row)) for row in await connection.execute(query, asked)]


async def list_runs_of_batch(
    connection: AsyncConnection, batch: Batch, *, first: int, last: int, limit: int
) -> list[HeldRun]:
    """List where a range of a batch's serials is now, cut to the range, in order of serials."""
    query = text("""
        SELECT b.batch_id AS id, b.first_serial, b.account_id, b.log_index AS brought_by,
               coalesce((SELECT n.first_serial - 1 FROM blocks n
                          WHERE n.batch_id = b.batch_id AND n.first_serial > b.first_serial
                          ORDER BY n.first_serial LIMIT 1), :credits) AS last_serial
          FROM blocks b
         WHERE b.batch_id = :batch AND b.first_serial <= :last
           AND b.first_serial >= (SELECT max(c.first_serial) FROM blocks c
                                   WHERE c.batch_id = :batch AND c.first_serial <= :first)
         ORDER BY b.first_serial LIMIT :limit
    """)
    asked = {
        "batch": batch.id,
        "credits": batch.credits,
        "first": first,
        "last": last,
        "limit": limit,
    }
    runs = [_run(row) for row in await connection.execute(query, asked)]
    return [
        HeldRun(r.batch_id, max(r.first, first), min(r.last, last), r.account_id, r.log_index)
        for r in runs
    ]


def _run(row: Row[Any]) -> HeldRun:
    return HeldRun(row.id, row.first_serial, row.last_serial, row.account_id, row.brought_by)


async def list_owners(connection: AsyncConnection, account_ids: Sequence[int]) -> dict[int, str]:
    """Return the owners of accounts; the registry's own have none and are left out."""
    query = select(accounts.c.id, accounts.c.owner_party_id).where(
        accounts.c.id.in_(account_ids), accounts.c.owner_party_id.is_not(None)
    )
    return {row.id: row.owner_party_id for row in await connection.execute(query)}


async def list_batches(
    connection: AsyncConnection, conditions: dict[str, Any], *, after: int, limit: int
) -> list[Batch]:
    """List batches by id (oldest vintage first), filtered by exact values of columns."""
    query = (
        select(batches)
        .where(
            batches.c.id > after, *(batches.c[name] == value for name, value in conditions.items())
        )
        .order_by(batches.c.id)
        .limit(limit)
    )
    return [to_batch(row) for row in await connection.execute(query)]


async def list_batch_states(connection: AsyncConnection, batch_id: int) -> dict[int, int]:
    """
    Return how many credits of a batch are in each of the registry's own accounts, by account id,
    and in all holding accounts together (under `ALL_HOLDINGS`).
    """
    query = (
        select(
            func.least(balances.c.account_id, ALL_HOLDINGS).label("account_id"),
            func.sum(balances.c.credits).label("credits"),
        )
        .where(balances.c.batch_id == batch_id, balances.c.account_id != SOURCE)
        .group_by(text("1"))
    )
    return {row.account_id: int(row.credits) for row in await connection.execute(query)}
