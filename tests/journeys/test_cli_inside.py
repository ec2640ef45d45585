"""Commands run inside the tests' own process: what they find, say and end with."""

import asyncio
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from app.entry import logging
from app.entry.cli import exits
from app.entry.cli.commands import cli
from app.kernel.clock import now
from tests.builders.transfers import a_world, the_calendar
from tests.conftest import opened


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log of the whole run must not change its form because a command was tried."""
    monkeypatch.setattr(logging, "configure", lambda _form: None)


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """How wide it may write is asked when the module is loaded, by whichever test does it first."""
    for console in (exits.console, exits.complaints):
        monkeypatch.setattr(console, "_width", 200)


def run(url: str, data: Path, *arguments: str, **more: str) -> Result:
    environ = {"DATABASE_URL": url, "REGISTRY_DATA": str(data), **more}
    return CliRunner().invoke(cli, arguments, env=environ)


def test_the_doctor_looks_at_everything(database_url: str, tmp_path: Path) -> None:
    said = run(database_url, tmp_path, "doctor")
    assert said.exit_code == 0, said.output
    for what in (
        "PostgreSQL",
        "fsync",
        "connections",
        "clock",
        "schema",
        "public log",
        "rights",
        "disk",
    ):
        assert what in said.output


def test_the_doctor_says_what_it_cannot_reach(tmp_path: Path) -> None:
    said = run("postgresql://nobody@127.0.0.1:1/x", tmp_path, "doctor")
    assert said.exit_code == 1
    assert "Is PostgreSQL running" in said.output


def test_the_doctor_knows_a_replica_from_what_is_none(database_url: str, tmp_path: Path) -> None:
    """A database of its own would tell visitors another story; one that is away does no harm."""
    same = database_url.replace("postgresql:", "postgres:")
    said = run(database_url, tmp_path, "doctor", READ_DATABASE_URL=same)
    assert said.exit_code == 1
    assert "must name a standby" in said.output
    away = "postgresql://nobody@127.0.0.1:1/x"
    said = run(database_url, tmp_path, "doctor", READ_DATABASE_URL=away)
    assert said.exit_code == 0
    assert "Is READ_DATABASE_URL right?" in said.output


def test_an_administrator_is_made_and_the_register_checked(
    database_url: str, tmp_path: Path
) -> None:
    made = run(database_url, tmp_path, "admin", "create", "--email", "a@tgo.example", "--name", "A")
    assert made.exit_code == 0, made.output
    assert len(made.output.splitlines()[-1]) == 24
    again = run(
        database_url, tmp_path, "admin", "create", "--email", "b@tgo.example", "--name", "B"
    )
    assert again.exception is not None
    checked = run(database_url, tmp_path, "check")
    assert checked.exit_code == 0
    assert "Every invariant holds" in checked.output
    assert run(database_url, tmp_path, "migrate").exit_code == 0


def test_a_user_is_erased_after_a_look(database_url: str, tmp_path: Path) -> None:
    run(database_url, tmp_path, "admin", "create", "--email", "a@tgo.example", "--name", "A")
    unknown = run(database_url, tmp_path, "erase-person", "--user", "nobody@tgo.example", "--yes")
    assert unknown.exception is not None
    last = run(database_url, tmp_path, "erase-person", "--user", "a@tgo.example", "--yes")
    assert last.exception is not None  # the last administrator stays
    nothing = run(database_url, tmp_path, "erase-person")
    assert nothing.exit_code != 0


async def _a_transfer_that_is_due(url: str) -> str:
    async with opened(url) as registry:
        world = await a_world(registry, at=now())
        await the_calendar(registry)
        scheduled = await world.send()
    owner = await asyncpg.connect(url)
    try:  # a day is too long for a test to wait
        await owner.execute("SET session_replication_role = replica")
        await owner.execute("UPDATE transfer_proposals SET executes_at = approved_at")
    finally:
        await owner.close()
    return scheduled.id


async def _state_of(url: str, proposal_id: str) -> str:
    owner = await asyncpg.connect(url)
    try:
        query = "SELECT state FROM transfer_proposals WHERE id = $1"
        return str(await owner.fetchval(query, proposal_id))
    finally:
        await owner.close()


def test_what_is_due_is_delivered_by_a_command(database_url: str, tmp_path: Path) -> None:
    """Where no server runs, or to see that it would; and once."""
    due = asyncio.run(_a_transfer_that_is_due(database_url))
    said = run(database_url, tmp_path, "deliver")
    assert said.exit_code == 0, said.output
    assert "1 proposed transfers were settled" in said.output
    assert asyncio.run(_state_of(database_url, due)) == "delivered"
    again = run(database_url, tmp_path, "deliver")
    assert "0 proposed transfers" in again.output
