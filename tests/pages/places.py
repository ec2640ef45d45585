"""
Every page there is, by an address in the demo, and who opens it.

What stands in braces is looked up in the demo's register by `tests.pages.names`. A page that is
missing here fails a test of `tests.pages.test_every_page`.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Place:
    """A page."""

    route: str  # as in `app.entry.pages`
    address: str = ""  # where the route has parts to fill in
    role: str | None = None  # who opens it; None: anybody
    status: int = 200

    @property
    def path(self) -> str:
        """The address, still with names in braces."""
        return self.address or self.route


COMPANY: Final = "developer, private company"
DEVELOPER: Final = "developer, khonkaen"
DRAFT: Final = "/work/activities/{draft_id}"
OWN: Final = "{own_activity_id}"
REPORT: Final = "/work/reports/{report_id}"
ACCOUNT: Final = "/work/accounts/{account}"
LEAD: Final = "verifier lead, verification-one"
OFFICER: Final = "TGO officer"
APPROVER: Final = "TGO approver"
ADMINISTRATOR: Final = "TGO administrator"
DESK_PARTY: Final = "/desk/parties/{party_id}"
PARTY_ACTS: Final = ("names", "person", "account", "suspension", "closure")
CASE: Final = "{case_id}"
AUDITOR: Final = "TGO auditor"
DESK_ACCOUNT: Final = "/desk/accounts/{account}"
PLACES: Final = (
    Place("/"),
    Place("/sign-in"),
    Place("/{rest:path}", "/nothing-here", status=404),
    Place("/activities"),
    Place("/activities/{activity_id}"),
    Place("/search", "/search?q=%E0%B9%80%E0%B8%97%E0%B8%A8%E0%B8%9A%E0%B8%B2%E0%B8%A5"),
    Place("/provinces"),
    Place("/provinces/{code}", "/provinces/{province}"),
    Place("/credits"),
    Place("/credits/{prefix}", "/credits/{batch}"),
    Place("/programmes"),
    Place("/programmes/{code}", "/programmes/{programme}"),
    Place("/parties"),
    Place("/parties/{party_id}"),
    Place("/serials"),
    Place("/serials", "/serials?serial={serials}"),
    Place("/serials", "/serials?serial=TH-CITY-9999-2024-1-1", status=404),
    Place("/retirements"),
    Place("/retirements/{log_index}", "/retirements/{retirement}"),
    Place("/cancellations"),
    Place("/cancellations/{log_index}", "/cancellations/{cancellation}"),
    Place("/transfers/{log_index}", "/transfers/{transfer}"),
    Place("/cases"),
    Place("/cases/{case_id}", f"/cases/{CASE}"),
    Place("/log"),
    Place("/log/{log_index}", "/log/{retirement}"),
    Place("/log/{log_index}", "/log/{retirement}?changed=yes"),
    Place("/data"),
    Place("/problems"),
    Place("/problems/{code}", "/problems/serials_not_found"),
    Place("/help"),
    Place("/status"),
    Place("/changes"),
    Place("/accessibility"),
    Place("/apply"),
    Place("/apply/back"),
    Place("/account", role=COMPANY),
    Place("/account/security", role=COMPANY),
    Place("/account/security/password", role=COMPANY),
    Place("/account/security/identities/new", role=COMPANY),
    Place(
        "/account/security/identities/{thing_id}",
        "/account/security/identities/{identity_id}",
        role=COMPANY,
    ),
    Place("/account/security/passkeys/new", role=COMPANY),
    Place(
        "/account/security/passkeys/{thing_id}",
        "/account/security/passkeys/{passkey_id}",
        role=COMPANY,
    ),
    Place("/account/security/second-factor", role=COMPANY),
    Place("/account/security/second-factor/recovery-codes", role=COMPANY),
    Place("/account/security/second-factor/removal", role=COMPANY),
    Place("/account/notices", role=COMPANY),
    Place("/account/people", role=COMPANY),
    Place("/account/documents", role=COMPANY),
    Place("/account/documents/{application_id}", "/account/documents/{renewal_id}", role=DEVELOPER),
    Place(
        "/account/documents/{application_id}/amend",
        "/account/documents/{renewal_id}/amend",
        role=DEVELOPER,
    ),
    Place("/account/personal-data", role=COMPANY),
    Place("/account/audit", role=COMPANY),
    Place("/account/approvals", role=COMPANY),
    Place("/work", role=DEVELOPER),
    Place("/work/activities/new", role=DEVELOPER),
    Place("/work/activities/{activity_id}", "/work/activities/{draft_id}", role=DEVELOPER),
    Place("/work/activities/{activity_id}/submit", f"{DRAFT}/submit", role=DEVELOPER),
    Place("/work/activities/{activity_id}/withdraw", f"{DRAFT}/withdraw", role=DEVELOPER),
    *(
        Place("/work/activities/{activity_id}/edit/{part}", f"{DRAFT}/edit/{part}", role=DEVELOPER)
        for part in ("basics", "methodology", "estimate", "account", "declaration")
    ),
    Place("/work/activities/{activity_id}/sites", f"{DRAFT}/sites", role=DEVELOPER),
    Place("/work/activities/{activity_id}/sites/{site}", f"{DRAFT}/sites/new", role=DEVELOPER),
    Place("/work/activities/{activity_id}/documents", f"{DRAFT}/documents", role=DEVELOPER),
    Place("/work/reports/new", f"/work/reports/new?activity_id={OWN}", role=DEVELOPER),
    Place("/work/reports/{report_id}", REPORT, role=DEVELOPER),
    Place("/work/reports/{report_id}/edit", f"{REPORT}/edit", role=DEVELOPER),
    Place("/work/reports/{report_id}/submit", f"{REPORT}/submit", role=DEVELOPER),
    Place("/work/reports/{report_id}/verifier", f"{REPORT}/verifier", role=DEVELOPER),
    Place("/work/reports/{report_id}/withdraw", f"{REPORT}/withdraw", role=DEVELOPER),
    Place("/work/accounts", role=DEVELOPER),
    Place("/work/accounts/{number}", ACCOUNT, role=DEVELOPER),
    Place("/work/accounts/{number}/serials", f"{ACCOUNT}/serials", role=DEVELOPER),
    Place("/work/accounts/{number}/statement", f"{ACCOUNT}/statement", role=DEVELOPER),
    Place("/work/accounts/{number}/trusted", f"{ACCOUNT}/trusted", role=DEVELOPER),
    Place("/work/accounts/{number}/terms", f"{ACCOUNT}/terms", role=DEVELOPER),
    Place("/work/transfers", role=DEVELOPER),
    Place("/work/transfers/new", role=DEVELOPER),
    Place("/work/transfers/{log_index}", "/work/transfers/{own_transfer}", role=DEVELOPER),
    Place("/work/proposals/{proposal_id}", "/work/proposals/{proposal_id}", role=DEVELOPER),
    Place("/work/retire", role=DEVELOPER),
    Place("/work/keys", role=DEVELOPER),
    Place("/work/verifications", role=LEAD),
    Place("/work/validations/{activity_id}", "/work/validations/{to_validate_id}", role=LEAD),
    Place("/work/verifications/{verification_id}", "/work/verifications/{to_verify_id}", role=LEAD),
    Place(
        "/work/evidence/{activity_id}/documents",
        "/work/evidence/{to_validate_id}/documents",
        role=LEAD,
    ),
    Place("/desk", role=OFFICER),
    Place("/desk/activities/{activity_id}", "/desk/activities/{to_validate_id}", role=APPROVER),
    Place("/desk/reports/{report_id}", "/desk/reports/{to_issue_id}", role=APPROVER),
    Place("/desk/orders", role=OFFICER),
    Place("/desk/orders/{order_id}", "/desk/orders/{order_id}", role=APPROVER),
    Place("/desk/applications", role=OFFICER),
    Place("/desk/applications", "/desk/applications?status=draft", role=OFFICER),
    Place("/desk/applications/{application_id}", "/desk/applications/{application}", role=OFFICER),
    Place("/desk/renewals", role=OFFICER),
    Place("/desk/parties", role=ADMINISTRATOR),
    Place("/desk/parties/new", role=ADMINISTRATOR),
    Place("/desk/parties/{party_id}", DESK_PARTY, role=ADMINISTRATOR),
    *(
        Place("/desk/parties/{party_id}/{act}", f"{DESK_PARTY}/{act}", role=ADMINISTRATOR)
        for act in PARTY_ACTS
    ),
    *(
        Place(
            "/desk/parties/{party_id}/{act}", f"/desk/parties/{{vvb_id}}/{act}", role=ADMINISTRATOR
        )
        for act in ("accreditation", "accreditation-end")
    ),
    Place("/desk/users/{user_id}", role=ADMINISTRATOR),
    Place("/desk/verifiers", role=OFFICER),
    Place("/desk/verifiers/{party_id}", "/desk/verifiers/{vvb_id}", role=ADMINISTRATOR),
    Place("/desk/documents", role=OFFICER),
    Place("/desk/freezes", role=OFFICER),
    Place("/desk/freezes/new", role=OFFICER),
    Place("/desk/freezes/{freeze_id}/release", role=OFFICER),
    Place("/desk/reversals", role=OFFICER),
    Place("/desk/reversals/{log_index}", "/desk/reversals/{to_reverse}", role=OFFICER),
    Place("/desk/reversals/{log_index}", "/desk/reversals/{reversed}", role=OFFICER),
    Place("/desk/cases", role=OFFICER),
    Place("/desk/cases/new", role=OFFICER),
    Place("/desk/cases/new", "/desk/cases/new?batch={batch}", role=OFFICER),
    Place("/desk/cases/{case_id}/buffer", f"/desk/cases/{CASE}/buffer", role=OFFICER),
    Place("/work/cases/{case_id}", f"/work/cases/{CASE}", role=DEVELOPER),
    Place("/desk/buffer", role=APPROVER),
    Place("/desk/buffer/{prefix}", "/desk/buffer/{buffered}", role=APPROVER),
    Place("/desk/rules", role=ADMINISTRATOR),
    Place("/desk/rules", "/desk/rules?programme={programme}&on=31/12/2570", role=OFFICER),
    Place("/desk/rules/{key}", "/desk/rules/order_hours", role=ADMINISTRATOR),
    Place("/desk/calendar", role=ADMINISTRATOR),
    Place("/desk/calendar/{year}", "/desk/calendar/2027", role=ADMINISTRATOR),
    Place("/desk/calendar/{year}", "/desk/calendar/2029", role=ADMINISTRATOR),
    Place("/desk/ledger", role=OFFICER),
    Place("/desk/ledger", "/desk/ledger?from=31/2/2026", role=OFFICER, status=422),
    Place("/desk/ledger/holdings", role=OFFICER),
    Place("/desk/ledger/holdings", "/desk/ledger/holdings?project=CITY-0001", role=OFFICER),
    Place("/desk/accounts", "/desk/accounts?q=a", role=OFFICER),
    Place("/desk/accounts/{number}", DESK_ACCOUNT, role=OFFICER),
    Place("/desk/accounts/{number}/serials", f"{DESK_ACCOUNT}/serials", role=OFFICER),
    Place("/desk/accounts/{number}/statement", f"{DESK_ACCOUNT}/statement", role=OFFICER),
    Place("/desk/reconciliation", role=AUDITOR),
    Place("/desk/audit", role=AUDITOR),
)
# Addresses that show nothing themselves: they lead on, or give a file.
LEADING_ON: Final = frozenset(
    {
        "/log/{log_index}/leaf",
        "/table.csv",
        "/table.json",
        "/data/{name}",
        "/work/accounts/{number}/statement.csv",
        "/work/documents/{document_id}",
        "/sign-in/passkey",
        "/sign-in/identity",
        "/sign-in/identity/back",
        "/apply/mine",  # opened by tests.pages.test_apply, which has begun one
        "/apply/mine/amend",
        "/apply/mine/documents",
        "/account/documents/{application_id}/documents",
        "/account/security/second-factor/code",
        "/account/security/passkeys/made",
        "/account/personal-data/file",  # a file, no page
        "/desk/applications/{application_id}/files/{digest}",  # another
    }
)
