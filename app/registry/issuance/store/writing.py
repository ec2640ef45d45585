"""Issuances written to the database."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.registry.activities.store import activities
from app.registry.issuance.rules import Issuance, IssuanceLine
from app.registry.issuance.store.tables import issuance_lines, issuances
from app.registry.programmes.store import programmes


async def insert_issuance(
    connection: AsyncConnection, issuance: Issuance, *, opinion_number: int
) -> None:
    """
    Write a decision, and what each vintage became where it approves.

    Args:
        connection: inside the commit's transaction.
        issuance: the decision.
        opinion_number: the opinion of the verification that was approved there.
    """
    # The operation has refused this long before. Asked once more beside the write, because credits
    # of a programme that never issues any would be a lie that no later act can take back.
    mints = await connection.scalar(
        select(programmes.c.mints)
        .join(activities, activities.c.programme_code == programmes.c.code)
        .where(activities.c.id == issuance.activity_id)
    )
    assert mints is True
    await connection.execute(insert(issuances).values(_decision(issuance)))
    if issuance.lines:
        rows = [_line(issuance, line, opinion_number) for line in issuance.lines]
        await connection.execute(insert(issuance_lines), rows)


def _decision(issuance: Issuance) -> dict[str, Any]:
    return {
        "id": issuance.id,
        "report_id": issuance.report_id,
        "activity_id": issuance.activity_id,
        "verification_id": issuance.verification_id,
        "approved": issuance.approved,
        "meeting": issuance.grounds.meeting,
        "decided_on": issuance.grounds.decided_on,
        "document_id": issuance.grounds.document_id,
        "reason": issuance.reason,
        "decided_by": issuance.decided_by,
        "recorded_at": issuance.recorded_at,
        "log_index": issuance.log_index,
    }


def _line(issuance: Issuance, line: IssuanceLine, opinion_number: int) -> dict[str, Any]:
    return {
        "issuance_id": issuance.id,
        "activity_id": issuance.activity_id,
        "verification_id": issuance.verification_id,
        "opinion_number": opinion_number,
        **asdict(line.planned),
        "batch_id": None if line.batch is None else line.batch.id,
        "log_index": issuance.log_index,
    }
