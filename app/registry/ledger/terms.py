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
    AcceptanceNeededError,
    OutsideHoursError,
    OverOwnLimitError,
    OwnDayLimitError,
    OwnTrustError,
    SecondPersonNeededError,
    TrustEndedError,
)
from app.registry.ledger.rules import Account

# So many on one list are read in a moment, and seen through by a person.
TRUSTED_ACCOUNTS_MAX: Final = 200


Limits = tuple[int | None, int | None]  # for one transfer, and for a day; None: there is no limit


class Terms(Struct, frozen=True):
    """When credits may go at once: the working hours of one day."""

    opens_at: datetime
    closes_at: datetime  # the first moment after them; not after ``opens_at``: there are none


class OwnTerms(Struct, frozen=True):
    """What an account has set for itself, as it stands; limits bind what goes to other owners."""

    asks_acceptance: bool = False  # whether what others send waits for its word
    credits_max: int | None = None  # most for one transfer; None: there is no limit
    credits_per_day_max: int | None = None  # most for a day in Bangkok; None: there is no limit
    # What takes the place of both limits from a moment on, because raising them waits.
    raised_credits_max: int | None = None
    raised_credits_per_day_max: int | None = None
    raised_from: datetime | None = None  # None: nothing waits

    def limits_at(self, now: datetime) -> Limits:
        """Return the limits in force at a moment: for one transfer, and for a day."""
        if self.raised_from is not None and self.raised_from <= now:
            return self.raised_credits_max, self.raised_credits_per_day_max
        return self.credits_max, self.credits_per_day_max

    def rises(self, wanted: Limits, *, now: datetime) -> bool:
        """Say whether either of other limits is higher than the one in force."""
        return self._at_once(wanted, now) != wanted

    def limited(self, wanted: Limits, *, now: datetime, later: datetime) -> "OwnTerms":
        """
        Return the terms with other limits: what is lower counts now, what is higher later.

        Args:
            wanted: for one transfer, and for a day; None: no limit.
            now: the moment of the act.
            later: from when on a higher limit counts.
        """
        at_once, rises = self._at_once(wanted, now), self.rises(wanted, now=now)
        return OwnTerms(
            self.asks_acceptance,
            *at_once,
            *(wanted if rises else (None, None)),
            later if rises else None,
        )

    def _at_once(self, wanted: Limits, now: datetime) -> Limits:
        for_one, for_day = self.limits_at(now)
        return _lower(for_one, wanted[0]), _lower(for_day, wanted[1])


NO_TERMS: Final = OwnTerms()


def _lower(one: int | None, other: int | None) -> int | None:
    return min((limit for limit in (one, other) if limit is not None), default=None)


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


def check_acceptance(accounts: tuple[Account, Account], receivers: OwnTerms) -> None:
    """
    Refuse a transfer at once to an account of another owner that asks to accept what comes.

    Args:
        accounts: sender and receiver.
        receivers: what the receiver has set for itself.

    Raises:
        AcceptanceNeededError: it does.
    """
    sender, receiver = accounts
    if receivers.asks_acceptance and sender.owner_party_id != receiver.owner_party_id:
        raise AcceptanceNeededError(account=receiver.number)


def check_own_limit(
    accounts: tuple[Account, Account], senders: OwnTerms, credits_sent: int, *, now: datetime
) -> None:
    """
    Refuse a transfer to another owner that is more than the sender itself lets one transfer be.

    Args:
        accounts: sender and receiver.
        senders: what the sender has set for itself.
        credits_sent: what is to move.
        now: the moment of the act.

    Raises:
        OverOwnLimitError: it is more.
    """
    sender, receiver = accounts
    most, _ = senders.limits_at(now)
    if most is None or sender.owner_party_id == receiver.owner_party_id:
        return
    if credits_sent > most:
        raise OverOwnLimitError(credits=credits_sent, limit=most)


def check_own_day(accounts: tuple[Account, Account], senders: OwnTerms, *, now: datetime) -> None:
    """
    Refuse a transfer at once of an account that counts its day: only proposals are counted.

    Raises:
        OwnDayLimitError: it does, and the receiver is another's.
    """
    sender, receiver = accounts
    if sender.owner_party_id != receiver.owner_party_id and senders.limits_at(now)[1] is not None:
        raise OwnDayLimitError(account=sender.number)


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
