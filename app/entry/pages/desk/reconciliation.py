"""Reconciliation: what was issued is somewhere, by the ledger and by the published checkpoint."""

import asyncio
from typing import Final

from starlette.responses import Response

from app.entry.pages.member.common import who
from app.entry.pages.public.figures import STATES, provinces_of
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()


@ways.get("/desk/reconciliation")
async def reconciliation(page: Page) -> Response:
    """Show the ledger's sums, counted in three ways, and whether they agree."""
    await who(page)
    shown, provinces, programmes = await asyncio.gather(
        page.client.get("/ledger/reconciliation"),
        provinces_of(page),
        page.client.get("/programmes", {"limit": 100}),
    )
    return page.show(
        "desk/reconciliation.html",
        shown=shown,
        places=tuple(STATES),
        provinces=provinces,
        programmes={each["code"]: each for each in programmes["data"]},
    )
