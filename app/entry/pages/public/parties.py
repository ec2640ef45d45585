"""Organisations: what is public of each."""

import asyncio
from typing import Final

from starlette.responses import Response

from app.entry.pages.public.figures import provinces_of
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_ROWS: Final = 25
_FILTERS: Final = ("q", "kind", "province_code", "cursor")


@ways.get("/parties", remembered=True)
async def parties(page: Page) -> Response:
    """List organisations by name, kind and province."""
    asked = {name: page.query.get(name) for name in _FILTERS}
    listed, every = await asyncio.gather(
        page.client.get("/parties", {**asked, "limit": _ROWS}), provinces_of(page)
    )
    return page.show("public/parties.html", listed=listed, asked=asked, provinces=every)


@ways.get("/parties/{party_id}", remembered=True)
async def party(page: Page) -> Response:
    """Show one organisation: what it is, its activities, and what it is accredited for."""
    party_id = page.step("party_id")
    shown = await page.client.get(f"/parties/{party_id}")
    activities, every = await asyncio.gather(
        page.client.get(
            "/activities",
            {"owner_party_id": party_id, "limit": _ROWS, "cursor": page.query.get("cursor")},
        ),
        provinces_of(page),
    )
    return page.show("public/party.html", party=shown, activities=activities, provinces=every)
