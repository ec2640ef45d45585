"""The attack suite, in its short form: nothing gives way, and its lines tell of every attack."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import attacks
import pytest
from attack_report import BreachError, Finding, Verdict, require, tried
from attack_scene import SHORT
from attack_tests import BY_TESTS


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


def test_every_line_is_a_pass_or_a_failure() -> None:
    """An attack that is only promised protects nothing."""
    assert set(Verdict) == {Verdict.PASS, Verdict.FAIL}
    assert {f"A{number}" for number in range(1, 21)} <= set(attacks.KNOWN)
    done = {attack for attack, _, _ in attacks.ATTACKS} | set(BY_TESTS) | {"S2"}
    assert done == set(attacks.KNOWN)


def test_tests_that_make_an_attack_exist() -> None:
    for attack in BY_TESTS.values():
        for test in (*attack.tests, *attack.in_short):
            name, _, function = test.partition("::")
            path = Path(__file__).parents[2] / name
            assert f"def {function.partition('[')[0]}" in path.read_text("utf-8"), test


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
