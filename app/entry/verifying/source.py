"""Where a log is read: over HTTP, or from a folder that somebody downloaded."""

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, Protocol

import httpx2

from app.entry.verifying.findings import UnreachableError

# An entry bundle of 256 entries of the largest size, and their lengths.
FILE_BYTES_MAX: Final = 256 * (65_535 + 2)
STATE: Final = "state"
_SILENT_SECONDS_MAX: Final = 30.0
_CONNECT_SECONDS_MAX: Final = 10.0
_TRIES_MAX: Final = 3
_PIECE_BYTES: Final = 1 << 16
_NOT_FOUND: Final = 404
_BUSY: Final = frozenset({429, 502, 503, 504})
# Who sends a byte now and then would never be too slow for a time limit between two bytes.
_SLOW_SECONDS_MAX: Final = 60.0
_SLOW_BYTES_PER_SECOND: Final = 1 << 14


class Source(Protocol):
    """The files of a published log, by their addresses below the log's."""

    name: str
    address: str | None  # None: a folder

    def find(self, path: str) -> bytes | None:
        """
        Return a file; None: there is none.

        Raises:
            UnreachableError: it could not be asked.
        """

    def save_state(self, file: IO[bytes], *, bytes_max: int) -> bool:
        """
        Write the published state of the register into a file.

        Returns:
            Whether there is one.

        Raises:
            UnreachableError: it could not be read to its end, or is larger than that.
        """


class Folder:
    """A folder with a copy of the log."""

    def __init__(self, folder: Path) -> None:
        self.name = str(folder)
        self.address: str | None = None
        self._folder = folder

    def find(self, path: str) -> bytes | None:
        """Return a file; None: there is none."""
        kept = self._open(path)
        if kept is None:
            return None
        with kept:
            content = kept.read(FILE_BYTES_MAX + 1)
        if len(content) > FILE_BYTES_MAX:
            raise UnreachableError(f"{self._folder / path} is larger than any file of a log")
        return content

    def save_state(self, file: IO[bytes], *, bytes_max: int) -> bool:
        """Copy the state that was downloaded with the log, if it was."""
        kept = self._open(STATE)
        if kept is None:
            return False
        with kept:
            while piece := kept.read(_PIECE_BYTES):
                file.write(piece)
                if file.tell() > bytes_max:
                    raise UnreachableError(f"{self._folder / STATE} is larger than any state")
        return True

    def _open(self, path: str) -> IO[bytes] | None:
        """Open a file, and nothing that could be read for ever, or never."""
        try:
            descriptor = os.open(self._folder / path, os.O_RDONLY | os.O_NONBLOCK)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as fault:
            raise UnreachableError(f"{self._folder / path}: {fault.strerror}") from None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise UnreachableError(f"{self._folder / path} is no file")
        return os.fdopen(descriptor, "rb")


class Web:
    """A log over HTTP: an address that ends in the log's prefix, or the registry's."""

    def __init__(self, address: str) -> None:
        self.name = address.rstrip("/")
        self.address: str | None = self.name if self.name.endswith("/log") else f"{self.name}/log"
        # What comes is taken as it is: a few bytes can be compressed to unpack to any number.
        self._client = httpx2.Client(
            timeout=httpx2.Timeout(_SILENT_SECONDS_MAX, connect=_CONNECT_SECONDS_MAX),
            headers={"Accept-Encoding": "identity"},
        )

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def find(self, path: str) -> bytes | None:
        """Return a file; None: there is none."""
        failure = ""
        for _ in range(_TRIES_MAX):
            try:
                with self._client.stream("GET", f"{self.address}/{path}") as answer:
                    if answer.status_code == _NOT_FOUND:
                        return None
                    if answer.is_success:
                        content = bytearray()
                        for piece in _pieces(answer, FILE_BYTES_MAX):
                            content += piece
                        return bytes(content)
                    failure = f"it answers {answer.status_code}"
                    if answer.status_code not in _BUSY:
                        break
            except httpx2.HTTPError as fault:
                failure = _words_of(fault)
            except (httpx2.InvalidURL, UnicodeError) as fault:
                failure = _words_of(fault)
                break
        raise UnreachableError(f"{self.address}/{path}: {failure}")

    def save_state(self, file: IO[bytes], *, bytes_max: int) -> bool:
        """Download the state of the register as it is now."""
        address = f"{self.address}/{STATE}"
        try:
            with self._client.stream("GET", address) as answer:
                if answer.status_code == _NOT_FOUND:
                    return False
                if not answer.is_success:
                    raise UnreachableError(f"{address}: it answers {answer.status_code}")
                for piece in _pieces(answer, bytes_max):
                    file.write(piece)
        except httpx2.HTTPError as fault:
            raise UnreachableError(f"{address}: {_words_of(fault)}") from None
        return True


class Keeping:
    """A source whose files are kept in a folder as they are read, to be verified there again."""

    def __init__(self, source: Source, folder: Path) -> None:
        self.name = source.name
        self.address = source.address
        self._source = source
        self._folder = folder

    def find(self, path: str) -> bytes | None:
        """Return a file, and keep it."""
        content = self._source.find(path)
        if content is not None:
            target = self._folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return content

    def save_state(self, file: IO[bytes], *, bytes_max: int) -> bool:
        """Download the state, and keep it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        kept = self._folder / STATE
        if not self._source.save_state(file, bytes_max=bytes_max):
            kept.unlink(missing_ok=True)  # it would be compared with a log that is not its own
            return False
        file.seek(0)
        # Beside it first: it may be the very file that was read.
        partial = kept.with_name(f".{STATE}.partial")
        with partial.open("wb") as copied:
            while piece := file.read(_PIECE_BYTES):
                copied.write(piece)
        partial.replace(kept)
        return True


@contextmanager
def open_source(where: str, *, keep: Path | None) -> Iterator[Source]:
    """
    Open a log.

    Args:
        where: ``http://…``, ``https://…``, or a folder.
        keep: a folder to keep a copy in; None: none is kept.

    Raises:
        UnreachableError: it is neither an address nor a folder.
    """
    if where.startswith(("http://", "https://")):
        web = Web(where)
        try:
            yield Keeping(web, keep) if keep else web
        finally:
            web.close()
        return
    folder = Path(where)
    if not folder.is_dir():
        raise UnreachableError(f"{where} is neither an address (http…) nor a folder")
    yield Keeping(Folder(folder), keep) if keep else Folder(folder)


def _pieces(answer: httpx2.Response, bytes_max: int) -> Iterator[bytes]:
    """Yield what an answer holds, unless it is without end in size or in time."""
    began_s = time.monotonic()
    total = 0
    for piece in answer.iter_raw():
        total += len(piece)
        if total > bytes_max:
            raise UnreachableError(f"{answer.url} is larger than any such file of a log")
        if time.monotonic() - began_s > _SLOW_SECONDS_MAX + total / _SLOW_BYTES_PER_SECOND:
            raise UnreachableError(f"{answer.url} comes too slowly")
        yield piece


def _words_of(fault: Exception) -> str:
    return str(fault) or type(fault).__name__
