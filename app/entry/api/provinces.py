"""Provinces over HTTP."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from app.entry.api.context import Reader, StrictRoute
from app.entry.api.wire import (
    PAGE_ROWS_MAX,
    CursorError,
    Page,
    PageQuery,
    ProvinceCode,
    Shown,
    decode_cursor,
    encode_cursor,
    show,
)
from app.entry.problems import refused
from app.registry.provinces import store
from app.registry.provinces.rules import Province, ProvinceNotFoundError

router: Final = APIRouter(prefix="/provinces", tags=["provinces"], route_class=StrictRoute)

_CodeInPath = Annotated[ProvinceCode, Path(description="Code of the province.", examples=["40"])]


class ProvinceShown(Shown):
    """One of the 77 provinces of Thailand."""

    code: str = Field(
        description="Two digits: the number of ISO 3166-2:TH, and the beginning of the Ministry of "
        "Interior's district codes. Codes have gaps.",
        examples=["40"],
    )
    name_th: str = Field(description="Name in Thai.", examples=["ขอนแก่น"])
    name_en: str = Field(
        description="Name in English as ISO spells it; others spell differently, so match on code.",
        examples=["Khon Kaen"],
    )
    region: str = Field(
        description="Region in Thai, of a set of six.", examples=["ตะวันออกเฉียงเหนือ"]
    )


class ProvinceQuery(PageQuery):
    """Which provinces to list."""

    limit: int = Field(
        100,
        ge=1,
        le=PAGE_ROWS_MAX,
        description="Rows on this page; all 77 fit on one.",
        examples=[100],
    )
    sort: Literal["code", "name_th"] = Field(
        "code", description="By code, or as in a Thai dictionary.", examples=["name_th"]
    )


@router.get(
    "",
    response_model=Page[ProvinceShown],
    responses=refused(CursorError),
    summary="List the provinces",
    operation_id="list_provinces",
)
async def list_provinces(query: Annotated[ProvinceQuery, Query()], reader: Reader) -> Response:
    """List the 77 provinces by code, or by Thai name in the order of a dictionary."""
    rows = await _rows(query, reader)
    more = len(rows) > query.limit
    shown = rows[: query.limit]
    return show(
        Page(
            data=[_shown(province) for province in shown],
            next_cursor=encode_cursor((shown[-1].sort_key, shown[-1].code)) if more else None,
            has_more=more,
        )
    )


@router.get(
    "/{code}",
    response_model=ProvinceShown,
    responses=refused(ProvinceNotFoundError),
    summary="Read a province",
    operation_id="get_province",
)
async def get_province(code: _CodeInPath, reader: Reader) -> Response:
    """Read the province with a code."""
    return show(_shown(await store.get_province(reader, code)))


def _shown(province: Province) -> ProvinceShown:
    return ProvinceShown(
        code=province.code,
        name_th=province.name_th,
        name_en=province.name_en,
        region=province.region,
    )


async def _rows(query: ProvinceQuery, reader: Reader) -> tuple[Province, ...]:
    after = decode_cursor(query.cursor, str, str)
    if query.sort == "code":
        return await store.list_provinces(
            reader, limit=query.limit + 1, after=None if after is None else after[1]
        )
    return await store.list_provinces_in_thai_order(
        reader, limit=query.limit + 1, after=None if after is None else (after[0], after[1])
    )
