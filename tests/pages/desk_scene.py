"""What pages of verifiers and officers are tried on: a report that waits for its verification."""

from typing import Any, Final

from tests.pages.acts import ask
from tests.pages.site import Site

OWNER: Final = "developer, khonkaen"


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
