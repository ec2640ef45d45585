"""Orders of TGO, by two officers: freezes, releases, reversals of errors; and what is frozen."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from app.entry.acts import Reply
from app.entry.api.context import (
    IdempotencyKeyMissingError,
    Reader,
    StrictRoute,
    Write,
    WriteCredits,
)
from app.entry.api.credits import AccountNumber, BatchPrefix
from app.entry.api.order_acts import ACTS_OF_TWO
from app.entry.api.order_shapes import (
    ORDER,
    ActBody,
    FreezeBody,
    FreezeShown,
    GroundBody,
    OrderApprovalBody,
    OrderShown,
    ReversalBody,
)
from app.entry.api.wire import (
    CursorError,
    Identifier,
    Page,
    PageQuery,
    changed,
    created,
    decode_cursor,
    going_on,
    show,
)
from app.entry.identity import Caller, Visitor
from app.entry.problems import refused
from app.registry.compensation import refusals as of_cases
from app.registry.documents.rules import DocumentNotFoundError
from app.registry.ledger import frozen
from app.registry.ledger import refusals as of_ledger
from app.registry.ledger import store as ledger
from app.registry.ledger.serials import AccountNumberError, account_id
from app.registry.orders import operations, store
from app.registry.orders import refusals as why
from app.registry.orders.rules import Order
from app.registry.pairs import operations as acts
from app.registry.pairs import refusals as pairs
from app.registry.parties.policy import NotAllowedError, Permission, allows, require
from app.registry.programmes.refusals import RuleMissingError
from app.registry.signin.refusals import CONFIRMING

freezes: Final = APIRouter(prefix="/freezes", tags=["orders"], route_class=StrictRoute)
reversals: Final = APIRouter(prefix="/reversals", tags=["orders"], route_class=StrictRoute)
router = APIRouter(prefix="/orders", tags=["orders"], route_class=StrictRoute)

PROPOSING_REFUSALS = (
    *CONFIRMING,
    NotAllowedError,
    why.OrderDocumentError,
    DocumentNotFoundError,
    RuleMissingError,
)
_REVERSING = (
    frozen.NotReversibleError,
    frozen.ReversedBeforeError,
    frozen.ReversalLateError,
    frozen.MovedOnError,
    of_ledger.AccountClosedError,
)
_CLAIMING = (
    of_cases.CaseOverIssuedError,
    of_cases.CaseClosedError,
    of_cases.CaseOverOwedError,
    of_ledger.InsufficientCreditsError,
    of_ledger.TooFragmentedError,
    frozen.CreditsFrozenError,
)

OrderPath = Annotated[Identifier, Path(description="Identifier of the order.", examples=[ORDER])]
FreezePath = Annotated[
    Identifier,
    Path(description="Identifier of the freeze: of the order that froze it.", examples=[ORDER]),
]


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
        *PROPOSING_REFUSALS,
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
    return await write(lambda pen: operations.propose_freeze(pen, write.actor, command), proposed)


@freezes.post(
    "/{freeze_id}/release",
    response_model=OrderShown,
    status_code=201,
    operation_id="propose_release",
    summary="Propose to release what is frozen",
    responses=refused(*PROPOSING_REFUSALS, frozen.FreezeNotFoundError, frozen.FreezeReleasedError),
)
async def propose_release(freeze_id: FreezePath, body: GroundBody, write: Write) -> Response:
    """Propose a release that an approver, another person, is to approve. For officers of TGO."""
    command = operations.ProposeRelease(freeze_id, body.ground())
    return await write(lambda pen: operations.propose_release(pen, write.actor, command), proposed)


@reversals.post(
    "",
    response_model=OrderShown,
    status_code=201,
    operation_id="propose_reversal",
    summary="Propose to take back a transfer made in error",
    responses=refused(*PROPOSING_REFUSALS, *_REVERSING),
)
async def propose_reversal(body: ReversalBody, write: Write) -> Response:
    """
    Propose a reversal that an approver, another person, is to approve. For officers of TGO.

    Only a transfer can be reversed, whole, within the rule `reversal_window_days`, and while its
    receiver still holds exactly what it brought. What was retired or cancelled is so for good.
    """
    command = operations.ProposeReversal(body.act, body.ground())
    return await write(lambda pen: operations.propose_reversal(pen, write.actor, command), proposed)


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


@router.post(
    "",
    response_model=OrderShown,
    status_code=201,
    operation_id="propose_act",
    summary="Propose an act that takes two people",
    responses=refused(*PROPOSING_REFUSALS, pairs.OneActError, *ACTS_OF_TWO),
)
async def propose_act(body: ActBody, write: Write) -> Response:
    """
    Propose an issuance, roles of a user, or a value of a rule. For those who may do it themselves.

    What cannot be done now is refused now. Nothing is done before another person who may do it too
    approves the digest that the answer has; then exactly the `content` of the order is carried
    out. The rule `two_person_acts` says which of these nobody does alone.
    """
    command = body.command()
    return await write(lambda pen: acts.propose_act(pen, write.actor, command), proposed)


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
        *CONFIRMING,
        NotAllowedError,
        why.OrderNotFoundError,
        why.OrderGivenError,
        why.OrderLapsedError,
        why.OwnOrderError,
        why.OrderDigestError,
        why.OrderProposerGoneError,
        frozen.FreezeReleasedError,
        *_REVERSING,
        *_CLAIMING,
        pairs.ContentChangedError,
        *ACTS_OF_TWO,
        RuleMissingError,
        IdempotencyKeyMissingError,
    ),
)
async def approve_order(
    order_id: OrderPath, body: OrderApprovalBody, write: WriteCredits
) -> Response:
    """
    Approve exactly what another officer has proposed; it is carried out at once. For approvers.

    A freeze holds from the next act on. A reversal moves the credits back by a new act, which names
    the one that it takes back. A case is open from then on, and its identifier is the order's. An
    act of two people is asked for everything again that it is asked for when one does it, and done
    as proposed or not at all.
    """
    command = operations.ApproveOrder(order_id, body.digest)
    return await write(
        lambda pen: acts.approve_order(pen, write.actor, command),
        lambda order: changed(OrderShown.of(order)),
    )


def proposed(order: Order) -> Reply:
    """Make the reply of an act that proposed an order."""
    return created(OrderShown.of(order), location=f"/v1/orders/{order.id}")
