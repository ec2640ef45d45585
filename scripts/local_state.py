"""What belongs to this checkout while it runs: its folder .data, and who is using it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TextIO

from bootstrap import INSTALL_LOCK, ROOT, clean_environ
from local_postgres import LocalPostgres, command_of

DATA: Final = ROOT / ".data"
DEMO_FILE: Final = DATA / "demo.json"
APP_LOG: Final = DATA / "app.log"
PUBLISHER_LOG: Final = DATA / "publisher.log"
RUNNING_FILE: Final = DATA / "running"
DATABASE: Final = "registry"
APP_COMMAND: Final = (sys.executable, "-m", "app.entry.cli")
LEFTOVER_SECONDS_MAX: Final = 10


class LocalError(Exception):
    """It cannot go on; the message says why and what to do."""


class InUseError(LocalError):
    """Another process holds this checkout."""

    def __init__(self, record: dict[str, Any]) -> None:
        """Keep what the other process wrote about itself."""
        self.record = record
        who, pid = record.get("who", "another process"), record.get("pid", "unknown")
        where = f" at {record['url']}" if "url" in record else ""
        super().__init__(
            f"{who} is already running in this checkout{where} (process {pid}).\n"
            f"Stop it with Ctrl-C where it runs, or with: kill {pid}"
        )


class Hold:
    """The right to run in this checkout, with a record for others to read.

    The kernel gives the right back when its holder ends, however it ends; so a record found
    without a holder tells what a killed process left behind.
    """

    def __init__(self, file: TextIO, who: str) -> None:
        """Take over the file that is locked already."""
        self._file = file
        self._record: dict[str, Any] = {"who": who, "pid": os.getpid()}
        self.note()

    def note(self, **facts: str | int) -> None:
        """Add facts to the record."""
        self._record.update(facts)
        self._file.seek(0)
        self._file.truncate()
        json.dump(self._record, self._file)
        self._file.flush()

    def clear(self) -> None:
        """Leave no record: nothing is left running."""
        self._file.seek(0)
        self._file.truncate()


@contextmanager
def hold_checkout(who: str) -> Iterator[Hold]:
    """Hold this checkout, ending first what a killed holder left running.

    Raises:
        InUseError: Another process holds it.
        LocalError: The checkout cannot be written.
    """
    try:
        DATA.mkdir(exist_ok=True)
        file = RUNNING_FILE.open("a+")
    except PermissionError as error:
        message = f"cannot write to {error.filename}: run as the owner of {ROOT}"
        raise LocalError(message) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUseError(read_record()) from None
        record = read_record()
        for name in ("app_pid", "publisher_pid"):
            _end_leftover(record.get(name))
        hold = Hold(file, who)
        try:
            yield hold
        finally:
            hold.clear()


def read_record() -> dict[str, Any]:
    """Return what the present or last holder wrote, or nothing."""
    try:
        record = json.loads(RUNNING_FILE.read_text())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def database_folder() -> Path:
    """Return where the local database lives: in the checkout, or else where it can.

    As root the server runs as another system user, who cannot enter a checkout below a closed home;
    and some mounted disks know no private folders. Nobody's folders are opened up for its sake.
    """
    inside = DATA / "postgres"
    if LocalPostgres(inside).can_live_here():
        return inside
    plain = re.sub(r"[^A-Za-z0-9]+", "-", ROOT.name).strip("-") or "checkout"
    name = f"{plain}-{hashlib.sha256(os.fsencode(ROOT)).hexdigest()[:10]}"
    if os.geteuid() == 0:
        return Path("/var/lib/registry-local") / name
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "registry-local" / name


@contextmanager
def passing_folder(purpose: str) -> Iterator[Path]:
    """
    Say where a passing server's data may live; afterwards, nothing of it is left.

    Args:
        purpose: what the server is for, in a word.
    """
    place = database_folder()
    folder = place.with_name(f"{place.name}-{purpose}")
    LocalPostgres(folder).stop("immediate")  # what a killed run has left
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def wipe() -> None:
    """Remove all local data but the files that others may be waiting on."""
    shutil.rmtree(database_folder(), ignore_errors=True)
    for path in DATA.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in {RUNNING_FILE.name, INSTALL_LOCK.name}:
            path.unlink()


def local_environ(database_url: str) -> dict[str, str]:
    """Return the environment for work on the local database, with no other one in sight."""
    environ = {k: v for k, v in clean_environ().items() if not k.startswith("PG")}
    environ.pop("MIGRATION_DATABASE_URL", None)
    return {**environ, "DATABASE_URL": database_url}


def _end_leftover(pid: int | None) -> None:
    """End a part whose starter was killed before it could."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + LEFTOVER_SECONDS_MAX
        if pid is not None and _is_our_app(pid):
            with suppress(ProcessLookupError):
                os.killpg(pid, number)
        while pid is not None and _is_our_app(pid) and time.monotonic() < deadline:
            time.sleep(0.05)


def _is_our_app(pid: int) -> bool:
    """Tell our application from a stranger that has got its pid since."""
    return " ".join(APP_COMMAND) in command_of(pid)
