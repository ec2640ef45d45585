"""Filling the book: each function is one statement, for any number of acts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.quantities import CREDITS_MAX
from app.registry.ledger.book import Book, Pair, Shelf
from app.registry.ledger.rules import MOVES_PER_ACT_MAX, Block, Touches
from app.registry.ledger.serials import SerialRange, batch_ids_of
from app.registry.ledger.store.keeping import to_account, to_batch

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
_BATCH_COLUMNS = (
    "id, vintage, credits, serial_prefix, programme_code, project_code, project_name, activity_id,"
    " province_code, log_index, issued_at"
)

_LOAD_ACCOUNTS = text(
    f"SELECT {_ACCOUNT_COLUMNS}, {_TOTAL} FROM accounts a WHERE a.id = ANY(:ids)"  # noqa: S608
)
_LOAD_BATCHES = text(
    f"SELECT {_BATCH_COLUMNS} FROM batches"  # noqa: S608
    " WHERE id = ANY(:ids) OR serial_prefix = ANY(:prefixes)"
)
_BLOCK_END = """
    coalesce((SELECT n.first_serial - 1 FROM blocks n
               WHERE n.batch_id = b.batch_id AND n.first_serial > b.first_serial
               ORDER BY n.first_serial LIMIT 1), t.credits) AS last_serial
"""
_LOAD_SHELVES = text(f"""
    SELECT w.number, b.batch_id, b.first_serial, {_BLOCK_END}, b.account_id, b.log_index
      FROM unnest(CAST(:accounts AS bigint[]), CAST(:lowest AS bigint[]),
                  CAST(:highest AS bigint[]), CAST(:after_batch AS bigint[]),
                  CAST(:after_first AS bigint[]), CAST(:limits AS int[])) WITH ORDINALITY
           AS w(account_id, lowest, highest, after_batch, after_first, rows_max, number)
     CROSS JOIN LATERAL (
           SELECT batch_id, first_serial, account_id, log_index FROM blocks
            WHERE account_id = w.account_id AND batch_id BETWEEN w.lowest AND w.highest
              AND (batch_id, first_serial) > (w.after_batch, w.after_first)
            ORDER BY batch_id, first_serial LIMIT w.rows_max) AS b
      JOIN batches t ON t.id = b.batch_id
     ORDER BY w.number, b.batch_id, b.first_serial
""")  # noqa: S608
_LOAD_COVERS = text(f"""
    SELECT w.number, b.batch_id, b.first_serial, {_BLOCK_END}, b.account_id, b.log_index
      FROM unnest(CAST(:batches AS bigint[]), CAST(:firsts AS bigint[]), CAST(:lasts AS bigint[]))
           WITH ORDINALITY AS w(batch_id, first_serial, last_serial, number)
     CROSS JOIN LATERAL (
           SELECT batch_id, first_serial, account_id, log_index FROM blocks
            WHERE batch_id = w.batch_id AND first_serial <= w.last_serial
              AND first_serial >= (SELECT max(c.first_serial) FROM blocks c
                                    WHERE c.batch_id = w.batch_id
                                      AND c.first_serial <= w.first_serial)
            ORDER BY first_serial LIMIT :rows_max) AS b
      JOIN batches t ON t.id = b.batch_id
     ORDER BY w.number, b.first_serial
""")  # noqa: S608
_LOAD_BALANCES = text("""
    SELECT w.account_id, w.batch_id, s.credits
      FROM unnest(CAST(:accounts AS bigint[]), CAST(:batches AS bigint[])) AS w(account_id,
      batch_id)
      LEFT JOIN balances s ON s.account_id = w.account_id AND s.batch_id = w.batch_id
""")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A shelf to be read on, and how many blocks of it."""

    shelf: Shelf
    blocks_max: int


async def load_book(connection: AsyncConnection, book: Book, touched: Sequence[Touches]) -> None:
    """
    Load what acts touch: accounts, batches, the blocks they may take, the balances they may change.
    """
    if not touched:
        return
    await load_accounts(
        connection, book, {a for t in touched for a in (t.from_account, t.to_account)}
    )
    prefixes = {r.prefix for t in touched for r in t.choice.ranges}
    prefixes |= {t.choice.batch_prefix for t in touched if t.choice.batch_prefix is not None}
    await load_batches(connection, book, prefixes=prefixes)
    asked: dict[tuple[int, int, int], int] = {}
    for touch in touched:
        if touch.choice.credits is not None:
            key = (touch.from_account, *batches_chosen(book, touch))
            asked[key] = asked.get(key, 0) + 1
    await load_shelves(
        connection,
        book,
        [
            Wanted(book.shelf(a, (low, high)), BLOCKS_FIRST_LOOK + n)
            for (a, low, high), n in asked.items()
        ],
    )
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
        pairs |= {
            (account, batch)
            for account in (touch.from_account, touch.to_account)
            for batch in found
        }
    return pairs


async def load_accounts(connection: AsyncConnection, book: Book, ids: Iterable[int]) -> None:
    """Load accounts with their totals."""
    missing = [wanted for wanted in ids if wanted not in book.accounts]
    if missing:
        for row in await connection.execute(_LOAD_ACCOUNTS, {"ids": missing}):
            book.know_account(to_account(row), row.total)


async def load_batches(
    connection: AsyncConnection,
    book: Book,
    *,
    ids: Iterable[int] = (),
    prefixes: Iterable[str] = (),
) -> None:
    """Load batches by id or by serial prefix."""
    wanted = {
        "ids": [i for i in ids if i not in book.batches],
        "prefixes": [p for p in prefixes if p not in book.batch_of_prefix],
    }
    if wanted["ids"] or wanted["prefixes"]:
        for row in await connection.execute(_LOAD_BATCHES, wanted):
            book.know_batch(to_batch(row))


async def load_shelves(connection: AsyncConnection, book: Book, wanted: Sequence[Wanted]) -> None:
    """Read on along accounts' blocks, oldest first, and the batches they belong to."""
    wanted = [w for w in wanted if not w.shelf.complete]
    if not wanted:
        return
    rows = await connection.execute(
        _LOAD_SHELVES,
        {
            "accounts": [w.shelf.account_id for w in wanted],
            "lowest": [w.shelf.batches[0] for w in wanted],
            "highest": [w.shelf.batches[1] for w in wanted],
            "after_batch": [w.shelf.through[0] for w in wanted],
            "after_first": [w.shelf.through[1] for w in wanted],
            "limits": [w.blocks_max for w in wanted],
        },
    )
    found = [0] * len(wanted)
    for row in rows:
        shelf = wanted[row.number - 1].shelf
        shelf.through = (row.batch_id, row.first_serial)
        found[row.number - 1] += 1
        book.know_block(_to_block(row))
    for count, want in zip(found, wanted, strict=True):
        want.shelf.complete = count < want.blocks_max
    await load_batches(connection, book, ids={cut[0] for cut in book.blocks})


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
    rows = await connection.execute(
        _LOAD_COVERS,
        {
            "batches": [w[0] for w in wanted],
            "firsts": [w[1] for w in wanted],
            "lasts": [w[2] for w in wanted],
            "rows_max": MOVES_PER_ACT_MAX + 1,
        },
    )
    for row in rows:
        book.know_block(_to_block(row))
    book.covered.update(wanted)


async def load_balances(connection: AsyncConnection, book: Book, pairs: Iterable[Pair]) -> None:
    """Load balances; a pair without a row is known as zero."""
    missing = [pair for pair in pairs if pair not in book.balances]
    if missing:
        rows = await connection.execute(
            _LOAD_BALANCES,
            {"accounts": [p[0] for p in missing], "batches": [p[1] for p in missing]},
        )
        for row in rows:
            book.know_balance((row.account_id, row.batch_id), row.credits)


def _to_block(row: Row[Any]) -> Block:
    return Block(row.batch_id, row.first_serial, row.last_serial, row.account_id, row.log_index)
