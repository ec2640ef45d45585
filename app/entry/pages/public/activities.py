"""The register of activities: all of them, by words, place and kind, and on the map."""

import asyncio
from typing import Final

from starlette.responses import Response

from app.entry.pages import plots
from app.entry.pages.public.figures import on_the_map, provinces_of
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_ROWS: Final = 25
_FILTERS: Final = (
    "q",
    "programme_code",
    "province_code",
    "status",
    "project_type",
    "methodology_code",
    "owner_party_id",
)


@ways.get("/activities", remembered=True)
async def activities(page: Page) -> Response:
    """List activities by words, programme, province, status, type and methodology."""
    asked = {name: page.query.get(name) for name in _FILTERS}
    listed, every, programmes, methodologies, statistics = await asyncio.gather(
        page.client.get(
            "/activities", {**asked, "cursor": page.query.get("cursor"), "limit": _ROWS}
        ),
        provinces_of(page),
        page.client.get("/programmes", {"limit": 100}),
        page.client.get("/methodologies", {"limit": 200}),
        page.client.get("/statistics"),
    )
    counts = {row["province"]: row["activities"] for row in statistics["activities_by_province"]}
    # Each province leads to its activities, with whatever else is asked for.
    href = {code: page.address("/activities", {**asked, "province_code": code}) for code in every}
    return page.show(
        "public/activities.html",
        listed=listed,
        asked=asked,
        provinces=every,
        programmes={each["code"]: each for each in programmes["data"]},
        methodologies=_by_code(methodologies["data"], page.language),
        counts=counts,
        href=href,
        drawing=plots.outlines(),
        places=on_the_map(
            page,
            every,
            counts,
            said=lambda number: page.say_of("%(figure)s activity", "%(figure)s activities", number),
            href=href,
            current=asked["province_code"],
        ),
    )


def _by_code(versions: list[dict[str, str]], language: str) -> dict[str, str]:
    """Return the title of each methodology, whatever its version."""
    return {each["code"]: each[f"title_{language}"] for each in versions}
