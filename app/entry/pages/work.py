"""
``/work``: what is mine to do.

The page is put together from parts: each says whom it is for and what it shows of the API, in a
module of its own. Another role's queue is another part in `PARTS`.
"""

import asyncio
from typing import Final

from starlette.responses import Response

from app.entry.pages.desk.queues import DESK
from app.entry.pages.desk.verifying import VERIFYING
from app.entry.pages.member.common import time_left, who
from app.entry.pages.member.work_activities import ACTIVITIES, REPORTS
from app.entry.pages.member.work_credits import ACCOUNTS, TRANSFERS
from app.entry.pages.member.work_notices import NOTICES
from app.entry.pages.member.work_part import Part
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
PARTS: Final[tuple[Part, ...]] = (
    *(NOTICES, VERIFYING, DESK, TRANSFERS, ACTIVITIES, REPORTS, ACCOUNTS),
)


@ways.get("/work")
async def work(page: Page) -> Response:
    """Show what waits for who is signed in, by what they are."""
    me = await who(page)
    fitting = [part for part in PARTS if part.is_for(me)]
    read = await asyncio.gather(*(part.read(page) for part in fitting))
    shown = [
        (p.template, facts) for p, facts in zip(fitting, read, strict=True) if facts is not None
    ]
    return page.show("member/work.html", parts=shown, left=lambda at: time_left(page, at))
