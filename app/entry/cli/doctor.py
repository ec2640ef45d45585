"""What is wrong with this installation, and how to mend it."""

import asyncio
import os
import shutil
import sys
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.cli.database import newest_revision
from app.entry.cli.entered import look_at_what_is_entered
from app.entry.cli.findings import Finding, judge
from app.kernel import clock
from app.kernel.db import APP_ROLE, make_engine, metadata
from app.kernel.outages import is_away
from app.registry.log.store import get_head, list_entries
from app.registry.log.store.publication import get_published
from app.settings import Settings

VERSION_MIN: Final = 150_000  # PostgreSQL 15
FREE_BYTES_MIN: Final = 2**30
CLOCK_DIFFERENCE_S_MAX: Final = 5
ANSWER_SECONDS_MAX: Final = 10
PUBLISHED_SECONDS_MAX: Final = 60  # it takes two; witnesses that are away may make it longer


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; without a database, at what can be seen without one."""
    return [
        _assertions(),
        _data_folder(settings),
        _disk(settings),
        *asyncio.run(_examine_database(settings)),
        *asyncio.run(_examine_replica(settings)),
    ]


def _assertions() -> Finding:
    return judge(
        "Python",
        found=f"{sys.version.split()[0]}, optimisation {sys.flags.optimize}",
        is_good=sys.flags.optimize == 0,
        advice="Run without -O and PYTHONOPTIMIZE: they switch assertions off.",
    )


def _data_folder(settings: Settings) -> Finding:
    folder = settings.data
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return judge(
        "data folder",
        found=str(settings.data),
        is_good=os.access(folder, os.W_OK | os.X_OK),
        advice="Make it writable for the user that runs the service, or set REGISTRY_DATA.",
    )


def _disk(settings: Settings) -> Finding:
    folder = settings.data
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    return judge(
        "disk",
        found=f"{free / 2**30:.1f} GB free",
        is_good=free >= FREE_BYTES_MIN,
        advice="Free some space, or move REGISTRY_DATA to a larger disk.",
    )


async def _examine_database(settings: Settings) -> list[Finding]:
    # With the address's own role: whether it may become the application's is one of the questions.
    engine = make_engine(settings.database_url, connections_max=1, role=None)
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX), engine.connect() as connection:
            return await _ask(connection, settings)
    except Exception as error:
        if not is_away(error) and not isinstance(error, TimeoutError | OSError):
            raise
        advice = "Is PostgreSQL running, and is DATABASE_URL right?"
        return [Finding("database", type(error).__name__, advice, is_bad=True)]
    finally:
        await engine.dispose()


async def _examine_replica(settings: Settings) -> list[Finding]:
    if settings.read_database_url == settings.database_url:
        return []
    engine = make_engine(settings.read_database_url, connections_max=1)
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX), engine.connect() as connection:
            size = (await get_head(connection)).size
            follows = await _value(connection, "SELECT pg_is_in_recovery()")
    except Exception as error:  # noqa: BLE001  the service does without it, whatever it has
        advice = "Visitors are served by the database itself. Is READ_DATABASE_URL right?"
        return [Finding("replica", type(error).__name__, advice)]
    finally:
        await engine.dispose()
    advice = "" if follows else "READ_DATABASE_URL must name a standby of the database."
    return [Finding("replica", f"has {size} acts", advice, is_bad=not follows)]


async def _ask(connection: AsyncConnection, settings: Settings) -> list[Finding]:
    findings = [
        _version(int(str(await _value(connection, "SHOW server_version_num")))),
        _encoding(str(await _value(connection, "SHOW server_encoding"))),
        *[await _durability(connection, name) for name in ("fsync", "full_page_writes")],
        await _connections(connection, settings.connections_per_process),
        _clock(await _moment(connection)),
        schema := await _schema(connection),
    ]
    if not schema.is_bad:
        findings.append(await _publication(connection))
        findings += await look_at_what_is_entered(connection)
    role = await _role(connection)
    return [*findings, role] if role.is_bad else [*findings, role, *await _grants(connection)]


async def _value(connection: AsyncConnection, question: str, **facts: object) -> object:
    return (await connection.execute(text(question), facts)).scalar_one()


async def _moment(connection: AsyncConnection) -> datetime:
    moment = await _value(connection, "SELECT clock_timestamp()")
    assert isinstance(moment, datetime)
    return moment


def _version(number: int) -> Finding:
    return judge(
        "PostgreSQL",
        found=f"{number // 10_000}.{number % 10_000}",
        is_good=number >= VERSION_MIN,
        advice="Use PostgreSQL 15 or newer.",
    )


def _encoding(encoding: str) -> Finding:
    return judge(
        "encoding",
        found=encoding,
        is_good=encoding == "UTF8",
        advice="Make the database anew with ENCODING 'UTF8': others cannot hold Thai and English.",
    )


async def _durability(connection: AsyncConnection, name: str) -> Finding:
    value = str(await _value(connection, f"SHOW {name}"))
    return judge(
        name,
        found=value,
        is_good=value == "on",
        advice=f"Set {name} = on: without it a power cut can lose what was reported as done.",
    )


async def _connections(connection: AsyncConnection, each: int) -> Finding:
    """Count how many server processes the database has room for; all machines' share it."""
    free = await _value(
        connection,
        "SELECT current_setting('max_connections')::int"
        " - current_setting('superuser_reserved_connections')::int"
        " - coalesce(current_setting('reserved_connections', true)::int, 0)",
    )
    assert isinstance(free, int)
    return judge(
        "connections",
        found=f"{free} for all; a server process opens up to {each}: room for {free // each}",
        is_good=free >= each,
        advice="Raise max_connections of PostgreSQL, or lower REGISTRY_CONNECTIONS_MAX.",
    )


def _clock(database_moment: datetime) -> Finding:
    difference_s = abs((clock.now() - database_moment).total_seconds())
    return judge(
        "clock",
        found=f"{difference_s:.1f} s from the database's",
        is_good=difference_s <= CLOCK_DIFFERENCE_S_MAX,
        advice="Let both machines keep their clocks by NTP: tokens and deadlines depend on it.",
    )


async def _schema(connection: AsyncConnection) -> Finding:
    newest = newest_revision()
    present = "none"
    if await _value(connection, "SELECT to_regclass('alembic_version') IS NOT NULL"):
        rows = await connection.execute(text("SELECT version_num FROM alembic_version"))
        present = ", ".join(rows.scalars()) or "none"
    return judge(
        "schema",
        found=present,
        is_good=present == newest,
        advice=f"Run `registry migrate`: the newest is {newest}.",
    )


async def _publication(connection: AsyncConnection) -> Finding:
    """Look whether what is recorded comes out: a log that stands still looks well otherwise."""
    published = await get_published(connection)
    waiting = await list_entries(connection, first=published.size, rows_max=1)
    found = f"{published.size} acts published"
    if not waiting:
        return Finding("public log", found)
    waits_s = (await _moment(connection) - waiting[0].recorded_at).total_seconds()
    advice = "Run `registry publish` beside the service; if it runs, its log says why it waits."
    is_late = waits_s > PUBLISHED_SECONDS_MAX
    found = f"{found}; the next one has waited for {waits_s:.0f} s"
    return Finding(
        "public log", found, advice if is_late else "", is_bad=is_late and bool(published.size)
    )


async def _role(connection: AsyncConnection) -> Finding:
    may_become = await _value(
        connection,
        "SELECT coalesce((SELECT pg_has_role(oid, 'MEMBER') FROM pg_roles WHERE rolname = :role),"
        " false)",
        role=APP_ROLE,
    )
    if not may_become:
        advice = f"Run `registry migrate`, then GRANT {APP_ROLE} TO the user of DATABASE_URL."
        return Finding("role", f"cannot act as {APP_ROLE}", advice, is_bad=True)
    superuser = await _value(
        connection, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
    )
    advice = "In production, connect as a user that is not a superuser." if superuser else ""
    return Finding("role", f"acts as {APP_ROLE}", advice)


async def _grants(connection: AsyncConnection) -> list[Finding]:
    """Look for rights by which the service could change history."""
    excess = []
    for table in metadata.sorted_tables:
        # Sessions and the like are no history: what is over is removed.
        rights = ["TRUNCATE", *([] if table.info.get("passing") else ["DELETE"])]
        is_only_added_to = table.info.get("history") or table.info.get("expiring")
        rights += ["UPDATE"] if is_only_added_to else []
        held = await connection.execute(
            text(
                "SELECT wanted FROM unnest(CAST(:rights AS text[])) AS wanted"
                " WHERE to_regclass(:name) IS NOT NULL"
                " AND has_table_privilege(:role, to_regclass(:name), wanted)"
            ),
            {"role": APP_ROLE, "name": table.name, "rights": rights},
        )
        excess += [f"{right} on {table.name}" for right in held.scalars()]
    finding = judge(
        "rights",
        found=", ".join(excess) or f"{APP_ROLE} can only add to history",
        is_good=not excess,
        advice=f"REVOKE them from {APP_ROLE}; migrations grant what is needed.",
    )
    return [finding]
