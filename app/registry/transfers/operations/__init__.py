"""What can be done with transfers that take two people; each public function is one act."""

from app.registry.transfers.operations.proposing import (
    Approve,
    Propose,
    abort,
    approve,
    propose,
)
from app.registry.transfers.operations.settling import Settle, deliver_due
from app.registry.transfers.operations.terms import get_terms
from app.registry.transfers.operations.trusting import approve_trust, propose_trust

__all__ = [
    "Approve",
    "Propose",
    "Settle",
    "abort",
    "approve",
    "approve_trust",
    "deliver_due",
    "get_terms",
    "propose",
    "propose_trust",
]
