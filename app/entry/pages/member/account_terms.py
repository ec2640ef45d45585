"""What an account's owner sets for it: trusted accounts, acceptance of what comes, and limits."""

from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.client import RefusedError
from app.entry.pages.forms import Form
from app.entry.pages.member.common import time_left, who
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_TRUSTED: Final = "member/trusted.html"
_TERMS: Final = "member/own_terms.html"


@ways.get("/work/accounts/{number}/trusted")
async def trusted_accounts(page: Page) -> Response:
    """List the accounts to which one sends at once, and take another one."""
    facts = await _list_trusted(page)
    return page.show(_TRUSTED, form=Form.opened(), done=page.query.get("done"), **facts)


@ways.post("/work/accounts/{number}/trusted")
async def take_trusted_accounts(page: Page) -> Response:
    """Propose, approve or remove a trusted account."""
    await who(page)
    number, sent = page.step("number"), await page.form()
    form = Form.sent(sent)
    base, entry = f"/accounts/{number}/trusted-accounts", form.value("entry")
    act = form.value("act") if entry else "propose"
    try:
        if act == "approve":
            await page.client.send("POST", f"{base}/{entry}/approval", key=form.key)
        elif act == "remove":
            await page.client.send("POST", f"{base}/{entry}/removal", key=form.key)
        else:
            body = {"account": form.value("account").strip()}
            await page.client.send("POST", base, body, key=form.key)
    except RefusedError as refused:
        return again(page, _TRUSTED, sent, refused, done=None, **await _list_trusted(page))
    return page.go(f"/work/accounts/{number}/trusted", done=f"trust_{act}")


@ways.get("/work/accounts/{number}/terms")
async def own_terms(page: Page) -> Response:
    """Show whether an account accepts what comes, and most that it sends."""
    facts = await _terms(page)
    limits = facts["terms"]["in_force"]
    asks = "true" if facts["terms"]["asks_acceptance"] else "false"
    form = Form.opened({**limits, "asks": asks})
    return page.show(_TERMS, form=form, done=page.query.get("done"), **facts)


@ways.post("/work/accounts/{number}/terms")
async def take_own_terms(page: Page) -> Response:
    """Set the one or the other."""
    await who(page)
    number, sent = page.step("number"), await page.form()
    form = Form.sent(sent)
    base = f"/accounts/{number}/own-terms"
    try:
        if form.value("set") == "acceptance":
            body: dict[str, Any] = {"asks": form.value("asks") == "true"}
            await page.client.send("PUT", f"{base}/acceptance", body, key=form.key)
        else:
            body = {name: form.whole(name) for name in ("credits_max", "credits_per_day_max")}
            await page.client.send("PUT", f"{base}/limits", body, key=form.key)
    except RefusedError as refused:
        return again(page, _TERMS, sent, refused, done=None, **await _terms(page))
    return page.go(f"/work/accounts/{number}/terms", done="terms_set")


async def _list_trusted(page: Page) -> dict[str, Any]:
    me = await who(page)
    number = page.step("number")
    account = await page.client.get(f"/accounts/{number}")
    listed = await page.client.get(f"/accounts/{number}/trusted-accounts", {"limit": 200})
    return {
        "account": account,
        "rows": listed["data"],
        "me_id": me["id"],
        "roles": me["roles"],
        "left": lambda at: time_left(page, at),
    }


async def _terms(page: Page) -> dict[str, Any]:
    me = await who(page)
    number = page.step("number")
    account = await page.client.get(f"/accounts/{number}")
    terms = await page.client.get(f"/accounts/{number}/own-terms")
    return {"account": account, "terms": terms, "roles": me["roles"]}
