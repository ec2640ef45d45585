"""The authority's desk: what waits for an officer, and for how long."""

import asyncio
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.answers import Json
from app.entry.pages.desk import applications
from app.entry.pages.desk.common import (
    OFFICERS,
    ROWS,
    activities_of,
    last_steps,
    parties_of,
    rule_of,
    waiting,
)
from app.entry.pages.desk.orders import state_of
from app.entry.pages.desk.working_days import days_left
from app.entry.pages.member.common import time_left, who
from app.entry.pages.member.work_part import Facts, Part
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_STATES: Final = ("submitted", "under_review", "under_validation")


@ways.get("/desk")
async def desk(page: Page) -> Response:
    """Show every queue of the authority, what has waited longest first."""
    await who(page)
    return page.show("desk/desk.html", facts=await _read(page))


async def open_orders(page: Page) -> list[Json]:
    """Return the orders that wait for a second officer, the oldest first."""
    listed = await page.client.find("/orders", {"limit": ROWS})
    orders = [] if listed is None else listed["data"]
    return sorted(
        (each for each in orders if state_of(each) == "open"),
        key=lambda each: str(each["expires_at"]),
    )


async def _read(page: Page) -> dict[str, Any]:
    orders, applied, verified, *lists = await asyncio.gather(
        open_orders(page),
        applications.waiting(page, applications.AT_DESK),
        page.client.get("/monitoring-reports", {"status": "verified", "limit": ROWS}),
        *(page.client.get("/activities", {"status": each, "limit": ROWS}) for each in _STATES),
    )
    found = [each for listed in lists for each in listed["data"]]
    reports = verified["data"]
    details, steps, ended = await asyncio.gather(
        activities_of(
            page, [*(each["id"] for each in found), *(each["activity_id"] for each in reports)]
        ),
        last_steps(page, [each["id"] for each in found]),
        asyncio.gather(*(_last_step_of(page, each) for each in reports)),
    )
    owners = await parties_of(page, (each["owner_party_id"] for each in details.values()))
    rows = [await _activity_row(page, details[each["id"]], steps, owners) for each in found]
    rows.sort(key=lambda row: str(row["since"]))
    return {
        "to_check": [r for r in rows if r["activity"]["status"] in {"submitted", "under_review"}],
        "to_decide": [r for r in rows if r["activity"]["status"] == "under_validation"],
        "to_issue": [
            {
                "report": report,
                "activity": details[report["activity_id"]],
                "owner": owners[details[report["activity_id"]]["owner_party_id"]],
                "since": since,
            }
            for since, report in sorted(
                zip(ended, reports, strict=True), key=lambda pair: str(pair[0])
            )
        ],
        "orders": orders,
        "applications": applied,
        "days_left": await days_left(page, (each["due_on"] for each in applied)),
        "waiting": lambda moment: waiting(page, moment),
        "left": lambda moment: time_left(page, moment),
    }


async def _last_step_of(page: Page, report: Json) -> str:
    events = await page.client.get(f"/monitoring-reports/{report['id']}/events", {"limit": ROWS})
    return str(events["data"][-1]["at"])


async def _activity_row(
    page: Page, activity: Json, steps: dict[str, str], owners: dict[str, Json]
) -> dict[str, Any]:
    programme = await page.client.get(f"/programmes/{activity['programme_code']}")
    checking = activity["status"] in {"submitted", "under_review"}
    latest = activity["opinions"][0]["conclusion"] if activity["opinions"] else None
    return {
        "activity": activity,
        "owner": owners[activity["owner_party_id"]],
        "since": steps[activity["id"]],
        "allowed": rule_of(programme, "completeness_days" if checking else "consideration_days"),
        "opinion": latest,
    }


async def _part(page: Page) -> Facts:
    facts = await _read(page)
    names = ("to_check", "to_decide", "to_issue", "orders", "applications")
    return {"counts": [(name, len(facts[name])) for name in names]}


DESK: Final = Part("desk/work_desk.html", _part, OFFICERS)
