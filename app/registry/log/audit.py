"""The log's tree rebuilt from the bytes of its leaves: what a stored hash says is not taken."""

from collections.abc import Callable
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from app.registry.log import store
from app.registry.log.merkle import Frontier

LEAVES_PER_READ: Final = 5_000


class TreeBrokenError(Exception):
    """A stored leaf is missing, or the hashes beside it are not its own; the text says which."""


async def rebuild(
    connection: AsyncConnection,
    frontier: Frontier,
    *,
    until: int,
    on_leaf: Callable[[bytes, bytes], None] = lambda _leaf, _nodes: None,
) -> None:
    """
    Grow a frontier to a size by the stored leaves, and compare every node on the way.

    Args:
        connection: where the log is read; entries before the frontier's size are not.
        frontier: the right edge of the tree so far; it grows.
        until: the size to reach.
        on_leaf: told each leaf and the hashes of the nodes that it completed.

    Raises:
        TreeBrokenError: the leaves end before, or a node is not what its leaf makes it.
    """
    while frontier.size < until:
        rows_max = min(LEAVES_PER_READ, until - frontier.size)
        rows = await store.list_leaves(connection, first=frontier.size, rows_max=rows_max)
        if not rows:
            raise TreeBrokenError(f"no leaf {frontier.size}")
        for log_index, leaf, nodes in rows:
            if log_index != frontier.size:
                raise TreeBrokenError(f"no leaf {frontier.size}")
            completed = frontier.append(leaf)
            if completed != nodes:
                raise TreeBrokenError(f"leaf {log_index} differs from the hashes beside it")
            on_leaf(leaf, completed)
