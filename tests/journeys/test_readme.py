"""Every command that the README shows works, in the order in which it stands there."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import CHECKOUT
from tests.server_process import PublisherProcess, ServerProcess

README: Final = (CHECKOUT / "README.md").read_text(encoding="utf-8")
BLOCKS: Final = re.findall(r"^```(\w*)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
# The two commands start and test everything, this test among it: tests/tooling runs `start`, and
# whoever runs this test runs `test`.
RUN_ELSEWHERE: Final = [
    "./scripts/start --demo\n",
    "./scripts/test\n",
    # Here they come from the lock.
    "python3 -m pip install proofbundle==6.3.1\n",
    "python3 -m pip install http-message-signatures==3.0.0\n",
]
SECONDS_MAX: Final = 120

# What the journey prints, in order; tokens and identifiers go into variables.
PRINTED: Final = r"""submitted
under_review
under_validation
positive
CITY-\d{4}
submitted
awaiting_review
concluded
240
\d+
TH-CITY-\d{4}-\d{4}-1-1-100
retired
Khon Kaen City Municipality
credits\.retired
PROVEN
Every invariant holds, and the log is whole.
CLEAN
CLEAN
proven: credits.retired
the act is in the log of localhost/log
signed and moved: 1
"""


@pytest.fixture
def demo_server(database_url: str, tmp_path: Path) -> Iterator[ServerProcess]:
    with (
        ServerProcess(database_url, data=tmp_path, demo=True) as running,
        PublisherProcess(database_url, data=tmp_path),
    ):
        yield running


def test_every_block_is_run_here_or_named_as_run_elsewhere() -> None:
    assert {language for language, _ in BLOCKS} == {"bash", "sh"}
    assert [text for language, text in BLOCKS if language == "bash"] == RUN_ELSEWHERE


@pytest.mark.skipif(shutil.which("curl") is None, reason="the journey is told with curl")
def test_the_journey_goes_from_a_draft_to_a_proof(
    demo_server: ServerProcess, tmp_path: Path
) -> None:
    """A newcomer copies these lines: each must do what the text around it says."""
    script = "".join(text for language, text in BLOCKS if language == "sh")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-s"],
        input=script,
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(CHECKOUT),
            "DATABASE_URL": demo_server.database_url,
            "REGISTRY": demo_server.address,
            "DEMO": str(tmp_path / "demo.json"),
            "CHECK": f"{sys.executable} -m app.entry.cli",
            "PYTHON": sys.executable,
            "REGISTRY_DATA": str(tmp_path),
        },
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert re.fullmatch(PRINTED, done.stdout), done.stdout


def test_the_readme_names_every_command() -> None:
    """A command that nobody can find is not there."""
    shown = subprocess.run(
        [sys.executable, "-m", "app.entry.cli", "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=CHECKOUT,
    ).stdout
    commands = set(re.findall(r"^│ (\w+) ", shown, flags=re.MULTILINE))
    assert commands >= {"serve", "check", "import"}
    table = set(re.findall(r"^\| `(\w+)", README, flags=re.MULTILINE))
    assert commands <= table
