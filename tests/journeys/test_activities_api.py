"""Activities over HTTP: the way from draft to registration, and how it is refused."""

from typing import Any

import pytest
from httpx2 import Response

from app.kernel.clock import bangkok_date, now
from app.registry.activities.rules import SITES_MAX
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Role
from tests.builders.activities import (
    a_document,
    a_draft_activity,
    a_registered_activity,
    an_account_of,
    an_official,
)
from tests.builders.parties import Register, Service, a_developer, a_vvb, bearer

BEFORE_ALL = "act_01kb5w6yk2e0hr9h5y0s8v2a3b"


def a_body(**changes: object) -> dict[str, Any]:
    body: dict[str, Any] = {
        "programme_code": "CITY",
        "name_th": "ต้นไม้ในเมืองขอนแก่น",
        "name_en": "Urban trees of Khon Kaen",
        "description": "Trees planted and kept along streets.",
        "methodology_code": "T-VER-S-METH-13-01",
        "methodology_version": "02",
        "form": "single",
        "sites": [a_site()],
        "estimate_tco2e": "750.5",
        "starts_on": "2023-01-01",
        "proposed_crediting_start": "2023-01-01",
        "in_other_mechanism": False,
    }
    return body | changes


def a_site(**changes: object) -> dict[str, Any]:
    site: dict[str, Any] = {
        "name": "บึงแก่นนคร",
        "province_code": "40",
        "latitude": "16.418",
        "longitude": "102.8385",
        "installed_size": "800",
    }
    return site | changes


async def step(
    api: Service, actor: Actor, answer: Response, path: str, body: dict[str, Any]
) -> Response:
    """Take the next step on the activity of an answer, as it stands there."""
    activity_id = answer.json().get("activity_id", answer.json()["id"])
    taken = await api.post(
        f"/v1/activities/{activity_id}/{path}",
        json=body,
        headers=bearer(api, actor) | {"If-Match": answer.headers["ETag"]},
    )
    assert taken.status_code in {200, 201}, taken.text
    return taken


async def test_an_activity_goes_from_draft_to_the_public_register(
    registry: Register, api: Service
) -> None:
    """Each answer carries the version that the next step is based on."""
    owner = await a_developer(registry)
    account = await an_account_of(registry, owner)
    drafted = await api.post(
        "/v1/activities",
        json=a_body(credit_account_number=account.number),
        headers=bearer(api, owner),
    )
    assert drafted.status_code == 201, drafted.text
    address = drafted.headers["Location"]
    assert drafted.json()["code"] == "CITY-0001"
    assert (await api.get(address)).status_code == 404
    registered = await register(registry, api, owner, drafted)
    assert registered.json()["crediting_end"] == "2032-12-31"

    public = await api.get(address)
    assert public.status_code == 200
    assert public.headers["ETag"] == registered.headers["ETag"]
    shown = public.json()
    assert shown["province_codes"] == ["40"]
    assert shown["sites"][0]["latitude"] == "16.418"
    assert shown["estimate_tco2e"] == "750.5"
    assert shown["credit_account_number"] == account.number
    assert shown["opinions"][0]["conclusion"] == "positive"
    assert "lead_user_id" not in public.text

    events = (await api.get(f"{address}/events")).json()
    assert [event["to_status"] for event in events["data"]] == [
        "draft",
        "draft",
        "submitted",
        "under_review",
        "under_review",
        "under_validation",
        "under_validation",
        "registered",
    ]
    assert "user_id" not in str(events)
    closed = await step(api, owner, registered, "closure", {"reason": "Trees were felled."})
    assert closed.json()["status"] == "closed"


async def register(registry: Register, api: Service, owner: Actor, drafted: Response) -> Response:
    """Take a draft through every step to registration."""
    officer = await an_official(registry, Role.OFFICER)
    approver = await an_official(registry, Role.APPROVER)
    lead, _ = await a_vvb(registry, scopes=(14,))
    amended = await api.patch(
        drafted.headers["Location"],
        json={"name_en": "Street trees", "other_mechanism_note": None},
        headers=bearer(api, owner) | {"If-Match": drafted.headers["ETag"]},
    )
    assert amended.json()["name_en"] == "Street trees"
    submitted = await step(api, owner, amended, "submission", {})
    assert submitted.json()["scale"] == "micro"
    reviewed = await step(api, officer, submitted, "review", {})
    assigned = await step(api, owner, reviewed, "validator", {"vvb_party_id": lead.party_id})
    complete = await step(api, officer, assigned, "review/result", {"is_complete": True})
    opinion = await step(
        api, lead, complete, "validation", {"conclusion": "positive", "statement": "Checked."}
    )
    assert opinion.status_code == 201
    decision = {
        "approve": True,
        "decided_on": bangkok_date(now()).isoformat(),
        "meeting": "อบก. 11/2569",
    }
    return await step(api, approver, opinion, "registration", decision)


async def test_a_list_is_paged_and_filtered(registry: Register, api: Service) -> None:
    """The cursor of one page leads to the next, with the same filters."""
    owner = await a_developer(registry)
    made = [(await a_draft_activity(registry, owner=owner))[0].id for _ in range(3)]
    public = await a_registered_activity(registry, owner=owner, province="81")
    headers = bearer(api, owner)
    first = (await api.get("/v1/activities?limit=2&status=draft", headers=headers)).json()
    assert first["has_more"]
    second = (
        await api.get(
            f"/v1/activities?limit=2&status=draft&cursor={first['next_cursor']}", headers=headers
        )
    ).json()
    assert [row["id"] for row in first["data"] + second["data"]] == made[::-1]
    assert (second["has_more"], second["next_cursor"]) == (False, None)
    everybody = (await api.get("/v1/activities?province_code=81")).json()
    assert [row["id"] for row in everybody["data"]] == [public.id]
    assert everybody["data"][0]["province_codes"] == ["81"]
    assert (await api.get("/v1/activities", params={"q": "ต้นไม้"})).json()["data"]


async def test_events_and_documents_are_paged(registry: Register, api: Service) -> None:
    """A long history is read in pages too."""
    owner = await a_developer(registry)
    activity = await a_registered_activity(registry, owner=owner)
    for _ in range(2):
        await a_document(registry, owner, activity_id=activity.id)
    for what, key in (("events", "log_index"), ("documents", "id")):
        seen: list[Any] = []
        cursor = ""
        while True:
            page = (await api.get(f"/v1/activities/{activity.id}/{what}?limit=1{cursor}")).json()
            seen += [row[key] for row in page["data"]]
            if not page["has_more"]:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert seen == sorted(seen)
        assert len(seen) == (6 if what == "events" else 2)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"programme_code": "city"}, "programme_code"),
        ({"sites": []}, "sites"),
        ({"sites": [a_site()] * (SITES_MAX + 1)}, "sites"),
        ({"sites": [a_site(latitude="4")]}, "latitude"),
        ({"sites": [a_site(longitude=102.8)]}, "longitude"),
        ({"sites": [a_site(installed_size="-1")]}, "installed_size"),
        ({"estimate_tco2e": 750.5}, "estimate_tco2e"),
        ({"estimate_tco2e": "750.1234567"}, "estimate_tco2e"),
        ({"starts_on": "01/01/2566"}, "starts_on"),
        ({"starts_on": 0}, "starts_on"),
        ({"in_other_mechanism": "no"}, "in_other_mechanism"),
        ({"name_th": "   "}, "name_th"),
        ({"credit_account_number": "1001"}, "credit_account_number"),
        ({"status": "registered"}, "status"),
        ({"form": "forest"}, "form"),
    ],
)
async def test_a_malformed_draft_names_the_field(
    registry: Register, api: Service, changes: dict[str, Any], pointer: str
) -> None:
    """Nothing is guessed, rounded or ignored."""
    owner = await a_developer(registry)
    refused = await api.post("/v1/activities", json=a_body(**changes), headers=bearer(api, owner))
    assert refused.status_code == 422, refused.text
    assert pointer in refused.json()["errors"][0]["pointer"]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"programme_code": "NONE"}, 404, "programme_not_found"),
        ({"methodology_code": "T-VER-S-METH-99-99"}, 404, "methodology_not_found"),
        ({"sites": [a_site(province_code="99")]}, 404, "province_not_found"),
        ({"sites": [a_site(latitude="5.4")]}, 409, "site_outside_thailand"),
        ({"starts_on": "9999-12-31"}, 409, "date_out_of_range"),
        ({"credit_account_number": "TH-000001-00"}, 409, "credit_account_foreign"),
    ],
)
async def test_a_draft_that_names_what_is_not_is_refused_by_code(
    registry: Register, api: Service, changes: dict[str, Any], status: int, code: str
) -> None:
    """Its form is right; a rule or the register says no."""
    owner = await a_developer(registry)
    refused = await api.post("/v1/activities", json=a_body(**changes), headers=bearer(api, owner))
    assert (refused.status_code, refused.json()["code"]) == (status, code)


async def test_a_step_needs_a_signature_a_version_and_the_right_one(
    registry: Register, api: Service
) -> None:
    """401, 428, 412, 403, 409, 404: each for its own reason, and nothing changed."""
    draft, owner = await a_draft_activity(registry)
    address = f"/v1/activities/{draft.id}/submission"
    mine = bearer(api, owner)
    officer = bearer(api, await an_official(registry, Role.OFFICER))
    stranger = bearer(api, await a_developer(registry))
    version = {"If-Match": '"1"'}
    answers = [
        await api.post(address, json={}),
        await api.post(address, json={}, headers=mine),
        await api.post(address, json={}, headers=mine | {"If-Match": '"2"'}),
        await api.post(address, json={}, headers=officer | version),
        await api.post(
            f"/v1/activities/{draft.id}/closure", json={"reason": "x"}, headers=mine | version
        ),
        await api.post(address, json={}, headers=stranger | version),
        await api.post(f"/v1/activities/{BEFORE_ALL}/submission", json={}, headers=mine | version),
        await api.post(address, json={}, headers=mine | {"If-Match": "*"}),
    ]
    assert [answer.status_code for answer in answers] == [401, 428, 412, 403, 409, 404, 404, 422]
    assert (await api.get(f"/v1/activities/{draft.id}", headers=mine)).json()["version"] == 1


async def test_a_draft_made_twice_with_one_key_is_made_once(
    registry: Register, api: Service
) -> None:
    """A retry gets the first answer, byte for byte."""
    owner = await a_developer(registry)
    headers = bearer(api, owner) | {"Idempotency-Key": "draft-1"}
    first = await api.post("/v1/activities", json=a_body(), headers=headers)
    again = await api.post("/v1/activities", json=a_body(), headers=headers)
    assert first.content == again.content
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await api.post("/v1/activities", json=a_body(name_en="Other"), headers=headers)
    assert other.status_code in {409, 422}


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "cursor=%21", "stauts=draft", "project_type=16", "q="]
)
async def test_a_query_that_is_not_understood_is_refused(api: Service, query: str) -> None:
    """A misspelt filter must not widen the result."""
    assert (await api.get(f"/v1/activities?{query}")).status_code == 422
