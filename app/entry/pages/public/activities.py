"""The register of activities, and the page of each."""

import asyncio
from typing import Final

from starlette.responses import Response

from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
ROWS: Final = 25
_FILTERS: Final = ("q", "programme_code", "province_code", "status", "project_type", "cursor")


@ways.get("/activities")
async def activities(page: Page) -> Response:
    """List activities by words, programme, province, status and type."""
    asked = {name: page.query.get(name) for name in _FILTERS}
    listed = await page.client.get("/activities", {**asked, "limit": ROWS})
    provinces = await page.client.get("/provinces", {"limit": 100, "sort": "name_th"})
    programmes = await page.client.get("/programmes", {"limit": 100})
    return page.show(
        "public/activities.html",
        listed=listed,
        asked=asked,
        provinces={each["code"]: each for each in provinces["data"]},
        programmes=programmes["data"],
    )


@ways.get("/activities/{activity_id}")
async def activity(page: Page) -> Response:
    """Show one activity: what it is, where it stands, its papers, its credits and its story."""
    activity_id = page.step("activity_id")
    shown = await page.client.get(f"/activities/{activity_id}")
    events, documents, reports, batches = await asyncio.gather(
        page.client.get(f"/activities/{activity_id}/events", {"limit": 200}),
        page.client.get(f"/activities/{activity_id}/documents", {"limit": 200}),
        page.client.get("/monitoring-reports", {"activity_id": activity_id, "limit": 50}),
        page.client.get("/batches", {"activity_id": activity_id, "limit": 50}),
    )
    return page.show(
        "public/activity.html",
        activity=shown,
        owner=await page.client.find(f"/parties/{shown['owner_party_id']}"),
        events=events["data"],
        documents=documents["data"],
        reports=reports["data"],
        batches=batches["data"],
        provinces=[await page.client.get(f"/provinces/{c}") for c in shown["province_codes"]],
    )
