"""
Files of applicants: encrypted, each with a key of its own, in the store of documents.

A file's key lies in its row, encrypted with the installation's (`second_factors.Vault`). Where the
row is gone the bytes are noise, in copies of the store too. They are removed after the commit that
took the row away; what is left of them, by whatever failed, is swept away.
"""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

import obstore
import structlog
from obstore.store import ObjectStore

from app.entry.places import Places
from app.entry.sealing import PIECE_BYTES, Opener, Sealer
from app.entry.second_factors import Vault
from app.entry.storage import open_store, reach_disk_with_folders
from app.kernel.ids import new_id
from app.registry.applications.refusals import ApplicationFilesBusyError

# A file is whole in memory, encrypted, while it is put: one that is put in parts and fails leaves
# parts in an object store that no listing shows. Twice this many of the largest, then.
PUTS_AT_ONCE_MAX: Final = 2
# On their way in, from the first byte of the body; most of that time they wait for the network.
UPLOADS_MAX: Final = 32
# On their way out to who comes with a secret; some three hundred kilobytes each.
DOWNLOADS_MAX: Final = 64
BUSY_RETRY_S: Final = 10
READ_BYTES: Final = 2**20  # of what was uploaded, at a time
LISTED_AT_ONCE: Final = 1_000
_FOLDER: Final = "applications"
_KEY_BYTES: Final = 32

log = structlog.get_logger()


class SealedFiles:
    """Encrypts files into the store, and reads them back."""

    def __init__(self, store: ObjectStore, folder: Path | None, vault: Vault) -> None:
        self._store = store
        self._folder = folder  # None: not on this machine
        self._vault = vault
        self._turns = asyncio.Semaphore(PUTS_AT_ONCE_MAX)
        self.uploads = Places(UPLOADS_MAX, _busy)
        self.downloads = Places(DOWNLOADS_MAX, _busy)

    async def put(self, content: BinaryIO, *, digest: str) -> tuple[str, bytes]:
        """
        Keep a file.

        Args:
            content: what was uploaded; it is read in a thread.
            digest: SHA-256 of it, hexadecimal, which it is bound to.

        Returns:
            What it is found by, and its key, encrypted: without both kept, it is swept away.
        """
        file_id, key = new_id("apf"), secrets.token_bytes(_KEY_BYTES)
        path = f"{_FOLDER}/{file_id}"
        async with self._turns:
            sealer = Sealer(key, _bound(file_id, digest))
            sealed = await asyncio.to_thread(_sealed, content, sealer, digest)
            try:
                await obstore.put_async(self._store, path, sealed, mode="create")
                if self._folder is not None:
                    await asyncio.to_thread(reach_disk_with_folders, self._folder / path)
            except Exception:
                await self.drop([file_id])
                raise
        return file_id, self._vault.seal(key, _bound(file_id, digest))

    async def open(self, file_id: str, sealed_key: bytes, *, digest: str) -> AsyncIterator[bytes]:
        """
        Return a file's content in pieces, the first of which is there already.

        Where a later one is not what was put, the iterator raises `InvalidTag`.

        Args:
            file_id: what it is found by.
            sealed_key: its key, encrypted.
            digest: SHA-256 that it was kept with.

        Raises:
            FileNotFoundError: it is not there. Where its row still is, the storage is damaged.
            InvalidTag: key or content are not those of this file.
        """
        key = self._vault.unseal(sealed_key, _bound(file_id, digest))
        found = await obstore.get_async(self._store, f"{_FOLDER}/{file_id}")
        stream = aiter(found.stream(min_chunk_size=PIECE_BYTES))
        pieces = _opened(stream, Opener(key, _bound(file_id, digest)))
        return _after(await anext(pieces), pieces)

    async def drop(self, file_ids: Iterable[str]) -> None:
        """Remove bytes that nothing refers to; what cannot be removed now is swept away later."""
        for file_id in file_ids:
            try:
                await self._remove(file_id)
            except Exception as error:  # noqa: BLE001  whatever it is, the sweep comes again
                log.warning("file_not_dropped", error=type(error).__name__)

    async def sweep(
        self, list_known: Callable[[list[str]], Awaitable[list[str]]], *, before: datetime
    ) -> int:
        """
        Remove what nothing refers to any more.

        Args:
            list_known: returns those of some identifiers that are still kept.
            before: what was put later stays: it may be about to be kept.

        Returns:
            How many files were removed.
        """
        removed = 0
        chunks = self._listed()
        # In a thread: the store's own asynchronous listing outlives its loop.
        while chunk := await asyncio.to_thread(next, chunks, None):
            old = [name for name, put_at in chunk if put_at < before]
            known = set(await list_known(old)) if old else set()
            for name in old:
                if name not in known:
                    await self._remove(name)
                    removed += 1
        return removed + await asyncio.to_thread(self._remove_unfinished, before)

    async def _remove(self, file_id: str) -> None:
        with suppress(FileNotFoundError):  # somebody else was first
            await obstore.delete_async(self._store, f"{_FOLDER}/{file_id}")

    def _remove_unfinished(self, before: datetime) -> int:
        """Remove what a process that was killed had not put whole; no listing shows it."""
        if self._folder is None:
            return 0
        removed = 0
        for left in (self._folder / _FOLDER).glob("*#*"):
            if left.stat().st_mtime < before.timestamp():
                left.unlink(missing_ok=True)
                removed += 1
        return removed

    def _listed(self) -> Iterator[list[tuple[str, datetime]]]:
        for chunk in obstore.list(self._store, prefix=_FOLDER, chunk_size=LISTED_AT_ONCE):
            yield [(one["path"].rpartition("/")[2], one["last_modified"]) for one in chunk]


def open_sealed_files(url: str, vault: Vault) -> SealedFiles:
    """
    Open the files of applicants in the store of documents at an address (`storage.open_store`).

    Raises:
        ValueError: the address is of another kind.
    """
    return SealedFiles(*open_store(url), vault)


def _sealed(content: BinaryIO, sealer: Sealer, digest: str) -> bytes:
    content.seek(0)
    seen, sealed = hashlib.sha256(), []
    while portion := content.read(READ_BYTES):
        seen.update(portion)
        sealed.append(sealer.feed(portion))
    assert seen.hexdigest() == digest, "what is kept is not what was looked at"
    return b"".join([*sealed, sealer.finish()])


async def _opened(stream: AsyncIterator[bytes], opener: Opener) -> AsyncIterator[bytes]:
    # On the loop: a piece takes less time than it takes to hand it to a thread.
    async for portion in stream:
        if piece := opener.feed(bytes(portion)):
            yield piece
    yield opener.finish()


async def _after(first: bytes, others: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in others:
        yield piece


def _busy() -> ApplicationFilesBusyError:
    return ApplicationFilesBusyError(retry_after_s=BUSY_RETRY_S)


def _bound(file_id: str, digest: str) -> bytes:
    return f"file\n{file_id}\n{digest}".encode()
