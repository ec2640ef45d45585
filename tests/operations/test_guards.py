"""The database's own guards: what the service may not do, and what nobody may."""

# ruff: noqa: S608  statements are built from the names of our own tables

from collections.abc import AsyncIterator
from typing import Final

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import APP_ROLE, constraint_of, make_engine, metadata, sqlstate_of
from app.registry import stores
from app.registry.parties.rules import Role
from tests.builders.ledger import a_batch, an_account, move, oldest
from tests.builders.parties import a_holder, an_authority
from tests.conftest import Registry

assert stores.STORES  # fills the metadata

HISTORY: Final = sorted(t.name for t in metadata.sorted_tables if t.info.get("history"))
DOOR: Final = sorted(t.name for t in metadata.sorted_tables if t.info.get("door"))
# A table that holds the present changes, but no row of it goes; the names of endings may be erased.
KEPT: Final = sorted({*HISTORY, *DOOR} - {"ending_statements"})

NO_RIGHT: Final = "42501"
REFUSED_BY_TRIGGER: Final = "history_is_only_added_to"


@pytest.fixture
async def as_service(registry: Registry) -> AsyncIterator[AsyncConnection]:
    """A connection as the service has them, on a register with something in every ledger table."""
    await _fill(registry)
    async with registry.engine.connect() as connection:
        yield connection


@pytest.fixture
async def as_owner(registry: Registry) -> AsyncIterator[AsyncConnection]:
    """A connection as the owner of all tables."""
    await _fill(registry)
    engine = make_engine(registry.url, connections_max=1, role=None)
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


async def _fill(registry: Registry) -> None:
    administrator = (await an_authority(registry))[Role.ADMINISTRATOR]
    one, other = await a_holder(registry), await a_holder(registry)
    sender = await an_account(registry, administrator, one)
    receiver = await an_account(registry, administrator, other)
    await a_batch(registry, administrator, sender, buffer_credits=10)
    await move(registry, one, sender, receiver, oldest(30))


async def refusal(connection: AsyncConnection, statement: str) -> DBAPIError:
    """Run a statement that must fail, and return how it did."""
    with pytest.raises(DBAPIError) as caught:
        await connection.execute(text(statement))
    await connection.rollback()
    return caught.value


def a_column(table: str) -> str:
    return metadata.tables[table].columns.keys()[0]


async def test_the_service_cannot_change_or_remove(
    as_service: AsyncConnection, subtests: pytest.Subtests
) -> None:
    for table in sorted({*HISTORY, *DOOR}):
        column = a_column(table)
        for statement in (
            f"UPDATE {table} SET {column} = {column}",
            f"DELETE FROM {table}",
            f"TRUNCATE {table}",
        ):
            with subtests.test(statement):
                assert sqlstate_of(await refusal(as_service, statement)) == NO_RIGHT


async def test_the_service_cannot_write_past_the_door(
    as_service: AsyncConnection, subtests: pytest.Subtests
) -> None:
    for table in DOOR:
        statement = f"INSERT INTO {table} SELECT * FROM {table} LIMIT 1"
        with subtests.test(statement):
            assert sqlstate_of(await refusal(as_service, statement)) == NO_RIGHT


async def test_the_owner_is_held_back_from_history(
    as_owner: AsyncConnection, subtests: pytest.Subtests
) -> None:
    """Privileges do not bind the owner; the trigger does, until somebody takes it away."""
    for table in HISTORY:
        column = a_column(table)
        filled = (await as_owner.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()
        await as_owner.rollback()
        attempts = [f"TRUNCATE {table} CASCADE"]
        if filled:  # a row trigger sees rows
            attempts += [f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"]
        for statement in attempts:
            with subtests.test(statement):
                assert constraint_of(await refusal(as_owner, statement)) == REFUSED_BY_TRIGGER


async def test_no_row_is_removed_even_by_the_owner(
    as_owner: AsyncConnection, subtests: pytest.Subtests
) -> None:
    for table in KEPT:
        with subtests.test(table):
            failure = await refusal(as_owner, f"TRUNCATE {table} CASCADE")
            assert constraint_of(failure) == REFUSED_BY_TRIGGER


ATTACKS: Final = {
    "upsert": "INSERT INTO log_entries SELECT * FROM log_entries LIMIT 1"
    " ON CONFLICT (log_index) DO UPDATE SET kind = 'x'",
    "merge": "MERGE INTO balances b USING (SELECT 1 AS n) s ON b.account_id = 1001"
    " WHEN MATCHED THEN UPDATE SET credits = 10",
    "disable a trigger": "ALTER TABLE log_entries DISABLE TRIGGER ALL",
    "drop a trigger": "DROP TRIGGER history_is_only_added_to ON log_entries",
    "drop a table": "DROP TABLE log_entries",
    "add a column": "ALTER TABLE blocks ADD COLUMN mine int",
    "replace the door": "CREATE OR REPLACE FUNCTION take_pen(OUT size bigint, OUT root bytea,"
    " OUT peaks bytea, OUT recorded_at timestamptz) LANGUAGE sql AS 'SELECT 1, NULL, NULL, NULL'",
    "own the door": f"ALTER FUNCTION take_pen OWNER TO {APP_ROLE}",
    "a table of one's own": "CREATE TABLE mine (n int)",
    "a shadow table": "CREATE TEMPORARY TABLE log_entries (n int)",
    "replica role": "SET session_replication_role = replica",
    "run a program": "COPY provinces TO PROGRAM 'true'",
    "read a file": "COPY provinces FROM '/etc/hostname'",
    "import a file": "SELECT lo_import('/etc/hostname')",
    "lock a table": "LOCK TABLE log_head IN ACCESS EXCLUSIVE MODE",
}


async def test_an_attack_with_the_services_rights_is_refused(
    as_service: AsyncConnection, subtests: pytest.Subtests
) -> None:
    for attack, statement in ATTACKS.items():
        with subtests.test(attack):
            assert sqlstate_of(await refusal(as_service, statement)) == NO_RIGHT


async def test_the_service_cannot_give_itself_rights(as_service: AsyncConnection) -> None:
    """The server only warns of a grant that grants nothing."""
    await as_service.execute(text(f"GRANT UPDATE ON log_entries TO {APP_ROLE}"))
    failure = await refusal(as_service, "UPDATE log_entries SET kind = 'x'")
    assert sqlstate_of(failure) == NO_RIGHT


async def test_credits_do_not_leave_where_they_end(as_owner: AsyncConnection) -> None:
    await as_owner.execute(text("UPDATE blocks SET account_id = 4 WHERE account_id = 1002"))
    for target in (1001, 2, 5):
        statement = f"UPDATE blocks SET account_id = {target} WHERE account_id = 4"
        with pytest.raises(DBAPIError) as caught:
            async with as_owner.begin_nested():
                await as_owner.execute(text(statement))
        assert constraint_of(caught.value) == "final_accounts_keep"
    await as_owner.rollback()


_ENTRY: Final = {
    "log_index": "0",
    "line": "0",
    "kind": "3",
    "batch_id": "20240000000001",
    "first_serial": "1",
    "last_serial": "10",
    "from_account": "1001",
    "to_account": "1002",
    "from_balance": "0",
    "to_balance": "10",
    "from_total": "0",
    "to_total": "10",
    "previous_log_index": "-1",
    "recorded_at": "now()",
}
WRONG_ENTRIES: Final = [
    ("serials", {"first_serial": "0"}),
    ("serials", {"first_serial": "11"}),
    ("two_accounts", {"to_account": "1001"}),
    ("final_accounts_keep", {"from_account": "4"}),
    ("final_accounts_keep", {"from_account": "5"}),
    ("final_accounts_keep", {"from_account": "6"}),
    ("nothing_returns_to_source", {"to_account": "1"}),
    ("from_balance", {"from_balance": "-1"}),
    ("to_balance", {"to_balance": "0"}),
    ("to_balance", {"to_total": "9"}),
    ("lineage", {"previous_log_index": "NULL"}),
    ("lineage", {"from_account": "1"}),
    ("lineage_goes_back", {"previous_log_index": "0"}),
    ("kind", {"kind": "0"}),
    ("kind", {"kind": "9"}),
]


async def test_an_entry_that_cannot_be_is_refused(
    as_owner: AsyncConnection, subtests: pytest.Subtests
) -> None:
    for constraint, wrong in WRONG_ENTRIES:
        row = {**_ENTRY, **wrong}
        values = ", ".join(row.values())
        with subtests.test(constraint, wrong=wrong):
            failure = await refusal(
                as_owner, f"INSERT INTO ledger_entries ({', '.join(row)}) VALUES ({values})"
            )
            assert constraint_of(failure) == f"ck_ledger_entries_{constraint}"


_BATCH: Final = (
    "INSERT INTO batches SELECT {id}, {vintage}, {credits}, {prefix}, programme_code, project_code,"
    " project_name, activity_id, province_code, log_index, issued_at FROM batches"
)
_GOOD: Final = {"id": "id + 1", "vintage": "vintage", "credits": "credits", "prefix": "'Y'"}
_ACCOUNT: Final = "INSERT INTO accounts VALUES (1999, NULL, '{kind}', 'open', 'x', 1, now(), NULL)"
WRONG_ROWS: Final = {
    "ck_balances_not_negative": "UPDATE balances SET credits = -1 WHERE account_id = 1001",
    "ck_blocks_first_serial": "INSERT INTO blocks VALUES (20240000000001, 0, 1001, 0)",
    "pk_blocks": "INSERT INTO blocks VALUES (20240000000001, 1, 1001, 0)",
    "ck_batches_id_carries_vintage": _BATCH.format_map({**_GOOD, "vintage": "vintage + 1"}),
    "uq_batches_serial_prefix": _BATCH.format_map({**_GOOD, "prefix": "serial_prefix"}),
    "ck_batches_credits": _BATCH.format_map({**_GOOD, "credits": "0"}),
    "ck_log_entries_leaf_hash": (
        "INSERT INTO log_entries SELECT 999, kind, subject, 'forged', nodes, recorded_at"
        " FROM log_entries LIMIT 1"
    ),
    "pk_log_entries": "INSERT INTO log_entries SELECT * FROM log_entries LIMIT 1",
    "ck_log_head_only_row": (
        "INSERT INTO log_head SELECT false, 0, root, peaks, now() FROM log_head"
    ),
    "pk_log_head": "INSERT INTO log_head SELECT * FROM log_head",
    "ck_accounts_holdings_are_owned": _ACCOUNT.format(kind="holding"),
    "ck_accounts_registry_accounts_come_first": _ACCOUNT.format(kind="source"),
    "ck_accounts_closed_at": "UPDATE accounts SET status = 'closed' WHERE id = 1001",
}


async def test_a_row_that_cannot_be_is_refused(
    as_owner: AsyncConnection, subtests: pytest.Subtests
) -> None:
    for constraint, statement in WRONG_ROWS.items():
        with subtests.test(constraint):
            assert constraint_of(await refusal(as_owner, statement)) == constraint
