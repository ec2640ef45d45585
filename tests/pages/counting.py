"""What a page costs, counted: calls of the API and statements of SQL, whatever else runs beside."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from asyncpg import Connection
from sqlalchemy import event
from sqlalchemy.engine import Engine

from app.entry.pages.answers import Answer
from app.entry.pages.client import Client

_COUNTED: Final[ContextVar["Cost | None"]] = ContextVar("counted", default=None)


@dataclass
class Cost:
    """How often a page asked."""

    calls: int = 0
    statements: int = 0


def _count_statement(*_: object) -> None:
    if (cost := _COUNTED.get()) is not None:
        cost.statements += 1


@contextmanager
def counted() -> Iterator[Cost]:
    """Count what this task, and those that it begins, ask the API and the database for."""
    cost, ordinary, fetch = Cost(), Client._call, Connection.fetch

    async def call(client: Client, *how: Any) -> Answer:  # noqa: ANN401  as it is
        if (mine := _COUNTED.get()) is not None:
            mine.calls += 1
        return await ordinary(client, *how)

    async def count_fetched(connection: Any, *asked: Any, **how: Any) -> Any:  # noqa: ANN401
        _count_statement()
        return await fetch(connection, *asked, **how)

    Connection.fetch = count_fetched
    Client._call = call  # type: ignore[assignment,method-assign]
    event.listen(Engine, "before_cursor_execute", _count_statement)
    outside = _COUNTED.set(cost)
    try:
        yield cost
    finally:
        _COUNTED.reset(outside)
        event.remove(Engine, "before_cursor_execute", _count_statement)
        Connection.fetch = fetch
        Client._call = ordinary  # type: ignore[method-assign]
