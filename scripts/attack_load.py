"""A17: what is too large, too deep, too slow or too much, and whether others feel it."""

from __future__ import annotations

import contextlib
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from attack_acts import ADMINISTRATOR
from attack_flood import KINDS
from attack_report import BreachError, require
from attack_scene import Scene

MEMORY_BYTES_MAX: Final = 100 * 2**20
CALM_SECONDS: Final = 0.1  # a machine that does other things takes as long without any attack
ROUNDS_MAX: Final = 3  # and now and then it does more of them in one half of a round
SAMPLED_EVERY_S: Final = 0.02
ENDED_SECONDS_MAX: Final = 30
_HEAD: Final = b"POST /v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
_BODIES: Final = {
    "a list of 400,000": b"[" + b"0," * 400_000 + b"0]",
    "1e400": b'{"grant_type": 1e400}',
    "NaN": b'{"grant_type": NaN}',
    "a number of 100,000 digits": b'{"grant_type": ' + b"9" * 100_000 + b"}",
    "a name twice": b'{"grant_type": "password", "grant_type": "password"}',
    "NUL": b'{"grant_type": "\\u0000"}',
    "half a surrogate pair": b'{"grant_type": "\\ud800"}',
    "UTF-16": '{"grant_type": "password"}'.encode("utf-16"),
    "100,000 names": b"{" + b",".join(b'"%d":1' % n for n in range(90_000)) + b"}",
}
# What each kind of the flood may be told: refused, or cut off before the end of what it says.
_TOLD: Final = {name: {"413", "422", "closed"} if "GB" in name else {"422"} for name in KINDS}


def exhaust(scene: Scene) -> str:
    """Send bodies that are too much, hold connections, and time somebody who asks for little."""
    before = _memory(scene)
    _send_too_much(scene)
    token = scene.token(ADMINISTRATOR)
    told = ""
    for _ in range(ROUNDS_MAX):
        calm = _p99(_times(scene, token))
        with _flood(scene) as flood:
            attacked = _p99(_times(scene, token))
        is_felt = attacked > max(2 * calm, CALM_SECONDS)
        told = f"p99 of others {calm * 1e3:.1f} ms before, {attacked * 1e3:.1f} ms during"
        if not is_felt:
            return _told(scene, flood, f"{told} ({attacked / calm:.2f} x)", memory_before=before)
    raise BreachError(told)


def _told(scene: Scene, flood: _Flood, times: str, *, memory_before: int) -> str:
    grown = flood.memory_bytes_max - memory_before
    require(grown < MEMORY_BYTES_MAX, f"memory grew by {grown // 2**20} MB")
    for name, counts in flood.told.items():
        require(counts.keys() <= _TOLD[name], f"{name} is told {counts}")
    bodies = sum(sum(counts.values()) for counts in flood.told.values())
    return (
        f"{len(_BODIES) + 2} bodies and heads refused; {scene.scale.idle_sockets} idle sockets, "
        f"{scene.scale.slow_bodies} bodies in drops, and meanwhile {bodies} of 2 GB and 10,000 "
        f"deep: {times}, memory at most {grown / 2**20:+.0f} MB"
    )


def _send_too_much(scene: Scene) -> None:
    for name, body in _BODIES.items():
        answer = scene.door.ask("POST", "/v1/tokens", body=body)
        require(answer.status in {413, 422}, f"{name}: {answer.status}")
    packed = {"Content-Encoding": "gzip"}
    answer = scene.door.ask("POST", "/v1/tokens", body=b"\x1f\x8b" + bytes(1_000), headers=packed)
    require(answer.status == 415, f"a packed body: {answer.status}")  # noqa: PLR2004
    headers = b"".join(b"x-%d: 1\r\n" % number for number in range(5_000))
    many = scene.door.raw([_HEAD + headers + b"\r\n"])
    require(many in {431, None}, f"5,000 headers: {many}")


class _Flood:
    """What the flood was told, and the most that the server held in memory meanwhile."""

    def __init__(self) -> None:
        self.told: dict[str, dict[str, int]] = {}
        self.memory_bytes_max = 0


@contextmanager
def _flood(scene: Scene) -> Iterator[_Flood]:
    """Have another process attack, from its beginning to its end."""
    flood, over = _Flood(), threading.Event()
    counts = (scene.door.place[1], scene.scale.idle_sockets, scene.scale.slow_bodies)
    program = Path(__file__).with_name("attack_flood.py")

    def watch() -> None:
        while not over.wait(SAMPLED_EVERY_S):
            flood.memory_bytes_max = max(flood.memory_bytes_max, _memory(scene))

    with subprocess.Popen(
        [sys.executable, str(program), *map(str, counts)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            require(process.stdout.readline() == "ready\n", "the flood did not begin")
            watcher = threading.Thread(target=watch)
            watcher.start()
            try:
                yield flood
            finally:
                over.set()
                watcher.join()
            said, _ = process.communicate(timeout=ENDED_SECONDS_MAX)
            flood.told = json.loads(said)
        finally:
            process.kill()


def _times(scene: Scene, token: str) -> list[float]:
    found = []
    for number in range(scene.scale.samples):
        began = time.monotonic()
        if number % 2:
            answer = scene.door.ask("GET", "/v1/users/me", token=token)
        else:
            answer = scene.door.ask("GET", "/v1/log/head")
        found.append(time.monotonic() - began)
        require(answer.status == 200, f"somebody else is told {answer.status}")  # noqa: PLR2004
    return found


def _p99(times: list[float]) -> float:
    return statistics.quantiles(times, n=100)[98]


def _memory(scene: Scene) -> int:
    """Return what the server process holds in memory; 0 where the system does not tell."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{scene.service.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1_024
    return 0
