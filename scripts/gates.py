"""Every check of this project, fastest first; the tests come last.

scripts/test              all gates, then all tests with coverage
scripts/test -k transfer  only the tests that pytest selects with these arguments
scripts/test --gates      only the gates
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Final

from bootstrap import ENVIRONMENT, ROOT, clean_environ


@dataclass(frozen=True)
class Gate:
    """One check, run by a program of the environment."""

    name: str
    command: tuple[str, ...]
    advice: str


GATES: Final = (
    Gate("format", ("ruff", "format", "--check", "."), ".venv/bin/ruff format ."),
    Gate("lint", ("ruff", "check", "."), ".venv/bin/ruff check --fix ."),
    Gate(
        "imports", ("lint-imports", "--no-logo"), "see the contracts at the end of pyproject.toml"
    ),
    Gate("types", ("mypy",), "see [tool.mypy] in pyproject.toml"),
)

# Tests that start programs, kill them and say how soon something has to happen: one at a time, for
# neighbours take the processor that they count on. All others run in a process for each processor,
# each with a database server of its own; a file's tests stay together, as some files make a world
# once for all of theirs.
ONE_AT_A_TIME: Final = (
    "tests/faults",
    "tests/races",
    "tests/tooling",
    "tests/journeys/test_cli.py",
    "tests/journeys/test_connections.py",
    "tests/journeys/test_readme.py",
    "tests/journeys/test_server.py",
)
# Of those, the ones that take long and set no such terms: half a minute is soon enough for them.
BESIDE_OTHERS: Final = frozenset(
    {
        "tests/faults/test_forged_logs.py",
        "tests/faults/test_kill_publisher.py",
        "tests/faults/test_rewritten_history.py",
        "tests/faults/test_tampering.py",
        "tests/tooling/test_bench_growth.py",
    }
)
TESTS_FAILED: Final = 1  # pytest's exit code; higher ones: it was stopped, or could not run
IN_PROCESSES: Final = (
    "--numprocesses=auto",
    "--maxprocesses=4",
    "--dist=loadfile",
    "--no-loadscope-reorder",  # the order is that of tests/conftest.py: the longest first
)


def main() -> int:
    """Run what the arguments ask for; return the first failure's exit code."""
    arguments = sys.argv[1:]
    if arguments in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    if arguments and arguments != ["--gates"]:
        return _run("pytest", *arguments)
    for gate in GATES:
        if not _passes(gate):
            return 1
    return 0 if arguments else _test()


def _test() -> int:
    """Run all tests, and measure what they reach together."""
    alone = _alone()
    ignored = (f"--ignore={path}" for path in alone)
    code = _run("pytest", *IN_PROCESSES, *ignored, "--cov", "--cov-report=", "--cov-fail-under=0")
    if code > TESTS_FAILED:
        return code
    return _run("pytest", *alone, "--cov", "--cov-append", "--cov-report=term") or code


def _alone() -> list[str]:
    """Return the files of tests that run one at a time."""
    found: list[str] = []
    for name in ONE_AT_A_TIME:
        files = sorted((ROOT / name).rglob("test_*.py")) or [ROOT / name]
        found += (file.relative_to(ROOT).as_posix() for file in files)
    return [file for file in found if file not in BESIDE_OTHERS]


def _passes(gate: Gate) -> bool:
    print(f"== {gate.name}", flush=True)
    began = time.monotonic()
    code = _run(*gate.command)
    seconds = time.monotonic() - began
    if code:
        print(f"== {gate.name} FAILED after {seconds:.1f} s. To mend: {gate.advice}", flush=True)
        return False
    print(f"== {gate.name} passed in {seconds:.1f} s\n", flush=True)
    return True


def _run(program: str, *arguments: str) -> int:
    """Run a program of the environment (not of PATH) in the checkout."""
    command = [str(ENVIRONMENT / "bin" / program), *arguments]
    return subprocess.run(command, cwd=ROOT, env=clean_environ(), check=False).returncode
