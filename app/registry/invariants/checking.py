"""
What must hold of the register at any moment: statements that must return no row, and the tree
rebuilt.

Run by `registry check`, and after every test that writes. Each statement reads whole tables; it is
an audit, not part of any request.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import rows_of
from app.registry.invariants import of_credits, of_history, of_orders, of_people
from app.registry.log import audit
from app.registry.log import store as log_store
from app.registry.log.audit import TreeBrokenError
from app.registry.log.merkle import Frontier

VIOLATIONS_SHOWN_MAX: Final = 20  # Enough to see the pattern; a broken table would print millions.

STATEMENTS: Final[dict[str, str]] = {
    **of_credits.STATEMENTS,
    **of_orders.STATEMENTS,
    **of_history.STATEMENTS,
    **of_people.STATEMENTS,
}

_WHICH_ARE_BROKEN: Final = " UNION ALL ".join(
    f"SELECT '{name}' AS name WHERE EXISTS ({statement})" for name, statement in STATEMENTS.items()
)


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that must never be, and is."""

    invariant: str
    example: str  # the row that should not be there, or what differs


async def check(connection: AsyncConnection) -> list[Violation]:
    """
    Check everything that must hold.

    Returns:
        What does not hold, at most twenty examples of each; empty when all is well.
    """
    found: list[Violation] = []
    for name in await list_broken(connection):
        rows = await rows_of(connection, f"{STATEMENTS[name]} LIMIT {VIOLATIONS_SHOWN_MAX}")
        found += [Violation(name, ", ".join(f"{k}={v}" for k, v in row.items())) for row in rows]
    found += [violation async for violation in _rebuild_tree(connection)]
    return found


async def list_broken(connection: AsyncConnection) -> list[str]:
    """Return the names of the statements that find something, in one round trip."""
    return [row["name"] for row in await rows_of(connection, _WHICH_ARE_BROKEN)]


async def _rebuild_tree(connection: AsyncConnection) -> AsyncIterator[Violation]:
    """Rebuild the Merkle tree from the stored bytes and compare every node, and the head."""
    head = await log_store.get_head(connection)
    frontier = Frontier()
    try:
        await audit.rebuild(connection, frontier, until=head.size)
    except TreeBrokenError as broken:
        yield Violation("the tree is built from the stored leaves", str(broken))
        return
    if b"".join(frontier.peaks) != head.peaks or frontier.root() != head.root:
        yield Violation("the head is the root of the stored leaves", f"size {head.size}")
