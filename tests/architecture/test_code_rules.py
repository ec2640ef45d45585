"""The code keeps its rules, and each rule finds what it is there to find."""

from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import pytest

from tests.architecture import code_rules
from tests.architecture.code_rules import RULES, Module

ROOT = Path(__file__).parents[2]

Rule = Callable[[Module], Iterator[str]]

MODULES = [
    Module(PurePosixPath(path.relative_to(ROOT).as_posix()), path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "app").rglob("*.py"))
]

OPERATIONS = "app/registry/activities/operations.py"
STORE = "app/registry/activities/store.py"
RULES_FILE = "app/registry/activities/rules.py"

PLANTED = [
    (code_rules.only_the_committer_commits, OPERATIONS, "await connection.commit()"),
    (code_rules.only_the_committer_commits, STORE, "await transaction.rollback()"),
    (code_rules.only_the_committer_commits, "app/entry/api/context.py", "c.begin_nested()"),
    (code_rules.quantities_are_never_floats, RULES_FILE, "tonnes: float"),
    (code_rules.quantities_are_never_floats, RULES_FILE, "share = 0.2"),
    (code_rules.quantities_are_never_floats, RULES_FILE, "half = credits / 2"),
    (code_rules.quantities_are_never_floats, "app/kernel/quantities.py", "float(text)"),
    (code_rules.functions_and_modules_are_short, RULES_FILE, "x = 1\n" * 401),
    (code_rules.functions_and_modules_are_short, RULES_FILE, "def f():\n" + "    x = 1\n" * 50),
    (code_rules.a_stores_verb_tells_its_cost, STORE, "async def save(row): ..."),
    (
        code_rules.a_stores_verb_tells_its_cost,
        "app/registry/activities/store/reading.py",
        "async def fetch(row): ...",
    ),
    (
        code_rules.others_tables_are_only_read,
        OPERATIONS,
        "from app.registry.parties import store as parties\nparties.insert_party(c, row)",
    ),
    (
        code_rules.others_tables_are_only_read,
        "app/entry/api/parties.py",
        "from app.registry.parties import store\nstore.update_party(c, row)",
    ),
    (
        code_rules.others_tables_are_only_read,
        OPERATIONS,
        "from app.registry.parties.store import insert_party",
    ),
    (code_rules.sql_stays_in_its_places, OPERATIONS, "from sqlalchemy import text"),
    (code_rules.sql_stays_in_its_places, "app/entry/api/wire.py", "import sqlalchemy.exc"),
]

ALLOWED = [
    (code_rules.only_the_committer_commits, "app/entry/attempt.py", "await t.commit()"),
    (code_rules.quantities_are_never_floats, RULES_FILE, "whole = credits // 2"),
    (code_rules.quantities_are_never_floats, "app/entry/problems.py", "float(value)"),
    (code_rules.functions_and_modules_are_short, RULES_FILE, "def f():\n" + "    x = 1\n" * 49),
    (code_rules.a_stores_verb_tells_its_cost, STORE, "async def find_activity(id): ..."),
    (code_rules.a_stores_verb_tells_its_cost, STORE, "async def _rows(query): ..."),
    (code_rules.a_stores_verb_tells_its_cost, OPERATIONS, "async def submit(pen): ..."),
    (
        code_rules.others_tables_are_only_read,
        OPERATIONS,
        "from app.registry.activities import store\nstore.insert_activity(c, row)",
    ),
    (
        code_rules.others_tables_are_only_read,
        OPERATIONS,
        "from app.registry.parties import store as parties\nparties.get_party(c, id)",
    ),
    (
        code_rules.sql_stays_in_its_places,
        OPERATIONS,
        "from sqlalchemy.ext.asyncio import AsyncConnection",
    ),
    (code_rules.sql_stays_in_its_places, STORE, "from sqlalchemy import select"),
]


@pytest.mark.no_cover  # it reads the code, and runs none
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_code_keeps_the_rule(rule: Rule) -> None:
    broken = [what for module in MODULES for what in rule(module)]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize(("rule", "path", "text"), PLANTED)
def test_a_rule_finds_what_breaks_it(rule: Rule, path: str, text: str) -> None:
    """A check that cannot fail holds nothing."""
    assert list(rule(Module(PurePosixPath(path), text)))


@pytest.mark.parametrize(("rule", "path", "text"), ALLOWED)
def test_a_rule_lets_pass_what_keeps_it(rule: Rule, path: str, text: str) -> None:
    assert not list(rule(Module(PurePosixPath(path), text)))


def test_every_rule_was_seen_to_fail() -> None:
    assert {rule for rule, _, _ in PLANTED} == set(RULES)
