"""Connections that dawdle or talk without end do not hold the service; it ends in good order."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from app.entry import server
from app.entry.server import BoundedProtocol
from tests.builders.sockets import listening, say

ROOT = Path(__file__).parents[2]


async def _echo(_scope: Scope, receive: Receive, send: Send) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A server that answers with what it was sent."""
    async with listening(_echo, connections_max=CONNECTIONS_MAX) as port:
        yield port


CONNECTIONS_MAX = 3
HEAD = b"POST / HTTP/1.1\r\nhost: x\r\n"


async def test_requests_follow_each_other_on_one_connection(port: int) -> None:
    first = HEAD + b"content-length: 3\r\n\r\none"
    last = HEAD + b"content-length: 3\r\nconnection: close\r\n\r\ntwo"
    answers = await say(port, first, last[:20], last[20:], pause=0.02)
    assert answers.count(b"HTTP/1.1 200") == 2
    assert answers.endswith(b"two")


async def test_a_large_body_is_not_counted_as_head(port: int) -> None:
    body = b"x" * 1_000_000
    request = HEAD + b"content-length: 1000000\r\nconnection: close\r\n\r\n" + body
    assert (await say(port, request)).endswith(body)


async def test_a_body_followed_at_once_by_the_next_head_is_not_counted(port: int) -> None:
    body = b"x" * 200_000
    first = HEAD + b"content-length: 200000\r\n\r\n" + body
    last = HEAD + b"connection: close\r\ncontent-length: 0\r\n\r\n"
    answers = await say(port, first + last[:10], last[10:], pause=0.05)
    assert answers.count(b"HTTP/1.1 200") == 2


async def test_a_head_without_end_is_refused(port: int) -> None:
    pieces = [HEAD + b"x-long: "] + [b"y" * 8_193] * 8
    assert (await say(port, *pieces, pause=0.02)).startswith(b"HTTP/1.1 431")


def _with_headers(count: int) -> bytes:
    more = b"".join(b"x-%d: 1\r\n" % number for number in range(count))
    return HEAD + more + b"content-length: 0\r\nconnection: close\r\n\r\n"


async def test_a_request_has_a_bounded_number_of_headers(port: int) -> None:
    others = 3  # host, content-length and connection
    assert (await say(port, _with_headers(server.HEADERS_MAX - others))).startswith(b"HTTP/1.1 200")
    refused = await say(port, _with_headers(server.HEADERS_MAX - others + 1))
    assert refused.startswith(b"HTTP/1.1 431")
    assert (await say(port, _with_headers(4_000))).startswith(b"HTTP/1.1 431")


async def test_what_is_no_request_is_answered_like_one(port: int) -> None:
    """Also what the application never sees tells browsers that it is nothing for them."""
    refused = await say(port, b"nonsense\r\n\r\n")
    assert refused.startswith(b"HTTP/1.1 400")
    assert b"\r\nx-content-type-options: nosniff\r\n" in refused
    assert b"\r\ncache-control: no-store\r\n" in refused


async def test_headers_without_end_are_refused(port: int) -> None:
    pieces = [HEAD] + [b"x-many: 1\r\n" * 745] * 8
    assert (await say(port, *pieces, pause=0.02)).startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize("begun", [b"", b"POST", HEAD, HEAD + b"x-half: "])
async def test_a_head_that_does_not_arrive_ends_the_connection(
    port: int, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS_MAX", 0.1)
    assert await say(port, begun) == b""


async def test_a_head_that_comes_in_drops_ends_all_the_same(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte proves that somebody is there, but not that they will ever ask something."""
    monkeypatch.setattr(server, "HEAD_SECONDS_MAX", 0.2)
    assert await say(port, *[b"P" if n == 0 else b"O" for n in range(8)], pause=0.05) == b""


async def test_who_does_not_take_their_answer_does_not_hold_the_connection(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a thousand of them would hold a thousand answers in memory, for ever."""
    monkeypatch.setattr(server, "READER_SECONDS_MAX", 0.2)
    lost = asyncio.Event()
    forget = BoundedProtocol.connection_lost

    def connection_lost(self: BoundedProtocol, exc: Exception | None) -> None:
        forget(self, exc)
        lost.set()

    monkeypatch.setattr(BoundedProtocol, "connection_lost", connection_lost)
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        reader.settimeout(0)  # as the loop asks for
        loop = asyncio.get_running_loop()
        await loop.sock_connect(reader, ("127.0.0.1", port))
        body = b"x" * 8_000_000
        await loop.sock_sendall(reader, HEAD + b"content-length: 8000000\r\n\r\n" + body)
        await asyncio.wait_for(lost.wait(), 5)


LAST = HEAD + b"content-length: 0\r\nconnection: close\r\n\r\n"


async def test_one_connection_too_many_is_told_when_to_come_back(port: int) -> None:
    """Those who were there first are served as before."""
    there = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS_MAX)]
    refused = await say(port, LAST)
    assert refused.startswith(b"HTTP/1.1 503")
    assert b"\r\nretry-after: 1\r\n" in refused
    for reader, writer in there:
        writer.write(LAST)
        assert (await reader.read()).startswith(b"HTTP/1.1 200")
        writer.close()
    assert (await say(port, LAST)).startswith(b"HTTP/1.1 200")


async def test_a_crowd_of_connections_is_not_even_told(port: int) -> None:
    """Each that waits for an answer costs memory too."""
    there = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2 * CONNECTIONS_MAX)]
    assert await say(port, LAST) == b""
    for _, writer in there:
        writer.close()


def test_a_wrong_option_is_said_plainly() -> None:
    ended = _registry("serve", "--port", "0")
    assert ended.returncode == 2
    assert "--port" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_missing_settings_are_named_without_a_stack() -> None:
    ended = _registry("check")
    assert ended.returncode == 2
    assert "DATABASE_URL" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_wrong_address_of_a_database_is_not_repeated() -> None:
    """It may hold a password."""
    ended = _registry("check", DATABASE_URL="mysql://somebody:hunter2@example")
    assert ended.returncode == 2
    assert "hunter2" not in ended.stderr + ended.stdout


def test_a_database_that_is_away_has_its_own_exit_code() -> None:
    ended = _registry("check", DATABASE_URL="postgresql://x@127.0.0.1:1/none")
    assert ended.returncode == 3
    assert "does not answer" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_doctor_says_what_to_do_without_a_database() -> None:
    ended = _registry("doctor", DATABASE_URL="postgresql://x@127.0.0.1:1/none", COLUMNS="200")
    assert ended.returncode == 1
    assert "Is PostgreSQL running" in ended.stdout


def test_the_doctor_refuses_a_python_without_assertions() -> None:
    """What must never happen is asserted; -O would let it happen."""
    ended = _registry(
        "doctor", DATABASE_URL="postgresql://x@127.0.0.1:1/none", PYTHONOPTIMIZE="1", COLUMNS="200"
    )
    assert ended.returncode == 1
    assert "Run without -O" in ended.stdout


def _registry(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    around = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}  # noqa: TID251
    return subprocess.run(
        [sys.executable, "-m", "app.entry.cli", *arguments],
        cwd=ROOT,
        env={**around, "PYTHONDONTWRITEBYTECODE": "1", **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
