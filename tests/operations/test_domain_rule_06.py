"""
Rule 6 of the domain: buffer credits are in the pooled account, keep their project and vintage, and
leave only by release or cancellation with a decision.
"""

import json
from random import Random

import asyncpg
import pytest

from app.kernel.errors import RegistryError
from app.registry.compensation.rules import CaseState
from app.registry.ledger import operations as ledger
from app.registry.ledger import store
from app.registry.ledger.operations import End, ReleaseBuffer, Transfer
from app.registry.ledger.rules import BUFFER, EntryKind
from app.registry.orders.rules import CaseKind
from tests.builders.cases import BUFFERED, ISSUED, OTHERS, PAPER, World, a_world
from tests.builders.ledger import PURPOSES, an_ending, oldest
from tests.builders.parties import do
from tests.conftest import Registry


@pytest.fixture
async def world(registry: Registry) -> World:
    return await a_world(registry)


async def test_they_are_pooled_and_keep_project_and_vintage(
    registry: Registry, world: World
) -> None:
    """They are the last serials of the batch, in the account of the register."""
    owner = await asyncpg.connect(registry.url)
    rows = await owner.fetch(
        "SELECT t.serial_prefix, t.project_code, t.vintage, b.first_serial FROM blocks b"
        " JOIN batches t ON t.id = b.batch_id WHERE b.account_id = $1",
        BUFFER,
    )
    await owner.close()
    (batch,) = world.faulty.batches
    assert [tuple(row) for row in rows] == [
        (batch.serial_prefix, batch.project_code, 2024, ISSUED - BUFFERED + 1)
    ]


async def test_nobody_moves_them_otherwise(registry: Registry, world: World) -> None:
    """Neither a holder nor an officer: not by transfer, retirement or cancellation."""
    officers = world.officers
    for actor in (world.developer, world.holder, officers.officer, officers.approver):
        with pytest.raises(RegistryError):
            await do(
                registry, actor, ledger.transfer, Transfer(BUFFER, world.account.id, oldest(1))
            )
        for kind in (EntryKind.RETIRED, EntryKind.CANCELLED):
            with pytest.raises(RegistryError):
                await do(
                    registry, actor, ledger.end, End(BUFFER, oldest(1), an_ending(kind), PURPOSES)
                )
    assert await buffered(registry) == BUFFERED


async def test_the_database_lets_them_leave_by_no_other_movement(
    registry: Registry, world: World
) -> None:
    owner = await asyncpg.connect(registry.url)
    for kind in (3, 4, 5, 9, 12):
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute(
                "INSERT INTO ledger_entries SELECT log_index + 900, line, $1, batch_id,"
                " first_serial, last_serial, 2, $2, 0, 1, 0, 1, log_index, recorded_at"
                " FROM ledger_entries WHERE kind = 2",
                kind,
                world.account.id,
            )
    constraint = await owner.fetchval(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conname = 'ck_ledger_entries_buffer' AND convalidated"
    )
    assert "from_account = 2" in constraint
    await owner.close()


async def test_they_leave_by_a_decision_that_the_log_names(
    registry: Registry, world: World
) -> None:
    """Of a release it has the reference; of a cancellation the digest, and two officers."""
    approver = world.officers.approver
    release = ReleaseBuffer(world.account.id, oldest(5, batch=world.batch), "อบก. 12/2569")
    released = await registry.do(
        approver,
        lambda pen: ledger.release_buffer(pen, approver, release),
        touches=release.touches(),
    )
    case = await world.open(10, CaseKind.REVERSAL)
    cancelled = await world.take_from_buffer(case, 10)
    assert cancelled.approved_index is not None
    leaves = {
        index: await leaf(registry, index)
        for index in (released.log_index, cancelled.log_index, cancelled.approved_index)
    }
    assert leaves[released.log_index]["decision"] == "อบก. 12/2569"
    assert leaves[cancelled.log_index]["document_sha256"] == PAPER.document_sha256
    assert leaves[cancelled.approved_index]["order"] == cancelled.id
    assert leaves[cancelled.approved_index]["case"] == case.id
    assert await buffered(registry) == BUFFERED - 15


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_tried_a_case_gets_what_it_owes_and_no_more(
    registry: Registry, world: World, seed: int
) -> None:
    """A model of three numbers foretells every answer, and in the end the ledger agrees with it."""
    random = Random(seed)  # noqa: S311  a test that can be repeated
    claimed = random.randint(15, 40)
    case = await world.open(claimed, CaseKind.REVERSAL)
    owed = claimed
    left = {"deduct": ISSUED - BUFFERED - 10, "replace": OTHERS - 10, "buffer": BUFFERED}
    before = dict(left)
    for _ in range(14):
        kind, count = random.choice(sorted(left)), random.randint(1, 9)
        act = {
            "deduct": world.deduct,
            "replace": world.replace,
            "buffer": world.take_from_buffer,
        }[kind]
        try:
            await act(case, count)
            done = "done"
        except RegistryError as refusal:
            done = refusal.code
        if owed == 0:
            assert done == "case_closed"
        elif count > owed:
            assert done == "case_over_owed"
        elif count > left[kind]:
            assert done == "insufficient_credits"
        else:
            assert done == "done"
            owed, left[kind] = owed - count, left[kind] - count
        now = await world.read(case.id)
        assert (now.owed, now.state is CaseState.CLOSED) == (owed, owed == 0)
    steps = await world.steps(case)
    assert sum(step.credits for step in steps) == claimed - owed
    assert sum(before.values()) - sum(left.values()) == claimed - owed
    assert await buffered(registry) == left["buffer"]


async def buffered(registry: Registry) -> int:
    async with registry.read() as connection:
        return await store.get_total(connection, BUFFER, size=2**40)


async def leaf(registry: Registry, index: int) -> dict[str, object]:
    owner = await asyncpg.connect(registry.url)
    body = await owner.fetchval("SELECT leaf FROM log_entries WHERE log_index = $1", index)
    await owner.close()
    data: dict[str, object] = json.loads(body)["data"]
    return data
