"""The first page, and the one field that finds everything."""

import asyncio
import re
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.answers import Json
from app.entry.pages.client import RefusedError
from app.entry.pages.public.figures import states_flow, years_plot
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_ACCOUNT: Final = re.compile(r"TH-[0-9]{6,12}-[0-9]{2}", re.IGNORECASE)
_CERTIFICATE: Final = re.compile(r"([0-9]{1,15})(-[0-9]{1,6})?")
_FOUND_MAX: Final = 25
_WORDS_MAX: Final = 100


@ways.get("/", remembered=True)
async def home(page: Page) -> Response:
    """Show what the register is, what it holds, and what was registered and retired last."""
    statistics, newest, retired, head = await asyncio.gather(
        page.client.get("/statistics"),
        page.client.get("/activities", {"status": "registered", "limit": 5}),
        page.client.get("/retirements", {"limit": 5}),
        page.client.get("/log/head"),
    )
    return page.show(
        "public/home.html",
        statistics=statistics,
        flow=states_flow(page, statistics["totals"]),
        years=years_plot(page, statistics["by_year"]),
        newest=newest["data"],
        retired=retired["data"],
        head=head,
    )


@ways.get("/search")
async def search(page: Page) -> Response:
    """Lead to what was asked for where it is one thing; show what has these words elsewhere."""
    asked = page.query.get("q", "")
    if not asked:
        return page.go("/activities")
    if (led := await _lead_on(page, asked)) is not None:
        return led
    found: dict[str, list[Json]] = {"activities": [], "parties": []}
    if len(asked) <= _WORDS_MAX:
        wanted: dict[str, Any] = {"q": asked, "limit": _FOUND_MAX}
        activities, parties = await asyncio.gather(
            page.client.get("/activities", wanted), page.client.get("/parties", wanted)
        )
        found = {"activities": activities["data"], "parties": parties["data"]}
    places = [f"/{kind}/{each['id']}" for kind, rows in found.items() for each in rows]
    if len(places) == 1:
        return page.go(places[0])
    return page.show("public/search.html", asked=asked, found=found, most=_FOUND_MAX)


async def _lead_on(page: Page, asked: str) -> Response | None:
    if certificate := _CERTIFICATE.fullmatch(asked):
        log_index = certificate[1]
        if await page.client.find(f"/retirements/{log_index}") is not None:
            return page.go(f"/retirements/{log_index}")
    if _ACCOUNT.fullmatch(asked):
        return await _show_account(page, asked.upper())
    if await _answers(page, "/serials", {"serial": asked}):
        return page.go("/serials", serial=asked)
    return None


async def _show_account(page: Page, number: str) -> Response:
    """Show an account as far as the reader may see it, and say so where they may not."""
    try:
        account = await page.client.get(f"/accounts/{number}")
    except RefusedError as refused:
        return page.show("public/account.html", number=number, account=None, why=refused.problem)
    owner = account.get("owner_party_id")
    party = None if owner is None else await page.client.find(f"/parties/{owner}")
    return page.show("public/account.html", number=number, account=account, why=None, party=party)


async def _answers(page: Page, path: str, params: dict[str, str]) -> bool:
    try:
        await page.client.get(path, params)
    except RefusedError as refused:
        if refused.status in {404, 422}:
            return False
        raise
    return True
