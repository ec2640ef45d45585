"""Runs something for as long as a block lasts."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager


@asynccontextmanager
async def alongside(work: Coroutine[object, object, None], name: str) -> AsyncIterator[None]:
    """
    Run work beside a block, and end it with the block.

    Args:
        work: what goes on until it is ended; an error that ends it sooner is logged.
        name: of the task, in what is told of tasks.
    """
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        task.cancel()
        # Left unawaited it would still be at work while what it works with is taken down.
        await asyncio.wait([task])
