"""Cases: what an issuance owes, the steps that make it good, and how each is taken."""

import asyncio
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.answers import Json
from app.entry.pages.client import RefusedError
from app.entry.pages.desk.common import ROWS, activities_of
from app.entry.pages.desk.grounds import ground_of, opened_ground
from app.entry.pages.desk.queues import open_orders
from app.entry.pages.forms import Form
from app.entry.pages.member.common import who
from app.entry.pages.member.moving import read_choice
from app.entry.pages.member.work_credits import own_accounts
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_AT_ONCE: Final = 25
_NEW: Final = "desk/case_new.html"
_BUFFER: Final = "desk/case_buffer.html"
_GIVE: Final = "desk/case_give.html"
# The one kind that the buffer stands for; the API refuses it for others.
_LOST_AGAIN: Final = "reversal"


@ways.get("/cases")
async def public_cases(page: Page) -> Response:
    """List cases, newest first."""
    return await _list(page, is_desk=False)


@ways.get("/desk/cases")
async def cases(page: Page) -> Response:
    """List cases, and lead to what officers do about them."""
    await who(page)
    return await _list(page, is_desk=True)


async def _list(page: Page, *, is_desk: bool) -> Response:
    asked = {name: page.query.get(name) for name in ("state", "batch", "cursor")}
    listed = await page.client.get("/cases", {**asked, "limit": _AT_ONCE})
    called = page.client.called("/cases")
    issuances = await _issuances_of(page, listed["data"])
    activities = await activities_of(page, (each["activity_id"] for each in issuances.values()))
    waiting = await open_orders(page) if is_desk else []
    return page.show(
        "desk/cases.html",
        listed=listed,
        called=called,
        asked=asked,
        is_desk=is_desk,
        issuances=issuances,
        activities=activities,
        waiting=[each for each in waiting if each["action"] in {"case", "buffer"}],
        proposes="officer" in (page.me or {}).get("roles", ()),
    )


@ways.get("/cases/{case_id}")
async def case(page: Page) -> Response:
    """Show a case with the steps that made it good, and who can take the next."""
    facts = await _facts(page)
    listed = await page.client.get(
        f"/cases/{page.step('case_id')}/steps",
        {"limit": _AT_ONCE, "cursor": page.query.get("cursor")},
    )
    roles = (page.me or {}).get("roles", ())
    is_open = facts["case"]["state"] == "open"
    return page.show(
        "desk/case.html",
        listed=listed,
        called=page.client.called(f"/cases/{page.step('case_id')}/steps"),
        of_tgo="officer" in roles or "approver" in roles or "auditor" in roles,
        takes_buffer=is_open and "officer" in roles and facts["case"]["kind"] == _LOST_AGAIN,
        gives=is_open and "holder_initiator" in roles,
        done=page.query.get("done"),
        **facts,
    )


@ways.get("/desk/cases/new")
async def new_case(page: Page) -> Response:
    """Ask which issuance is at fault; of one, how many credits are owed."""
    known = {"issuance_id": page.query.get("issuance_id"), **opened_ground(page)}
    return page.show(_NEW, form=Form.opened(known), **await _new_facts(page))


@ways.post("/desk/cases/new")
async def take_new_case(page: Page) -> Response:
    """Propose to open the case; another officer approves it."""
    sent = await page.form()
    form = Form.sent(sent)
    body = {
        "issuance_id": form.text("issuance_id"),
        "kind": form.text("kind"),
        "credits": form.whole("credits"),
        **ground_of(form),
    }
    try:
        made = await page.client.send("POST", "/cases", body, key=form.key)
    except RefusedError as refused:
        return again(page, _NEW, sent, refused, **await _new_facts(page))
    return page.go(f"/desk/orders/{made['id']}", done="order_proposed")


@ways.get("/desk/cases/{case_id}/buffer")
async def buffer_for_case(page: Page) -> Response:
    """Ask how many credits of the buffer make the case good."""
    form = Form.opened(opened_ground(page))
    return page.show(_BUFFER, form=form, **await _buffer_facts(page))


@ways.post("/desk/cases/{case_id}/buffer")
async def take_buffer_for_case(page: Page) -> Response:
    """Propose to take them; another officer approves it."""
    sent = await page.form()
    form = Form.sent(sent)
    path = f"/cases/{page.step('case_id')}/buffer"
    body = {"credits": form.whole("credits"), **ground_of(form)}
    try:
        made = await page.client.send("POST", path, body, key=form.key)
    except RefusedError as refused:
        return again(page, _BUFFER, sent, refused, **await _buffer_facts(page))
    return page.go(f"/desk/orders/{made['id']}", done="order_proposed")


@ways.get("/work/cases/{case_id}")
async def give_for_case(page: Page) -> Response:
    """Ask which credits of an own account are given for the case."""
    await who(page)
    known = {name: page.query.get(name) for name in ("from_account", "kind")}
    return page.show(_GIVE, form=Form.opened(known), **await _give_facts(page))


@ways.post("/work/cases/{case_id}")
async def take_give_for_case(page: Page) -> Response:
    """Cancel them for good: the case owes as many less."""
    await who(page)
    sent, case_id = await page.form(), page.step("case_id")
    form = Form.sent(sent)
    body = {"kind": form.text("kind"), **read_choice(form)}
    try:
        await page.client.send("POST", f"/cases/{case_id}/steps", body, key=form.key)
    except RefusedError as refused:
        return again(page, _GIVE, sent, refused, **await _give_facts(page))
    return page.go(f"/cases/{case_id}", done="case_step")


async def _facts(page: Page) -> dict[str, Any]:
    shown = await page.client.get(f"/cases/{page.step('case_id')}")
    issuance = await page.client.get(f"/issuances/{shown['issuance_id']}")
    activity = await page.client.get(f"/activities/{issuance['activity_id']}")
    return {"case": shown, "issuance": issuance, "activity": activity}


async def _buffer_facts(page: Page) -> dict[str, Any]:
    await who(page)
    statistics, facts = await asyncio.gather(page.client.get("/statistics"), _facts(page))
    return {**facts, "buffered": statistics["totals"]["buffered"]}


async def _give_facts(page: Page) -> dict[str, Any]:
    return {**await _facts(page), "accounts": await own_accounts(page)}


async def _new_facts(page: Page) -> dict[str, Any]:
    await who(page)
    prefix = page.query.get("batch")
    asked: dict[str, Any] = {"limit": _AT_ONCE, "cursor": page.query.get("cursor")}
    if prefix is not None:
        batch = await page.client.find(f"/batches/{prefix}")
        if batch is None or batch["activity_id"] is None:
            listed: Json = {"data": [], "has_more": False, "next_cursor": None}
            return {"prefix": prefix, "listed": listed, "activities": {}}
        asked = {"limit": ROWS, "activity_id": batch["activity_id"], "vintage": batch["vintage"]}
    listed = await page.client.get("/issuances", asked)
    made = [each for each in listed["data"] if each["approved"]]
    if prefix is not None:
        made = [
            each for each in made if any(line["serial_prefix"] == prefix for line in each["lines"])
        ]
    return {
        "prefix": prefix,
        "listed": {**listed, "data": made},
        "activities": await activities_of(page, (each["activity_id"] for each in made)),
    }


async def _issuances_of(page: Page, shown: list[Json]) -> dict[str, Json]:
    ids = sorted({each["issuance_id"] for each in shown})
    found = await asyncio.gather(*(page.client.get(f"/issuances/{each}") for each in ids))
    return dict(zip(ids, found, strict=True))
