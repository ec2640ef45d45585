"""
The verification itself: every leaf hashed, every tile compared, every act replayed, every balance.

The order is the outsider's: first what the register says of itself now (its state), then a
checkpoint that covers it, then the log from its first leaf, or from where the last verification
ended. Nothing that was read counts before the root that it hashes to has been signed.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final

from app.entry.verifying import trust
from app.entry.verifying.findings import NotCleanError
from app.entry.verifying.memory import Memory, Signed
from app.entry.verifying.published import PublishedState, download_state
from app.entry.verifying.reading import Reader
from app.entry.verifying.source import Source
from app.entry.verifying.trust import Trusted
from app.registry.log.checkpoints import Checkpoint
from app.registry.log.growth import Growth
from app.registry.log.policy import Policy
from app.registry.replay import state
from app.registry.replay.faults import ReplayFault
from app.registry.replay.replay import Replay

SAVE_EVERY: Final = 200_000  # leaves, a few seconds of work that an interruption costs
# A state is as new as the last act; the checkpoint over that act is out a second later.
_ASK_AGAIN_SECONDS: Final = 0.5
_ASK_AGAIN_MAX: Final = 10


@dataclass(slots=True)
class Report:
    """What a verification has found, for the verdict."""

    where: str
    trusted: Trusted
    remembered: Checkpoint | None  # the checkpoint of the verification before this one
    is_key_new: bool  # none of the keys that are trusted now signed that one
    first: int  # leaves before this one were verified earlier
    replay: Replay
    state_size: int | None = None  # at which size balances were compared; None: not at all
    why_not_compared: str = ""
    differences: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Verification:
    """A log to be verified, whom to trust, and what was verified of it before."""

    source: Source
    policy: Policy
    memory_of: Callable[[str], Memory]  # by the name of the log
    is_anew: bool = False  # from the first act on, whatever was replayed before
    on_progress: Callable[[int, int], None] = lambda _done, _size: None

    @contextmanager
    def run(self) -> Iterator[Report]:
        """
        Verify; what it yields is open for as long as the caller looks at it.

        Raises:
            NotCleanError: the log is not what it should be.
            UnreachableError: it could not be read.
        """
        with ExitStack() as stack:
            trusted = trust.read_checkpoint(self.source, self.policy)
            published = stack.enter_context(
                download_state(self.source, size=trusted.checkpoint.size)
            )
            if published is not None:
                trusted = self._wait_for(published.size, trusted)
            memory = self.memory_of(trusted.checkpoint.origin)
            remembered = memory.recall()
            try:
                _check_grown(remembered, trusted.checkpoint)
                report = stack.enter_context(self._verified(memory, trusted, published, remembered))
            except NotCleanError as found:
                if remembered is None or not found.is_of_history:
                    raise
                signed = [remembered, (trusted.note, trusted.checkpoint)]
                folder = memory.keep_evidence(signed)
                raise NotCleanError(
                    found.code, f"{found.sentence}; both signed checkpoints are kept in {folder}"
                ) from None
            yield report

    def _wait_for(self, size: int, trusted: Trusted) -> Trusted:
        """Return a checkpoint that covers a size, if one comes out soon."""
        for _ in range(_ASK_AGAIN_MAX if self.source.address else 0):
            if trusted.checkpoint.size >= size:
                break
            time.sleep(_ASK_AGAIN_SECONDS)
            trusted = trust.read_checkpoint(self.source, self.policy)
        return trusted

    @contextmanager
    def _verified(
        self,
        memory: Memory,
        trusted: Trusted,
        published: PublishedState | None,
        remembered: Signed | None,
    ) -> Iterator[Report]:
        """Play what is new; where that does not fit what was kept of before, play everything."""
        is_key_new = remembered is not None and not trust.is_known(remembered[0], trusted.signers)
        before = None if remembered is None else remembered[1]
        if self.is_anew:
            memory.drop_shelf()
        while True:
            with memory.open_shelf() as shelf:
                replay = Replay(shelf)
                growth = Growth.load(replay.memo) if replay.memo else Growth()
                first = growth.size
                report = Report(self.source.name, trusted, before, is_key_new, first, replay)
                found = self._try(report, growth, published)
                if found is None:
                    memory.remember(trusted.note, trusted.checkpoint.origin)
                    if not report.differences:
                        _save(replay, growth)
                    yield report
                    return
            memory.drop_shelf()
            if first == 0:
                raise found
            # It may be what was kept that is wrong: an attempt that was interrupted saves what no
            # root was compared with yet. The log is judged by what it says from its first act on.

    def _try(
        self, report: Report, growth: Growth, published: PublishedState | None
    ) -> NotCleanError | None:
        try:
            self._play(report, growth, published)
        except NotCleanError as found:
            return found
        return None

    def _play(self, report: Report, growth: Growth, published: PublishedState | None) -> None:
        size = report.trusted.checkpoint.size
        if growth.size > size:
            raise NotCleanError("history_cut", f"it shows {size} acts of {growth.size}")
        stops = _stops(report, growth, published)
        reader = Reader(self.source)
        try:
            saved = growth.size
            for first, leaves in reader.bundles(growth.size, size):
                for index, leaf in enumerate(leaves, start=first):
                    if index in stops:
                        _stop_at(index, report, growth, published)
                    growth.add(leaf, growth.frontier.append(leaf))
                    _replay(report.replay, index, leaf)
                reader.check_tiles(growth.take_hashes())
                if growth.size - saved >= SAVE_EVERY:
                    saved = growth.size
                    _save(report.replay, growth)
                self.on_progress(growth.size, size)
            if size in stops:
                _stop_at(size, report, growth, published)
            reader.check_tiles(growth.partial_hashes())
        finally:
            reader.close()
        if growth.frontier.root() != report.trusted.checkpoint.root:
            raise NotCleanError(
                "root_differs", "the entries do not hash to the root that was signed"
            )


def _stop_at(index: int, report: Report, growth: Growth, published: PublishedState | None) -> None:
    """Compare what is known of the log at a size, before the next leaf is played."""
    remembered = report.remembered
    if remembered and remembered.size == index and remembered.root != growth.frontier.root():
        raise NotCleanError(
            "history_rewritten",
            f"the first {index} acts are not those that were signed and verified before",
            is_of_history=True,
        )
    if published and published.size == index:
        report.state_size = index
        report.differences = state.compare(published.lines(), report.replay)


def _stops(report: Report, growth: Growth, published: PublishedState | None) -> set[int]:
    """Return the sizes at which something is to be compared."""
    stops: set[int] = set()
    if report.remembered and report.remembered.size >= growth.size:
        stops.add(report.remembered.size)
    if published is None:
        report.why_not_compared = "the register publishes no state here"
    elif published.size < growth.size:
        report.why_not_compared = f"its state is of {published.size} acts, verified before"
    elif published.size > report.trusted.checkpoint.size:
        report.why_not_compared = "its state is newer than its checkpoint: ask again in a second"
    else:
        stops.add(published.size)
    return stops


def _check_grown(remembered: Signed | None, now: Checkpoint) -> None:
    """Refuse a log that shows less than it has shown before, or is another one."""
    if remembered is None:
        return
    _, before = remembered
    if before.origin != now.origin:
        raise NotCleanError(
            "other_log", f"this memory is of {before.origin}, the log is {now.origin}"
        )
    if now.size < before.size:
        raise NotCleanError(
            "history_cut",
            f"it shows {now.size} acts; {before.size} were signed and verified before",
            is_of_history=True,
        )
    if now.size == before.size and now.root != before.root:
        raise NotCleanError(
            "split_view", f"two roots were signed for {now.size} acts", is_of_history=True
        )


def _replay(replay: Replay, index: int, leaf: bytes) -> None:
    try:
        replay.play(index, leaf)
    except ReplayFault as fault:
        raise NotCleanError(fault.code, f"act {index}: {fault.sentence}") from fault
    except (ArithmeticError, ValueError) as fault:
        # Its form is right, and it is of the year 9999, or of more credits than can be counted.
        raise NotCleanError(
            "act_impossible", f"act {index} cannot be reckoned with: {fault}"
        ) from fault


def _save(replay: Replay, growth: Growth) -> None:
    try:
        replay.save(growth.dump())
    except ArithmeticError as fault:
        raise NotCleanError(
            "act_impossible", f"an account at act {growth.size} cannot be reckoned with: {fault}"
        ) from fault
