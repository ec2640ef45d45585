"""The replay against the register itself: worlds made through operations, told by both."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.cli import demo
from app.kernel.db import make_engine, reading
from app.kernel.errors import RegistryError
from app.registry.ledger import store
from app.registry.ledger.operations import (
    End,
    Movement,
    ReleaseBuffer,
    Transfer,
    cancel_buffer,
    end,
    release_buffer,
    transfer,
)
from app.registry.ledger.rules import BUFFER, Choice, EntryKind
from app.registry.ledger.serials import account_id, account_number
from app.registry.ledger.store import publishing
from app.registry.log import store as log
from app.registry.log.pen import Pen
from app.registry.parties import store as parties
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Role
from app.registry.replay.replay import Replay
from app.registry.replay.shelf import Shelf
from app.registry.replay.state import compare, lines
from tests.builders.activities import (
    MANGROVE,
    a_registered_activity,
    an_account_of,
    an_official,
)
from tests.builders.issuance import an_issuance
from tests.builders.ledger import (
    PURPOSES,
    an_account,
    an_ending,
    scattered,
    two_holders,
)
from tests.builders.parties import a_holder, an_actor
from tests.builders.replay import OWN
from tests.conftest import Registry, settings_for

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


async def agree(connection: AsyncConnection, shelf: Shelf) -> Replay:
    """Replay the log and hold it to what the register says."""
    replay = await replayed(connection, shelf)
    told = await published(connection)
    assert told == list(lines(replay))
    assert compare(told, replay) == []
    return replay


async def test_the_demo_replays_to_what_the_register_says(
    database_url: str, tmp_path: Path
) -> None:
    await demo.fill(settings_for(database_url, tmp_path))
    engine = make_engine(database_url, connections_max=1)
    async with reading(engine) as connection:
        replay = await agree(connection, Shelf(tmp_path / "shelf"))
        assert replay.totals().credits == {
            number: await store.get_total(connection, account_id(number), size=replay.size)
            for number in OWN
        }
    await engine.dispose()


async def act(
    registry: Registry,
    actor: Actor,
    operation: Callable[[Pen, Actor, Any], Awaitable[Movement]],
    command: Any,  # noqa: ANN401  any command that moves credits
) -> None:
    """Do what is asked, where the state allows it: a random history asks for much."""
    with suppress(RegistryError):
        await registry.do(
            actor, lambda pen: operation(pen, actor, command), touches=command.touches()
        )


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_random_history_replays_to_what_the_register_says(
    registry: Registry, seed: int
) -> None:
    """Issued with a buffer, then moved, ended, released and cancelled at random, many at once."""
    chance = random.Random(seed)  # noqa: S311  histories, not secrets
    activity = await a_registered_activity(registry, programme="TVERP", methodology=MANGROVE)
    await an_issuance(
        registry, activity, tonnes={2024: "90.75", 2025: "60"}, buffer={2024: 9, 2025: 30}
    )
    async with registry.read() as connection:
        party = await parties.get_party(connection, activity.owner_party_id)
    owner = await an_actor(registry, party, Role.HOLDER_INITIATOR)
    buyer, approver = await a_holder(registry), await an_official(registry, Role.APPROVER)
    own, bought = activity.credit_account_id, (await an_account_of(registry, buyer)).id
    assert own is not None

    def choice() -> Choice:
        return Choice(credits=chance.randint(1, 12), vintage=chance.choice([None, 2024, 2025]))

    def ending(kind: EntryKind, account: int) -> End:
        return End(account, choice(), an_ending(kind, purpose="event"), PURPOSES)

    acts: list[Callable[[], Awaitable[None]]] = [
        lambda: act(registry, owner, transfer, Transfer(own, bought, choice())),
        lambda: act(registry, buyer, transfer, Transfer(bought, own, choice())),
        lambda: act(registry, owner, end, ending(EntryKind.RETIRED, own)),
        lambda: act(registry, buyer, end, ending(EntryKind.CANCELLED, bought)),
        lambda: act(registry, approver, release_buffer, ReleaseBuffer(bought, choice(), "1/2569")),
        lambda: act(registry, approver, cancel_buffer, ending(EntryKind.BUFFER_CANCELLED, BUFFER)),
    ]
    for _ in range(10):
        await asyncio.gather(*(chance.choice(acts)() for _ in range(5)))
    async with registry.read() as connection:
        replay = await agree(connection, Shelf())
        assert {"credits.transferred", "credits.retired"} <= set(replay.totals().kinds)


async def test_the_state_is_that_of_one_moment(registry: Registry) -> None:
    """What is committed while it is read belongs to the next state."""
    holders = await two_holders(registry)
    async with registry.read() as connection:
        told = publishing.stream_state(connection)
        first = await anext(told)
        await an_account(registry, holders.administrator, holders.owner)
        rest = b"".join([piece async for piece in told]).decode()
    assert rest.count("account,") == 6 + 2
    async with registry.read() as connection:
        size = (await log.get_head(connection)).size
    assert first == f"size,{size - 1}\n".encode()


async def test_a_reader_may_stop_early(registry: Registry) -> None:
    """Whoever goes away leaves a connection that others can use."""
    holders = await two_holders(registry)
    await scattered(registry, holders, runs=300)
    async with registry.read() as connection:
        told = publishing.stream_state(connection)
        await anext(told)
        await anext(told)
        assert isinstance(told, AsyncGenerator)
        await told.aclose()
    async with registry.read() as connection:
        assert len(await published(connection)) > 600


async def test_what_the_database_refuses_is_raised_where_the_state_is_read(
    registry: Registry,
) -> None:
    async with registry.read() as connection:
        await log.get_head(connection)
        with pytest.raises(asyncpg.UndefinedTableError):
            _ = [p async for p in publishing._copied(connection, "SELECT * FROM nothing")]


async def test_account_numbers_are_written_as_everywhere(registry: Registry) -> None:
    """The publication computes them in SQL."""
    holders = await two_holders(registry)
    async with registry.read() as connection:
        told = await published(connection)
    numbers = [line.split(",")[1] for line in told if line.startswith("account,")]
    expected = [account_number(number) for number in range(1, 7)]
    assert numbers == [*expected, holders.account.number, holders.elsewhere.number]
