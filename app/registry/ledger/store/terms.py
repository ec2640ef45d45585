"""What accounts have set for themselves: acceptance, and limits."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.registry.ledger.store.tables import account_terms
from app.registry.ledger.terms import NO_TERMS, OwnTerms

_SET = tuple(account_terms.c[name] for name in OwnTerms.__struct_fields__)


async def get_own_terms(connection: AsyncConnection, account_id: int) -> OwnTerms:
    """Return what an account has set for itself; `NO_TERMS`: nothing."""
    query = select(*_SET).where(account_terms.c.account_id == account_id)
    found = (await connection.execute(query)).one_or_none()
    return NO_TERMS if found is None else OwnTerms(*found)


async def update_own_terms(
    connection: AsyncConnection,
    account_id: int,
    terms: OwnTerms,
    *,
    by: str,
    at: datetime,
    log_index: int,
) -> None:
    """Keep what an account has set for itself, in the place of what it had."""
    values = {
        **{column.name: getattr(terms, column.name) for column in _SET},
        "set_by": by,
        "set_at": at,
        "log_index": log_index,
    }
    kept = insert(account_terms).values(account_id=account_id, **values)
    await connection.execute(kept.on_conflict_do_update(index_elements=["account_id"], set_=values))
