"""Lists that are read a page at a time, along an index, in bounded time whatever is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import BigInteger, ColumnElement, Text, and_, literal, literal_column, tuple_

INDEX_END: Final = 2**62  # above every number that anything has
IDS_END: Final = "~"  # after every identifier

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Found(Generic[Row]):
    """
    Some rows of a list, and where to go on.

    They may be fewer than asked for, or none, and yet not all: only so much is looked through at a
    time, else somebody who asks for what is nowhere would have a whole table read.
    """

    rows: list[Row]
    after: tuple[int, ...] | None  # the last place looked at; None: there is no more


def between(
    columns: Sequence[ColumnElement[Any]], low: Sequence[object], high: Sequence[object]
) -> ColumnElement[bool]:
    """
    Return the condition that rows lie between two places of an index, neither of them included.

    Where both places begin with the same key, it is that key's rows: as "key = …", but so that only
    this index gives their order. With an equality, the planner may find the key so frequent that it
    takes another index in the wanted order and looks for the key along it; where there are none of
    it, that is the whole table.

    Args:
        columns: the index's first ones.
        low: what they are greater than; whole numbers, text, or columns of another table.
        high: what they are less than.
    """
    row = tuple_(*columns)
    return and_(row > tuple_(*map(_placed, low)), row < tuple_(*map(_placed, high)))


def rows(count: int) -> ColumnElement[int]:
    """
    Return a limit as part of the statement.

    Given as a parameter, the planner of a statement that is kept expects a tenth of all there is,
    and reads the whole table for it.
    """
    return literal_column(str(int(count)))


def _placed(value: object) -> ColumnElement[Any]:
    if isinstance(value, ColumnElement):
        return value
    # A place may come from outside: a narrower number could overflow.
    return literal(value, Text() if isinstance(value, str) else BigInteger())
