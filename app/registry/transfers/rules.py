"""
Proposed transfers: from one person's proposal over another's approval to the moment it is made.

Pure. A proposal is *proposed*; approved in time, its credits wait in transit and it is *scheduled*;
at its moment it is *delivered*, or *returned* where something stands in the way. Until then either
kind of representative takes it back: *withdrawn* before the approval, *aborted* after it. What
nobody approves in time has *lapsed*. Where its receiver asks for that, it waits for their word,
too.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from app.kernel.clock import bangkok_date, rfc3339
from app.kernel.encoding import canonical_bytes, sha256
from app.registry.calendar.rules import at_bangkok, is_working_day
from app.registry.ledger.rules import Choice
from app.registry.ledger.serials import SerialRange, account_number
from app.registry.transfers.refusals import (
    AcceptanceLateError,
    AcceptanceNotAwaitedError,
    DayOverLimitError,
    DigestDiffersError,
    OwnDayOverLimitError,
    OwnProposalError,
    ProposalLapsedError,
    ProposalStateError,
    TransferDueError,
    TransferTooLargeError,
)

REGISTRY: Final = "registry"  # who carries out what two people decided, and what nobody did
NOON: Final = time(12)
_DAY: Final = timedelta(days=1)


class State(StrEnum):
    """How far a proposed transfer has come."""

    PROPOSED = "proposed"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    SCHEDULED = "scheduled"
    DELIVERED = "delivered"
    ABORTED = "aborted"
    RETURNED = "returned"


# What was approved: the receiver sees these.
APPROVED: Final = (State.SCHEDULED, State.DELIVERED, State.ABORTED, State.RETURNED)


class Hindrance(StrEnum):
    """Why credits went back instead of to their receiver."""

    PROPOSER_NOT_ALLOWED = "proposer_not_allowed"
    APPROVER_NOT_ALLOWED = "approver_not_allowed"
    RECEIVER_CLOSED = "receiver_closed"
    NO_LONGER_TRUSTED = "no_longer_trusted"
    DECLINED = "declined"  # by the receiver
    NOT_ACCEPTED = "not_accepted"  # in time
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposed transfer and what became of it."""

    id: str
    from_account: int
    to_account: int
    content: str  # canonical JSON of what is proposed; the digest is of its bytes
    digest: str  # SHA-256, hexadecimal
    credits: int
    state: State
    proposed_by: str
    proposed_at: datetime
    proposed_index: int  # log index of the act
    expires_at: datetime  # the first moment at which it cannot be approved any more
    approved_by: str | None = None  # None, and the four below: nobody has approved it
    approved_at: datetime | None = None
    sent_index: int | None = None  # log index of the movement into transit
    executes_at: datetime | None = None  # when it is made; until then it can be aborted
    is_trusted: bool | None = None  # whether the receiver was trusted when it was approved
    ended_at: datetime | None = None  # None: it is proposed or scheduled
    ended_index: int | None = None
    ended_by: str | None = None  # who took it back; `REGISTRY` where nobody did
    reason: Hindrance | None = None  # why it was returned
    accept_until: datetime | None = None  # None: its receiver does not ask to accept it
    accepted_by: str | None = None  # None: nobody has, or needs to
    accepted_at: datetime | None = None

    @property
    def awaits_acceptance(self) -> bool:
        """Whether it waits for its receiver's word, approved as it is."""
        return self.accept_until is not None and self.accepted_at is None


def content_of(from_account: int, to_account: int, choice: Choice) -> str:
    """Return what is proposed as canonical JSON: what an approval is bound to."""
    return canonical_bytes(
        {
            "from_account": account_number(from_account),
            "to_account": account_number(to_account),
            "credits": choice.credits,
            "batch": choice.batch_prefix,
            "vintage": choice.vintage,
            "serials": [
                {"batch": r.prefix, "first": r.first, "last": r.last} for r in choice.ranges
            ],
        }
    ).decode()


def choice_of(content: dict[str, object]) -> Choice:
    """Return the choice that a proposal's content, read as JSON, has."""
    credits_asked, batch, vintage = content["credits"], content["batch"], content["vintage"]
    named = content["serials"]
    assert credits_asked is None or isinstance(credits_asked, int)
    assert batch is None or isinstance(batch, str)
    assert vintage is None or isinstance(vintage, int)
    assert isinstance(named, list)
    ranges = tuple(SerialRange(r["batch"], r["first"], r["last"]) for r in named)
    return Choice(credits_asked, batch, vintage, ranges)


def digest_of(content: str) -> str:
    """Return the digest that an approval must name."""
    return sha256(content.encode()).hex()


def state_at(proposal: Proposal, now: datetime) -> State:
    """Return the state at a moment: a proposal lapses with its time, noted or not."""
    if proposal.state is State.PROPOSED and now >= proposal.expires_at:
        return State.LAPSED
    return proposal.state


def check_approval(proposal: Proposal, *, by: str, digest: str, now: datetime) -> None:
    """
    Refuse an approval that is late, repeated, of something else, or by the proposer.

    Raises:
        ProposalLapsedError, ProposalStateError: it cannot be approved any more.
        OwnProposalError: whoever proposed it approves it.
        DigestDiffersError: what is approved is not what was proposed.
    """
    state = state_at(proposal, now)
    if state is State.LAPSED:
        raise ProposalLapsedError(expires_at=rfc3339(proposal.expires_at))
    if state is not State.PROPOSED:
        raise ProposalStateError(state=state.value)
    if proposal.proposed_by == by:
        raise OwnProposalError
    if proposal.digest != digest:
        raise DigestDiffersError


def check_abort(proposal: Proposal, *, now: datetime) -> None:
    """
    Refuse to take back what is over, or due.

    Raises:
        ProposalStateError: it is over.
        TransferDueError: its moment has come, though it may not be made yet.
    """
    state = state_at(proposal, now)
    if state not in {State.PROPOSED, State.SCHEDULED}:
        raise ProposalStateError(state=state.value)
    if proposal.awaits_acceptance:
        return  # nothing is due before somebody has accepted it
    if proposal.executes_at is not None and now >= proposal.executes_at:
        raise TransferDueError(executes_at=rfc3339(proposal.executes_at))


def check_answer(proposal: Proposal, *, now: datetime, digest: str | None = None) -> None:
    """
    Refuse the receiver's word on a transfer that does not wait for it, or on another one.

    Args:
        proposal: the transfer.
        now: the moment of the act.
        digest: what is accepted; None: it is declined.

    Raises:
        AcceptanceNotAwaitedError: it is not approved, nobody asked for it, or it was given.
        AcceptanceLateError: its time is over.
        DigestDiffersError: what is accepted is not what is on its way.
    """
    if proposal.state is not State.SCHEDULED or not proposal.awaits_acceptance:
        raise AcceptanceNotAwaitedError(state=proposal.state.value)
    assert proposal.accept_until is not None
    if now >= proposal.accept_until:
        raise AcceptanceLateError(accept_until=rfc3339(proposal.accept_until))
    if digest is not None and digest != proposal.digest:
        raise DigestDiffersError


def check_own_day(credits_sent: int, *, of_day: int, day_max: int | None) -> None:
    """
    Refuse a transfer to another owner with which the account would pass its own limit of a day.

    Args:
        credits_sent: what it moves.
        of_day: what was approved before on the same day, from the same account to other owners.
        day_max: most for a day; None: there is no limit.

    Raises:
        OwnDayOverLimitError: it would.
    """
    if day_max is not None and of_day + credits_sent > day_max:
        raise OwnDayOverLimitError(credits=of_day + credits_sent, limit=day_max)


def check_limits(
    credits_sent: int, *, of_day: int, act_max: int | None, day_max: int | None
) -> None:
    """
    Refuse a transfer to an account that is not trusted where it is too large.

    Args:
        credits_sent: what it moves.
        of_day: what was approved before on the same day, from the same account.
        act_max: most for one transfer; None: there is no limit.
        day_max: most for a day; None: there is no limit.

    Raises:
        TransferTooLargeError, DayOverLimitError: as their names say.
    """
    if act_max is not None and credits_sent > act_max:
        raise TransferTooLargeError(credits=credits_sent, limit=act_max)
    if day_max is not None and of_day + credits_sent > day_max:
        raise DayOverLimitError(credits=of_day + credits_sent, limit=day_max)


# ------------------------------------------------------------------------------------ moments


def day_of_noon(earliest: datetime, holidays: Collection[date]) -> date:
    """
    Return the day with the first noon of a working day that is not before a moment.

    Args:
        earliest: the moment.
        holidays: those up to the day that is returned.
    """
    day = bangkok_date(earliest)
    if at_bangkok(day, NOON) < earliest:
        day += _DAY
    return _next_working_day(day, holidays)


def day_of_hours(now: datetime, closes: time, holidays: Collection[date]) -> date:
    """
    Return the first working day whose hours are not over yet.

    Args:
        now: the present moment.
        closes: when hours end.
        holidays: those up to the day that is returned.
    """
    day = bangkok_date(now)
    if now >= at_bangkok(day, closes):
        day += _DAY
    return _next_working_day(day, holidays)


def _next_working_day(day: date, holidays: Collection[date]) -> date:
    while not is_working_day(day, holidays):
        day += _DAY
    return day
