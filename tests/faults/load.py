"""
Transfers under which something is killed: what was acknowledged, and what is still owed an
answer.

A client does what a good one would: it makes its key before it sends, and when it hears nothing
it asks again with the same key.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import httpx2

from app.registry.ledger import store
from app.registry.ledger.rules import EntryKind
from tests.conftest import Registry, Server
from tests.races.world import Clients, World

CLIENTS: Final = 16
_ASK_AGAIN_S: Final = 0.05
_GIVE_UP_S: Final = 30
PROBLEM: Final = "application/problem+json"
# What a server may say while its database is away; anything else is a failure of its own.
AWAY: Final = {"database_away", "outcome_unknown"}
SLOW_COMMITS: Final = {"commit_delay": "100000", "commit_siblings": "0"}  # µs before each flush


async def make_commits_slow(server: Server, url: str) -> None:
    """Let commits take a tenth of a second, for all who connect to a database from now on."""
    database = urlsplit(url).path.removeprefix("/")
    for name, value in SLOW_COMMITS.items():
        await server.run(f"ALTER DATABASE {database} SET {name} = {value}")


async def assert_all_are_there(registry: Registry, world: World, told: Collection[bytes]) -> None:
    """
    Each acknowledged act is one movement of one credit, at the index it was given, and no other.
    """
    movements = [json.loads(body) for body in told]
    acts = {movement["id"]: movement["moved"] for movement in movements}
    assert len(acts) == len(told)
    async with registry.read() as connection:
        for first in range(0, len(acts), 1_000):
            some = sorted(acts)[first : first + 1_000]
            found = await store.list_movements(connection, some)
            for act, entries in found.items():
                assert [entry.kind for entry in entries] == [EntryKind.TRANSFERRED]
                ((entry,), (part,)) = (entries, acts[act])
                assert entry.first == entry.last == part["first"] == part["last"]
        moved = await store.get_total(connection, world.to_account.id, size=2**40)
    assert moved == len(acts)


@dataclass
class Load:
    """Clients that move one credit after the other until they are told to stop."""

    clients: Clients
    world: World
    acknowledged: dict[str, bytes] = field(default_factory=dict)
    owed: set[str] = field(default_factory=set)
    strange: list[tuple[int, str]] = field(default_factory=list)
    away: Counter[str] = field(default_factory=Counter)  # by code
    silences: int = 0  # requests that got no answer at all
    done_unheard: int = 0  # acts that were done though their first request was never told so
    # Keys of which it was never claimed that nothing was done: these alone may turn out done.
    unsure: set[str] = field(default_factory=set)
    stopping: bool = False
    _number: int = 0

    async def run(self) -> None:
        """Let all clients work until `stopping`."""
        self.stopping = False
        await asyncio.gather(*(self._work() for _ in range(CLIENTS)))

    async def more(self, how_many: int) -> None:
        """Wait until so many more have been acknowledged."""
        enough = len(self.acknowledged) + how_many
        async with asyncio.timeout(_GIVE_UP_S):
            while len(self.acknowledged) < enough:  # noqa: ASYNC110  answers come all the time
                await asyncio.sleep(0.01)

    async def _work(self) -> None:
        while not self.stopping:
            self._number += 1
            key = f"k-{self._number}"
            self.owed.add(key)
            if not await self._ask(key):
                await asyncio.sleep(_ASK_AGAIN_S)

    async def _ask(self, key: str) -> bool:
        """Ask once; True where there was an answer that settles it."""
        try:
            answer = await self.clients.transfer(self.world, key=key, credits=1)
        except httpx2.TransportError:
            self.silences += 1
            self.unsure.add(key)
            return False
        if answer.status_code == 201:
            if "Idempotency-Replayed" in answer.headers:
                assert key in self.unsure, "it was done, though the server had said it was not"
                self.done_unheard += 1
            self.acknowledged[key] = answer.content
            self.owed.discard(key)
            return True
        self._note(key, answer)
        return False

    def _note(self, key: str, answer: httpx2.Response) -> None:
        code = answer.json()["code"] if answer.headers["Content-Type"] == PROBLEM else ""
        if answer.status_code != 503 or code not in AWAY:
            self.strange.append((answer.status_code, answer.text))
            return
        self.away[code] += 1
        if code == "outcome_unknown":
            self.unsure.add(key)

    async def settle(self) -> None:
        """Ask again for everything that is owed, until all of it is answered."""
        give_up = asyncio.get_running_loop().time() + _GIVE_UP_S
        while self.owed:
            assert asyncio.get_running_loop().time() < give_up, self.strange[-3:]
            await asyncio.gather(*(self._ask(key) for key in list(self.owed)))

    async def repeat_acknowledged(self, how_many: int) -> None:
        """Ask again for some that were acknowledged: the same bytes must come back."""
        keys = list(self.acknowledged)[-how_many:]
        answers = await asyncio.gather(
            *(self.clients.transfer(self.world, key=key, credits=1) for key in keys)
        )
        for key, answer in zip(keys, answers, strict=True):
            assert answer.content == self.acknowledged[key], answer.text
            assert answer.headers["Idempotency-Replayed"] == "true"
