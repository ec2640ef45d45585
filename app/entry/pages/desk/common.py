"""What the pages of verifiers and officers share: what lies before them, and how long it waits."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from babel.dates import format_timedelta

from app.entry.pages.answers import Json
from app.entry.pages.render import Page
from app.kernel import clock

ROWS: Final = 200  # as many as the API gives at once
VERIFIERS: Final = frozenset({"verifier_lead", "verifier_reviewer"})
OFFICERS: Final = frozenset({"officer", "approver", "administrator", "auditor"})


def waiting(page: Page, moment: str) -> str:
    """Return how long something has waited since a moment, such as ``3 days``."""
    return format_timedelta(
        clock.now() - datetime.fromisoformat(moment), threshold=1.5, locale=page.language
    )


def day_now() -> str:
    """Return the day in Bangkok, as the API writes days."""
    return clock.bangkok_date(clock.now()).isoformat()


async def parties_of(page: Page, party_ids: Iterable[str | None]) -> dict[str, Json]:
    """Return the parties with these identifiers, by identifier."""
    return await found_by_id(page, "/parties", party_ids)


async def people_of(page: Page, user_ids: Iterable[str | None]) -> dict[str, Json]:
    """Return the users with these identifiers whom the reader may see, by identifier."""
    return await found_by_id(page, "/users", user_ids)


async def activities_of(page: Page, activity_ids: Iterable[str | None]) -> dict[str, Json]:
    """Return the activities with these identifiers, by identifier."""
    return await found_by_id(page, "/activities", activity_ids)


async def found_by_id(page: Page, path: str, ids: Iterable[str | None]) -> dict[str, Json]:
    """Return what stands under a path by identifiers, as far as the reader may see it."""
    wanted = sorted({each for each in ids if each is not None})
    found = await asyncio.gather(*(page.client.find(f"{path}/{each}") for each in wanted))
    return {each: one for each, one in zip(wanted, found, strict=True) if one is not None}


async def last_steps(page: Page, activity_ids: list[str]) -> dict[str, str]:
    """Return when the latest step of each activity was taken."""
    found = await asyncio.gather(
        *(page.client.get(f"/activities/{each}/events", {"limit": ROWS}) for each in activity_ids)
    )
    return {
        each: listed["data"][-1]["happened_at"]
        for each, listed in zip(activity_ids, found, strict=True)
    }


async def file_of(page: Page, activity_id: str) -> dict[str, Any]:
    """Return an activity with what belongs to its file: owner, documents, steps, its programme."""
    activity, documents, events = await asyncio.gather(
        page.client.get(f"/activities/{activity_id}"),
        page.client.get(f"/activities/{activity_id}/documents", {"limit": ROWS}),
        page.client.get(f"/activities/{activity_id}/events", {"limit": ROWS}),
    )
    parties = await parties_of(page, (activity["owner_party_id"], activity["vvb_party_id"]))
    return {
        "activity": activity,
        "documents": documents["data"],
        "events": events["data"],
        "parties": parties,
        "programme": await page.client.get(f"/programmes/{activity['programme_code']}"),
    }


async def bodies(page: Page) -> list[Json]:
    """Return the verifiers that are active."""
    listed = await page.client.get("/parties", {"kind": "vvb", "limit": ROWS})
    return [each for each in listed["data"] if each["status"] == "active"]


def rule_of(programme: Json, key: str) -> str | None:
    """Return the value of a rule that holds in a programme today; None: it has none."""
    return next((rule["value"] for rule in programme["rules"] if rule["key"] == key), None)
