"""The section ``bulk``: many transfers in one request, in both modes."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal

from bench_database import settings_of, world_of
from bench_load import Job, require_wrk
from bench_register import served
from bench_report import Findings
from bench_scale import Scale
from bench_turns import contest
from bench_yardstick import yardstick
from local_postgres import LocalPostgres

TARGETS: Final = {"many accounts": 2.0, "ten accounts": 2.5}  # of T
MODES: Final[tuple[Literal["atomic", "independent"], ...]] = ("atomic", "independent")
DATABASE: Final = "bench_bulk"


def run(server: LocalPostgres, scale: Scale) -> Findings:
    """Measure it."""
    require_wrk()
    load = scale.load
    rival = yardstick(server, load)
    with served(server, scale, DATABASE) as service:
        settings = settings_of(server, scale)
        everywhere = world_of(server, service.database)
        worlds = {
            "many accounts": everywhere,
            "ten accounts": everywhere.accounts_only(load.hot_accounts),
        }
        jobs = {
            f"{acts:,} transfers a request, {mode}, {name}": Job(
                "bulk", world, load.bulk_clients, acts, mode
            )
            for acts, mode in zip(load.bulk_acts, MODES, strict=True)
            for name, world in worlds.items()
        }
        found = contest(service, jobs, rival, replace(load, turn_seconds=load.bulk_turn_seconds))
    measures = [
        of.measure(
            name,
            f"transfers committed a second, {load.bulk_clients} clients; against TPC-B-like"
            " transactions",
            target=TARGETS[name.rpartition(", ")[2]],
            facts={
                "accounts": len(jobs[name].world.accounts),
                "blocks at the beginning": scale.blocks,
            },
        )
        for name, of in found.items()
    ]
    return Findings("bulk", measures, settings, ())
