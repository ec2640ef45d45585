"""Monitoring reports on the real database: who, when, and what can never be written down."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import DBAPIError

from app.kernel.clock import bangkok_date, now
from app.kernel.errors import RegistryError
from app.registry.activities.refusals import ActivityNotFoundError, EvidenceForeignError
from app.registry.activities.rules import Activity
from app.registry.log.pen import Pen
from app.registry.monitoring import operations, store
from app.registry.monitoring.operations import (
    DraftReport,
    EditReport,
    RecogniseReport,
    SubmitReport,
    WithdrawReport,
)
from app.registry.monitoring.refusals import (
    ActivityNotRegisteredError,
    LetterInFutureError,
    LetterNumberTakenError,
    PeriodInFutureError,
    PeriodOutsideCreditingError,
    PeriodOverlapError,
    RecognitionNotForCreditsError,
    ReportNotFoundError,
    ReportStaleError,
    ReportStateError,
    VintagesIncompleteError,
)
from app.registry.monitoring.rules import Report, ReportStatus
from app.registry.monitoring.store import monitoring_lines, monitoring_reports
from app.registry.parties.policy import Actor, NotAllowedError
from app.registry.parties.rules import Role
from tests.builders.activities import (
    RECOGNISED,
    a_document,
    a_draft_activity,
    a_registered_activity,
    an_official,
)
from tests.builders.issuance import (
    a_draft_report,
    a_line,
    a_submitted_report,
    a_verification,
    a_verified_report,
    an_owner,
)
from tests.builders.parties import Register, a_developer, a_holder, a_vvb
from tests.builders.rows import violates, writing

Command = TypeVar("Command")


async def act(
    registry: Register,
    actor: Actor,
    operation: Callable[[Pen, Actor, Command], Awaitable[Report]],
    command: Command,
) -> Report:
    return await registry.do(actor, lambda pen: operation(pen, actor, command))


async def refused(
    registry: Register,
    refusal: type[RegistryError],
    actor: Actor,
    operation: Callable[[Pen, Actor, Command], Awaitable[Report]],
    command: Command,
) -> None:
    with pytest.raises(refusal):
        await act(registry, actor, operation, command)


LAST_YEAR = bangkok_date(now()).year - 1


async def a_less_report(registry: Register) -> Report:
    # It cannot have begun more than three years ago.
    activity = await a_registered_activity(
        registry,
        programme="LESS",
        methodology=RECOGNISED,
        crediting_start=date(LAST_YEAR - 1, 1, 1),
    )
    tonnes = {LAST_YEAR - 1: "1.5", LAST_YEAR: "2.25"}
    return await a_submitted_report(registry, activity, tonnes=tonnes)


async def test_a_report_goes_from_draft_to_submission_with_a_leaf_for_every_step(
    registry: Register,
) -> None:
    """Every change of state is one act; its event points at its leaf."""
    activity = await a_registered_activity(registry)
    report = await a_submitted_report(registry, activity, tonnes={2023: "10.5", 2024: "0"})
    assert (report.status, report.version, report.revision) == (ReportStatus.SUBMITTED, 2, 1)
    async with registry.read() as connection:
        kept = await store.get_report(connection, report.id)
        events = await store.list_events(connection, report.id, after=None, limit=10)
        rest = await store.list_events(connection, report.id, after=events[0].log_index, limit=10)
    assert kept == report
    assert [line.monitored_tco2e for line in kept.vintages] == [Decimal("10.5"), Decimal(0)]
    assert [event.kind for event in events] == ["report.drafted", "report.submitted"]
    assert (events[0].from_status, events[1].from_status) == (None, ReportStatus.DRAFT)
    assert rest == events[1:]


async def test_only_the_owner_reports(registry: Register) -> None:
    """A registered activity is public, so a stranger is forbidden and not told it is absent."""
    activity = await a_registered_activity(registry)
    command = DraftReport(
        activity.id, date(2024, 1, 1), date(2024, 12, 31), (a_line(2024, "1"),), ()
    )
    for stranger in (
        await a_developer(registry),
        await a_holder(registry),
        (await a_vvb(registry))[0],
        await an_official(registry, Role.APPROVER),
    ):
        await refused(registry, NotAllowedError, stranger, operations.draft_report, command)


async def test_an_activity_that_is_not_registered_cannot_be_reported_on(
    registry: Register,
) -> None:
    """It has no crediting period; for others it is not even there."""
    draft, owner = await a_draft_activity(registry)
    command = DraftReport(draft.id, date(2024, 1, 1), date(2024, 12, 31), (a_line(2024, "1"),), ())
    await refused(registry, ActivityNotRegisteredError, owner, operations.draft_report, command)
    stranger = await a_developer(registry)
    await refused(registry, ActivityNotFoundError, stranger, operations.draft_report, command)


async def test_a_period_stays_within_crediting_and_the_past(registry: Register) -> None:
    """Both limits, and one day beyond each."""
    activity = await a_registered_activity(registry)
    owner = await an_owner(registry, activity)
    assert activity.crediting_start is not None
    first, today = activity.crediting_start, bangkok_date(now())
    before, tomorrow = first - timedelta(days=1), today + timedelta(days=1)

    def on(start: date, end: date) -> DraftReport:
        lines = tuple(a_line(year, "1") for year in range(start.year, end.year + 1))
        return DraftReport(activity.id, start, end, lines, ())

    draft = operations.draft_report
    await refused(registry, PeriodOutsideCreditingError, owner, draft, on(before, first))
    await refused(registry, PeriodInFutureError, owner, draft, on(today, tomorrow))
    await act(registry, owner, draft, on(first, first))
    await act(registry, owner, draft, on(today, today))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2024, 6, 30), date(2024, 6, 30)),
        (date(2024, 1, 1), date(2024, 1, 1)),
        (date(2023, 12, 1), date(2024, 12, 31)),
        (date(2024, 3, 1), date(2024, 3, 2)),
    ],
)
async def test_periods_of_an_activity_share_no_day(
    registry: Register, start: date, end: date
) -> None:
    """One day counted twice would be credited twice; the days next to a period are free."""
    activity = await a_registered_activity(registry)
    owner = await an_owner(registry, activity)
    half = (date(2024, 1, 1), date(2024, 6, 30))
    taken = await a_draft_report(registry, activity, owner=owner, period=half)
    lines = tuple(a_line(year, "1") for year in range(start.year, end.year + 1))
    command = DraftReport(activity.id, start, end, lines, ())
    with pytest.raises(PeriodOverlapError) as overlap:
        await act(registry, owner, operations.draft_report, command)
    assert overlap.value.facts == {"report_id": taken.id}
    for day in (date(2023, 12, 31), date(2024, 7, 1)):
        beside = DraftReport(activity.id, day, day, (a_line(day.year, "1"),), ())
        await act(registry, owner, operations.draft_report, beside)


async def test_another_activity_may_report_the_same_days(registry: Register) -> None:
    """Periods are the activity's own."""
    for _ in range(2):
        await a_draft_report(registry, await a_registered_activity(registry))


async def test_a_withdrawn_report_leaves_its_period_free(registry: Register) -> None:
    """Otherwise a mistake would cost the owner the year."""
    activity = await a_registered_activity(registry)
    owner = await an_owner(registry, activity)
    submitted = await a_submitted_report(registry, activity, owner=owner)
    command = WithdrawReport(submitted.id, submitted.version, "The meter was read wrongly.")
    withdrawn = await act(registry, owner, operations.withdraw_report, command)
    assert withdrawn.status is ReportStatus.WITHDRAWN
    again = await a_draft_report(registry, activity, owner=owner)
    assert again.status is ReportStatus.DRAFT
    late = replace(command, expected_version=withdrawn.version)
    await refused(registry, ReportStateError, owner, operations.withdraw_report, late)


async def test_the_database_itself_refuses_overlapping_periods(
    registry: Register, database_url: str
) -> None:
    """Whatever path a row comes by; a withdrawn report does not count."""
    activity = await a_registered_activity(registry)
    report = await a_draft_report(registry, activity)
    twin = {
        "id": "mrp_01kb5w6yk2e0hr9h5y0s8v2a3b",
        "activity_id": activity.id,
        "period_start": report.period_end,
        "period_end": report.period_end,
        "version": 1,
        "revision": 1,
        "created_at": report.created_at,
    }
    async with writing(database_url) as connection:
        await connection.execute(insert(monitoring_reports).values(twin | {"status": "withdrawn"}))
        await violates(
            connection,
            insert(monitoring_reports).values(
                twin | {"id": "mrp_01kb5w6yk2e0hr9h5y0s8v2a3c", "status": "draft"}
            ),
            "ex_monitoring_reports_period",
        )


async def test_the_database_itself_refuses_a_net_that_is_not_the_difference(
    registry: Register, database_url: str
) -> None:
    """Monitored is computed, never claimed; lines are written once."""
    report = await a_draft_report(registry, await a_registered_activity(registry))
    line = {
        "report_id": report.id,
        "revision": 2,
        "vintage": 2024,
        "baseline_tco2e": Decimal(10),
        "project_tco2e": Decimal(1),
        "leakage_tco2e": Decimal(1),
        "log_index": 0,
    }
    async with writing(database_url) as connection:
        for monitored in (Decimal("8.000001"), Decimal(7)):
            await violates(
                connection,
                insert(monitoring_lines).values(line | {"monitored_tco2e": monitored}),
                "ck_monitoring_lines_net",
            )
        with pytest.raises(DBAPIError):
            async with connection.begin_nested():
                await connection.execute(update(monitoring_lines).values(vintage=2023))


async def test_an_edit_is_a_new_revision_and_keeps_what_it_does_not_name(
    registry: Register,
) -> None:
    """Lines and documents are each replaced as a whole; what was said before stays in the table."""
    activity = await a_registered_activity(registry)
    owner = await an_owner(registry, activity)
    document = await a_document(registry, owner, activity_id=activity.id)
    draft = await a_draft_report(registry, activity, owner=owner, document_ids=(document.id,))
    command = EditReport(draft.id, draft.version, lines=(a_line(2024, "7.25"),))
    edited = await act(registry, owner, operations.edit_report, command)
    assert (edited.version, edited.revision) == (2, 2)
    assert edited.monitored_tco2e == Decimal("7.25")
    assert edited.document_ids == (document.id,)
    longer = EditReport(draft.id, 2, period_start=date(2023, 12, 31))
    await refused(registry, VintagesIncompleteError, owner, operations.edit_report, longer)
    both = replace(longer, lines=(a_line(2023, "1"), a_line(2024, "2")), document_ids=())
    edited = await act(registry, owner, operations.edit_report, both)
    async with registry.read() as connection:
        kept = await store.get_report(connection, draft.id)
    assert kept == edited
    assert (kept.period_start, kept.document_ids) == (date(2023, 12, 31), ())


async def test_a_change_on_an_old_version_is_refused(registry: Register) -> None:
    """The newer content would be handed in unread."""
    activity = await a_registered_activity(registry)
    owner = await an_owner(registry, activity)
    draft = await a_draft_report(registry, activity, owner=owner)
    edit = EditReport(draft.id, draft.version, lines=(a_line(2024, "7.25"),))
    await act(registry, owner, operations.edit_report, edit)
    await refused(registry, ReportStaleError, owner, operations.edit_report, edit)
    submit = SubmitReport(draft.id, draft.version)
    await refused(registry, ReportStaleError, owner, operations.submit_report, submit)


async def test_a_submitted_report_is_fixed(registry: Register) -> None:
    """Somebody relies on it."""
    activity = await a_registered_activity(registry)
    owner = await an_owner(registry, activity)
    report = await a_submitted_report(registry, activity, owner=owner)
    edit = EditReport(report.id, report.version, document_ids=())
    await refused(registry, ReportStateError, owner, operations.edit_report, edit)
    submit = SubmitReport(report.id, report.version)
    await refused(registry, ReportStateError, owner, operations.submit_report, submit)


async def test_a_report_under_verification_cannot_be_withdrawn(registry: Register) -> None:
    """Else a verifier's adverse opinion could be escaped."""
    activity = await a_registered_activity(registry)
    owner = await an_owner(registry, activity)
    report = await a_submitted_report(registry, activity, owner=owner)
    await a_verification(registry, report)
    command = WithdrawReport(report.id, report.version + 1, "I see where this goes.")
    await refused(registry, ReportStateError, owner, operations.withdraw_report, command)


async def test_only_evidence_of_the_activity_can_be_attached(registry: Register) -> None:
    """The verifier may read it, and it is public with the activity."""
    activity = await a_registered_activity(registry)
    owner = await an_owner(registry, activity)
    loose = await a_document(registry, owner)
    lines = (a_line(2024, "1"),)
    command = DraftReport(activity.id, date(2024, 1, 1), date(2024, 12, 31), lines, (loose.id,))
    await refused(registry, EvidenceForeignError, owner, operations.draft_report, command)
    own = await a_document(registry, owner, activity_id=activity.id)
    good = replace(command, document_ids=(own.id, own.id))
    report = await act(registry, owner, operations.draft_report, good)
    assert report.document_ids == (own.id,)


async def seen(registry: Register, viewer: Actor | None, activity: Activity) -> list[str]:
    async with registry.read() as connection:
        found = await store.list_reports(
            connection, viewer=viewer, activity_id=activity.id, status=None, before=None, limit=10
        )
        for report in found:
            assert await store.get_visible_report(connection, report.id, viewer=viewer) == report
    return [report.id for report in found]


async def test_the_public_sees_outcomes_and_the_parties_concerned_see_all(
    registry: Register,
) -> None:
    """An unconfirmed claim is for the owner, its verifier and TGO."""
    activity = await a_registered_activity(registry)
    owner = await an_owner(registry, activity)
    verified = await a_verified_report(registry, activity)
    draft = await a_draft_report(registry, activity, tonnes={2023: "5"}, owner=owner)
    report = await a_submitted_report(registry, activity, tonnes={2025: "5"}, owner=owner)
    _, lead, _ = await a_verification(registry, report)
    everything = [report.id, draft.id, verified.id]
    assert await seen(registry, owner, activity) == everything
    assert await seen(registry, await an_official(registry, Role.AUDITOR), activity) == everything
    assert await seen(registry, lead, activity) == [report.id, verified.id]
    for outsider in (None, await a_developer(registry), await a_holder(registry)):
        assert await seen(registry, outsider, activity) == [verified.id]
    async with registry.read() as connection:
        with pytest.raises(ReportNotFoundError):
            await store.get_visible_report(connection, draft.id, viewer=None)


async def test_what_one_may_not_see_one_may_not_change(registry: Register) -> None:
    """Not found, same as if absent; what is public is forbidden instead."""
    activity = await a_registered_activity(registry)
    draft = await a_draft_report(registry, activity)
    stranger = await a_developer(registry)
    submit = SubmitReport(draft.id, draft.version)
    await refused(registry, ReportNotFoundError, stranger, operations.submit_report, submit)
    officer = await an_official(registry, Role.OFFICER)
    await refused(registry, NotAllowedError, officer, operations.submit_report, submit)


async def test_lists_are_read_on_by_identifier_and_narrowed_by_status(registry: Register) -> None:
    """Newest first, each once."""
    activity = await a_registered_activity(registry)
    owner = await an_owner(registry, activity)
    older = await a_draft_report(registry, activity, tonnes={2023: "5"}, owner=owner)
    newer = await a_submitted_report(registry, activity, tonnes={2024: "5"}, owner=owner)
    asked: dict[str, Any] = {"viewer": owner, "activity_id": None, "limit": 1}
    async with registry.read() as connection:
        first = await store.list_reports(connection, **asked, status=None, before=None)
        second = await store.list_reports(connection, **asked, status=None, before=newer.id)
        drafts = await store.list_reports(
            connection, **asked, status=ReportStatus.DRAFT, before=None
        )
    assert (first, second, drafts) == ((newer,), (older,), (older,))


async def test_a_less_report_ends_in_a_letter_of_recognition(registry: Register) -> None:
    """Self-assessed, recognised by TGO, and never credits."""
    report = await a_less_report(registry)
    approver = await an_official(registry, Role.APPROVER)
    today = bangkok_date(now())
    command = RecogniseReport(report.id, report.version, "LoR 1/2569", today)
    recognised = await act(registry, approver, operations.recognise_report, command)
    assert recognised.status is ReportStatus.RECOGNISED
    async with registry.read() as connection:
        letter = await store.find_recognition(connection, report.id)
    assert letter is not None
    assert (letter.letter_number, letter.recognised_tco2e) == ("LoR 1/2569", Decimal("3.75"))
    again = replace(command, expected_version=recognised.version)
    await refused(registry, ReportStateError, approver, operations.recognise_report, again)


async def test_a_letter_is_one_reports_own_and_not_of_the_future(registry: Register) -> None:
    """One letter for two reductions would recognise one of them twice over."""
    approver = await an_official(registry, Role.APPROVER)
    today = bangkok_date(now())
    first = await a_less_report(registry)
    second = await a_less_report(registry)
    recognise = operations.recognise_report
    letter = RecogniseReport(first.id, first.version, "LoR 2/2569", today)
    ahead = replace(letter, letter_date=today + timedelta(days=1))
    await refused(registry, LetterInFutureError, approver, recognise, ahead)
    await act(registry, approver, recognise, letter)
    taken = replace(letter, report_id=second.id)
    await refused(registry, LetterNumberTakenError, approver, recognise, taken)


async def test_only_an_approver_recognises_and_only_what_never_becomes_credits(
    registry: Register,
) -> None:
    """A letter beside credits would count the reduction twice."""
    approver = await an_official(registry, Role.APPROVER)
    today = bangkok_date(now())
    recognise = operations.recognise_report
    less = await a_less_report(registry)
    command = RecogniseReport(less.id, less.version, "LoR 3/2569", today)
    officer = await an_official(registry, Role.OFFICER)
    await refused(registry, NotAllowedError, officer, recognise, command)
    city = await a_submitted_report(registry, await a_registered_activity(registry))
    other = replace(command, report_id=city.id, expected_version=city.version)
    await refused(registry, RecognitionNotForCreditsError, approver, recognise, other)
