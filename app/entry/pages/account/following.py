"""
An application that somebody follows: its state, its documents, and the steps it can take.

Who applies for an account follows it with number and secret; who renews the documents of their
party is signed in (`app.entry.pages.account.renewing`). Both pages are put together here.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Final

from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from app.entry.pages.account.apply import BACK, MINE, documents_in
from app.entry.pages.answers import Json
from app.entry.pages.client import RefusedError
from app.entry.pages.forms import Form
from app.entry.pages.holding import Held, find_held, forget
from app.entry.pages.member.common import typed_day
from app.entry.pages.refused_forms import mine_to_show
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_PIECE: Final = 1 << 20
_OF_A_DOCUMENT: Final = re.compile(r"^/body/documents/\d+/")
_REQUIRED: Final = "kyc_documents_"
_STEPS: Final = {
    "submit": ("submission", "submitted"),
    "answer": ("answer", "answered"),
    "withdraw": ("withdrawal", "withdrawn"),
}


@dataclass(frozen=True, slots=True)
class Followed:
    """Which application, and where its page stands."""

    application_id: str
    at: str
    secret: str | None = None  # None: whoever follows it is signed in


def _by_secret(held: Held) -> Followed:
    return Followed(held.application_id, MINE, held.secret)


@ways.get(MINE)
async def mine(page: Page) -> Response:
    """Show where the application stands, and what can be done."""
    held = find_held(page)
    if held is None:
        return page.go(BACK)
    return await show_followed(page, _by_secret(held), Form.opened())


@ways.post(MINE)
async def step(page: Page) -> Response:
    """Submit, answer or withdraw; or follow it no more."""
    held = find_held(page)
    if held is None or (await page.form()).get("step") == "forget":
        return forget(page, page.go(BACK))
    return await take_step(page, _by_secret(held))


@ways.get(f"{MINE}/documents")
async def no_document(page: Page) -> Response:
    """Lead back who opens the address of the form alone."""
    return page.go(MINE)


@ways.post(f"{MINE}/documents")
async def add_document(page: Page) -> Response:
    """Name a document in the application with the digest of its file, and keep the file."""
    held = find_held(page)
    return page.go(BACK) if held is None else await take_document(page, _by_secret(held))


async def take_step(page: Page, followed: Followed) -> Response:
    """Submit, answer or withdraw."""
    sent = await page.form()
    named = str(sent.get("step", ""))
    path, done = _STEPS.get(named, _STEPS["submit"])
    body = {"answer": str(sent.get("answer", ""))} if named == "answer" else None
    try:
        await page.client.send(
            "POST",
            f"/applications/{followed.application_id}/{path}",
            body,
            if_match=f'"{sent.get("version", "")}"',
        )
    except RefusedError as refused:
        return await _again(page, followed, sent, refused)
    return page.go(followed.at, done=done)


async def take_document(page: Page, followed: Followed) -> Response:
    """Name a document with the digest of its file, and keep the file."""
    sent = await page.form()
    file = sent.get("file")
    path = f"/applications/{followed.application_id}"
    try:
        if isinstance(file, UploadFile):
            shown = await page.client.get(path)
            body = _with(shown, sent, file, await _digest(file))
            version = f'"{shown["version"]}"'
            await page.client.send("PUT", path, body, if_match=version)
            await page.client.upload(f"{path}/files", {}, file)
    except RefusedError as refused:
        return await _again(page, followed, sent, _in_fields(refused))
    return page.go(followed.at, done="document")


def _in_fields(refused: RefusedError) -> RefusedError:
    """Return a refusal whose fields are named as in the form, which is of one document alone."""
    for each in refused.problem.get("errors") or ():
        each["pointer"] = _OF_A_DOCUMENT.sub("/body/", each["pointer"])
    return refused


async def _again(page: Page, followed: Followed, sent: FormData, refused: RefusedError) -> Response:
    form = Form.sent(sent, mine_to_show(refused))
    return await show_followed(page, followed, form, status=refused.status)


async def show_followed(
    page: Page, followed: Followed, form: Form, *, status: int = 200
) -> Response:
    """Return the page of an application that its reader follows."""
    shown = await page.client.get(f"/applications/{followed.application_id}")
    rules = await page.client.get("/rules")
    asked = next(
        (r["value"] for r in rules["rules"] if r["key"] == _REQUIRED + shown["holder_kind"]), ""
    )
    if followed.secret is not None:
        page.client.calls.clear()  # they need the secret, which stands in no address
    return page.show(
        "account/apply_mine.html",
        status=status,
        form=form,
        followed=followed,
        application=shown,
        required=[each for each in str(asked).split(",") if each],
        is_open=shown["status"] in {"draft", "asked"},
        done=page.query.get("done"),
    )


def _with(shown: Json, sent: FormData, file: UploadFile, digest: str) -> dict[str, Any]:
    """Return what the application says with one document more, or another in its place."""
    form, said = Form.sent(sent), shown["said"]
    named = form.value("requirement")
    new = {
        "requirement": named,
        "sha256": digest,
        "media_type": (file.content_type or "").partition(";")[0],
        "bytes": file.size,
        "issued_on": typed_day(form, "issued_on"),
        "expires_on": typed_day(form, "expires_on"),
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
