"""Over real sockets: what is too much, too deep or too slow is refused in time, by a code."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from app.entry import middleware
from app.main import create_app
from tests.builders.sockets import listening, say
from tests.conftest import settings_for

HEAD: Final = (
    b"POST /v1/tokens HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    b"connection: close\r\n"
)
AT_ONCE_SECONDS: Final = 1.0  # on a machine that does other things; none takes a tenth of it
# Never started: all this happens before the database is asked.
APP: Final = create_app(settings_for("postgresql://nobody@/nothing", Path("/nowhere")))


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """The application, behind its own server."""
    async with listening(APP, connections_max=200) as port:
        yield port


def status_and_code(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), json.loads(body)["code"]


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"[" * 500_000 + b"]" * 500_000,
        b"[" + b"0," * 500_000 + b"0]",
        b'"' + b'\\"' * 500_000,
    ],
)
async def test_a_body_too_deep_or_too_full_is_refused_at_once(port: int, body: bytes) -> None:
    began = time.process_time()
    answer = await say(port, HEAD + b"content-length: %d\r\n\r\n" % len(body) + body)
    assert status_and_code(answer) == (422, "malformed")
    assert time.process_time() - began < AT_ONCE_SECONDS


async def test_two_gigabytes_are_refused_before_they_are_sent(port: int) -> None:
    answer = await say(port, HEAD + b"content-length: 2000000000\r\n\r\n")
    assert status_and_code(answer) == (413, "body_too_large")


async def test_a_body_that_comes_in_drops_is_given_up(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each drop proves that somebody is there: the whole of it has its time all the same."""
    monkeypatch.setattr(middleware, "BODY_SECONDS_MAX", 0.3)
    drops = [b"{", *[b" "] * 3]
    answer = await say(port, HEAD + b"content-length: 1000\r\n\r\n", *drops, pause=0.05)
    assert status_and_code(answer) == (408, "body_too_slow")


async def test_others_are_served_while_a_hundred_dawdle(port: int) -> None:
    crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(100)]
    for number, (_, writer) in enumerate(crowd):
        if number % 2:  # half of them say nothing at all
            writer.write(HEAD + b"content-length: 1000\r\n\r\n{")
    began = time.monotonic()
    answer = await say(port, b"GET /v1/policy HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert time.monotonic() - began < AT_ONCE_SECONDS
    for _, writer in crowd:
        writer.close()
