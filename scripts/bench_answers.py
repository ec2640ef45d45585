"""How long answers take, one of each kind in turn: what else runs here meets all of them alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from bench_client import Client
from bench_report import Facts, Measure
from bench_scale import Scale
from bench_service import Service

_WARM_UP: Final = 30  # of each kind

Asked = Mapping[str, Callable[[], bytes]]  # the next request of each kind


@dataclass(frozen=True)
class Times:
    """How long each kind took, in milliseconds, and how much came."""

    took_ms: Mapping[str, list[float]]
    cpu_ms: Mapping[str, list[float]]  # of the server's process; nothing where it is not told
    bytes_read: dict[str, int]

    def at(self, percent: int, what: str) -> float:
        """Return a percentile of a kind."""
        return quantiles(self.took_ms[what], n=100)[percent - 1]

    def cpu_at(self, percent: int, what: str) -> float:
        """Return a percentile of what a kind took of the server's processor."""
        return quantiles(self.cpu_ms[what], n=100)[percent - 1]


def rounds_of(service: Service, asked: Asked, scale: Scale) -> list[Times]:
    """Ask for one of each, again and again; the first kind is told of while it goes on."""
    client = Client(service)
    rounds = []
    try:
        _round(service, client, asked, _WARM_UP)
        for number in range(scale.rounds):
            rounds.append(_round(service, client, asked, scale.reads_per_round))
            first = median(next(iter(rounds[-1].took_ms.values())))
            print(f"  round {number + 1}: {first:.2f} ms", flush=True)
    finally:
        client.close()
    return rounds


def _round(service: Service, client: Client, asked: Asked, times_each: int) -> Times:
    times = Times({n: [] for n in asked}, {n: [] for n in asked}, dict.fromkeys(asked, 0))
    for _ in range(times_each):
        for name, next_request in asked.items():
            request, began_ms = next_request(), _cpu_ms(service)
            took_ms, body = client.get(request)
            times.cpu_ms[name].append(_cpu_ms(service) - began_ms)
            times.took_ms[name].append(took_ms)
            times.bytes_read[name] += len(body)
    return times


def _cpu_ms(service: Service) -> float:
    """Return what a server's threads have had of the processors; 0 where nobody counts that."""
    files = Path(f"/proc/{service.pid}/task").glob("*/schedstat")
    return sum(int(file.read_text().split()[0]) for file in files) / 1e6


@dataclass(frozen=True)
class Compared:
    """One kind of answer against another, and what it may be at most."""

    name: str
    base: str
    title: str  # of the comparison
    target: float

    def measure(self, rounds: Sequence[Times], facts: Facts) -> Measure:
        """Return the ratios of the 99th percentiles, a round each, with what stands behind them."""
        pairs = {
            p: [(times.at(p, self.name), times.at(p, self.base)) for times in rounds]
            for p in (50, 99)
        }
        cpu = {
            p: [(times.cpu_at(p, self.name), times.cpu_at(p, self.base)) for times in rounds]
            for p in (50, 99)
        }
        asked = sum(len(times.took_ms[self.name]) for times in rounds)
        return Measure(
            name=self.title,
            what=f"{self.name}, against {self.base}, over HTTP, one client, one of each kind in "
            "turn",
            ratios=[one / other for one, other in pairs[99]],
            bound="at most",
            target=self.target,
            facts={
                "the same ratio, p50": median(one / other for one, other in pairs[50]),
                "ms, p50 (median)": median(one for one, _ in pairs[50]),
                "ms, p99 (median)": median(one for one, _ in pairs[99]),
                f"{self.base}, ms, p50 (median)": median(other for _, other in pairs[50]),
                f"{self.base}, ms, p99 (median)": median(other for _, other in pairs[99]),
                "bytes an answer": sum(times.bytes_read[self.name] for times in rounds) / asked,
                **_cpu_facts(cpu),
                **facts,
            },
        )


def _cpu_facts(cpu: Mapping[int, list[tuple[float, float]]]) -> Facts:
    """Return the same ratios of processor time: what else runs here adds least to that."""
    if not all(other for _, other in cpu[50]):
        return {}
    return {
        "processor time of the server, the same ratio, p50": median(a / b for a, b in cpu[50]),
        "processor time of the server, the same ratio, p99": median(a / b for a, b in cpu[99]),
        "processor time of the server, ms, p50": median(a for a, _ in cpu[50]),
        "processor time of the server, ms, p99": median(a for a, _ in cpu[99]),
    }
