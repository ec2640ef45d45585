"""Copying into tables of the register as their owner, and their indexes meanwhile."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

_FILE_HEAD: Final = b"PGCOPY\n\xff\r\n\x00" + struct.pack(">ii", 0, 0)
_FILE_END: Final = struct.pack(">h", -1)
_PIECES_WAITING_MAX: Final = 4

# Keys that rows do not come in the order of: finding each one's place would take longer than
# sorting them all in the end.
_KEYS_OUT_OF_ORDER: Final = ("pk_answers", "pk_balances", "pk_blocks")
_INDEXES: Final = """
    SELECT c.relname AS table, i.relname AS name, k.conname AS key,
           coalesce(pg_get_constraintdef(k.oid), pg_get_indexdef(i.oid)) AS definition
      FROM pg_index x
      JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
      LEFT JOIN pg_constraint k ON k.conindid = i.oid AND k.contype IN ('p', 'u')
     WHERE c.relname = ANY($1) ORDER BY c.relname, i.relname
"""
_SUMS: Final = """
    INSERT INTO ledger_sums
    SELECT date_part('year', e.recorded_at AT TIME ZONE 'Asia/Bangkok'), t.programme_code,
           coalesce(t.province_code, ''), p.account_id, sum(p.credits)
      FROM ledger_entries e JOIN batches t ON t.id = e.batch_id
     CROSS JOIN LATERAL (
         VALUES (CASE WHEN e.to_account > 1000 THEN 0 ELSE e.to_account END,
                 e.last_serial - e.first_serial + 1),
                (CASE WHEN e.from_account > 1000 THEN 0 ELSE e.from_account END,
                 e.first_serial - e.last_serial - 1)) AS p(account_id, credits)
     WHERE least(e.from_account, e.to_account) <= 1000
     GROUP BY 1, 2, 3, 4
"""


class Copied:
    """A table that is copied into, piece by piece, in the binary form of COPY."""

    def __init__(self, table: str, columns: str) -> None:
        self._table = table
        self._columns = columns.split()
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue(_PIECES_WAITING_MAX)

    async def put(self, piece: bytes | None) -> None:
        """Copy rows, as soon as there is room; None: there are no more."""
        if piece != b"":
            await self._pieces.put(piece)

    async def copy(self, url: str) -> None:
        """Copy what comes, until there is no more."""
        owner = await asyncpg.connect(url)
        try:
            await owner.copy_to_table(
                self._table, source=self._file(), columns=self._columns, format="binary"
            )
        finally:
            await owner.close()

    async def _file(self) -> AsyncIterator[bytes]:
        yield _FILE_HEAD
        while (piece := await self._pieces.get()) is not None:
            yield piece
        yield _FILE_END


@asynccontextmanager
async def indexes_later(owner: asyncpg.Connection, tables: Sequence[str]) -> AsyncIterator[None]:
    """
    Take the indexes of tables away that copying would have to keep in step, and build them again.

    The primary keys that rows come in the order of stay. In the end every index is as it was.
    """
    before = await owner.fetch(_INDEXES, tables)
    again = []
    for table, name, key, definition in before:
        if key is None:
            await owner.execute(f"DROP INDEX {name}")
            again.append(definition)
        elif key in _KEYS_OUT_OF_ORDER:
            await owner.execute(f"ALTER TABLE {table} DROP CONSTRAINT {key}")
            again.append(f"ALTER TABLE {table} ADD CONSTRAINT {key} {definition}")
    yield
    await owner.execute("SET maintenance_work_mem = '1GB'")
    for statement in again:
        await owner.execute(statement)
    assert await owner.fetch(_INDEXES, tables) == before


@asynccontextmanager
async def sums_later(owner: asyncpg.Connection) -> AsyncIterator[None]:
    """
    Add up what entries move once all are there, in a register that has none yet.

    What is copied beside them, from other connections, their own trigger could not see: it would
    leave out the entries of batches that are not committed yet.
    """
    trigger = "TRIGGER entries_are_summed"
    await owner.execute(f"ALTER TABLE ledger_entries DISABLE {trigger}")
    yield
    await owner.execute(_SUMS)
    await owner.execute(f"ALTER TABLE ledger_entries ENABLE {trigger}")
