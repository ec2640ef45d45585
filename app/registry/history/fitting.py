"""
Fitting what was issued to what was retired: which blocks a source's tables describe. Pure.

Issuance rows of other registries carry no serials; a retirement's prefix names its block. So a
block is a prefix, and its size is at least the highest serial retired out of it. The tables are
read twice, so that memory grows with blocks and ranges, never with the text of the rows: the first
reading fills a `Survey`, which ends in a `Plan`; the second goes row by row with the plan in hand.
"""

import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple, TypeVar

from app.kernel.quantities import CREDITS_MAX
from app.registry.history.faults import Fault, Finding, RowRefusedError, Table
from app.registry.history.rules import IssuanceRow, Layout, RetirementRow, salvage

Row = TypeVar("Row", IssuanceRow, RetirementRow)
Share = tuple[str, int]  # project code and vintage: what issuance totals are known for

_DIGITS: Final = re.compile(r"([0-9]+)")
_ANY_VINTAGE: Final = 0


class Taken(NamedTuple):
    """A block that an earlier run took over: its size is settled."""

    share: Share
    credits: int


class Block(NamedTuple):
    """A block that the tables describe: serials 1 to ``credits`` of a prefix."""

    prefix: str
    project: str
    project_name: str
    vintage: int
    credits: int
    retirements: int  # rows of these tables that retire out of it
    credits_retired: int  # by them
    share_credits: int  # issued to the project for the vintage: its blocks together are not more
    issued_on: date | None  # of the project's first for the vintage; None: it was taken over before


@dataclass(slots=True)
class Tally:
    """Rows and credits of one table, and what became of them."""

    rows: int = 0
    credits: int = 0  # of the rows whose quantity can be read
    accepted_rows: int = 0
    accepted_credits: int = 0
    left: dict[str, list[int]] = field(default_factory=dict)  # code → [rows, credits]

    def leave(self, finding: Finding, *, rows: int = 1) -> None:
        """Count what is not taken over."""
        rows_and_credits = self.left.setdefault(finding.code, [0, 0])
        rows_and_credits[0] += rows
        rows_and_credits[1] += finding.credits

    def accept(self, credits_taken: int) -> None:
        """Count a row that is."""
        self.accepted_rows += 1
        self.accepted_credits += credits_taken


@dataclass(slots=True)
class _Issued:
    credits: int
    first_on: date
    project_name: str


@dataclass(slots=True)
class _Serials:
    """The ranges retired out of one prefix, by rising first serial."""

    share: Share
    firsts: "array[int]" = field(default_factory=lambda: array("q"))
    lasts: "array[int]" = field(default_factory=lambda: array("q"))
    lines: "array[int]" = field(default_factory=lambda: array("q"))
    digests: "array[int]" = field(default_factory=lambda: array("Q"))

    def add(self, row: RetirementRow) -> None:
        place = bisect_left(self.firsts, row.serials.first)
        for other in (place - 1, place):
            if 0 <= other < len(self.firsts):
                self._refuse_shared(row, other)
        self.firsts.insert(place, row.serials.first)
        self.lasts.insert(place, row.serials.last)
        self.lines.insert(place, row.line)
        self.digests.insert(place, row.digest)

    def _refuse_shared(self, row: RetirementRow, other: int) -> None:
        if row.serials.first > self.lasts[other] or row.serials.last < self.firsts[other]:
            return
        if row.digest == self.digests[other]:
            raise RowRefusedError(Fault.DUPLICATE, wanted=self.lines[other])
        raise RowRefusedError(Fault.OVERLAP, value=str(row.serials), wanted=self.lines[other])


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be taken over, decided on all rows of both tables."""

    blocks: list[Block]
    faults: dict[Share, RowRefusedError]  # shares of which nothing is taken over
    unplaced: dict[
        Share, int
    ]  # credits issued to shares all of whose blocks were taken over before
    refused: dict[Table, set[int]]  # lines refused at the first reading

    def fault_of(self, row: IssuanceRow | RetirementRow) -> RowRefusedError | None:
        """Return why a row that was read well is not taken over; None: it is."""
        return self.faults.get((row.project, row.vintage))


@dataclass(slots=True)
class Survey:
    """What the first reading keeps."""

    note: Callable[[Finding], None]
    known: Mapping[str, Taken] = field(
        default_factory=dict
    )  # by prefix: what earlier runs took over
    issued: dict[Share, _Issued] = field(default_factory=dict)
    issuance_digests: dict[int, int] = field(default_factory=dict)  # digest → line
    serials: dict[str, _Serials] = field(default_factory=dict)
    held_back: set[Share] = field(default_factory=set)
    refused: dict[Table, set[int]] = field(
        default_factory=lambda: {table: set() for table in Table}
    )

    def read(
        self,
        layout: Layout,
        rows: Iterable[tuple[int, Sequence[str]]],
        read_row: Callable[[Layout, int, Sequence[str]], Row],
        add: Callable[[Row], None],
    ) -> Tally:
        """Read a table for the first time, noting each row that is refused."""
        tally = Tally()
        for line, cells in rows:
            tally.rows += 1
            try:
                row = read_row(layout, line, cells)
                add(row)
                tally.credits += row.credits
            except RowRefusedError as refusal:
                finding = self._refuse(layout, line, cells, refusal)
                tally.credits += finding.credits
                tally.leave(finding)
        return tally

    def _refuse(
        self, layout: Layout, line: int, cells: Sequence[str], refusal: RowRefusedError
    ) -> Finding:
        project, vintage, credits_named = salvage(layout, cells)
        self.refused[layout.table].add(line)
        # A block's size is final once it is taken over, and follows from all rows of its project
        # and vintage: taking over the rest now would leave no place for the mended row. A repeated
        # row changes no size.
        if project is not None and refusal.fault is not Fault.DUPLICATE:
            self.held_back.add((project, vintage or _ANY_VINTAGE))
        finding = refusal.finding(layout.table, line, credits_named)
        self.note(finding)
        return finding

    def add_issuance(self, row: IssuanceRow) -> None:
        """
        Add a row of the issuance table.

        Raises:
            RowRefusedError: it says in every cell what an earlier row says.
        """
        earlier = self.issuance_digests.setdefault(row.digest, row.line)
        if earlier != row.line:
            raise RowRefusedError(Fault.DUPLICATE, wanted=earlier)
        share = (row.project, row.vintage)
        known = self.issued.get(share)
        if known is None:
            self.issued[share] = _Issued(row.credits, row.on, row.project_name)
        else:
            known.credits += row.credits
            known.first_on = min(known.first_on, row.on)

    def add_retirement(self, row: RetirementRow) -> None:
        """
        Add a row of the retirement table.

        Raises:
            RowRefusedError: it repeats or overlaps an earlier row, or its block belongs elsewhere.
        """
        share = (row.project, row.vintage)
        prefix = row.serials.prefix
        owner = self.serials[prefix] if prefix in self.serials else self.known.get(prefix)
        if owner is not None and owner.share != share:
            raise RowRefusedError(Fault.PREFIX_ELSEWHERE, value=prefix, wanted=_named(owner.share))
        if prefix not in self.serials:
            self.serials[prefix] = _Serials(share)
        self.serials[prefix].add(row)

    def fit(self) -> Plan:
        """Fit the issued totals to the prefixes; what does not fit is left out with its reason."""
        prefixes: dict[Share, set[str]] = {}
        for prefix, serials in self.serials.items():
            prefixes.setdefault(serials.share, set()).add(prefix)
        for prefix, taken in self.known.items():
            prefixes.setdefault(taken.share, set()).add(prefix)
        plan = Plan([], {}, {}, self.refused)
        for share in sorted(self.issued.keys() | prefixes.keys(), key=_share_order):
            ordered = sorted(prefixes.get(share, ()), key=_natural)
            fault = self._fault_of_share(share, ordered)
            if fault is None:
                self._fit_share(share, ordered, plan)
            else:
                plan.faults[share] = fault
        return plan

    def _fault_of_share(self, share: Share, prefixes: Sequence[str]) -> RowRefusedError | None:
        size = sum(map(self._size_min, prefixes))
        if any(self._reach(prefix) > taken.credits for prefix, taken in self._taken(prefixes)):
            return RowRefusedError(Fault.BEYOND_ISSUED, value=_named(share), wanted=size)
        if prefixes and all(prefix in self.known for prefix in prefixes):
            return None  # every size is settled: nothing depends on other rows any more
        if share in self.held_back or (share[0], _ANY_VINTAGE) in self.held_back:
            return RowRefusedError(Fault.HELD_BACK, value=_named(share))
        if not prefixes:
            return RowRefusedError(Fault.WITHOUT_SERIALS, value=_named(share))
        return self._fault_of_sum(share, size)

    def _fault_of_sum(self, share: Share, size: int) -> RowRefusedError | None:
        issued = self.issued.get(share)
        if issued is None:
            return RowRefusedError(Fault.WITHOUT_ISSUANCE, value=_named(share))
        if size > issued.credits:
            return RowRefusedError(Fault.BEYOND_ISSUED, value=_named(share), wanted=size)
        if issued.credits > CREDITS_MAX:
            return RowRefusedError(Fault.NUMBER_TOO_LARGE, value=issued.credits, wanted=CREDITS_MAX)
        return None

    def _fit_share(self, share: Share, prefixes: Sequence[str], plan: Plan) -> None:
        issued = self.issued.get(share)
        size = sum(map(self._size_min, prefixes))
        rest = 0 if issued is None else max(issued.credits - size, 0)
        new = [prefix for prefix in prefixes if prefix not in self.known]
        plan.blocks.extend(
            Block(prefix, share[0], "", share[1], taken.credits, *self._retired(prefix), 0, None)
            for prefix, taken in self._taken(prefixes)
        )
        if not new:
            if rest:
                plan.unplaced[share] = rest
            return
        assert issued is not None
        for prefix in new:
            # What no row tells the prefix of is put behind the last one: held, and not retired.
            credits_issued = self._size_min(prefix) + (rest if prefix == new[-1] else 0)
            plan.blocks.append(
                Block(
                    prefix,
                    share[0],
                    issued.project_name,
                    share[1],
                    credits_issued,
                    *self._retired(prefix),
                    issued.credits,
                    issued.first_on,
                )
            )

    def _taken(self, prefixes: Sequence[str]) -> Iterator[tuple[str, Taken]]:
        return ((prefix, self.known[prefix]) for prefix in prefixes if prefix in self.known)

    def _reach(self, prefix: str) -> int:
        return self.serials[prefix].lasts[-1] if prefix in self.serials else 0

    def _size_min(self, prefix: str) -> int:
        return self.known[prefix].credits if prefix in self.known else self._reach(prefix)

    def _retired(self, prefix: str) -> tuple[int, int]:
        serials = self.serials.get(prefix)
        if serials is None:
            return 0, 0
        rows = len(serials.firsts)
        return rows, sum(serials.lasts) - sum(serials.firsts) + rows


def _share_order(share: Share) -> tuple[list[tuple[int, str]], int]:
    return _natural(share[0]), share[1]


def _named(share: Share) -> str:
    return f"{share[0]} vintage {share[1]}"


def _natural(text: str) -> list[tuple[int, str]]:
    # CAR-…-999 comes before CAR-…-1000, whatever the order of rows in the file.
    return [(int(part) if part.isdecimal() else -1, part) for part in _DIGITS.split(text)]
