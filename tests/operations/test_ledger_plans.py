"""How the database goes about the hot reads, where statistics would lead it astray."""

import asyncio

import pytest
from sqlalchemy import text

from app.kernel.db import make_engine
from app.registry.ledger.rules import SOURCE
from app.registry.ledger.store import loading, reading
from tests.builders.ledger import a_batch, two_holders
from tests.conftest import Registry

BATCHES = 2_000


@pytest.fixture
async def imported(registry: Registry) -> int:
    """A register right after an import: every entry comes from the source; the receiver's id."""
    holders = await two_holders(registry)
    batches = (
        a_batch(registry, holders.administrator, holders.account, prefix=f"XX-1-2024-{number}")
        for number in range(BATCHES)
    )
    await asyncio.gather(*batches)
    owner = make_engine(registry.url, connections_max=1, role=None)
    async with owner.begin() as connection:
        await connection.execute(text("ANALYZE"))
    await owner.dispose()
    return holders.account.id


async def test_totals_of_accounts_are_found_by_account_right_after_an_import(
    registry: Registry, imported: int
) -> None:
    """
    The statistics then say that every entry is from one account. Taken for any account, they would
    promise its last entry at the end of the ledger, and an account that has sent nothing would be
    looked for through all of it: at each transfer.
    """
    total = reading._total_below("a.id", "9223372036854775807")
    queries = [
        loading._LOAD_ACCOUNTS.replace("$1", "CAST(:ids AS bigint[])"),
        f"SELECT {total} FROM accounts a WHERE a.id = ANY(CAST(:ids AS bigint[]))",  # noqa: S608
    ]
    async with registry.read() as connection:
        for query in queries:
            asked = text(f"EXPLAIN (ANALYZE, TIMING OFF) {query}")
            rows = await connection.execute(asked, {"ids": [imported, SOURCE]})
            plan = "\n".join(row[0] for row in rows)
            assert "ix_ledger_entries_from" in plan
            assert "ix_ledger_entries_to" in plan
            assert "pk_ledger_entries" not in plan
            assert "Seq Scan on ledger_entries" not in plan
