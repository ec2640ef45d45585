"""
Rule 18 of the domain: rejections have numeric codes, stable and documented; checks are carried out
in a module of their own and repeated at commit.
"""

import importlib
import pkgutil
from pathlib import Path

import asyncpg
import pytest

import app
from app.kernel.errors import refusals
from app.registry.ledger import operations as ledger
from app.registry.ledger.operations import Transfer
from app.registry.parties.rules import Role
from app.registry.stores import refusals_by_constraint
from tests.builders.answers import code_of
from tests.builders.ledger import oldest
from tests.builders.parties import Service
from tests.builders.transfers import World, a_world
from tests.conftest import Registry

# Numbers and codes as they were given out. A line is never changed and never taken away, because
# clients act on it; whoever adds a refusal adds its line.
GIVEN_OUT = Path(__file__).parent / "refusals.txt"
RULES = Path(__file__).parent.parent.parent / "app" / "registry"


def given_out() -> list[str]:
    lines = GIVEN_OUT.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def all_refusals() -> list[str]:
    """Return those of every module, whatever else a process has loaded."""
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return [f"{r.number} {r.code}" for r in refusals() if r.__module__.startswith("app.")]


def test_numbers_and_codes_are_those_that_were_given_out() -> None:
    """To change one, or to take one away, is to break whoever reads it."""
    present, lines = all_refusals(), given_out()
    assert [line for line in lines if line not in set(present)] == [], "these were given out"
    assert [line for line in present if line not in set(lines)] == [], "add these to the list"
    assert lines == sorted(lines)
    for part in (0, 1):
        each = [line.split()[part] for line in lines]
        assert len(set(each)) == len(each)


async def test_every_rejection_is_documented_by_its_number(api: Service) -> None:
    """In both languages, with what to do; and an answer that rejects carries both."""
    all_refusals()
    shown = (await api.get("/v1/problems")).json()["data"]
    documented = {f"{one['number']} {one['code']}": one for one in shown}
    for line in given_out():
        one = documented[line]
        assert one["title_en"]
        assert one["title_th"]
        assert one["advice_th"]
    rejected = (await api.get("/v1/accounts")).json()
    assert f"{rejected['number']} {rejected['code']}" in given_out()


def test_checks_are_a_module_of_their_own() -> None:
    """What is refused is decided by pure rules: they know no database, no clock and no web."""
    for subject in ("ledger", "transfers", "calendar", "programmes"):
        text = (RULES / subject / "rules.py").read_text(encoding="utf-8")
        for foreign in ("sqlalchemy", "asyncpg", "fastapi", "import store", "clock import now"):
            assert foreign not in text, (subject, foreign)


@pytest.mark.parametrize("what", ["credits", "proposer", "account", "approver"])
async def test_what_was_checked_is_checked_again_at_commit(registry: Registry, what: str) -> None:
    """Right when it was proposed; at its approval, pen in hand, no longer so."""
    world = await a_world(registry)
    proposal = await world.propose(oldest(1_000))
    if what == "credits":
        await send_at_once(world, 500)
        assert await code_of(world.approve(proposal)) == "insufficient_credits"
    if what == "proposer":
        await world.set_roles(world.initiator, Role.HOLDER_VIEWER)
        assert await code_of(world.approve(proposal)) == "proposer_not_allowed"
    if what == "account":
        await registry.do(
            world.administrator,
            lambda pen: ledger.close_account(
                pen,
                world.administrator,
                world.elsewhere.id,
                expected_version=world.elsewhere.version,
            ),
        )
        assert await code_of(world.approve(proposal)) == "account_closed"
    if what == "approver":
        await world.set_roles(world.approver, Role.HOLDER_VIEWER)
        assert await code_of(world.approve(proposal)) == "not_allowed"


async def send_at_once(world: World, number: int) -> None:
    command = Transfer(world.account.id, world.elsewhere.id, oldest(number))
    await world.registry.do(
        world.initiator,
        lambda pen: ledger.transfer(pen, world.initiator, command),
        touches=command.touches(),
    )


async def test_and_by_the_database_itself(registry: Registry) -> None:
    """Where no rule is asked a constraint refuses, and says the same code."""
    world = await a_world(registry)
    await world.propose()
    connection = await asyncpg.connect(registry.url)
    try:
        with pytest.raises(asyncpg.CheckViolationError) as wrong:
            await connection.execute(
                "UPDATE transfer_proposals SET state = 'scheduled', approved_by = proposed_by,"
                " approved_at = proposed_at, sent_index = 1, is_trusted = false,"
                " executes_at = proposed_at + interval '1 day'"
            )
    finally:
        await connection.close()
    name = wrong.value.constraint_name
    assert name is not None
    assert refusals_by_constraint()[name].code == "own_proposal"
