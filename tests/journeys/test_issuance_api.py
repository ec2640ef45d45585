"""From a draft report to credits over HTTP, and how each step is refused."""

from typing import Any

import pytest
from httpx2 import Response

from app.kernel.clock import bangkok_date, now
from app.kernel.ids import new_id
from app.registry.activities.rules import Activity
from app.registry.monitoring.rules import LINES_MAX
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Role
from tests.builders.activities import (
    MANGROVE,
    RECOGNISED,
    a_registered_activity,
    an_official,
)
from tests.builders.issuance import (
    a_draft_report,
    a_given_opinion,
    a_submitted_report,
    a_verified_report,
    an_issuance,
    an_owner,
)
from tests.builders.parties import Register, Service, a_developer, a_vvb, bearer

NOWHERE = "01kb5w6yk2e0hr9h5y0s8v2a3b"
REPORTS, VERIFICATIONS, ISSUANCES = (
    "/v1/monitoring-reports",
    "/v1/verifications",
    "/v1/issuances",
)


def a_line(vintage: int = 2024, **changes: object) -> dict[str, Any]:
    line: dict[str, Any] = {
        "vintage": vintage,
        "baseline_tco2e": "120.75",
        "project_tco2e": "20.25",
        "leakage_tco2e": "0.5",
    }
    return line | changes


def a_report(activity: Activity, **changes: object) -> dict[str, Any]:
    body: dict[str, Any] = {
        "activity_id": activity.id,
        "period_start": "2023-07-01",
        "period_end": "2024-06-30",
        "lines": [a_line(2023), a_line(2024)],
    }
    return body | changes


def an_opinion(**changes: object) -> dict[str, Any]:
    body: dict[str, Any] = {
        "conclusion": "unmodified",
        "assurance": "reasonable",
        "materiality_percent": "5",
        "statement": "In our opinion the reported reductions are fairly stated.",
        "no_conflict_of_interest": True,
        "findings": [
            {
                "finding_class": "misstatement",
                "description": "Two readings are missing.",
                "response": "Taken from the back-up meter.",
                "is_closed": True,
            }
        ],
        "lines": [
            {"vintage": 2023, "verified_tco2e": "100", "buffer_credits": 10},
            {"vintage": 2024, "verified_tco2e": "99.999999", "buffer_credits": 9},
        ],
    }
    return body | changes


def a_decision(report_id: str, **changes: object) -> dict[str, Any]:
    body: dict[str, Any] = {
        "report_id": report_id,
        "approve": True,
        "decision": {"meeting": "Sub-committee 3/2569", "decided_on": str(bangkok_date(now()))},
    }
    return body | changes


def keyed(api: Service, actor: Actor) -> dict[str, str]:
    return bearer(api, actor) | {"Idempotency-Key": new_id("req")}


async def sent(
    api: Service, actor: Actor, path: str, body: dict[str, Any] | None, answer: Response
) -> Response:
    """Take a step on what an answer shows, as it stands there."""
    headers = bearer(api, actor) | {"If-Match": answer.headers["ETag"]}
    return await api.post(path, json=body, headers=headers)


async def handed_in(api: Service, owner: Actor, activity: Activity) -> str:
    """Draft, edit and submit a report; returns its identifier."""
    drafted = await api.post(REPORTS, json=a_report(activity), headers=bearer(api, owner))
    assert drafted.status_code == 201, drafted.text
    address = drafted.headers["Location"]
    assert drafted.json()["monitored_tco2e"] == "200"
    assert (await api.get(address)).status_code == 404
    edited = await api.patch(
        address,
        json={"lines": [a_line(2023), a_line(2024, baseline_tco2e="120.750001")]},
        headers=bearer(api, owner) | {"If-Match": drafted.headers["ETag"]},
    )
    assert (edited.status_code, edited.json()["revision"]) == (200, 2), edited.text
    submitted = await sent(api, owner, f"{address}/submission", None, edited)
    assert submitted.json()["status"] == "submitted", submitted.text
    return str(submitted.json()["id"])


async def concluded(
    api: Service, owner: Actor, report_id: str, *, lead: Actor, reviewer: Actor
) -> Response:
    """Assign a body, give its opinion and approve it; returns the last answer."""
    assigned = await api.post(
        VERIFICATIONS,
        json={"report_id": report_id, "vvb_party_id": lead.party_id},
        headers=bearer(api, owner),
    )
    assert assigned.status_code == 201, assigned.text
    work = assigned.headers["Location"]
    given = await sent(api, lead, f"{work}/opinion", an_opinion(), assigned)
    assert given.status_code == 200, given.text
    decision = {"approve": True, "reason": "Recalculated."}
    return await sent(api, reviewer, f"{work}/review", decision, given)


async def test_from_a_draft_report_to_serialised_credits(registry: Register, api: Service) -> None:
    """The whole way over HTTP; each answer carries the version that the next step names."""
    activity = await a_registered_activity(registry, methodology=MANGROVE)
    owner = await an_owner(registry, activity)
    lead, reviewer = await a_vvb(registry, scopes=(activity.sectoral_scope,))
    report_id = await handed_in(api, owner, activity)
    verified = await concluded(api, owner, report_id, lead=lead, reviewer=reviewer)
    assert verified.json()["status"] == "concluded", verified.text
    opinions = (await api.get(f"{VERIFICATIONS}/{verified.json()['id']}/opinions")).json()
    assert opinions["data"][0]["review"]["approved"] is True
    assert opinions["data"][0]["findings"][0]["is_closed"] is True

    approver = await an_official(registry, Role.APPROVER)
    issued = await api.post(ISSUANCES, json=a_decision(report_id), headers=keyed(api, approver))
    assert issued.status_code == 201, issued.text
    lines = issued.json()["lines"]
    assert [(line["vintage"], line["credits"], line["net_credits"]) for line in lines] == [
        (2023, 100, 90),
        (2024, 99, 90),
    ]
    assert [line["remainder_tco2e"] for line in lines] == ["0", "0.999999"]
    assert lines[0]["serial_prefix"] == f"TH-CITY-{activity.number:04d}-2023-1"
    assert (await api.get(issued.headers["Location"])).json() == issued.json()
    public = await api.get(f"{REPORTS}/{report_id}")
    assert (public.status_code, public.json()["status"]) == (200, "issued")
    assert public.json()["recognition"] is None
    events = (await api.get(f"{REPORTS}/{report_id}/events")).json()["data"]
    assert [event["kind"] for event in events] == [
        "report.drafted",
        "report.edited",
        "report.submitted",
        "verification.assigned",
        "verification.concluded",
        "credits.issued",
    ]


async def test_a_dry_run_shows_what_would_be_minted_and_a_retry_mints_once(
    registry: Register, api: Service
) -> None:
    """The approver looks first; a lost answer is asked for again with the same key."""
    activity = await a_registered_activity(registry)
    report = await a_verified_report(registry, activity)
    approver = await an_official(registry, Role.APPROVER)
    body = a_decision(report.id)
    tried = await api.post(f"{ISSUANCES}?dry_run=true", json=body, headers=keyed(api, approver))
    assert (tried.status_code, tried.json()["credits"]) == (200, 1234), tried.text
    assert "Location" not in tried.headers
    assert (await api.get(ISSUANCES)).json()["data"] == []
    headers = keyed(api, approver)
    issued = await api.post(ISSUANCES, json=body, headers=headers)
    assert issued.json()["lines"] == tried.json()["lines"]
    again = await api.post(ISSUANCES, json=body, headers=headers)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.content == issued.content
    assert [row["id"] for row in (await api.get(ISSUANCES)).json()["data"]] == [issued.json()["id"]]


async def test_a_less_report_ends_in_a_letter(registry: Register, api: Service) -> None:
    """And can neither be verified nor issued."""
    year = bangkok_date(now()).year - 1
    activity = await a_registered_activity(
        registry,
        programme="LESS",
        methodology=RECOGNISED,
        crediting_start=bangkok_date(now()).replace(year=year, month=1, day=1),
    )
    report = await a_submitted_report(registry, activity, tonnes={year: "12.5"})
    approver = await an_official(registry, Role.APPROVER)
    address = f"{REPORTS}/{report.id}"
    issued = await api.post(ISSUANCES, json=a_decision(report.id), headers=keyed(api, approver))
    assert (issued.status_code, issued.json()["code"]) == (409, "programme_never_mints")
    read = await api.get(address, headers=bearer(api, approver))
    letter = {"letter_number": "LoR 7/2569", "letter_date": str(bangkok_date(now()))}
    recognised = await sent(api, approver, f"{address}/recognition", letter, read)
    assert recognised.status_code == 200, recognised.text
    shown = (await api.get(address)).json()
    assert (shown["status"], shown["recognition"]["recognised_tco2e"]) == ("recognised", "12.5")


async def test_a_report_can_be_withdrawn_with_a_reason(registry: Register, api: Service) -> None:
    """The owner takes it back; the reason stays in its events."""
    activity = await a_registered_activity(registry)
    owner = await an_owner(registry, activity)
    report = await a_submitted_report(registry, activity, owner=owner)
    address = f"{REPORTS}/{report.id}"
    read = await api.get(address, headers=bearer(api, owner))
    withdrawn = await sent(api, owner, f"{address}/withdrawal", {"reason": "Misread."}, read)
    assert withdrawn.json()["status"] == "withdrawn", withdrawn.text
    events = await api.get(f"{address}/events", headers=bearer(api, owner))
    assert events.json()["data"][-1]["reason"] == "Misread."


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"lines": []}, "/body/lines"),
        ({"lines": [a_line(2024)] * (LINES_MAX + 1)}, "/body/lines"),
        ({"lines": [a_line(1989)]}, "/body/lines/0/vintage"),
        ({"lines": [a_line(2024, baseline_tco2e="-1")]}, "/body/lines/0/baseline_tco2e"),
        ({"lines": [a_line(2024, baseline_tco2e=1.5)]}, "/body/lines/0/baseline_tco2e"),
        ({"lines": [a_line(2024, baseline_tco2e="1.0000001")]}, "/body/lines/0/baseline_tco2e"),
        ({"lines": [a_line(2024, baseline_tco2e="1e3")]}, "/body/lines/0/baseline_tco2e"),
        ({"lines": [a_line(2024, net_tco2e="1")]}, "/body/lines/0/net_tco2e"),
        ({"period_start": "2567-01-32"}, "/body/period_start"),
        ({"period_start": 0}, "/body/period_start"),
        ({"document_ids": ["x"]}, "/body/document_ids/0"),
        ({"status": "verified"}, "/body/status"),
    ],
)
async def test_a_malformed_report_is_answered_field_by_field(
    registry: Register, api: Service, changes: dict[str, Any], pointer: str
) -> None:
    """Nothing is changed, and the field is named."""
    owner = await a_developer(registry)
    body = {
        "activity_id": f"act_{NOWHERE}",
        "period_start": "2024-01-01",
        "period_end": "2024-12-31",
        "lines": [a_line()],
        **changes,
    }
    answer = await api.post(REPORTS, json=body, headers=bearer(api, owner))
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"period_start": "2024-06-30", "period_end": "2024-01-01"}, "report_period_reversed"),
        ({"period_start": "0001-01-01"}, "report_period_outside_crediting"),
        ({"period_end": "9999-12-31"}, "report_period_in_future"),
        ({"lines": [a_line(2024)]}, "report_vintages_incomplete"),
        ({"lines": [a_line(2023), a_line(2024, project_tco2e="121")]}, "report_net_negative"),
        ({"document_ids": [f"doc_{NOWHERE}"]}, "evidence_foreign"),
    ],
)
async def test_a_report_that_breaks_a_rule_is_refused_by_code(
    registry: Register, api: Service, changes: dict[str, Any], code: str
) -> None:
    """In the caller's language, with what to do."""
    activity = await a_registered_activity(registry)
    owner = await an_owner(registry, activity)
    headers = bearer(api, owner) | {"Accept-Language": "th"}
    answer = await api.post(REPORTS, json=a_report(activity, **changes), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, code), answer.text
    assert any("\u0e00" <= letter <= "\u0e7f" for letter in answer.json()["detail"])


@pytest.mark.parametrize(
    "changes",
    [
        {"materiality_percent": "101"},
        {"materiality_percent": "5.001"},
        {"materiality_percent": 5},
        {"conclusion": "positive"},
        {"no_conflict_of_interest": "yes"},
        {"lines": [{"vintage": 2024, "verified_tco2e": "1", "buffer_credits": -1}]},
        {"lines": [{"vintage": 2024, "verified_tco2e": "1", "buffer_credits": 1.5}]},
        {"findings": [{"finding_class": "typo", "description": "x", "is_closed": True}]},
        {"statement": " "},
    ],
)
async def test_a_malformed_opinion_is_refused(
    registry: Register, api: Service, changes: dict[str, Any]
) -> None:
    """The form is in the schema, so nothing is looked up for it."""
    lead, _ = await a_vvb(registry)
    headers = bearer(api, lead) | {"If-Match": '"1"'}
    path = f"{VERIFICATIONS}/vrf_{NOWHERE}/opinion"
    answer = await api.post(path, json=an_opinion(**changes), headers=headers)
    assert answer.status_code == 422
    absent = await api.post(path, json=an_opinion(), headers=headers)
    assert (absent.status_code, absent.json()["code"]) == (404, "verification_not_found")


async def test_decisions_name_the_version_they_were_made_on(
    registry: Register, api: Service
) -> None:
    """Missing: 428. Another one than the present: 412."""
    activity = await a_registered_activity(registry)
    owner = await an_owner(registry, activity)
    draft = await a_draft_report(registry, activity, tonnes={2023: "5"}, owner=owner)
    report = await a_submitted_report(registry, activity, owner=owner)
    given, _, reviewer = await a_given_opinion(registry, report)
    decision = {"approve": True, "reason": "Recalculated."}
    for actor, path, body in (
        (owner, f"{REPORTS}/{draft.id}/submission", None),
        (owner, f"{REPORTS}/{draft.id}/withdrawal", {"reason": "Misread."}),
        (reviewer, f"{VERIFICATIONS}/{given.id}/review", decision),
    ):
        headers = bearer(api, actor)
        assert (await api.post(path, json=body, headers=headers)).status_code == 428
        stale = headers | {"If-Match": '"99"'}
        assert (await api.post(path, json=body, headers=stale)).status_code == 412
    patched = await api.patch(f"{REPORTS}/{draft.id}", json={}, headers=bearer(api, owner))
    assert patched.status_code == 428


async def test_writing_needs_somebody_signed_in_and_issuing_needs_a_key(
    registry: Register, api: Service
) -> None:
    """Minting twice by a retry is what the key is for."""
    activity = await a_registered_activity(registry)
    report = await a_verified_report(registry, activity)
    approver = await an_official(registry, Role.APPROVER)
    assert (await api.post(REPORTS, json=a_report(activity))).status_code == 401
    body = a_decision(report.id)
    keyless = await api.post(ISSUANCES, json=body, headers=bearer(api, approver))
    assert keyless.json()["code"] == "idempotency_key_required"
    officer = await an_official(registry, Role.OFFICER)
    forbidden = await api.post(ISSUANCES, json=body, headers=keyed(api, officer))
    assert (forbidden.status_code, forbidden.json()["code"]) == (403, "not_allowed")
    ungrounded = a_decision(report.id, decision={"decided_on": str(bangkok_date(now()))})
    refused = await api.post(ISSUANCES, json=ungrounded, headers=keyed(api, approver))
    assert (refused.status_code, refused.json()["code"]) == (409, "decision_ungrounded")


async def test_lists_page_by_cursor_and_filter(registry: Register, api: Service) -> None:
    """Newest first; a cursor leads on, a forged one and an unknown filter are refused."""
    activity = await a_registered_activity(registry)
    older = await an_issuance(registry, activity, tonnes={2023: "5"})
    newer = await an_issuance(registry, activity, tonnes={2024: "5"})
    for path, ids in (
        (ISSUANCES, [newer.id, older.id]),
        (REPORTS, [newer.report_id, older.report_id]),
        (VERIFICATIONS, [newer.verification_id, older.verification_id]),
    ):
        first = (await api.get(path, params={"limit": 1})).json()
        assert ([row["id"] for row in first["data"]], first["has_more"]) == (ids[:1], True)
        more = {"limit": 1, "cursor": first["next_cursor"]}
        second = (await api.get(path, params=more)).json()
        assert ([row["id"] for row in second["data"]], second["has_more"]) == (ids[1:], False)
        forged = await api.get(path, params={"cursor": "bm9uc2Vuc2U"})
        assert forged.json()["code"] == "cursor_invalid"
        assert (await api.get(path, params={"vintge": 2024})).status_code == 422
    by_vintage = await api.get(ISSUANCES, params={"vintage": 2023, "activity_id": activity.id})
    assert [row["id"] for row in by_vintage.json()["data"]] == [older.id]
    events = f"{REPORTS}/{older.report_id}/events"
    first = (await api.get(events, params={"limit": 4})).json()
    more = {"cursor": first["next_cursor"]}
    rest = (await api.get(events, params=more)).json()
    assert (len(first["data"]), len(rest["data"])) == (4, 1)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"{REPORTS}/mrp_{NOWHERE}", "report_not_found"),
        (f"{REPORTS}/mrp_{NOWHERE}/events", "report_not_found"),
        (f"{VERIFICATIONS}/vrf_{NOWHERE}", "verification_not_found"),
        (f"{VERIFICATIONS}/vrf_{NOWHERE}/opinions", "verification_not_found"),
        (f"{ISSUANCES}/iss_{NOWHERE}", "issuance_not_found"),
    ],
)
async def test_what_is_not_there_is_not_found(api: Service, path: str, code: str) -> None:
    """With its own code, so that a client knows what it looked for."""
    answer = await api.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, code)
