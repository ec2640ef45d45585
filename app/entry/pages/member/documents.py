"""Documents of an activity: what it rests on, kept for good under the hash of its bytes."""

import asyncio
from io import BytesIO
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.responses import Response

from app.entry.pages.client import RefusedError
from app.entry.pages.forms import Form
from app.entry.pages.member.common import who
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_DOCUMENTS: Final = "member/documents.html"
_ROWS: Final = 200
PURPOSES: Final = (
    *("design", "calculation", "additionality", "consultation", "safeguards"),
    *("non_permanence_risk", "monitoring", "communication", "other"),
)
_TYPES: Final = "document_media_types"
_BYTES: Final = "document_bytes_max"


@ways.get("/work/activities/{activity_id}/documents")
async def own_documents(page: Page) -> Response:
    """List an activity's documents, and take another one."""
    await who(page)
    form = Form.opened({"purpose": page.query.get("purpose", "design")})
    return page.show(_DOCUMENTS, form=form, **await _facts(page))


@ways.post("/work/activities/{activity_id}/documents")
async def take_document(page: Page) -> Response:
    """Keep a document, and say under which hash it is kept."""
    await who(page)
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
        return again(page, _DOCUMENTS, sent, refused, **await _facts(page))
    return page.go(f"/work/activities/{activity_id}/documents", kept=made["id"])


async def _facts(page: Page) -> dict[str, Any]:
    activity_id = page.step("activity_id")
    activity, documents = await asyncio.gather(
        page.client.get(f"/activities/{activity_id}"),
        page.client.get(f"/activities/{activity_id}/documents", {"limit": _ROWS}),
    )
    programme = await page.client.get(f"/programmes/{activity['programme_code']}")
    rules = {rule["key"]: rule["value"] for rule in programme["rules"]}
    kept = page.query.get("kept")
    return {
        "activity": activity,
        "documents": documents["data"],
        "kept": next((each for each in documents["data"] if each["id"] == kept), None),
        "purposes": PURPOSES,
        "accept": rules.get(_TYPES, ""),
        "bytes_max": int(rules.get(_BYTES, "0")),
    }


@ways.get("/work/documents/{document_id}")
async def document_content(page: Page) -> Response:
    """Hand a document out to who may see it."""
    answer = await page.client.ask("GET", f"/documents/{page.step('document_id')}/content")
    kept = ("content-type", "content-disposition", "etag")
    headers = {name: answer.headers[name] for name in kept if name in answer.headers}
    return Response(answer.body, headers=headers)
