"""
How the database goes about every read, when tables have grown.

A read of a table that grows uses an index from its first column on, reads no more rows than some
pages have, and never sorts a table: whatever is asked for, and whether there is much of it or
nothing. A new function of a store has to be added here before it can be merged.
"""

import asyncio
import importlib
import inspect
import os
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import pytest
from sqlalchemy import text

from app.registry.stores import STORES
from tests.builders.large import Large, a_large_register, an_imported_register
from tests.builders.plans import PROJECTS, explaining
from tests.conftest import Server
from tests.operations.plan_cases import CASES, OF_SMALL_TABLES, PARTS, READS_ALL, WALKS

READING = ("find_", "get_", "list_", "load_", "lock_", "stream_")


def modules_of(store: ModuleType) -> Iterator[ModuleType]:
    yield store
    for found in pkgutil.iter_modules(getattr(store, "__path__", [])):
        yield importlib.import_module(f"{store.__name__}.{found.name}")


def reads_of_stores() -> set[str]:
    return {
        f"{module.__name__.split('.')[2]}.{name}"
        for store in STORES
        for module in modules_of(store)
        for name, function in inspect.getmembers(module)
        if (inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function))
        and function.__module__ == module.__name__
        and name.startswith(READING)
    }


def test_every_read_is_planned_or_has_a_reason_not_to_be() -> None:
    listed = [*CASES, *PARTS, *READS_ALL, *OF_SMALL_TABLES]
    assert len(listed) == len(set(listed))
    assert reads_of_stores() == set(listed)
    assert WALKS.keys() <= CASES.keys()


@pytest.fixture(scope="module")
def large(server: Server) -> Iterator[Large]:
    """A large register, made once: nothing is written to it."""
    name = f"registry_large_{os.getpid()}"
    asyncio.run(server.run(f"CREATE DATABASE {name} TEMPLATE {server.template}"))
    yield asyncio.run(a_large_register(server.url(name)))
    asyncio.run(server.run(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.mark.parametrize("name", CASES)
async def test_no_read_takes_longer_as_its_tables_grow(large: Large, name: str) -> None:
    async with explaining(large.url) as plans:
        for read in CASES[name](large):
            allowed = PROJECTS if name in WALKS else frozenset()
            assert await plans.faults_of(read, allowed=allowed) == [], read


@pytest.fixture(scope="module")
def imported(server: Server) -> Iterator[Large]:
    """A register right after an import: every entry is from the source, into a few accounts."""
    name = f"registry_imported_{os.getpid()}"
    asyncio.run(server.run(f"CREATE DATABASE {name} TEMPLATE {server.template}"))
    yield asyncio.run(an_imported_register(server.url(name)))
    asyncio.run(server.run(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("ledger.")])
async def test_no_read_takes_longer_right_after_an_import(imported: Large, name: str) -> None:
    """
    The statistics then say that every entry is from one account. Taken for any account, they would
    promise its last entry at the end of the ledger, and an account that has sent nothing would be
    looked for through all of it: at each transfer.
    """
    async with explaining(imported.url) as plans:
        for read in CASES[name](imported):
            assert await plans.faults_of(read) == [], read


async def test_what_is_wrong_with_a_plan_is_found(large: Large) -> None:
    """A test that reads plans and never finds anything would hold nothing."""
    bad = {
        "SELECT * FROM ledger_entries WHERE line = 1 LIMIT 1": "reads all of the table",
        "SELECT count(*) FROM endings WHERE kind BETWEEN 4 AND 4": "reads 1",
        "SELECT * FROM log_entries ORDER BY log_index": "walks along pk_log_entries",
        "SELECT * FROM blocks WHERE first_serial = 5 ORDER BY batch_id LIMIT 1": "reads all of",
    }
    async with explaining(large.url) as plans:
        await plans.connection.execute(text("SET enable_seqscan = on"))
        for statement, fault in bad.items():
            found = await plans.faults_of(lambda c, s=statement: c.execute(text(s)))  # type: ignore[misc]
            assert any(fault in said for said in found), (statement, found)
