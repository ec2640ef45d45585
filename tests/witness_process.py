"""A witness as a process of its own: the command that others run, with nothing of the registry."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from app.registry.log.notes import VerifierKey
from tests.conftest import CHECKOUT

START_SECONDS_MAX: Final = 30
STOP_SECONDS_MAX: Final = 20
COMMAND: Final = (sys.executable, "-m", "app.entry.cli")


class WitnessProcess:
    """
    One witness, on a folder of its own.

    Its environment holds a PATH and nothing else: neither a database nor a setting.
    """

    def __init__(
        self,
        folder: Path,
        logs: Sequence[object],
        *,
        name: str | None = "witness.example/one",
        command: Sequence[str] = COMMAND,
    ) -> None:
        self.folder = folder
        self.port = _free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.arguments = [*command, "witness", "--folder", str(folder), "--port", str(self.port)]
        for log in logs:
            self.arguments += ["--log", str(log)]
        if name is not None:
            self.arguments += ["--name", name]
        self.said = folder.with_name(f"{folder.name}-{self.port}.log")
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

    @property
    def key(self) -> VerifierKey:
        """Its verifier key, as it was printed."""
        line = next(x for x in self.said.read_text().splitlines() if x.count("+") >= 2)
        return VerifierKey.parse(line)

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.said.open("ab") as said:
            self.process = subprocess.Popen(
                self.arguments,
                cwd=CHECKOUT,
                env={"PATH": os.environ["PATH"]},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        give_up = time.monotonic() + START_SECONDS_MAX
        while not self.answers():
            assert self.process.poll() is None, self.said.read_text()
            assert time.monotonic() < give_up, self.said.read_text()
            time.sleep(0.02)

    def run(self) -> subprocess.CompletedProcess[str]:
        """Run it where it is to refuse, and return what it said."""
        return subprocess.run(
            self.arguments,
            cwd=CHECKOUT,
            env={"PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_SECONDS_MAX,
            check=False,
        )

    def answers(self) -> bool:
        """Say whether it is in health."""
        try:
            with urllib.request.urlopen(f"{self.address}/health", timeout=2) as answer:  # noqa: S310
                return bool(answer.read() == b"ok\n")
        except (OSError, urllib.error.URLError):
            return False

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(STOP_SECONDS_MAX)

    def stop(self) -> None:
        """End it, in good order if it can."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
