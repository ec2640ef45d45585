"""What verifications look like over HTTP: bodies sent, and what is shown."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, StringConstraints

from app.entry.api.monitoring_shapes import DocumentIds
from app.entry.api.wire import (
    WHOLE,
    Body,
    Identifier,
    LogIndex,
    Moment,
    PageQuery,
    Salt,
    Shown,
    Text,
    Tonnes,
    Vintage,
    salt_shown,
)
from app.kernel.quantities import CREDITS_MAX, format_tonnes, parse_tonnes
from app.registry.monitoring.rules import LINES_MAX
from app.registry.verification.operations import GiveOpinion
from app.registry.verification.rules import (
    FINDINGS_MAX,
    PERCENT_PATTERN,
    Assurance,
    Claim,
    Conclusion,
    Finding,
    FindingClass,
    Opinion,
    Review,
    Verification,
    VerificationStatus,
    VerifiedVintage,
)

_Percent = Annotated[str, StringConstraints(pattern=PERCENT_PATTERN)]
_BufferCredits = Annotated[int, Field(ge=0, le=CREDITS_MAX), WHOLE]


class AssignmentBody(Body):
    """Which body is to verify which report."""

    report_id: Identifier = Field(
        description="The submitted report.", examples=["mrp_01kb5w6yk2e0hr9h5y0s8v2a3b"]
    )
    vvb_party_id: Identifier = Field(
        description="The VVB: active, accredited in the activity's sectoral scope, independent.",
        examples=["pty_01kb5w6yk2e0hr9h5y0s8v2a3b"],
    )


class FindingBody(Body):
    """Something that was found wrong, and what became of it."""

    finding_class: FindingClass = Field(description="How grave it is.", examples=["misstatement"])
    description: Text = Field(
        description="What was found.", examples=["Two meter readings are missing."]
    )
    response: Text | None = Field(
        None,
        description="What the developer answered; null: nothing yet.",
        examples=["The readings were taken from the back-up meter."],
    )
    is_closed: bool = Field(description="Whether it is settled.", examples=[True], strict=True)


class ClaimBody(Body):
    """What is confirmed of one vintage."""

    vintage: Vintage = Field(description="Calendar year (CE) of the reduction.", examples=[2025])
    verified_tco2e: Tonnes = Field(
        description="Verified reduction, tCO2e; at most what was monitored.", examples=["1249.75"]
    )
    buffer_credits: _BufferCredits | None = Field(
        None,
        description="Credits for the buffer against non-permanence; required where the method has "
        "one, and otherwise left out or 0.",
        examples=[125],
    )


class OpinionBody(Body):
    """What the body's lead concludes (ISO 14064-3)."""

    conclusion: Conclusion = Field(
        description="`unmodified` and `modified` confirm tonnes, the others do not.",
        examples=["unmodified"],
    )
    assurance: Assurance = Field(description="Level of assurance.", examples=["reasonable"])
    materiality_percent: _Percent = Field(
        description="Materiality threshold, percent, at most two decimals.", examples=["5"]
    )
    statement: Text = Field(
        description="The verifier's statement.",
        examples=["In our opinion the reported reductions are fairly stated."],
    )
    no_conflict_of_interest: bool = Field(
        description="The lead's declaration for the whole team; without it there is no opinion.",
        examples=[True],
        strict=True,
    )
    findings: Annotated[list[FindingBody], Field(max_length=FINDINGS_MAX)] = Field(
        default=[], description="What was found wrong."
    )
    lines: Annotated[list[ClaimBody], Field(max_length=LINES_MAX)] = Field(
        default=[],
        description="One line for each vintage of the report; none where nothing is confirmed.",
    )
    document_ids: DocumentIds = Field(
        default=[],
        description="Evidence of the activity, such as the verification report.",
        examples=[["doc_01kb5w6yk2e0hr9h5y0s8v2a3b"]],
    )


class ReviewBody(Body):
    """The decision of a second person of the body on the newest opinion."""

    approve: bool = Field(
        description="True: it is the body's opinion. False: it goes back to the lead.",
        examples=[True],
        strict=True,
    )
    reason: Text = Field(description="Why.", examples=["Sampling and calculation were re-done."])


class VerifiedVintageShown(Shown):
    """What is confirmed of one vintage."""

    vintage: int = Field(description="Calendar year (CE) of the reduction.", examples=[2025])
    monitored_tco2e: str = Field(description="Monitored, tCO2e.", examples=["1250.25"])
    verified_tco2e: str = Field(description="Verified, tCO2e.", examples=["1249.75"])
    buffer_credits: int = Field(description="Credits for the buffer.", examples=[125])


class VerificationShown(Shown):
    """The work of a body on one report."""

    id: str = Field(description="Identifier.", examples=["vrf_01kb5w6yk2e0hr9h5y0s8v2a3b"])
    report_id: str = Field(description="The report.", examples=["mrp_01kb5w6yk2e0hr9h5y0s8v2a3b"])
    activity_id: str = Field(
        description="Its activity.", examples=["act_01kb5w6yk2e0hr9h5y0s8v2a3b"]
    )
    vvb_party_id: str = Field(description="The VVB.", examples=["pty_01kb5w6yk2e0hr9h5y0s8v2a3b"])
    status: VerificationStatus = Field(description="Where it stands.", examples=["concluded"])
    lead_user_id: str | None = Field(
        description="Who gave the newest opinion; null: there is none.",
        examples=["usr_01kb5w6yk2e0hr9h5y0s8v2a3b"],
    )
    reviewer_user_id: str | None = Field(
        description="Who approved it, always another person; null: nobody has.",
        examples=["usr_01kb5w6yk2e0hr9h5y0s8v2a3c"],
    )
    opinion_number: int = Field(
        description="Number of the newest opinion; 0: none yet.", examples=[1]
    )
    conclusion: Conclusion | None = Field(
        description="What the newest opinion concludes; null: there is none.",
        examples=["unmodified"],
    )
    lines: list[VerifiedVintageShown] = Field(description="What the newest opinion confirms.")
    version: int = Field(description="Counts its changes; also its ETag.", examples=[3])
    assigned_at: Moment = Field(
        description="When the body was assigned.", examples=["2026-01-20T03:00:00Z"]
    )


class ReviewShown(Shown):
    """What was decided on an opinion."""

    reviewer_user_id: str = Field(
        description="Who decided.", examples=["usr_01kb5w6yk2e0hr9h5y0s8v2a3c"]
    )
    approved: bool = Field(description="Whether it is the body's opinion.", examples=[True])
    reason: str | None = Field(
        description="Why; null: erased.", examples=["Sampling and calculation were re-done."]
    )
    reviewed_at: Moment = Field(description="When.", examples=["2026-02-20T03:00:00Z"])
    log_index: LogIndex = Field(description="The act's place in the log.", examples=[1_024])
    salt: Salt


class FindingShown(Shown):
    """Something that was found wrong, and what became of it."""

    finding_class: FindingClass = Field(description="How grave it is.", examples=["misstatement"])
    description: str | None = Field(
        description="What was found; null: erased.", examples=["Two meter readings are missing."]
    )
    response: str | None = Field(
        description="What the developer answered; null: nothing yet, or erased.",
        examples=["The readings were taken from the back-up meter."],
    )
    is_closed: bool = Field(description="Whether it is settled.", examples=[True])


class OpinionShown(Shown):
    """One opinion of the body's lead, and what a second person decided on it."""

    number: int = Field(description="1 for the first.", examples=[1])
    lead_user_id: str = Field(
        description="Who gave it.", examples=["usr_01kb5w6yk2e0hr9h5y0s8v2a3b"]
    )
    conclusion: Conclusion = Field(description="What it concludes.", examples=["unmodified"])
    assurance: Assurance = Field(description="Level of assurance.", examples=["reasonable"])
    materiality_percent: str = Field(description="Materiality threshold, percent.", examples=["5"])
    statement: str | None = Field(
        description="The verifier's statement; null: erased.",
        examples=["In our opinion the reported reductions are fairly stated."],
    )
    no_conflict_of_interest: bool = Field(
        description="The lead's declaration for the whole team.", examples=[True]
    )
    findings: list[FindingShown] = Field(description="What was found wrong.")
    lines: list[VerifiedVintageShown] = Field(description="What it confirms.")
    document_ids: list[str] = Field(
        description="Evidence.", examples=[["doc_01kb5w6yk2e0hr9h5y0s8v2a3b"]]
    )
    given_at: Moment = Field(description="When.", examples=["2026-02-10T03:00:00Z"])
    log_index: LogIndex = Field(description="The act's place in the log.", examples=[1_024])
    salt: Salt
    review: ReviewShown | None = Field(description="Decision on it; null: none yet.")


class VerificationQuery(PageQuery):
    """Which verifications to list."""

    report_id: Identifier | None = Field(
        None, description="Only of this report.", examples=["mrp_01kb5w6yk2e0hr9h5y0s8v2a3b"]
    )
    status: VerificationStatus | None = Field(
        None, description="Only in this state.", examples=["awaiting_review"]
    )


def opinion_of(body: OpinionBody, *, verification_id: str, expected_version: int) -> GiveOpinion:
    """Return the command that a body stands for."""
    return GiveOpinion(
        verification_id=verification_id,
        expected_version=expected_version,
        conclusion=body.conclusion,
        assurance=body.assurance,
        materiality_percent=Decimal(body.materiality_percent),
        statement=body.statement,
        no_conflict_of_interest=body.no_conflict_of_interest,
        findings=tuple(Finding(**finding.model_dump()) for finding in body.findings),
        claims=tuple(
            Claim(line.vintage, parse_tonnes(line.verified_tco2e), line.buffer_credits)
            for line in body.lines
        ),
        document_ids=tuple(body.document_ids),
    )


def verification_shown(verification: Verification) -> VerificationShown:
    """Show a verification."""
    kept = {
        name: getattr(verification, name)
        for name in VerificationShown.model_fields
        if name != "lines"
    }
    return VerificationShown(**kept, lines=[_line_shown(line) for line in verification.lines])


def opinion_shown(opinion: Opinion) -> OpinionShown:
    """Show an opinion with its review."""
    return OpinionShown(
        number=opinion.number,
        lead_user_id=opinion.lead_user_id,
        conclusion=opinion.conclusion,
        assurance=opinion.assurance,
        materiality_percent=format_tonnes(opinion.materiality_percent),
        statement=opinion.statement,
        no_conflict_of_interest=opinion.no_conflict_of_interest,
        findings=[
            FindingShown(**{name: getattr(finding, name) for name in FindingShown.model_fields})
            for finding in opinion.findings
        ],
        lines=[_line_shown(line) for line in opinion.lines],
        document_ids=list(opinion.document_ids),
        given_at=opinion.given_at,
        log_index=opinion.log_index,
        salt=salt_shown(opinion.salt, opinion.statement),
        review=None if opinion.review is None else _review_shown(opinion.review),
    )


def _line_shown(line: VerifiedVintage) -> VerifiedVintageShown:
    return VerifiedVintageShown(
        vintage=line.vintage,
        monitored_tco2e=format_tonnes(line.monitored_tco2e),
        verified_tco2e=format_tonnes(line.verified_tco2e),
        buffer_credits=line.buffer_credits,
    )


def _review_shown(review: Review) -> ReviewShown:
    kept = {name: getattr(review, name) for name in ReviewShown.model_fields}
    return ReviewShown(**{**kept, "salt": salt_shown(review.salt, review.reason)})
