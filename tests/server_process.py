"""The service as a process of its own, on a loopback port: for what is claimed of real HTTP."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.conftest import CHECKOUT

START_SECONDS_MAX: Final = 40
STOP_SECONDS_MAX: Final = 20


class ServerProcess:
    """
    One server process on a database.

    Several may share a database and a data folder, and with it the key that signs tokens.
    """

    def __init__(self, database_url: str, *, data: Path, demo: bool = False) -> None:
        self.database_url = database_url
        self.data = data
        self.demo = demo
        self.port = _free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = data / f"server-{self.port}.log"
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
        """Start it and wait until it answers; one that does not is ended."""
        try:
            self._launch()
            self._wait_until_it_answers()
        except BaseException:
            self.stop()
            raise

    def _launch(self) -> None:
        options = ["--demo"] if self.demo else []
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "app.entry.cli",
                    "serve",
                    "--port",
                    str(self.port),
                    *options,
                ],
                cwd=CHECKOUT,
                env={
                    "PATH": os.environ["PATH"],
                    "DATABASE_URL": self.database_url,
                    "REGISTRY_DATA": str(self.data),
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _wait_until_it_answers(self) -> None:
        assert self.process is not None
        give_up = time.monotonic() + START_SECONDS_MAX
        while not self.answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < give_up, self.log.read_text()
            time.sleep(0.05)

    def answers(self) -> bool:
        """Say whether it is in health."""
        try:
            with urllib.request.urlopen(f"{self.address}/health", timeout=2) as answer:  # noqa: S310
                return bool(json.load(answer)["status"] == "ok")
        except (OSError, ValueError, urllib.error.URLError):
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
