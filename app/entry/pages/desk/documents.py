"""Documents that orders rest on, of no activity: kept first, then named by the order."""

from io import BytesIO
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.responses import Response

from app.entry.pages.again import own_path
from app.entry.pages.client import RefusedError
from app.entry.pages.desk.common import rule_of
from app.entry.pages.forms import Form
from app.entry.pages.member.common import who
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_PAGE: Final = "desk/document.html"
_PURPOSES: Final = ("decision", "communication", "other")


@ways.get("/desk/documents")
async def document(page: Page) -> Response:
    """Ask for a document."""
    return page.show(_PAGE, form=Form.opened({"purpose": _PURPOSES[0]}), **await _facts(page))


@ways.post("/desk/documents")
async def take_document(page: Page) -> Response:
    """Keep it, and lead back to the form that is to name it."""
    sent, facts = await page.form(), await _facts(page)
    form, file = Form.sent(sent), sent.get("file")
    # What was not chosen a browser sends as a file without a name.
    chosen = file if isinstance(file, UploadFile) else UploadFile(BytesIO(), filename="")
    fields = {"purpose": form.value("purpose"), "is_confidential": "true"}
    try:
        made = await page.client.upload("/documents", fields, chosen, key=form.key)
    except RefusedError as refused:
        return again(page, _PAGE, sent, refused, **facts)
    if facts["next"] is None:
        return page.go("/desk/documents", kept=made["id"])
    return page.go(facts["next"], document_id=made["id"])


async def _facts(page: Page) -> dict[str, Any]:
    await who(page)
    rules = await page.client.get("/rules")
    back, kept = page.query.get("next"), page.query.get("kept")
    return {
        "next": back if back and own_path(page.address(back)) else None,
        "kept": await page.client.find(f"/documents/{kept}") if kept else None,
        "purposes": _PURPOSES,
        "accept": rule_of(rules, "document_media_types") or "",
        "bytes_max": int(rule_of(rules, "document_bytes_max") or 0),
    }
