"""
A register large enough that the database's planner no longer reads whole tables because they fit.

The ledger and the log are filled as the benchmark does it; the other subjects get rows that obey
their tables and no more than that. Wherever something is looked for by a key, one key has thousands
of rows, most have one or two, and some have none.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import asyncpg
from bench_growth import World, fill_by_copy

from app.registry.parties.policy import Actor
from app.registry.parties.rules import PartyKind, Role

ROWS: Final = 10_000
LEDGER_BLOCKS: Final = 40_000
# Beyond every act of the log that was copied.
_LOG: Final = 1_000_000_000


def an_id(prefix: str, number: int) -> str:
    """Return the identifier of a row that was made here."""
    return f"{prefix}_{number:026}"


@dataclass(frozen=True)
class Large:
    """What a large register has under the keys that tests look for."""

    url: str
    account: int  # of a holder
    busy_account: int  # the one that a tenth of everything has left
    batch: str  # serial prefix
    batch_id: int
    size: int  # of the log
    idle_account: int  # nothing was ever in it
    recorded_at: datetime  # of an act in the middle
    retired: int  # log index of a retirement
    moved: int  # log index of a transfer
    serial: int  # of the batch
    brought_by: int  # log index of the movement that brought this serial where it is
    key: tuple[str, str]  # of an answer


def _actor(number: int, kind: PartyKind, role: Role) -> Actor:
    return Actor(an_id("usr", number), an_id("pty", number), kind, frozenset({role}))


BUSY_DEVELOPER: Final = _actor(1, PartyKind.DEVELOPER, Role.DEVELOPER)
VIEWERS: Final = (
    None,
    BUSY_DEVELOPER,
    _actor(401, PartyKind.DEVELOPER, Role.DEVELOPER),
    _actor(3, PartyKind.VVB, Role.VERIFIER_LEAD),
    _actor(5, PartyKind.AUTHORITY, Role.OFFICER),
)


_SCRIPT: Final = Path(__file__).with_suffix(".sql")


async def an_imported_register(url: str) -> Large:
    """Fill a founded database with batches from elsewhere; nothing has been moved yet."""
    world = await fill_by_copy(url, blocks=ROWS, accounts=100, users=20, blocks_per_batch=1)
    owner = await asyncpg.connect(url)
    try:
        return await _keys_of(owner, url, world)
    finally:
        await owner.close()


async def a_large_register(url: str) -> Large:
    """Fill a founded database."""
    world = await fill_by_copy(url, blocks=LEDGER_BLOCKS, accounts=100, users=20)
    owner = await asyncpg.connect(url)
    try:
        # What these rows refer to is there: looking it up for each would take most of the time.
        await owner.execute("SET session_replication_role = replica")
        script = _SCRIPT.read_text(encoding="utf-8")
        await owner.execute(script.replace("ROWS", str(ROWS)).replace("LOG", str(_LOG)))
        await owner.execute("VACUUM ANALYZE")
        return await _keys_of(owner, url, world)
    finally:
        await owner.close()


async def _keys_of(owner: asyncpg.Connection, url: str, world: World) -> Large:
    batch = await owner.fetchrow("SELECT id, serial_prefix FROM batches OFFSET 100 LIMIT 1")
    block = await owner.fetchrow(
        "SELECT * FROM blocks WHERE batch_id = $1 ORDER BY log_index DESC LIMIT 1", batch["id"]
    )
    answer = await owner.fetchrow("SELECT scope, key FROM answers LIMIT 1")
    size = await owner.fetchval("SELECT size FROM log_head")
    return Large(
        url=url,
        account=world.accounts[17],
        busy_account=world.sources[0].accounts[0],
        idle_account=100_001,
        batch=batch["serial_prefix"],
        batch_id=batch["id"],
        size=size,
        recorded_at=await owner.fetchval(
            "SELECT recorded_at FROM log_entries WHERE log_index = $1", size // 2
        ),
        retired=await owner.fetchval(
            "SELECT coalesce(max(log_index), 0) FROM endings WHERE log_index < $1", size
        ),
        moved=await owner.fetchval("SELECT max(log_index) FROM ledger_entries"),
        serial=block["first_serial"],
        brought_by=block["log_index"],
        key=tuple(answer or ("nobody", "none")),
    )
