"""The database's own guards: what the service may not do, and what nobody may."""

# ruff: noqa: S608  statements are built from the names of our own tables

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel import clock
from app.kernel.db import APP_ROLE, constraint_of, driver, make_engine, metadata, sqlstate_of
from app.kernel.quantities import CREDITS_MAX
from app.registry import commit, stores
from app.registry.ledger import operations
from app.registry.ledger.book import Book
from app.registry.log import store as log_store
from app.registry.log.pen import Pen
from tests.builders.issuance import an_issuance
from tests.builders.ledger import Holders, a_batch, an_account, move, oldest, retire, two_holders
from tests.builders.rows import violates
from tests.conftest import Registry

assert stores.STORES  # fills the metadata

TABLES: Final = sorted(metadata.tables)
# Plain texts of their names, which a process of tests can tell another.
HISTORY: Final = sorted(str(t.name) for t in metadata.sorted_tables if t.info.get("history"))
PASSING: Final = {str(t.name) for t in metadata.sorted_tables if t.info.get("passing")}
DOOR: Final = sorted(str(t.name) for t in metadata.sorted_tables if t.info.get("door"))
ERASABLE: Final = {
    t.name: t.info["erasable"] for t in metadata.sorted_tables if "erasable" in t.info
}
# A table that holds the present changes, but no row of it goes, except what may be erased whole.
KEPT: Final = sorted({*HISTORY, *DOOR} - {t for t, what in ERASABLE.items() if what == "rows"})
PRESENT: Final = sorted(set(KEPT) - set(HISTORY))

NO_RIGHT: Final = "42501"
REFUSED_BY_TRIGGER: Final = "history_is_only_added_to"
STALE: Final = "40001"
BROKEN: Final = "23514"
RETIRED_SERIALS: Final = range(31, 41)


@pytest.fixture
async def holders(registry: Registry) -> Holders:
    """A register with something in every table of the log and the ledger."""
    made = await two_holders(registry)
    await a_batch(registry, made.administrator, made.account, buffer_credits=10)
    await move(registry, made.owner, made.account, made.elsewhere, oldest(30))
    retired = await retire(registry, made.owner, made.account, oldest(len(RETIRED_SERIALS)))
    assert [(part.first, part.last) for part in retired.moved] == [
        (RETIRED_SERIALS[0], RETIRED_SERIALS[-1])
    ]
    await registry.do(made.administrator, nothing, key="a key")
    return made


async def nothing(pen: Pen) -> None:
    pen.record(by="usr_x", kind="test.nothing", subject="x", data={})


@pytest.fixture
async def as_service(registry: Registry, holders: Holders) -> AsyncIterator[AsyncConnection]:
    """A connection as the service has them."""
    assert holders.account.id
    async with registry.engine.connect() as connection:
        yield connection


@pytest.fixture
async def as_owner(registry: Registry, holders: Holders) -> AsyncIterator[AsyncConnection]:
    """A connection as the owner of all tables; nothing of it is committed."""
    assert holders.account.id
    engine = make_engine(registry.url, connections_max=1, role=None)
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


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
    for table in sorted({*HISTORY, *DOOR, *ERASABLE}):
        column = a_column(table)
        for statement in (
            f"UPDATE {table} SET {column} = {column}",
            f"DELETE FROM {table}",
            f"TRUNCATE {table}",
        ):
            with subtests.test(statement):
                assert sqlstate_of(await refusal(as_service, statement)) == NO_RIGHT


async def test_the_service_removes_nothing(
    as_service: AsyncConnection, subtests: pytest.Subtests
) -> None:
    for table in TABLES:
        passes = table in PASSING  # sessions and the like, which are no history
        for statement in (f"TRUNCATE {table}", *([] if passes else [f"DELETE FROM {table}"])):
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
    registry: Registry, as_owner: AsyncConnection, subtests: pytest.Subtests
) -> None:
    """Privileges do not bind the owner; the trigger does, until somebody takes it away."""
    await an_issuance(registry)  # leaves few tables of history empty
    for table in HISTORY:
        column = a_column(table)
        attempts = [f"TRUNCATE {table} CASCADE"]
        if await filled(as_owner, table):  # a row's trigger needs a row
            attempts += [f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"]
        for statement in attempts:
            with subtests.test(statement):
                assert constraint_of(await refusal(as_owner, statement)) == REFUSED_BY_TRIGGER


async def filled(connection: AsyncConnection, table: str) -> bool:
    found = await connection.execute(text(f"SELECT EXISTS (SELECT FROM {table})"))
    await connection.rollback()
    return bool(found.scalar_one())


async def test_every_history_table_has_the_same_trigger(
    as_owner: AsyncConnection, subtests: pytest.Subtests
) -> None:
    """Told from its definition, for those tables too that have no row to try it on."""
    for table in HISTORY:
        found = await as_owner.execute(
            text(
                "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgenabled = 'A'"
                f" AND tgname = '{REFUSED_BY_TRIGGER}' AND tgrelid = '{table}'::regclass"
            )
        )
        called = "refuse_change()"
        if table in ERASABLE:
            columns = ", ".join(f"'{column}'" for column in ERASABLE[table])
            called = f"refuse_all_but_erasure({columns})"
        with subtests.test(table):
            assert found.scalar_one() == (
                f"CREATE TRIGGER {REFUSED_BY_TRIGGER} BEFORE DELETE OR UPDATE ON public.{table}"
                f" FOR EACH ROW EXECUTE FUNCTION {called}"
            )


async def test_no_row_is_removed_even_by_the_owner(
    as_owner: AsyncConnection, subtests: pytest.Subtests
) -> None:
    for table in PRESENT:
        for statement in (f"TRUNCATE {table} CASCADE", f"DELETE FROM {table}"):
            with subtests.test(statement):
                assert constraint_of(await refusal(as_owner, statement)) == REFUSED_BY_TRIGGER


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


async def test_the_role_comes_back_when_it_is_reset(as_service: AsyncConnection) -> None:
    """It is the connection's own setting, so a reset leads to it and not away from it."""
    await as_service.execute(text("RESET ROLE"))
    await as_service.execute(text("RESET ALL"))
    assert await as_service.scalar(text("SELECT current_user")) == APP_ROLE
    failure = await refusal(as_service, "UPDATE log_entries SET kind = 'x'")
    assert sqlstate_of(failure) == NO_RIGHT


async def test_the_role_is_as_strong_as_the_login_under_it(as_service: AsyncConnection) -> None:
    """
    Where the address names the owner, the role guards against mistakes, not against an intruder.
    """
    await as_service.execute(text("SET ROLE NONE"))
    is_owner = "SELECT tableowner = current_user FROM pg_tables WHERE tablename = 'log_entries'"
    assert await as_service.scalar(text(is_owner))
    await as_service.execute(text(f"SET ROLE {APP_ROLE}"))


async def test_a_login_of_its_own_cannot_become_the_owner(as_owner: AsyncConnection) -> None:
    owner = await as_owner.scalar(text("SELECT session_user"))
    await as_owner.execute(text(f"CREATE ROLE a_login_of_its_own IN ROLE {APP_ROLE}"))
    await as_owner.execute(text("SET LOCAL SESSION AUTHORIZATION a_login_of_its_own"))
    for statement in (
        f"SET ROLE {owner}",
        f"SET ROLE NONE; UPDATE log_entries SET kind = 'x' WHERE session_user <> '{owner}'",
        f"GRANT {owner} TO a_login_of_its_own",
        "SET session_replication_role = replica",
    ):
        for one in statement.split("; ")[:-1]:
            await as_owner.execute(text(one))
        with pytest.raises(DBAPIError) as failure:
            async with as_owner.begin_nested():
                await as_owner.execute(text(statement.split("; ")[-1]))
        assert sqlstate_of(failure.value) == NO_RIGHT
    await as_owner.rollback()


async def test_credits_do_not_leave_where_they_end(
    as_owner: AsyncConnection, subtests: pytest.Subtests
) -> None:
    for final in (4, 5, 6):
        await as_owner.execute(
            text(f"UPDATE blocks SET account_id = {final} WHERE account_id = 1002")
        )
        for target in (1001, 2, 4 if final != 4 else 5):
            statement = f"UPDATE blocks SET account_id = {target} WHERE account_id = {final}"
            with subtests.test(statement):
                await violates(as_owner, text(statement), "final_accounts_keep")
        await as_owner.rollback()


# What makes a copy of a table's last row a good row, and what makes that one wrong.
ANOTHER: Final[dict[str, dict[str, str]]] = {
    "accounts": {"id": "id + 1"},
    "batches": {"id": "id + 1", "serial_prefix": "'Y'"},
    "blocks": {"first_serial": "first_serial + 1"},
    "balances": {"account_id": "1999"},
    "ledger_entries": {"line": "line + 1"},
    "endings": {"log_index": "log_index + 1000"},
    "ending_statements": {"log_index": "log_index + 1000"},
    "ledger_sums": {"year": "year + 1"},
    "log_entries": {"log_index": "log_index + 1000"},
    "log_salts": {"log_index": "0"},
    "answers": {"key": "'another key'"},
    "log_head": {},  # there is one row, and no other is good
    "log_checkpoint": {},  # as well
}
ONE_BYTE: Final = "decode('00', 'hex')"
LONG_LEAF: Final = "convert_to(repeat('x', 65536), 'UTF8')"
WRONG: Final[list[tuple[str, dict[str, str]]]] = [
    ("ck_accounts_closed_at", {"closed_at": "now()"}),
    ("ck_accounts_closed_at", {"status": "'closed'"}),
    ("ck_accounts_holdings_are_owned", {"owner_party_id": "NULL"}),
    ("ck_accounts_kind", {"kind": "'wallet'", "owner_party_id": "NULL", "id": "999"}),
    ("ck_accounts_registry_accounts_come_first", {"id": "1000"}),
    ("ck_accounts_status", {"status": "'asleep'"}),
    ("fk_accounts_owner_party_id", {"owner_party_id": "'pty_x'"}),
    ("pk_accounts", {"id": "id"}),
    ("ck_batches_credits", {"credits": "0"}),
    ("ck_batches_credits", {"credits": str(CREDITS_MAX + 1)}),
    ("ck_batches_id_carries_vintage", {"vintage": "vintage + 1"}),
    ("ck_batches_vintage", {"vintage": "1989", "id": "19890000000001"}),
    ("ck_batches_vintage", {"vintage": "2201", "id": "22010000000001"}),
    ("fk_batches_activity_id", {"activity_id": "'act_x'"}),
    ("pk_batches", {"id": "id"}),
    ("uq_batches_serial_prefix", {"serial_prefix": "serial_prefix"}),
    ("ck_blocks_first_serial", {"first_serial": "0"}),
    ("pk_blocks", {"first_serial": "first_serial"}),
    ("ck_balances_not_negative", {"credits": "-1"}),
    ("pk_balances", {"account_id": "account_id"}),
    ("ck_ledger_entries_serials", {"first_serial": "0"}),
    ("ck_ledger_entries_serials", {"first_serial": "last_serial + 1"}),
    ("ck_ledger_entries_two_accounts", {"to_account": "from_account"}),
    ("ck_ledger_entries_final_accounts_keep", {"from_account": "4", "to_account": "1001"}),
    ("ck_ledger_entries_final_accounts_keep", {"from_account": "5"}),
    ("ck_ledger_entries_final_accounts_keep", {"from_account": "6"}),
    ("ck_ledger_entries_nothing_returns_to_source", {"to_account": "1"}),
    ("ck_ledger_entries_from_balance", {"from_balance": "-1"}),
    ("ck_ledger_entries_to_balance", {"to_balance": "0"}),
    ("ck_ledger_entries_to_balance", {"to_total": "to_balance - 1"}),
    ("ck_ledger_entries_lineage", {"previous_log_index": "NULL"}),
    ("ck_ledger_entries_lineage", {"from_account": "1"}),
    ("ck_ledger_entries_lineage_goes_back", {"previous_log_index": "log_index"}),
    ("ck_ledger_entries_kind", {"kind": "0"}),
    ("ck_ledger_entries_kind", {"kind": "13"}),
    ("ck_ledger_entries_reversed", {"kind": "12", "to_account": "2"}),
    ("ck_ledger_entries_transit", {"kind": "9"}),
    ("ck_ledger_entries_transit", {"kind": "10"}),
    ("ck_ledger_entries_transit", {"to_account": "3"}),
    ("ck_ledger_entries_buffer", {"from_account": "2"}),
    ("ck_ledger_entries_buffer", {"kind": "7"}),
    ("pk_ledger_entries", {"line": "line"}),
    ("ck_ledger_sums_accounts", {"account_id": "7"}),
    ("ck_ledger_sums_accounts", {"account_id": "-1"}),
    ("ck_ledger_sums_source_gives", {"account_id": "1", "credits": "1"}),
    ("ck_ledger_sums_final_accounts_keep", {"account_id": "5", "credits": "-1"}),
    ("pk_ledger_sums", {"year": "year"}),
    ("ck_endings_kind", {"kind": "3"}),
    ("ck_endings_credits", {"credits": "0"}),
    ("ck_endings_visibility", {"visibility": "'secret'"}),
    ("pk_endings", {"log_index": "log_index"}),
    ("ck_ending_statements_beneficiary_kind", {"beneficiary_kind": "'ghost'"}),
    ("ck_ending_statements_salt", {"salt": ONE_BYTE}),
    ("fk_ending_statements_log_index", {"log_index": "1"}),
    ("pk_ending_statements", {"log_index": "log_index"}),
    ("ck_log_head_hashes", {"root": ONE_BYTE}),
    ("ck_log_head_hashes", {"peaks": ONE_BYTE}),
    ("ck_log_head_only_row", {"only_row": "false"}),
    ("pk_log_head", {}),
    ("ck_log_checkpoint_hashes", {"root": ONE_BYTE}),
    ("ck_log_checkpoint_hashes", {"signing_root": ONE_BYTE}),
    ("ck_log_checkpoint_note", {"note": ONE_BYTE}),
    ("ck_log_checkpoint_only_row", {"only_row": "false"}),
    ("ck_log_checkpoint_signed_before_published", {"size": "1", "note": ONE_BYTE}),
    ("pk_log_checkpoint", {}),
    ("ck_log_entries_leaf_hash", {"leaf": ONE_BYTE}),
    (
        "ck_log_entries_leaf_size",
        {"leaf": LONG_LEAF, "nodes": f"sha256({ONE_BYTE} || {LONG_LEAF})"},
    ),
    ("ck_log_entries_log_index", {"log_index": "-1"}),
    ("pk_log_entries", {"log_index": "log_index"}),
    ("ck_log_salts_salt", {"salt": ONE_BYTE}),
    ("fk_log_salts_log_index", {"log_index": "1000000"}),
    ("pk_log_salts", {"log_index": "log_index"}),
    ("ck_answers_erased_whole", {"body": "NULL"}),
    ("ck_answers_erased_whole", {"fingerprint": "NULL"}),
    ("ck_answers_fingerprint", {"fingerprint": ONE_BYTE}),
    ("pk_answers", {"key": "key"}),
]
TABLE_OF: Final = {
    str(constraint.name): table
    for table in ANOTHER
    for constraint in metadata.tables[table].constraints
}


def a_copy(table: str, changes: Mapping[str, str]) -> str:
    """Return the statement that copies a table's last row with some columns changed."""
    columns = metadata.tables[table].columns.keys()
    key = ", ".join(f"{column.name} DESC" for column in metadata.tables[table].primary_key)
    values = ", ".join(changes.get(column, column) for column in columns)
    last = f"(SELECT * FROM {table} ORDER BY {key} LIMIT 1) AS last_row"
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {last}"


def test_each_constraint_of_log_and_ledger_has_its_wrong_row() -> None:
    assert {constraint for constraint, _ in WRONG} == set(TABLE_OF)
    assert set(DOOR) < set(ANOTHER)


async def test_a_row_that_cannot_be_is_refused(
    as_owner: AsyncConnection, subtests: pytest.Subtests
) -> None:
    """Each is a good row but for one thing; the owner's own hand is refused it."""
    # Its statement needs an ending to belong to.
    await as_owner.execute(text(a_copy("endings", ANOTHER["endings"])))
    await as_owner.execute(text("INSERT INTO log_salts VALUES (1, sha256('x'))"))
    for constraint, wrong in WRONG:
        table = TABLE_OF[constraint]
        with subtests.test(constraint, wrong=wrong):
            statement = a_copy(table, {**ANOTHER[table], **wrong})
            await violates(as_owner, text(statement), constraint)
    for table in ANOTHER.keys() - {"log_head", "log_checkpoint"}:
        with subtests.test(table):
            await as_owner.execute(text(a_copy(table, ANOTHER[table])))
    await as_owner.rollback()


@pytest.mark.parametrize(
    ("moment", "year"), [("2030-12-31 16:59:59+00", 2030), ("2030-12-31 17:00:00+00", 2031)]
)
async def test_what_is_entered_is_summed_by_the_year_in_bangkok(
    as_owner: AsyncConnection, moment: str, year: int
) -> None:
    """The last hours of a year in London are of the next one in Thailand."""
    entered = {"line": "line + 1", "recorded_at": f"timestamptz '{moment}'"}
    await as_owner.execute(text(a_copy("ledger_entries", entered)))
    sums = await as_owner.execute(
        text("SELECT year, account_id, credits FROM ledger_sums WHERE year > 2029 ORDER BY 2")
    )
    ended = len(RETIRED_SERIALS)
    assert [tuple(row) for row in sums] == [(year, 0, -ended), (year, 4, ended)]
    await as_owner.rollback()


Arguments = dict[str, Any]


async def a_transfer(connection: AsyncConnection, holders: Holders) -> Arguments:
    """Take the pen, decide a transfer, and return what it would call the door with."""
    head = await log_store.lock_head(connection)
    pen = Pen(connection, clock.now(), head.size)
    pen.lend(Book())
    command = operations.Transfer(holders.account.id, holders.elsewhere.id, oldest(30))
    await operations.transfer(pen, holders.owner, command)
    composed = commit.compose(head, pen, pen.take(Book).page, answers=(), replayed=())
    names = await connection.scalar(
        text("SELECT proargnames FROM pg_proc WHERE proname = 'commit_acts'")
    )
    return dict(zip(names, composed.arguments, strict=True))


async def call(connection: AsyncConnection, arguments: Arguments) -> None:
    """Call the door as the service would."""
    places = ", ".join(f"${number}" for number in range(1, len(arguments) + 1))
    await driver(connection).fetchval(f"SELECT commit_acts({places})", *arguments.values())


LOG_MOVED: Final = "the log is no longer at size"
BLOCKS_MOVED: Final = "blocks are as decided on"
UNEQUAL: Final = "balances do not change by what was moved"
NO_ACT: Final = "credits move only by an act of the same commit"
NO_ACCOUNT: Final = "accounts are missing or closed"
FORGED: Final = "ck_log_entries_leaf_hash"
NO_ENTRY: Final = "blocks go where no entry takes them"


def distorted(good: Arguments, closed_account: int) -> dict[str, tuple[tuple[str, str], Arguments]]:
    """
    Return what the door must refuse, each with the state and the words it refuses in: several
    checks may refuse the same, and each is to be seen at work.
    """
    before, after = good["s_before"], good["s_after"]
    beyond = 1_001
    return {
        "the log is longer": ((STALE, LOG_MOVED), {"p_size": good["p_size"] - 1}),
        "the log is shorter": ((STALE, LOG_MOVED), {"p_size": good["p_size"] + 1}),
        "time runs backwards": ((STALE, LOG_MOVED), {"p_at": good["p_at"] - timedelta(days=1)}),
        "a forged leaf": ((BROKEN, FORGED), {"l_leaf": [b"forged"]}),
        "a forged node": ((BROKEN, FORGED), {"l_nodes": [bytes(32)]}),
        "a leaf of no kind": (("23502", '"kind"'), {"l_kind": []}),
        "a block ended elsewhere": (
            (STALE, BLOCKS_MOVED),
            {"b_last": [n - 1 for n in good["b_last"]]},
        ),
        "a block began elsewhere": (
            (STALE, BLOCKS_MOVED),
            {"b_first": [n + 1 for n in good["b_first"]]},
        ),
        "a block of another": (
            (STALE, BLOCKS_MOVED),
            {"b_account": [2 for _ in good["b_account"]]},
        ),
        "a block that moved since": (
            (STALE, BLOCKS_MOVED),
            {"b_index": [n - 1 for n in good["b_index"]]},
        ),
        "a balance that changed since": (
            (STALE, "balances are as decided on"),
            {"s_before": [n + 1 for n in before], "s_after": [n + 1 for n in after]},
        ),
        "a credit too many": ((STALE, UNEQUAL), {"s_after": [after[0], after[1] + 1]}),
        "a credit too few": ((STALE, UNEQUAL), {"s_after": [after[0] - 1, after[1]]}),
        "a balance left out": (
            (STALE, UNEQUAL),
            {name: good[name][:1] for name in ("s_account", "s_batch", "s_before", "s_after")},
        ),
        "an entry without a leaf": (
            (BROKEN, NO_ACT),
            {name: [] for name in ("l_kind", "l_subject", "l_leaf", "l_nodes")},
        ),
        "an entry under an earlier leaf": (
            (BROKEN, NO_ACT),
            {"e_index": [n - 1 for n in good["e_index"]]},
        ),
        "an entry under no leaf yet": (
            (BROKEN, NO_ACT),
            {"e_index": [n + 1 for n in good["e_index"]]},
        ),
        "a closed account": ((STALE, NO_ACCOUNT), {"e_to": [closed_account for _ in good["e_to"]]}),
        "an unknown account": ((STALE, NO_ACCOUNT), {"e_to": [999_999 for _ in good["e_to"]]}),
        "an entry out of a final account": (
            (BROKEN, "ck_ledger_entries_final_accounts_keep"),
            {"e_from": [4 for _ in good["e_from"]]},
        ),
        "a block beyond the batch": (
            (BROKEN, "beyond the end of its batch"),
            {
                "e_last": [beyond],
                "c_first": [beyond],
                "c_account": good["e_to"],
                "c_index": good["e_index"],
            },
        ),
        "a block that goes elsewhere": ((BROKEN, NO_ENTRY), {"b_new_account": [2]}),
        "a block that goes by another act": (
            (BROKEN, NO_ENTRY),
            {"b_new_index": [n + 1 for n in good["b_new_index"]]},
        ),
        "a remainder for another": ((BROKEN, NO_ENTRY), {"c_account": good["e_to"]}),
        "blocks that go without an act": (
            (BROKEN, NO_ENTRY),
            {name: [] for name in good if name[:2] in {"l_", "e_", "s_"}},
        ),
        "a cut out of what is retired": (
            ("23000", "cannot be cut out of a final account"),
            {
                "c_batch": good["c_batch"] * 2,
                "c_first": [*good["c_first"], RETIRED_SERIALS.stop - 1],
                "c_account": [*good["c_account"], *good["e_to"]],
                "c_index": [*good["c_index"], *good["e_index"]],
            },
        ),
    }


async def test_the_door_refuses_what_was_decided_on_something_else(
    registry: Registry,
    holders: Holders,
    subtests: pytest.Subtests,
) -> None:
    """Called with the service's own rights, as a fault in the service would call it."""
    administrator = holders.administrator
    closed = await an_account(registry, administrator, holders.owner)
    await registry.do(
        administrator,
        lambda pen: operations.close_account(pen, administrator, closed.id, expected_version=1),
    )
    async with registry.engine.connect() as connection:
        good = await a_transfer(connection, holders)
        await connection.rollback()
        before = await everything(connection)
        for name, ((state, words), changes) in distorted(good, closed.id).items():
            with subtests.test(name):
                assert changes.keys() <= good.keys()
                assert {**good, **changes} != good
                await connection.begin()
                with pytest.raises(Exception, match=words) as failure:
                    await call(connection, {**good, **changes})
                assert sqlstate_of(failure.value) == state
                await connection.rollback()
                assert await everything(connection) == before
        await connection.begin()
        await call(connection, good)
        await connection.commit()
        assert await everything(connection) != before


async def everything(connection: AsyncConnection) -> list[object]:
    """Return all that stands behind the door."""
    found: list[object] = []
    for table in DOOR:
        rows = await connection.execute(text(f"SELECT md5(t::text) FROM {table} t ORDER BY 1"))
        found.append(rows.scalars().all())
    await connection.rollback()
    return found
