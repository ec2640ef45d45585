"""The attack tools of others: schemathesis, bandit's rules, and sqlmap where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from attack_acts import ADMINISTRATOR
from attack_report import Finding, Verdict, require, tried
from attack_scene import FULL, Scene
from bootstrap import ROOT, clean_environ

TOOL_SECONDS_MAX: Final = 600
# Reads with parameters that come close to a statement.
_SUSPECTS: Final = (
    "/v1/activities?q=solar*&province_code=40&status=registered",
    "/v1/parties?kind=vvb&province_code=40",
    "/v1/batches?project=CITY-0001*&vintage=2024",
    "/v1/serials?serial=TH-CITY-0001-2024-1-1*",
    "/v1/retirements?limit=50&cursor=WyJ4Il0*",
    "/v1/provinces?sort=code*",
)


def read_the_code() -> str:
    """Hold the code against bandit's rules, in the form that ruff has them (S)."""
    done = _run("ruff", "check", "--select", "S", "--ignore", "S101", "app", "migrations")
    require(done.returncode == 0, done.stdout.strip()[-2_000:])
    return "bandit's rules (ruff S) over app and migrations: nothing"


def generate_requests(scene: Scene) -> str:
    """Let schemathesis send what the description allows, and what it does not."""
    token = scene.token("auditor@tgo.example")
    done = _run(
        *("schemathesis", "run", f"{scene.service.address}/v1/openapi.json", "--no-color"),
        *("--header", f"Authorization: Bearer {token}"),
        *("--phases", "examples,fuzzing" if scene.scale is FULL else "examples"),
        *("--checks", "not_a_server_error,ignored_auth,use_after_free"),
        *("--max-examples", "20" if scene.scale is FULL else "1", "--generation-database", "none"),
        *("--exclude-path", "/v1/tokens"),  # a login a request would be another attack
        folder=scene.service.data,
    )
    require(done.returncode == 0, done.stdout[-3_000:])
    found = re.search(r"Test cases:\s+([\d,]+ generated)", done.stdout)
    return f"no server error: {found[1] if found else 'all operations'} (its full run is a test)"


def run_sqlmap(scene: Scene) -> Finding:
    """Let sqlmap try its statements, where it is installed."""
    about = "sqlmap over reads with parameters"
    program = shutil.which("sqlmap")
    if program is None:
        said = "not installed: pip install sqlmap==1.10.10, in an environment of its own"
        return Finding("A11", about, Verdict.SKIPPED, said)
    return tried("A11", about, lambda: _sqlmap(scene, program))


def _sqlmap(scene: Scene, program: str) -> str:
    token = scene.token(ADMINISTRATOR)
    options = ("--batch", "--level", "2", "--risk", "1", "--technique", "BEUST", "--flush-session")
    suspects = _SUSPECTS if scene.scale is FULL else _SUSPECTS[:2]
    for suspect in suspects:
        done = subprocess.run(
            [
                *(program, "-u", f"{scene.service.address}{suspect}", *options),
                *("--header", f"Authorization: Bearer {token}", "--dbms", "PostgreSQL"),
                *("--output-dir", str(scene.service.data / "sqlmap"), "--disable-coloring"),
            ],
            capture_output=True,
            text=True,
            timeout=TOOL_SECONDS_MAX,
            check=False,
            cwd=scene.service.data,
        )
        found = "is vulnerable" in done.stdout or "injection point(s)" in done.stdout
        require(not found, f"{suspect}:\n{done.stdout[-2_000:]}")
        require("tested parameters do not appear" in done.stdout, done.stdout[-1_000:])
    return f"{len(suspects)} addresses: nothing injectable"


def _run(program: str, *arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a program of the environment."""
    command: Sequence[str] = (str(Path(sys.executable).with_name(program)), *arguments)
    return subprocess.run(
        command,
        cwd=folder,
        env=clean_environ(),
        capture_output=True,
        text=True,
        timeout=TOOL_SECONDS_MAX,
        check=False,
    )
