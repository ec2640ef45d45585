"""What sealing costs: single transfers as they are, against the same path without the log."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from statistics import median, quantiles
from typing import Any, Final

from bench_database import World, committing
from bench_report import Measure
from bench_scale import Scale
from local_postgres import LocalPostgres
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.entry.acts import Act, Idempotency, Reply
from app.entry.committer import Committer
from app.registry import commit
from app.registry.ledger.operations import Movement, Transfer, transfer
from app.registry.ledger.rules import Choice
from app.registry.log import pen as pen_module
from app.registry.log.pen import Pen
from app.registry.log.store import Head

TARGET: Final = 0.95
DATABASE: Final = "bench_sealed"
CREDITS: Final = 10  # always as many, so that blocks do not crumble while it runs
SWITCHED_OFF: Final = (
    "an act's canonical leaf and the check of its length (its facts are still put together)",
    "the hashes of leaf and nodes, the Merkle frontier and the root",
    "the row of log_entries with its two indexes and its check of the leaf's hash",
    "the update of the log's head: a sequence numbers the acts (its row is still locked)",
)

# In the database without sealing: no entries, no head, only a number for each act.
_NUMBERS: Final = """
CREATE SEQUENCE act_numbers MINVALUE 0;
SELECT setval('act_numbers', (SELECT size FROM log_head));
CREATE OR REPLACE FUNCTION take_pen(
    OUT size bigint, OUT root bytea, OUT peaks bytea, OUT recorded_at timestamptz)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT (SELECT s.last_value FROM act_numbers s), h.root, h.peaks, h.recorded_at
      FROM log_head h FOR UPDATE OF h
$$;
"""
_SEAL_BEGINS: Final = "    -- Seal:"
_SEAL_ENDS: Final = "    -- Credits come into being"
_NO_SEAL: Final = """    PERFORM FROM log_head FOR UPDATE;
    IF (SELECT last_value FROM act_numbers) <> p_size THEN
        RAISE EXCEPTION 'the numbers are no longer at %', p_size USING ERRCODE = '40001';
    END IF;
    IF cardinality(l_leaf) > 0 THEN
        PERFORM setval('act_numbers', p_size + cardinality(l_leaf));
    END IF;

"""
_DEFINITION: Final = "SELECT pg_get_functiondef('commit_acts'::regproc)"


@dataclass(frozen=True)
class Side:
    """One of the two that are compared."""

    name: str
    sealed: bool
    engine: AsyncEngine
    committer: Committer
    world: World


def measure(server: LocalPostgres, world: World, scale: Scale) -> Measure:
    """Compare the two, in turns."""
    unsealed_name = "bench_unsealed"
    server.create_database(unsealed_name, template=DATABASE)
    unseal(server, unsealed_name)
    server.query("CHECKPOINT")
    urls = {True: server.url(DATABASE), False: server.url(unsealed_name)}
    began = _entries(server, DATABASE)
    rates = asyncio.run(_rounds(urls, world, scale))
    assert _entries(server, DATABASE) > began
    assert _entries(server, unsealed_name) == began, "there is no log on that side"
    sealed, unsealed = rates[True], rates[False]
    return Measure(
        name="transfers sealed / not sealed",
        what=(
            f"single transfers committed per second, {scale.in_flight} in flight, each with an"
            " Idempotency-Key, through the committer without HTTP (with it, sealing's share is"
            " smaller)"
        ),
        ratios=[one / other for one, other in zip(sealed, unsealed, strict=True)],
        bound="at least",
        target=TARGET,
        facts={
            "sealed, per second (median)": median(sealed),
            "not sealed, per second (median)": median(unsealed),
            "sealed, per second (quartiles)": quantiles(sealed, n=4),
            "not sealed, per second (quartiles)": quantiles(unsealed, n=4),
            "accounts": scale.accounts,
            "blocks at the beginning": scale.blocks,
            "seconds a turn": scale.turn_seconds,
        },
    )


def _entries(server: LocalPostgres, database: str) -> int:
    return int(server.query("SELECT count(*) FROM log_entries", database=database))


def unseal(server: LocalPostgres, database: str) -> None:
    """Take sealing out of a database of ours; fails where the function is no longer as known."""
    definition = server.query(_DEFINITION, database=database)
    before, begins, rest = definition.partition(_SEAL_BEGINS)
    seal, ends, after = rest.partition(_SEAL_ENDS)
    assert begins
    assert ends
    assert "INSERT INTO log_entries" in seal
    assert "log_entries" not in before + after
    server.query(_NUMBERS, database=database)
    server.query(before + _NO_SEAL + ends + after, database=database)


@contextmanager
def no_sealing() -> Iterator[None]:
    """Take sealing out of this process, for as long as the side without it runs."""
    places: list[tuple[Any, str, Any]] = [
        (pen_module, "canonical_bytes", lambda _: b""),
        (commit, "seal", _number_only),
    ]
    kept = [(module, name, getattr(module, name)) for module, name, _ in places]
    for module, name, instead in places:
        setattr(module, name, instead)
    try:
        yield
    finally:
        for module, name, original in kept:
            setattr(module, name, original)


def _number_only(head: Head, pen: Pen) -> tuple[Head, list[bytes]]:
    acts = len(pen.records)
    return Head(head.size + acts, head.root, head.peaks, pen.now), [b""] * acts


async def _rounds(urls: dict[bool, str], world: World, scale: Scale) -> dict[bool, list[float]]:
    chance = random.Random(7)  # noqa: S311  the same transfers at every run
    rates: dict[bool, list[float]] = {True: [], False: []}
    async with AsyncExitStack() as stack:
        sides = []
        for sealed, url in urls.items():
            opened = await stack.enter_async_context(committing(url))
            sides.append(Side("sealed" if sealed else "not sealed", sealed, *opened, world))
        for number in range(scale.turns + 1):
            for side in sides if number % 2 else reversed(sides):
                rate = await _run(side, chance, scale)
                if number:  # the first one warms up
                    rates[side.sealed].append(rate)
                    print(f"  turn {number}: {side.name} {rate:,.0f}/s", flush=True)
    return rates


async def _run(side: Side, chance: random.Random, scale: Scale) -> float:
    """Keep transfers in flight for a while; returns how many a second the database then has."""
    if not side.sealed:
        with no_sealing():
            return await load(side, chance, scale)
    return await load(side, chance, scale)


async def load(side: Side, chance: random.Random, scale: Scale) -> float:
    """Keep transfers in flight for a round; returns how many a second the database then has."""
    before = await _count(side.engine)
    began = time.perf_counter()
    ends = began + scale.turn_seconds
    numbers = itertools.count(before)

    async def client() -> None:
        while time.perf_counter() < ends:
            await side.committer.submit(an_act(side.world, chance, next(numbers)))

    await asyncio.gather(*(client() for _ in range(scale.in_flight)))
    seconds = time.perf_counter() - began
    return (await _count(side.engine) - before) / seconds


async def _count(engine: AsyncEngine) -> int:
    """Count what is committed: every transfer has left one answer."""
    async with engine.connect() as connection:
        return int((await connection.execute(text("SELECT count(*) FROM answers"))).scalar_one())


def an_act(world: World, chance: random.Random, number: int) -> Act[Movement]:
    """Return a transfer between two accounts of the world."""
    holder = chance.choice(world.holders)
    actor, sender = chance.choice(holder.users), chance.choice(holder.accounts)
    receiver = sender
    while receiver == sender:
        receiver = chance.choice(world.accounts)
    asked = Transfer(sender, receiver, Choice(credits=CREDITS))
    key = f"bench-{number:08}"
    body = f'{{"from_account":{sender},"to_account":{receiver}}}'.encode()
    return Act(
        actor,
        lambda pen: transfer(pen, actor, asked),
        _present,
        Idempotency(actor.user_id, key, sha256(body).digest()),
        (asked.touches(),),
        ahead=True,
    )


def _present(movement: Movement) -> Reply:
    """Answer about as much as the service does."""
    shown = {
        "act": movement.log_index,
        "kind": movement.kind.name,
        "from_account": movement.from_account.number,
        "to_account": movement.to_account.number,
        "credits": movement.credits,
        "moved": [
            {"batch": part.batch.serial_prefix, "first": part.first, "last": part.last}
            for part in movement.moved
        ],
        "recorded_at": movement.recorded_at.isoformat(),
    }
    return Reply(201, json.dumps(shown).encode(), f"/v1/movements/{movement.log_index}")
