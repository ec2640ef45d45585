"""Orders of TGO, by two officers: freezes, releases, reversals of errors; and what is frozen."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field, StringConstraints

from app.entry.acts import Reply
from app.entry.api.context import (
    IdempotencyKeyMissingError,
    Reader,
    StrictRoute,
    Write,
    WriteCredits,
)
from app.entry.api.credits import AccountNumber, BatchPrefix
from app.entry.api.wire import (
    Body,
    CursorError,
    Identifier,
    LogIndex,
    Page,
    PageQuery,
    Salt,
    Serial,
    Shown,
    Text,
    changed,
    created,
    decode_cursor,
    going_on,
    salt_shown,
    show,
)
from app.entry.identity import Caller, Visitor
from app.entry.problems import refused
from app.registry.documents.rules import DocumentNotFoundError
from app.registry.ledger import frozen
from app.registry.ledger import refusals as of_ledger
from app.registry.ledger import store as ledger
from app.registry.ledger.operations import Named
from app.registry.ledger.serials import AccountNumberError, account_id, account_number
from app.registry.orders import operations, store
from app.registry.orders import refusals as why
from app.registry.orders.rules import Action, FrozenThing, Order
from app.registry.parties.policy import NotAllowedError, Permission, allows, require
from app.registry.programmes.refusals import RuleMissingError

freezes: Final = APIRouter(prefix="/freezes", tags=["orders"], route_class=StrictRoute)
reversals: Final = APIRouter(prefix="/reversals", tags=["orders"], route_class=StrictRoute)
router = APIRouter(prefix="/orders", tags=["orders"], route_class=StrictRoute)

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
_DIGEST: Final = "9f2feb0f1ef425b292f2f94bc8482494df430413d6a8a0a5d7f5e2d5e7f3c1aa"
_ORDER: Final = "ord_01kb5b1j0dfz5r5d8r4v5e2c3a"
_PROPOSING = (NotAllowedError, why.OrderDocumentError, DocumentNotFoundError, RuleMissingError)
_REVERSING = (
    frozen.NotReversibleError,
    frozen.ReversedBeforeError,
    frozen.ReversalLateError,
    frozen.MovedOnError,
    of_ledger.AccountClosedError,
)

OrderPath = Annotated[Identifier, Path(description="Identifier of the order.", examples=[_ORDER])]
FreezePath = Annotated[
    Identifier,
    Path(description="Identifier of the freeze: of the order that froze it.", examples=[_ORDER]),
]


class GroundBody(Body):
    """What an order rests on."""

    reason: Text = Field(
        description="Why. TGO's officers and auditors read it; the public does not.",
        examples=["Court order Por. 123/2569"],
    )
    document_id: Identifier | None = Field(
        None,
        description="Document of the register that it rests on; or else its SHA-256.",
        examples=["doc_01kb5w6yk2e0hr9h5y0s8v2a3b"],
    )
    document_sha256: Digest | None = Field(
        None,
        description="SHA-256 (hexadecimal) of a document that is kept elsewhere.",
        examples=[_DIGEST],
    )

    def ground(self) -> operations.Ground:
        """Return what the order rests on."""
        return operations.Ground(self.reason, self.document_id, self.document_sha256)


class FreezeBody(GroundBody):
    """What is to be frozen: an account, a batch, or serials of a batch."""

    account: AccountNumber | None = Field(
        None, description="The account, with all that is in it.", examples=["TH-001001-05"]
    )
    batch: BatchPrefix | None = Field(
        None,
        description="The batch, all of it unless serials are named.",
        examples=["TH-CITY-0001-2024-1"],
    )
    first: Serial | None = Field(None, description="First serial of the batch.", examples=[1])
    last: Serial | None = Field(None, description="Last serial, included.", examples=[30])

    def named(self) -> Named:
        """
        Return what is named.

        Raises:
            AccountNumberError: a digit of the account's number is wrong.
        """
        account = None if self.account is None else account_id(self.account)
        return Named(account, self.batch, self.first, self.last)


class ReversalBody(GroundBody):
    """Which act was an error."""

    act: LogIndex = Field(
        description="Log index of the transfer; of one that waited, of its delivery.",
        examples=[42],
    )


class ApprovalBody(Body):
    """An approval of exactly what was proposed."""

    digest: Digest = Field(
        description="The order's digest, as you read it with what it says.", examples=[_DIGEST]
    )


class FrozenShown(Shown):
    """What is or was frozen."""

    account: str | None = Field(
        description="The account; null: it is serials.", examples=["TH-001001-05", None]
    )
    batch: str | None = Field(
        description="Serial prefix of the batch; null: it is an account.",
        examples=["TH-CITY-0001-2024-1", None],
    )
    first: int | None = Field(description="First serial; null: an account.", examples=[1, None])
    last: int | None = Field(description="Last serial; null: an account.", examples=[30, None])


class FreezeShown(FrozenShown):
    """A freeze."""

    id: str = Field(description="Its identifier: the order's by which it is.", examples=[_ORDER])
    frozen_at: datetime = Field(description="Since when.", examples=["2026-11-24T03:00:00Z"])
    frozen_by_act: int = Field(description="Log index of the act.", examples=[42])
    released_at: datetime | None = Field(
        description="Until when; null: it stands.", examples=["2026-11-30T03:00:00Z", None]
    )
    released_by_act: int | None = Field(
        description="Log index of the release; null: it stands.", examples=[57, None]
    )
    released_by: str | None = Field(
        description="Order by which it was released; null: it stands.", examples=[None]
    )
    document_sha256: str = Field(
        description="SHA-256 of the document that it rests on.", examples=[_DIGEST]
    )
    reason: str | None = Field(
        description="Why; null where you may not see it, or it was erased.", examples=[None]
    )
    salt: Salt

    @classmethod
    def of(cls, thing: FrozenThing, *, sees_reason: bool) -> "FreezeShown":
        """Show a freeze; its reason only to those who may read it."""
        freeze, reason = thing.freeze, thing.reason if sees_reason else None
        target = freeze.target
        return cls(
            id=freeze.id,
            account=None if target.account_id is None else account_number(target.account_id),
            batch=thing.batch_prefix,
            first=target.first,
            last=target.last,
            frozen_at=freeze.frozen_at,
            frozen_by_act=freeze.frozen_index,
            released_at=freeze.released_at,
            released_by_act=freeze.released_index,
            released_by=freeze.released_by,
            document_sha256=thing.document_sha256,
            reason=reason,
            salt=salt_shown(thing.salt, reason),
        )


class OrderShown(Shown):
    """An order and what became of it."""

    id: str = Field(description="Its identifier.", examples=[_ORDER])
    action: Action = Field(description="What is ordered.", examples=["freeze"])
    freezes: FrozenShown | None = Field(description="What it freezes; null: nothing.")
    releases: str | None = Field(
        description="Freeze that it releases; null: none.", examples=[_ORDER, None]
    )
    reverses: int | None = Field(
        description="Log index of the act that it takes back; null: none.", examples=[42, None]
    )
    reason: str | None = Field(description="Why; null: erased.", examples=["Court order 123/2569"])
    salt: Salt
    document_id: str | None = Field(
        description="Document of the register that it rests on; null: it is kept elsewhere.",
        examples=["doc_01kb5w6yk2e0hr9h5y0s8v2a3b", None],
    )
    document_sha256: str = Field(description="SHA-256 of the document.", examples=[_DIGEST])
    digest: str = Field(
        description="SHA-256 (hexadecimal) of the proposal's entry in the log, `proposed_by_act`; "
        "an approval names it.",
        examples=[_DIGEST],
    )
    proposed_by: str = Field(
        description="Officer who proposed it.", examples=["usr_01kb5b1j0dfz5r5d8r4v5e2c3a"]
    )
    proposed_at: datetime = Field(description="When.", examples=["2026-11-24T03:00:00Z"])
    proposed_by_act: int = Field(description="Log index of the proposal.", examples=[40])
    expires_at: datetime = Field(
        description="From then on it cannot be approved.", examples=["2026-11-26T03:00:00Z"]
    )
    approved_by: str | None = Field(
        description="Officer who approved it; null: nobody has.",
        examples=["usr_01kb5b1j0dfz5r5d8r4v5e2c3b", None],
    )
    approved_at: datetime | None = Field(
        description="When it was approved, and carried out; null: it is not.",
        examples=["2026-11-24T03:10:00Z", None],
    )
    done_by_act: int | None = Field(
        description="Log index of the act that carried it out; null: none.", examples=[41, None]
    )

    @classmethod
    def of(cls, order: Order) -> "OrderShown":
        """Show an order."""
        target = order.target
        return cls(
            id=order.id,
            action=order.action,
            freezes=None
            if target is None
            else FrozenShown(
                account=None if target.account_id is None else account_number(target.account_id),
                batch=order.batch_prefix,
                first=target.first,
                last=target.last,
            ),
            releases=order.freeze_id,
            reverses=order.act,
            reason=order.reason,
            salt=salt_shown(order.salt, order.reason),
            document_id=order.document_id,
            document_sha256=order.document_sha256,
            digest=order.digest,
            proposed_by=order.proposed_by,
            proposed_at=order.proposed_at,
            proposed_by_act=order.log_index,
            expires_at=order.expires_at,
            approved_by=order.approved_by,
            approved_at=order.approved_at,
            done_by_act=order.approved_index,
        )


class FreezesQuery(PageQuery):
    """Which freezes."""

    account: AccountNumber | None = Field(
        None, description="Only freezes of this account.", examples=["TH-001001-05"]
    )
    batch: BatchPrefix | None = Field(
        None,
        description="Only freezes of this batch, or of serials of it; with an account: of that.",
        examples=["TH-CITY-0001-2024-1"],
    )
    standing: bool = Field(
        default=True,
        description="True: only what is frozen now. False: also what was.",
        examples=[True],
    )


@freezes.get(
    "",
    response_model=Page[FreezeShown],
    operation_id="list_freezes",
    summary="List what is frozen",
    responses=refused(of_ledger.BatchNotFoundError, AccountNumberError, CursorError),
)
async def list_freezes(
    query: Annotated[FreezesQuery, Query()], reader: Reader, visitor: Visitor
) -> Response:
    """
    List accounts and serials that TGO has frozen, in the order of the orders. Public.

    What is frozen takes part in nothing: no transfer, retirement, cancellation or closing. The
    reason is shown to those of TGO who may read the ledger.
    """
    position = decode_cursor(query.cursor, str)
    batch = None if query.batch is None else await ledger.get_batch(reader, query.batch)
    found = await store.list_freezes(
        reader,
        account_id=None if query.account is None else account_id(query.account),
        batch_id=None if batch is None else batch.id,
        standing=query.standing,
        after=position[0] if position else None,
        limit=query.limit + 1,
    )
    page = found[: query.limit]
    sees_reason = visitor is not None and allows(visitor, Permission.QUERY_LEDGER)
    return show(
        Page[FreezeShown](
            data=[FreezeShown.of(thing, sees_reason=sees_reason) for thing in page],
            **going_on([page[-1].freeze.id] if len(found) > query.limit else None),
        )
    )


@freezes.post(
    "",
    response_model=OrderShown,
    status_code=201,
    operation_id="propose_freeze",
    summary="Propose to freeze an account, a batch or serials",
    responses=refused(
        *_PROPOSING,
        why.OrderTargetError,
        AccountNumberError,
        of_ledger.AccountNotFoundError,
        of_ledger.RegistryAccountError,
        of_ledger.AccountClosedError,
        of_ledger.BatchNotFoundError,
        frozen.SerialsOutsideError,
    ),
)
async def propose_freeze(body: FreezeBody, write: Write) -> Response:
    """
    Propose a freeze that an approver, another person, is to approve. For officers of TGO.

    Nothing is frozen before the approval, which names the digest that the answer has.
    """
    command = operations.ProposeFreeze(body.named(), body.ground())
    return await write(lambda pen: operations.propose_freeze(pen, write.actor, command), _proposed)


@freezes.post(
    "/{freeze_id}/release",
    response_model=OrderShown,
    status_code=201,
    operation_id="propose_release",
    summary="Propose to release what is frozen",
    responses=refused(*_PROPOSING, frozen.FreezeNotFoundError, frozen.FreezeReleasedError),
)
async def propose_release(freeze_id: FreezePath, body: GroundBody, write: Write) -> Response:
    """Propose a release that an approver, another person, is to approve. For officers of TGO."""
    command = operations.ProposeRelease(freeze_id, body.ground())
    return await write(lambda pen: operations.propose_release(pen, write.actor, command), _proposed)


@reversals.post(
    "",
    response_model=OrderShown,
    status_code=201,
    operation_id="propose_reversal",
    summary="Propose to take back a transfer made in error",
    responses=refused(*_PROPOSING, *_REVERSING),
)
async def propose_reversal(body: ReversalBody, write: Write) -> Response:
    """
    Propose a reversal that an approver, another person, is to approve. For officers of TGO.

    Only a transfer can be reversed, whole, within the rule `reversal_window_days`, and while its
    receiver still holds exactly what it brought. What was retired or cancelled is so for good.
    """
    command = operations.ProposeReversal(body.act, body.ground())
    return await write(
        lambda pen: operations.propose_reversal(pen, write.actor, command), _proposed
    )


@router.get(
    "",
    response_model=Page[OrderShown],
    operation_id="list_orders",
    summary="List orders",
    responses=refused(NotAllowedError, CursorError),
)
async def list_orders(
    query: Annotated[PageQuery, Query()], reader: Reader, actor: Caller
) -> Response:
    """List orders, newest first, approved or not. For TGO."""
    require(actor, Permission.QUERY_LEDGER)
    position = decode_cursor(query.cursor, str)
    found = await store.list_orders(
        reader, before=position[0] if position else None, limit=query.limit + 1
    )
    page = found[: query.limit]
    return show(
        Page[OrderShown](
            data=[OrderShown.of(order) for order in page],
            **going_on([page[-1].id] if len(found) > query.limit else None),
        )
    )


@router.get(
    "/{order_id}",
    response_model=OrderShown,
    operation_id="get_order",
    summary="Read an order",
    responses=refused(why.OrderNotFoundError),
)
async def get_order(order_id: OrderPath, reader: Reader, actor: Caller) -> Response:
    """Read an order with its reason. For TGO; what it froze or moved is public."""
    order = await store.get_order(reader, order_id)
    if not allows(actor, Permission.QUERY_LEDGER):
        raise why.OrderNotFoundError
    return show(OrderShown.of(order))


@router.post(
    "/{order_id}/approval",
    response_model=OrderShown,
    operation_id="approve_order",
    summary="Approve an order",
    responses=refused(
        NotAllowedError,
        why.OrderNotFoundError,
        why.OrderGivenError,
        why.OrderLapsedError,
        why.OwnOrderError,
        why.OrderDigestError,
        why.OrderProposerGoneError,
        frozen.FreezeReleasedError,
        *_REVERSING,
        RuleMissingError,
        IdempotencyKeyMissingError,
    ),
)
async def approve_order(order_id: OrderPath, body: ApprovalBody, write: WriteCredits) -> Response:
    """
    Approve exactly what another officer has proposed; it is carried out at once. For approvers.

    A freeze holds from the next act on. A reversal moves the credits back by a new act, which names
    the one that it takes back.
    """
    command = operations.ApproveOrder(order_id, body.digest)
    return await write(
        lambda pen: operations.approve_order(pen, write.actor, command),
        lambda order: changed(OrderShown.of(order)),
    )


def _proposed(order: Order) -> Reply:
    return created(OrderShown.of(order), location=f"/v1/orders/{order.id}")
