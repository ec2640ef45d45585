"""What stands for names in the addresses of `tests.pages.places`, in the register of a demo."""

from typing import Any, Final

from tests.pages.acts import a_cancellation, a_renewal, log_index_of
from tests.pages.desk_scene import (
    a_case,
    a_reversal,
    a_transfer,
    a_verification,
    an_application,
    frozen_serials,
)
from tests.pages.fetching import send_json
from tests.pages.places import APPROVER, DEVELOPER, LEAD, OFFICER
from tests.pages.site import Site

_FOUND: Final[dict[str, dict[str, str]]] = {}  # by the address of the site


def names_in(site: Site) -> dict[str, str]:
    """Return what stands for the names in braces; what there is none of is made, once."""
    if site.address not in _FOUND:
        _FOUND[site.address] = _find(site)
    return _FOUND[site.address]


def _find(site: Site) -> dict[str, str]:
    retirement = _first(site, "/retirements")
    batch = _first(site, "/batches")
    activity = _first(site, f"/activities?q={batch['project']}")
    return {
        "activity_id": activity["id"],
        "party_id": activity["owner_party_id"],
        "province": batch["province"],
        "batch": batch["prefix"],
        "serials": batch["serials"],
        "programme": batch["programme"],
        "retirement": str(retirement["id"]),
        "cancellation": str(a_cancellation(site)["id"]),
        "transfer": str(log_index_of(site, "credits.transferred")),
        # What the page asks before it looks for it.
        "identity_id": "idn_01kb5b1j0dfz5r5d8r4v5e2c3a",
        "passkey_id": "pky_01kb5b1j0dfz5r5d8r4v5e2c3a",
        **_of_a_member(site),
        **_of_the_desk(site),
        **_of_orders(site),
    }


def _of_the_desk(site: Site) -> dict[str, str]:
    """Return what waits for a verifier and for officers: two things, a report, an order."""
    waiting = site.call(LEAD, "/activities?status=under_validation")["data"]
    verified = site.call(APPROVER, "/monitoring-reports?status=verified")["data"]
    frozen = {"account": site.call(DEVELOPER, "/accounts")["data"][0]["number"]}
    ground = {"reason": "Court order 123/2569", "document_sha256": "9f" * 32}
    return {
        "to_validate_id": waiting[0]["id"],
        "to_verify_id": a_verification(site),
        "to_issue_id": verified[0]["id"],
        "order_id": site.call(OFFICER, "/freezes", {**frozen, **ground})["id"],
        "application": an_application(site)["id"],
        "vvb_id": site.call(LEAD, "/users/me")["party_id"],
        "user_id": site.call(DEVELOPER, "/users/me")["id"],
    }


def _of_orders(site: Site) -> dict[str, str]:
    """Return what orders have made, a freeze, a reversal, a case; and what could be taken back."""
    buffered = site.call(OFFICER, "/ledger/entries?kind=buffered&limit=1")["data"]
    reversed_transfer = a_transfer(site)
    a_reversal(site, reversed_transfer)
    return {
        "freeze_id": frozen_serials(site),
        "reversed": str(reversed_transfer),
        "to_reverse": str(a_transfer(site)),
        "case_id": a_case(site, "reversal"),
        "buffered": buffered[0]["batch"],
    }


def _of_a_member(site: Site) -> dict[str, str]:
    """Return what a developer has: a draft, a report, an account, a transfer, a proposed one."""
    me = site.call(DEVELOPER, "/users/me")
    mine = site.call(DEVELOPER, f"/activities?owner_party_id={me['party_id']}")["data"]
    account = site.call(DEVELOPER, "/accounts")["data"][0]["number"]
    sold = next(
        row
        for row in site.call(DEVELOPER, f"/accounts/{account}/statement")["data"]
        if row["kind"] == "transferred"
    )
    proposed = {"from_account": account, "to_account": sold["to_account"], "credits": 1}
    own = next(each["id"] for each in mine if each["status"] == "registered")
    reports = [
        report
        for each in mine
        for report in site.call(DEVELOPER, f"/monitoring-reports?activity_id={each['id']}")["data"]
    ]
    return {
        "draft_id": next(each["id"] for each in mine if each["status"] == "draft"),
        "own_activity_id": own,
        "report_id": reports[0]["id"],
        "account": account,
        "own_transfer": str(sold["log_index"]),
        "proposal_id": site.call(DEVELOPER, "/transfer-proposals", proposed)["id"],
        "renewal_id": a_renewal(site, DEVELOPER),
    }


def _first(site: Site, path: str) -> dict[str, Any]:
    return dict(send_json(f"{site.address}/v1{path}")["data"][0])
