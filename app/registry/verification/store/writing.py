"""Verifications written to the database."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    Table,
    insert,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.registry.verification.rules import (
    Opinion,
    Review,
    Verification,
)
from app.registry.verification.store.tables import (
    verification_documents,
    verification_findings,
    verification_lines,
    verification_opinions,
    verification_reviews,
    verifications,
)


async def insert_verification(connection: AsyncConnection, verification: Verification) -> None:
    """Write a new assignment."""
    await connection.execute(insert(verifications).values(_columns(verification)))


async def update_verification(connection: AsyncConnection, verification: Verification) -> None:
    """Write a verification's next version over the one before."""
    written = await connection.execute(
        update(verifications)
        .where(
            verifications.c.id == verification.id,
            verifications.c.version == verification.version - 1,
        )
        .values(_columns(verification))
    )
    assert written.rowcount == 1  # the pen lets nobody else write in between


async def insert_opinion(
    connection: AsyncConnection, opinion: Opinion, *, report_id: str, report_revision: int
) -> None:
    """Write an opinion on one revision of a report."""
    key = {
        "verification_id": opinion.verification_id,
        "number": opinion.number,
        "log_index": opinion.log_index,
    }
    own = {column.name: getattr(opinion, column.name) for column in verification_opinions.c}
    await connection.execute(insert(verification_opinions).values(own))
    of_report = {"report_id": report_id, "report_revision": report_revision}
    await _insert_many(
        connection, verification_lines, [key | of_report | asdict(line) for line in opinion.lines]
    )
    await _insert_many(
        connection,
        verification_findings,
        [
            key | {"position": position} | asdict(finding)
            for position, finding in enumerate(opinion.findings, start=1)
        ],
    )
    await _insert_many(
        connection,
        verification_documents,
        [
            key | {"position": position, "document_id": document_id}
            for position, document_id in enumerate(opinion.document_ids, start=1)
        ],
    )


async def insert_review(
    connection: AsyncConnection, verification: Verification, review: Review
) -> None:
    """Write the decision on the newest opinion of a verification."""
    key = {
        "verification_id": verification.id,
        "number": verification.opinion_number,
        "lead_user_id": verification.lead_user_id,
    }
    own = {
        column.name: getattr(review, column.name)
        for column in verification_reviews.c
        if column.name not in key
    }
    await connection.execute(insert(verification_reviews).values(key | own))


def _columns(verification: Verification) -> dict[str, Any]:
    return {column.name: getattr(verification, column.name) for column in verifications.c}


async def _insert_many(
    connection: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]]
) -> None:
    if rows:
        await connection.execute(insert(table), list(rows))
