"""What is and was frozen, and which acts were taken back."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.paging import rows
from app.registry.ledger.freezing import Freeze, Span, Target
from app.registry.ledger.frozen import FreezeNotFoundError
from app.registry.ledger.rules import Batch
from app.registry.ledger.store.tables import freezes, reversals

SPANS_SHOWN_MAX: Final = 1_000  # One that is beyond stands in the list of freezes all the same.

# Two look-ups: an act takes another back, or was taken back.
_FIND_LINKS: Final = text("""
    SELECT log_index, reverses FROM reversals WHERE log_index = ANY(CAST(:acts AS bigint[]))
    UNION ALL
    SELECT log_index, reverses FROM reversals WHERE reverses = ANY(CAST(:acts AS bigint[]))
""")


@dataclass(frozen=True, slots=True)
class Links:
    """Which acts take others back: by the one, and by the other."""

    reverses: dict[int, int]
    reversed_by: dict[int, int]


async def get_freeze(connection: AsyncConnection, freeze_id: str) -> Freeze:
    """
    Return a freeze.

    Raises:
        FreezeNotFoundError: there is none.
    """
    query = select(freezes).where(freezes.c.id == freeze_id)
    found = (await connection.execute(query)).one_or_none()
    if found is None:
        raise FreezeNotFoundError
    return freeze_of(found)


async def list_frozen_spans(
    connection: AsyncConnection, batch: Batch, *, first: int, last: int
) -> list[Span]:
    """Return which runs of a batch are frozen that touch a range; at most `SPANS_SHOWN_MAX`."""
    known = freezes.c
    query = (
        select(known.first_serial, known.last_serial)
        .where(
            known.batch_id == batch.id,
            known.released_at.is_(None),
            known.first_serial <= last,
            known.last_serial >= first,
        )
        .order_by(known.first_serial)
        .limit(rows(SPANS_SHOWN_MAX))
    )
    return [(row[0], row[1]) for row in await connection.execute(query)]


async def insert_freeze(connection: AsyncConnection, freeze: Freeze) -> None:
    """Freeze something; the order must have been approved."""
    target = freeze.target
    await connection.execute(
        insert(freezes).values(
            id=freeze.id,
            account_id=target.account_id,
            batch_id=target.batch_id,
            first_serial=target.first,
            last_serial=target.last,
            frozen_at=freeze.frozen_at,
            frozen_index=freeze.frozen_index,
        )
    )


async def update_released(
    connection: AsyncConnection, freeze_id: str, *, at: datetime, log_index: int, order_id: str
) -> None:
    """Release something; the order must have been approved."""
    await connection.execute(
        update(freezes)
        .where(freezes.c.id == freeze_id)
        .values(released_at=at, released_index=log_index, released_by=order_id)
    )


async def find_reversal(connection: AsyncConnection, log_index: int) -> int | None:
    """Return the act that took an act back; None: none did."""
    query = select(reversals.c.log_index).where(reversals.c.reverses == log_index)
    found: int | None = await connection.scalar(query)
    return found


async def find_links(connection: AsyncConnection, acts: Collection[int]) -> Links:
    """Return which of some acts took others back, and which were taken back."""
    links = Links({}, {})
    for row in await connection.execute(_FIND_LINKS, {"acts": list(acts)}):
        links.reverses[row.log_index] = row.reverses
        links.reversed_by[row.reverses] = row.log_index
    return links


async def insert_reversal(
    connection: AsyncConnection, log_index: int, *, reverses: int, order_id: str
) -> None:
    """Keep which act takes which one back."""
    await connection.execute(
        insert(reversals).values(log_index=log_index, reverses=reverses, order_id=order_id)
    )


def freeze_of(row: Row[Any]) -> Freeze:
    """Return the freeze that a row of the table is, whatever else was read with it."""
    return Freeze(
        id=row.id,
        target=Target(row.account_id, row.batch_id, row.first_serial, row.last_serial),
        frozen_at=row.frozen_at,
        frozen_index=row.frozen_index,
        released_at=row.released_at,
        released_index=row.released_index,
        released_by=row.released_by,
    )
