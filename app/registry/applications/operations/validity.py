"""What a party may not do while its documents have expired."""

from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from app.registry.applications import rules, store
from app.registry.programmes.rules import HeldAct, RuleKey, list_of
from app.registry.programmes.store import find_rule


async def require_valid_documents(
    connection: AsyncConnection, party_id: str, *, act: HeldAct, on: date
) -> None:
    """
    Refuse an act of a party whose documents have expired, where the rule of the day names it.

    Args:
        connection: where to read.
        party_id: whose act it is; a party without documents of its own is held to nothing.
        act: what it is about to do.
        on: the date in Thailand.

    Raises:
        DocumentsExpiredError: it may not do this now.
    """
    named = await find_rule(
        connection, programme_code=None, key=RuleKey.EXPIRED_DOCUMENTS_FORBID, on=on
    )
    # A register that was founded before this rule forbids nothing.
    if named is not None and act in list_of(named):
        rules.check_valid(await store.find_current(connection, party_id), on=on)
