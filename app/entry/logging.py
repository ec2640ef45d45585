"""Log lines: constant events with fields, for people on a console or as JSON for machines."""

import asyncio
import atexit
import io
import json
import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, NamedTuple, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from app.kernel import clock

LogFormat = Literal["console", "json"]

# The request that is being served; None: what is said is said for none.
request_id: Final[ContextVar[str | None]] = ContextVar("request_id", default=None)


def _name_request(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    served = request_id.get()
    if served is not None:
        event["request_id"] = served
    return event


_SHARED: Final[list[Processor]] = [
    _name_request,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


class Served(NamedTuple):
    """A request that was served, as its line in the log tells of it: nothing of the caller."""

    method: str
    operation: str | None  # None: there is nothing at the address
    status: int | None  # None: the caller left before there was an answer
    ms: float


# How long a request's line may wait for company; whoever kills the process loses so much of them.
GATHER_SECONDS: Final = 0.1

_Line = tuple[Served, str, datetime]  # what a line tells, of which request, and when


class _Lossy(io.TextIOBase):
    """
    Standard error, but a line that cannot be written is lost.

    A full disk, or a reader that has gone, must not fail the act that was to be told of. Lines of
    requests are gathered for a moment, then put together and written as one: one by one, that costs
    as much as sending answers.
    """

    def __init__(self) -> None:
        self._gathered: list[_Line] = []

    def write(self, text: str) -> int:
        """Write what can be written, after what was gathered."""
        gathered, self._gathered = self._gathered, []
        lines = [_form.of_request(*line) for line in gathered]
        with suppress(OSError):
            sys.stderr.write("".join([*lines, text]))
        return len(text)

    def gather(self, line: _Line) -> None:
        """Write a line within a moment, or at once where there is no loop to wait on."""
        self._gathered.append(line)
        if len(self._gathered) == 1:
            try:
                asyncio.get_running_loop().call_later(GATHER_SECONDS, self.write, "")
            except RuntimeError:
                self.write("")

    def flush(self) -> None:
        """Send it on, if somebody takes it."""
        with suppress(OSError):
            sys.stderr.flush()


def _as_json(served: Served, named: str, at: datetime) -> str:
    method, operation, status, ms = served
    return (
        f'{{"method": {_quoted(method)}, "operation": {_quoted(operation)}, '
        f'"status": {"null" if status is None else status}, "ms": {ms}, "event": "request", '
        f'"request_id": {_quoted(named)}, "level": "info", "timestamp": "{_moment(at)}"}}\n'
    )


def _as_text(served: Served, named: str, at: datetime) -> str:
    method, operation, status, ms = served
    return (
        f"{_moment(at)} [info     ] {'request':<30} method={method} ms={ms} "
        f"operation={operation} request_id={named} status={status}\n"
    )


def _moment(at: datetime) -> str:
    return at.isoformat().removesuffix("+00:00") + "Z"


_quoted: Final = json.JSONEncoder(ensure_ascii=False).encode
_LINES: Final = {"json": _as_json, "console": _as_text}


@dataclass(slots=True)
class _Form:
    """The form that lines have; none before `configure`."""

    processors: list[Processor] = field(default_factory=list)  # what structlog works with
    count: int = -1  # of those; a test that looks on puts others in their place
    is_plain: bool = False  # or coloured, which only structlog knows how to
    of_request: Callable[[Served, str, datetime], str] = _as_text


_form: Final = _Form()
_lossy: Final = _Lossy()
atexit.register(_lossy.write, "")


def configure(log_format: LogFormat) -> None:
    """Send our own events and those of libraries to standard error, in one form."""
    finish = _finish(log_format)
    _form.processors = [*_SHARED, *finish]
    _form.count = len(_form.processors)
    # Colours are for people, and people do not read thousands of lines a second.
    _form.is_plain = log_format == "json" or not sys.stderr.isatty()
    _form.of_request = _LINES[log_format]
    structlog.configure(
        processors=_form.processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _lossy)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *finish],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Libraries speak at length about every step; what is wrong they say at warning.
    root.setLevel(logging.WARNING)


def note_request(served: Served) -> None:
    """
    Write the line that every request leaves.

    Nearly all lines are such ones, so they are put together here as structlog would write them, at
    a tenth of the price.
    """
    if not _form.is_plain or len(_form.processors) != _form.count:
        structlog.get_logger().info("request", **served._asdict())
        return
    _lossy.gather((served, request_id.get() or "", clock.now()))


def _finish(log_format: LogFormat) -> list[Processor]:
    if log_format == "json":
        return [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    # The plain form of a stack: the pretty one prints the values of variables, and some are
    # secrets.
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    ]
