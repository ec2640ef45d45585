"""What credits may be retired for: a dated rule of the registry, kept at hand."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy.ext.asyncio import AsyncEngine

from app.entry.gathering import Gathering
from app.entry.identity import AGE_S_MAX
from app.kernel.db import glancing
from app.registry.programmes.rules import RuleKey, list_of
from app.registry.programmes.store import get_rule


class Purposes:
    """The purpose codes in use on a day, never older than `AGE_S_MAX`."""

    def __init__(self, reads: AsyncEngine) -> None:
        self._reads = reads
        self._gathering = Gathering(self._read)
        self._day = date.min
        self._codes: tuple[str, ...] = ()
        self._read_at_s = 0.0  # on the loop's clock

    async def on(self, day: date) -> tuple[str, ...]:
        """
        Return the codes in use on a day.

        Raises:
            RuleMissingError: the registry has no such rule on that day.
        """
        now_s = asyncio.get_running_loop().time()
        if day != self._day or now_s - self._read_at_s >= AGE_S_MAX:
            codes = await self._gathering.ask(day)
            assert codes is not None
            # As old as the question, at most.
            self._day, self._codes, self._read_at_s = day, codes, now_s
        return self._codes

    async def _read(self, days: Sequence[date]) -> Mapping[date, tuple[str, ...]]:
        found = {}
        for day in days:
            async with glancing(self._reads) as connection:
                rule = await get_rule(
                    connection, programme_code=None, key=RuleKey.RETIREMENT_PURPOSES, on=day
                )
            found[day] = list_of(rule)
        return found
