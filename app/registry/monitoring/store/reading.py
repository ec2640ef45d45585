"""Reports read from the database; visibility is part of the query."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    Integer,
    Row,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ColumnElement

from app.kernel.statements import Statement
from app.registry.activities.store import activities
from app.registry.log.store import with_salt
from app.registry.monitoring.refusals import ReportNotFoundError
from app.registry.monitoring.rules import (
    ENDED_IN_NOTHING,
    PUBLIC,
    Recognition,
    Report,
    ReportEvent,
    ReportStatus,
    ReportVintage,
)
from app.registry.monitoring.store.tables import (
    monitoring_documents,
    monitoring_lines,
    monitoring_reports,
    recognitions,
    report_events,
)
from app.registry.parties.policy import Actor, Permission, allows


def visible_to(viewer: Actor | None) -> ColumnElement[bool]:
    """
    Return the condition under which a viewer may know of a report.

    Args:
        viewer: who asks; None: somebody who is not signed in, who sees confirmed outcomes only.
    """
    public = monitoring_reports.c.status.in_(PUBLIC)
    if viewer is None:
        return public
    if allows(viewer, Permission.READ_ACTIVITY_DRAFT):
        return true()
    if not allows(viewer, Permission.READ_ACTIVITY_DRAFT, owner_ids=(viewer.party_id,)):
        return public
    own = select(activities.c.id).where(activities.c.owner_party_id == viewer.party_id)
    return or_(
        public,
        monitoring_reports.c.activity_id.in_(own),
        monitoring_reports.c.vvb_party_id == viewer.party_id,
    )


async def get_report(connection: AsyncConnection, report_id: str) -> Report:
    """
    Return a report, whoever asks: for decisions.

    Raises:
        ReportNotFoundError: there is none.
    """
    return await _get(connection, report_id, true())


async def get_visible_report(
    connection: AsyncConnection, report_id: str, *, viewer: Actor | None
) -> Report:
    """
    Return a report that the viewer may know of.

    Raises:
        ReportNotFoundError: there is none, or the viewer may not know of it.
    """
    return await _get(connection, report_id, visible_to(viewer))


async def list_reports(
    connection: AsyncConnection,
    *,
    viewer: Actor | None,
    activity_id: str | None,
    status: ReportStatus | None,
    before: str | None,
    limit: int,
) -> tuple[Report, ...]:
    """Return the reports that the viewer may know of, newest first, before an identifier."""
    if viewer is None and status is None and before is None and activity_id is not None:
        public = await _PUBLIC_OF.rows(connection, id=activity_id, limit=limit)
        return await _with_content(connection, public)
    query = select(monitoring_reports).where(visible_to(viewer))
    if activity_id is not None:
        query = query.where(monitoring_reports.c.activity_id == activity_id)
    if status is not None:
        query = query.where(monitoring_reports.c.status == status)
    if before is not None:
        query = query.where(monitoring_reports.c.id < before)
    return await _reports(connection, query.order_by(monitoring_reports.c.id.desc()).limit(limit))


async def find_overlapping_id(
    connection: AsyncConnection,
    *,
    activity_id: str,
    period_start: date,
    period_end: date,
    except_id: str | None,
) -> str | None:
    """Return a live report, other than ``except_id``, that covers a day of the period."""
    found: str | None = await connection.scalar(
        select(monitoring_reports.c.id)
        .where(
            monitoring_reports.c.activity_id == activity_id,
            monitoring_reports.c.status.not_in(ENDED_IN_NOTHING),
            monitoring_reports.c.period_start <= period_end,
            monitoring_reports.c.period_end >= period_start,
            true() if except_id is None else monitoring_reports.c.id != except_id,
        )
        .order_by(monitoring_reports.c.id)
        .limit(1)
    )
    return found


async def list_events(
    connection: AsyncConnection, report_id: str, *, after: int | None, limit: int
) -> tuple[ReportEvent, ...]:
    """Return what happened to a report, in order, after a log index."""
    query = with_salt(report_events).where(report_events.c.report_id == report_id)
    if after is not None:
        query = query.where(report_events.c.log_index > after)
    rows = await connection.execute(query.order_by(report_events.c.log_index).limit(limit))
    return tuple(_event(row) for row in rows)


async def list_events_of(
    connection: AsyncConnection, report_ids: Sequence[str], *, limit: int
) -> tuple[ReportEvent, ...]:
    """Return what happened to several reports, in the order of the log; of each, its beginning."""
    found = await _EVENTS_OF.rows(connection, ids=list(report_ids), limit=limit)
    return tuple(_event(row) for row in found)


async def find_recognition(connection: AsyncConnection, report_id: str) -> Recognition | None:
    """Return a report's letter of recognition; None: it has none."""
    row = (
        await connection.execute(select(recognitions).where(recognitions.c.report_id == report_id))
    ).one_or_none()
    return None if row is None else Recognition(**row._mapping)  # noqa: SLF001


async def find_letter_holder_id(connection: AsyncConnection, letter_number: str) -> str | None:
    """Return the report whose letter of recognition has this number."""
    found: str | None = await connection.scalar(
        select(recognitions.c.report_id).where(recognitions.c.letter_number == letter_number)
    )
    return found


async def _get(
    connection: AsyncConnection, report_id: str, condition: ColumnElement[bool]
) -> Report:
    query = select(monitoring_reports).where(monitoring_reports.c.id == report_id, condition)
    found = await _reports(connection, query)
    if not found:
        raise ReportNotFoundError
    return found[0]


async def _reports(connection: AsyncConnection, query: Select[Any]) -> tuple[Report, ...]:
    return await _with_content(connection, (await connection.execute(query)).all())


async def _with_content(connection: AsyncConnection, rows: Sequence[Any]) -> tuple[Report, ...]:
    if not rows:
        return ()  # what is in none of them need not be asked for
    ids = [row.id for row in rows]
    vintages: dict[str, list[ReportVintage]] = {report_id: [] for report_id in ids}
    documents: dict[str, list[str]] = {report_id: [] for report_id in ids}
    for line in await _LINES_OF.rows(connection, ids=ids):
        vintages[line.report_id].append(_vintage(line))
    for document in await _DOCUMENTS_OF.rows(connection, ids=ids):
        documents[document.report_id].append(document.document_id)
    return tuple(_report(row, vintages[row.id], documents[row.id]) for row in rows)


def _events_of_several() -> Select[Any]:
    asked = func.unnest(_IDS).table_valued("id").render_derived(name="asked")
    # Report by report: one of them may have more steps than are asked for of all.
    each = (
        with_salt(report_events)
        .where(report_events.c.report_id == asked.c.id)
        .order_by(report_events.c.log_index)
        .limit(_LIMIT)
        .correlate(asked)
        .lateral()
    )
    query = select(each).select_from(asked.join(each, true()))
    return query.order_by(each.c.log_index).limit(_LIMIT)


def _newest(content: Table, order: str) -> Select[Any]:
    return (
        select(content)
        .join(
            monitoring_reports,
            (monitoring_reports.c.id == content.c.report_id)
            & (monitoring_reports.c.revision == content.c.revision),
        )
        .where(content.c.report_id == any_(_IDS))
        .order_by(content.c.report_id, content.c[order])
    )


def _vintage(row: Row[Any]) -> ReportVintage:
    return ReportVintage(
        vintage=row.vintage,
        baseline_tco2e=row.baseline_tco2e,
        project_tco2e=row.project_tco2e,
        leakage_tco2e=row.leakage_tco2e,
        monitored_tco2e=row.monitored_tco2e,
    )


def _event(row: Row[Any]) -> ReportEvent:
    began_as = None if row.from_status is None else ReportStatus(row.from_status)
    known = {**row._mapping, "from_status": began_as, "to_status": ReportStatus(row.to_status)}  # noqa: SLF001
    return ReportEvent(**known)


def _report(
    row: Row[Any], vintages: Sequence[ReportVintage], document_ids: Sequence[str]
) -> Report:
    return Report(
        **{**row._mapping, "status": ReportStatus(row.status)},  # noqa: SLF001
        vintages=tuple(vintages),
        document_ids=tuple(document_ids),
    )


_IDS: Final = bindparam("ids", type_=ARRAY(Text))
_LIMIT: Final = bindparam("limit", type_=Integer)
_PUBLIC_OF: Final = Statement(
    select(monitoring_reports)
    .where(
        visible_to(None),
        monitoring_reports.c.activity_id == bindparam("id", type_=Text),
    )
    .order_by(monitoring_reports.c.id.desc())
    .limit(_LIMIT)
)
_LINES_OF: Final = Statement(_newest(monitoring_lines, "vintage"))
_DOCUMENTS_OF: Final = Statement(_newest(monitoring_documents, "position"))
_EVENTS_OF: Final = Statement(_events_of_several())
