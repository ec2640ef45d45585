"""The section ``overload``: many more clients than can be served, and what each is told."""

from __future__ import annotations

import resource
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench_database import settings_of, world_of
from bench_load import Job, LoadError, Replies, loading, require_wrk, single_transfer
from bench_register import copied
from bench_report import Facts, Findings, Measure
from bench_scale import Scale
from bench_service import Service, serving
from bench_turns import by_status
from local_postgres import LocalPostgres

ANSWER_SECONDS: Final = 5.0  # for every answer, whichever it is; the load lasts longer
RECOVERY_SECONDS: Final = 5.0  # until a client alone is served as before
PROMPT_SECONDS: Final = 0.5  # what counts as served as before
PROMPT_IN_A_ROW: Final = 3
DATABASE: Final = "bench_overload"
FILES_BESIDE: Final = 100  # that wrk has open beside its connections
ALLOWED: Final = ("201", "503")  # 503 without Retry-After is counted under a name of its own
_TRANSFERS: Final = "SELECT log_index FROM log_entries WHERE kind = 'credits.transferred'"


@dataclass(frozen=True)
class Storm:
    """What came of one overload."""

    replies: Replies
    lost: int  # acts that were answered 201 and are not in the log
    recovery_seconds: float

    @property
    def wrong(self) -> int:
        """How many requests were answered neither 201 nor 503 with Retry-After, or not at all."""
        allowed = sum(self.replies.by_status.get(status, 0) for status in ALLOWED)
        unanswered = self.replies.unconnected + self.replies.broken + self.replies.late
        return self.replies.answers - allowed + unanswered

    def facts(self) -> Facts:
        """Return what to print of it."""
        told = self.replies.refusals
        return {
            **by_status([self.replies]),
            "connections that failed, ended early, answered late": [
                self.replies.unconnected,
                self.replies.broken,
                self.replies.late,
            ],
            "answer, ms, p50, p99, longest": [
                self.replies.p50_ms,
                self.replies.p99_ms,
                self.replies.max_ms,
            ],
            **{f"the first {status}": body for status, body in sorted(told.items())},
        }


def run(server: LocalPostgres, scale: Scale) -> Findings:
    """Measure it."""
    require_wrk()
    with copied(server, scale, DATABASE) as database:
        settings = settings_of(server, scale)
        measures: list[Measure] = []
        for clients in scale.load.overload_clients:
            with serving(server, database, workers=scale.load.workers) as service:
                job = Job("transfer", world_of(server, database), clients)
                storm = _endure(service, job, scale.load.overload_seconds)
            measures += _measures(storm, clients)
    return Findings("overload", measures, settings, ())


def _endure(service: Service, job: Job, seconds: float) -> Storm:
    _allow_files(job.clients + FILES_BESIDE)
    record = service.data / "answers"
    with loading(service, job, seconds=seconds, record=record) as load:
        load.start()
        replies = load.finish()
    if not replies.answers:
        raise LoadError(f"nobody was answered in {seconds:g} s; {service.log}")
    recovery_seconds = _recovery(service, job)
    lines = Path(f"{record}.0").read_text().splitlines()
    acts = [int(line.rpartition("/")[2]) for line in lines]
    if len(acts) != replies.by_status.get("201", 0):
        raise LoadError(f"{len(acts)} answers were kept of {replies}")
    there = set(map(int, service.query(_TRANSFERS).splitlines()))
    # An address that was given twice stands for one act only: the other one is lost.
    lost = len(acts) - len(there.intersection(acts))
    return Storm(replies, lost, recovery_seconds)


def _recovery(service: Service, job: Job) -> float:
    """Return how long it takes until a client alone is served promptly again."""
    began = time.monotonic()
    prompt = 0
    while prompt < PROMPT_IN_A_ROW:
        asked = time.monotonic()
        if asked - began > 10 * RECOVERY_SECONDS:
            break
        prompt = prompt + 1 if _is_served(service, job) else 0
        if time.monotonic() - asked > PROMPT_SECONDS:
            prompt = 0
    return time.monotonic() - began


def _is_served(service: Service, job: Job) -> bool:
    request = single_transfer(service, job.world)
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
            return bool(answer.status == 201)  # noqa: PLR2004
    except (OSError, urllib.error.URLError):
        return False


def _measures(storm: Storm, clients: int) -> Iterator[Measure]:
    at = f"{clients:,} clients"
    yield Measure(
        f"{at}: answers other than 201 and 503 with Retry-After",
        "how many requests were told anything else, or nothing",
        [storm.wrong],
        "at most",
        0,
        storm.facts(),
    )
    yield Measure(
        f"{at}: acts lost",
        "acts that were answered 201 and that the database does not have",
        [storm.lost],
        "at most",
        0,
    )
    yield Measure(
        f"{at}: longest answer / {ANSWER_SECONDS:g} s",
        "how long somebody waited for an answer at most",
        [storm.replies.max_ms / 1_000 / ANSWER_SECONDS],
        "at most",
        1,
    )
    yield Measure(
        f"{at}: recovery / {RECOVERY_SECONDS:g} s",
        f"from the end of the load until a client alone is served {PROMPT_IN_A_ROW} times in a row"
        f" within {PROMPT_SECONDS:g} s",
        [storm.recovery_seconds / RECOVERY_SECONDS],
        "at most",
        1,
    )


def _allow_files(wanted: int) -> None:
    """Let wrk have so many connections; the server was started before and has what it had."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < wanted:
        raise LoadError(f"this user may open {hard} files, and the load needs {wanted}: ulimit -n")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
