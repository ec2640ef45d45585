"""What a proof costs in a long log: an inclusion proof against one read by primary key."""

from __future__ import annotations

import asyncio
import random
import struct
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Final

import asyncpg
from bench_report import Measure
from bench_scale import GIB, Scale
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from local_postgres import LocalPostgres
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import make_engine, reading
from app.registry.log import store
from app.registry.log.checkpoints import Checkpoint
from app.registry.log.merkle import Frontier, verify_inclusion
from app.registry.log.notes import Note, sign
from app.registry.log.proofs import get_inclusion

TARGET: Final = 3.0
DATABASE: Final = "bench_proofs"
ROWS_PER_CHUNK: Final = 2_000
ROWS_PER_WORD: Final = 1_000_000  # how often the build says how far it is
WARM_UP_READS: Final = 500

# What is emptied before the built log is copied in, and what keeps it from being emptied.
_GUARDS: Final = {"log_entries": "history_is_not_emptied", "log_salts": "nothing_is_emptied"}
# COPY's binary form: a number of fields, then each behind its length.
_FILE_HEAD: Final = b"PGCOPY\n\xff\r\n\x00" + struct.pack(">ii", 0, 0)
_FILE_END: Final = struct.pack(">h", -1)
_KIND: Final = b"credits.transferred"
_ROW_HEAD: Final = struct.Struct(f">hiqi{len(_KIND)}si12si")
_ROW_END: Final = struct.Struct(">iq")
_LENGTH: Final = struct.Struct(">i")
_COLUMNS: Final = ("log_index", "kind", "subject", "leaf", "nodes", "recorded_at")
_FIELDS: Final = len(_COLUMNS)
_BEGAN_AT: Final = 845_000_000_000_000  # microseconds since 2000
_MICROSECONDS: Final = 250  # between acts: four thousand a second

# What the leaf of a transfer looks like; the numbers differ from leaf to leaf.
_LEAF: Final = (
    '{"at":"2026-10-10T17:%02d:%02d.%06dZ","by":"usr_01k76vy3hmf6qtshj1p6wkbd3a","data":'
    '{"credits":%d,"from":"TH-%06d-45","moves":[{"batch":"TH-CITY-0001-2024-1","first":%d,'
    '"last":%d}],"to":"TH-%06d-17"},"kind":"credits.transferred","subject":"TH-%06d-45","v":1}'
)


@dataclass
class Times:
    """How long reads took, in milliseconds."""

    reads: list[float] = field(default_factory=list)
    proofs: list[float] = field(default_factory=list)


def measure(server: LocalPostgres, empty: str, scale: Scale) -> list[Measure]:
    """Build the log, then read and prove in turns; a measure each for p50 and p99."""
    server.create_database(DATABASE, template=empty)
    began = time.perf_counter()
    asyncio.run(_build(server.url(DATABASE), scale.log_entries))
    built_seconds = time.perf_counter() - began
    size = int(server.query("SELECT pg_total_relation_size('log_entries')", database=DATABASE))
    server.query("CHECKPOINT")
    rounds = asyncio.run(_rounds(server.url(DATABASE), scale))
    return [
        _compare(
            f"proof / read by primary key, {name}",
            [(_percentile(times.proofs, at), _percentile(times.reads, at)) for times in rounds],
            {
                "entries in the log": scale.log_entries,
                "reads of each kind a round": scale.reads_per_round,
                "seconds to build the log": built_seconds,
                "GiB of log_entries with indexes": size / GIB,
            },
        )
        for name, at in (("p50", 50), ("p99", 99))
    ]


def _compare(name: str, pairs: list[tuple[float, float]], facts: dict[str, int | float]) -> Measure:
    return Measure(
        name=name,
        what=(
            "an inclusion proof of any act at the published size, against reading one entry of"
            " the log by its index; same connection and snapshot, in turns"
        ),
        ratios=[proof / read for proof, read in pairs],
        bound="at most",
        target=TARGET,
        facts={
            "proof, ms (median)": median(proof for proof, _ in pairs),
            "read, ms (median)": median(read for _, read in pairs),
            "proof, ms, each round": [proof for proof, _ in pairs],
            "read, ms, each round": [read for _, read in pairs],
            **facts,
        },
    )


def _percentile(values: list[float], at: int) -> float:
    return quantiles(values, n=100)[at - 1]


# ------------------------------------------------------------------ reading


async def _rounds(url: str, scale: Scale) -> list[Times]:
    chance = random.Random(7)  # noqa: S311  the same acts at every run
    engine = make_engine(url, connections_max=1)
    async with reading(engine) as connection:
        await _in_turns(connection, chance, scale.log_entries, WARM_UP_READS)
        rounds = [
            await _in_turns(connection, chance, scale.log_entries, scale.reads_per_round)
            for _ in range(scale.rounds)
        ]
    await engine.dispose()
    return rounds


async def _in_turns(
    connection: AsyncConnection, chance: random.Random, entries: int, times_each: int
) -> Times:
    times = Times()
    for _ in range(times_each):
        began = time.perf_counter()
        await store.get_entry(connection, chance.randrange(entries))
        read = time.perf_counter()
        found = await get_inclusion(connection, chance.randrange(entries))
        proven = time.perf_counter()
        times.reads.append((read - began) * 1_000)
        times.proofs.append((proven - read) * 1_000)
        assert verify_inclusion(
            index=found.entry.log_index,
            size=entries,
            leaf=found.entry.leaf_hash,
            proof=found.proof,
            root=found.root,
        )
    return times


# ------------------------------------------------------------------ building


async def _build(url: str, entries: int) -> None:
    """Copy a log in, with the nodes that its tree really has, and set its head."""
    print(f"Building a log of {entries:,} entries ...", flush=True)
    frontier = Frontier()
    owner = await asyncpg.connect(url)
    try:
        await owner.copy_to_table(
            "log_entries", source=_file(frontier, entries), columns=_COLUMNS, format="binary"
        )
        await _set_heads(owner, frontier)
        print("  settling ...", flush=True)  # else the first reader of a page would write it, too
        await owner.execute("VACUUM (FREEZE, ANALYZE) log_entries")
    finally:
        await owner.close()


async def _set_heads(owner: asyncpg.Connection, frontier: Frontier) -> None:
    """Let the log end where it was built to, and be published to there."""
    size, root = frontier.size, frontier.root()
    text = Checkpoint("bench.example/log", size, root).text
    note = Note(text, (sign("bench.example/log", Ed25519PrivateKey.generate(), text),))
    await owner.execute(
        "UPDATE log_head SET size = $1, root = $2, peaks = $3, recorded_at = now()",
        size,
        root,
        b"".join(frontier.peaks),
    )
    await owner.execute(
        "UPDATE log_checkpoint SET signing_size = $1, signing_root = $2", size, root
    )
    await owner.execute(
        "UPDATE log_checkpoint SET size = $1, root = $2, note = $3, published_at = now()",
        size,
        root,
        note.encode(),
    )


async def _file(frontier: Frontier, entries: int) -> AsyncIterator[bytes]:
    yield _FILE_HEAD
    for first in range(0, entries, ROWS_PER_CHUNK):
        numbers = range(first, min(first + ROWS_PER_CHUNK, entries))
        yield b"".join([_row(frontier, number) for number in numbers])
        if numbers.stop % ROWS_PER_WORD == 0:
            print(f"  {numbers.stop:,}", flush=True)
    yield _FILE_END


def _row(frontier: Frontier, number: int) -> bytes:
    sender, receiver, first = number % 997, number % 1009, number * 7 % 1_000_003
    seconds, microseconds = divmod(number * _MICROSECONDS, 1_000_000)
    moment = seconds // 60 % 60, seconds % 60, microseconds
    told = _LEAF % (*moment, 10, sender, first, first + 9, receiver, sender)
    leaf = told.encode()
    nodes = frontier.append(leaf)
    subject = b"TH-%06d-45" % sender
    head = _ROW_HEAD.pack(_FIELDS, 8, number, len(_KIND), _KIND, len(subject), subject, len(leaf))
    at = _ROW_END.pack(8, _BEGAN_AT + number * _MICROSECONDS)
    return b"".join((head, leaf, _LENGTH.pack(len(nodes)), nodes, at))
