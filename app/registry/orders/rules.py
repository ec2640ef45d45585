"""
Orders of the authority: proposed by one officer, approved by another, and then carried out.

Pure. An order is *proposed* with a reason and a document; approved in time it is *given*, and what
nobody approves in time has *lapsed*. An approval names the digest of the proposal's leaf: of
exactly what the log says was proposed, its reason by what the leaf commits to.

An order is a freeze, a release, a reversal, or an act that takes two people by a dated rule: then
its `content` is all that the act is to do.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.kernel.clock import rfc3339
from app.kernel.encoding import sha256
from app.registry.ledger.freezing import Freeze, Target
from app.registry.ledger.frozen import ReversalLateError
from app.registry.orders.refusals import (
    OrderDigestError,
    OrderDocumentError,
    OrderGivenError,
    OrderLapsedError,
    OwnOrderError,
)
from app.registry.parties.policy import Permission


class Action(StrEnum):
    """What is ordered."""

    FREEZE = "freeze"
    RELEASE = "release"
    REVERSAL = "reversal"
    CASE = "case"
    BUFFER = "buffer"
    ISSUANCE_APPROVAL = "issuance_approval"
    ROLE_CHANGE = "role_change"
    RULE_CHANGE = "rule_change"


class CaseKind(StrEnum):
    """Why credits that were issued are owed."""

    OVER_ISSUANCE = "over_issuance"
    REVERSAL = "reversal"


class OrderState(StrEnum):
    """How far an order has come."""

    PROPOSED = "proposed"
    GIVEN = "given"
    LAPSED = "lapsed"


# Acts that rules may let take two people: both must be of those who could do it alone.
ACTING: Final = {
    Action.ISSUANCE_APPROVAL: Permission.DECIDE_ISSUANCE,
    Action.ROLE_CHANGE: Permission.MANAGE_USERS,
    Action.RULE_CHANGE: Permission.SET_RULES,
}
PROPOSING: Final = {
    Action.FREEZE: Permission.PROPOSE_FREEZE,
    Action.RELEASE: Permission.PROPOSE_FREEZE,
    Action.REVERSAL: Permission.PROPOSE_REVERSAL,
    Action.CASE: Permission.PROPOSE_CASE,
    Action.BUFFER: Permission.PROPOSE_CASE,
    **ACTING,
}
APPROVING: Final = {
    Action.FREEZE: Permission.APPROVE_FREEZE,
    Action.RELEASE: Permission.APPROVE_FREEZE,
    Action.REVERSAL: Permission.APPROVE_REVERSAL,
    Action.CASE: Permission.APPROVE_CASE,
    Action.BUFFER: Permission.MANAGE_BUFFER,
    **ACTING,
}


@dataclass(frozen=True, slots=True)
class Claim:
    """Credits that are owed for an issuance, or that the buffer gives towards them."""

    credits: int
    issuance_id: str | None = None  # of a case to be opened; None: the buffer gives
    kind: CaseKind | None = None  # None: as above
    case_id: str | None = None  # the case that the buffer gives to; None: one is to be opened


@dataclass(frozen=True, slots=True)
class Order:
    """An order and what became of it."""

    id: str
    action: Action
    target: Target | None  # what is to be frozen; None: it is no freeze
    batch_prefix: str | None  # of the target's batch
    freeze_id: str | None  # what is to be released
    act: int | None  # log index of what is to be taken back
    content: str | None  # canonical JSON of what an act of two people is to do
    document_id: str | None  # None: the document is not in the register
    document_sha256: str
    reason: str | None  # None: erased
    digest: str  # SHA-256 of the proposal's leaf, hexadecimal
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime  # the first moment at which it cannot be approved any more
    log_index: int  # of the proposal
    approved_by: str | None = None  # None, and the two below: nobody has approved it
    approved_at: datetime | None = None
    approved_index: int | None = None  # log index of the act that carried it out
    salt: bytes | None = None  # of the reason; None: erased, or not read
    claim: Claim | None = None  # what is owed, or given from the buffer; None: it is no such order


@dataclass(frozen=True, slots=True)
class FrozenThing:
    """Something that is or was frozen, with the order by which it is."""

    freeze: Freeze
    batch_prefix: str | None
    document_sha256: str
    reason: str | None  # None: erased
    salt: bytes | None


def digest_of(leaf: bytes) -> str:
    """Return the digest that an approval must name."""
    return sha256(leaf).hex()


def facts_of(order: Order) -> dict[str, str]:
    """Return what the leaf of an act says besides that an order has it done."""
    return {"order": order.id, "digest": order.digest}


def state_at(order: Order, now: datetime) -> OrderState:
    """Return the state at a moment."""
    if order.approved_at is not None:
        return OrderState.GIVEN
    return OrderState.LAPSED if now >= order.expires_at else OrderState.PROPOSED


def check_document(document_id: str | None, sha256_given: str | None) -> None:
    """
    Refuse an order that rests on no document, or on two.

    Raises:
        OrderDocumentError: neither or both are named.
    """
    if (document_id is None) == (sha256_given is None):
        raise OrderDocumentError


def check_approval(order: Order, *, by: str, digest: str, now: datetime) -> None:
    """
    Refuse an approval that is late, repeated, of something else, or by the proposer.

    Raises:
        OrderGivenError, OrderLapsedError: it cannot be approved any more.
        OwnOrderError: whoever proposed it approves it.
        OrderDigestError: what is approved is not what was proposed.
    """
    state = state_at(order, now)
    if state is OrderState.GIVEN:
        raise OrderGivenError
    if state is OrderState.LAPSED:
        raise OrderLapsedError(expires_at=rfc3339(order.expires_at))
    if order.proposed_by == by:
        raise OwnOrderError
    if order.digest != digest:
        raise OrderDigestError


def check_window(recorded_at: datetime, *, days: int, now: datetime) -> None:
    """
    Refuse to take back what was done too long ago.

    Raises:
        ReversalLateError: more days have passed.
    """
    until = recorded_at + timedelta(days=days)
    if now >= until:
        raise ReversalLateError(until=rfc3339(until))
