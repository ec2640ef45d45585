"""What pages of accounts show, to those who own one and to those who look after all."""

import asyncio
from typing import Any, Final

from app.entry.pages.answers import Json
from app.entry.pages.filters import ask, ask_on
from app.entry.pages.forms import Form
from app.entry.pages.member.common import typed_day
from app.entry.pages.periods import before_day, begin_of_day, end_of_day, last_of_day
from app.entry.pages.render import Page

ROWS: Final = 50
_HOLDINGS: Final = 200


async def account_of(page: Page) -> Json:
    """Return the account whose number stands in the address."""
    return await page.client.get(f"/accounts/{page.step('number')}")


async def holdings_of(page: Page) -> dict[str, Any]:
    """Return what an account holds by batch, now or at the end of a day that was asked for."""
    form = Form.opened({"on": page.query.get("on")})
    asked = {
        "as_of": last_of_day(typed_day(form, "on")),
        "limit": _HOLDINGS,
        "cursor": page.query.get("cursor"),
    }
    path = f"/accounts/{page.step('number')}/holdings"
    holdings = await ask(page, path, asked, form)
    return {"form": form, "holdings": holdings, "call": page.client.called(path)}


async def serials_of(page: Page) -> dict[str, Any]:
    """Return the runs of serials in an account."""
    asked = {"limit": ROWS, "cursor": page.query.get("cursor")}
    path = f"/accounts/{page.step('number')}/blocks"
    listed = await page.client.get(path, asked)
    return {"listed": listed, "call": page.client.called(path)}


async def statement_of(page: Page, account: Json) -> dict[str, Any]:
    """Return what came in and went out between two days, and the balances before and after."""
    form = Form.opened({"from": page.query.get("from"), "to": page.query.get("to")})
    first, last = typed_day(form, "from"), typed_day(form, "to")
    bounds = {"recorded_from": begin_of_day(first), "recorded_before": end_of_day(last)}
    path = f"/accounts/{account['number']}"
    asked = {**bounds, "limit": ROWS, "cursor": page.query.get("cursor")}
    listed = await ask_on(page, f"{path}/statement", asked, form)
    call = page.client.called(f"{path}/statement")
    opening, closing = (0, account["credits"])
    if listed is not None:
        opening, closing = await asyncio.gather(
            _total(page, path, before_day(first), otherwise=0),
            _total(page, path, last_of_day(last), otherwise=account["credits"]),
        )
    return {
        "account": account,
        "listed": listed,
        "call": call,
        "form": form,
        "bounds": bounds,
        "opening": opening,
        "closing": closing,
    }


async def _total(page: Page, path: str, moment: str | None, *, otherwise: int) -> int:
    """Return what an account held at a moment."""
    if moment is None:
        return otherwise
    holdings = await page.client.get(f"{path}/holdings", {"as_of": moment, "limit": 1})
    return int(holdings["total"])
