"""
Goal: a case is made good exactly once, whoever comes at the same moment.

Method: a case owes a few credits, and many ask to give them at once over real HTTP, through two
server processes on one database: the developer by deduction, the holder by replacement, two
officers from the buffer. Afterwards the steps sum to what was owed and no more, every other request
is refused, and every invariant holds (the `registry` fixture looks, and replays the log).
"""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.registry.compensation.rules import Case, StepKind
from app.registry.orders.rules import CaseKind
from tests.builders.cases import World, a_world
from tests.conftest import Registry
from tests.races.world import Clients, servers, together

EACH = 6  # requests of each of the two
REFUSED = {"case_closed", "case_over_owed"}


@pytest.fixture
async def world(registry: Registry) -> World:
    return await a_world(registry)


@pytest.fixture
async def clients(registry: Registry, world: World, tmp_path: Path) -> AsyncIterator[Clients]:
    assert world.faulty.batches
    with servers(registry.url, tmp_path, 2) as running:
        async with Clients(running, tmp_path) as callers:
            yield callers


@pytest.mark.parametrize(("owed", "each"), [(1, 1), (5, 1), (5, 2), (4, 3)])
async def test_what_is_owed_is_given_once(
    world: World, clients: Clients, *, owed: int, each: int
) -> None:
    case = await world.open(owed, CaseKind.REVERSAL)
    buffer = await world.propose_buffer(case, each)
    asked = [
        clients.post(
            world.officers.approver,
            f"/v1/orders/{buffer.id}/approval",
            {"digest": buffer.digest},
            key="buffer",
        )
    ]
    for number in range(EACH):
        for actor, account, kind, batch in (
            (world.developer, world.account, "deduction", world.batch),
            (world.holder, world.elsewhere, "replacement", world.other_batch),
        ):
            body = {
                "kind": kind,
                "from_account": account.number,
                "credits": each,
                "batch": batch,
            }
            path = f"/v1/cases/{case.id}/steps"
            asked.append(clients.post(actor, path, body, key=f"{kind}-{number}"))
    answers = await together(*asked)
    done = [a for a in answers if a.is_success]
    assert len(done) == owed // each
    others = {(a.status_code, a.json()["code"]) for a in answers if not a.is_success}
    assert others
    assert others <= {(409, code) for code in REFUSED}
    await _check(world, case, len(done) * each)


async def _check(world: World, case: Case, given: int) -> None:
    now, steps = await world.read(case.id), await world.steps(case)
    assert sum(step.credits for step in steps) == given
    assert now.owed == case.owed - given
    assert (now.closed_by_act == steps[-1].log_index) is (now.owed == 0)
    kinds = Counter(step.kind for step in steps)
    assert set(kinds) <= set(StepKind)
    assert kinds[StepKind.BUFFER] <= 1
