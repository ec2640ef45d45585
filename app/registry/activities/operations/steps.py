"""How a step of an activity's life is written: the leaf, the new version, the event."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.registry.activities import store
from app.registry.activities.rules import LIVE, Activity, Event, Grounds, Step
from app.registry.log.pen import Pen, Sealed
from app.registry.parties.policy import Actor


@dataclass(frozen=True, slots=True)
class Advance:
    """Take an activity one step further: submit it, start its review, withdraw or close it."""

    activity_id: str
    expected_version: int
    reason: str | None = None  # None: the step needs none


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that was decided: from what, to what, and why."""

    step: Step | None  # None: the activity is new
    before: Activity | None  # None: the activity is new
    after: Activity
    reason: str | None = None
    grounds: Grounds | None = None


# What the past tense of a step is called in the log.
KINDS: Mapping[Step | None, str] = {
    None: "activity.drafted",
    Step.AMEND: "activity.amended",
    Step.SUBMIT: "activity.submitted",
    Step.START_REVIEW: "activity.review_started",
    Step.RETURN: "activity.returned",
    Step.COMPLETE_REVIEW: "activity.review_completed",
    Step.CLEAR_REVIEW: "activity.review_completed",
    Step.ASSIGN_VALIDATOR: "activity.validator_assigned",
    Step.VALIDATE: "activity.validated",
    Step.REGISTER: "activity.registered",
    Step.REFUSE: "activity.refused",
    Step.WITHDRAW: "activity.withdrawn",
    Step.CLOSE: "activity.closed",
}


def record(pen: Pen, actor: Actor, taken: Taken, data: Mapping[str, object]) -> tuple[Taken, int]:
    """
    Put a step into the log.

    Returns:
        The step with the version that it leads to, and its log index.
    """
    before, after, grounds = taken.before, taken.after, taken.grounds
    version = 1 if before is None else before.version + 1
    log_index = pen.record(
        by=actor.user_id,
        kind=KINDS[taken.step],
        subject=after.id,
        data={
            "code": after.code,
            "by_party_id": actor.party_id,
            "from": None if before is None else before.status.value,
            "to": after.status.value,
            "version": version,
            **({} if grounds is None else _grounds_data(grounds)),
            # People write names of people into reasons.
            **({} if taken.reason is None else {"reason_commitment": Sealed(taken.reason)}),
            **data,
        },
    )
    return replace(taken, after=replace(after, version=version)), log_index


async def advance(pen: Pen, actor: Actor, taken: Taken, data: Mapping[str, object]) -> Activity:
    """Record and write a step of an activity that exists."""
    taken, log_index = record(pen, actor, taken, data)
    await write(pen, actor, taken, log_index)
    return taken.after


async def write(pen: Pen, actor: Actor, taken: Taken, log_index: int) -> None:
    """Write a recorded step: the activity's new version, what it claims, and the event."""
    before, after = taken.before, taken.after
    if before is None:
        await store.insert_activity(pen.connection, after)
    else:
        await store.update_activity(pen.connection, after)
        if (before.status in LIVE) != (after.status in LIVE):
            await store.update_sites_claim(pen.connection, after.id, after.status)
    await store.insert_event(pen.connection, _event(pen, actor, taken, log_index))


def _event(pen: Pen, actor: Actor, taken: Taken, log_index: int) -> Event:
    grounds = taken.grounds
    return Event(
        log_index=log_index,
        activity_id=taken.after.id,
        step="draft" if taken.step is None else taken.step.value,
        from_status=None if taken.before is None else taken.before.status,
        to_status=taken.after.status,
        by_user_id=actor.user_id,
        by_party_id=actor.party_id,
        happened_at=pen.now,
        reason=taken.reason,
        meeting=None if grounds is None else grounds.meeting,
        decided_on=None if grounds is None else grounds.decided_on,
        document_id=None if grounds is None else grounds.document_id,
    )


def _grounds_data(grounds: Grounds) -> dict[str, object]:
    return {
        "decided_on": grounds.decided_on.isoformat(),
        "decision_document_id": grounds.document_id,
        "meeting": grounds.meeting,
    }
