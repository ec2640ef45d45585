"""The embedded server: settings, recovery, and what it refuses."""

import os
import signal
import subprocess
import time
from pathlib import Path

import asyncpg
import pytest
from local_postgres import SETTINGS, LocalPostgres, LocalPostgresError

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root switches users")


async def test_the_settings_hold(open_folder: Path) -> None:
    """Expect durability on, checksums on, no network, and the caller's settings on top."""
    with LocalPostgres(open_folder / "pg", settings={"max_connections": "42"}) as server:
        server.create_database("registry")
        connection = await asyncpg.connect(server.url())
        try:
            for name, value in {**SETTINGS, "max_connections": "42"}.items():
                assert await connection.fetchval(f"SHOW {name}") == value
            assert await connection.fetchval("SHOW data_checksums") == "on"
            assert await connection.fetchval("SELECT current_user") == "registry_owner"
        finally:
            await connection.close()


def test_thai_text_is_searchable(open_folder: Path) -> None:
    """Expect trigrams of Thai letters: under the C locale there would be none."""
    with LocalPostgres(open_folder / "pg") as server:
        server.query("CREATE EXTENSION pg_trgm")
        assert server.query("SELECT cardinality(show_trgm('เชียงใหม่')) > 5") == "t"


def test_databases_are_made_copied_and_dropped(open_folder: Path) -> None:
    """Expect creation to be repeatable, copies to carry data, and odd names to be quoted."""
    with LocalPostgres(open_folder / "pg") as server:
        server.create_database("first")
        server.create_database("first")
        server.query("CREATE TABLE t AS SELECT 7 AS n", database="first")
        server.create_database('odd "name', template="first")
        assert server.query("SELECT n FROM t", database='odd "name') == "7"
        server.drop_database('odd "name')
        names = server.query("SELECT datname FROM pg_database").splitlines()
        assert 'odd "name' not in names
        assert "first" in names


def test_a_killed_server_recovers(open_folder: Path) -> None:
    """Expect what was committed before the kill to be there after it."""
    server = LocalPostgres(open_folder / "pg")
    server.start()
    server.query("CREATE TABLE t AS SELECT 7 AS n")
    os.kill(server.postmaster_pid, signal.SIGKILL)
    server.start()
    assert server.query("SELECT n FROM t") == "7"
    server.stop()
    assert not server.is_running


def test_a_server_left_behind_is_replaced(open_folder: Path) -> None:
    """Expect a second object on the folder to stop the server that the first left running."""
    first = LocalPostgres(open_folder / "pg")
    first.start()
    left_behind = first.postmaster_pid
    with LocalPostgres(open_folder / "pg") as second:
        assert second.postmaster_pid != left_behind
        first.stop()  # its own server is gone; the other one is not its to stop
        assert second.query("SELECT 1") == "1"


def test_a_stale_note_with_a_strangers_pid_harms_nobody(open_folder: Path) -> None:
    """Expect the stranger to live on and the server to start."""
    server = LocalPostgres(open_folder / "pg")
    server.start()
    note = open_folder / "pg" / "cluster" / "postmaster.pid"
    lines = note.read_text().splitlines()
    server.stop()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        note.write_text("\n".join([str(stranger.pid), *lines[1:]]))
        assert not server.is_running
        server.start()
        assert server.query("SELECT 1") == "1"
        server.stop()
        assert stranger.poll() is None
        stranger.kill()


def test_an_unfinished_cluster_is_made_anew(open_folder: Path) -> None:
    """Expect what an interrupted start left behind to be no hindrance."""
    unfinished = open_folder / "pg" / "cluster.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18")
    with LocalPostgres(open_folder / "pg") as server:
        assert server.query("SELECT 1") == "1"
    assert not unfinished.exists()


def test_stopping_is_repeatable(open_folder: Path) -> None:
    """Expect a stop with nothing to stop to do nothing."""
    server = LocalPostgres(open_folder / "pg")
    server.stop()
    server.start()
    server.stop()
    server.stop()
    with pytest.raises(LocalPostgresError, match="no PostgreSQL is running"):
        server.url()


def test_a_bad_setting_is_told_with_the_servers_own_words(open_folder: Path) -> None:
    """Expect the end of the log in the message, soon, and no socket folder left."""
    server = LocalPostgres(open_folder / "pg", settings={"shared_buffers": "many"})
    began = time.monotonic()
    with pytest.raises(LocalPostgresError, match='invalid value for parameter "shared_buffers"'):
        server.start()
    assert time.monotonic() - began < 10


def test_the_data_of_another_major_version_are_left_alone(open_folder: Path) -> None:
    """Expect a refusal that says what to do."""
    server = LocalPostgres(open_folder / "pg")
    server.start()
    server.stop()
    (open_folder / "pg" / "cluster" / "PG_VERSION").write_text("15\n")
    with pytest.raises(LocalPostgresError, match="made by PostgreSQL 15"):
        server.start()


@AS_ROOT
def test_closed_folders_stay_closed(open_folder: Path) -> None:
    """Expect a refusal, and no mode changed above the data."""
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    server = LocalPostgres(closed / "pg")
    assert not server.can_live_here()
    with pytest.raises(LocalPostgresError, match="choose a place like"):
        server.start()
    assert closed.stat().st_mode & 0o777 == 0o700
