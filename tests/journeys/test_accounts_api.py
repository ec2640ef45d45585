"""Accounts over HTTP: opening, closing, and what whom is shown of them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.registry.ledger.rules import BUFFER, SOURCE
from app.registry.ledger.serials import account_number
from app.registry.parties.policy import Actor
from app.registry.parties.rules import PartyKind, Role
from tests.builders.answers import every_row, refused
from tests.builders.ledger import a_batch, an_account, move, oldest, retire, two_holders
from tests.builders.parties import (
    Register,
    Service,
    a_party,
    a_vvb,
    an_actor,
    bearer,
    the_administrator,
)

NO_PARTY = "pty_01kb5b1j0dfz5r5d8r4v5e2c3a"
X, Y = "XX-1-2024-1", "XX-1-2023-1"


async def test_an_account_is_opened_and_read_back(registry: Register, api: Service) -> None:
    headers = bearer(api, await the_administrator(registry))
    party = await a_party(registry, PartyKind.HOLDER)
    body = {"owner_party_id": party.id, "name": "  บัญชีเทศบาล "}
    response = await api.post("/v1/accounts", json=body, headers=headers)
    assert response.status_code == 201
    shown = response.json()
    assert response.headers["Location"] == f"/v1/accounts/{shown['number']}"
    assert response.headers["ETag"] == '"1"'
    assert (shown["owner_party_id"], shown["name"]) == (party.id, "บัญชีเทศบาล")
    assert (shown["kind"], shown["status"], shown["version"]) == ("holding", "open", 1)
    read = await api.get(response.headers["Location"], headers=headers)
    assert (read.status_code, read.headers["ETag"]) == (200, '"1"')
    assert read.json() == shown | {"credits": 0}


async def test_an_account_is_opened_once_for_one_key(registry: Register, api: Service) -> None:
    headers = {**bearer(api, await the_administrator(registry)), "Idempotency-Key": "k-1"}
    party = await a_party(registry, PartyKind.HOLDER)
    body = {"owner_party_id": party.id, "name": "Holdings"}
    first = await api.post("/v1/accounts", json=body, headers=headers)
    again = await api.post("/v1/accounts", json=body, headers=headers)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    for name in ("Location", "ETag"):
        assert again.headers[name] == first.headers[name]
    other = await api.post("/v1/accounts", json=body | {"name": "X"}, headers=headers)
    refused(other, 409, "idempotency_key_reused")


async def test_an_account_that_cannot_be_is_not_opened(registry: Register, api: Service) -> None:
    administrator = await the_administrator(registry)
    holder = await a_party(registry, PartyKind.HOLDER)
    verifier = await a_party(registry, PartyKind.VVB)
    body = {"owner_party_id": holder.id, "name": "Holdings"}
    cases: list[tuple[dict[str, object], int, str]] = [
        ({"owner_party_id": NO_PARTY}, 404, "party_not_found"),
        ({"owner_party_id": verifier.id}, 409, "party_cannot_hold"),
        ({"owner_party_id": administrator.party_id}, 409, "party_cannot_hold"),
        ({"owner_party_id": "x"}, 422, "malformed"),
        ({"name": ""}, 422, "malformed"),
        ({"name": "  "}, 422, "malformed"),
        ({"name": "x" * 201}, 422, "malformed"),
        ({"name": "a\x00b"}, 422, "malformed"),
        ({"kind": "buffer"}, 422, "malformed"),
    ]
    headers = bearer(api, administrator)
    for change, status, code in cases:
        response = await api.post("/v1/accounts", json=body | change, headers=headers)
        refused(response, status, code)
    stray = await api.post("/v1/accounts?dry_run=true", json=body, headers=headers)
    refused(stray, 422, "malformed")


async def test_only_administrators_open_and_close(registry: Register, api: Service) -> None:
    """As nobody, as the owner, and as others of TGO."""
    holders = await two_holders(registry)
    body = {"owner_party_id": holders.owner.party_id, "name": "Holdings"}
    closure = f"/v1/accounts/{holders.account.number}/closure"
    refused(await api.post("/v1/accounts", json=body), 401, "not_signed_in")
    refused(await api.post(closure, headers={"If-Match": '"1"'}), 401, "not_signed_in")
    for actor in (holders.owner, holders.officer, holders.approver, holders.auditor):
        headers = {**bearer(api, actor), "If-Match": '"1"'}
        refused(await api.post("/v1/accounts", json=body, headers=headers), 403, "not_allowed")
        refused(await api.post(closure, headers=headers), 403, "not_allowed")


async def test_an_account_is_shown_to_its_owner_and_tgo(registry: Register, api: Service) -> None:
    """To everybody else it is as if it were not there."""
    holders = await two_holders(registry)
    party = await a_party(registry, PartyKind.HOLDER)
    viewer = await an_actor(registry, party, Role.HOLDER_VIEWER)
    own = await an_account(registry, holders.administrator, viewer)
    lead, _ = await a_vvb(registry)
    addresses = ("", "/holdings", "/blocks", "/statement")
    for address in addresses:
        path = f"/v1/accounts/{own.number}{address}"
        refused(await api.get(path), 401, "not_signed_in")
        for actor in (viewer, holders.auditor, holders.officer, holders.administrator):
            assert (await api.get(path, headers=bearer(api, actor))).status_code == 200
        for actor in (holders.owner, lead):
            refused(await api.get(path, headers=bearer(api, actor)), 404, "account_not_found")
        absent = f"/v1/accounts/{account_number(9_999)}{address}"
        refused(await api.get(absent, headers=bearer(api, viewer)), 404, "account_not_found")
        wrong = f"/v1/accounts/{own.number[:-2]}00{address}"
        refused(await api.get(wrong, headers=bearer(api, viewer)), 404, "account_number_invalid")
        shapeless = f"/v1/accounts/1001{address}"
        refused(await api.get(shapeless, headers=bearer(api, viewer)), 422, "malformed")


async def test_a_refusal_comes_in_the_callers_language(registry: Register, api: Service) -> None:
    holders = await two_holders(registry)
    path = f"/v1/accounts/{holders.elsewhere.number}"
    for language, title in (
        ("th", "ไม่พบบัญชีนี้ หรือท่านไม่มีสิทธิ์ดู"),
        ("en", "There is no such account, or you may not see it."),
    ):
        headers = {**bearer(api, holders.owner), "Accept-Language": language}
        response = await api.get(path, headers=headers)
        assert response.headers["Content-Language"] == language
        assert response.headers["Content-Type"] == "application/problem+json"
        problem = response.json()
        assert problem["title"] == title
        assert problem["type"] == "/problems/account_not_found"


async def test_lists_hold_what_the_caller_may_see(registry: Register, api: Service) -> None:
    holders = await two_holders(registry)
    second = await an_account(registry, holders.administrator, holders.owner, name="Second")
    await a_batch(registry, holders.administrator, second, credits_made=7)
    lead, _ = await a_vvb(registry)

    async def seen(actor: Actor, query: str = "") -> list[tuple[str, int]]:
        rows = await every_row(api, f"/v1/accounts{query}", bearer(api, actor), limit=3)
        return [(row["number"], row["credits"]) for row in rows]

    own = [(holders.account.number, 0), (second.number, 7)]
    mine = f"?owner_party_id={holders.owner.party_id}"
    assert await seen(holders.owner) == await seen(holders.owner, mine) == own
    assert await seen(holders.auditor, mine) == own
    assert await seen(holders.other, mine) == []
    assert await seen(lead) == await seen(lead, f"?owner_party_id={lead.party_id}") == []
    assert await seen(holders.officer) == [
        (account_number(SOURCE), -7),
        *((account_number(number), 0) for number in range(2, 7)),
        (holders.account.number, 0),
        (holders.elsewhere.number, 0),
        (second.number, 7),
    ]
    refused(await api.get("/v1/accounts"), 401, "not_signed_in")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("limit=0", 422, "malformed"),
        ("limit=201", 422, "malformed"),
        ("colour=red", 422, "malformed"),
        ("owner_party_id=x", 422, "malformed"),
        ("cursor=!", 422, "malformed"),
        ("cursor=abc", 404, "cursor_invalid"),
        ("cursor=WyJ4Il0", 404, "cursor_invalid"),
        ("limit=1", 200, ""),
        ("limit=200", 200, ""),
    ],
)
async def test_a_list_is_asked_for_in_its_own_terms(
    registry: Register, api: Service, query: str, status: int, code: str
) -> None:
    """A misspelt filter must not widen a list in silence."""
    headers = bearer(api, await the_administrator(registry))
    response = await api.get(f"/v1/accounts?{query}", headers=headers)
    assert (response.status_code, response.json().get("code", "")) == (status, code)


async def test_an_empty_account_is_closed_with_the_version_that_was_read(
    registry: Register, api: Service
) -> None:
    holders = await two_holders(registry)
    headers = bearer(api, holders.administrator)
    path = f"/v1/accounts/{holders.account.number}/closure"
    refused(await api.post(path, headers=headers), 428, "precondition_required")
    stale = await api.post(path, headers={**headers, "If-Match": '"2"'})
    refused(stale, 412, "account_stale")
    weak = await api.post(path, headers={**headers, "If-Match": 'W/"1"'})
    refused(weak, 422, "malformed")
    await a_batch(registry, holders.administrator, holders.account, credits_made=1)
    full = await api.post(path, headers={**headers, "If-Match": '"1"'})
    refused(full, 409, "account_not_empty")
    assert full.json()["facts"] == {"account": holders.account.number, "held": 1}
    await retire(registry, holders.owner, holders.account, oldest(1))
    closed = await api.post(path, headers={**headers, "If-Match": '"1"'})
    assert (closed.status_code, closed.headers["ETag"]) == (200, '"2"')
    assert (closed.json()["status"], closed.json()["version"]) == ("closed", 2)
    again = await api.post(path, headers={**headers, "If-Match": '"2"'})
    refused(again, 409, "account_closed")


async def test_accounts_that_cannot_be_closed(registry: Register, api: Service) -> None:
    headers = {**bearer(api, await the_administrator(registry)), "If-Match": '"1"'}
    for number, status, code in (
        (account_number(BUFFER), 409, "registry_account"),
        (account_number(9_999), 404, "account_not_found"),
        ("TH-001001-00", 404, "account_number_invalid"),
        ("TH-1-1", 422, "malformed"),
    ):
        response = await api.post(f"/v1/accounts/{number}/closure", headers=headers)
        refused(response, status, code)


async def test_holdings_are_read_now_and_as_of_any_moment(registry: Register, api: Service) -> None:
    """By batch, oldest vintage first, with the total of all pages."""
    holders = await two_holders(registry)
    await a_batch(registry, holders.administrator, holders.account, prefix=X)
    await a_batch(
        registry, holders.administrator, holders.account, prefix=Y, vintage=2023, credits_made=50
    )
    movement = await move(registry, holders.owner, holders.account, holders.elsewhere, oldest(60))
    path = f"/v1/accounts/{holders.account.number}/holdings"
    headers = bearer(api, holders.owner)
    now = (await api.get(path, headers=headers)).json()
    assert now["account"] == holders.account.number
    assert (now["total"], now["log_size"]) == (990, movement.log_index + 1)
    assert now["data"] == [{"batch": X, "vintage": 2024, "project": "XX-1", "credits": 990}]

    async def as_of(moment: datetime) -> dict[str, Any]:
        query = {"as_of": moment.isoformat()}
        response = await api.get(path, params=query, headers=headers)
        assert response.status_code == 200
        shown: dict[str, Any] = response.json()
        return shown

    assert await as_of(movement.recorded_at) == now
    before = await as_of(movement.recorded_at.replace(year=movement.recorded_at.year - 1))
    assert (before["total"], before["data"], before["log_size"]) == (0, [], 0)
    assert (await as_of(datetime(9999, 12, 31, 23, 59, tzinfo=UTC)))["total"] == 990
    assert (await as_of(datetime(1, 1, 1, tzinfo=UTC)))["total"] == 0
    bare = await api.get(f"{path}?as_of=2026-01-01T00:00:00", headers=headers)
    refused(bare, 422, "malformed")


async def test_holdings_are_paged(registry: Register, api: Service) -> None:
    holders = await two_holders(registry)
    for vintage in (2024, 2021, 2023, 2022):
        await a_batch(
            registry,
            holders.administrator,
            holders.account,
            vintage=vintage,
            prefix=f"XX-1-{vintage}-1",
        )
    path = f"/v1/accounts/{holders.account.number}/holdings"
    for limit in (1, 3, 4):
        rows = await every_row(api, path, bearer(api, holders.owner), limit=limit)
        assert [row["vintage"] for row in rows] == [2021, 2022, 2023, 2024]
        past = f"{path}?as_of=2999-01-01T00:00:00Z"
        assert await every_row(api, past, bearer(api, holders.owner), limit=limit) == rows


async def test_blocks_are_listed_in_the_order_they_would_be_taken(
    registry: Register, api: Service
) -> None:
    holders = await two_holders(registry)
    minted = await a_batch(registry, holders.administrator, holders.account, prefix=X)
    moved = [
        await move(registry, holders.owner, holders.account, holders.elsewhere, oldest(10))
        for _ in range(3)
    ]
    path = f"/v1/accounts/{holders.elsewhere.number}/blocks"
    headers = bearer(api, holders.other)
    rows = await every_row(api, path, headers, limit=2)
    assert [row["serials"] for row in rows] == [f"{X}-1-10", f"{X}-11-20", f"{X}-21-30"]
    assert rows[2] == {
        "serials": f"{X}-21-30",
        "batch": X,
        "vintage": 2024,
        "first": 21,
        "last": 30,
        "credits": 10,
        "brought_by": moved[-1].log_index,
    }
    rest = await every_row(
        api,
        f"/v1/accounts/{holders.account.number}/blocks",
        bearer(api, holders.owner),
        limit=2,
    )
    assert [(row["first"], row["brought_by"]) for row in rest] == [(31, minted.log_index)]
    bad = await api.get(f"{path}?cursor=WzFd", headers=headers)
    refused(bad, 404, "cursor_invalid")


async def test_a_statement_tells_every_entry_with_the_balances_after_it(
    registry: Register, api: Service
) -> None:
    holders = await two_holders(registry)
    minted = await a_batch(
        registry, holders.administrator, holders.account, credits_made=100, buffer_credits=10
    )
    moved = await move(registry, holders.owner, holders.account, holders.elsewhere, oldest(30))
    await retire(registry, holders.owner, holders.account, oldest(60))
    path = f"/v1/accounts/{holders.account.number}/statement"
    headers = bearer(api, holders.owner)
    rows = await every_row(api, path, headers, limit=3)
    for limit in (1, 2):
        assert await every_row(api, path, headers, limit=limit) == rows
    assert [(r["kind"], r["credits"], r["to_total"], r["from_total"]) for r in rows] == [
        ("taken_over", 90, 90, -90),
        ("transferred", 30, 30, 60),
        ("retired", 60, 60, 0),
    ]
    assert rows[1] == {
        "log_index": moved.log_index,
        "line": 0,
        "kind": "transferred",
        "serials": f"{X}-1-30",
        "batch": X,
        "vintage": 2024,
        "programme": "XX",
        "project": "XX-1",
        "activity_id": None,
        "province": None,
        "first": 1,
        "last": 30,
        "credits": 30,
        "from_account": holders.account.number,
        "to_account": holders.elsewhere.number,
        "from_balance": 60,
        "to_balance": 30,
        "from_total": 60,
        "to_total": 30,
        "previous_log_index": minted.log_index,
        "recorded_at": moved.recorded_at.isoformat().replace("+00:00", "Z"),
    }


async def test_a_statement_is_bounded_in_time(registry: Register, api: Service) -> None:
    """From a moment on, and before a moment: what happened at it is in the one, not the other."""
    holders = await two_holders(registry)
    await a_batch(registry, holders.administrator, holders.account)
    first = await move(registry, holders.owner, holders.account, holders.elsewhere, oldest(1))
    second = await move(registry, holders.owner, holders.account, holders.elsewhere, oldest(2))
    path = f"/v1/accounts/{holders.elsewhere.number}/statement"
    headers = bearer(api, holders.other)

    async def within(**bounds: datetime) -> list[int]:
        query = {name: moment.isoformat() for name, moment in bounds.items()}
        response = await api.get(path, params=query, headers=headers)
        assert response.status_code == 200
        return [row["log_index"] for row in response.json()["data"]]

    one, two = first.log_index, second.log_index
    assert await within() == [one, two]
    assert await within(recorded_from=second.recorded_at) == [two]
    assert await within(recorded_before=second.recorded_at) == [one]
    assert await within(recorded_from=first.recorded_at, recorded_before=second.recorded_at) == [
        one
    ]
    assert await within(recorded_from=second.recorded_at, recorded_before=first.recorded_at) == []
    stray = await api.get(f"{path}?from=2026-01-01T00:00:00Z", headers=headers)
    refused(stray, 422, "malformed")
