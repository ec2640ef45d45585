"""Rows written past the operations, to see that the database itself refuses what must never be."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import constraint_of, make_engine


@asynccontextmanager
async def writing(database_url: str) -> AsyncIterator[AsyncConnection]:
    """Open a transaction with the application's role; it is rolled back."""
    engine = make_engine(database_url, connections_max=1)
    try:
        async with engine.connect() as connection, connection.begin() as transaction:
            yield connection
            await transaction.rollback()
    finally:
        await engine.dispose()


async def violates(connection: AsyncConnection, statement: Executable, constraint: str) -> None:
    """Assert that a statement runs into a constraint; the transaction goes on without it."""
    with pytest.raises(DBAPIError) as failure:
        async with connection.begin_nested():
            await connection.execute(statement)
    assert constraint_of(failure.value) == constraint
