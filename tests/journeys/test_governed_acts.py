"""
Governed acts over real HTTP: whoever must not do one fails at exactly it, with a code.

Method: the service on a loopback socket, by a watch that the test winds; people with tokens of its
own. A verifier's user, a single representative, a demoted approver, a suspended party and a stolen
refresh token; the eve of a long holiday; and clocks that jump.
"""

import asyncio
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import rfc8785
from sqlalchemy import text

from app.entry.delivering import Deliverer, SteadyClock
from app.entry.identity import AGE_S_MAX
from app.kernel import clock
from app.kernel.encoding import sha256
from app.kernel.ids import new_id
from app.registry.ledger.refusals import PartyCannotHoldError
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Role
from app.registry.parties.store import get_party
from app.registry.programmes.rules import RuleKey
from app.registry.transfers import store
from app.registry.transfers.rules import State
from tests.builders.answers import refused
from tests.builders.ledger import writes
from tests.builders.parties import Service, a_vvb, an_actor, bearer
from tests.builders.signing_in import (
    ME,
    TOKENS,
    Authenticator,
    an_authenticator,
    bearing,
    by_refresh_token,
    signed_in,
)
from tests.builders.transfers import AFTER, EVE, MONDAY, World, a_world
from tests.conftest import Registry

PROPOSALS = "/v1/transfer-proposals"
SECOND = timedelta(seconds=1)
HOURS_2 = timedelta(hours=2)


@pytest.fixture
async def world(registry: Registry, door: Service, monkeypatch: pytest.MonkeyPatch) -> World:
    """The world, and the service by its watch; the database's clock is far ahead."""
    made = await a_world(registry)
    door.app.state.committer._now = door.app.state.terms._now = made.watch
    monkeypatch.setattr(clock, "now", made.watch)
    asked = store._LIST_DUE.text.replace("clock_timestamp()", "timestamptz '2040-01-01'")
    monkeypatch.setattr(store, "_LIST_DUE", text(asked))
    return made


async def propose(door: Service, world: World, by: Actor, **changes: object) -> httpx2.Response:
    body = {
        "from_account": world.account.number,
        "to_account": world.elsewhere.number,
        "credits": 10,
        **changes,
    }
    return await door.post(PROPOSALS, json=body, headers=writes(door, by))


async def proposed(door: Service, world: World, by: Actor | None = None) -> dict[str, Any]:
    response = await propose(door, world, by or world.initiator)
    assert response.status_code == 201, response.text
    shown: dict[str, Any] = response.json()
    return shown


async def approve(door: Service, shown: dict[str, Any], by: Actor) -> httpx2.Response:
    path, body = f"{PROPOSALS}/{shown['id']}/approval", {"digest": shown["digest"]}
    return await door.post(path, json=body, headers=writes(door, by))


async def scheduled(door: Service, world: World) -> dict[str, Any]:
    shown = await proposed(door, world)
    response = await approve(door, shown, world.approver)
    assert response.status_code == 200, response.text
    assert response.json()["state"] == "scheduled"
    return shown


async def abort(door: Service, shown: dict[str, Any], by: Actor) -> httpx2.Response:
    return await door.post(f"{PROPOSALS}/{shown['id']}/abort", headers=writes(door, by))


async def read(door: Service, shown: dict[str, Any], by: Actor) -> dict[str, Any]:
    response = await door.get(f"{PROPOSALS}/{shown['id']}", headers=bearer(door, by))
    found: dict[str, Any] = response.json()
    return found


async def delivered(world: World) -> list[State]:
    """Do what is due by the watch."""
    steady = SteadyClock(world.watch, lambda: 0.0)
    registry = world.registry
    assert isinstance(registry, Registry)
    done = await Deliverer(registry.engine, registry.committer, steady).deliver()
    return [proposal.state for proposal in done]


async def as_administrator(
    door: Service, world: World, path: str, body: dict[str, Any]
) -> httpx2.Response:
    return await door.post(path, json=body, headers=bearer(door, world.administrator))


# ------------------------------------------------------------------- who does not belong


async def test_a_verifiers_user_moves_nothing_and_can_never_come_to(
    registry: Registry, door: Service, world: World
) -> None:
    """Neither do they see the account, nor get a role of a holder, nor their body an account."""
    lead, _ = await a_vvb(registry)
    refused(await propose(door, world, lead), 404, "account_not_found")
    shown = await proposed(door, world)
    refused(await approve(door, shown, lead), 404, "transfer_proposal_not_found")
    refused(await abort(door, shown, lead), 404, "transfer_proposal_not_found")
    user = await door.get(f"/v1/users/{lead.user_id}", headers=bearer(door, world.administrator))
    roles = await door.put(
        f"/v1/users/{lead.user_id}/roles",
        json={"roles": ["verifier_lead", "holder_initiator"]},
        headers={**bearer(door, world.administrator), "If-Match": user.headers["ETag"]},
    )
    assert roles.json()["code"] == "role_not_of_kind"
    opened = {"owner_party_id": lead.party_id, "name": "Holdings"}
    answer = await as_administrator(door, world, "/v1/accounts", opened)
    assert answer.json()["number"] == PartyCannotHoldError.number


async def test_a_single_representative_sends_nothing_alone(
    registry: Registry, door: Service, world: World
) -> None:
    """With both roles they propose, and fail at the approval; at once, at the transfer."""
    await world.set_rule(RuleKey.TRANSFERS_GOVERNED, "yes")
    door.app.state.terms._good_until_s = 0.0
    shown = await proposed(door, world, by=world.both)
    refused(await approve(door, shown, world.both), 409, "own_proposal")
    body = {
        "from_account": world.account.number,
        "to_account": world.elsewhere.number,
        "credits": 1,
    }
    single = await door.post("/v1/transfers", json=body, headers=writes(door, world.both))
    refused(single, 409, "second_person_needed")
    async with registry.read() as connection:
        party = await get_party(connection, world.receiver.party_id)
    alone = await an_actor(registry, party, Role.HOLDER_APPROVER)  # of another party
    refused(await approve(door, shown, alone), 404, "transfer_proposal_not_found")


async def test_an_approver_demoted_after_the_proposal_fails_at_the_approval(
    door: Service, world: World
) -> None:
    shown = await proposed(door, world)
    assert (await read(door, shown, world.approver))["state"] == "proposed"
    await world.set_roles(world.approver, Role.HOLDER_VIEWER)
    refused(await approve(door, shown, world.approver), 403, "not_allowed")


async def test_an_approver_demoted_after_the_approval_has_delivered_nothing(
    door: Service, world: World
) -> None:
    shown = await scheduled(door, world)
    await world.set_roles(world.approver, Role.HOLDER_VIEWER)
    world.watch.wind(days=2)
    assert await delivered(world) == [State.RETURNED]
    found = await read(door, shown, world.initiator)
    assert (found["state"], found["reason"]) == ("returned", "approver_not_allowed")


async def test_a_suspended_party_fails_at_every_act_and_its_transfers_come_back(
    door: Service, world: World
) -> None:
    waiting, shown = await scheduled(door, world), await proposed(door, world)
    path = f"/v1/parties/{world.initiator.party_id}/suspension"
    suspended = await as_administrator(door, world, path, {"reason": "ตรวจสอบ"})
    assert suspended.status_code == 200, suspended.text
    await asyncio.sleep(AGE_S_MAX)
    refused(await propose(door, world, world.initiator), 403, "party_suspended")
    refused(await approve(door, shown, world.approver), 403, "party_suspended")
    refused(await abort(door, waiting, world.approver), 403, "party_suspended")
    world.watch.wind(days=1, hours=1)
    assert await delivered(world) == [State.RETURNED]
    found = await read(door, waiting, world.administrator)
    assert found["reason"] == "proposer_not_allowed"


async def test_with_a_stolen_refresh_token_nobody_acts_any_more(
    registry: Registry, door: Service, world: World
) -> None:
    """The thief was first: the owner's next refresh ends what both have, at the very next act."""
    own = await signed_in(registry, door, world.initiator)
    stolen = await door.post(TOKENS, json=by_refresh_token(own["refresh_token"]))
    thief = bearing(stolen.json())
    again = await door.post(TOKENS, json=by_refresh_token(own["refresh_token"]))
    refused(again, 401, "refresh_refused")
    await asyncio.sleep(AGE_S_MAX)
    body = {
        "from_account": world.account.number,
        "to_account": world.elsewhere.number,
        "credits": 10,
    }
    for bearing_it in (thief, bearing(own)):
        headers = {**bearing_it, "Idempotency-Key": new_id("req")}
        refused(await door.post(PROPOSALS, json=body, headers=headers), 401, "session_ended")
    last = await door.post(TOKENS, json=by_refresh_token(stolen.json()["refresh_token"]))
    refused(last, 401, "refresh_refused")


# ------------------------------------------------------------------------- a fresh factor


async def test_a_transfer_takes_a_fresh_factor_of_both_where_the_rule_says_so(
    door: Service, world: World
) -> None:
    """The refusal names the digest, and it is what the API describes; a machine has no factor."""
    named = "transfer_proposal,transfer_approval"
    await world.set_rule(RuleKey.CONFIRMED_ACTS, named)
    told = (await door.get("/v1/rules?on=2032-03-01")).json()["acts"]
    assert {one["act"] for one in told if one["needs_second_factor"]} == set(named.split(","))
    phones = {
        actor.user_id: await an_authenticator(door, actor)
        for actor in (world.initiator, world.approver)
    }
    refused(await propose(door, world, world.initiator), 403, "confirmation_needed")
    response = await propose(door, world, world.initiator)
    await confirm(door, world.initiator, phones, response.json()["facts"]["digest"])
    shown = await proposed(door, world)
    asked = {"act": "transfer_approval", "proposal": shown["id"], "digest": shown["digest"]}
    digest = sha256(rfc8785.dumps(asked)).hex()
    response = await approve(door, shown, world.approver)
    refused(response, 403, "confirmation_needed")
    assert response.json()["facts"]["digest"] == digest
    await confirm(door, world.approver, phones, digest)
    assert (await approve(door, shown, world.approver)).json()["state"] == "scheduled"
    made = await door.post(
        f"/v1/users/{world.initiator.user_id}/keys",
        json={"label": "Machine"},
        headers=bearer(door, world.initiator),
    )
    machine = Actor(
        world.initiator.user_id,
        world.initiator.party_id,
        world.initiator.party_kind,
        world.initiator.roles,
        client_id=made.json()["id"],
    )
    refused(await propose(door, world, machine), 403, "person_needed")


async def confirm(
    door: Service, actor: Actor, phones: dict[str, Authenticator], digest: str
) -> None:
    body = {"digest": digest, "totp": phones[actor.user_id].code()}
    response = await door.post("/v1/confirmations", json=body, headers=bearer(door, actor))
    assert response.status_code == 201, response.text


# ------------------------------------------------------------------------------ the clock


async def test_on_the_eve_of_songkran_a_transfer_waits_to_the_right_minute(
    door: Service, world: World
) -> None:
    """Aborted one second before works; one second after it is refused, made or not."""
    world.watch.shows = EVE
    made, called_back, late = [await scheduled(door, world) for _ in range(3)]
    due = (await read(door, made, world.viewer))["executes_at"]
    assert due == AFTER.strftime("%Y-%m-%dT%H:%M:%SZ") == "2032-04-19T05:00:00Z"
    world.watch.shows = AFTER - SECOND
    assert await delivered(world) == []
    aborted = await abort(door, called_back, world.initiator)
    assert aborted.json()["state"] == "aborted"
    world.watch.shows = AFTER
    assert await delivered(world) == [State.DELIVERED, State.DELIVERED]
    assert (await read(door, made, world.viewer))["ended_at"] == due
    world.watch.shows = AFTER + SECOND
    refused(await abort(door, late, world.approver), 409, "transfer_proposal_state")


async def test_one_second_late_it_is_not_aborted_though_nobody_has_made_it(
    door: Service, world: World
) -> None:
    world.watch.shows = EVE
    shown = await scheduled(door, world)
    world.watch.shows = AFTER + SECOND
    refused(await abort(door, shown, world.approver), 409, "transfer_due")
    assert await delivered(world) == [State.DELIVERED]


async def test_a_clock_that_jumps_two_hours_releases_nothing_and_revives_no_token(
    registry: Registry, door: Service, world: World
) -> None:
    """Ahead: the transfer waits, and tokens are over; back again: they stay so."""
    shown = await scheduled(door, world)
    due = MONDAY + timedelta(hours=25)
    passed = [0.0]
    steady = SteadyClock(world.watch, lambda: passed[0])
    deliverer = Deliverer(registry.engine, registry.committer, steady)
    world.watch.shows = due - timedelta(hours=1)
    passed[0] = (world.watch.shows - MONDAY).total_seconds()
    assert await deliverer.deliver() == []
    session = await signed_in(registry, door, world.initiator)
    assert (await door.get(ME, headers=bearing(session))).status_code == 200
    world.watch.shows += HOURS_2
    assert await deliverer.deliver() == []
    refreshing = by_refresh_token(session["refresh_token"])
    refused(await door.post(TOKENS, json=refreshing), 401, "refresh_refused")
    await asyncio.sleep(AGE_S_MAX)
    assert (await door.get(ME, headers=bearing(session))).status_code == 401
    world.watch.shows -= HOURS_2
    assert (await door.get(ME, headers=bearing(session))).status_code == 401
    refused(await door.post(TOKENS, json=refreshing), 401, "refresh_refused")
    assert (await read(door, shown, world.viewer))["state"] == "scheduled"
    passed[0] += 3_600
    world.watch.shows = due
    assert [one.state for one in await deliverer.deliver()] == [State.DELIVERED]


# ------------------------------------------------------------- what an account sets for itself


async def test_a_receiver_asks_accepts_and_declines(
    registry: Registry, door: Service, world: World
) -> None:
    """At once it is refused with where to go; proposed, it waits for the receiver's approver."""
    async with registry.read() as connection:
        party = await get_party(connection, world.receiver.party_id)
    theirs = await an_actor(registry, party, Role.HOLDER_APPROVER)
    terms = f"/v1/accounts/{world.elsewhere.number}/own-terms"
    asked = await door.put(f"{terms}/acceptance", json={"asks": True}, headers=bearer(door, theirs))
    assert asked.json()["asks_acceptance"] is True
    body = {
        "from_account": world.account.number,
        "to_account": world.elsewhere.number,
        "credits": 1,
    }
    at_once = await door.post("/v1/transfers", json=body, headers=writes(door, world.initiator))
    refused(at_once, 409, "acceptance_needed")
    assert PROPOSALS in at_once.json()["detail"]
    one, other = await scheduled(door, world), await scheduled(door, world)
    headers, path = writes(door, theirs), f"{PROPOSALS}/{one['id']}/acceptance"
    accepted = await door.post(path, json={"digest": one["digest"]}, headers=headers)
    assert accepted.json()["accepted_by"] == theirs.user_id
    assert accepted.json()["accept_until"] == "2032-03-04T04:00:00Z"
    refusing = f"{PROPOSALS}/{other['id']}/refusal"
    refused(await door.post(refusing, headers=writes(door, world.receiver)), 403, "not_allowed")
    declined = await door.post(refusing, headers=writes(door, theirs))
    assert (declined.json()["state"], declined.json()["reason"]) == ("returned", "declined")
    again = await door.post(refusing, headers=writes(door, theirs))
    refused(again, 409, "acceptance_not_awaited")
    world.watch.wind(days=1, hours=1)
    assert await delivered(world) == [State.DELIVERED]


async def test_an_account_limits_itself(door: Service, world: World) -> None:
    path = f"/v1/accounts/{world.account.number}/own-terms"
    headers = bearer(door, world.approver)
    lower = {"credits_max": 9, "credits_per_day_max": None}
    limited = await door.put(f"{path}/limits", json=lower, headers=headers)
    assert (limited.json()["in_force"], limited.json()["later"]) == (lower, None)
    refused(await propose(door, world, world.initiator), 409, "transfer_over_own_limit")
    higher = {"credits_max": 10, "credits_per_day_max": None}
    await door.put(f"{path}/limits", json=higher, headers=headers)
    shown = (await door.get(path, headers=bearer(door, world.viewer))).json()
    assert (shown["in_force"], shown["from_later_on"]) == (lower, higher)
    assert shown["later"] == "2032-03-05T05:00:00Z"
    refused(await propose(door, world, world.initiator), 409, "transfer_over_own_limit")
    world.watch.wind(days=4, hours=1)
    assert (await propose(door, world, world.initiator)).status_code == 201
    wrong = {"credits_max": 0, "credits_per_day_max": None}
    again = bearer(door, world.approver)
    refused(await door.put(f"{path}/limits", json=wrong, headers=again), 422, "malformed")
