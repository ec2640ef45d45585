"""A database server of a test's own, to be killed and started again."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import local_postgres
from local_postgres import LocalPostgres

from tests.conftest import Server, found, migrate
from tests.server_process import children_of


class Database:
    """A server at an address that stays the same, though each start makes a socket of its own."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.postgres = LocalPostgres(folder / "postgres", settings=dict(settings))
        self._socket = folder / "socket"

    def start(self) -> None:
        """Start it, as it was left."""
        self.postgres.start()
        folder = dict(parse_qsl(urlsplit(self.postgres.url()).query))["host"]
        self._socket.unlink(missing_ok=True)
        self._socket.symlink_to(folder)

    def url(self, database: str) -> str:
        """Return the address of a database on it."""
        parts = urlsplit(self.postgres.url(database))
        return urlunsplit(parts._replace(query=f"host={self._socket}"))

    def copy(self, primary: "Database") -> None:
        """Become a standby of a running server."""
        server = self.postgres
        account = local_postgres._ServerAccount.for_cluster(server._cluster)
        server._make_data_folder(account)
        server._cluster.mkdir(mode=0o700)
        account.own(server._cluster)
        program = server._software(account) / "bin" / "pg_basebackup"
        options = (
            "--write-recovery-conf",
            "--checkpoint=fast",  # a spread one would take a quarter of an hour
            f"--dbname={primary.url('postgres')}",
            f"--pgdata={server._cluster}",
        )
        local_postgres._run([program, *options], account)

    def kill(self) -> None:
        """Kill the postmaster and its children at once, so that none of them can tidy up."""
        postmaster = self.postgres.postmaster_pid
        children = children_of(postmaster)
        for pid in (postmaster, *children):
            with suppress(ProcessLookupError):  # children leave by themselves when it is gone
                os.kill(pid, signal.SIGKILL)


@contextmanager
def a_database(**settings: str) -> Iterator[Database]:
    """Run a server until the test has ended."""
    with tempfile.TemporaryDirectory(prefix="registry-tests-") as folder:
        Path(folder).chmod(0o711)
        made = Database(Path(folder), settings)
        made.start()
        try:
            yield made
        finally:
            made.postgres.stop()


@contextmanager
def a_standby_of(primary: Database) -> Iterator[Database]:
    """Run a streaming replica of a server, made the way people make one."""
    with tempfile.TemporaryDirectory(prefix="registry-tests-") as folder:
        Path(folder).chmod(0o711)
        made = Database(Path(folder), {"hot_standby_feedback": "on"})
        made.copy(primary)
        made.start()
        try:
            yield made
        finally:
            made.postgres.stop()


async def a_register_on(database: Database) -> str:
    """Found a register on a server; returns its address."""
    own = Server(database.url("postgres"), "")
    await own.run("CREATE DATABASE registry TEMPLATE template0 ENCODING 'UTF8'")
    url = own.url("registry")
    await asyncio.to_thread(migrate, url)
    await found(url)
    return url
