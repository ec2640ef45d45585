"""Monitoring reports over HTTP."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from app.entry.acts import Reply
from app.entry.api.context import Reader, StrictRoute, Write
from app.entry.api.monitoring_shapes import (
    DraftBody,
    EditBody,
    RecognitionBody,
    ReportDetail,
    ReportEventShown,
    ReportQuery,
    ReportShown,
    WithdrawalBody,
    event_shown,
    recognition_shown,
    report_shown,
)
from app.entry.api.wire import (
    CursorError,
    Identifier,
    IfMatch,
    Page,
    PageQuery,
    PreconditionMissingError,
    changed,
    created,
    decode_cursor,
    encode_cursor,
    show,
    version_of,
)
from app.entry.identity import Visitor
from app.entry.problems import refused
from app.registry.activities.refusals import ActivityNotFoundError, EvidenceForeignError
from app.registry.monitoring import operations, store
from app.registry.monitoring.refusals import (
    ActivityNotRegisteredError,
    LetterInFutureError,
    LetterNumberTakenError,
    NetNegativeError,
    PeriodInFutureError,
    PeriodOutsideCreditingError,
    PeriodOverlapError,
    PeriodReversedError,
    RecognitionNotForCreditsError,
    ReportNotFoundError,
    ReportStaleError,
    ReportStateError,
    VintagesIncompleteError,
)
from app.registry.monitoring.rules import (
    Report,
)
from app.registry.parties.policy import NotAllowedError

router: Final = APIRouter(
    prefix="/monitoring-reports", tags=["monitoring-reports"], route_class=StrictRoute
)

ReportId = Annotated[
    Identifier,
    Path(
        description="Identifier of the monitoring report.",
        examples=["mrp_01kb5w6yk2e0hr9h5y0s8v2a3b"],
    ),
]
_CONTENT: Final = (
    ActivityNotRegisteredError,
    PeriodReversedError,
    PeriodInFutureError,
    PeriodOutsideCreditingError,
    PeriodOverlapError,
    VintagesIncompleteError,
    NetNegativeError,
    EvidenceForeignError,
)
_STEP: Final = (
    ReportNotFoundError,
    NotAllowedError,
    PreconditionMissingError,
    ReportStaleError,
    ReportStateError,
)


@router.post(
    "",
    response_model=ReportShown,
    status_code=201,
    responses=refused(ActivityNotFoundError, NotAllowedError, *_CONTENT),
    summary="Draft a monitoring report",
    operation_id="draft_report",
)
async def draft_report(body: DraftBody, write: Write) -> Response:
    """
    Begin a report on a period of a registered activity.

    The period lies in the crediting period, is over, and shares no day with another report. The
    net reduction of each year is computed here, and never rounded.
    """
    command = operations.DraftReport(
        activity_id=body.activity_id,
        period_start=body.period_start,
        period_end=body.period_end,
        lines=tuple(line.line() for line in body.lines),
        document_ids=tuple(body.document_ids),
    )

    def present(report: Report) -> Reply:
        location = f"/v1/monitoring-reports/{report.id}"
        return created(report_shown(report), location=location, version=report.version)

    return await write(lambda pen: operations.draft_report(pen, write.actor, command), present)


@router.get(
    "",
    response_model=Page[ReportShown],
    responses=refused(CursorError),
    summary="List monitoring reports",
    operation_id="list_reports",
)
async def list_reports(
    query: Annotated[ReportQuery, Query()], reader: Reader, visitor: Visitor
) -> Response:
    """
    List reports, newest first.

    Verified, issued and recognised ones are public; the owner, the assigned VVB and TGO see all
    of theirs.
    """
    position = decode_cursor(query.cursor, str)
    found = await store.list_reports(
        reader,
        viewer=visitor,
        activity_id=query.activity_id,
        status=query.status,
        before=None if position is None else position[0],
        limit=query.limit + 1,
    )
    rows, more = found[: query.limit], len(found) > query.limit
    return show(
        Page(
            data=[report_shown(row) for row in rows],
            next_cursor=encode_cursor([rows[-1].id]) if more else None,
            has_more=more,
        )
    )


@router.get(
    "/{report_id}",
    response_model=ReportDetail,
    responses=refused(ReportNotFoundError),
    summary="Look up a monitoring report",
    operation_id="get_report",
)
async def get_report(report_id: ReportId, reader: Reader, visitor: Visitor) -> Response:
    """Look up a report with its letter of recognition, if any; the ETag is its version."""
    report = await store.get_visible_report(reader, report_id, viewer=visitor)
    recognition = await store.find_recognition(reader, report.id)
    detail = ReportDetail(
        **report_shown(report).model_dump(),
        recognition=None if recognition is None else recognition_shown(recognition),
    )
    return show(detail, version=report.version)


@router.get(
    "/{report_id}/events",
    response_model=Page[ReportEventShown],
    responses=refused(ReportNotFoundError, CursorError),
    summary="List what happened to a monitoring report",
    operation_id="list_report_events",
)
async def list_report_events(
    report_id: ReportId, query: Annotated[PageQuery, Query()], reader: Reader, visitor: Visitor
) -> Response:
    """List what happened to a report, oldest first: when, by which party, why."""
    position = decode_cursor(query.cursor, int)
    await store.get_visible_report(reader, report_id, viewer=visitor)
    found = await store.list_events(
        reader,
        report_id,
        after=None if position is None else position[0],
        limit=query.limit + 1,
    )
    rows, more = found[: query.limit], len(found) > query.limit
    return show(
        Page(
            data=[event_shown(row) for row in rows],
            next_cursor=encode_cursor([rows[-1].log_index]) if more else None,
            has_more=more,
        )
    )


@router.patch(
    "/{report_id}",
    response_model=ReportShown,
    responses=refused(*_STEP, *_CONTENT),
    summary="Edit a draft report",
    operation_id="edit_report",
)
async def edit_report(
    report_id: ReportId, body: EditBody, write: Write, if_match: IfMatch = None
) -> Response:
    """Change a draft; lines and documents are each replaced as a whole."""
    command = operations.EditReport(
        report_id=report_id,
        expected_version=version_of(if_match),
        period_start=body.period_start,
        period_end=body.period_end,
        lines=None if body.lines is None else tuple(line.line() for line in body.lines),
        document_ids=None if body.document_ids is None else tuple(body.document_ids),
    )
    return await write(
        lambda pen: operations.edit_report(pen, write.actor, command), _present_changed
    )


@router.post(
    "/{report_id}/submission",
    response_model=ReportShown,
    responses=refused(*_STEP, ActivityNotRegisteredError),
    summary="Submit a monitoring report",
    operation_id="submit_report",
)
async def submit_report(report_id: ReportId, write: Write, if_match: IfMatch = None) -> Response:
    """Hand a draft in; its content is fixed from here on."""
    command = operations.SubmitReport(report_id, version_of(if_match))
    return await write(
        lambda pen: operations.submit_report(pen, write.actor, command), _present_changed
    )


@router.post(
    "/{report_id}/withdrawal",
    response_model=ReportShown,
    responses=refused(*_STEP),
    summary="Withdraw a monitoring report",
    operation_id="withdraw_report",
)
async def withdraw_report(
    report_id: ReportId, body: WithdrawalBody, write: Write, if_match: IfMatch = None
) -> Response:
    """Take a report back before anybody verifies it; its period is free again."""
    command = operations.WithdrawReport(report_id, version_of(if_match), body.reason)
    return await write(
        lambda pen: operations.withdraw_report(pen, write.actor, command), _present_changed
    )


@router.post(
    "/{report_id}/recognition",
    response_model=ReportShown,
    responses=refused(
        *_STEP, RecognitionNotForCreditsError, LetterInFutureError, LetterNumberTakenError
    ),
    summary="Recognise a reduction by letter",
    operation_id="recognise_report",
)
async def recognise_report(
    report_id: ReportId, body: RecognitionBody, write: Write, if_match: IfMatch = None
) -> Response:
    """
    Recognise a reported reduction by a letter of TGO (LESS).

    For programmes that neither verify nor issue credits. The tonnes never become credits.
    """
    command = operations.RecogniseReport(
        report_id, version_of(if_match), body.letter_number, body.letter_date
    )
    return await write(
        lambda pen: operations.recognise_report(pen, write.actor, command), _present_changed
    )


def _present_changed(report: Report) -> Reply:
    return changed(report_shown(report), version=report.version)
