"""Where there is no page."""

from typing import Final

from starlette.responses import Response

from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
EVERYTHING: Final = "/{rest:path}"


@ways.get(EVERYTHING)
@ways.post(EVERYTHING)
async def lost(page: Page) -> Response:
    """Say that there is nothing, and where people mostly want to go."""
    return page.show("lost.html", status=404)
