"""
``registry import`` from its two files to the last retirement: run, run again, killed, and refused.

What a run leaves behind is compared as a whole, so that "the same end" means the same batches,
blocks, owners, days and names.
"""

import asyncio
import csv
import re
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from app.entry.acts import Act, Outcome
from app.entry.attempt import OutcomeUnknownError
from app.entry.cli.commands import main
from app.entry.takeover import (
    Account,
    Fate,
    Ground,
    Import,
    Tables,
    get_ground,
    preview_retirements,
    survey,
)
from app.registry.erasure.operations import ErasePerson, erase_person
from app.registry.erasure.store import list_endings_for
from app.registry.history.faults import Finding, Table
from tests.builders.history import SHARED_CAR, Drawn, real_tables
from tests.builders.parties import a_holder, do, the_administrator
from tests.conftest import CHECKOUT, Registry

MEMORY_MB_MAX = 300
needs_shared = pytest.mark.skipif(
    not SHARED_CAR.is_dir(), reason="the real tables are not here: ../shared/data/car is absent"
)

END = """
    SELECT 'batch', serial_prefix, project_code, vintage, credits, project_name, '' FROM batches
    UNION ALL
    SELECT 'block', t.serial_prefix, '', b.first_serial, b.account_id, '', ''
      FROM blocks b JOIN batches t ON t.id = b.batch_id
    UNION ALL
    SELECT 'ended', s.beneficiary_name, e.happened_on::text, e.kind, e.credits, s.reason,
           e.purpose_code
      FROM endings e JOIN ending_statements s USING (log_index)
    UNION ALL
    SELECT 'logged', kind, '', count(*), 0, '', '' FROM log_entries GROUP BY kind
"""


async def the_end(registry: Registry) -> Counter[tuple[object, ...]]:
    """Return all that an import leaves behind, whatever the order in which it came."""
    async with registry.read() as connection:
        return Counter(tuple(row) for row in await connection.execute(text(END)))


def arguments(tables: Tables, *options: str) -> list[str]:
    """Return what a person types."""
    return [
        *("registry", "import", "--mapping", "car"),
        *("--issuances", str(tables.issuances), "--retirements", str(tables.retirements)),
        *options,
    ]


async def running(registry: Registry, tables: Tables, *options: str) -> asyncio.subprocess.Process:
    """Start the command as a process of its own."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.entry.cli", *arguments(tables, *options)[1:]),
        cwd=CHECKOUT,
        env={"DATABASE_URL": registry.url, "LANG": "C.UTF-8"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


Ran = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def ran(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Ran:
    """Run the command to its end; gives exit code, what it printed and what it complained of."""
    # What the command sets up for its process would outlive it here.
    monkeypatch.setattr("app.entry.logging.configure", lambda _format: None)
    monkeypatch.setenv("DATABASE_URL", registry.url)

    def run() -> int:
        try:
            main()
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    async def ran(tables: Tables, *options: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", arguments(tables, *options))
        code = await asyncio.to_thread(run)
        return code, *capfd.readouterr()

    return ran


def said(printed: str, name: str) -> tuple[int, int]:
    """Return both numbers of a printed row."""
    match = re.search(rf"{re.escape(name)}\s*│\s*([0-9,]+)\s*│\s*([0-9,]+)", printed)
    assert match is not None, f"{name!r} is not in:\n{printed}"
    return int(match[1].replace(",", "")), int(match[2].replace(",", ""))


async def a_run(
    registry: Registry, tables: Tables, *, chunk: int = 500
) -> tuple[Account, list[Finding]]:
    """Import through the registry's own committer."""
    findings: list[Finding] = []
    actor = await the_administrator(registry)
    async with registry.read() as connection:
        ground = await get_ground(connection, tables)
    account = survey(tables, ground, findings.append)
    run = Import(registry.committer, actor, tables, findings.append, chunk=chunk)
    await run.run(account, ground, lambda _table, _count: None)
    return account, findings


def many_rows(retirements: int) -> Drawn:
    drawn = Drawn()
    for project in range(20):
        drawn.issue(10 * retirements, project=f"P{project}")
    for number in range(retirements):
        project = number % 20
        drawn.retire(
            f"X-{project}",
            5 * number + 1,
            5 * number + 3,
            project=f"P{project}",
            details=str(number),
        )
    return drawn


async def test_the_command_takes_over_and_a_second_run_changes_nothing(
    registry: Registry, ran: Ran, tmp_path: Path
) -> None:
    await the_administrator(registry)
    drawn = Drawn().issue(100).issue(7, vintage="2014").retire("X-1", 1, 20).retire("X-2", 5, 30)
    tables = drawn.write(tmp_path)
    code, printed, complained = await ran(tables)
    assert (code, said(printed, "blocks: new")) == (0, (2, 100)), complained
    assert said(printed, "retirements: new") == (2, 46)
    assert said(printed, "issued: read") == (2, 107)
    assert said(printed, "left out: issued_without_serials") == (1, 7)
    end = await the_end(registry)
    code, printed, _ = await ran(tables)
    assert (code, said(printed, "blocks: already there")) == (0, (2, 100))
    assert said(printed, "retirements: already there") == (2, 46)
    assert said(printed, "retirements: new") == (0, 0)
    assert await the_end(registry) == end


async def test_an_erased_retirement_is_not_taken_over_again(
    registry: Registry, tmp_path: Path
) -> None:
    """Whoever was erased here is still in the source's table, and must not come back from there."""
    administrator = await the_administrator(registry)
    tables = Drawn().issue(100).retire("X-1", 1, 20).retire("X-1", 21, 30).write(tmp_path)
    await a_run(registry, tables)
    async with registry.read() as connection:
        first, _ = await list_endings_for(connection, "City Light", limit=10)
    await do(registry, administrator, erase_person, ErasePerson((first,)))
    end = await the_end(registry)
    account, findings = await a_run(registry, tables)
    assert (account.retired[Fate.THERE].acts, findings) == (2, [])
    assert await the_end(registry) == end


async def test_a_preview_says_what_would_be_done_and_changes_nothing(
    registry: Registry, ran: Ran, tmp_path: Path
) -> None:
    await the_administrator(registry)
    before = await the_end(registry)
    tables = Drawn().issue(100).retire("X-1", 1, 20).write(tmp_path)
    code, printed, _ = await ran(tables, "--preview")
    assert code == 0
    assert said(printed, "blocks: new") == (1, 100)
    assert said(printed, "retirements: new") == (1, 20)
    assert "nothing was changed" in printed
    assert await the_end(registry) == before


async def test_refused_rows_are_named_and_the_rest_is_taken_over(
    registry: Registry, ran: Ran, tmp_path: Path
) -> None:
    await the_administrator(registry)
    drawn = Drawn().issue(100).issue(50, project="P2").issue("=1+1", project="P3")
    drawn.retire("X-1", 1, 20).retire("X-2", 1, 9, project="P2", account_holder="[red]\x1b[0m")
    drawn.retire("X-9", 1, 9, project="P9")
    report = tmp_path / "left out.csv"
    code, printed, complained = await ran(drawn.write(tmp_path), "--report", str(report))
    assert code == 1
    assert said(printed, "blocks: new") == (1, 100)
    assert said(printed, "left out: character") == (1, 9)
    assert said(printed, "left out: retired_without_issuance") == (1, 9)
    assert "retirements line 3, Account Holder: character: '[red]" in complained
    assert "\x1b[0m" not in complained
    lines = report.read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[:4] for line in lines[1:]] == [
        ["issuances", "4", "Total Offset Credits Issued", "formula"],
        ["retirements", "3", "Account Holder", "character"],
        ["issuances", "3", "", "held_back"],
        ["retirements", "4", "", "retired_without_issuance"],
    ]


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        (("--mapping", "nowhere"), 1, "There is no such mapping."),
        (("--issuances", "none.csv"), 1, "This file cannot be read as a table."),
        (("--retirements", "no-such-table.csv"), 1, "cannot be read as a table"),
        (("--as", "nobody@example.org"), 1, "There is nobody to import as."),
        (("--chunk", "0"), 2, "--chunk"),
        (("--report", "/nowhere/x.csv"), 2, "--report"),
    ],
)
async def test_a_wrong_option_is_refused_with_a_sentence(
    registry: Registry, ran: Ran, tmp_path: Path, options: tuple[str, ...], code: int, sentence: str
) -> None:
    await the_administrator(registry)
    tables = Drawn().issue(100).retire("X-1", 1, 20).write(tmp_path)
    end, _, complained = await ran(tables, *options)
    assert end == code
    assert sentence in complained
    assert "Traceback" not in complained


async def test_somebody_who_is_no_administrator_cannot_import(
    registry: Registry, ran: Ran, tmp_path: Path
) -> None:
    holder = await a_holder(registry)
    async with registry.read() as connection:
        query = text("SELECT email FROM users WHERE id = :id")
        email = await connection.scalar(query, {"id": holder.user_id})
    tables = Drawn().issue(100).retire("X-1", 1, 20).write(tmp_path)
    code, _, complained = await ran(tables, "--as", str(email), "--preview")
    assert code == 1
    assert "Your role does not allow this." in complained


async def test_a_killed_run_comes_to_the_same_end_when_run_again(
    registry: Registry, ran: Ran, tmp_path: Path
) -> None:
    await the_administrator(registry)
    tables = many_rows(3_000).write(tmp_path)
    process = await running(registry, tables, "--chunk", "20")
    while await _retirements(registry) < 100:
        assert process.returncode is None
        await asyncio.sleep(0.02)
    process.kill()
    await process.communicate()
    assert await _retirements(registry) < 3_000
    code, printed, complained = await ran(tables)
    assert code == 0, complained
    assert said(printed, "retirements: already there")[0] >= 100
    assert said(printed, "retirements: refused") == (0, 0)
    end = await the_end(registry)
    assert sum(1 for row in end if row[0] == "batch") == 20
    assert sum(count for row, count in end.items() if row[0] == "ended") == 3_000
    account, _ = await a_run(registry, tables)
    assert account.retired[Fate.THERE].acts == 3_000
    assert await the_end(registry) == end


async def _retirements(registry: Registry) -> int:
    async with registry.read() as connection:
        return int(await connection.scalar(text("SELECT count(*) FROM endings")) or 0)


async def test_a_commit_whose_outcome_is_unknown_stops_the_run_and_the_next_one_settles_it(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been stored although it failed: doing it again without looking would be twice."""
    tables = many_rows(60).write(tmp_path)
    await the_administrator(registry)
    submit = registry.committer.submit
    left = 40

    async def losing(act: Act[object]) -> Outcome:
        nonlocal left
        outcome = await submit(act)
        left -= 1
        if left < 0:
            raise OutcomeUnknownError
        return outcome

    monkeypatch.setattr(registry.committer, "submit", losing)
    with pytest.raises(OutcomeUnknownError):
        await a_run(registry, tables, chunk=7)
    monkeypatch.undo()
    account, findings = await a_run(registry, tables)
    assert not findings
    assert account.retired[Fate.THERE].acts > 0
    assert account.retired[Fate.THERE].acts + account.retired[Fate.NEW].acts == 60
    assert account.blocks[Fate.THERE].acts == 20


async def test_two_runs_at_once_come_to_the_same_end_as_one(
    registry: Registry, tmp_path: Path
) -> None:
    tables = many_rows(200).write(tmp_path)
    await the_administrator(registry)
    runs = await asyncio.gather(*(a_run(registry, tables, chunk=30) for _ in range(3)))
    for fate in ("blocks", "retired"):
        sums = [getattr(account, fate) for account, _ in runs]
        assert sum(each[Fate.NEW].acts for each in sums) == {"blocks": 20, "retired": 200}[fate]
        assert all(each[Fate.REFUSED].acts == 0 for each in sums)
    assert await _retirements(registry) == 200


async def test_a_later_table_adds_what_is_new_and_changes_nothing_that_is_there(
    registry: Registry, tmp_path: Path
) -> None:
    await a_run(registry, Drawn().issue(100).retire("X-1", 1, 20).write(tmp_path))
    later = Drawn().issue(100).issue(50, date="2015-02-07").retire("X-1", 1, 20)
    later.retire("X-1", 21, 30).retire("X-2", 1, 5)
    account, findings = await a_run(registry, later.write(tmp_path))
    assert not findings
    assert [account.blocks[fate].credits for fate in Fate] == [50, 100, 0]
    assert [account.retired[fate].credits for fate in Fate] == [15, 20, 0]


async def test_a_row_that_says_something_else_than_before_is_refused(
    registry: Registry, tmp_path: Path
) -> None:
    """History here is not corrected by a table: the first account of it stands until a decision."""
    await a_run(registry, Drawn().issue(100).retire("X-1", 1, 20).write(tmp_path))
    end = await the_end(registry)
    changed = Drawn().issue(100).retire("X-1", 1, 20, account_holder="Somebody Else")
    account, findings = await a_run(registry, changed.write(tmp_path))
    assert [finding.code for finding in findings] == ["changed"]
    assert (findings[0].line, findings[0].credits) == (2, 20)
    assert account.refused_rows == 1
    merged = Drawn().issue(100).retire("X-1", 1, 30)
    _, findings = await a_run(registry, merged.write(tmp_path))
    assert [finding.code for finding in findings] == ["serials_not_held"]
    assert await the_end(registry) == end


async def test_a_prefix_that_another_registry_brought_is_refused_with_its_rows(
    registry: Registry, tmp_path: Path
) -> None:
    tables = Drawn().issue(100).retire("X-1", 1, 20).write(tmp_path)
    await a_run(registry, tables)
    other = replace(tables, mapping=replace(tables.mapping, code="VCS"))
    _, findings = await a_run(registry, other)
    assert [finding.code for finding in findings] == ["serial_prefix_taken", "serials_not_held"]
    assert [finding.table for finding in findings] == [Table.ISSUANCES, Table.RETIREMENTS]


@needs_shared
def test_the_real_tables_are_read_whole() -> None:
    findings: list[Finding] = []
    tables = real_tables()
    account = survey(tables, Ground({}, ()), findings.append)
    preview_retirements(tables, account, findings.append)
    assert len(account.plan.blocks) == 1_537
    assert (account.retirements.accepted_rows, account.retirements.accepted_credits) == (
        5_351,
        49_547_885,
    )
    issuances = account.issuances
    assert (issuances.rows, issuances.credits) == (2_864, 168_806_186)
    assert {finding.code for finding in findings} == {"issued_without_serials"}
    rows_left, credits_left = issuances.left["issued_without_serials"]
    assert issuances.accepted_rows + rows_left == issuances.rows
    assert issuances.accepted_credits + credits_left == issuances.credits
    assert sum(block.credits for block in account.plan.blocks) == issuances.accepted_credits


@needs_shared
async def test_the_real_tables_are_taken_over_killed_and_run_again(registry: Registry) -> None:
    """What issue and retirement tables say, per project and vintage, is what the ledger says."""
    await the_administrator(registry)
    tables = real_tables()
    process = await running(registry, tables)
    while await _retirements(registry) < 500:
        assert process.returncode is None
        await asyncio.sleep(0.05)
    process.kill()
    await process.communicate()
    process = await running(registry, tables)
    printed, complained = await process.communicate()
    assert process.returncode == 0, complained.decode()
    memory = re.search(r"peak memory ([0-9]+) MB", printed.decode())
    assert memory is not None
    assert int(memory[1]) <= MEMORY_MB_MAX
    end = await the_end(registry)
    assert sum(1 for row in end if row[0] == "batch") == 1_537
    assert await _retirements(registry) == 5_351
    await _assert_totals(registry, tables)
    account, findings = await a_run(registry, tables)
    assert account.blocks[Fate.THERE].acts == 1_537
    assert account.retired[Fate.THERE].credits == 49_547_885
    assert {finding.code for finding in findings} == {"issued_without_serials"}
    assert await the_end(registry) == end


async def _assert_totals(registry: Registry, tables: Tables) -> None:
    """Compare the ledger with the files, both added up without any code of the import's."""
    issued = _added_up(tables.issuances, "Total Offset Credits Issued")
    retired = _added_up(tables.retirements, "Quantity of Offset Credits")
    query = text(
        "SELECT t.project_code, t.vintage, sum(t.credits),"
        " sum((SELECT coalesce(sum(e.last_serial - e.first_serial + 1), 0) FROM ledger_entries e"
        "       WHERE e.batch_id = t.id AND e.to_account = 4))"
        " FROM batches t GROUP BY t.project_code, t.vintage"
    )
    async with registry.read() as connection:
        rows = (await connection.execute(query)).all()
    assert {(row[0], row[1]): row[2] for row in rows} == {share: issued[share] for share in retired}
    assert {(row[0], row[1]): row[3] for row in rows} == retired
    assert sum(retired.values()) == 49_547_885


def _added_up(path: Path, column: str) -> Counter[tuple[str, int]]:
    totals: Counter[tuple[str, int]] = Counter()
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            totals[row["Project ID"], int(row["Vintage"])] += int(row[column])
    return totals
