"""Acts of verification: a body is assigned, its lead gives an opinion, another decides on it."""

from dataclasses import dataclass, replace
from decimal import Decimal

from app.kernel.clock import bangkok_date
from app.kernel.ids import new_id
from app.registry.activities import operations as activity_acts
from app.registry.activities import store as activities
from app.registry.activities.refusals import EvidenceForeignError
from app.registry.activities.rules import Activity
from app.registry.ledger import store as ledger
from app.registry.log.pen import Pen, Sealed
from app.registry.monitoring import operations as monitoring
from app.registry.monitoring import store as reports
from app.registry.monitoring.operations import Step
from app.registry.monitoring.rules import Report, ReportStatus, require_next, unique
from app.registry.parties import store as parties
from app.registry.parties.policy import Actor, Permission, require
from app.registry.programmes import store as programmes
from app.registry.programmes.rules import RuleKey, whole_of
from app.registry.verification import rules, store
from app.registry.verification.refusals import ConflictOfInterestError, VerificationNotNeededError
from app.registry.verification.rules import (
    Assurance,
    Claim,
    Conclusion,
    Finding,
    Opinion,
    Review,
    Verification,
    VerificationStatus,
)


@dataclass(frozen=True, slots=True)
class AssignVerifier:
    """Have a body verify a submitted report."""

    report_id: str
    vvb_party_id: str


@dataclass(frozen=True, slots=True)
class GiveOpinion:
    """Say what the body's lead concludes."""

    verification_id: str
    expected_version: int
    conclusion: Conclusion
    assurance: Assurance
    materiality_percent: Decimal
    statement: str
    no_conflict_of_interest: bool  # the lead's declaration for the whole team
    findings: tuple[Finding, ...]
    claims: tuple[Claim, ...]  # empty: nothing is confirmed
    document_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReviewOpinion:
    """Approve the newest opinion, or send it back."""

    verification_id: str
    expected_version: int  # binds the decision to the opinion that was read
    approve: bool
    reason: str


async def assign_verifier(pen: Pen, actor: Actor, command: AssignVerifier) -> Verification:
    """
    Have a body verify a submitted report.

    Raises:
        ReportNotFoundError, NotAllowedError, PartyNotFoundError: as named.
        ReportStateError: it is not submitted, or a body is assigned already.
        VerificationNotNeededError: the programme's reports are not verified.
        VerifierNotActiveError, VerifierNotIndependentError, VerifierOutOfScopeError: as named.
        VerifierRotationError: another body's turn has come.
    """
    report = await reports.get_visible_report(pen.connection, command.report_id, viewer=actor)
    activity = await activities.get_activity(pen.connection, report.activity_id)
    require(actor, Permission.ASSIGN_VERIFIER, owner_ids=(activity.owner_party_id,))
    programme = await programmes.get_programme(pen.connection, activity.programme_code)
    if not programme.needs_verification:
        raise VerificationNotNeededError(report_id=report.id)
    require_next(report, ReportStatus.UNDER_VERIFICATION)
    await _require_verifier(pen, activity, command.vvb_party_id)
    await _require_turn(pen, activity, command.vvb_party_id)
    verification = _assignment(pen, actor, report, command.vvb_party_id)
    log_index = pen.record(
        by=actor.user_id,
        kind="verification.assigned",
        subject=verification.id,
        data={
            "report_id": report.id,
            "activity_id": activity.id,
            "vvb_party_id": verification.vvb_party_id,
        },
    )
    await store.insert_verification(pen.connection, verification)
    await activity_acts.admit_reader(
        pen, activity_id=activity.id, party_id=verification.vvb_party_id, log_index=log_index
    )
    step = Step(
        "verification.assigned",
        ReportStatus.UNDER_VERIFICATION,
        actor,
        vvb_party_id=verification.vvb_party_id,
    )
    await monitoring.move_report(pen, report, step, log_index=log_index)
    return verification


async def give_opinion(pen: Pen, actor: Actor, command: GiveOpinion) -> Verification:
    """
    Say what the body's lead concludes; nothing is verified until a second person approves it.

    Raises:
        VerificationNotFoundError, NotAllowedError, VerificationStaleError, VerificationStateError,
            EvidenceForeignError: as named.
        VerifierNotActiveError, VerifierNotIndependentError, VerifierOutOfScopeError: the body may
            not verify (any more).
        ConflictOfInterestError, FindingOpenError, and what `rules.confirm` raises: the opinion
            contradicts itself or the report.
    """
    verification = await store.get_visible_verification(
        pen.connection, command.verification_id, viewer=actor
    )
    require(actor, Permission.VERIFY_REPORT, owner_ids=(verification.vvb_party_id,))
    rules.require_version(verification, command.expected_version)
    rules.require_status(verification, VerificationStatus.ASSIGNED, VerificationStatus.SENT_BACK)
    activity = await activities.get_activity(pen.connection, verification.activity_id)
    report = await reports.get_report(pen.connection, verification.report_id)
    await _require_verifier(pen, activity, verification.vvb_party_id)
    opinion = await _opinion(pen, actor, command, verification, (activity, report))
    log_index = pen.record(
        by=actor.user_id,
        kind="verification.opinion_given",
        subject=verification.id,
        data={
            "report_id": report.id,
            "activity_id": activity.id,
            "opinion_number": opinion.number,
            "content_commitment": Sealed(rules.opinion_digest(opinion)),
        },
    )
    opinion = replace(opinion, log_index=log_index)
    await store.insert_opinion(
        pen.connection, opinion, report_id=report.id, report_revision=report.revision
    )
    given = replace(
        verification,
        status=VerificationStatus.AWAITING_REVIEW,
        lead_user_id=actor.user_id,
        opinion_number=opinion.number,
        conclusion=opinion.conclusion,
        lines=opinion.lines,
        version=verification.version + 1,
    )
    await store.update_verification(pen.connection, given)
    return given


async def review_opinion(pen: Pen, actor: Actor, command: ReviewOpinion) -> Verification:
    """
    Approve the newest opinion, or send it back to the lead.

    Raises:
        VerificationNotFoundError, NotAllowedError, VerificationStaleError, VerificationStateError,
            ReviewerIsLeadError: as named.
    """
    verification = await store.get_visible_verification(
        pen.connection, command.verification_id, viewer=actor
    )
    require(actor, Permission.REVIEW_VERIFICATION, owner_ids=(verification.vvb_party_id,))
    rules.require_version(verification, command.expected_version)
    rules.require_status(verification, VerificationStatus.AWAITING_REVIEW)
    rules.require_other_person(
        lead_user_id=verification.lead_user_id, reviewer_user_id=actor.user_id
    )
    log_index = pen.record(
        by=actor.user_id,
        kind="verification.concluded" if command.approve else "verification.sent_back",
        subject=verification.id,
        data={
            **rules.facts_of_review(verification, approve=command.approve),
            # People write names of people into reasons.
            "reason_commitment": Sealed(command.reason),
        },
    )
    review = Review(actor.user_id, command.approve, command.reason, pen.now, log_index)
    await store.insert_review(pen.connection, verification, review)
    reviewed = replace(
        verification,
        status=(VerificationStatus.CONCLUDED if command.approve else VerificationStatus.SENT_BACK),
        reviewer_user_id=actor.user_id if command.approve else None,
        version=verification.version + 1,
    )
    await store.update_verification(pen.connection, reviewed)
    if command.approve:
        await _move_report(pen, actor, reviewed, reason=command.reason, log_index=log_index)
    return reviewed


async def _require_turn(pen: Pen, activity: Activity, vvb_party_id: str) -> None:
    # No published text of TGO says how often bodies change, so without a value there is no limit.
    rule = await programmes.find_rule(
        pen.connection,
        programme_code=activity.programme_code,
        key=RuleKey.VVB_CONSECUTIVE_REPORTS_MAX,
        on=bangkok_date(pen.now),
    )
    if rule is not None:
        most = whole_of(rule)
        bodies = await store.list_bodies(pen.connection, activity.id, limit=most)
        rules.check_rotation(vvb_party_id, bodies, reports_max=most)


def _assignment(pen: Pen, actor: Actor, report: Report, vvb_party_id: str) -> Verification:
    return Verification(
        id=new_id("vrf"),
        report_id=report.id,
        activity_id=report.activity_id,
        vvb_party_id=vvb_party_id,
        lead_user_id=None,
        reviewer_user_id=None,
        status=VerificationStatus.ASSIGNED,
        opinion_number=0,
        conclusion=None,
        version=1,
        assigned_by=actor.user_id,
        assigned_at=pen.now,
        lines=(),
    )


async def _move_report(
    pen: Pen, actor: Actor, verification: Verification, *, reason: str, log_index: int
) -> None:
    assert verification.conclusion is not None  # an approved opinion concludes something
    confirms = verification.conclusion.confirms
    report = await reports.get_report(pen.connection, verification.report_id)
    step = Step(
        "verification.concluded",
        ReportStatus.VERIFIED if confirms else ReportStatus.REJECTED,
        actor,
        reason,
    )
    await monitoring.move_report(pen, report, step, log_index=log_index)


async def _require_verifier(pen: Pen, activity: Activity, vvb_party_id: str) -> None:
    vvb = await parties.get_party(pen.connection, vvb_party_id)
    rules.check_verifier(
        vvb,
        await parties.list_accreditations(pen.connection, vvb.id),
        owner_party_id=activity.owner_party_id,
        sectoral_scope=activity.sectoral_scope,
        has_account=await ledger.find_any_account(pen.connection, vvb.id) is not None,
        on=bangkok_date(pen.now),
    )


async def _opinion(
    pen: Pen,
    actor: Actor,
    command: GiveOpinion,
    verification: Verification,
    subject: tuple[Activity, Report],
) -> Opinion:
    # Decides; the caller records and writes.
    activity, report = subject
    if not command.no_conflict_of_interest:
        raise ConflictOfInterestError
    rules.check_findings(command.conclusion, command.findings)
    lines = rules.confirm(
        command.claims,
        conclusion=command.conclusion,
        monitored=report.vintages,
        buffer_applies=activity.buffer_applies,
    )
    document_ids = unique(command.document_ids)
    foreign = await activities.list_foreign_documents(
        pen.connection, document_ids, activity_id=activity.id
    )
    if foreign:
        raise EvidenceForeignError(document_id=foreign[0])
    return Opinion(
        verification_id=verification.id,
        number=verification.opinion_number + 1,
        lead_user_id=actor.user_id,
        conclusion=command.conclusion,
        assurance=command.assurance,
        materiality_percent=command.materiality_percent,
        statement=command.statement,
        no_conflict_of_interest=command.no_conflict_of_interest,
        findings=command.findings,
        lines=lines,
        document_ids=document_ids,
        given_at=pen.now,
        log_index=-1,  # until it is recorded
        review=None,
    )
