"""Freezes and reversals over HTTP: who sees what, and where it is shown."""

from typing import Any

import pytest

from app.entry.api.order_shapes import OrderShown
from app.registry.parties.policy import Actor
from tests.builders.ledger import Holders, a_batch, move, named, oldest, two_holders, writes
from tests.builders.parties import bearer
from tests.conftest import Api, Registry

X = "XX-1-2024-1"
PAPER = {"reason": "Court order Por. 7/2569", "document_sha256": "ab" * 32}


@pytest.fixture
async def holders(registry: Registry) -> Holders:
    made = await two_holders(registry)
    await a_batch(registry, made.administrator, made.account, credits_made=100, prefix=X)
    return made


async def order(api: Api, holders: Holders, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Have something ordered by two officers."""
    proposed = await api.post(path, json={**PAPER, **body}, headers=bearer(api, holders.officer))
    assert proposed.status_code == 201, proposed.text
    address = proposed.headers["Location"]
    read = await api.get(address, headers=bearer(api, holders.approver))
    assert read.json()["reason"] == PAPER["reason"]
    given = await api.post(
        f"{address}/approval",
        json={"digest": read.json()["digest"]},
        headers=writes(api, holders.approver),
    )
    assert given.status_code == 200, given.text
    done: dict[str, Any] = given.json()
    assert OrderShown.model_validate(done).done_by_act is not None
    return done


async def seen(api: Api, path: str, actor: Actor | None = None, **query: Any) -> Any:  # noqa: ANN401
    headers = {} if actor is None else bearer(api, actor)
    answer = await api.get(path, params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_what_is_frozen_is_shown_where_it_is_looked_up(api: Api, holders: Holders) -> None:
    number = holders.account.number
    account, batch, serials = f"/v1/accounts/{number}", f"/v1/batches/{X}", "/v1/serials"
    assert (await seen(api, account, holders.owner))["frozen"] is False
    frozen = await order(api, holders, "/v1/freezes", {"account": number})
    some = await order(api, holders, "/v1/freezes", {"batch": X, "first": 11, "last": 20})
    assert (await seen(api, account, holders.owner))["frozen"] is True
    assert (await seen(api, "/v1/accounts", holders.owner))["data"][0]["frozen"] is True
    assert (await seen(api, batch))["frozen"] is True
    assert (await seen(api, serials, serial=f"{X}-20-30"))["runs"][0]["frozen"] is True
    assert (await seen(api, serials, serial=f"{X}-21-30"))["runs"][0]["frozen"] is False
    listed = (await seen(api, "/v1/freezes"))["data"]
    assert [(f["id"], f["account"], f["batch"], f["first"], f["last"]) for f in listed] == [
        (frozen["id"], number, None, None, None),
        (some["id"], None, X, 11, 20),
    ]
    assert (await seen(api, "/v1/freezes", account=number))["data"] == listed[:1]
    assert (await seen(api, "/v1/freezes", batch=X))["data"] == listed[1:]
    for who, reason in (
        (None, None),
        (holders.owner, None),
        (holders.auditor, PAPER["reason"]),
    ):
        told = (await seen(api, "/v1/freezes", who))["data"]
        assert {f["reason"] for f in told} == {reason}
        assert all((f["salt"] is None) == (reason is None) for f in told)
    await order(api, holders, f"/v1/freezes/{some['id']}/release", {})
    assert (await seen(api, "/v1/freezes"))["data"] == listed[:1]
    released = (await seen(api, "/v1/freezes", standing="false"))["data"][1]
    assert released["released_by_act"] is not None
    assert (await seen(api, batch))["frozen"] is False


async def test_what_is_frozen_is_refused_with_a_code_of_its_own(api: Api, holders: Holders) -> None:
    body = {
        "from_account": holders.account.number,
        "to_account": holders.elsewhere.number,
        "serials": [{"batch": X, "first": 1, "last": 2}],
    }
    serials = await order(api, holders, "/v1/freezes", {"batch": X, "first": 2, "last": 2})
    for code in ("credits_frozen", "account_frozen"):
        for path, asked in (
            ("/v1/transfers", body),
            ("/v1/transfers/bulk", {"mode": "independent", "transfers": [body]}),
            ("/v1/transfers/bulk", {"mode": "atomic", "transfers": [body]}),
        ):
            answer = await api.post(path, json=asked, headers=writes(api, holders.owner))
            assert answer.status_code in {200, 409}, answer.text
            assert code in answer.text
        await order(api, holders, "/v1/freezes", {"account": holders.account.number})
    await order(api, holders, f"/v1/freezes/{serials['id']}/release", {})


async def test_a_reversal_is_linked_both_ways(
    registry: Registry, api: Api, holders: Holders
) -> None:
    choice = named((X, 1, 10))
    error = await move(registry, holders.owner, holders.account, holders.elsewhere, choice)
    other = await move(registry, holders.owner, holders.account, holders.elsewhere, oldest(1))
    done = await order(api, holders, "/v1/reversals", {"act": error.log_index})
    back = done["done_by_act"]
    for reader in (holders.owner, holders.other, holders.auditor):
        shown = await seen(api, f"/v1/transfers/{error.log_index}", reader)
        assert (shown["reverses"], shown["reversed_by"]) == (None, back)
        shown = await seen(api, f"/v1/transfers/{back}", reader)
        assert (shown["kind"], shown["reverses"]) == ("reversed", error.log_index)
    shown = await seen(api, f"/v1/transfers/{other.log_index}", holders.owner)
    assert (shown["reverses"], shown["reversed_by"]) == (None, None)
    history = (await seen(api, "/v1/serials", serial=f"{X}-1-10"))["runs"][0]["history"]
    assert [(s["kind"], s["reverses"], s["reversed_by"]) for s in history] == [
        ("reversed", error.log_index, None),
        ("transferred", None, back),
        ("taken_over", None, None),
    ]
    entries = await seen(api, "/v1/ledger/entries", holders.auditor, kind="reversed")
    assert [e["log_index"] for e in entries["data"]] == [back]


async def test_orders_are_read_by_the_authority_alone(api: Api, holders: Holders) -> None:
    given = await order(api, holders, "/v1/freezes", {"batch": X})
    assert [o["id"] for o in (await seen(api, "/v1/orders", holders.auditor))["data"]] == [
        given["id"]
    ]
    one = f"/v1/orders/{given['id']}"
    for path, code in (("/v1/orders", "not_allowed"), (one, "order_not_found")):
        answer = await api.get(path, headers=bearer(api, holders.owner))
        assert answer.json()["code"] == code
