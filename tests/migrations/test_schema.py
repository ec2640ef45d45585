"""The migrations make exactly the tables that the stores describe."""

import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from app.entry.cli.database import newest_revision
from app.kernel.db import metadata
from tests.conftest import CHECKOUT, Server, settings_for


def test_nothing_has_drifted(server: Server) -> None:
    """A column that only a store knows would fail its first request, not this test."""
    config = Config(str(CHECKOUT / "alembic.ini"))
    folder = Path(tempfile.gettempdir())
    config.attributes["settings"] = settings_for(server.url(server.template), folder)
    command.check(config)


def test_the_newest_revision_is_read_off_the_file_names() -> None:
    """A start that trusts the names must see the same head as the tool that follows the chain."""
    script = ScriptDirectory.from_config(Config(str(CHECKOUT / "alembic.ini")))
    assert newest_revision() == script.get_current_head()


async def test_every_history_table_is_guarded(server: Server) -> None:
    """A history table without its triggers would be held by privileges alone."""
    rows = await server.fetch(
        "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger"
        " WHERE tgname = 'history_is_only_added_to' AND tgenabled = 'A'",
        database=server.template,
    )
    history = {table.name for table in metadata.sorted_tables if table.info.get("history")}
    assert {row[0] for row in rows} == history


async def test_every_table_has_its_rights(server: Server) -> None:
    """The service reads everything, removes nothing, and writes the ledger through its door."""
    rows = await server.fetch(
        "SELECT table_name, privilege_type FROM information_schema.role_table_grants"
        " WHERE grantee = 'registry_app'",
        database=server.template,
    )
    held: dict[str, set[str]] = {}
    for table, privilege in rows:
        held.setdefault(table, set()).add(privilege)
    for table in metadata.sorted_tables:
        expected = {"SELECT"}
        if not table.info.get("door") and table.name != "provinces":
            is_added_to = (
                table.info.get("history")
                or table.info.get("erasable") == "rows"
                or table.info.get("expiring")  # old rows go through a function that asks the rule
            )
            expected |= {"INSERT"} if is_added_to else {"INSERT", "UPDATE"}
            # Sessions and the like are no history: what is over is removed.
            expected |= {"DELETE"} if table.info.get("passing") else set()
        assert held[table.name] == expected, table.name


async def test_only_what_is_erasable_can_be_erased(server: Server) -> None:
    """A trigger that lets one more column go would let history be changed."""
    rows = await server.fetch(
        "SELECT tgrelid::regclass::text, tgargs FROM pg_trigger"
        " WHERE tgname = 'history_is_only_added_to' AND tgnargs > 0",
        database=server.template,
    )
    allowed = {table: tuple(args.decode().split("\0")[:-1]) for table, args in rows}
    erasable = {t.name: t.info["erasable"] for t in metadata.sorted_tables if "erasable" in t.info}
    assert allowed == {name: what for name, what in erasable.items() if what != "rows"}
    guarded = await server.fetch(
        "SELECT tgrelid::regclass::text FROM pg_trigger"
        " WHERE tgname = 'erased_by_an_act' AND tgenabled = 'A' AND tginitdeferred",
        database=server.template,
    )
    assert {row[0] for row in guarded} == {*erasable, "answers"}
