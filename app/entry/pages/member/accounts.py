"""Accounts: what they hold, now or as of a day, which serials, and what came in and went out."""

import asyncio
from datetime import date, datetime, time, timedelta
from typing import Final

from starlette.responses import Response

from app.entry.pages.figures import BANGKOK
from app.entry.pages.forms import Form
from app.entry.pages.member.common import time_left, typed_day, who
from app.entry.pages.member.work_credits import waiting_transfers
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_ROWS: Final = 50


@ways.get("/work/accounts")
async def own_accounts_list(page: Page) -> Response:
    """List the accounts that its reader may see: their party's."""
    me = await who(page)
    asked = {"owner_party_id": me["party_id"], "limit": _ROWS, "cursor": page.query.get("cursor")}
    listed = await page.client.get("/accounts", asked)
    return page.show("member/accounts.html", listed=listed, call=page.client.calls[-1])


@ways.get("/work/accounts/{number}")
async def own_account(page: Page) -> Response:
    """Show an account: what it holds by project and vintage, and what waits."""
    me = await who(page)
    number = page.step("number")
    account = await page.client.get(f"/accounts/{number}")
    form = Form.opened({"on": page.query.get("on")})
    holdings = await page.client.get(
        f"/accounts/{number}/holdings",
        {
            "as_of": end_of_day(typed_day(form, "on")),
            "limit": 200,
            "cursor": page.query.get("cursor"),
        },
    )
    call = page.client.calls[-1]
    waiting, terms = await asyncio.gather(
        waiting_transfers(page, [account]),
        page.client.find(f"/accounts/{number}/own-terms"),
    )
    return page.show(
        "member/account.html",
        account=account,
        holdings=holdings,
        form=form,
        call=call,
        waiting=waiting,
        terms=terms,
        roles=me["roles"],
        left=lambda at: time_left(page, at),
    )


@ways.get("/work/accounts/{number}/serials")
async def own_serials(page: Page) -> Response:
    """List the serials in an account."""
    await who(page)
    number = page.step("number")
    account = await page.client.get(f"/accounts/{number}")
    asked = {"limit": _ROWS, "cursor": page.query.get("cursor")}
    listed = await page.client.get(f"/accounts/{number}/blocks", asked)
    call = page.client.calls[-1]
    return page.show("member/account_serials.html", account=account, listed=listed, call=call)


@ways.get("/work/accounts/{number}/statement")
async def own_statement(page: Page) -> Response:
    """List what came in and went out between two days."""
    await who(page)
    number = page.step("number")
    form = Form.opened({"from": page.query.get("from"), "to": page.query.get("to")})
    bounds = {
        "recorded_from": begin_of_day(typed_day(form, "from")),
        "recorded_before": end_of_day(typed_day(form, "to")),
    }
    account = await page.client.get(f"/accounts/{number}")
    asked = {**bounds, "limit": _ROWS, "cursor": page.query.get("cursor")}
    listed = await page.client.get(f"/accounts/{number}/statement", asked)
    call = page.client.calls[-1]
    return page.show(
        "member/statement.html", account=account, listed=listed, call=call, form=form, bounds=bounds
    )


@ways.get("/work/accounts/{number}/statement.csv")
async def own_statement_file(page: Page) -> Response:
    """Hand a whole statement out as a table to take away."""
    asked = {name: page.query.get(name) for name in ("recorded_from", "recorded_before")}
    path = f"/accounts/{page.step('number')}/statement.csv"
    answer = await page.client.ask("GET", path, params=asked)
    kept = ("content-type", "content-disposition")
    return Response(answer.body, headers={name: answer.headers[name] for name in kept})


def begin_of_day(day: str | None) -> str | None:
    """Return the moment at which a day begins in Bangkok; what is no day as it is."""
    try:
        begins = None if day is None else date.fromisoformat(day)
    except ValueError:
        return day
    return None if begins is None else datetime.combine(begins, time(), BANGKOK).isoformat()


def end_of_day(day: str | None) -> str | None:
    """Return the moment at which a day is over in Bangkok; what is no day as it is."""
    try:
        following = None if day is None else date.fromisoformat(day) + timedelta(days=1)
    except (ValueError, OverflowError):
        return day
    return None if following is None else begin_of_day(following.isoformat())
