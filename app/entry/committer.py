"""
The committer: takes the acts that have arrived together through one transaction, and answers each
of them.

The one write path of the registry. While one commit is written the next acts gather, and those that
only move credits are decided meanwhile: the commit being written is the window, there is no timer,
and an act alone is a commit of one. What a commit does is in `app.entry.attempt`; here is who
waits, who is answered, and what is tried again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.entry.acts import Act, Outcome
from app.entry.attempt import Attempt, Decided, OutcomeUnknownError, RolledBackError, try_out
from app.entry.deciding import Place, Refusals, refusal_of
from app.entry.memory import Memory
from app.entry.waiting import FullError, Queue
from app.kernel import clock
from app.kernel.db import connect, driver, sqlstate_of
from app.kernel.errors import BusyError, RegistryError
from app.kernel.outages import gave_up_waiting, is_away
from app.registry.commit import NewAnswer

ACTS_PER_COMMIT_MAX: Final = 500  # A commit of this size takes some tens of milliseconds.
# While a commit is written, a third as many acts are worth being decided: fewer would make commits
# small, and of more there would be too few to go round while the next ones arrive.
SHARE_WORTH_DECIDING: Final = 3
TRIES_MAX: Final = 3
_RETRY_PAUSE_S: Final = 0.05
_NOTHING: Final[Mapping[Place, NewAnswer]] = MappingProxyType({})

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


_Batch = Sequence[_Waiting]


@dataclass(slots=True)
class _Ready:
    """A commit that was decided ahead, and waits for the one before to be written."""

    batch: _Batch
    attempt: Attempt
    decided: Decided


@dataclass(slots=True)
class _Flight:
    """A commit that was decided ahead and is being written."""

    batch: _Batch
    acts: int  # in all its requests
    answers: Mapping[Place, NewAnswer]
    landing: "asyncio.Task[bool]"  # False: nothing happened, and its acts are to be served again


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
            engine: connections with the application's role; two are held, to write and to read.
            refusals: which refusal the violation of a named constraint means.
            now: the clock.
        """
        self._engine = engine
        self._refusals = refusals
        self._now = now
        self._queue: Queue[_Waiting] = Queue(lambda waiting: waiting.future.done())
        self._stirred = asyncio.Event()  # something arrived, landed, or is to stop
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._connection: AsyncConnection | None = None
        self._reads: AsyncConnection | None = None
        self._memory = Memory()
        self._flight: _Flight | None = None
        self._ready: _Ready | None = None  # to be written when the flight has landed well
        self._standby_given_up = 0  # how often it was

    async def start(self) -> None:
        """Begin to take acts."""
        self._task = asyncio.create_task(self._run(), name="committer")

    async def stop(self) -> None:
        """Finish what is waiting, then close; acts that come later are refused."""
        self._stopping = True
        self._stirred.set()
        if self._task is not None:
            await self._task
        await self._drop_connections()

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
        if self._stopping:
            raise QueueFullError
        waiting = _Waiting(act, asyncio.get_running_loop().create_future())
        try:
            self._queue.put(act.client, waiting, act.weight)
        except FullError as full:
            raise QueueFullError(retry_after_s=full.retry_after_s) from None
        self._stirred.set()
        return await waiting.future

    async def _run(self) -> None:
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            while self._is_time():
                await self._serve(self._queue.take(ACTS_PER_COMMIT_MAX))
            if self._stopping and self._flight is None:
                return

    def _is_time(self) -> bool:
        """Say whether to take what waits, or to look at what has landed."""
        flight = self._flight
        if flight is None or flight.landing.done():
            return flight is not None or self._queue.acts > 0
        return self._ready is None and self._queue.acts * SHARE_WORTH_DECIDING >= flight.acts

    async def _serve(self, batch: _Batch) -> None:
        if not (batch and await self._outliving(batch, self._serve_ahead)):
            await self._land()
            await self._outliving(batch, self._serve_under_pen)

    async def _outliving(self, batch: _Batch, serve: Callable[[_Batch], Awaitable[bool]]) -> bool:
        """Outlive whatever nobody expected: with the one writer gone, every act waits for ever."""
        try:
            return await serve(batch)
        except (Exception, asyncio.CancelledError) as error:
            _fail(batch, OutcomeUnknownError())
            await self._drop_connections()
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise  # it is the writer that is to end, not an act that gave itself up
            _log.error("commit_failed", exc_info=error)
            return True

    async def _serve_ahead(self, batch: _Batch) -> bool:
        """
        Decide a batch while the one before is written, then write it; False where it cannot be so.
        """
        if not all(waiting.act.ahead for waiting in batch):
            return False
        if self._memory.is_full:
            await self._land()  # what is being written must not be forgotten
            self._memory.tidy()
        if not self._memory.alone:
            return False
        acts = [waiting.act for waiting in batch]
        flying = self._flight.answers if self._flight else _NOTHING
        try:
            connection, reads = await self._get_connections()
            attempt = self._new_attempt(connection)
            decided = await attempt.decide_ahead(reads, acts, flying)
        except RolledBackError as rolled_back:
            _log.info("not_decided_ahead", acts=len(acts), error=str(rolled_back.cause))
            if is_away(rolled_back.cause):
                await self._land()
                await self._drop_connections()
            return False
        if self._memory.book is not decided.book:
            return False  # the one before has failed, and with it what this was decided on
        self._ready = _Ready(batch, attempt, decided)
        if self._flight is None or self._flight.landing.done():
            self._launch()
        return True

    def _launch(self) -> None:
        """Have what is ready written."""
        ready, self._ready = self._ready, None
        if ready is None:
            return
        flying = self._outliving(ready.batch, lambda _: self._fly(ready))
        landing = asyncio.create_task(flying, name="commit")
        landing.add_done_callback(lambda _: self._stirred.set())
        acts = sum(waiting.act.weight for waiting in ready.batch)
        self._flight = _Flight(ready.batch, acts, ready.decided.decisions.answers, landing)

    async def _fly(self, ready: _Ready) -> bool:
        """Write what was decided and answer; False where nothing happened."""
        try:
            outcomes = await ready.attempt.write_ahead(ready.decided)
        except RolledBackError as rolled_back:
            # Another process has written, or an act is in trouble: pen in hand it will show.
            _log.info("written_in_vain", acts=len(ready.batch), error=str(rolled_back.cause))
            return False
        except OutcomeUnknownError as unknown:
            await self._drop_connections()
            _fail(ready.batch, unknown)
            return True
        self._launch()  # before anybody is answered: the database would stand still meanwhile
        _answer(ready.batch, outcomes)
        return True

    async def _land(self) -> None:
        """
        Wait for all that is being written; where nothing came of it, its acts are served again, and
        after them those that were decided on top of it.
        """
        while (flight := self._flight) is not None:
            # A writer that is told to end leaves the commit to itself: it cannot be called back.
            done = await asyncio.shield(flight.landing)
            if self._flight is flight:
                self._flight = None
            if not done:
                await self._outliving(flight.batch, self._serve_under_pen)
        ready, self._ready = self._ready, None
        if ready is not None:
            await self._outliving(ready.batch, self._serve_under_pen)

    async def _serve_under_pen(self, batch: _Batch) -> bool:
        """
        Commit a batch and answer; where it cannot be committed as a whole, its acts go one by one.
        """
        if not batch:
            return True
        try:
            _answer(batch, await self._persist([waiting.act for waiting in batch]))
        except OutcomeUnknownError as unknown:
            await self._drop_connections()
            _fail(batch, unknown)
        except RolledBackError as rolled_back:
            failure = rolled_back.cause
            if is_away(failure):
                _log.warning("database_away", error=type(failure).__name__)
                _fail(batch, DatabaseAwayError())
            elif len(batch) > 1:
                for waiting in batch:
                    await self._serve_under_pen([waiting])
            else:
                _fail(batch, refusal_of(failure, self._refusals) or failure)
        return True

    async def _persist(self, acts: Sequence[Act[Any]]) -> list[Outcome | RegistryError]:
        """
        Try to commit, again where that can help: a lost connection, or a decision on a stale read.
        """
        tries = 1
        while True:
            try:
                connection, _ = await self._get_connections()
                return await self._new_attempt(connection).under_pen(acts)
            except RolledBackError as rolled_back:
                lost = is_away(rolled_back.cause)
                connection_held = self._connection
                # One that is left in a transaction would fail every act to come.
                if lost or (connection_held is not None and connection_held.in_transaction()):
                    await self._drop_connections()
                stale = sqlstate_of(rolled_back.cause)[:2] in {"40", "55"}
                if tries == TRIES_MAX or not (lost or stale):
                    raise
            await asyncio.sleep(_RETRY_PAUSE_S * tries)
            tries += 1

    def _new_attempt(self, connection: AsyncConnection) -> Attempt:
        before = self._standby_given_up
        return Attempt(
            connection,
            self._memory,
            self._refusals,
            self._now,
            lambda: self._standby_given_up != before,
        )

    async def _get_connections(self) -> tuple[AsyncConnection, AsyncConnection]:
        """
        Return the connection to write with and the one to read with, opening them where needed.

        Raises:
            RolledBackError: the database does not let us in.
        """
        try:
            if self._connection is None:
                connection = await connect(self._engine)
                await connection.get_raw_connection()
                driver(connection).add_log_listener(self._on_notice)
                self._connection = connection
            if self._reads is None:
                reads = await connect(self._engine)
                await reads.execution_options(isolation_level="AUTOCOMMIT")
                await reads.get_raw_connection()
                self._reads = reads
        except Exception as error:
            raise RolledBackError(error) from error
        return self._connection, self._reads

    def _on_notice(self, _connection: object, notice: object) -> None:
        if gave_up_waiting(notice):
            self._standby_given_up += 1

    async def _drop_connections(self) -> None:
        self._memory.lose()
        held = (self._connection, self._reads)
        self._connection = self._reads = None
        for connection in filter(None, held):
            try:
                await connection.invalidate()
                await connection.close()
            except Exception as error:  # noqa: BLE001  it is gone either way
                _log.info("connection_dropped", error=type(error).__name__)


def _answer(batch: _Batch, outcomes: Sequence[Outcome | RegistryError]) -> None:
    for waiting, outcome in zip(batch, outcomes, strict=True):
        if waiting.future.done():
            continue  # its caller has gone; the act is done all the same, and its key will tell
        if isinstance(outcome, Outcome):
            waiting.future.set_result(outcome)
        else:
            waiting.future.set_exception(outcome)


def _fail(batch: _Batch, error: Exception) -> None:
    for waiting in batch:
        if not waiting.future.done():
            waiting.future.set_exception(error)
