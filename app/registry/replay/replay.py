"""The replay: leaf after leaf, each read, checked against all before it, and taken into account."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

import msgspec

from app.kernel.errors import RegistryError
from app.registry.replay.activities import Activities
from app.registry.replay.applications import Applications
from app.registry.replay.blocks import Batch
from app.registry.replay.calendar import Calendar
from app.registry.replay.cases import Cases
from app.registry.replay.catalogue import Catalogue
from app.registry.replay.faults import Broken, LeafFault, ReplayFault
from app.registry.replay.issuance import Issuances
from app.registry.replay.leaves import Leaf, decode, decode_quickly
from app.registry.replay.leaves.ledger import AccountsFounded, CreditsTransferred
from app.registry.replay.leaves.quick import QuickTransfer
from app.registry.replay.leaves.words import MOMENT_PATTERN
from app.registry.replay.ledger import Account, HeldBlock, Ledger
from app.registry.replay.movements import OWN_ACCOUNTS, Movements
from app.registry.replay.orders import Orders
from app.registry.replay.pairs import Pairs
from app.registry.replay.reports import Reports
from app.registry.replay.shelf import KeptEnding, Shelf
from app.registry.replay.standing import Standing
from app.registry.replay.things import Handlers
from app.registry.replay.transfers import Transfers

_DAY_CHARACTERS: Final = 10
_BATCHES_AT_HAND_MAX: Final = 50_000
_MOMENT: Final = re.compile(MOMENT_PATTERN)
# Outside these years a register has no acts, and near the ends of the calendar no time zone.
_EARLIEST, _LATEST = "1990", "2201"


class Totals(NamedTuple):
    """What the log comes to."""

    credits: Mapping[str, int]  # by number of each of the registry's own accounts
    kinds: Mapping[str, int]  # acts by kind


class _Position(msgspec.Struct):
    """How far a replay has come, as kept on the shelf."""

    size: int = 0
    at: str = ""
    kinds: dict[str, int] = {}
    memo: bytes = b""


class Replay:
    """
    The register as its log tells it.

    It begins where the shelf was last saved. After a fault it is of no more use: the act at fault
    may be half taken into account; a new replay on the same file begins at the last `save`.

    Args:
        shelf: where it keeps what does not fit into memory; it belongs to this replay alone.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        kept = shelf.meta.read("position")
        at = _Position() if kept is None else msgspec.msgpack.decode(kept, type=_Position)
        self._size, self._at, self._memo = at.size, at.at, at.memo
        self._is_spoilt = False
        self._kinds: Counter[type[Leaf]] = Counter()
        self._kinds_before = Counter(at.kinds)
        self.ledger: Final = Ledger(shelf)
        standing = Standing(shelf)
        catalogue = Catalogue(shelf, standing)
        own = (standing, Calendar(shelf, standing), Applications(shelf, standing))
        activities = Activities(shelf, standing, catalogue, self.ledger)
        reports = Reports(shelf, standing, activities)
        parts = (catalogue, self.ledger, activities, reports)
        issuances = Issuances(shelf, standing, parts)
        movements = Movements(shelf, standing, catalogue, self.ledger)
        transfers = Transfers(shelf, standing, catalogue, self.ledger)
        orders = Orders(shelf, standing, catalogue, self.ledger)
        cases = Cases(shelf, (standing, catalogue, issuances, movements, orders))
        pairs = Pairs(standing, catalogue, orders)
        later = (catalogue, activities, reports, issuances, transfers, orders, cases)
        self._parts = (self.ledger, *own, *later)
        handlers = Handlers()
        for playing in (*self._parts[1:], movements, pairs):
            playing.play_on(handlers)
        self._handlers: dict[type[Leaf], Any] = {
            **handlers.by_shape,
            QuickTransfer: handlers.by_shape[CreditsTransferred],
        }

    @property
    def size(self) -> int:
        """Return how many leaves were played."""
        return self._size

    @property
    def memo(self) -> bytes:
        """Return what the last `save` was given to remember."""
        return self._memo

    def play(self, index: int, leaf: bytes) -> None:
        """
        Play the next leaf.

        Args:
            index: its log index, which must be `size`.
            leaf: the bytes that were hashed.

        Raises:
            ReplayFault: it is no act, or not one that the acts before it allow.
        """
        assert not self._is_spoilt
        try:
            self._play(index, leaf)
        except (LeafFault, Broken) as found:
            self._is_spoilt = True
            fault = _fault_of(leaf) or found
            raise ReplayFault(index, fault.code, fault.sentence) from None
        except RegistryError as refusal:
            self._is_spoilt = True
            raise ReplayFault(index, refusal.code, " ".join(refusal.say("en"))) from None

    def save(self, memo: bytes | None = None) -> None:
        """
        Make the shelf begin here, whatever happens after.

        Call it every some 100,000 leaves: until then the file grows beside the one it replaces.

        Args:
            memo: what the caller wants back from `memo` in a later process, such as the frontier
                of the tree at this size; None: what was there.
        """
        assert not self._is_spoilt
        for part in self._parts:
            part.save()
        self._memo = self._memo if memo is None else memo
        position = _Position(self._size, self._at, dict(self._counted()), self._memo)
        self._shelf.meta.write([("position", msgspec.msgpack.encode(position))])
        self._shelf.keep()

    def totals(self) -> Totals:
        """Return what the registry's own accounts hold, and how many acts of each kind were."""
        known = {number: self.ledger.find_account(number) for number in OWN_ACCOUNTS}
        return Totals(
            {number: 0 if account is None else account.total for number, account in known.items()},
            dict(sorted(self._counted().items())),
        )

    # What is told of the state, in the published order; each first hands all to the shelf.

    def accounts(self) -> Iterator[Account]:
        """Yield all accounts by id."""
        self.ledger.save()
        return self.ledger.accounts()

    def batches(self) -> Iterator[Batch]:
        """Yield all batches by vintage, then in the order of issuance."""
        self.ledger.save()
        return self.ledger.batches()

    def balances(self) -> Iterator[tuple[int, Batch, int]]:
        """Yield account id, batch and credits other than zero, by account, then batch."""
        self.ledger.save()
        rows = (
            (account, batch.id, held)
            for batch in self.ledger.batches()
            for account, held in self.ledger.balances(batch).items()
        )
        batches: dict[int, Batch] = {}
        for account, batch_id, held in self._shelf.sorted_balances(rows):
            batch = batches.get(batch_id)
            if batch is None:
                if len(batches) >= _BATCHES_AT_HAND_MAX:
                    batches.clear()
                batch = batches[batch_id] = self.ledger.get_batch(batch_id)
            yield account, batch, held

    def blocks(self) -> Iterator[tuple[Batch, HeldBlock]]:
        """Yield all blocks by batch, then first serial."""
        for batch in self.batches():
            for block in self.ledger.blocks(batch):
                yield batch, block

    def endings(self) -> Iterator[KeptEnding]:
        """Yield what was retired and cancelled, in the order of the log."""
        return self._shelf.endings()

    def _play(self, index: int, leaf: bytes) -> None:
        act = decode_quickly(leaf)
        shape, at = type(act), act.at
        if index != self._size:
            raise Broken("index_not_next", f"leaf {self._size} is the next one")
        if index == 0 and shape is not AccountsFounded:
            raise Broken("founding_misplaced", "the first leaf founds no register")
        if at != self._at:
            self._go_on_to(at)
        self._handlers[shape](index, act)
        self._kinds[shape] += 1
        self._size = index + 1

    def _go_on_to(self, at: str) -> None:
        if at < self._at:
            raise Broken("time_runs_back", f"{at} is before {self._at}")
        if not (_MOMENT.search(at) and _EARLIEST <= at <= _LATEST):
            raise Broken("time_impossible", f"{at[:40]} is no moment of a register")
        if at[:_DAY_CHARACTERS] != self._at[:_DAY_CHARACTERS]:
            try:
                date.fromisoformat(at[:_DAY_CHARACTERS])
            except ValueError:
                raise Broken("time_impossible", f"there is no such day as that of {at}") from None
        self._at = at

    def _counted(self) -> Counter[str]:
        now = Counter({str(s.__struct_config__.tag): n for s, n in self._kinds.items()})
        return self._kinds_before + now


def _fault_of(leaf: bytes) -> LeafFault | None:
    """Return what is wrong with a leaf by itself: it goes before what is wrong with its place."""
    try:
        decode(leaf)
    except LeafFault as fault:
        return fault
    return None
