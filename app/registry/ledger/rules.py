"""The ledger's rules: which credits move, and when a movement is refused. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum, StrEnum
from typing import Final

from msgspec import Struct

from app.registry.ledger.frozen import AccountFrozenError
from app.registry.ledger.refusals import (
    AccountClosedError,
    AccountStaleError,
    ChoiceUnclearError,
    PartyCannotHoldError,
    RangeReversedError,
    RangesOverlapError,
    RegistryAccountError,
    SameAccountError,
    SerialsNotHeldError,
    TooFragmentedError,
)
from app.registry.ledger.serials import SerialRange, account_number
from app.registry.parties.rules import PartyKind

RANGES_PER_ACT_MAX: Final = 100  # One act must fit one leaf, and one screen of a certificate.
MOVES_PER_ACT_MAX: Final = (
    400  # Runs of serials one act may move; a leaf of 65,535 bytes holds about 600.
)

# The registry's own accounts. Their ids are constants because constraints of the database name
# them:
# nothing can leave an account where credits end.
SOURCE: Final = 1
BUFFER: Final = 2
TRANSIT: Final = 3
RETIRED: Final = 4
CANCELLED: Final = 5
EXPORTED: Final = 6
FINAL_ACCOUNTS: Final = frozenset({RETIRED, CANCELLED, EXPORTED})
FIRST_OWNER_ACCOUNT: Final = 1001


class AccountKind(StrEnum):
    """What an account is for."""

    HOLDING = "holding"
    SOURCE = "source"
    BUFFER = "buffer"
    TRANSIT = "transit"
    RETIRED = "retired"
    CANCELLED = "cancelled"
    EXPORTED = "exported"


# What each of them is, and is called.
REGISTRY_ACCOUNTS: Final = {
    SOURCE: (AccountKind.SOURCE, "Issuance source"),
    BUFFER: (AccountKind.BUFFER, "Pooled buffer"),
    TRANSIT: (AccountKind.TRANSIT, "In transit"),
    RETIRED: (AccountKind.RETIRED, "Retired"),
    CANCELLED: (AccountKind.CANCELLED, "Cancelled"),
    EXPORTED: (AccountKind.EXPORTED, "Exported to another registry"),
}


class AccountStatus(StrEnum):
    """Whether an account may be used."""

    OPEN = "open"
    CLOSED = "closed"


class EntryKind(IntEnum):
    """Why credits moved; the number is what the ledger stores."""

    ISSUED = 1
    BUFFERED = 2
    TRANSFERRED = 3
    RETIRED = 4
    CANCELLED = 5
    TAKEN_OVER = 6
    BUFFER_RELEASED = 7
    BUFFER_CANCELLED = 8
    SENT = 9  # into the transit account, where a transfer waits
    DELIVERED = 10  # out of it, to whom it was sent
    RETURNED = 11  # out of it, back to where it came from
    REVERSED = 12  # back to where an act in error had taken it from

    @property
    def word(self) -> str:
        """The word used in the API."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Account:
    """Where credits sit."""

    id: int
    owner_party_id: str | None  # None: an account of the registry itself
    kind: AccountKind
    status: AccountStatus
    name: str
    version: int
    opened_at: datetime
    is_frozen: bool = False  # the authority has frozen it: it takes part in nothing

    @property
    def number(self) -> str:
        """The public number."""
        return account_number(self.id)


class Batch(Struct, frozen=True):
    """What one issuance minted for one vintage: serials 1 to ``credits``."""

    id: int
    vintage: int
    credits: int
    serial_prefix: str
    programme_code: str
    project_code: str
    project_name: str
    activity_id: str | None  # None: taken over from another registry, where its activity is known
    province_code: str | None  # None: not known, or sites in several provinces
    log_index: int
    issued_at: datetime


@dataclass(slots=True)
class Block:
    """A run of serials of one batch in one account, as it stands within the present commit."""

    batch_id: int
    first: int
    last: int
    account_id: int
    log_index: int  # the movement that brought it here

    @property
    def credits(self) -> int:
        """How many credits it is."""
        return self.last - self.first + 1


class Choice(Struct, frozen=True):
    """Which credits are to move: a number of the oldest ones, or exactly the named ranges."""

    credits: int | None = None
    batch_prefix: str | None = None  # only out of this batch
    vintage: int | None = None  # only of this vintage
    ranges: tuple[SerialRange, ...] = ()

    @property
    def total(self) -> int:
        """How many credits are asked for."""
        return self.credits if self.credits is not None else sum(r.credits for r in self.ranges)


class Touches(Struct, frozen=True):
    """What an act that moves credits will need to know; loaded for all acts of a commit at once."""

    from_account: int
    to_account: int
    choice: Choice


class Move(Struct, frozen=True):
    """A run of serials that leaves a block."""

    block: Block
    first: int
    last: int

    @property
    def credits(self) -> int:
        """How many credits move."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Mint:
    """
    A batch to be made: ``credits`` in all, of which the buffer gets its share and the owner the
    rest.
    """

    vintage: int
    credits: int
    buffer_credits: int
    owner_account_id: int
    serial_prefix: str
    programme_code: str
    activity_id: str | None
    project_code: str
    project_name: str
    province_code: str | None


class Beneficiary(StrEnum):
    """Who a retirement is for."""

    ORGANISATION = "organisation"
    PERSON = "person"


class Visibility(StrEnum):
    """Whether the beneficiary's name is shown to the public."""

    PUBLIC = "public"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Statement:
    """In whose name and why credits end. Kept apart from history, so that it can be erased."""

    beneficiary_name: str
    beneficiary_kind: Beneficiary
    beneficiary_identifier: str | None  # None: not given
    reason: str | None  # None: none given


@dataclass(frozen=True, slots=True)
class Ending:
    """Credits taken out of circulation for good: a retirement or a cancellation."""

    kind: EntryKind
    purpose_code: str
    visibility: Visibility
    happened_on: date | None  # None: on the day it was recorded
    statement: Statement


# A verifier may not hold what it verifies, and the authority not what it issues.
_HOLDERS: Final = frozenset(
    {PartyKind.DEVELOPER, PartyKind.HOLDER, PartyKind.PROVINCE, PartyKind.MUNICIPALITY}
)


def check_holder(kind: PartyKind, status: str) -> None:
    """
    Refuse an account to a party that cannot hold credits.

    Raises:
        PartyCannotHoldError: its kind may not, or it is suspended.
    """
    if kind not in _HOLDERS or status != "active":
        raise PartyCannotHoldError


def check_closable(account: Account, *, expected_version: int) -> None:
    """
    Refuse to close an account that is not an open holding account at the version that was read.

    Raises:
        RegistryAccountError, AccountStaleError, AccountClosedError: as their names say.
    """
    if account.kind is not AccountKind.HOLDING:
        raise RegistryAccountError
    if account.version != expected_version:
        raise AccountStaleError
    check_open(account)


def check_choice(choice: Choice) -> None:
    """
    Refuse a choice that contradicts itself.

    Raises:
        ChoiceUnclearError: neither or both of a number and ranges.
        RangeReversedError: a range begins after its end.
        RangesOverlapError: a serial is named twice.
    """
    if (choice.credits is None) == (not choice.ranges):
        raise ChoiceUnclearError
    if choice.ranges and (choice.batch_prefix is not None or choice.vintage is not None):
        raise ChoiceUnclearError
    before: SerialRange | None = None
    for named in sorted(choice.ranges):
        if named.first > named.last:
            raise RangeReversedError(first=named.first, last=named.last)
        if before is not None and before.prefix == named.prefix and named.first <= before.last:
            raise RangesOverlapError(serials=str(named))
        before = named


def check_parties(sender: Account, receiver: Account) -> None:
    """
    Refuse a transfer between accounts that cannot have one.

    Raises:
        SameAccountError, RegistryAccountError, AccountClosedError: as their names say.
    """
    if sender.id == receiver.id:
        raise SameAccountError
    if sender.kind is not AccountKind.HOLDING or receiver.kind is not AccountKind.HOLDING:
        raise RegistryAccountError
    check_open(sender)
    check_open(receiver)


def check_open(account: Account) -> None:
    """
    Refuse an account that is closed, or that the authority has frozen.

    Raises:
        AccountClosedError, AccountFrozenError: as their names say.
    """
    # Written out: every movement comes by here, twice.
    if account.status is not AccountStatus.OPEN:
        raise AccountClosedError(account=account.number)
    if account.is_frozen:
        raise AccountFrozenError(account=account.number)


def check_not_closed(account: Account) -> None:
    """
    Refuse a closed account.

    Raises:
        AccountClosedError: it is closed.
    """
    if account.status is not AccountStatus.OPEN:
        raise AccountClosedError(account=account.number)


def check_not_frozen(account: Account) -> None:
    """
    Refuse an account that the authority has frozen.

    Raises:
        AccountFrozenError: it is frozen.
    """
    if account.is_frozen:
        raise AccountFrozenError(account=account.number)


def take_oldest(blocks: Iterable[Block], credits_asked: int) -> tuple[list[Move], int]:
    """
    Take credits from blocks in the given order, lowest serials first; only the last block may
    be split.

    Returns:
        The moves, and how many credits are still missing (0: all found).
    """
    moves: list[Move] = []
    missing = credits_asked
    for block in blocks:
        taken = min(block.credits, missing)
        moves.append(Move(block, block.first, block.first + taken - 1))
        missing -= taken
        if missing == 0:
            break
    return moves, missing


def take_range(blocks: Sequence[Block], named: SerialRange, *, account_id: int) -> list[Move]:
    """
    Take exactly the named serials out of the blocks that cover them.

    Raises:
        SerialsNotHeldError: a serial of the range is in another account, or not covered.
    """
    moves: list[Move] = []
    expected = named.first
    for block in blocks:
        if block.first > expected or block.account_id != account_id:
            break
        last = min(block.last, named.last)
        moves.append(Move(block, expected, last))
        expected = last + 1
        if expected > named.last:
            return moves
    raise SerialsNotHeldError(serials=str(named))


def check_moves(moves: Sequence[Move]) -> None:
    """
    Refuse an act that would have to move too many runs of serials.

    Raises:
        TooFragmentedError: more than `MOVES_PER_ACT_MAX`.
    """
    if len(moves) > MOVES_PER_ACT_MAX:
        raise TooFragmentedError(moves_max=MOVES_PER_ACT_MAX)
