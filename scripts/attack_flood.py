"""What A17 does to a service, in a process of its own, so that it does not slow who measures.

    attack_flood.py PORT IDLE_SOCKETS SLOW_BODIES

It says ``ready`` once all of it is under way, goes on until its standard input ends, and then says
as JSON what it was told, how often: statuses of each kind of attack, and "closed" for none.
"""

from __future__ import annotations

import contextlib
import json
import resource
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Final

HOST: Final = "127.0.0.1"
TWO_GIGABYTES: Final = 2 * 10**9
PAUSE_SECONDS: Final = 0.1  # of each kind: more, and it would be the rate that is felt
DROP_SECONDS: Final = 0.5
ANSWER_SECONDS_MAX: Final = 10
HEAD: Final = b"POST /v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
DEEP: Final = b"[" * 10_000 + b"]" * 10_000
DEEP_OBJECTS: Final = b'{"a":' * 10_000 + b"1" + b"}" * 10_000


def announced() -> Iterator[bytes]:
    """Announce two gigabytes, and begin."""
    yield HEAD + b"Content-Length: %d\r\n\r\n" % TWO_GIGABYTES
    yield bytes(65_536)


def streamed() -> Iterator[bytes]:
    """Send two gigabytes in pieces, without saying how many."""
    yield HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    for _ in range(TWO_GIGABYTES // 65_536):
        yield b"10000\r\n" + b" " * 65_536 + b"\r\n"


def deep() -> Iterator[bytes]:
    """Send lists in lists."""
    yield HEAD + b"Content-Length: %d\r\n\r\n" % len(DEEP) + DEEP


def deep_objects() -> Iterator[bytes]:
    """Send objects in objects."""
    yield HEAD + b"Content-Length: %d\r\n\r\n" % len(DEEP_OBJECTS) + DEEP_OBJECTS


KINDS: Final = {
    "2 GB announced": announced,
    "2 GB streamed": streamed,
    "10,000 lists deep": deep,
    "10,000 objects deep": deep_objects,
}


class Flood:
    """All of it at once."""

    def __init__(self, port: int) -> None:
        self._place = (HOST, port)
        self._over = threading.Event()
        self.told: dict[str, Counter[str]] = {name: Counter() for name in KINDS}
        self.held: list[socket.socket] = []

    def crowd(self, idle: int, slow: int) -> None:
        """Hold connections that say nothing, and bodies that come in drops."""
        for number in range(idle + slow):
            line = socket.create_connection(self._place, ANSWER_SECONDS_MAX)
            self.held.append(line)
            if number >= idle:
                line.sendall(HEAD + b"Content-Length: 1000\r\n\r\n{")
        threading.Thread(target=self._drip, args=(self.held[idle:],), daemon=True).start()

    def begin(self) -> list[threading.Thread]:
        """Send what is too much, again and again."""
        threads = [threading.Thread(target=self._repeat, args=(name,)) for name in KINDS]
        for thread in threads:
            thread.start()
        return threads

    def end(self) -> None:
        """Stop."""
        self._over.set()
        for line in self.held:
            line.close()

    def _drip(self, lines: list[socket.socket]) -> None:
        while not self._over.wait(DROP_SECONDS):
            for line in lines:
                with contextlib.suppress(OSError):
                    line.sendall(b" ")

    def _repeat(self, name: str) -> None:
        while not self._over.is_set():
            self.told[name][self._send(name)] += 1
            time.sleep(PAUSE_SECONDS)

    def _send(self, name: str) -> str:
        with socket.create_connection(self._place, ANSWER_SECONDS_MAX) as line:
            head = b""
            # It may be answered, and closed, before all was said.
            with contextlib.suppress(OSError):
                for piece in KINDS[name]():
                    line.sendall(piece)
            with contextlib.suppress(OSError):
                head = line.recv(65_536)
        return head[9:12].decode("ascii") or "closed"


def main() -> None:
    """Flood until nobody wants it any more."""
    port, idle, slow = map(int, sys.argv[1:])
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    flood = Flood(port)
    flood.crowd(idle, slow)
    threads = flood.begin()
    print("ready", flush=True)
    sys.stdin.read()
    flood.end()
    for thread in threads:
        thread.join()
    print(json.dumps(flood.told), flush=True)


if __name__ == "__main__":
    main()
