"""
Acts on activities, from draft to closure.

``drafting`` holds those of the owner, ``deciding`` those of officers, VVBs and approvers; both
write through ``steps``.
"""

from app.registry.activities.operations.deciding import (
    AssignValidator,
    DecideRegistration,
    EndReview,
    GiveOpinion,
    admit_reader,
    assign_validator,
    decide_registration,
    end_review,
    give_opinion,
    start_review,
)
from app.registry.activities.operations.drafting import (
    AmendActivity,
    DraftActivity,
    amend_activity,
    close_activity,
    draft_activity,
    find_provable,
    submit_activity,
    upload_evidence,
    withdraw_activity,
)
from app.registry.activities.operations.steps import Advance

__all__ = [
    "Advance",
    "AmendActivity",
    "AssignValidator",
    "DecideRegistration",
    "DraftActivity",
    "EndReview",
    "GiveOpinion",
    "admit_reader",
    "amend_activity",
    "assign_validator",
    "close_activity",
    "decide_registration",
    "draft_activity",
    "end_review",
    "find_provable",
    "give_opinion",
    "start_review",
    "submit_activity",
    "upload_evidence",
    "withdraw_activity",
]
