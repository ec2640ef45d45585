"""Applications over HTTP: an applicant with a secret, and the officers' desk."""

from typing import Any

import pytest
from httpx2 import Response

from app.registry.parties.policy import Actor
from app.registry.parties.rules import Role
from tests.builders.applications import DOCUMENTS
from tests.builders.parties import Register, Service, an_authority, an_email, bearer
from tests.builders.reference import today

APPLICATIONS = "/v1/applications"
Json = dict[str, Any]


def a_person(*roles: str) -> Json:
    return {"email": an_email().upper(), "display_name": "มะลิ ใจดี", "roles": list(roles)}


def a_body(**changes: object) -> Json:
    documents = [
        {
            "requirement": requirement,
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "media_type": "application/pdf",
            "bytes": 48_211,
            "issued_on": today().isoformat(),
            "expires_on": "2199-12-31",
        }
        for requirement in DOCUMENTS["juristic_person"]  # type: ignore[index]
    ]
    return {
        "holder_kind": "juristic_person",
        "party_kind": "holder",
        "name_th": "บริษัท ตัวอย่าง จำกัด",
        "name_en": "Example Company Limited",
        "contact_email": "office@example.org",
        "representatives": [a_person("holder_initiator"), a_person("holder_approver")],
        "documents": documents,
        **changes,
    }


class Desk:
    """An application, and everybody who works on it over HTTP."""

    def __init__(self, api: Service, begun: Json, authority: dict[Role, Actor]) -> None:
        self.api = api
        self.address = f"{APPLICATIONS}/{begun['id']}"
        self.secret = {"Application-Secret": begun["secret"]}
        self.authority = authority
        self.version = begun["version"]

    async def applicant(self, method: str, step: str, body: Json | None = None) -> Response:
        return await self._send(method, step, body, self.secret)

    async def officer(self, role: Role, step: str, body: Json) -> Response:
        return await self._send("POST", step, body, bearer(self.api, self.authority[role]))

    async def _send(
        self, method: str, step: str, body: Json | None, headers: dict[str, str]
    ) -> Response:
        sent = {**headers, "If-Match": f'"{self.version}"'}
        asked = {} if body is None else {"json": body}
        reply = await self.api.request(method, self.address + step, headers=sent, **asked)
        if reply.is_success:
            self.version = reply.json()["version"]
            assert reply.headers["etag"] == f'"{self.version}"'
        return reply


@pytest.fixture
async def desk(api: Service, registry: Register) -> Desk:
    """Return a draft that was begun over HTTP."""
    authority = await an_authority(registry)
    begun = await api.post(APPLICATIONS, json=a_body())
    assert begun.status_code == 201, begun.text
    assert begun.headers["location"] == f"{APPLICATIONS}/{begun.json()['id']}"
    return Desk(api, begun.json(), authority)


def code_of(reply: Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["code"]


async def test_an_applicant_is_let_in(desk: Desk) -> None:
    """From the first visit to the party that everybody can look up."""
    said = {k: v for k, v in a_body().items() if k not in {"holder_kind", "party_kind"}}
    assert (await desk.applicant("PUT", "", said)).json()["status"] == "draft"
    submitted = (await desk.applicant("POST", "/submission")).json()
    assert (submitted["status"], submitted["due_on"] is not None) == ("submitted", True)
    asked = await desk.officer(Role.OFFICER, "/question", {"question": "Who signs?"})
    assert (asked.json()["status"], asked.json()["due_on"]) == ("asked", None)
    answered = await desk.applicant("POST", "/answer", {"answer": "Mali signs."})
    assert answered.json()["status"] == "answered"
    advice = {"is_favourable": True, "reason": "All is there."}
    assert (await desk.officer(Role.OFFICER, "/recommendation", advice)).is_success
    decision = {"admit": True, "reason": "As recommended."}
    decided = await desk.officer(Role.APPROVER, "/decision", decision)
    assert decided.json()["status"] == "admitted", decided.text
    party = await desk.api.get(f"/v1/parties/{decided.json()['party_id']}")
    assert party.json()["name_en"] == "Example Company Limited"

    whole = (await desk.api.get(desk.address, headers=desk.secret)).json()
    assert [event["step"] for event in whole["events"]] == [
        *(None, "amend", "submit", "ask", "answer", "recommend", "admit")
    ]
    words = [event["words"] for event in whole["events"]]
    assert words[3:] == ["Who signs?", "Mali signs.", "All is there.", "As recommended."]
    assert all(event["salt"] for event in whole["events"][3:])
    email = said["representatives"][0]["email"].lower()
    assert whole["said"]["representatives"][0]["email"] == email


async def test_an_application_is_shown_to_its_applicant_and_to_tgo(
    desk: Desk, registry: Register
) -> None:
    api = desk.api
    for headers in ({}, {"Application-Secret": "A" * 43}):
        refused = await api.get(desk.address, headers=headers)
        assert code_of(refused) == (404, "application_not_found")
    unknown = f"{APPLICATIONS}/apl_01kb5b1j0dfz5r5d8r4v5e2c3a"
    assert code_of(await api.get(unknown)) == (404, "application_not_found")
    for role in desk.authority:
        seen = await api.get(desk.address, headers=bearer(api, desk.authority[role]))
        assert seen.status_code == 200
        assert "secret" not in seen.text
    del registry


async def test_only_the_secret_lets_an_applicant_on(desk: Desk) -> None:
    right, desk.secret = desk.secret, {"Application-Secret": "A" * 43}
    # Nor is told whether their version is the present one.
    for version in (desk.version, desk.version + 6):
        told = await desk.api.post(
            f"{desk.address}/submission", headers={**desk.secret, "If-Match": f'"{version}"'}
        )
        assert code_of(told) == (404, "application_not_found")
    desk.secret = {}
    assert (await desk.applicant("POST", "/submission")).status_code == 404
    desk.secret = right
    assert (await desk.applicant("POST", "/submission")).status_code == 200


async def test_an_applicant_takes_their_application_back(desk: Desk) -> None:
    await desk.applicant("POST", "/submission")
    withdrawn = await desk.applicant("POST", "/withdrawal")
    assert withdrawn.json()["status"] == "withdrawn", withdrawn.text
    advice = {"is_favourable": True, "reason": "All is there."}
    late = await desk.officer(Role.OFFICER, "/recommendation", advice)
    assert code_of(late) == (409, "application_state")
    assert code_of(await desk.applicant("POST", "/submission")) == (409, "application_state")


async def test_a_step_names_the_version_it_was_decided_on(desk: Desk) -> None:
    unbound = await desk.api.post(f"{desk.address}/submission", headers=desk.secret)
    assert code_of(unbound) == (428, "precondition_required")
    desk.version = 7
    assert code_of(await desk.applicant("POST", "/submission")) == (412, "application_stale")


async def test_officers_list_what_is_to_be_done(desk: Desk, api: Service) -> None:
    await desk.applicant("POST", "/submission")
    await api.post(APPLICATIONS, json=a_body())
    officer = bearer(api, desk.authority[Role.OFFICER])
    both = (await api.get(f"{APPLICATIONS}?limit=1", headers=officer)).json()
    assert (len(both["data"]), both["has_more"]) == (1, True)
    second = await api.get(f"{APPLICATIONS}?cursor={both['next_cursor']}", headers=officer)
    assert [one["status"] for one in second.json()["data"]] == ["draft"]
    listed = await api.get(f"{APPLICATIONS}?status=submitted", headers=officer)
    assert [one["due_on"] is not None for one in listed.json()["data"]] == [True]
    for text in ("office@example.org", "Example Company"):
        assert text not in listed.text
    assert code_of(await api.get(APPLICATIONS)) == (401, "not_signed_in")


async def test_officers_list_whose_documents_expire(desk: Desk, api: Service) -> None:
    await desk.applicant("POST", "/submission")
    advice = {"is_favourable": True, "reason": "All is there."}
    await desk.officer(Role.OFFICER, "/recommendation", advice)
    await desk.officer(Role.APPROVER, "/decision", {"admit": True, "reason": "Yes."})
    officer = bearer(api, desk.authority[Role.OFFICER])
    renewals = f"{APPLICATIONS}/renewals?until="
    due = (await api.get(renewals + "2199-12-31", headers=officer)).json()
    assert [one["documents_expire_on"] for one in due["data"]] == ["2199-12-31"]
    assert (await api.get(renewals + "2199-12-30", headers=officer)).json()["data"] == []
    for cursor in ("WyJ4IiwieSJd", "WzFd"):
        bad = await api.get(f"{renewals}2199-12-31&cursor={cursor}", headers=officer)
        assert code_of(bad) == (404, "cursor_invalid")


async def test_a_replayed_request_never_shows_the_secret(api: Service) -> None:
    """There is no key for it: an answer that is kept could be asked for by anybody."""
    key = {"Idempotency-Key": "0190f3c1"}
    first = await api.post(APPLICATIONS, json=a_body(), headers=key)
    second = await api.post(APPLICATIONS, json=a_body(), headers=key)
    assert first.json()["id"] != second.json()["id"]
    assert first.json()["secret"] != second.json()["secret"]


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"party_kind": "vvb"}, (409, "kind_of_holder")),
        ({"holder_kind": "state_body", "party_kind": "province"}, (409, "province_needed")),
        (
            {"holder_kind": "state_body", "party_kind": "province", "province_code": "99"},
            (404, "province_not_found"),
        ),
        ({"representatives": [a_person("officer")]}, (409, "role_not_of_kind")),
        ({"representatives": [a_person("holder_viewer", "holder_viewer")]}, (422, "malformed")),
        ({"holder_kind": "robot"}, (422, "malformed")),
    ],
)
async def test_what_no_application_can_say_is_refused(
    api: Service, changes: Json, refusal: tuple[int, str]
) -> None:
    assert code_of(await api.post(APPLICATIONS, json=a_body(**changes))) == refusal


async def test_a_party_is_closed_over_http(desk: Desk, api: Service) -> None:
    await desk.applicant("POST", "/submission")
    advice = {"is_favourable": True, "reason": "All is there."}
    await desk.officer(Role.OFFICER, "/recommendation", advice)
    decided = await desk.officer(Role.APPROVER, "/decision", {"admit": True, "reason": "Yes."})
    address = f"/v1/parties/{decided.json()['party_id']}/closure"
    administrator = bearer(api, desk.authority[Role.ADMINISTRATOR])
    closed = await api.post(address, json={"reason": "Dissolved."}, headers=administrator)
    assert (closed.status_code, closed.json()["closed_at"] is not None) == (200, True)
    again = await api.post(address, json={"reason": "Dissolved."}, headers=administrator)
    assert code_of(again) == (409, "party_closed")
