"""The attack suite, in its short form: nothing gives way, and its lines tell of every attack."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import attacks
import pytest
from attack_report import BreachError, Finding, Verdict, require, tried
from attack_scene import SHORT


@pytest.fixture(scope="module")
def findings() -> Iterator[list[Finding]]:
    """All that the suite finds."""
    # Not pytest's folder: run as root, the database server is another user and has to get in.
    folder = Path(tempfile.mkdtemp(prefix="registry-attack-"))
    folder.chmod(0o711)
    yield list(attacks.run_attacks(folder / "postgres", attacks.KNOWN, SHORT))
    shutil.rmtree(folder)


def test_nothing_gives_way(findings: list[Finding]) -> None:
    for finding in findings:
        print(finding.line())
    assert [finding.line() for finding in findings if finding.verdict is Verdict.FAIL] == []


def test_every_attack_has_its_line(findings: list[Finding]) -> None:
    assert {finding.attack for finding in findings} == set(attacks.KNOWN)


def test_tests_that_cover_an_attack_exist() -> None:
    for _, tests in attacks.COVERED.values():
        folder = ""
        for name in tests.split(", "):
            folder = name.rpartition("/")[0] or folder
            path = Path(__file__).parents[2] / folder / Path(name).name
            assert path.exists(), path


def test_a_breach_is_told() -> None:
    """A suite that cannot fail protects nothing."""

    def give_way() -> str:
        require(False, "the door stands open")  # noqa: FBT003
        return "never"

    finding = tried("A0", "a door", give_way)
    assert finding.verdict is Verdict.FAIL
    assert "the door stands open" in finding.line()
    with pytest.raises(BreachError):
        require(False, "x")  # noqa: FBT003
