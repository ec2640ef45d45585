"""Serves the application: uvicorn, with the bounds that it lacks."""

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any, Final

import structlog
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.entry.headers import OF_ANSWERS
from app.entry.listening import bound

log = structlog.get_logger()

# Line, headers and cookies of a request; a token takes half a kilobyte of it.
HEAD_BYTES_MAX: Final = 64 * 2**10
HEAD_SECONDS_MAX: Final = 10
HEADERS_MAX: Final = 100  # of a request; browsers behind two proxies send some forty
# For a reader to take something of an answer that waits for them, some tens of kilobytes at a time.
READER_SECONDS_MAX: Final = 60
# Open connections; each costs some tens of kilobytes. Newcomers beyond that are told 503, and
# beyond twice as many nothing any more.
CONNECTIONS_MAX: Final = 4_000
# Connections that wait to be taken up. Where that is full the kernel drops what a client says next,
# and the client says it again after 0.2, 0.4, ... 6.4 seconds: an answer that takes as long.
WAITING_CONNECTIONS_MAX: Final = 4_096
# How many of them are taken up each time round the loop. It takes one for each listening socket it
# has; when it is busy and goes round fifty times a second, the last of four thousand would wait for
# more than a minute.
TAKEN_UP_AT_ONCE: Final = 32
IDLE_SECONDS_MAX: Final = 15
GARBAGE_AFTER_OBJECTS: Final = 20_000  # by default it is looked for ten times during a commit
# For the requests under way when it is told to stop. After them come the commit that hangs, the
# trail and the end of the process itself, all within what `app.entry.workers` grants.
DRAIN_SECONDS_MAX: Final = 8

# What is answered here never comes to the application, which would add these.
_ENDING: Final = b"".join(name + b": " + value + b"\r\n" for name, value in OF_ANSWERS) + (
    b"cache-control: no-store\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)
_TOO_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\n" + _ENDING
_NOT_HTTP: Final = b"HTTP/1.1 400 Bad Request\r\n" + _ENDING


class _Timer:
    """
    A timer that is set and cancelled with every request, and hardly ever rings.

    One of the loop's own costs as much as reading a request does. So cancelling only takes a note,
    and the loop's timer, once it is set, may ring in vain.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handle: asyncio.TimerHandle | None = None
        self._callback: Callable[[], None] | None = None  # None: it is not set
        self._due_s = 0.0  # on the loop's clock

    def call_later(self, seconds: float, callback: Callable[[], None]) -> "_Timer":
        """Set it; what it was set for before is forgotten."""
        self._callback = callback
        self._due_s = self._loop.time() + seconds
        if self._handle is not None and self._handle.when() > self._due_s:
            self.close()
        if self._handle is None:
            self._handle = self._loop.call_later(seconds, self._ring)
        return self

    def cancel(self) -> None:
        """Let it not ring."""
        self._callback = None

    def close(self) -> None:
        """Give the loop's timer back."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _ring(self) -> None:
        self._handle = None
        callback, left_s = self._callback, self._due_s - self._loop.time()
        if callback is None:
            return
        if left_s > 0:
            self._handle = self._loop.call_later(left_s, self._ring)
            return
        self._callback = None
        callback()


class _ConnectionLoop(_Timer):
    """What uvicorn asks of a loop for one connection: the timer of its idleness, and tasks."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.create_task = loop.create_task
        self.loop = loop


class _Joined:
    """
    A connection's transport, on which the head of an answer waits for what comes behind it.

    Uvicorn writes head and body one after the other, and each is a packet of its own that the
    kernel takes to the reader: the dearest thing that happens to a small answer.
    """

    __slots__ = ("_held", "_loop", "_transport", "is_closing")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: bytes | None = None
        self.is_closing = transport.is_closing  # asked with every answer

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  all that is not about writing
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write what was held together with this; hold this where nothing was."""
        held, self._held = self._held, None
        if held is not None:
            self._transport.write(held + data)
        elif data:
            self._held = data
            self._loop.call_soon(self._let_go)  # an answer may be a head alone

    def close(self) -> None:
        """Write what is held, then close."""
        self._let_go()
        self._transport.close()

    def _let_go(self) -> None:
        if self._held is not None:
            self._transport.write(self._held)
            self._held = None


class BoundedProtocol(HttpToolsProtocol):
    """
    A connection whose request heads are bounded in bytes, in number and in time, one of a bounded
    number, whose answers are taken within bounds.

    Uvicorn alone lets a client hold a connection for ever, or send headers until the memory is
    full, or ask for much and take nothing; and where there are too many connections, it refuses the
    requests of all of them.
    """

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401  whatever uvicorn gives
        super().__init__(*args, **options)
        self._head_timer = _Timer(self.loop)
        self._reader_timer = _Timer(self.loop)
        self._idleness = _ConnectionLoop(self.loop)
        self.loop = self._idleness  # type: ignore[assignment]
        self._connections_max, self.limit_concurrency = self.limit_concurrency, None
        self._head_bytes = 0
        self._head_began = False
        self._head_is_open = True  # the first one is expected from the start

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect the first request."""
        joined = _Joined(transport, self._idleness.loop)
        super().connection_made(joined)  # type: ignore[arg-type]
        self._head_timer.call_later(HEAD_SECONDS_MAX, self.transport.close)
        if self._connections_max is None or len(self.connections) <= self._connections_max:
            return
        if len(self.connections) > 2 * self._connections_max:
            self.transport.abort()
        # Said once its request is there: an answer to nothing may be lost when the request comes.
        self.app = _crowded

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._head_timer.close()
        self._reader_timer.close()
        super().connection_lost(exc)
        self._idleness.close()

    def data_received(self, data: bytes) -> None:
        """Count what belongs to a head that is not complete."""
        self._head_began = False
        super().data_received(data)
        if not self._head_is_open:
            self._head_timer.cancel()
        # The piece in which a head begins may hold the end of a body too; one piece is bounded.
        elif self._head_began:
            self._head_timer.call_later(HEAD_SECONDS_MAX, self.transport.close)
        else:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self._end_with(_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Begin a head."""
        self._head_began = self._head_is_open = True
        self._head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """End a head."""
        self._head_is_open = False
        if len(self.headers) > HEADERS_MAX:
            self.app = _wordy  # for good: its answer ends the connection
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  its text is for people
        """Answer what is no request, and close."""
        self._end_with(_NOT_HTTP)

    def pause_writing(self) -> None:
        """Give who does not take their answer some time, and then end the connection."""
        super().pause_writing()
        self._reader_timer.call_later(READER_SECONDS_MAX, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: something was taken."""
        self._reader_timer.cancel()
        super().resume_writing()

    def _end_with(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()


_LAST: Final = (
    *OF_ANSWERS,
    (b"cache-control", b"no-store"),
    (b"content-length", b"0"),
    (b"connection", b"close"),
)


async def _crowded(_scope: Scope, _receive: Receive, send: Send) -> None:
    headers = [*_LAST, (b"retry-after", b"1")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _wordy(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 431, "headers": list(_LAST)})
    await send({"type": "http.response.body", "body": b""})


class _Server(uvicorn.Server):
    """A server that says when it has come to serving."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve from here on, until told to stop."""
        await super().startup(sockets)
        if self.started:
            log.info("serving", host=self.config.host, port=self.config.port)


class _Worker(_Server):
    """A server that is one of several, and does not outlive the process that began them."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve from here on, until told to stop or left alone."""
        loop = asyncio.get_running_loop()
        ours = sys.stdin.fileno()

        def on_input() -> None:
            if not os.read(ours, 1):
                loop.remove_reader(ours)
                self.should_exit = True

        loop.add_reader(ours, on_input)
        await super().startup(sockets)


def serve(
    factory: str | Callable[[], ASGIApp],
    *,
    host: str,
    port: int,
    connections_max: int = CONNECTIONS_MAX,
    listener: socket.socket | None = None,
) -> bool:
    """
    Serve until told to stop; requests under way are finished then.

    Args:
        factory: what makes the application, itself or as ``module:function``.
        host: address to listen on.
        port: port to listen on.
        connections_max: open connections; further ones are told 503.
        listener: where this is one of several workers (`app.entry.workers`): its socket, bound
            to host and port.

    Returns:
        Whether it came to serving at all.
    """
    # Uvicorn ends with the signal that stopped it; having drained, that is a good end.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    if listener is not None:  # Ctrl-C reaches all processes of a terminal
        signal.signal(signal.SIGINT, lambda _number, _frame: sys.exit(0))
    config = _loaded(factory, (host, port), connections_max)
    server = _Server(config) if listener is None else _Worker(config)
    if (listener := listener or _listening(host, port)) is None:
        return False
    server.run(_often(listener))
    return server.started


def _loaded(
    factory: str | Callable[[], ASGIApp], address: tuple[str, int], connections_max: int
) -> uvicorn.Config:
    host, port = address
    config = uvicorn.Config(
        factory,
        factory=True,
        host=host,
        port=port,
        http=BoundedProtocol,
        ws="none",
        # Whose guesses are counted is the socket's peer: a header that names another is anybody's.
        proxy_headers=False,
        loop="uvloop",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=connections_max,
        backlog=WAITING_CONNECTIONS_MAX,
        timeout_keep_alive=IDLE_SECONDS_MAX,
        timeout_graceful_shutdown=DRAIN_SECONDS_MAX,
    )
    # The application is made of some ten thousand objects that stay: none is worth a look for
    # garbage, now or later. Nor is much of what comes later, the committer's memory for the most.
    gc.disable()
    config.load()
    gc.freeze()
    gc.set_threshold(GARBAGE_AFTER_OBJECTS, 20, 20)
    gc.enable()
    return config


def _listening(host: str, port: int) -> socket.socket | None:
    try:
        made = bound(host, port)
        # At once, for two that are bound and do not listen yet do not hear of each other.
        made.listen(WAITING_CONNECTIONS_MAX)
    except OSError as error:
        log.error("port_unavailable", port=port, error=error.strerror)  # noqa: TRY400  no news
        return None
    return made


def _often(listener: socket.socket) -> list[socket.socket]:
    """Return a listening socket as many times as the loop is to take up connections at once."""
    return [listener, *(listener.dup() for _ in range(TAKEN_UP_AT_ONCE - 1))]
