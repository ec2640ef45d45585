"""All that the register keeps about one person, for that person to take away (PDPA section 30)."""

from datetime import datetime
from typing import Final

from fastapi import APIRouter, Request, Response
from pydantic import Field

from app.entry.api.audit import AccessShown, access_shown
from app.entry.api.context import StrictRoute
from app.entry.api.identity_shapes import IdentityShown, identity_shown
from app.entry.api.noticed import note_read
from app.entry.api.notices import NoticeShown, notice_shown
from app.entry.api.passkey_shapes import PasskeyShown, passkey_shown
from app.entry.api.user_keys import KeyShown, UserId, key_shown
from app.entry.api.wire import LogIndex, Shown, show
from app.entry.identity import Caller
from app.entry.problems import refused
from app.kernel.db import reading
from app.registry.applications.content import named_in
from app.registry.applications.rules import Application, ApplicationKind, ApplicationStatus
from app.registry.applications.store import list_of_party
from app.registry.notices.store import list_notices
from app.registry.parties import store
from app.registry.parties.policy import NotAllowedError, Permission, require
from app.registry.parties.rules import Role, Status, UserNotFoundError
from app.registry.signin.rules import AccessKind
from app.registry.signin.store import AccessFilter, list_access, list_identities, list_passkeys

router = APIRouter(prefix="/users", tags=["users"], route_class=StrictRoute)

ROWS_MAX: Final = 5_000  # of each kind; a person has some tens


class PersonEventShown(Shown):
    """Something that was decided about the person, or done by them to their own sign-in."""

    log_index: LogIndex = Field(description="The act's place in the log.", examples=[1_024])
    what: str = Field(description="What happened, as in the log.", examples=["user.suspended"])
    by: str = Field(
        description="Identifier of who did it.", examples=["usr_01kb5b1j0dfz5r5d8r4v5e2c3a"]
    )
    why: str | None = Field(
        description="Why; null: it needs no reason, or the reason was erased.",
        examples=["On leave until further notice", None],
    )
    recorded_at: datetime = Field(
        description="When it was recorded.", examples=["2026-11-24T03:00:00Z"]
    )


class PartyApplicationShown(Shown):
    """An application or renewal of the person's party, whose documents may be of them."""

    id: str = Field(description="Identifier.", examples=["apl_01kb5b1j0dfz5r5d8r4v5e2c3a"])
    kind: ApplicationKind = Field(
        description="Whether it brought the party in or renews its documents.",
        examples=["renewal"],
    )
    status: ApplicationStatus = Field(description="Where it stands.", examples=["admitted"])
    log_index: LogIndex = Field(
        description="The act that brought its present words: who erases them names it.",
        examples=[1_024],
    )
    documents: list[str] | None = Field(
        description="What its documents are, each once; null: erased.",
        examples=[["power_of_attorney", "attorney_identity_document"], None],
    )


class PersonalDataShown(Shown):
    """
    What is kept about one person.

    Acts name people by identifier only, and are public: whoever has the identifier finds them in
    the log. What people wrote into activities, reports and opinions is shown with those.
    """

    id: str = Field(description="Identifier.", examples=["usr_01kb5b1j0dfz5r5d8r4v5e2c3a"])
    party_id: str = Field(
        description="The party they act for.", examples=["pty_01kb5b1j0dfz5r5d8r4v5e2c3a"]
    )
    email: str | None = Field(
        description="Address they sign in with; null: erased.", examples=["mali@example.org"]
    )
    display_name: str | None = Field(description="Name; null: erased.", examples=["มะลิ ใจดี"])
    roles: list[Role] = Field(description="What they are in their party.", examples=[["developer"]])
    status: Status = Field(description="Whether they may act at present.", examples=["active"])
    has_password: bool = Field(
        description="Whether a digest of a password is kept. It is shown to nobody.",
        examples=[True],
    )
    keys: list[KeyShown] = Field(description="API keys, revoked ones too, without their secrets.")
    events: list[PersonEventShown] = Field(
        description="What was decided about them, with the reasons, which are not in the log."
    )
    passkeys: list[PasskeyShown] = Field(description="Passkeys that they can sign in with.")
    identities: list[IdentityShown] = Field(
        description="Who they are to an identity provider, by which they can sign in."
    )
    access: list[AccessShown] = Field(
        description="What they did to come in, and who read about them or they about others: the "
        f"newest {ROWS_MAX}; older ones are at `/v1/users/{{user_id}}/audit`."
    )
    notices: list[NoticeShown] = Field(
        description=f"What they were told of acts: the newest {ROWS_MAX}."
    )
    applications: list[PartyApplicationShown] = Field(
        description="Applications and renewals of their party. What an organisation handed in may "
        "hold documents of this person, such as of their identity, and does not go with them when "
        "they are erased, except what let them in: an administrator decides on each. "
        f"The newest {ROWS_MAX}."
    )


@router.get(
    "/{user_id}/personal-data",
    response_model=PersonalDataShown,
    responses=refused(NotAllowedError, UserNotFoundError),
    summary="Take away all that is kept about a person",
    operation_id="get_personal_data",
)
async def get_personal_data(request: Request, actor: Caller, user_id: UserId) -> Response:
    """Show all that is kept about you, or about somebody as an administrator."""
    # Not as other reads: reasons of suspensions are kept from the role that those have.
    async with reading(request.app.state.reads) as connection:
        user = await store.get_user(connection, user_id, seen_by=actor)
        if user.id != actor.user_id:
            require(actor, Permission.MANAGE_USERS, owner_ids=(user.party_id,))
        password_hash = await store.find_password_hash(connection, user.id)
        keys = await store.list_keys(connection, user_id=user.id, limit=ROWS_MAX)
        events = await store.list_events_about(connection, user.id, limit=ROWS_MAX)
        asked = AccessFilter(person=user.id)
        records = await list_access(connection, asked, before=None, limit=ROWS_MAX)
        passkeys = await list_passkeys(connection, user.id, limit=ROWS_MAX)
        notices = await list_notices(connection, user.id, limit=ROWS_MAX)
        identities = await list_identities(connection, user.id, limit=ROWS_MAX)
        applications = await list_of_party(connection, user.party_id, limit=ROWS_MAX)
    kind = AccessKind.PERSONAL_DATA_READ
    await note_read(request, actor, kind, "get_personal_data", [user.id])
    return show(
        PersonalDataShown(
            id=user.id,
            party_id=user.party_id,
            email=user.email,
            display_name=user.display_name,
            roles=sorted(user.roles),
            status=user.status,
            has_password=password_hash is not None,
            keys=list(map(key_shown, keys)),
            events=[
                PersonEventShown(**{n: getattr(event, n) for n in PersonEventShown.model_fields})
                for event in events
            ],
            passkeys=[passkey_shown(passkey) for passkey in passkeys],
            identities=[identity_shown(identity) for identity in identities],
            access=[access_shown(record) for record in records],
            notices=[notice_shown(notice) for notice in notices],
            applications=list(map(_of_party, applications)),
        )
    )


def _of_party(application: Application) -> PartyApplicationShown:
    said = application.content
    return PartyApplicationShown(
        id=application.id,
        kind=application.kind,
        status=application.status,
        log_index=application.content_log_index,
        documents=None if said is None else named_in(said),
    )
