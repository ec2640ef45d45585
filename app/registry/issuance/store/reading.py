"""Issuances read from the database; decisions are public, so everybody sees all of them."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Integer,
    RowMapping,
    Select,
    Text,
    any_,
    bindparam,
    exists,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.statements import Statement
from app.registry.activities.rules import Grounds
from app.registry.issuance.refusals import IssuanceNotFoundError
from app.registry.issuance.rules import Issuance, IssuanceLine, Planned, Remainder
from app.registry.issuance.store.tables import issuance_lines, issuances
from app.registry.ledger.rules import Batch
from app.registry.ledger.store import batches
from app.registry.ledger.store.keeping import to_batch
from app.registry.log.store import with_salt


async def get_issuance(connection: AsyncConnection, issuance_id: str) -> Issuance:
    """
    Return a decision.

    Raises:
        IssuanceNotFoundError: there is none.
    """
    found = await _issuances(connection, with_salt(issuances).where(issuances.c.id == issuance_id))
    if not found:
        raise IssuanceNotFoundError
    return found[0]


async def find_issuance_of_report(connection: AsyncConnection, report_id: str) -> Issuance | None:
    """Return the decision on a report; None: it is not decided."""
    query = with_salt(issuances).where(issuances.c.report_id == report_id)
    found = await _issuances(connection, query)
    return found[0] if found else None


async def find_issuance_of_batch(connection: AsyncConnection, batch_id: int) -> str | None:
    """Return the identifier of the decision that minted a batch; None: it was taken over."""
    query = select(issuance_lines.c.issuance_id).where(issuance_lines.c.batch_id == batch_id)
    found: str | None = await connection.scalar(query)
    return found


async def list_issuances(
    connection: AsyncConnection,
    *,
    activity_id: str | None,
    vintage: int | None,
    before: str | None,
    limit: int,
) -> tuple[Issuance, ...]:
    """Return decisions, newest first; ``vintage`` keeps those that issued credits of it."""
    if activity_id is not None and vintage is None and before is None:
        newest = await _NEWEST_OF.rows(connection, id=activity_id, limit=limit)
        return await _with_lines(connection, newest)
    query = with_salt(issuances)
    if activity_id is not None:
        query = query.where(issuances.c.activity_id == activity_id)
    if vintage is not None:
        query = query.where(
            exists().where(
                issuance_lines.c.issuance_id == issuances.c.id,
                issuance_lines.c.vintage == vintage,
                issuance_lines.c.credits > 0,
            )
        )
    if before is not None:
        query = query.where(issuances.c.id < before)
    return await _issuances(connection, query.order_by(issuances.c.id.desc()).limit(limit))


async def list_remainders(
    connection: AsyncConnection, activity_id: str, vintages: Sequence[int]
) -> dict[int, Remainder]:
    """Return, by vintage, the newest remainder of an activity that no later issuance took in."""
    later = issuance_lines.alias("later")
    taken_in = exists().where(
        later.c.carried_from_issuance_id == issuance_lines.c.issuance_id,
        later.c.vintage == issuance_lines.c.vintage,
    )
    rows = await connection.execute(
        select(
            issuance_lines.c.vintage,
            issuance_lines.c.issuance_id,
            issuance_lines.c.remainder_tco2e,
        )
        .where(
            issuance_lines.c.activity_id == activity_id,
            issuance_lines.c.vintage.in_(vintages),
            issuance_lines.c.remainder_tco2e > 0,
            ~taken_in,
        )
        .ext(distinct_on(issuance_lines.c.vintage))
        .order_by(issuance_lines.c.vintage, issuance_lines.c.log_index.desc())
    )
    return {row.vintage: Remainder(row.issuance_id, row.remainder_tco2e) for row in rows}


async def list_batch_counts(
    connection: AsyncConnection, activity_id: str, vintages: Sequence[int]
) -> dict[int, int]:
    """Return how many batches an activity has of each of these vintages."""
    rows = await connection.execute(
        select(issuance_lines.c.vintage, func.count(issuance_lines.c.batch_id))
        .where(issuance_lines.c.activity_id == activity_id, issuance_lines.c.vintage.in_(vintages))
        .group_by(issuance_lines.c.vintage)
    )
    counts = dict.fromkeys(vintages, 0)
    for vintage, count in rows:
        counts[vintage] = count
    return counts


async def _issuances(connection: AsyncConnection, query: Select[Any]) -> tuple[Issuance, ...]:
    return await _with_lines(connection, (await connection.execute(query)).mappings().all())


async def _with_lines(connection: AsyncConnection, rows: Sequence[Any]) -> tuple[Issuance, ...]:
    if not rows:
        return ()
    lines: dict[str, list[IssuanceLine]] = {row["id"]: [] for row in rows}
    kept = await _LINES_OF.rows(connection, ids=list(lines))
    made = await _batches(connection, [row["batch_id"] for row in kept])
    for row in kept:
        lines[row["issuance_id"]].append(
            IssuanceLine(_planned(row), made[row["batch_id"]] if row["batch_id"] else None)
        )
    return tuple(_issuance(row, lines[row["id"]]) for row in rows)


async def _batches(
    connection: AsyncConnection, batch_ids: Sequence[int | None]
) -> dict[int, Batch]:
    wanted = [batch_id for batch_id in batch_ids if batch_id is not None]
    if not wanted:
        return {}
    return {row.id: to_batch(row) for row in await _BATCHES.rows(connection, ids=wanted)}


def _planned(row: RowMapping) -> Planned:
    return Planned(**{field.name: row[field.name] for field in fields(Planned)})


def _issuance(row: RowMapping, lines: Sequence[IssuanceLine]) -> Issuance:
    return Issuance(
        id=row["id"],
        report_id=row["report_id"],
        activity_id=row["activity_id"],
        verification_id=row["verification_id"],
        approved=row["approved"],
        grounds=Grounds(row["decided_on"], row["document_id"], row["meeting"]),
        reason=row["reason"],
        decided_by=row["decided_by"],
        recorded_at=row["recorded_at"],
        log_index=row["log_index"],
        lines=tuple(lines),
        salt=row["salt"],
    )


_NEWEST_OF: Final = Statement(
    with_salt(issuances)
    .where(issuances.c.activity_id == bindparam("id", type_=Text))
    .order_by(issuances.c.id.desc())
    .limit(bindparam("limit", type_=Integer))
)
_LINES_OF: Final = Statement(
    select(issuance_lines)
    .where(issuance_lines.c.issuance_id == any_(bindparam("ids", type_=ARRAY(Text))))
    .order_by(issuance_lines.c.issuance_id, issuance_lines.c.vintage)
)
_BATCHES: Final = Statement(
    select(batches).where(batches.c.id == any_(bindparam("ids", type_=ARRAY(BigInteger))))
)
