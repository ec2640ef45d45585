"""What the reader was told, and how far they have read it."""

from typing import Final

from starlette.responses import Response

from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
NOTICES: Final = "/account/notices"
_ROWS: Final = 25


@ways.get(NOTICES)
async def notices(page: Page) -> Response:
    """List notices, the newest first; only unread ones where asked."""
    asked = {"unread": "true" if page.query.get("unread") == "true" else None}
    listed = await page.client.get(
        "/notices", {**asked, "cursor": page.query.get("cursor"), "limit": _ROWS}
    )
    return page.show("account/notices.html", listed=listed, asked=asked)


@ways.post(NOTICES)
async def read_notices(page: Page) -> Response:
    """Note that all were read, up to the newest on the page."""
    sent = await page.form()
    await page.client.send("POST", "/notices/read", {"up_to": str(sent.get("up_to", ""))})
    return page.go(NOTICES)
