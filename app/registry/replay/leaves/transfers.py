"""Leaves of trusted lists, and of transfers that take two people."""

from enum import StrEnum
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType, field

from app.registry.replay.leaves.ledger import MovementAct, MovementFacts
from app.registry.replay.leaves.words import (
    AccountNumber,
    Act,
    Credits,
    Digest,
    Facts,
    Moment,
    Nothing,
    ProposalId,
    TrustId,
)


class Why(StrEnum):
    """Why credits that waited went back: people took them back, or something stood in the way."""

    ABORTED = "aborted"
    PROPOSER_NOT_ALLOWED = "proposer_not_allowed"
    APPROVER_NOT_ALLOWED = "approver_not_allowed"
    RECEIVER_CLOSED = "receiver_closed"
    NO_LONGER_TRUSTED = "no_longer_trusted"
    DECLINED = "declined"
    NOT_ACCEPTED = "not_accepted"
    FROZEN = "frozen"


# ------------------------------------------------------------------------------ trusted lists


class TrustFacts(Facts, frozen=True):
    """Which entry of the list, and which account it trusts."""

    entry: Annotated[TrustId, Meta(description="The entry of the trusted list.")]
    trusted: Annotated[AccountNumber, Meta(description="The account that is trusted.")]


class TrustProposedFacts(TrustFacts, frozen=True):
    """What is proposed, and until when it can be approved."""

    expires_at: Annotated[Moment, Meta(description="From then on it cannot be approved.")]


class TrustApprovedFacts(TrustFacts, frozen=True):
    """What is approved, and when it begins to count."""

    active_from: Annotated[Moment, Meta(description="From then on the account is trusted.")]


class TrustAct(Act, frozen=True):
    """Something happened to an entry of a trusted list."""

    subject: Annotated[AccountNumber, Meta(description="The account whose list it is.")]
    data: TrustFacts


class TrustProposed(TrustAct, frozen=True, tag="account.trust_proposed"):
    """
    An account was proposed for another's trusted list.

    A replayer checks that both are open holding accounts and differ, that the user may move the
    account's credits, and that the entry is new.
    """

    data: TrustProposedFacts


class TrustApproved(TrustAct, frozen=True, tag="account.trust_approved"):
    """
    Another person approved an entry of a trusted list.

    A replayer checks that the user may approve movements of the account and did not propose the
    entry, that it is approved in time and for the first time, and that it counts from noon of a
    later day, no Saturday or Sunday.
    """

    data: TrustApprovedFacts


class TrustRemoved(TrustAct, frozen=True, tag="account.trust_removed"):
    """
    An entry of a trusted list was removed, or its proposal taken back; it counts no more.

    A replayer checks that the user may propose or approve movements of the account.
    """

    data: TrustFacts


# ------------------------------------------------------------ what an account sets for itself


class AcceptanceFacts(Facts, frozen=True):
    """Whether an account asks to accept what others send it."""

    asks: Annotated[bool, Meta(description="Whether it asks from now on.")]


class AcceptanceSet(Act, frozen=True, tag="account.acceptance_set"):
    """
    An account asks to accept what others send it from now on, or no longer.

    A replayer checks that the user may approve movements of the account, which is open.
    """

    subject: Annotated[AccountNumber, Meta(description="The account.")]
    data: AcceptanceFacts


class LimitsFacts(Facts, frozen=True):
    """Most that an account sends to accounts of other owners."""

    credits_max: Annotated[
        Credits | None, Meta(description="For one transfer. Null: no limit. Unit: 1 tCO2e.")
    ]
    credits_per_day_max: Annotated[
        Credits | None, Meta(description="For a day. Null: no limit. Unit: 1 tCO2e.")
    ]
    raised_from: Annotated[
        Moment | None,
        Meta(description="From when on what is higher than before counts; null: nothing is."),
    ]


class LimitsSet(Act, frozen=True, tag="account.limits_set"):
    """
    An account's own limits were set: what is lower than before counts at once.

    A replayer checks that the user may approve movements of the account, which is open, and that
    what is higher counts from noon of a later day, no Saturday or Sunday.
    """

    subject: Annotated[AccountNumber, Meta(description="The account.")]
    data: LimitsFacts


# ------------------------------------------------------------------------ transfers that wait


class ProposedFacts(Facts, frozen=True):
    """What is to be moved, and what an approval is bound to."""

    from_: Annotated[AccountNumber, Meta(description="The account that the credits leave.")] = (
        field(name="from")
    )
    to: Annotated[AccountNumber, Meta(description="The account that they are for.")]
    credits: Annotated[Credits, Meta(description="How many credits. Unit: 1 tCO2e.")]
    digest: Annotated[
        Digest,
        Meta(description="SHA-256 of the canonical JSON of accounts and choice of credits."),
    ]
    expires_at: Annotated[Moment, Meta(description="From then on it cannot be approved.")]


class ProposalAct(Act, frozen=True):
    """Something happened to a proposed transfer that moved no credits."""

    subject: Annotated[ProposalId, Meta(description="The proposed transfer.")]
    data: Nothing


class TransferProposed(Act, frozen=True, tag="transfer.proposed"):
    """
    A transfer was proposed; nothing has moved.

    A replayer checks that both are open holding accounts and differ, and that the user may move the
    account's credits.
    """

    subject: Annotated[ProposalId, Meta(description="The proposed transfer.")]
    data: ProposedFacts


class TransferWithdrawn(ProposalAct, frozen=True, tag="transfer.withdrawn"):
    """
    A proposed transfer was taken back before anybody approved it.

    A replayer checks that the user may propose or approve movements of the account.
    """

    data: Nothing


class TransferAccepted(ProposalAct, frozen=True, tag="transfer.accepted"):
    """
    The receiver accepted a transfer that waits for its word; it is delivered at its moment.

    A replayer checks that the user may approve movements of the receiving account, that it was
    asked for, in time, and given once.
    """

    data: Nothing


class TransferLapsed(ProposalAct, frozen=True, tag="transfer.lapsed"):
    """
    Nobody approved a proposed transfer in time.

    A replayer checks that the register itself says so, and not before the time is over.
    """

    data: Nothing


class TransitFacts(MovementFacts, frozen=True):
    """Which credits went into account 3, or out of it, for which proposed transfer."""

    proposal: Annotated[ProposalId, Meta(description="The proposed transfer.")]


class TransitAct(MovementAct, frozen=True):
    """Credits went into account 3, or out of it."""

    data: TransitFacts


class SentFacts(TransitFacts, frozen=True):
    """What was approved, and when it is made."""

    receiver: Annotated[AccountNumber, Meta(description="The account that they are for.")]
    digest: Annotated[Digest, Meta(description="The digest that was approved.")]
    trusted: Annotated[bool, Meta(description="Whether the account trusts the receiver.")]
    executes_at: Annotated[Moment, Meta(description="When they are delivered, or go back.")]
    accept_until: Annotated[
        Moment | UnsetType,
        Meta(
            description="Until when the receiver can accept them; left out: it does not ask to. "
            "They are delivered once that has happened, and go back where it has not."
        ),
    ] = UNSET


class ReturnedFacts(TransitFacts, frozen=True):
    """Which credits went back, and why."""

    reason: Annotated[Why, Meta(description="Why they were not delivered.")]


class CreditsSent(TransitAct, frozen=True, tag="credits.sent"):
    """
    Another person approved a proposed transfer: its credits wait in account 3.

    A replayer checks that the user may approve movements of the account and did not propose the
    transfer, that it is approved in time and once, that digest, accounts and number are those that
    were proposed, and that it is made later: to an account that is trusted, now or when working
    hours begin; to any other at noon of a day that is no Saturday or Sunday and at least the rule's
    delay away. To an account of another owner that asks for it, the receiver's word is waited for,
    as long after the proposal as the rule says; and no more moves than the account allows itself.
    It moves the runs as for a transfer.
    """

    data: SentFacts


class CreditsDelivered(TransitAct, frozen=True, tag="credits.delivered"):
    """
    Credits that waited were given to their receiver.

    A replayer checks that the register itself did so, not before the time, that the receiver has
    accepted them where it asked to, and that exactly the runs that were sent moved, from account 3
    to the receiver.
    """

    data: TransitFacts


class CreditsReturned(TransitAct, frozen=True, tag="credits.returned"):
    """
    Credits that waited went back to the account they came from.

    A replayer checks that exactly the runs that were sent moved, and: with the reason ``aborted``,
    that the user may propose or approve movements of the account, and that the time had not come,
    or the receiver's word not; with ``declined``, that the user may approve movements of the
    receiving account, whose word was waited for; with ``not_accepted``, that the register itself
    did so, and the time for that word was over; with any other, that the register itself did so,
    not before the time. What a freeze stands of
    is not aborted; with the reason ``frozen``, one stands of it, or of either account.
    """

    data: ReturnedFacts
