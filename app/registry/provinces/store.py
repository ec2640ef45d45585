"""Provinces in the database: entered by the migration, then only read."""

from typing import Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    Integer,
    Row,
    Table,
    Text,
    bindparam,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import metadata
from app.kernel.statements import Statement
from app.registry.provinces.rules import Province, ProvinceNotFoundError

provinces: Final = Table(
    "provinces",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name_th", Text, nullable=False, unique=True),
    Column("name_en", Text, nullable=False, unique=True),
    Column("region", Text, nullable=False),
    # Collation C: the key is made to be compared by code point, whatever the database's language
    # is.
    Column("sort_key", Text(collation="C"), nullable=False, unique=True),
    CheckConstraint("code ~ '^([1-8][0-9]|9[0-6])$'", name="code_form"),
    # Nothing in the service changes a province; a new one comes with a migration.
    info={"history": True},
)


async def get_province(connection: AsyncConnection, code: str) -> Province:
    """
    Return the province with a code.

    Raises:
        ProvinceNotFoundError: there is none.
    """
    found = (
        await connection.execute(select(provinces).where(provinces.c.code == code))
    ).one_or_none()
    if found is None:
        raise ProvinceNotFoundError(province=code)
    return _province(found)


async def list_provinces(
    connection: AsyncConnection, *, limit: int = 100, after: str | None = None
) -> tuple[Province, ...]:
    """List provinces by code, those after a code."""
    query = select(provinces).order_by(provinces.c.code).limit(limit)
    if after is not None:
        query = query.where(provinces.c.code > after)
    return tuple(_province(row) for row in await connection.execute(query))


async def list_provinces_in_thai_order(
    connection: AsyncConnection, *, limit: int = 100, after: tuple[str, str] | None = None
) -> tuple[Province, ...]:
    """List provinces in the order of a Thai dictionary, those after a sort key and code."""
    if after is None:
        return tuple(_province(row) for row in await _FIRST.rows(connection, limit=limit))
    place = tuple_(provinces.c.sort_key, provinces.c.code)
    query = select(provinces).order_by(provinces.c.sort_key, provinces.c.code).limit(limit)
    found = await connection.execute(query.where(place > after))
    return tuple(_province(row) for row in found)


def _province(row: Row[tuple[str, ...]]) -> Province:
    return Province(row.code, row.name_th, row.name_en, row.region, row.sort_key)


_FIRST: Final = Statement(
    select(provinces)
    .order_by(provinces.c.sort_key, provinces.c.code)
    .limit(bindparam("limit", type_=Integer))
)
