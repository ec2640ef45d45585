"""The first page, and the one field that finds everything."""

import re
from typing import Final

from starlette.responses import Response

from app.entry.pages.client import RefusedError
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_ACCOUNT: Final = re.compile(r"TH-[0-9]{6,12}-[0-9]{2}", re.IGNORECASE)
_CERTIFICATE: Final = re.compile(r"([0-9]{1,16})(-[0-9]{1,6})?")


@ways.get("/")
async def home(page: Page) -> Response:
    """Show what the register is, what it holds, and what was registered last."""
    newest = await page.client.get("/activities", {"status": "registered", "limit": 5})
    head = await page.client.get("/log/head")
    return page.show("public/home.html", newest=newest["data"], head=head)


@ways.get("/search")
async def search(page: Page) -> Response:
    """Lead to what was asked for: a serial, a certificate, or the activities with these words."""
    asked = page.query.get("q", "")
    if not asked:
        return page.go("/activities")
    if certificate := _CERTIFICATE.fullmatch(asked):
        log_index = certificate[1]
        if await page.client.find(f"/retirements/{log_index}") is not None:
            return page.go(f"/retirements/{log_index}")
    if _ACCOUNT.fullmatch(asked) is None and await _is_serial(page, asked):
        return page.go("/serials", serial=asked)
    return page.go("/activities", q=asked)


async def _is_serial(page: Page, asked: str) -> bool:
    try:
        await page.client.get("/serials", {"serial": asked})
    except RefusedError as refused:
        if refused.status in {404, 422}:
            return False
        raise
    return True
