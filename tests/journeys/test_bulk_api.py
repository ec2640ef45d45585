"""Many movements in one request: all or none, or each on its own; each with its own leaf."""

import asyncio
from typing import Any

import pytest

from app.entry.api.bulk import ACTS_MAX
from app.kernel.db import rows_of
from app.registry.erasure.operations import ErasePerson, erase_person
from app.registry.log import store as log_store
from tests.builders.answers import refused
from tests.builders.ledger import Holders, a_batch, two_holders, writes
from tests.builders.parties import Register, Service, bearer

TRANSFERS, RETIREMENTS = "/v1/transfers/bulk", "/v1/retirements/bulk"
HELD = 100
MODES = pytest.mark.parametrize("mode", ["atomic", "independent"])


async def rich(registry: Register) -> Holders:
    holders = await two_holders(registry)
    await a_batch(registry, holders.administrator, holders.account, credits_made=HELD)
    return holders


def transfers(holders: Holders, mode: str, *amounts: int, **changes: object) -> dict[str, Any]:
    one = {"from_account": holders.account.number, "to_account": holders.elsewhere.number}
    asked = [{**one, "credits": amount, **changes} for amount in amounts]
    return {"mode": mode, "transfers": asked}


def retirements(holders: Holders, mode: str, *names: str, **changes: object) -> dict[str, Any]:
    one = {
        "from_account": holders.account.number,
        "credits": 1,
        "purpose": "individual",
        "beneficiary_kind": "person",
        "reason": "งานแต่งงาน",
    }
    return {
        "mode": mode,
        "retirements": [{**one, "beneficiary": name, **changes} for name in names],
    }


async def held(api: Service, holders: Holders) -> int:
    address = f"/v1/accounts/{holders.account.number}"
    return int((await api.get(address, headers=bearer(api, holders.auditor))).json()["credits"])


async def log_size(registry: Register) -> int:
    async with registry.read() as connection:
        return (await log_store.get_head(connection)).size


@MODES
async def test_each_act_is_done_as_if_it_had_come_alone(
    registry: Register, api: Service, mode: str
) -> None:
    """In the order given, each with its leaf, its receipt and its own place to be read."""
    holders = await rich(registry)
    size = await log_size(registry)
    body = transfers(holders, mode, 10, 20, 70)
    answer = await api.post(TRANSFERS, json=body, headers=writes(api, holders.owner))
    shown = answer.json()
    assert answer.status_code == 200
    assert "Location" not in answer.headers
    assert (shown["mode"], shown["done"], shown["refused"]) == (mode, 3, 0)
    assert [one["id"] for one in shown["outcomes"]] == [size, size + 1, size + 2]
    assert [one["credits"] for one in shown["outcomes"]] == [10, 20, 70]
    runs = [one["serials"] for one in shown["outcomes"]]
    assert runs == [["XX-1-2024-1-1-10"], ["XX-1-2024-1-11-30"], ["XX-1-2024-1-31-100"]]
    assert await log_size(registry) == size + 3
    alone = await api.get(f"/v1/transfers/{size + 1}", headers=bearer(api, holders.owner))
    assert alone.json()["credits"] == 20
    assert await held(api, holders) == 0


async def test_one_that_is_refused_refuses_them_all(registry: Register, api: Service) -> None:
    """What was done before it is taken back, and the next request finds everything as it was."""
    holders = await rich(registry)
    size = await log_size(registry)
    asked = transfers(holders, "atomic", 30, 30, 50, 10)
    headers = writes(api, holders.owner)
    together = await asyncio.gather(
        api.post(TRANSFERS, json=asked, headers=headers),
        api.post(
            TRANSFERS,
            json=transfers(holders, "atomic", 40, 60),
            headers=writes(api, holders.owner),
        ),
    )
    refused(together[0], 409, "bulk_refused")
    assert together[0].json()["facts"] == {
        "act": 3,
        "acts": 4,
        "refusal": "insufficient_credits",
    }
    assert together[1].json()["outcomes"][0]["serials"] == ["XX-1-2024-1-1-40"]
    assert await log_size(registry) == size + 2
    assert await held(api, holders) == 0


async def test_independent_acts_are_refused_one_by_one(registry: Register, api: Service) -> None:
    """Also one that names no account at all; the answer says why, in the caller's language."""
    holders = await rich(registry)
    body = transfers(holders, "independent", 60, 60, 40)
    body["transfers"].insert(1, {**body["transfers"][0], "to_account": "TH-001002-99"})
    headers = {**writes(api, holders.owner), "Accept-Language": "th"}
    shown = (await api.post(TRANSFERS, json=body, headers=headers)).json()
    assert (shown["done"], shown["refused"]) == (2, 2)
    codes = [one["refused"] and one["refused"]["code"] for one in shown["outcomes"]]
    assert codes == [None, "account_number_invalid", "insufficient_credits", None]
    assert shown["outcomes"][1]["refused"]["title"] == "หมายเลขบัญชีไม่ถูกต้อง หรือมีตัวเลขผิด"
    assert await held(api, holders) == 0


async def test_a_wrong_number_refuses_all_where_they_are_atomic(
    registry: Register, api: Service
) -> None:
    holders = await rich(registry)
    body = transfers(holders, "atomic", 1, 1)
    body["transfers"][1]["to_account"] = "TH-001002-99"
    answer = await api.post(TRANSFERS, json=body, headers=writes(api, holders.owner))
    refused(answer, 409, "bulk_refused")
    assert answer.json()["facts"]["refusal"] == "account_number_invalid"
    assert await held(api, holders) == HELD


@MODES
async def test_the_same_key_is_one_bulk(registry: Register, api: Service, mode: str) -> None:
    """Sent fifty times at once it is done once, and all fifty hear the same."""
    holders = await rich(registry)
    headers = writes(api, holders.owner, key="bulk-1")
    body = transfers(holders, mode, 5, 5)
    answers = await asyncio.gather(
        *(api.post(TRANSFERS, json=body, headers=headers) for _ in range(50))
    )
    assert {answer.content for answer in answers} == {answers[0].content}
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 49
    assert await held(api, holders) == HELD - 10
    other = await api.post(TRANSFERS, json=transfers(holders, mode, 6), headers=headers)
    refused(other, 409, "idempotency_key_reused")


@MODES
async def test_a_dry_run_changes_nothing(registry: Register, api: Service, mode: str) -> None:
    holders = await rich(registry)
    size = await log_size(registry)
    body = transfers(holders, mode, 60, 60)
    answer = await api.post(
        TRANSFERS, params={"dry_run": "true"}, json=body, headers=writes(api, holders.owner)
    )
    if mode == "atomic":
        refused(answer, 409, "bulk_refused")
    else:
        shown = answer.json()
        assert shown["dry_run"]
        assert [one["id"] for one in shown["outcomes"]] == [None, None]
        assert [one["refused"] is None for one in shown["outcomes"]] == [True, False]
    assert await log_size(registry) == size


async def test_a_thousand_fit_and_one_more_does_not(registry: Register, api: Service) -> None:
    holders = await two_holders(registry)
    await a_batch(registry, holders.administrator, holders.account, credits_made=ACTS_MAX)
    many = transfers(holders, "atomic", *[1] * (ACTS_MAX + 1))
    answer = await api.post(TRANSFERS, json=many, headers=writes(api, holders.owner))
    refused(answer, 422, "malformed")
    many["transfers"].pop()
    shown = (await api.post(TRANSFERS, json=many, headers=writes(api, holders.owner))).json()
    assert shown["done"] == ACTS_MAX
    assert await held(api, holders) == 0


@MODES
async def test_many_are_retired_in_many_names(registry: Register, api: Service, mode: str) -> None:
    """Each with its own statement and commitment; a purpose that is not in use refuses its act."""
    holders = await rich(registry)
    body = retirements(holders, mode, "มะลิ", "ชบา")
    shown = (await api.post(RETIREMENTS, json=body, headers=writes(api, holders.owner))).json()
    assert shown["done"] == 2
    first, second = shown["outcomes"]
    assert first["commitment"] != second["commitment"]
    read = await api.get(f"/v1/retirements/{second['id']}", headers=bearer(api, holders.owner))
    assert (read.json()["beneficiary"], read.json()["commitment"]) == (
        "ชบา",
        second["commitment"],
    )
    unknown = retirements(holders, "independent", "มะลิ", purpose="no_such_purpose")
    headers = writes(api, holders.owner)
    answer = (await api.post(RETIREMENTS, json=unknown, headers=headers)).json()
    assert answer["outcomes"][0]["refused"]["code"] == "purpose_unknown"


async def test_the_answer_goes_with_the_first_who_is_erased(
    registry: Register, api: Service
) -> None:
    """What was asked names everybody, and its digest could be found by trying."""
    holders = await rich(registry)
    headers = writes(api, holders.owner, key="names")
    body = retirements(holders, "atomic", "มะลิ", "ชบา")
    shown = (await api.post(RETIREMENTS, json=body, headers=headers)).json()
    kept = writes(api, holders.owner, key="others")
    await api.post(RETIREMENTS, json=retirements(holders, "atomic", "จำปา"), headers=kept)
    erase = ErasePerson(acts=(shown["outcomes"][1]["id"],))
    await registry.do(
        holders.administrator, lambda pen: erase_person(pen, holders.administrator, erase)
    )
    refused(await api.post(RETIREMENTS, json=body, headers=headers), 410, "answer_erased")
    async with registry.read() as connection:
        rows = await rows_of(connection, "SELECT key FROM answers WHERE body IS NULL")
    assert [row["key"] for row in rows] == ["names"]
