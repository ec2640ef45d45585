"""The registers that are large: filled by COPY once a run, for every section that needs one."""

from __future__ import annotations

import asyncio
import time
from typing import Final

import asyncpg
from bench_database import migrated
from bench_growth import fill_by_copy
from bench_scale import Scale
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from local_postgres import LocalPostgres

from app.registry.log.checkpoints import Checkpoint
from app.registry.log.notes import Note, sign
from app.settings import Settings

BLOCKS_EACH_MIN: Final = 20
ACCOUNTS_MIN: Final = 20
ACCOUNTS_PER_USER_MIN: Final = 5

_READ_THROUGH: Final = """
SELECT sum(pg_prewarm(oid, 'read')) FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i')
   AND pg_relation_size(oid) > 0
"""


def grown(server: LocalPostgres, blocks: int, scale: Scale) -> str:
    """Fill and publish a register with so many blocks where there is none; returns its name."""
    name = f"bench_grown_{blocks}"
    if name not in server.query("SELECT datname FROM pg_database").splitlines():
        print(f"Filling a register by COPY: {blocks:,} blocks ...", flush=True)
        began = time.perf_counter()
        server.create_database(name, template=migrated(server))
        accounts = max(ACCOUNTS_MIN, min(scale.grown_accounts, blocks // BLOCKS_EACH_MIN))
        users = min(scale.grown_users, accounts // ACCOUNTS_PER_USER_MIN)
        asyncio.run(fill_by_copy(server.url(name), blocks=blocks, accounts=accounts, users=users))
        asyncio.run(_publish(server.url(name)))
        print(f"  in {time.perf_counter() - began:.0f} s", flush=True)
    return name


def read_through(server: LocalPostgres, database: str) -> None:
    """Read all of a register once: it then lies in memory, where that is large enough."""
    server.query("CREATE EXTENSION IF NOT EXISTS pg_prewarm", database=database)
    server.query(_READ_THROUGH, database=database)


async def _publish(url: str) -> None:
    """Let all of a register's log be published, by a key that nobody keeps: proofs end there."""
    owner = await asyncpg.connect(url)
    try:
        size, root = await owner.fetchrow("SELECT size, root FROM log_head")
        origin = Settings.model_fields["log_origin"].default
        text = Checkpoint(origin, size, root).text
        note = Note(text, (sign(origin, Ed25519PrivateKey.generate(), text),)).encode()
        # The database takes no size before it was said to be signed.
        await owner.execute(
            "UPDATE log_checkpoint SET signing_size = $1, signing_root = $2", size, root
        )
        await owner.execute(
            "UPDATE log_checkpoint SET size = $1, root = $2, note = $3, published_at = now()",
            *(size, root, note),
        )
    finally:
        await owner.close()
