"""Retiring: credits are used for good, in somebody's name; shown first, and then done."""

from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.client import RefusedError
from app.entry.pages.forms import Form
from app.entry.pages.member.common import typed_day, who
from app.entry.pages.member.moving import read_choice, try_out
from app.entry.pages.member.work_credits import own_accounts
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_FORM: Final = "member/retire_form.html"
_REVIEW: Final = "member/retire_review.html"
_PURPOSES: Final = "retirement_purposes"
_OPENED: Final = {"beneficiary_kind": "organisation", "purpose": "organisation"}


@ways.get("/work/retire")
async def new_retirement(page: Page) -> Response:
    """Ask for whom and what for."""
    await who(page)
    known = {name: page.query.get(name) for name in ("from_account", "batch")}
    return page.show(_FORM, form=Form.opened({**_OPENED, **known}), **await _facts(page))


@ways.post("/work/retire")
async def take_new_retirement(page: Page) -> Response:
    """Show what will happen; once it was seen, have it done."""
    await who(page)
    sent = await page.form()
    form = Form.sent(sent)
    if form.value("step") == "change":
        return page.show(_FORM, form=form, **await _facts(page))
    makes = form.value("step") == "make"
    try:
        if makes:
            made = await page.client.send("POST", "/retirements", _body(form), key=form.key)
            return page.go(f"/retirements/{made['id']}")
        tried = await try_out(page, "/retirements", form, _body(form))
    except RefusedError as refused:
        return again(page, _FORM, sent, refused, **await _facts(page))
    kept = [(name, form.value(name)) for name in form.typed if name != "step"]
    return page.show(_REVIEW, form=form, tried=tried, kept=kept)


def _body(form: Form) -> dict[str, Any]:
    return {
        **read_choice(form),
        "purpose": form.value("purpose"),
        "beneficiary": form.value("beneficiary"),
        "beneficiary_kind": form.value("beneficiary_kind"),
        "beneficiary_identifier": form.text("beneficiary_identifier"),
        "reason": form.text("reason"),
        "visibility": form.text("visibility"),
        "happened_on": typed_day(form, "happened_on"),
    }


async def _facts(page: Page) -> dict[str, Any]:
    programmes = await page.client.get("/programmes", {"limit": 1})
    shown = await page.client.get(f"/programmes/{programmes['data'][0]['code']}")
    # The purposes are the register's, whichever programme is asked.
    rules = {rule["key"]: rule["value"] for rule in shown["rules"]}
    purposes = rules.get(_PURPOSES, "").split(",")
    return {"accounts": await own_accounts(page), "purposes": purposes}
