"""What is assigned to a verifier: activities to validate, reports to verify, opinions to review."""

import asyncio
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.answers import Json
from app.entry.pages.desk.common import ROWS, VERIFIERS, activities_of, last_steps, waiting
from app.entry.pages.member.common import who
from app.entry.pages.member.work_part import Facts, Part
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_OPEN: Final = ("awaiting_review", "sent_back", "assigned")


@ways.get("/work/verifications")
async def verifications(page: Page) -> Response:
    """Show all work that is assigned, each with how long it waits."""
    return page.show("desk/verifications.html", facts=await _read(page))


async def _read(page: Page) -> dict[str, Any]:
    me = await who(page)
    listed, *lists = await asyncio.gather(
        page.client.get("/activities", {"status": "under_validation", "limit": ROWS}),
        *(page.client.get("/verifications", {"status": each, "limit": ROWS}) for each in _OPEN),
    )
    mine = [each for each in listed["data"] if each["vvb_party_id"] == me["party_id"]]
    work = [
        each for found in lists for each in found["data"] if each["vvb_party_id"] == me["party_id"]
    ]
    ids = [each["id"] for each in mine]
    details, steps, rows = await asyncio.gather(
        activities_of(page, [*ids, *(each["activity_id"] for each in work)]),
        last_steps(page, ids),
        asyncio.gather(*(_row(page, each) for each in work)),
    )
    return {
        "validations": [{"activity": details[each], "since": steps[each]} for each in ids],
        "verifications": sorted(rows, key=lambda row: str(row["since"])),
        "activities": details,
        "waiting": lambda moment: waiting(page, moment),
    }


async def _row(page: Page, verification: Json) -> dict[str, Any]:
    report, opinions = await asyncio.gather(
        page.client.get(f"/monitoring-reports/{verification['report_id']}"),
        page.client.get(f"/verifications/{verification['id']}/opinions", {"limit": ROWS}),
    )
    since = verification["assigned_at"]
    if opinions["data"]:
        last = opinions["data"][-1]
        since = last["given_at"] if last["review"] is None else last["review"]["reviewed_at"]
    return {"verification": verification, "report": report, "since": since}


async def _part(page: Page) -> Facts:
    return await _read(page)


VERIFYING: Final = Part("desk/verifying.html", _part, VERIFIERS)
