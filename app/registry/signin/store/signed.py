"""
Signed requests that have come, so that none comes twice.

Nothing here looks at a clock. Of each key it is known which of its requests was signed last, and
all that were signed not long before that one; what was signed earlier is refused without being
known. So rows can be removed, and no clock that is set back makes a request good again.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import metadata
from app.registry.signin.rules import SIGNED_AGE_MAX, SIGNED_AHEAD_MAX

# How much earlier than a key's last request another of its requests may be signed, whoever's clocks
# are early or late by as much as is allowed.
WINDOW: Final = SIGNED_AGE_MAX + SIGNED_AHEAD_MAX
KEPT: Final = 2 * WINDOW
_REMOVED_MAX: Final = 100  # with each request that is kept: after a pause, one must not pay for all

signed_requests: Final = Table(
    "signed_requests",
    metadata,
    Column("key_id", Text, ForeignKey("api_keys.id"), primary_key=True),
    Column("digest", LargeBinary, primary_key=True),  # SHA-256 of the nonce
    Column("signed_at", DateTime(timezone=True), nullable=False),  # as the signature says
    CheckConstraint("octet_length(digest) = 32", name="digest_length"),
    Index(None, "key_id", "signed_at"),
    info={"passing": True},
)

_TAKE: Final = text("""
    WITH last AS (SELECT max(signed_at) AS at FROM signed_requests WHERE key_id = :key_id),
         over AS (DELETE FROM signed_requests WHERE key_id = :key_id AND digest IN (
                      SELECT digest FROM signed_requests
                       WHERE key_id = :key_id
                         AND signed_at < (SELECT at FROM last) - CAST(:kept AS interval)
                       ORDER BY signed_at LIMIT :removed_max FOR UPDATE SKIP LOCKED))
    INSERT INTO signed_requests (key_id, digest, signed_at)
    SELECT CAST(:key_id AS text), CAST(:digest AS bytea), CAST(:signed_at AS timestamptz) FROM last
     WHERE last.at IS NULL
        OR last.at - CAST(:signed_within AS interval) <= CAST(:signed_at AS timestamptz)
        ON CONFLICT DO NOTHING
    RETURNING true
""")


async def insert_signed(
    connection: AsyncConnection, *, key_id: str, digest: bytes, signed_at: datetime
) -> bool:
    """
    Keep that a signed request has come, and remove what of its key need not be known any more.

    Returns:
        False: it came before, or is older than its key's last one by more than `WINDOW`.
    """
    taken = await connection.scalar(
        _TAKE,
        {
            "key_id": key_id,
            "digest": digest,
            "signed_at": signed_at,
            "signed_within": WINDOW,
            "kept": KEPT,
            "removed_max": _REMOVED_MAX,
        },
    )
    return taken is not None
