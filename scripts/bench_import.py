"""The section ``import``: another registry's history, against COPY of the rows it becomes."""

from __future__ import annotations

import asyncio
import csv
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

import asyncpg
from bench_database import migrated, settings_of
from bench_growth import found
from bench_growth_rows import COLUMNS
from bench_report import Findings, Measure
from bench_scale import Scale
from bench_service import environ_of
from bootstrap import ROOT
from local_postgres import LocalPostgres
from local_state import APP_COMMAND

TARGET: Final = 0.3
FOUNDED: Final = "bench_import"
RETIREMENTS_PER_BLOCK: Final = 19
CREDITS_PER_RETIREMENT: Final = 10
# Retirements leave credits behind, as they do.
CREDITS_PER_BLOCK: Final = 2 * RETIREMENTS_PER_BLOCK * CREDITS_PER_RETIREMENT
BLOCKS_PER_PROJECT: Final = 10
VINTAGES: Final = tuple(range(2010, 2010 + BLOCKS_PER_PROJECT))
SWITCHED_OFF: Final = (
    (
        "on COPY's side: everything but the rows with their indexes, constraints and triggers; it"
        " is told what the import has found out, table by table, in the binary form"
    ),
)

_ISSUANCES: Final = (
    "Project ID",
    "Project Name",
    "Vintage",
    "Total Offset Credits Issued",
    "Date Issued",
)
_RETIREMENTS: Final = (
    "Project ID",
    "Vintage",
    "Quantity of Offset Credits",
    "Status Effective",
    "Offset Credit Serial Numbers",
    "Account Holder",
    "Retirement Reason",
    "Retirement Reason Details",
)


def run(server: LocalPostgres, scale: Scale) -> Findings:
    """Import into fresh registers, and copy what they then have into others."""
    server.create_database(FOUNDED, template=migrated(server))
    asyncio.run(found(server.url(FOUNDED)))
    settings = settings_of(server, scale)
    with tempfile.TemporaryDirectory(prefix="registry-bench-") as name:
        folder = Path(name)
        acts = _write_tables(folder, scale.import_acts)
        rounds = [_round(server, folder, acts, number) for number in range(scale.import_rounds)]
    server.drop_database(FOUNDED)
    return Findings("import", [_compare(rounds, acts)], settings, SWITCHED_OFF)


def _write_tables(folder: Path, acts: int) -> int:
    """Write what another registry publishes, in the form of a shipped mapping; returns the acts."""
    blocks = max(1, acts // (1 + RETIREMENTS_PER_BLOCK))
    for name, header, rows in (
        ("issuances.csv", _ISSUANCES, _issuances(blocks)),
        ("retirements.csv", _RETIREMENTS, _retirements(blocks)),
    ):
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *rows])
    return blocks * (1 + RETIREMENTS_PER_BLOCK)


def _issuances(blocks: int) -> Iterator[tuple[object, ...]]:
    for number in range(blocks):
        project, vintage = _share(number)
        yield (project, f"Project {project}", vintage, CREDITS_PER_BLOCK, f"{vintage + 1}-03-01")


def _retirements(blocks: int) -> Iterator[tuple[object, ...]]:
    for number in range(blocks):
        project, vintage = _share(number)
        for retirement in range(RETIREMENTS_PER_BLOCK):
            # Every other run of a block, the last one up to its end: that tells how large it is.
            first = (2 * retirement + 1) * CREDITS_PER_RETIREMENT + 1
            last = first + CREDITS_PER_RETIREMENT - 1
            serials = f"CAR-{number}-{project}-{vintage}-{first} to {last}"
            yield (
                *(project, vintage, CREDITS_PER_RETIREMENT, f"{vintage + 2}-05-01", serials),
                *(f"Holder {retirement}", "Other", "Carbon footprint of a year"),
            )


def _share(number: int) -> tuple[str, int]:
    return f"CAR{number // BLOCKS_PER_PROJECT}", VINTAGES[number % BLOCKS_PER_PROJECT]


def _round(server: LocalPostgres, folder: Path, acts: int, number: int) -> tuple[float, float]:
    """Return the seconds of an import, and of COPY of the same rows."""
    imported, copied = f"{FOUNDED}_imported", f"{FOUNDED}_copied"
    for name in (imported, copied):
        server.drop_database(name)
        server.create_database(name, template=FOUNDED)
    command = [*APP_COMMAND, "import", "--mapping", "car"]
    command += ["--issuances", str(folder / "issuances.csv")]
    command += ["--retirements", str(folder / "retirements.csv")]
    began = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environ_of(server, imported, folder),
        check=False,
        capture_output=True,
        text=True,
    )
    importing = time.perf_counter() - began
    if done.returncode:
        raise OSError(f"the import failed:\n{done.stdout}{done.stderr}")
    copying, rows = asyncio.run(_copy(server.url(imported), server.url(copied), folder))
    assert rows["batches"] + rows["endings"] == acts, "not all of it was taken over"
    print(
        f"  round {number + 1}: import {acts / importing:,.0f} acts/s,"
        f" COPY {acts / copying:,.0f} acts/s",
        flush=True,
    )
    for name in (imported, copied):
        server.drop_database(name)
    return importing, copying


async def _copy(source: str, target: str, folder: Path) -> tuple[float, dict[str, int]]:
    """Copy every row of an import; returns the seconds it took, and how many of each there were."""
    seconds, rows = 0.0, {}
    reading, writing = await asyncpg.connect(source), await asyncpg.connect(target)
    # What the register was founded with is in both.
    first = await writing.fetchval("SELECT size FROM log_head")
    for table, names in COLUMNS.items():
        columns = names.split()
        which = f"WHERE log_index >= {first}" if table == "log_entries" else ""
        query = f"SELECT {', '.join(columns)} FROM {table} {which}"  # noqa: S608  constants
        file = folder / table
        await reading.copy_from_query(query, output=file, format="binary")
        began = time.perf_counter()
        said = await writing.copy_to_table(table, source=file, columns=columns, format="binary")
        seconds += time.perf_counter() - began
        rows[table] = int(re.sub(r"\D", "", said))
        file.unlink()
    await reading.close()
    await writing.close()
    return seconds, rows


def _compare(rounds: list[tuple[float, float]], acts: int) -> Measure:
    return Measure(
        name="import of history / COPY of the same rows",
        what="acts a second of `registry import` from the files to the last COMMIT, its start and"
        " its survey of both files included, against COPY of the rows it leaves in"
        f" {len(COLUMNS)} tables into the same tables with their indexes",
        ratios=[copying / importing for importing, copying in rounds],
        bound="at least",
        target=TARGET,
        facts={
            "acts (blocks taken over, retirements)": acts,
            "acts imported a second (median)": median(acts / seconds for seconds, _ in rounds),
            "acts copied a second (median)": median(acts / seconds for _, seconds in rounds),
        },
    )
