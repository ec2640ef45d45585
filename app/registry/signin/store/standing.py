"""Whether whoever holds a token may act now, read for many at once."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.registry.parties.policy import Actor, Permission
from app.registry.parties.rules import PartyKind, Role, Status
from app.registry.signin.rules import SESSION_IDLE_MAX

# The head's moment is the register's own time, which never runs back: see `Standing.now`.
_LIST_STANDINGS: Final = text("""
    SELECT w.user_id, w.key_id AS asked_key_id, w.session_id AS asked_session_id,
           u.party_id, u.party_kind, u.roles, u.status, p.status AS party_status,
           k.id AS key_id, k.revoked_at, k.expires_at AS key_expires_at, k.scopes,
           k.addresses::text[] AS addresses, k.last_used_at AS key_used_at, k.public_key,
           s.id AS session_id, s.ended_at, s.expires_at, s.last_used_at,
           (SELECT recorded_at FROM log_head) AS recorded_at
      FROM unnest(CAST(:users AS text[]), CAST(:keys AS text[]), CAST(:sessions AS text[]))
           AS w(user_id, key_id, session_id)
      JOIN users u ON u.id = w.user_id
      JOIN parties p ON p.id = u.party_id
      LEFT JOIN LATERAL (SELECT * FROM api_keys
                          WHERE id = w.key_id AND user_id = w.user_id LIMIT 1) AS k ON true
      LEFT JOIN LATERAL (SELECT * FROM sessions
                          WHERE id = w.session_id AND user_id = w.user_id LIMIT 1) AS s ON true
""")
_KNOWN_SCOPES: Final = frozenset(Permission)


class Bearer(NamedTuple):
    """Whom a token names."""

    user_id: str
    key_id: str | None = None  # None: no API key asked for it
    session_id: str | None = None  # None: it is of no session


@dataclass(frozen=True, slots=True)
class Standing:
    """How a user stands now, with the key or the session they came with."""

    actor: Actor
    user_status: Status
    party_status: Status
    key_revoked: bool
    key_expires_at: datetime | None  # None: never
    key_used_at: datetime | None  # to the minute; None: never, or it is no key
    addresses: tuple[str, ...]  # networks that the key works from; empty: from anywhere
    public_key: bytes | None  # that what the key changes is signed for; None: it need not be
    session_ended: bool
    session_ends_at: datetime | None  # unless it is refreshed; None: of no session
    recorded_at: datetime  # of the log's last entry

    def now(self, clock: datetime) -> datetime:
        """
        Return the moment to judge by: the machine's, unless the register has been further already.

        A clock that is set back must not make good again what was over before.
        """
        return max(clock, self.recorded_at)


async def find_standing(connection: AsyncConnection, bearer: Bearer) -> Standing | None:
    """Return how a user and what they came with stand now; None: as `list_standings`."""
    return (await list_standings(connection, [bearer])).get(bearer)


async def list_standings(
    connection: AsyncConnection, asked: Collection[Bearer]
) -> dict[Bearer, Standing]:
    """
    Return how users and what they came with stand now, in one statement.

    Returns:
        What is left out: there is no such user, or key or session are not theirs.
    """
    rows = await connection.execute(
        _LIST_STANDINGS,
        {
            "users": [bearer.user_id for bearer in asked],
            "keys": [bearer.key_id for bearer in asked],
            "sessions": [bearer.session_id for bearer in asked],
        },
    )
    return {
        Bearer(row.user_id, row.asked_key_id, row.asked_session_id): _standing(row)
        for row in rows
        if row.key_id == row.asked_key_id and row.session_id == row.asked_session_id
    }


def _standing(row: Row[*tuple[Any, ...]]) -> Standing:
    return Standing(
        Actor(
            user_id=row.user_id,
            party_id=row.party_id,
            party_kind=PartyKind(row.party_kind),
            roles=frozenset(map(Role, row.roles)),
            client_id=row.key_id,
            session_id=row.session_id,
            scopes=None if row.scopes is None else _scopes(row.scopes),
        ),
        user_status=Status(row.status),
        party_status=Status(row.party_status),
        key_revoked=row.revoked_at is not None,
        key_expires_at=row.key_expires_at,
        key_used_at=row.key_used_at,
        addresses=tuple(row.addresses or ()),
        public_key=None if row.public_key is None else bytes(row.public_key),
        session_ended=row.ended_at is not None,
        session_ends_at=None
        if row.session_id is None
        else min(row.expires_at, row.last_used_at + SESSION_IDLE_MAX),
        recorded_at=row.recorded_at,
    )


def _scopes(kept: Collection[str]) -> frozenset[Permission]:
    # A permission that there is no more lets nobody do anything.
    return frozenset(Permission(scope) for scope in kept if scope in _KNOWN_SCOPES)
