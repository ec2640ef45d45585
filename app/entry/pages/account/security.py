"""How the reader signs in: what there is, their password, and where they are signed in."""

import asyncio
from typing import Final

from starlette.responses import Response

from app.entry.pages.client import RefusedError
from app.entry.pages.forms import Form
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.sessions import Kept
from app.entry.pages.ways import Ways

ways: Final = Ways()
SECURITY: Final = "/account/security"
PASSWORD: Final = f"{SECURITY}/password"
_ROWS: Final = 25
_UNPROCESSABLE: Final = 422


@ways.get(SECURITY)
async def security(page: Page) -> Response:
    """Show second factor, passkeys, identities and sessions."""
    asked = {"limit": _ROWS, "cursor": page.query.get("cursor")}
    sessions, factor, passkeys, identities = await asyncio.gather(
        page.client.get("/sessions", asked),
        page.client.get("/second-factor"),
        page.client.get("/passkeys"),
        page.client.get("/identities"),
    )
    settings = page.request.app.state.settings
    return page.show(
        "account/security.html",
        sessions=sessions,
        factor=factor,
        passkeys=passkeys["data"],
        identities=identities["data"],
        has_passkeys=bool(settings.passkey_rp_id),
        done=page.query.get("done"),
    )


@ways.post(SECURITY)
async def end_session(page: Page) -> Response:
    """Sign out of one session, or of all."""
    sent = await page.form()
    session_id = str(sent.get("session_id", ""))
    if not session_id:
        await page.client.send("DELETE", "/sessions")
    else:
        await page.client.send("DELETE", f"/sessions/{session_id}")
    said = page.kept.said
    if said is None or session_id in {"", said.session_id}:
        page.kept = Kept(None, changed=True)
        return page.go("/", done="signed_out")
    return page.go(SECURITY, done="session_ended")


@ways.get(PASSWORD)
async def password(page: Page) -> Response:
    """Show the form for a new password."""
    await page.client.get("/users/me")
    return page.show("account/password.html", form=Form.opened(), differ=False)


@ways.post(PASSWORD)
async def set_password(page: Page) -> Response:
    """Set a new password; the reader's other sessions end."""
    me = await page.client.get("/users/me")
    sent = await page.form()
    new = str(sent.get("new_password", ""))
    if new != sent.get("new_password_again"):
        form = Form.sent(sent)
        return page.show("account/password.html", status=_UNPROCESSABLE, form=form, differ=True)
    body = {"new_password": new, "current_password": str(sent.get("current_password", ""))}
    try:
        await page.client.send("PUT", f"/users/{me['id']}/password", body)
    except RefusedError as refused:
        return again(page, "account/password.html", sent, refused, differ=False)
    return page.go(SECURITY, done="password_set")
