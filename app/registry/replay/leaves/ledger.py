"""Leaves of accounts and credits."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, field

from app.registry.ledger.rules import MOVES_PER_ACT_MAX, AccountKind, Visibility
from app.registry.replay.leaves.words import (
    AccountNumber,
    Act,
    ActivityId,
    Code,
    Credits,
    CreditsOrNone,
    Day,
    Digest,
    DigestIfAny,
    DocumentId,
    Facts,
    IssuanceId,
    Name,
    Nothing,
    OrderIfAny,
    PartyId,
    ProgrammeCode,
    PurposeCode,
    ReportId,
    Serial,
    SerialPrefix,
    Text,
    Tonnes,
    VerificationId,
    Vintage,
)

# ------------------------------------------------------------------------------ accounts


class AccountsFoundedFacts(Facts, frozen=True):
    """The registry's own accounts."""

    accounts: Annotated[
        dict[AccountNumber, AccountKind],
        Meta(description="Account number to what the account is for.", min_length=6, max_length=6),
    ]


class AccountsFounded(Act, frozen=True, tag="accounts.founded"):
    """
    The register begins: its own accounts are opened. The first leaf, and only the first.

    A replayer opens the six accounts, all empty: 1 source, 2 buffer, 3 transit, 4 retired,
    5 cancelled, 6 exported. Nothing ever leaves 4, 5 and 6.
    """

    subject: Annotated[Literal["registry"], Meta(description="The register itself.")]
    data: AccountsFoundedFacts


class AccountOpenedFacts(Facts, frozen=True):
    """Whose account it is."""

    owner: Annotated[PartyId, Meta(description="The party whose account it is.")]


class AccountOpened(Act, frozen=True, tag="account.opened"):
    """
    A holding account is opened for a party.

    A replayer checks the number's check digits (ISO 7064 MOD 97-10), that it is new, and that the
    party is admitted, active and of a kind that may hold credits; and opens it, empty.
    """

    subject: Annotated[AccountNumber, Meta(description="Number of the account.")]
    data: AccountOpenedFacts


class AccountClosed(Act, frozen=True, tag="account.closed"):
    """
    A holding account is closed for good.

    A replayer checks that it is open and holds no credits.
    """

    subject: Annotated[AccountNumber, Meta(description="Number of the account.")]
    data: Nothing


# ------------------------------------------------------------------------------ movements


class Run(Facts, frozen=True):
    """A run of serials of one batch, both ends included; it lies in one block."""

    batch: Annotated[SerialPrefix, Meta(description="Serial prefix of the batch.")]
    first: Annotated[Serial, Meta(description="First serial of the run.")]
    last: Annotated[Serial, Meta(description="Last serial of the run, included.")]


class MovementFacts(Facts, frozen=True):
    """Which credits went from where to where."""

    from_: Annotated[AccountNumber, Meta(description="The account that the credits left.")] = field(
        name="from"
    )
    to: Annotated[AccountNumber, Meta(description="The account that the credits entered.")]
    credits: Annotated[
        Credits, Meta(description="How many credits: the sum of the runs. Unit: 1 tCO2e.")
    ]
    moves: Annotated[
        list[Run],
        Meta(
            description="The serials, run by run, in the order in which they moved.",
            min_length=1,
            max_length=MOVES_PER_ACT_MAX,
        ),
    ]


class EndingFacts(MovementFacts, frozen=True):
    """Which credits ended, for what, and what holds the register to the words of it."""

    purpose: Annotated[PurposeCode, Meta(description="What for, as a code of the dated rule.")]
    visibility: Annotated[
        Visibility, Meta(description="Whether the beneficiary is shown to the public.")
    ]
    happened_on: Annotated[
        Day, Meta(description="The day it counts for, in Thailand; not after the recording.")
    ]
    statement: Annotated[
        Digest,
        Meta(
            description="SHA-256 of 32 random bytes and the canonical JSON of beneficiary, kind, "
            "identifier and reason."
        ),
    ]


class DecidedMovementFacts(MovementFacts, frozen=True):
    """Which credits moved, by which decision."""

    decision: Annotated[Text, Meta(description="Reference of the authority's decision.")]


class MovementAct(Act, frozen=True):
    """Credits moved."""

    subject: Annotated[AccountNumber, Meta(description="The account they left: ``data.from``.")]
    data: MovementFacts


class EndingAct(MovementAct, frozen=True):
    """Credits ended."""

    data: EndingFacts


class CreditsTransferred(MovementAct, frozen=True, tag="credits.transferred"):
    """
    Credits went from one holding account to another.

    A replayer checks that both accounts are open holding accounts and differ, that every run lies
    wholly in one block of the sending account, and that the runs sum to ``credits``; and moves the
    runs one by one. A block is cut where a run ends inside it; blocks are never joined again.
    """

    data: MovementFacts


class CreditsRetired(EndingAct, frozen=True, tag="credits.retired"):
    """
    Credits were retired in somebody's name: they went into account 4 for good.

    A replayer checks and moves as for a transfer, and notes the ending.
    """

    data: EndingFacts


class CreditsCancelled(EndingAct, frozen=True, tag="credits.cancelled"):
    """
    Credits were cancelled: they went into account 5 for good.

    A replayer checks and moves as for a transfer, and notes the ending.
    """

    data: EndingFacts


class BufferReleased(MovementAct, frozen=True, tag="buffer.released"):
    """
    Buffer credits were given back to a holder, by decision of the authority.

    A replayer checks and moves as for a transfer, out of account 2.
    """

    data: DecidedMovementFacts


class BufferCancelled(EndingAct, frozen=True, tag="buffer.cancelled"):
    """
    Buffer credits were cancelled against a reversal, by decision of the authority.

    A replayer checks and moves as for a transfer, from account 2 into account 5, and notes the
    ending.
    """

    data: EndingFacts


# ------------------------------------------------------------------------------- bringing in


class NewBatch(Facts, frozen=True):
    """A batch as it was made: serials 1 to ``credits`` of one vintage."""

    batch: Annotated[SerialPrefix, Meta(description="Serial prefix; no two batches share one.")]
    vintage: Annotated[Vintage, Meta(description="Calendar year (CE) of the reduction.")]
    credits: Annotated[
        Credits, Meta(description="Credits made, the buffer's share included. Unit: 1 tCO2e.")
    ]
    buffer_credits: Annotated[
        CreditsOrNone,
        Meta(description="The last so many serials, which go into the buffer account."),
    ]
    account: Annotated[
        AccountNumber, Meta(description="The owner's account; the first serials go there.")
    ]
    programme: Annotated[
        ProgrammeCode, Meta(description="Code of the programme, or of the source taken over from.")
    ]
    project: Annotated[
        Code, Meta(description="Code of the activity, or of the project in the source.")
    ]


class DecisionFacts(Facts, frozen=True):
    """The authority's decision on a verified report, and where it was taken."""

    report_id: Annotated[ReportId, Meta(description="The report decided on.")]
    activity_id: Annotated[ActivityId, Meta(description="Its activity.")]
    verification_id: Annotated[VerificationId, Meta(description="What confirms its tonnes.")]
    decided_on: Annotated[
        Day, Meta(description="Day of the decision, in Thailand; not after the recording.")
    ]
    decision_document_id: Annotated[
        DocumentId | None, Meta(description="Document of the decision; null: a meeting is named.")
    ]
    meeting: Annotated[
        Text | None, Meta(description="Meeting that decided; null: a document is named.")
    ]
    reason_commitment: Annotated[
        Digest | None, Meta(description="Salted SHA-256 of the reason; null: none was given.")
    ]


class IssuanceAct(Act, frozen=True):
    """The authority decided on a verified report."""

    subject: Annotated[IssuanceId, Meta(description="The decision.")]
    data: DecisionFacts


class IssuedVintage(Facts, frozen=True):
    """The arithmetic of one vintage."""

    vintage: Annotated[Vintage, Meta(description="Calendar year (CE) of the reduction.")]
    verified_tco2e: Annotated[Tonnes, Meta(description="Tonnes of CO2e that were verified.")]
    carried_from: Annotated[
        IssuanceId | None,
        Meta(description="Issuance whose remainder counts here; null: nothing is carried in."),
    ]
    carried_in_tco2e: Annotated[Tonnes, Meta(description="Tonnes carried in; 0 where nothing is.")]
    credits: Annotated[
        CreditsOrNone,
        Meta(description="Whole credits: verified and carried in, rounded down once."),
    ]
    buffer_credits: Annotated[
        CreditsOrNone, Meta(description="Of them, the buffer's share as verified.")
    ]
    remainder_tco2e: Annotated[
        Tonnes, Meta(description="What rounding down left: at least 0, below 1 tCO2e.")
    ]


class CreditsIssuedFacts(DecisionFacts, frozen=True):
    """What was decided, the arithmetic, and the batches that came of it."""

    lines: Annotated[
        list[IssuedVintage],
        Meta(description="The arithmetic, by rising vintage.", min_length=1, max_length=31),
    ]
    batches: Annotated[
        list[NewBatch],
        Meta(
            description="One batch per vintage that reaches a credit, by rising vintage.",
            min_length=1,
            max_length=31,
        ),
    ]
    order: OrderIfAny = UNSET
    digest: DigestIfAny = UNSET


class CreditsIssued(IssuanceAct, frozen=True, tag="credits.issued"):
    """
    The authority issued the credits of a verified report.

    A replayer checks that the report is verified and not decided, redoes the arithmetic with exact
    decimals, makes the batches (serials 1 to n leave the source account: first the owner's, then
    the buffer's), and takes the report to ``issued``. Where the rule ``two_person_acts`` names it,
    it checks that another person, who still may, proposed exactly this, in time, that it is done
    once, and that it has no reason beside the order's.
    """

    data: CreditsIssuedFacts


class IssuanceRefused(IssuanceAct, frozen=True, tag="issuance.refused"):
    """
    The authority refused to issue credits for a verified report.

    A replayer takes the report to ``rejected``; nothing is ever issued for it.
    """

    data: DecisionFacts


class SourceOpenedFacts(Facts, frozen=True):
    """The registry that is taken over from, as a party with one account."""

    name: Annotated[Name, Meta(description="Name of the other registry.")]
    party: Annotated[PartyId, Meta(description="The party that stands for it here.")]
    account: Annotated[
        AccountNumber, Meta(description="The account that what is taken over goes into.")
    ]


class SourceOpened(Act, frozen=True, tag="history.source_opened"):
    """
    Another registry's history may be taken over from now on.

    A replayer notes the source with its account, which the party must own.
    """

    subject: Annotated[ProgrammeCode, Meta(description="Code of the source.")]
    data: SourceOpenedFacts


class CreditsTakenOverFacts(Facts, frozen=True):
    """A block of another registry, with the serials that it has there."""

    source: Annotated[ProgrammeCode, Meta(description="Code of the source.")]
    issued_on: Annotated[Day, Meta(description="Day on which the source issued it.")]
    issued_for_vintage: Annotated[
        Credits,
        Meta(description="What the source issued to the project for the vintage, in all."),
    ]
    batches: Annotated[
        list[NewBatch],
        Meta(description="The block, as one batch.", min_length=1, max_length=1),
    ]


class CreditsTakenOver(Act, frozen=True, tag="credits.taken_over"):
    """
    A block of another registry was taken over.

    A replayer checks that the source was opened, that the project's batches of the vintage do not
    exceed what the source issued, and makes the batch in the source's account.
    """

    subject: Annotated[SerialPrefix, Meta(description="Serial prefix of the batch.")]
    data: CreditsTakenOverFacts
