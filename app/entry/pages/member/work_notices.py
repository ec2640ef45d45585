"""On ``/work``: what somebody was told and has not read."""

from typing import Final

from app.entry.pages.member.work_part import Facts, Part
from app.entry.pages.render import Page

_ON_WORK: Final = 5


async def _read_notices(page: Page) -> Facts | None:
    listed = await page.client.get("/notices", {"unread": True, "limit": _ON_WORK})
    return {"rows": listed["data"], "unread": listed["unread"]} if listed["unread"] else None


NOTICES: Final = Part("member/work_notices.html", _read_notices)
