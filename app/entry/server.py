"""Serves the application: uvicorn, with the bounds that it lacks."""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable
from typing import Any, Final

import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

log = structlog.get_logger()

# Line, headers and cookies of a request; a token takes half a kilobyte of it.
HEAD_BYTES_MAX: Final = 64 * 2**10
HEAD_SECONDS_MAX: Final = 10
# Open connections; each costs some tens of kilobytes. Beyond that newcomers are told 503.
CONNECTIONS_MAX: Final = 4_000
IDLE_SECONDS_MAX: Final = 15
DRAIN_SECONDS_MAX: Final = 10  # for the requests under way when it is told to stop

_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class BoundedProtocol(HttpToolsProtocol):
    """
    A connection whose request heads are bounded in bytes and in time.

    Uvicorn alone lets a client hold a connection for ever, or send headers until the memory is
    full.
    """

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401  whatever uvicorn gives
        super().__init__(*args, **options)
        self._head_bytes = 0
        self._head_began = False
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect the first request."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what belongs to a head that is not complete."""
        self._head_began = False
        super().data_received(data)
        # The piece in which a head begins may hold the end of a body too; one piece is bounded.
        if self._head_timer is None or self._head_began:
            return
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_BYTES_MAX and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        """Begin a head."""
        self._head_began = True
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        """End a head."""
        self._stop_timer()
        super().on_headers_complete()

    def _expect_head(self) -> None:
        self._stop_timer()
        self._head_bytes = 0
        self._head_timer = self.loop.call_later(HEAD_SECONDS_MAX, self._close_late)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _close_late(self) -> None:
        self._head_timer = None
        self.transport.close()


def serve(
    factory: str | Callable[[], ASGIApp],
    *,
    host: str,
    port: int,
    connections_max: int = CONNECTIONS_MAX,
) -> bool:
    """
    Serve until told to stop; requests under way are finished then.

    Args:
        factory: what makes the application, itself or as ``module:function``.
        host: address to listen on.
        port: port to listen on.
        connections_max: open connections; further ones are told 503.

    Returns:
        Whether it came to serving at all.
    """
    # Uvicorn ends with the signal that stopped it; having drained, that is a good end.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    config = uvicorn.Config(
        factory,
        factory=True,
        host=host,
        port=port,
        http=BoundedProtocol,
        ws="none",
        loop="uvloop",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=connections_max,
        timeout_keep_alive=IDLE_SECONDS_MAX,
        timeout_graceful_shutdown=DRAIN_SECONDS_MAX,
    )
    # The application is made of some ten thousand objects that stay: none is worth a look for
    # garbage, now or later.
    gc.disable()
    config.load()
    gc.freeze()
    gc.enable()
    server = uvicorn.Server(config)
    log.info("serving", host=host, port=port)
    server.run()
    return server.started
