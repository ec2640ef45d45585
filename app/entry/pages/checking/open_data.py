"""
The open data: all public tables as files, made once a day beside the work, never in a request.

It is made when somebody asks and the last is a day old; until it is there, the last one is served.
One process of a machine makes it (a lock in the folder says which), slowly, by the calls of the API
that anybody can make; so it holds what everybody may see and nothing else. Each file is known by
its SHA-256; what is served is what the manifest names, and the manifest changes at once.
"""

import asyncio
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog

from app.entry.pages.checking.open_files import make_files, write_line
from app.entry.pages.checking.open_tables import OpenTable
from app.entry.pages.client import Client
from app.kernel import clock

log = structlog.get_logger()

AGE_MAX: Final = timedelta(days=1)
# Older ones are not served: names that were erased since must not stay in them.
SERVED_AGE_MAX: Final = timedelta(days=2)
ROWS_PER_CALL: Final = 200  # as many as the API gives
PAUSE_S: Final = 0.01  # between calls: requests of people go first
_MANIFEST: Final = "manifest.json"
_READ_BYTES: Final = 1 << 20

Manifest = dict[str, Any]


class OpenData:
    """The files of an installation, in a folder of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._making: asyncio.Task[None] | None = None

    def served(self) -> Manifest | None:
        """Return which files are served; None: there are none, or they are too old."""
        manifest = self._manifest()
        return None if manifest is None or _age(manifest) > SERVED_AGE_MAX else manifest

    def _manifest(self) -> Manifest | None:
        try:
            found: Manifest = json.loads((self.folder / _MANIFEST).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return found

    @property
    def is_making(self) -> bool:
        """Whether this process makes them at this moment."""
        return self._making is not None and not self._making.done()

    def make_soon(self, client: Client, tables: tuple[OpenTable, ...]) -> None:
        """Begin to make them, where they are missing or a day old; returns at once."""
        manifest = self._manifest()
        if self.is_making or (manifest is not None and _age(manifest) < AGE_MAX):
            return
        self._making = asyncio.create_task(self._make(client, tables), name="open-data")

    async def _make(self, client: Client, tables: tuple[OpenTable, ...]) -> None:
        try:
            with _alone(self.folder) as is_ours:
                if is_ours:
                    await self._make_all(client, tables)
        except Exception:  # whoever asks next has it tried again
            log.exception("open_data_failed")

    async def _make_all(self, client: Client, tables: tuple[OpenTable, ...]) -> None:
        began = clock.now()
        head = await client.get("/log/head")
        work = self.folder / "making"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        made: list[dict[str, Any]] = []
        for table in tables:
            lines = work / f"{table.name}.lines"
            rows = await _read(client, table, lines)
            files = await asyncio.to_thread(make_files, lines, table.columns, rows)
            kept = await asyncio.to_thread(self._keep, table.name, files)
            made.append({"name": table.name, "call": f"/v1{table.call}", "rows": rows, **kept})
        manifest = {
            "made_at": began.isoformat(),
            "log_size": head["size"],
            "tables": made,
        }
        self._put(manifest)
        shutil.rmtree(work)
        log.info("open_data_made", rows=sum(table["rows"] for table in made))

    def _keep(self, name: str, files: dict[str, Path]) -> dict[str, Any]:
        """Move a table's files to where they stay, under names of their content."""
        kept = []
        for suffix, path in files.items():
            digest, size = _digest(path)
            stored = f"{name}-{digest[:16]}.{suffix}"
            path.replace(self.folder / stored)
            kept.append(
                {"name": f"{name}.{suffix}", "stored": stored, "sha256": digest, "bytes": size}
            )
        return {"files": kept}

    def _put(self, manifest: Manifest) -> None:
        """Let the new files be the ones that are served; those before the last go."""
        before = self._manifest()
        path = self.folder / f"{_MANIFEST}.new"
        path.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        path.replace(self.folder / _MANIFEST)
        # Somebody may still be reading the last ones.
        needed = {each["stored"] for m in (manifest, before) if m for each in files_of(m)}
        for each in self.folder.glob("*-*.*"):
            if each.is_file() and each.name not in needed:
                each.unlink()


def files_of(manifest: Manifest) -> Iterator[dict[str, Any]]:
    """Yield every file that a manifest names."""
    for table in manifest["tables"]:
        yield from table["files"]


async def _read(client: Client, table: OpenTable, to: Path) -> int:
    """Write a table's lines to a file; returns how many."""
    cursor, rows = None, 0
    with to.open("w", encoding="utf-8") as kept:
        while True:
            client.calls.clear()
            asked = {"limit": ROWS_PER_CALL, "cursor": cursor}
            listed = await client.get(table.call, asked)
            for row in listed["data"]:
                for line in table.lines(row):
                    kept.write(write_line(table.columns, line))
                    rows += 1
            cursor = listed["next_cursor"]
            if not listed["has_more"]:
                return rows
            await asyncio.sleep(PAUSE_S)


def _digest(path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_READ_BYTES):
            digest.update(piece)
            size += len(piece)
    return digest.hexdigest(), size


def _age(manifest: Manifest) -> timedelta:
    return clock.now() - datetime.fromisoformat(manifest["made_at"])


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Say whether no other process of this machine is at it, and keep them away meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(lock)
