"""Databases to measure on: really migrated, and filled through the application's operations."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from alembic import command
from alembic.config import Config
from bench_report import Facts
from bench_scale import Scale
from bootstrap import ROOT
from local_postgres import LocalPostgres
from sqlalchemy.ext.asyncio import AsyncEngine

from app.entry.acts import Act, Reply
from app.entry.committer import Committer
from app.entry.passwords import hash_password
from app.kernel.db import make_engine
from app.kernel.ids import new_id
from app.registry import founding
from app.registry.ledger.operations import OpenAccount, open_account, take_over
from app.registry.ledger.rules import Mint
from app.registry.log.pen import Pen
from app.registry.parties import operations as parties
from app.registry.parties.rules import Actor, PartyKind, Role, User
from app.registry.stores import refusals_by_constraint
from app.settings import Settings

EMPTY: Final = "bench_empty"
CREDITS_PER_BLOCK: Final = 10_000
_SHOWN: Final = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "shared_buffers",
    "max_wal_size",
)

Result = TypeVar("Result")


@dataclass(frozen=True)
class World:
    """Somebody who may move credits between all accounts."""

    actor: Actor
    accounts: list[int]


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
    }


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
    """Found a register with a holder whose accounts share the blocks evenly."""
    async with committing(url) as (_, committer):
        await do(committer, founding.REGISTRY, founding.found)
        administrator = await _administrator(committer)
        holder = await _holder(committer, administrator)
        accounts = [
            await _account(committer, administrator, holder.party_id, number)
            for number in range(scale.accounts)
        ]
        each = scale.blocks // scale.accounts
        for number, account in enumerate(accounts):
            mints = [_mint(account, number * each + block) for block in range(each)]
            await asyncio.gather(*(_take_over(committer, administrator, mint) for mint in mints))
    return World(holder, accounts)


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


async def _holder(committer: Committer, administrator: Actor) -> Actor:
    admit = parties.AdmitParty(PartyKind.HOLDER, "ผู้ถือเครดิต", "Holder", None)
    party = await do(
        committer, administrator, lambda pen: parties.admit_party(pen, administrator, admit)
    )
    add = parties.AddUser(
        party_id=party.id,
        email="holder@example.org",
        display_name="Holder",
        roles=frozenset({Role.HOLDER_INITIATOR}),
        password_hash=await hash_password(new_id("usr")),
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


async def _take_over(committer: Committer, actor: Actor, mint: Mint) -> None:
    facts = {"source": "XX", "issued_on": "2025-06-30", "issued_for_vintage": mint.credits}
    by, subject = actor.user_id, mint.serial_prefix
    await do(
        committer,
        actor,
        lambda pen: take_over(pen, by=by, subject=subject, data=facts, mints=[mint]),
    )


def _mint(account: int, number: int) -> Mint:
    return Mint(
        vintage=2024,
        credits=CREDITS_PER_BLOCK,
        buffer_credits=0,
        owner_account_id=account,
        serial_prefix=f"XX-1-2024-{number}",
        programme_code="XX",
        activity_id=None,
        project_code="XX-1",
        project_name="A project",
        province_code=None,
    )
