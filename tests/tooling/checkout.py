"""A trial checkout: our scripts, a stand-in application, a folder of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copy
from types import MappingProxyType

from bootstrap import ENVIRONMENT, ROOT, is_current
from local_postgres import command_of

SECONDS_MAX = 30


@dataclass
class Started:
    """A running scripts/start and what it has printed."""

    process: subprocess.Popen[bytes]
    output: Path
    port: int

    def text(self) -> str:
        """Return what it printed so far."""
        return self.output.read_text()

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Signal it and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(SECONDS_MAX)


class Checkout:
    """The scripts in a folder of their own; they share this checkout's environment."""

    def __init__(self, root: Path) -> None:
        """Lay out the files."""
        assert is_current("dev"), "the environment is stale: run scripts/test"
        self.root = root
        (root / "scripts").mkdir(parents=True)
        (root / "app" / "entry").mkdir(parents=True)
        for script in (ROOT / "scripts").iterdir():
            if script.is_file():
                copy(script, root / "scripts")
        for lock in ROOT.glob("requirements*.lock"):
            copy(lock, root)
        copy(Path(__file__).with_name("stand_in.py"), root / "app" / "entry" / "cli.py")
        (root / ".venv").symlink_to(ENVIRONMENT)

    def run(
        self, script: str, *arguments: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a script to its end."""
        return subprocess.run(
            [sys.executable, self.root / "scripts" / script, *arguments],
            env=environ(variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )

    @contextmanager
    def started(self, *arguments: str, **variables: str) -> Iterator[Started]:
        """Run scripts/start, wait for its welcome, and stop it in the end."""
        port = free_port()
        output = self.root / "output"
        with output.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, self.root / "scripts" / "start", f"--port={port}", *arguments],
                env=environ(variables),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        started = Started(process, output, port)
        try:
            wait_until(lambda: "Ctrl-C stops" in started.text() or process.poll() is not None)
            assert process.poll() is None, started.text()
            yield started
        finally:
            if process.poll() is None:
                started.stop()

    def processes(self) -> list[str]:
        """Return the commands of all processes that run for this checkout."""
        pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
        return [command for pid in pids if str(self.root) in (command := command_of(pid))]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds, or fail."""
    deadline = time.monotonic() + SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def environ(variables: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """Return the environment of a person who has set up nothing but these variables."""
    ours = {"DATABASE_URL", "MIGRATION_DATABASE_URL"}
    return {**{k: v for k, v in os.environ.items() if k not in ours}, **variables}
