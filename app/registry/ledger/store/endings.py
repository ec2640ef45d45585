"""What readers ask of retirements and cancellations."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.paging import INDEX_END
from app.registry.ledger.rules import Beneficiary, EntryKind, Statement, Visibility


class EndingRow(Struct, frozen=True):
    """A retirement or cancellation; ``statement`` is None where it was erased."""

    log_index: int
    kind: EntryKind
    account_id: int
    credits: int
    purpose_code: str
    visibility: Visibility
    happened_on: date
    commitment: str
    recorded_at: datetime
    salt: bytes | None
    statement: Statement | None


_ENDING: Final = """
    SELECT x.log_index, x.kind, x.account_id, x.credits, x.purpose_code, x.visibility,
           x.happened_on, x.commitment, x.recorded_at, s.salt, s.beneficiary_name,
           s.beneficiary_kind, s.beneficiary_identifier, s.reason
"""
_FIND: Final = text(f"""
    {_ENDING} FROM endings x LEFT JOIN ending_statements s ON s.log_index = x.log_index
     WHERE x.log_index = :log_index
""")


async def find_ending(connection: AsyncConnection, log_index: int) -> EndingRow | None:
    """Return the retirement or cancellation that an act was, or None."""
    row = (await connection.execute(_FIND, {"log_index": log_index})).first()
    return None if row is None else _ending(row)


async def list_endings(
    connection: AsyncConnection,
    *,
    kinds: tuple[EntryKind, ...],
    account_id: int | None,
    after: int | None,
    limit: int,
    first: int = 0,
) -> list[EndingRow]:
    """List retirements or cancellations, newest first, before a log index and from another on."""
    statement = _page_statement(kinds, limit, of_account=account_id is not None)
    asked = {"before": INDEX_END if after is None else after, "first": first}
    if account_id is not None:
        asked["account"] = account_id
    return [_ending(row) for row in await connection.execute(statement, asked)]


@lru_cache(1_000)
def _page_statement(kinds: tuple[EntryKind, ...], limit: int, *, of_account: bool) -> TextClause:
    """Return the newest ones of each kind, together; rows are compared as in `paging.between`."""
    columns, key = (
        ("account_id, kind", "CAST(:account AS bigint), ") if of_account else ("kind", "")
    )
    order = ", ".join(f"{column} DESC" for column in (*columns.split(", "), "log_index"))
    ways = " UNION ALL ".join(
        f"""(SELECT * FROM endings
              WHERE ({columns}, log_index) > ({key}{kind:d}, CAST(:first AS bigint) - 1)
                AND ({columns}, log_index) < ({key}{kind:d}, CAST(:before AS bigint))
              ORDER BY {order} LIMIT {limit:d})"""  # noqa: S608  constants and numbers
        for kind in kinds
    )
    return text(f"""
        {_ENDING} FROM (SELECT * FROM ({ways}) AS x ORDER BY log_index DESC LIMIT {limit:d}) AS x
          LEFT JOIN LATERAL (SELECT * FROM ending_statements
                              WHERE log_index = x.log_index LIMIT 1) AS s ON true
         ORDER BY x.log_index DESC
    """)  # noqa: S608  constants and numbers


def _ending(row: Sequence[Any]) -> EndingRow:
    salt, name, beneficiary, identifier, reason = row[9:]
    statement = None
    if salt is not None:
        statement = Statement(name, Beneficiary(beneficiary), identifier, reason)
    log_index, kind, account, credits_ended, purpose, visibility = row[:6]
    happened_on, commitment, recorded_at = row[6:9]
    return EndingRow(
        log_index=log_index,
        kind=EntryKind(kind),
        account_id=account,
        credits=credits_ended,
        purpose_code=purpose,
        visibility=Visibility(visibility),
        happened_on=happened_on,
        commitment=commitment,
        recorded_at=recorded_at,
        salt=salt,
        statement=statement,
    )
