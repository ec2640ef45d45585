"""Taking over another registry's history: from its two tables to committed acts."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.acts import Act, Idempotency, Outcome, Reply
from app.entry.committer import Committer
from app.entry.deciding import AnswerErasedError, KeyReusedError
from app.entry.sheets import TableUnreadableError, open_sheet
from app.kernel.encoding import canonical_bytes, sha256
from app.kernel.errors import BusyError, RegistryError
from app.registry.history.faults import Fault, Finding, RowRefusedError, Table
from app.registry.history.fitting import Block, Plan, Row, Survey, Taken, Tally
from app.registry.history.mapping import SourceMapping
from app.registry.history.operations import (
    PURPOSE_DEFAULT,
    OpenSource,
    RetireTakenOver,
    TakeOverBlock,
    get_known_blocks,
    get_purposes,
    open_source,
    retire_taken_over,
    take_over_block,
)
from app.registry.history.rules import (
    IssuanceRow,
    Layout,
    RetirementRow,
    lay_out,
    read_issuance,
    read_retirement,
)
from app.registry.history.store import Source
from app.registry.ledger.operations import Movement
from app.registry.ledger.rules import Batch
from app.registry.log.pen import Pen
from app.registry.parties.policy import Actor

CHUNK_ACTS: Final = 1_000  # What two commits take at most:
PIECES_UNDER_WAY: Final = 2  # one is decided while the other is written.

Note = Callable[[Finding], None]


@dataclass(frozen=True, slots=True)
class Tables:
    """A source's two tables, and how they are read."""

    issuances: Path
    retirements: Path
    mapping: SourceMapping
    today: date

    def path(self, table: Table) -> Path:
        """Return where one of them is."""
        return self.issuances if table is Table.ISSUANCES else self.retirements

    @contextmanager
    def open(self, table: Table) -> Iterator[tuple[Layout, Iterator[tuple[int, Sequence[str]]]]]:
        """Open one of them at its first row."""
        with open_sheet(self.path(table)) as sheet:
            yield lay_out(table, sheet.header, self.mapping, self.today), sheet.rows


class Fate(StrEnum):
    """What became of an act."""

    NEW = "new"
    THERE = "already there"
    REFUSED = "refused"


@dataclass(slots=True)
class Sum:
    """How many acts, and how many credits they are about."""

    acts: int = 0
    credits: int = 0

    def add(self, credits_added: int) -> None:
        """Count one more."""
        self.acts += 1
        self.credits += credits_added


def _fates() -> dict[Fate, Sum]:
    return {fate: Sum() for fate in Fate}


@dataclass(slots=True)
class Account:
    """What was read, and what came of it."""

    plan: Plan
    issuances: Tally
    retirements: Tally
    blocks: dict[Fate, Sum] = field(default_factory=_fates)
    retired: dict[Fate, Sum] = field(default_factory=_fates)

    @property
    def refused_rows(self) -> int:
        """How many rows and blocks need somebody's eye; those that only wait do not count."""
        left = [*self.issuances.left.items(), *self.retirements.left.items()]
        waiting = Fault.WITHOUT_SERIALS.value
        return sum(rows for code, (rows, _) in left if code != waiting) + sum(
            fates[Fate.REFUSED].acts for fates in (self.blocks, self.retired)
        )


@dataclass(frozen=True, slots=True)
class Ground:
    """What the register says before an import begins."""

    known: Mapping[str, Taken]  # by serial prefix: blocks of earlier runs
    purposes: tuple[str, ...]  # purpose codes in use


async def get_ground(connection: AsyncConnection, tables: Tables) -> Ground:
    """
    Read what the register says before an import begins.

    Raises:
        PurposeUnknownError: the mapping names a purpose code that is not in use.
    """
    purposes = await get_purposes(connection, tables.mapping, on=tables.today)
    return Ground(await get_known_blocks(connection, tables.mapping.code), purposes)


def survey(tables: Tables, ground: Ground, note: Note) -> Account:
    """
    Read both tables for the first time, and fit them.

    Raises:
        TableUnreadableError, ColumnsMissingError: a file is not what it must be.
    """
    found = Survey(note, ground.known)
    with tables.open(Table.ISSUANCES) as (layout, rows):
        issuances = found.read(layout, rows, read_issuance, found.add_issuance)
    with tables.open(Table.RETIREMENTS) as (layout, rows):
        retirements = found.read(layout, rows, read_retirement, found.add_retirement)
    account = Account(found.fit(), issuances, retirements)
    for block in account.plan.blocks:
        if block.prefix in ground.known:
            account.blocks[Fate.THERE].add(block.credits)
    _settle_issuances(tables, account, note)
    return account


def _settle_issuances(tables: Tables, account: Account, note: Note) -> None:
    for row in _again(tables, Table.ISSUANCES, account.plan, read_issuance):
        _settle(account.plan, account.issuances, row, note)
    for share, credits_left in account.plan.unplaced.items():
        fault = RowRefusedError(Fault.WITHOUT_SERIALS, value=f"{share[0]} vintage {share[1]}")
        finding = fault.finding(Table.ISSUANCES, 0, credits_left)
        account.issuances.leave(finding, rows=0)
        account.issuances.accepted_credits -= credits_left
        note(finding)


def retirement_rows(tables: Tables, account: Account, note: Note) -> Iterator[RetirementRow]:
    """Read the retirements for the second time: those that the plan takes over."""
    for row in _again(tables, Table.RETIREMENTS, account.plan, read_retirement):
        if _settle(account.plan, account.retirements, row, note):
            yield row


def _again(
    tables: Tables,
    table: Table,
    plan: Plan,
    read_row: Callable[[Layout, int, Sequence[str]], Row],
) -> Iterator[Row]:
    """Read a table for the second time: the rows that were read well at the first."""
    with tables.open(table) as (layout, rows):
        for line, cells in rows:
            if line in plan.refused[table]:
                continue
            try:
                row = read_row(layout, line, cells)
            except RowRefusedError:
                raise TableUnreadableError(
                    file=tables.path(table).name, problem="it was changed while it was read"
                ) from None
            yield row


def preview_retirements(tables: Tables, account: Account, note: Note) -> None:
    """Count what the plan takes over of the retirements, and what it leaves."""
    for _ in retirement_rows(tables, account, note):
        pass


def _settle(plan: Plan, tally: Tally, row: IssuanceRow | RetirementRow, note: Note) -> bool:
    fault = plan.fault_of(row)
    if fault is None:
        tally.accept(row.credits)
        return True
    table = Table.ISSUANCES if isinstance(row, IssuanceRow) else Table.RETIREMENTS
    finding = fault.finding(table, row.line, row.credits)
    tally.leave(finding)
    note(finding)
    return False


@dataclass(frozen=True, slots=True)
class _Step:
    """An act on its way, and what to say of it when it is refused."""

    act: Act[Any]
    table: Table
    line: int  # 0: no single row
    about: str
    credits: int


class Import:
    """Commits what a survey found; an act is known by its content, so it is done once."""

    def __init__(
        self,
        committer: Committer,
        actor: Actor,
        tables: Tables,
        note: Note,
        *,
        chunk: int = CHUNK_ACTS,
    ) -> None:
        """
        Prepare.

        Args:
            committer: the write path.
            actor: who imports.
            tables: what is imported.
            note: told of every row and block that is refused.
            chunk: how many acts are sent at once.
        """
        self._committer = committer
        self._actor = actor
        self._tables = tables
        self._note = note
        self._chunk = chunk

    async def run(
        self, account: Account, ground: Ground, advance: Callable[[Table, int], None]
    ) -> None:
        """
        Commit blocks, then retirements; what was committed before is found there and left alone.

        Args:
            account: what the survey found; completed here.
            ground: what the register said before; the survey stood on it.
            advance: told how many blocks (as issuances) and retirements are done.

        Raises:
            BusyError: the database is away or its answer unknown; running again goes on from there.
            RegistryError: the source itself was refused.
        """
        source = await self._open_source()
        new = (block for block in account.plan.blocks if block.prefix not in ground.known)
        blocks = (self._take_over(source, block) for block in new)
        await self._submit(blocks, account.blocks, lambda count: advance(Table.ISSUANCES, count))
        rows = retirement_rows(self._tables, account, self._note)
        retirements = (self._retire(source, row, ground.purposes) for row in rows)
        await self._submit(
            retirements, account.retired, lambda count: advance(Table.RETIREMENTS, count)
        )

    async def _open_source(self) -> Source:
        mapping = self._tables.mapping
        command = OpenSource(mapping.code, mapping.name, mapping.account_name)
        opened: list[Source] = []

        def present(source: Source) -> Reply:
            opened[:] = [source]
            return Reply(200, b"")

        # Without a key: opening a source that is there changes nothing and writes nothing.
        await self._committer.submit(
            Act(self._actor, lambda pen: open_source(pen, self._actor, command), present)
        )
        return opened[0]

    async def _submit(
        self, steps: Iterator[_Step], fates: dict[Fate, Sum], advance: Callable[[int], None]
    ) -> None:
        """Send acts; while some are written, the next ones are read and decided."""
        failed: list[BaseException] = []
        under_way: deque[tuple[Sequence[_Step], asyncio.Future[list[Outcome | BaseException]]]]
        under_way = deque()
        piece = max(1, self._chunk // PIECES_UNDER_WAY)
        while sent := [] if failed else _next(steps, piece):
            submitted = (self._committer.submit(step.act) for step in sent)
            under_way.append((sent, asyncio.gather(*submitted, return_exceptions=True)))
            await asyncio.sleep(0)  # let them be taken before more is read
            if len(under_way) == PIECES_UNDER_WAY:
                first, outcomes = under_way.popleft()
                failed += self._count(first, await outcomes, fates, advance)
        for first, outcomes in under_way:
            failed += self._count(first, await outcomes, fates, advance)
        if failed:  # what was answered is counted; the rest is not known, or not done
            raise failed[0]

    def _count(
        self,
        chunk: Sequence[_Step],
        outcomes: Sequence[Outcome | BaseException],
        fates: dict[Fate, Sum],
        advance: Callable[[int], None],
    ) -> list[BaseException]:
        """Count what became of acts; returns why others are not known, or not done."""
        failed: list[BaseException] = []
        for step, outcome in zip(chunk, outcomes, strict=True):
            if isinstance(outcome, Outcome):
                fates[Fate.THERE if outcome.replayed else Fate.NEW].add(step.credits)
            elif isinstance(outcome, AnswerErasedError):
                fates[Fate.THERE].add(step.credits)
            elif isinstance(outcome, RegistryError) and not isinstance(outcome, BusyError):
                fates[Fate.REFUSED].add(step.credits)
                self._note(_refused(step, outcome))
            else:
                failed.append(outcome)
        if not failed:
            advance(len(chunk))
        return failed

    def _take_over(self, source: Source, block: Block) -> _Step:
        command = TakeOverBlock(source, block)

        def present(batch: Batch) -> Reply:
            return Reply(201, canonical_bytes({"log_index": batch.log_index}))

        async def operation(pen: Pen) -> Batch:
            return await take_over_block(pen, self._actor, command)

        content = {"project": block.project, "vintage": block.vintage, "credits": block.credits}
        key = _key(source, {"block": block.prefix}, content)
        act = Act(self._actor, operation, present, key, (command.touches(),))
        return _Step(act, Table.ISSUANCES, 0, block.prefix, block.credits)

    def _retire(self, source: Source, row: RetirementRow, purposes: tuple[str, ...]) -> _Step:
        purpose = self._tables.mapping.purposes.get(row.reason, PURPOSE_DEFAULT)
        command = RetireTakenOver(source, row, purpose, purposes)

        def present(movement: Movement) -> Reply:
            return Reply(201, canonical_bytes({"log_index": movement.log_index}))

        async def operation(pen: Pen) -> Movement:
            return await retire_taken_over(pen, self._actor, command)

        content = {
            "on": row.on.isoformat(),
            "for": row.account_holder,
            "purpose": purpose,
            "reason": row.reason,
            "details": row.details,
        }
        key = _key(source, {"retired": str(row.serials)}, content)
        # Besides credits it reads the source, which never changes.
        act = Act(self._actor, operation, present, key, (command.touches(),), ahead=True)
        return _Step(act, Table.RETIREMENTS, row.line, str(row.serials), row.credits)


def _key(source: Source, what: Mapping[str, object], content: Mapping[str, object]) -> Idempotency:
    """Name an act by what it is about: the same again is done once, other facts are refused."""
    return Idempotency(
        scope=f"import:{source.code}",
        key=sha256(canonical_bytes(what)).hex(),
        fingerprint=sha256(canonical_bytes({**what, **content})),
    )


def _next(steps: Iterator[_Step], count: int) -> list[_Step]:
    return list(islice(steps, count))


def _refused(step: _Step, refusal: RegistryError) -> Finding:
    if isinstance(refusal, KeyReusedError):
        fault = RowRefusedError(Fault.CHANGED, value=step.about)
        return fault.finding(step.table, step.line, step.credits)
    english, thai = (
        f"{step.about}: {' '.join(refusal.say(language))}" for language in ("en", "th")
    )
    return Finding(step.table, step.line, "", refusal.code, english, thai, step.credits)
