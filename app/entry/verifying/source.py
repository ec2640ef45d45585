"""Where a log is read: over HTTP, or from a folder that somebody downloaded."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, Protocol

import httpx2

from app.entry.verifying.findings import UnreachableError

# An entry bundle of 256 entries of the largest size, and their lengths.
FILE_BYTES_MAX: Final = 256 * (65_535 + 2)
STATE: Final = "state"
_SECONDS_MAX: Final = 30.0
_TRIES_MAX: Final = 3
_PIECE_BYTES: Final = 1 << 16
_NOT_FOUND: Final = 404
_BUSY: Final = frozenset({429, 502, 503, 504})


class Source(Protocol):
    """The files of a published log, by their addresses below the log's."""

    name: str

    def find(self, path: str) -> bytes | None:
        """
        Return a file; None: there is none.

        Raises:
            UnreachableError: it could not be asked.
        """

    def save_state(self, file: IO[bytes]) -> bool:
        """
        Write the published state of the register into a file.

        Returns:
            Whether there is one.

        Raises:
            UnreachableError: it could not be read to its end.
        """


class Folder:
    """A folder with a copy of the log."""

    def __init__(self, folder: Path) -> None:
        self.name = str(folder)
        self._folder = folder

    def find(self, path: str) -> bytes | None:
        """Return a file; None: there is none."""
        try:
            return (self._folder / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as fault:
            raise UnreachableError(f"{self._folder / path}: {fault.strerror}") from None

    def save_state(self, file: IO[bytes]) -> bool:
        """Copy the state that was downloaded with the log, if it was."""
        try:
            with (self._folder / STATE).open("rb") as kept:
                while piece := kept.read(_PIECE_BYTES):
                    file.write(piece)
        except FileNotFoundError:
            return False
        return True


class Web:
    """A log over HTTP: an address that ends in the log's prefix, or the registry's."""

    def __init__(self, address: str) -> None:
        self.name = address.rstrip("/")
        self._base = self.name if self.name.endswith("/log") else f"{self.name}/log"
        self._client = httpx2.Client(timeout=_SECONDS_MAX)

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def find(self, path: str) -> bytes | None:
        """Return a file; None: there is none."""
        failure = ""
        for _ in range(_TRIES_MAX):
            try:
                with self._client.stream("GET", f"{self._base}/{path}") as answer:
                    if answer.status_code == _NOT_FOUND:
                        return None
                    if answer.is_success:
                        return _bounded(answer)
                    failure = f"it answers {answer.status_code}"
                    if answer.status_code not in _BUSY:
                        break
            except httpx2.HTTPError as fault:
                failure = str(fault) or type(fault).__name__
        raise UnreachableError(f"{self._base}/{path}: {failure}")

    def save_state(self, file: IO[bytes]) -> bool:
        """Download the state of the register as it is now."""
        try:
            with self._client.stream("GET", f"{self._base}/{STATE}") as answer:
                if answer.status_code == _NOT_FOUND:
                    return False
                if not answer.is_success:
                    raise UnreachableError(f"{self._base}/{STATE}: it answers {answer.status_code}")
                for piece in answer.iter_bytes(_PIECE_BYTES):
                    file.write(piece)
        except httpx2.HTTPError as fault:
            raise UnreachableError(f"{self._base}/{STATE}: {fault}") from None
        return True


class Keeping:
    """A source whose files are kept in a folder as they are read, to be verified there again."""

    def __init__(self, source: Source, folder: Path) -> None:
        self.name = source.name
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

    def save_state(self, file: IO[bytes]) -> bool:
        """Download the state, and keep it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / STATE).open("w+b") as kept:
            if not self._source.save_state(kept):
                return False
            kept.seek(0)
            while piece := kept.read(_PIECE_BYTES):
                file.write(piece)
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


def _bounded(answer: httpx2.Response) -> bytes:
    content = bytearray()
    for piece in answer.iter_bytes(_PIECE_BYTES):
        content += piece
        if len(content) > FILE_BYTES_MAX:
            raise UnreachableError(f"{answer.url} is larger than any file of a log")
    return bytes(content)
