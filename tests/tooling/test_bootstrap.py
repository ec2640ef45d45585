"""What the scripts share: the environment, the state of a checkout, the gates."""

import os
import subprocess
import sys
import time
from pathlib import Path

import bootstrap
import gates
import local_state
import pytest
from local_postgres import LocalPostgres


@pytest.fixture
def bare_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the bootstrap a checkout with locks and an environment that holds nothing."""
    for names in bootstrap.LOCKS.values():
        for name in (*names, bootstrap.INSTALLER_LOCK):
            (tmp_path / name).write_text("")
    environment = tmp_path / ".venv"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "python").touch()
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "ENVIRONMENT", environment)
    monkeypatch.setattr(bootstrap, "PYTHON", environment / "bin" / "python")
    monkeypatch.setattr(bootstrap, "STAMP", environment / "made-from")
    monkeypatch.setattr(bootstrap, "INSTALL_LOCK", tmp_path / ".data" / "install.lock")
    return tmp_path


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Record what the bootstrap would run; everything succeeds."""
    ran: list[list[str]] = []

    def succeed(command: list[str], *, quiet: bool = False) -> bool:
        del quiet
        ran.append(command)
        return True

    monkeypatch.setattr(bootstrap, "_succeeds", succeed)
    return ran


def test_an_environment_is_made_once(bare_checkout: Path, commands: list[list[str]]) -> None:
    """Expect a second call to run nothing, and a changed lock to be noticed."""
    bootstrap.ensure_environment("local")
    assert any("sync" in command for command in commands)
    commands.clear()
    bootstrap.ensure_environment("local")
    assert commands == []
    (bare_checkout / "requirements.lock").write_text("changed")
    assert not bootstrap.is_current("local")


def test_an_environment_for_tests_also_serves_a_start(
    bare_checkout: Path, commands: list[list[str]]
) -> None:
    """Expect no reinstall at a start, and the tools to stay when the locks change."""
    bootstrap.ensure_environment("dev")
    assert bootstrap.is_current("local")
    (bare_checkout / "requirements-dev.lock").write_text("changed")
    commands.clear()
    bootstrap.ensure_environment("local")
    assert commands[-1][-1].endswith("requirements-dev.lock")


def test_pip_takes_over_where_the_fast_installer_fails(
    bare_checkout: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Expect pip with the same hashes, and a sentence when it fails too."""
    del bare_checkout
    ran: list[list[str]] = []

    def fail(command: list[str], *, quiet: bool = False) -> bool:
        del quiet
        ran.append(command)
        return "venv" in command

    monkeypatch.setattr(bootstrap, "_succeeds", fail)
    with pytest.raises(bootstrap.BootstrapError, match="could not be installed"):
        bootstrap.ensure_environment("local")
    assert "--require-hashes" in ran[-1]
    assert "trying with pip" in capfd.readouterr().out
    assert not bootstrap.is_current("local")


def test_the_state_folder_of_another_user_is_explained(
    bare_checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Expect the folder's name and what to do, not a traceback."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(bare_checkout / ".data"))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(bootstrap.BootstrapError, match="run as the owner of"):
        bootstrap.ensure_environment("local")


@pytest.mark.parametrize(("user", "place"), [(0, "/var/lib/"), (1000, "/home/somebody/")])
def test_the_database_moves_where_the_checkout_cannot_hold_it(
    user: int, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Expect one place per checkout, outside of it, and a plain path."""
    monkeypatch.setattr(LocalPostgres, "can_live_here", lambda _: False)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setenv("XDG_DATA_HOME", "/home/somebody/.local/share")
    folders = set()
    for name in ("ที่ ทดสอบ", "ที่ ทดสอบ 2"):
        monkeypatch.setattr(local_state, "ROOT", Path("/closed") / name)
        folder = str(local_state.database_folder())
        assert folder.startswith(place)
        assert folder.isascii()
        assert " " not in folder
        folders.add(folder)
    assert len(folders) == 2


def test_an_application_left_behind_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Expect the next holder to end what the record names, if it is ours, and nothing else."""
    monkeypatch.setattr(local_state, "DATA", tmp_path)
    monkeypatch.setattr(local_state, "RUNNING_FILE", tmp_path / "running")
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    with (
        subprocess.Popen([*sleep, *local_state.APP_COMMAND], start_new_session=True) as ours,
        subprocess.Popen(sleep, start_new_session=True) as stranger,
    ):
        time.sleep(0.1)
        for process in (ours, stranger):
            (tmp_path / "running").write_text(f'{{"app_pid": {process.pid}}}')
            with local_state.hold_checkout("a test"):
                assert local_state.read_record()["who"] == "a test"
        assert ours.wait(5) < 0
        assert stranger.poll() is None
        stranger.kill()
    assert local_state.read_record() == {}


@pytest.mark.parametrize(
    ("arguments", "failing", "ran", "code"),
    [
        ([], None, ["ruff", "ruff", "lint-imports", "mypy", "pytest", "pytest"], 0),
        ([], "lint-imports", ["ruff", "ruff", "lint-imports"], 1),
        # What failed side by side hides nothing of what runs one at a time.
        ([], "pytest", ["ruff", "ruff", "lint-imports", "mypy", "pytest", "pytest"], 1),
        (["--gates"], None, ["ruff", "ruff", "lint-imports", "mypy"], 0),
        (["-k", "transfer"], None, ["pytest"], 0),
    ],
)
def test_gates_come_first_and_the_first_failure_ends_the_run(
    arguments: list[str],
    failing: str | None,
    ran: list[str],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Expect the programs in this order, and the exit code of the first that fails."""
    programs: list[str] = []

    def run(program: str, *_: str) -> int:
        programs.append(program)
        return int(program == failing)

    monkeypatch.setattr(gates, "_run", run)
    monkeypatch.setattr(sys, "argv", ["test", *arguments])
    assert gates.main() == code
    assert programs == ran


def test_tests_that_were_stopped_are_not_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = iter([0, 0, 0, 0, 2])
    monkeypatch.setattr(gates, "_run", lambda *_: next(codes))
    monkeypatch.setattr(sys, "argv", ["test"])
    assert gates.main() == 2


def test_what_runs_one_at_a_time_is_there() -> None:
    """Else a file that was renamed would run among the others, and fail now and then."""
    named = (*gates.ONE_AT_A_TIME, *gates.BESIDE_OTHERS)
    assert [path for path in named if not (bootstrap.ROOT / path).exists()] == []
    assert "tests/races/test_overload.py" in gates._alone()
    assert gates.BESIDE_OTHERS.isdisjoint(gates._alone())
