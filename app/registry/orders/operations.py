"""What officers of the authority do with orders; each public function is one act."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from app.kernel.clock import bangkok_date, rfc3339
from app.kernel.ids import new_id
from app.registry.documents.store import get_document
from app.registry.ledger import operations as ledger
from app.registry.ledger.freezing import Freeze, Reversible, Target
from app.registry.ledger.operations import Named
from app.registry.ledger.serials import account_number
from app.registry.log.pen import Pen, Sealed
from app.registry.orders import rules, store
from app.registry.orders.refusals import (
    OrderNotFoundError,
    OrderProposerGoneError,
    OrderTargetError,
)
from app.registry.orders.rules import Action, Claim, Order
from app.registry.parties.policy import Actor, NotAllowedError, Permission, allows, require
from app.registry.parties.rules import Status
from app.registry.programmes.operations import require_confirmation
from app.registry.programmes.rules import ConfirmedAct, RuleKey, whole_of
from app.registry.programmes.store import get_rule
from app.registry.signin.rules import require_person
from app.registry.signin.store import Bearer, find_standing


@dataclass(frozen=True, slots=True)
class Ground:
    """What an order rests on: words, and one document, in the register or elsewhere."""

    reason: str
    document_id: str | None = None
    document_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class ProposeFreeze:
    """Propose to freeze an account, a batch, or serials of it."""

    named: Named
    ground: Ground


@dataclass(frozen=True, slots=True)
class ProposeRelease:
    """Propose to release what is frozen."""

    freeze_id: str
    ground: Ground


@dataclass(frozen=True, slots=True)
class ProposeReversal:
    """Propose to take a transfer back that was made in error."""

    act: int
    ground: Ground


@dataclass(frozen=True, slots=True)
class ApproveOrder:
    """Approve exactly what was proposed."""

    order_id: str
    digest: str


@dataclass(frozen=True, slots=True)
class About:
    """What an order is about, for its row and for its leaf."""

    facts: Mapping[str, object]
    target: Target | None = None
    batch_prefix: str | None = None
    freeze_id: str | None = None
    act: int | None = None
    claim: Claim | None = None
    content: str | None = None


# Carries out an order that was approved; returns it with the act that did.
Carrier = Callable[[Pen, Actor, Order], Awaitable[Order]]

# Where one person's act has to be confirmed, so has the approval that has it done.
_ALSO_NAMED: Final = {Action.ISSUANCE_APPROVAL: (ConfirmedAct.ISSUANCE_APPROVAL,)}


async def propose_freeze(pen: Pen, actor: Actor, command: ProposeFreeze) -> Order:
    """
    Propose to freeze something; nothing is frozen before somebody else approves it.

    Raises:
        NotAllowedError: the actor is no officer of TGO.
        OrderTargetError, OrderDocumentError: not one thing, or not one document, is named.
        AccountNotFoundError, RegistryAccountError, AccountClosedError, BatchNotFoundError,
            SerialsOutsideError, DocumentNotFoundError: what is named is not there.
        RuleMissingError: nobody has said how long an order may wait.
        ConfirmationNeededError, PersonNeededError: it takes a fresh second factor.
    """
    require(actor, Permission.PROPOSE_FREEZE)
    named = command.named
    one_thing = (named.account_id is None) != (named.batch_prefix is None)
    if not one_thing or (named.first is None) != (named.last is None):
        raise OrderTargetError
    if named.account_id is not None and named.first is not None:
        raise OrderTargetError
    target = await ledger.get_target(pen, named)
    facts = {
        "account": None if target.account_id is None else account_number(target.account_id),
        "batch": named.batch_prefix,
        "first": target.first,
        "last": target.last,
    }
    about = About(facts, target, named.batch_prefix)
    return await propose(pen, actor, Action.FREEZE, about, command.ground, kind="freeze.proposed")


async def propose_release(pen: Pen, actor: Actor, command: ProposeRelease) -> Order:
    """
    Propose to release what is frozen.

    Raises:
        NotAllowedError: the actor is no officer of TGO.
        FreezeNotFoundError, FreezeReleasedError: it is not frozen.
        OrderDocumentError, DocumentNotFoundError, RuleMissingError, ConfirmationNeededError,
            PersonNeededError: as `propose_freeze`.
    """
    require(actor, Permission.PROPOSE_FREEZE)
    frozen = await ledger.get_standing(pen, command.freeze_id)
    about = About({"freeze": frozen.id}, freeze_id=frozen.id)
    return await propose(pen, actor, Action.RELEASE, about, command.ground, kind="release.proposed")


async def propose_reversal(pen: Pen, actor: Actor, command: ProposeReversal) -> Order:
    """
    Propose to take a transfer back.

    Raises:
        NotAllowedError: the actor is no officer of TGO.
        NotReversibleError, ReversedBeforeError, ReversalLateError, MovedOnError,
            AccountClosedError: this act cannot be taken back, or not any more.
        OrderDocumentError, DocumentNotFoundError, RuleMissingError, ConfirmationNeededError,
            PersonNeededError: as `propose_freeze`.
    """
    require(actor, Permission.PROPOSE_REVERSAL)
    act = await ledger.get_reversible(pen, command.act)
    await _check_window(pen, act)
    await ledger.check_held(pen, act)
    about = About({"act": act.log_index}, act=act.log_index)
    return await propose(
        pen, actor, Action.REVERSAL, about, command.ground, kind="reversal.proposed"
    )


async def approve_order(
    pen: Pen, actor: Actor, command: ApproveOrder, more: Mapping[Action, Carrier]
) -> Order:
    """
    Approve an order, and carry it out.

    Args:
        pen: what to write with.
        actor: who approves.
        command: what.
        more: carry out the orders that this subject knows nothing of, each with one leaf that names
            the order.

    Raises:
        OrderNotFoundError, NotAllowedError: the actor may not know of it, or not approve it.
        OrderGivenError, OrderLapsedError, OwnOrderError, OrderDigestError: it is repeated, late,
            the actor's own, or of something else.
        OrderProposerGoneError: whoever proposed it may no longer do so.
        AccountClosedError, FreezeReleasedError, NotReversibleError, ReversedBeforeError,
            ReversalLateError, MovedOnError: it cannot be carried out any more.
        PersonNeededError: an API key approves.
        ConfirmationNeededError: it takes a fresh second factor.
    """
    order = await store.get_order(pen.connection, command.order_id)
    if not allows(actor, Permission.QUERY_LEDGER):
        raise OrderNotFoundError
    permission = rules.APPROVING[order.action]
    require(actor, permission)
    # Who may issue keys for somebody else would be the second person by such a key.
    require_person(actor)
    rules.check_approval(order, by=actor.user_id, digest=command.digest, now=pen.now)
    if not await _may_now(pen, Bearer(order.proposed_by), rules.PROPOSING[order.action]):
        raise OrderProposerGoneError
    if not await _may_now(pen, Bearer(actor.user_id, actor.client_id), permission):
        raise NotAllowedError(permission=permission.value)
    confirmed = rules.facts_of(order)
    also = _ALSO_NAMED.get(order.action, ())
    await require_confirmation(pen, actor, ConfirmedAct.ORDER_APPROVAL, confirmed, also_named=also)
    carry_out = {**_CARRIERS, **more}[order.action]
    return await carry_out(
        pen, actor, replace(order, approved_by=actor.user_id, approved_at=pen.now)
    )


async def give(pen: Pen, approved: Order, log_index: int) -> Order:
    """Keep that an order was approved, and by which act it is carried out."""
    given = replace(approved, approved_index=log_index)
    await store.insert_approval(pen.connection, given)
    return given


async def propose(
    pen: Pen, actor: Actor, action: Action, about: About, ground: Ground, *, kind: str
) -> Order:
    """
    Keep a proposed order, its leaf of a kind; that the actor may propose it was checked.

    Raises:
        OrderDocumentError, DocumentNotFoundError: not one document is named.
        RuleMissingError: nobody has said how long an order may wait.
        ConfirmationNeededError, PersonNeededError: it takes a fresh second factor.
    """
    sha256 = await _digest_of(pen, ground)
    expires_at = await _end_of_waiting(pen)
    confirmed = {"action": action.value, "about": about.facts, "document_sha256": sha256}
    await require_confirmation(pen, actor, ConfirmedAct.ORDER_PROPOSAL, confirmed)
    order_id = new_id("ord")
    log_index = pen.record(
        by=actor.user_id,
        kind=kind,
        subject=order_id,
        data={
            **about.facts,
            "document_id": ground.document_id,
            "document_sha256": sha256,
            "reason_commitment": Sealed(ground.reason),
            "expires_at": rfc3339(expires_at),
        },
    )
    order = Order(
        id=order_id,
        action=action,
        target=about.target,
        batch_prefix=about.batch_prefix,
        freeze_id=about.freeze_id,
        act=about.act,
        content=about.content,
        document_id=ground.document_id,
        document_sha256=sha256,
        reason=ground.reason,
        digest=rules.digest_of(pen.records[-1].leaf),
        proposed_by=actor.user_id,
        proposed_at=pen.now,
        expires_at=expires_at,
        log_index=log_index,
        claim=about.claim,
    )
    await store.insert_order(pen.connection, order)
    return order


async def _end_of_waiting(pen: Pen) -> datetime:
    """Return the moment until which what is proposed now can be approved."""
    rule = await get_rule(
        pen.connection, programme_code=None, key=RuleKey.ORDER_HOURS, on=bangkok_date(pen.now)
    )
    return pen.now + timedelta(hours=whole_of(rule))


async def _digest_of(pen: Pen, ground: Ground) -> str:
    """Return the SHA-256 of the one document that an order rests on."""
    rules.check_document(ground.document_id, ground.document_sha256)
    if ground.document_id is not None:
        return (await get_document(pen.connection, ground.document_id)).sha256
    assert ground.document_sha256 is not None
    return ground.document_sha256


async def _freeze(pen: Pen, _: Actor, order: Order) -> Order:
    target = order.target
    assert target is not None
    await ledger.get_target(
        pen, Named(target.account_id, order.batch_prefix, target.first, target.last)
    )
    log_index = _record(pen, order, target, order.batch_prefix, done="frozen", facts={})
    given = await give(pen, order, log_index)
    await ledger.freeze(pen, order.id, target, log_index)
    return given


async def _release(pen: Pen, _: Actor, order: Order) -> Order:
    assert order.freeze_id is not None
    frozen = await ledger.get_standing(pen, order.freeze_id)
    prefix = await _prefix_of(pen, frozen)
    facts = {"freeze": frozen.id}
    log_index = _record(pen, order, frozen.target, prefix, done="released", facts=facts)
    given = await give(pen, order, log_index)
    await ledger.release(pen, frozen, order.id, log_index)
    return given


async def _reverse(pen: Pen, _: Actor, order: Order) -> Order:
    assert order.act is not None
    act = await ledger.get_reversible(pen, order.act)
    await _check_window(pen, act)
    await ledger.check_held(pen, act)
    facts = {**rules.facts_of(order), "reverses": act.log_index}
    by = order.approved_by or ""
    movement = await ledger.take_back(pen, act, by=by, order_id=order.id, facts=facts)
    return await give(pen, order, movement.log_index)


_CARRIERS: Final[Mapping[Action, Carrier]] = {
    Action.FREEZE: _freeze,
    Action.RELEASE: _release,
    Action.REVERSAL: _reverse,
}


def _record(
    pen: Pen,
    order: Order,
    target: Target,
    prefix: str | None,
    *,
    done: str,
    facts: Mapping[str, object],
) -> int:
    """Put into the log what became frozen or free, under its own name: account or batch."""
    said: dict[str, object] = {**rules.facts_of(order), **facts}
    kinds = {
        "frozen": ("account.frozen", "serials.frozen"),
        "released": ("account.released", "serials.released"),
    }
    of_account, of_serials = kinds[done]
    by = order.approved_by or ""
    if target.account_id is not None:
        number = account_number(target.account_id)
        return pen.record(by=by, kind=of_account, subject=number, data=said)
    said |= {"first": target.first, "last": target.last}
    return pen.record(by=by, kind=of_serials, subject=prefix or "", data=said)


async def _prefix_of(pen: Pen, frozen: Freeze) -> str | None:
    if frozen.target.batch_id is None:
        return None
    return (await ledger.get_batch_of(pen, frozen.target)).serial_prefix


async def _check_window(pen: Pen, act: Reversible) -> None:
    today = bangkok_date(pen.now)
    rule = await get_rule(
        pen.connection, programme_code=None, key=RuleKey.REVERSAL_WINDOW_DAYS, on=today
    )
    rules.check_window(act.recorded_at, days=whole_of(rule), now=pen.now)


async def _may_now(pen: Pen, bearer: Bearer, permission: Permission) -> bool:
    """Say whether somebody may do something at this very moment, pen in hand."""
    standing = await find_standing(pen.connection, bearer)
    return (
        standing is not None
        and not standing.key_revoked
        and (standing.key_expires_at is None or pen.now < standing.key_expires_at)
        and standing.user_status is Status.ACTIVE
        and standing.party_status is Status.ACTIVE
        and allows(standing.actor, permission)
    )
