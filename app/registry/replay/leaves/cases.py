"""Leaves of cases: credits owed for an issuance, and the steps that make them good."""

from typing import Annotated

from msgspec import Meta

from app.registry.orders.rules import CaseKind
from app.registry.replay.leaves.ledger import EndingAct, EndingFacts
from app.registry.replay.leaves.orders import OrderedFacts, ProposedOrder, ProposedOrderFacts
from app.registry.replay.leaves.words import (
    Act,
    Credits,
    CreditsOrNone,
    Day,
    Digest,
    IssuanceId,
    OrderId,
)


class ProposedCaseFacts(ProposedOrderFacts, frozen=True):
    """What is to be claimed."""

    issuance: Annotated[IssuanceId, Meta(description="The issuance whose credits are at fault.")]
    case_kind: Annotated[
        CaseKind,
        Meta(
            description="`over_issuance`: they should not have been issued; `reversal`: what they "
            "stood for was lost again."
        ),
    ]
    credits: Annotated[Credits, Meta(description="How many of them. Unit: 1 tCO2e.")]


class CaseProposed(ProposedOrder, frozen=True, tag="case.proposed"):
    """
    It was proposed to open a case against an issuance.

    A replayer checks that the user may propose cases, and that with the cases opened before it
    claims no more than the issuance issued; and notes the SHA-256 of the leaf.
    """

    data: ProposedCaseFacts


class ProposedBufferFacts(ProposedOrderFacts, frozen=True):
    """What the buffer is to give, and to which case."""

    case: Annotated[OrderId, Meta(description="The case: the order that opened it.")]
    credits: Annotated[Credits, Meta(description="How many credits. Unit: 1 tCO2e.")]


class BufferProposed(ProposedOrder, frozen=True, tag="buffer.proposed"):
    """
    It was proposed to cancel buffer credits for a case.

    A replayer checks that the user may propose cases, that the case is of a reversal, and that it
    owes so much; and notes the SHA-256 of the leaf.
    """

    data: ProposedBufferFacts


class OpenedCaseFacts(OrderedFacts, frozen=True):
    """Which order was approved, and what is owed by it."""

    issuance: Annotated[IssuanceId, Meta(description="The issuance whose credits are at fault.")]
    case_kind: Annotated[CaseKind, Meta(description="`over_issuance` or `reversal`.")]
    credits: Annotated[Credits, Meta(description="How many credits are owed. Unit: 1 tCO2e.")]
    due_on: Annotated[Day, Meta(description="The day by which they are to be made good.")]


class CaseOpened(Act, frozen=True, tag="case.opened"):
    """
    Another officer approved a case: so many credits are owed from now on.

    A replayer checks that the user may approve cases and did not propose this one, that it is
    approved in time and once, that digest, issuance, kind and credits are those that were proposed,
    that all cases of the issuance claim no more than it issued, and that the day due follows from
    the rule `compensation_days` of the day.
    """

    subject: Annotated[OrderId, Meta(description="The case: the order that opened it.")]
    data: OpenedCaseFacts


class CompensationFacts(EndingFacts, frozen=True):
    """Which credits ended, for which case, and what it owes after."""

    case: Annotated[OrderId, Meta(description="The case: the order that opened it.")]
    owed: Annotated[
        CreditsOrNone, Meta(description="What the case owes after; 0: it is closed by this act.")
    ]


class CreditsDeducted(EndingAct, frozen=True, tag="credits.deducted"):
    """
    Credits of an issuance were cancelled in an account of its developer, for a case against it.

    A replayer checks and moves as for a cancellation, whose purpose is the kind of the case; checks
    that all runs are of the issuance, and that the account is of its activity's owner; that the
    case owes so much; and lowers what it owes, which must be ``owed`` then.
    """

    data: CompensationFacts


class CreditsReplaced(EndingAct, frozen=True, tag="credits.replaced"):
    """
    Credits of other issuances were cancelled for a case.

    A replayer checks as for a deduction, but that no run is of the issuance, in whosesoever
    account.
    """

    data: CompensationFacts


class BufferCompensationFacts(CompensationFacts, frozen=True):
    """Which credits ended, for which case, by which order."""

    order: Annotated[OrderId, Meta(description="The order.")]
    digest: Annotated[
        Digest, Meta(description="SHA-256 of the leaf that proposed it: what was approved.")
    ]


class BufferCompensated(EndingAct, frozen=True, tag="buffer.compensated"):
    """
    Another officer approved it: buffer credits were cancelled for a case of reversal.

    A replayer checks the approval as for a case, by whoever may manage the buffer; that case and
    credits are those that were proposed; and moves as for a cancellation out of account 2. It
    lowers what the case owes as for a deduction.
    """

    data: BufferCompensationFacts
