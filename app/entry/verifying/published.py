"""The state that a register publishes of itself, downloaded to be compared."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Final

from app.entry.verifying.findings import NotCleanError
from app.entry.verifying.source import Source
from app.registry.log.checkpoints import parse_size
from app.registry.log.notes import MalformedError

# Longer ones are no lines of a state; cut into pieces they differ from all that a replay tells.
_LINE_BYTES_MAX: Final = 1 << 10
# More than the largest act can leave behind, and room for what was done since the checkpoint.
_BYTES_PER_ACT_MAX: Final = 1 << 16
_BYTES_MIN: Final = 1 << 26


@dataclass(frozen=True, slots=True)
class PublishedState:
    """What the register says of itself, and at which size of its log."""

    size: int
    _file: IO[bytes]

    def lines(self) -> Iterator[str]:
        """Yield it from its first line on."""
        self._file.seek(0)
        while line := self._file.readline(_LINE_BYTES_MAX):
            yield line.decode(errors="replace")


@contextmanager
def download_state(source: Source, *, size: int) -> Iterator[PublishedState | None]:
    """
    Read the published state into a file that goes with the caller.

    Args:
        source: where.
        size: of the log, about; it bounds how large its state can be.

    Yields:
        It, or None where there is none.

    Raises:
        NotCleanError: it does not say of which size it is.
        UnreachableError: it could not be read, or is without end.
    """
    with tempfile.TemporaryFile() as file:
        if not source.save_state(file, bytes_max=_BYTES_MIN + size * _BYTES_PER_ACT_MAX):
            yield None
            return
        file.seek(0)
        first = file.readline(_LINE_BYTES_MAX).decode(errors="replace")
        try:
            told = parse_size(first.removeprefix("size,").removesuffix("\n"))
        except MalformedError:
            raise NotCleanError("state_malformed", "the published state has no size") from None
        yield PublishedState(told, file)
