"""Run the whole service on this machine: database, migrations, application, publisher.

What it starts, it stops: at Ctrl-C, at SIGTERM, when a part of it ends, and (on Linux) even when it
is killed outright.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

from bootstrap import ROOT, clean_environ
from local_postgres import LocalPostgres, LocalPostgresError, bound_command
from local_state import (
    APP_COMMAND,
    APP_LOG,
    DATABASE,
    DEMO_FILE,
    PUBLISHER_LOG,
    Hold,
    LocalError,
    database_folder,
    hold_checkout,
    local_environ,
    wipe,
)

HOST: Final = "127.0.0.1"
PORTS: Final = range(8000, 8100)
HEALTHY_SECONDS_MAX: Final = 900  # migrations and the demo world come first
PATIENCE_SECONDS: Final = 10  # how often to say that it is still starting
STOP_SECONDS_MAX: Final = 15
POLL_SECONDS: Final = 0.05
LOG_LINES_SHOWN: Final = 30


class Stopped(Exception):  # noqa: N818 - not an error: somebody asked us to stop
    """A signal asked us to stop."""

    def __init__(self, number: int) -> None:
        """Keep the signal."""
        super().__init__(signal.Signals(number).name)
        self.number = number


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    port: int | None
    demo: bool
    fresh: bool
    logs: bool
    workers: int
    database_url: str | None


def main() -> int:
    """Run until stopped; return the exit code."""
    options = _read_options()
    _stop_on_signals()
    try:
        with hold_checkout("scripts/start") as hold:
            return _serve(options, hold)
    except (LocalError, LocalPostgresError) as error:
        print(f"start: {error}", file=sys.stderr)
        return 1
    except Stopped as stopped:
        return 128 + stopped.number


def _read_options() -> Options:
    parser = argparse.ArgumentParser(
        prog="scripts/start",
        description="Start the registry on this machine: PostgreSQL, migrations, application.",
    )
    parser.add_argument("--demo", action="store_true", help="fill an empty registry with a demo")
    parser.add_argument("--port", type=_port, help=f"default: the first free from {PORTS[0]}")
    parser.add_argument("--fresh", action="store_true", help="wipe the local data first")
    parser.add_argument("--logs", action="store_true", help="show the log here, not in a file")
    parser.add_argument("--workers", type=int, default=1, help="server processes; default: 1")
    parser.add_argument(
        "--database-url",
        default=os.environ.get("DATABASE_URL"),
        help="use this PostgreSQL in place of one of our own; better given as the variable "
        "DATABASE_URL when it holds a password, since others can see a command line",
    )
    options = Options(**vars(parser.parse_args()))
    if options.fresh and options.database_url:
        parser.error("--fresh wipes local data only, and a database elsewhere is given")
    return options


def _serve(options: Options, hold: Hold) -> int:
    with ExitStack() as stack:
        port = _choose_port(options.port)
        server = None
        if options.database_url:
            hold.note(database="elsewhere")
            environ = {**clean_environ(), "DATABASE_URL": options.database_url}
        else:
            hold.note(database="local")
            server = stack.enter_context(_local_database(fresh=options.fresh))
            environ = local_environ(server.url(DATABASE))
        app = stack.enter_context(_application(options, port, environ))
        hold.note(app_pid=app.process.pid)
        _wait_until_healthy(app, port)
        publisher = stack.enter_context(_publisher(options, environ))
        hold.note(publisher_pid=publisher.process.pid)
        hold.note(url=f"http://{HOST}:{port}")
        _print_welcome(options, port, server)
        return _watch([app, publisher], server)


# ----------------------------------------------------------------------- parts


@contextmanager
def _local_database(*, fresh: bool) -> Iterator[LocalPostgres]:
    server = LocalPostgres(database_folder())
    if fresh:
        server.stop()
        wipe()
    try:
        server.start()
        server.create_database(DATABASE)
        yield server
    finally:
        _ignore_signals()
        server.stop()


@dataclass(frozen=True)
class Part:
    """A process of ours, and where it writes what it has to say."""

    name: str
    process: subprocess.Popen[bytes]
    log_file: Path

    def why_it_ended(self) -> str:
        """Return its exit code and the last lines of its log."""
        lines = self.log_file.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
        shown = "\n".join(["", f"{self.log_file} ends with:", *lines]) if lines else ""
        return f"the {self.name} ended with code {self.process.returncode}{shown}"


def _application(
    options: Options, port: int, environ: dict[str, str]
) -> AbstractContextManager[Part]:
    command = ["serve", "--migrate", "--host", HOST, "--port", str(port)]
    if options.workers != 1:
        command += ["--workers", str(options.workers)]
    if options.demo:
        command.append("--demo")
    return _part("application", command, APP_LOG, environ, shows_log=options.logs)


def _publisher(options: Options, environ: dict[str, str]) -> AbstractContextManager[Part]:
    return _part("publisher", ["publish"], PUBLISHER_LOG, environ, shows_log=options.logs)


@contextmanager
def _part(
    name: str, command: list[str], log_file: Path, environ: dict[str, str], *, shows_log: bool
) -> Iterator[Part]:
    log_file.touch(mode=0o600)
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            bound_command([*APP_COMMAND, *command], signal.SIGTERM),
            cwd=ROOT,
            env={**environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=None if shows_log else log,
            stderr=None if shows_log else log,
            start_new_session=True,  # Ctrl-C is ours to pass on, once and in order
        )
    try:
        yield Part(name, process, log_file)
    finally:
        _ignore_signals()
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS_MAX)
            break
    with suppress(ProcessLookupError):  # what it left behind itself
        os.killpg(process.pid, signal.SIGKILL)


def _wait_until_healthy(app: Part, port: int) -> None:
    began = time.monotonic()
    told = began
    while not _is_healthy(port):
        now = time.monotonic()
        if app.process.poll() is not None:
            raise LocalError(app.why_it_ended())
        if now - began > HEALTHY_SECONDS_MAX:
            message = f"no answer on port {port} after {HEALTHY_SECONDS_MAX} s; see {APP_LOG}"
            raise LocalError(message)
        if now - told > PATIENCE_SECONDS:
            told = now
            print(f"Still starting (migrations, demo data), {now - began:.0f} s ...", flush=True)
        time.sleep(POLL_SECONDS)


def _is_healthy(port: int) -> bool:
    # No proxy: one set for the outside would not know this machine's own addresses.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"http://{HOST}:{port}/health", timeout=2) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004
    except (OSError, urllib.error.URLError):
        return False


def _watch(parts: Sequence[Part], server: LocalPostgres | None) -> int:
    """Wait for the end: ours, a part's or the database's."""
    try:
        while True:
            for part in parts:
                if part.process.poll() is not None:
                    raise LocalError(part.why_it_ended())
            if server is not None and not server.is_running:
                message = f"PostgreSQL ended unexpectedly; see {server.log_file}"
                raise LocalError(message)
            time.sleep(POLL_SECONDS * 10)
    except Stopped:
        print("\nStopping ...", flush=True)
        return 0


# ----------------------------------------------------------------------- ports


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 2**16:
        message = f"{text!r} is no port number"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _choose_port(wanted: int | None) -> int:
    if wanted is not None:
        if not _is_free(wanted):
            message = f"port {wanted} is in use; choose another with --port, or leave --port out"
            raise LocalError(message)
        return wanted
    for port in PORTS:
        if _is_free(port):
            if port != PORTS[0]:
                print(f"Port {PORTS[0]} is in use: taking {port}.", flush=True)
            return port
    message = f"ports {PORTS[0]} to {PORTS[-1]} are all in use; choose another with --port"
    raise LocalError(message)


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError:
            return False
    return True


# --------------------------------------------------------------------- signals


def _stop_on_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, _raise_stopped)


def _ignore_signals() -> None:
    """From here on we are stopping, in bounded time; a second Ctrl-C must not cut it short."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _raise_stopped(number: int, _frame: FrameType | None) -> NoReturn:
    _ignore_signals()
    raise Stopped(number)


# --------------------------------------------------------------------- welcome


def _print_welcome(options: Options, port: int, server: LocalPostgres | None) -> None:
    address = f"http://{HOST}:{port}"
    rows = [
        ("Register", f"{address}/th and {address}/en"),
        ("API reference", f"{address}/docs"),
        ("Public log", f"{address}/log/checkpoint"),
    ]
    if server is not None:
        rows.append(("Database", f"{server.data_folder} (process {server.postmaster_pid})"))
    else:
        rows.append(("Database", _without_password(options.database_url or "")))
    rows.append(("Log", "here" if options.logs else str(APP_LOG)))
    lines = ["", "The registry is running.", "", *_table(rows)]
    if options.demo or server is not None:
        lines += _demo_lines(address)
    lines += ["", "Another terminal: scripts/registry --help", "Ctrl-C stops everything.", ""]
    print("\n".join(lines), flush=True)


def _demo_lines(address: str) -> list[str]:
    """Return what the demo wrote down for people to try; nothing when there is no demo."""
    try:
        demo: dict[str, Any] = json.loads(DEMO_FILE.read_text())
    except (OSError, ValueError):
        return []
    users = [(u.get("role", ""), u.get("email", ""), u.get("password", "")) for u in demo["users"]]
    lines = ["", "Demo accounts (role, e-mail, password)", "", *_table(users)]
    if key := demo.get("api_key"):
        lines += ["", "Demo API key", "", *_table(list(key.items()))]
    if curl := demo.get("curl"):
        lines += ["", "Try it", "", f"  {curl.replace('{address}', address)}"]
    return lines


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  " + "  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", ":***@")).geturl()
