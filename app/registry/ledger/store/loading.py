"""
Filling the book: each function is at most one statement, for any number of acts, and none where
the book knows.

Past SQLAlchemy, whose statement and row objects would cost each of them more than the database
does (decision 21).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import driver
from app.kernel.quantities import CREDITS_MAX
from app.registry.ledger.book import Book, Shelf
from app.registry.ledger.freezing import Span
from app.registry.ledger.page import Pair
from app.registry.ledger.rules import (
    MOVES_PER_ACT_MAX,
    Account,
    AccountKind,
    AccountStatus,
    Batch,
    Block,
    Touches,
)
from app.registry.ledger.serials import SerialRange, account_id, batch_ids_of
from app.registry.ledger.terms import NO_TERMS, OwnTerms

BLOCKS_FIRST_LOOK: Final = 16  # Most transfers are met by an account's first few blocks.
ALL_BATCHES: Final = (0, CREDITS_MAX)

# An account's total is what its last entry says; there is no second place where it could differ.
# "Between" and not "equals", so that only the index by account gives the order: where nearly all
# credits have come from one account (after an import), the planner takes every account for that
# one, and would walk back through the whole ledger in search of an entry that is not there.
_TOTAL = """
    coalesce((SELECT total FROM (
        (SELECT log_index, line, from_total AS total FROM ledger_entries
          WHERE from_account BETWEEN a.id AND a.id
          ORDER BY from_account DESC, log_index DESC, line DESC LIMIT 1)
        UNION ALL
        (SELECT log_index, line, to_total FROM ledger_entries
          WHERE to_account BETWEEN a.id AND a.id
          ORDER BY to_account DESC, log_index DESC, line DESC LIMIT 1)
    ) AS last ORDER BY log_index DESC, line DESC LIMIT 1), 0) AS total
"""

_ACCOUNT_COLUMNS = "a.id, a.owner_party_id, a.kind, a.status, a.name, a.version, a.opened_at"
# Whom it trusts, and from when on: two arrays in one order.
_TRUSTED = """
    ARRAY(SELECT t.{column} FROM trusted_accounts t
           WHERE t.account_id = a.id AND t.approved_at IS NOT NULL AND t.removed_at IS NULL
           ORDER BY t.trusted_id)
"""
_OWN_TERMS = ", ".join(f"o.{name}" for name in OwnTerms.__struct_fields__)
# One look for each account. As EXISTS, the planner would rather read all that is frozen, once.
IS_FROZEN: Final = """
    coalesce((SELECT true FROM freezes f
               WHERE f.account_id = a.id AND f.released_at IS NULL LIMIT 1), false)
"""
_BATCH_COLUMNS = (
    "t.id, t.vintage, t.credits, t.serial_prefix, t.programme_code, t.project_code,"
    " t.project_name, t.activity_id, t.province_code, t.log_index, t.issued_at"
)
_OWN_COUNT: Final = len(OwnTerms.__struct_fields__)
# Which of a batch's serials are frozen: two arrays in one order.
_FROZEN = """
    ARRAY(SELECT f.{column} FROM freezes f WHERE f.batch_id = t.id AND f.released_at IS NULL
           ORDER BY f.first_serial, f.id)
"""
_FROZEN_SPANS = f"{_FROZEN.format(column='first_serial')}, {_FROZEN.format(column='last_serial')}"

_LOAD_ACCOUNTS: Final = (
    f"SELECT {_ACCOUNT_COLUMNS}, {IS_FROZEN}, {_TOTAL},"  # noqa: S608
    f" {_TRUSTED.format(column='trusted_id')},"
    f" {_TRUSTED.format(column='active_from')}, {_OWN_TERMS}"
    " FROM accounts a LEFT JOIN account_terms o ON o.account_id = a.id WHERE a.id = ANY($1)"
)
_LOAD_BATCHES: Final = (
    f"SELECT {_BATCH_COLUMNS}, {_FROZEN_SPANS} FROM batches t"  # noqa: S608
    " WHERE t.id = ANY($1) OR t.serial_prefix = ANY($2)"
)
_LOAD_FROZEN: Final = f"SELECT {_FROZEN_SPANS} FROM batches t WHERE t.id = $1"  # noqa: S608
_BLOCK_END = """
    coalesce((SELECT n.first_serial - 1 FROM blocks n
               WHERE n.batch_id = b.batch_id AND n.first_serial > b.first_serial
               ORDER BY n.first_serial LIMIT 1), t.credits) AS last_serial
"""
_LOAD_SHELVES: Final = f"""
    SELECT b.batch_id, b.first_serial, {_BLOCK_END}, b.account_id, b.log_index, w.number
      FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::int[])
           WITH ORDINALITY
           AS w(account_id, lowest, highest, after_batch, after_first, rows_max, number)
     CROSS JOIN LATERAL (
           SELECT batch_id, first_serial, account_id, log_index FROM blocks
            WHERE account_id = w.account_id AND batch_id BETWEEN w.lowest AND w.highest
              AND (batch_id, first_serial) > (w.after_batch, w.after_first)
            ORDER BY batch_id, first_serial LIMIT w.rows_max) AS b
      JOIN batches t ON t.id = b.batch_id
     ORDER BY w.number, b.batch_id, b.first_serial
"""  # noqa: S608
_LOAD_COVERS: Final = f"""
    SELECT b.batch_id, b.first_serial, {_BLOCK_END}, b.account_id, b.log_index
      FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
           WITH ORDINALITY AS w(batch_id, first_serial, last_serial, number)
     CROSS JOIN LATERAL (
           SELECT batch_id, first_serial, account_id, log_index FROM blocks
            WHERE batch_id = w.batch_id AND first_serial <= w.last_serial
              AND first_serial >= (SELECT max(c.first_serial) FROM blocks c
                                    WHERE c.batch_id = w.batch_id
                                      AND c.first_serial <= w.first_serial)
            ORDER BY first_serial LIMIT $4) AS b
      JOIN batches t ON t.id = b.batch_id
     ORDER BY w.number, b.first_serial
"""  # noqa: S608
_LOAD_BALANCES: Final = """
    SELECT w.account_id, w.batch_id, s.credits
      FROM unnest($1::bigint[], $2::bigint[]) AS w(account_id, batch_id)
      LEFT JOIN balances s ON s.account_id = w.account_id AND s.batch_id = w.batch_id
"""
_LIST_MOVED: Final = """
    SELECT from_account, to_account FROM ledger_entries
     WHERE log_index >= $1 AND log_index < $2 ORDER BY log_index, line
"""
_LIST_CHANGED: Final = (
    "SELECT kind, subject FROM log_entries"
    " WHERE log_index >= $1 AND log_index < $2"
    " AND kind IN ('account.closed', 'account.trust_approved', 'account.trust_removed',"
    " 'account.acceptance_set', 'account.limits_set',"
    " 'account.frozen', 'account.released', 'serials.frozen', 'serials.released')"
)


@dataclass(frozen=True, slots=True)
class Touched:
    """What acts may have changed of what a committer remembers."""

    accounts: set[int]  # whose credits they moved, or which they changed
    batches: set[str]  # prefixes of those of which they froze something, or released it


@dataclass(frozen=True, slots=True)
class Wanted:
    """A shelf to be read on, and how many blocks of it."""

    shelf: Shelf
    blocks_max: int


async def load_book(connection: AsyncConnection, book: Book, touched: Sequence[Touches]) -> None:
    """
    Load what acts touch and the book does not know: accounts, batches, the blocks they may take,
    the balances they may change.
    """
    if not touched:
        return
    for touch in touched:
        book.use(touch.from_account)
        book.use(touch.to_account)
    await load_accounts(
        connection, book, {a for t in touched for a in (t.from_account, t.to_account)}
    )
    prefixes = {r.prefix for t in touched for r in t.choice.ranges}
    prefixes |= {t.choice.batch_prefix for t in touched if t.choice.batch_prefix is not None}
    await load_batches(connection, book, prefixes=prefixes)
    asked: dict[tuple[int, int, int], list[int]] = {}
    for touch in touched:
        if touch.choice.credits is not None:
            key = (touch.from_account, *batches_chosen(book, touch))
            asked.setdefault(key, []).append(touch.choice.credits)
    short = [
        Wanted(shelf, BLOCKS_FIRST_LOOK + len(credits_asked))
        for (account, *batches), credits_asked in asked.items()
        if not _reaches(book, shelf := book.shelf(account, (batches[0], batches[1])), credits_asked)
    ]
    await load_shelves(connection, book, short)
    await load_covers(connection, book, [r for t in touched for r in t.choice.ranges])
    await load_balances(connection, book, _likely_pairs(book, touched))


def batches_chosen(book: Book, touch: Touches) -> tuple[int, int]:
    """
    Return the range of batch ids that a choice allows; an empty range for a batch that is not
    there.
    """
    choice = touch.choice
    lowest, highest = ALL_BATCHES if choice.vintage is None else batch_ids_of(choice.vintage)
    if choice.batch_prefix is not None:
        chosen = book.batch_of_prefix.get(choice.batch_prefix)
        if chosen is None or not lowest <= chosen <= highest:
            return (1, 0)
        return (chosen, chosen)
    return lowest, highest


def _reaches(book: Book, shelf: Shelf, credits_asked: Sequence[int]) -> bool:
    """Say whether what is known of a shelf is enough for acts, as far as can be told beforehand."""
    missing = sum(credits_asked)
    for block in book.on_shelf(shelf):
        missing -= block.credits
        if missing <= 0:
            return True
    return shelf.complete


def _likely_pairs(book: Book, touched: Sequence[Touches]) -> set[Pair]:
    pairs: set[Pair] = set()
    for touch in touched:
        found = {
            book.batch_of_prefix[r.prefix]
            for r in touch.choice.ranges
            if r.prefix in book.batch_of_prefix
        }
        if touch.choice.credits is not None:
            missing = touch.choice.credits
            for block in book.on_shelf(book.shelf(touch.from_account, batches_chosen(book, touch))):
                found.add(block.batch_id)
                missing -= block.credits
                if missing <= 0:
                    break
        for batch in found:
            pairs.add((touch.from_account, batch))
            pairs.add((touch.to_account, batch))
    return pairs


async def load_accounts(connection: AsyncConnection, book: Book, ids: Iterable[int]) -> None:
    """Load accounts with their totals."""
    missing = [wanted for wanted in ids if wanted not in book.accounts]
    if missing:
        for row in await driver(connection).fetch(_LOAD_ACCOUNTS, missing):
            *account, total, trusted, active_from = row[:-_OWN_COUNT]
            own = row[-_OWN_COUNT:]
            book.know_account(
                _to_account(account),
                total,
                dict(zip(trusted, active_from, strict=True)),
                NO_TERMS if own[0] is None else OwnTerms(*own),
            )


async def load_batches(
    connection: AsyncConnection,
    book: Book,
    *,
    ids: Iterable[int] = (),
    prefixes: Iterable[str] = (),
) -> None:
    """Load batches by id or by serial prefix."""
    missing_ids = [i for i in ids if i not in book.batches]
    missing_prefixes = [p for p in prefixes if p not in book.batch_of_prefix]
    if missing_ids or missing_prefixes:
        found = await driver(connection).fetch(_LOAD_BATCHES, missing_ids, missing_prefixes)
        for *row, first, last in found:
            book.know_batch(Batch(*row), _spans(first, last))


async def load_shelves(connection: AsyncConnection, book: Book, wanted: Sequence[Wanted]) -> None:
    """Read on along accounts' blocks, oldest first, and the batches they belong to."""
    wanted = [w for w in wanted if not w.shelf.complete]
    if not wanted:
        return
    rows = await driver(connection).fetch(
        _LOAD_SHELVES,
        [w.shelf.account_id for w in wanted],
        [w.shelf.batches[0] for w in wanted],
        [w.shelf.batches[1] for w in wanted],
        [w.shelf.through[0] for w in wanted],
        [w.shelf.through[1] for w in wanted],
        [w.blocks_max for w in wanted],
    )
    found = [0] * len(wanted)
    batches: set[int] = set()
    for *block, number in rows:
        shelf = wanted[number - 1].shelf
        shelf.through = (block[0], block[1])
        found[number - 1] += 1
        batches.add(block[0])
        book.know_block(Block(*block))
    for count, want in zip(found, wanted, strict=True):
        want.shelf.complete = count < want.blocks_max
    await load_batches(connection, book, ids=batches)


async def load_covers(
    connection: AsyncConnection, book: Book, named: Sequence[SerialRange]
) -> None:
    """Load the blocks that cover named ranges of serials."""
    wanted = []
    for serials in named:
        batch = book.batch_of_prefix.get(serials.prefix)
        if batch is not None and (batch, serials.first, serials.last) not in book.covered:
            wanted.append((batch, serials.first, serials.last))
    if not wanted:
        return
    rows = await driver(connection).fetch(
        _LOAD_COVERS,
        [w[0] for w in wanted],
        [w[1] for w in wanted],
        [w[2] for w in wanted],
        MOVES_PER_ACT_MAX + 1,
    )
    for row in rows:
        book.know_block(Block(*row))
    book.covered.update(wanted)


async def load_balances(connection: AsyncConnection, book: Book, pairs: Iterable[Pair]) -> None:
    """Load balances; a pair without a row is known as zero."""
    missing = [pair for pair in pairs if pair not in book.balances]
    if missing:
        accounts, batches = [p[0] for p in missing], [p[1] for p in missing]
        for row in await driver(connection).fetch(_LOAD_BALANCES, accounts, batches):
            book.know_balance((row[0], row[1]), row[2])


async def load_frozen(connection: AsyncConnection, book: Book, batch_id: int) -> None:
    """Read again which serials of a batch are frozen: the present act has changed it."""
    for first, last in await driver(connection).fetch(_LOAD_FROZEN, batch_id):
        book.know_frozen(batch_id, _spans(first, last))


async def list_touched(connection: AsyncConnection, *, since: int, until: int) -> Touched:
    """
    Return what acts may have changed: accounts whose credits they moved, which they closed, froze
    or released, or whose trusted list or own terms they changed; and batches of which they froze
    something.

    Args:
        connection: to read on.
        since: log index of the first act.
        until: the size of the log after the last one. Without it the planner expects a third of
            all entries, and reads an index from end to end.
    """
    moved = await driver(connection).fetch(_LIST_MOVED, since, until)
    touched = Touched({account for row in moved for account in row}, set())
    for kind, subject in await driver(connection).fetch(_LIST_CHANGED, since, until):
        if kind.startswith("account."):
            touched.accounts.add(account_id(subject))
        else:
            touched.batches.add(subject)
    return touched


def _spans(first: Sequence[int], last: Sequence[int]) -> tuple[Span, ...]:
    return tuple(zip(first, last, strict=True))


def _to_account(row: Sequence[Any]) -> Account:
    number, owner, kind, status, name, version, opened_at, is_frozen = row
    return Account(
        number, owner, AccountKind(kind), AccountStatus(status), name, version, opened_at, is_frozen
    )
