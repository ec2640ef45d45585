"""
Tables that people take away: CSV of any length, in constant memory.

Each page is read in a snapshot of its own, which ends before the page is sent: somebody who reads
slowly holds no connection to the database, and somebody who leaves ends it with the next page. What
is exported is only ever added to, and an export ends where the log ended when it began; so its
pages, read at different moments, tell what one snapshot would have told.
"""

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, TypeVar

from fastapi import Request
from fastapi.responses import StreamingResponse
from msgspec import to_builtins
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.entry.rates import take_export
from app.kernel.db import reading
from app.kernel.paging import Found

ROWS_PER_PAGE: Final = 1_000  # some megabytes, and some tens of milliseconds
CSV: Final = "text/csv; charset=utf-8"
_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Export(Generic[Row]):
    """What is exported, and how."""

    file_name: str
    header: Sequence[str]
    # Given where to go on from, None at first, and how many rows at most.
    read: Callable[[AsyncConnection, tuple[int, ...] | None, int], Awaitable[Found[Row]]]
    lines: Callable[[Row], Iterable[Iterable[object]]]  # most rows are one line, some are several

    def answer(self, request: Request) -> StreamingResponse:
        """
        Answer a request with it.

        Raises:
            TooOftenError: whoever asks has had too many of them.
        """
        headers = {
            **take_export(request).headers(),
            "Content-Disposition": f'attachment; filename="{self.file_name}"',
        }
        pieces = self.pieces(request.app.state.views)
        return StreamingResponse(pieces, headers=headers, media_type=CSV)

    async def pieces(self, reads: AsyncEngine) -> AsyncIterator[str]:
        """Yield the text, page by page."""
        yield as_csv([self.header])
        after: tuple[int, ...] | None = None
        while True:
            async with reading(reads) as connection:
                page = await self.read(connection, after, ROWS_PER_PAGE)
            if page.rows:
                yield as_csv(line for row in page.rows for line in self.lines(row))
            if page.after is None:
                return
            after = page.after


def as_csv(lines: Iterable[Iterable[object]]) -> str:
    """Return lines as CSV, with nothing in them that a spreadsheet would run."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows([_cell(value) for value in line] for line in lines)
    return buffer.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return to_builtins(value)  # as it is in JSON
    # A name taken over from elsewhere may begin like a formula; a spreadsheet would run it.
    if isinstance(value, str) and value.startswith(_FORMULA_SIGNS):
        return f"'{value}"
    return value
