"""What readers ask of accounts and batches: holdings, runs of serials, and where credits are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Row,
    Text,
    TextClause,
    any_,
    bindparam,
    cast,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.paging import INDEX_END, Found, between, rows
from app.kernel.statements import Statement
from app.registry.ledger.rules import BUFFER, FINAL_ACCOUNTS, TRANSIT, Account, Batch
from app.registry.ledger.serials import batch_ids_of
from app.registry.ledger.store.keeping import to_account, to_batch
from app.registry.ledger.store.loading import IS_FROZEN
from app.registry.ledger.store.tables import accounts, balances, batches

ALL_HOLDINGS: Final = 1000  # above every account of the registry's own, below every other

# Before a page of holdings comes back with what was found; it takes some milliseconds.
BALANCES_LOOKED_AT_MAX: Final = 1_000
BATCHES_LOOKED_AT_MAX: Final = 1_000
ACCOUNTS_LOOKED_AT_MAX: Final = 1_000

# What batches are listed by: columns of an index that ends with the id, the most telling one first.
BATCH_FILTERS: Final = ("project_code", "activity_id", "province_code", "programme_code", "vintage")

_BATCH: Final = ", ".join(f"t.{column.name}" for column in batches.c)
# The balances an account has, in the order of its batches; so many at a time.
_BALANCES: Final = """
    (SELECT account_id, batch_id, credits FROM balances
      WHERE (account_id, batch_id) > (:account, :after) AND account_id <= :account
      ORDER BY account_id, batch_id LIMIT {looked_at:d}) AS s
"""
_BALANCES_END: Final = "SELECT count(*), max(batch_id) FROM {balances} LIMIT {limit:d}"
_HELD_NOW: Final = """
    SELECT {batch}, s.credits FROM {balances} JOIN batches t ON t.id = s.batch_id
     WHERE s.credits <> 0 ORDER BY s.account_id, s.batch_id LIMIT {limit:d}
"""
# What an account held of a batch: what its last entry of it until then says. Row comparisons, as in
# `_total_below`.
_HELD_THEN: Final = """
    SELECT {batch}, p.held FROM {balances}
      JOIN LATERAL (
        SELECT held FROM (
            (SELECT log_index, line, from_balance AS held FROM ledger_entries
              WHERE (from_account, batch_id, log_index) >= (:account, s.batch_id, 0)
                AND (from_account, batch_id, log_index) < (:account, s.batch_id, :size)
              ORDER BY from_account DESC, batch_id DESC, log_index DESC, line DESC LIMIT 1)
            UNION ALL
            (SELECT log_index, line, to_balance FROM ledger_entries
              WHERE (to_account, batch_id, log_index) >= (:account, s.batch_id, 0)
                AND (to_account, batch_id, log_index) < (:account, s.batch_id, :size)
              ORDER BY to_account DESC, batch_id DESC, log_index DESC, line DESC LIMIT 1)
        ) AS last ORDER BY log_index DESC, line DESC LIMIT 1) AS p ON p.held <> 0
      JOIN batches t ON t.id = s.batch_id ORDER BY s.account_id, s.batch_id LIMIT {limit:d}
"""


@dataclass(frozen=True, slots=True)
class Holding:
    """How many credits of a batch an account holds."""

    batch: Batch
    credits: int


@dataclass(frozen=True, slots=True)
class HeldRun:
    """A run of serials and where it is."""

    batch_id: int
    first: int
    last: int
    account_id: int
    log_index: int


async def list_accounts(
    connection: AsyncConnection,
    *,
    owner_party_id: str | None,
    words: str | None = None,
    size: int | None = None,
    after: int,
    limit: int,
) -> Found[tuple[Account, int]]:
    """
    List accounts with their totals, by id.

    Args:
        connection: a snapshot.
        owner_party_id: only those of this party; None: all.
        words: only those with these in their name, in large or small letters.
        size: totals as of when the log had this size; None: now.
        after: id to go on after.
        limit: rows.
    """
    asked = {
        "owner": owner_party_id,
        "after": after,
        "size": INDEX_END if size is None else size,
        **({} if words is None else {"words": words}),
    }
    found = await _accounts(connection, asked, limit + 1)
    if len(found) > limit:
        return Found(found[:limit], (found[limit - 1][0].id,))
    if words is None:
        return Found(found, None)
    looked_at = _accounts_along(owner_party_id, "a.id", ACCOUNTS_LOOKED_AT_MAX)
    ends = text(f"SELECT max(id), count(*) FROM ({looked_at}) AS a")  # noqa: S608  constants
    end, count = (await connection.execute(ends, asked)).one()
    return Found(found, (end,) if count == ACCOUNTS_LOOKED_AT_MAX else None)


async def _accounts(
    connection: AsyncConnection, asked: Mapping[str, object], limit: int
) -> list[tuple[Account, int]]:
    owner = asked["owner"]
    fits = "position(lower(:words) in lower(a.name)) > 0" if "words" in asked else "true"
    looked_at = ACCOUNTS_LOOKED_AT_MAX if "words" in asked else limit
    query = text(f"""
        SELECT a.id, a.owner_party_id, a.kind, a.status, a.name, a.version, a.opened_at,
               {IS_FROZEN} AS is_frozen, {_total_below("a.id", ":size")} AS total
          FROM ({_accounts_along(owner, "a.*", looked_at)}) AS a
         WHERE {fits} ORDER BY a.id LIMIT {limit:d}
    """)  # noqa: S608  constants
    return [(to_account(row), row.total) for row in await connection.execute(query, asked)]


def _accounts_along(owner: object, columns: str, limit: int) -> str:
    """Return the first accounts of a party, or of all, by id."""
    of_owner = "(a.owner_party_id, a.id) > (:owner, :after) AND a.owner_party_id <= :owner"
    condition, order = (
        ("a.id > :after", "a.id") if owner is None else (of_owner, "a.owner_party_id, a.id")
    )
    return f"SELECT {columns} FROM accounts a WHERE {condition} ORDER BY {order} LIMIT {limit:d}"  # noqa: S608


async def list_own_totals(connection: AsyncConnection, *, size: int) -> dict[int, int]:
    """
    Return how many credits each of the registry's own accounts held when the log had a size, by
    account id: what the last entries until then say.
    """
    query = text(f"SELECT a.id, {_total_below('a.id', ':size')} FROM accounts a WHERE a.id < 1000")  # noqa: S608  constants
    return {row[0]: int(row[1]) for row in await connection.execute(query, {"size": size})}


async def get_total(connection: AsyncConnection, account_id: int, *, size: int) -> int:
    """
    Return how many credits an account held when the log had a size: what its last entry until then
    says.
    """
    query = text(f"SELECT {_total_below(':account', ':size')}")
    found = await connection.execute(query, {"account": account_id, "size": size})
    return int(found.scalar_one())


def _total_below(account: str, size: str) -> str:
    # Row comparisons, so that only the index by account gives the order (`loading._TOTAL`).
    return f"""
        coalesce((SELECT total FROM (
            (SELECT log_index, line, from_total AS total FROM ledger_entries
              WHERE from_account >= {account} AND (from_account, log_index) < ({account}, {size})
              ORDER BY from_account DESC, log_index DESC, line DESC LIMIT 1)
            UNION ALL
            (SELECT log_index, line, to_total FROM ledger_entries
              WHERE to_account >= {account} AND (to_account, log_index) < ({account}, {size})
              ORDER BY to_account DESC, log_index DESC, line DESC LIMIT 1)
        ) AS last ORDER BY log_index DESC, line DESC LIMIT 1), 0)"""  # noqa: S608  constants


async def list_holdings(
    connection: AsyncConnection, account_id: int, *, size: int | None, after: int, limit: int
) -> Found[Holding]:
    """
    List what an account holds, by batch (oldest vintage first), after a batch id.

    Args:
        connection: a snapshot.
        account_id: the account.
        size: as of when the log had this size; None: now.
        after: batch id to go on after.
        limit: rows.
    """
    asked = {"account": account_id, "after": after}
    form, looked_at = _HELD_NOW if size is None else _HELD_THEN, BALANCES_LOOKED_AT_MAX
    held = await connection.execute(
        _held_statement(form, limit + 1, looked_at),
        asked if size is None else {**asked, "size": size},
    )
    found = [Holding(Batch(*row[:-1]), row[-1]) for row in held]
    if len(found) > limit:
        return Found(found[:limit], (found[limit - 1].batch.id,))
    # An account may have had far more batches than it holds, now or then.
    ends = await connection.execute(_held_statement(_BALANCES_END, 1, looked_at), asked)
    count, end = ends.one()
    return Found(found, (end,) if count == looked_at else None)


# Statements are kept as they are: to put one together anew takes about as long as to run it.
@lru_cache(1_000)
def _held_statement(form: str, limit: int, looked_at: int) -> TextClause:
    balances_of = _BALANCES.format(looked_at=looked_at)
    return text(form.format(batch=_BATCH, balances=balances_of, limit=limit))


async def list_runs(
    connection: AsyncConnection, account_id: int, *, after: tuple[int, int], limit: int
) -> list[tuple[HeldRun, Batch]]:
    """
    List the runs of serials in an account, oldest vintage first, after a batch id and first serial.
    """
    query = text(f"""
        SELECT t.*, b.first_serial, b.account_id, b.log_index AS brought_by,
               coalesce((SELECT n.first_serial - 1 FROM blocks n
                          WHERE n.batch_id = b.batch_id AND n.first_serial > b.first_serial
                          ORDER BY n.first_serial LIMIT 1), t.credits) AS last_serial
          FROM blocks b JOIN batches t ON t.id = b.batch_id
         WHERE (b.account_id, b.batch_id, b.first_serial) > (:account, :batch, :first)
           AND b.account_id <= :account
         ORDER BY b.account_id, b.batch_id, b.first_serial LIMIT {limit:d}
    """)  # noqa: S608  a number
    asked = {"account": account_id, "batch": after[0], "first": after[1]}
    return [(_run(row), to_batch(row)) for row in await connection.execute(query, asked)]


async def list_runs_of_batch(
    connection: AsyncConnection, batch: Batch, *, first: int, last: int, limit: int
) -> list[HeldRun]:
    """List where a range of a batch's serials is now, cut to the range, in order of serials."""
    found = await _runs_of_batch(limit).rows(
        connection, batch=batch.id, credits=batch.credits, first=first, last=last
    )
    runs = [_run(row) for row in found]
    return [
        HeldRun(r.batch_id, max(r.first, first), min(r.last, last), r.account_id, r.log_index)
        for r in runs
    ]


@cache
def _runs_of_batch(limit: int) -> Statement:
    query = f"""
        SELECT b.batch_id AS id, b.first_serial, b.account_id, b.log_index AS brought_by,
               coalesce((SELECT n.first_serial - 1 FROM blocks n
                          WHERE n.batch_id = b.batch_id AND n.first_serial > b.first_serial
                          ORDER BY n.first_serial LIMIT 1), :credits) AS last_serial
          FROM blocks b
         WHERE b.batch_id = :batch AND b.first_serial <= :last
           AND b.first_serial >= (SELECT max(c.first_serial) FROM blocks c
                                   WHERE c.batch_id = :batch AND c.first_serial <= :first)
         ORDER BY b.first_serial LIMIT {limit:d}
    """  # noqa: S608  a number
    return Statement(text(query))


def _run(row: Row[Any]) -> HeldRun:
    return HeldRun(row.id, row.first_serial, row.last_serial, row.account_id, row.brought_by)


async def list_owners(connection: AsyncConnection, account_ids: Sequence[int]) -> dict[int, str]:
    """Return the owners of accounts; the registry's own have none and are left out."""
    query = select(accounts.c.id, accounts.c.owner_party_id).where(
        accounts.c.id.in_(account_ids), accounts.c.owner_party_id.is_not(None)
    )
    return {row.id: row.owner_party_id for row in await connection.execute(query)}


async def list_batches(
    connection: AsyncConnection, wanted: Mapping[str, Any], *, after: int, limit: int
) -> Found[Batch]:
    """List batches by id (oldest vintage first), by values of `BATCH_FILTERS`, after a batch id."""
    if wanted.keys() == {"activity_id"}:
        first_rows = await _batches_of(limit + 1).rows(
            connection, id=wanted["activity_id"], after=after, end=INDEX_END
        )
        return _page_of(first_rows, limit, None)
    # The one that leaves the fewest is gone along; the others are looked for on the way.
    first = next((name for name in BATCH_FILTERS if name in wanted), "vintage")
    columns = (batches.c.id,) if first == "vintage" else (batches.c[first], batches.c.id)
    key = () if first == "vintage" else (wanted[first],)
    low, high = after, INDEX_END
    if "vintage" in wanted:
        lowest, highest = batch_ids_of(wanted["vintage"])
        low, high = max(low, lowest - 1), highest + 1
    looked_for = [
        batches.c[n] == value for n, value in wanted.items() if n not in {first, "vintage"}
    ]
    end = None
    if looked_for:
        places = select(batches.c.id).where(between(columns, (*key, low), (*key, high)))
        places = places.order_by(*columns).offset(rows(BATCHES_LOOKED_AT_MAX - 1)).limit(rows(1))
        end = await connection.scalar(places)
        high = high if end is None else end + 1
    query = select(batches).where(between(columns, (*key, low), (*key, high)), *looked_for)
    page = await connection.execute(query.order_by(*columns).limit(rows(limit + 1)))
    return _page_of(page, limit, end)


@cache
def _batches_of(limit: int) -> Statement:
    columns = (batches.c.activity_id, batches.c.id)
    key = cast(bindparam("id"), Text)
    low = cast(bindparam("after"), BigInteger)
    high = cast(bindparam("end"), BigInteger)
    query = select(batches).where(between(columns, (key, low), (key, high)))
    return Statement(query.order_by(*columns).limit(rows(limit)))


def _page_of(page: Iterable[Any], limit: int, end: int | None) -> Found[Batch]:
    found = [to_batch(row) for row in page]
    if len(found) > limit:
        return Found(found[:limit], (found[limit - 1].id,))
    return Found(found, None if end is None else (end,))


async def list_batch_states(connection: AsyncConnection, batch: Batch) -> dict[int, int]:
    """
    Return how many credits of a batch are in each of the registry's own accounts, by account id,
    and in all holding accounts together (under `ALL_HOLDINGS`): what is in none of the others.
    """
    return (await list_states_of(connection, [batch]))[batch.id]


async def list_states_of(
    connection: AsyncConnection, found: Sequence[Batch]
) -> dict[int, dict[int, int]]:
    """Return the states of several batches as `list_batch_states` does, by batch id."""
    states: dict[int, dict[int, int]] = {batch.id: {} for batch in found}
    for row in await _STATES_OF.rows(connection, ids=list(states)):
        states[row.batch_id][row.account_id] = row.credits
    return {
        batch.id: {**of, ALL_HOLDINGS: batch.credits - sum(of.values())}
        for batch in found
        for of in (states[batch.id],)
    }


_STATES_OF: Final = Statement(
    select(balances.c.batch_id, balances.c.account_id, balances.c.credits).where(
        balances.c.account_id.in_([BUFFER, TRANSIT, *FINAL_ACCOUNTS]),
        balances.c.batch_id == any_(bindparam("ids", type_=ARRAY(BigInteger))),
    )
)
