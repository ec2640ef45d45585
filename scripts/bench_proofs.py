"""What a proof costs in a long log: an inclusion proof against one read by primary key."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Final

from bench_grown import grown, read_through
from bench_report import Measure
from bench_scale import GIB, Scale
from local_postgres import LocalPostgres
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import make_engine, reading
from app.registry.log import store
from app.registry.log.merkle import verify_inclusion
from app.registry.log.proofs import get_inclusion

TARGET: Final = 3.0
WARM_UP_READS: Final = 500


@dataclass
class Times:
    """How long reads took, in milliseconds."""

    reads: list[float] = field(default_factory=list)
    proofs: list[float] = field(default_factory=list)


def measure(server: LocalPostgres, scale: Scale) -> list[Measure]:
    """Read and prove in turns, in a large register; a measure each for p50 and p99."""
    database = grown(server, scale.grown_blocks, scale)
    read_through(server, database)
    # Of what is published there are proofs; the load of another section may have gone on since.
    entries = int(server.query("SELECT size FROM log_checkpoint", database=database))
    size = int(server.query("SELECT pg_total_relation_size('log_entries')", database=database))
    rounds = asyncio.run(_rounds(server.url(database), entries, scale))
    return [
        _compare(
            f"proof / read by primary key, {name}",
            [(_percentile(times.proofs, at), _percentile(times.reads, at)) for times in rounds],
            {
                "entries in the log": entries,
                "reads of each kind a round": scale.reads_per_round,
                "GiB of log_entries with indexes": size / GIB,
            },
        )
        for name, at in (("p50", 50), ("p99", 99))
    ]


def _compare(name: str, pairs: list[tuple[float, float]], facts: dict[str, int | float]) -> Measure:
    return Measure(
        name=name,
        what=(
            "an inclusion proof of any act at the published size, against reading one entry of"
            " the log by its index; same connection and snapshot, in turns"
        ),
        ratios=[proof / read for proof, read in pairs],
        bound="at most",
        target=TARGET,
        facts={
            "proof, ms (median)": median(proof for proof, _ in pairs),
            "read, ms (median)": median(read for _, read in pairs),
            "proof, ms, each round": [proof for proof, _ in pairs],
            "read, ms, each round": [read for _, read in pairs],
            **facts,
        },
    )


def _percentile(values: list[float], at: int) -> float:
    return quantiles(values, n=100)[at - 1]


async def _rounds(url: str, entries: int, scale: Scale) -> list[Times]:
    chance = random.Random(7)  # noqa: S311  the same acts at every run
    engine = make_engine(url, connections_max=1)
    async with reading(engine) as connection:
        await _in_turns(connection, chance, entries, WARM_UP_READS)
        rounds = [
            await _in_turns(connection, chance, entries, scale.reads_per_round)
            for _ in range(scale.rounds)
        ]
    await engine.dispose()
    return rounds


async def _in_turns(
    connection: AsyncConnection, chance: random.Random, entries: int, times_each: int
) -> Times:
    times = Times()
    for _ in range(times_each):
        began = time.perf_counter()
        await store.get_entry(connection, chance.randrange(entries))
        read = time.perf_counter()
        found = await get_inclusion(connection, chance.randrange(entries))
        proven = time.perf_counter()
        times.reads.append((read - began) * 1_000)
        times.proofs.append((proven - read) * 1_000)
        assert verify_inclusion(
            index=found.entry.log_index,
            size=entries,
            leaf=found.entry.leaf_hash,
            proof=found.proof,
            root=found.root,
        )
    return times
