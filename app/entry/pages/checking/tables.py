"""Any list of the API to take away, with its filters and its reader's own rights."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from starlette.responses import Response, StreamingResponse

from app.entry.exports import CSV, as_csv
from app.entry.pages.answers import Json
from app.entry.pages.checking.flattening import Listing, described, listing_at
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways
from app.entry.rates import take_export
from app.kernel.errors import NotFoundError

ways: Final = Ways()
ROWS_PER_CALL: Final = 200  # as many as the API gives
ROWS_MAX: Final = 20_000  # a hundred calls; the exports of the API have no end
_JSON: Final = "application/json"
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
    asked = await _asked(page)
    headers = _headers(page, f"{asked.name}.csv")
    return StreamingResponse(_as_csv(page, asked), headers=headers, media_type=CSV)


@ways.get("/table.json")
async def table_as_json(page: Page) -> Response:
    """
    Give a list of the API as JSON, from its first row on, as the API answers each.

    For readers who are signed in: a browser that asks the API itself is nobody to it.

    Raises:
        NoTableError: there is no such list.
        TooOftenError: whoever asks has had too many tables.
    """
    asked = await _asked(page)
    headers = _headers(page, f"{asked.name}.json")
    return StreamingResponse(_as_json(page, asked), headers=headers, media_type=_JSON)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A list that is asked for, and its first rows."""

    listing: Listing
    call: str  # under ``/v1``
    filters: dict[str, list[str]]
    first: Json

    @property
    def name(self) -> str:
        """What its file is called: by the steps of its address."""
        return re.sub(r"[^A-Za-z0-9]+", "-", self.call).strip("-")[:100]


async def _asked(page: Page) -> _Asked:
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
    return _Asked(listing, call, filters, first)


def _headers(page: Page, file_name: str) -> dict[str, str]:
    return {
        **take_export(page.request, page.client.token).headers(),
        "Content-Disposition": f'attachment; filename="{file_name}"',
    }


async def _as_csv(page: Page, asked: _Asked) -> AsyncIterator[str]:
    yield as_csv([asked.listing.header])
    async for rows, is_cut_off in _rows(page, asked):
        yield as_csv(asked.listing.line(row) for row in rows)
        if is_cut_off:
            # In the table itself: whoever opens it must not take it for the whole.
            yield as_csv([[page.say("# Cut off here: the list is longer. Narrow the filters.")]])


async def _as_json(page: Page, asked: _Asked) -> AsyncIterator[str]:
    before, has_more = '{"data": [', False
    async for rows, is_cut_off in _rows(page, asked):
        for row in rows:
            yield f"{before}\n{json.dumps(row, ensure_ascii=False)}"
            before = ","
        has_more = is_cut_off
    yield f'{before if before != "," else ""}\n], "has_more": {json.dumps(has_more)}}}\n'


async def _rows(page: Page, asked: _Asked) -> AsyncIterator[tuple[list[Json], bool]]:
    """Yield the rows of a list, and with the last ones whether it was cut off behind them."""
    listed, rows = asked.first, 0
    while True:
        rows += len(listed["data"])
        is_cut_off = listed["has_more"] and rows >= ROWS_MAX
        yield listed["data"], is_cut_off
        if is_cut_off or not listed["has_more"]:
            return
        more = {**asked.filters, "limit": ROWS_PER_CALL, "cursor": listed["next_cursor"]}
        listed = await page.client.get(asked.call, more)
