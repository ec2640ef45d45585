"""Who the reader is to the register, and the ways on to what is theirs."""

import asyncio
from typing import Final

from starlette.responses import Response

from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()


@ways.get("/account")
async def account(page: Page) -> Response:
    """Show who is signed in, for whom they act, and what they may do."""
    me = await page.client.get("/users/me")
    party, factor = await asyncio.gather(
        page.client.find(f"/parties/{me['party_id']}"), page.client.get("/second-factor")
    )
    return page.show("account/account.html", user=me, party=party, factor=factor)
