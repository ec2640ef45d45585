"""
Several server processes on one port: begun together, begun again when they die, ended together.

Each worker is a whole server, with a listening socket of its own on the same port: the kernel
spreads connections evenly (SO_REUSEPORT), where one shared socket gives most of them to whoever
wakes first. A worker that dies takes its own connections with it and nobody else's.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import structlog

from app.entry.listening import bound

log = structlog.get_logger()

WORKERS_MAX: Final = 64
RESTART_PAUSE_S: Final = 1.0  # One that dies at once again must not take a core for it.
# For all of them to finish what they have begun, which each bounds itself (`app.entry.server`,
# `app.main`); what is left then is killed.
DRAIN_SECONDS_MAX: Final = 14
_STOP: Final = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})


@dataclass
class _Worker:
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    start_at_s: float = 0.0  # not before; on the monotonic clock

    def start(self, command: Sequence[str], listener: socket.socket) -> None:
        """Start a process; it ends in good order when its standard input does, hence with us."""
        with listener:
            self.process = subprocess.Popen(  # noqa: S603  ourselves
                [*command, "--listener", str(listener.fileno())],
                stdin=subprocess.PIPE,
                pass_fds=[listener.fileno()],
            )
        self.starts += 1


@dataclass
class Workers:
    """Workers on a port."""

    host: str
    port: int
    command: Sequence[str]  # begins one; it is told its socket by ``--listener FD``
    startup_failure: int  # exit code of one that could not begin to serve
    number: int
    _workers: list[_Worker] = field(default_factory=list)

    def run(self) -> bool:
        """
        Serve until told to stop, then let every worker finish what it has begun.

        Returns:
            Whether they came to serving and ended by themselves in time.
        """
        try:
            with _reserved(self.host, self.port):
                log.info("beginning", host=self.host, port=self.port, workers=self.number)
                self._workers = [_Worker() for _ in range(self.number)]
                began = self._watch(_signals())
        except OSError as error:
            log.error("port_unavailable", port=self.port, error=error.strerror)  # noqa: TRY400
            began = False
        return self._drain() and began

    def _watch(self, heard: int) -> bool:
        """Keep all workers alive; True when told to stop, False when they cannot begin."""
        while True:
            now_s = time.monotonic()
            for worker in self._workers:
                if worker.process is None and worker.start_at_s <= now_s:
                    worker.start(self.command, bound(self.host, self.port, shared=True))
            if _listen(heard, self._seconds_to_next_start()) & _STOP:
                return True
            for worker in self._workers:
                if not self._look_after(worker):
                    return False

    def _look_after(self, worker: _Worker) -> bool:
        """Note a death; False where it shows that none of them will ever serve."""
        if worker.process is None or worker.process.poll() is None:
            return True
        code = worker.process.returncode
        log.error("worker_ended", pid=worker.process.pid, exit_code=code)
        worker.process = None
        worker.start_at_s = time.monotonic() + RESTART_PAUSE_S
        # Later starts may fail while the database is away, and the others go on.
        return not (worker.starts == 1 and code == self.startup_failure)

    def _seconds_to_next_start(self) -> float | None:
        missing = [worker.start_at_s for worker in self._workers if worker.process is None]
        return max(min(missing) - time.monotonic(), 0.0) if missing else None

    def _drain(self) -> bool:
        self._tell(signal.SIGTERM)
        ends_s = time.monotonic() + DRAIN_SECONDS_MAX
        well = True
        for worker in self._workers:
            if worker.process is None:
                continue
            with suppress(subprocess.TimeoutExpired):
                worker.process.wait(max(ends_s - time.monotonic(), 0))
            if worker.process.poll() is None:
                log.error("worker_killed", pid=worker.process.pid)
                worker.process.kill()
            # By the signal itself ends one that had not begun to serve.
            well = well and worker.process.wait() in {0, -signal.SIGTERM}
        return well

    def _tell(self, number: signal.Signals) -> None:
        for worker in self._workers:
            if worker.process is not None:
                worker.process.send_signal(number)


@contextmanager
def _reserved(host: str, port: int) -> Iterator[None]:
    """Hold a port for as long as workers come and go."""
    # Workers share their port with each other, but not with another registry of the same user.
    bound(host, port).close()
    with bound(host, port, shared=True):
        yield


def _signals() -> int:
    """From now on turn signals into bytes on a pipe; returns its end to read from."""
    heard, said = os.pipe()
    for end in (heard, said):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(said)
    for number in {*_STOP, signal.SIGCHLD}:
        signal.signal(number, _do_nothing)
    return heard


def _do_nothing(_number: int, _frame: object) -> None:
    pass


def _listen(heard: int, seconds: float | None) -> frozenset[int]:
    """Wait for signals, so many seconds at the most; return which came."""
    select.select([heard], [], [], seconds)
    with suppress(BlockingIOError):
        return frozenset(os.read(heard, 4_096))
    return frozenset()


def own_command(*arguments: str) -> list[str]:
    """Return how to begin this very program anew, with other arguments."""
    given = len(sys.argv) - 1
    return [sys.executable, *sys.orig_argv[1 : len(sys.orig_argv) - given], *arguments]
