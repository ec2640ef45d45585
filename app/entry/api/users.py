"""People who sign in, their roles and their API keys."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.entry.acts import Reply
from app.entry.api import user_keys
from app.entry.api.context import Reader, StrictRoute, Write, Writer
from app.entry.api.current_password import (
    CurrentPasswordWrongError,
    TypedPassword,
    require_current_password,
)
from app.entry.api.noticed import network_of, note_read
from app.entry.api.order_acts import LEAVING, SETTING_ROLES
from app.entry.api.parties import Reason
from app.entry.api.user_keys import UserId
from app.entry.api.wire import (
    HIDDEN,
    Body,
    CursorError,
    Identifier,
    IfMatch,
    Name,
    Page,
    PageQuery,
    PreconditionMissingError,
    Shown,
    changed,
    created,
    decode_cursor,
    encode_cursor,
    show,
    version_of,
)
from app.entry.identity import Caller
from app.entry.passwords import (
    PASSWORD_LENGTH_MAX,
    PASSWORD_LENGTH_MIN,
    TooManySignInsError,
    hash_password,
)
from app.entry.problems import refused
from app.kernel.db import reading
from app.registry.pairs import operations as acts
from app.registry.pairs.refusals import FirstRoleError, TwoPeopleNeededError
from app.registry.parties import operations, store
from app.registry.parties.policy import NotAllowedError, Permission, require
from app.registry.parties.refusals import (
    EmailTakenError,
    KeyLimitedError,
    RoleNotOfKindError,
    StatusUnchangedError,
    UserErasedError,
)
from app.registry.parties.rules import PartyNotFoundError, Role, Status, User, UserNotFoundError
from app.registry.signin import operations as signin
from app.registry.signin.refusals import (
    OwnFactorError,
    PersonNeededError,
    SecondFactorMissingError,
    TooManyGuessesError,
)
from app.registry.signin.rules import AccessKind

router = APIRouter(prefix="/users", tags=["users"], route_class=StrictRoute)
router.include_router(user_keys.router)

EMAIL_PATTERN: Final = r"^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,4}$"
EMAIL_LENGTH_MAX: Final = 254


def _refuse_doubles(roles: list[Role]) -> list[Role]:
    if len(set(roles)) != len(roles):
        raise PydanticCustomError("doubled", "name each role once")
    return roles


Email = Annotated[str, StringConstraints(pattern=EMAIL_PATTERN, max_length=EMAIL_LENGTH_MAX)]
NewPassword = Annotated[
    str,
    StringConstraints(
        min_length=PASSWORD_LENGTH_MIN, max_length=PASSWORD_LENGTH_MAX, pattern=r"^[^\x00]*$"
    ),
]
Roles = Annotated[
    list[Role],
    AfterValidator(_refuse_doubles),
    Field(
        description="What the user is in their party; its kind decides which roles are possible.",
        min_length=1,
        max_length=len(Role),
        examples=[["developer", "holder_initiator"]],
        json_schema_extra={"uniqueItems": True},
    ),
]


class UserShown(Shown):
    """A person who signs in for a party."""

    id: str = Field(description="Identifier.", examples=["usr_01kb5b1j0dfz5r5d8r4v5e2c3a"])
    party_id: str = Field(
        description="The party they act for.", examples=["pty_01kb5b1j0dfz5r5d8r4v5e2c3a"]
    )
    email: str | None = Field(
        description="Address they sign in with, in small letters; null: the person was erased.",
        examples=["mali@example.org"],
    )
    display_name: str | None = Field(
        description="Name to show; null: the person was erased.", examples=["มะลิ ใจดี"]
    )
    roles: list[Role] = Field(description="What they are in their party.", examples=[["developer"]])
    status: Status = Field(description="Whether they may act at present.", examples=["active"])
    version: int = Field(description="Counts the changes, from 1.", ge=1, examples=[1])


class UserQuery(PageQuery):
    """Which users."""

    party_id: Identifier | None = Field(
        None,
        description="Only users of this party.",
        examples=["pty_01kb5b1j0dfz5r5d8r4v5e2c3a"],
    )


class NewUser(Body):
    """A person who will sign in."""

    party_id: Identifier = Field(
        description="The party they act for; never changes.",
        examples=["pty_01kb5b1j0dfz5r5d8r4v5e2c3a"],
    )
    email: Email = Field(
        description="Address to sign in with; capital and small letters are the same.",
        examples=["mali@example.org"],
    )
    display_name: Name = Field(description="Name to show.", examples=["มะลิ ใจดี"])
    roles: Roles
    password: NewPassword | None = Field(
        None,
        description="First password, 12 to 128 characters; leave out for users that sign in with "
        "an API key only.",
        examples=["a long sentence is a good password"],
        repr=False,
        json_schema_extra=HIDDEN,
    )


class RolesSet(Body):
    """What a user is from now on."""

    roles: Roles


class PasswordSet(Body):
    """A new password."""

    new_password: NewPassword = Field(
        description="The new password, 12 to 128 characters.",
        examples=["a long sentence is a good password"],
        repr=False,
        json_schema_extra=HIDDEN,
    )
    current_password: TypedPassword | None = Field(
        None,
        description="The present one; needed by users who change their own.",
        examples=["the sentence that I used before"],
        repr=False,
        json_schema_extra=HIDDEN,
    )


@router.get(
    "",
    response_model=Page[UserShown],
    responses=refused(CursorError),
    summary="List users",
    operation_id="list_users",
)
async def list_users(
    request: Request, reader: Reader, actor: Caller, query: Annotated[UserQuery, Query()]
) -> Response:
    """List the users you may see: of every party for TGO's own people, else of your party."""
    position = decode_cursor(query.cursor, str)
    found = await store.list_users(
        reader,
        seen_by=actor,
        party_id=query.party_id,
        after=None if position is None else position[0],
        limit=query.limit + 1,
    )
    rows, has_more = found[: query.limit], len(found) > query.limit
    await note_read(request, actor, AccessKind.USER_READ, "list_users", [user.id for user in rows])
    return show(
        Page[UserShown](
            data=[_shown(user) for user in rows],
            next_cursor=encode_cursor([rows[-1].id]) if has_more else None,
            has_more=has_more,
        )
    )


@router.get("/me", response_model=UserShown, summary="Show yourself", operation_id="get_me")
async def get_me(reader: Reader, actor: Caller) -> Response:
    """Show the user that your token stands for."""
    user = await store.get_user(reader, actor.user_id, seen_by=actor)
    return show(_shown(user), version=user.version)


@router.get(
    "/{user_id}",
    response_model=UserShown,
    responses=refused(UserNotFoundError),
    summary="Show a user",
    operation_id="get_user",
)
async def get_user(request: Request, reader: Reader, actor: Caller, user_id: UserId) -> Response:
    """Show a user of your own party; TGO's own people see every user."""
    user = await store.get_user(reader, user_id, seen_by=actor)
    await note_read(request, actor, AccessKind.USER_READ, "get_user", [user.id])
    return show(_shown(user), version=user.version)


@router.post(
    "",
    response_model=UserShown,
    status_code=201,
    responses=refused(
        NotAllowedError,
        PartyNotFoundError,
        RoleNotOfKindError,
        EmailTakenError,
        TooManySignInsError,
        FirstRoleError,
    ),
    summary="Add a user",
    operation_id="add_user",
)
async def add_user(request: Request, actor: Caller, body: NewUser) -> Response:
    """
    Let a person sign in for a party. Administrators only.

    It takes no Idempotency-Key, because a digest of the request, and so of the password, would be
    kept with it; the address can only be taken once.
    """
    require(actor, Permission.MANAGE_USERS, owner_ids=(body.party_id,))
    command = operations.AddUser(
        party_id=body.party_id,
        email=body.email,
        display_name=body.display_name,
        roles=frozenset(body.roles),
        password_hash=None if body.password is None else await hash_password(body.password),
    )
    write = Writer(request, actor, None)
    return await write(lambda pen: acts.add_user(pen, actor, command), _created)


@router.put(
    "/{user_id}/roles",
    response_model=UserShown,
    responses=refused(
        NotAllowedError,
        *SETTING_ROLES,
        PreconditionMissingError,
        TwoPeopleNeededError,
    ),
    summary="Set the roles of a user",
    operation_id="set_user_roles",
)
async def set_user_roles(
    write: Write, user_id: UserId, body: RolesSet, if_match: IfMatch = None
) -> Response:
    """
    Grant and revoke: the user has exactly these roles within one second. Administrators only.

    Where the rule `two_person_acts` names any act, or is to, propose it instead: POST /v1/orders.
    """
    command = operations.SetRoles(
        user_id=user_id,
        roles=frozenset(body.roles),
        expected_version=version_of(if_match),
    )
    return await write(lambda pen: acts.set_roles(pen, write.actor, command), _changed)


@router.post(
    "/{user_id}/suspension",
    response_model=UserShown,
    responses=refused(
        NotAllowedError,
        *LEAVING,
        StatusUnchangedError,
    ),
    summary="Suspend a user",
    operation_id="suspend_user",
)
async def suspend_user(write: Write, user_id: UserId, body: Reason) -> Response:
    """Keep a user from acting, their API keys included; felt within one second."""
    command = operations.DecideOnUser(user_id=user_id, reason=body.reason)
    return await write(lambda pen: acts.suspend_user(pen, write.actor, command), _changed)


@router.post(
    "/{user_id}/reinstatement",
    response_model=UserShown,
    responses=refused(NotAllowedError, UserNotFoundError, StatusUnchangedError, UserErasedError),
    summary="Reinstate a user",
    operation_id="reinstate_user",
)
async def reinstate_user(write: Write, user_id: UserId, body: Reason) -> Response:
    """Let a suspended user act again. Administrators only."""
    command = operations.DecideOnUser(user_id=user_id, reason=body.reason)
    return await write(lambda pen: operations.reinstate_user(pen, write.actor, command), _changed)


@router.put(
    "/{user_id}/password",
    response_model=UserShown,
    responses=refused(
        NotAllowedError,
        UserNotFoundError,
        CurrentPasswordWrongError,
        TooManyGuessesError,
        KeyLimitedError,
        TooManySignInsError,
        UserErasedError,
    ),
    summary="Set the password of a user",
    operation_id="set_user_password",
)
async def set_user_password(
    request: Request, actor: Caller, user_id: UserId, body: PasswordSet
) -> Response:
    """
    Change your own password, or set somebody's as an administrator; it ends their other sessions.

    It takes no Idempotency-Key, because a digest of the password would be kept with it; setting the
    same password twice does no harm.
    """
    if user_id == actor.user_id:
        await require_current_password(request, user_id, body.current_password)
    else:
        # Before the hash is computed: who may not set a password must not keep the threads busy.
        async with reading(request.app.state.reads) as connection:
            user = await store.get_user(connection, user_id, seen_by=actor)
        require(actor, Permission.MANAGE_USERS, owner_ids=(user.party_id,))
    command = operations.SetPassword(
        user_id=user_id, password_hash=await hash_password(body.new_password)
    )
    write, at = Writer(request, actor, None), network_of(request)
    return await write(lambda pen: signin.set_password(pen, actor, command, network=at), _changed)


@router.post(
    "/{user_id}/second-factor/removal",
    response_model=UserShown,
    responses=refused(
        NotAllowedError,
        PersonNeededError,
        OwnFactorError,
        UserNotFoundError,
        UserErasedError,
        SecondFactorMissingError,
    ),
    summary="Take somebody's second factor away",
    operation_id="remove_user_second_factor",
)
async def remove_user_second_factor(write: Write, user_id: UserId) -> Response:
    """Let a user who lost their authenticator and their codes in again. Administrators only."""
    network = network_of(write.request)
    return await write(
        lambda pen: signin.remove_factor_of(pen, write.actor, user_id, network=network), _changed
    )


def _created(user: User) -> Reply:
    return created(_shown(user), location=f"/v1/users/{user.id}", version=user.version)


def _changed(user: User) -> Reply:
    return changed(_shown(user), version=user.version)


def _shown(user: User) -> UserShown:
    return UserShown(
        id=user.id,
        party_id=user.party_id,
        email=user.email,
        display_name=user.display_name,
        roles=sorted(user.roles),
        status=user.status,
        version=user.version,
    )
