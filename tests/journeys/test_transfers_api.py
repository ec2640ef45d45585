"""Transfers over HTTP: what moves, what is refused, and what a retry gets."""

import asyncio
from typing import Any

import pytest

from app.registry.ledger.rules import BUFFER, RANGES_PER_ACT_MAX
from app.registry.ledger.serials import account_number
from app.registry.parties.rules import Role
from tests.builders.answers import refused
from tests.builders.ledger import (
    Holders,
    a_batch,
    move,
    named,
    oldest,
    party_of,
    two_holders,
    writes,
)
from tests.builders.parties import Register, Service, a_vvb, an_actor, bearer

X, Y = "XX-1-2024-1", "XX-1-2023-1"
PATH = "/v1/transfers"


async def rich(registry: Register) -> Holders:
    """The owner holds ten credits each of vintage 2024 and 2023."""
    holders = await two_holders(registry)
    for prefix, vintage in ((X, 2024), (Y, 2023)):
        await a_batch(
            registry,
            holders.administrator,
            holders.account,
            credits_made=10,
            vintage=vintage,
            prefix=prefix,
        )
    return holders


def a_transfer(holders: Holders, **choice: object) -> dict[str, Any]:
    return {
        "from_account": holders.account.number,
        "to_account": holders.elsewhere.number,
        **(choice or {"credits": 12}),
    }


def a_range(first: int, last: int, batch: str = X) -> dict[str, Any]:
    return {"batch": batch, "first": first, "last": last}


async def held(api: Service, holders: Holders) -> tuple[int, int]:
    headers = bearer(api, holders.auditor)
    totals = [
        (await api.get(f"/v1/accounts/{account.number}", headers=headers)).json()["credits"]
        for account in (holders.account, holders.elsewhere)
    ]
    return totals[0], totals[1]


async def test_a_transfer_says_which_serials_moved(registry: Register, api: Service) -> None:
    """Oldest vintage first; both parties and TGO can read it again."""
    holders = await rich(registry)
    response = await api.post(PATH, json=a_transfer(holders), headers=writes(api, holders.owner))
    assert response.status_code == 201
    shown = response.json()
    assert response.headers["Location"] == f"{PATH}/{shown['id']}"
    assert shown["kind"] == "transferred"
    assert (shown["from_account"], shown["to_account"]) == (
        holders.account.number,
        holders.elsewhere.number,
    )
    assert (shown["credits"], shown["dry_run"]) == (12, False)
    assert shown["moved"] == [
        {
            "serials": f"{Y}-1-10",
            "batch": Y,
            "vintage": 2023,
            "first": 1,
            "last": 10,
            "credits": 10,
        },
        {"serials": f"{X}-1-2", "batch": X, "vintage": 2024, "first": 1, "last": 2, "credits": 2},
    ]
    assert await held(api, holders) == (8, 12)
    known = {**shown, "reverses": None, "reversed_by": None}
    for actor in (holders.owner, holders.other, holders.auditor, holders.officer):
        read = await api.get(response.headers["Location"], headers=bearer(api, actor))
        assert (read.status_code, read.json()) == (200, known)


async def test_a_transfer_is_not_shown_to_strangers(registry: Register, api: Service) -> None:
    holders = await rich(registry)
    movement = await move(registry, holders.owner, holders.account, holders.elsewhere, oldest(1))
    path = f"{PATH}/{movement.log_index}"
    lead, _ = await a_vvb(registry)
    refused(await api.get(path), 401, "not_signed_in")
    refused(await api.get(path, headers=bearer(api, lead)), 404, "movement_not_found")
    headers = bearer(api, holders.owner)
    for index, status, code in (
        (0, 404, "movement_not_found"),
        (movement.log_index - 1, 404, "movement_not_found"),
        (movement.log_index + 1, 404, "movement_not_found"),
        (2**53 - 1, 404, "movement_not_found"),
        (2**53, 422, "malformed"),
        (-1, 422, "malformed"),
        ("x", 422, "malformed"),
    ):
        refused(await api.get(f"{PATH}/{index}", headers=headers), status, code)


@pytest.mark.parametrize(
    ("choice", "moved"),
    [
        ({"credits": 3, "vintage": 2024}, [(X, 1, 3)]),
        ({"credits": 3, "batch": X}, [(X, 1, 3)]),
        ({"credits": 3, "batch": X, "vintage": 2024}, [(X, 1, 3)]),
        ({"credits": 3.0}, [(Y, 1, 3)]),
        ({"serials": [a_range(4, 4)]}, [(X, 4, 4)]),
        (
            {"serials": [a_range(1, 2), a_range(5, 6), a_range(9, 10, Y)]},
            [(X, 1, 2), (X, 5, 6), (Y, 9, 10)],
        ),
        ({"serials": [a_range(9, 10), a_range(1, 2)]}, [(X, 9, 10), (X, 1, 2)]),
    ],
    ids=str,
)
async def test_credits_are_chosen_in_every_way(
    registry: Register, api: Service, choice: dict[str, Any], moved: list[tuple[str, int, int]]
) -> None:
    holders = await rich(registry)
    response = await api.post(
        PATH, json=a_transfer(holders, **choice), headers=writes(api, holders.owner)
    )
    assert response.status_code == 201, response.text
    shown = response.json()["moved"]
    assert [(run["batch"], run["first"], run["last"]) for run in shown] == moved


async def test_trying_a_transfer_out_changes_nothing(registry: Register, api: Service) -> None:
    holders = await rich(registry)
    before = (await api.get("/v1/log/head")).json()
    headers = writes(api, holders.owner)
    would = await api.post(f"{PATH}?dry_run=true", json=a_transfer(holders), headers=headers)
    assert would.status_code == 200
    assert "Location" not in would.headers
    assert (would.json()["id"], would.json()["dry_run"]) == (None, True)
    assert (await api.get("/v1/log/head")).json() == before
    did = await api.post(PATH, json=a_transfer(holders), headers=writes(api, holders.owner))
    assert did.json()["moved"] == would.json()["moved"]
    too_many = a_transfer(holders, credits=21)
    headers = writes(api, holders.owner)
    refusal = await api.post(f"{PATH}?dry_run=true", json=too_many, headers=headers)
    refused(refusal, 409, "insufficient_credits")


async def test_a_retry_gets_the_first_reply(registry: Register, api: Service) -> None:
    """Byte for byte, and the credits move once; however many retries are under way."""
    holders = await rich(registry)
    headers = writes(api, holders.owner, key="0190f3c1-5d7a-7c3e-9b0e-2f6a1c9d4e55")
    body = a_transfer(holders)
    answers = await asyncio.gather(*(api.post(PATH, json=body, headers=headers) for _ in range(4)))
    late = await api.post(PATH, json=body, headers=headers)
    assert {(a.status_code, a.content, a.headers["Location"]) for a in [*answers, late]} == {
        (201, late.content, late.headers["Location"])
    }
    assert sum("Idempotency-Replayed" not in a.headers for a in answers) == 1
    assert late.headers["Idempotency-Replayed"] == "true"
    assert await held(api, holders) == (8, 12)


async def test_a_key_is_bound_to_its_request(registry: Register, api: Service) -> None:
    """Another body, or another address, is another request."""
    holders = await rich(registry)
    headers = writes(api, holders.owner, key="k-1")
    assert (
        await api.post(PATH, json=a_transfer(holders, credits=1), headers=headers)
    ).status_code == 201
    for path, body in (
        (PATH, a_transfer(holders, credits=2)),
        (f"{PATH}?dry_run=false", a_transfer(holders, credits=1)),
    ):
        response = await api.post(path, json=body, headers=headers)
        refused(response, 409, "idempotency_key_reused")
    assert await held(api, holders) == (19, 1)


async def test_a_refused_transfer_does_not_use_its_key_up(registry: Register, api: Service) -> None:
    holders = await two_holders(registry)
    headers = writes(api, holders.owner, key="k-1")
    body = a_transfer(holders, credits=5)
    refused(await api.post(PATH, json=body, headers=headers), 409, "insufficient_credits")
    await a_batch(registry, holders.administrator, holders.account)
    assert (await api.post(PATH, json=body, headers=headers)).status_code == 201


async def test_credits_do_not_move_without_a_key(registry: Register, api: Service) -> None:
    """A retry could then move them twice."""
    holders = await rich(registry)
    headers = bearer(api, holders.owner)
    for path in (PATH, f"{PATH}?dry_run=true"):
        response = await api.post(path, json=a_transfer(holders), headers=headers)
        refused(response, 422, "idempotency_key_required")
    thai = {**headers, "Accept-Language": "th-TH, en;q=0.5"}
    response = await api.post(PATH, json=a_transfer(holders), headers=thai)
    assert response.json()["title"] == "คำขอที่ย้ายเครดิตต้องมี Idempotency-Key"
    for key in ("", "a b", "x" * 101):
        answer = await api.post(
            PATH, json=a_transfer(holders), headers={**headers, "Idempotency-Key": key}
        )
        refused(answer, 422, "malformed")


async def test_only_those_who_move_credits_of_the_account_do(
    registry: Register, api: Service
) -> None:
    holders = await rich(registry)
    viewer = await an_actor(registry, await party_of(registry, holders.owner), Role.HOLDER_VIEWER)
    body = a_transfer(holders)
    nobody = await api.post(PATH, json=body, headers={"Idempotency-Key": "k"})
    refused(nobody, 401, "not_signed_in")
    for actor, status, code in (
        (viewer, 403, "not_allowed"),
        (holders.administrator, 403, "not_allowed"),
        (holders.auditor, 403, "not_allowed"),
        (holders.other, 404, "account_not_found"),
    ):
        response = await api.post(PATH, json=body, headers=writes(api, actor))
        refused(response, status, code)
    assert await held(api, holders) == (20, 0)


def refusals(holders: Holders) -> list[tuple[dict[str, Any], int, str]]:
    account = holders.account.number
    wrong = f"{account[:-2]}{(int(account[-2:]) + 1) % 100:02d}"
    return [
        ({"credits": 21}, 409, "insufficient_credits"),
        ({"credits": 11, "batch": X}, 409, "insufficient_credits"),
        ({"credits": 1, "vintage": 2020}, 409, "insufficient_credits"),
        ({"credits": 1, "batch": "ZZ-1"}, 404, "batch_not_found"),
        ({"credits": None}, 409, "choice_unclear"),
        ({"credits": 1, "serials": [a_range(1, 1)]}, 409, "choice_unclear"),
        ({"credits": None, "batch": X, "serials": [a_range(1, 1)]}, 409, "choice_unclear"),
        ({"credits": None, "serials": [a_range(2, 1)]}, 409, "range_reversed"),
        ({"credits": None, "serials": [a_range(1, 3), a_range(3, 4)]}, 409, "ranges_overlap"),
        ({"credits": None, "serials": [a_range(10, 11)]}, 409, "serials_not_held"),
        ({"credits": None, "serials": [a_range(1, 1, "ZZ-1")]}, 409, "serials_not_held"),
        ({"to_account": account}, 409, "same_account"),
        ({"to_account": account_number(BUFFER)}, 409, "registry_account"),
        ({"to_account": account_number(9_999)}, 404, "account_not_found"),
        ({"to_account": wrong}, 404, "account_number_invalid"),
        ({"from_account": wrong}, 404, "account_number_invalid"),
        ({"from_account": account_number(BUFFER)}, 404, "account_not_found"),
        ({"from_account": account_number(9_999)}, 404, "account_not_found"),
    ]


async def test_each_refusal_of_a_transfer_has_its_code(registry: Register, api: Service) -> None:
    """And moves nothing."""
    holders = await rich(registry)
    for change, status, code in refusals(holders):
        body = a_transfer(holders, credits=1) | change
        response = await api.post(PATH, json=body, headers=writes(api, holders.owner))
        refused(response, status, code)
        assert response.json()["detail"]
        assert "{" not in response.json()["detail"]
    assert await held(api, holders) == (20, 0)


MALFORMED: list[dict[str, Any]] = [
    {"credits": 0},
    {"credits": -1},
    {"credits": 1.5},
    {"credits": "5"},
    {"credits": True},
    {"credits": 2**53},
    {"vintage": 1989},
    {"vintage": 2201},
    {"vintage": "2024"},
    {"batch": "x"},
    {"batch": "X-1; DROP"},
    {"serials": [{"batch": X, "first": 1}]},
    {"serials": [a_range(0, 1)]},
    {"serials": [a_range(1, 2**53)]},
    {"serials": [a_range(1, 1) | {"state": "held"}]},
    {"serials": "X-1-5"},
    {"serials": [a_range(n, n) for n in range(1, RANGES_PER_ACT_MAX + 2)]},
    {"from_account": "1001"},
    {"from_account": None},
    {"credit": 5},
]


async def test_what_has_not_the_declared_form_is_refused_by_name(
    registry: Register, api: Service
) -> None:
    """A misspelt field must not be ignored in silence, nor a number guessed from text."""
    holders = await rich(registry)
    for change in MALFORMED:
        body = a_transfer(holders, credits=1) | change
        response = await api.post(PATH, json=body, headers=writes(api, holders.owner))
        refused(response, 422, "malformed")
        (name,) = change
        pointers = [error["pointer"] for error in response.json()["errors"]]
        assert pointers
        assert all(pointer.startswith(f"/body/{name}") for pointer in pointers)
    assert await held(api, holders) == (20, 0)


async def test_as_many_ranges_as_one_act_takes_are_named(registry: Register, api: Service) -> None:
    holders = await two_holders(registry)
    await a_batch(registry, holders.administrator, holders.account, credits_made=200)
    ranges = [a_range(n, n) for n in range(1, 2 * RANGES_PER_ACT_MAX, 2)]
    response = await api.post(
        PATH, json=a_transfer(holders, serials=ranges), headers=writes(api, holders.owner)
    )
    assert (response.status_code, len(response.json()["moved"])) == (201, RANGES_PER_ACT_MAX)
    again = await move(
        registry, holders.other, holders.elsewhere, holders.account, named((X, 199, 199))
    )
    assert again.credits == 1


async def test_an_unknown_parameter_is_refused(registry: Register, api: Service) -> None:
    """`dryrun=true` must not move credits."""
    holders = await rich(registry)
    for query in ("dryrun=true", "dry_run=maybe"):
        response = await api.post(
            f"{PATH}?{query}", json=a_transfer(holders), headers=writes(api, holders.owner)
        )
        refused(response, 422, "malformed")
    assert await held(api, holders) == (20, 0)
