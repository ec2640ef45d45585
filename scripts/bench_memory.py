"""The section ``memory``: whether a server at full load keeps to the memory it has."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import linear_regression, median
from typing import Final

from bench_database import settings_of, world_of
from bench_load import Job, Replies, loading, require_done, require_wrk
from bench_processes import family_resident_bytes
from bench_register import served
from bench_report import Findings, Measure
from bench_scale import Scale
from bench_service import Service
from local_postgres import LocalPostgres

TARGET: Final = 1.05  # memory comes in pieces; what rises by more than that rises
DATABASE: Final = "bench_memory"
PARTS: Final = 5  # of a run; before the middle one it fills what it is to remember
SAMPLES_A_PART: Final = 4
MIB: Final = 2**20


@dataclass(frozen=True)
class Footprint:
    """What a server had in memory when it had done so much."""

    acts: int
    mib: float


def run(server: LocalPostgres, scale: Scale) -> Findings:
    """Put load on a server and watch its memory."""
    require_wrk()
    load = scale.load
    with served(server, scale, DATABASE) as service:
        settings = settings_of(server, scale)
        # Many acts a request: the sooner it has filled what it remembers of the ledger.
        world = world_of(server, service.database)
        job = Job("bulk", world, load.bulk_clients, load.bulk_acts[-1], "independent")
        footprints, _ = watch(service, job, load.memory_seconds)
    return Findings("memory", [growth(footprints)], settings, ())


def watch(service: Service, job: Job, seconds: float) -> tuple[list[Footprint], Replies]:
    """
    Put load on a server for a while, and look at its memory at times.

    Raises:
        LoadError: too many requests were not answered as done.
    """
    footprints = []
    with loading(service, job, seconds=seconds) as load:
        load.start()
        for _ in range(PARTS * SAMPLES_A_PART):
            time.sleep(seconds / (PARTS * SAMPLES_A_PART))
            footprints.append(
                Footprint(service.log_size(), family_resident_bytes(service.pid) / MIB)
            )
        replies = load.finish()
    require_done(replies, job)
    return footprints, replies


def growth(footprints: Sequence[Footprint]) -> Measure:
    """Compare the last part of a run with the middle one."""
    part = len(footprints) // PARTS
    middle = PARTS // 2 * part
    later = footprints[middle:]
    first, last = later[:part], later[-part:]
    slope = linear_regression([f.acts for f in later], [f.mib * MIB for f in later]).slope
    return Measure(
        name="memory of the server, last part of a run / middle part",
        what=f"resident memory under load, the median of the last and of the middle one of {PARTS}"
        " parts; before that it fills what it is to remember",
        ratios=[median(f.mib for f in last) / median(f.mib for f in first)],
        bound="at most",
        target=TARGET,
        facts={
            "acts committed before": later[0].acts - footprints[0].acts,
            "acts committed meanwhile": later[-1].acts - later[0].acts,
            "bytes an act meanwhile": slope,
            "MiB, at the beginning of each part": [f.mib for f in footprints[::part]],
            "MiB, at the end": footprints[-1].mib,
        },
    )
