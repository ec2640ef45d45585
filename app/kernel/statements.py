"""
Statements that are always the same but for what they ask with: put together once, run often.

To put a statement together, to look it up by its shape and to wrap its rows costs ten times what
the driver needs to run it. These are written like all others, and are given to the driver as text
that it prepares once.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from asyncpg import Record
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ClauseElement, TextClause
from sqlalchemy.sql.selectable import Select

from app.kernel.db import driver


class Row(Record):  # type: ignore[misc]
    """A row whose values are found by name, as attributes too."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        """Return a value."""
        return self[name]

    @property
    def _mapping(self) -> "Row":
        return self


class _Copied(dict[str, Any]):
    """The same of a row that SQLAlchemy has read."""

    __getattr__ = dict.__getitem__

    @property
    def _mapping(self) -> "_Copied":
        return self


class Statement:
    """A statement that reads, with a place for each thing that it asks with (``bindparam``)."""

    def __init__(self, query: Select[Any] | TextClause) -> None:
        """
        Prepare; its text is made when it is first run.

        Args:
            query: columns of plain types: nothing that SQLAlchemy turns into something else, as it
                does with JSON.
        """
        self._query: Any = query

    async def rows(self, connection: AsyncConnection, **asked: object) -> Sequence[Any]:
        """
        Return its rows, whose values are found by name, as attributes or items.

        Args:
            connection: where to read.
            asked: a value for each place.
        """
        if connection.in_transaction():
            direct = driver(connection)
            if direct.is_in_transaction():
                text, names, fixed = self._compiled
                values = [asked[name] if name in asked else fixed[name] for name in names]
                found: Sequence[Any] = await direct.fetch(text, *values, record_class=Row)
                return found
        # SQLAlchemy begins its transaction with the first statement that it is given.
        result = await connection.execute(self._query, asked)
        return [_Copied(row) for row in result.mappings()]

    @cached_property
    def _compiled(self) -> tuple[str, Sequence[str], dict[str, Any]]:
        query: ClauseElement = self._query
        compiled: Any = query.compile(dialect=PGDialect_asyncpg())  # type: ignore[no-untyped-call]
        empty = {name: None for name, place in compiled.binds.items() if place.required}
        # Lists that are part of the statement are written out in it.
        whole = compiled.construct_expanded_state(empty)
        return whole.statement, whole.positiontup or (), whole.parameters
