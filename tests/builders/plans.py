"""How the database went about a read: its real plans, and what is wrong with them."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import APP_ROLE, driver, make_engine, metadata
from app.kernel.errors import RegistryError

# Of one table by one scan: as much as is looked through at a time (`app.kernel.paging.Found`), and
# far less than any table that grows.
ROWS_READ_MAX: Final = 2_000

# Tables that stay small however large the register becomes, and why.
SMALL: Final = {
    "log_head": "one row",
    "log_checkpoint": "one row",
    "alembic_version": "one row",
    "provinces": "77, by law",
    "programmes": "a handful, each an act of policy",
    "programme_members": "provinces in programmes",
    "calendar_years": "one for each change of a year's holidays",
    "holidays": "some 25 for each of these",
    "rule_values": "one for each change of a rule",
    "methodologies": "some hundred versions",
    "ledger_sums": "at most seven for each year, programme and province",
    "history_sources": "one for each registry that was taken over from",
}

# Tables that grow with projects and what is written of them: some ten thousand rows after decades.
PROJECTS: Final = frozenset(
    {
        "parties",
        *("activities", "sites", "activity_readers", "activity_events", "validation_opinions"),
        *("documents", "monitoring_reports", "monitoring_lines", "monitoring_documents"),
        *("report_events", "recognitions", "verifications", "verification_opinions"),
        *("verification_lines", "verification_findings", "verification_documents"),
        *("verification_reviews", "issuances", "issuance_lines"),
    }
)
# Parts of a table that stay small.
_SMALL_INDEXES: Final = frozenset(
    {
        "ix_users_administrators",
        "ix_users_officials",
        # What stands frozen, of all that ever did.
        *("ix_freezes_standing", "ix_freezes_standing_account", "ix_freezes_standing_batch"),
    }
)

_EXPLAIN: Final = {
    "log_min_duration": "0",
    "log_analyze": "on",
    "log_timing": "off",
    "log_nested_statements": "on",
    "log_format": "json",
    "log_level": "notice",
    "log_parameter_max_length": "0",
}
_INDEXES: Final = """
    SELECT i.relname AS name, t.relname AS table, pg_get_indexdef(i.oid, 1, true) AS leading
      FROM pg_index x
      JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
"""

Plan = Mapping[str, Any]


@dataclass(frozen=True)
class Plans:
    """Reads as the service's role, and keeps how each statement was gone about."""

    connection: AsyncConnection
    indexes: Mapping[str, "Index"]
    seen: list[Plan] = field(default_factory=list)

    async def faults_of(
        self,
        read: Callable[[AsyncConnection], Awaitable[object]],
        *,
        allowed: AbstractSet[str] = frozenset(),
    ) -> list[str]:
        """
        Have something read, and say what is wrong with the plans of it; empty: nothing.

        Args:
            read: what to do on the connection.
            allowed: tables that it may walk through.
        """
        self.seen.clear()
        with suppress(RegistryError):  # what is looked for need not be there
            await read(self.connection)
        # A plan is told when its statement is put away, at the latest with the transaction.
        await self.connection.rollback()
        await asyncio.sleep(0)
        assert self.seen, "nothing was asked of the database"
        return [
            f"{fault.says} ({fault.table}): {plan['Query Text']}"
            for plan in self.seen
            for fault in faults(plan["Plan"], self.indexes)
            if fault.table not in allowed
        ]


@dataclass(frozen=True)
class Index:
    """What an index is of."""

    table: str
    leading: str  # its first column


@dataclass(frozen=True)
class Fault:
    """Something about a plan that would take longer as a table grows."""

    table: str
    says: str


@asynccontextmanager
async def explaining(url: str) -> AsyncIterator[Plans]:
    """Open a connection like the service's, on which every statement is explained as it is run."""
    engine = make_engine(url, connections_max=1, role=None)
    async with engine.connect() as connection:
        rows = await connection.execute(text(_INDEXES))
        indexes = {row.name: Index(row.table, row.leading) for row in rows}
        plans = Plans(connection, indexes)
        await connection.execute(text("LOAD 'auto_explain'"))
        for name, value in _EXPLAIN.items():
            await connection.execute(text(f"SET auto_explain.{name} = '{value}'"))
        await connection.execute(text(f"SET ROLE {APP_ROLE}"))
        await connection.commit()

        def keep(_connection: object, notice: Any) -> None:  # noqa: ANN401  asyncpg ships no types
            _, _, plan = notice.message.partition("plan:\n")
            if plan:
                plans.seen.append(json.loads(plan))

        driver(connection).add_log_listener(keep)
        try:
            yield plans
        finally:
            await connection.close()
            await engine.dispose()


def faults(plan: Plan, indexes: Mapping[str, Index], *, limited: bool = False) -> Iterator[Fault]:
    """
    Say what is wrong with a plan that was carried out.

    Args:
        plan: a node of it, with what is below.
        indexes: all there are.
        limited: whether a limit above stops it as soon as it has found a page.
    """
    kind = plan["Node Type"]
    table = indexes[plan["Index Name"]].table if "Index Name" in plan else plan.get("Relation Name")
    if table and table in metadata.tables and table not in SMALL and plan["Actual Loops"]:
        for says in _faults_of_scan(plan, indexes, limited=limited):
            yield Fault(table, says)
    limited = kind == "Limit" or (limited and kind not in {"Sort", "Aggregate", "Hash"})
    for part in plan.get("Plans", ()):
        yield from faults(part, indexes, limited=limited)


def _faults_of_scan(plan: Plan, indexes: Mapping[str, Index], *, limited: bool) -> Iterator[str]:
    kind, index = plan["Node Type"], plan.get("Index Name", "")
    is_stopped = limited and "Filter" not in plan
    removed = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
    read = plan["Actual Loops"] * (plan["Actual Rows"] + sum(plan.get(name, 0) for name in removed))
    if kind == "Seq Scan" and read and not is_stopped:
        yield "reads all of the table"
    if read > ROWS_READ_MAX:
        yield f"reads {read:.0f} rows by {index or kind}"
    if index and index not in _SMALL_INDEXES:
        condition = plan.get("Index Cond")
        if condition is None and not is_stopped:
            yield f"walks along {index}"
        # A condition on a later column alone is looked for in all of the index.
        if condition is not None and not _begins(condition, indexes[index].leading):
            yield f"reads all of {index}"


def _begins(condition: str, leading: str) -> bool:
    return re.search(rf"[(.]{re.escape(leading)}\b", condition) is not None
