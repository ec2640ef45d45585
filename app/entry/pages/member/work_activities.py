"""On ``/work``: a developer's activities by their state, and the reports that are under way."""

import asyncio
from typing import Final

from app.entry.pages.answers import Json
from app.entry.pages.member.common import who
from app.entry.pages.member.work_part import Facts, Part
from app.entry.pages.render import Page

ROWS: Final = 200
RETURNED: Final = "return"  # the step that asks for changes
_DEVELOPERS: Final = frozenset({"developer"})
# What waits for its owner first, what is over last.
_ORDER: Final = (
    *("draft", "submitted", "under_review", "under_validation", "registered"),
    *("closed", "refused", "withdrawn"),
)
_UNDER_WAY: Final = ("draft", "submitted", "under_verification")


async def _read_activities(page: Page) -> Facts:
    me = await who(page)
    listed = await page.client.get("/activities", {"owner_party_id": me["party_id"], "limit": ROWS})
    rows = sorted(listed["data"], key=lambda each: _ORDER.index(each["status"]))
    drafts = [each for each in rows if each["status"] == "draft"][:10]
    last = await asyncio.gather(*(last_return(page, each["id"]) for each in drafts))
    returned = {each["id"] for each, event in zip(drafts, last, strict=True) if event}
    return {"rows": rows, "returned": returned, "has_more": listed["has_more"]}


async def last_return(page: Page, activity_id: str) -> Json | None:
    """Return the step that asked for changes in a draft; None: none did since it was submitted."""
    events = await page.client.get(f"/activities/{activity_id}/events", {"limit": ROWS})
    asked = None
    for event in events["data"]:
        if event["step"] == RETURNED:
            asked = event
        elif event["step"] == "submit":
            asked = None
    return asked


async def _read_reports(page: Page) -> Facts | None:
    lists = await asyncio.gather(
        *(
            page.client.get("/monitoring-reports", {"status": each, "limit": 50})
            for each in _UNDER_WAY
        )
    )
    reports = [report for listed in lists for report in listed["data"]]
    if not reports:
        return None
    ids = sorted({report["activity_id"] for report in reports})
    activities = await asyncio.gather(*(page.client.get(f"/activities/{each}") for each in ids))
    return {"rows": reports, "activities": {each["id"]: each for each in activities}}


ACTIVITIES: Final = Part("member/work_activities.html", _read_activities, _DEVELOPERS)
REPORTS: Final = Part("member/work_reports.html", _read_reports, _DEVELOPERS)
