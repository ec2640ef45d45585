"""Retirements and cancellations over HTTP: what ends, in whose name, and who is shown the name."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from app.kernel.clock import bangkok_date, now
from app.kernel.encoding import canonical_bytes
from app.registry.erasure.operations import ErasePerson, erase_person
from app.registry.ledger import operations
from app.registry.ledger.rules import BUFFER, CANCELLED, RETIRED, EntryKind
from app.registry.ledger.serials import account_number
from app.registry.parties.rules import Role
from tests.builders.answers import every_row, refused
from tests.builders.ledger import (
    Holders,
    a_batch,
    an_ending,
    move,
    oldest,
    party_of,
    retire,
    two_holders,
    writes,
)
from tests.builders.parties import Register, Service, a_vvb, an_actor, bearer, do

X = "XX-1-2024-1"
BOTH = pytest.mark.parametrize("path", ["/v1/retirements", "/v1/cancellations"])
NAMES = ("beneficiary", "beneficiary_kind", "beneficiary_identifier", "reason", "salt")


async def rich(registry: Register) -> Holders:
    holders = await two_holders(registry)
    await a_batch(registry, holders.administrator, holders.account, credits_made=100)
    return holders


def an_end(holders: Holders, **changes: object) -> dict[str, Any]:
    body: dict[str, Any] = {
        "from_account": holders.account.number,
        "credits": 5,
        "purpose": "individual",
        "beneficiary": "มะลิ ใจดี",
        "beneficiary_kind": "person",
        "visibility": "public",
        "beneficiary_identifier": "1234567890121",
        "reason": "งานแต่งงาน",
    }
    return body | changes


@pytest.mark.parametrize(
    ("path", "kind", "account"),
    [
        ("/v1/retirements", "retired", RETIRED),
        ("/v1/cancellations", "cancelled", CANCELLED),
    ],
)
async def test_credits_end_in_somebodys_name(
    registry: Register, api: Service, path: str, kind: str, account: int
) -> None:
    """The answer of the act carries no name: answers are kept, and names must stay erasable."""
    holders = await rich(registry)
    response = await api.post(path, json=an_end(holders), headers=writes(api, holders.owner))
    assert response.status_code == 201, response.text
    shown = response.json()
    assert response.headers["Location"] == f"{path}/{shown['id']}"
    assert (shown["kind"], shown["to_account"]) == (kind, account_number(account))
    assert (shown["credits"], shown["purpose"], shown["visibility"]) == (5, "individual", "public")
    assert [run["serials"] for run in shown["moved"]] == [f"{X}-1-5"]
    assert shown["happened_on"] == bangkok_date(now()).isoformat()
    assert not shown.keys() & set(NAMES)
    read = await api.get(response.headers["Location"])
    assert read.status_code == 200
    assert read.json() == shown | {
        "beneficiary": "มะลิ ใจดี",
        "beneficiary_kind": "person",
        "beneficiary_identifier": "1234567890121",
        "reason": "งานแต่งงาน",
        "salt": read.json()["salt"],
    }


async def test_anybody_checks_a_statement_against_its_commitment(
    registry: Register, api: Service
) -> None:
    """With SHA-256 and the leaf from the public log, and nothing else of ours."""
    holders = await rich(registry)
    done = await api.post(
        "/v1/retirements", json=an_end(holders), headers=writes(api, holders.owner)
    )
    shown = (await api.get(done.headers["Location"])).json()
    statement = canonical_bytes(
        {
            "beneficiary": shown["beneficiary"],
            "kind": shown["beneficiary_kind"],
            "identifier": shown["beneficiary_identifier"],
            "reason": shown["reason"],
        }
    )
    digest = hashlib.sha256(bytes.fromhex(shown["salt"]) + statement).hexdigest()
    entry = (await api.get(f"/v1/log/entries/{shown['id']}")).json()
    assert digest == shown["commitment"] == entry["act"]["data"]["statement"]
    assert "มะลิ" not in str(entry)


async def test_a_person_is_public_only_where_somebody_decided_so(
    registry: Register, api: Service
) -> None:
    """A form that leaves the question out must not publish a person's name."""
    holders = await rich(registry)
    for kind, expected in (("person", "anonymous"), ("organisation", "public")):
        body = an_end(holders, beneficiary_kind=kind)
        del body["visibility"]
        done = await api.post("/v1/retirements", json=body, headers=writes(api, holders.owner))
        assert done.json()["visibility"] == expected


@BOTH
async def test_an_anonymous_beneficiary_is_shown_to_the_owner_and_tgo(
    registry: Register, api: Service, path: str
) -> None:
    """The public sees that credits ended; who the beneficiary is, it does not."""
    holders = await rich(registry)
    viewer = await an_actor(registry, await party_of(registry, holders.owner), Role.HOLDER_VIEWER)
    lead, _ = await a_vvb(registry)
    body = an_end(holders, visibility="anonymous")
    done = await api.post(path, json=body, headers=writes(api, holders.owner))
    address = done.headers["Location"]
    for actor in (None, holders.other, lead):
        headers = {} if actor is None else bearer(api, actor)
        (listed,) = (await api.get(path, headers=headers)).json()["data"]
        shown = (await api.get(address, headers=headers)).json()
        assert shown == listed
        assert [shown[name] for name in NAMES] == [None] * len(NAMES)
        assert (shown["credits"], shown["visibility"]) == (5, "anonymous")
    for actor in (holders.owner, viewer, holders.auditor, holders.officer):
        headers = bearer(api, actor)
        (listed,) = (await api.get(path, headers=headers)).json()["data"]
        shown = (await api.get(address, headers=headers)).json()
        assert shown == listed
        assert (shown["beneficiary"], shown["reason"]) == ("มะลิ ใจดี", "งานแต่งงาน")


async def test_an_erased_name_is_shown_to_nobody(registry: Register, api: Service) -> None:
    holders = await rich(registry)
    movement = await retire(registry, holders.owner, holders.account, oldest(5))
    await do(registry, holders.administrator, erase_person, ErasePerson((movement.log_index,)))
    for headers in ({}, bearer(api, holders.owner), bearer(api, holders.auditor)):
        response = await api.get(f"/v1/retirements/{movement.log_index}", headers=headers)
        shown = response.json()
        assert (response.status_code, shown["credits"]) == (200, 5)
        assert [shown[name] for name in NAMES] == [None] * len(NAMES)
        assert len(shown["commitment"]) == 64


async def test_what_is_left_out_is_the_usual(registry: Register, api: Service) -> None:
    """An organisation, in public, today, without a reason."""
    holders = await rich(registry)
    body = {
        "from_account": holders.account.number,
        "serials": [{"batch": X, "first": 7, "last": 8}, {"batch": X, "first": 10, "last": 10}],
        "purpose": "organisation",
        "beneficiary": " Khon Kaen City Municipality ",
    }
    done = await api.post("/v1/retirements", json=body, headers=writes(api, holders.owner))
    assert done.status_code == 201
    shown = (await api.get(done.headers["Location"])).json()
    assert (shown["beneficiary"], shown["beneficiary_kind"]) == (
        "Khon Kaen City Municipality",
        "organisation",
    )
    assert (shown["beneficiary_identifier"], shown["reason"]) == (None, None)
    assert (shown["visibility"], shown["credits"]) == ("public", 3)


def refusals(holders: Holders) -> list[tuple[dict[str, Any], int, str]]:
    tomorrow = (bangkok_date(now()) + timedelta(days=1)).isoformat()
    return [
        ({"credits": 101}, 409, "insufficient_credits"),
        ({"credits": None}, 409, "choice_unclear"),
        ({"batch": "ZZ-1"}, 404, "batch_not_found"),
        ({"purpose": "fun_and_games"}, 409, "purpose_unknown"),
        ({"happened_on": tomorrow}, 409, "happened_ahead"),
        ({"from_account": holders.elsewhere.number}, 404, "account_not_found"),
        ({"from_account": account_number(BUFFER)}, 404, "account_not_found"),
        ({"from_account": "TH-001001-00"}, 404, "account_number_invalid"),
        ({"purpose": "Fun"}, 422, "malformed"),
        ({"beneficiary": " "}, 422, "malformed"),
        ({"beneficiary": "x" * 201}, 422, "malformed"),
        ({"beneficiary": "a\x00"}, 422, "malformed"),
        ({"beneficiary_kind": "robot"}, 422, "malformed"),
        ({"reason": "x" * 2_001}, 422, "malformed"),
        ({"visibility": "secret"}, 422, "malformed"),
        ({"happened_on": "2026-02-30"}, 422, "malformed"),
        ({"happened_on": "2026-01-01T00:00:00Z"}, 422, "malformed"),
        ({"happened_on": 0}, 422, "malformed"),
        ({"to_account": "TH-001001-05"}, 422, "malformed"),
    ]


@BOTH
async def test_each_refusal_of_an_ending_has_its_code(
    registry: Register, api: Service, path: str
) -> None:
    """And ends nothing."""
    holders = await rich(registry)
    for change, status, code in refusals(holders):
        body = an_end(holders) | change
        response = await api.post(path, json=body, headers=writes(api, holders.owner))
        refused(response, status, code)
    unknown = await api.post(
        path, json=an_end(holders, purpose="fun"), headers=writes(api, holders.owner)
    )
    assert "organisation" in unknown.json()["facts"]["allowed"]
    assert (await api.get(path)).json()["data"] == []


@BOTH
async def test_only_those_who_move_credits_of_the_account_end_them(
    registry: Register, api: Service, path: str
) -> None:
    holders = await rich(registry)
    viewer = await an_actor(registry, await party_of(registry, holders.owner), Role.HOLDER_VIEWER)
    nobody = await api.post(path, json=an_end(holders), headers={"Idempotency-Key": "k"})
    refused(nobody, 401, "not_signed_in")
    for actor, status, code in (
        (viewer, 403, "not_allowed"),
        (holders.approver, 403, "not_allowed"),
        (holders.other, 404, "account_not_found"),
    ):
        response = await api.post(path, json=an_end(holders), headers=writes(api, actor))
        refused(response, status, code)
    response = await api.post(path, json=an_end(holders), headers=bearer(api, holders.owner))
    refused(response, 422, "idempotency_key_required")


@BOTH
async def test_an_ending_is_tried_out_and_retried(
    registry: Register, api: Service, path: str
) -> None:
    holders = await rich(registry)
    headers = writes(api, holders.owner, key="k-1")
    would = await api.post(f"{path}?dry_run=true", json=an_end(holders), headers=headers)
    assert (would.status_code, would.json()["id"]) == (200, None)
    assert (await api.get(path)).json()["data"] == []
    first = await api.post(path, json=an_end(holders), headers=headers)
    again = await api.post(path, json=an_end(holders), headers=headers)
    assert (first.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len((await api.get(path)).json()["data"]) == 1
    stray = await api.post(f"{path}?dryrun=true", json=an_end(holders), headers=headers)
    refused(stray, 422, "malformed")


async def test_endings_are_listed_newest_first_and_apart(registry: Register, api: Service) -> None:
    """Whoever reads page by page sees each once."""
    holders = await rich(registry)
    await move(registry, holders.owner, holders.account, holders.elsewhere, oldest(20))
    retired = [
        (await retire(registry, holders.owner, holders.account, oldest(n))).log_index
        for n in (1, 2, 3)
    ]
    retired.append((await retire(registry, holders.other, holders.elsewhere, oldest(4))).log_index)
    ending = an_ending(EntryKind.CANCELLED)
    cancelled = await retire(registry, holders.owner, holders.account, oldest(5), ending)
    for limit in (1, 2, 10):
        rows = await every_row(api, "/v1/retirements", limit=limit)
        assert [row["id"] for row in rows] == retired[::-1]
        assert [row["credits"] for row in rows] == [4, 3, 2, 1]
    (row,) = await every_row(api, "/v1/cancellations", limit=10)
    assert row["id"] == cancelled.log_index
    own = f"/v1/retirements?account={holders.account.number}"
    for actor in (holders.owner, holders.auditor):
        rows = await every_row(api, own, bearer(api, actor), limit=2)
        assert [row["id"] for row in rows] == retired[2::-1]


async def test_endings_are_listed_by_when_they_were_recorded(
    registry: Register, api: Service
) -> None:
    """From a moment on, it included, and before another, page by page as well."""
    holders = await rich(registry)
    for n in (1, 2, 3, 4):
        await retire(registry, holders.owner, holders.account, oldest(n))
    rows = await every_row(api, "/v1/retirements", limit=10)
    moments = [row["recorded_at"] for row in rows]
    for since, before in ((1, 3), (0, 4), (2, 2)):
        asked = f"recorded_before={moments[since]}&recorded_from={moments[before - 1]}"
        found = await every_row(api, f"/v1/retirements?{asked}", limit=1)
        assert found == [
            row for row in rows if moments[before - 1] <= row["recorded_at"] < moments[since]
        ]
    own = f"/v1/retirements?account={holders.account.number}&recorded_before={moments[1]}"
    found = await every_row(api, own, bearer(api, holders.owner), limit=1)
    assert found == [row for row in rows if row["recorded_at"] < moments[1]]
    refused(await api.get("/v1/retirements?recorded_from=2026"), 422, "malformed")


@BOTH
async def test_what_is_not_there_is_not_found(registry: Register, api: Service, path: str) -> None:
    """One kind of ending is not found among the other, nor a transfer among either."""
    holders = await rich(registry)
    moved = await move(registry, holders.owner, holders.account, holders.elsewhere, oldest(1))
    retired = await retire(registry, holders.owner, holders.account, oldest(1))
    ending = an_ending(EntryKind.CANCELLED)
    cancelled = await retire(registry, holders.owner, holders.account, oldest(1), ending)
    own, other = (retired, cancelled) if "retirements" in path else (cancelled, retired)
    assert (await api.get(f"{path}/{own.log_index}")).status_code == 200
    for index in (other.log_index, moved.log_index, 0, 2**53 - 1):
        refused(await api.get(f"{path}/{index}"), 404, "movement_not_found")
    refused(await api.get(f"{path}/x"), 422, "malformed")
    refused(await api.get(f"{path}?cursor=abc"), 404, "cursor_invalid")
    refused(await api.get(f"{path}?acount=x"), 422, "malformed")


@BOTH
async def test_an_accounts_endings_are_listed_to_those_who_may_see_it(
    registry: Register, api: Service, path: str
) -> None:
    """The public list tells from which account credits came; asking by account is the owner's."""
    holders = await rich(registry)
    for headers in ({}, bearer(api, holders.other)):
        response = await api.get(f"{path}?account={holders.account.number}", headers=headers)
        refused(response, 404, "account_not_found")
    registrys = f"{path}?account={account_number(BUFFER)}"
    refused(await api.get(registrys, headers=bearer(api, holders.owner)), 404, "account_not_found")
    assert (await api.get(registrys, headers=bearer(api, holders.auditor))).status_code == 200
    for number in (account_number(9_999), "TH-001001-00"):
        response = await api.get(f"{path}?account={number}", headers=bearer(api, holders.owner))
        assert response.status_code == 404
    bad = {"Authorization": "Bearer nonsense"}
    assert (await api.get(path, headers=bad)).status_code == 401


async def test_a_cancelled_buffer_is_listed_among_cancellations(
    registry: Register, api: Service
) -> None:
    """Its statement is a decision of TGO; the account is the registry's own."""
    holders = await two_holders(registry)
    await a_batch(registry, holders.administrator, holders.account, buffer_credits=20)
    ending = an_ending(EntryKind.BUFFER_CANCELLED)
    command = operations.End(BUFFER, oldest(20), ending, (ending.purpose_code,))
    approver = holders.approver
    await registry.do(approver, lambda pen: operations.cancel_buffer(pen, approver, command))
    (row,) = (await api.get("/v1/cancellations")).json()["data"]
    assert (row["kind"], row["from_account"], row["credits"]) == (
        "buffer_cancelled",
        account_number(BUFFER),
        20,
    )
