"""API keys: how a machine signs in with the roles of a user."""

import base64
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field, StringConstraints

from app.entry.acts import Outcome, Reply
from app.entry.api.context import Reader, StrictRoute, Write
from app.entry.api.noticed import network_of, note_read
from app.entry.api.wire import (
    Body,
    CursorError,
    Identifier,
    Moment,
    Name,
    Page,
    PageQuery,
    Shown,
    answer,
    changed,
    created,
    decode_cursor,
    encode_cursor,
    show,
)
from app.entry.identity import Caller
from app.entry.passwords import (
    new_secret,
)
from app.entry.problems import refused
from app.registry.parties import operations, store
from app.registry.parties.policy import NotAllowedError, Permission, require
from app.registry.parties.refusals import (
    KeyExpiryPastError,
    KeyGivenByKeyError,
    KeyIssuedBeforeError,
    KeyLimitedError,
    KeyNotFoundError,
    KeyRevokedError,
    NotANetworkError,
    ScopeNotHeldError,
    TooManyKeysError,
    UserErasedError,
)
from app.registry.parties.rules import ApiKey, UserNotFoundError
from app.registry.signin import operations as signin
from app.registry.signin.rules import AccessKind

router = APIRouter(route_class=StrictRoute)  # a part of the users' router

UserId = Annotated[
    Identifier,
    Path(description="Identifier of the user.", examples=["usr_01kb5b1j0dfz5r5d8r4v5e2c3a"]),
]
KeyId = Annotated[
    Identifier,
    Path(description="Identifier of the API key.", examples=["key_01kb5b1j0dfz5r5d8r4v5e2c3a"]),
]


ADDRESSES_MAX: Final = 20

PublicKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$")]
Network = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F.:]{2,39}(/[0-9]{1,3})?$")]


class KeyShown(Shown):
    """An API key: a machine's way to sign in with the roles of its user."""

    id: str = Field(
        description="Identifier, and `client_id` at sign-in.",
        examples=["key_01kb5b1j0dfz5r5d8r4v5e2c3a"],
    )
    user_id: str = Field(
        description="The user it acts as.", examples=["usr_01kb5b1j0dfz5r5d8r4v5e2c3a"]
    )
    label: str = Field(description="What it is for.", examples=["Meter gateway of the landfill"])
    created_at: datetime = Field(
        description="When it was issued.", examples=["2026-11-24T08:30:00Z"]
    )
    revoked_at: datetime | None = Field(
        description="When it was revoked; null while it works.", examples=[None]
    )
    expires_at: datetime | None = Field(
        description="When it stops working by itself; null: never.",
        examples=["2027-11-24T08:30:00Z", None],
    )
    scopes: list[str] | None = Field(
        description="The permissions it may use, as far as its user has them; null: all of them.",
        examples=[["move_credits", "read_account"], None],
    )
    addresses: list[str] = Field(
        description="Networks that it works from; empty: from anywhere.",
        examples=[["203.0.113.0/24"]],
    )
    last_used_at: datetime | None = Field(
        description="When it was used last, to the minute; null: never.",
        examples=["2026-11-24T09:10:00Z", None],
    )
    public_key: str | None = Field(
        description="The Ed25519 public key that all it changes is signed for; null: it need not.",
        examples=["11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", None],
    )


class KeyIssued(KeyShown):
    """A new API key, with its secret."""

    client_secret: str = Field(
        description="The secret: shown here and never again.",
        examples=["kq0Vb2pXyYz8n6m4L1s3R5t7U9w0A2c4E6g8I0k2M4o"],
    )


class NewKey(Body):
    """An API key to issue."""

    label: Name = Field(
        description="What it is for, so that it is known later which one to revoke.",
        examples=["Meter gateway of the landfill"],
    )
    expires_at: Moment | None = Field(
        None,
        description="When it stops working by itself; leave it out for never.",
        examples=["2027-11-24T08:30:00Z"],
    )
    scopes: list[Permission] | None = Field(
        None,
        description="The permissions it may use, none that its user lacks; leave it out for all. A "
        "key with scopes gives out no keys and sets no passwords.",
        min_length=1,
        max_length=len(Permission),
        examples=[["move_credits", "read_account"]],
    )
    addresses: list[Network] = Field(
        [],
        description="Networks that it works from (CIDR); leave it out for anywhere. What counts is "
        "the address that reaches the service, which behind a proxy is the proxy's.",
        max_length=ADDRESSES_MAX,
        examples=[["203.0.113.0/24", "2001:db8::/48"]],
    )
    public_key: PublicKey | None = Field(
        None,
        description="An Ed25519 public key: its 32 bytes in base64. With it, whatever the key "
        "changes has to be signed with the private one (RFC 9421), which you keep. Leave it out, "
        "and a token is enough.",
        examples=["11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="],
    )


@router.get(
    "/{user_id}/keys",
    response_model=Page[KeyShown],
    responses=refused(NotAllowedError, UserNotFoundError, CursorError),
    summary="List the API keys of a user",
    operation_id="list_user_keys",
)
async def list_user_keys(
    request: Request,
    reader: Reader,
    actor: Caller,
    user_id: UserId,
    query: Annotated[PageQuery, Query()],
) -> Response:
    """List your own API keys, or somebody's as an administrator; secrets are never shown again."""
    user = await store.get_user(reader, user_id, seen_by=actor)
    if user.id != actor.user_id:
        require(actor, Permission.MANAGE_USERS, owner_ids=(user.party_id,))
    position = decode_cursor(query.cursor, str)
    found = await store.list_keys(
        reader,
        user_id=user.id,
        after=None if position is None else position[0],
        limit=query.limit + 1,
    )
    rows, has_more = found[: query.limit], len(found) > query.limit
    await note_read(request, actor, AccessKind.USER_READ, "list_user_keys", [user.id])
    return show(
        Page[KeyShown](
            data=[key_shown(key) for key in rows],
            next_cursor=encode_cursor([rows[-1].id]) if has_more else None,
            has_more=has_more,
        )
    )


@router.post(
    "/{user_id}/keys",
    response_model=KeyIssued,
    status_code=201,
    responses=refused(
        NotAllowedError,
        UserNotFoundError,
        TooManyKeysError,
        KeyLimitedError,
        KeyGivenByKeyError,
        ScopeNotHeldError,
        KeyExpiryPastError,
        NotANetworkError,
        UserErasedError,
        KeyIssuedBeforeError,
    ),
    summary="Issue an API key",
    operation_id="issue_user_key",
)
async def issue_user_key(write: Write, user_id: UserId, body: NewKey) -> Response:
    """
    Give yourself an API key, or somebody else as an administrator; a key gives out none.

    The secret is in this reply and nowhere else: only its digest is kept. So the same
    Idempotency-Key again issues no other key, and gets a refusal in place of the first reply; where
    that was lost, revoke the key and ask for another.
    """
    secret, secret_sha256 = new_secret()
    command = operations.IssueKey(
        user_id=user_id,
        label=body.label,
        secret_sha256=secret_sha256,
        expires_at=body.expires_at,
        scopes=None if body.scopes is None else frozenset(body.scopes),
        addresses=tuple(body.addresses),
        public_key=None if body.public_key is None else base64.b64decode(body.public_key),
    )

    def present(key: ApiKey) -> Reply:
        # Kept with the Idempotency-Key: so without the secret.
        return created(key_shown(key), location=f"/v1/users/{key.user_id}/keys")

    network = network_of(write.request)
    outcome = await write.submit(
        lambda pen: signin.issue_key(pen, write.actor, command, network=network), present
    )
    issued = KeyShown.model_validate_json(outcome.reply.body)
    if outcome.replayed:
        raise KeyIssuedBeforeError(key_id=issued.id)
    shown = KeyIssued(**issued.model_dump(), client_secret=secret)
    response = answer(Outcome(created(shown, location=str(outcome.reply.location))))
    response.headers["Cache-Control"] = "no-store"
    return response


@router.post(
    "/{user_id}/keys/{key_id}/revocation",
    response_model=KeyShown,
    responses=refused(
        NotAllowedError, UserNotFoundError, KeyNotFoundError, KeyRevokedError, UserErasedError
    ),
    summary="Revoke an API key",
    operation_id="revoke_user_key",
)
async def revoke_user_key(write: Write, user_id: UserId, key_id: KeyId) -> Response:
    """End an API key for good; it and its tokens stop working within one second."""
    command = operations.RevokeKey(user_id=user_id, key_id=key_id)
    network = network_of(write.request)
    return await write(
        lambda pen: signin.revoke_key(pen, write.actor, command, network=network),
        lambda key: changed(key_shown(key)),
    )


def key_shown(key: ApiKey) -> KeyShown:
    """Show an API key, without its secret."""
    return KeyShown(
        id=key.id,
        user_id=key.user_id,
        label=key.label,
        created_at=key.created_at,
        revoked_at=key.revoked_at,
        expires_at=key.expires_at,
        scopes=None if key.scopes is None else sorted(key.scopes),
        addresses=list(key.addresses),
        last_used_at=key.last_used_at,
        public_key=None if key.public_key is None else base64.b64encode(key.public_key).decode(),
    )
