"""Log lines: constant events with fields, for people on a console or as JSON for machines."""

import io
import logging
import sys
from contextlib import suppress
from typing import Final, Literal, TextIO, cast

import structlog
from structlog.typing import Processor

LogFormat = Literal["console", "json"]

_SHARED: Final[list[Processor]] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


class _Lossy(io.TextIOBase):
    """
    Standard error, but a line that cannot be written is lost.

    A full disk, or a reader that has gone, must not fail the act that was to be told of.
    """

    def write(self, text: str) -> int:
        """Write what can be written."""
        with suppress(OSError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        """Send it on, if somebody takes it."""
        with suppress(OSError):
            sys.stderr.flush()


def configure(log_format: LogFormat) -> None:
    """Send our own events and those of libraries to standard error, in one form."""
    finish = _finish(log_format)
    structlog.configure(
        processors=[*_SHARED, *finish],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Lossy())),
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
