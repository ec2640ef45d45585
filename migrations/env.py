"""How migrations reach the database: one at a time, in bounded time, each in a transaction."""

import asyncio
from typing import Any

from alembic import context
from sqlalchemy import Connection, text

from app.kernel.db import make_engine, metadata
from app.registry import stores
from app.settings import Settings

# Two servers that start together migrate one after the other: the second waits, and finds nothing
# to do.
MIGRATION_LOCK = 7_236_114_921
MIGRATION_LOCK_WAIT = "120s"
# A migration that cannot have its table at once gives up, or every request behind it would wait
# too.
LOCK_WAIT = "4s"
STATEMENT_TIME = "10min"


# Loading the stores is what fills the metadata that the drift check compares with the database.
assert stores.STORES


def run(connection: Connection) -> None:
    limit(connection, lock_timeout=MIGRATION_LOCK_WAIT, statement_timeout=MIGRATION_LOCK_WAIT)
    connection.execute(text(f"SELECT pg_advisory_lock({MIGRATION_LOCK})"))
    limit(connection, lock_timeout=LOCK_WAIT, statement_timeout=STATEMENT_TIME)
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transaction_per_migration=True,
        compare_server_default=True,
        include_name=is_ours,
    )
    with context.begin_transaction():
        context.run_migrations()


def limit(connection: Connection, **limits: str) -> None:
    for name, value in limits.items():
        connection.execute(
            text("SELECT set_config(:name, :value, false)"), {"name": name, "value": value}
        )


def is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    return kind != "table" or name != "alembic_version"


async def main() -> None:
    # The lock belongs to the session, so closing the connection gives it back, however this ends.
    settings = context.config.attributes.get("settings") or Settings()
    engine = make_engine(settings.migration_database_url, connections_max=1, role=None)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run)
    finally:
        await engine.dispose()


if context.is_offline_mode():
    # Migrations run SQL scripts through the driver; the scripts are there to be read.
    raise SystemExit("Migrations need a database: --sql is not supported.")
asyncio.run(main())
