"""Databases to measure on: really migrated, and who may move credits in them."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final, TypeVar

from alembic import command
from alembic.config import Config
from bench_report import Facts
from bench_scale import Scale
from bootstrap import ROOT
from local_postgres import LocalPostgres
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.entry.acts import Act, Reply
from app.entry.committer import Committer
from app.kernel.db import make_engine, reading
from app.registry.log.pen import Pen
from app.registry.parties.policy import Actor
from app.registry.parties.rules import PartyKind, Role
from app.registry.stores import refusals_by_constraint
from app.settings import Settings

EMPTY: Final = "bench_empty"
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

# Whoever may move credits, in the order they came, and what there is to move them from: accounts
# with most in them first, for where few are taken they must not run dry.
_PEOPLE: Final = """
SELECT id, party_id, party_kind FROM users
 WHERE 'holder_initiator' = ANY(roles) AND status = 'active'
   AND party_id NOT IN (SELECT party_id FROM history_sources) ORDER BY party_id, id
"""
_ACCOUNTS: Final = """
SELECT a.id, a.owner_party_id FROM accounts a JOIN balances b ON b.account_id = a.id
 WHERE a.kind = 'holding' AND a.status = 'open'
 GROUP BY a.id HAVING sum(b.credits) > 0 ORDER BY sum(b.credits) DESC, a.id
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
        "server processes": scale.load.workers,
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
