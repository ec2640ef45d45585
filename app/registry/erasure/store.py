"""
What can be erased, in the database.

This subject keeps nothing of its own: what may go, and how, is said by the functions
``erasable_acts`` and ``erase_texts`` and the view ``erasable_words`` (migrations, 0003_erasure),
because the service itself has no right to change history.
"""

from collections.abc import Sequence

from sqlalchemy import select, text, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from app.registry.erasure.rules import Words
from app.registry.ledger.store import ending_statements


async def list_erasable(
    connection: AsyncConnection, acts: Sequence[int], *, user_id: str | None
) -> list[int]:
    """
    Return which acts lose something when these acts' words, and a user, are erased; rising.

    Besides the acts named these are: those that say why something was decided on the user; and
    where one of them wrote an activity, all that wrote it.
    """
    query = text("SELECT erasable_acts(CAST(:acts AS bigint[]), :user_id)")
    found = await connection.scalar(query, {"acts": list(acts), "user_id": user_id})
    return list(found or ())


async def list_words(connection: AsyncConnection, acts: Sequence[int]) -> list[Words]:
    """Return what people wrote in acts, in the order of the log."""
    query = text(
        "SELECT w.log_index, l.kind, l.recorded_at, w.name, w.words FROM erasable_words w"
        " JOIN log_entries l ON l.log_index = w.log_index"
        " WHERE w.log_index = ANY (CAST(:acts AS bigint[])) ORDER BY w.log_index, w.name, w.words"
    )
    rows = await connection.execute(query, {"acts": list(acts)})
    return [Words(*row) for row in rows]


async def list_endings_for(
    connection: AsyncConnection, beneficiary: str, *, limit: int
) -> list[int]:
    """
    Return the retirements and cancellations in somebody's name, by name or identifier, rising.

    Reads all statements: an index would be paid for by every retirement, and this is asked when a
    person asks to be forgotten.
    """
    named = [
        select(ending_statements.c.log_index).where(column == beneficiary)
        for column in (
            ending_statements.c.beneficiary_name,
            ending_statements.c.beneficiary_identifier,
        )
    ]
    found = union_all(*named).subquery()
    query = select(found.c.log_index).distinct().order_by(found.c.log_index).limit(limit)
    return list((await connection.execute(query)).scalars())


async def update_erased(
    connection: AsyncConnection, acts: Sequence[int], *, user_id: str | None
) -> list[int]:
    """
    Take the words of acts away with their salts, and the kept answers that may hold them.

    The database takes it back at the commit unless an act ``person.erased`` names what is erased.

    Returns:
        The acts that lost something, as `list_erasable`; rising.
    """
    query = text("SELECT erase_texts(CAST(:acts AS bigint[]), :user_id)")
    found = await connection.scalar(query, {"acts": list(acts), "user_id": user_id})
    return list(found or ())
