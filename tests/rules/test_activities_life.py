"""Which step may follow which: every step from every status, and whose step it is."""

import pytest

from app.registry.activities.refusals import ActivityStaleError, ActivityStateError
from app.registry.activities.rules import (
    LIVE,
    PUBLIC,
    STEPS,
    ActivityStatus,
    Step,
    take_step,
)
from app.registry.parties.policy import Actor, NotAllowedError
from app.registry.parties.rules import ROLES_OF_KIND, PartyKind, Role
from tests.builders.activities import an_activity

OWNER = "pty_01kb5w6yk2e0hr9h5y0s8v2a3b"
VVB = "pty_01kb5w6yk2e0hr9h5y0s8v2a3c"
AUTHORITY = "pty_01kb5w6yk2e0hr9h5y0s8v2a3d"
STRANGER = "pty_01kb5w6yk2e0hr9h5y0s8v2a3e"

# Written out by hand a second time: from, step, to. What is not here is refused.
LIFE = {
    ("draft", "amend"): "draft",
    ("draft", "submit"): "submitted",
    ("draft", "withdraw"): "withdrawn",
    ("submitted", "start_review"): "under_review",
    ("submitted", "assign_validator"): "submitted",
    ("submitted", "withdraw"): "withdrawn",
    ("under_review", "return"): "draft",
    ("under_review", "complete_review"): "under_validation",
    ("under_review", "clear_review"): "under_review",
    ("under_review", "assign_validator"): "under_review",
    ("under_review", "register"): "registered",
    ("under_review", "refuse"): "refused",
    ("under_review", "withdraw"): "withdrawn",
    ("under_validation", "assign_validator"): "under_validation",
    ("under_validation", "validate"): "under_validation",
    ("under_validation", "register"): "registered",
    ("under_validation", "refuse"): "refused",
    ("under_validation", "withdraw"): "withdrawn",
    ("registered", "close"): "closed",
}

# Who may take a step: the role, and whether the activity must be the actor's own or assigned to it.
MAY = {
    Step.AMEND: {(Role.DEVELOPER, OWNER)},
    Step.SUBMIT: {(Role.DEVELOPER, OWNER)},
    Step.START_REVIEW: {(Role.OFFICER, AUTHORITY)},
    Step.RETURN: {(Role.OFFICER, AUTHORITY)},
    Step.COMPLETE_REVIEW: {(Role.OFFICER, AUTHORITY)},
    Step.CLEAR_REVIEW: {(Role.OFFICER, AUTHORITY)},
    Step.ASSIGN_VALIDATOR: {(Role.DEVELOPER, OWNER), (Role.OFFICER, AUTHORITY)},
    Step.VALIDATE: {(Role.VERIFIER_LEAD, VVB)},
    Step.REGISTER: {(Role.APPROVER, AUTHORITY)},
    Step.REFUSE: {(Role.APPROVER, AUTHORITY)},
    Step.WITHDRAW: {(Role.DEVELOPER, OWNER)},
    Step.CLOSE: {(Role.DEVELOPER, OWNER), (Role.APPROVER, AUTHORITY)},
}

KIND_OF = {
    role: kind
    for kind in (PartyKind.DEVELOPER, PartyKind.VVB, PartyKind.AUTHORITY)
    for role in ROLES_OF_KIND[kind]
}


def an_actor(role: Role, party_id: str) -> Actor:
    return Actor("usr_01kb5w6yk2e0hr9h5y0s8v2a3b", party_id, KIND_OF[role], frozenset({role}))


def somebody_who_may(step: Step) -> Actor:
    role, party_id = min(MAY[step])
    return an_actor(role, party_id)


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("status", ActivityStatus)
def test_each_step_leads_from_each_status_where_the_table_says(
    status: ActivityStatus, step: Step
) -> None:
    """The life of an activity is what the rules of TGO's procedure allow, and nothing else."""
    activity = an_activity(status=status, owner_party_id=OWNER, vvb_party_id=VVB)
    actor = somebody_who_may(step)
    expected = LIFE.get((status.value, step.value))
    if expected is None:
        with pytest.raises(ActivityStateError):
            take_step(actor, activity, step, expected_version=1)
    else:
        assert take_step(actor, activity, step, expected_version=1).value == expected


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("role", KIND_OF)
@pytest.mark.parametrize("party_id", [OWNER, VVB, AUTHORITY, STRANGER])
def test_each_step_is_taken_by_whom_the_policy_names(step: Step, role: Role, party_id: str) -> None:
    """A role is not enough: the activity must be the actor's own, or assigned to its VVB."""
    status = next(iter(STEPS[step].leads))
    activity = an_activity(status=status, owner_party_id=OWNER, vvb_party_id=VVB)
    actor = an_actor(role, party_id)
    roles_that_reach_any = {Role.OFFICER, Role.APPROVER}
    allowed = any(
        role is may and (party_id == whose or may in roles_that_reach_any)
        for may, whose in MAY[step]
    )
    if allowed:
        take_step(actor, activity, step, expected_version=1)
    else:
        with pytest.raises(NotAllowedError):
            take_step(actor, activity, step, expected_version=1)


def test_nobody_validates_what_no_vvb_was_assigned_to() -> None:
    """Without an assignment there is no VVB whose opinion it could be."""
    activity = an_activity(status=ActivityStatus.UNDER_VALIDATION, owner_party_id=OWNER)
    with pytest.raises(NotAllowedError):
        take_step(an_actor(Role.VERIFIER_LEAD, VVB), activity, Step.VALIDATE, expected_version=1)


@pytest.mark.parametrize("expected_version", [0, 2, 4])
def test_a_step_decided_on_another_version_is_refused(expected_version: int) -> None:
    """Somebody decided on what no longer is."""
    activity = an_activity(owner_party_id=OWNER, version=3)
    actor = an_actor(Role.DEVELOPER, OWNER)
    with pytest.raises(ActivityStaleError):
        take_step(actor, activity, Step.SUBMIT, expected_version=expected_version)
    assert take_step(actor, activity, Step.SUBMIT, expected_version=3) is ActivityStatus.SUBMITTED


def test_ends_are_final() -> None:
    """Refused, withdrawn and closed activities stay so."""
    for rule in STEPS.values():
        assert not {"refused", "withdrawn", "closed"} & {status.value for status in rule.leads}


def test_what_is_public_or_live_is_written_out() -> None:
    """Drafts are nobody's business; an ended activity claims no installation."""
    assert {status.value for status in PUBLIC} == {"registered", "closed"}
    assert {status.value for status in LIVE} == {
        "submitted",
        "under_review",
        "under_validation",
        "registered",
    }
