"""
One commit: load, decide, write, seal, COMMIT; with the pen in hand from the beginning, or ahead of
it.

*Under the pen* the log's head is locked first, so whatever an act reads and writes of its own
stands still. *Ahead* an act that only moves credits is decided on what the committer remembers,
and pen, checks, writes and COMMIT are one statement in one round trip; where another process wrote
in between, the database finds the log at another size, and nothing has happened.

In either there is exactly one line after which the acts have happened. What fails before it
certainly did not happen (`RolledBackError`); of what fails in it nothing is known
(`OutcomeUnknownError`), and only the same idempotency key can find out.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncTransaction

from app.entry.acts import Act, Outcome
from app.entry.deciding import Decisions, Place, Refusals, refusal_of
from app.entry.memory import Memory
from app.kernel.db import driver, sqlstate_of
from app.kernel.errors import BusyError, RegistryError
from app.kernel.failpoints import failpoint
from app.registry import commit
from app.registry.commit import Composed, NewAnswer
from app.registry.ledger.book import Book
from app.registry.ledger.store import load_book
from app.registry.log import store as log_store
from app.registry.log.pen import Pen
from app.registry.log.store import Head
from app.registry.notices.operations import tell


class OutcomeUnknownError(BusyError):
    """The connection was lost while committing: it is not known whether the act was done."""

    code = "outcome_unknown"
    number = 1603
    title_th = "การเชื่อมต่อขาดระหว่างบันทึก ยังไม่ทราบผล"
    advice = (
        "Send the same request with the same Idempotency-Key: it is done once, and you get its "
        "reply."
    )
    advice_th = "โปรดส่งคำขอเดิมด้วย Idempotency-Key เดิม การดำเนินการจะเกิดเพียงครั้งเดียวและท่านจะได้รับผล"


class RolledBackError(Exception):
    """The commit certainly did not happen; ``cause`` says why."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Decided:
    """A commit that was decided ahead and is ready to be written."""

    decisions: Decisions
    composed: Composed
    book: Book  # that it was decided in: void where it was given up since


@dataclass(slots=True)
class Attempt:
    """One commit for the acts that have arrived together."""

    connection: AsyncConnection
    memory: Memory
    refusals: Refusals
    now: Callable[[], datetime]
    # Tells whether the server gave up waiting for its standby during the commit: committed here,
    # but gone after a failover, so neither done nor undone.
    standby_was_given_up: Callable[[], bool]

    async def under_pen(self, acts: Sequence[Act[Any]]) -> list[Outcome | RegistryError]:
        """
        Commit acts, in order of arrival, with the pen in hand.

        Returns:
            Each act's own outcome; a refused act has changed nothing and disturbed nobody.

        Raises:
            RolledBackError: nothing happened.
            OutcomeUnknownError: it is not known whether it happened.
        """
        transaction = await _before_commit(self.connection.begin())
        try:
            head = await log_store.lock_head(self.connection)
            await self.memory.catch_up(self.connection, head)
            decisions, composed = await self._decide(self.connection, head, acts)
            if decisions.writes:
                await commit.write(self.connection, composed)
                # In the same transaction: who is told, is told of what has happened. What is
                # written ahead of the pen moves credits at once, and nobody is told of that.
                await tell(self.connection, decisions.pen.records, now=decisions.pen.now)
                failpoint("commit_written")
        except Exception as error:
            self.memory.lose()
            await _before_commit(transaction.rollback())
            raise RolledBackError(error) from error
        if decisions.writes:
            await self._commit(transaction)
        else:
            await _before_commit(transaction.rollback())
        self.memory.head = composed.head
        self.memory.tidy()
        return decisions.outcomes

    async def _commit(self, transaction: AsyncTransaction) -> None:
        try:
            await transaction.commit()  # the one line after which it happened
        except Exception as error:
            self.memory.lose()
            if sqlstate_of(error)[:2] in {"23", "40"}:
                # The server has rolled back; the connection must hear of it before it begins again.
                await _before_commit(transaction.rollback())
                raise RolledBackError(error) from error
            raise OutcomeUnknownError from error
        self._say_committed()

    async def decide_ahead(
        self, reads: AsyncConnection, acts: Sequence[Act[Any]], flying: Mapping[Place, NewAnswer]
    ) -> "Decided":
        """
        Decide acts that only move credits before the pen is taken, on what is remembered.

        Args:
            reads: a connection that commits each statement, for what is not remembered.
            acts: acts that may be decided ahead, in order of arrival.
            flying: answers of the commit before, which is still being written.

        Raises:
            RolledBackError: it could not be decided, and nothing happened.
        """
        memory = self.memory
        head, book = memory.head, memory.book
        assert head is not None
        try:
            decisions, composed = await self._decide(reads, head, acts, flying)
        except Exception as error:
            memory.lose()
            raise RolledBackError(error) from error
        if memory.book is book:  # or the commit before has failed meanwhile, and this is in vain
            memory.head = composed.head
        return Decided(decisions, composed, book)

    async def write_ahead(self, decided: "Decided") -> list[Outcome | RegistryError]:
        """
        Write what was decided ahead, if the log still is what it was decided on.

        Returns:
            Each act's own outcome, proven by the log's size: it was what they were decided on when
            they were written, or when the last of them was refused.

        Raises:
            As `under_pen`.
        """
        assert not driver(self.connection).is_in_transaction()
        try:
            # The one line after which it happened; where there is nothing to write, it only makes
            # sure that nobody else has written what the refusals did not know of.
            await commit.write(self.connection, decided.composed)
        except Exception as error:
            self.memory.lose()
            if sqlstate_of(error)[:2] in {"23", "40", "P0"}:
                raise RolledBackError(error) from error
            raise OutcomeUnknownError from error
        self._say_committed()
        return decided.decisions.outcomes

    async def _decide(
        self,
        connection: AsyncConnection,
        head: Head,
        acts: Sequence[Act[Any]],
        flying: Mapping[Place, NewAnswer] = MappingProxyType({}),
    ) -> tuple[Decisions, Composed]:
        # Times in the log never run backwards, even when the machine's clock does.
        pen = Pen(connection, max(self.now(), head.recorded_at), head.size)
        book = self.memory.book
        pen.lend(book)
        decisions = Decisions(pen, self.refusals, flying)
        await decisions.decide_all(acts)
        composed = commit.compose(
            head,
            pen,
            book.turn_page(),
            answers=list(decisions.answers.values()),
            replayed=decisions.replayed,
        )
        failpoint("commit_decided")
        return decisions, composed

    def _say_committed(self) -> None:
        failpoint("commit_committed")
        if self.standby_was_given_up():
            self.memory.lose()
            raise OutcomeUnknownError


async def try_out(
    connection: AsyncConnection, act: Act[Any], *, now: datetime, refusals: Refusals
) -> Outcome:
    """
    Decide an act without the pen, and take everything back: what would happen if it came now.

    Raises:
        RegistryError: it would be refused.
    """
    async with connection.begin() as transaction:
        head = await log_store.get_head(connection)
        pen = Pen(connection, max(now, head.recorded_at), head.size)
        book = Book()
        pen.lend(book)
        await load_book(connection, book, act.touches or ())
        try:
            return Outcome(act.present(await act.operation(pen)))
        except DBAPIError as error:
            refusal = refusal_of(error, refusals)
            if refusal is None:
                raise
            raise refusal from error
        finally:
            await transaction.rollback()


async def _before_commit(step: Awaitable[Any]) -> Any:  # noqa: ANN401  a transaction, or nothing
    """Take a step that cannot have committed anything, however it ends."""
    try:
        return await step
    except Exception as error:
        raise RolledBackError(error) from error
