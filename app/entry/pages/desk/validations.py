"""Validation: a verifier's opinion on an activity, with its evidence beside it."""

from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.client import RefusedError
from app.entry.pages.desk.common import file_of
from app.entry.pages.forms import Form
from app.entry.pages.member.common import who
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_PAGE: Final = "desk/validation.html"


@ways.get("/work/validations/{activity_id}")
async def validation(page: Page) -> Response:
    """Show an activity to be validated, and take the opinion on it."""
    return page.show(_PAGE, form=Form.opened({}), **await _facts(page))


@ways.post("/work/validations/{activity_id}")
async def take_validation(page: Page) -> Response:
    """Give the opinion."""
    sent, activity_id = await page.form(), page.step("activity_id")
    form = Form.sent(sent)
    body = {
        "conclusion": form.text("conclusion"),
        "statement": form.text("statement"),
        "document_ids": form.values("document_ids"),
    }
    try:
        await page.client.send(
            "POST",
            f"/activities/{activity_id}/validation",
            body,
            key=form.key,
            if_match=f'"{form.value("version")}"',
        )
    except RefusedError as refused:
        return again(page, _PAGE, sent, refused, **await _facts(page))
    return page.go(f"/work/validations/{activity_id}", done="opinion_given")


async def _facts(page: Page) -> dict[str, Any]:
    me = await who(page)
    facts = await file_of(page, page.step("activity_id"))
    activity = facts["activity"]
    is_mine = activity["vvb_party_id"] == me["party_id"] and "verifier_lead" in me["roles"]
    positive = any(each["conclusion"] == "positive" for each in activity["opinions"][:1])
    return {
        **facts,
        "done": page.query.get("done"),
        "takes": is_mine and activity["status"] == "under_validation" and not positive,
    }
