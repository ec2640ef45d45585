"""Renewals over HTTP: by whom, what others see of it, and what a party has afterwards."""

import asyncio

import pytest

from app.registry.parties.policy import Actor
from app.registry.parties.rules import PartyKind, Role
from tests.builders.application_files import CONTENT, DIGEST, Applicant, Json, a_said, code_of
from tests.builders.parties import (
    Register,
    Service,
    a_holder,
    a_party,
    a_vvb,
    an_actor,
    an_authority,
    bearer,
)

NOT_FOUND = (404, "application_not_found")
NOT_ALLOWED = (403, "not_allowed")


class House:
    """A party with one of each kind of people, and everybody who has no business with it."""

    def __init__(self, api: Service, authority: dict[Role, Actor], people: list[Actor]) -> None:
        self.api = api
        self.authority = authority
        self.initiator, self.approver, self.viewer = people
        self.address = f"/v1/parties/{self.initiator.party_id}"
        self.strangers: list[Actor] = []

    def by(self, actor: Actor | None) -> dict[str, str]:
        return {} if actor is None else bearer(self.api, actor)

    def said(self, **changes: object) -> Json:
        plain = {**a_said(), "representatives": [], "holder_kind": "juristic_person"}
        return {**plain, **changes}

    async def begin(self) -> Applicant:
        begun = await self.api.post(
            f"{self.address}/renewals", json=self.said(), headers=self.by(self.initiator)
        )
        assert begun.status_code == 201, begun.text
        assert "secret" not in begun.json()
        applicant = Applicant(self.api, {**begun.json(), "secret": ""})
        assert begun.headers["location"] == applicant.address
        applicant.secret = self.by(self.initiator)
        return applicant

    async def kyc(self) -> Json:
        got = await self.api.get(f"{self.address}/kyc", headers=self.by(self.viewer))
        shown: Json = got.raise_for_status().json()
        return shown


@pytest.fixture
async def house(api: Service, registry: Register) -> House:
    """Return a party that was admitted without an application."""
    authority = await an_authority(registry)
    party = await a_party(registry, PartyKind.HOLDER)
    roles = (Role.HOLDER_INITIATOR, Role.HOLDER_APPROVER, Role.HOLDER_VIEWER)
    house = House(api, authority, [await an_actor(registry, party, role) for role in roles])
    house.strangers = [await a_holder(registry), *await a_vvb(registry)]
    return house


async def test_a_party_renews_and_its_documents_are_the_new_ones(house: House) -> None:
    """From the first look to the officers' list, with its files and a question on the way."""
    nothing = await house.kyc()
    assert set(nothing.values()) == {None}
    renewal = await house.begin()
    assert (await house.kyc())["open_renewal_id"] == renewal.id
    assert (await renewal.upload()).status_code == 201
    assert (await renewal.read()).content == CONTENT
    submitted = await renewal.step("POST", "/submission")
    assert (submitted.json()["kind"], submitted.json()["due_on"] is None) == ("renewal", False)
    officer, approver = (house.by(house.authority[r]) for r in (Role.OFFICER, Role.APPROVER))
    assert (await renewal.decided("/question", {"question": "Who?"}, officer)).is_success
    renewal.secret = house.by(house.approver)  # any of its people goes on
    assert (await renewal.step("POST", "/answer", {"answer": "Mali."})).is_success
    advice = {"is_favourable": True, "reason": "As shown."}
    assert (await renewal.decided("/recommendation", advice, officer)).is_success
    done = await renewal.decided("/decision", {"admit": True, "reason": "Agreed."}, approver)
    assert done.json()["status"] == "admitted", done.text
    assert await house.kyc() == {
        "holder_kind": "juristic_person",
        "application_id": renewal.id,
        "kyc_valid_until": "2199-12-31",
        "open_renewal_id": None,
    }
    listed = await house.api.get("/v1/applications/renewals?until=2200-01-01", headers=officer)
    assert [one["id"] for one in listed.json()["data"]] == [renewal.id]
    by = [event["by"] for event in (await renewal.shown())["events"]]
    people = {house.initiator.user_id, house.approver.user_id}
    assert {by[0], by[1], by[3]} == people


async def test_nobody_else_begins_one_or_hears_until_when_documents_are_valid(house: House) -> None:
    begins = [*house.strangers, house.viewer, *house.authority.values()]
    for actor in begins:
        refused = await house.api.post(
            f"{house.address}/renewals", json=house.said(), headers=house.by(actor)
        )
        assert code_of(refused) == NOT_ALLOWED
    for actor in house.strangers:
        hidden = await house.api.get(f"{house.address}/kyc", headers=house.by(actor))
        assert code_of(hidden) == NOT_ALLOWED
    for actor in house.authority.values():
        seen = await house.api.get(f"{house.address}/kyc", headers=house.by(actor))
        assert seen.status_code == 200
    for method, path in (("GET", "/kyc"), ("POST", "/renewals")):
        public = await house.api.request(method, house.address + path)
        assert code_of(public) == (401, "not_signed_in")
    party = await house.api.get(house.address)
    assert "kyc" not in party.text


async def test_nobody_else_learns_of_one_or_goes_on_with_it(house: House) -> None:
    """With whatever secret; what there is not is answered alike."""
    renewal = await house.begin()
    assert (await renewal.upload()).status_code == 201
    mine = renewal.secret
    secret = {"Application-Secret": "A" * 43}
    for actor in (*house.strangers, house.viewer, None):
        for headers in (house.by(actor), {**house.by(actor), **secret}):
            sent = {**headers, "If-Match": '"1"'}
            for method, step, body in (
                ("GET", "", None),
                ("PUT", "", {k: v for k, v in house.said().items() if k != "holder_kind"}),
                ("POST", "/submission", None),
                ("POST", "/withdrawal", None),
                ("POST", "/answer", {"answer": "Me."}),
                ("GET", f"/files/{DIGEST}", None),
            ):
                asked = {} if body is None else {"json": body}
                got = await house.api.request(method, renewal.address + step, headers=sent, **asked)
                assert code_of(got) == NOT_FOUND, (actor, method, step)
            assert code_of(await renewal.upload(secret=headers)) == NOT_FOUND
    for role in house.authority:
        headers = {**house.by(house.authority[role]), "If-Match": '"1"'}
        assert (await house.api.get(renewal.address, headers=headers)).status_code == 200
        taken = await house.api.post(f"{renewal.address}/withdrawal", headers=headers)
        assert code_of(taken) == NOT_FOUND
    renewal.secret = mine
    assert (await renewal.step("POST", "/withdrawal")).json()["status"] == "withdrawn"


async def test_a_person_is_told_of_their_partys_documents_which_may_be_of_them(
    house: House,
) -> None:
    """Of all their party handed in, by kind, and until its words are erased; of no other party."""
    renewal = await house.begin()
    begun = (await renewal.shown())["events"][0]["log_index"]
    expected = {
        "id": renewal.id,
        "kind": "renewal",
        "status": "draft",
        "log_index": begun,
        "documents": sorted({one["requirement"] for one in house.said()["documents"]}),
    }

    async def told(actor: Actor) -> object:
        address = f"/v1/users/{actor.user_id}/personal-data"
        got = await house.api.get(address, headers=house.by(actor))
        return got.raise_for_status().json()["applications"]

    for actor in (house.viewer, house.initiator):
        assert await told(actor) == [expected]
    for actor in house.strangers:
        assert await told(actor) == []


async def test_of_two_begun_at_once_one_is_begun(house: House) -> None:
    asked = [
        house.api.post(f"{house.address}/renewals", json=house.said(), headers=house.by(actor))
        for actor in (house.initiator, house.approver)
    ]
    replies = sorted(await asyncio.gather(*asked), key=lambda reply: reply.status_code)
    assert replies[0].status_code == 201
    assert code_of(replies[1]) == (409, "renewal_open")


async def test_a_request_that_is_sent_again_is_answered_as_the_first(house: House) -> None:
    headers = {**house.by(house.initiator), "Idempotency-Key": "renew-1"}
    first, again = [
        await house.api.post(f"{house.address}/renewals", json=house.said(), headers=headers)
        for _ in range(2)
    ]
    assert (first.status_code, first.json()) == (201, again.json())


async def test_a_renewal_names_nobody_who_acts(house: House) -> None:
    people = a_said()["representatives"]
    refused = await house.api.post(
        f"{house.address}/renewals",
        json=house.said(representatives=people),
        headers=house.by(house.initiator),
    )
    assert code_of(refused) == (409, "renewal_people")
