"""Passkeys and identities of one's own: after the password, nobody signs in by one any more."""

from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.account.security import SECURITY
from app.entry.pages.client import RefusedError
from app.entry.pages.forms import Form
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
# By how the API and our addresses call them: what is said once one is removed.
_DONE: Final = {"passkeys": "passkey_removed", "identities": "identity_unlinked"}
_TEMPLATE: Final = "account/removal.html"


async def _facts(page: Page, kind: str) -> dict[str, Any]:
    """Return what is to be removed; None: the reader has no such thing."""
    held, thing_id = await page.client.get(f"/{kind}"), page.step("thing_id")
    thing = next((each for each in held["data"] if each["id"] == thing_id), None)
    return {"kind": kind, "thing": thing}


def _serve(kind: str) -> None:
    path = f"{SECURITY}/{kind}/{{thing_id}}"

    @ways.get(path)
    async def removal(page: Page) -> Response:
        """Ask for the password first."""
        return page.show(_TEMPLATE, form=Form.opened(), **await _facts(page, kind))

    @ways.post(path)
    async def remove(page: Page) -> Response:
        """Remove it; the reader's other sessions end."""
        sent = await page.form()
        body = {"current_password": str(sent.get("current_password", ""))}
        try:
            await page.client.send("POST", f"/{kind}/{page.step('thing_id')}/removal", body)
        except RefusedError as refused:
            return again(page, _TEMPLATE, sent, refused, **await _facts(page, kind))
        return page.go(SECURITY, done=_DONE[kind])


for _kind in _DONE:
    _serve(_kind)
