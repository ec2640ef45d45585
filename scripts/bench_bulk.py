"""The section ``bulk``: many transfers in one request, in both modes."""

from __future__ import annotations

from typing import Final, Literal

from bench_database import settings_of, world_of
from bench_load import Job, LoadError, require_wrk
from bench_register import copied
from bench_report import Findings
from bench_scale import Scale
from bench_service import Service, serving
from bench_turns import contest
from bench_yardstick import yardstick
from local_postgres import LocalPostgres

TARGETS: Final = {"many accounts": 2.0, "ten accounts": 2.5}  # of T
MODES: Final[tuple[Literal["atomic", "independent"], ...]] = ("atomic", "independent")
DATABASE: Final = "bench_bulk"
ROUTE: Final = "/v1/transfers/bulk"


def run(server: LocalPostgres, scale: Scale) -> Findings:
    """
    Measure it.

    Raises:
        LoadError: this service takes no bulk requests.
    """
    require_wrk()
    load = scale.load
    with copied(server, scale, DATABASE) as database, serving(server, database) as service:
        _require_route(service)
        rival = yardstick(server, load)
        settings = settings_of(server, scale)
        everywhere = world_of(server, database)
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
        found = contest(service, jobs, rival, load)
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


def _require_route(service: Service) -> None:
    if not service.has_route(ROUTE):
        raise LoadError(f"this service has no POST {ROUTE}, so there is nothing to measure")
