"""Transfers: written down, shown as they would be, and then made or proposed."""

from typing import Any, Final

from starlette.datastructures import FormData
from starlette.responses import Response

from app.entry.pages.answers import Json
from app.entry.pages.client import RefusedError
from app.entry.pages.forms import Form
from app.entry.pages.member.common import time_left, who
from app.entry.pages.member.moving import read_choice, try_out
from app.entry.pages.member.work_credits import own_accounts
from app.entry.pages.refused_forms import again, mine_to_show
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_FORM: Final = "member/transfer_form.html"
_REVIEW: Final = "member/transfer_review.html"
# Refusals that say: not at once, but as a proposal.
_BY_TWO: Final = frozenset(
    {"second_person_needed", "outside_hours", "acceptance_needed", "own_day_limit"}
)


@ways.get("/work/transfers/new")
async def new_transfer(page: Page) -> Response:
    """Ask what is to go where."""
    await who(page)
    form = Form.opened({name: page.query.get(name) for name in ("from_account", "batch")})
    return page.show(_FORM, form=form, **await _facts(page))


@ways.post("/work/transfers/new")
async def take_new_transfer(page: Page) -> Response:
    """Show what will happen; once it was seen, have it done."""
    await who(page)
    sent = await page.form()
    form = Form.sent(sent)
    if form.value("step") == "change":
        return page.show(_FORM, form=form, **await _facts(page))
    if form.value("step") == "make":
        return await _make(page, sent, form)
    if form.value("propose") == "true":
        return await _review(page, form, why=None)
    try:
        tried = await try_out(page, "/transfers", form, _body(form))
    except RefusedError as refused:
        if refused.code in _BY_TWO:
            return await _review(page, form, why=refused.problem)
        return again(page, _FORM, sent, refused, **await _facts(page))
    return await _review(page, form, tried=tried)


@ways.get("/work/transfers/{log_index}")
async def made_transfer(page: Page) -> Response:
    """Show a transfer that was made."""
    await who(page)
    transfer = await page.client.get(f"/transfers/{page.step('log_index')}")
    return page.show("member/transfer.html", transfer=transfer, done=page.query.get("done"))


async def _make(page: Page, sent: FormData, form: Form) -> Response:
    at_once = form.value("way") == "at_once"
    path = "/transfers" if at_once else "/transfer-proposals"
    try:
        made = await page.client.send("POST", path, _body(form), key=form.key)
    except RefusedError as refused:
        if at_once and mine_to_show(refused).code in _BY_TWO:
            return await _review(page, form, why=refused.problem)  # changed since it was shown
        return again(page, _FORM, sent, refused, **await _facts(page))
    if at_once:
        return page.go(f"/work/transfers/{made['id']}", done="transferred")
    return page.go(f"/work/proposals/{made['id']}", done="proposed")


async def _review(
    page: Page,
    form: Form,
    *,
    tried: Json | None = None,
    why: dict[str, Any] | None = None,
) -> Response:
    account = await page.client.get(f"/accounts/{form.value('from_account')}")
    return page.show(
        _REVIEW,
        form=form,
        tried=tried,
        why=why,
        account=account,
        kept=[(name, form.value(name)) for name in form.typed if name not in {"step", "way"}],
        left=lambda at: time_left(page, at),
    )


def _body(form: Form) -> dict[str, Any]:
    return {**read_choice(form), "to_account": form.value("to_account").strip()}


async def _facts(page: Page) -> dict[str, Any]:
    accounts = await own_accounts(page)
    trusted = (
        await page.client.find(f"/accounts/{accounts[0]['number']}/trusted-accounts")
        if accounts
        else None
    )
    rows = [] if trusted is None else trusted["data"]
    live = [each["account"] for each in rows if each["active_from"] and not each["removed_at"]]
    return {"accounts": accounts, "trusted": live}
