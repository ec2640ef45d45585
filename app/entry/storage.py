"""Where files are kept: a local folder, or an object store that speaks S3; and documents there."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import LocalStore, ObjectStore, S3Store

from app.kernel.files import reach_disk

# A file is in memory while it is handed to the store, so this many times the largest document is
# what uploads can take.
PUTS_AT_ONCE_MAX: Final = 2
PIECE_BYTES: Final = 256 * 1024


class Storage:
    """
    Write-once storage: a content lies under its SHA-256, and nothing is ever written over it.

    Contents are put before the act that mentions them, so an act that is refused leaves a content
    behind that nothing mentions: it costs room, and is found again when the same file comes back.
    """

    def __init__(self, store: ObjectStore, folder: Path | None) -> None:
        self._store = store
        self._folder = (
            folder  # None: not on this machine; the object store itself keeps what it acknowledged
        )
        self._puts = asyncio.Semaphore(PUTS_AT_ONCE_MAX)

    async def put(self, sha256: str, read: Callable[[], Awaitable[bytes]]) -> None:
        """
        Keep a content for good; one that is already kept stays as it is.

        Args:
            sha256: of the content, hexadecimal.
            read: returns the content when there is room for it in memory.
        """
        path = _path(sha256)
        async with self._puts:
            content = await read()
            try:
                await obstore.put_async(self._store, path, content, mode="create")
            except AlreadyExistsError:
                kept = await obstore.head_async(self._store, path)
                assert kept["size"] == len(content), "a kept content is not whole"
        if self._folder is not None:
            # Without it, a power cut soon after could lose a file whose act was acknowledged.
            await asyncio.to_thread(reach_disk_with_folders, self._folder / path)

    async def open(self, sha256: str) -> AsyncIterator[bytes]:
        """
        Return a content in pieces.

        Raises:
            FileNotFoundError: it is not there, though it was put: the storage is damaged.
        """
        found = await obstore.get_async(self._store, _path(sha256))
        return aiter(found.stream(min_chunk_size=PIECE_BYTES))


def make_storage(url: str) -> Storage:
    """
    Open the storage of documents at an address (`open_store`).

    Raises:
        ValueError: the address is of another kind.
    """
    return Storage(*open_store(url))


def open_store(url: str) -> tuple[ObjectStore, Path | None]:
    """
    Open what an address names.

    Args:
        url: ``file:///…`` for a folder, which is made where it is missing, or
            ``s3://bucket/prefix``, whose region and credentials come from the AWS variables of the
            environment.

    Returns:
        The store, and its folder; None where it is not on this machine.

    Raises:
        ValueError: the address is of another kind.
    """
    parts = urlsplit(url)
    if parts.scheme == "s3":
        return S3Store.from_url(url), None
    if parts.scheme != "file" or parts.netloc:
        raise ValueError("files are kept at file:///… or s3://…")
    folder = Path(url2pathname(parts.path))
    return LocalStore(prefix=folder, mkdir=True), folder


def _path(sha256: str) -> str:
    # Folders with a million entries are slow to list and to copy.
    return f"{sha256[:2]}/{sha256}"


def reach_disk_with_folders(file: Path) -> None:
    """Return when a file in a folder of a folder, and the names that lead to it, are on disk."""
    for kept in (file, file.parent, file.parent.parent):
        reach_disk(kept)
