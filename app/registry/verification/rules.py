"""Who may verify a report, what an opinion must say, and who may approve it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from app.kernel.encoding import canonical_bytes, sha256
from app.kernel.quantities import format_tonnes, whole_credits_down
from app.registry.monitoring.rules import ReportVintage
from app.registry.parties.rules import Accreditation, Party, PartyKind, Status, is_accredited
from app.registry.verification.refusals import (
    BufferMissingError,
    BufferNotApplicableError,
    BufferTooLargeError,
    FindingOpenError,
    LinesWithoutConfirmationError,
    ReviewerIsLeadError,
    VerificationStaleError,
    VerificationStateError,
    VerifiedAboveMonitoredError,
    VerifiedVintagesError,
    VerifierNotActiveError,
    VerifierNotIndependentError,
    VerifierOutOfScopeError,
    VerifierRotationError,
)

FINDINGS_MAX: Final = 200
PERCENT_PATTERN: Final = r"^(?:(?:0|[1-9][0-9]?)(?:\.[0-9]{1,2})?|100)$"


class VerificationStatus(StrEnum):
    """Where a verification stands."""

    ASSIGNED = "assigned"
    AWAITING_REVIEW = "awaiting_review"
    SENT_BACK = "sent_back"
    CONCLUDED = "concluded"


class Conclusion(StrEnum):
    """The kinds of opinion of ISO 14064-3."""

    UNMODIFIED = "unmodified"
    MODIFIED = "modified"
    ADVERSE = "adverse"
    DISCLAIMER = "disclaimer"

    @property
    def confirms(self) -> bool:
        """Whether tonnes are confirmed by it."""
        return self in {Conclusion.UNMODIFIED, Conclusion.MODIFIED}


class Assurance(StrEnum):
    """How sure the verifier is."""

    REASONABLE = "reasonable"
    LIMITED = "limited"


class FindingClass(StrEnum):
    """How grave a finding is."""

    MATERIAL_MISSTATEMENT = "material_misstatement"
    MISSTATEMENT = "misstatement"
    NONCONFORMITY = "nonconformity"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something the verifier found wrong, and what became of it."""

    finding_class: FindingClass
    description: str | None  # None: erased
    response: str | None  # None: the developer has not answered, or it was erased
    is_closed: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """What the verifier confirms of one vintage, as it was sent."""

    vintage: int
    verified_tco2e: Decimal
    buffer_credits: int | None  # None: the verifier says nothing of a buffer


@dataclass(frozen=True, slots=True)
class VerifiedVintage:
    """What the verifier confirms of one vintage, held against what was monitored."""

    vintage: int
    monitored_tco2e: Decimal
    verified_tco2e: Decimal  # <= monitored, exact
    buffer_credits: int  # set by the verifier for this issuance; 0 where the method has no buffer


@dataclass(frozen=True, slots=True)
class Review:
    """What a second person of the body decided on an opinion."""

    reviewer_user_id: str
    approved: bool
    reason: str | None  # None: erased
    reviewed_at: datetime
    log_index: int
    salt: bytes | None = None  # of what the act sealed; None: erased, or not read


@dataclass(frozen=True, slots=True)
class Opinion:
    """One opinion of the lead verifier; a new one follows when a reviewer sends it back."""

    verification_id: str
    number: int  # 1, 2, …: the reviewer decides on exactly one of them
    lead_user_id: str
    conclusion: Conclusion
    assurance: Assurance
    materiality_percent: Decimal
    statement: str | None  # None: erased
    no_conflict_of_interest: bool  # declared for the whole team; an opinion without it is refused
    findings: tuple[Finding, ...]
    lines: tuple[VerifiedVintage, ...]  # empty: nothing is confirmed (adverse, disclaimer)
    document_ids: tuple[str, ...]
    given_at: datetime
    log_index: int
    review: Review | None  # None: nobody has reviewed it yet
    salt: bytes | None = None  # of what the act sealed; None: erased, or not read


@dataclass(frozen=True, slots=True)
class Verification:
    """The work of a body on one report."""

    id: str
    report_id: str
    activity_id: str
    vvb_party_id: str
    lead_user_id: str | None  # None: no opinion has been given
    reviewer_user_id: str | None  # None: the newest opinion is not approved
    status: VerificationStatus
    opinion_number: int  # of the newest opinion; 0: none yet
    conclusion: Conclusion | None  # of the newest opinion
    version: int
    assigned_by: str
    assigned_at: datetime
    lines: tuple[VerifiedVintage, ...]  # of the newest opinion


def require_version(verification: Verification, expected: int) -> None:
    """
    Refuse a decision made on another version than the present one.

    Raises:
        VerificationStaleError: an opinion or a review came in between.
    """
    if verification.version != expected:
        raise VerificationStaleError(version=verification.version)


def require_status(verification: Verification, *possible: VerificationStatus) -> None:
    """
    Refuse a step that is not next.

    Raises:
        VerificationStateError: the verification is in another state.
    """
    if verification.status not in possible:
        raise VerificationStateError(status=verification.status.value)


def check_verifier(
    vvb: Party,
    accreditations: Iterable[Accreditation],
    *,
    owner_party_id: str,
    sectoral_scope: int,
    has_account: bool,
    on: date,
) -> None:
    """
    Refuse a body that is not active, not in scope, or not independent.

    Args:
        vvb: the body.
        accreditations: the scopes it is accredited in.
        owner_party_id: whose activity it would verify.
        sectoral_scope: the activity's scope, 1 to 16.
        has_account: whether the body has any account in the ledger, open or closed.
        on: the date in Thailand.

    Raises:
        VerifierNotActiveError, VerifierNotIndependentError, VerifierOutOfScopeError: as named.

    Source: ISO 14065 on impartiality; Regulation (EU) 2019/1122 Art. 20(3) on accounts.
    """
    if vvb.kind is not PartyKind.VVB or vvb.status is not Status.ACTIVE:
        raise VerifierNotActiveError(kind=vvb.kind.value, status=vvb.status.value)
    if has_account or vvb.id == owner_party_id:
        raise VerifierNotIndependentError
    if not is_accredited(accreditations, sectoral_scope=sectoral_scope, on=on):
        raise VerifierOutOfScopeError(sectoral_scope=sectoral_scope, day=on.isoformat())


def check_rotation(vvb_party_id: str, bodies: Sequence[str], *, reports_max: int) -> None:
    """
    Refuse a body that has verified so many reports of an activity in a row.

    Args:
        vvb_party_id: the body.
        bodies: who verified the activity's reports before, the latest first.
        reports_max: how many one body may verify in a row; 1 or more.

    Raises:
        VerifierRotationError: another body's turn has come.
    """
    latest = bodies[:reports_max]
    if len(latest) == reports_max and set(latest) == {vvb_party_id}:
        raise VerifierRotationError(reports_max=reports_max)


def check_findings(conclusion: Conclusion, findings: Iterable[Finding]) -> None:
    """
    Refuse an unmodified opinion over an open material misstatement.

    Raises:
        FindingOpenError: there is one.

    Source: ISO 14064-3:2019, unmodified opinion (no material misstatement remains).
    """
    is_open = any(
        finding.finding_class is FindingClass.MATERIAL_MISSTATEMENT and not finding.is_closed
        for finding in findings
    )
    if conclusion is Conclusion.UNMODIFIED and is_open:
        raise FindingOpenError


def confirm(
    claims: Sequence[Claim],
    *,
    conclusion: Conclusion,
    monitored: Sequence[ReportVintage],
    buffer_applies: bool,
) -> tuple[VerifiedVintage, ...]:
    """
    Hold the verifier's lines against the report's.

    Returns:
        One line per vintage of the report, rising; nothing where the conclusion confirms nothing.

    Raises:
        LinesWithoutConfirmationError: an adverse opinion or a disclaimer states tonnes.
        VerifiedVintagesError: a vintage is missing, doubled, or not of the report.
        VerifiedAboveMonitoredError, BufferMissingError, BufferNotApplicableError,
            BufferTooLargeError: as named.
    """
    if not conclusion.confirms:
        if claims:
            raise LinesWithoutConfirmationError(conclusion=conclusion.value)
        return ()
    ordered = sorted(claims, key=lambda claim: claim.vintage)
    expected = [line.vintage for line in monitored]
    if [claim.vintage for claim in ordered] != expected:
        years = ", ".join(str(year) for year in expected)
        raise VerifiedVintagesError(conclusion=conclusion.value, expected=years)
    return tuple(
        _confirm_vintage(claim, line, buffer_applies=buffer_applies)
        for claim, line in zip(ordered, monitored, strict=True)
    )


def _confirm_vintage(claim: Claim, line: ReportVintage, *, buffer_applies: bool) -> VerifiedVintage:
    if claim.verified_tco2e > line.monitored_tco2e:
        monitored = format_tonnes(line.monitored_tco2e)
        raise VerifiedAboveMonitoredError(vintage=line.vintage, monitored_tco2e=monitored)
    if buffer_applies and claim.buffer_credits is None:
        raise BufferMissingError(vintage=line.vintage)
    buffer_credits = claim.buffer_credits or 0
    if buffer_credits and not buffer_applies:
        raise BufferNotApplicableError(vintage=line.vintage)
    whole, _ = whole_credits_down(claim.verified_tco2e)
    if buffer_credits > whole:
        raise BufferTooLargeError(vintage=line.vintage, credits=whole)
    return VerifiedVintage(line.vintage, line.monitored_tco2e, claim.verified_tco2e, buffer_credits)


def require_other_person(*, lead_user_id: str | None, reviewer_user_id: str) -> None:
    """
    Refuse a review by the one who gave the opinion.

    Raises:
        ReviewerIsLeadError: it is the same person.
    """
    if reviewer_user_id == lead_user_id:
        raise ReviewerIsLeadError


def facts_of_lines(lines: Iterable[VerifiedVintage]) -> list[dict[str, int | str]]:
    """Return verified vintages as the log keeps them."""
    return [
        {
            "vintage": line.vintage,
            "monitored_tco2e": format_tonnes(line.monitored_tco2e),
            "verified_tco2e": format_tonnes(line.verified_tco2e),
            "buffer_credits": line.buffer_credits,
        }
        for line in lines
    ]


def facts_of_review(verification: Verification, *, approve: bool) -> dict[str, object]:
    """Return what the log keeps of a review; tonnes only once they count."""
    facts: dict[str, object] = {
        "report_id": verification.report_id,
        "activity_id": verification.activity_id,
        "vvb_party_id": verification.vvb_party_id,
        "opinion_number": verification.opinion_number,
    }
    if not approve:
        return facts
    return facts | {
        "conclusion": None if verification.conclusion is None else verification.conclusion.value,
        "vintages": facts_of_lines(verification.lines),
    }


def opinion_digest(opinion: Opinion) -> str:
    """Return the SHA-256 of all that an opinion says, sealed in the log before its review."""
    return sha256(
        canonical_bytes(
            {
                "conclusion": opinion.conclusion.value,
                "assurance": opinion.assurance.value,
                "materiality_percent": format_tonnes(opinion.materiality_percent),
                "statement": opinion.statement,
                "no_conflict_of_interest": opinion.no_conflict_of_interest,
                "findings": [
                    {
                        "class": finding.finding_class.value,
                        "description": finding.description,
                        "response": finding.response,
                        "is_closed": finding.is_closed,
                    }
                    for finding in opinion.findings
                ],
                "vintages": facts_of_lines(opinion.lines),
                "document_ids": opinion.document_ids,
            }
        )
    ).hex()
