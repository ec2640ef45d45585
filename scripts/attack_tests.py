"""A13 to A15: attacks on the public log, by the tests that have a world for them to forge in."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from attack_report import require
from attack_scene import FULL, Scale
from bootstrap import ROOT, clean_environ

SECONDS_MAX: Final = 1_800
_REWRITTEN: Final = "tests/faults/test_rewritten_history.py"
_BY_MEMORY: Final = "test_another_history_signed_with_the_true_key_is_found_by_who_remembers"
_WITNESS: Final = "tests/journeys/test_witness.py"
_ASKED: Final = "tests/faults/test_witness_client.py"


@dataclass(frozen=True)
class ByTests:
    """An attack that tests make: other databases, forged logs, witnesses of their own."""

    about: str
    tests: tuple[str, ...]
    in_short: tuple[str, ...]  # the quick ones that go to the heart of it


BY_TESTS: Final = {
    "A13": ByTests(
        "a database administrator rewrites history",
        ("tests/faults/test_tampering.py", _REWRITTEN),
        (
            f"{_REWRITTEN}::test_an_edited_row_differs_from_what_the_log_comes_to[a balance]",
            f"{_REWRITTEN}::{_BY_MEMORY}[3-split_view]",
        ),
    ),
    "A14": ByTests(
        "two histories for two readers",
        (_WITNESS, _ASKED),
        (
            f"{_WITNESS}::test_two_roots_of_one_size_are_refused_and_kept",
            f"{_ASKED}::test_what_it_says_of_our_history_is_told_with_evidence",
        ),
    ),
    "A15": ByTests(
        "forged receipts and notes",
        (
            "tests/rules/test_receipts.py",
            "tests/rules/test_proof_mutations.py",
            "tests/faults/test_forged_logs.py",
        ),
        ("tests/rules/test_receipts.py",),
    ),
}


def run_tests(attack: str, scale: Scale) -> str:
    """Let the tests of an attack make it; each of them asserts that it is warded off."""
    chosen = BY_TESTS[attack].tests if scale is FULL else BY_TESTS[attack].in_short
    done = _pytest(chosen)
    require(done.returncode == 0, done.stdout[-2_000:])
    found = re.search(r"(\d+) passed", done.stdout)
    require(found is not None and "skipped" not in done.stdout, done.stdout[-1_000:])
    assert found is not None
    return f"{found[1]} attacks by tests, all warded off: {', '.join(chosen)}"


def _pytest(tests: Sequence[str]) -> subprocess.CompletedProcess[str]:
    # Whatever database the environment names: they make their own.
    environ = {name: value for name, value in clean_environ().items() if name != "DATABASE_URL"}
    options = ("-q", "--no-cov", "-p", "no:randomly", "-p", "no:cacheprovider")
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
