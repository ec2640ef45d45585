"""The section ``pages``: pages of a large register, against a page that shows nothing of it."""

from __future__ import annotations

import asyncio
import random
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
    facts: Facts = {"blocks in the register": blocks, "activities": ACTIVITIES}
    measures = [
        Compared(name, EMPTY, f"{name} / {EMPTY}, p99", TARGET).measure(rounds, facts)
        for name in list(asked)[1:]
    ]
    return Findings("pages", measures, settings, SWITCHED_OFF)


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
