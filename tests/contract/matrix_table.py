"""
Who may do what at which address, written out a second time: one row for every operation.

A row says who may (a permission of the policy, for things of whom), what is asked for, and which
thing is hidden from those who may not know of it. To add an operation, add a row; where it changes
something, give it a thing of its own in `matrix_world`. An operation that differs with what is
asked for has a second row, with words after its name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from app.registry.parties.policy import Permission
from tests.contract.matrix_world import BODY, CITY, STRANGER

P = Permission
OWN: Final = "their own"  # who asks does it for their own party


class Anybody(Enum):
    """Who needs no permission."""

    PUBLIC = "whoever comes"
    SIGNED_IN = "whoever is signed in"


@dataclass(frozen=True)
class T:
    """Stands for the thing of this name in the world."""

    name: str


@dataclass(frozen=True)
class Row:
    """One operation."""

    who: Anybody | tuple[Permission, ...]
    of: tuple[str, ...] = ()  # whose thing it is, or to whom it is assigned
    path: Mapping[str, T] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    is_form: bool = False
    headers: Mapping[str, T] = field(default_factory=dict)
    version: str | None = None  # of the thing of this name, into If-Match
    has_key: bool = False
    # The thing that whoever may not see it must not learn of: there or not, the answer is the same.
    hides: str | None = None
    seen: Permission | None = None  # with which one sees it; None: with what `who` says
    seen_of: tuple[str, ...] | None = None  # for whose things; None: as `of`
    refused: frozenset[int] = frozenset({403, 404})
    # The person whose own it is: they alone are let in, and nobody else sees it.
    whose: str | None = None


_REASON: Final = {"reason": "Decided on 3 November"}
_ACTIVITY: Final = "activity_id"
_REPORT: Final = "report_id"
_VERIFICATION: Final = "verification_id"
_DRAFT: Final = P.READ_ACTIVITY_DRAFT
_MEETING: Final = {"meeting": "12/2569", "decided_on": T("today")}
_MOVE: Final = {"from_account": T("account"), "credits": 1}
_END: Final = {**_MOVE, "purpose": "organisation", "beneficiary": "A city"}
_PUBLIC: Final = Row(Anybody.PUBLIC)
_SIGNED_IN: Final = Row(Anybody.SIGNED_IN)


def _public(**asked: Any) -> Row:  # noqa: ANN401  fields of `Row`
    return Row(Anybody.PUBLIC, **asked)


def _of_activity(thing: str, who: Permission, body: Mapping[str, Any], **more: Any) -> Row:  # noqa: ANN401
    """Return the row of a step of an activity that is not public yet."""
    path = {_ACTIVITY: T(thing)}
    asked = {"of": (CITY,), "version": thing, "hides": thing, "seen": _DRAFT, **more}
    return Row((who,), path=path, body=body, **asked)


def _of_user(thing: str, **more: Any) -> Row:  # noqa: ANN401
    """Return the row of an act on a user of the city, which administrators alone take."""
    path = {"user_id": T(thing)}
    asked = {"of": (CITY,), "path": path, "hides": thing, "seen": P.READ_PARTY, **more}
    return Row((P.MANAGE_USERS,), **asked)


def _of_report(thing: str, who: Permission, body: Mapping[str, Any] | None) -> Row:
    return Row(
        (who,),
        of=(CITY,),
        path={_REPORT: T(thing)},
        body=body,
        version=thing,
        hides=thing,
        seen=_DRAFT,
    )


def _of_account(**asked: Any) -> Row:  # noqa: ANN401
    number = {"number": T("account")}
    return Row((P.READ_ACCOUNT,), of=(CITY,), path=number, hides="account", **asked)


def _on_own_terms(body: Mapping[str, Any]) -> Row:
    return Row(
        (P.APPROVE_MOVES,),
        of=(CITY,),
        path={"number": T("account")},
        body=body,
        hides="account",
        seen=P.READ_ACCOUNT,
    )


def _moves(body: Mapping[str, Any], **asked: Any) -> Row:  # noqa: ANN401
    named = {"has_key": True, "hides": "account", "seen": P.READ_ACCOUNT, **asked}
    return Row((P.MOVE_CREDITS,), of=(CITY,), body=body, **named)


def _with_code(whose: str, **body: str) -> Row:
    """Return the row of what somebody proves with a code of their second factor."""
    return Row(
        Anybody.SIGNED_IN,
        whose=whose,
        body={**body, "totp": T(f"phone of {whose}")},
        refused=frozenset({409}),
    )


def _of_passkey(thing: str, body: Mapping[str, Any]) -> Row:
    """Return the row of what somebody does to a passkey of theirs."""
    return Row(
        Anybody.SIGNED_IN,
        whose="who has a passkey",
        path={"passkey_id": T(thing)},
        body=body,
        hides=thing,
        refused=frozenset({404}),
    )


def _by_applicant(thing: str, body: Mapping[str, Any] | None = None, **asked: Any) -> Row:  # noqa: ANN401
    """Return the row of what whoever has an application's secret does, signed in or not."""
    return Row(
        Anybody.PUBLIC,
        path=_application(thing),
        body=body,
        headers={"Application-Secret": T("secret")},
        hides=thing,
        **asked,
    )


def _by_officer(thing: str, who: Permission, body: Mapping[str, Any]) -> Row:
    return Row(
        (who,),
        path=_application(thing),
        body=body,
        version=thing,
        hides=thing,
        seen=P.READ_APPLICATION,
    )


def _application(thing: str) -> Mapping[str, T]:
    return {"application_id": T(thing)}


def _on_proposal(thing: str, *who: Permission, **asked: Any) -> Row:  # noqa: ANN401
    named = {"of": (CITY,), "hides": thing, "seen": P.READ_ACCOUNT, **asked}
    return Row(who, path={"proposal_id": T(thing)}, **named)


def _on_trust(*who: Permission, entry: str | None = None, **asked: Any) -> Row:  # noqa: ANN401
    path = {"number": T("account")} | ({} if entry is None else {"entry_id": T(entry)})
    named = {"hides": "account", "seen": P.READ_ACCOUNT, **asked}
    return Row(who, of=(CITY,), path=path, **named)


_PARTIES: Final = {
    "list_parties": _PUBLIC,
    "get_party": _public(path={"party_id": T(CITY)}),
    "admit_party": Row(
        (P.ADMIT_PARTY,), body={"kind": "holder", "name_th": "ผู้ถือครอง", "name_en": "A new holder"}
    ),
    "rename_party": Row(
        (P.ADMIT_PARTY,),
        path={"party_id": T("party to rename")},
        body={"name_th": "ชื่อใหม่", "name_en": "Renamed"},
        version="party to rename",
    ),
    "suspend_party": Row((P.ADMIT_PARTY,), path={"party_id": T("party to suspend")}, body=_REASON),
    "reinstate_party": Row(
        (P.ADMIT_PARTY,), path={"party_id": T("party to reinstate")}, body=_REASON
    ),
    "accredit_party": Row(
        (P.ADMIT_PARTY,),
        path={"party_id": T("body to accredit")},
        body={"sectoral_scopes": [1], "valid_from": "2026-01-01"},
    ),
    "end_accreditation": Row(
        (P.ADMIT_PARTY,),
        path={"party_id": T("body to end")},
        body={**_REASON, "sectoral_scope": 1, "last_day": T("today")},
    ),
    # What becomes of a party is public.
    "close_party": Row((P.ADMIT_PARTY,), path={"party_id": T("party to close")}, body=_REASON),
    "open_account": Row(
        (P.OPEN_ACCOUNT,), body={"owner_party_id": T(CITY), "name": "One more purse"}
    ),
}

_USERS: Final = {
    "list_users": _SIGNED_IN,
    "get_me": _SIGNED_IN,
    "get_user": Row((P.READ_PARTY,), of=(CITY,), path={"user_id": T("user")}, hides="user"),
    "add_user": Row(
        (P.MANAGE_USERS,),
        of=(CITY,),
        body={
            "party_id": T(CITY),
            "email": "somebody.new@example.org",
            "display_name": "มะลิ",
            "roles": ["developer"],
        },
    ),
    "set_user_roles": _of_user(
        "user for roles", body={"roles": ["holder_viewer"]}, version="user for roles"
    ),
    "suspend_user": _of_user("user to suspend", body=_REASON),
    "reinstate_user": _of_user("user to reinstate", body=_REASON),
    "set_user_password": _of_user(
        "user for password", body={"new_password": "another long sentence"}
    ),
    "list_user_keys": _of_user("user"),
    "get_personal_data": _of_user("user"),
    "list_notices": _SIGNED_IN,
    "read_notices": Row(
        Anybody.SIGNED_IN,
        whose="who has a passkey",
        body={"up_to": T("notice")},
        hides="notice",
        refused=frozenset({404}),
    ),
    "list_audit": Row((P.READ_AUDIT,)),
    "list_user_audit": Row(
        (P.READ_AUDIT,),
        of=(CITY,),
        path={"user_id": T("user")},
        hides="user",
        seen=P.READ_PARTY,
    ),
    "issue_user_key": _of_user("user", body={"label": "One more gateway"}),
    "revoke_user_key": _of_user("user", path={"user_id": T("user"), "key_id": T("key")}),
    "remove_user_second_factor": _of_user("user without a phone"),
    "issue_token": _public(
        body={"grant_type": "password", "email": T("email"), "password": T("password")}
    ),
    "list_token_keys": _PUBLIC,
}

# Of one's own. What is somebody else's is not there; their codes are worth nothing to others, who
# have no second factor and do not use them up.
_SIGNING_IN: Final = {
    "list_sessions": _SIGNED_IN,
    "end_all_sessions": _SIGNED_IN,  # nobody else's: `end_session` is asked in one of them
    "end_session": Row(
        Anybody.SIGNED_IN,
        whose="who signs out",
        path={"session_id": T("session")},
        hides="session",
        refused=frozenset({404}),
    ),
    "get_second_factor": _SIGNED_IN,
    "enrol_second_factor": Row(Anybody.SIGNED_IN, body={"current_password": T("password")}),
    # Whoever has begun to set up their own finds the code wrong.
    "confirm_second_factor": Row(
        Anybody.SIGNED_IN,
        whose="who enrols",
        body={"totp": T("phone of who enrols")},
        refused=frozenset({403, 409}),
    ),
    "replace_recovery_codes": _with_code("who lost the codes"),
    "remove_second_factor": _with_code("who sells the phone"),
    "add_confirmation": _with_code("who confirms", digest="ab" * 32),
    "list_passkeys": _SIGNED_IN,
    "ask_sign_in_challenge": _PUBLIC,
    "begin_passkey": Row(Anybody.SIGNED_IN, body={"current_password": T("password")}),
    # The challenge was asked for by one person, who alone has signed it.
    "add_passkey": Row(
        Anybody.SIGNED_IN,
        whose="who has a passkey",
        body={"name": "Phone", "credential": T("credential")},
        refused=frozenset({403}),
    ),
    "rename_passkey": _of_passkey("passkey", {"name": "My phone"}),
    "remove_passkey": _of_passkey("passkey to remove", {"current_password": T("password")}),
    "list_identities": _SIGNED_IN,
    "begin_identity_sign_in": _PUBLIC,
    # What a provider answers counts in the browser that began alone, which its cookie shows.
    "complete_identity_sign_in": Row(
        Anybody.PUBLIC,
        whose="who comes back",
        body={name: T(f"{name} of a sign-in") for name in ("state", "code", "iss")},
        refused=frozenset({403}),
    ),
    "begin_identity": Row(Anybody.SIGNED_IN, body={"current_password": T("password")}),
    "link_identity": Row(
        Anybody.SIGNED_IN,
        whose="who has an identity",
        body={name: T(f"{name} of a link") for name in ("state", "code", "iss", "binding")},
        refused=frozenset({403}),
    ),
    "unlink_identity": Row(
        Anybody.SIGNED_IN,
        whose="who has an identity",
        path={"identity_id": T("identity to unlink")},
        body={"current_password": T("password")},
        hides="identity to unlink",
        refused=frozenset({404}),
    ),
    "ask_confirmation_challenge": Row(
        Anybody.SIGNED_IN,
        whose="who has a passkey",
        body={"digest": "ab" * 32},
        refused=frozenset({409}),
    ),
}

_RULES: Final = {
    "list_provinces": _PUBLIC,
    "get_province": _public(path={"code": T("province")}),
    "list_programmes": _PUBLIC,
    "get_programme": _public(path={"code": T("programme")}),
    "list_programme_rules": _public(path={"code": T("programme")}),
    "set_programme_rule": Row(
        (P.SET_RULES,),
        path={"code": T("programme")},
        body={
            "key": "start_window_years",
            "value": "3",
            "valid_from": "2200-01-01",
            "source": "A test",
            "is_default": True,
        },
    ),
    "list_methodologies": _PUBLIC,
    "get_methodology": _public(path={"code": T("methodology"), "version": T("version")}),
    "enter_methodology": Row(
        (P.SET_RULES,),
        body={
            "code": "DEMO-WIND-03",
            "version": "01",
            "title_th": "ระเบียบวิธีสมมติ",
            "title_en": "A synthetic methodology",
            "project_type": 1,
            "sectoral_scope": 1,
            "variant": "standard",
            "family": "renewable_electricity",
            "crediting_years": 7,
            "renewals_max": 1,
            "valid_from": "2026-01-01",
            "source": "A test",
            "verified": True,
        },
    ),
    "list_register_rules": _PUBLIC,
    "set_register_rule": Row(
        (P.SET_RULES,),
        body={
            "key": "transfer_delay_hours",
            "value": "48",
            "valid_from": "2200-01-01",
            "source": "A test",
            "is_default": True,
        },
    ),
    "list_calendar_years": _PUBLIC,
    "get_calendar_year": _public(path={"year": T("year")}),
    "set_calendar_year": Row(
        (P.SET_RULES,),
        path={"year": T("year to enter")},
        body={"holidays": []},
        version="year to enter",
    ),
    "supersede_methodology": Row(
        (P.SET_RULES,),
        path={"code": T("methodology"), "version": T("version")},
        body={"superseded_on": T("today")},
    ),
}

_DRAFTED: Final = {
    "programme_code": "CITY",
    "name_th": "ต้นไม้ในเมือง",
    "name_en": "Urban trees",
    "description": "Trees along streets.",
    "methodology_code": "T-VER-S-METH-13-01",
    "methodology_version": "02",
    "form": "single",
    "sites": [
        {
            "name": "บึงแก่นนคร",
            "province_code": "40",
            "latitude": "16.418",
            "longitude": "102.8385",
            "installed_size": "800",
        }
    ],
    "estimate_tco2e": "750.5",
    "starts_on": "2023-01-01",
    "proposed_crediting_start": "2023-01-01",
    "in_other_mechanism": False,
}

_ACTIVITIES: Final = {
    "draft_activity": Row((P.WRITE_ACTIVITY,), of=(OWN,), body=_DRAFTED),
    "list_activities": _PUBLIC,
    "get_activity": Row((_DRAFT,), of=(CITY,), path={_ACTIVITY: T("draft")}, hides="draft"),
    "list_activity_events": Row((_DRAFT,), of=(CITY,), path={_ACTIVITY: T("draft")}, hides="draft"),
    "get_activity_record": Row((_DRAFT,), of=(CITY,), path={_ACTIVITY: T("draft")}, hides="draft"),
    "list_activity_documents": Row(
        (_DRAFT,), of=(CITY,), path={_ACTIVITY: T("draft")}, hides="draft"
    ),
    "amend_activity": _of_activity(
        "draft", P.WRITE_ACTIVITY, {"description": "Trees, and more of them."}
    ),
    "submit_activity": _of_activity("draft to submit", P.WRITE_ACTIVITY, {}),
    "withdraw_activity": _of_activity("draft to withdraw", P.WRITE_ACTIVITY, _REASON),
    "start_activity_review": _of_activity("submitted to review", P.REVIEW_ACTIVITY, {}),
    "end_activity_review": _of_activity(
        "under review", P.REVIEW_ACTIVITY, {"is_complete": False, **_REASON}
    ),
    "assign_activity_validator": _of_activity(
        "submitted to assign", P.ASSIGN_VERIFIER, {"vvb_party_id": T(BODY)}
    ),
    "give_validation_opinion": _of_activity(
        "under validation",
        P.VALIDATE_ACTIVITY,
        {"conclusion": "positive", "statement": "Seen."},
        of=(BODY,),
        seen_of=(CITY, BODY),
    ),
    "decide_activity_registration": _of_activity(
        "validated", P.REGISTER_ACTIVITY, {"approve": False, **_REASON, **_MEETING}, of=(CITY, BODY)
    ),
    # What is registered is public, so that there is nothing to hide.
    "close_activity": Row(
        (P.WRITE_ACTIVITY, P.REGISTER_ACTIVITY),
        of=(CITY,),
        path={_ACTIVITY: T("registered to close")},
        body=_REASON,
        version="registered to close",
    ),
    "upload_document": Row(
        (P.UPLOAD_DOCUMENT,),
        of=(CITY,),
        body={"purpose": "design", "activity_id": T("draft")},
        is_form=True,
        hides="draft",
        seen=_DRAFT,
    ),
    "get_document": Row(
        (_DRAFT,), of=(CITY, BODY), path={"document_id": T("document")}, hides="document"
    ),
    "get_document_content": Row(
        (_DRAFT,), of=(CITY, BODY), path={"document_id": T("document")}, hides="document"
    ),
}

_REPORTS: Final = {
    "draft_report": Row(
        (P.WRITE_REPORT,),
        of=(CITY,),
        body={
            "activity_id": T("registered"),
            "period_start": "2024-01-01",
            "period_end": "2024-12-31",
            "lines": [
                {
                    "vintage": 2024,
                    "baseline_tco2e": "20",
                    "project_tco2e": "10",
                    "leakage_tco2e": "0",
                }
            ],
        },
    ),
    "list_reports": _PUBLIC,
    "get_report": Row((_DRAFT,), of=(CITY,), path={_REPORT: T("report")}, hides="report"),
    "list_report_events": Row((_DRAFT,), of=(CITY,), path={_REPORT: T("report")}, hides="report"),
    "edit_report": _of_report("report", P.WRITE_REPORT, {"document_ids": []}),
    "submit_report": _of_report("report to submit", P.WRITE_REPORT, None),
    "withdraw_report": _of_report("report to withdraw", P.WRITE_REPORT, _REASON),
    "recognise_report": _of_report(
        "report to recognise",
        P.DECIDE_ISSUANCE,
        {"letter_number": "LoR 1/2569", "letter_date": T("today")},
    ),
    "assign_verifier": Row(
        (P.ASSIGN_VERIFIER,),
        of=(CITY,),
        body={"report_id": T("report to assign"), "vvb_party_id": T(BODY)},
        hides="report to assign",
        seen=_DRAFT,
    ),
    "list_verifications": _PUBLIC,
    "get_verification": Row(
        (_DRAFT,), of=(CITY, BODY), path={_VERIFICATION: T("verification")}, hides="verification"
    ),
    "list_verification_opinions": Row(
        (_DRAFT,), of=(CITY, BODY), path={_VERIFICATION: T("verification")}, hides="verification"
    ),
    "give_verification_opinion": Row(
        (P.VERIFY_REPORT,),
        of=(BODY,),
        path={_VERIFICATION: T("verification")},
        body={
            "conclusion": "adverse",
            "assurance": "reasonable",
            "materiality_percent": "5",
            "statement": "Not stated fairly.",
            "no_conflict_of_interest": True,
        },
        version="verification",
        hides="verification",
        seen=_DRAFT,
        seen_of=(CITY, BODY),
    ),
    "review_verification_opinion": Row(
        (P.REVIEW_VERIFICATION,),
        of=(BODY,),
        path={_VERIFICATION: T("opinion to review")},
        body={"approve": True, "reason": "Agreed."},
        version="opinion to review",
        hides="opinion to review",
        seen=_DRAFT,
        seen_of=(CITY, BODY),
    ),
    "decide_issuance": Row(
        (P.DECIDE_ISSUANCE,),
        body={"report_id": T("report to issue"), "approve": True, "decision": _MEETING},
        has_key=True,
    ),
    "list_issuances": _PUBLIC,
    "get_issuance": _public(path={"issuance_id": T("issuance")}),
}

_LEDGER: Final = {
    "get_statistics": _PUBLIC,
    "list_batches": _PUBLIC,
    "export_batches": _PUBLIC,
    "get_batch": _public(path={"prefix": T("batch")}),
    "release_buffer": Row(
        (P.MANAGE_BUFFER,),
        path={"prefix": T("buffered batch")},
        body={"credits": 1, "to_account": T("account"), "decision": "12/2569"},
        has_key=True,
    ),
    "list_accounts": _SIGNED_IN,
    "get_account": _of_account(),
    "list_holdings": _of_account(),
    "list_blocks": _of_account(),
    "read_statement": _of_account(),
    "export_statement": _of_account(),
    "close_account": Row(
        (P.OPEN_ACCOUNT,),
        of=(CITY,),
        path={"number": T("account to close")},
        version="account to close",
        hides="account to close",
        seen=P.READ_ACCOUNT,
    ),
    "make_transfer": _moves({**_MOVE, "to_account": T("account elsewhere")}),
    # Refused as a whole: which act was refused, and why, the answer says.
    "make_transfers": _moves(
        {"mode": "atomic", "transfers": [{**_MOVE, "to_account": T("account elsewhere")}]},
        refused=frozenset({409}),
    ),
    "get_transfer": Row(
        (P.READ_ACCOUNT,), of=(CITY,), path={"log_index": T("transfer")}, hides="transfer"
    ),
    "retire_credits": _moves(_END),
    "retire_credits_many_times": _moves(
        {"mode": "atomic", "retirements": [_END]}, refused=frozenset({409})
    ),
    "list_retirements": _PUBLIC,
    "export_retirements": _PUBLIC,
    "get_retirement": _public(path={"log_index": T("retirement")}),
    "get_retirement_certificate": _public(path={"log_index": T("retirement")}),
    "get_retirement_certificate_file": _public(path={"log_index": T("retirement")}),
    "cancel_credits": _moves(_END),
    "list_cancellations": _PUBLIC,
    "export_cancellations": _PUBLIC,
    "get_cancellation": _public(path={"log_index": T("cancellation")}),
    "look_up_serials": _public(query={"serial": T("serial")}),
    "query_entries": Row((P.QUERY_LEDGER,)),
    "export_entries": Row((P.QUERY_LEDGER,)),
    "list_holders": Row((P.QUERY_LEDGER,), query={"project": "CITY-0001"}),
    "reconcile_ledger": Row((P.QUERY_LEDGER,)),
}

_TRANSFERS: Final = {
    "propose_transfer": _moves({**_MOVE, "to_account": T("account of a stranger")}),
    "list_transfer_proposals": Row(
        (P.READ_ACCOUNT,), of=(CITY,), query={"account": T("account")}, hides="account"
    ),
    # Whose account it is for learns of it when it is approved, not before.
    "list_transfer_proposals on their way": Row(
        (P.READ_ACCOUNT,),
        of=(STRANGER,),
        query={"account": T("account of a stranger"), "direction": "incoming"},
        hides="account of a stranger",
    ),
    "get_transfer_proposal": _on_proposal("proposal", P.READ_ACCOUNT),
    # From then on its receiver sees it too.
    "get_transfer_proposal once approved": Row(
        (P.READ_ACCOUNT,),
        of=(CITY, STRANGER),
        path={"proposal_id": T("approved proposal")},
        hides="approved proposal",
    ),
    "approve_transfer": _on_proposal(
        "proposal to approve",
        P.APPROVE_MOVES,
        body={"digest": T("digest to approve")},
        has_key=True,
    ),
    "abort_transfer": _on_proposal(
        "proposal to abort", P.MOVE_CREDITS, P.APPROVE_MOVES, has_key=True
    ),
    # Its receiver sees it, but does not take it back.
    "abort_transfer once approved": _on_proposal(
        "approved proposal to abort",
        P.MOVE_CREDITS,
        P.APPROVE_MOVES,
        has_key=True,
        seen_of=(CITY, STRANGER),
    ),
    # Whoever sent it sees it, but does not answer for its receiver.
    "accept_transfer": _on_proposal(
        "proposal to accept",
        P.APPROVE_MOVES,
        of=(STRANGER,),
        body={"digest": T("digest to accept")},
        has_key=True,
        seen_of=(CITY, STRANGER),
    ),
    "decline_transfer": _on_proposal(
        "proposal to decline",
        P.APPROVE_MOVES,
        of=(STRANGER,),
        has_key=True,
        seen_of=(CITY, STRANGER),
    ),
    "get_own_terms": _of_account(),
    "set_acceptance": _on_own_terms({"asks": False}),
    "set_own_limits": _on_own_terms({"credits_max": None, "credits_per_day_max": None}),
    "list_trusted_accounts": _on_trust(P.READ_ACCOUNT),
    "propose_trusted_account": _on_trust(P.MOVE_CREDITS, body={"account": T("account elsewhere")}),
    "approve_trusted_account": _on_trust(P.APPROVE_MOVES, entry="entry to approve"),
    "remove_trusted_account": _on_trust(P.MOVE_CREDITS, P.APPROVE_MOVES, entry="entry to remove"),
}

_PAPER: Final = {"reason": "Court order 1/2569", "document_sha256": "ab" * 32}


def _on_order(thing: str, who: Permission) -> Row:
    return Row(
        (who,),
        path={"order_id": T(thing)},
        body={"digest": T(f"digest of {thing}")},
        has_key=True,
        hides=thing,
        seen=P.QUERY_LEDGER,
    )


_ORDERS: Final = {
    "list_freezes": _PUBLIC,
    "propose_freeze": Row((P.PROPOSE_FREEZE,), body={"batch": T("batch"), **_PAPER}),
    "propose_release": Row((P.PROPOSE_FREEZE,), path={"freeze_id": T("freeze")}, body=_PAPER),
    "propose_reversal": Row((P.PROPOSE_REVERSAL,), body={"act": T("transfer"), **_PAPER}),
    "propose_act of a rule": Row(
        (P.SET_RULES,),
        body={
            "rule": {
                "key": "order_hours",
                "value": "48",
                "valid_from": "2200-01-01",
                "source": "A test",
            },
            **_PAPER,
        },
    ),
    "propose_act of roles": Row(
        (P.MANAGE_USERS,),
        body={
            "roles": {
                "user_id": T("user for roles by two"),
                "roles": ["holder_viewer"],
                "version": 1,
            },
            **_PAPER,
        },
    ),
    "propose_act of an issuance": Row(
        (P.DECIDE_ISSUANCE,),
        body={
            "issuance": {"report_id": T("report to propose"), "decision": _MEETING},
            **_PAPER,
        },
    ),
    "list_orders": Row((P.QUERY_LEDGER,)),
    "get_order": Row((P.QUERY_LEDGER,), path={"order_id": T("order")}, hides="order"),
    "approve_order": _on_order("order to approve", P.APPROVE_FREEZE),
    "approve_order of an act of two": _on_order("act to approve", P.SET_RULES),
    "approve_order of a reversal": _on_order("reversal to approve", P.APPROVE_REVERSAL),
    "approve_order of a case": _on_order("case to approve", P.APPROVE_CASE),
    "approve_order of the buffer": _on_order("buffer to approve", P.MANAGE_BUFFER),
}

_CASES: Final = {
    "list_cases": _PUBLIC,
    "get_case": _public(path={"case_id": T("case")}),
    "list_case_steps": _public(path={"case_id": T("case")}),
    "propose_case": Row(
        (P.PROPOSE_CASE,),
        body={"issuance_id": T("issuance"), "kind": "over_issuance", "credits": 1, **_PAPER},
    ),
    "propose_buffer": Row(
        (P.PROPOSE_CASE,), path={"case_id": T("case")}, body={"credits": 1, **_PAPER}
    ),
    "compensate_case": _moves(
        {**_MOVE, "kind": "deduction", "batch": T("batch")}, path={"case_id": T("case")}
    ),
}

_SAID: Final = {
    "name_th": "ผู้สมัคร",
    "name_en": "An applicant",
    "contact_email": "applicant@example.org",
    "representatives": [],
    "documents": [],
}

_APPLICATIONS: Final = {
    "begin_application": _public(
        body={"holder_kind": "juristic_person", "party_kind": "holder", **_SAID}
    ),
    "list_applications": Row((P.READ_APPLICATION,)),
    "list_application_renewals": Row((P.READ_APPLICATION,), query={"until": "2200-01-01"}),
    "get_application": Row(
        (P.READ_APPLICATION,), path=_application("application"), hides="application"
    ),
    "get_application with its secret": _by_applicant("application of an applicant"),
    "upload_application_file": _by_applicant("application to upload to", {}, is_form=True),
    "get_application_file": Row(
        (P.READ_APPLICATION,),
        path={**_application("application with a file"), "digest": T("digest of the unheard")},
        hides="application with a file",
    ),
    "get_application_file with its secret": Row(
        Anybody.PUBLIC,
        path={**_application("application of an applicant"), "digest": T("digest")},
        headers={"Application-Secret": T("secret")},
        hides="application of an applicant",
    ),
    "amend_application": _by_applicant(
        "application to amend", _SAID, version="application to amend"
    ),
    "submit_application": _by_applicant("application to submit", version="application to submit"),
    "answer_application": _by_applicant(
        "application to answer for",
        {"answer": "Mali signs."},
        version="application to answer for",
    ),
    "withdraw_application": _by_applicant(
        "application to withdraw", version="application to withdraw"
    ),
    "get_party_kyc": Row((P.READ_PARTY,), of=(CITY,), path={"party_id": T(CITY)}),
    "begin_renewal": Row(
        (P.RENEW_PARTY,),
        of=(STRANGER,),
        path={"party_id": T(STRANGER)},
        body={"holder_kind": "juristic_person", **_SAID},
    ),
    "get_application of a renewal": Row(
        (P.READ_APPLICATION, P.RENEW_PARTY),
        of=(CITY,),
        path=_application("renewal"),
        hides="renewal",
    ),
    "amend_application of a renewal": Row(
        (P.RENEW_PARTY,),
        of=(CITY,),
        path=_application("renewal"),
        body=_SAID,
        version="renewal",
        hides="renewal",
    ),
    "ask_applicant": _by_officer(
        "application to ask about", P.REVIEW_APPLICATION, {"question": "Who signs?"}
    ),
    "recommend_application": _by_officer(
        "application to recommend", P.REVIEW_APPLICATION, {"is_favourable": True, **_REASON}
    ),
    "decide_application": _by_officer(
        "application to decide", P.DECIDE_APPLICATION, {"admit": True, **_REASON}
    ),
}

_LOG: Final = {
    "get_log_head": _PUBLIC,
    "list_log_entries": _PUBLIC,
    "get_log_entry": _public(path={"log_index": T("log index")}),
    "prove_inclusion": _public(path={"log_index": T("log index")}),
    "prove_consistency": _public(query={"old_size": T("log index")}),
    "get_receipt": _public(path={"log_index": T("log index")}),
    "get_checkpoint": _PUBLIC,
    "get_log_tile": _public(path={"path": T("tile")}),
    "get_log_key": _PUBLIC,
    "get_log_policy": _PUBLIC,
    "get_log_state": _PUBLIC,
    "get_leaf_schema": _PUBLIC,
    "list_refusals": _PUBLIC,
    "get_refusal": _public(path={"code": T("refusal")}),
    "get_policy": _PUBLIC,
    "get_health": _PUBLIC,
}

ROWS: Final[Mapping[str, Row]] = {
    **_PARTIES,
    **_USERS,
    **_SIGNING_IN,
    **_RULES,
    **_ACTIVITIES,
    **_REPORTS,
    **_LEDGER,
    **_TRANSFERS,
    **_ORDERS,
    **_CASES,
    **_APPLICATIONS,
    **_LOG,
}
