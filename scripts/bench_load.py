"""Load over HTTP from a process of its own: wrk, with requests that are each made anew."""

from __future__ import annotations

import json
import math
import secrets
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from bench_database import World
from bench_service import Service

from app.entry.tokens import LIFETIME_S, TokenKeys, load_or_make_key
from app.kernel import clock
from app.main import TOKEN_KEY_FILE
from app.registry.ledger.serials import account_number

SCRIPT: Final = Path(__file__).with_name("bench_load.lua")
ANSWER_SECONDS_MAX: Final = 60  # beyond that wrk counts an answer as late
FAILURES_MAX: Final = 0.01  # of the answers: a machine with other work hiccups
TOKEN_SECONDS: Final = LIFETIME_S / 2  # the other half is for a run that begins with it
_FOUND: Final = "FOUND "


class LoadError(OSError):
    """The load could not be made, or was not served as it must be; the message says why."""


# By account, the batches that it holds most of: enough of each for a run.
_HELD_MOST: Final = """
SELECT account_id, string_agg(serial_prefix, ',') FROM (
    SELECT s.account_id, t.serial_prefix,
           row_number() OVER (PARTITION BY s.account_id ORDER BY s.credits DESC, t.id) AS place
      FROM balances s JOIN batches t ON t.id = s.batch_id
     WHERE s.account_id > 1000 AND s.credits >= 3000) AS held
 WHERE place <= 10 GROUP BY account_id
"""


@dataclass(frozen=True)
class Job:
    """What is asked for, and by how many at a time."""

    kind: Literal["transfer", "bulk", "retire"]
    world: World  # who asks, and for which accounts
    clients: int
    acts: int = 1  # in one request
    mode: Literal["atomic", "independent"] = "atomic"  # of a bulk request

    @property
    def name(self) -> str:
        """What to call it where something is wrong with it."""
        many = f" of {self.acts:,} acts, {self.mode}" if self.kind == "bulk" else ""
        return f"{self.kind}{many}, {self.clients:,} clients"


@dataclass(frozen=True)
class Replies:
    """What came back, as wrk saw it."""

    answers: int
    refused: int  # of the answers, those with a status of 400 or more
    p50_ms: float
    p99_ms: float
    max_ms: float
    unconnected: int
    broken: int  # connections that ended before the answer did
    late: int
    by_status: Mapping[str, int]  # a 503 without Retry-After is a kind of its own
    refusals: Mapping[str, str]  # the first body of each kind

    @property
    def failures(self) -> int:
        """How many requests were not answered as they should be."""
        return self.refused + self.unconnected + self.broken + self.late


def require_wrk() -> str:
    """
    Return where wrk is.

    Raises:
        LoadError: it is not installed.
    """
    found = shutil.which("wrk")
    if found is None:
        raise LoadError("this section needs wrk, which makes the load: apt-get install wrk")
    return found


def require_done(replies: Replies, job: Job) -> None:
    """
    Accept replies of a run in which every request was to be done.

    A few that were not are shown with the others; they are not counted, for what is counted is
    what the database has.

    Raises:
        LoadError: so many were not that this is no measurement.
    """
    if replies.failures > FAILURES_MAX * replies.answers:
        raise LoadError(f"too many requests were not answered as done: {job.name}: {replies}")


class Load:
    """A run of wrk."""

    def __init__(self, service: Service, job: Job, *, seconds: float, record: Path | None) -> None:
        """
        Prepare it; it begins at `start`.

        Args:
            service: whom to ask.
            job: what for, and by whom.
            seconds: how long; wrk knows whole seconds, so the next one above.
            record: where to keep the address of every act that was answered as done, if anywhere;
                its name gets the number of wrk's thread, which is 0.
        """
        self._service = service
        self._job = job
        self._seconds = math.ceil(seconds)
        self._record = record
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> int:
        """Begin, and return the process id."""
        job = self._job
        plan = _plan_file(self._service, job.world)
        nonce = secrets.randbits(26)
        self._process = subprocess.Popen(
            [
                require_wrk(),
                "--threads=1",
                f"--connections={job.clients}",
                f"--duration={self._seconds}s",
                f"--timeout={ANSWER_SECONDS_MAX}s",
                f"--script={SCRIPT}",
                self._service.address,
                "--",
                str(plan),
                job.kind,
                str(job.acts),
                job.mode,
                str(nonce),
                str(self._record or "-"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return self._process.pid

    def finish(self) -> Replies:
        """
        Wait for the end.

        Raises:
            LoadError: wrk failed.
        """
        assert self._process is not None
        printed, _ = self._process.communicate()
        for line in printed.splitlines():
            if line.startswith(_FOUND):
                return Replies(**json.loads(line.removeprefix(_FOUND)))
        raise LoadError(f"wrk failed:\n{printed}")

    def stop(self) -> None:
        """End it early, if it still runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


@contextmanager
def loading(
    service: Service, job: Job, *, seconds: float, record: Path | None = None
) -> Iterator[Load]:
    """Hold a run of wrk that does not outlive its reader."""
    load = Load(service, job, seconds=seconds, record=record)
    try:
        yield load
    finally:
        load.stop()


def single_transfer(service: Service, world: World) -> urllib.request.Request:
    """Return the request for one transfer, with a key and a token of its own."""
    holder = world.holders[0]
    sender = holder.accounts[0]
    receiver = next(account for account in world.accounts if account != sender)
    numbers = {"from_account": account_number(sender), "to_account": account_number(receiver)}
    return urllib.request.Request(  # noqa: S310  our own server
        f"{service.address}/v1/transfers",
        data=json.dumps({**numbers, "credits": 1}).encode(),
        headers={
            "Authorization": f"Bearer {token_of(service.data, holder.users[0].user_id)}",
            "Content-Type": "application/json",
            "Idempotency-Key": secrets.token_urlsafe(16),
        },
    )


def token_of(data: Path, user_id: str) -> str:
    """Return a token of somebody, good for some minutes, for the service with a data folder."""
    keys = TokenKeys((load_or_make_key(data / TOKEN_KEY_FILE),))
    return keys.issue(user_id=user_id, client_id=None, now=clock.now())


def _plan_file(service: Service, world: World) -> Path:
    """Return the plan of a world as it stands now."""
    path = service.data / f"plan-{hash(world):x}"
    path.touch(mode=0o600)
    path.write_text("\n".join(_plan(service, world)) + "\n")
    return path


def _plan(service: Service, world: World) -> Iterator[str]:
    """Yield the accounts there are, and who may take what from which, with a token each."""
    batches = dict(line.split("|") for line in service.query(_HELD_MOST).splitlines())
    yield " ".join(["accounts", *map(account_number, world.accounts)])
    for holder in world.holders:
        held = [f"{account_number(a)}={batches.get(str(a), '')}" for a in holder.accounts]
        for user in holder.users:
            yield " ".join([_kept_token(service.data, user.user_id), *held])


_kept: Final[dict[tuple[Path, str], tuple[str, float]]] = {}


def _kept_token(data: Path, user_id: str) -> str:
    """Return somebody's token: people keep theirs while it is good for long."""
    token, since = _kept.get((data, user_id), ("", 0.0))
    if time.monotonic() - since > TOKEN_SECONDS or not token:
        token, since = token_of(data, user_id), time.monotonic()
        _kept[data, user_id] = token, since
    return token
