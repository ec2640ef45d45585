"""
Files of applicants: encrypted, each with a key of its own, in the store of documents.

A file's key lies in its row, encrypted with the installation's (`second_factors.Vault`). Where the
row is gone the bytes are noise, in copies of the store too; what is left of them is swept away.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import obstore
from obstore.store import ObjectStore

from app.entry.second_factors import Vault
from app.entry.storage import open_store, reach_disk_with_folders
from app.kernel.encoding import sha256
from app.kernel.ids import new_id

# Files are whole in memory while they are encrypted or decrypted: twice this many of the largest.
AT_ONCE_MAX: Final = 2
LISTED_AT_ONCE: Final = 1_000
_FOLDER: Final = "applications"
_KEY_BYTES: Final = 32


class SealedFiles:
    """Encrypts files into the store, and reads them back."""

    def __init__(self, store: ObjectStore, folder: Path | None, vault: Vault) -> None:
        self._store = store
        self._folder = folder  # None: not on this machine
        self._vault = vault
        self._turns = asyncio.Semaphore(AT_ONCE_MAX)

    async def put(self, read: Callable[[], Awaitable[bytes]]) -> tuple[str, bytes]:
        """
        Keep a file.

        Args:
            read: returns the content when there is room for it in memory.

        Returns:
            What it is found by, and its key, encrypted: without both kept, it is swept away.
        """
        file_id, key = new_id("apf"), secrets.token_bytes(_KEY_BYTES)
        path = f"{_FOLDER}/{file_id}"
        async with self._turns:
            content = await read()
            sealed = await asyncio.to_thread(Vault(key).seal, content, _bound(file_id))
            await obstore.put_async(self._store, path, sealed, mode="create")
        if self._folder is not None:
            await asyncio.to_thread(reach_disk_with_folders, self._folder / path)
        return file_id, self._vault.seal(key, _bound(file_id))

    async def open(self, file_id: str, sealed_key: bytes, *, digest: str) -> bytes:
        """
        Return a file's content.

        Args:
            file_id: what it is found by.
            sealed_key: its key, encrypted.
            digest: SHA-256 that it was kept with.

        Raises:
            FileNotFoundError: it is not there, though it was put: the storage is damaged.
            InvalidTag: key or content are not those of this file.
        """
        key = self._vault.unseal(sealed_key, _bound(file_id))
        async with self._turns:
            found = await obstore.get_async(self._store, f"{_FOLDER}/{file_id}")
            sealed = bytes(await found.bytes_async())
            content = await asyncio.to_thread(Vault(key).unseal, sealed, _bound(file_id))
        assert sha256(content).hex() == digest, "a kept file is not the one that was uploaded"
        return content

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
                    await obstore.delete_async(self._store, f"{_FOLDER}/{name}")
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


def _bound(file_id: str) -> bytes:
    return f"file\n{file_id}".encode()
