"""What officers of the authority do with orders; each public function is one act."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

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
from app.registry.orders.rules import Action, Order
from app.registry.parties.policy import Actor, NotAllowedError, Permission, allows, require
from app.registry.parties.rules import Status
from app.registry.programmes.rules import RuleKey, whole_of
from app.registry.programmes.store import get_rule
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
class _About:
    """What an order is about, for its row and for its leaf."""

    facts: Mapping[str, object]
    target: Target | None = None
    batch_prefix: str | None = None
    freeze_id: str | None = None
    act: int | None = None


async def propose_freeze(pen: Pen, actor: Actor, command: ProposeFreeze) -> Order:
    """
    Propose to freeze something; nothing is frozen before somebody else approves it.

    Raises:
        NotAllowedError: the actor is no officer of TGO.
        OrderTargetError, OrderDocumentError: not one thing, or not one document, is named.
        AccountNotFoundError, RegistryAccountError, AccountClosedError, BatchNotFoundError,
            SerialsOutsideError, DocumentNotFoundError: what is named is not there.
        RuleMissingError: nobody has said how long an order may wait.
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
    about = _About(facts, target, named.batch_prefix)
    return await _propose(pen, actor, Action.FREEZE, about, command.ground, kind="freeze.proposed")


async def propose_release(pen: Pen, actor: Actor, command: ProposeRelease) -> Order:
    """
    Propose to release what is frozen.

    Raises:
        NotAllowedError: the actor is no officer of TGO.
        FreezeNotFoundError, FreezeReleasedError: it is not frozen.
        OrderDocumentError, DocumentNotFoundError, RuleMissingError: as `propose_freeze`.
    """
    require(actor, Permission.PROPOSE_FREEZE)
    frozen = await ledger.get_standing(pen, command.freeze_id)
    about = _About({"freeze": frozen.id}, freeze_id=frozen.id)
    return await _propose(
        pen, actor, Action.RELEASE, about, command.ground, kind="release.proposed"
    )


async def propose_reversal(pen: Pen, actor: Actor, command: ProposeReversal) -> Order:
    """
    Propose to take a transfer back.

    Raises:
        NotAllowedError: the actor is no officer of TGO.
        NotReversibleError, ReversedBeforeError, ReversalLateError, MovedOnError,
            AccountClosedError: this act cannot be taken back, or not any more.
        OrderDocumentError, DocumentNotFoundError, RuleMissingError: as `propose_freeze`.
    """
    require(actor, Permission.PROPOSE_REVERSAL)
    act = await ledger.get_reversible(pen, command.act)
    await _check_window(pen, act)
    await ledger.check_held(pen, act)
    about = _About({"act": act.log_index}, act=act.log_index)
    return await _propose(
        pen, actor, Action.REVERSAL, about, command.ground, kind="reversal.proposed"
    )


async def approve_order(pen: Pen, actor: Actor, command: ApproveOrder) -> Order:
    """
    Approve an order, and carry it out.

    Raises:
        OrderNotFoundError, NotAllowedError: the actor may not know of it, or not approve it.
        OrderGivenError, OrderLapsedError, OwnOrderError, OrderDigestError: it is repeated, late,
            the actor's own, or of something else.
        OrderProposerGoneError: whoever proposed it may no longer do so.
        AccountClosedError, FreezeReleasedError, NotReversibleError, ReversedBeforeError,
            ReversalLateError, MovedOnError: it cannot be carried out any more.
    """
    order = await store.get_order(pen.connection, command.order_id)
    if not allows(actor, Permission.QUERY_LEDGER):
        raise OrderNotFoundError
    permission = rules.APPROVING[order.action]
    require(actor, permission)
    rules.check_approval(order, by=actor.user_id, digest=command.digest, now=pen.now)
    if not await _may_now(pen, Bearer(order.proposed_by), rules.PROPOSING[order.action]):
        raise OrderProposerGoneError
    if not await _may_now(pen, Bearer(actor.user_id, actor.client_id), permission):
        raise NotAllowedError(permission=permission.value)
    approved = replace(order, approved_by=actor.user_id, approved_at=pen.now)
    if order.action is Action.FREEZE:
        return await _freeze(pen, approved)
    if order.action is Action.RELEASE:
        return await _release(pen, approved)
    return await _reverse(pen, approved)


async def _propose(
    pen: Pen, actor: Actor, action: Action, about: _About, ground: Ground, *, kind: str
) -> Order:
    rules.check_document(ground.document_id, ground.document_sha256)
    sha256 = ground.document_sha256
    if ground.document_id is not None:
        sha256 = (await get_document(pen.connection, ground.document_id)).sha256
    assert sha256 is not None
    rule = await get_rule(
        pen.connection, programme_code=None, key=RuleKey.ORDER_HOURS, on=bangkok_date(pen.now)
    )
    expires_at = pen.now + timedelta(hours=whole_of(rule))
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
        document_id=ground.document_id,
        document_sha256=sha256,
        reason=ground.reason,
        digest=rules.digest_of(pen.records[-1].leaf),
        proposed_by=actor.user_id,
        proposed_at=pen.now,
        expires_at=expires_at,
        log_index=log_index,
    )
    await store.insert_order(pen.connection, order)
    return order


async def _freeze(pen: Pen, order: Order) -> Order:
    target = order.target
    assert target is not None
    await ledger.get_target(
        pen, Named(target.account_id, order.batch_prefix, target.first, target.last)
    )
    log_index = _record(pen, order, target, order.batch_prefix, done="frozen", facts={})
    given = replace(order, approved_index=log_index)
    await store.insert_approval(pen.connection, given)
    await ledger.freeze(pen, order.id, target, log_index)
    return given


async def _release(pen: Pen, order: Order) -> Order:
    assert order.freeze_id is not None
    frozen = await ledger.get_standing(pen, order.freeze_id)
    prefix = await _prefix_of(pen, frozen)
    facts = {"freeze": frozen.id}
    log_index = _record(pen, order, frozen.target, prefix, done="released", facts=facts)
    given = replace(order, approved_index=log_index)
    await store.insert_approval(pen.connection, given)
    await ledger.release(pen, frozen, order.id, log_index)
    return given


async def _reverse(pen: Pen, order: Order) -> Order:
    assert order.act is not None
    act = await ledger.get_reversible(pen, order.act)
    await _check_window(pen, act)
    await ledger.check_held(pen, act)
    facts = {"order": order.id, "digest": order.digest, "reverses": act.log_index}
    by = order.approved_by or ""
    movement = await ledger.take_back(pen, act, by=by, order_id=order.id, facts=facts)
    given = replace(order, approved_index=movement.log_index)
    await store.insert_approval(pen.connection, given)
    return given


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
    said = {"order": order.id, "digest": order.digest, **facts}
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
