"""The section ``endurance``: minutes of full load, and then everything is checked."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from statistics import median
from typing import Final

from bench_database import settings_of, world_of
from bench_load import Job, LoadError, Replies, require_wrk
from bench_memory import Footprint, growth, watch
from bench_register import served
from bench_report import Findings, Measure
from bench_scale import Scale
from bench_service import Service, published_size, publishing
from bench_turns import by_status
from bootstrap import ROOT
from local_postgres import LocalPostgres
from local_state import APP_COMMAND

SLOWEST_TARGET: Final = 2.0  # of the median minute
DATABASE: Final = "bench_endurance"
PUBLISH_SECONDS_MAX: Final = 120


def run(server: LocalPostgres, scale: Scale) -> Findings:
    """
    Put load on a server whose log is published meanwhile; then check and verify it.

    A minute is a run of its own, so that it can have new tokens: they live for ten minutes.
    """
    require_wrk()
    load = scale.load
    footprints: list[Footprint] = []
    minutes: list[Replies] = []
    with served(server, scale, DATABASE) as service:
        settings = settings_of(server, scale)
        world = world_of(server, service.database)
        # First it fills what it remembers of the ledger: soonest with many acts a request.
        many = Job("bulk", world, load.bulk_clients, load.bulk_acts[-1], "independent")
        watch(service, many, load.memory_seconds)
        job = Job("transfer", world, load.clients)
        with publishing(service.environ):
            for number in range(load.endurance_minutes):
                seen, replies = watch(service, job, load.minute_seconds)
                footprints += seen
                minutes.append(replies)
                print(
                    f"  minute {number + 1}: {seen[-1].acts:,} acts in the log,"
                    f" {seen[-1].mib:.0f} MiB, p99 {replies.p99_ms:.0f} ms",
                    flush=True,
                )
            _wait_until_published(service)
        checks = [
            _clean(service, "registry check", "check"),
            _clean(
                service,
                "registry verify",
                *("verify", service.address, "--memory", str(service.data / "verified")),
            ),
        ]
    measures = [growth(footprints), _slowest(minutes), *checks]
    return Findings("endurance", measures, settings, ())


def _slowest(minutes: Sequence[Replies]) -> Measure:
    each = [replies.p99_ms for replies in minutes]
    return Measure(
        name="p99 of the slowest minute / of the median minute",
        what="how long a client waits for a transfer, at full load, minute by minute",
        ratios=[max(each) / median(each)],
        bound="at most",
        target=SLOWEST_TARGET,
        facts={
            "p99, ms, each minute": each,
            "p50, ms, each minute": [replies.p50_ms for replies in minutes],
            "longest, ms, each minute": [replies.max_ms for replies in minutes],
            **by_status(minutes),
        },
    )


def _clean(service: Service, name: str, *command: str) -> Measure:
    began = time.perf_counter()
    done = subprocess.run(
        [*APP_COMMAND, *command],
        cwd=ROOT,
        env=service.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout)
    return Measure(
        name=f"{name}: exit code",
        what="what it says of the register and its log after all that; 0 is clean",
        ratios=[done.returncode],
        bound="at most",
        target=0,
        facts={"seconds": time.perf_counter() - began, "acts": service.log_size()},
    )


def _wait_until_published(service: Service) -> None:
    give_up = time.monotonic() + PUBLISH_SECONDS_MAX
    size = service.log_size()
    while published_size(service.data) < size:
        if time.monotonic() > give_up:
            raise LoadError(f"the publisher did not come to {size:,} acts")
        time.sleep(0.1)
