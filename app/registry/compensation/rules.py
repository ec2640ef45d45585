"""
What a case owes, and which credits make it good.

Pure. A case claims whole credits of one issuance: as issued in excess (*over-issuance*), or because
the reduction was lost again (*reversal*, non-permanence). Each step ends credits for good and
lowers what is owed by as many; a case that owes nothing is closed, and nobody says so.

Sources: TGO on over-issued credits, ghgreduction.tgo.or.th/t-ver, article 47 (deduction from the
developer's own credits, or replacement by others); TGO on buffer credits, tver.tgo.or.th, article
607 (cancelled against a loss).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from app.registry.compensation.refusals import (
    BufferNotForCaseError,
    CaseClosedError,
    CaseOverIssuedError,
    CaseOverOwedError,
    NotDeductibleError,
    NothingIssuedError,
    NotReplacingError,
)
from app.registry.orders.rules import CaseKind


class CaseState(StrEnum):
    """Whether a case still owes something."""

    OPEN = "open"
    CLOSED = "closed"


class StepKind(StrEnum):
    """Which credits a step ends."""

    DEDUCTION = "deduction"  # of the issuance itself, out of its developer's account
    REPLACEMENT = "replacement"  # of other issuances
    BUFFER = "buffer"  # out of the pooled buffer


@dataclass(frozen=True, slots=True)
class Case:
    """A case, and what became of it."""

    id: str  # of the order by which it was opened
    issuance_id: str
    kind: CaseKind
    credits: int  # claimed, tCO2e
    owed: int  # of them, not made good yet
    due_on: date
    document_id: str | None  # None: the document is not in the register
    document_sha256: str
    reason: str | None  # None: erased
    opened_at: datetime
    log_index: int  # of its opening
    closed_at: datetime | None = None  # None, and below: it still owes something
    closed_by_act: int | None = None
    salt: bytes | None = None  # of the reason; None: erased, or not read

    @property
    def state(self) -> CaseState:
        """Whether it still owes something."""
        return CaseState.OPEN if self.owed else CaseState.CLOSED


@dataclass(frozen=True, slots=True)
class Step:
    """Credits that ended for a case."""

    log_index: int
    case_id: str
    kind: StepKind
    credits: int
    owed_after: int
    order_id: str | None  # None: it is no order
    recorded_at: datetime


def check_claim(credits_claimed: int, *, issued: int, claimed: int) -> None:
    """
    Refuse a case that claims more than was issued.

    Args:
        credits_claimed: by the case.
        issued: by the issuance, the buffer's share included.
        claimed: by its other cases, closed or not.

    Raises:
        NothingIssuedError, CaseOverIssuedError: it does.
    """
    if issued == 0:
        raise NothingIssuedError
    if claimed + credits_claimed > issued:
        raise CaseOverIssuedError(issued=issued, claimed=claimed)


def due_on(opened_on: date, *, days: int) -> date:
    """Return the day by which a case is to be made good."""
    return opened_on + timedelta(days=days)


def check_step(credits_ended: int, *, case_id: str, owed: int) -> None:
    """
    Refuse a step that makes good more than is owed.

    Raises:
        CaseClosedError, CaseOverOwedError: it does.
    """
    if owed == 0:
        raise CaseClosedError(case=case_id)
    if credits_ended > owed:
        raise CaseOverOwedError(owed=owed)


def check_buffer(kind: CaseKind) -> None:
    """
    Refuse to let the buffer stand for what was issued in excess.

    Raises:
        BufferNotForCaseError: the case is of over-issuance.
    """
    if kind is not CaseKind.REVERSAL:
        raise BufferNotForCaseError


def check_credits(
    kind: StepKind, *, issuance_id: str, are_own: bool, are_others: bool, by_developer: bool
) -> None:
    """
    Refuse credits that are not for such a step.

    Args:
        kind: of the step.
        issuance_id: of the case.
        are_own: some credits are of this issuance.
        are_others: some are not.
        by_developer: they leave an account of its developer.

    Raises:
        NotDeductibleError, NotReplacingError: as their names say.
    """
    if kind is StepKind.DEDUCTION and (are_others or not by_developer):
        raise NotDeductibleError(issuance=issuance_id)
    if kind is StepKind.REPLACEMENT and are_own:
        raise NotReplacingError(issuance=issuance_id)
