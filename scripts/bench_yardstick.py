"""The yardstick T: PostgreSQL's own benchmark, on the same server and in turns with ours."""

from __future__ import annotations

import re
import resource
import subprocess
from dataclasses import dataclass
from functools import cache
from statistics import median
from typing import Final

from bench_processes import family_cpu_seconds
from bench_scale import LoadScale
from local_postgres import LocalPostgres

DATABASE: Final = "bench_tpcb"
THREADS: Final = 2
_TRANSACTIONS: Final = re.compile(r"number of transactions actually processed: (\d+)")
_RATE: Final = re.compile(r"tps = ([0-9.]+) \(without initial connection time\)")


@dataclass(frozen=True)
class Tpcb:
    """One turn of the yardstick."""

    rate: float  # transactions a second
    cpu: float  # processor seconds of server and pgbench for one transaction


@dataclass(frozen=True)
class Yardstick:
    """The transaction of `pgbench -M prepared` (TPC-B-like) with its best number of clients."""

    server: LocalPostgres
    scale: LoadScale
    clients: int
    tried: dict[int, float]  # the rates by which they were chosen

    def run(self, seconds: float) -> Tpcb:
        """Run it once."""
        postgres, ours = family_cpu_seconds(self.server.postmaster_pid), _ended_cpu_seconds()
        printed = _pgbench(
            self.server,
            "--protocol=prepared",
            f"--client={self.clients}",
            f"--jobs={min(THREADS, self.clients)}",
            f"--time={max(1, round(seconds))}",
        )
        used = family_cpu_seconds(self.server.postmaster_pid) - postgres
        used += _ended_cpu_seconds() - ours
        return Tpcb(
            float(_found(_RATE, printed)), used / max(1, int(_found(_TRANSACTIONS, printed)))
        )

    def facts(self, turns: list[Tpcb]) -> dict[str, float | int | str | list[float]]:
        """Return what to print of it."""
        return {
            "T: TPC-B-like transactions a second (median)": median(turn.rate for turn in turns),
            "T, each round": [turn.rate for turn in turns],
            "T: processor microseconds a transaction, server and pgbench": median(
                turn.cpu * 1e6 for turn in turns
            ),
            "T: clients (tried: transactions a second)": f"{self.clients} ("
            + ", ".join(f"{clients}: {rate:,.0f}" for clients, rate in self.tried.items())
            + ")",
            "T: pgbench": f"-M prepared, scale {self.scale.pgbench_scale}, {THREADS} threads",
        }


@cache
def yardstick(server: LocalPostgres, scale: LoadScale) -> Yardstick:
    """Make the tables, warm them up, and choose the clients; once for a server."""
    print(f"Filling pgbench's tables at scale {scale.pgbench_scale} ...", flush=True)
    server.create_database(DATABASE)
    _pgbench(server, "--initialize", "--quiet", f"--scale={scale.pgbench_scale}")
    tried = {
        clients: Yardstick(server, scale, clients, {}).run(scale.warm_up_seconds).rate
        for clients in scale.pgbench_clients
    }
    best = max(tried, key=lambda clients: tried[clients])
    return Yardstick(server, scale, best, tried)


def _pgbench(server: LocalPostgres, *options: str) -> str:
    done = subprocess.run(
        [server.bin_folder / "pgbench", *options, server.url(DATABASE)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise OSError(f"pgbench failed: {done.stderr.strip()}")
    return done.stdout


def _ended_cpu_seconds() -> float:
    """Return what children that have ended have used; pgbench is the only one meanwhile."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _found(pattern: re.Pattern[str], printed: str) -> str:
    found = pattern.search(printed)
    if found is None:
        raise OSError(f"pgbench said something unexpected: {printed}")
    return found.group(1)
