"""Thailand by province: what was issued where, and the page of each province."""

import asyncio
from typing import Final

from starlette.responses import Response

from app.entry.pages import plots
from app.entry.pages.public.figures import (
    on_the_map,
    provinces_of,
    states_flow,
    states_key,
    states_stack,
    years_plot,
)
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_ROWS: Final = 25
_PARTIES: Final = 100


@ways.get("/provinces", remembered=True)
async def provinces(page: Page) -> Response:
    """Show credits and activities by province, of all years or of one."""
    year = page.query.get("year")
    every, statistics, whole = await asyncio.gather(
        provinces_of(page),
        page.client.get("/statistics", {"year": year}),
        page.client.get("/statistics"),
    )
    sums = {row["province"]: row for row in statistics["by_province"]}
    issued = {code: row["issued"] for code, row in sums.items() if code is not None}
    href = {code: page.address(f"/provinces/{code}") for code in every}
    return page.show(
        "public/provinces.html",
        provinces=every,
        sums=sums,
        totals=statistics["totals"],
        log_size=statistics["log_size"],
        activities={row["province"]: row["activities"] for row in whole["activities_by_province"]},
        years=[row["year"] for row in whole["by_year"]],
        year=year,
        drawing=plots.outlines(),
        places=on_the_map(
            page,
            every,
            issued,
            said=lambda number: page.say_of(
                "%(figure)s credit issued", "%(figure)s credits issued", number
            ),
            href=href,
        ),
        stacks={code: states_stack(row) for code, row in sums.items()},
        key=states_key(page, sums.values()),
    )


@ways.get("/provinces/{code}", remembered=True)
async def province(page: Page) -> Response:
    """Show one province: its programmes, activities, credits and parties."""
    code = page.step("code")
    shown = await page.client.get(f"/provinces/{code}")
    statistics, activities, batches, parties, programmes = await asyncio.gather(
        page.client.get("/statistics", {"province": code}),
        page.client.get("/activities", {"province_code": code, "limit": _ROWS}),
        page.client.get("/batches", {"province": code, "limit": _ROWS}),
        page.client.get("/parties", {"province_code": code, "limit": _PARTIES}),
        page.client.get("/programmes", {"limit": 100}),
    )
    details = await asyncio.gather(
        *(page.client.get(f"/programmes/{each['code']}") for each in programmes["data"])
    )
    return page.show(
        "public/province.html",
        province=shown,
        statistics=statistics,
        flow=states_flow(page, statistics["totals"]),
        years=years_plot(page, statistics["by_year"]),
        activities=activities,
        batches=batches,
        parties=parties["data"],
        memberships=[
            (programme, member)
            for programme in details
            for member in programme["members"]
            if member["province_code"] == code
        ],
    )
