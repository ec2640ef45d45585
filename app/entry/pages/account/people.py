"""The people of the reader's organisation, and until when its documents are valid."""

import asyncio
from typing import Final

from starlette.responses import Response

from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_ROWS: Final = 50


@ways.get("/account/people")
async def people(page: Page) -> Response:
    """List who signs in for the organisation, with what they may do."""
    me = await page.client.get("/users/me")
    party_id = me["party_id"]
    asked = {"party_id": party_id, "limit": _ROWS, "cursor": page.query.get("cursor")}
    listed, party, papers = await asyncio.gather(
        page.client.get("/users", asked),
        page.client.find(f"/parties/{party_id}"),
        page.client.find(f"/parties/{party_id}/kyc"),
    )
    return page.show("account/people.html", listed=listed, party=party, papers=papers)
