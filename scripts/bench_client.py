"""One client that asks the service for one thing after the other, and how long each takes."""

from __future__ import annotations

import socket
import time
from typing import Final

from bench_load import LoadError
from bench_service import HOST, Service

_ANSWER_SECONDS_MAX: Final = 60
_READ_BYTES: Final = 2**18
_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length: "


class Client:
    """A connection that is kept, in as few steps of our own as can be: they are measured too."""

    def __init__(self, service: Service) -> None:
        port = int(service.address.rpartition(":")[2])
        self._socket = socket.create_connection((HOST, port), timeout=_ANSWER_SECONDS_MAX)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        """End it."""
        self._socket.close()

    def get(self, request: bytes) -> tuple[float, bytes]:
        """
        Send a request; returns the milliseconds until its answer was there, and its body.

        Raises:
            LoadError: it was not answered with 200.
        """
        began = time.perf_counter()
        self._socket.sendall(request)
        answer = self._socket.recv(_READ_BYTES)
        while _HEAD_END not in answer:
            answer += self._read()
        head, _, body = answer.partition(_HEAD_END)
        at = head.lower().index(_LENGTH) + len(_LENGTH)
        length = int(head[at:].split(b"\r\n", 1)[0])
        while len(body) < length:
            body += self._read()
        took_ms = (time.perf_counter() - began) * 1_000
        if not head.startswith(b"HTTP/1.1 200"):
            raise LoadError(f"{request[:200]!r} was answered with {answer[:1_000]!r}")
        return took_ms, body

    def _read(self) -> bytes:
        piece = self._socket.recv(_READ_BYTES)
        if not piece:
            raise LoadError("the service has ended the connection")
        return piece


def request_of(path: str, token: str | None = None) -> bytes:
    """Return a request for an address, by somebody who is signed in or by nobody."""
    signed_in = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{signed_in}\r\n".encode()
