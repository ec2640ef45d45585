"""Leaves of monitoring reports and of their verification."""

from typing import Annotated

from msgspec import Meta

from app.registry.monitoring.rules import LETTER_NUMBER_MAX, LINES_MAX
from app.registry.replay.leaves.words import (
    Act,
    ActivityId,
    CreditsOrNone,
    Day,
    Digest,
    Facts,
    PartyId,
    ReportId,
    Tonnes,
    VerificationId,
    Version,
    Vintage,
)
from app.registry.verification.rules import Conclusion

_ActivityId = Annotated[ActivityId, Meta(description="The activity reported on.")]
_Reason = Annotated[Digest, Meta(description="Salted SHA-256 of the reason.")]


class ReportAct(Act, frozen=True):
    """Something happened to a report."""

    subject: Annotated[ReportId, Meta(description="The report.")]


class VerificationAct(Act, frozen=True):
    """Something happened to a verification."""

    subject: Annotated[VerificationId, Meta(description="The verification.")]


class ReportFacts(Facts, frozen=True):
    """On which activity and period; what it claims stays committed to until the outcome."""

    activity_id: _ActivityId
    period_start: Annotated[Day, Meta(description="First day reported on.")]
    period_end: Annotated[Day, Meta(description="Last day reported on, included.")]
    content_commitment: Annotated[
        Digest, Meta(description="Salted SHA-256 of all that the developer reported.")
    ]


class ReportDrafted(ReportAct, frozen=True, tag="report.drafted"):
    """
    A report was begun.

    A replayer checks that the activity is registered, that the period is over, lies in the
    crediting period, and is not reported on already.
    """

    data: ReportFacts


class ReportEdited(ReportAct, frozen=True, tag="report.edited"):
    """A draft was changed. A replayer checks the period as for a new report."""

    data: ReportFacts


class ReportSubmitted(ReportAct, frozen=True, tag="report.submitted"):
    """A report was handed in; its content is fixed from here on. A replayer takes the step."""

    data: ReportFacts


class ReportWithdrawnFacts(Facts, frozen=True):
    """Of which activity, and why."""

    activity_id: _ActivityId
    reason_commitment: _Reason


class ReportWithdrawn(ReportAct, frozen=True, tag="report.withdrawn"):
    """A report was taken back. A replayer takes the step; its period is free again."""

    data: ReportWithdrawnFacts


class MonitoredVintage(Facts, frozen=True):
    """What was monitored of one calendar year."""

    vintage: Annotated[Vintage, Meta(description="Calendar year (CE) of the reduction.")]
    monitored_tco2e: Annotated[
        Tonnes, Meta(description="Net reduction as monitored. Unit: tonnes of CO2e.")
    ]


class ReportRecognisedFacts(ReportFacts, frozen=True):
    """By which letter, and what."""

    letter_number: Annotated[
        str,
        Meta(min_length=1, max_length=LETTER_NUMBER_MAX, description="Number of TGO's letter."),
    ]
    letter_date: Annotated[Day, Meta(description="Date of the letter; not after the recording.")]
    vintages: Annotated[
        list[MonitoredVintage],
        Meta(description="What is recognised.", min_length=1, max_length=LINES_MAX),
    ]


class ReportRecognised(ReportAct, frozen=True, tag="report.recognised"):
    """
    A reduction was recognised by letter, in a programme that issues no credits.

    A replayer checks that the programme neither mints nor verifies; no credits ever come of it.
    """

    data: ReportRecognisedFacts


# ---------------------------------------------------------------------------- verification


class VerificationAssignedFacts(Facts, frozen=True):
    """Who is to verify what."""

    report_id: Annotated[ReportId, Meta(description="The report.")]
    activity_id: _ActivityId
    vvb_party_id: Annotated[PartyId, Meta(description="Body that is to verify.")]


class VerificationAssigned(VerificationAct, frozen=True, tag="verification.assigned"):
    """
    A body was given a submitted report to verify.

    A replayer checks that it is accredited in the scope, not the owner, and without an account.
    """

    data: VerificationAssignedFacts


_OpinionNumber = Annotated[Version, Meta(description="Which opinion of this verification: 1, 2, …")]


class OpinionGivenFacts(Facts, frozen=True):
    """That an opinion was given; what it says stays committed to until its review."""

    report_id: Annotated[ReportId, Meta(description="The report.")]
    activity_id: _ActivityId
    opinion_number: _OpinionNumber
    content_commitment: Annotated[
        Digest, Meta(description="Salted SHA-256 of all that the opinion says.")
    ]


class OpinionGiven(VerificationAct, frozen=True, tag="verification.opinion_given"):
    """
    The body's lead gave an opinion; nothing is verified until a second person approves it.

    A replayer notes the lead and the opinion's number.
    """

    data: OpinionGivenFacts


class ReviewFacts(Facts, frozen=True):
    """Which opinion was reviewed, and why so."""

    report_id: Annotated[ReportId, Meta(description="The report.")]
    activity_id: _ActivityId
    vvb_party_id: Annotated[PartyId, Meta(description="The body.")]
    opinion_number: _OpinionNumber
    reason_commitment: _Reason


class VerifiedLine(Facts, frozen=True):
    """What the body confirms of one calendar year."""

    vintage: Annotated[Vintage, Meta(description="Calendar year (CE) of the reduction.")]
    monitored_tco2e: Annotated[
        Tonnes, Meta(description="Net reduction as monitored. Unit: tonnes of CO2e.")
    ]
    verified_tco2e: Annotated[
        Tonnes, Meta(description="What is confirmed of it: not more. Unit: tonnes of CO2e.")
    ]
    buffer_credits: Annotated[
        CreditsOrNone, Meta(description="The buffer's share of the credits. Unit: 1 tCO2e.")
    ]


class ConcludedFacts(ReviewFacts, frozen=True):
    """What the approved opinion says of the tonnes."""

    conclusion: Annotated[Conclusion, Meta(description="Kind of opinion, as in ISO 14064-3.")]
    vintages: Annotated[
        list[VerifiedLine],
        Meta(
            description="What is confirmed, by rising vintage; empty: nothing is.",
            max_length=LINES_MAX,
        ),
    ]


class VerificationConcluded(VerificationAct, frozen=True, tag="verification.concluded"):
    """
    A second person of the body approved the newest opinion.

    A replayer checks that it is another person than the lead, and that no more is verified than
    was monitored; and takes the report to ``verified``, or to ``rejected`` where nothing is
    confirmed.
    """

    data: ConcludedFacts


class VerificationSentBack(VerificationAct, frozen=True, tag="verification.sent_back"):
    """The newest opinion went back to the lead, who may give another. A replayer notes it."""

    data: ReviewFacts
