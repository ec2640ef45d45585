"""Verifications read from the database; visibility is part of the query."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    Row,
    RowMapping,
    Select,
    Table,
    and_,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.registry.log.store import with_salt
from app.registry.monitoring.store import monitoring_reports, visible_to
from app.registry.parties.policy import Actor
from app.registry.verification.refusals import VerificationNotFoundError
from app.registry.verification.rules import (
    Assurance,
    Conclusion,
    Finding,
    FindingClass,
    Opinion,
    Review,
    Verification,
    VerificationStatus,
    VerifiedVintage,
)
from app.registry.verification.store.tables import (
    verification_documents,
    verification_findings,
    verification_lines,
    verification_opinions,
    verification_reviews,
    verifications,
)

_PARTS: Final = (
    verification_lines,
    verification_findings,
    verification_documents,
    verification_reviews,
)

_newest_opinion = and_(
    verification_opinions.c.verification_id == verifications.c.id,
    verification_opinions.c.number == verifications.c.opinion_number,
)
_selected = select(verifications, verification_opinions.c.conclusion).outerjoin_from(
    verifications, verification_opinions, _newest_opinion
)


async def get_verification(connection: AsyncConnection, verification_id: str) -> Verification:
    """
    Return a verification, whoever asks: for decisions.

    Raises:
        VerificationNotFoundError: there is none.
    """
    found = await _list(connection, _selected.where(verifications.c.id == verification_id))
    if not found:
        raise VerificationNotFoundError
    return found[0]


async def get_visible_verification(
    connection: AsyncConnection, verification_id: str, *, viewer: Actor | None
) -> Verification:
    """
    Return a verification whose report the viewer may know of.

    Raises:
        VerificationNotFoundError: there is none, or the viewer may not know of it.
    """
    query = _visible(viewer).where(verifications.c.id == verification_id)
    found = await _list(connection, query)
    if not found:
        raise VerificationNotFoundError
    return found[0]


async def find_concluded_verification(
    connection: AsyncConnection, report_id: str
) -> Verification | None:
    """Return the concluded verification of a report; None: its verification is not concluded."""
    query = _selected.where(
        verifications.c.report_id == report_id,
        verifications.c.status == VerificationStatus.CONCLUDED,
    )
    found = await _list(connection, query)
    return found[0] if found else None


async def list_bodies(
    connection: AsyncConnection, activity_id: str, *, limit: int
) -> tuple[str, ...]:
    """Return the bodies that concluded verifications of an activity, the last assigned first."""
    query = (
        select(verifications.c.vvb_party_id)
        .where(
            verifications.c.activity_id == activity_id,
            verifications.c.status == VerificationStatus.CONCLUDED,
        )
        .order_by(verifications.c.id.desc())
        .limit(limit)
    )
    return tuple((await connection.execute(query)).scalars())


async def list_verifications(
    connection: AsyncConnection,
    *,
    viewer: Actor | None,
    report_id: str | None,
    status: VerificationStatus | None,
    before: str | None,
    limit: int,
) -> tuple[Verification, ...]:
    """Return the verifications whose reports the viewer may know of, newest first."""
    query = _visible(viewer)
    if report_id is not None:
        query = query.where(verifications.c.report_id == report_id)
    if status is not None:
        query = query.where(verifications.c.status == status)
    if before is not None:
        query = query.where(verifications.c.id < before)
    return await _list(connection, query.order_by(verifications.c.id.desc()).limit(limit))


async def list_opinions(
    connection: AsyncConnection, verification_id: str, *, after: int, limit: int
) -> tuple[Opinion, ...]:
    """Return the opinions of a verification with their reviews, first to last, after a number."""
    of_verification = verification_opinions.c.verification_id == verification_id
    rows = await connection.execute(
        with_salt(verification_opinions)
        .where(of_verification, verification_opinions.c.number > after)
        .order_by(verification_opinions.c.number)
        .limit(limit)
    )
    opinions = rows.mappings().all()
    keys = [(row["verification_id"], row["number"]) for row in opinions]
    parts = {table: await _parts(connection, table, keys) for table in _PARTS}
    return tuple(
        _opinion(row, {table: found[key] for table, found in parts.items()})
        for row, key in zip(opinions, keys, strict=True)
    )


def _visible(viewer: Actor | None) -> Select[Any]:
    return _selected.join(
        monitoring_reports, monitoring_reports.c.id == verifications.c.report_id
    ).where(visible_to(viewer))


async def _parts(
    connection: AsyncConnection, table: Table, keys: Sequence[tuple[str, int]]
) -> dict[tuple[str, int], list[Row[Any]]]:
    # The rows that belong to opinions, by opinion: one look for all of a page.
    parts: dict[tuple[str, int], list[Row[Any]]] = {key: [] for key in keys}
    query = (
        (with_salt(table) if table is verification_reviews else select(table))
        .where(tuple_(table.c.verification_id, table.c.number).in_(keys))
        .order_by(*table.primary_key.columns)
    )
    for row in await connection.execute(query):
        parts[row.verification_id, row.number].append(row)
    return parts


async def _list(connection: AsyncConnection, query: Select[Any]) -> tuple[Verification, ...]:
    rows = (await connection.execute(query)).mappings().all()
    keys = [(row["id"], row["opinion_number"]) for row in rows]
    lines = await _parts(connection, verification_lines, keys)
    return tuple(
        Verification(**_kept(row), lines=_lines(lines[key]))
        for row, key in zip(rows, keys, strict=True)
    )


def _kept(row: RowMapping) -> dict[str, Any]:
    conclusion = None if row["conclusion"] is None else Conclusion(row["conclusion"])
    return {**row, "status": VerificationStatus(row["status"]), "conclusion": conclusion}


def _lines(rows: Sequence[Row[Any]]) -> tuple[VerifiedVintage, ...]:
    return tuple(
        VerifiedVintage(row.vintage, row.monitored_tco2e, row.verified_tco2e, row.buffer_credits)
        for row in rows
    )


def _opinion(row: RowMapping, parts: Mapping[Table, Sequence[Row[Any]]]) -> Opinion:
    known: dict[str, Any] = {
        "conclusion": Conclusion(row["conclusion"]),
        "assurance": Assurance(row["assurance"]),
    }
    return Opinion(
        **{**row, **known},
        findings=tuple(
            Finding(
                FindingClass(part.finding_class), part.description, part.response, part.is_closed
            )
            for part in parts[verification_findings]
        ),
        lines=_lines(parts[verification_lines]),
        document_ids=tuple(part.document_id for part in parts[verification_documents]),
        review=next((_review(part) for part in parts[verification_reviews]), None),
    )


def _review(row: Row[Any]) -> Review:
    said = (row.reviewer_user_id, row.approved, row.reason, row.reviewed_at)
    return Review(*said, row.log_index, row.salt)
