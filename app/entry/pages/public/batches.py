"""Credits: batches, where their credits are, and the page of each batch."""

import asyncio
from typing import Final

from starlette.responses import Response

from app.entry.pages.figures import common_year
from app.entry.pages.public.figures import provinces_of, states_flow, states_key, states_stack
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_ROWS: Final = 25
_FILTERS: Final = ("programme", "province", "vintage", "project", "cursor")


@ways.get("/credits", remembered=True)
async def credits_list(page: Page) -> Response:
    """List batches by programme, province, vintage and activity, with where all credits are."""
    asked = {name: page.query.get(name) for name in _FILTERS}
    asked["vintage"] = common_year(asked["vintage"])
    listed, every, programmes, statistics = await asyncio.gather(
        page.client.get("/batches", {**asked, "limit": _ROWS}),
        provinces_of(page),
        page.client.get("/programmes", {"limit": 100}),
        page.client.get("/statistics"),
    )
    rows = statistics["by_programme"]
    return page.show(
        "public/credits.html",
        listed=listed,
        asked=asked,
        provinces=every,
        programmes={each["code"]: each for each in programmes["data"]},
        statistics=statistics,
        flow=states_flow(page, statistics["totals"]),
        stacks={row["programme"]: states_stack(row) for row in rows},
        key=states_key(page, rows),
    )


@ways.get("/credits/{prefix}", remembered=True)
async def batch(page: Page) -> Response:
    """Show one batch: where it comes from, and where each of its credits is."""
    prefix = page.step("prefix")
    shown = await page.client.get(f"/batches/{prefix}")
    serials, cases, every = await asyncio.gather(
        page.client.get("/serials", {"serial": shown["serials"]}),
        page.client.get("/cases", {"batch": prefix, "limit": 50}),
        provinces_of(page),
    )
    return page.show(
        "public/batch.html",
        batch=shown,
        flow=states_flow(page, {**shown, "issued": shown["credits"]}),
        serials=serials,
        cases=cases["data"],
        provinces=every,
    )
