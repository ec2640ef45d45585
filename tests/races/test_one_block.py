"""
Goal: whatever arrives at the same moment, no credit is moved twice and none is lost.

Method: fifty clients at once over real HTTP, through one server process and through two on one
database, against one block of a thousand credits. Afterwards every invariant holds and the log
verifies (the `registry` fixture looks).
"""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.registry.ledger import store
from app.registry.ledger.rules import RETIRED
from tests.builders.ledger import an_account
from tests.conftest import Registry
from tests.races.world import CREDITS, PREFIX, Clients, World, a_world, servers, together

CLIENTS = 50
EACH = 30
TRANSFERS = 5  # against one closure
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
    # So that the second caller has something to send back.
    assert (await clients.transfer(world, key="first", credits=EACH)).status_code == 201
    answers = await together(
        clients.transfer(world, key="same", credits=EACH),
        clients.transfer(world, key="same", reverse=True, credits=EACH),
    )
    assert [a.status_code for a in answers] == [201, 201]
    assert len({a.json()["id"] for a in answers}) == 2
    assert not any("Idempotency-Replayed" in a.headers for a in answers)


async def test_an_account_is_closed_or_receives_but_never_both(
    registry: Registry, world: World, clients: Clients
) -> None:
    """The closure is sent first, then second, and so on: it wins some races and loses others."""
    for place in range(TRANSFERS + 1):
        account = await an_account(registry, world.administrator, world.receiver)
        race = replace(world, to_account=account)
        asked = [clients.transfer(race, key=f"t-{place}-{n}", credits=1) for n in range(TRANSFERS)]
        path = f"/v1/accounts/{account.number}/closure"
        match = {"If-Match": f'"{account.version}"'}
        closing = clients.post(world.administrator, path, {}, key=f"c-{place}", **match)
        asked.insert(place, closing)
        answers = await together(*asked)
        closure = answers.pop(place)
        moved = sum(a.status_code == 201 for a in answers)
        if closure.status_code == 200:
            assert {a.json()["code"] for a in answers} == {"account_closed"}
        else:
            assert closure.json()["code"] == "account_not_empty"
            assert moved == TRANSFERS
        assert await held(registry, account.id) == moved
