"""
The verification itself: every leaf hashed, every tile compared, every act replayed, every balance.

The order is the outsider's: first what the register says of itself now (its state), then a
checkpoint that covers it, then the log from its first leaf, or from where the last verification
ended. Nothing that was read counts before the root that it hashes to has been signed.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import IO, Final

from app.entry.verifying import trust
from app.entry.verifying.findings import NotCleanError
from app.entry.verifying.reading import Reader
from app.entry.verifying.source import Source
from app.entry.verifying.trust import Trusted
from app.kernel.files import write_durably
from app.registry.log.checkpoints import Checkpoint, parse_checkpoint, parse_size
from app.registry.log.growth import Growth
from app.registry.log.notes import MalformedError
from app.registry.log.policy import Policy
from app.registry.replay import state
from app.registry.replay.faults import ReplayFault
from app.registry.replay.replay import Replay
from app.registry.replay.shelf import Shelf

SAVE_EVERY: Final = 200_000  # leaves, a few seconds of work that an interruption costs
_CHECKPOINT_FILE: Final = "checkpoint"
_SHELF_FILE: Final = "replay.sqlite"


@dataclass(slots=True)
class Report:
    """What a verification has found, for the verdict."""

    where: str
    trusted: Trusted
    remembered: Checkpoint | None  # the checkpoint of the verification before this one
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
    memory: Path  # a folder of the verifier's own
    on_progress: Callable[[int, int], None] = lambda _done, _size: None

    @contextmanager
    def run(self) -> Iterator[Report]:
        """
        Verify; what it yields is open for as long as the caller looks at it.

        Raises:
            NotCleanError: the log is not what it should be.
            UnreachableError: it could not be read.
        """
        self.memory.mkdir(parents=True, exist_ok=True)
        remembered = self._recall()
        with tempfile.TemporaryFile() as state_file:
            has_state = self.source.save_state(state_file)
            trusted = trust.read_checkpoint(self.source, self.policy)
            published = _open_state(state_file) if has_state else None
            try:
                with self._open_shelf() as shelf:
                    replay = Replay(shelf)
                    growth = Growth.load(replay.memo) if replay.memo else Growth()
                    _check_grown(remembered, trusted.checkpoint, growth)
                    report = Report(self.source.name, trusted, remembered, growth.size, replay)
                    self._play(report, growth, published)
                    if not report.differences:
                        replay.save(growth.dump())
                        self._remember(trusted)
                    yield report
            except NotCleanError:
                # What was played on the way to a root that nobody signed is not to be built on.
                (self.memory / _SHELF_FILE).unlink(missing_ok=True)
                raise

    @contextmanager
    def _open_shelf(self) -> Iterator[Shelf]:
        shelf = Shelf(self.memory / _SHELF_FILE)
        try:
            yield shelf
        finally:
            shelf.close()

    def _recall(self) -> Checkpoint | None:
        """Return the checkpoint that was verified last, which is kept whatever happens."""
        try:
            return parse_checkpoint((self.memory / _CHECKPOINT_FILE).read_bytes())[1]
        except FileNotFoundError:
            return None
        except MalformedError:
            raise NotCleanError(
                "memory_damaged", f"{self.memory} cannot be read: delete it to verify anew"
            ) from None

    def _remember(self, trusted: Trusted) -> None:
        write_durably(self.memory / _CHECKPOINT_FILE, trusted.note.encode())

    def _play(self, report: Report, growth: Growth, published: "_PublishedState | None") -> None:
        size = report.trusted.checkpoint.size
        stops = _stops(report, growth, published)
        reader = Reader(self.source)
        try:
            saved = growth.size
            for first, leaves in reader.bundles(growth.size, size):
                for index, leaf in enumerate(leaves, start=first):
                    if index in stops:
                        self._stop_at(index, report, growth, published)
                    growth.add(leaf, growth.frontier.append(leaf))
                    _replay(report.replay, index, leaf)
                reader.check_tiles(growth.take_hashes())
                if growth.size - saved >= SAVE_EVERY:
                    saved = growth.size
                    report.replay.save(growth.dump())
                self.on_progress(growth.size, size)
            if size in stops:
                self._stop_at(size, report, growth, published)
            reader.check_tiles(growth.partial_hashes())
        finally:
            reader.close()
        if growth.frontier.root() != report.trusted.checkpoint.root:
            raise NotCleanError(
                "root_differs", "the entries do not hash to the root that was signed"
            )

    def _stop_at(
        self, index: int, report: Report, growth: Growth, published: "_PublishedState | None"
    ) -> None:
        """Compare what is known of the log at a size, before the next leaf is played."""
        remembered = report.remembered
        if remembered and remembered.size == index and remembered.root != growth.frontier.root():
            raise NotCleanError(
                "history_rewritten",
                f"the first {index} acts are not those that were signed and verified before",
            )
        if published and published.size == index:
            report.state_size = index
            report.differences = state.compare(published.lines, report.replay)


@dataclass(frozen=True, slots=True)
class _PublishedState:
    """What the register says of itself, and at which size of its log."""

    size: int
    lines: Iterator[str]


def _stops(report: Report, growth: Growth, published: _PublishedState | None) -> set[int]:
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


def _check_grown(remembered: Checkpoint | None, now: Checkpoint, growth: Growth) -> None:
    """Refuse a log that shows less than it has shown before, or is another one."""
    if remembered is None:
        return
    if remembered.origin != now.origin:
        raise NotCleanError(
            "other_log", f"this memory is of {remembered.origin}, the log is {now.origin}"
        )
    if now.size < max(remembered.size, growth.size):
        raise NotCleanError(
            "history_cut",
            f"it shows {now.size} acts; {remembered.size} were signed and verified before",
        )
    if now.size == remembered.size and now.root != remembered.root:
        raise NotCleanError("split_view", f"two roots were signed for {now.size} acts")


def _replay(replay: Replay, index: int, leaf: bytes) -> None:
    try:
        replay.play(index, leaf)
    except ReplayFault as fault:
        raise NotCleanError(fault.code, f"act {index}: {fault.sentence}") from fault


def _open_state(file: IO[bytes]) -> _PublishedState:
    file.seek(0)
    lines = iter(TextIOWrapper(file, encoding="utf-8", errors="replace", newline="\n"))
    first = next(lines, "")
    try:
        size = parse_size(first.removeprefix("size,").removesuffix("\n"))
    except MalformedError:
        raise NotCleanError("state_malformed", "the published state has no size") from None
    return _PublishedState(size, chain([first], lines))
