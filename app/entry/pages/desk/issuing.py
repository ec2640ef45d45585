"""Issuance: what a decision would mint is shown first; then it is made, or proposed to another."""

from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.answers import Json
from app.entry.pages.client import RefusedError
from app.entry.pages.desk.common import ROWS, file_of
from app.entry.pages.forms import Form
from app.entry.pages.member.common import typed_day, who
from app.entry.pages.member.moving import try_out
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_PAGE: Final = "desk/issue.html"
_REVIEW: Final = "desk/issue_review.html"
_ACT: Final = "issuance_approval"


@ways.get("/desk/reports/{report_id}")
async def report_to_issue(page: Page) -> Response:
    """Show a verified report with its verification, and take the decision on it."""
    return page.show(_PAGE, form=Form.opened({"approve": "true"}), **await _facts(page))


@ways.post("/desk/reports/{report_id}")
async def take_issuance(page: Page) -> Response:
    """Show what the decision would mint; once it was seen, make it, or propose it to another."""
    sent = await page.form()
    form = Form.sent(sent)
    facts = await _facts(page)
    step = form.value("step")
    if step == "change":
        return page.show(_PAGE, form=form, **facts)
    try:
        if facts["by_two"] and form.value("approve") == "true":
            return await _propose(page, form)
        if step == "make":
            made = await page.client.send("POST", "/issuances", _decision(page, form), key=form.key)
            return page.go(f"/desk/reports/{page.step('report_id')}", issued=made["id"])
        tried = await try_out(page, "/issuances", form, _decision(page, form))
    except RefusedError as refused:
        return again(page, _PAGE, sent, refused, **facts)
    kept = [(name, form.value(name)) for name in form.typed if name != "step"]
    return page.show(_REVIEW, form=form, tried=tried, kept=kept, **facts)


async def _propose(page: Page, form: Form) -> Response:
    body = _decision(page, form)
    order = {
        "issuance": {"report_id": body["report_id"], "decision": body["decision"]},
        "reason": form.text("reason"),
        "document_id": form.text("decision.document_id"),
        "document_sha256": form.text("document_sha256"),
    }
    made = await page.client.send("POST", "/orders", order, key=form.key)
    return page.go(f"/desk/orders/{made['id']}", done="order_proposed")


def _decision(page: Page, form: Form) -> dict[str, Any]:
    return {
        "report_id": page.step("report_id"),
        "approve": {"true": True, "false": False}.get(form.value("approve")),
        "decision": {
            "meeting": form.text("decision.meeting"),
            "decided_on": typed_day(form, "decision.decided_on"),
            "document_id": form.text("decision.document_id"),
        },
        "reason": form.text("reason"),
    }


async def _facts(page: Page) -> dict[str, Any]:
    me = await who(page)
    report = await page.client.get(f"/monitoring-reports/{page.step('report_id')}")
    file = await file_of(page, report["activity_id"])
    done = await page.client.get("/verifications", {"report_id": report["id"], "limit": 1})
    verification = next(iter(done["data"]), None)
    opinions: list[Json] = []
    if verification is not None:
        at = f"/verifications/{verification['id']}/opinions"
        opinions = (await page.client.get(at, {"limit": ROWS}))["data"]
    rules = await page.client.get("/rules")
    by_two = any(act["act"] == _ACT and act["needs_two_people"] for act in rules["acts"])
    issued = page.query.get("issued")
    return {
        **file,
        "report": report,
        "verification": verification,
        "opinions": opinions,
        "by_two": by_two,
        "takes": "approver" in me["roles"] and report["status"] == "verified",
        "issued": await page.client.find(f"/issuances/{issued}") if issued else None,
    }
