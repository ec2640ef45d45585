"""Run the command line against the local database, started for the time of it if need be."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Final, NoReturn

from bootstrap import ROOT, clean_environ
from local_postgres import LocalPostgres, LocalPostgresError
from local_state import (
    APP_COMMAND,
    DATABASE,
    InUseError,
    LocalError,
    database_folder,
    hold_checkout,
    local_environ,
)

WAIT_SECONDS_MAX: Final = 60
# Commands of people who have no register, and of no database here.
ALONE: Final = ("verify", "witness")


def main() -> int:
    """Choose the database: DATABASE_URL, else the one that runs here, else one of our own."""
    try:
        if os.environ.get("DATABASE_URL") or sys.argv[1:2] in [[name] for name in ALONE]:
            _become_command(clean_environ())
        return _run_locally()
    except (LocalError, LocalPostgresError) as error:
        print(f"registry: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _run_locally() -> int:
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while True:
        try:
            with hold_checkout("scripts/registry"):
                return _run_with_own_server()
        except InUseError as error:
            server = LocalPostgres(database_folder())
            if error.record.get("who") == "scripts/start" and server.is_running:
                _become_command(local_environ(server.url(DATABASE)))
            if error.record.get("database") == "elsewhere":
                message = "scripts/start uses a database elsewhere: set DATABASE_URL to the same"
                raise LocalError(message) from None
            # Still starting, or another command has the server for its own time: both end soon.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _run_with_own_server() -> int:
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    with LocalPostgres(database_folder()) as server:
        server.create_database(DATABASE)
        environ = _findable(local_environ(server.url(DATABASE)))
        command = subprocess.Popen([*APP_COMMAND, *sys.argv[1:]], env=environ)
        # Ctrl-C reaches the command itself; we wait for what it makes of it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            code = command.wait()
            return code if code >= 0 else 128 - code  # as a shell tells of a signal
        finally:
            if command.poll() is None:
                command.terminate()
                command.wait()


def _become_command(environ: dict[str, str]) -> NoReturn:
    os.execve(APP_COMMAND[0], [*APP_COMMAND, *sys.argv[1:]], _findable(environ))  # noqa: S606


def _findable(environ: dict[str, str]) -> dict[str, str]:
    """Let Python find the application from any folder: file names mean the caller's own."""
    return {**environ, "PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}
