"""Registers of any size, filled by COPY: the real schema, and every invariant kept.

Whoever acts is admitted through the application's own operations. What they then do is written
straight into the tables, as the commits of some years would have left them: leaves, nodes and head
of the log, double entries with all balances, answers, blocks, retirements with their statements.
`registry check` finds nothing in it, and the outsider's replay plays it from the first leaf.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Final

import asyncpg
from bench_database import do
from bench_growth_plan import BLOCKS_PER_BATCH, Event, Plan
from bench_growth_rows import COLUMNS, Rows, Sources
from bench_growth_tables import Copied, indexes_later, sums_later

from app.entry.committer import Committer
from app.entry.passwords import hash_password
from app.kernel import clock
from app.kernel.db import make_engine, reading
from app.registry import founding
from app.registry.history.operations import OpenSource, open_source
from app.registry.ledger.operations import OpenAccount, open_account
from app.registry.log.store import Head, get_head
from app.registry.parties import operations as parties
from app.registry.parties.policy import Actor
from app.registry.parties.rules import PartyKind, Role, User
from app.registry.stores import refusals_by_constraint

SPAN: Final = timedelta(days=730)  # how long ago the register began
SOURCES: Final = tuple(f"GROWN{number}" for number in range(1, 9))
PASSWORD: Final = "a long sentence is a good password"  # noqa: S105  of nobody real
_EVENTS_PER_PIECE: Final = 200  # so small that the server works while the next one is made
_EVENTS_PER_WORD: Final = 1_000_000
_AT_ONCE: Final = 2_000  # users or accounts on their way to the committer
_BACK_AND_FORTH: Final = 2**20
# It refers to endings, which must be committed first.
_LAST: Final = "ending_statements"
_FILLED_TABLES: Final = """
SELECT quote_ident(relname) AS name FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
"""


@dataclass(frozen=True)
class Holder:
    """Somebody who may move the credits of some accounts; they sign in with `PASSWORD`."""

    actor: Actor
    email: str
    accounts: Sequence[int]


@dataclass(frozen=True)
class World:
    """Who is in the register."""

    administrator: Actor
    holders: Sequence[Holder]
    sources: Sequence[Holder]  # a party for each registry that was taken over from

    @property
    def accounts(self) -> list[int]:
        """All accounts of holders."""
        return [account for holder in self.holders for account in holder.accounts]


async def fill_by_copy(
    url: str,
    *,
    blocks: int,
    accounts: int,
    users: int,
    seed: int = 7,
    blocks_per_batch: int = BLOCKS_PER_BATCH,
) -> World:
    """
    Fill a migrated database in which nobody has been admitted yet.

    Args:
        url: its address, as the owner.
        blocks: how many there are in the end; some more acts than that lead to them.
        accounts: how many hold them, at least two.
        users: how many hold these, each for a party of their own.
        seed: another one, another history.
        blocks_per_batch: on average; with 1 it is a register right after an import.
    """
    assert 1 <= users <= accounts
    assert accounts > 1
    world = await _admit_all(
        url, accounts=accounts, users=users, sources=SOURCES, began_at=clock.now() - SPAN
    )
    head = await _get_head(url)
    everybody = (*world.holders, *world.sources)
    rows = Rows(
        frontier=head.frontier,
        sources=Sources(world.administrator.user_id, SOURCES),
        user_of={a: holder.actor.user_id for holder in everybody for a in holder.accounts},
        seed=seed,
    )
    plan = Plan(
        blocks=blocks,
        holders=world.accounts,
        sources=[(code, s.accounts[0]) for code, s in zip(SOURCES, world.sources, strict=True)],
        first_index=head.size,
        seed=seed,
        blocks_per_batch=blocks_per_batch,
    )
    owner = await asyncpg.connect(url)
    try:
        async with indexes_later(owner, list(COLUMNS)), sums_later(owner):
            await _copy(url, rows, plan.events(**_pace(head.recorded_at, blocks)))
        await _set_head(owner, rows)
    finally:
        await owner.close()
    await settle(url)
    return world


@dataclass(frozen=True)
class _Outlet:
    """Where rows go: into their tables at once, or into a file until the others are committed."""

    streams: dict[str, Copied]
    later: IO[bytes]

    async def put(self, rows: Rows) -> None:
        """Send what waits."""
        for table, piece in rows.take().items():
            if table == _LAST:
                self.later.write(piece)
            else:
                await self.streams[table].put(piece)
        await asyncio.sleep(0)  # a queue with room does not wait, and nothing would be sent

    async def end(self) -> None:
        """Say that there is no more."""
        for table, stream in self.streams.items():
            if table != _LAST:
                await stream.put(None)

    async def put_later(self) -> None:
        """Send what was kept."""
        self.later.seek(0)
        while piece := self.later.read(_BACK_AND_FORTH):
            await self.streams[_LAST].put(piece)
        await self.streams[_LAST].put(None)


async def _copy(url: str, rows: Rows, events: Iterator[Event]) -> None:
    """Let everything happen, and copy the rows of it."""
    began = time.perf_counter()
    streams = {table: Copied(table, columns) for table, columns in COLUMNS.items()}
    with tempfile.TemporaryFile() as later:
        outlet = _Outlet(streams, later)
        async with asyncio.TaskGroup() as copying:
            for table, stream in streams.items():
                if table != _LAST:
                    copying.create_task(stream.copy(url))
            for number, event in enumerate(events, start=1):
                rows.add(event)
                if number % _EVENTS_PER_PIECE == 0:
                    await outlet.put(rows)
                if number % _EVENTS_PER_WORD == 0:
                    print(f"  {number:,} in {time.perf_counter() - began:.0f} s", flush=True)
            await outlet.put(rows)
            await outlet.end()
        async with asyncio.TaskGroup() as copying:
            copying.create_task(streams[_LAST].copy(url))
            await outlet.put_later()


def _pace(began_at: datetime, blocks: int) -> dict[str, int]:
    """Return when acts begin, and how far they are apart: there are somewhat more than blocks."""
    microsecond = timedelta(microseconds=1)
    step_us = (clock.now() - began_at) // microsecond * 4 // 5 // blocks
    began_us = round(began_at.timestamp() * 1_000_000)
    return {"began_us": began_us, "step_us": max(step_us, 1)}


async def _get_head(url: str) -> Head:
    engine = make_engine(url, connections_max=1)
    async with reading(engine) as connection:
        head = await get_head(connection)
    await engine.dispose()
    return head


async def _set_head(owner: asyncpg.Connection, rows: Rows) -> None:
    frontier = rows.frontier
    await owner.execute(
        "UPDATE log_head SET size = $1, root = $2, peaks = $3, recorded_at = $4",
        frontier.size,
        frontier.root(),
        b"".join(frontier.peaks),
        rows.recorded_at,
    )


# ---------------------------------------------------------------- who acts


async def found(url: str) -> Actor:
    """Found a register, and admit nobody but its first administrator."""
    world = await _admit_all(url, accounts=0, users=0, sources=(), began_at=clock.now())
    return world.administrator


async def _admit_all(
    url: str, *, accounts: int, users: int, sources: Sequence[str], began_at: datetime
) -> World:
    """Found the register and admit everybody, through the committer, at the beginning."""
    engine = make_engine(url, connections_max=2)
    committer = Committer(engine, refusals_by_constraint(), now=lambda: began_at)
    await committer.start()
    try:
        await do(committer, founding.REGISTRY, founding.found)
        password_hash = await hash_password(PASSWORD)
        administrator = await _administrator(committer, password_hash)
        opened = [await _source(committer, administrator, code, password_hash) for code in sources]
        share = [accounts // users + (number < accounts % users) for number in range(users)]
        holders: list[Holder] = []
        for first in range(0, users, _AT_ONCE):
            numbers = range(first, min(first + _AT_ONCE, users))
            holders += await asyncio.gather(
                *(
                    _holder(committer, administrator, number, share[number], password_hash)
                    for number in numbers
                )
            )
    finally:
        await committer.stop()
        await engine.dispose()
    return World(administrator, holders, opened)


async def _administrator(committer: Committer, password_hash: str) -> Actor:
    first = parties.FoundAuthority(
        name_th="หน่วยงานกำกับดูแล",
        name_en="Authority",
        email="administrator@example.org",
        display_name="Administrator",
        password_hash=password_hash,
    )
    _, user = await do(
        committer, founding.REGISTRY, lambda pen: parties.found_authority(pen, first)
    )
    return _actor(user)


async def _source(
    committer: Committer, administrator: Actor, code: str, password_hash: str
) -> Holder:
    opening = OpenSource(code, f"Registry {code}", "Taken over")
    source = await do(
        committer, administrator, lambda pen: open_source(pen, administrator, opening)
    )
    name = code.lower()
    user = await _user(committer, administrator, source.party_id, name, password_hash)
    assert user.email is not None
    return Holder(_actor(user), user.email, [source.account_id])


async def _holder(
    committer: Committer, administrator: Actor, number: int, accounts: int, password_hash: str
) -> Holder:
    admit = parties.AdmitParty(PartyKind.HOLDER, f"ผู้ถือเครดิต {number}", f"Holder {number}", None)
    party = await do(
        committer, administrator, lambda pen: parties.admit_party(pen, administrator, admit)
    )
    user = await _user(committer, administrator, party.id, f"holder-{number}", password_hash)
    opened = OpenAccount(party.id, f"Account of holder {number}")
    opening = (
        do(committer, administrator, lambda pen: open_account(pen, administrator, opened))
        for _ in range(accounts)
    )
    held = sorted(account.id for account in await asyncio.gather(*opening))
    assert user.email is not None
    return Holder(_actor(user), user.email, held)


async def _user(
    committer: Committer, administrator: Actor, party_id: str, name: str, password_hash: str
) -> User:
    add = parties.AddUser(
        party_id=party_id,
        email=f"{name}@example.org",
        display_name=name,
        roles=frozenset({Role.HOLDER_INITIATOR}),
        password_hash=password_hash,
    )
    return await do(committer, administrator, lambda pen: parties.add_user(pen, administrator, add))


def _actor(user: User) -> Actor:
    return Actor(user.id, user.party_id, user.party_kind, user.roles)


async def settle(url: str) -> None:
    """
    Let the planner know what there is, and leave no page for a reader to tidy up.

    A table that is empty stays as a new one: were it found empty, the planner would plan for that
    until somebody looks again, while a new one is planned for as if it had some rows.
    """
    owner = await asyncpg.connect(url)
    try:
        tables = await owner.fetch(_FILLED_TABLES)
        await owner.execute(f"VACUUM (ANALYZE) {', '.join(table['name'] for table in tables)}")
    finally:
        await owner.close()
