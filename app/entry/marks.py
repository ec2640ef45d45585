"""
What the register is like at a moment, in a few words.

Every change of the register is an act, and every act makes the log longer. So whatever was read of
the register when the log had a head still holds while the log has that head: that is what pages
need to know of what they remember.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import NamedTuple

from app.entry.gathering import Gathering
from app.entry.late_reads import LateReads
from app.kernel import clock
from app.registry.log.store import publication


class Mark(NamedTuple):
    """What all that the public sees is determined by; two that are equal are the same state."""

    size: int  # acts in the log
    root: bytes  # of these: a register that was put back and went on otherwise has another
    published_size: int
    published_at: datetime | None
    day: date  # in Bangkok: rules begin and end with days


class Marks:
    """Reads the mark of now; requests that ask at the same moment are told together."""

    def __init__(self, late: LateReads) -> None:
        """
        Prepare.

        Args:
            late: where visitors read: what they are shown and how old it is come from one place.
        """
        self._late = late
        self._gathered: Gathering[None, Mark] = Gathering(self._read)

    async def present(self) -> Mark:
        """
        Return the mark of the register as visitors read it now; never one older than the question.

        Raises:
            ConnectionError: the database does not answer.
        """
        mark = await self._gathered.ask(None)
        assert mark is not None
        return mark

    async def _read(self, _asked: Collection[None]) -> Mapping[None, Mark]:
        async with self._late.glancing() as connection:
            extent = await publication.get_extent(connection)
        return {None: Mark(*extent, clock.bangkok_date(clock.now()))}
