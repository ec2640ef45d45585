"""``registry deliver``: does once what every server does each second."""

import asyncio

from app.entry import logging
from app.entry.cli import database
from app.entry.cli.exits import console
from app.entry.delivering import Deliverer
from app.kernel.db import make_engine
from app.settings import Settings


def deliver() -> None:
    """Make the transfers that are due, and let proposals lapse that nobody approved in time."""
    settings = Settings()
    logging.configure(settings.log_format)
    count = asyncio.run(_deliver(settings))
    console.print(f"{count} proposed transfers were settled.", highlight=False)


async def _deliver(settings: Settings) -> int:
    engine = make_engine(settings.database_url, connections_max=1)
    try:
        async with database.committer(settings) as committer:
            deliverer = Deliverer(engine, committer)
            count = 0
            while settled := await deliverer.deliver():
                count += len(settled)
            return count
    finally:
        await engine.dispose()
