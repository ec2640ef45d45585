"""What readers ask of retirements and cancellations."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.paging import INDEX_END, between, rows
from app.registry.ledger.rules import Beneficiary, EntryKind, Statement, Visibility
from app.registry.ledger.store.tables import ending_statements, endings


@dataclass(frozen=True, slots=True)
class EndingRow:
    """A retirement or cancellation; ``statement`` is None where it was erased."""

    log_index: int
    kind: EntryKind
    account_id: int
    credits: int
    purpose_code: str
    visibility: Visibility
    happened_on: date
    commitment: str
    recorded_at: datetime
    salt: bytes | None
    statement: Statement | None


async def find_ending(connection: AsyncConnection, log_index: int) -> EndingRow | None:
    """Return the retirement or cancellation that an act was, or None."""
    query = _endings().where(endings.c.log_index == log_index)
    row = (await connection.execute(query)).first()
    return None if row is None else _ending(row)


async def list_endings(
    connection: AsyncConnection,
    *,
    kinds: tuple[EntryKind, ...],
    account_id: int | None,
    after: int | None,
    limit: int,
) -> list[EndingRow]:
    """List retirements or cancellations, newest first, before a log index."""
    column = endings.c
    before = INDEX_END if after is None else after
    columns: tuple[ColumnElement[int], ...] = (column.kind, column.log_index)
    of_account: tuple[int, ...] = ()
    if account_id is not None:
        columns, of_account = (column.account_id, *columns), (account_id,)
    ways = [
        select(column.log_index)
        .where(between(columns, (*of_account, int(k), -1), (*of_account, int(k), before)))
        .order_by(*(along.desc() for along in columns))
        .limit(rows(limit))
        .subquery()
        for k in kinds
    ]
    newest = union_all(*(select(way) for way in ways)).subquery()
    page = select(newest).order_by(newest.c.log_index.desc()).limit(rows(limit)).subquery()
    query = _endings().join(page, page.c.log_index == column.log_index)
    found = await connection.execute(query.order_by(column.log_index.desc()))
    return [_ending(row) for row in found]


def _endings() -> Select[Any]:
    return select(endings, ending_statements).outerjoin(
        ending_statements, ending_statements.c.log_index == endings.c.log_index
    )


def _ending(row: Row[Any]) -> EndingRow:
    statement = None
    if row.salt is not None:
        statement = Statement(
            row.beneficiary_name,
            Beneficiary(row.beneficiary_kind),
            row.beneficiary_identifier,
            row.reason,
        )
    return EndingRow(
        log_index=row.log_index,
        kind=EntryKind(row.kind),
        account_id=row.account_id,
        credits=row.credits,
        purpose_code=row.purpose_code,
        visibility=Visibility(row.visibility),
        happened_on=row.happened_on,
        commitment=row.commitment,
        recorded_at=row.recorded_at,
        salt=row.salt,
        statement=statement,
    )
