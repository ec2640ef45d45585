"""Verifications on the real database: assignment, opinion, review, and who may see them."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from sqlalchemy import insert, update

from app.kernel.clock import bangkok_date, now
from app.kernel.errors import RegistryError
from app.registry.activities import store as activities
from app.registry.activities.refusals import EvidenceForeignError
from app.registry.log.pen import Pen
from app.registry.monitoring import store as reports
from app.registry.monitoring.refusals import ReportNotFoundError, ReportStateError
from app.registry.monitoring.rules import ReportStatus
from app.registry.parties import store as parties
from app.registry.parties.policy import Actor, NotAllowedError
from app.registry.parties.rules import PartyNotFoundError, Role
from app.registry.verification import operations, store
from app.registry.verification.operations import AssignVerifier, ReviewOpinion
from app.registry.verification.refusals import (
    BufferMissingError,
    BufferNotApplicableError,
    ConflictOfInterestError,
    FindingOpenError,
    ReviewerIsLeadError,
    VerificationNotFoundError,
    VerificationNotNeededError,
    VerificationStaleError,
    VerificationStateError,
    VerifiedAboveMonitoredError,
    VerifierNotActiveError,
    VerifierOutOfScopeError,
)
from app.registry.verification.rules import (
    Claim,
    Conclusion,
    Finding,
    FindingClass,
    Verification,
    VerificationStatus,
)
from app.registry.verification.store import (
    verification_lines,
    verification_opinions,
    verification_reviews,
    verifications,
)
from tests.builders.activities import (
    MANGROVE,
    RECOGNISED,
    a_document,
    a_registered_activity,
    an_official,
)
from tests.builders.issuance import (
    a_given_opinion,
    a_submitted_report,
    a_verification,
    a_verified_report,
    an_opinion,
    an_owner,
    approve,
)
from tests.builders.parties import Register, a_developer, a_vvb, an_actor
from tests.builders.rows import violates, writing

Command = TypeVar("Command")


async def act(
    registry: Register,
    actor: Actor,
    operation: Callable[[Pen, Actor, Command], Awaitable[Verification]],
    command: Command,
) -> Verification:
    return await registry.do(actor, lambda pen: operation(pen, actor, command))


async def refused(
    registry: Register,
    refusal: type[RegistryError],
    actor: Actor,
    operation: Callable[[Pen, Actor, Command], Awaitable[Verification]],
    command: Command,
) -> None:
    with pytest.raises(refusal):
        await act(registry, actor, operation, command)


async def status_of(registry: Register, report_id: str) -> ReportStatus:
    async with registry.read() as connection:
        return (await reports.get_report(connection, report_id)).status


async def test_owner_or_officer_assigns_a_body_and_the_report_is_under_verification(
    registry: Register,
) -> None:
    """The body may then read the report and the activity's confidential evidence."""
    activity = await a_registered_activity(registry)
    owner = await an_owner(registry, activity)
    report = await a_submitted_report(registry, activity, owner=owner)
    lead, _ = await a_vvb(registry, scopes=(activity.sectoral_scope,))
    command = AssignVerifier(report.id, lead.party_id)
    stranger = await a_developer(registry)
    await refused(registry, ReportNotFoundError, stranger, operations.assign_verifier, command)
    auditor = await an_official(registry, Role.AUDITOR)
    await refused(registry, NotAllowedError, auditor, operations.assign_verifier, command)
    assigned = await act(registry, owner, operations.assign_verifier, command)
    assert (assigned.status, assigned.opinion_number) == (VerificationStatus.ASSIGNED, 0)
    assert await status_of(registry, report.id) is ReportStatus.UNDER_VERIFICATION
    async with registry.read() as connection:
        seen = await reports.get_visible_report(connection, report.id, viewer=lead)
        assert seen.vvb_party_id == lead.party_id
        assert lead.party_id in await activities.list_readers(connection, activity.id)
        assert await store.get_verification(connection, assigned.id) == assigned
    officer = await an_official(registry, Role.OFFICER)
    await refused(registry, ReportStateError, officer, operations.assign_verifier, command)


async def test_a_body_must_exist_be_active_and_in_scope(
    registry: Register,
) -> None:
    """All of it on the day it is assigned."""
    activity = await a_registered_activity(registry)
    report = await a_submitted_report(registry, activity)
    officer = await an_official(registry, Role.OFFICER)
    assign = operations.assign_verifier
    nobody = AssignVerifier(report.id, "pty_01kb5w6yk2e0hr9h5y0s8v2a3b")
    await refused(registry, PartyNotFoundError, officer, assign, nobody)
    developer = AssignVerifier(report.id, (await a_developer(registry)).party_id)
    await refused(registry, VerifierNotActiveError, officer, assign, developer)
    other, _ = await a_vvb(registry, scopes=(activity.sectoral_scope - 1,))
    out_of_scope = AssignVerifier(report.id, other.party_id)
    await refused(registry, VerifierOutOfScopeError, officer, assign, out_of_scope)
    later, _ = await a_vvb(
        registry,
        scopes=(activity.sectoral_scope,),
        since=bangkok_date(now()) + timedelta(days=1),
    )
    too_early = AssignVerifier(report.id, later.party_id)
    await refused(registry, VerifierOutOfScopeError, officer, assign, too_early)


async def test_reports_that_are_not_submitted_or_not_verified_get_no_body(
    registry: Register,
) -> None:
    """LESS is self-assessed: TGO recognises it directly."""
    year = bangkok_date(now()).year - 1
    less = await a_registered_activity(
        registry, programme="LESS", methodology=RECOGNISED, crediting_start=date(year, 1, 1)
    )
    report = await a_submitted_report(registry, less, tonnes={year: "1"})
    officer = await an_official(registry, Role.OFFICER)
    lead, _ = await a_vvb(registry, scopes=tuple(range(1, 17)))
    command = AssignVerifier(report.id, lead.party_id)
    await refused(
        registry, VerificationNotNeededError, officer, operations.assign_verifier, command
    )
    verified = await a_verified_report(registry, await a_registered_activity(registry))
    again = AssignVerifier(verified.id, lead.party_id)
    await refused(registry, ReportStateError, officer, operations.assign_verifier, again)


async def test_an_approved_opinion_verifies_the_report(registry: Register) -> None:
    """Lead and reviewer are different people of the body; both are kept."""
    activity = await a_registered_activity(registry)
    report = await a_submitted_report(registry, activity, tonnes={2023: "10.5", 2024: "3"})
    given, lead, reviewer = await a_given_opinion(registry, report)
    assert given.status is VerificationStatus.AWAITING_REVIEW
    assert await status_of(registry, report.id) is ReportStatus.UNDER_VERIFICATION
    concluded = await approve(registry, given, reviewer)
    assert concluded.status is VerificationStatus.CONCLUDED
    assert (concluded.lead_user_id, concluded.reviewer_user_id) == (lead.user_id, reviewer.user_id)
    assert await status_of(registry, report.id) is ReportStatus.VERIFIED
    async with registry.read() as connection:
        assert await store.find_concluded_verification(connection, report.id) == concluded
        (opinion,) = await store.list_opinions(connection, given.id, after=0, limit=10)
        events = await reports.list_events(connection, report.id, after=None, limit=10)
    assert [line.verified_tco2e for line in concluded.lines] == [Decimal("10.5"), Decimal(3)]
    assert opinion.review is not None
    assert opinion.review.approved
    assert [event.kind for event in events[2:]] == [
        "verification.assigned",
        "verification.concluded",
    ]


@pytest.mark.parametrize("conclusion", [Conclusion.ADVERSE, Conclusion.DISCLAIMER])
async def test_an_approved_adverse_opinion_rejects_the_report(
    registry: Register, conclusion: Conclusion
) -> None:
    """Nothing is confirmed; the period can be reported anew."""
    activity = await a_registered_activity(registry)
    report = await a_submitted_report(registry, activity)
    given, _, reviewer = await a_given_opinion(registry, report, conclusion=conclusion)
    concluded = await approve(registry, given, reviewer)
    assert (concluded.conclusion, concluded.lines) == (conclusion, ())
    assert await status_of(registry, report.id) is ReportStatus.REJECTED
    await a_submitted_report(registry, activity)


async def test_an_opinion_sent_back_is_followed_by_a_new_one(registry: Register) -> None:
    """The old one stays in the record with the reason; only the newest can be approved."""
    activity = await a_registered_activity(registry)
    report = await a_submitted_report(registry, activity)
    given, lead, reviewer = await a_given_opinion(registry, report)
    back = ReviewOpinion(given.id, given.version, approve=False, reason="Sampling is missing.")
    returned = await act(registry, reviewer, operations.review_opinion, back)
    assert (returned.status, returned.reviewer_user_id) == (VerificationStatus.SENT_BACK, None)
    assert await status_of(registry, report.id) is ReportStatus.UNDER_VERIFICATION
    late = replace(back, expected_version=returned.version, approve=True)
    await refused(registry, VerificationStateError, reviewer, operations.review_opinion, late)
    finding = Finding(FindingClass.MISSTATEMENT, "Sampling.", "Done.", is_closed=True)
    document = await a_document(registry, lead, activity_id=activity.id)
    command = an_opinion(
        returned,
        report,
        conclusion=Conclusion.MODIFIED,
        claims=(Claim(2024, Decimal(1000), None),),
        findings=(finding,),
        document_ids=(document.id,),
    )
    second = await act(registry, lead, operations.give_opinion, command)
    stale = ReviewOpinion(given.id, given.version, approve=True, reason="Fine.")
    await refused(registry, VerificationStaleError, reviewer, operations.review_opinion, stale)
    await approve(registry, second, reviewer)
    async with registry.read() as connection:
        first, last = await store.list_opinions(connection, given.id, after=0, limit=10)
        assert await store.list_opinions(connection, given.id, after=1, limit=10) == (last,)
    assert first.review is not None
    assert last.review is not None
    assert (first.review.approved, last.review.approved) == (False, True)
    assert (last.findings, last.document_ids) == ((finding,), (document.id,))
    assert [line.verified_tco2e for line in last.lines] == [Decimal(1000)]


async def test_an_opinion_is_given_once_until_it_is_reviewed(registry: Register) -> None:
    """A second one on top would leave the reviewer with two."""
    report = await a_submitted_report(registry, await a_registered_activity(registry))
    given, lead, _ = await a_given_opinion(registry, report)
    command = an_opinion(given, report)
    await refused(registry, VerificationStateError, lead, operations.give_opinion, command)
    stale = replace(command, expected_version=given.version - 1)
    await refused(registry, VerificationStaleError, lead, operations.give_opinion, stale)


async def test_the_lead_cannot_review_their_own_opinion(registry: Register) -> None:
    """Four eyes, whatever roles a person has."""
    report = await a_submitted_report(registry, await a_registered_activity(registry))
    body, _ = await a_vvb(registry, scopes=tuple(range(1, 17)))
    async with registry.read() as connection:
        party = await parties.get_party(connection, body.party_id)
    both = await an_actor(registry, party, Role.VERIFIER_LEAD, Role.VERIFIER_REVIEWER)
    assigned, _, reviewer = await a_verification(registry, report, vvb=both)
    command = an_opinion(assigned, report)
    given = await act(registry, both, operations.give_opinion, command)
    review = ReviewOpinion(given.id, given.version, approve=True, reason="I agree with myself.")
    await refused(registry, ReviewerIsLeadError, both, operations.review_opinion, review)
    await approve(registry, given, reviewer)


async def test_only_the_assigned_body_speaks(registry: Register) -> None:
    """Another body does not even know of the report; the owner knows, and may not."""
    activity = await a_registered_activity(registry)
    owner = await an_owner(registry, activity)
    report = await a_submitted_report(registry, activity, owner=owner)
    assigned, lead, reviewer = await a_verification(registry, report)
    other, _ = await a_vvb(registry, scopes=(activity.sectoral_scope,))
    command = an_opinion(assigned, report)
    give, review = operations.give_opinion, operations.review_opinion
    await refused(registry, VerificationNotFoundError, other, give, command)
    for known in (owner, reviewer, await an_official(registry, Role.APPROVER)):
        await refused(registry, NotAllowedError, known, give, command)
    given = await act(registry, lead, give, command)
    decision = ReviewOpinion(given.id, given.version, approve=True, reason="Fine.")
    for known in (owner, lead, await an_official(registry, Role.APPROVER)):
        await refused(registry, NotAllowedError, known, review, decision)


async def test_an_opinion_must_agree_with_report_and_evidence(registry: Register) -> None:
    """Each is refused before anything is written, and the good one still stands."""
    activity = await a_registered_activity(registry)
    report = await a_submitted_report(registry, activity)
    assigned, lead, _ = await a_verification(registry, report)
    loose = await a_document(registry, lead)
    good = an_opinion(assigned, report)
    open_finding = Finding(FindingClass.MATERIAL_MISSTATEMENT, "A meter.", None, is_closed=False)
    above = (Claim(2024, report.vintages[0].monitored_tco2e + Decimal("0.000001"), None),)
    cases = [
        (ConflictOfInterestError, replace(good, no_conflict_of_interest=False)),
        (FindingOpenError, replace(good, findings=(open_finding,))),
        (VerifiedAboveMonitoredError, replace(good, claims=above)),
        (
            BufferNotApplicableError,
            replace(good, claims=(replace(good.claims[0], buffer_credits=1),)),
        ),
        (EvidenceForeignError, replace(good, document_ids=(loose.id,))),
    ]
    for refusal, command in cases:
        await refused(registry, refusal, lead, operations.give_opinion, command)
    await act(registry, lead, operations.give_opinion, good)


async def test_where_a_buffer_applies_the_opinion_sets_it(registry: Register) -> None:
    """The verifier states the quantity for each issuance (Premium, forest removals)."""
    activity = await a_registered_activity(registry, methodology=MANGROVE)
    assert activity.buffer_applies
    report = await a_submitted_report(registry, activity)
    assigned, lead, _ = await a_verification(registry, report)
    silent = an_opinion(assigned, report)
    await refused(registry, BufferMissingError, lead, operations.give_opinion, silent)
    command = an_opinion(assigned, report, buffer={2024: 123})
    given = await act(registry, lead, operations.give_opinion, command)
    assert [line.buffer_credits for line in given.lines] == [123]


async def test_who_may_see_a_report_may_see_its_verification(registry: Register) -> None:
    """Public once there is an outcome; before, for the parties concerned."""
    activity = await a_registered_activity(registry)
    owner = await an_owner(registry, activity)
    report = await a_submitted_report(registry, activity, owner=owner)
    given, lead, reviewer = await a_given_opinion(registry, report)

    async def seen(viewer: Actor | None, status: VerificationStatus | None = None) -> list[str]:
        async with registry.read() as connection:
            found = await store.list_verifications(
                connection, viewer=viewer, report_id=report.id, status=status, before=None, limit=9
            )
        return [verification.id for verification in found]

    assert await seen(owner) == await seen(lead) == [given.id]
    assert await seen(None) == await seen(await a_developer(registry)) == []
    async with registry.read() as connection:
        with pytest.raises(VerificationNotFoundError):
            await store.get_visible_verification(connection, given.id, viewer=None)
    await approve(registry, given, reviewer)
    assert await seen(None) == [given.id]
    assert await seen(None, VerificationStatus.ASSIGNED) == []
    async with registry.read() as connection:
        earlier = await store.list_verifications(
            connection, viewer=None, report_id=None, status=None, before=given.id, limit=9
        )
    assert earlier == ()


async def test_the_database_itself_holds_four_eyes_and_the_monitored_limit(
    registry: Register, database_url: str
) -> None:
    """Whatever path a row comes by."""
    report = await a_submitted_report(registry, await a_registered_activity(registry))
    given, lead, reviewer = await a_given_opinion(registry, report)
    review = {
        "verification_id": given.id,
        "number": 1,
        "lead_user_id": lead.user_id,
        "reviewer_user_id": lead.user_id,
        "approved": True,
        "reason": "Myself.",
        "reviewed_at": now(),
        "log_index": 0,
    }
    opinion = {
        "verification_id": given.id,
        "number": 2,
        "lead_user_id": lead.user_id,
        "conclusion": "unmodified",
        "assurance": "limited",
        "materiality_percent": Decimal(5),
        "statement": "Again.",
        "no_conflict_of_interest": True,
        "given_at": now(),
        "log_index": 0,
    }
    line: dict[str, Any] = {
        "verification_id": given.id,
        "number": 2,
        "vintage": 2024,
        "report_id": report.id,
        "report_revision": 1,
        "monitored_tco2e": report.vintages[0].monitored_tco2e,
        "verified_tco2e": report.vintages[0].monitored_tco2e,
        "buffer_credits": 0,
        "log_index": 0,
    }
    more = line["monitored_tco2e"] + 1
    async with writing(database_url) as connection:
        reviews, lines = insert(verification_reviews), insert(verification_lines)
        await violates(connection, reviews.values(review), "ck_verification_reviews_four_eyes")
        # Nor can the lead be misnamed to get around it.
        other = review | {"lead_user_id": reviewer.user_id}
        await violates(
            connection,
            reviews.values(other),
            "fk_verification_reviews_verification_id",
        )
        concluded = update(verifications).values(reviewer_user_id=lead.user_id, status="concluded")
        await violates(connection, concluded, "ck_verifications_four_eyes")
        await connection.execute(insert(verification_opinions).values(opinion))
        await violates(
            connection,
            lines.values(line | {"verified_tco2e": more}),
            "ck_verification_lines_at_most_monitored",
        )
        await violates(
            connection,
            lines.values(line | {"verified_tco2e": more, "monitored_tco2e": more}),
            "fk_verification_lines_monitored",
        )
        await violates(
            connection,
            lines.values(line | {"buffer_credits": 1235}),
            "ck_verification_lines_buffer_range",
        )
        await connection.execute(lines.values(line))
