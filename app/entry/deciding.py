"""
Deciding the acts of a commit, in order of arrival: each sees the effects of those before it.

It is the same whether the pen is in hand or not; what holds in the end is for the commit to check
(`app.entry.attempt`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import DBAPIError

from app.entry.acts import Act, Idempotency, Outcome, Reply
from app.kernel.db import constraint_of
from app.kernel.errors import ConflictError, GoneError, RegistryError
from app.registry.commit import NewAnswer
from app.registry.ledger.book import Book
from app.registry.ledger.store import load_book
from app.registry.log import store as log_store
from app.registry.log.pen import Pen
from app.registry.log.store import Answer

Refusals = Mapping[str, type[RegistryError]]
Place = tuple[str, str]  # scope and key of an answer


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


def refusal_of(error: Exception, refusals: Refusals) -> RegistryError | None:
    """
    Return what an error refuses, be it a rule or a constraint with a name; None: it is neither.
    """
    if isinstance(error, RegistryError):
        return error
    refusal = refusals.get(constraint_of(error) or "")
    return None if refusal is None else refusal()


@dataclass(slots=True)
class Decisions:
    """What the acts of a commit have come to: what is answered, what is to be written."""

    pen: Pen
    refusals: Refusals
    flying: Mapping[Place, NewAnswer]  # answers of the commit before, where it is still written
    given: Mapping[Place, Answer] = field(default_factory=dict)  # of earlier commits
    outcomes: list[Outcome | RegistryError] = field(default_factory=list)
    answers: dict[Place, NewAnswer] = field(default_factory=dict)
    replayed: list[Place] = field(default_factory=list)

    @property
    def writes(self) -> bool:
        """Whether there is anything to commit."""
        return bool(self.pen.records or self.answers or self.replayed)

    async def decide_all(self, acts: Sequence[Act[Any]]) -> None:
        """Load what acts touch, at once, and let each of them decide."""
        keys = {(a.idempotency.scope, a.idempotency.key) for a in acts if a.idempotency is not None}
        self.given = await log_store.list_answers(self.pen.connection, list(keys))
        touched = [touch for act in acts for touch in act.touches or ()]
        await load_book(self.pen.connection, self.pen.take(Book), touched)
        for act in acts:
            self.outcomes.append(await self._decide(act))

    async def _decide(self, act: Act[Any]) -> Outcome | RegistryError:
        """Let one act decide; one that is refused leaves no trace."""
        asked = act.idempotency
        earlier = None if asked is None else self._earlier(asked)
        if earlier is not None:
            return earlier
        records, book = self.pen.records, self.pen.take(Book)
        recorded, changed, mark = len(records), book.page.changes(), book.mark()
        try:
            reply = await self._operate(act)
        except (RegistryError, DBAPIError) as error:
            refusal = refusal_of(error, self.refusals)
            if refusal is None:
                raise
            if book.page.changes() != changed:
                if act.touches is None:
                    raise  # rows and credits: the whole commit goes back, its acts go one by one
                book.rewind(mark)
            del records[recorded:]
            return refusal
        if asked is not None:
            kept = Answer(asked.fingerprint, reply.status, reply.location, reply.etag, reply.body)
            self.answers[asked.scope, asked.key] = NewAnswer(asked.scope, asked.key, kept)
        return Outcome(reply)

    async def _operate(self, act: Act[Any]) -> Reply:
        if act.touches is not None:
            return act.present(await act.operation(self.pen))
        # An act that writes rows of its own does so under a savepoint, so that it can be refused
        # alone, be it by what presents it.
        async with self.pen.connection.begin_nested():
            return act.present(await act.operation(self.pen))

    def _earlier(self, asked: Idempotency) -> Outcome | RegistryError | None:
        """
        Return the answer that a key already has: of an earlier commit, or of an act before this
        one.
        """
        place = (asked.scope, asked.key)
        fresh = self.answers.get(place) or self.flying.get(place)
        answer = fresh.answer if fresh is not None else self.given.get(place)
        if answer is None:
            return None
        if answer.body is None:
            self.replayed.append(place)
            return AnswerErasedError()
        if answer.fingerprint != asked.fingerprint:
            return KeyReusedError()
        self.replayed.append(place)
        reply = Reply(answer.status, answer.body, answer.location, answer.etag)
        return Outcome(reply, replayed=True)
