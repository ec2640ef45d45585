"""Proposed transfers and trusted lists over HTTP: who sees and does what, and what a retry gets."""

import hashlib
from typing import Any

import pytest
import rfc8785

from app.entry.api.transfer_proposals import ProposalShown
from app.kernel import clock
from app.kernel.ids import new_id
from app.registry.ledger.rules import TRANSIT
from app.registry.ledger.serials import account_number
from app.registry.parties.policy import Actor
from tests.builders.answers import every_row, refused
from tests.builders.ledger import writes
from tests.builders.parties import Service, bearer
from tests.builders.transfers import CREDITS, MONDAY, World, a_world, bangkok
from tests.conftest import Registry

PATH = "/v1/transfer-proposals"


@pytest.fixture
async def world(registry: Registry, api: Service, monkeypatch: pytest.MonkeyPatch) -> World:
    """The world, and the service by its watch: who signs in does so by the same one."""
    made = await a_world(registry)
    api.app.state.committer._now = api.app.state.terms._now = made.watch
    monkeypatch.setattr(clock, "now", made.watch)
    return made


async def propose(api: Service, world: World, **choice: object) -> dict[str, Any]:
    body = {
        "from_account": world.account.number,
        "to_account": world.elsewhere.number,
        **(choice or {"credits": 10}),
    }
    response = await api.post(PATH, json=body, headers=writes(api, world.initiator))
    assert response.status_code == 201, response.text
    shown: dict[str, Any] = response.json()
    assert response.headers["Location"] == f"{PATH}/{shown['id']}"
    return shown


async def approve(api: Service, world: World, shown: dict[str, Any]) -> dict[str, Any]:
    response = await api.post(
        f"{PATH}/{shown['id']}/approval",
        json={"digest": shown["digest"]},
        headers=writes(api, world.approver),
    )
    assert response.status_code == 200, response.text
    approved: dict[str, Any] = response.json()
    return approved


async def credits_of(api: Service, world: World, number: str) -> int:
    response = await api.get(f"/v1/accounts/{number}", headers=bearer(api, world.administrator))
    held: int = response.json()["credits"]
    return held


async def test_a_transfer_is_proposed_approved_and_called_back(api: Service, world: World) -> None:
    """The digest is of what is shown; the credits are seen in transit, and come back."""
    proposed = await propose(api, world)
    assert proposed["state"] == "proposed"
    assert hashlib.sha256(rfc8785.dumps(proposed["proposed"])).hexdigest() == proposed["digest"]
    approved = await approve(api, world, proposed)
    assert (approved["state"], approved["trusted"]) == ("scheduled", False)
    assert approved["executes_at"] == "2032-03-02T05:00:00Z"
    assert await credits_of(api, world, world.account.number) == CREDITS - 10
    assert await credits_of(api, world, account_number(TRANSIT)) == 10
    read = await api.get(f"{PATH}/{proposed['id']}", headers=bearer(api, world.viewer))
    assert read.status_code == 200, read.text
    assert [run["credits"] for run in read.json()["moved"]] == [10]
    path = f"{PATH}/{proposed['id']}/abort"
    aborted = await api.post(path, headers=writes(api, world.initiator))
    assert aborted.json()["state"] == "aborted"
    assert aborted.json()["ended_by"] == world.initiator.user_id
    assert await credits_of(api, world, world.account.number) == CREDITS
    again = await api.post(path, headers=writes(api, world.initiator))
    refused(again, 409, "transfer_proposal_state")


async def test_an_approval_sent_again_is_answered_again(api: Service, world: World) -> None:
    """With its key: the first reply; with another key: refused, for it is used up."""
    proposed = await propose(api, world)
    path, body = f"{PATH}/{proposed['id']}/approval", {"digest": proposed["digest"]}
    key = new_id("req")
    first = await api.post(path, json=body, headers=writes(api, world.approver, key=key))
    again = await api.post(path, json=body, headers=writes(api, world.approver, key=key))
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"
    anew = await api.post(path, json=body, headers=writes(api, world.approver))
    refused(anew, 409, "transfer_proposal_state")
    no_key = await api.post(path, json=body, headers=bearer(api, world.approver))
    refused(no_key, 422, "idempotency_key_required")
    refused(await api.post(path, json=body), 401, "not_signed_in")


async def test_who_may_see_a_proposal(api: Service, world: World) -> None:
    """Its party and TGO from the beginning, its receiver once it is approved, strangers never."""
    proposed = await propose(api, world)
    path = f"{PATH}/{proposed['id']}"
    incoming = f"{PATH}?account={world.elsewhere.number}&direction=incoming"

    async def seen(actor: Actor) -> int:
        return (await api.get(path, headers=bearer(api, actor))).status_code

    receiver = bearer(api, world.receiver)
    assert (await seen(world.viewer), await seen(world.administrator)) == (200, 200)
    assert await seen(world.receiver) == 404
    assert await every_row(api, incoming, receiver, limit=50) == []
    approved = await approve(api, world, proposed)
    assert await seen(world.receiver) == 200
    assert await every_row(api, incoming, receiver, limit=50) == [approved]
    refused(await api.get(path), 401, "not_signed_in")
    outgoing = await api.get(f"{PATH}?account={world.account.number}", headers=receiver)
    refused(outgoing, 404, "account_not_found")
    unknown = await api.get(f"{PATH}/{new_id('prp')}", headers=bearer(api, world.viewer))
    refused(unknown, 404, "transfer_proposal_not_found")


async def test_proposals_are_listed_by_state_a_page_at_a_time(api: Service, world: World) -> None:
    made = [await propose(api, world, credits=number) for number in range(1, 6)]
    await approve(api, world, made[1])
    headers, path = bearer(api, world.viewer), f"{PATH}?account={world.account.number}"
    for limit in (1, 2, 5):
        rows = await every_row(api, path, headers, limit=limit)
        assert [row["id"] for row in rows] == [one["id"] for one in made]
    scheduled = await every_row(api, f"{path}&state=scheduled", headers, limit=2)
    assert [row["id"] for row in scheduled] == [made[1]["id"]]
    waiting = await every_row(api, f"{path}&state=proposed", headers, limit=2)
    assert len(waiting) == 4
    assert all(ProposalShown.model_validate(row) for row in waiting)


async def test_a_trusted_account_is_proposed_approved_and_removed(
    api: Service, world: World
) -> None:
    path = f"/v1/accounts/{world.account.number}/trusted-accounts"
    body = {"account": world.elsewhere.number}
    proposed = await api.post(path, json=body, headers=bearer(api, world.initiator))
    assert proposed.status_code == 201, proposed.text
    entry = f"{path}/{proposed.json()['id']}"
    own = await api.post(f"{entry}/approval", headers=bearer(api, world.initiator))
    refused(own, 403, "not_allowed")
    approved = await api.post(f"{entry}/approval", headers=bearer(api, world.approver))
    assert approved.status_code == 200, approved.text
    assert approved.json()["active_from"] == "2032-03-05T05:00:00Z"  # Friday noon
    listed = await every_row(api, path, bearer(api, world.viewer), limit=1)
    assert listed == [approved.json()]
    world.watch.shows = bangkok(2032, 3, 5)
    at_once = await approve(api, world, await propose(api, world))
    assert (at_once["state"], at_once["trusted"]) == ("delivered", True)
    assert await credits_of(api, world, world.elsewhere.number) == 10
    removed = await api.post(f"{entry}/removal", headers=bearer(api, world.initiator))
    assert removed.json()["removed_by"] == world.initiator.user_id
    later = await approve(api, world, await propose(api, world))
    assert (later["state"], later["trusted"]) == ("scheduled", False)
    stranger = await api.get(path, headers=bearer(api, world.receiver))
    refused(stranger, 404, "account_not_found")
    missing = await api.post(
        f"{path}/{new_id('tru')}/removal", headers=bearer(api, world.initiator)
    )
    refused(missing, 404, "trusted_account_not_found")


async def test_governed_transfers_at_once_are_refused_with_where_to_go(
    api: Service, world: World
) -> None:
    """One alone, and each of a bulk; to an own account in hours nothing has changed."""
    body: dict[str, Any] = {
        "from_account": world.account.number,
        "to_account": world.elsewhere.number,
        "credits": 1,
    }
    asked = {
        "key": "transfers_governed",
        "value": "yes",
        "valid_from": "2032-03-01",
        "valid_to": None,
        "source": "a test",
        "is_default": False,
    }
    own_rule = await api.post("/v1/rules", json=asked, headers=bearer(api, world.both))
    refused(own_rule, 403, "not_allowed")
    turned_on = await api.post("/v1/rules", json=asked, headers=bearer(api, world.administrator))
    assert turned_on.status_code == 201, turned_on.text
    in_force = (await api.get("/v1/rules?on=2032-03-01")).json()["rules"]
    assert ("transfers_governed", "yes") in [(one["key"], one["value"]) for one in in_force]
    before = (await api.get("/v1/rules?on=2032-02-29")).json()["rules"]
    assert ("transfers_governed", "no") in [(one["key"], one["value"]) for one in before]
    api.app.state.terms._good_until_s = 0.0
    single = await api.post("/v1/transfers", json=body, headers=writes(api, world.initiator))
    refused(single, 409, "second_person_needed")
    assert PATH in single.json()["detail"]
    bulk = await api.post(
        "/v1/transfers/bulk",
        json={"mode": "independent", "transfers": [body]},
        headers=writes(api, world.initiator),
    )
    assert bulk.json()["outcomes"][0]["refused"]["code"] == "second_person_needed"
    world.watch.shows = MONDAY.replace(hour=12)  # 19:00 in Bangkok
    own = await api.post(
        "/v1/accounts",
        json={"owner_party_id": world.initiator.party_id, "name": "Second"},
        headers=bearer(api, world.administrator),
    )
    body["to_account"] = own.json()["number"]
    late = await api.post("/v1/transfers", json=body, headers=writes(api, world.initiator))
    refused(late, 409, "outside_hours")
    world.watch.shows = bangkok(2032, 3, 2, 10)
    api.app.state.terms._good_until_s = 0.0
    done = await api.post("/v1/transfers", json=body, headers=writes(api, world.initiator))
    assert done.status_code == 201, done.text


async def test_the_ledger_lists_what_waited_by_its_kinds(api: Service, world: World) -> None:
    """An account's statement shows the way into transit, and back."""
    shown = await approve(api, world, await propose(api, world))
    await api.post(f"{PATH}/{shown['id']}/abort", headers=writes(api, world.approver))
    headers = bearer(api, world.administrator)
    for kind, place in (("sent", "to_account"), ("returned", "from_account")):
        found = await every_row(api, f"/v1/ledger/entries?kind={kind}", headers, limit=5)
        assert [row[place] for row in found] == [account_number(TRANSIT)]
    assert await every_row(api, "/v1/ledger/entries?kind=delivered", headers, limit=5) == []
