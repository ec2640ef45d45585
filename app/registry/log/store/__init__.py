"""
All SQL of the log: its head, its entries, and the answers given to requests that carried a key.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Select,
    SmallInteger,
    Table,
    Text,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import driver, metadata
from app.kernel.errors import NotFoundError
from app.kernel.paging import rows
from app.kernel.statements import Statement
from app.registry.log.merkle import HASH_BYTES, Frontier, Node, completing_leaf

# One row: whoever locks it has the pen.
log_head = Table(
    "log_head",
    metadata,
    Column("only_row", Boolean, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("peaks", LargeBinary, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("only_row", name="only_row"),
    CheckConstraint("octet_length(root) = 32 AND octet_length(peaks) % 32 = 0", name="hashes"),
    info={"door": True},
)

log_entries = Table(
    "log_entries",
    metadata,
    Column("log_index", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("leaf", LargeBinary, nullable=False),  # the exact bytes that were hashed
    # The hashes of all nodes that this leaf completed, its own first (merkle.Frontier.append):
    # every node of
    # the tree stands in exactly one row, and a proof is one look-up by primary key.
    Column("nodes", LargeBinary, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False, index=True),
    CheckConstraint("log_index >= 0", name="log_index"),
    CheckConstraint("octet_length(leaf) <= 65535", name="leaf_size"),
    CheckConstraint(
        "substring(nodes FROM 1 FOR 32) = sha256('\\x00'::bytea || leaf)", name="leaf_hash"
    ),
    # Movements of credits are found through the ledger; everything else by what it is about.
    Index(
        "ix_log_entries_subject",
        "subject",
        "log_index",
        postgresql_where=text("kind NOT LIKE 'credits.%'"),
    ),
    info={"door": True, "history": True},
)

# What an act's leaf commits to can be checked with its salt; without it nobody can test a guess, so
# it goes with the words (migrations, 0003_erasure).
log_salts = Table(
    "log_salts",
    metadata,
    Column(
        "log_index",
        BigInteger,
        ForeignKey("log_entries.log_index"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("salt", LargeBinary, nullable=False),
    CheckConstraint("octet_length(salt) = 32", name="salt"),
    info={"door": True, "erasable": "rows"},
)

# Replies to movements of credits hold no words of people; the others are found by what they are
# about, to be emptied when that is erased.
_MOVED: Final = ("transfers", "retirements", "cancellations", "log/entries")
MAY_HOLD_WORDS: Final = "scope !~~ 'import:%' AND (location IS NULL OR {})".format(
    " AND ".join(f"location !~~ '/v1/{address}/%'" for address in _MOVED)
)

answers = Table(
    "answers",
    metadata,
    Column("scope", Text, nullable=False),
    Column("key", Text, nullable=False),
    # A digest of what was asked, personal like the words in it: erased with the body.
    Column("fingerprint", LargeBinary, nullable=True),
    Column("status", SmallInteger, nullable=False),
    Column("location", Text, nullable=True),
    Column("etag", Text, nullable=True),
    Column("body", LargeBinary, nullable=True),  # null: erased
    Column("replays", Integer, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("scope", "key"),
    CheckConstraint("octet_length(fingerprint) = 32", name="fingerprint"),
    CheckConstraint("(body IS NULL) = (fingerprint IS NULL)", name="erased_whole"),
    Index("ix_answers_words", "recorded_at", postgresql_where=text(MAY_HOLD_WORDS)),
    Index("ix_answers_recorded_at", "recorded_at", postgresql_using="brin"),
    info={"door": True},
    postgresql_with={"fillfactor": "90"},
)


class LogEntryNotFoundError(NotFoundError):
    """The log has no entry with this index."""

    code = "log_entry_not_found"
    number = 1102
    title_th = "ไม่มีรายการหมายเลขนี้ในบันทึก"
    advice = "The log holds {size} entries, numbered from 0."
    advice_th = "บันทึกมี {size} รายการ เริ่มนับจาก 0"


class NodeMissingError(LookupError):
    """The database lacks a leaf that its log has: rows were removed behind the registry's back."""


@dataclass(frozen=True, slots=True)
class Head:
    """The log as it stands: its size, root, right edge and the time of its last entry."""

    size: int  # leaves
    root: bytes
    peaks: bytes
    recorded_at: datetime

    @property
    def frontier(self) -> Frontier:
        """The right edge of the tree, to be grown."""
        return Frontier(self.size, _split(self.peaks))


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One act, as the log keeps it."""

    log_index: int
    kind: str
    subject: str
    leaf: bytes
    leaf_hash: bytes
    recorded_at: datetime


class Answer(Struct, frozen=True):
    """A reply that was given, kept under the client's key."""

    fingerprint: bytes | None  # None: erased
    status: int
    location: str | None
    etag: str | None
    body: bytes | None  # None: erased


async def lock_head(connection: AsyncConnection) -> Head:
    """Take the pen: lock the log's head until the transaction ends, and read it."""
    row = (
        await connection.execute(text("SELECT size, root, peaks, recorded_at FROM take_pen()"))
    ).one()
    return Head(row.size, row.root, row.peaks, row.recorded_at)


async def get_head(connection: AsyncConnection) -> Head:
    """Read the log's head without taking the pen."""
    (row,) = await _HEAD.rows(connection)
    return Head(row.size, row.root, row.peaks, row.recorded_at)


async def get_size_at(connection: AsyncConnection, moment: datetime) -> int:
    """
    Return how many entries the log had at a moment, those of that very moment included.

    Times in the log never run backwards, so the entries up to a moment are the beginning of it.
    """
    return await _get_size_where(connection, log_entries.c.recorded_at <= moment)


async def get_size_before(connection: AsyncConnection, moment: datetime) -> int:
    """Return how many entries the log had just before a moment."""
    return await _get_size_where(connection, log_entries.c.recorded_at < moment)


async def _get_size_where(connection: AsyncConnection, until: ColumnElement[bool]) -> int:
    query = (
        select(log_entries.c.log_index)
        .where(until)
        .order_by(log_entries.c.recorded_at.desc(), log_entries.c.log_index.desc())
        .limit(1)
    )
    last = (await connection.execute(query)).scalar_one_or_none()
    return 0 if last is None else int(last) + 1


async def find_state(connection: AsyncConnection) -> tuple[str, int] | None:
    """Return the schema's revision and the log's size; None where there are no tables yet."""
    tables = (
        "SELECT to_regclass('alembic_version') IS NOT NULL AND to_regclass('log_head') IS NOT NULL"
    )
    if not (await connection.execute(text(tables))).scalar_one():
        return None
    row = await connection.execute(text("SELECT version_num, size FROM alembic_version, log_head"))
    found = row.first()
    return None if found is None else (found.version_num, found.size)


async def get_entry(connection: AsyncConnection, log_index: int) -> LogEntry:
    """
    Return one entry.

    Raises:
        LogEntryNotFoundError: the log is shorter.
    """
    found = await list_entries(connection, first=log_index, rows_max=1)
    if not found or found[0].log_index != log_index:
        raise LogEntryNotFoundError(size=(await get_head(connection)).size)
    return found[0]


async def list_entries(connection: AsyncConnection, *, first: int, rows_max: int) -> list[LogEntry]:
    """Return entries in log order from an index on."""
    query = (
        select(log_entries)
        .where(log_entries.c.log_index >= first)
        .order_by(log_entries.c.log_index)
        .limit(rows(rows_max))
    )
    return [
        LogEntry(r.log_index, r.kind, r.subject, r.leaf, r.nodes[:HASH_BYTES], r.recorded_at)
        for r in await connection.execute(query)
    ]


async def list_leaves(
    connection: AsyncConnection, *, first: int, rows_max: int
) -> list[tuple[int, bytes, bytes]]:
    """
    Return index, leaf and completed nodes of entries from an index on: what the tree is rebuilt
    from.
    """
    # Past SQLAlchemy: rebuilding a tree reads millions of rows, and its row objects cost double.
    await connection.get_raw_connection()
    leaves: list[tuple[int, bytes, bytes]] = await driver(connection).fetch(
        "SELECT log_index, leaf, nodes FROM log_entries WHERE log_index >= $1"
        " ORDER BY log_index LIMIT $2",
        first,
        rows_max,
    )
    return leaves


async def list_entries_about(
    connection: AsyncConnection, subject: str, *, after: int, rows_max: int
) -> list[LogEntry]:
    """Return the entries about one subject (movements of credits excepted), after an index."""
    query = (
        select(log_entries)
        .where(
            log_entries.c.subject == subject,
            # As in the index: with a parameter in its place, the index could not be used.
            text("kind NOT LIKE 'credits.%'"),
            log_entries.c.log_index > after,
        )
        .order_by(log_entries.c.log_index)
        .limit(rows(rows_max))
    )
    return [
        LogEntry(r.log_index, r.kind, r.subject, r.leaf, r.nodes[:HASH_BYTES], r.recorded_at)
        for r in await connection.execute(query)
    ]


async def get_nodes(connection: AsyncConnection, wanted: Collection[Node]) -> dict[Node, bytes]:
    """
    Return the hashes of complete subtrees, in one look-up by primary key.

    Raises:
        NodeMissingError: the leaf that completed one is not there.
    """
    leaves = {completing_leaf(node) for node in wanted}
    # Past SQLAlchemy: it would write some forty parameters into a statement of its own for each
    # number of leaves, and that takes as long as the look-up.
    await connection.get_raw_connection()
    rows = await driver(connection).fetch(
        "SELECT log_index, nodes FROM log_entries WHERE log_index = ANY($1)", list(leaves)
    )
    return _pick(dict(rows), wanted)


async def get_entry_and_nodes(
    connection: AsyncConnection, log_index: int, wanted: Collection[Node]
) -> tuple[LogEntry, dict[Node, bytes]]:
    """
    Return an entry that is there, and the hashes of complete subtrees, in one look-up.

    Raises:
        NodeMissingError: it is not there, or the leaf that completed a subtree is not.
    """
    leaves = {log_index, *map(completing_leaf, wanted)}
    await connection.get_raw_connection()
    rows = await driver(connection).fetch(
        "SELECT log_index, nodes, kind, subject, recorded_at,"
        " CASE WHEN log_index = $2 THEN leaf END AS leaf"  # the others' would be read for nothing
        " FROM log_entries WHERE log_index = ANY($1)",
        list(leaves),
        log_index,
    )
    found = {row["log_index"]: row for row in rows}
    if log_index not in found:
        raise NodeMissingError
    r = found[log_index]
    own_hash = r["nodes"][:HASH_BYTES]
    entry = LogEntry(log_index, r["kind"], r["subject"], r["leaf"], own_hash, r["recorded_at"])
    return entry, _pick({index: row["nodes"] for index, row in found.items()}, wanted)


def _pick(nodes_of: Mapping[int, bytes], wanted: Collection[Node]) -> dict[Node, bytes]:
    """Return the wanted hashes out of what the leaves that completed them have completed."""
    picked: dict[Node, bytes] = {}
    for node in wanted:
        completed = nodes_of.get(completing_leaf(node))
        if completed is None:
            raise NodeMissingError
        place = node[0] * HASH_BYTES
        picked[node] = completed[place : place + HASH_BYTES]
    return picked


def with_salt(table: Table) -> Select[Any]:
    """
    Select rows that acts brought, each with the salt of what its act sealed.

    The salt is null where nothing was sealed, or the words were erased.
    """
    return select(table, log_salts.c.salt).outerjoin(
        log_salts, log_salts.c.log_index == table.c.log_index
    )


async def list_answers(
    connection: AsyncConnection, keys: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], Answer]:
    """Return the answers already given to requests, by scope and key."""
    if not keys:
        return {}
    # Past SQLAlchemy: on every commit's way, where it would cost more than the look-up.
    rows = await driver(connection).fetch(
        "SELECT a.scope, a.key, a.fingerprint, a.status, a.location, a.etag, a.body"
        " FROM unnest($1::text[], $2::text[]) AS w(scope, key)"
        " JOIN answers a ON a.scope = w.scope AND a.key = w.key",
        [scope for scope, _ in keys],
        [key for _, key in keys],
    )
    return {(scope, key): Answer(*answer) for scope, key, *answer in rows}


def _split(peaks: bytes) -> list[bytes]:
    return [peaks[at : at + HASH_BYTES] for at in range(0, len(peaks), HASH_BYTES)]


_HEAD: Final = Statement(select(log_head))
