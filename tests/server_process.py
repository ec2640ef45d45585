"""The service as a process of its own, on a loopback port: for what is claimed of real HTTP."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.conftest import CHECKOUT

START_SECONDS_MAX: Final = 120  # of a machine that does much else
STOP_SECONDS_MAX: Final = 20
SERVING: Final = re.compile(rb"\bserving\b")  # the line of each that has come to it
COMMAND: Final = (sys.executable, "-m", "app.entry.cli")


class RegistryProcess:
    """A command of the registry that runs until it is ended."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], log: Path) -> None:
        self.command = command  # whole: the program and what follows it
        self.environ = environ
        self.log = log
        self.log_bytes_before = 0  # what earlier starts have written
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it is at work; one that does not come so far is ended."""
        try:
            self.launch()
            self._wait_until_at_work()
        except BaseException:
            self.stop()
            raise

    def launch(self, *, failpoint: str = "") -> None:
        """Start it, and do not wait."""
        self.stop()
        with self.log.open("ab") as log:
            self.log_bytes_before = log.tell()
            self.process = subprocess.Popen(
                self.command,
                cwd=CHECKOUT,
                env={
                    "PATH": os.environ["PATH"],
                    **({"REGISTRY_FAILPOINT": failpoint} if failpoint else {}),
                    **self.environ,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _wait_until_at_work(self) -> None:
        assert self.process is not None
        give_up = time.monotonic() + START_SECONDS_MAX
        while not self.is_at_work():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < give_up, self.log.read_text()
            time.sleep(0.05)

    def is_at_work(self) -> bool:
        """Say whether it does what it is for."""
        raise NotImplementedError

    def kill(self) -> None:
        """End it and its workers at once, as a power cut would."""
        assert self.process is not None
        workers = children_of(self.process.pid)
        self.process.send_signal(signal.SIGKILL)
        for worker in workers:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        self.process.wait(STOP_SECONDS_MAX)

    def stop(self) -> None:
        """End it, in good order if it can."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        self.process.send_signal(signal.SIGCONT)  # one that a test has stopped would not hear it
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()


class ServerProcess(RegistryProcess):
    """
    One server process on a database.

    Several may share a database and a data folder, and with it the key that signs tokens.
    """

    def __init__(
        self,
        database_url: str,
        *,
        data: Path,
        demo: bool = False,
        workers: int = 1,
        **environ: str,
    ) -> None:
        self.database_url = database_url
        self.data = data
        self.workers_wanted = workers
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        more = [
            *(["--demo"] if demo else []),
            *(["--workers", str(workers)] if workers > 1 else []),
        ]
        super().__init__(
            [*COMMAND, "serve", "--port", str(self.port), *more],
            {"DATABASE_URL": database_url, "REGISTRY_DATA": str(data), **environ},
            data / f"server-{self.port}.log",
        )

    @property
    def workers(self) -> list[int]:
        """The processes that serve, where there are several."""
        assert self.process is not None
        return children_of(self.process.pid)

    def is_at_work(self) -> bool:
        """Say whether it is in health, every worker of it."""
        said = self.log.read_bytes()[self.log_bytes_before :]
        return len(SERVING.findall(said)) >= self.workers_wanted and self.answers()

    def answers(self) -> bool:
        """Say whether it is in health."""
        try:
            with urllib.request.urlopen(f"{self.address}/health", timeout=2) as answer:  # noqa: S310
                return bool(json.load(answer)["status"] == "ok")
        except (OSError, ValueError, urllib.error.URLError):
            return False


class PublisherProcess(RegistryProcess):
    """The publisher of a database's log, which lies in the data folder."""

    def __init__(self, database_url: str, *, data: Path, **environ: str) -> None:
        self.data = data
        super().__init__(
            [*COMMAND, "publish"],
            {"DATABASE_URL": database_url, "REGISTRY_DATA": str(data), **environ},
            data / "publisher.log",
        )

    @property
    def size(self) -> int:
        """How many acts are out."""
        checkpoint = self.data / "log" / "checkpoint"
        return int(checkpoint.read_text().split("\n")[1]) if checkpoint.exists() else 0

    def is_at_work(self) -> bool:
        """Say whether something is out."""
        return self.size > 0

    def wait_for(self, size: int, *, seconds_max: float = START_SECONDS_MAX) -> None:
        """Wait until so many acts are out."""
        give_up = time.monotonic() + seconds_max
        while self.size < size:
            assert time.monotonic() < give_up, self.log.read_text()
            time.sleep(0.02)


def children_of(parent: int) -> list[int]:
    """Return the processes that a process has started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended meanwhile
            if int(fields[1]) == parent:
                found.append(int(entry.name))
    return sorted(found)


def free_port() -> int:
    """Return a port of this machine where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
