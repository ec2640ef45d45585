"""``registry import``: takes over another registry's history, and says what it did and did not."""

import asyncio
import csv
import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table as Printed

from app.entry import logging
from app.entry.cli import database
from app.entry.cli.acting import get_administrator
from app.entry.cli.effort import peak_mb
from app.entry.cli.exits import ExitCode, complaints, console
from app.entry.takeover import (
    CHUNK_ACTS,
    Account,
    Fate,
    Import,
    Sum,
    Tables,
    get_ground,
    preview_retirements,
    survey,
)
from app.kernel import clock
from app.kernel.errors import NotFoundError
from app.registry.history.faults import Fault, Finding, Table
from app.registry.history.mapping import SourceMapping, load_mapping
from app.registry.parties.policy import Permission
from app.settings import Settings

# By default garbage is looked for several times in every commit, among all that is remembered.
GARBAGE_AFTER_OBJECTS: Final = 20_000
FINDINGS_SHOWN_MAX: Final = 20  # One screen; the rest is in the report file.


class ImporterNotFoundError(NotFoundError):
    """There is nobody to import as."""

    code = "importer_not_found"
    number = 3308
    title_th = "ไม่พบผู้ใช้ที่จะนำเข้าข้อมูล"
    advice = "Name an administrator with --as, or make the first one: `registry admin create`."
    advice_th = "โปรดระบุผู้ดูแลระบบด้วย --as หรือสร้างผู้ดูแลระบบคนแรก: `registry admin create`"


@dataclass(slots=True)
class _Findings:
    """Shows the first findings, and writes all of them where a report is wanted."""

    report: Any  # a csv writer; None: no report is wanted
    shown: list[Finding] = field(default_factory=list)

    def note(self, finding: Finding) -> None:
        if self.report is not None:
            self.report.writerow(finding)
        if finding.code != Fault.WITHOUT_SERIALS and len(self.shown) < FINDINGS_SHOWN_MAX:
            self.shown.append(finding)


def import_history(  # noqa: PLR0913  the options of a command
    issuances: Annotated[Path, typer.Option(help="What the source issued (CSV or XLSX).")],
    retirements: Annotated[Path, typer.Option(help="What was retired there (CSV or XLSX).")],
    mapping: Annotated[str, typer.Option(help="Mapping file (TOML), or a shipped name: car.")],
    *,
    preview: Annotated[bool, typer.Option("--preview", help="Read and check only.")] = False,
    chunk: Annotated[int, typer.Option(help="Acts sent at once.", min=1, max=5_000)] = CHUNK_ACTS,
    as_email: Annotated[str, typer.Option("--as", help="Administrator who imports.")] = "",
    report: Annotated[
        Path | None, typer.Option(help="File for every row that is left out (CSV).")
    ] = None,
) -> None:
    """
    Take over another registry's history: blocks of credits, and their retirements.

    Running it again changes nothing, and a run that was stopped goes on where it was.
    """
    tables = Tables(issuances, retirements, load_mapping(mapping), clock.bangkok_date(clock.now()))
    settings = Settings()
    logging.configure(settings.log_format)
    gc.set_threshold(GARBAGE_AFTER_OBJECTS, 20, 20)
    began_s = time.monotonic()
    with _findings(report) as findings:
        account = asyncio.run(
            _import(settings, tables, findings, as_email=as_email, chunk=0 if preview else chunk)
        )
    _show(tables.mapping, account, findings.shown, is_preview=preview)
    _show_effort(account, time.monotonic() - began_s, is_preview=preview)
    if account.refused_rows:
        raise typer.Exit(ExitCode.REFUSED)


@contextmanager
def _findings(report: Path | None) -> Iterator[_Findings]:
    if report is None:
        yield _Findings(None)
        return
    try:
        file = report.open("w", encoding="utf-8-sig", newline="")
    except OSError as failure:
        raise typer.BadParameter(f"--report {report}: {failure.strerror}") from None
    with file:
        writer = csv.writer(file)
        writer.writerow(Finding._fields)
        yield _Findings(writer)


async def _import(
    settings: Settings, tables: Tables, findings: _Findings, *, as_email: str, chunk: int
) -> Account:
    """Read, and commit unless ``chunk`` is 0."""
    async with database.reader(settings) as connection:
        actor = await get_administrator(
            connection, as_email, Permission.IMPORT_HISTORY, missing=ImporterNotFoundError
        )
        ground = await get_ground(connection, tables)
    account = survey(tables, ground, findings.note)
    if not chunk:
        preview_retirements(tables, account, findings.note)
        return account
    with _progress(account) as advance:
        async with database.committer(settings) as committer:
            run = Import(committer, actor, tables, findings.note, chunk=chunk)
            await run.run(account, ground, advance)
    return account


@contextmanager
def _progress(account: Account) -> Iterator[Callable[[Table, int], None]]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    new = len(account.plan.blocks) - account.blocks[Fate.THERE].acts
    retirements = sum(block.retirements for block in account.plan.blocks)
    with Progress(*columns, console=complaints) as progress:
        tasks = {
            Table.ISSUANCES: progress.add_task("blocks", total=new),
            Table.RETIREMENTS: progress.add_task("retirements", total=retirements),
        }
        yield lambda table, count: progress.advance(tasks[table], count)


def _show(
    mapping: SourceMapping, account: Account, shown: Sequence[Finding], *, is_preview: bool
) -> None:
    title = f"{mapping.name}: what the tables say"
    printed = Printed("", "rows", "credits", title=escape(title), title_justify="left")
    for name, tally in (("issued", account.issuances), ("retired", account.retirements)):
        _add(printed, f"{name}: read", tally.rows, tally.credits)
        _add(printed, "  accepted", tally.accepted_rows, tally.accepted_credits)
        for code, (rows, credits_left) in sorted(tally.left.items()):
            _add(printed, f"  left out: {code}", rows, credits_left)
        printed.add_section()
    console.print(printed)
    printed = Printed("", "acts", "credits", title="What was done", title_justify="left")
    if is_preview:
        printed.title = "What would be done (nothing was changed)"
    for name, fates in _fates(account, is_preview=is_preview):
        for fate, total in fates.items():
            _add(printed, f"{name}: {fate}", total.acts, total.credits)
        printed.add_section()
    console.print(printed)
    for finding in shown:
        place = f"{finding.table} line {finding.line}" if finding.line else finding.table
        column = f", {finding.column}" if finding.column else ""
        said = f"{place}{column}: {finding.code}: {finding.sentence}"
        complaints.print(said, markup=False, highlight=False, soft_wrap=True)
    if account.refused_rows > len(shown):
        complaints.print(
            f"… and {account.refused_rows - len(shown):,} more: --report FILE has all."
        )


def _fates(account: Account, *, is_preview: bool) -> list[tuple[str, Mapping[Fate, Sum]]]:
    if not is_preview:
        return [("blocks", account.blocks), ("retirements", account.retired)]
    there = account.blocks[Fate.THERE]
    size = sum(block.credits for block in account.plan.blocks)
    new = Sum(len(account.plan.blocks) - there.acts, size - there.credits)
    retired = Sum(account.retirements.accepted_rows, account.retirements.accepted_credits)
    return [
        ("blocks", {Fate.NEW: new, Fate.THERE: there}),
        # Which of them are there already, only the write path knows.
        ("retirements", {Fate.NEW: retired}),
    ]


def _add(printed: Printed, name: str, count: int, credits_counted: int) -> None:
    printed.add_row(escape(name), f"{count:,}", f"{credits_counted:,}")


def _show_effort(account: Account, seconds: float, *, is_preview: bool) -> None:
    moved = account.blocks[Fate.NEW].credits + account.retired[Fate.NEW].credits
    done = "Read" if is_preview else f"Done, {moved / seconds:,.0f} credits/s,"
    console.print(
        f"{done} in {seconds:.1f} s; peak memory {peak_mb():.0f} MB.",
        highlight=False,
    )
