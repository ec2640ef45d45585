"""The database: engine, table metadata, and the names that constraints get."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import MetaData, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

# The role all requests run as: it may insert history, but never change or remove it (migrations
# grant it).
APP_ROLE: Final = "registry_app"
# The role of what the API reads: of people it sees those whom a transaction has named the party of.
READER_ROLE: Final = "registry_reader"
# The role of the publisher: it reads the log, and writes how far it has published it.
PUBLISHER_ROLE: Final = "registry_publisher"
CONNECT_SECONDS_MAX: Final = 5  # A host that drops packets must not hold a caller for a minute.

_SHOW_PEOPLE_OF: Final = text("SELECT set_config('app.party', :party, true)")

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def make_engine(
    database_url: str,
    *,
    connections_max: int,
    role: str | None = APP_ROLE,
    asks_first: bool = False,
) -> AsyncEngine:
    """
    Make an engine whose connections act as the application's database role.

    Args:
        database_url: a ``postgresql://`` address.
        connections_max: upper bound of open connections.
        role: database role taken on connect; None keeps the role of the address (migrations).
        asks_first: whether a connection is asked if it is still alive before it is given out, for
            who has another place to go; it costs a round trip.
    """
    settings = {
        "application_name": "registry",
        "timezone": "UTC",
        "jit": "off",
        "plan_cache_mode": "force_generic_plan",
    }
    if role is not None:
        settings["role"] = role
    return create_async_engine(
        sqlalchemy_url(database_url),
        pool_size=connections_max,
        max_overflow=0,
        pool_timeout=CONNECT_SECONDS_MAX,
        pool_pre_ping=asks_first,
        hide_parameters=True,  # a failed statement is logged; what it carried is nobody's business
        connect_args={"server_settings": settings, "timeout": CONNECT_SECONDS_MAX},
    )


def sqlalchemy_url(database_url: str) -> str:
    """Return the address in the form that names the asyncpg driver."""
    scheme, _, rest = database_url.partition("://")
    assert scheme in {"postgres", "postgresql", "postgresql+asyncpg"}
    return f"postgresql+asyncpg://{rest}"


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Open a read-only snapshot: every statement inside sees the same state of the register."""
    connection = await open_snapshot(engine)
    try:
        yield connection
    finally:
        await connection.close()


async def open_snapshot(engine: AsyncEngine) -> AsyncConnection:
    """Open the connection of `reading`; the caller closes it."""
    connection = await connect(engine)
    return await connection.execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    )


@asynccontextmanager
async def glancing(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """
    Open a connection for one statement that reads.

    Without a transaction around it, it is one round trip instead of three; a second statement might
    see another state of the register.
    """
    connection = await open_glance(engine)
    try:
        yield connection
    finally:
        await connection.close()


async def open_glance(engine: AsyncEngine) -> AsyncConnection:
    """Open the connection of `glancing`; the caller closes it."""
    connection = await connect(engine)
    return await connection.execution_options(isolation_level="AUTOCOMMIT")


@asynccontextmanager
async def noting(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """
    Open a short transaction for what is no part of the register's history, as sessions are.

    It does not take the pen. It is kept when the block ends, and nothing of it when the block ends
    in an exception.
    """
    connection = await connect(engine)
    try:
        async with connection.begin():
            yield connection
    finally:
        await connection.close()


async def connect(engine: AsyncEngine) -> AsyncConnection:
    """
    Open a connection; the caller closes it.

    Raises:
        ConnectionError: nobody listens. A missing socket file is told apart here from any other
            missing file, which would not mean that the database is away.
    """
    try:
        return await engine.connect()
    except FileNotFoundError as missing:
        raise ConnectionRefusedError("the database's socket is not there") from missing


async def show_people_of(connection: AsyncConnection, party_id: str | None) -> None:
    """
    Let the rest of a transaction see people, and their keys, as far as its role does not anyway.

    Args:
        connection: in a transaction.
        party_id: of this party; None: of every one.
    """
    # What a caller sees is a condition of the query too; this is the second wall, in the database.
    await connection.execute(_SHOW_PEOPLE_OF, {"party": party_id or "*"})


def driver(connection: AsyncConnection) -> Any:  # noqa: ANN401  asyncpg ships no types
    """Return the asyncpg connection under a connection that has been used in this transaction."""
    raw = connection.sync_connection
    assert raw is not None
    return raw.connection.driver_connection


def constraint_of(error: BaseException) -> str | None:
    """Return the name of the constraint that a failed statement ran into, where there is one."""
    for cause in _causes(error):
        name = getattr(cause, "constraint_name", None)
        if name:
            return str(name)
    return None


def sqlstate_of(error: BaseException) -> str:
    """Return the SQLSTATE that a statement failed with; empty where the server named none."""
    for cause in _causes(error):
        state = getattr(cause, "sqlstate", None)
        if state:
            return str(state)
    return ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    # SQLAlchemy wraps the driver's error, and its adapter wraps it once more.
    cause: BaseException | None = error.orig if isinstance(error, DBAPIError) else error
    while cause is not None:
        yield cause
        cause = cause.__cause__


async def rows_of(connection: AsyncConnection, statement: str) -> list[dict[str, Any]]:
    """
    Run a constant statement of our own and return its rows; for audits, never with anybody's input.
    """
    return [dict(row) for row in (await connection.execute(text(statement))).mappings()]
