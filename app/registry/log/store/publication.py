"""
What has been published of the log: one row, written by the publisher alone, read by everybody.

It says twice how far the log has been promised: what the publisher was about to sign, and the last
checkpoint that is out. The first is committed before a signature exists, so that a database that
lost a failover, or is a backup of yesterday, is found out before it signs a second history.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    LargeBinary,
    Table,
    select,
    text,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import metadata
from app.kernel.errors import NotFoundError
from app.kernel.statements import Statement
from app.registry.log.store import log_head

# One row. A trigger keeps both sizes growing, and one root for each size.
log_checkpoint = Table(
    "log_checkpoint",
    metadata,
    Column("only_row", Boolean, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", LargeBinary, nullable=True),  # null: nothing has been published yet
    Column("published_at", DateTime(timezone=True), nullable=True),
    Column("signing_size", BigInteger, nullable=False),
    Column("signing_root", LargeBinary, nullable=False),
    CheckConstraint("only_row", name="only_row"),
    CheckConstraint("size <= signing_size", name="signed_before_published"),
    CheckConstraint("octet_length(root) = 32 AND octet_length(signing_root) = 32", name="hashes"),
    CheckConstraint("(note IS NULL) = (size = 0)", name="note"),
    info={"door": True},
)

# Held by the one publisher for as long as its connection lives.
_PUBLISHER_LOCK: Final = 7_236_114_922


class NotPublishedError(NotFoundError):
    """The public log has not come this far yet."""

    code = "log_not_published"
    number = 1104
    title_th = "บันทึกสาธารณะยังไม่ถึงรายการนี้"
    advice = "It holds {size} acts. A new act is published within a second or two: ask again then."
    advice_th = "บันทึกสาธารณะมี {size} รายการ รายการใหม่จะเผยแพร่ภายในหนึ่งถึงสองวินาที โปรดขอใหม่"


@dataclass(frozen=True, slots=True)
class Published:
    """How far the log is published, and how far it may have been signed."""

    size: int
    root: bytes
    note: bytes | None  # the checkpoint as it went out, signed and cosigned; None: none yet
    published_at: datetime | None
    signing_size: int
    signing_root: bytes


async def get_published(connection: AsyncConnection) -> Published:
    """Return how far the log is published."""
    row = (await connection.execute(select(log_checkpoint))).one()
    return Published(
        row.size, row.root, row.note, row.published_at, row.signing_size, row.signing_root
    )


async def get_extent(connection: AsyncConnection) -> tuple[int, bytes, int, datetime | None]:
    """Return the log's size and root, and how far and when it was published, in one statement."""
    (row,) = await _EXTENT.rows(connection)
    return row.size, row.root, row.published_size, row.published_at


async def get_published_note(connection: AsyncConnection, *, at_least: int) -> tuple[int, bytes]:
    """
    Return the size and the note of the last published checkpoint.

    Raises:
        NotPublishedError: there is none, or the log had fewer than ``at_least`` acts in it.
    """
    published = await get_published(connection)
    if published.note is None or published.size < at_least:
        raise NotPublishedError(size=published.size)
    return published.size, published.note


async def update_signing(connection: AsyncConnection, *, size: int, root: bytes) -> None:
    """Note what is about to be signed; commit it before signing."""
    await connection.execute(update(log_checkpoint).values(signing_size=size, signing_root=root))


async def update_published(
    connection: AsyncConnection, *, size: int, root: bytes, note: bytes, now: datetime
) -> None:
    """Put a checkpoint in the place of the one before it."""
    await connection.execute(
        update(log_checkpoint).values(size=size, root=root, note=note, published_at=now)
    )


async def lock_publishing(connection: AsyncConnection) -> bool:
    """Be the one publisher until the connection ends; False: another one is."""
    taken = await connection.execute(
        text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _PUBLISHER_LOCK}
    )
    return bool(taken.scalar_one())


_EXTENT: Final = Statement(
    select(
        log_head.c.size,
        log_head.c.root,
        log_checkpoint.c.size.label("published_size"),
        log_checkpoint.c.published_at,
    ).join_from(log_head, log_checkpoint, true())
)
