"""Orders of the authority, and what they froze, in the database."""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Row,
    Select,
    Table,
    Text,
    UniqueConstraint,
    insert,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import metadata
from app.kernel.errors import RegistryError
from app.kernel.paging import IDS_END, between, rows
from app.registry.ledger.freezing import Target
from app.registry.ledger.store import batches, freeze_of, freezes
from app.registry.log.store import log_salts
from app.registry.orders.refusals import (
    OrderGivenError,
    OrderLapsedError,
    OrderNotFoundError,
    OwnOrderError,
)
from app.registry.orders.rules import Action, CaseKind, Claim, FrozenThing, Order

_TARGETS: Final = "num_nonnulls(account_id, batch_id)"

orders: Final = Table(
    "orders",
    metadata,
    Column("id", Text, primary_key=True),
    Column("action", Text, nullable=False),
    Column("account_id", BigInteger, ForeignKey("accounts.id"), index=True),
    Column("batch_id", BigInteger, ForeignKey("batches.id"), index=True),
    Column("first_serial", BigInteger),
    Column("last_serial", BigInteger),
    Column("freeze_id", Text, ForeignKey("orders.id"), index=True),  # the order that froze it
    Column("act", BigInteger),
    # What is owed for an issuance, or given by the buffer to the case that an order opened.
    Column("issuance_id", Text, ForeignKey("issuances.id"), index=True),
    Column("case_kind", Text),
    Column("case_id", Text, ForeignKey("orders.id"), index=True),
    Column("credits", BigInteger),
    Column("content", Text),  # canonical JSON of what an act of two people is to do
    Column("document_id", Text, ForeignKey("documents.id"), index=True),
    Column("document_sha256", Text, nullable=False),
    Column("reason", Text),  # null: erased; none is inserted without one (a trigger)
    Column("digest", Text, nullable=False),
    Column("proposed_by", Text, ForeignKey("users.id"), nullable=False, index=True),
    Column("proposed_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("log_index", BigInteger, nullable=False, unique=True),
    CheckConstraint(
        "action IN ('freeze', 'release', 'reversal', 'case', 'buffer',"
        " 'issuance_approval', 'role_change', 'rule_change')",
        name="action",
    ),
    CheckConstraint(
        f"CASE action WHEN 'freeze' THEN {_TARGETS} = 1 AND freeze_id IS NULL AND act IS NULL"
        f" WHEN 'release' THEN {_TARGETS} = 0 AND freeze_id IS NOT NULL AND act IS NULL"
        f" WHEN 'reversal' THEN {_TARGETS} = 0 AND freeze_id IS NULL AND act IS NOT NULL"
        f" ELSE {_TARGETS} = 0 AND freeze_id IS NULL AND act IS NULL END",
        name="about",
    ),
    CheckConstraint(
        "CASE action WHEN 'case' THEN num_nonnulls(issuance_id, case_kind, credits) = 3"
        " AND case_id IS NULL"
        " WHEN 'buffer' THEN num_nonnulls(case_id, credits) = 2"
        " AND num_nulls(issuance_id, case_kind) = 2"
        " ELSE num_nulls(issuance_id, case_kind, case_id, credits) = 4 END",
        name="claim",
    ),
    CheckConstraint("case_kind IN ('over_issuance', 'reversal')", name="case_kind"),
    CheckConstraint("credits > 0", name="credits"),
    CheckConstraint(
        "(content IS NULL) = (action IN ('freeze', 'release', 'reversal', 'case', 'buffer'))",
        name="content",
    ),
    CheckConstraint(
        "num_nonnulls(batch_id, first_serial, last_serial) IN (0, 3)", name="serials_of_batch"
    ),
    CheckConstraint("first_serial BETWEEN 1 AND last_serial", name="serials"),
    CheckConstraint("document_sha256 ~ '^[0-9a-f]{64}$'", name="document"),
    CheckConstraint("expires_at > proposed_at", name="expires_later"),
    # What an approval repeats, so that it can be held against whoever proposed, and the time.
    UniqueConstraint("id", "proposed_by", "expires_at", name="uq_orders_approvable"),
    info={"history": True, "erasable": ("reason",)},
)

order_approvals: Final = Table(
    "order_approvals",
    metadata,
    Column("order_id", Text, primary_key=True),  # an order is approved once
    Column("proposed_by", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("approved_by", Text, ForeignKey("users.id"), nullable=False, index=True),
    Column("approved_at", DateTime(timezone=True), nullable=False),
    Column("log_index", BigInteger, nullable=False, unique=True),
    ForeignKeyConstraint(
        ["order_id", "proposed_by", "expires_at"],
        ["orders.id", "orders.proposed_by", "orders.expires_at"],
        name="fk_order_approvals_order",
    ),
    CheckConstraint("approved_by <> proposed_by", name="two_people"),
    CheckConstraint("approved_at < expires_at", name="in_time"),
    info={"history": True},
)

REFUSALS: Final[dict[str, type[RegistryError]]] = {
    "pk_order_approvals": OrderGivenError,
    "ck_order_approvals_two_people": OwnOrderError,
    "ck_order_approvals_in_time": OrderLapsedError,
}


async def get_order(connection: AsyncConnection, order_id: str) -> Order:
    """
    Return an order.

    Raises:
        OrderNotFoundError: there is none.
    """
    found = (await connection.execute(_orders().where(orders.c.id == order_id))).one_or_none()
    if found is None:
        raise OrderNotFoundError
    return _order(found)


async def list_orders(
    connection: AsyncConnection, *, before: str | None = None, limit: int
) -> list[Order]:
    """List orders, newest first, before an identifier."""
    query = _orders()
    if before is not None:
        query = query.where(orders.c.id < before)
    found = await connection.execute(query.order_by(orders.c.id.desc()).limit(rows(limit)))
    return [_order(row) for row in found]


async def list_freezes(
    connection: AsyncConnection,
    *,
    account_id: int | None = None,
    batch_id: int | None = None,
    standing: bool = True,
    after: str | None = None,
    limit: int,
) -> list[FrozenThing]:
    """
    List what is frozen, in the order of the orders.

    Args:
        connection: a snapshot.
        account_id: only freezes of this account.
        batch_id: only freezes of this batch or of serials of it, where no account is named.
        standing: only what is frozen now; otherwise what ever was.
        after: the identifier after which to begin.
        limit: how many.
    """
    known = freezes.c
    found = select(freezes)
    key: list[Any] = [known.id]
    of = ((known.account_id, account_id), (known.batch_id, batch_id))
    column, value = next((pair for pair in of if pair[1] is not None), (None, None))
    if column is not None:
        key = [column, known.id]
        found = found.where(between(key, (value, after or ""), (value, IDS_END)))
    elif after is not None:
        found = found.where(known.id > after)
    if standing:
        found = found.where(known.released_at.is_(None))
    # The page first, and then what belongs to its rows.
    page = found.order_by(*key).limit(rows(limit)).subquery()
    query = (
        select(
            page,
            batches.c.serial_prefix,
            orders.c.document_sha256,
            orders.c.reason,
            log_salts.c.salt,
        )
        .join(orders, orders.c.id == page.c.id)
        .outerjoin(batches, batches.c.id == page.c.batch_id)
        .outerjoin(log_salts, log_salts.c.log_index == orders.c.log_index)
        .order_by(page.c.id)
    )
    return [_frozen_thing(row) for row in await connection.execute(query)]


async def insert_order(connection: AsyncConnection, order: Order) -> None:
    """Keep a proposed order."""
    target = order.target or Target(None, None, None, None)
    claim = order.claim
    await connection.execute(
        insert(orders).values(
            id=order.id,
            action=order.action.value,
            account_id=target.account_id,
            batch_id=target.batch_id,
            first_serial=target.first,
            last_serial=target.last,
            freeze_id=order.freeze_id,
            act=order.act,
            issuance_id=claim and claim.issuance_id,
            case_kind=claim and claim.kind and claim.kind.value,
            case_id=claim and claim.case_id,
            credits=claim and claim.credits,
            content=order.content,
            document_id=order.document_id,
            document_sha256=order.document_sha256,
            reason=order.reason,
            digest=order.digest,
            proposed_by=order.proposed_by,
            proposed_at=order.proposed_at,
            expires_at=order.expires_at,
            log_index=order.log_index,
        )
    )


async def insert_approval(connection: AsyncConnection, order: Order) -> None:
    """Keep the approval of an order."""
    await connection.execute(
        insert(order_approvals).values(
            order_id=order.id,
            proposed_by=order.proposed_by,
            expires_at=order.expires_at,
            approved_by=order.approved_by,
            approved_at=order.approved_at,
            log_index=order.approved_index,
        )
    )


def _orders() -> Select[Any]:
    approval = order_approvals.c
    return (
        select(
            orders,
            batches.c.serial_prefix,
            approval.approved_by,
            approval.approved_at,
            approval.log_index.label("approved_index"),
            log_salts.c.salt,
        )
        .outerjoin(order_approvals, approval.order_id == orders.c.id)
        .outerjoin(batches, batches.c.id == orders.c.batch_id)
        .outerjoin(log_salts, log_salts.c.log_index == orders.c.log_index)
    )


def _order(row: Row[Any]) -> Order:
    action = Action(row.action)
    target = Target(row.account_id, row.batch_id, row.first_serial, row.last_serial)
    return Order(
        id=row.id,
        action=action,
        target=target if action is Action.FREEZE else None,
        batch_prefix=row.serial_prefix,
        freeze_id=row.freeze_id,
        act=row.act,
        content=row.content,
        document_id=row.document_id,
        document_sha256=row.document_sha256,
        reason=row.reason,
        digest=row.digest,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        expires_at=row.expires_at,
        log_index=row.log_index,
        approved_by=row.approved_by,
        approved_at=row.approved_at,
        approved_index=row.approved_index,
        salt=row.salt,
        claim=None if row.credits is None else _claim(row),
    )


def _claim(row: Row[Any]) -> Claim:
    kind = None if row.case_kind is None else CaseKind(row.case_kind)
    return Claim(row.credits, row.issuance_id, kind, row.case_id)


def _frozen_thing(row: Row[Any]) -> FrozenThing:
    return FrozenThing(freeze_of(row), row.serial_prefix, row.document_sha256, row.reason, row.salt)
