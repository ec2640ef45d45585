"""On which terms one person transfers at once: dated rules and the calendar, kept at hand."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from app.entry.gathering import Gathering
from app.entry.identity import AGE_S_MAX
from app.kernel import clock
from app.kernel.db import reading
from app.registry.ledger.terms import Terms
from app.registry.transfers.operations import get_terms

_Known = tuple[Terms | None]  # so that "there are none" is something that is known


class PresentTerms:
    """The terms of the present day, never older than `AGE_S_MAX`."""

    def __init__(self, reads: AsyncEngine, *, now: Callable[[], datetime] = clock.now) -> None:
        self._reads = reads
        self._now = now
        self._gathering = Gathering(self._read)
        self._terms: Terms | None = None
        self._good_until_s = 0.0  # on the loop's clock

    async def now(self) -> Terms | None:
        """
        Return the terms; None: transfers are not governed.

        What was read before midnight opens no hours after it.

        Raises:
            RuleMissingError, CalendarYearMissingError: nobody has said when they are open.
        """
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._good_until_s:
            known = await self._gathering.ask("terms")
            assert known is not None
            # As old as the question, at most.
            self._terms, self._good_until_s = known[0], now_s + AGE_S_MAX
        return self._terms

    async def _read(self, asked: Sequence[str]) -> Mapping[str, _Known]:
        async with reading(self._reads) as connection:
            terms = await get_terms(connection, clock.bangkok_date(self._now()))
        return dict.fromkeys(asked, (terms,))
