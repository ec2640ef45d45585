"""TGO's decision on a verified report, and the minting that follows an approval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.kernel.clock import bangkok_date
from app.kernel.ids import new_id
from app.registry.activities import store as activities
from app.registry.activities.refusals import CreditAccountNeededError, EvidenceForeignError
from app.registry.activities.rules import (
    Activity,
    Grounds,
    check_credit_account,
    check_grounds,
    check_reason,
)
from app.registry.issuance import rules, store
from app.registry.issuance.refusals import AlreadyDecidedError, NeverMintsError
from app.registry.issuance.rules import Issuance, IssuanceLine, Planned, Remainder
from app.registry.ledger import operations as ledger
from app.registry.ledger import store as accounts
from app.registry.ledger.operations import Minted
from app.registry.ledger.rules import Mint
from app.registry.ledger.serials import account_number
from app.registry.log.pen import Pen, Sealed
from app.registry.monitoring import operations as monitoring
from app.registry.monitoring import store as reports
from app.registry.monitoring.operations import Step
from app.registry.monitoring.rules import Report, ReportStatus, require_next
from app.registry.parties.policy import Actor, Permission, require
from app.registry.programmes import store as programmes
from app.registry.programmes.operations import require_confirmation
from app.registry.programmes.rules import ConfirmedAct, RuleKey, is_yes, serial_prefix, text_of
from app.registry.verification import store as verifications
from app.registry.verification.rules import Verification


@dataclass(frozen=True, slots=True)
class DecideIssuance:
    """Issue the credits of a verified report, or refuse to."""

    report_id: str
    approve: bool
    grounds: Grounds
    reason: str | None = None  # None: approved without a remark


@dataclass(frozen=True, slots=True)
class _Case:
    """What a decision is about."""

    report: Report
    activity: Activity
    verification: Verification


async def decide_issuance(
    pen: Pen, actor: Actor, command: DecideIssuance, *, said: Mapping[str, object] | None = None
) -> Issuance:
    """
    Issue the credits of a verified report, one batch per vintage, or refuse to.

    Args:
        pen: what to write with.
        actor: who decides.
        command: what.
        said: what the leaf says besides, of the order that has it done and whose approval was
            confirmed; None: one person decides.

    Raises:
        ReportNotFoundError, NotAllowedError: the actor may not decide it.
        NeverMintsError: the programme issues no credits.
        AlreadyDecidedError, ReportStateError: it is decided, or not verified.
        DecisionUngroundedError, DecisionAheadError, DateOutOfRangeError, EvidenceForeignError,
            ReasonMissingError: the decision does not say where and why it was taken.
        CreditAccountNeededError, CreditAccountForeignError: the owner's account cannot receive.
        NothingToIssueError: no vintage reaches one credit.
        RuleMissingError, SerialPrefixTakenError: the programme's rules do not let serials be made.
        ConfirmationNeededError, PersonNeededError: it takes a fresh second factor.
    """
    case = await _case(pen, actor, command)
    await _check_grounds(pen, case.activity, command)
    decision = _decision(pen, actor, command, case)
    if not command.approve:
        check_reason(command.reason)
        return await _refuse(pen, actor, decision, case)
    planned = await _plan(pen, case)
    lines = rules.facts_of(planned)
    if said is None:
        confirmed = {"report": case.report.id, "lines": lines}
        await require_confirmation(pen, actor, ConfirmedAct.ISSUANCE_APPROVAL, confirmed)
    minted = await ledger.mint(
        pen,
        by=actor.user_id,
        subject=decision.id,
        data={**_facts(decision), "lines": lines, **(said or {})},
        mints=await _mints(pen, case.activity, planned),
    )
    issued = replace(decision, log_index=minted.log_index, lines=_lines(planned, minted))
    await _write(pen, issued, case, Step("credits.issued", ReportStatus.ISSUED, actor))
    return issued


async def describe_issuance(pen: Pen, actor: Actor, command: DecideIssuance) -> dict[str, object]:
    """
    Return what an approval would do, as the log says it: whose account gets which credits, and why.

    Raises:
        As `decide_issuance`.
    """
    case = await _case(pen, actor, command)
    await _check_grounds(pen, case.activity, command)
    planned = await _plan(pen, case)
    mints = await _mints(pen, case.activity, planned)
    return {
        "report_id": case.report.id,
        "decided_on": command.grounds.decided_on.isoformat(),
        "decision_document_id": command.grounds.document_id,
        "meeting": command.grounds.meeting,
        "account": account_number(mints[0].owner_account_id),
        "lines": rules.facts_of(planned),
    }


async def _refuse(pen: Pen, actor: Actor, decision: Issuance, case: _Case) -> Issuance:
    log_index = pen.record(
        by=actor.user_id, kind="issuance.refused", subject=decision.id, data=_facts(decision)
    )
    refused = replace(decision, log_index=log_index)
    step = Step("issuance.refused", ReportStatus.REJECTED, actor, decision.reason)
    await _write(pen, refused, case, step)
    return refused


async def _case(pen: Pen, actor: Actor, command: DecideIssuance) -> _Case:
    report = await reports.get_visible_report(pen.connection, command.report_id, viewer=actor)
    require(actor, Permission.DECIDE_ISSUANCE)
    activity = await activities.get_activity(pen.connection, report.activity_id)
    programme = await programmes.get_programme(pen.connection, activity.programme_code)
    if not programme.mints:
        raise NeverMintsError(programme=programme.code, report_id=report.id)
    if await store.find_issuance_of_report(pen.connection, report.id) is not None:
        raise AlreadyDecidedError
    require_next(report, ReportStatus.ISSUED)
    verification = await verifications.find_concluded_verification(pen.connection, report.id)
    assert verification is not None  # what has become verified was concluded
    return _Case(report, activity, verification)


async def _check_grounds(pen: Pen, activity: Activity, command: DecideIssuance) -> None:
    check_grounds(command.grounds, today=bangkok_date(pen.now))
    document_id = command.grounds.document_id
    if document_id is not None and await activities.list_foreign_documents(
        pen.connection, [document_id], activity_id=activity.id
    ):
        raise EvidenceForeignError(document_id=document_id)


async def _plan(pen: Pen, case: _Case) -> tuple[Planned, ...]:
    carries = await programmes.get_rule(
        pen.connection,
        programme_code=case.activity.programme_code,
        key=RuleKey.REMAINDER_CARRIED,
        on=bangkok_date(pen.now),
    )
    carried: dict[int, Remainder] = {}
    if is_yes(carries):
        vintages = [line.vintage for line in case.verification.lines]
        carried = await store.list_remainders(pen.connection, case.activity.id, vintages)
    return rules.plan(case.verification.lines, carried)


async def _mints(pen: Pen, activity: Activity, planned: Sequence[Planned]) -> list[Mint]:
    if activity.credit_account_id is None:
        raise CreditAccountNeededError
    account = await accounts.get_account(pen.connection, activity.credit_account_id)
    check_credit_account(account, owner_party_id=activity.owner_party_id)
    template = await programmes.get_rule(
        pen.connection,
        programme_code=activity.programme_code,
        key=RuleKey.SERIAL_PREFIX_FORMAT,
        on=bangkok_date(pen.now),
    )
    vintages = [line.vintage for line in planned]
    counts = await store.list_batch_counts(pen.connection, activity.id, vintages)
    sites = await activities.list_sites(pen.connection, activity.id)
    provinces = {site.province_code for site in sites}
    # Sites in several provinces: the batch is of none of them alone.
    province_code = provinces.pop() if len(provinces) == 1 else None
    return [
        Mint(
            vintage=line.vintage,
            credits=line.credits,
            buffer_credits=line.buffer_credits,
            owner_account_id=account.id,
            serial_prefix=serial_prefix(
                text_of(template),
                programme_code=activity.programme_code,
                activity_number=activity.number,
                vintage=line.vintage,
                batch_number=counts[line.vintage] + 1,
            ),
            programme_code=activity.programme_code,
            activity_id=activity.id,
            project_code=activity.code,
            project_name=activity.name_en,
            province_code=province_code,
        )
        for line in planned
        if line.credits
    ]


def _lines(planned: Sequence[Planned], minted: Minted) -> tuple[IssuanceLine, ...]:
    batches = {batch.vintage: batch for batch in minted.batches}
    return tuple(IssuanceLine(line, batches.get(line.vintage)) for line in planned)


async def _write(pen: Pen, issuance: Issuance, case: _Case, step: Step) -> None:
    await store.insert_issuance(
        pen.connection, issuance, opinion_number=case.verification.opinion_number
    )
    await monitoring.move_report(pen, case.report, step, log_index=issuance.log_index)


def _decision(pen: Pen, actor: Actor, command: DecideIssuance, case: _Case) -> Issuance:
    return Issuance(
        id=new_id("iss"),
        report_id=case.report.id,
        activity_id=case.activity.id,
        verification_id=case.verification.id,
        approved=command.approve,
        grounds=command.grounds,
        reason=command.reason,
        decided_by=actor.user_id,
        recorded_at=pen.now,
        log_index=-1,  # until it is recorded
        lines=(),
    )


def _facts(decision: Issuance) -> dict[str, object]:
    return {
        "report_id": decision.report_id,
        "activity_id": decision.activity_id,
        "verification_id": decision.verification_id,
        "decided_on": decision.grounds.decided_on.isoformat(),
        "decision_document_id": decision.grounds.document_id,
        "meeting": decision.grounds.meeting,
        # People write names of people into reasons.
        "reason_commitment": None if decision.reason is None else Sealed(decision.reason),
    }
