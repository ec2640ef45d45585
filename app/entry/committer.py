"""
The committer: takes the acts that have arrived together through one transaction, and answers each
of them.

The one write path of the registry. While one commit is under way the next acts gather: the commit
in flight is the window, there is no timer, and an act alone is a commit of one. What a commit does
is in `app.entry.attempt`; here is who waits, who is answered, and what is tried again.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.entry.acts import Act, Outcome
from app.entry.attempt import Attempt, OutcomeUnknownError, RolledBackError, try_out
from app.entry.deciding import Refusals, refusal_of
from app.entry.memory import Memory
from app.kernel import clock
from app.kernel.db import connect, driver, sqlstate_of
from app.kernel.errors import BusyError, RegistryError
from app.kernel.outages import gave_up_waiting, is_away

ACTS_PER_COMMIT_MAX: Final = 500  # A commit of this size takes some tens of milliseconds.
ACTS_WAITING_MAX: Final = 10_000  # Beyond some seconds' work, "busy" is kinder than a longer queue.
TRIES_MAX: Final = 3
_RETRY_PAUSE_S: Final = 0.05

_log = structlog.get_logger()


class QueueFullError(BusyError):
    """The registry has more acts waiting than it can take."""

    code = "queue_full"
    number = 1601
    title_th = "มีการดำเนินการรออยู่มากเกินไป"
    advice = "Nothing was done. Send the same request again after the time in Retry-After."
    advice_th = "ยังไม่มีการดำเนินการใด โปรดส่งคำขอเดิมอีกครั้งหลังเวลาที่ระบุใน Retry-After"


class DatabaseAwayError(BusyError):
    """The database does not answer."""

    code = "database_away"
    number = 1602
    title_th = "ฐานข้อมูลไม่ตอบสนอง"
    advice = "Nothing was done. Send the same request again in a while."
    advice_th = "ยังไม่มีการดำเนินการใด โปรดส่งคำขอเดิมอีกครั้งในภายหลัง"


@dataclass(slots=True)
class _Waiting:
    act: Act[Any]
    future: "asyncio.Future[Outcome]"


class Committer:
    """Commits acts, many at a time, each answered by its own outcome."""

    def __init__(
        self,
        engine: AsyncEngine,
        refusals: Refusals,
        *,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        """
        Prepare; nothing is opened before `start`.

        Args:
            engine: connections with the application's role; one is held for writing.
            refusals: which refusal the violation of a named constraint means.
            now: the clock.
        """
        self._engine = engine
        self._refusals = refusals
        self._now = now
        self._queue: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._connection: AsyncConnection | None = None
        self._reads: AsyncConnection | None = None
        self._memory = Memory()
        self._standby_given_up = False

    async def start(self) -> None:
        """Begin to take acts."""
        self._task = asyncio.create_task(self._run(), name="committer")

    async def stop(self) -> None:
        """Finish what is waiting, then close; acts that come later are refused."""
        self._stopping = True
        self._arrived.set()
        if self._task is not None:
            await self._task
        await self._drop_connection()

    async def submit(self, act: Act[Any]) -> Outcome:
        """
        Have an act done; returns when it is committed.

        Raises:
            RegistryError: the act was refused, and nothing was changed.
            QueueFullError, DatabaseAwayError: it was not taken, and nothing was changed.
            OutcomeUnknownError: the connection was lost while committing.
        """
        if act.dry_run:
            connection = await connect(self._engine)
            try:
                return await try_out(connection, act, now=self._now(), refusals=self._refusals)
            finally:
                await connection.close()
        if self._stopping or len(self._queue) >= ACTS_WAITING_MAX:
            raise QueueFullError
        waiting = _Waiting(act, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._arrived.set()
        return await waiting.future

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            batch = self._take()
            if batch:
                await self._serve_or_say_unknown(batch)
            elif self._stopping:
                return
            else:
                self._arrived.clear()

    def _take(self) -> list[_Waiting]:
        """Take what waits; an act whose caller has gone before it was begun is left out."""
        batch: list[_Waiting] = []
        while self._queue and len(batch) < ACTS_PER_COMMIT_MAX:
            waiting = self._queue.popleft()
            if not waiting.future.cancelled():
                batch.append(waiting)
        return batch

    async def _serve_or_say_unknown(self, batch: Sequence[_Waiting]) -> None:
        """Outlive whatever nobody expected: with the one writer gone, every act waits for ever."""
        try:
            await self._serve(batch)
        except (Exception, asyncio.CancelledError) as error:
            _fail(batch, OutcomeUnknownError())
            await self._drop_connection()
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise  # it is the writer that is to end, not an act that gave itself up
            _log.error("commit_failed", exc_info=error)

    async def _serve(self, batch: Sequence[_Waiting]) -> None:
        """
        Commit a batch and answer; where it cannot be committed as a whole, its acts go one by one.
        """
        try:
            _answer(batch, await self._persist([waiting.act for waiting in batch]))
        except OutcomeUnknownError as unknown:
            await self._drop_connection()
            _fail(batch, unknown)
        except RolledBackError as rolled_back:
            failure = rolled_back.cause
            if is_away(failure):
                _log.warning("database_away", error=type(failure).__name__)
                _fail(batch, DatabaseAwayError())
            elif len(batch) > 1:
                for waiting in batch:
                    await self._serve([waiting])
            else:
                _fail(batch, refusal_of(failure, self._refusals) or failure)

    async def _persist(self, acts: Sequence[Act[Any]]) -> list[Outcome | RegistryError]:
        """
        Try to commit, again where that can help: a lost connection, or a decision on a stale read.
        """
        if self._memory.alone and all(act.ahead for act in acts):
            try:
                return await self._attempt_ahead(acts)
            except RolledBackError as rolled_back:
                # Another process has written, or some act is in trouble: pen in hand it will show.
                _log.info("decided_in_vain", acts=len(acts), error=str(rolled_back.cause))
        tries = 1
        while True:
            try:
                return await self._attempt(acts)
            except RolledBackError as rolled_back:
                lost = is_away(rolled_back.cause)
                connection = self._connection
                # One that is left in a transaction would fail every act to come.
                if lost or (connection is not None and connection.in_transaction()):
                    await self._drop_connection()
                stale = sqlstate_of(rolled_back.cause)[:2] in {"40", "55"}
                if tries == TRIES_MAX or not (lost or stale):
                    raise
            await asyncio.sleep(_RETRY_PAUSE_S * tries)
            tries += 1

    async def _attempt_ahead(self, acts: Sequence[Act[Any]]) -> list[Outcome | RegistryError]:
        try:
            connection = await self._get_connection()
            if self._reads is None:
                self._reads = await connect(self._engine)
                await self._reads.execution_options(isolation_level="AUTOCOMMIT")
                await self._reads.get_raw_connection()
        except Exception as error:
            raise RolledBackError(error) from error
        return await self._new_attempt(connection).ahead(self._reads, acts)

    async def _attempt(self, acts: Sequence[Act[Any]]) -> list[Outcome | RegistryError]:
        try:
            connection = await self._get_connection()
        except Exception as error:
            raise RolledBackError(error) from error
        return await self._new_attempt(connection).under_pen(acts)

    def _new_attempt(self, connection: AsyncConnection) -> Attempt:
        self._standby_given_up = False
        return Attempt(
            connection, self._memory, self._refusals, self._now, lambda: self._standby_given_up
        )

    async def _get_connection(self) -> AsyncConnection:
        if self._connection is None:
            connection = await connect(self._engine)
            await connection.get_raw_connection()
            driver(connection).add_log_listener(self._on_notice)
            self._connection = connection
        return self._connection

    def _on_notice(self, _connection: object, notice: object) -> None:
        if gave_up_waiting(notice):
            self._standby_given_up = True

    async def _drop_connection(self) -> None:
        self._memory.lose()
        held = (self._connection, self._reads)
        self._connection = self._reads = None
        for connection in filter(None, held):
            try:
                await connection.invalidate()
                await connection.close()
            except Exception as error:  # noqa: BLE001  it is gone either way
                _log.info("connection_dropped", error=type(error).__name__)


def _answer(batch: Sequence[_Waiting], outcomes: Sequence[Outcome | RegistryError]) -> None:
    for waiting, outcome in zip(batch, outcomes, strict=True):
        if waiting.future.done():
            continue  # its caller has gone; the act is done all the same, and its key will tell
        if isinstance(outcome, Outcome):
            waiting.future.set_result(outcome)
        else:
            waiting.future.set_exception(outcome)


def _fail(batch: Sequence[_Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.future.done():
            waiting.future.set_exception(error)
