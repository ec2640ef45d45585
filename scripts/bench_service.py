"""The service under load: the real server process, with a port, data and database of its own."""

from __future__ import annotations

import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bootstrap import ROOT
from local_postgres import LocalPostgres, bound_command
from local_state import APP_COMMAND, local_environ

HOST: Final = "127.0.0.1"
START_SECONDS_MAX: Final = 60
STOP_SECONDS_MAX: Final = 30
_POLL_SECONDS: Final = 0.02
# No proxy: one set for the outside would not know this machine's own addresses.
_direct: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Service:
    """A server process that answers."""

    server: LocalPostgres
    database: str
    pid: int
    address: str
    data: Path
    environ: dict[str, str]  # for other commands of the same installation

    @property
    def log(self) -> Path:
        """Where its log lines go."""
        return self.data / "server.log"

    def query(self, sql: str) -> str:
        """Run one statement on its database, as the owner."""
        return self.server.query(sql, database=self.database)

    def log_size(self) -> int:
        """Return how many acts its register has."""
        return int(self.query("SELECT size FROM log_head"))


@contextmanager
def serving(
    server: LocalPostgres,
    database: str,
    *,
    workers: int = 1,
    command: Sequence[str] = (*APP_COMMAND, "serve"),
) -> Iterator[Service]:
    """
    Run a server process on a database, from its first answer to the end of its last.

    Args:
        server: where the database is.
        database: a register.
        workers: how many processes serve it.
        command: what serves it; gets the port behind ``--port``.
    """
    with tempfile.TemporaryDirectory(prefix="registry-bench-") as name:
        data, port = Path(name), free_port()
        environ = environ_of(server, database, data)
        with (data / "server.log").open("wb") as file:
            process = subprocess.Popen(
                bound_command(
                    [*command, "--port", str(port), "--workers", str(workers)], signal.SIGTERM
                ),
                cwd=ROOT,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        address = f"http://{HOST}:{port}"
        service = Service(server, database, process.pid, address, data, environ)
        try:
            wait_for_answer(process, address, service.log)
            yield service
        finally:
            stop(process)


def environ_of(server: LocalPostgres, database: str, data: Path) -> dict[str, str]:
    """Return the environment of an installation: its database and its data folder."""
    return {
        **local_environ(server.url(database)),
        "REGISTRY_DATA": str(data),
        # What a side is compared with is a module beside this one.
        "PYTHONPATH": str(Path(__file__).parent),
    }


@contextmanager
def publishing(environ: Mapping[str, str]) -> Iterator[int]:
    """Run the publisher of a register's log; gives its process id."""
    with (Path(environ["REGISTRY_DATA"]) / "publisher.log").open("wb") as file:
        process = subprocess.Popen(
            bound_command([*APP_COMMAND, "publish"], signal.SIGTERM),
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        yield process.pid
    finally:
        stop(process)


def published_size(data: Path) -> int:
    """Return how many acts are out, as the files in a data folder say."""
    checkpoint = data / "log" / "checkpoint"
    return int(checkpoint.read_text().split("\n")[1]) if checkpoint.exists() else 0


def wait_for_answer(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    """
    Wait until a server says that it is in health.

    Raises:
        OSError: it ended, or took too long.
    """
    give_up = time.monotonic() + START_SECONDS_MAX
    while not is_healthy(address):
        if process.poll() is not None or time.monotonic() > give_up:
            raise OSError(f"no answer from {address}:\n{log.read_text(errors='replace')}")
        time.sleep(_POLL_SECONDS)


def is_healthy(address: str) -> bool:
    """Ask a server whether it is in health."""
    try:
        with _direct.open(f"{address}/health", timeout=2) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004
    except (OSError, urllib.error.URLError):
        return False


def stop(process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGTERM) -> None:
    """End a process in good order, or else by force."""
    for attempt in (number, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(attempt)
            try:
                process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                continue
        return


def free_port() -> int:
    """Return a port of this machine where nobody listens."""
    with socket.socket() as trial:
        trial.bind((HOST, 0))
        return int(trial.getsockname()[1])
