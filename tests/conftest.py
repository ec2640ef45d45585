"""
What tests stand on: a real PostgreSQL, the real migrations, the real committer and its real COMMIT.

One server for the run; one template database, migrated and founded once; a clone of it for every
test that asks (some 50 ms). After a test that could write, every invariant must hold and the log
must verify.
"""

import asyncio
import itertools
import os
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx2
import hypothesis
import pytest
from alembic import command
from alembic.config import Config
from fastapi import FastAPI
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.entry.acts import Act, Idempotency, Reply
from app.entry.committer import Committer
from app.kernel.db import make_engine, reading
from app.main import create_app
from app.registry import founding, invariants
from app.registry.ledger.rules import Touches
from app.registry.ledger.store.publishing import stream_state
from app.registry.log import store as log
from app.registry.log.pen import Pen
from app.registry.parties.policy import Actor
from app.registry.replay.leaves import decode
from app.registry.replay.replay import Replay
from app.registry.replay.shelf import Shelf
from app.registry.replay.state import compare
from app.registry.stores import refusals_by_constraint
from app.settings import Settings

CHECKOUT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT / "scripts"))

from local_postgres import LocalPostgres  # noqa: E402  scripts/ is no package

MEMORY: Final = Path("/dev/shm")  # noqa: S108  Linux; elsewhere the usual place for temporary files
MEMORY_BYTES_MIN: Final = 4 * 2**30  # the write-ahead log at its largest, and some databases

# Acts that are none, which some tests need.
INVENTED: Final = re.compile(rb'"by":"nobody"|"kind":"test\.')
# Acts that no rule would let happen: credits out of nowhere, somebody who was never added.
MADE_BY_BUILDERS: Final = re.compile(
    rb'"source":"XX"|"subject":"iss_0{25}1"|"by":"usr_01kb5w6yk2e0hr9h5y0s8v2a3b"'
)

# Files whose tests take a minute or more: begun last, one process would go on with them alone.
LONGEST: Final = (
    *("test_ledger_machine.py", "test_schemathesis.py", "test_every_page.py"),
    *("test_kill_publisher.py", "test_journeys.py", "test_matrix.py", "test_desk_parties.py"),
    *("test_member.py", "test_keyboard.py", "test_tampering.py", "test_openapi.py"),
)

# Where passkeys of tests are used.
RP_ID: Final = "registry.test"
PAGE_OF_PASSKEYS: Final = "https://registry.test"

Result = TypeVar("Result")
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Server:
    """A database server and the migrated template on it."""

    admin_url: str
    template: str

    def url(self, database: str) -> str:
        """Return the address of a database on it."""
        parts = urlsplit(self.admin_url)
        return urlunsplit(parts._replace(path=f"/{database}"))

    async def run(self, statement: str) -> None:
        """Run one administrative statement."""
        connection = await asyncpg.connect(self.admin_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def fetch(self, query: str, *, database: str) -> list[asyncpg.Record]:
        """Return the rows of a query in one of its databases, as the owner."""
        connection = await asyncpg.connect(self.url(database))
        try:
            rows: list[asyncpg.Record] = await connection.fetch(query)
            return rows
        finally:
            await connection.close()


def migrate(url: str) -> None:
    """Bring a database to the newest schema."""
    config = Config(str(CHECKOUT / "alembic.ini"))
    config.attributes["settings"] = settings_for(url, Path(tempfile.gettempdir()))
    command.upgrade(config, "head")


def settings_for(url: str, data: Path) -> Settings:
    """Return the settings of an installation on a database, its files under a folder."""
    return Settings(
        database_url=url, data=data, passkey_rp_id=RP_ID, passkey_origins=PAGE_OF_PASSKEYS
    )


# How soon an example is drawn says how much else the machine does, and nothing of the code.
hypothesis.settings.register_profile(
    "patient", suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first, whatever order the others were shuffled into."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture(scope="session", autouse=True)
def _characters() -> None:
    """
    Have Hypothesis make its table of characters now.

    It does so once in a checkout, on the first text it draws, which takes a second or two; the test
    that draws it would be called too slow.
    """
    hypothesis.find(st.text(min_size=1), bool)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server with a migrated and founded template: DATABASE_URL's, or one of the run's own."""
    given = os.environ.get("DATABASE_URL")
    if given:
        yield from _with_template(given)
        return
    with tempfile.TemporaryDirectory(prefix="registry-tests-", dir=_place()) as folder:
        Path(folder).chmod(0o711)  # run as root, the server is another user and has to get in
        postgres = LocalPostgres(Path(folder) / "postgres")
        with postgres:
            yield from _with_template(postgres.url("postgres"))


def _place() -> Path | None:
    """
    Return where the run's own server keeps its data: in memory, where there is room.

    Every test gets a copy of the template, some seven hundred files, which takes ten times as long
    on a disk. What is claimed of a killed database is tested on servers that have one.
    """
    has_room = MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    return MEMORY if has_room and shutil.disk_usage(MEMORY).free > MEMORY_BYTES_MIN else None


def _with_template(admin_url: str) -> Iterator[Server]:
    made = Server(admin_url, f"registry_template_{os.getpid()}")
    asyncio.run(made.run(f"DROP DATABASE IF EXISTS {made.template}"))
    asyncio.run(made.run(f"CREATE DATABASE {made.template} TEMPLATE template0 ENCODING 'UTF8'"))
    url = made.url(made.template)
    migrate(url)
    asyncio.run(found(url))
    yield made
    asyncio.run(made.run(f"DROP DATABASE {made.template} WITH (FORCE)"))


async def found(url: str) -> None:
    """Found the register of a migrated database."""
    engine = make_engine(url, connections_max=2)
    committer = Committer(engine, refusals_by_constraint())
    await committer.start()
    await committer.submit(Act(founding.REGISTRY, founding.found, lambda _: Reply(200, b"")))
    await committer.stop()
    await engine.dispose()


@pytest.fixture
async def database_url(server: Server) -> AsyncIterator[str]:
    """The address of a fresh database, founded, with nobody in it."""
    async with a_database(server) as url:
        yield url


@asynccontextmanager
async def a_database(server: Server) -> AsyncIterator[str]:
    """Make such a database for as long as the block goes on, and yield its address."""
    name = f"registry_test_{os.getpid()}_{next(_numbers)}"
    await server.run(f"CREATE DATABASE {name} TEMPLATE {server.template}")
    # A clone has the tables' rights, but not those on the database that the migration took away.
    await server.run(f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC")
    yield server.url(name)
    await server.run(f"DROP DATABASE {name} WITH (FORCE)")


@dataclass
class Registry:
    """A register to act on, through the real committer."""

    url: str
    engine: AsyncEngine
    committer: Committer

    async def do(
        self,
        actor: Actor,
        operation: Callable[[Pen], Awaitable[Result]],
        *,
        touches: Touches | None = None,
        key: str | None = None,
        dry_run: bool = False,
        may_replay: bool = False,
    ) -> Result:
        """
        Have an operation committed; returns its result, or raises its refusal.

        With ``may_replay`` a key may have been used before; the result is then that of no
        operation: None.
        """
        results: list[Result] = []

        def keep(result: Result) -> Reply:
            results.append(result)
            return Reply(200, b"{}")

        asked = None
        if key is not None:
            asked = Idempotency(actor.user_id, key, b"\x00" * 32)
        act = Act(
            actor,
            operation,
            keep,
            asked,
            None if touches is None else (touches,),
            ahead=touches is not None,
            dry_run=dry_run,
        )
        outcome = await self.committer.submit(act)
        if may_replay and outcome.replayed:
            return None  # type: ignore[return-value]
        return results[-1]

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open a read-only snapshot."""
        async with reading(self.engine) as connection:
            yield connection


async def _assert_sound(engine: AsyncEngine) -> None:
    async with reading(engine) as connection:
        assert await invariants.check(connection) == []
        await _assert_told(connection)


async def _assert_told(connection: AsyncConnection) -> None:
    """Every act of a test stands in the log as published, and an outsider arrives where we are."""
    replay: Replay | None = Replay(Shelf())
    first = 0
    while leaves := await log.list_leaves(connection, first=first, rows_max=5_000):
        for first, leaf, _ in leaves:
            if INVENTED.search(leaf):
                replay = None
                continue
            decode(leaf)
            if MADE_BY_BUILDERS.search(leaf):
                replay = None
            if replay is not None:
                replay.play(first, leaf)
        first += 1
    if replay is not None:
        published = b"".join([piece async for piece in stream_state(connection)]).decode()
        assert compare(published.splitlines(keepends=True), replay) == []


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Registry]:
    """Open the register in a database; afterwards every invariant must hold and the log verify."""
    engine = make_engine(url, connections_max=8)
    committer = Committer(engine, refusals_by_constraint())
    await committer.start()
    yield Registry(url, engine, committer)
    await committer.stop()
    await _assert_sound(engine)
    await engine.dispose()


@pytest.fixture
async def registry(database_url: str) -> AsyncIterator[Registry]:
    """A fresh register; afterwards every invariant must hold and the log must verify."""
    async with opened(database_url) as made:
        yield made


@dataclass
class Api:
    """The service over its ASGI door, on the same database as `registry`."""

    app: Any
    client: httpx2.AsyncClient

    async def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send a request."""
        return await self.client.request(method, path, **options)

    async def get(self, path: str, **options: Any) -> httpx2.Response:
        """Send a GET."""
        return await self.client.get(path, **options)

    async def post(self, path: str, **options: Any) -> httpx2.Response:
        """Send a POST."""
        return await self.client.post(path, **options)

    async def put(self, path: str, **options: Any) -> httpx2.Response:
        """Send a PUT."""
        return await self.client.put(path, **options)

    async def patch(self, path: str, **options: Any) -> httpx2.Response:
        """Send a PATCH."""
        return await self.client.patch(path, **options)


@pytest.fixture(scope="session")
def application() -> FastAPI:
    """The application, built once: putting its hundred routes together takes half a second."""
    nowhere = Path(tempfile.gettempdir())
    return create_app(settings_for("postgresql://nobody@/nothing", nowhere))


@pytest.fixture
async def api(registry: Registry, application: FastAPI, tmp_path: Path) -> AsyncIterator[Api]:
    """The whole application on the database of `registry`."""
    application.state.settings = settings_for(registry.url, tmp_path)
    async with application.router.lifespan_context(application):
        transport = httpx2.ASGITransport(app=application, raise_app_exceptions=False)
        base_url = "http://registry.test"
        async with httpx2.AsyncClient(transport=transport, base_url=base_url) as client:
            yield Api(application, client)
