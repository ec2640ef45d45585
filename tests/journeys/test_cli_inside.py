"""Commands run inside the tests' own process: what they find, say and end with."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from app.entry import logging
from app.entry.cli import exits
from app.entry.cli.commands import cli
from app.entry.cli.entered import look_at_what_is_entered
from app.kernel import clock
from app.kernel.clock import now
from app.kernel.db import reading
from app.registry.parties.policy import Actor
from app.registry.parties.rules import PartyKind, Role
from app.registry.parties.store import find_user_id_by_email
from tests.builders.applications import (
    a_content,
    a_person,
    a_renewal,
    an_admitted,
    two_people,
)
from tests.builders.mail import MailServer, a_mail_server
from tests.builders.parties import a_holder, an_authority
from tests.builders.transfers import a_world, the_calendar
from tests.conftest import Registry, opened


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
        "calendar",
        "rules",
    ):
        assert what in said.output


def test_the_doctor_says_what_it_cannot_reach(tmp_path: Path) -> None:
    said = run("postgresql://nobody@127.0.0.1:1/x", tmp_path, "doctor")
    assert said.exit_code == 1
    assert "Is PostgreSQL running" in said.output


@pytest.mark.parametrize(
    ("today", "calendar", "lacks_rules"),
    [
        (datetime(2027, 9, 30, 16, 59, tzinfo=UTC), "✓", False),
        (datetime(2027, 9, 30, 17, 0, tzinfo=UTC), "!", False),  # October in Bangkok
        (datetime(2028, 1, 1, tzinfo=UTC), "!", False),
        (datetime(2013, 6, 1, tzinfo=UTC), "!", True),  # before any rule of a new register
    ],
)
async def test_the_doctor_sees_what_nobody_has_entered(
    registry: Registry,
    monkeypatch: pytest.MonkeyPatch,
    today: datetime,
    calendar: str,
    lacks_rules: bool,  # noqa: FBT001
) -> None:
    monkeypatch.setattr(clock, "now", lambda: today)
    async with reading(registry.engine) as connection:
        findings = {one.what: one for one in await look_at_what_is_entered(connection)}
    assert findings["calendar"].mark == calendar
    assert ("order_hours" in findings["rules"].found) is lacks_rules
    assert not any(finding.is_bad for finding in findings.values())


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


async def _one_of_three(url: str) -> tuple[str, str, str]:
    """Let an organisation of three in, renew its documents; gives one of them and both of these."""
    async with opened(url) as registry:
        people = (*two_people(), a_person(Role.HOLDER_INITIATOR))
        admitted = await an_admitted(
            registry, await an_authority(registry), content=a_content(people=people)
        )
        async with registry.read() as connection:
            user_id = await find_user_id_by_email(connection, people[-1].email)
        assert user_id is not None
        assert admitted.party_id is not None
        actor = Actor(user_id, admitted.party_id, PartyKind.HOLDER, people[-1].roles)
        renewal = await a_renewal(registry, actor)
        return user_id, admitted.id, renewal.id


def test_who_erases_is_told_which_documents_of_an_organisation_stay(
    database_url: str, tmp_path: Path
) -> None:
    """What let the person in goes with them; what they renewed for others is decided apart."""
    user_id, opening, renewal = asyncio.run(_one_of_three(database_url))
    said = run(database_url, tmp_path, "erase-person", "--user", user_id, "--yes")
    assert said.exit_code == 0, said.output
    told = said.output.replace("\n", " ")
    assert f"renewal {renewal} of their party (--act " in told
    assert "attorney_identity_document" in told
    assert opening not in told
    act = told.partition("(--act ")[2].partition(")")[0]
    said = run(database_url, tmp_path, "erase-person", "--act", act, "--yes")
    assert said.exit_code == 0, said.output


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


def test_what_is_due_is_mailed_by_a_command(database_url: str, tmp_path: Path) -> None:
    """Where no server runs, or to see that it would; and once."""
    asyncio.run(_somebody_is_told(database_url))
    assert run(database_url, tmp_path, "mail").exit_code == exits.ExitCode.USAGE
    with _mail_server() as server:
        settings = {
            "REGISTRY_MAIL_HOST": "127.0.0.1",
            "REGISTRY_MAIL_PORT": str(server.port),
            "REGISTRY_MAIL_TLS": "none",
            "REGISTRY_MAIL_FROM": "registry@tgo.example",
        }
        said = run(database_url, tmp_path, "mail", **settings)
        assert said.exit_code == 0, said.output
        assert f"{len(server.taken)} notices were mailed" in said.output
        assert server.taken
        again = run(database_url, tmp_path, "mail", **settings)
        assert "0 notices" in again.output
        asyncio.run(_somebody_is_told(database_url))
    away = run(database_url, tmp_path, "mail", **settings)
    assert away.exit_code == exits.ExitCode.UNAVAILABLE
    assert "mail server" in away.output


async def _somebody_is_told(url: str) -> None:
    async with opened(url) as registry:
        await a_holder(registry)


@contextmanager
def _mail_server() -> Iterator[MailServer]:
    """Open a mail server in a thread: the command has a loop of its own."""
    server, ready = MailServer(), threading.Event()
    loop = asyncio.new_event_loop()
    end = asyncio.Event()

    async def serve() -> None:
        async with a_mail_server(server):
            ready.set()
            await end.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(10)
    yield server
    loop.call_soon_threadsafe(end.set)
    thread.join(10)
    loop.close()
