"""
Verifications in the database: assignments, opinions with their lines and findings, reviews.

``tables`` says what can be kept; ``reading`` reads what somebody may see; ``writing`` writes.
"""

from typing import Final

from app.kernel.errors import RegistryError
from app.registry.verification.refusals import AlreadyAssignedError, ReviewerIsLeadError
from app.registry.verification.store.reading import (
    find_concluded_verification,
    get_verification,
    get_visible_verification,
    list_bodies,
    list_opinions,
    list_verifications,
)
from app.registry.verification.store.tables import (
    verification_documents,
    verification_findings,
    verification_lines,
    verification_opinions,
    verification_reviews,
    verifications,
)
from app.registry.verification.store.writing import (
    insert_opinion,
    insert_review,
    insert_verification,
    update_verification,
)

__all__ = [
    "REFUSALS",
    "find_concluded_verification",
    "get_verification",
    "get_visible_verification",
    "insert_opinion",
    "insert_review",
    "insert_verification",
    "list_bodies",
    "list_opinions",
    "list_verifications",
    "update_verification",
    "verification_documents",
    "verification_findings",
    "verification_lines",
    "verification_opinions",
    "verification_reviews",
    "verifications",
]

REFUSALS: Final[dict[str, type[RegistryError]]] = {
    "uq_verifications_report_id": AlreadyAssignedError,
    "ck_verifications_four_eyes": ReviewerIsLeadError,
    "ck_verification_reviews_four_eyes": ReviewerIsLeadError,
}
