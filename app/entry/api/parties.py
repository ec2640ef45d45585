"""Organisations that take part, and what they are accredited for."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from app.entry.acts import Reply
from app.entry.api.context import Reader, StrictRoute, Write
from app.entry.api.days import Day
from app.entry.api.wire import (
    Body,
    CursorError,
    Identifier,
    IfMatch,
    Moment,
    Name,
    Page,
    PageQuery,
    PreconditionMissingError,
    ProvinceCode,
    SearchWords,
    Shown,
    Text,
    changed,
    created,
    decode_cursor,
    encode_cursor,
    show,
    version_of,
)
from app.entry.problems import refused
from app.registry.log.pen import Pen
from app.registry.parties import operations, store
from app.registry.parties.policy import NotAllowedError
from app.registry.parties.refusals import (
    AccreditationNotFoundError,
    AccreditationOverlapError,
    AccreditationReversedError,
    NotAVvbError,
    PartyStaleError,
    ProvinceNeededError,
)
from app.registry.parties.rules import (
    SECTORAL_SCOPE_MAX,
    Accreditation,
    Party,
    PartyKind,
    PartyNotFoundError,
    Status,
)
from app.registry.provinces.rules import ProvinceNotFoundError

router = APIRouter(prefix="/parties", tags=["parties"], route_class=StrictRoute)


def _refuse_other_than_number(value: object) -> object:
    # A scope is no text and no truth value. 10.0 is fine: to JSON Schema it is the whole number 10.
    if isinstance(value, bool | str):
        raise PydanticCustomError("whole_number", "a scope is a whole number")
    return value


Scope = Annotated[
    int, Field(ge=1, le=SECTORAL_SCOPE_MAX), BeforeValidator(_refuse_other_than_number)
]


def _refuse_doubles(scopes: list[int]) -> list[int]:
    if len(set(scopes)) != len(scopes):
        raise PydanticCustomError("doubled", "name each scope once")
    return scopes


PartyId = Annotated[
    Identifier,
    Path(description="Identifier of the party.", examples=["pty_01kb5b1j0dfz5r5d8r4v5e2c3a"]),
]


class AccreditationShown(Shown):
    """A sectoral scope in which a VVB may give opinions."""

    sectoral_scope: int = Field(
        description="Sectoral scope, 1 to 16.", ge=1, le=SECTORAL_SCOPE_MAX, examples=[1]
    )
    valid_from: date = Field(description="First day.", examples=["2026-01-01"])
    valid_to: date | None = Field(
        description="Last day; null until it is ended.", examples=["2028-12-31", None]
    )


class PartyShown(Shown):
    """An organisation in the register."""

    id: str = Field(description="Identifier.", examples=["pty_01kb5b1j0dfz5r5d8r4v5e2c3a"])
    kind: PartyKind = Field(description="What it is.", examples=["municipality"])
    name_th: str = Field(description="Name in Thai.", examples=["เทศบาลนครขอนแก่น"])
    name_en: str = Field(description="Name in English.", examples=["Khon Kaen City Municipality"])
    province_code: str | None = Field(
        description="Code of its province; null where it is not bound to one.", examples=["40"]
    )
    status: Status = Field(description="Whether its users may act at present.", examples=["active"])
    accreditations: list[AccreditationShown] = Field(
        description="Scopes of a VVB, past ones too; empty for other kinds."
    )
    closed_at: Moment | None = Field(
        description="When it was closed for good; null: it is not.", examples=[None]
    )
    version: int = Field(description="Counts its changes, from 1.", ge=1, examples=[1])


class PartyQuery(PageQuery):
    """Which parties."""

    kind: PartyKind | None = Field(None, description="Only this kind.", examples=["vvb"])
    province_code: ProvinceCode | None = Field(
        None, description="Only parties of this province.", examples=["40"]
    )
    q: SearchWords | None = Field(None, description="Part of a name.", examples=["ขอนแก่น"])


class NewParty(Body):
    """An organisation to admit."""

    kind: PartyKind = Field(description="What it is; never changes.", examples=["municipality"])
    name_th: Name = Field(description="Name in Thai.", examples=["เทศบาลนครขอนแก่น"])
    name_en: Name = Field(description="Name in English.", examples=["Khon Kaen City Municipality"])
    province_code: ProvinceCode | None = Field(
        None,
        description="Code of its province; needed for provinces and municipalities.",
        examples=["40"],
    )


class PartyNames(Body):
    """The names of a party from now on."""

    name_th: Name = Field(description="Name in Thai.", examples=["เทศบาลนครขอนแก่น"])
    name_en: Name = Field(description="Name in English.", examples=["Khon Kaen City Municipality"])


class Reason(Body):
    """Why something is decided."""

    reason: Text = Field(
        description="Why; kept in the register, never shown in the public log.",
        examples=["Licence withdrawn by letter of 3 November"],
    )


class NewAccreditations(Body):
    """Scopes to accredit a VVB in, all for the same days."""

    sectoral_scopes: Annotated[list[Scope], AfterValidator(_refuse_doubles)] = Field(
        description="Sectoral scopes, 1 to 16, each once.",
        min_length=1,
        max_length=SECTORAL_SCOPE_MAX,
        examples=[[1, 13]],
        json_schema_extra={"uniqueItems": True},
    )
    valid_from: Day = Field(description="First day.", examples=["2026-01-01"])
    valid_to: Day | None = Field(
        None, description="Last day; leave out where it has none yet.", examples=["2028-12-31"]
    )


class AccreditationEnd(Reason):
    """The last day of an accreditation that is withdrawn or was given up."""

    sectoral_scope: Scope = Field(description="Sectoral scope, 1 to 16.", examples=[13])
    last_day: Day = Field(
        description="Its last day, within the days it was valid.", examples=["2026-11-24"]
    )


@dataclass(frozen=True, slots=True)
class WholeParty:
    """A party with its accreditations."""

    party: Party
    accreditations: tuple[Accreditation, ...]


@router.get(
    "",
    response_model=Page[PartyShown],
    responses=refused(CursorError),
    summary="List parties",
    operation_id="list_parties",
)
async def list_parties(reader: Reader, query: Annotated[PartyQuery, Query()]) -> Response:
    """List organisations in the order they were admitted. Public."""
    position = decode_cursor(query.cursor, str)
    found = await store.list_parties(
        reader,
        kind=query.kind,
        province_code=query.province_code,
        words=query.q,
        after=None if position is None else position[0],
        limit=query.limit + 1,
    )
    rows, has_more = found[: query.limit], len(found) > query.limit
    held = await store.list_accreditations_of(reader, [party.id for party in rows])
    return show(
        Page[PartyShown](
            data=[_shown(WholeParty(party, held.get(party.id, ()))) for party in rows],
            next_cursor=encode_cursor([rows[-1].id]) if has_more else None,
            has_more=has_more,
        )
    )


@router.get(
    "/{party_id}",
    response_model=PartyShown,
    responses=refused(PartyNotFoundError),
    summary="Show a party",
    operation_id="get_party",
)
async def get_party(reader: Reader, party_id: PartyId) -> Response:
    """Show an organisation with its accreditations. Public."""
    party = await store.get_party(reader, party_id)
    held = await store.list_accreditations(reader, party_id)
    return show(_shown(WholeParty(party, held)), version=party.version)


@router.post(
    "",
    response_model=PartyShown,
    status_code=201,
    responses=refused(NotAllowedError, ProvinceNeededError, ProvinceNotFoundError),
    summary="Admit a party",
    operation_id="admit_party",
)
async def admit_party(write: Write, body: NewParty) -> Response:
    """Take an organisation into the register. Administrators only."""
    command = operations.AdmitParty(
        kind=body.kind,
        name_th=body.name_th,
        name_en=body.name_en,
        province_code=body.province_code,
    )
    return await write(
        lambda pen: with_accreditations(pen, operations.admit_party(pen, write.actor, command)),
        _created,
    )


@router.patch(
    "/{party_id}",
    response_model=PartyShown,
    responses=refused(
        NotAllowedError, PartyNotFoundError, PartyStaleError, PreconditionMissingError
    ),
    summary="Rename a party",
    operation_id="rename_party",
)
async def rename_party(
    write: Write, party_id: PartyId, body: PartyNames, if_match: IfMatch = None
) -> Response:
    """Correct the names of an organisation. Administrators only."""
    command = operations.RenameParty(
        party_id=party_id,
        name_th=body.name_th,
        name_en=body.name_en,
        expected_version=version_of(if_match),
    )
    return await write(
        lambda pen: with_accreditations(pen, operations.rename_party(pen, write.actor, command)),
        party_changed,
    )


@router.post(
    "/{party_id}/accreditations",
    response_model=PartyShown,
    responses=refused(
        NotAllowedError,
        PartyNotFoundError,
        NotAVvbError,
        AccreditationReversedError,
        AccreditationOverlapError,
    ),
    summary="Accredit a VVB",
    operation_id="accredit_party",
)
async def accredit_party(write: Write, party_id: PartyId, body: NewAccreditations) -> Response:
    """Accredit a validation and verification body in sectoral scopes. Administrators only."""
    command = operations.Accredit(
        party_id=party_id,
        sectoral_scopes=frozenset(body.sectoral_scopes),
        valid_from=body.valid_from,
        valid_to=body.valid_to,
    )
    return await write(
        lambda pen: with_accreditations(pen, operations.accredit(pen, write.actor, command)),
        party_changed,
    )


@router.post(
    "/{party_id}/accreditations/end",
    response_model=PartyShown,
    responses=refused(NotAllowedError, PartyNotFoundError, AccreditationNotFoundError),
    summary="End an accreditation",
    operation_id="end_accreditation",
)
async def end_accreditation(write: Write, party_id: PartyId, body: AccreditationEnd) -> Response:
    """Give the accreditation that covers a day this day as its last. Administrators only."""
    command = operations.EndAccreditation(
        party_id=party_id,
        sectoral_scope=body.sectoral_scope,
        last_day=body.last_day,
        reason=body.reason,
    )
    return await write(
        lambda pen: with_accreditations(
            pen, operations.end_accreditation(pen, write.actor, command)
        ),
        party_changed,
    )


async def with_accreditations(pen: Pen, act: Awaitable[Party]) -> WholeParty:
    """Add its accreditations to the party that an act has changed."""
    party = await act
    return WholeParty(party, await store.list_accreditations(pen.connection, party.id))


def _created(whole: WholeParty) -> Reply:
    location = f"/v1/parties/{whole.party.id}"
    return created(_shown(whole), location=location, version=whole.party.version)


def party_changed(whole: WholeParty) -> Reply:
    """Make the reply of an act that changed a party."""
    return changed(_shown(whole), version=whole.party.version)


def _shown(whole: WholeParty) -> PartyShown:
    party = whole.party
    return PartyShown(
        id=party.id,
        kind=party.kind,
        name_th=party.name_th,
        name_en=party.name_en,
        province_code=party.province_code,
        status=party.status,
        closed_at=party.closed_at,
        accreditations=[
            AccreditationShown(
                sectoral_scope=held.sectoral_scope,
                valid_from=held.valid_from,
                valid_to=held.valid_to,
            )
            for held in whole.accreditations
        ],
        version=party.version,
    )
