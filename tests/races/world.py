"""
What a race is run on: one account with one block of a thousand credits, and servers to race
through.
"""

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final, Self

import httpx2

from app.entry.tokens import TokenKeys, load_or_make_key
from app.kernel import clock
from app.main import TOKEN_KEY_FILE
from app.registry.ledger.rules import Account
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Role
from tests.builders.ledger import a_batch, an_account
from tests.builders.parties import Register, a_holder, an_authority
from tests.server_process import ServerProcess

CREDITS: Final = 1_000
PREFIX: Final = "XX-1-2024-1"
PURPOSE: Final = "voluntary"


@dataclass(frozen=True)
class World:
    """Two holders with an account each; the first one holds the block."""

    administrator: Actor
    sender: Actor
    receiver: Actor
    from_account: Account
    to_account: Account


async def a_world(registry: Register, *, credits_made: int = CREDITS) -> World:
    """Bring a block of credits into an account."""
    administrator = (await an_authority(registry))[Role.ADMINISTRATOR]
    sender, receiver = await a_holder(registry), await a_holder(registry)
    from_account = await an_account(registry, administrator, sender)
    to_account = await an_account(registry, administrator, receiver)
    await a_batch(registry, administrator, from_account, credits_made=credits_made, prefix=PREFIX)
    return World(administrator, sender, receiver, from_account, to_account)


class Clients:
    """Callers of one or more servers, in turn; each request is told whose it is by its token."""

    def __init__(self, servers: Sequence[ServerProcess], data: Path) -> None:
        limits = httpx2.Limits(max_connections=200)
        self._clients = [
            httpx2.AsyncClient(base_url=server.address, timeout=30, limits=limits)
            for server in servers
        ]
        self._keys = TokenKeys((load_or_make_key(data / TOKEN_KEY_FILE),))
        self._numbers = count()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self._clients:
            await client.aclose()

    async def post(
        self, actor: Actor, path: str, body: dict[str, Any], *, key: str, **headers: str
    ) -> httpx2.Response:
        """Send one request to the next server."""
        number = next(self._numbers)
        token = self._keys.issue(user_id=actor.user_id, client_id=None, now=clock.now())
        client = self._clients[number % len(self._clients)]
        return await client.post(
            path,
            json=body,
            headers={"Authorization": f"Bearer {token}", "Idempotency-Key": key, **headers},
        )

    async def transfer(
        self, world: World, *, key: str, reverse: bool = False, **choice: Any
    ) -> httpx2.Response:
        """Ask for a transfer from the first account to the second, or back."""
        ends = [world.from_account.number, world.to_account.number]
        if reverse:
            ends.reverse()
        body = {"from_account": ends[0], "to_account": ends[1], **choice}
        actor = world.receiver if reverse else world.sender
        return await self.post(actor, "/v1/transfers", body, key=key)

    async def retire(self, world: World, *, key: str, **choice: Any) -> httpx2.Response:
        """Ask for a retirement out of the first account."""
        body = {
            "from_account": world.from_account.number,
            "purpose": PURPOSE,
            "beneficiary": "A race",
            **choice,
        }
        return await self.post(world.sender, "/v1/retirements", body, key=key)


@contextmanager
def servers(
    database_url: str, data: Path, number: int, *, workers: int = 1
) -> Iterator[list[ServerProcess]]:
    """Run some servers on one database, with one token key."""
    with ExitStack() as stack:
        made = [ServerProcess(database_url, data=data, workers=workers) for _ in range(number)]
        yield [stack.enter_context(server) for server in made]


async def together(*requests: Awaitable[httpx2.Response]) -> list[httpx2.Response]:
    """Send all at once."""
    return list(await asyncio.gather(*requests))
