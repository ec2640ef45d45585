"""Bringing the database up to date, and acts that come from the command line."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.acts import Act, Reply
from app.entry.committer import Committer
from app.kernel.db import make_engine, reading
from app.registry.log.pen import Pen
from app.registry.log.store import find_state
from app.registry.parties.policy import Actor
from app.registry.stores import refusals_by_constraint
from app.settings import CHECKOUT, Settings

if TYPE_CHECKING:
    from alembic.config import Config

Result = TypeVar("Result")

MIGRATIONS: Final = CHECKOUT / "migrations" / "versions"

_CONNECTIONS_MAX: Final = 2


def alembic_config(settings: Settings) -> "Config":
    """Return what Alembic needs to find the migrations and the database."""
    from alembic.config import Config  # noqa: PLC0415  as `migrate`

    config = Config(CHECKOUT / "alembic.ini")
    config.attributes["settings"] = settings
    return config


def newest_revision() -> str:
    """Return the revision of the newest migration; their file names begin with it."""
    return max(path.stem.partition("_")[0] for path in MIGRATIONS.glob("[0-9]*.py"))


def migrate(settings: Settings) -> None:
    """Bring tables, triggers and roles to their newest form."""
    from alembic import command  # noqa: PLC0415  a quarter of a second that most starts can save

    command.upgrade(alembic_config(settings), "head")


async def is_current(settings: Settings) -> bool:
    """Say whether the database has the newest form and the register was founded."""
    engine = make_engine(settings.migration_database_url, connections_max=1, role=None)
    try:
        async with engine.connect() as connection:
            state = await find_state(connection)
            return state is not None and state[0] == newest_revision() and state[1] > 0
    finally:
        await engine.dispose()


@asynccontextmanager
async def reader(settings: Settings) -> AsyncIterator[AsyncConnection]:
    """Open a read-only snapshot for one command."""
    engine = make_engine(settings.database_url, connections_max=1)
    try:
        async with reading(engine) as connection:
            yield connection
    finally:
        await engine.dispose()


@asynccontextmanager
async def committer(settings: Settings) -> AsyncIterator[Committer]:
    """Run a committer for one command; other processes may commit at the same time."""
    engine = make_engine(settings.database_url, connections_max=_CONNECTIONS_MAX)
    committer = Committer(engine, refusals_by_constraint())
    try:
        await committer.start()
        yield committer
        await committer.stop()
    finally:
        await engine.dispose()


async def do(
    committer: Committer, actor: Actor, operation: Callable[[Pen], Awaitable[Result]]
) -> Result:
    """
    Have one act done and return what its operation returned, once it is committed.

    Raises:
        RegistryError: it was refused, and nothing was changed.
    """
    done: list[Result] = []

    def keep(result: Result) -> Reply:
        # The operation runs again where a commit has to be tried again; only the last run counts.
        done[:] = [result]
        return Reply(200, b"")

    await committer.submit(Act(actor, operation, keep))
    return done[0]
