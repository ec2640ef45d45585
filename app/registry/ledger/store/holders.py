"""Who holds the credits of a project, now or when the log had a size."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.paging import Found
from app.registry.ledger.rules import Batch
from app.registry.ledger.store.tables import batches

# Before a page comes back with what was found: each is looked for by key in every batch of the
# project. There is no index of balances by batch: it would be paid for by every movement.
ACCOUNTS_LOOKED_AT_MAX: Final = 200
BATCHES_MAX: Final = 1_000  # of one project; that is five issuances a year of every vintage

_BATCH: Final = ", ".join(f"t.{column.name}" for column in batches.c)
_ACCOUNTS: Final = "SELECT id FROM accounts WHERE id >= :account ORDER BY id LIMIT {limit:d}"
_NOW: Final = "s.credits"
# What the last entry of the account and the batch until then says, as in `reading`.
_THEN: Final = """
    (SELECT held FROM (
        (SELECT log_index, line, from_balance AS held FROM ledger_entries
          WHERE (from_account, batch_id, log_index) >= (s.account_id, s.batch_id, 0)
            AND (from_account, batch_id, log_index) < (s.account_id, s.batch_id, :size)
          ORDER BY from_account DESC, batch_id DESC, log_index DESC, line DESC LIMIT 1)
        UNION ALL
        (SELECT log_index, line, to_balance FROM ledger_entries
          WHERE (to_account, batch_id, log_index) >= (s.account_id, s.batch_id, 0)
            AND (to_account, batch_id, log_index) < (s.account_id, s.batch_id, :size)
          ORDER BY to_account DESC, batch_id DESC, log_index DESC, line DESC LIMIT 1)
    ) AS last ORDER BY log_index DESC, line DESC LIMIT 1)
"""
_HOLDERS: Final = """
    WITH t AS MATERIALIZED (
        SELECT * FROM batches WHERE (project_code, id) > (:project, 0) AND project_code <= :project
         ORDER BY project_code, id LIMIT {batches:d})
    SELECT * FROM (
        SELECT a.id AS account_id, {batch}, h.held
          FROM ({accounts}) AS a CROSS JOIN t
          JOIN LATERAL (SELECT {held} AS held FROM balances s
                         WHERE s.account_id = a.id AND s.batch_id = t.id OFFSET 0) AS h
            ON h.held <> 0
         WHERE (a.id, t.id) > (:account, :batch)) AS found
     ORDER BY account_id, id LIMIT {limit:d}
"""


@dataclass(frozen=True, slots=True)
class Held:
    """How many credits of a batch somebody holds."""

    account_id: int
    batch: Batch
    credits: int


async def list_holders(
    connection: AsyncConnection,
    project_code: str,
    *,
    size: int | None,
    after: tuple[int, int],
    limit: int,
) -> Found[Held]:
    """
    List who holds credits of a project, by account and batch.

    Args:
        connection: a snapshot.
        project_code: code of the activity or project.
        size: as of when the log had this size; None: now.
        after: account and batch id to go on after.
        limit: rows.
    """
    accounts = _ACCOUNTS.format(limit=ACCOUNTS_LOOKED_AT_MAX)
    query = _HOLDERS.format(
        batch=_BATCH,
        batches=BATCHES_MAX,
        accounts=accounts,
        held=_NOW if size is None else _THEN,
        limit=limit + 1,
    )
    asked = {"project": project_code, "account": after[0], "batch": after[1]}
    sized = asked if size is None else {**asked, "size": size}
    rows = await connection.execute(text(query), sized)
    found = [Held(row[0], Batch(*row[1:-1]), row[-1]) for row in rows]
    if len(found) > limit:
        last = found[limit - 1]
        return Found(found[:limit], (last.account_id, last.batch.id))
    ids = text(f"SELECT count(*), max(id) FROM ({accounts}) AS a")  # noqa: S608  constants
    count, end = (await connection.execute(ids, {"account": after[0]})).one()
    # All of the last account was looked at: go on with the next one.
    return Found(found, (end + 1, 0) if count == ACCOUNTS_LOOKED_AT_MAX else None)
