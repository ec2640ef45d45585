"""Acts on users, and the founding of the register."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from app.kernel.ids import new_id
from app.registry.log.pen import Pen
from app.registry.parties import policy, rules, store
from app.registry.parties.operations.history import record
from app.registry.parties.operations.organisations import AdmitParty, insert_admitted
from app.registry.parties.policy import Actor, Permission, require
from app.registry.parties.refusals import (
    AlreadyFoundedError,
    EmailTakenError,
    LastAdministratorError,
    RepresentativesMissingError,
    StatusUnchangedError,
    UserErasedError,
)
from app.registry.parties.rules import Party, PartyKind, Role, Status, User
from app.registry.parties.store import PartyEvent

FOUNDER: Final = "registry"  # who acts before there is anybody


@dataclass(frozen=True, slots=True)
class AddUser:
    """Let a person sign in for a party."""

    party_id: str
    email: str
    display_name: str
    roles: frozenset[Role]
    password_hash: str | None = None  # None: no sign-in by password until one is set


@dataclass(frozen=True, slots=True)
class SetRoles:
    """Say what a user is from now on: roles not named are revoked."""

    user_id: str
    roles: frozenset[Role]
    expected_version: int


@dataclass(frozen=True, slots=True)
class DecideOnUser:
    """Suspend or reinstate a user, and why."""

    user_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class SetPassword:
    """Replace a user's password."""

    user_id: str
    password_hash: str


@dataclass(frozen=True, slots=True)
class FoundAuthority:
    """The authority that runs the register, and its first administrator."""

    name_th: str
    name_en: str
    email: str
    display_name: str
    password_hash: str


async def found_authority(pen: Pen, command: FoundAuthority) -> tuple[Party, User]:
    """
    Begin the register: the one act on parties that nobody signed in for.

    Raises:
        AlreadyFoundedError: there is a party already.
    """
    if await store.find_any_party(pen.connection) is not None:
        raise AlreadyFoundedError
    party = await insert_admitted(
        pen, AdmitParty(PartyKind.AUTHORITY, command.name_th, command.name_en), by=FOUNDER
    )
    user = await insert_added(
        pen,
        party,
        AddUser(
            party_id=party.id,
            email=command.email,
            display_name=command.display_name,
            roles=frozenset({Role.ADMINISTRATOR}),
            password_hash=command.password_hash,
        ),
        by=FOUNDER,
    )
    return party, user


async def add_user(pen: Pen, actor: Actor, command: AddUser) -> User:
    """
    Let a person sign in for a party.

    Raises:
        NotAllowedError: the actor may not manage this party's users.
        PartyNotFoundError: there is no such party.
        RoleNotOfKindError: the party cannot give one of the roles.
        EmailTakenError: somebody signs in with this address already.
    """
    require(actor, Permission.MANAGE_USERS, owner_ids=(command.party_id,))
    party = await store.get_party(pen.connection, command.party_id)
    rules.require_roles_of_kind(party.kind, command.roles)
    if await store.find_user_id_by_email(pen.connection, command.email.casefold()) is not None:
        raise EmailTakenError
    return await insert_added(pen, party, command, by=actor.user_id)


async def set_roles(
    pen: Pen, actor: Actor, command: SetRoles, *, said: Mapping[str, object] = MappingProxyType({})
) -> User:
    """
    Grant and revoke roles of a user.

    Args:
        pen: what to write with.
        actor: who does it.
        command: which roles of whom.
        said: what the leaf says besides, of the order that has it done.

    Raises:
        NotAllowedError: the actor may not manage this user.
        UserNotFoundError: there is no such user.
        PartyStaleError: the user was changed since they were read.
        RoleNotOfKindError: the user's party cannot give one of the roles.
        LastAdministratorError: no administrator would be left.
        RepresentativesMissingError: too few could act for the party.
    """
    user = await find_changeable(pen, actor, command)
    changed = replace(user, roles=command.roles, version=user.version + 1)
    await store.update_user(pen.connection, changed)
    data = {"roles": sorted(role.value for role in changed.roles), **said}
    await record(pen, "user.roles_set", by=actor.user_id, about=changed, data=data)
    return changed


async def find_changeable(pen: Pen, actor: Actor, command: SetRoles) -> User:
    """
    Return a user, as they are, whose roles may be changed so.

    Raises:
        As `set_roles`.
    """
    user = await _managed_user(pen, actor, command.user_id)
    rules.require_version(user.version, expected=command.expected_version)
    rules.require_roles_of_kind(user.party_kind, command.roles)
    if Role.ADMINISTRATOR not in command.roles:
        await _require_another_administrator(pen, user)
    await _require_represented(pen, user, roles=command.roles)
    return user


async def suspend_user(pen: Pen, actor: Actor, command: DecideOnUser) -> User:
    """
    Keep a user from acting until they are reinstated.

    Raises:
        NotAllowedError: the actor may not manage this user.
        UserNotFoundError: there is no such user.
        StatusUnchangedError: the user is suspended already.
        LastAdministratorError: no administrator would be left.
        RepresentativesMissingError: too few could act for the party.
    """
    user = await _managed_user(pen, actor, command.user_id)
    await _require_another_administrator(pen, user)
    await _require_represented(pen, user, roles=frozenset())
    return await _set_user_status(pen, actor, user, Status.SUSPENDED, why=command.reason)


async def reinstate_user(pen: Pen, actor: Actor, command: DecideOnUser) -> User:
    """
    Let a suspended user act again.

    Raises:
        NotAllowedError: the actor may not manage this user.
        UserNotFoundError: there is no such user.
        StatusUnchangedError: the user is not suspended.
    """
    user = await _managed_user(pen, actor, command.user_id)
    return await _set_user_status(pen, actor, user, Status.ACTIVE, why=command.reason)


async def set_password(pen: Pen, actor: Actor, command: SetPassword) -> User:
    """
    Replace a user's password; the way in has hashed it, and has asked a user for their present one.

    Raises:
        UserNotFoundError: there is no such user, or the actor may not see them.
        NotAllowedError: it is another user, whom the actor may not manage.
        KeyLimitedError: a key with scopes asks for it.
    """
    user = await own_or_managed_user(pen, actor, command.user_id)
    policy.require_unlimited(actor)
    changed = replace(user, version=user.version + 1)
    await store.update_user(pen.connection, changed, password_hash=command.password_hash)
    await record(pen, "user.password_set", by=actor.user_id, about=changed, data={})
    return changed


async def find_erasable(pen: Pen, user_id: str) -> User:
    """
    Return a user who may be erased.

    Raises:
        UserNotFoundError: there is no such user.
        UserErasedError: nothing is left of them.
        LastAdministratorError: no administrator would be left.
        RepresentativesMissingError: too few could act for the party.
    """
    user = await store.get_user(pen.connection, user_id)
    _require_not_erased(user)
    await _require_another_administrator(pen, user)
    await _require_represented(pen, user, roles=frozenset())
    return user


async def empty_user(pen: Pen, user: User, *, by: str, log_index: int) -> None:
    """
    Take a user's name, address, password and keys away for good.

    Part of the act that erases them: whoever calls this has asked `find_erasable` and recorded it.

    Args:
        pen: what to write with.
        user: whom.
        by: who erases.
        log_index: of the act.
    """
    emptied = replace(
        user, email=None, display_name=None, status=Status.SUSPENDED, version=user.version + 1
    )
    await store.update_user_erased(pen.connection, emptied, now=pen.now)
    event = PartyEvent(
        log_index=log_index,
        party_id=user.party_id,
        user_id=user.id,
        what="person.erased",
        by=by,
        why=None,
        recorded_at=pen.now,
    )
    await store.insert_event(pen.connection, event)


async def _managed_user(pen: Pen, actor: Actor, user_id: str) -> User:
    require(actor, Permission.MANAGE_USERS)
    user = await store.get_user(pen.connection, user_id)
    _require_not_erased(user)
    return user


async def own_or_managed_user(pen: Pen, actor: Actor, user_id: str) -> User:
    """
    Return a user whom the actor is, or may manage.

    Raises:
        UserNotFoundError: there is no such user, or the actor may not see them.
        NotAllowedError: it is another user, whom the actor may not manage.
        UserErasedError: nothing is left of them.
    """
    user = await store.get_user(pen.connection, user_id, seen_by=actor)
    if user.id != actor.user_id:
        require(actor, Permission.MANAGE_USERS, owner_ids=(user.party_id,))
    _require_not_erased(user)
    return user


def _require_not_erased(user: User) -> None:
    # Nothing is left of them but the identifier, and nobody is to become them again.
    if user.email is None:
        raise UserErasedError


async def _require_another_administrator(pen: Pen, user: User) -> None:
    if Role.ADMINISTRATOR in user.roles and not await store.find_administrator(
        pen.connection, besides_user_id=user.id
    ):
        raise LastAdministratorError


async def _require_represented(pen: Pen, user: User, *, roles: frozenset[Role]) -> None:
    """Refuse what would leave a party that was admitted on an application with too few people."""
    losing = (user.roles - roles) & {Role.HOLDER_INITIATOR, Role.HOLDER_APPROVER}
    if user.status is not Status.ACTIVE or not losing:
        return
    party = await store.get_party(pen.connection, user.party_id)
    if party.representatives_min is None or party.status is not Status.ACTIVE:
        return
    least = party.representatives_min
    left = {}
    for role in (Role.HOLDER_INITIATOR, Role.HOLDER_APPROVER):
        left[role] = await store.list_representatives(
            pen.connection, party.id, role, besides_user_id=user.id, limit=least
        )
        if role in roles:
            left[role].append(user.id)
    if not rules.are_represented(*left.values(), least=least):
        raise RepresentativesMissingError(least=least)


async def insert_added(
    pen: Pen, party: Party, command: AddUser, *, by: str, user_id: str | None = None
) -> User:
    """Write a user who may be added, whoever adds them."""
    user = User(
        id=user_id or new_id("usr"),
        party_id=party.id,
        party_kind=party.kind,
        email=command.email.casefold(),
        display_name=command.display_name,
        roles=command.roles,
        status=Status.ACTIVE,
        version=1,
    )
    await store.insert_user(pen.connection, user, password_hash=command.password_hash, now=pen.now)
    data = {"roles": sorted(role.value for role in user.roles)}
    await record(pen, "user.added", by=by, about=user, data=data)
    return user


async def _set_user_status(pen: Pen, actor: Actor, user: User, status: Status, *, why: str) -> User:
    if user.status is status:
        raise StatusUnchangedError(status=status.value)
    changed = replace(user, status=status, version=user.version + 1)
    await store.update_user(pen.connection, changed)
    kind = "user.suspended" if status is Status.SUSPENDED else "user.reinstated"
    await record(pen, kind, by=actor.user_id, about=changed, data={}, why=why)
    return changed
