"""What pages of verifiers and officers are tried on: a report that waits for its verification."""

from typing import Any, Final

from tests.pages.acts import ask
from tests.pages.places import APPROVER, OFFICER
from tests.pages.site import Site

OWNER: Final = "developer, khonkaen"
NEIGHBOUR: Final = "developer, krabi"
GROUND: Final = {"reason": "Court order Por. 123/2569", "document_sha256": "9f" * 32}


def a_report(site: Site, first: str, last: str, *, net: str = "120.75") -> dict[str, Any]:
    """Have the owner of the demo's solar roofs hand in a report on a part of this year."""
    me = site.call(OWNER, "/users/me")
    own = site.call(OWNER, f"/activities?owner_party_id={me['party_id']}&status=registered")
    activity = next(each for each in own["data"] if each["code"] == "CITY-0001")
    documents = site.call(OWNER, f"/activities/{activity['id']}/documents")["data"]
    line = {"vintage": int(first[:4]), "baseline_tco2e": net, "project_tco2e": "0"}
    report: dict[str, Any] = site.call(
        OWNER,
        "/monitoring-reports",
        {
            "activity_id": activity["id"],
            "period_start": first,
            "period_end": last,
            "lines": [{**line, "leakage_tco2e": "0"}],
            "document_ids": [documents[0]["id"]],
        },
    )
    at = f"/monitoring-reports/{report['id']}/submission"
    return dict(site.call(OWNER, at, {}, if_match=f'"{report["version"]}"'), activity=activity)


def a_verification(
    site: Site, first: str = "2026-01-01", last: str = "2026-01-31", *, net: str = "120.75"
) -> str:
    """Have a report verified by the body that validated its activity; returns its identifier."""
    report = a_report(site, first, last, net=net)
    body = {"report_id": report["id"], "vvb_party_id": report["activity"]["vvb_party_id"]}
    return str(site.call(OWNER, "/verifications", body)["id"])


def an_application(site: Site, email: str = "somchai@example.org") -> dict[str, Any]:
    """Begin an application of a company that has not handed in any file."""
    body = {
        "holder_kind": "juristic_person",
        "party_kind": "holder",
        "name_th": "บริษัท ร่มเย็น จำกัด",
        "name_en": "Romyen Company Limited",
        "contact_email": email,
        "representatives": [
            {"email": email, "display_name": "สมชาย ใจเย็น", "roles": ["holder_initiator"]}
        ],
        "documents": [
            {
                "requirement": "request_letter",
                "sha256": "9f" * 32,
                "media_type": "application/pdf",
                "bytes": 45,
                "issued_on": "2026-10-01",
                "expires_on": "2026-10-31",
            }
        ],
    }
    return dict(ask(site, "/v1/applications", body))


def an_order(site: Site, path: str, body: dict[str, Any]) -> str:
    """Have one officer propose an order and another approve it; returns its identifier."""
    order = site.call(OFFICER, path, {**body, **GROUND})
    site.call(APPROVER, f"/orders/{order['id']}/approval", {"digest": order["digest"]})
    return str(order["id"])


def holding_of(site: Site, role: str) -> dict[str, Any]:
    """Return somebody's first account."""
    return dict(site.call(role, "/accounts")["data"][0])


def a_transfer(site: Site, credits_moved: int = 1) -> int:
    """Have the owner of solar roofs send credits to a neighbour; returns the act's log index."""
    numbers = {
        "from_account": holding_of(site, OWNER)["number"],
        "to_account": holding_of(site, NEIGHBOUR)["number"],
    }
    return int(site.call(OWNER, "/transfers", {**numbers, "credits": credits_moved})["id"])


def a_reversal(site: Site, act: int) -> str:
    """Have a transfer taken back by two officers; returns the order's identifier."""
    return an_order(site, "/reversals", {"act": act})


def frozen_serials(site: Site) -> str:
    """Have one serial frozen by two officers; returns the freeze's identifier."""
    named = {"batch": "TH-CITY-0002-2025-1", "first": 352, "last": 352}
    return an_order(site, "/freezes", named)


def an_issuance(site: Site) -> dict[str, Any]:
    """Return the solar roofs' first issuance."""
    issuances = site.call(OFFICER, "/issuances")["data"]
    return next(
        dict(each)
        for each in reversed(issuances)
        if each["lines"][0]["serial_prefix"].startswith("TH-CITY-0001-")
    )


def a_case(site: Site, kind: str, credits_owed: int = 2) -> str:
    """Have a case opened against the solar roofs' first issuance; returns its identifier."""
    about = {"issuance_id": an_issuance(site)["id"], "kind": kind, "credits": credits_owed}
    return an_order(site, "/cases", about)
