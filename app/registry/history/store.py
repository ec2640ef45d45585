"""
All SQL of history taken over: its sources.

What came from a source stands in the ledger like all other credits, under the source's code; it is
only read here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Table,
    Text,
    func,
    insert,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import metadata
from app.kernel.errors import RegistryError
from app.kernel.paging import INDEX_END, between, rows
from app.registry.ledger.serials import batch_ids_of
from app.registry.ledger.store import batches

history_sources = Table(
    "history_sources",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("party_id", Text, ForeignKey("parties.id"), nullable=False, unique=True),
    Column("account_id", BigInteger, ForeignKey("accounts.id"), nullable=False, unique=True),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("log_index", BigInteger, nullable=False),
    CheckConstraint("code ~ '^[A-Z][A-Z0-9]{1,11}$'", name="code"),
    info={"history": True},
)

# Whoever holds the pen looks before writing, so nobody can run into these constraints.
REFUSALS: Final[Mapping[str, type[RegistryError]]] = {}


@dataclass(frozen=True, slots=True)
class Source:
    """A registry whose history is taken over."""

    code: str
    name: str
    party_id: str
    account_id: int
    opened_at: datetime
    log_index: int


class TakenOver(NamedTuple):
    """A block that came from a source."""

    batch_id: int
    serial_prefix: str
    project_code: str
    vintage: int
    credits: int


async def find_source(connection: AsyncConnection, code: str) -> Source | None:
    """Return a source; None: nothing was ever taken over from it."""
    query = select(history_sources).where(history_sources.c.code == code)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    return Source(row.code, row.name, row.party_id, row.account_id, row.opened_at, row.log_index)


async def insert_source(connection: AsyncConnection, source: Source) -> None:
    """Keep a new source."""
    await connection.execute(
        insert(history_sources).values(
            code=source.code,
            name=source.name,
            party_id=source.party_id,
            account_id=source.account_id,
            opened_at=source.opened_at,
            log_index=source.log_index,
        )
    )


async def get_credits_taken(
    connection: AsyncConnection, *, source_code: str, project_code: str, vintage: int
) -> int:
    """Return how many credits of a project's vintage earlier commits took over."""
    query = select(func.coalesce(func.sum(batches.c.credits), 0)).where(
        batches.c.project_code == project_code,
        batches.c.id.between(*batch_ids_of(vintage)),
        batches.c.programme_code == source_code,
    )
    return int((await connection.execute(query)).scalar_one())


async def list_blocks(
    connection: AsyncConnection, *, source_code: str, after: int, limit: int
) -> list[TakenOver]:
    """List what came from a source by batch id, those after ``after``."""
    columns = batches.c
    along = (columns.programme_code, columns.id)
    query = (
        select(
            columns.id,
            columns.serial_prefix,
            columns.project_code,
            columns.vintage,
            columns.credits,
        )
        .where(between(along, (source_code, after), (source_code, INDEX_END)))
        .order_by(*along)
        .limit(rows(limit))
    )
    return [TakenOver(*row) for row in await connection.execute(query)]
