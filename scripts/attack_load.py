"""A17: what is too large, too deep, too slow or too much, and whether others feel it."""

from __future__ import annotations

import contextlib
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from attack_report import require
from attack_scene import Scene

MEMORY_BYTES_MAX: Final = 100 * 2**20
CALM_SECONDS: Final = 0.1  # a machine that does other things takes as long without any attack
TWO_GIGABYTES: Final = 2 * 10**9
_HEAD: Final = b"POST /v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
_BODIES: Final = {
    "10,000 lists deep": b"[" * 10_000 + b"]" * 10_000,
    "10,000 objects deep": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
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


def exhaust(scene: Scene) -> str:
    """Send bodies that are too much, hold connections, and time somebody who asks for little."""
    memory = _memory(scene)
    _send_too_much(scene)
    before = _times(scene)
    with _crowd(scene):
        during = _times(scene)
    grown = _memory(scene) - memory
    require(grown < MEMORY_BYTES_MAX, f"memory grew by {grown // 2**20} MB")
    p99_before, p99_during = _p99(before), _p99(during)
    limit = max(2 * p99_before, CALM_SECONDS)
    told = f"p99 of others {p99_before * 1e3:.1f} ms before, {p99_during * 1e3:.1f} ms during"
    require(p99_during <= limit, told)
    return (
        f"{len(_BODIES) + 4} bodies refused; {scene.scale.idle_sockets} idle sockets and "
        f"{scene.scale.slow_bodies} slow bodies: {told}, {grown / 2**20:+.0f} MB"
    )


def _send_too_much(scene: Scene) -> None:
    for name, body in _BODIES.items():
        answer = scene.door.ask("POST", "/v1/tokens", body=body)
        require(answer.status in {413, 422}, f"{name}: {answer.status}")
    packed = {"Content-Encoding": "gzip"}
    answer = scene.door.ask("POST", "/v1/tokens", body=b"\x1f\x8b" + bytes(1_000), headers=packed)
    require(answer.status == 415, f"a packed body: {answer.status}")  # noqa: PLR2004
    declared = b"Content-Length: %d\r\n\r\n" % TWO_GIGABYTES
    require(scene.door.raw([_HEAD + declared]) == 413, "2 GB declared")  # noqa: PLR2004
    endless = (b"10000\r\n" + b" " * 65_536 + b"\r\n" for _ in range(TWO_GIGABYTES // 65_536))
    chunked = [_HEAD + b"Transfer-Encoding: chunked\r\n\r\n"]
    require(scene.door.raw(_joined(chunked, endless)) in {413, None}, "2 GB in pieces")
    headers = b"".join(b"x-%d: 1\r\n" % number for number in range(5_000))
    many = scene.door.raw([_HEAD + headers + b"\r\n"])
    require(many in {431, None}, f"5,000 headers: {many}")


def _joined(first: list[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    yield from first
    yield from rest


@contextmanager
def _crowd(scene: Scene) -> Iterator[None]:
    """Hold connections that say nothing, and bodies that come in drops."""
    with ExitStack() as held:
        for number in range(scene.scale.idle_sockets + scene.scale.slow_bodies):
            line = held.enter_context(socket.create_connection(scene.door.place))
            if number >= scene.scale.idle_sockets:
                line.sendall(_HEAD + b"Content-Length: 1000\r\n\r\n{")
        yield


def _times(scene: Scene) -> list[float]:
    found = []
    for _ in range(scene.scale.samples):
        began = time.monotonic()
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
