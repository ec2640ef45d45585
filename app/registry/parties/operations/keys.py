"""Acts on API keys."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import ip_network

from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.ids import new_id
from app.registry.log.pen import Pen
from app.registry.parties import policy, store
from app.registry.parties.operations.history import record
from app.registry.parties.operations.people import own_or_managed_user
from app.registry.parties.policy import POLICY, Actor, Permission
from app.registry.parties.refusals import (
    KeyExpiryPastError,
    KeyRevokedError,
    NotANetworkError,
    ScopeNotHeldError,
    TooManyKeysError,
)
from app.registry.parties.rules import KEYS_PER_USER_MAX, ApiKey, Role


@dataclass(frozen=True, slots=True)
class IssueKey:
    """Give a user an API key; its secret was made, shown and forgotten by the way in."""

    user_id: str
    label: str
    secret_sha256: bytes
    expires_at: datetime | None = None  # None: never
    scopes: frozenset[Permission] | None = None  # None: all that the user may do
    addresses: tuple[str, ...] = ()  # networks (CIDR); empty: it works from anywhere
    public_key: bytes | None = None  # Ed25519, 32 bytes; None: what it changes need not be signed


@dataclass(frozen=True, slots=True)
class RevokeKey:
    """End an API key for good."""

    user_id: str
    key_id: str


async def issue_key(pen: Pen, actor: Actor, command: IssueKey) -> ApiKey:
    """
    Give a user an API key.

    Raises:
        UserNotFoundError: there is no such user, or the actor may not see them.
        NotAllowedError: it is another user, whom the actor may not manage.
        KeyLimitedError: a key with scopes asks for it.
        KeyGivenByKeyError: another key does.
        ScopeNotHeldError: it would have a permission that its user lacks.
        KeyExpiryPastError: it would have expired already.
        NotANetworkError: one of the addresses is not that of a network.
        TooManyKeysError: the user has as many as one user may have.
    """
    user = await own_or_managed_user(pen, actor, command.user_id)
    policy.require_unlimited(actor)
    policy.require_no_key(actor)
    _require_scopes_held(user.roles, command.scopes or ())
    if command.expires_at is not None and command.expires_at <= pen.now:
        raise KeyExpiryPastError
    working = await store.list_keys(
        pen.connection, user_id=user.id, only_working=True, limit=KEYS_PER_USER_MAX
    )
    if len(working) == KEYS_PER_USER_MAX:
        raise TooManyKeysError(keys_max=KEYS_PER_USER_MAX)
    key = ApiKey(
        new_id("key"),
        user.id,
        command.label,
        created_at=pen.now,
        revoked_at=None,
        expires_at=command.expires_at,
        scopes=command.scopes,
        addresses=tuple(map(_network, command.addresses)),
        public_key=command.public_key,
    )
    await store.insert_key(pen.connection, key, secret_sha256=command.secret_sha256)
    data = {"key_id": key.id}
    await record(pen, "user.key_issued", by=actor.user_id, about=user, data=data)
    return key


async def note_keys_used(
    connection: AsyncConnection, key_ids: Collection[str], *, now: datetime
) -> None:
    """
    Note that API keys were used.

    No act: the register is the same as before, so it is written past the pen, once a minute at
    most.
    """
    await store.update_keys_used(connection, key_ids, now=now)


async def revoke_key(pen: Pen, actor: Actor, command: RevokeKey) -> ApiKey:
    """
    End an API key for good.

    Raises:
        UserNotFoundError: there is no such user, or the actor may not see them.
        NotAllowedError: it is another user, whom the actor may not manage.
        KeyNotFoundError: the user has no such key.
        KeyRevokedError: it was revoked before.
    """
    user = await own_or_managed_user(pen, actor, command.user_id)
    key = await store.get_key(pen.connection, command.key_id, user_id=user.id)
    if key.revoked_at is not None:
        raise KeyRevokedError
    revoked = replace(key, revoked_at=pen.now)
    await store.update_key_revoked(pen.connection, revoked)
    data = {"key_id": key.id}
    await record(pen, "user.key_revoked", by=actor.user_id, about=user, data=data)
    return revoked


def _require_scopes_held(roles: Iterable[Role], scopes: Iterable[Permission]) -> None:
    missing = sorted(set(scopes).difference(*(POLICY[role] for role in roles)))
    if missing:
        raise ScopeNotHeldError(missing=", ".join(missing))


def _network(written: str) -> str:
    # Bits of a host in it are a mistake about which of the two was meant.
    try:
        return str(ip_network(written))
    except ValueError:
        raise NotANetworkError(address=written) from None
