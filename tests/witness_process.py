"""A witness as a process of its own: the command that others run, with nothing of the registry."""

import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from app.registry.log.notes import VerifierKey
from tests.conftest import CHECKOUT
from tests.server_process import COMMAND, START_SECONDS_MAX, RegistryProcess, free_port


class WitnessProcess(RegistryProcess):
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
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        arguments = [*command, "witness", "--folder", str(folder), "--port", str(self.port)]
        for log in logs:
            arguments += ["--log", str(log)]
        if name is not None:
            arguments += ["--name", name]
        super().__init__(arguments, {}, folder.with_name(f"{folder.name}-{self.port}.log"))

    @property
    def key(self) -> VerifierKey:
        """Its verifier key, as it was printed."""
        line = next(x for x in self.log.read_text().splitlines() if x.count("+") >= 2)
        return VerifierKey.parse(line)

    def run(self) -> subprocess.CompletedProcess[str]:
        """Run it where it is to refuse, and return what it said."""
        return subprocess.run(
            self.command,
            cwd=CHECKOUT,
            env={"PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_SECONDS_MAX,
            check=False,
        )

    def is_at_work(self) -> bool:
        """Say whether it is in health."""
        try:
            with urllib.request.urlopen(f"{self.address}/health", timeout=2) as answer:  # noqa: S310
                return bool(answer.read() == b"ok\n")
        except (OSError, urllib.error.URLError):
            return False
