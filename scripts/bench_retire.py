"""The section ``retire``: one retirement a request, each in somebody's name."""

from __future__ import annotations

from typing import Final

from bench_database import settings_of, world_of
from bench_load import Job, require_wrk
from bench_register import served
from bench_report import Findings
from bench_scale import Scale
from bench_turns import contest
from bench_yardstick import yardstick
from local_postgres import LocalPostgres

TARGET: Final = 1.0  # of T, as for transfers: a retirement is one, with a statement beside it
DATABASE: Final = "bench_retire"


def run(server: LocalPostgres, scale: Scale) -> Findings:
    """Measure it."""
    require_wrk()
    load = scale.load
    rival = yardstick(server, load)
    with served(server, scale, DATABASE) as service:
        settings = settings_of(server, scale)
        job = Job("retire", world_of(server, service.database), load.clients)
        found = contest(service, {"retirements": job}, rival, load)
    measure = found["retirements"].measure(
        "single retirements",
        f"retirements committed a second, one a request, {load.clients} clients; against"
        " TPC-B-like transactions",
        target=TARGET,
        facts={"accounts": scale.accounts, "blocks at the beginning": scale.blocks},
    )
    return Findings("retire", [measure], settings, ())
