"""
On which terms credits move: at once to whom an account trusts, by two people and later to others.

Pure. The terms of a day are dated rules and the working calendar, which later subjects know: they
come with the command, so that deciding needs nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from msgspec import Struct

from app.registry.ledger.refusals import (
    OutsideHoursError,
    OwnTrustError,
    SecondPersonNeededError,
    TrustEndedError,
)
from app.registry.ledger.rules import Account

# So many on one list are read in a moment, and seen through by a person.
TRUSTED_ACCOUNTS_MAX: Final = 200


class Terms(Struct, frozen=True):
    """When credits may go at once: the working hours of one day."""

    opens_at: datetime
    closes_at: datetime  # the first moment after them; not after ``opens_at``: there are none


@dataclass(frozen=True, slots=True)
class TrustedAccount:
    """An account on the trusted list of another, or proposed for it."""

    id: str
    account_id: int  # whose list it is
    trusted_id: int
    added_by: str
    added_at: datetime
    expires_at: datetime  # of the proposal, where nobody approves it until then
    approved_by: str | None  # None: nobody has; it is only proposed
    approved_at: datetime | None
    active_from: datetime | None  # from when on it is trusted
    removed_by: str | None  # None: it stands on the list
    removed_at: datetime | None
    log_index: int


def trusts(
    trusted: Mapping[int, datetime], sender: Account, receiver: Account, *, now: datetime
) -> bool:
    """
    Say whether an account trusts another; all accounts of one owner trust each other.

    Args:
        trusted: the sender's list, each with the moment from which it is trusted.
        sender: whose list it is.
        receiver: of whom it is asked.
        now: the moment of the act.
    """
    if sender.owner_party_id == receiver.owner_party_id:
        return True
    active_from = trusted.get(receiver.id)
    return active_from is not None and active_from <= now


def check_terms(
    terms: Terms,
    trusted: Mapping[int, datetime],
    accounts: tuple[Account, Account],
    *,
    now: datetime,
) -> None:
    """
    Refuse a transfer at once, by one person alone, that the terms of the day do not allow.

    Args:
        terms: of the day.
        trusted: the sender's list.
        accounts: sender and receiver.
        now: the moment of the act.

    Raises:
        SecondPersonNeededError: the receiver is not trusted.
        OutsideHoursError: it is no working day, or not its hours.
    """
    sender, receiver = accounts
    if not trusts(trusted, sender, receiver, now=now):
        raise SecondPersonNeededError(account=receiver.number)
    if not terms.opens_at <= now < terms.closes_at:
        raise OutsideHoursError


def check_trust_approval(found: TrustedAccount, *, by: str, now: datetime) -> None:
    """
    Refuse the approval of an entry that is no longer proposed, or by whoever proposed it.

    Raises:
        TrustEndedError: it was approved, removed, or its time is over.
        OwnTrustError: whoever proposed it approves it.
    """
    if found.approved_at is not None or found.removed_at is not None or now >= found.expires_at:
        raise TrustEndedError(entry=found.id)
    if found.added_by == by:
        raise OwnTrustError
