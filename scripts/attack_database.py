"""A12: what somebody could do in the database who has become the service."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import asyncpg
from attack_report import require
from attack_scene import DATABASE, LOGIN, Scene
from local_postgres import OWNER

# Each is to be refused: for want of a right, or by a guard of history.
STATEMENTS: Final = (
    "UPDATE log_entries SET leaf = 'x' WHERE log_index = 1",
    "DELETE FROM ledger_entries",
    "TRUNCATE log_entries",
    "INSERT INTO balances VALUES (1001, 1, 1) ON CONFLICT DO NOTHING",
    "MERGE INTO balances b USING (SELECT 1) s ON true WHEN MATCHED THEN UPDATE SET credits = 0",
    "INSERT INTO log_entries SELECT * FROM log_entries",
    "UPDATE blocks SET account_id = 1001",
    "UPDATE log_head SET size = 0",
    "UPDATE party_events SET why = 'x'",
    "DELETE FROM users",
    "DELETE FROM answers",
    "SET session_replication_role = replica",
    "ALTER TABLE log_entries DISABLE TRIGGER ALL",
    "DROP TRIGGER history_is_only_added_to ON log_entries",
    "DROP TABLE log_entries",
    "ALTER FUNCTION refuse_change() OWNER TO registry_app",
    "CREATE FUNCTION shadow() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TEMPORARY TABLE log_entries (x int)",
    "CREATE TABLE shadow (x int)",
    "CREATE SCHEMA shadow",
    f"SET ROLE {OWNER}",
    f"SET SESSION AUTHORIZATION {OWNER}",
    "SET ROLE registry_publisher",
    "ALTER ROLE registry_app SUPERUSER",
    "COPY log_entries TO PROGRAM 'cat'",
    "COPY log_entries FROM '/etc/passwd'",
    "SELECT lo_import('/etc/passwd')",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_reload_conf()",
    "SELECT rolpassword FROM pg_authid",
    "UPDATE alembic_version SET version_num = '0000'",
)
# What PostgreSQL and our guards refuse with: no right, no such role, history is only added to.
_REFUSED: Final = (asyncpg.InsufficientPrivilegeError, asyncpg.IntegrityConstraintViolationError)
_MEANINGLESS: Final = (asyncpg.InvalidParameterValueError, asyncpg.UndefinedObjectError)
_FINGERPRINT: Final = """
SELECT md5(concat((SELECT string_agg(l::text, ',' ORDER BY log_index) FROM log_entries l),
                  (SELECT string_agg(b::text, ',' ORDER BY batch_id, first_serial) FROM blocks b),
                  (SELECT string_agg(b::text, ',' ORDER BY account_id, batch_id) FROM balances b),
                  (SELECT string_agg(e::text, ',' ORDER BY log_index) FROM party_events e),
                  (SELECT count(*) FROM users), (SELECT count(*) FROM answers)))
"""


def become_the_service(scene: Scene) -> str:
    """Run what must not be possible, with the rights that the service has."""
    before = scene.service.query(_FINGERPRINT)
    asyncio.run(_run_all(scene))
    after = scene.service.query(_FINGERPRINT)
    require(before == after, "history is another than before")
    return f"{len(STATEMENTS)} statements as the service's role, all refused"


async def _run_all(scene: Scene) -> None:
    connection: Any = await asyncpg.connect(scene.service.server.url(DATABASE, user=LOGIN))
    try:
        await connection.execute("SET ROLE registry_app")
        for statement in STATEMENTS:
            try:
                await connection.execute(statement)
            except (*_REFUSED, *_MEANINGLESS):
                continue
            except asyncpg.PostgresError as error:
                require(False, f"{statement}: fails for another reason: {error}")  # noqa: FBT003
            require(False, f"{statement}: was done")  # noqa: FBT003
    finally:
        await connection.close()
