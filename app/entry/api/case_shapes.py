"""What is said and shown of cases: credits owed for an issuance, and what made them good."""

from datetime import date, datetime
from enum import StrEnum
from typing import Final

from pydantic import Field

from app.entry.api.credits import (
    AccountNumber,
    BatchPrefix,
    ChoiceBody,
)
from app.entry.api.order_shapes import DIGEST, ORDER, GroundBody
from app.entry.api.wire import (
    Credits,
    Identifier,
    PageQuery,
    Salt,
    Shown,
    receipt_address,
    salt_shown,
)
from app.registry.compensation.operations import Compensate
from app.registry.compensation.rules import Case, CaseState, Step, StepKind
from app.registry.ledger.serials import account_id
from app.registry.orders.rules import CaseKind

ISSUANCE: Final = "iss_01kb5w6yk2e0hr9h5y0s8v2a3b"


class CaseBody(GroundBody):
    """A claim against an issuance."""

    issuance_id: Identifier = Field(
        description="The issuance whose credits are at fault.", examples=[ISSUANCE]
    )
    kind: CaseKind = Field(
        description="`over_issuance`: more was issued than was reduced. `reversal`: what was "
        "removed from the air was lost again (non-permanence).",
        examples=["over_issuance"],
    )
    credits: Credits = Field(
        description="How many credits are owed (tCO2e); all cases of an issuance together claim "
        "at most what it issued.",
        examples=[30],
    )


class BufferBody(GroundBody):
    """Buffer credits for a case; the document is the decision to take them."""

    credits: Credits = Field(
        description="How many, oldest vintage first, then lowest serial (tCO2e).", examples=[10]
    )


class HolderStep(StrEnum):
    """Steps that a holder takes."""

    DEDUCTION = "deduction"
    REPLACEMENT = "replacement"


class StepBody(ChoiceBody):
    """Credits that an account gives for a case."""

    kind: HolderStep = Field(
        description="`deduction`: credits of the issuance itself, out of an account of its "
        "activity's owner. `replacement`: credits of any other issuance, out of any account.",
        examples=["deduction"],
    )
    from_account: AccountNumber = Field(
        description="Account of your party.", examples=["TH-001001-05"]
    )

    def command(self, case_id: str) -> Compensate:
        """
        Return the act that is asked for.

        Raises:
            AccountNumberError: a digit of the account's number is wrong.
        """
        sender = account_id(self.from_account)
        return Compensate(case_id, StepKind(self.kind.value), sender, self.choice())


class CasesQuery(PageQuery):
    """Which cases."""

    issuance_id: Identifier | None = Field(
        None, description="Only cases against this issuance.", examples=[ISSUANCE]
    )
    batch: BatchPrefix | None = Field(
        None,
        description="Only cases against the issuance that minted this batch.",
        examples=["TH-CITY-0001-2024-1"],
    )
    state: CaseState | None = Field(
        None, description="Only those that still owe something, or only others.", examples=["open"]
    )


class CaseStepShown(Shown):
    """A step: credits that ended for a case."""

    id: int = Field(description="Log index of the act, its identifier.", examples=[57])
    kind: StepKind = Field(
        description="`deduction`, `replacement`, or `buffer`.", examples=["deduction"]
    )
    credits: int = Field(description="Credits that ended (tCO2e).", examples=[10])
    owed_after: int = Field(description="What the case owed then (tCO2e).", examples=[20])
    runs: int = Field(
        description="How many runs of serials they are; the cancellation has them.", examples=[1]
    )
    order: str | None = Field(
        description="Order by which the buffer gave them; null: it did not.",
        examples=[ORDER, None],
    )
    cancellation: str = Field(
        description="Where the cancellation is, with the serials.",
        examples=["/v1/cancellations/57"],
    )
    recorded_at: datetime = Field(
        description="When it was recorded.", examples=["2026-11-24T03:00:00Z"]
    )
    receipt: str = Field(
        description="Where its receipt is: the proof that the act is in the public log.",
        examples=["/v1/log/receipts/57"],
    )

    @classmethod
    def of(cls, step: Step, runs: int) -> "CaseStepShown":
        """Show a step, of so many runs of serials: there may be hundreds, on a page of steps."""
        return cls(
            id=step.log_index,
            kind=step.kind,
            credits=step.credits,
            owed_after=step.owed_after,
            runs=runs,
            order=step.order_id,
            cancellation=f"/v1/cancellations/{step.log_index}",
            recorded_at=step.recorded_at,
            receipt=receipt_address(step.log_index),
        )


class CaseShown(Shown):
    """A case: what an issuance owes, and what is left of it."""

    id: str = Field(
        description="Its identifier: the order's by which it was opened.", examples=[ORDER]
    )
    issuance_id: str = Field(
        description="The issuance whose credits are at fault.", examples=[ISSUANCE]
    )
    kind: CaseKind = Field(description="`over_issuance` or `reversal`.", examples=["over_issuance"])
    state: CaseState = Field(
        description="`open` while it owes something, and `closed` after.", examples=["open"]
    )
    credits: int = Field(description="Credits claimed (tCO2e).", examples=[30])
    owed: int = Field(description="Of them, still owed (tCO2e).", examples=[20])
    due_on: date = Field(
        description="Day by which it is to be made good (Thailand).", examples=["2027-02-22"]
    )
    document_id: str | None = Field(
        description="Document of the register that it rests on; null: it is kept elsewhere.",
        examples=["doc_01kb5w6yk2e0hr9h5y0s8v2a3b", None],
    )
    document_sha256: str = Field(
        description="SHA-256 of the document that it rests on.", examples=[DIGEST]
    )
    reason: str | None = Field(
        description="Why; null where you may not see it, or it was erased.", examples=[None]
    )
    salt: Salt
    opened_at: datetime = Field(
        description="When it was opened.", examples=["2026-11-24T03:00:00Z"]
    )
    opened_by_act: int = Field(description="Log index of that act.", examples=[42])
    closed_at: datetime | None = Field(
        description="When it owed nothing any more; null: it still does.",
        examples=["2026-12-01T03:00:00Z", None],
    )
    closed_by_act: int | None = Field(
        description="Log index of the step that closed it; null: it is open.", examples=[61, None]
    )
    receipt: str = Field(
        description="Where the receipt of its opening is.", examples=["/v1/log/receipts/42"]
    )

    @classmethod
    def of(cls, case: Case, *, sees_reason: bool) -> "CaseShown":
        """Show a case; its reason only to those who may read it."""
        reason = case.reason if sees_reason else None
        return cls(
            id=case.id,
            issuance_id=case.issuance_id,
            kind=case.kind,
            state=case.state,
            credits=case.credits,
            owed=case.owed,
            due_on=case.due_on,
            document_id=case.document_id,
            document_sha256=case.document_sha256,
            reason=reason,
            salt=salt_shown(case.salt, reason),
            opened_at=case.opened_at,
            opened_by_act=case.log_index,
            closed_at=case.closed_at,
            closed_by_act=case.closed_by_act,
            receipt=receipt_address(case.log_index),
        )


class CaseWithSteps(CaseShown):
    """A case with the steps that made it good."""

    steps: list[CaseStepShown] = Field(
        description="Its first steps, oldest first; `GET /v1/cases/{id}/steps` has all, in pages."
    )
    has_more_steps: bool = Field(description="Whether there are others.", examples=[False])
