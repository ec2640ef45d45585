"""
Goal: whatever arrives at the same moment as a freeze stands before it in the log, or is refused.

Method: the approval of a freeze among twenty transfers over real HTTP, sent first, in the middle,
last, through two server processes on one database. Afterwards every invariant holds, among them
"what is frozen did not move" (the `registry` fixture looks).
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.registry.ledger.operations import Named
from app.registry.parties.rules import Role
from tests.builders.activities import an_official
from tests.builders.orders import Officers
from tests.conftest import Registry
from tests.races.world import PREFIX, Clients, World, a_world, servers, together

TRANSFERS = 20
# What is frozen, and what a transfer of it is refused with.
WHAT = {"account": "account_frozen", "batch": "credits_frozen"}


@pytest.fixture
async def world(registry: Registry) -> World:
    return await a_world(registry)


@pytest.fixture
async def clients(registry: Registry, world: World, tmp_path: Path) -> AsyncIterator[Clients]:
    assert world.from_account.id
    with servers(registry.url, tmp_path, 2) as running:
        async with Clients(running, tmp_path) as callers:
            yield callers


async def test_a_transfer_is_before_the_freeze_in_the_log_or_it_is_refused(
    registry: Registry, world: World, clients: Clients
) -> None:
    officers = Officers(
        registry,
        await an_official(registry, Role.OFFICER),
        await an_official(registry, Role.APPROVER),
    )
    moved = refused = 0
    for what, code in WHAT.items():
        for place in (0, 3, TRANSFERS // 2, TRANSFERS):
            named = (
                Named(world.from_account.id)
                if what == "account"
                else Named(batch_prefix=PREFIX, first=1, last=1_000)
            )
            proposed = await officers.propose_freeze(named)
            key = f"{what}-{place}"
            asked = [clients.transfer(world, key=f"{key}-{n}", credits=1) for n in range(TRANSFERS)]
            path = f"/v1/orders/{proposed.id}/approval"
            body = {"digest": proposed.digest}
            asked.insert(place, clients.post(officers.approver, path, body, key=key))
            answers = await together(*asked)
            frozen = answers.pop(place)
            assert frozen.status_code == 200, frozen.text
            index = frozen.json()["done_by_act"]
            done = [a.json()["id"] for a in answers if a.status_code == 201]
            assert all(act < index for act in done)
            others = [a for a in answers if a.status_code != 201]
            assert {(a.status_code, a.json()["code"]) for a in others} <= {(409, code)}
            late = await clients.transfer(world, key=f"{key}-late", credits=1)
            assert (late.status_code, late.json()["code"]) == (409, code)
            moved, refused = moved + len(done), refused + len(others)
            await officers.release(proposed)
    assert moved, "some came before"
    assert refused, "and some after"
