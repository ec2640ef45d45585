"""Wrong guesses in the database, where all server processes count together."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.registry.signin.rules import Guesses, Scope
from app.registry.signin.store.tables import sign_in_guesses

# Locked in one order, so that two who guess at the same things wait for each other and no more.
_LOCK: Final = text("""
    SELECT g.scope, g.name, g.failures, g.last_at FROM sign_in_guesses g
     WHERE (g.scope, g.name) IN (
        SELECT * FROM unnest(CAST(:scopes AS text[]), CAST(:names AS bytea[])))
     ORDER BY g.scope DESC, g.name FOR UPDATE
""")
_KEEP: Final = text("""
    INSERT INTO sign_in_guesses (scope, name, failures, last_at)
    SELECT * FROM unnest(CAST(:scopes AS text[]), CAST(:names AS bytea[]),
                         CAST(:failures AS int[]), CAST(:moments AS timestamptz[]))
        ON CONFLICT (scope, name)
        DO UPDATE SET failures = excluded.failures, last_at = excluded.last_at
""")


async def lock_guesses(
    connection: AsyncConnection, names: Sequence[tuple[Scope, bytes]]
) -> list[Guesses]:
    """Hold what was counted under some names, and return it; names without guesses are left out."""
    asked = {"scopes": [scope.value for scope, _ in names], "names": [name for _, name in names]}
    rows = await connection.execute(_LOCK, asked)
    return [Guesses(Scope(row.scope), bytes(row.name), row.failures, row.last_at) for row in rows]


async def update_guesses(connection: AsyncConnection, counted: Sequence[Guesses]) -> None:
    """Write what is counted from now on."""
    ordered = sorted(counted, key=lambda one: one.scope, reverse=True)
    await connection.execute(
        _KEEP,
        {
            "scopes": [one.scope.value for one in ordered],
            "names": [one.name for one in ordered],
            "failures": [one.failures for one in ordered],
            "moments": [one.last_at for one in ordered],
        },
    )


async def delete_guesses(
    connection: AsyncConnection, *, counted_before: datetime, known_before: datetime
) -> None:
    """Forget guesses that count no more, and addresses from where nobody has come for long."""
    of = sign_in_guesses.c
    await connection.execute(
        delete(sign_in_guesses).where(
            of.last_at < counted_before,
            of.scope != Scope.EVERYBODY,
            (of.scope != Scope.KNOWN) | (of.last_at < known_before),
        )
    )
