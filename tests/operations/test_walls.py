"""
The second wall: what the API reads with sees, of people, only those whom a transaction asks for.

The first one is in the queries. Here there is none of it: statements that forget to say whose.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import READER_ROLE, make_engine, reading, show_people_of, sqlstate_of
from app.kernel.encoding import sha256
from app.registry.parties import operations, store
from app.registry.parties.operations import IssueKey
from app.registry.parties.policy import Actor
from tests.builders.parties import Register, a_developer, a_holder, the_administrator
from tests.conftest import Registry, Server

Reading = Callable[[], AbstractAsyncContextManager[AsyncConnection]]

NO_RIGHT = "42501"
# What the API never reads.
NOT_READ = {
    *("answers", "party_events"),
    *("sessions", "refresh_tokens", "sign_in_guesses", "signed_requests"),
    *("totp_secrets", "recovery_codes", "confirmations"),
    *("access_records", "passkeys", "passkey_challenges", "notices"),
    *("identities", "identity_requests"),
}


@pytest.fixture
def views(registry: Registry) -> Reading:
    """Open what the API reads with."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[AsyncConnection]:
        engine = make_engine(registry.url, connections_max=1, role=READER_ROLE)
        async with reading(engine) as connection:
            yield connection
        await engine.dispose()

    return opened


async def two_people(registry: Register) -> tuple[Actor, Actor]:
    """Return people of two parties, each with a key."""
    people = await a_developer(registry), await a_holder(registry)
    for person in people:
        await a_key_of(registry, person)
    return people


async def a_key_of(registry: Register, person: Actor) -> None:
    command = IssueKey(person.user_id, "A system", sha256(b"secret"))
    await registry.do(person, lambda pen: operations.issue_key(pen, person, command))


async def seen(connection: AsyncConnection) -> tuple[set[str], set[str]]:
    """Return the users, and the owners of keys, that a connection sees."""
    users = await connection.execute(text("SELECT id FROM users"))
    keys = await connection.execute(text("SELECT user_id FROM api_keys"))
    return set(users.scalars()), set(keys.scalars())


async def test_who_does_not_say_whom_sees_nobody(registry: Registry, views: Reading) -> None:
    await two_people(registry)
    async with views() as connection:
        assert await seen(connection) == (set(), set())


async def test_only_people_of_the_named_party_are_seen(registry: Registry, views: Reading) -> None:
    one, other = await two_people(registry)
    for person in (one, other):
        async with views() as connection:
            await show_people_of(connection, person.party_id)
            assert await seen(connection) == ({person.user_id}, {person.user_id})
    async with views() as connection:
        await show_people_of(connection, "pty_01kb5w6yk2e0hr9h5y0s8v2a3b")
        assert await seen(connection) == (set(), set())


async def test_tgo_sees_everybody(registry: Registry, views: Reading) -> None:
    one, other = await two_people(registry)
    async with views() as connection:
        await show_people_of(connection, None)
        users, keys = await seen(connection)
    assert users > {one.user_id, other.user_id}
    assert keys == {one.user_id, other.user_id}


async def test_what_was_said_ends_with_the_transaction(registry: Registry) -> None:
    """A connection goes from one request to the next."""
    one, _ = await two_people(registry)
    engine = make_engine(registry.url, connections_max=1, role=READER_ROLE)
    async with reading(engine) as connection:
        await show_people_of(connection, one.party_id)
        assert (await seen(connection))[0] == {one.user_id}
    async with reading(engine) as connection:
        assert await seen(connection) == (set(), set())
    await engine.dispose()


async def test_the_stores_own_reads_say_whom(registry: Registry, views: Reading) -> None:
    one, other = await two_people(registry)
    administrator = await the_administrator(registry)
    async with views() as connection:
        found = await store.list_users(connection, seen_by=one, limit=10)
        assert {user.id for user in found} == {one.user_id}
        keys = await store.list_keys(connection, user_id=one.user_id, limit=10)
        assert {key.user_id for key in keys} == {one.user_id}
        assert await store.list_keys(connection, user_id=other.user_id, limit=10) == []
        user = await store.get_user(connection, other.user_id, seen_by=administrator)
        assert user.id == other.user_id


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT password_hash FROM users",
        "SELECT * FROM users",
        "SELECT secret_sha256 FROM api_keys",
        "SELECT * FROM party_events",
        "SELECT * FROM answers",
        "SELECT * FROM take_pen()",
        "INSERT INTO parties SELECT * FROM parties",
        "UPDATE users SET roles = '{administrator}'",
        "DELETE FROM api_keys",
        "SET ROLE registry_publisher",
    ],
)
async def test_it_reads_no_secrets_and_writes_nothing(
    registry: Registry, views: Reading, statement: str
) -> None:
    await two_people(registry)
    login = await asyncpg.connect(registry.url)
    try:
        await login.execute("DROP ROLE IF EXISTS registry_test_login")
        await login.execute("CREATE ROLE registry_test_login LOGIN IN ROLE registry_app")
        await login.execute("SET SESSION AUTHORIZATION registry_test_login")
        await login.execute(f"SET ROLE {READER_ROLE}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await login.execute(statement)
    finally:
        await login.execute("RESET SESSION AUTHORIZATION")
        await login.execute("DROP ROLE registry_test_login")
        await login.close()
    if not statement.startswith("SET"):
        async with views() as connection:
            with pytest.raises(DBAPIError) as refused:
                await connection.execute(text(statement))
            # Whichever comes first: no right to it, or a transaction that only reads.
            assert sqlstate_of(refused.value) in {NO_RIGHT, "25006"}


async def test_whatever_the_service_reads_its_api_reads_or_must_not(server: Server) -> None:
    """A new table without the right would fail its first request, not this test."""
    rows = await server.fetch(
        "SELECT c.relname, has_any_column_privilege('registry_reader', c.oid, 'SELECT') AS read"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind = 'r'"
        " AND has_table_privilege('registry_app', c.oid, 'SELECT')",
        database=server.template,
    )
    assert {row["relname"] for row in rows if not row["read"]} == NOT_READ


async def test_it_may_write_nothing_anywhere(server: Server) -> None:
    rows = await server.fetch(
        "SELECT table_name FROM information_schema.role_table_grants"
        " WHERE grantee = 'registry_reader' AND privilege_type <> 'SELECT'",
        database=server.template,
    )
    assert rows == []
