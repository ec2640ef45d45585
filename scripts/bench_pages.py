"""
The section ``pages``: pages of a large register, against a page that shows nothing of it.

Twice: as visitors meet them, who are shown what was made for others since the last act; and made
anew, as the first visitor after an act has it. For that the mark that pages are remembered under is
moved before each of them, as an act moves it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import asyncpg
from bench_answers import Compared, rounds_of
from bench_client import request_of
from bench_database import settings_of
from bench_grown import grown, read_through
from bench_report import Facts, Findings
from bench_scale import Scale
from bench_service import serving
from local_postgres import LocalPostgres

BLOCKS_MAX: Final = 1_000_000
ACTIVITIES: Final = 10_000
TARGET: Final = 5.0
ANEW_EACH: Final = 4  # of so many reads, one is made anew
EMPTY: Final = "an empty page"
SWITCHED_OFF: Final = ("nothing: all are requests to the same service",)
# Rows of activities and what belongs to them, as the tests of the planner's choices have them.
_ROWS: Final = Path(__file__).parent.parent / "tests" / "builders" / "large.sql"
_MAYBE_A_BATCH: Final = "LEFT JOIN (SELECT id, row_number()"
_A_BATCH: Final = "JOIN (SELECT id, row_number()"
_BEYOND_THE_LOG: Final = 1_000_000_000


def run(server: LocalPostgres, scale: Scale) -> Findings:
    """Measure it."""
    blocks = min(BLOCKS_MAX, scale.grown_blocks)
    database = _with_activities(server, blocks, scale)
    read_through(server, database)
    with serving(server, database) as service:
        settings = settings_of(server, scale)
        lines = service.query("SELECT serial_prefix FROM batches ORDER BY id LIMIT 1000")
        prefixes = lines.splitlines()
        public = "SELECT id FROM activities WHERE status = 'registered' ORDER BY id LIMIT 1000"
        activities = service.query(public).splitlines()
        chance = random.Random(7)  # noqa: S311  the same pages at every run
        asked = {
            EMPTY: lambda: request_of("/en/sign-in"),
            "the first page": lambda: request_of("/th"),
            "the register of activities": lambda: request_of("/th/activities"),
            "an activity": lambda: request_of(f"/th/activities/{chance.choice(activities)}"),
            "a serial": lambda: request_of(f"/th/serials?serial={chance.choice(prefixes)}-1"),
        }
        rounds = rounds_of(service, asked, scale)
        with _moving(service.server.url(database)) as move:
            anew = {f"{name}, made anew": _after(move, ask) for name, ask in asked.items()}
            anew = {EMPTY: asked[EMPTY], **dict(list(anew.items())[1:])}
            few = replace(scale, reads_per_round=max(scale.reads_per_round // ANEW_EACH, 100))
            rounds_anew = rounds_of(service, anew, few)
    facts: Facts = {"blocks in the register": blocks, "activities": ACTIVITIES}
    measures = [
        Compared(name, EMPTY, f"{name} / {EMPTY}, p99", TARGET).measure(rounds, facts)
        for name in list(asked)[1:]
    ]
    measures += [
        Compared(name, EMPTY, f"{name} / {EMPTY}, p99", TARGET).measure(rounds_anew, facts)
        for name in list(anew)[1:]
    ]
    return Findings("pages", measures, settings, SWITCHED_OFF)


def _after(move: Callable[[], None], ask: Callable[[], bytes]) -> Callable[[], bytes]:
    def ask_after() -> bytes:
        move()
        return ask()

    return ask_after


@contextmanager
def _moving(url: str) -> Iterator[Callable[[], None]]:
    """Give what moves the mark of a register, outside of what is measured."""
    with asyncio.Runner() as runner:
        owner = runner.run(asyncpg.connect(url))
        try:
            yield lambda: runner.run(_move(owner))
        finally:
            runner.run(owner.close())


async def _move(owner: asyncpg.Connection) -> None:
    await owner.execute("UPDATE log_checkpoint SET published_at = clock_timestamp()")


def _with_activities(server: LocalPostgres, blocks: int, scale: Scale) -> str:
    """Return a register with so many blocks and activities; made where there is none."""
    name = f"bench_pages_{blocks}"
    if name not in server.query("SELECT datname FROM pg_database").splitlines():
        server.create_database(name, template=grown(server, blocks, scale))
        asyncio.run(_fill(server.url(name)))
    return name


async def _fill(url: str) -> None:
    owner = await asyncpg.connect(url)
    try:
        # What these rows refer to is there: looking it up for each would take most of the time.
        await owner.execute("SET session_replication_role = replica")
        # A small register has fewer batches than activities; lines of issuances need theirs.
        script = _ROWS.read_text(encoding="utf-8").replace(_MAYBE_A_BATCH, _A_BATCH)
        rows = script.replace("ROWS", str(ACTIVITIES)).replace("LOG", str(_BEYOND_THE_LOG))
        await owner.execute(rows)
        # Ends of credits that never moved: the planner does not mind them, pages would.
        await owner.execute("ALTER TABLE endings DISABLE TRIGGER USER")
        await owner.execute(f"DELETE FROM endings WHERE log_index >= {_BEYOND_THE_LOG}")  # noqa: S608
        await owner.execute("VACUUM ANALYZE")
    finally:
        await owner.close()
