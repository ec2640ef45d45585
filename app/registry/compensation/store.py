"""Cases and their steps in the database."""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Row,
    Select,
    Table,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import metadata
from app.kernel.errors import RegistryError
from app.kernel.paging import IDS_END, between, rows
from app.registry.compensation.refusals import (
    CaseNotFoundError,
    CaseOverOwedError,
)
from app.registry.compensation.rules import Case, CaseState, Step, StepKind
from app.registry.log.store import log_salts
from app.registry.orders.rules import CaseKind
from app.registry.orders.store import orders

cases: Final = Table(
    "cases",
    metadata,
    Column("id", Text, ForeignKey("orders.id"), primary_key=True),  # the order that opened it
    Column("issuance_id", Text, ForeignKey("issuances.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("credits", BigInteger, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("log_index", BigInteger, nullable=False, unique=True),
    CheckConstraint("kind IN ('over_issuance', 'reversal')", name="kind"),
    CheckConstraint("credits > 0", name="credits"),
    Index(None, "issuance_id", "id"),
    info={"history": True},
)

# No two steps begin with the same debt, and each begins where the one before it ended (the trigger
# `case_steps_follow`): together they can be no more than what is owed.
case_steps: Final = Table(
    "case_steps",
    metadata,
    # Checked at the end of the commit, because what ends in it is written last.
    Column(
        "log_index",
        BigInteger,
        ForeignKey("endings.log_index", deferrable=True, initially="DEFERRED"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("case_id", Text, ForeignKey("cases.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("credits", BigInteger, nullable=False),
    Column("owed_before", BigInteger, nullable=False),
    Column("owed_after", BigInteger, nullable=False),
    Column("order_id", Text, ForeignKey("orders.id"), unique=True),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("kind IN ('deduction', 'replacement', 'buffer')", name="kind"),
    CheckConstraint("credits > 0 AND owed_before - credits = owed_after", name="credits"),
    CheckConstraint("owed_after >= 0", name="owed"),
    CheckConstraint("(kind = 'buffer') = (order_id IS NOT NULL)", name="ordered"),
    UniqueConstraint("case_id", "owed_before", name="uq_case_steps_owed_before"),
    Index(None, "case_id", "log_index"),
    info={"history": True},
)

REFUSALS: Final[dict[str, type[RegistryError]]] = {
    "uq_case_steps_owed_before": CaseOverOwedError,
    "ck_case_steps_owed": CaseOverOwedError,
}


async def get_case(connection: AsyncConnection, case_id: str) -> Case:
    """
    Return a case with what it owes now.

    Raises:
        CaseNotFoundError: there is none.
    """
    page = select(cases).where(cases.c.id == case_id)
    found = (await connection.execute(_cases(page))).one_or_none()
    if found is None:
        raise CaseNotFoundError
    return _case(found)


async def list_cases(
    connection: AsyncConnection,
    *,
    issuance_id: str | None = None,
    state: CaseState | None = None,
    before: str | None = None,
    limit: int,
) -> tuple[list[Case], str | None]:
    """
    List cases, newest first.

    Args:
        connection: a snapshot.
        issuance_id: only those of this issuance.
        state: only those in this state; others are passed over, so that a page may be short.
        before: the identifier before which to begin.
        limit: how many are looked at.

    Returns:
        Cases, and the last identifier looked at; None: there is no more.
    """
    known = cases.c
    page = select(cases)
    key: list[Any] = [known.id]
    if issuance_id is not None:
        key = [known.issuance_id, known.id]
        page = page.where(between(key, (issuance_id, ""), (issuance_id, before or IDS_END)))
    elif before is not None:
        page = page.where(known.id < before)
    page = page.order_by(*(column.desc() for column in key)).limit(rows(limit))
    found = [_case(row) for row in await connection.execute(_cases(page))]
    shown = [case for case in found if state is None or case.state is state]
    return shown, found[-1].id if len(found) == limit else None


async def list_steps(
    connection: AsyncConnection, case_id: str, *, after: int = -1, limit: int
) -> list[Step]:
    """List the steps of a case, oldest first, after a log index."""
    known = case_steps.c
    query = (
        select(case_steps)
        .where(known.case_id == case_id, known.log_index > after)
        .order_by(known.case_id, known.log_index)
        .limit(rows(limit))
    )
    return [_step(row) for row in await connection.execute(query)]


async def find_claimed(connection: AsyncConnection, issuance_id: str) -> int:
    """Return how many credits of an issuance its cases claim, closed or not."""
    query = select(func.coalesce(func.sum(cases.c.credits), 0)).where(
        cases.c.issuance_id == issuance_id
    )
    return int(await connection.scalar(query) or 0)


async def insert_case(connection: AsyncConnection, case: Case) -> None:
    """Keep a case; the order must have been approved."""
    await connection.execute(
        insert(cases).values(
            id=case.id,
            issuance_id=case.issuance_id,
            kind=case.kind.value,
            credits=case.credits,
            due_on=case.due_on,
            opened_at=case.opened_at,
            log_index=case.log_index,
        )
    )


async def insert_step(connection: AsyncConnection, step: Step) -> None:
    """Keep a step; its credits end by the same act."""
    await connection.execute(
        insert(case_steps).values(
            log_index=step.log_index,
            case_id=step.case_id,
            kind=step.kind.value,
            credits=step.credits,
            owed_before=step.owed_after + step.credits,
            owed_after=step.owed_after,
            order_id=step.order_id,
            recorded_at=step.recorded_at,
        )
    )


def _cases(page_of: Select[Any]) -> Select[Any]:
    """Return the query of a page's cases with their orders, and the last step of each."""
    page = page_of.subquery()
    last = (
        select(
            case_steps.c.owed_after,
            case_steps.c.recorded_at,
            case_steps.c.log_index.label("last_index"),
        )
        .where(case_steps.c.case_id == page.c.id)
        .order_by(case_steps.c.case_id.desc(), case_steps.c.log_index.desc())
        .limit(rows(1))
        .lateral()
    )
    return (
        select(
            page,
            orders.c.document_id,
            orders.c.document_sha256,
            orders.c.reason,
            log_salts.c.salt,
            last.c.owed_after,
            last.c.recorded_at,
            last.c.last_index,
        )
        .join(orders, orders.c.id == page.c.id)
        .outerjoin(log_salts, log_salts.c.log_index == orders.c.log_index)
        .outerjoin(last, true())
        .order_by(page.c.id.desc())
    )


def _case(row: Row[Any]) -> Case:
    is_closed = row.owed_after == 0
    return Case(
        id=row.id,
        issuance_id=row.issuance_id,
        kind=CaseKind(row.kind),
        credits=row.credits,
        owed=row.credits if row.owed_after is None else row.owed_after,
        due_on=row.due_on,
        document_id=row.document_id,
        document_sha256=row.document_sha256,
        reason=row.reason,
        opened_at=row.opened_at,
        log_index=row.log_index,
        closed_at=row.recorded_at if is_closed else None,
        closed_by_act=row.last_index if is_closed else None,
        salt=row.salt,
    )


def _step(row: Row[Any]) -> Step:
    return Step(
        log_index=row.log_index,
        case_id=row.case_id,
        kind=StepKind(row.kind),
        credits=row.credits,
        owed_after=row.owed_after,
        order_id=row.order_id,
        recorded_at=row.recorded_at,
    )
