"""The section ``log``: what sealing, proofs and publishing cost, and how fast it is verified."""

from __future__ import annotations

import bench_proofs
import bench_publishing
import bench_sealing
import bench_verifying
from bench_database import migrated, settings_of, world_of
from bench_register import copied
from bench_report import Findings
from bench_scale import Scale
from local_postgres import LocalPostgres


def run(server: LocalPostgres, scale: Scale) -> Findings:
    """Measure all of it, one after the other."""
    settings = settings_of(server, scale)
    empty = migrated(server)
    with copied(server, scale, bench_sealing.DATABASE) as database:
        world = world_of(server, database)
        moving = [
            bench_sealing.measure(server, world, scale),
            *bench_publishing.measure(server, database, world, scale),
        ]
    measures = [
        *moving,
        *bench_proofs.measure(server, scale),
        bench_verifying.measure(server, empty, scale),
    ]
    return Findings("log", measures, settings, bench_sealing.SWITCHED_OFF)
