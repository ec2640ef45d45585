"""Registers filled by COPY are registers: what is measured on them would be worth nothing else."""

import json

import asyncpg
import pytest
from bench_growth import PASSWORD, fill_by_copy
from bench_growth_rows import COLUMNS
from bench_growth_tables import _INDEXES

from app.entry.api.credits import MovementShown
from app.kernel.encoding import canonical_bytes
from app.registry.ledger.rules import RETIRED
from app.registry.ledger.serials import account_number
from tests.conftest import Api, Registry

FILLED = [*COLUMNS, "accounts", "parties", "users"]


@pytest.mark.parametrize(("blocks", "accounts", "users"), [(1_000, 30, 7), (100_000, 1_000, 200)])
async def test_a_copied_register_keeps_every_invariant(
    registry: Registry, blocks: int, accounts: int, users: int
) -> None:
    """After each test every invariant is checked, every leaf decoded and the log replayed."""
    owner = await asyncpg.connect(registry.url)
    indexes = await owner.fetch(_INDEXES, FILLED)
    world = await fill_by_copy(registry.url, blocks=blocks, accounts=accounts, users=users)
    assert await owner.fetchval("SELECT count(*) FROM blocks") == blocks
    assert len(world.accounts) == accounts
    assert len({holder.actor.party_id for holder in world.holders}) == users
    assert await owner.fetch(_INDEXES, FILLED) == indexes
    for table in FILLED:
        assert await owner.fetchval(f"SELECT count(*) FROM {table}") > 0  # noqa: S608
    # A batch comes to lie in many accounts, and a block moves more than once.
    assert await owner.fetchval("SELECT count(DISTINCT province_code) FROM batches") > 1
    assert await owner.fetchval("SELECT count(DISTINCT vintage) FROM batches") > 1
    assert await owner.fetchval("SELECT max(line) FROM ledger_entries") == 1
    assert await owner.fetchval(
        "SELECT count(*) FROM ledger_entries e JOIN ledger_entries p"
        " ON p.log_index = e.previous_log_index AND p.from_account > 1000"
    )
    await owner.close()


async def test_what_was_copied_is_written_as_the_service_writes_it(registry: Registry) -> None:
    await fill_by_copy(registry.url, blocks=1_000, accounts=30, users=7)
    owner = await asyncpg.connect(registry.url)
    for leaf in await owner.fetch("SELECT leaf FROM log_entries"):
        assert canonical_bytes(json.loads(leaf["leaf"])) == leaf["leaf"]
    for answer in await owner.fetch("SELECT body FROM answers"):
        shown = MovementShown.model_validate_json(answer["body"])
        assert shown.model_dump_json().encode() == answer["body"]
    await owner.close()


async def test_whoever_was_copied_signs_in_and_goes_on(registry: Registry, api: Api) -> None:
    """Load comes over HTTP, from the people who hold the accounts."""
    world = await fill_by_copy(registry.url, blocks=1_000, accounts=30, users=7)
    sender, receiver = world.holders[2], world.holders[5]
    asked = {"grant_type": "password", "email": sender.email, "password": PASSWORD}
    token = (await api.post("/v1/tokens", json=asked)).json()["access_token"]
    sent = {"Authorization": f"Bearer {token}", "Idempotency-Key": "first"}
    moved = await api.post(
        "/v1/transfers",
        headers=sent,
        json={
            "from_account": account_number(sender.accounts[1]),
            "to_account": account_number(receiver.accounts[0]),
            "credits": 10,
        },
    )
    assert moved.status_code == 201, moved.text
    shown = (await api.get("/v1/retirements?limit=5")).json()["data"]
    assert {row["to_account"] for row in shown} == {account_number(RETIRED)}
