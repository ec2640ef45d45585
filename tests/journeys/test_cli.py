"""The command line against a real database: it brings it up, looks after it, and serves from it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from tests.conftest import Server

ROOT = Path(__file__).parents[2]


def _environ(url: str, data: Path) -> dict[str, str]:
    return {
        **os.environ,  # noqa: TID251  handed on, as a shell would
        "DATABASE_URL": url,
        "REGISTRY_DATA": str(data),
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "200",
    }


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "app.entry.cli", *arguments]


def _registry(url: str, data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(*arguments),
        cwd=ROOT,
        env=_environ(url, data),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
async def empty_url(server: Server) -> str:
    """The address of a database with nothing in it."""
    name = f"registry_empty_{time.monotonic_ns()}"
    await server.run(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    return server.url(name)


async def test_an_empty_database_becomes_a_sound_register(empty_url: str, tmp_path: Path) -> None:
    examined = _registry(empty_url, tmp_path, "doctor")
    assert examined.returncode == 1
    assert "Run `registry migrate`" in examined.stdout
    assert _registry(empty_url, tmp_path, "migrate").returncode == 0
    again = _registry(empty_url, tmp_path, "migrate")
    assert (again.returncode, again.stdout) == (0, "")
    examined = _registry(empty_url, tmp_path, "doctor")
    assert examined.returncode == 0, examined.stdout
    checked = _registry(empty_url, tmp_path, "check")
    assert (checked.returncode, "Every invariant holds" in checked.stdout) == (0, True)


def test_servers_that_start_together_migrate_one_after_the_other(
    empty_url: str, tmp_path: Path
) -> None:
    both = [
        subprocess.Popen(
            _command("migrate"),
            cwd=ROOT,
            env=_environ(empty_url, tmp_path),
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    ended = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], ended
    assert _registry(empty_url, tmp_path, "check").returncode == 0


async def test_the_check_finds_what_must_never_be(database_url: str, tmp_path: Path) -> None:
    """Somebody with the owner's rights turned off the triggers and changed a leaf."""
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "ALTER TABLE log_entries DISABLE TRIGGER USER;"
        "UPDATE log_entries SET nodes = sha256('\\x00'::bytea || 'forged'::bytea),"
        " leaf = 'forged'::bytea WHERE log_index = 0"
    )
    await connection.close()
    checked = _registry(database_url, tmp_path, "check")
    assert checked.returncode == 1
    assert "must never be" in checked.stdout


async def test_the_doctor_sees_rights_that_could_change_history(
    database_url: str, tmp_path: Path
) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("GRANT UPDATE, DELETE ON log_entries TO registry_app")
    await connection.close()
    examined = _registry(database_url, tmp_path, "doctor")
    assert examined.returncode == 1
    assert "DELETE on log_entries" in examined.stdout
    assert "UPDATE on log_entries" in examined.stdout


async def test_the_first_administrator_gets_a_password_that_signs_in_once_founded(
    database_url: str, tmp_path: Path
) -> None:
    arguments = ("admin", "create", "--email", "somsri@example.go.th", "--name", "สมศรี")
    made = _registry(database_url, tmp_path, *arguments)
    assert made.returncode == 0, made.stderr
    password = made.stdout.splitlines()[-1]
    assert len(password) == 24
    with _served(database_url, tmp_path) as address:
        assert _status(f"{address}/health") == 200
    again = _registry(database_url, tmp_path, *arguments)
    assert again.returncode == 1
    assert "Traceback" not in again.stderr
    assert _registry(database_url, tmp_path, "check").returncode == 0


def test_a_server_answers_and_ends_in_good_order(database_url: str, tmp_path: Path) -> None:
    with _served(database_url, tmp_path, "--migrate") as address:
        assert _status(f"{address}/health") == 200
        assert _status(f"{address}/v1/openapi.json") == 200
        assert _status(f"{address}/v1/users/me") == 401


def test_a_port_that_is_taken_is_said(database_url: str, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = _registry(database_url, tmp_path, "serve", "--port", str(taken.getsockname()[1]))
    assert ended.returncode != 0
    assert "address already in use" in ended.stderr.lower()


@contextmanager
def _served(url: str, data: Path, *options: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        _command("serve", "--port", str(port), *options),
        cwd=ROOT,
        env=_environ(url, data),
        stderr=subprocess.PIPE,
        text=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while _status(f"{address}/health") != 200:
            assert process.poll() is None, process.stderr.read() if process.stderr else ""
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield address
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=30)
        assert process.returncode == 0, log
        assert "Traceback" not in log
    finally:
        process.kill()
        process.communicate()


def _status(address: str) -> int | None:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310  our own server
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
    except OSError:
        return None
