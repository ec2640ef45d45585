"""The attack tools of others: schemathesis, bandit and sqlmap."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from attack_acts import ADMINISTRATOR
from attack_report import require
from attack_scene import FULL, Scene
from bootstrap import ROOT, clean_environ

TOOL_SECONDS_MAX: Final = 600
# Assertions state what we must never break; that processes are started is seen where they are.
_NOT_ASKED: Final = "B101,B404"
# Reads with parameters that come close to a statement.
_SUSPECTS: Final = (
    "/v1/activities?q=solar*&province_code=40&status=registered",
    "/v1/parties?kind=vvb&province_code=40",
    "/v1/batches?project=CITY-0001*&vintage=2024",
    "/v1/serials?serial=TH-CITY-0001-2024-1-1*",
    "/v1/retirements?limit=50&cursor=Wzk5OTk5OV0*",
    "/v1/provinces?sort=code*",
)


def read_the_code() -> str:
    """Hold the code against bandit's rules, as ruff has them (S) and as bandit itself does."""
    done = _run("ruff", "check", "--select", "S", "--ignore", "S101", "app", "migrations")
    require(done.returncode == 0, done.stdout.strip()[-2_000:])
    done = _run("bandit", "-r", "app", "migrations", "-q", "-f", "json", "-s", _NOT_ASKED)
    found = json.loads(done.stdout)
    require(found["errors"] == [], str(found["errors"])[:1_000])
    unexplained = [finding for finding in found["results"] if not _is_explained(finding)]
    told = "\n".join(f"{f['filename']}:{f['line_number']} {f['test_id']}" for f in unexplained)
    require(not unexplained, told)
    return (
        f"ruff S: nothing; bandit: {len(found['results'])} places, each with its reason beside it"
    )


def _is_explained(finding: dict[str, Any]) -> bool:
    """Say whether the lines that bandit names say why that is right there, as ruff wants it."""
    lines = (ROOT / finding["filename"]).read_text("utf-8").splitlines()
    first, last = finding["line_range"][0], finding["line_range"][-1]
    rule = finding["test_id"].replace("B", "S")
    # The reason of a text of several lines stands behind its end.
    return any(re.search(rf"noqa:.*\b{rule}\b", line) for line in lines[first - 1 : last + 3])


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


def run_sqlmap(scene: Scene) -> str:
    """Let sqlmap try its statements on reads with parameters."""
    token = scene.token(ADMINISTRATOR)
    options = ("--batch", "--level", "2", "--risk", "1", "--technique", "BEUST", "--flush-session")
    suspects = _SUSPECTS if scene.scale is FULL else _SUSPECTS[:1]
    for suspect in suspects:
        done = subprocess.run(
            [
                *(str(_beside("sqlmap")), "-u", f"{scene.service.address}{suspect}", *options),
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
        tried = "tested parameters do not appear" in done.stdout
        require(tried, f"{suspect} was not tried:\n{done.stdout[-1_000:]}")
    return f"{len(suspects)} addresses: nothing injectable"


def _run(program: str, *arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a program of the environment."""
    return subprocess.run(
        [str(_beside(program)), *arguments],
        cwd=folder,
        # Ours, read from its folder: what schemathesis has to be told of our files.
        env={
            **clean_environ(),
            "SCHEMATHESIS_HOOKS": "attack_hooks",
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "scripts"))),
        },
        capture_output=True,
        text=True,
        timeout=TOOL_SECONDS_MAX,
        check=False,
    )


def _beside(program: str) -> Path:
    """Return where a program of the environment is; what stands in PATH may be another one."""
    return Path(sys.executable).with_name(program)
