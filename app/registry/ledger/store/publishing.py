"""
The state of the ledger as text: what the register publishes for outsiders to compare with.

The form and its order are described in `app.registry.replay.state`, which tells the same from the
log alone.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import driver
from app.registry.log import store as log

_PIECES_WAITING_MAX: Final = 16

# As `app.registry.ledger.serials.account_number` makes it.
_NUMBER: Final = (
    "'TH-' || lpad(ID::text, greatest(6, length(ID::text)), '0')"
    " || '-' || lpad((98 - ID * 100 % 97)::text, 2, '0')"
)


def _with_numbers(query: str) -> str:
    return re.sub(r"NUMBER\((\S+)\)", lambda found: _NUMBER.replace("ID", found[1]), query)


# Each reads along a primary key, in its order, and is sent while it is read: nothing is sorted.
_ALONG_KEYS: Final = ("SET LOCAL enable_sort = off", "SET LOCAL enable_hashjoin = off")
_QUERIES: Final = tuple(
    _with_numbers(query)
    for query in (
        """
        SELECT 'account', NUMBER(id), kind, status, owner_party_id
          FROM accounts ORDER BY id""",
        """
        SELECT 'batch', serial_prefix, vintage, credits, log_index
          FROM batches ORDER BY id""",
        """
        SELECT 'balance', t.serial_prefix, NUMBER(s.account_id), s.credits
          FROM balances s JOIN batches t ON t.id = s.batch_id
         WHERE s.credits <> 0 ORDER BY s.account_id, s.batch_id""",
        """
        SELECT 'block', t.serial_prefix, b.first_serial,
               coalesce(b.next_serial - 1, t.credits), NUMBER(b.account_id), b.log_index
          FROM (SELECT *, lead(first_serial) OVER (
                           PARTITION BY batch_id ORDER BY first_serial) AS next_serial
                  FROM blocks) AS b
          JOIN batches t ON t.id = b.batch_id
         ORDER BY b.batch_id, b.first_serial""",
        """
        SELECT 'ending', log_index, CASE kind WHEN 4 THEN 'retired' ELSE 'cancelled' END,
               NUMBER(account_id), credits, commitment
          FROM endings ORDER BY log_index""",
    )
)


async def stream_state(connection: AsyncConnection) -> AsyncIterator[bytes]:
    """
    Tell the state of the ledger, as it is after the last act of the log.

    Args:
        connection: a read-only snapshot (`app.kernel.db.reading`); used by nobody else meanwhile.

    Yields:
        The text in pieces that end anywhere, as fast as they are taken; little is held.
    """
    head = await log.get_head(connection)
    yield f"size,{head.size}\n".encode()
    for setting in _ALONG_KEYS:
        await connection.execute(text(setting))
    for query in _QUERIES:
        async for piece in _copied(connection, query):
            yield piece


async def _copied(connection: AsyncConnection, query: str) -> AsyncIterator[bytes]:
    """Yield the rows of a query as the driver receives them, which waits for the one who takes."""
    pieces: asyncio.Queue[bytes | Exception | None] = asyncio.Queue(_PIECES_WAITING_MAX)

    async def copy() -> None:
        try:
            await driver(connection).copy_from_query(query, output=pieces.put, format="csv")
        except Exception as failure:  # noqa: BLE001  raised where the pieces are taken
            await pieces.put(failure)
        else:
            await pieces.put(None)

    copying = asyncio.create_task(copy())
    try:
        while (piece := await pieces.get()) is not None:
            if isinstance(piece, Exception):
                raise piece
            yield piece
    finally:
        copying.cancel()
        with suppress(asyncio.CancelledError):
            await copying
