"""Documents that verifiers and officers add to an activity's file, each kept under its hash."""

from io import BytesIO
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.responses import Response

from app.entry.pages.again import own_path
from app.entry.pages.client import RefusedError
from app.entry.pages.desk.common import VERIFIERS, file_of, rule_of
from app.entry.pages.forms import Form
from app.entry.pages.member.common import who
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_PAGE: Final = "desk/evidence.html"
_OF_VERIFIERS: Final = ("verification", "validation", "communication", "other")
_OF_OFFICERS: Final = ("decision", "communication", "other")


@ways.get("/work/evidence/{activity_id}/documents")
async def evidence(page: Page) -> Response:
    """List an activity's documents, and take another one."""
    facts = await _facts(page)
    form = Form.opened({"purpose": page.query.get("purpose", facts["purposes"][0])})
    return page.show(_PAGE, form=form, **facts)


@ways.post("/work/evidence/{activity_id}/documents")
async def take_evidence(page: Page) -> Response:
    """Keep a document, and say under which hash it is kept."""
    activity_id, sent = page.step("activity_id"), await page.form()
    form, file = Form.sent(sent), sent.get("file")
    fields = {
        "purpose": form.value("purpose"),
        "activity_id": activity_id,
        "is_confidential": "true" if form.value("is_confidential") == "true" else "false",
    }
    # What was not chosen a browser sends as a file without a name.
    chosen = file if isinstance(file, UploadFile) else UploadFile(BytesIO(), filename="")
    try:
        made = await page.client.upload("/documents", fields, chosen, key=form.key)
    except RefusedError as refused:
        return again(page, _PAGE, sent, refused, **await _facts(page))
    where = f"/work/evidence/{activity_id}/documents"
    return page.go(where, kept=made["id"], next=page.query.get("next", ""))


async def _facts(page: Page) -> dict[str, Any]:
    me = await who(page)
    facts = await file_of(page, page.step("activity_id"))
    kept, back = page.query.get("kept"), page.query.get("next")
    is_verifier = not VERIFIERS.isdisjoint(me["roles"])
    return {
        **facts,
        "kept": next((each for each in facts["documents"] if each["id"] == kept), None),
        "back_to": back if back and own_path(page.address(back)) else "/work",
        "purposes": _OF_VERIFIERS if is_verifier else _OF_OFFICERS,
        "accept": rule_of(facts["programme"], "document_media_types") or "",
        "bytes_max": int(rule_of(facts["programme"], "document_bytes_max") or 0),
    }
