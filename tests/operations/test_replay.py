"""The replay against the register itself: worlds made through operations, told by both."""

from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.cli import demo
from app.kernel.db import make_engine, reading
from app.registry.ledger.store import publishing
from app.registry.log import store as log
from app.registry.replay.replay import Replay
from app.registry.replay.shelf import Shelf
from app.registry.replay.state import compare, lines
from tests.conftest import settings_for

LEAVES_AT_ONCE = 1_000


async def replayed(connection: AsyncConnection, shelf: Shelf) -> Replay:
    replay = Replay(shelf)
    size = (await log.get_head(connection)).size
    while replay.size < size:
        for index, leaf, _ in await log.list_leaves(
            connection, first=replay.size, rows_max=LEAVES_AT_ONCE
        ):
            replay.play(index, bytes(leaf))
    return replay


async def published(connection: AsyncConnection) -> list[str]:
    told = b"".join([piece async for piece in publishing.stream_state(connection)])
    return told.decode().splitlines(keepends=True)


async def test_the_demo_replays_to_what_the_register_says(
    database_url: str, tmp_path: Path
) -> None:
    await demo.fill(settings_for(database_url, tmp_path))
    engine = make_engine(database_url, connections_max=1)
    async with reading(engine) as connection:
        replay = await replayed(connection, Shelf(tmp_path / "shelf"))
        told = await published(connection)
        assert told == list(lines(replay))
        assert compare(told, replay) == []
    await engine.dispose()
