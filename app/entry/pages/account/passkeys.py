"""Passkeys of one's own: adding one with the device at hand."""

import json
from typing import Final

from starlette.responses import Response

from app.entry.pages.account.security import SECURITY
from app.entry.pages.client import RefusedError
from app.entry.pages.confirming import credential_of
from app.entry.pages.forms import Form
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
NEW: Final = f"{SECURITY}/passkeys/new"
MADE: Final = f"{SECURITY}/passkeys/made"


@ways.get(NEW)
async def new_passkey(page: Page) -> Response:
    """Ask what the passkey is to be called, and for the password."""
    await page.client.get("/users/me")
    return page.show("account/passkey_new.html", form=Form.opened())


@ways.post(NEW)
async def begin_passkey(page: Page) -> Response:
    """Show the page on which the device makes the passkey."""
    sent = await page.form()
    body = {"current_password": str(sent.get("current_password", ""))}
    try:
        asked = await page.client.send("POST", "/passkeys/registration", body)
    except RefusedError as refused:
        return again(page, "account/passkey_new.html", sent, refused)
    return page.show(
        "account/passkey_make.html", name=str(sent.get("name", "")), asked=json.dumps(asked)
    )


@ways.get(MADE)
async def nothing_made(page: Page) -> Response:
    """Lead back who opens the address of the form alone."""
    return page.go(SECURITY)


@ways.post(MADE)
async def add_passkey(page: Page) -> Response:
    """Keep the passkey that the device has made."""
    sent = await page.form()
    body = {"name": str(sent.get("name", "")), "credential": credential_of(sent.get("credential"))}
    try:
        await page.client.send("POST", "/passkeys", body)
    except RefusedError as refused:
        return again(page, "account/passkey_new.html", sent, refused)
    return page.go(SECURITY, done="passkey_added")
