"""
Makes transfers that were approved and whose moment has come, and lets what nobody approved lapse.

A task of every server, and a command. What is due stands in the database, so nothing is lost with
a process; and whoever comes first does it, because each is an act that looks again, pen in hand.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app.entry.acts import Act, Reply
from app.entry.alongside import alongside
from app.entry.committer import Committer
from app.kernel import clock
from app.kernel.db import glancing
from app.kernel.errors import RegistryError
from app.registry import founding
from app.registry.transfers.operations import Settle, deliver_due
from app.registry.transfers.rules import Proposal
from app.registry.transfers.store import Due, list_due

PAUSE_S: Final = 1.0
AT_ONCE_MAX: Final = 100  # in one turn; the others are due in the next
# What a clock may gain between two looks at it: the drift of its quartz, not a jump.
GAIN_MAX: Final = timedelta(seconds=1)

_log = structlog.get_logger()


class SteadyClock:
    """
    A clock that never runs ahead: it follows a jump back at once, and a jump ahead never.

    Early, a transfer could no longer be aborted by somebody who still has the right to; late, it is
    made all the same. So where the machine's clock jumps ahead it goes on as it was. Who has put a
    clock right that was slow restarts the server.
    """

    def __init__(
        self,
        now: Callable[[], datetime] = clock.now,
        elapsed_s: Callable[[], float] = clock.elapsed_s,
    ) -> None:
        self._now = now
        self._elapsed_s = elapsed_s
        self._seen = now()
        self._seen_at_s = elapsed_s()
        self._is_doubted = False

    def moment(self) -> datetime:
        """Return the latest moment that has certainly come, as far as this machine knows."""
        shown, at_s = self._now(), self._elapsed_s()
        expected = self._seen + timedelta(seconds=at_s - self._seen_at_s)
        is_ahead = shown > expected + GAIN_MAX
        if is_ahead != self._is_doubted:
            self._is_doubted = is_ahead
            _log.warning("clock_ahead" if is_ahead else "clock_right_again", shown=str(shown))
        if abs(shown - expected) <= GAIN_MAX:
            self._seen, self._seen_at_s = shown, at_s
        return expected if is_ahead else shown


class Deliverer:
    """Does what falls due, as long as it runs."""

    def __init__(
        self, reads: AsyncEngine, committer: Committer, steady: SteadyClock | None = None
    ) -> None:
        """
        Prepare.

        Args:
            reads: connections to look for what is due, one statement at a time.
            committer: does it.
            steady: tells the time; made anew where none is given.
        """
        self._reads = reads
        self._committer = committer
        self._clock = steady or SteadyClock()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look once a second, as long as the context lasts; what is under way then is finished."""
        async with alongside(self._run(), "deliverer"):
            yield

    async def deliver(self) -> list[Proposal]:
        """
        Do what is due now, as far as `AT_ONCE_MAX` reaches.

        Returns:
            What became of it; without what somebody else has done meanwhile.

        Raises:
            ConnectionError: the database is away. Others are logged, and tried again next time.
        """
        async with glancing(self._reads) as connection:
            due = await list_due(connection, self._clock.moment(), limit=AT_ONCE_MAX)
        settled = await asyncio.gather(*map(self._settle, due))
        return [proposal for proposal in settled if proposal is not None]

    async def _run(self) -> None:
        while True:
            try:
                await self.deliver()
            except Exception as error:  # noqa: BLE001  whatever it is, the next turn tries again
                _log.warning("not_delivered", error=type(error).__name__)
            await asyncio.sleep(PAUSE_S)

    async def _settle(self, due: Due) -> Proposal | None:
        done: list[Proposal | None] = [None]

        def keep(settled: Proposal | None) -> Reply:
            # It is decided again where a commit has to be tried again; the last time counts.
            done[0] = settled
            return Reply(204, b"")

        command = Settle(due.proposal_id, due.moment)
        act = Act(founding.REGISTRY, lambda pen: deliver_due(pen, command), keep)
        try:
            await self._committer.submit(act)
        except RegistryError as refusal:
            _log.warning("not_settled", proposal=due.proposal_id, code=refusal.code)
            return None
        except Exception as error:  # noqa: BLE001  one that fails must not stop the others
            _log.error("not_settled", proposal=due.proposal_id, exc_info=error)
            return None
        settled = done[0]
        if settled is not None:
            _log.info("settled", proposal=settled.id, state=settled.state.value)
        return settled
