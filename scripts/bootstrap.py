"""The project's own Python environment: made once, checked at every start.

Standard library only, because it runs before anything is installed. Every package comes from a lock
with hashes, so what runs here is what was reviewed. The environment is stamped with the locks it
was made from; while the stamp holds, nothing is installed or asked of the network.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

ROOT: Final = Path(__file__).resolve().parent.parent
ENVIRONMENT: Final = ROOT / ".venv"
PYTHON: Final = ENVIRONMENT / "bin" / "python"
INSTALL_LOCK: Final = ROOT / ".data" / "install.lock"
STAMP: Final = ENVIRONMENT / "made-from"

# What each way of working installs. "dev" holds everything that "local" holds, in the same
# versions, so an environment made for tests also serves scripts/start.
LOCKS: Final = {
    "local": ("requirements.lock", "requirements-local.lock"),
    "dev": ("requirements-dev.lock",),
}
INSTALLER_LOCK: Final = "requirements-uv.lock"

# Variables that would make Python or pip look or write somewhere else than the environment.
MISLEADING: Final = (
    "PYTHONHOME",
    "PYTHONPATH",
    "PIP_PREFIX",
    "PIP_REQUIRE_VIRTUALENV",
    "PIP_TARGET",
    "PIP_USER",
    "PYTHONSAFEPATH",
    "VIRTUAL_ENV",
)


class BootstrapError(Exception):
    """The environment could not be made; the message says what to do."""


def run_in_environment(script: str, wanted: str) -> None:
    """Return inside the environment, making it first where needed.

    Called at the top of each script. Outside the environment it makes it and replaces this process
    with the same script run by the environment's Python; inside it returns at once.

    Args:
        script: The path of the calling script.
        wanted: A key of LOCKS.
    """
    if Path(sys.prefix) == ENVIRONMENT and is_current(wanted):
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _exit_on_signal)  # so that a running installer ends with us
    try:
        ensure_environment(wanted)
    except BootstrapError as error:
        sys.exit(f"{Path(script).name}: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    sys.stdout.flush()
    os.execve(PYTHON, [str(PYTHON), script, *sys.argv[1:]], clean_environ())  # noqa: S606


def ensure_environment(wanted: str) -> None:
    """Make the environment hold what `wanted` names, doing nothing when it already does.

    Raises:
        BootstrapError: A package or the environment itself could not be installed.
    """
    if is_current(wanted):
        return
    with _one_at_a_time():
        if is_current(wanted):  # another script made it while we waited
            return
        began = time.monotonic()
        chosen = "dev" if _made_for() == "dev" else wanted
        print(f"Installing packages into {ENVIRONMENT} ...", flush=True)
        if not _environment_works():
            _make_environment()
        STAMP.unlink(missing_ok=True)
        _install(chosen)
        STAMP.write_text(_stamp(chosen))
        print(f"Installed in {time.monotonic() - began:.1f} s.", flush=True)


def is_current(wanted: str) -> bool:
    """Whether the environment holds what `wanted` names, as the locks stand now."""
    made_for = _made_for()
    if made_for not in {wanted, "dev"}:
        return False
    return STAMP.read_text() == _stamp(made_for) and PYTHON.exists()


def clean_environ() -> dict[str, str]:
    """Return the environment variables without those that point Python or pip elsewhere."""
    return {name: value for name, value in os.environ.items() if name not in MISLEADING}


def _stamp(wanted: str) -> str:
    digest = hashlib.sha256()
    for name in (INSTALLER_LOCK, *LOCKS[wanted]):
        digest.update((ROOT / name).read_bytes())
    # A moved checkout has launchers that point to the old place: the path is part of the stamp.
    return f"{wanted}\n{digest.hexdigest()}\n{ENVIRONMENT.resolve()}\n"


def _made_for() -> str:
    try:
        return STAMP.read_text().partition("\n")[0]
    except OSError:
        return ""


def _environment_works() -> bool:
    check = "import sys, pip; sys.exit(sys.version_info < (3, 11) or sys.prefix != sys.argv[1])"
    return PYTHON.exists() and _succeeds([str(PYTHON), "-c", check, str(ENVIRONMENT)], quiet=True)


def _make_environment() -> None:
    base = getattr(sys, "_base_executable", None) or sys.executable
    if not _succeeds([base, "-m", "venv", "--clear", str(ENVIRONMENT)]):
        message = (
            f"{base} could not make an environment in {ENVIRONMENT} (the reason stands above).\n"
            "On Debian and Ubuntu, install the package python3-venv first."
        )
        raise BootstrapError(message)


def _install(wanted: str) -> None:
    locks = [str(ROOT / name) for name in LOCKS[wanted]]
    python = [str(PYTHON), "-m"]
    # Wheels only: installing runs no code of any package.
    pip = [*python, "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    pip += ["--only-binary", ":all:"]
    sync = [*python, "uv", "pip", "sync", "--quiet", "--require-hashes", "--no-build"]
    if _succeeds([*pip, f"--requirement={ROOT / INSTALLER_LOCK}"], quiet=True) and _succeeds(
        [*sync, "--python", str(PYTHON), *locks]
    ):
        return
    print("The fast installer failed; trying with pip, which takes longer.", flush=True)
    if not _succeeds([*pip, *(f"--requirement={lock}" for lock in locks)]):
        message = "the packages could not be installed (the reason stands above)"
        raise BootstrapError(message)


def _succeeds(command: list[str], *, quiet: bool = False) -> bool:
    """Run a command whose whole family of processes ends with us, and tell whether it succeeded."""
    output = subprocess.DEVNULL if quiet else None
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=clean_environ(),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )
    try:
        return process.wait() == 0
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Let one process install at a time; the others wait."""
    try:
        INSTALL_LOCK.parent.mkdir(exist_ok=True)
        with INSTALL_LOCK.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except PermissionError as error:
        message = f"cannot write to {error.filename}: run as the owner of {ROOT}"
        raise BootstrapError(message) from error


def _exit_on_signal(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)
