"""Notices in the database, each with how far its mail has come."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Row,
    SmallInteger,
    Table,
    Text,
    func,
    insert,
    literal,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import metadata
from app.kernel.paging import IDS_END, INDEX_END, between, rows
from app.registry.notices.rules import (
    MAIL_TRIES_MAX,
    OF_ACCOUNTS,
    OF_ORDERS,
    OF_OTHERS,
    OF_PROPOSALS,
    MailEnd,
    Notice,
    NoticeKind,
)
from app.registry.parties.store import REPRESENTATIVES

# Of one party; it has two to twenty. A notice is a courtesy: whoever comes after them reads the
# register.
REPRESENTATIVES_TOLD_MAX: Final = 200


def _words(values: Sequence[str] | frozenset[NoticeKind] | type[MailEnd]) -> str:
    return ", ".join(f"'{value}'" for value in sorted(values))


notices: Final = Table(
    "notices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("kind", Text, nullable=False),
    # None of these refers to a table: they are what the act named, and each would take an index.
    Column("account_id", BigInteger),
    Column("proposal_id", Text),
    Column("order_id", Text),
    Column("about", Text),
    Column("log_index", BigInteger, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("read_at", DateTime(timezone=True)),
    Column("mail_due_at", DateTime(timezone=True)),  # null: not mailed any more
    Column("mail_tries", SmallInteger, nullable=False, server_default="0"),
    Column("mail_ended", Text),
    CheckConstraint("log_index >= 0", name="log_index"),
    CheckConstraint(f"kind IN ({_words(frozenset(NoticeKind))})", name="kind"),
    # Identifiers and nothing else; and which kind has which.
    CheckConstraint("proposal_id ~ '^prp_[0-9a-z]{26}$'", name="proposal_id"),
    CheckConstraint("order_id ~ '^ord_[0-9a-z]{26}$'", name="order_id"),
    CheckConstraint("about ~ '^usr_[0-9a-z]{26}$' AND about <> user_id", name="about"),
    CheckConstraint(
        f"(account_id IS NOT NULL) = (kind IN ({_words(OF_ACCOUNTS)}))", name="of_account"
    ),
    CheckConstraint(
        f"(proposal_id IS NOT NULL) = (kind IN ({_words(OF_PROPOSALS)}))", name="of_proposal"
    ),
    CheckConstraint(f"(order_id IS NOT NULL) = (kind IN ({_words(OF_ORDERS)}))", name="of_order"),
    CheckConstraint(f"(about IS NOT NULL) = (kind IN ({_words(OF_OTHERS)}))", name="of_other"),
    CheckConstraint(f"mail_ended IN ({_words(MailEnd)})", name="mail_ended"),
    CheckConstraint("(mail_due_at IS NULL) = (mail_ended IS NOT NULL)", name="mail_is_due"),
    CheckConstraint(f"mail_tries BETWEEN 0 AND {MAIL_TRIES_MAX}", name="mail_tries"),
    # Identifiers carry the time of a machine; the log's order is that of the commits, so nothing
    # that comes later is before what somebody has read.
    Index(None, "user_id", "log_index", "id"),
    Index(
        "ix_notices_unread",
        "user_id",
        "log_index",
        "id",
        postgresql_where=text("read_at IS NULL"),
    ),
    # An act is told once: to one person, of one account.
    Index(
        "uq_notices_told",
        "log_index",
        "user_id",
        "kind",
        "account_id",
        unique=True,
        postgresql_nulls_not_distinct=True,
    ),
    Index("ix_notices_mail_due", "mail_due_at", postgresql_where=text("mail_due_at IS NOT NULL")),
    Index(None, "made_at"),
    info={"expiring": True},
)

Place = tuple[int, str]  # the act, and the notice

_NOTICE: Final = tuple(notices.c[name] for name in Notice.__dataclass_fields__)

_REPRESENTATIVES: Final = text(f"""
    SELECT p.id AS party_id, u.id AS user_id
      FROM unnest(CAST(:parties AS text[])) AS p(id)
     CROSS JOIN LATERAL (
         SELECT id FROM users WHERE {REPRESENTATIVES} AND party_id = p.id
          ORDER BY id LIMIT {REPRESENTATIVES_TOLD_MAX}) AS u
""")  # noqa: S608  constants

_HOLDERS: Final = text("""
    SELECT DISTINCT b.account_id
      FROM batches t JOIN blocks b ON b.batch_id = t.id
     WHERE t.serial_prefix = :prefix AND b.first_serial <= :last
       AND b.first_serial >= (SELECT max(c.first_serial) FROM blocks c
                               WHERE c.batch_id = t.id AND c.first_serial <= :first)
     ORDER BY b.account_id
""")

# The next try's moment is written before this one is made: it is the lease too, in which no other
# server takes the same notice.
_CLAIM: Final = text("""
    UPDATE notices
       SET mail_tries = mail_tries + 1,
           mail_due_at = CAST(:now AS timestamptz)
                         + least(interval '5 minutes' * power(2, mail_tries), interval '6 hours')
     WHERE id = :id
""")


@dataclass(frozen=True, slots=True)
class DueMail:
    """A notice that is to be mailed."""

    notice: Notice
    tries: int  # that were made


async def list_notices(
    connection: AsyncConnection,
    user_id: str,
    *,
    unread: bool = False,
    before: Place | None = None,
    limit: int,
) -> list[Notice]:
    """Return somebody's notices, the newest first, those before a place; or only those unread."""
    key = (notices.c.user_id, notices.c.log_index, notices.c.id)
    low, high = (user_id, -1, ""), (user_id, *(before or (INDEX_END, IDS_END)))
    query = select(*_NOTICE).where(between(key, low, high))
    if unread:
        query = query.where(notices.c.read_at.is_(None))
    query = query.order_by(*(column.desc() for column in key)).limit(rows(limit))
    return [_notice(row) for row in await connection.execute(query)]


async def get_unread_count(connection: AsyncConnection, user_id: str, *, most: int) -> int:
    """Return how many of somebody's notices are unread; ``most`` where there are more."""
    unread = (
        select(notices.c.id)
        .where(notices.c.user_id == user_id, notices.c.read_at.is_(None))
        .limit(rows(most))
        .subquery()
    )
    return int(await connection.scalar(select(func.count()).select_from(unread)) or 0)


async def find_notice(
    connection: AsyncConnection, notice_id: str, *, user_id: str
) -> Notice | None:
    """Return a notice of somebody; None: they have no such notice."""
    query = select(*_NOTICE).where(notices.c.id == notice_id, notices.c.user_id == user_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _notice(row)


async def list_representatives_of(
    connection: AsyncConnection, party_ids: Sequence[str]
) -> Mapping[str, list[str]]:
    """Return who represents parties now: their active users with a holder's role, by party."""
    found: dict[str, list[str]] = {party_id: [] for party_id in party_ids}
    for row in await connection.execute(_REPRESENTATIVES, {"parties": sorted(found)}):
        found[row.party_id].append(row.user_id)
    return found


async def list_holders(
    connection: AsyncConnection, prefix: str, *, first: int, last: int
) -> list[int]:
    """Return the accounts that hold some of a batch's serials now; each once, rising."""
    asked = {"prefix": prefix, "first": first, "last": last}
    return list((await connection.execute(_HOLDERS, asked)).scalars())


async def list_entered(connection: AsyncConnection, log_index: int) -> list[int]:
    """Return the accounts into which an act brought credits; each once."""
    query = text("SELECT DISTINCT to_account FROM ledger_entries WHERE log_index = :act")
    return list((await connection.execute(query, {"act": log_index})).scalars())


async def insert_notices(connection: AsyncConnection, made: Sequence[Notice]) -> None:
    """Keep new notices, to be mailed from now on."""
    values = [
        {**asdict(notice), "kind": notice.kind.value, "mail_due_at": notice.made_at}
        for notice in made
    ]
    await connection.execute(insert(notices), values)


async def update_read(connection: AsyncConnection, up_to: Notice, *, now: datetime) -> None:
    """Note that whoever a notice is for has read it, and all before it."""
    last = tuple_(literal(up_to.log_index, BigInteger()), literal(up_to.id, Text()))
    statement = update(notices).where(
        notices.c.user_id == up_to.user_id,
        tuple_(notices.c.log_index, notices.c.id) <= last,
        notices.c.read_at.is_(None),
    )
    await connection.execute(statement.values(read_at=now))


async def find_mail_due(connection: AsyncConnection, now: datetime) -> datetime | None:
    """Return since when a notice is due to be mailed; None: none is."""
    query = select(func.min(notices.c.mail_due_at)).where(notices.c.mail_due_at <= now)
    found: datetime | None = await connection.scalar(query)
    return found


async def lock_mail(connection: AsyncConnection, now: datetime) -> DueMail | None:
    """Take the notice whose mail has been due longest, past those that others hold."""
    query = (
        select(*_NOTICE, notices.c.mail_tries)
        .where(notices.c.mail_due_at <= now)
        .order_by(notices.c.mail_due_at)
        .limit(rows(1))
        .with_for_update(skip_locked=True)
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else DueMail(_notice(row), row.mail_tries)


async def update_mail_tried(connection: AsyncConnection, notice_id: str, now: datetime) -> None:
    """Count a try that is about to be made, and say when the next one is due."""
    await connection.execute(_CLAIM, {"id": notice_id, "now": now})


async def update_mail_untried(connection: AsyncConnection, notice_id: str) -> None:
    """Count one try less; not of what has ended meanwhile, or was never tried."""
    await connection.execute(
        update(notices)
        .where(notices.c.id == notice_id, notices.c.mail_ended.is_(None), notices.c.mail_tries > 0)
        .values(mail_tries=notices.c.mail_tries - 1)
    )


async def update_mail_ended(connection: AsyncConnection, notice_id: str, end: MailEnd) -> None:
    """Note that a notice is not mailed any more; the first to say why is right."""
    await connection.execute(
        update(notices)
        .where(notices.c.id == notice_id, notices.c.mail_ended.is_(None))
        .values(mail_due_at=None, mail_ended=end.value)
    )


async def delete_notices_of(connection: AsyncConnection, user_id: str) -> None:
    """Remove all notices of somebody who has been erased."""
    await connection.execute(select(func.forget_notices(user_id)))


async def delete_old_notices(connection: AsyncConnection, *, rows_max: int) -> int:
    """Remove the oldest notices that the rule lets go; returns how many."""
    return int(await connection.scalar(select(func.drop_old_notices(rows_max))) or 0)


def _notice(row: Row[*tuple[Any, ...]]) -> Notice:
    values = {name: getattr(row, name) for name in Notice.__dataclass_fields__}
    return Notice(**{**values, "kind": NoticeKind(row.kind)})
