"""The life of an activity: which step may follow which, and whose step it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.registry.parties.policy import Permission


class ActivityStatus(StrEnum):
    """Where an activity stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    UNDER_REVIEW = "under_review"
    UNDER_VALIDATION = "under_validation"
    REGISTERED = "registered"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


_DRAFT, _SUBMITTED, _REVIEW, _VALIDATION, _REGISTERED, _REFUSED, _WITHDRAWN, _CLOSED = (
    ActivityStatus
)

PUBLIC: Final = frozenset({_REGISTERED, _CLOSED})
# While an activity is live, nobody else may count its installations.
LIVE: Final = frozenset({_SUBMITTED, _REVIEW, _VALIDATION, _REGISTERED})


class Step(StrEnum):
    """An act on an activity."""

    AMEND = "amend"
    SUBMIT = "submit"
    START_REVIEW = "start_review"
    RETURN = "return"
    COMPLETE_REVIEW = "complete_review"
    CLEAR_REVIEW = "clear_review"  # complete_review in a programme that knows no validation
    ASSIGN_VALIDATOR = "assign_validator"
    VALIDATE = "validate"
    REGISTER = "register"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class StepRule:
    """Whose a step is (any one of the permissions), and where it leads from where."""

    permissions: tuple[Permission, ...]
    leads: Mapping[ActivityStatus, ActivityStatus]


_OWNER: Final = (Permission.WRITE_ACTIVITY,)
_OFFICER: Final = (Permission.REVIEW_ACTIVITY,)
_APPROVER: Final = (Permission.REGISTER_ACTIVITY,)
_ASSIGNER: Final = (Permission.ASSIGN_VERIFIER,)
_VERIFIER: Final = (Permission.VALIDATE_ACTIVITY,)
_UNREGISTERED: Final = (_DRAFT, _SUBMITTED, _REVIEW, _VALIDATION)
_DECIDABLE: Final = (_REVIEW, _VALIDATION)  # under review only where no validation is asked

# The life of an activity. What is not in this table cannot happen.
STEPS: Final[Mapping[Step, StepRule]] = {
    Step.AMEND: StepRule(_OWNER, {_DRAFT: _DRAFT}),
    Step.SUBMIT: StepRule(_OWNER, {_DRAFT: _SUBMITTED}),
    Step.START_REVIEW: StepRule(_OFFICER, {_SUBMITTED: _REVIEW}),
    Step.RETURN: StepRule(_OFFICER, {_REVIEW: _DRAFT}),
    Step.COMPLETE_REVIEW: StepRule(_OFFICER, {_REVIEW: _VALIDATION}),
    Step.CLEAR_REVIEW: StepRule(_OFFICER, {_REVIEW: _REVIEW}),
    Step.ASSIGN_VALIDATOR: StepRule(
        _ASSIGNER, {_SUBMITTED: _SUBMITTED, _REVIEW: _REVIEW, _VALIDATION: _VALIDATION}
    ),
    Step.VALIDATE: StepRule(_VERIFIER, {_VALIDATION: _VALIDATION}),
    Step.REGISTER: StepRule(_APPROVER, dict.fromkeys(_DECIDABLE, _REGISTERED)),
    Step.REFUSE: StepRule(_APPROVER, dict.fromkeys(_DECIDABLE, _REFUSED)),
    Step.WITHDRAW: StepRule(_OWNER, dict.fromkeys(_UNREGISTERED, _WITHDRAWN)),
    Step.CLOSE: StepRule((*_APPROVER, *_OWNER), {_REGISTERED: _CLOSED}),
}
