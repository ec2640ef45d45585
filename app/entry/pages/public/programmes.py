"""Programmes: who takes part, and their rules of a day."""

import asyncio
from typing import Final

from starlette.responses import Response

from app.entry.pages.filters import ask, status_of
from app.entry.pages.forms import Form
from app.entry.pages.member.common import typed_day
from app.entry.pages.public.figures import provinces_of, states_flow, years_plot
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_HISTORY: Final = 50


@ways.get("/programmes", remembered=True)
async def programmes(page: Page) -> Response:
    """List the programmes with what was issued under each."""
    listed, statistics = await asyncio.gather(
        page.client.get("/programmes", {"limit": 100}), page.client.get("/statistics")
    )
    return page.show(
        "public/programmes.html",
        listed=listed,
        statistics=statistics,
        sums={row["programme"]: row for row in statistics["by_programme"]},
    )


@ways.get("/programmes/{code}", remembered=True)
async def programme(page: Page) -> Response:
    """Show one programme with its rules of today, or of another day."""
    code = page.step("code")
    form = Form.opened({"on": page.query.get("on")})
    path = f"/programmes/{code}"
    shown = await ask(page, path, {"on": typed_day(form, "on")}, form)
    if shown is None:  # the day was refused, and its field says so beside the rules of today
        shown = await page.client.get(path)
    statistics, history, activities, every = await asyncio.gather(
        page.client.get("/statistics", {"programme": code}),
        page.client.get(
            f"/programmes/{code}/rules",
            {"limit": _HISTORY, "cursor": page.query.get("cursor")},
        ),
        page.client.get("/activities", {"programme_code": code, "limit": 10}),
        provinces_of(page),
    )
    return page.show(
        "public/programme.html",
        status=status_of(form),
        form=form,
        programme=shown,
        statistics=statistics,
        flow=states_flow(page, statistics["totals"]),
        years=years_plot(page, statistics["by_year"]),
        history=history,
        activities=activities["data"],
        provinces=every,
    )
