"""One turn of load on the service, and what the database then has; turns are taken with T's."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench_load import Job, LoadError, Replies, loading, require_done
from bench_processes import cpu_seconds, family_cpu_seconds
from bench_report import Facts, Measure
from bench_scale import LoadScale
from bench_service import Service
from bench_yardstick import Tpcb, Yardstick

LEAD_IN_SECONDS: Final = 0.3  # connections are made, tokens checked for the first time
TAIL_SECONDS: Final = 0.1
IDLE_SECONDS: Final = 0.1  # so long a look
IDLE_SHARE_MAX: Final = 0.3  # of a processor, by the service and the database together
IDLE_SECONDS_MAX: Final = 10
_SIZE: Final = "SELECT size, extract(epoch FROM clock_timestamp()) FROM log_head"


@dataclass(frozen=True)
class Sample:
    """What had been done and used at a moment."""

    acts: int  # committed, as the database counts them
    at: float  # by the database's clock
    service_cpu: float
    postgres_cpu: float
    load_cpu: float


@dataclass(frozen=True)
class Turn:
    """What was committed between two moments in the middle of a run, and what it took."""

    acts: int
    seconds: float
    service_cpu: float
    postgres_cpu: float
    load_cpu: float
    replies: Replies

    @property
    def rate(self) -> float:
        """Acts committed a second."""
        return self.acts / self.seconds

    @property
    def cpu(self) -> float:
        """Processor seconds for one act: service, database and load together."""
        return (self.service_cpu + self.postgres_cpu + self.load_cpu) / max(1, self.acts)


def take_turn(service: Service, job: Job, *, seconds: float) -> Turn:
    """
    Load the service for a while.

    Raises:
        LoadError: too many requests were not answered as done, or an act that was is not there.
    """
    size_before = service.log_size()
    with loading(service, job, seconds=LEAD_IN_SECONDS + seconds + TAIL_SECONDS) as load:
        pid = load.start()
        time.sleep(LEAD_IN_SECONDS)
        first = _sample(service, pid)
        time.sleep(seconds)
        last = _sample(service, pid)
        replies = load.finish()
    _wait_until_idle(service)
    require_done(replies, job)
    done = (replies.answers - replies.refused) * job.acts
    # More may be there: what was under way when wrk ended. Of independent acts some may be refused.
    is_whole = job.mode == "atomic"
    if is_whole and service.log_size() - size_before < done:
        raise LoadError(f"{done} acts were answered as done, and the database has fewer")
    return Turn(
        acts=last.acts - first.acts,
        seconds=last.at - first.at,
        service_cpu=last.service_cpu - first.service_cpu,
        postgres_cpu=last.postgres_cpu - first.postgres_cpu,
        load_cpu=last.load_cpu - first.load_cpu,
        replies=replies,
    )


def _wait_until_idle(service: Service) -> None:
    """Let the service end what it had begun: nobody waits for it, and the next turn must not."""
    give_up = time.monotonic() + IDLE_SECONDS_MAX
    used, before = math.inf, 0.0
    while used - before > IDLE_SHARE_MAX * IDLE_SECONDS and time.monotonic() < give_up:
        before = _used(service)
        time.sleep(IDLE_SECONDS)
        used = _used(service)


def _used(service: Service) -> float:
    return family_cpu_seconds(service.pid) + family_cpu_seconds(service.server.postmaster_pid)


def _sample(service: Service, load_pid: int) -> Sample:
    size, at = service.query(_SIZE).split("|")
    return Sample(
        int(size),
        float(at),
        family_cpu_seconds(service.pid),
        family_cpu_seconds(service.server.postmaster_pid),
        cpu_seconds(load_pid),
    )


@dataclass(frozen=True)
class Contest:
    """Ours and the yardstick's, round by round."""

    ours: Sequence[Turn]
    rival: Yardstick
    theirs: Sequence[Tpcb]

    def measure(self, name: str, what: str, *, target: float, facts: Facts) -> Measure:
        """Compare acts committed a second with transactions a second."""
        pairs = list(zip(self.ours, self.theirs, strict=True))
        return Measure(
            name=f"{name} / T",
            what=what,
            ratios=[ours.rate / theirs.rate for ours, theirs in pairs],
            bound="at least",
            target=target,
            facts={
                **facts_of(self.ours),
                "the same by processor time: T's a transaction / ours an act": [
                    theirs.cpu / ours.cpu for ours, theirs in pairs
                ],
                **facts,
                **self.rival.facts(list(self.theirs)),
            },
        )


def contest(
    service: Service, jobs: Mapping[str, Job], rival: Yardstick, scale: LoadScale
) -> dict[str, Contest]:
    """Warm up, then let the yardstick and each job take turns, for some rounds."""
    for job in jobs.values():
        take_turn(service, job, seconds=scale.warm_up_seconds)
    turns: dict[str, list[Turn]] = {name: [] for name in jobs}
    theirs: list[Tpcb] = []
    for number in range(scale.rounds):
        theirs.append(rival.run(scale.turn_seconds))
        print(f"  round {number + 1}: T {theirs[-1].rate:,.0f}/s", flush=True)
        for name, job in jobs.items():
            turns[name].append(take_turn(service, job, seconds=scale.turn_seconds))
            print(f"    {name}: {turns[name][-1].rate:,.0f}/s", flush=True)
    return {name: Contest(turns[name], rival, theirs) for name in jobs}


def by_status(replies: Iterable[Replies]) -> Facts:
    """Return how many answers of each kind there were."""
    counted: Counter[str] = Counter()
    for one in replies:
        counted.update(one.by_status)
    return {f"answers: {status}": counted[status] for status in sorted(counted)}


def facts_of(turns: Sequence[Turn]) -> Facts:
    """Return what to print of some turns."""

    def per_act(seconds: Sequence[float]) -> float:
        """Return the median in microseconds."""
        used = zip(seconds, turns, strict=True)
        return median(1e6 * second / max(1, turn.acts) for second, turn in used)

    return {
        "acts committed a second (median)": median(turn.rate for turn in turns),
        "acts committed a second, each round": [turn.rate for turn in turns],
        "acts committed": sum(turn.acts for turn in turns),
        **by_status([turn.replies for turn in turns]),
        "answer, ms, p50 (median)": median(turn.replies.p50_ms for turn in turns),
        "answer, ms, p99 (median)": median(turn.replies.p99_ms for turn in turns),
        "processor microseconds an act, service": per_act([turn.service_cpu for turn in turns]),
        "processor microseconds an act, database": per_act([turn.postgres_cpu for turn in turns]),
        "processor microseconds an act, load": per_act([turn.load_cpu for turn in turns]),
    }
