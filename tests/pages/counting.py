"""What a page costs, counted: calls of the API and statements of SQL, whatever else runs beside."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

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
    cost, ordinary = Cost(), Client._call

    async def call(client: Client, *how: Any) -> Answer:  # noqa: ANN401  as it is
        if (mine := _COUNTED.get()) is not None:
            mine.calls += 1
        return await ordinary(client, *how)

    Client._call = call  # type: ignore[assignment,method-assign]
    event.listen(Engine, "before_cursor_execute", _count_statement)
    outside = _COUNTED.set(cost)
    try:
        yield cost
    finally:
        _COUNTED.reset(outside)
        event.remove(Engine, "before_cursor_execute", _count_statement)
        Client._call = ordinary  # type: ignore[method-assign]
