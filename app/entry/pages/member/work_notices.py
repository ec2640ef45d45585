"""On ``/work``: what somebody was told and has not read; and the page of all of it."""

from typing import Final

from starlette.responses import Response

from app.entry.pages.forms import Form
from app.entry.pages.member.common import who
from app.entry.pages.member.work_part import Facts, Part
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_ROWS: Final = 50
_ON_WORK: Final = 5


@ways.get("/work/notices")
async def notices(page: Page) -> Response:
    """List what its reader was told, the newest first."""
    asked = {"limit": _ROWS, "cursor": page.query.get("cursor")}
    listed = await page.client.get("/notices", asked)
    return page.show("member/notices.html", listed=listed)


@ways.post("/work/notices")
async def take_notices(page: Page) -> Response:
    """Take note of how far they have read."""
    await who(page)
    sent = Form.sent(await page.form())
    await page.client.send("POST", "/notices/read", {"up_to": sent.value("up_to")})
    return page.go("/work/notices")


async def _read_notices(page: Page) -> Facts | None:
    listed = await page.client.get("/notices", {"unread": True, "limit": _ON_WORK})
    return {"rows": listed["data"], "unread": listed["unread"]} if listed["unread"] else None


NOTICES: Final = Part("member/work_notices.html", _read_notices)
