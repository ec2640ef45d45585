"""Any list of the API as a table to take away, with its filters and its reader's own rights."""

import re
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from starlette.responses import JSONResponse, Response, StreamingResponse

from app.entry.exports import CSV, as_csv
from app.entry.pages.checking.flattening import Listing, described, listing_at
from app.entry.pages.client import Json
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways
from app.entry.rates import take_export
from app.kernel.errors import NotFoundError

ways: Final = Ways()
ROWS_PER_CALL: Final = 200  # as many as the API gives
ROWS_MAX: Final = 20_000  # a hundred calls; the exports of the API have no end
_OF_PAGES: Final = frozenset({"limit", "cursor"})


class NoTableError(NotFoundError):
    """This call of the API has no table."""

    code = "no_table"
    number = 4240
    title_th = "การเรียก API นี้ไม่มีตาราง"
    advice = "Tables are made of lists: addresses under /v1 whose answer has data and has_more."
    advice_th = "ตารางทำได้จากรายการเท่านั้น คือที่อยู่ใต้ /v1 ซึ่งคำตอบมี data และ has_more"


@ways.get("/table.csv")
async def table(page: Page) -> Response:
    """
    Give a list of the API as CSV, from its first row on.

    Raises:
        NoTableError: there is no such list.
        TooOftenError: whoever asks has had too many tables.
    """
    listing, call, filters, first = await _begin(page)
    pieces = _pieces(page, listing, call, filters, first)
    return StreamingResponse(pieces, headers=_headers(page, call, "csv"), media_type=CSV)


@ways.get("/table.json")
async def table_as_data(page: Page) -> Response:
    """
    Give a list of the API as JSON to who is signed in, from its first row on.

    The API itself takes no session of pages: a link to it would show its reader a refusal.

    Raises:
        NoTableError: there is no such list.
        TooOftenError: whoever asks has had too many tables.
    """
    _, call, filters, first = await _begin(page)
    rows: list[Json] = []
    has_more = False
    async for listed in _pages(page, call, filters, first):
        rows += listed["data"]
        has_more = listed["has_more"]
    headers = _headers(page, call, "json")
    return JSONResponse({"data": rows, "has_more": has_more}, headers=headers)


async def _begin(page: Page) -> tuple[Listing, str, dict[str, list[str]], Json]:
    """Return which list is asked for, by which call and filters, and its first rows."""
    asked = urlsplit(page.request.query_params.get("call", ""))
    path = unquote(asked.path)
    await described(page.request.app)
    listing = listing_at(page.request.app, path)
    if listing is None or asked.scheme or asked.netloc:
        raise NoTableError
    filters = {
        name: values for name, values in parse_qs(asked.query).items() if name not in _OF_PAGES
    }
    call = path.removeprefix("/v1")
    # Before anything is sent: what the API refuses becomes a page that says so.
    first = await page.client.get(call, {**filters, "limit": ROWS_PER_CALL})
    return listing, call, filters, first


def _headers(page: Page, call: str, kind: str) -> dict[str, str]:
    return {
        **take_export(page.request, page.client.token).headers(),
        "Content-Disposition": f'attachment; filename="{_file_name(call)}.{kind}"',
    }


async def _pages(
    page: Page, call: str, filters: dict[str, list[str]], listed: Json
) -> AsyncIterator[Json]:
    """Yield a list page by page, up to `ROWS_MAX` rows."""
    rows = 0
    while True:
        yield listed
        rows += len(listed["data"])
        if not listed["has_more"] or rows >= ROWS_MAX:
            return
        more = {**filters, "limit": ROWS_PER_CALL, "cursor": listed["next_cursor"]}
        listed = await page.client.get(call, more)


async def _pieces(
    page: Page, listing: Listing, call: str, filters: dict[str, list[str]], listed: Json
) -> AsyncIterator[str]:
    yield as_csv([listing.header])
    has_more = False
    async for each in _pages(page, call, filters, listed):
        yield as_csv(listing.line(row) for row in each["data"])
        has_more = each["has_more"]
    if has_more:
        # In the table itself: whoever opens it must not take it for the whole.
        yield as_csv([[page.say("# Cut off here: the list is longer. Narrow the filters.")]])


def _file_name(call: str) -> str:
    """Return what a table is called: by the steps of its address."""
    return re.sub(r"[^A-Za-z0-9]+", "-", call).strip("-")[:100]
