"""An activity's file before an officer: the completeness review, and the decision on it."""

from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.client import RefusedError
from app.entry.pages.desk.common import bodies, file_of
from app.entry.pages.forms import Form
from app.entry.pages.member.common import typed_day, who
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_PAGE: Final = "desk/file.html"
_ACTS: Final = {
    "begin": "review",
    "check": "review/result",
    "assign": "validator",
    "decide": "registration",
}


@ways.get("/desk/activities/{activity_id}")
async def file(page: Page) -> Response:
    """Show a file with what its officer can do next."""
    return page.show(_PAGE, form=Form.opened({}), **await _facts(page))


@ways.post("/desk/activities/{activity_id}")
async def take_file(page: Page) -> Response:
    """Take the next step with a file."""
    sent, activity_id = await page.form(), page.step("activity_id")
    form = Form.sent(sent)
    act = form.value("act") if form.value("act") in _ACTS else "begin"
    try:
        await page.client.send(
            "POST",
            f"/activities/{activity_id}/{_ACTS[act]}",
            _body(form, act),
            key=form.key,
            if_match=f'"{form.value("version")}"',
        )
    except RefusedError as refused:
        return again(page, _PAGE, sent, refused, **await _facts(page))
    return page.go(f"/desk/activities/{activity_id}", done=f"file_{act}")


def _body(form: Form, act: str) -> dict[str, Any]:
    answer = {"true": True, "false": False}
    if act == "begin":
        return {"reason": form.text("reason")}
    if act == "assign":
        return {"vvb_party_id": form.text("vvb_party_id")}
    if act == "check":
        return {
            "is_complete": answer.get(form.value("is_complete")),
            "reason": form.text("reason"),
            "vvb_party_id": form.text("vvb_party_id"),
        }
    return {
        "approve": answer.get(form.value("approve")),
        "decided_on": typed_day(form, "decided_on"),
        "document_id": form.text("document_id"),
        "meeting": form.text("meeting"),
        "reason": form.text("reason"),
    }


async def _facts(page: Page) -> dict[str, Any]:
    me = await who(page)
    facts = await file_of(page, page.step("activity_id"))
    status = facts["activity"]["status"]
    is_officer, is_approver = "officer" in me["roles"], "approver" in me["roles"]
    step = None
    if is_officer and status == "submitted":
        step = "begin"
    elif is_officer and status == "under_review":
        step = "check"
    elif is_approver and status == "under_validation":
        step = "decide"
    return {
        **facts,
        "step": step,
        "bodies": await bodies(page) if step == "check" else [],
        "done": page.query.get("done"),
        "may_upload": is_officer,
    }
