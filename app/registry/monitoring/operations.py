"""Acts on monitoring reports: from draft to submission, and recognition without credits."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from app.kernel.clock import bangkok_date
from app.kernel.ids import new_id
from app.registry.activities import store as activities
from app.registry.activities.refusals import EvidenceForeignError
from app.registry.activities.rules import Activity
from app.registry.activities.rules import Status as ActivityStatus
from app.registry.log.pen import Pen, Sealed
from app.registry.monitoring import rules, store
from app.registry.monitoring.refusals import (
    ActivityNotRegisteredError,
    LetterInFutureError,
    LetterNumberTakenError,
    PeriodOverlapError,
    RecognitionNotForCreditsError,
)
from app.registry.monitoring.rules import Line, Recognition, Report, ReportEvent, ReportStatus
from app.registry.parties.policy import Actor, Permission, require
from app.registry.programmes import store as programmes


@dataclass(frozen=True, slots=True)
class DraftReport:
    """Begin a report on a period of a registered activity."""

    activity_id: str
    period_start: date
    period_end: date  # inclusive
    lines: tuple[Line, ...]
    document_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EditReport:
    """Change a draft; None leaves a part as it is."""

    report_id: str
    expected_version: int
    period_start: date | None = None
    period_end: date | None = None
    lines: tuple[Line, ...] | None = None
    document_ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class SubmitReport:
    """Hand a draft in; its content is fixed from here on."""

    report_id: str
    expected_version: int


@dataclass(frozen=True, slots=True)
class WithdrawReport:
    """Take a report back before anybody verifies it."""

    report_id: str
    expected_version: int
    reason: str


@dataclass(frozen=True, slots=True)
class RecogniseReport:
    """Recognise a reduction by letter, in a programme that issues no credits."""

    report_id: str
    expected_version: int
    letter_number: str
    letter_date: date


@dataclass(frozen=True, slots=True)
class Step:
    """Where a report goes next, and why."""

    kind: str  # of the act, as in the log
    to: ReportStatus
    by: Actor
    reason: str | None = None  # None: the act needs no reason
    vvb_party_id: str | None = None  # None: the verifier stays as it is


async def draft_report(pen: Pen, actor: Actor, command: DraftReport) -> Report:
    """
    Begin a report; nobody but the owner, the authority and later the verifier sees it.

    Raises:
        ActivityNotFoundError, NotAllowedError, ActivityNotRegisteredError: the activity cannot be
            reported on, or not by the actor.
        PeriodReversedError, PeriodInFutureError, PeriodOutsideCreditingError, PeriodOverlapError,
            VintagesIncompleteError, NetNegativeError, EvidenceForeignError: as named.
    """
    activity = await activities.get_visible_activity(pen.connection, actor, command.activity_id)
    require(actor, Permission.WRITE_REPORT, owner_ids=(activity.owner_party_id,))
    report = Report(
        id=new_id("mrp"),
        activity_id=activity.id,
        status=ReportStatus.DRAFT,
        period_start=command.period_start,
        period_end=command.period_end,
        version=1,
        revision=1,
        vvb_party_id=None,
        created_at=pen.now,
        vintages=(),
        document_ids=rules.unique(command.document_ids),
    )
    report = await _checked(pen, activity, report, command.lines)
    log_index = pen.record(
        by=actor.user_id, kind="report.drafted", subject=report.id, data=_facts(report)
    )
    await store.insert_report(pen.connection, report, log_index=log_index)
    step = Step("report.drafted", ReportStatus.DRAFT, actor)
    await _note(pen, report, step, from_status=None, log_index=log_index)
    return report


async def edit_report(pen: Pen, actor: Actor, command: EditReport) -> Report:
    """
    Change a draft.

    Raises:
        ReportNotFoundError, NotAllowedError, ReportStaleError, ReportStateError: the actor cannot
            change it, or not any more.
        Also what `draft_report` raises for content.
    """
    report, activity = await _own_report(pen, actor, command.report_id, command.expected_version)
    rules.require_draft(report)
    documents = command.document_ids
    edited = replace(
        report,
        period_start=command.period_start or report.period_start,
        period_end=command.period_end or report.period_end,
        document_ids=report.document_ids if documents is None else rules.unique(documents),
        version=report.version + 1,
        revision=report.revision + 1,
    )
    lines = rules.lines_of(report) if command.lines is None else command.lines
    edited = await _checked(pen, activity, edited, lines)
    log_index = pen.record(
        by=actor.user_id, kind="report.edited", subject=report.id, data=_facts(edited)
    )
    await store.update_report(pen.connection, edited, log_index=log_index)
    step = Step("report.edited", ReportStatus.DRAFT, actor)
    await _note(pen, edited, step, from_status=report.status, log_index=log_index)
    return edited


async def submit_report(pen: Pen, actor: Actor, command: SubmitReport) -> Report:
    """
    Hand a draft in.

    Raises:
        ReportNotFoundError, NotAllowedError, ReportStaleError, ReportStateError,
            ActivityNotRegisteredError: as named.
    """
    report, activity = await _own_report(pen, actor, command.report_id, command.expected_version)
    rules.require_next(report, ReportStatus.SUBMITTED)
    _require_registered(activity)
    log_index = pen.record(
        by=actor.user_id, kind="report.submitted", subject=report.id, data=_facts(report)
    )
    step = Step("report.submitted", ReportStatus.SUBMITTED, actor)
    return await move_report(pen, report, step, log_index=log_index)


async def withdraw_report(pen: Pen, actor: Actor, command: WithdrawReport) -> Report:
    """
    Take a report back; its period is free again.

    Raises:
        ReportNotFoundError, NotAllowedError, ReportStaleError, ReportStateError: as named.
    """
    report, _ = await _own_report(pen, actor, command.report_id, command.expected_version)
    rules.require_next(report, ReportStatus.WITHDRAWN)
    log_index = pen.record(
        by=actor.user_id,
        kind="report.withdrawn",
        subject=report.id,
        data={
            "activity_id": report.activity_id,
            # People write names of people into reasons.
            "reason_commitment": Sealed(command.reason),
        },
    )
    step = Step("report.withdrawn", ReportStatus.WITHDRAWN, actor, command.reason)
    return await move_report(pen, report, step, log_index=log_index)


async def recognise_report(pen: Pen, actor: Actor, command: RecogniseReport) -> Report:
    """
    Recognise a reported reduction by letter. It is not verified, and never becomes credits.

    Raises:
        ReportNotFoundError, NotAllowedError, ReportStaleError, ReportStateError: as named.
        RecognitionNotForCreditsError: the programme issues credits, or has its reports verified.
        LetterInFutureError, LetterNumberTakenError: the letter cannot be this report's.
    """
    report = await store.get_visible_report(pen.connection, command.report_id, viewer=actor)
    require(actor, Permission.DECIDE_ISSUANCE)
    rules.require_version(report, command.expected_version)
    activity = await activities.get_activity(pen.connection, report.activity_id)
    programme = await programmes.get_programme(pen.connection, activity.programme_code)
    if programme.mints or programme.needs_verification:
        raise RecognitionNotForCreditsError
    rules.require_next(report, ReportStatus.RECOGNISED)
    today = bangkok_date(pen.now)
    if command.letter_date > today:
        raise LetterInFutureError(today=today.isoformat())
    if await store.find_letter_holder_id(pen.connection, command.letter_number) is not None:
        raise LetterNumberTakenError
    log_index = pen.record(
        by=actor.user_id,
        kind="report.recognised",
        subject=report.id,
        data={
            **_facts(report),
            "letter_number": command.letter_number,
            "letter_date": command.letter_date.isoformat(),
            "vintages": rules.facts_of(report),
        },
    )
    recognition = Recognition(
        report_id=report.id,
        letter_number=command.letter_number,
        letter_date=command.letter_date,
        recognised_tco2e=report.monitored_tco2e,
        decided_by=actor.user_id,
        recorded_at=pen.now,
        log_index=log_index,
    )
    await store.insert_recognition(pen.connection, recognition)
    step = Step("report.recognised", ReportStatus.RECOGNISED, actor)
    return await move_report(pen, report, step, log_index=log_index)


async def move_report(pen: Pen, report: Report, step: Step, *, log_index: int) -> Report:
    """
    Take a report to its next state as part of an act that is recorded already.

    The acts that verify and issue use it too; they have permitted the actor and checked the step.

    Raises:
        ReportStateError: the step does not follow from the report's state.
    """
    rules.require_next(report, step.to)
    moved = replace(
        report,
        status=step.to,
        version=report.version + 1,
        vvb_party_id=step.vvb_party_id or report.vvb_party_id,
    )
    await store.update_report(pen.connection, moved)
    await _note(pen, moved, step, from_status=report.status, log_index=log_index)
    return moved


async def _note(
    pen: Pen, report: Report, step: Step, *, from_status: ReportStatus | None, log_index: int
) -> None:
    event = ReportEvent(
        report_id=report.id,
        log_index=log_index,
        at=pen.now,
        by_user_id=step.by.user_id,
        by_party_id=step.by.party_id,
        kind=step.kind,
        from_status=from_status,
        to_status=step.to,
        reason=step.reason,
    )
    await store.insert_event(pen.connection, event)


async def _own_report(
    pen: Pen, actor: Actor, report_id: str, expected_version: int
) -> tuple[Report, Activity]:
    report = await store.get_visible_report(pen.connection, report_id, viewer=actor)
    activity = await activities.get_activity(pen.connection, report.activity_id)
    require(actor, Permission.WRITE_REPORT, owner_ids=(activity.owner_party_id,))
    rules.require_version(report, expected_version)
    return report, activity


async def _checked(pen: Pen, activity: Activity, report: Report, lines: tuple[Line, ...]) -> Report:
    # Returns the report with its lines split by vintage, or refuses what is wrong with it.
    _require_registered(activity)
    rules.check_period(
        period_start=report.period_start,
        period_end=report.period_end,
        crediting_start=activity.crediting_start,
        crediting_end=activity.crediting_end,
        today=bangkok_date(pen.now),
    )
    vintages = rules.split(lines, period_start=report.period_start, period_end=report.period_end)
    overlapping_id = await store.find_overlapping_id(
        pen.connection,
        activity_id=activity.id,
        period_start=report.period_start,
        period_end=report.period_end,
        except_id=report.id,
    )
    if overlapping_id is not None:
        raise PeriodOverlapError(report_id=overlapping_id)
    foreign = await activities.list_foreign_documents(
        pen.connection, report.document_ids, activity_id=activity.id
    )
    if foreign:
        raise EvidenceForeignError(document_id=foreign[0])
    return replace(report, vintages=vintages)


def _require_registered(activity: Activity) -> None:
    if activity.status is not ActivityStatus.REGISTERED:
        raise ActivityNotRegisteredError(status=activity.status.value)


def _facts(report: Report) -> Mapping[str, object]:
    return {
        "activity_id": report.activity_id,
        "period_start": report.period_start.isoformat(),
        "period_end": report.period_end.isoformat(),
        "content_commitment": Sealed(rules.content_digest(report)),
    }
