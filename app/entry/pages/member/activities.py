"""A developer's activity: begun, put together task by task, handed in, taken back."""

import asyncio
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.client import RefusedError
from app.entry.pages.forms import Form
from app.entry.pages.member.activity_parts import PARTS, choices_for, read_new
from app.entry.pages.member.common import who
from app.entry.pages.member.work_activities import last_return
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_NEW: Final = "member/activity_new.html"
_SUBMIT: Final = "member/activity_submit.html"
_WITHDRAW: Final = "member/activity_withdraw.html"
_ROWS: Final = 200


@ways.get("/work/activities/new")
async def new_activity(page: Page) -> Response:
    """Ask what a draft cannot be without."""
    await who(page)
    opened = Form.opened({"form": "single", "in_other_mechanism": "false"})
    return page.show(_NEW, form=opened, **await choices_for(page))


@ways.post("/work/activities/new")
async def take_new_activity(page: Page) -> Response:
    """Begin a draft."""
    await who(page)
    sent = await page.form()
    form = Form.sent(sent)
    try:
        made = await page.client.send("POST", "/activities", read_new(form), key=form.key)
    except RefusedError as refused:
        return again(page, _NEW, sent, refused, **await choices_for(page))
    return page.go(f"/work/activities/{made['id']}", done="begun")


@ways.get("/work/activities/{activity_id}")
async def own_activity(page: Page) -> Response:
    """Show what is done of an activity, what is to be done, and what was said about it."""
    activity_id = page.step("activity_id")
    await who(page)
    activity = await page.client.get(f"/activities/{activity_id}")
    events, documents, reports, programme = await asyncio.gather(
        page.client.get(f"/activities/{activity_id}/events", {"limit": _ROWS}),
        page.client.get(f"/activities/{activity_id}/documents", {"limit": _ROWS}),
        page.client.get("/monitoring-reports", {"activity_id": activity_id, "limit": _ROWS}),
        page.client.get(f"/programmes/{activity['programme_code']}"),
    )
    is_draft = activity["status"] == "draft"
    return page.show(
        "member/activity.html",
        activity=activity,
        events=events["data"],
        documents=documents["data"],
        reports=reports["data"],
        programme=programme,
        parts=PARTS,
        asked=await last_return(page, activity_id) if is_draft else None,
        done=page.query.get("done"),
    )


@ways.get("/work/activities/{activity_id}/submit")
async def ask_submit(page: Page) -> Response:
    """Show what is handed in, before it is."""
    return page.show(_SUBMIT, form=Form.opened(), **await _for_step(page))


@ways.post("/work/activities/{activity_id}/submit")
async def take_submit(page: Page) -> Response:
    """Hand a draft in."""
    await who(page)
    return await _step(page, "submission", _SUBMIT, "submitted")


@ways.get("/work/activities/{activity_id}/withdraw")
async def ask_withdraw(page: Page) -> Response:
    """Ask why an activity is taken back."""
    return page.show(_WITHDRAW, form=Form.opened(), **await _for_step(page))


@ways.post("/work/activities/{activity_id}/withdraw")
async def take_withdraw(page: Page) -> Response:
    """Take an activity back for good."""
    await who(page)
    return await _step(page, "withdrawal", _WITHDRAW, "withdrawn")


async def _for_step(page: Page) -> dict[str, Any]:
    await who(page)
    activity_id = page.step("activity_id")
    activity, documents = await asyncio.gather(
        page.client.get(f"/activities/{activity_id}"),
        page.client.get(f"/activities/{activity_id}/documents", {"limit": _ROWS}),
    )
    return {"activity": activity, "documents": documents["data"]}


async def _step(page: Page, step: str, template: str, done: str) -> Response:
    activity_id, sent = page.step("activity_id"), await page.form()
    form = Form.sent(sent)
    body = {"reason": form.text("reason")}
    try:
        await page.client.send(
            "POST",
            f"/activities/{activity_id}/{step}",
            body,
            key=form.key,
            if_match=f'"{form.value("version")}"',
        )
    except RefusedError as refused:
        facts = await _for_step(page)
        return again(page, template, sent, refused, **facts)
    return page.go(f"/work/activities/{activity_id}", done=done)
