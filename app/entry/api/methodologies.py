"""The catalogue of methodologies over HTTP."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field, StringConstraints

from app.entry.acts import Reply
from app.entry.api.context import Reader, StrictRoute, Write
from app.entry.api.days import Day
from app.entry.api.wire import (
    WHOLE,
    Body,
    Code,
    CursorError,
    LogIndex,
    Name,
    Page,
    PageQuery,
    Shown,
    Text,
    changed,
    created,
    decode_cursor,
    encode_cursor,
    show,
)
from app.entry.problems import refused
from app.registry.methodologies import operations, store
from app.registry.methodologies.rules import (
    AlreadySupersededError,
    CodeMismatchError,
    EntryDateAheadError,
    Family,
    Methodology,
    MethodologyEntry,
    MethodologyNotFoundError,
    MethodologyTakenError,
    NoteMissingError,
    SupersessionDateError,
    Variant,
)
from app.registry.parties.policy import NotAllowedError
from app.registry.programmes.refusals import RuleMissingError

router: Final = APIRouter(prefix="/methodologies", tags=["methodologies"], route_class=StrictRoute)

_Version = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")]
_CodeInPath = Annotated[
    Code, Path(description="Code of the methodology.", examples=["T-VER-P-METH-13-01"])
]
_VersionInPath = Annotated[_Version, Path(description="Version in two digits.", examples=["01"])]
_TypeNumber = Annotated[int, Field(ge=1, le=15), WHOLE]
_ScopeNumber = Annotated[int, Field(ge=1, le=16), WHOLE]


class MethodologyShown(Shown):
    """One version of a methodology."""

    code: str = Field(description="Code.", examples=["T-VER-P-METH-13-01"])
    version: str = Field(description="Version in two digits.", examples=["01"])
    title_th: str = Field(
        description="Title in Thai.", examples=["การปลูกป่าและการฟื้นฟูป่า ยกเว้นพื้นที่ชุ่มน้ำ"]
    )
    title_en: str = Field(
        description="Title in English.",
        examples=["Afforestation and reforestation, except wetlands"],
    )
    project_type: int = Field(
        description="T-VER project type, 1 to 15; not the same list as the sectoral scope.",
        examples=[13],
    )
    sectoral_scope: int = Field(
        description="Sectoral scope, 1 to 16: what a VVB must be accredited for.", examples=[14]
    )
    variant: Variant = Field(description="Which rule book it belongs to.", examples=["premium"])
    family: Family = Field(
        description="By what the size of an activity is judged: installed MW of renewable "
        "electricity, GWh saved in a year, or tCO2e in a year.",
        examples=["forestry"],
    )
    crediting_years: int = Field(
        description="Length of a crediting period, in years.", examples=[15]
    )
    renewals_max: int | None = Field(
        description="How often the crediting period can be renewed; null: without limit.",
        examples=[2, None],
    )
    buffer_applies: bool = Field(
        description="Whether part of the credits goes to the buffer against non-permanence.",
        examples=[True],
    )
    valid_from: date = Field(description="Day it came into force.", examples=["2023-03-01"])
    superseded_on: date | None = Field(
        description="Day a newer version came into force; null: none did.", examples=[None]
    )
    last_acceptable_on: date | None = Field(
        description="Last day of submission on which it is accepted; null: not superseded.",
        examples=[None],
    )
    source: str = Field(
        description="Where this is stated.", examples=["T-VER-P-METH-13-01 Version 01 (EN)"]
    )
    verified: bool = Field(
        description="Whether every value that decides was found in a source.", examples=[True]
    )
    note: str | None = Field(
        description="What was not found, or why the entry is a placeholder; null: nothing.",
        examples=["The Thai title is our translation."],
    )
    log_index: LogIndex = Field(
        description="Place in the log of the act that entered it.", examples=[12]
    )


class MethodologyQuery(PageQuery):
    """Which methodology versions to list."""

    code: Code | None = Field(
        None, description="Only versions of this methodology.", examples=["T-VER-P-METH-13-01"]
    )
    project_type: int | None = Field(
        None, ge=1, le=15, description="Only of this project type.", examples=[13]
    )
    variant: Variant | None = Field(None, description="Only of this variant.", examples=["premium"])
    acceptable_on: Day | None = Field(
        None, description="Only those accepted for submission on this day.", examples=["2026-11-24"]
    )


class MethodologyBody(Body):
    """A version of a methodology to enter in the catalogue."""

    code: Code = Field(
        description="Code. One in TGO's pattern must agree with variant and project type.",
        examples=["T-VER-P-METH-13-01"],
    )
    version: _Version = Field(description="Version in two digits.", examples=["02"])
    title_th: Name = Field(
        description="Title in Thai.", examples=["การปลูกป่าและการฟื้นฟูป่า ยกเว้นพื้นที่ชุ่มน้ำ"]
    )
    title_en: Name = Field(
        description="Title in English.",
        examples=["Afforestation and reforestation, except wetlands"],
    )
    project_type: _TypeNumber = Field(description="T-VER project type.", examples=[13])
    sectoral_scope: _ScopeNumber = Field(
        description="Sectoral scope: what a VVB must be accredited for.", examples=[14]
    )
    variant: Variant = Field(description="Which rule book it belongs to.", examples=["premium"])
    family: Family = Field(
        description="By what the size of an activity under it is judged.", examples=["forestry"]
    )
    crediting_years: Annotated[int, Field(ge=1, le=100), WHOLE] = Field(
        description="Length of a crediting period, in years.", examples=[15]
    )
    renewals_max: Annotated[int, Field(ge=0, le=100), WHOLE] | None = Field(
        description="How often the crediting period can be renewed; null: without limit.",
        examples=[2],
    )
    valid_from: Day = Field(description="Day it comes into force.", examples=["2027-03-01"])
    source: Text = Field(
        description="Where this is stated.", examples=["T-VER-P-METH-13-01 Version 02"]
    )
    verified: bool = Field(
        strict=True,
        description="Whether every value that decides was found in a source.",
        examples=[True],
    )
    note: Text | None = Field(
        None,
        description="What was not found; required where `verified` is false.",
        examples=["The date in force is not confirmed."],
    )


class SupersessionBody(Body):
    """Since when a newer version is in force."""

    superseded_on: Day = Field(
        description="Day on which the newer version comes into force.", examples=["2027-03-01"]
    )


@router.get(
    "",
    response_model=Page[MethodologyShown],
    responses=refused(CursorError),
    summary="List methodology versions",
    operation_id="list_methodologies",
)
async def list_methodologies(
    query: Annotated[MethodologyQuery, Query()], reader: Reader
) -> Response:
    """List methodology versions by code and version."""
    after = decode_cursor(query.cursor, str, str)
    which = store.Filter(
        code=query.code,
        project_type=query.project_type,
        variant=query.variant,
        acceptable_on=query.acceptable_on,
    )
    rows = await store.list_methodologies(
        reader,
        which,
        limit=query.limit + 1,
        after=None if after is None else (after[0], after[1]),
    )
    more = len(rows) > query.limit
    shown = rows[: query.limit]
    return show(
        Page(
            data=[_shown(row) for row in shown],
            next_cursor=encode_cursor((shown[-1].code, shown[-1].version)) if more else None,
            has_more=more,
        )
    )


@router.get(
    "/{code}/versions/{version}",
    response_model=MethodologyShown,
    responses=refused(MethodologyNotFoundError),
    summary="Read a methodology version",
    operation_id="get_methodology",
)
async def get_methodology(code: _CodeInPath, version: _VersionInPath, reader: Reader) -> Response:
    """Read one version of a methodology."""
    return show(_shown(await store.get_methodology(reader, code=code, version=version)))


@router.post(
    "",
    response_model=MethodologyShown,
    status_code=201,
    responses=refused(
        NotAllowedError,
        MethodologyTakenError,
        CodeMismatchError,
        EntryDateAheadError,
        NoteMissingError,
    ),
    summary="Enter a methodology version",
    operation_id="enter_methodology",
)
async def enter_methodology(body: MethodologyBody, write: Write) -> Response:
    """Enter a version in the catalogue. It is never edited afterwards, only superseded."""
    entry = MethodologyEntry(
        code=body.code,
        version=body.version,
        title_th=body.title_th,
        title_en=body.title_en,
        project_type=body.project_type,
        sectoral_scope=body.sectoral_scope,
        variant=body.variant,
        family=body.family,
        crediting_years=body.crediting_years,
        renewals_max=body.renewals_max,
        valid_from=body.valid_from,
        source=body.source,
        verified=body.verified,
        note=body.note,
    )

    def present(methodology: Methodology) -> Reply:
        return created(_shown(methodology), location=_location(methodology))

    return await write(lambda pen: operations.enter_methodology(pen, write.actor, entry), present)


@router.post(
    "/{code}/versions/{version}/supersession",
    response_model=MethodologyShown,
    responses=refused(
        NotAllowedError,
        MethodologyNotFoundError,
        AlreadySupersededError,
        SupersessionDateError,
        RuleMissingError,
    ),
    summary="Supersede a methodology version",
    operation_id="supersede_methodology",
)
async def supersede_methodology(
    code: _CodeInPath, version: _VersionInPath, body: SupersessionBody, write: Write
) -> Response:
    """
    Say since when a newer version is in force.

    The old one is accepted for a while longer (rule `version_overlap_days`). Activities keep the
    version that they were submitted with. This is said once and not changed.
    """
    command = operations.SupersedeMethodology(
        code=code, version=version, superseded_on=body.superseded_on
    )

    def present(methodology: Methodology) -> Reply:
        return changed(_shown(methodology))

    return await write(
        lambda pen: operations.supersede_methodology(pen, write.actor, command), present
    )


def _shown(methodology: Methodology) -> MethodologyShown:
    return MethodologyShown(**asdict(methodology))


def _location(methodology: Methodology) -> str:
    return f"/v1/methodologies/{methodology.code}/versions/{methodology.version}"
