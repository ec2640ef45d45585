"""
Goal: whatever arrives at the same moment, no credit is moved twice and none is lost.

Method: fifty clients at once over real HTTP, through one server process and through two on one
database, against one block of a thousand credits. Afterwards every invariant holds and the log
verifies (the `registry` fixture looks).
"""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.registry.ledger import store
from app.registry.ledger.rules import RETIRED
from tests.conftest import Registry
from tests.races.world import CREDITS, PREFIX, Clients, World, a_world, servers, together

CLIENTS = 50
EACH = 30
FIT = CREDITS // EACH  # 33 times thirty fit into a thousand


@pytest.fixture
async def world(registry: Registry) -> World:
    return await a_world(registry)


@pytest.fixture(params=[1, 2], ids=["one server", "two servers"])
async def clients(
    request: pytest.FixtureRequest, registry: Registry, world: World, tmp_path: Path
) -> AsyncIterator[Clients]:
    assert world.from_account.id  # the credits are there before anybody can ask for them
    with servers(registry.url, tmp_path, request.param) as running:
        async with Clients(running, tmp_path) as callers:
            yield callers


async def held(registry: Registry, account_id: int) -> int:
    async with registry.read() as connection:
        return await store.get_total(connection, account_id, size=2**40)


async def test_exactly_as_many_transfers_succeed_as_fit(
    registry: Registry, world: World, clients: Clients
) -> None:
    answers = await together(
        *(clients.transfer(world, key=f"t-{n}", credits=EACH) for n in range(CLIENTS))
    )
    assert Counter(a.status_code for a in answers) == {201: FIT, 409: CLIENTS - FIT}
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"insufficient_credits"}
    assert await held(registry, world.from_account.id) == CREDITS - FIT * EACH
    assert await held(registry, world.to_account.id) == FIT * EACH
    moved = sorted(
        (part["first"], part["last"])
        for a in answers
        if a.status_code == 201
        for part in a.json()["moved"]
    )
    assert [first for first, _ in moved[1:]] == [last + 1 for _, last in moved[:-1]]


async def test_retirements_and_transfers_share_the_same_block(
    registry: Registry, world: World, clients: Clients
) -> None:
    half = CLIENTS // 2
    answers = await together(
        *(
            asked
            for n in range(half)
            for asked in (
                clients.transfer(world, key=f"t-{n}", credits=EACH),
                clients.retire(world, key=f"r-{n}", credits=EACH),
            )
        )
    )
    assert Counter(a.status_code for a in answers) == {201: FIT, 409: CLIENTS - FIT}
    done = Counter(a.json()["kind"] for a in answers if a.status_code == 201)
    assert await held(registry, world.to_account.id) == done["transferred"] * EACH
    assert await held(registry, RETIRED) == done["retired"] * EACH
    assert done.total() == FIT


async def test_one_key_sent_fifty_times_is_one_act(
    registry: Registry, world: World, clients: Clients
) -> None:
    answers = await together(
        *(clients.transfer(world, key="the-only-one", credits=EACH) for _ in range(CLIENTS))
    )
    assert {a.status_code for a in answers} == {201}
    assert len({a.content for a in answers}) == 1
    replayed = [a.headers.get("Idempotency-Replayed") for a in answers]
    assert Counter(replayed) == {None: 1, "true": CLIENTS - 1}
    assert await held(registry, world.to_account.id) == EACH


async def test_the_same_serials_go_to_one_of_all_who_ask(
    registry: Registry, world: World, clients: Clients
) -> None:
    wanted = [{"batch": PREFIX, "first": 101, "last": 130}]
    half = CLIENTS // 2
    answers = await together(
        *(
            asked
            for n in range(half)
            for asked in (
                clients.transfer(world, key=f"t-{n}", serials=wanted),
                clients.retire(world, key=f"r-{n}", serials=wanted),
            )
        )
    )
    assert Counter(a.status_code for a in answers) == {201: 1, 409: CLIENTS - 1}
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"serials_not_held"}
    assert await held(registry, world.from_account.id) == CREDITS - EACH


async def test_keys_of_different_callers_never_meet(world: World, clients: Clients) -> None:
    """The second caller has nothing to send back before the first one's transfer is done."""
    first = await clients.transfer(world, key="same", credits=EACH)
    second = await clients.transfer(world, key="same", reverse=True, credits=EACH)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]
    assert "Idempotency-Replayed" not in second.headers


async def test_an_account_is_closed_or_receives_but_never_both(
    registry: Registry, world: World, clients: Clients
) -> None:
    closing = f"/v1/accounts/{world.to_account.number}/closure"
    answers = await together(
        *(clients.transfer(world, key=f"t-{n}", credits=1) for n in range(5)),
        clients.post(world.administrator, closing, {}, key="close", **{"If-Match": '"1"'}),
        *(clients.transfer(world, key=f"u-{n}", credits=1) for n in range(5)),
    )
    moved = sum(a.status_code == 201 for a in answers)
    closed = answers[5].status_code == 200
    assert closed == (moved == 0)
    assert await held(registry, world.to_account.id) == moved
