"""Acts of officers, VVBs and approvers: review, validation, registration."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from app.kernel.clock import bangkok_date
from app.kernel.ids import new_id
from app.registry.activities import rules, store
from app.registry.activities.operations.steps import (
    Advance,
    Taken,
    advance,
    record,
    write,
)
from app.registry.activities.refusals import (
    EvidenceForeignError,
    OpinionGivenError,
    ReviewAlreadyCompleteError,
    ValidationNotAskedError,
    ValidatorMissingError,
)
from app.registry.activities.rules import Activity, Grounds, Opinion, Step, ValidationConclusion
from app.registry.ledger import store as ledger
from app.registry.log.pen import Pen, Sealed
from app.registry.methodologies import store as methodologies
from app.registry.methodologies.rules import crediting_end
from app.registry.parties import store as parties
from app.registry.parties.policy import Actor
from app.registry.programmes import store as programmes
from app.registry.programmes.rules import Programme


@dataclass(frozen=True, slots=True)
class EndReview:
    """Say what came of the completeness review."""

    activity_id: str
    expected_version: int
    is_complete: bool
    reason: str | None = None  # None: it is complete
    vvb_party_id: str | None = None  # None: one was assigned before, or none is needed


@dataclass(frozen=True, slots=True)
class AssignValidator:
    """Name the VVB that is to validate an activity."""

    activity_id: str
    expected_version: int
    vvb_party_id: str


@dataclass(frozen=True, slots=True)
class GiveOpinion:
    """Give the VVB's opinion on an activity."""

    activity_id: str
    expected_version: int
    conclusion: ValidationConclusion
    statement: str
    document_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DecideRegistration:
    """Register an activity, or refuse to."""

    activity_id: str
    expected_version: int
    approve: bool
    grounds: Grounds
    reason: str | None = None  # None: it is registered


async def start_review(pen: Pen, actor: Actor, command: Advance) -> Activity:
    """Begin to check whether a submitted file is complete."""
    before = await store.get_visible_activity(pen.connection, actor, command.activity_id)
    status = rules.take_step(
        actor, before, Step.START_REVIEW, expected_version=command.expected_version
    )
    taken = Taken(Step.START_REVIEW, before, replace(before, status=status), command.reason)
    return await advance(pen, actor, taken, {})


async def end_review(pen: Pen, actor: Actor, command: EndReview) -> Activity:
    """Send a complete file on to validation or decision, or return it to its owner."""
    before = await store.get_visible_activity(pen.connection, actor, command.activity_id)
    programme = await programmes.get_programme(pen.connection, before.programme_code)
    step = _review_step(programme, is_complete=command.is_complete)
    status = rules.take_step(actor, before, step, expected_version=command.expected_version)
    if before.review_completed_on is not None:
        raise ReviewAlreadyCompleteError
    if not command.is_complete:
        rules.check_reason(command.reason)
        after = replace(before, status=status, submitted_on=None)
        return await advance(pen, actor, Taken(step, before, after, command.reason), {})
    today = bangkok_date(pen.now)
    vvb_party_id = command.vvb_party_id or before.vvb_party_id
    if programme.needs_verification and vvb_party_id is None:
        raise ValidatorMissingError
    if vvb_party_id is not None:
        await _check_validator(pen, before, programme, vvb_party_id)
    after = replace(before, status=status, review_completed_on=today, vvb_party_id=vvb_party_id)
    taken = Taken(step, before, after, command.reason)
    return await advance(pen, actor, taken, {"vvb_party_id": vvb_party_id})


async def assign_validator(pen: Pen, actor: Actor, command: AssignValidator) -> Activity:
    """Name the VVB that is to validate an activity; it may be named again until it has approved."""
    before = await store.get_visible_activity(pen.connection, actor, command.activity_id)
    status = rules.take_step(
        actor, before, Step.ASSIGN_VALIDATOR, expected_version=command.expected_version
    )
    programme = await programmes.get_programme(pen.connection, before.programme_code)
    await _check_no_positive_opinion(pen, before)
    await _check_validator(pen, before, programme, command.vvb_party_id)
    after = replace(before, status=status, vvb_party_id=command.vvb_party_id)
    taken = Taken(Step.ASSIGN_VALIDATOR, before, after)
    return await advance(pen, actor, taken, {"vvb_party_id": command.vvb_party_id})


async def give_opinion(pen: Pen, actor: Actor, command: GiveOpinion) -> Opinion:
    """Give the assigned VVB's opinion; after a positive one none may follow."""
    before = await store.get_visible_activity(pen.connection, actor, command.activity_id)
    status = rules.take_step(
        actor, before, Step.VALIDATE, expected_version=command.expected_version
    )
    programme = await programmes.get_programme(pen.connection, before.programme_code)
    await _check_no_positive_opinion(pen, before)
    await _check_validator(pen, before, programme, actor.party_id)
    document_ids = tuple(dict.fromkeys(command.document_ids))
    await _check_evidence(pen, before, document_ids)
    taken = Taken(Step.VALIDATE, before, replace(before, status=status))
    opinion_id = new_id("opn")
    taken, log_index = record(
        pen,
        actor,
        taken,
        {
            "opinion_id": opinion_id,
            "vvb_party_id": actor.party_id,
            "conclusion": command.conclusion.value,
            "statement_commitment": Sealed(command.statement),
            "document_ids": document_ids,
        },
    )
    opinion = Opinion(
        id=opinion_id,
        activity_id=before.id,
        vvb_party_id=actor.party_id,
        lead_user_id=actor.user_id,
        conclusion=command.conclusion,
        statement=command.statement,
        document_ids=document_ids,
        given_at=pen.now,
        log_index=log_index,
    )
    await write(pen, actor, taken, log_index)
    await store.insert_opinion(pen.connection, opinion)
    return opinion


async def decide_registration(pen: Pen, actor: Actor, command: DecideRegistration) -> Activity:
    """Register an activity, which begins its crediting period, or refuse it for good."""
    before = await store.get_visible_activity(pen.connection, actor, command.activity_id)
    step = Step.REGISTER if command.approve else Step.REFUSE
    status = rules.take_step(actor, before, step, expected_version=command.expected_version)
    programme = await programmes.get_programme(pen.connection, before.programme_code)
    today = bangkok_date(pen.now)
    rules.check_decidable(
        before,
        await store.find_latest_opinion(pen.connection, before.id),
        needs_validation=programme.needs_verification,
        approve=command.approve,
    )
    rules.check_grounds(command.grounds, today=today)
    if command.grounds.document_id is not None:
        await _check_evidence(pen, before, (command.grounds.document_id,))
    if not command.approve:
        rules.check_reason(command.reason)
        after = replace(before, status=status)
        taken = Taken(step, before, after, command.reason, command.grounds)
        return await advance(pen, actor, taken, {})
    after = await _registered(pen, replace(before, status=status), today)
    taken = Taken(step, before, after, command.reason, command.grounds)
    return await advance(pen, actor, taken, _registration_data(after))


async def admit_reader(pen: Pen, *, activity_id: str, party_id: str, log_index: int) -> None:
    """
    Let a party read an activity's confidential documents, because it was assigned to verify it.

    Part of the act that assigns it: whoever calls this has permitted and recorded that act.

    Args:
        pen: what to write with.
        activity_id: the activity.
        party_id: the VVB.
        log_index: of the act that assigned it.
    """
    await store.insert_reader(
        pen.connection, activity_id=activity_id, party_id=party_id, log_index=log_index
    )


def _review_step(programme: Programme, *, is_complete: bool) -> Step:
    if not is_complete:
        return Step.RETURN
    return Step.COMPLETE_REVIEW if programme.needs_verification else Step.CLEAR_REVIEW


async def _check_validator(
    pen: Pen, activity: Activity, programme: Programme, vvb_party_id: str
) -> None:
    if not programme.needs_verification:
        raise ValidationNotAskedError(programme_code=programme.code)
    rules.check_validator(
        await parties.get_party(pen.connection, vvb_party_id),
        await parties.list_accreditations(pen.connection, vvb_party_id),
        activity=activity,
        has_account=await ledger.find_any_account(pen.connection, vvb_party_id) is not None,
        today=bangkok_date(pen.now),
    )


async def _check_no_positive_opinion(pen: Pen, activity: Activity) -> None:
    if rules.is_positive(await store.find_latest_opinion(pen.connection, activity.id)):
        raise OpinionGivenError


async def _check_evidence(pen: Pen, activity: Activity, document_ids: Sequence[str]) -> None:
    foreign = await store.list_foreign_documents(
        pen.connection, document_ids, activity_id=activity.id
    )
    if foreign:
        raise EvidenceForeignError(document_id=foreign[0])


async def _registered(pen: Pen, activity: Activity, today: date) -> Activity:
    methodology = await methodologies.get_methodology(
        pen.connection, code=activity.methodology_code, version=activity.methodology_version
    )
    start = activity.proposed_crediting_start
    return replace(
        activity,
        crediting_start=start,
        crediting_end=crediting_end(start, methodology.crediting_years),
        registered_on=today,
    )


def _registration_data(activity: Activity) -> dict[str, object]:
    assert activity.crediting_start is not None
    assert activity.crediting_end is not None
    assert activity.registered_on is not None
    return {
        "name_th": activity.name_th,
        "name_en": activity.name_en,
        "owner_party_id": activity.owner_party_id,
        "methodology_code": activity.methodology_code,
        "methodology_version": activity.methodology_version,
        "crediting_start": activity.crediting_start.isoformat(),
        "crediting_end": activity.crediting_end.isoformat(),
        "registered_on": activity.registered_on.isoformat(),
    }
