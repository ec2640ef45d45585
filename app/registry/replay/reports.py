"""Monitoring reports and their verification, from draft to outcome."""

from datetime import date
from decimal import Decimal

import msgspec

from app.kernel.quantities import format_tonnes
from app.registry.activities.rules import ActivityStatus
from app.registry.monitoring import rules
from app.registry.monitoring.refusals import (
    ActivityNotRegisteredError,
    LetterInFutureError,
    PeriodOverlapError,
    RecognitionNotForCreditsError,
    ReportStateError,
)
from app.registry.monitoring.rules import NEXT, ReportStatus, ReportVintage
from app.registry.parties.policy import Permission
from app.registry.programmes.rules import RuleKey
from app.registry.replay.activities import Activities, KnownActivity, Reported
from app.registry.replay.leaves import Leaf
from app.registry.replay.leaves import reports as leaves
from app.registry.replay.shelf import Shelf
from app.registry.replay.standing import Standing
from app.registry.replay.things import Handlers, Things, day_of, require_same
from app.registry.verification import rules as verification
from app.registry.verification.refusals import VerificationNotNeededError, VerificationStateError
from app.registry.verification.rules import Claim, VerificationStatus, VerifiedVintage

_ZERO = Decimal(0)


class VerifiedLine(msgspec.Struct, array_like=True):
    """What was verified of one vintage."""

    vintage: int
    monitored_tco2e: str
    verified_tco2e: str
    buffer_credits: int

    def as_verified(self) -> VerifiedVintage:
        """Return it as the rules know it."""
        return VerifiedVintage(
            self.vintage,
            Decimal(self.monitored_tco2e),
            Decimal(self.verified_tco2e),
            self.buffer_credits,
        )


class KnownReport(msgspec.Struct, array_like=True):
    """A report as it stands."""

    id: str
    activity: str
    status: ReportStatus
    first: date
    last: date  # included
    verification: str | None = None  # None: no body is assigned


class KnownVerification(msgspec.Struct, array_like=True):
    """A verification as it stands."""

    id: str
    report: str
    vvb: str
    status: VerificationStatus
    opinion_number: int = 0
    lead: str = ""
    lines: list[VerifiedLine] = []  # once concluded


class Bodies(msgspec.Struct, array_like=True):
    """Who concluded verifications of an activity, by the verification's identifier."""

    concluded: dict[str, str] = {}

    def latest_first(self) -> list[str]:
        """Return the bodies, the last assigned first."""
        return [vvb for _, vvb in sorted(self.concluded.items(), reverse=True)]


class Letter(msgspec.Struct, array_like=True):
    """Whose a letter of recognition is."""

    report: str


class Reports:
    """All reports and verifications."""

    def __init__(self, shelf: Shelf, standing: Standing, activities: Activities) -> None:
        self._standing = standing
        self._activities = activities
        self.known: Things[KnownReport] = Things(shelf, "report", KnownReport)
        self.verifications: Things[KnownVerification] = Things(
            shelf, "verification", KnownVerification
        )
        self._bodies: Things[Bodies] = Things(shelf, "bodies", Bodies)
        self._letters: Things[Letter] = Things(shelf, "letter", Letter)

    def play_on(self, handlers: Handlers) -> None:
        """Say what plays each kind of leaf."""
        handlers.on(leaves.ReportDrafted, self._draft)
        handlers.on(leaves.ReportEdited, self._edit)
        handlers.on(leaves.ReportSubmitted, self._submit)
        handlers.on(leaves.ReportWithdrawn, self._withdraw)
        handlers.on(leaves.ReportRecognised, self._recognise)
        handlers.on(leaves.VerificationAssigned, self._assign)
        handlers.on(leaves.OpinionGiven, self._give_opinion)
        handlers.on(leaves.VerificationConcluded, self._conclude)
        handlers.on(leaves.VerificationSentBack, self._send_back)

    def save(self) -> None:
        """Hand all that is only in memory to the shelf."""
        self.known.save()
        self.verifications.save()
        self._bodies.save()
        self._letters.save()

    def move(self, report: KnownReport, to: ReportStatus) -> None:
        """
        Take a report, got in this act, to its next state; ended in nothing, it frees its period.

        Raises:
            ReportStateError: the step does not follow.
        """
        if to not in NEXT[report.status]:
            raise ReportStateError(status=report.status.value, wanted=to.value)
        report.status = to
        self.known.changed(report.id)
        if to in rules.ENDED_IN_NOTHING:
            activity = self._activities.known.get(report.activity)
            activity.reported = [one for one in activity.reported if one.report != report.id]
            self._activities.known.changed(activity.id)

    # ------------------------------------------------------------------------ the owner's

    def _draft(self, _: int, act: leaves.ReportDrafted) -> None:
        activity = self._own_activity(act, act.data.activity_id)
        said = act.data
        self._check_period(act, activity, said, except_report="")
        report = KnownReport(
            act.subject, activity.id, ReportStatus.DRAFT, said.period_start, said.period_end
        )
        self.known.add(act.subject, report)

    def _edit(self, _: int, act: leaves.ReportEdited) -> None:
        report, activity = self._own_report(act, act.data.activity_id)
        if report.status is not ReportStatus.DRAFT:
            raise ReportStateError(status=report.status.value, wanted=ReportStatus.DRAFT.value)
        self._check_period(act, activity, act.data, except_report=report.id)
        report.first, report.last = act.data.period_start, act.data.period_end

    def _submit(self, _: int, act: leaves.ReportSubmitted) -> None:
        report, activity = self._own_report(act, act.data.activity_id)
        _require_registered(activity)
        _require_period(report, act.data)
        self.move(report, ReportStatus.SUBMITTED)

    def _withdraw(self, _: int, act: leaves.ReportWithdrawn) -> None:
        report, _activity = self._own_report(act, act.data.activity_id)
        self.move(report, ReportStatus.WITHDRAWN)

    def _recognise(self, _: int, act: leaves.ReportRecognised) -> None:
        self._standing.require(act, Permission.DECIDE_ISSUANCE)
        said = act.data
        report, activity = self._report(act.subject, said.activity_id)
        programme = self._activities.programme_of(activity)
        if programme.mints or programme.needs_verification:
            raise RecognitionNotForCreditsError
        _require_period(report, said)
        self.move(report, ReportStatus.RECOGNISED)
        if said.letter_date > day_of(act):
            raise LetterInFutureError(today=day_of(act).isoformat())
        self._letters.add(said.letter_number, Letter(report.id))
        _require_vintages(report, [line.vintage for line in said.vintages])

    def _check_period(
        self,
        act: leaves.ReportAct,
        activity: KnownActivity,
        said: leaves.ReportFacts,
        *,
        except_report: str,
    ) -> None:
        """Refuse a period that cannot be reported on; keep it as taken up otherwise."""
        _require_registered(activity)
        rules.check_period(
            period_start=said.period_start,
            period_end=said.period_end,
            crediting_start=activity.crediting_start,
            crediting_end=activity.crediting_end,
            today=day_of(act),
        )
        others = [one for one in activity.reported if one.report != except_report]
        for other in others:
            if other.first <= said.period_end and said.period_start <= other.last:
                raise PeriodOverlapError(report_id=other.report)
        activity.reported = [*others, Reported(act.subject, said.period_start, said.period_end)]
        self._activities.known.changed(activity.id)

    # ------------------------------------------------------------------------ the verifier's

    def _assign(self, _: int, act: leaves.VerificationAssigned) -> None:
        said = act.data
        report, activity = self._report(said.report_id, said.activity_id)
        self._standing.require(act, Permission.ASSIGN_VERIFIER, activity.owner)
        if not self._activities.programme_of(activity).needs_verification:
            raise VerificationNotNeededError(report_id=report.id)
        self._activities.check_vvb(activity, said.vvb_party_id, day_of(act))
        self._check_rotation(activity, said.vvb_party_id, day_of(act))
        self.move(report, ReportStatus.UNDER_VERIFICATION)
        report.verification = act.subject
        self.verifications.add(
            act.subject,
            KnownVerification(
                act.subject, report.id, said.vvb_party_id, VerificationStatus.ASSIGNED
            ),
        )

    def _check_rotation(self, activity: KnownActivity, vvb: str, on: date) -> None:
        most = self._activities.find_rule(activity, RuleKey.VVB_CONSECUTIVE_REPORTS_MAX, on)
        bodies = self._bodies.find(activity.id)
        if most is not None and bodies is not None:
            verification.check_rotation(vvb, bodies.latest_first(), reports_max=int(most))

    def _give_opinion(self, _: int, act: leaves.OpinionGiven) -> None:
        said = act.data
        found = self._verification(act, said.report_id)
        _report, activity = self._report(said.report_id, said.activity_id)
        self._standing.require(act, Permission.VERIFY_REPORT, found.vvb)
        _require_status(found, VerificationStatus.ASSIGNED, VerificationStatus.SENT_BACK)
        self._activities.check_vvb(activity, found.vvb, day_of(act))
        require_same(said.opinion_number, found.opinion_number + 1, what="opinion_number")
        found.opinion_number, found.lead = said.opinion_number, act.by
        found.status = VerificationStatus.AWAITING_REVIEW

    def _conclude(self, _: int, act: leaves.VerificationConcluded) -> None:
        found = self._review(act, act.data)
        report, activity = self._report(act.data.report_id, act.data.activity_id)
        said = act.data.vintages
        if act.data.conclusion.confirms:
            _require_vintages(report, [line.vintage for line in said])
        lines = verification.confirm(
            [
                Claim(line.vintage, Decimal(line.verified_tco2e), line.buffer_credits)
                for line in said
            ],
            conclusion=act.data.conclusion,
            monitored=[_monitored(line) for line in said],
            buffer_applies=activity.buffer_applies,
        )
        found.lines = [
            VerifiedLine(
                line.vintage,
                format_tonnes(line.monitored_tco2e),
                format_tonnes(line.verified_tco2e),
                line.buffer_credits,
            )
            for line in lines
        ]
        found.status = VerificationStatus.CONCLUDED
        bodies = self._bodies.find(activity.id) or Bodies()
        bodies.concluded[found.id] = found.vvb
        self._bodies.put(activity.id, bodies)
        confirms = act.data.conclusion.confirms
        self.move(report, ReportStatus.VERIFIED if confirms else ReportStatus.REJECTED)

    def _send_back(self, _: int, act: leaves.VerificationSentBack) -> None:
        found = self._review(act, act.data)
        found.status = VerificationStatus.SENT_BACK

    def _review(self, act: leaves.VerificationAct, said: leaves.ReviewFacts) -> KnownVerification:
        """Check a review of the newest opinion, by another person than the one who gave it."""
        found = self._verification(act, said.report_id)
        self._report(said.report_id, said.activity_id)
        require_same(said.vvb_party_id, found.vvb, what="the body", code="party_differs")
        self._standing.require(act, Permission.REVIEW_VERIFICATION, found.vvb)
        _require_status(found, VerificationStatus.AWAITING_REVIEW)
        require_same(said.opinion_number, found.opinion_number, what="opinion_number")
        verification.require_other_person(lead_user_id=found.lead, reviewer_user_id=act.by)
        return found

    # ------------------------------------------------------------------------- finding

    def _own_activity(self, act: Leaf, activity_id: str) -> KnownActivity:
        activity = self._activities.known.get(activity_id)
        self._standing.require(act, Permission.WRITE_REPORT, activity.owner)
        return activity

    def _own_report(
        self, act: leaves.ReportAct, activity_id: str
    ) -> tuple[KnownReport, KnownActivity]:
        activity = self._own_activity(act, activity_id)
        report, _ = self._report(act.subject, activity_id)
        self.known.changed(report.id)
        return report, activity

    def _report(self, report_id: str, activity_id: str) -> tuple[KnownReport, KnownActivity]:
        report = self.known.get(report_id)
        require_same(activity_id, report.activity, what="the report's activity")
        return report, self._activities.known.get(activity_id)

    def _verification(self, act: leaves.VerificationAct, report_id: str) -> KnownVerification:
        found = self.verifications.get(act.subject)
        require_same(report_id, found.report, what="the verification's report")
        self.verifications.changed(found.id)
        return found


def _monitored(line: leaves.VerifiedLine) -> ReportVintage:
    # The leaf tells the net only: baseline, project and leakage stay committed to.
    net_tco2e = Decimal(line.monitored_tco2e)
    return ReportVintage(line.vintage, net_tco2e, _ZERO, _ZERO, net_tco2e)


def _require_registered(activity: KnownActivity) -> None:
    if activity.status is not ActivityStatus.REGISTERED:
        raise ActivityNotRegisteredError(status=activity.status.value)


def _require_period(report: KnownReport, said: leaves.ReportFacts) -> None:
    require_same(said.period_start, report.first, what="period_start")
    require_same(said.period_end, report.last, what="period_end")


def _require_vintages(report: KnownReport, vintages: list[int]) -> None:
    expected = list(rules.vintages_of(report.first, report.last))
    require_same(vintages, expected, what="the list of vintages")


def _require_status(found: KnownVerification, *possible: VerificationStatus) -> None:
    if found.status not in possible:
        raise VerificationStateError(status=found.status.value)
