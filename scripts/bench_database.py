"""Databases to measure on: really migrated, and filled through the application's operations."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeVar

import asyncpg
from alembic import command
from alembic.config import Config
from bench_report import Facts
from bench_scale import Scale
from bootstrap import ROOT
from local_postgres import LocalPostgres
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.entry.acts import Act, Idempotency, Reply
from app.entry.committer import Committer
from app.entry.passwords import hash_password
from app.kernel.db import make_engine, reading
from app.kernel.ids import new_id
from app.registry import founding
from app.registry.history import operations as history
from app.registry.history.fitting import Block
from app.registry.ledger.operations import Movement, OpenAccount, Transfer, open_account, transfer
from app.registry.ledger.rules import Choice
from app.registry.log.pen import Pen
from app.registry.parties import operations as parties
from app.registry.parties.rules import Actor, PartyKind, Role, User
from app.registry.stores import refusals_by_constraint
from app.settings import Settings

EMPTY: Final = "bench_empty"
CREDITS_PER_BLOCK: Final = 10_000
BATCHES: Final = 10  # of different vintages, so that an account holds blocks of all of them
ACTS_AT_ONCE: Final = 500
_SHOWN: Final = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "shared_buffers",
    "max_wal_size",
    "checkpoint_timeout",
    "wal_compression",
    "plan_cache_mode",
)

# Whoever may move credits, in the order they came, and what there is to move them from.
_PEOPLE: Final = """
SELECT id, party_id, party_kind FROM users
 WHERE 'holder_initiator' = ANY(roles) AND status = 'active'
   AND party_id NOT IN (SELECT party_id FROM history_sources) ORDER BY party_id, id
"""
_ACCOUNTS: Final = """
SELECT id, owner_party_id FROM accounts
 WHERE kind = 'holding' AND status = 'open' ORDER BY id
"""

_FILLED_TABLES: Final = """
SELECT quote_ident(relname) AS name FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
"""

Result = TypeVar("Result")


@dataclass(frozen=True)
class Holder:
    """A party that holds credits: who acts for it, and its accounts."""

    users: tuple[Actor, ...]
    accounts: tuple[int, ...]


@dataclass(frozen=True)
class World:
    """Who may move credits, and from where."""

    holders: tuple[Holder, ...]
    elsewhere: tuple[int, ...] = ()  # accounts of others, who receive

    @cached_property
    def accounts(self) -> tuple[int, ...]:
        """All accounts that credits may go to, a holder's beside each other."""
        own = tuple(account for holder in self.holders for account in holder.accounts)
        return own + self.elsewhere

    def one_user(self) -> World:
        """Return the same world with one user who does anything."""
        first, *others = self.holders
        elsewhere = tuple(account for holder in others for account in holder.accounts)
        return World((replace(first, users=first.users[:1]),), elsewhere)

    def accounts_only(self, count: int) -> World:
        """Return the same world with few accounts, each of another holder where they suffice."""
        chosen = self.holders[:count]
        each = count // len(chosen)
        return World(tuple(replace(holder, accounts=holder.accounts[:each]) for holder in chosen))


def migrated(server: LocalPostgres) -> str:
    """Make the database that others are copied from; returns its name."""
    server.create_database(EMPTY)
    config = Config(str(ROOT / "alembic.ini"))
    nowhere = Path(os.devnull)
    config.attributes["settings"] = Settings(database_url=server.url(EMPTY), data=nowhere)
    command.upgrade(config, "head")
    return EMPTY


def settings_of(server: LocalPostgres, scale: Scale) -> Facts:
    """Return what a reader of the figures has to know."""
    shown = {name: server.query(f"SHOW {name}") for name in _SHOWN}
    return {
        "scale": scale.name,
        "processors": os.cpu_count() or 0,
        "load before": os.getloadavg()[0],
        "Python": platform.python_version(),
        **{f"PostgreSQL {name}": value for name, value in shown.items()},
        "plan_cache_mode of the service": asyncio.run(_plan_cache_mode(server.url("postgres"))),
    }


async def _plan_cache_mode(url: str) -> str:
    engine = make_engine(url, connections_max=1, role=None)
    async with reading(engine) as connection:
        mode = await connection.scalar(text("SHOW plan_cache_mode"))
    await engine.dispose()
    return str(mode)


@asynccontextmanager
async def committing(url: str) -> AsyncIterator[tuple[AsyncEngine, Committer]]:
    """Open the real committer on a database."""
    engine = make_engine(url, connections_max=4)
    committer = Committer(engine, refusals_by_constraint())
    await committer.start()
    try:
        yield engine, committer
    finally:
        await committer.stop()
        await engine.dispose()


async def do(
    committer: Committer, actor: Actor, operation: Callable[[Pen], Awaitable[Result]]
) -> Result:
    """Commit one act and return its operation's result."""
    results: list[Result] = []

    def keep(result: Result) -> Reply:
        results.append(result)
        return Reply(200, b"")

    await committer.submit(Act(actor, operation, keep))
    return results[0]


async def fill(url: str, scale: Scale) -> World:
    """Found a register whose holders' accounts share the blocks evenly."""
    async with committing(url) as (_, committer):
        await do(committer, founding.REGISTRY, founding.found)
        administrator = await _administrator(committer)
        each = scale.accounts // scale.parties
        holders = [
            await _holder(committer, administrator, number, scale.users_per_party, each)
            for number in range(scale.parties)
        ]
        world = World(tuple(holders))
        await _distribute(committer, administrator, world.accounts, scale.blocks)
    return world


async def _administrator(committer: Committer) -> Actor:
    first = parties.FoundAuthority(
        name_th="หน่วยงานกำกับดูแล",
        name_en="Authority",
        email="administrator@example.org",
        display_name="Administrator",
        password_hash=await hash_password(new_id("usr")),
    )
    _, user = await do(
        committer, founding.REGISTRY, lambda pen: parties.found_authority(pen, first)
    )
    return _actor(user)


async def _holder(
    committer: Committer, administrator: Actor, number: int, users: int, accounts: int
) -> Holder:
    admit = parties.AdmitParty(PartyKind.HOLDER, f"ผู้ถือเครดิต {number}", f"Holder {number}", None)
    party = await do(
        committer, administrator, lambda pen: parties.admit_party(pen, administrator, admit)
    )
    return Holder(
        tuple(
            [await _user(committer, administrator, party.id, f"{number}-{n}") for n in range(users)]
        ),
        tuple([await _account(committer, administrator, party.id, n + 1) for n in range(accounts)]),
    )


async def _user(committer: Committer, administrator: Actor, party_id: str, name: str) -> Actor:
    add = parties.AddUser(
        party_id=party_id,
        email=f"holder-{name}@example.org",
        display_name=f"Holder {name}",
        roles=frozenset({Role.HOLDER_INITIATOR}),
    )
    user = await do(committer, administrator, lambda pen: parties.add_user(pen, administrator, add))
    return _actor(user)


def _actor(user: User) -> Actor:
    return Actor(user.id, user.party_id, user.party_kind, user.roles)


async def _account(committer: Committer, administrator: Actor, party_id: str, number: int) -> int:
    opened = OpenAccount(party_id, f"Account {number}")
    account = await do(
        committer, administrator, lambda pen: open_account(pen, administrator, opened)
    )
    return account.id


async def _distribute(
    committer: Committer, administrator: Actor, accounts: Sequence[int], blocks: int
) -> None:
    """
    Give every account equally many blocks, out of batches that are taken over.

    Neighbours in a batch belong to different accounts, as they do after years of trade.
    """
    opening = history.OpenSource("XX", "Another registry", "Taken over")
    source = await do(
        committer, administrator, lambda pen: history.open_source(pen, administrator, opening)
    )
    holder = await _user(committer, administrator, source.party_id, "source")
    each = -(-blocks // BATCHES)
    for number in range(BATCHES):
        batch = _batch(number, credits_in_all=each * CREDITS_PER_BLOCK)
        taking = history.TakeOverBlock(source, batch)
        await do(
            committer,
            administrator,
            partial(history.take_over_block, actor=administrator, command=taking),
        )
        for first in range(0, each, ACTS_AT_ONCE):
            numbers = range(first, min(first + ACTS_AT_ONCE, each))
            receivers = [accounts[(number * each + n) % len(accounts)] for n in numbers]
            acts = [_give(holder, source.account_id, receiver) for receiver in receivers]
            await asyncio.gather(*(committer.submit(act) for act in acts))


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


def _batch(number: int, *, credits_in_all: int) -> Block:
    return Block(
        prefix=f"XX-{number}",
        project=f"XX-{number}",
        project_name="A project",
        vintage=2015 + number,
        credits=credits_in_all,
        retirements=0,
        credits_retired=0,
        share_credits=credits_in_all,
        issued_on=date(2025, 6, 30),
    )


def _give(holder: Actor, source: int, receiver: int) -> Act[Movement]:
    given = Transfer(source, receiver, Choice(credits=CREDITS_PER_BLOCK))
    return Act(
        holder,
        lambda pen: transfer(pen, holder, given),
        lambda movement: Reply(201, b"{}", f"/v1/transfers/{movement.log_index}"),
        Idempotency(holder.user_id, new_id("req"), sha256(b"").digest()),
        (given.touches(),),
        ahead=True,
    )


def world_of(server: LocalPostgres, database: str) -> World:
    """Read who holds credits in a register, however it was filled."""
    people = _lines(server, _PEOPLE, database)
    accounts = _lines(server, _ACCOUNTS, database)
    users: dict[str, list[Actor]] = {}
    for user_id, party_id, kind in people:
        actor = Actor(user_id, party_id, PartyKind(kind), frozenset({Role.HOLDER_INITIATOR}))
        users.setdefault(party_id, []).append(actor)
    owned: dict[str, list[int]] = {}
    for account, party_id in accounts:
        owned.setdefault(party_id, []).append(int(account))
    return World(
        tuple(Holder(tuple(users[party]), tuple(owned[party])) for party in users if party in owned)
    )


def _lines(server: LocalPostgres, sql: str, database: str) -> list[list[str]]:
    return [line.split("|") for line in server.query(sql, database=database).splitlines()]
