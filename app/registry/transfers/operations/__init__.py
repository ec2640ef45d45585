"""What can be done with transfers that take two people; each public function is one act."""

from app.registry.transfers.operations.accepting import accept, decline
from app.registry.transfers.operations.limiting import set_limits
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
    "accept",
    "approve",
    "approve_trust",
    "decline",
    "deliver_due",
    "get_terms",
    "propose",
    "propose_trust",
    "set_limits",
]
