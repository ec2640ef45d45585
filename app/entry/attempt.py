"""
One commit: take the pen, load, decide, write, seal, COMMIT.

There is exactly one line after which the acts have happened: the commit in `Attempt._commit`. What
fails before it certainly did not happen (`RolledBackError`); of what fails in it nothing is known
(`OutcomeUnknownError`), and only the same idempotency key can find out.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncTransaction

from app.entry.acts import Act, Idempotency, Outcome, Reply
from app.kernel.db import constraint_of, sqlstate_of
from app.kernel.errors import BusyError, ConflictError, GoneError, RegistryError
from app.kernel.failpoints import failpoint
from app.registry import commit
from app.registry.commit import NewAnswer
from app.registry.ledger.book import Book
from app.registry.ledger.store import load_book
from app.registry.log import store as log_store
from app.registry.log.pen import Pen
from app.registry.log.store import Answer, Head

Refusals = Mapping[str, type[RegistryError]]


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


class KeyReusedError(ConflictError):
    """This Idempotency-Key was used for another request."""

    code = "idempotency_key_reused"
    number = 1604
    title_th = "Idempotency-Key นี้ถูกใช้กับคำขออื่นแล้ว"
    advice = (
        "Nothing was done now. Use a new key for a new request, and an old one only to repeat its "
        "own."
    )
    advice_th = "ยังไม่มีการดำเนินการใด โปรดใช้คีย์ใหม่สำหรับคำขอใหม่ และใช้คีย์เดิมเฉพาะการส่งซ้ำ"


class AnswerErasedError(GoneError):
    """This request was done, and its reply was erased with a person's data."""

    code = "answer_erased"
    number = 1605
    title_th = "คำขอนี้ดำเนินการแล้ว แต่คำตอบถูกลบไปพร้อมกับข้อมูลส่วนบุคคล"
    advice = "Nothing was done now. Read what it did at its own address; use a new key to do more."
    advice_th = "ยังไม่มีการดำเนินการใดในครั้งนี้ โปรดอ่านผลที่ที่อยู่ของรายการนั้น และใช้คีย์ใหม่สำหรับคำขอใหม่"


class RolledBackError(Exception):
    """The commit certainly did not happen; ``cause`` says why."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


def refusal_of(error: Exception, refusals: Refusals) -> RegistryError | None:
    """
    Return what an error refuses, be it a rule or a constraint with a name; None: it is neither.
    """
    if isinstance(error, RegistryError):
        return error
    refusal = refusals.get(constraint_of(error) or "")
    return None if refusal is None else refusal()


@dataclass(slots=True)
class _Progress:
    """What a commit has come to: its pen, what is answered, what is to be written."""

    head: Head
    pen: Pen
    given: Mapping[tuple[str, str], Answer]  # answers of earlier commits
    outcomes: list[Outcome | RegistryError] = field(default_factory=list)
    answers: dict[tuple[str, str], NewAnswer] = field(default_factory=dict)
    replayed: list[tuple[str, str]] = field(default_factory=list)

    @property
    def writes(self) -> bool:
        """Whether there is anything to commit."""
        return bool(self.pen.records or self.answers or self.replayed)


@dataclass(slots=True)
class Attempt:
    """One transaction for the acts that have arrived together."""

    connection: AsyncConnection
    refusals: Refusals
    now: Callable[[], datetime]
    # Tells whether the server gave up waiting for its standby during the commit: committed here,
    # but gone after a failover, so neither done nor undone.
    standby_was_given_up: Callable[[], bool]

    async def run(self, acts: Sequence[Act[Any]]) -> list[Outcome | RegistryError]:
        """
        Commit acts, in order of arrival.

        Returns:
            Each act's own outcome; a refused act has changed nothing and disturbed nobody.

        Raises:
            RolledBackError: nothing happened.
            OutcomeUnknownError: it is not known whether it happened.
        """
        transaction = await _before_commit(self.connection.begin())
        try:
            progress = await self._decide_all(acts)
            failpoint("commit_decided")
            if progress.writes:
                await commit.write(
                    self.connection,
                    progress.pen,
                    progress.head,
                    answers=list(progress.answers.values()),
                    replayed=progress.replayed,
                )
                failpoint("commit_written")
        except Exception as error:
            await _before_commit(transaction.rollback())
            raise RolledBackError(error) from error
        if progress.writes:
            await self._commit(transaction)
        else:
            await _before_commit(transaction.rollback())
        return progress.outcomes

    async def _commit(self, transaction: AsyncTransaction) -> None:
        try:
            await transaction.commit()  # the one line after which it happened
        except Exception as error:
            if sqlstate_of(error)[:2] in {"23", "40"}:
                # The server has rolled back; the connection must hear of it before it begins again.
                await _before_commit(transaction.rollback())
                raise RolledBackError(error) from error
            raise OutcomeUnknownError from error
        failpoint("commit_committed")
        if self.standby_was_given_up():
            raise OutcomeUnknownError

    async def _decide_all(self, acts: Sequence[Act[Any]]) -> _Progress:
        head = await log_store.lock_head(self.connection)
        # Times in the log never run backwards, even when the machine's clock does.
        pen = Pen(self.connection, max(self.now(), head.recorded_at), head.size)
        book = Book()
        pen.lend(book)
        keys = {(a.idempotency.scope, a.idempotency.key) for a in acts if a.idempotency is not None}
        progress = _Progress(head, pen, await log_store.list_answers(self.connection, list(keys)))
        await load_book(self.connection, book, [a.touches for a in acts if a.touches is not None])
        for act in acts:
            progress.outcomes.append(await self._decide(progress, act))
        return progress

    async def _decide(self, progress: _Progress, act: Act[Any]) -> Outcome | RegistryError:
        """Let one act decide; one that is refused leaves no trace."""
        asked = act.idempotency
        earlier = None if asked is None else _earlier(progress, asked)
        if earlier is not None:
            return earlier
        records, book = progress.pen.records, progress.pen.take(Book)
        recorded, changed = len(records), book.changes()
        try:
            reply = await self._operate(progress.pen, act)
        except (RegistryError, DBAPIError) as error:
            refusal = refusal_of(error, self.refusals)
            if refusal is None or book.changes() != changed:
                raise  # not to be undone here: the whole commit goes back, its acts go one by one
            del records[recorded:]
            return refusal
        if asked is not None:
            kept = Answer(asked.fingerprint, reply.status, reply.location, reply.etag, reply.body)
            progress.answers[asked.scope, asked.key] = NewAnswer(asked.scope, asked.key, kept)
        return Outcome(reply)

    async def _operate(self, pen: Pen, act: Act[Any]) -> Reply:
        if act.touches is not None:
            return act.present(await act.operation(pen))
        # An act that writes rows of its own does so under a savepoint, so that it can be refused
        # alone, be it by what presents it.
        async with self.connection.begin_nested():
            return act.present(await act.operation(pen))


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
        pen.lend(Book())
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


def _earlier(progress: _Progress, asked: Idempotency) -> Outcome | RegistryError | None:
    """
    Return the answer that a key already has: of an earlier commit, or of an act before this one.
    """
    place = (asked.scope, asked.key)
    fresh = progress.answers.get(place)
    answer = fresh.answer if fresh is not None else progress.given.get(place)
    if answer is None:
        return None
    if answer.body is None:
        progress.replayed.append(place)
        return AnswerErasedError()
    if answer.fingerprint != asked.fingerprint:
        return KeyReusedError()
    progress.replayed.append(place)
    return Outcome(Reply(answer.status, answer.body, answer.location, answer.etag), replayed=True)
