"""What the publisher costs while the ledger runs at full speed, and how far it is behind."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final

from bench_database import World, committing
from bench_report import Measure
from bench_scale import Scale
from bench_sealing import Side, load
from bootstrap import ROOT
from local_postgres import LocalPostgres
from local_state import APP_COMMAND
from sqlalchemy.ext.asyncio import AsyncEngine

from app.kernel.db import reading
from app.registry.log.store import get_head

TARGET: Final = 1.0  # of one processor
CATCH_UP_SECONDS_MAX: Final = 120
_TICKS: Final = os.sysconf("SC_CLK_TCK")


def measure(server: LocalPostgres, database: str, world: World, scale: Scale) -> Measure:
    """Run the publisher beside the load that sealing is measured with."""
    url = server.url(database)
    with (
        tempfile.TemporaryDirectory(prefix="registry-bench-") as name,
        _publisher(url, name) as own,
    ):
        facts = asyncio.run(_rounds(url, world, scale, own, Path(name)))
    shares, rates, behind = facts
    return Measure(
        name="publisher / one processor",
        what=(
            "processor seconds of the publisher per second of full load, in which it reads, hashes,"
            " tiles and signs everything that is committed"
        ),
        ratios=shares,
        bound="at most",
        target=TARGET,
        facts={
            "acts committed a second (median)": median(rates),
            "seconds until all is out, after each round": behind,
        },
    )


async def _rounds(
    url: str, world: World, scale: Scale, pid: int, data: Path
) -> tuple[list[float], list[float], list[float]]:
    chance = random.Random(11)  # noqa: S311  the same transfers at every run
    shares, rates, behind = [], [], []
    async with committing(url) as (engine, committer):
        side = Side("published", sealed=True, engine=engine, committer=committer, world=world)
        await _wait_until_out(engine, data)
        for number in range(scale.rounds):
            cpu, began = _cpu_seconds(pid), time.perf_counter()
            rate = await load(side, chance, scale)
            loaded = time.perf_counter()
            await _wait_until_out(engine, data)
            shares.append((_cpu_seconds(pid) - cpu) / (time.perf_counter() - began))
            rates.append(rate)
            behind.append(time.perf_counter() - loaded)
            print(
                f"  round {number + 1}: {shares[-1]:.2f} of a processor at {rate:,.0f}/s",
                flush=True,
            )
    return shares, rates, behind


async def _wait_until_out(engine: AsyncEngine, data: Path) -> None:
    give_up = time.perf_counter() + CATCH_UP_SECONDS_MAX
    while True:
        async with reading(engine) as connection:
            size = (await get_head(connection)).size
        checkpoint = data / "log" / "checkpoint"
        if checkpoint.exists() and int(checkpoint.read_text().split("\n")[1]) >= size:
            return
        assert time.perf_counter() < give_up, "the publisher does not keep up"
        await asyncio.sleep(0.05)


@contextmanager
def _publisher(url: str, data: str) -> Iterator[int]:
    environ = {**os.environ, "DATABASE_URL": url, "REGISTRY_DATA": data}
    with subprocess.Popen(
        [*APP_COMMAND, "publish"], cwd=ROOT, env=environ, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process.pid
        finally:
            process.terminate()


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
