"""What the publisher costs while the ledger runs at full speed, and how far it is behind."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Final

from bench_database import World, committing
from bench_processes import cpu_seconds
from bench_report import Measure
from bench_scale import Scale
from bench_sealing import Side, an_act, load
from bench_service import environ_of, published_size, publishing
from local_postgres import LocalPostgres
from sqlalchemy.ext.asyncio import AsyncEngine

from app.kernel.db import reading
from app.registry.log.store import get_head

TARGET: Final = 1.0  # of one processor
CATCH_UP_SECONDS_MAX: Final = 120


def measure(server: LocalPostgres, database: str, world: World, scale: Scale) -> list[Measure]:
    """Run the publisher beside the load that sealing is measured with."""
    url = server.url(database)
    with (
        tempfile.TemporaryDirectory(prefix="registry-bench-") as data,
        publishing(environ_of(server, database, Path(data))) as pid,
    ):
        shares, rates, behind, waits = asyncio.run(_rounds(url, world, scale, pid, Path(data)))
    cost = Measure(
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
    delay = Measure(
        name="act to published checkpoint / one second",
        what=(
            "seconds from the commit of a single act until a checkpoint with it is out; the longest"
            f" of {scale.single_acts} a round"
        ),
        ratios=[max(wait) for wait in waits],
        bound="at most",
        target=1.0,
        facts={"seconds (median of all)": median(second for wait in waits for second in wait)},
    )
    return [cost, delay]


async def _rounds(
    url: str, world: World, scale: Scale, pid: int, data: Path
) -> tuple[list[float], list[float], list[float], list[list[float]]]:
    chance = random.Random(11)  # noqa: S311  the same transfers at every run
    shares, rates, behind, waits = [], [], [], []
    async with committing(url) as (engine, committer):
        side = Side("published", sealed=True, engine=engine, committer=committer, world=world)
        await _wait_until_out(engine, data)
        for number in range(scale.rounds):
            cpu, began = cpu_seconds(pid), time.perf_counter()
            rate = await load(side, chance, scale)
            loaded = time.perf_counter()
            await _wait_until_out(engine, data)
            shares.append((cpu_seconds(pid) - cpu) / (time.perf_counter() - began))
            rates.append(rate)
            behind.append(time.perf_counter() - loaded)
            print(
                f"  round {number + 1}: {shares[-1]:.2f} of a processor at {rate:,.0f}/s",
                flush=True,
            )
            waits.append([await _one(side, chance, data) for _ in range(scale.single_acts)])
    return shares, rates, behind, waits


async def _one(side: Side, chance: random.Random, data: Path) -> float:
    """Do one act at some moment; returns how long it takes to be out."""
    await asyncio.sleep(chance.random())
    await side.committer.submit(an_act(side.world, chance, chance.getrandbits(60)))
    began = time.perf_counter()
    await _wait_until_out(side.engine, data)
    return time.perf_counter() - began


async def _wait_until_out(engine: AsyncEngine, data: Path) -> None:
    give_up = time.perf_counter() + CATCH_UP_SECONDS_MAX
    while True:
        async with reading(engine) as connection:
            size = (await get_head(connection)).size
        if published_size(data) >= size:
            return
        assert time.perf_counter() < give_up, "the publisher does not keep up"
        await asyncio.sleep(0.01)
