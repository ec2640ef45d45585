"""Who is to verify a report that was handed in: chosen by its owner."""

from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.client import RefusedError
from app.entry.pages.forms import Form
from app.entry.pages.member.common import who
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_PAGE: Final = "member/report_verifier.html"
_ROWS: Final = 200


@ways.get("/work/reports/{report_id}/verifier")
async def ask_verifier(page: Page) -> Response:
    """Ask which body is to verify a report; the one that knows the activity is proposed."""
    facts = await _facts(page)
    form = Form.opened({"vvb_party_id": facts["activity"]["vvb_party_id"]})
    return page.show(_PAGE, form=form, **facts)


@ways.post("/work/reports/{report_id}/verifier")
async def take_verifier(page: Page) -> Response:
    """Have a body verify it."""
    await who(page)
    sent, report_id = await page.form(), page.step("report_id")
    form = Form.sent(sent)
    body = {"report_id": report_id, "vvb_party_id": form.text("vvb_party_id")}
    try:
        await page.client.send("POST", "/verifications", body, key=form.key)
    except RefusedError as refused:
        return again(page, _PAGE, sent, refused, **await _facts(page))
    return page.go(f"/work/reports/{report_id}", done="verifier_assigned")


async def _facts(page: Page) -> dict[str, Any]:
    await who(page)
    report = await page.client.get(f"/monitoring-reports/{page.step('report_id')}")
    at = f"/activities/{report['activity_id']}"
    documents = await page.client.get(f"{at}/documents", {"limit": _ROWS})
    bodies = await page.client.get("/parties", {"kind": "vvb", "limit": _ROWS})
    return {
        "report": report,
        "activity": await page.client.get(at),
        "documents": documents["data"],
        "bodies": [each for each in bodies["data"] if each["status"] == "active"],
    }
