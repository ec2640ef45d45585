"""An application that somebody follows: its state, its documents, and the steps it can take."""

import hashlib
from typing import Any, Final

from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from app.entry.pages.account.apply import BACK, MINE, documents_in
from app.entry.pages.client import Json, RefusedError
from app.entry.pages.forms import Form
from app.entry.pages.holding import Held, find_held, forget
from app.entry.pages.refused_forms import mine_to_show
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_PIECE: Final = 1 << 20
_REQUIRED: Final = "kyc_documents_"
_STEPS: Final = {
    "submit": ("submission", "submitted"),
    "answer": ("answer", "answered"),
    "withdraw": ("withdrawal", "withdrawn"),
}


@ways.get(MINE)
async def mine(page: Page) -> Response:
    """Show where the application stands, and what can be done."""
    held = find_held(page)
    return page.go(BACK) if held is None else await _show(page, held, Form.opened())


@ways.post(MINE)
async def step(page: Page) -> Response:
    """Submit, answer or withdraw; or follow it no more."""
    held = find_held(page)
    sent = await page.form()
    named = str(sent.get("step", ""))
    if held is None or named == "forget":
        return forget(page, page.go(BACK))
    path, done = _STEPS.get(named, _STEPS["submit"])
    body = {"answer": str(sent.get("answer", ""))} if named == "answer" else None
    try:
        await page.client.send(
            "POST",
            f"/applications/{held.application_id}/{path}",
            body,
            if_match=f'"{sent.get("version", "")}"',
        )
    except RefusedError as refused:
        mine_to_show(refused)
        return await _show(page, held, Form.sent(sent, refused), status=refused.status)
    return page.go(MINE, done=done)


@ways.get(f"{MINE}/documents")
async def no_document(page: Page) -> Response:
    """Lead back who opens the address of the form alone."""
    return page.go(MINE)


@ways.post(f"{MINE}/documents")
async def take_document(page: Page) -> Response:
    """Name a document in the application with the digest of its file, and keep the file."""
    held = find_held(page)
    if held is None:
        return page.go(BACK)
    sent = await page.form()
    file = sent.get("file")
    path = f"/applications/{held.application_id}"
    try:
        if isinstance(file, UploadFile):
            shown = await page.client.get(path)
            body = _with(shown, sent, file, await _digest(file))
            version = f'"{shown["version"]}"'
            await page.client.send("PUT", path, body, if_match=version)
            await page.client.upload(f"{path}/files", {}, file)
    except RefusedError as refused:
        mine_to_show(refused)
        return await _show(page, held, Form.sent(sent, refused), status=refused.status)
    return page.go(MINE, done="document")


async def _show(page: Page, held: Held, form: Form, *, status: int = 200) -> Response:
    shown = await page.client.get(f"/applications/{held.application_id}")
    rules = await page.client.get("/rules")
    asked = next(
        (r["value"] for r in rules["rules"] if r["key"] == _REQUIRED + shown["holder_kind"]), ""
    )
    page.client.calls.clear()  # they need the secret, which stands in no address
    return page.show(
        "account/apply_mine.html",
        status=status,
        form=form,
        held=held,
        application=shown,
        required=[each for each in str(asked).split(",") if each],
        is_open=shown["status"] in {"draft", "asked"},
        done=page.query.get("done"),
    )


def _with(shown: Json, sent: FormData, file: UploadFile, digest: str) -> dict[str, Any]:
    """Return what the application says with one document more, or another in its place."""
    said, named = shown["said"], str(sent.get("requirement", ""))
    new = {
        "requirement": named,
        "sha256": digest,
        "media_type": (file.content_type or "").partition(";")[0],
        "bytes": file.size,
        "issued_on": str(sent.get("issued_on", "")) or None,
        "expires_on": str(sent.get("expires_on", "")) or None,
    }
    kept = [each for each in documents_in(shown) if each["requirement"] != named]
    names = ("name_th", "name_en", "contact_email", "representatives")
    return {**{name: said[name] for name in names}, "documents": [*kept, new]}


async def _digest(file: UploadFile) -> str:
    found = hashlib.sha256()
    await file.seek(0)
    while piece := await file.read(_PIECE):
        found.update(piece)
    return found.hexdigest()
