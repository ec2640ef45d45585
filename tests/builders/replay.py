"""Logs written leaf by leaf, without a register: what the replay is tried on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from app.kernel.clock import rfc3339
from app.kernel.encoding import canonical_bytes
from app.registry.ledger.serials import account_number
from app.registry.replay.replay import Replay
from app.registry.replay.shelf import Shelf

BEGINS: Final = datetime(2026, 11, 24, 3, tzinfo=UTC)
DIGEST: Final = "ab" * 32
OWN: Final = {
    account_number(number): kind
    for number, kind in enumerate(
        ("source", "buffer", "transit", "retired", "cancelled", "exported"), start=1
    )
}
SOURCE, BUFFER, TRANSIT, RETIRED, CANCELLED, EXPORTED = OWN
PREFIX: Final = "TH-CITY-0001-2024-1"
NEXT_PREFIX: Final = "TH-CITY-0001-2025-1"

ORDER_HOURS: Final = 48  # of the founding, below

Data = Mapping[str, object]


def an_id(prefix: str, number: int) -> str:
    """Return an identifier of the right form."""
    return f"{prefix}_{number:026d}"


AUTHORITY, DEVELOPER, HOLDER, BODY = (an_id("pty", n) for n in range(1, 5))
ADMINISTRATOR, OFFICER, APPROVER, OWNER, BUYER, LEAD, REVIEWER = (
    an_id("usr", n) for n in range(1, 8)
)
ACTIVITY, REPORT, VERIFICATION, ISSUANCE = (an_id(p, 1) for p in ("act", "mrp", "vrf", "iss"))
DOCUMENT: Final = an_id("doc", 1)
OWNERS_ACCOUNT, BUYERS_ACCOUNT = account_number(1001), account_number(1002)
METHODOLOGY: Final = "T-VER-P-METH-13-02"


@dataclass
class Log:
    """A log that grows; a replay plays it when asked."""

    leaves: list[bytes] = field(default_factory=list)
    now: datetime = BEGINS

    def write(
        self, kind: str, subject: str, data: Data, *, by: str = ADMINISTRATOR, **changes: object
    ) -> "Log":
        """Append a leaf, a second after the one before it."""
        self.now += timedelta(seconds=1)
        self.leaves.append(
            a_leaf(kind, subject, data, **{"by": by, "at": rfc3339(self.now), **changes})
        )
        return self

    def replay(self, shelf: Shelf | None = None) -> Replay:
        """Play all leaves, or those that the shelf has not seen."""
        replay = Replay(shelf or Shelf())
        for index in range(replay.size, len(self.leaves)):
            replay.play(index, self.leaves[index])
        return replay

    # ------------------------------------------------------------------------ movements

    def move(
        self,
        sender: str,
        receiver: str,
        *runs: tuple[str, int, int],
        kind: str = "credits.transferred",
        by: str = OWNER,
        **changes: object,
    ) -> "Log":
        """Move runs: serial prefix, first and last serial."""
        data = moved(sender, receiver, *runs)
        if kind in {"credits.retired", "credits.cancelled", "buffer.cancelled"}:
            data |= {
                "purpose": "event",
                "visibility": "public",
                "happened_on": "2026-11-24",
                "statement": DIGEST,
            }
        if kind == "buffer.released":
            data["decision"] = "อบก. 12/2569"
        return self.write(kind, sender, {**data, **changes}, by=by)

    def open(self, number: int, owner: str = HOLDER) -> "Log":
        """Open an account."""
        return self.write("account.opened", account_number(number), {"owner": owner})


def a_leaf(kind: str, subject: str, data: Data, **outer: object) -> bytes:
    """Return the bytes of a leaf; its outer fields ``by`` and ``at`` are named."""
    return canonical_bytes({"v": 1, "kind": kind, "subject": subject, "data": data, **outer})


def moved(sender: str, receiver: str, *runs: tuple[str, int, int]) -> dict[str, Any]:
    """Return the facts of a movement."""
    return {
        "from": sender,
        "to": receiver,
        "credits": sum(last - first + 1 for _, first, last in runs),
        "moves": [{"batch": b, "first": first, "last": last} for b, first, last in runs],
    }


# ------------------------------------------------------------------------------ the world


def founded() -> Log:
    """Return a log with the register's own accounts, a programme, its rules and a methodology."""
    log = Log()
    log.write("accounts.founded", "registry", {"accounts": OWN}, by="registry")
    log.write("programme.entered", "CITY", programme(), by="registry")
    log.write("programme.entered", "LESS", programme(mints=False, verifies=False), by="registry")
    log.write("programme.member_entered", "CITY", member(), by="registry")
    rules = [
        a_rule(1, "serial_prefix_format", "TH-{programme}-{activity}-{vintage}-{batch}"),
        a_rule(2, "remainder_carried", "yes"),
        a_rule(3, "retirement_purposes", "organisation,event"),
        a_rule(4, "version_overlap_days", "180", unit="days"),
        a_rule(5, "order_hours", "48", unit="hours"),
    ]
    log.write("rules.set", "registry", {"rules": rules}, by="registry")
    log.write("methodology.entered", f"{METHODOLOGY}/01", methodology(), by="registry")
    less = methodology(code="DEMO-LESS-01", variant="less", buffer_applies=False)
    return log.write("methodology.entered", "DEMO-LESS-01/01", less, by="registry")


def peopled() -> Log:
    """Return a log in which those who take part were admitted."""
    log = founded()
    log.write("party.admitted", AUTHORITY, party("authority"), by="registry")
    log.write("user.added", ADMINISTRATOR, user(AUTHORITY, "administrator"), by="registry")
    log.write("user.added", OFFICER, user(AUTHORITY, "officer"))
    log.write("user.added", APPROVER, user(AUTHORITY, "approver"))
    log.write("party.admitted", DEVELOPER, party("developer"))
    log.write("user.added", OWNER, user(DEVELOPER, "developer", "holder_initiator"))
    log.write("party.admitted", HOLDER, party("holder"))
    log.write("user.added", BUYER, user(HOLDER, "holder_initiator"))
    log.write("party.admitted", BODY, party("vvb"))
    scopes = {"sectoral_scopes": [13, 14], "valid_from": "2020-01-01", "valid_to": None}
    log.write("party.accredited", BODY, scopes)
    log.write("user.added", LEAD, user(BODY, "verifier_lead"))
    log.write("user.added", REVIEWER, user(BODY, "verifier_reviewer"))
    return log.open(1001, DEVELOPER).open(1002, HOLDER)


def registered() -> Log:
    """Return a log in which an activity was registered."""
    log = peopled()
    drafted = {"owner_party_id": DEVELOPER, "content_commitment": DIGEST}
    log.write("activity.drafted", ACTIVITY, step(None, "draft", 1, **drafted), by=OWNER)
    log.write("document.uploaded", DOCUMENT, document(), by=OWNER)
    log.write("activity.submitted", ACTIVITY, submission(2), by=OWNER)
    started = step("submitted", "under_review", 3, party=AUTHORITY)
    log.write("activity.review_started", ACTIVITY, started, by=OFFICER)
    completed = step("under_review", "under_validation", 4, party=AUTHORITY, vvb_party_id=BODY)
    log.write("activity.review_completed", ACTIVITY, completed, by=OFFICER)
    log.write("activity.validated", ACTIVITY, validation(5), by=LEAD)
    return log.write("activity.registered", ACTIVITY, registration(6), by=APPROVER)


def verified() -> Log:
    """Return a log in which a report of two vintages was verified."""
    log = registered()
    log.write("report.drafted", REPORT, report(), by=OWNER)
    log.write("report.submitted", REPORT, report(), by=OWNER)
    about = {"report_id": REPORT, "activity_id": ACTIVITY}
    assigned = {**about, "vvb_party_id": BODY}
    log.write("verification.assigned", VERIFICATION, assigned, by=OFFICER)
    opinion = {**about, "opinion_number": 1, "content_commitment": DIGEST}
    log.write("verification.opinion_given", VERIFICATION, opinion, by=LEAD)
    return log.write("verification.concluded", VERIFICATION, conclusion(), by=REVIEWER)


def issued() -> Log:
    """Return a log in which 1,000 credits of 2024 and 500 of 2025 were issued."""
    return verified().write("credits.issued", ISSUANCE, issuance(), by=APPROVER)


# ----------------------------------------------------------------------- facts of leaves


def programme(*, mints: bool = True, verifies: bool = True, **changes: object) -> Data:
    """Return the facts of a programme."""
    return {
        "name_th": "โครงการนำร่อง",
        "name_en": "Pilot",
        "names_as_published": [],
        "kind": "city_pilot" if mints else "less",
        "needs_verification": verifies,
        "mints": mints,
        "market_based": mints,
        "status": "open",
        "source": "invented",
        "note": None,
        **changes,
    }


def member(province: str = "40") -> Data:
    """Return the facts of a programme's member."""
    return {
        "province": province,
        "since_fiscal_year_be": 2565,
        "memorandum_date": "2022-01-12",
        "signing_capacity": "governor",
        "source": "invented",
    }


def a_rule(number: int, key: str, value: str, /, **changes: object) -> Data:
    """Return one dated value."""
    return {
        "id": an_id("cfg", number),
        "programme": None,
        "key": key,
        "value": value,
        "unit": None,
        "valid_from": "2020-01-01",
        "valid_to": None,
        "source": "invented",
        "is_default": True,
        **changes,
    }


def methodology(**changes: object) -> Data:
    """Return the facts of a methodology version."""
    return {
        "code": METHODOLOGY,
        "version": "01",
        "title_th": "ป่าชายเลน",
        "title_en": "Mangroves",
        "project_type": 13,
        "sectoral_scope": 14,
        "variant": "premium",
        "family": "forestry",
        "crediting_years": 10,
        "renewals_max": 1,
        "buffer_applies": True,
        "valid_from": "2020-01-01",
        "source": "invented",
        "verified": True,
        "note": None,
        **changes,
    }


def party(kind: str, **changes: object) -> Data:
    """Return the facts of a party."""
    named = {"name_th": "หน่วยงาน", "name_en": f"A {kind}", "province_code": None}
    return {"kind": kind, **named, **changes}


def user(party_id: str, *roles: str) -> Data:
    """Return the facts of a user."""
    return {"party_id": party_id, "roles": sorted(roles)}


def step(
    before: str | None, after: str, version: int, /, *, party: object = DEVELOPER, **facts: object
) -> dict[str, object]:
    """Return the facts of a step of the activity."""
    said = {"code": "CITY-0001", "by_party_id": party, "from": before, "to": after}
    return {**said, "version": version, **facts}


def document(activity: str | None = ACTIVITY) -> Data:
    """Return the facts of a document."""
    return {
        "owner_party_id": DEVELOPER,
        "activity_id": activity,
        "purpose": "design",
        "is_confidential": False,
        "sha256": DIGEST,
        "bytes": 1_000,
        "media_type": "application/pdf",
    }


def a_site(installation: str | None = "PEA-1") -> Data:
    """Return the facts of a site."""
    return {
        "province_code": "40",
        "latitude": "16.418",
        "longitude": "102.8385",
        "installed_size": "800",
        "installation_id": installation,
    }


def submission(version: int, /, **changes: object) -> dict[str, object]:
    """Return the facts of a submission."""
    return step(
        "draft",
        "submitted",
        version,
        **{
            "programme_code": "CITY",
            "owner_party_id": DEVELOPER,
            "methodology_code": METHODOLOGY,
            "methodology_version": "01",
            "project_type": 13,
            "sectoral_scope": 14,
            "buffer_applies": True,
            "form": "single",
            "scale": "micro",
            "estimate_tco2e": "750.5",
            "starts_on": "2023-01-01",
            "proposed_crediting_start": "2023-01-01",
            "credit_account_id": 1001,
            "submitted_on": "2026-11-24",
            "sites": [a_site()],
            "content_commitment": DIGEST,
            **changes,
        },
    )


def validation(version: int, /, **changes: object) -> dict[str, object]:
    """Return the facts of a validation opinion."""
    said = {
        "opinion_id": an_id("opn", 1),
        "vvb_party_id": BODY,
        "conclusion": "positive",
        "statement_commitment": DIGEST,
        "document_ids": [DOCUMENT],
    }
    return step("under_validation", "under_validation", version, party=BODY, **{**said, **changes})


def grounds(**changes: object) -> dict[str, object]:
    """Return where a decision was taken."""
    said = {"decided_on": "2026-11-24", "decision_document_id": None, "meeting": "อบก. 12/2569"}
    return {**said, **changes}


def registration(version: int, /, **changes: object) -> dict[str, object]:
    """Return the facts of a registration."""
    said = {
        "name_th": "ป่าชายเลนกระบี่",
        "name_en": "Mangroves of Krabi",
        "owner_party_id": DEVELOPER,
        "methodology_code": METHODOLOGY,
        "methodology_version": "01",
        "crediting_start": "2023-01-01",
        "crediting_end": "2032-12-31",
        "registered_on": "2026-11-24",
    }
    return step(
        "under_validation",
        "registered",
        version,
        party=AUTHORITY,
        **{**grounds(), **said, **changes},
    )


def report(first: str = "2024-01-01", last: str = "2025-12-31", **changes: object) -> Data:
    """Return the facts of a report."""
    said = {"activity_id": ACTIVITY, "period_start": first, "period_end": last}
    return {**said, "content_commitment": DIGEST, **changes}


def conclusion(**changes: object) -> Data:
    """Return the facts of a review that approves."""
    lines = [
        {
            "vintage": vintage,
            "monitored_tco2e": monitored,
            "verified_tco2e": verified_tco2e,
            "buffer_credits": buffer,
        }
        for vintage, monitored, verified_tco2e, buffer in (
            (2024, "1000.75", "1000.75", 100),
            (2025, "510", "500.5", 50),
        )
    ]
    return {
        "report_id": REPORT,
        "activity_id": ACTIVITY,
        "vvb_party_id": BODY,
        "opinion_number": 1,
        "reason_commitment": DIGEST,
        "conclusion": "unmodified",
        "vintages": lines,
        **changes,
    }


def a_batch(prefix: str, vintage: int, made: int, buffer: int, /, **changes: object) -> Data:
    """Return the facts of a batch."""
    return {
        "batch": prefix,
        "vintage": vintage,
        "credits": made,
        "buffer_credits": buffer,
        "account": OWNERS_ACCOUNT,
        "programme": "CITY",
        "project": "CITY-0001",
        **changes,
    }


def a_line(vintage: int, verified_tco2e: str, made: int, buffer: int, left: str) -> Data:
    """Return the arithmetic of one vintage."""
    return {
        "vintage": vintage,
        "verified_tco2e": verified_tco2e,
        "carried_from": None,
        "carried_in_tco2e": "0",
        "credits": made,
        "buffer_credits": buffer,
        "remainder_tco2e": left,
    }


def decision(**changes: object) -> dict[str, object]:
    """Return the facts of a decision on the report."""
    said = {
        "report_id": REPORT,
        "activity_id": ACTIVITY,
        "verification_id": VERIFICATION,
        "reason_commitment": None,
    }
    return {**grounds(), **said, **changes}


def issuance(
    lines: Sequence[Data] | None = None, batches: Sequence[Data] | None = None, **changes: object
) -> Data:
    """Return the facts of an issuance."""
    told = lines or (
        a_line(2024, "1000.75", 1000, 100, "0.75"),
        a_line(2025, "500.5", 500, 50, "0.5"),
    )
    made = batches or (a_batch(PREFIX, 2024, 1000, 100), a_batch(NEXT_PREFIX, 2025, 500, 50))
    return {**decision(), "lines": list(told), "batches": list(made), **changes}
