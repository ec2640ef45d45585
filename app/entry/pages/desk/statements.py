"""Accounts of anybody: found by number, name or owner; what they hold, and their statements."""

import asyncio
import re
from typing import Final

from starlette.responses import Response

from app.entry.pages.answers import Json
from app.entry.pages.desk.common import parties_of
from app.entry.pages.filters import ask_on, status_of
from app.entry.pages.forms import Form
from app.entry.pages.member.common import who
from app.entry.pages.member.of_accounts import (
    ROWS,
    account_of,
    holdings_of,
    serials_of,
    statement_of,
)
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_NUMBER: Final = re.compile(r"TH-?(\d{6,12})-?(\d\d)")
_OWNERS: Final = 10  # that a word fits, shown beside the accounts


@ways.get("/desk/accounts")
async def accounts(page: Page) -> Response:
    """List all accounts, or those with a word in their name or in their owner's."""
    await who(page)
    form = Form.opened({name: page.query.get(name) for name in ("q", "owner")})
    words, owner = form.text("q"), form.text("owner")
    if words and (number := _NUMBER.fullmatch(words.upper().replace(" ", ""))):
        return page.go(f"/desk/accounts/TH-{number[1]}-{number[2]}")
    asked = {"q": words, "owner_party_id": owner, "limit": ROWS, "cursor": page.query.get("cursor")}
    listed = await ask_on(page, "/accounts", asked, form)
    call = page.client.called("/accounts")
    owners: list[Json] = []
    if words and not owner:
        owners = (await page.client.get("/parties", {"q": words, "limit": _OWNERS}))["data"]
    rows = [] if listed is None else listed["data"]
    parties = await parties_of(page, [owner, *(row["owner_party_id"] for row in rows)])
    return page.show(
        "desk/accounts.html",
        status=status_of(form),
        form=form,
        listed=listed,
        owners=owners,
        parties=parties,
        owner=parties.get(owner or ""),
        call=call,
    )


@ways.get("/desk/accounts/{number}")
async def account(page: Page) -> Response:
    """Show an account: whose it is, and what it holds by batch, now or at the end of a day."""
    await who(page)
    shown = await account_of(page)
    held, parties = await asyncio.gather(
        holdings_of(page), parties_of(page, [shown["owner_party_id"]])
    )
    return page.show(
        "desk/account.html",
        status=status_of(held["form"]),
        account=shown,
        owner=parties.get(shown["owner_party_id"]),
        **held,
    )


@ways.get("/desk/accounts/{number}/serials")
async def account_serials(page: Page) -> Response:
    """List the serials in an account."""
    await who(page)
    shown = await account_of(page)
    return page.show("desk/account_serials.html", account=shown, **await serials_of(page))


@ways.get("/desk/accounts/{number}/statement")
async def account_statement(page: Page) -> Response:
    """List what came in and went out between two days, and the balances before and after."""
    await who(page)
    facts = await statement_of(page, await account_of(page))
    return page.show("desk/statement.html", status=status_of(facts["form"]), **facts)
