"""Renewal: a party's documents expire, and who acts for it hands in new ones."""

from datetime import date
from typing import Final

from fastapi import APIRouter, Response
from pydantic import Field

from app.entry.acts import Reply
from app.entry.api.application_shapes import ApplicationShown, NewRenewal, application_shown
from app.entry.api.context import Reader, StrictRoute, Write
from app.entry.api.parties import PartyId
from app.entry.api.wire import Shown, created, show
from app.entry.identity import Caller
from app.entry.problems import refused
from app.registry.applications import operations, store
from app.registry.applications.operations import BeginRenewal
from app.registry.applications.refusals import (
    KindOfHolderError,
    RenewalOpenError,
    RenewalPeopleError,
)
from app.registry.applications.rules import Application, HolderKind
from app.registry.parties.policy import NotAllowedError, Permission, require
from app.registry.parties.refusals import PartyClosedError
from app.registry.parties.rules import PartyNotFoundError
from app.registry.parties.store import get_party

router: Final = APIRouter(
    prefix="/parties/{party_id}", tags=["applications"], route_class=StrictRoute
)

_APPLICATION: Final = "apl_01kb5b1j0dfz5r5d8r4v5e2c3a"


class KycShown(Shown):
    """Until when the documents of a party are valid."""

    holder_kind: HolderKind | None = Field(
        description="What it was admitted as; null: not on an application, nor renewed.",
        examples=["juristic_person", None],
    )
    application_id: str | None = Field(
        description="The application or renewal whose documents hold; null: there are none.",
        examples=[_APPLICATION, None],
    )
    kyc_valid_until: date | None = Field(
        description="Last day (Bangkok) on which all its documents are valid; null: none expires, "
        "or there are none.",
        examples=["2030-12-31", None],
    )
    open_renewal_id: str | None = Field(
        description="The renewal that is not decided yet; null: there is none.",
        examples=[_APPLICATION, None],
    )


@router.get(
    "/kyc",
    response_model=KycShown,
    responses=refused(NotAllowedError, PartyNotFoundError),
    summary="Show until when a party's documents are valid",
    operation_id="get_party_kyc",
)
async def get_party_kyc(caller: Caller, party_id: PartyId, reader: Reader) -> Response:
    """Show which documents of a party hold, and until when: to its own people and to TGO."""
    require(caller, Permission.READ_PARTY, owner_ids=(party_id,))
    await get_party(reader, party_id)
    current = await store.find_current(reader, party_id)
    return show(
        KycShown(
            holder_kind=None if current is None else current.holder_kind,
            application_id=None if current is None else current.id,
            kyc_valid_until=None if current is None else current.documents_expire_on,
            open_renewal_id=await store.find_open_renewal(reader, party_id),
        )
    )


@router.post(
    "/renewals",
    response_model=ApplicationShown,
    status_code=201,
    responses=refused(
        NotAllowedError,
        PartyNotFoundError,
        PartyClosedError,
        KindOfHolderError,
        RenewalPeopleError,
        RenewalOpenError,
    ),
    summary="Begin to renew a party's documents",
    operation_id="begin_renewal",
)
async def begin_renewal(write: Write, party_id: PartyId, body: NewRenewal) -> Response:
    """
    Begin to renew the documents of a party: whoever initiates or approves for it.

    It goes on like an application for an account, under `/v1/applications/{application_id}`,
    without a secret: those who may begin it are signed in. It names nobody as representative.
    """
    command = BeginRenewal(party_id, body.holder_kind, body.as_content())

    def present(renewal: Application) -> Reply:
        location = f"/v1/applications/{renewal.id}"
        return created(application_shown(renewal), location=location, version=renewal.version)

    return await write(lambda pen: operations.begin_renewal(pen, write.actor, command), present)
