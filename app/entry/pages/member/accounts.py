"""Accounts: what they hold, now or as of a day, which serials, and what came in and went out."""

import asyncio
from typing import Final

from starlette.responses import Response

from app.entry.pages.filters import status_of
from app.entry.pages.member.common import time_left, who
from app.entry.pages.member.of_accounts import (
    ROWS,
    account_of,
    holdings_of,
    serials_of,
    statement_of,
)
from app.entry.pages.member.work_credits import waiting_transfers
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()


@ways.get("/work/accounts")
async def own_accounts_list(page: Page) -> Response:
    """List the accounts that its reader may see: their party's."""
    me = await who(page)
    asked = {"owner_party_id": me["party_id"], "limit": ROWS, "cursor": page.query.get("cursor")}
    listed = await page.client.get("/accounts", asked)
    return page.show("member/accounts.html", listed=listed, call=page.client.calls[-1])


@ways.get("/work/accounts/{number}")
async def own_account(page: Page) -> Response:
    """Show an account: what it holds by project and vintage, and what waits."""
    me = await who(page)
    account = await account_of(page)
    held = await holdings_of(page)
    waiting, terms = await asyncio.gather(
        waiting_transfers(page, [account]),
        page.client.find(f"/accounts/{account['number']}/own-terms"),
    )
    return page.show(
        "member/account.html",
        status=status_of(held["form"]),
        account=account,
        **held,
        waiting=waiting,
        terms=terms,
        roles=me["roles"],
        left=lambda at: time_left(page, at),
    )


@ways.get("/work/accounts/{number}/serials")
async def own_serials(page: Page) -> Response:
    """List the serials in an account."""
    await who(page)
    account = await account_of(page)
    return page.show("member/account_serials.html", account=account, **await serials_of(page))


@ways.get("/work/accounts/{number}/statement")
async def own_statement(page: Page) -> Response:
    """List what came in and went out between two days."""
    await who(page)
    facts = await statement_of(page, await account_of(page))
    return page.show("member/statement.html", status=status_of(facts["form"]), **facts)


@ways.get("/work/accounts/{number}/statement.csv")
async def own_statement_file(page: Page) -> Response:
    """Hand a whole statement out as a table to take away."""
    asked = {name: page.query.get(name) for name in ("recorded_from", "recorded_before")}
    path = f"/accounts/{page.step('number')}/statement.csv"
    answer = await page.client.ask("GET", path, params=asked)
    kept = ("content-type", "content-disposition")
    return Response(answer.body, headers={name: answer.headers[name] for name in kept})
