"""Reports written to the database."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    insert,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.registry.monitoring.rules import (
    Recognition,
    Report,
    ReportEvent,
)
from app.registry.monitoring.store.tables import (
    monitoring_documents,
    monitoring_lines,
    monitoring_reports,
    recognitions,
    report_events,
)


async def insert_report(connection: AsyncConnection, report: Report, *, log_index: int) -> None:
    """Write a new report with its first content."""
    await connection.execute(
        insert(monitoring_reports).values(
            id=report.id,
            activity_id=report.activity_id,
            created_at=report.created_at,
            **_state(report),
        )
    )
    await _insert_content(connection, report, log_index=log_index)


async def update_report(
    connection: AsyncConnection, report: Report, *, log_index: int | None = None
) -> None:
    """Write a report's next version; ``log_index`` names the act where that gave it new content."""
    written = await connection.execute(
        update(monitoring_reports)
        .where(
            monitoring_reports.c.id == report.id, monitoring_reports.c.version == report.version - 1
        )
        .values(**_state(report))
    )
    assert written.rowcount == 1  # the pen lets nobody else write in between
    if log_index is not None:
        await _insert_content(connection, report, log_index=log_index)


async def insert_event(connection: AsyncConnection, event: ReportEvent) -> None:
    """Write down what happened to a report."""
    row = {column.name: getattr(event, column.name) for column in report_events.c}
    await connection.execute(insert(report_events).values(row))


async def insert_recognition(connection: AsyncConnection, recognition: Recognition) -> None:
    """Write a letter of recognition."""
    await connection.execute(insert(recognitions).values(asdict(recognition)))


def _state(report: Report) -> dict[str, Any]:
    return {
        "status": report.status,
        "period_start": report.period_start,
        "period_end": report.period_end,
        "version": report.version,
        "revision": report.revision,
        "vvb_party_id": report.vvb_party_id,
    }


async def _insert_content(connection: AsyncConnection, report: Report, *, log_index: int) -> None:
    of_report = {"report_id": report.id, "revision": report.revision, "log_index": log_index}
    await connection.execute(
        insert(monitoring_lines),
        [{**of_report, **asdict(line)} for line in report.vintages],
    )
    if report.document_ids:
        await connection.execute(
            insert(monitoring_documents),
            [
                {**of_report, "position": position, "document_id": document_id}
                for position, document_id in enumerate(report.document_ids, start=1)
            ],
        )
