"""
Records of who came in, who failed to, how that changed, and who read about whom.

They are no part of the register's history and hold no words of anybody. What somebody did is
recorded with it, in the same transaction; what changed nothing, as a read or a failure, is handed
over by the way in, many at a time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.ids import new_id
from app.registry.log.pen import Pen
from app.registry.parties import operations as parties
from app.registry.parties.operations import IssueKey, RevokeKey
from app.registry.parties.operations.history import record
from app.registry.parties.policy import Actor
from app.registry.parties.rules import ApiKey, User
from app.registry.signin import store
from app.registry.signin.rules import Access, AccessKind


@dataclass(frozen=True, slots=True)
class By:
    """Who did something, from where, by which session or key."""

    user_id: str | None  # None: whoever it was did not get in
    network: str | None  # None: not known
    session_id: str | None = None
    key_id: str | None = None


def by_actor(actor: Actor, network: str | None) -> By:
    """Return who an actor is."""
    return By(actor.user_id, network, actor.session_id, actor.client_id)


def an_access(by: By, kind: AccessKind, what: str, *, about: str | None, now: datetime) -> Access:
    """Make a record: what was done, about whom (None: everybody), when."""
    return Access(
        id=new_id("aud"),
        at=now,
        kind=kind,
        what=what,
        about=about,
        by=by.user_id,
        network=by.network,
        session_id=by.session_id,
        key_id=by.key_id,
    )


async def keep_access(connection: AsyncConnection, records: Iterable[Access]) -> None:
    """Keep records; given twice, they are kept once."""
    await store.insert_access(connection, list(records))


async def note_ended(
    connection: AsyncConnection,
    session_ids: Iterable[str],
    *,
    user_id: str,
    by: By,
    reason: str,
    now: datetime,
) -> None:
    """Record that sessions of a user ended."""
    ended = AccessKind.SESSION_ENDED
    records = [
        Access(new_id("aud"), now, ended, reason, user_id, by.user_id, by.network, one, by.key_id)
        for one in session_ids
    ]
    await store.insert_access(connection, records)


async def note_changed(pen: Pen, by: By, what: str, *, about: str) -> None:
    """Record that how somebody signs in was changed, as the log calls it."""
    changed = AccessKind.SIGN_IN_CHANGED
    record = an_access(by, changed, what, about=about, now=pen.now)
    await store.insert_access(pen.connection, [record])


async def record_changed(
    pen: Pen,
    actor: Actor,
    user: User,
    what: str,
    *,
    network: str | None,
    data: Mapping[str, str] | None = None,
) -> None:
    """Say that how a user signs in was changed: with a leaf in the log, and in the records."""
    await record(pen, what, by=actor.user_id, about=user, data=data or {})
    await note_changed(pen, by_actor(actor, network), what, about=user.id)


async def issue_key(
    pen: Pen, actor: Actor, command: IssueKey, *, network: str | None = None
) -> ApiKey:
    """
    Give a user an API key, and record it.

    Raises:
        As `app.registry.parties.operations.issue_key`.
    """
    key = await parties.issue_key(pen, actor, command)
    await note_changed(pen, by_actor(actor, network), "user.key_issued", about=key.user_id)
    return key


async def revoke_key(
    pen: Pen, actor: Actor, command: RevokeKey, *, network: str | None = None
) -> ApiKey:
    """
    End an API key for good, and record it.

    Raises:
        As `app.registry.parties.operations.revoke_key`.
    """
    key = await parties.revoke_key(pen, actor, command)
    await note_changed(pen, by_actor(actor, network), "user.key_revoked", about=key.user_id)
    return key


async def drop_old_access(connection: AsyncConnection, *, rows_max: int) -> int:
    """
    Remove the oldest records, as far as the rule `access_record_years` lets them go.

    The database asks the rule itself, so that nobody removes more.

    Returns:
        How many; as many as ``rows_max``: there may be more.
    """
    return await store.delete_old_access(connection, rows_max=rows_max)
