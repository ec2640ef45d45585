"""What officers and holders do about a case; each public function is one act."""

from dataclasses import dataclass
from typing import Final

from app.kernel.clock import bangkok_date
from app.registry.activities.store import get_activity
from app.registry.compensation import rules, store
from app.registry.compensation.rules import Case, Step, StepKind
from app.registry.issuance.rules import Issuance
from app.registry.issuance.store import get_issuance
from app.registry.ledger import operations as ledger
from app.registry.ledger.operations import Cause, End, Movement
from app.registry.ledger.rules import (
    BUFFER,
    Account,
    Beneficiary,
    Choice,
    Ending,
    EntryKind,
    Statement,
    Visibility,
)
from app.registry.log.pen import Pen
from app.registry.orders import operations as orders
from app.registry.orders.operations import About, Ground
from app.registry.orders.rules import Action, CaseKind, Claim, Order, facts_of
from app.registry.parties.policy import Actor, Permission, require
from app.registry.programmes.rules import RuleKey, whole_of
from app.registry.programmes.store import get_rule

# Kind of the leaf of each step.
_EVENT: Final = {
    StepKind.DEDUCTION: "credits.deducted",
    StepKind.REPLACEMENT: "credits.replaced",
    StepKind.BUFFER: "buffer.compensated",
}


@dataclass(frozen=True, slots=True)
class ProposeCase:
    """Propose to open a case against an issuance."""

    issuance_id: str
    kind: CaseKind
    credits: int  # > 0, tCO2e
    ground: Ground


@dataclass(frozen=True, slots=True)
class ProposeBuffer:
    """Propose to cancel buffer credits for a case."""

    case_id: str
    credits: int  # > 0, tCO2e
    ground: Ground


@dataclass(frozen=True, slots=True)
class Compensate:
    """Cancel credits of an account for a case."""

    case_id: str
    kind: StepKind  # a deduction or a replacement
    from_account: int
    choice: Choice


@dataclass(frozen=True, slots=True)
class Compensated:
    """A step as it was recorded, with the credits that ended in it."""

    step: Step
    movement: Movement


async def propose_case(pen: Pen, actor: Actor, command: ProposeCase) -> Order:
    """
    Propose to open a case; nothing is owed before somebody else approves it.

    Raises:
        NotAllowedError: the actor is no officer of TGO.
        IssuanceNotFoundError: there is no such issuance.
        NothingIssuedError, CaseOverIssuedError: it issued less than is claimed.
        OrderDocumentError, DocumentNotFoundError: not one document is named.
        RuleMissingError: nobody has said how long an order may wait, or when a case is due.
    """
    require(actor, Permission.PROPOSE_CASE)
    issuance = await _claimable(pen, command.issuance_id, command.credits)
    await _days_given(pen)
    claim = Claim(command.credits, issuance.id, command.kind)
    facts = {
        "issuance": issuance.id,
        "case_kind": command.kind.value,
        "credits": command.credits,
    }
    about = About(facts, claim=claim)
    return await orders.propose(
        pen, actor, Action.CASE, about, command.ground, kind="case.proposed"
    )


async def propose_buffer(pen: Pen, actor: Actor, command: ProposeBuffer) -> Order:
    """
    Propose to cancel buffer credits for a case of reversal.

    Raises:
        NotAllowedError: the actor is no officer of TGO.
        CaseNotFoundError: there is no such case.
        BufferNotForCaseError, CaseClosedError, CaseOverOwedError: the buffer does not stand for
            it, or not for so much.
        OrderDocumentError, DocumentNotFoundError, RuleMissingError: as `propose_case`.
    """
    require(actor, Permission.PROPOSE_CASE)
    case = await store.get_case(pen.connection, command.case_id)
    rules.check_buffer(case.kind)
    rules.check_step(command.credits, case_id=case.id, owed=case.owed)
    facts = {"case": case.id, "credits": command.credits}
    about = About(facts, claim=Claim(command.credits, case_id=case.id))
    return await orders.propose(
        pen, actor, Action.BUFFER, about, command.ground, kind="buffer.proposed"
    )


async def compensate(pen: Pen, actor: Actor, command: Compensate) -> Compensated:
    """
    Cancel credits for a case: it owes as many less, and is closed where it owes no more.

    Raises:
        CaseNotFoundError: there is no such case.
        CaseClosedError, CaseOverOwedError: it does not owe so much.
        NotDeductibleError, NotReplacingError: the credits are not for such a step.
        As `app.registry.ledger.operations.end`, but for its purposes and dates.
    """
    assert command.kind is not StepKind.BUFFER
    case = await store.get_case(pen.connection, command.case_id)
    rules.check_step(command.choice.total, case_id=case.id, owed=case.owed)
    issuance = await get_issuance(pen.connection, case.issuance_id)
    activity = await get_activity(pen.connection, issuance.activity_id)
    own = frozenset(batch.id for batch in issuance.batches)

    def check(sender: Account, batch_ids: frozenset[int]) -> None:
        rules.check_credits(
            command.kind,
            issuance_id=issuance.id,
            are_own=bool(batch_ids & own),
            are_others=bool(batch_ids - own),
            by_developer=sender.owner_party_id == activity.owner_party_id,
        )

    facts = {"case": case.id, "owed": case.owed - command.choice.total}
    cause = Cause(_EVENT[command.kind], facts, check)
    end = _end(case, command.from_account, command.choice, EntryKind.CANCELLED)
    movement = await ledger.end(pen, actor, end, cause)
    return await _keep(pen, case, command.kind, movement)


async def _open(pen: Pen, actor: Actor, order: Order) -> Order:
    claim = order.claim
    assert claim is not None
    assert claim.issuance_id is not None
    assert claim.kind is not None
    await _claimable(pen, claim.issuance_id, claim.credits)
    due_on = rules.due_on(bangkok_date(pen.now), days=await _days_given(pen))
    log_index = pen.record(
        by=actor.user_id,
        kind="case.opened",
        subject=order.id,
        data={
            **facts_of(order),
            "issuance": claim.issuance_id,
            "case_kind": claim.kind.value,
            "credits": claim.credits,
            "due_on": due_on.isoformat(),
        },
    )
    given = await orders.give(pen, order, log_index)
    case = Case(
        id=order.id,
        issuance_id=claim.issuance_id,
        kind=claim.kind,
        credits=claim.credits,
        owed=claim.credits,
        due_on=due_on,
        document_id=order.document_id,
        document_sha256=order.document_sha256,
        reason=order.reason,
        opened_at=pen.now,
        log_index=log_index,
    )
    await store.insert_case(pen.connection, case)
    return given


async def _take_from_buffer(pen: Pen, actor: Actor, order: Order) -> Order:
    claim = order.claim
    assert claim is not None
    assert claim.case_id is not None
    case = await store.get_case(pen.connection, claim.case_id)
    rules.check_buffer(case.kind)
    rules.check_step(claim.credits, case_id=case.id, owed=case.owed)
    facts = {
        **facts_of(order),
        "case": case.id,
        "owed": case.owed - claim.credits,
    }
    # Any credits of the pool: it is pooled so that no project has to stand for its own loss alone.
    cause = Cause(_EVENT[StepKind.BUFFER], facts, lambda *_: None)
    end = _end(case, BUFFER, Choice(credits=claim.credits), EntryKind.BUFFER_CANCELLED)
    movement = await ledger.cancel_buffer(pen, actor, end, cause)
    given = await orders.give(pen, order, movement.log_index)
    await _keep(pen, case, StepKind.BUFFER, movement, order_id=order.id)
    return given


# What carries out an order of this subject. Each raises NothingIssuedError, CaseOverIssuedError,
# BufferNotForCaseError, CaseClosedError, CaseOverOwedError, InsufficientCreditsError or
# CreditsFrozenError where what it claims, or takes from the buffer, is not there any more, and
# RuleMissingError where nobody has said when a case is due.
CARRIERS: Final = {Action.CASE: _open, Action.BUFFER: _take_from_buffer}


async def _keep(
    pen: Pen, case: Case, kind: StepKind, movement: Movement, *, order_id: str | None = None
) -> Compensated:
    step = Step(
        log_index=movement.log_index,
        case_id=case.id,
        kind=kind,
        credits=movement.credits,
        owed_after=case.owed - movement.credits,
        order_id=order_id,
        recorded_at=pen.now,
    )
    await store.insert_step(pen.connection, step)
    return Compensated(step, movement)


async def _claimable(pen: Pen, issuance_id: str, credits_claimed: int) -> Issuance:
    """Return an issuance that so many credits can be claimed of."""
    issuance = await get_issuance(pen.connection, issuance_id)
    rules.check_claim(
        credits_claimed,
        issued=sum(batch.credits for batch in issuance.batches),
        claimed=await store.find_claimed(pen.connection, issuance.id),
    )
    return issuance


async def _days_given(pen: Pen) -> int:
    rule = await get_rule(
        pen.connection,
        programme_code=None,
        key=RuleKey.COMPENSATION_DAYS,
        on=bangkok_date(pen.now),
    )
    return whole_of(rule)


def _end(case: Case, from_account: int, choice: Choice, kind: EntryKind) -> End:
    """Return the ending of credits for a case; no words of anybody are in it."""
    purpose = case.kind.value
    statement = Statement(f"Case {case.id}", Beneficiary.ORGANISATION, None, None)
    ending = Ending(kind, purpose, Visibility.PUBLIC, None, statement)
    return End(from_account, choice, ending, (purpose,))
