"""Passkeys and identities of one's own: after the password, nobody signs in by one any more."""

from typing import Final

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


def _serve(kind: str) -> None:
    path = f"{SECURITY}/{kind}/{{thing_id}}"

    @ways.get(path)
    async def removal(page: Page) -> Response:
        """Ask for the password first."""
        await page.client.get("/users/me")
        return page.show(_TEMPLATE, form=Form.opened(), kind=kind)

    @ways.post(path)
    async def remove(page: Page) -> Response:
        """Remove it; the reader's other sessions end."""
        sent = await page.form()
        body = {"current_password": str(sent.get("current_password", ""))}
        try:
            await page.client.send("POST", f"/{kind}/{page.step('thing_id')}/removal", body)
        except RefusedError as refused:
            return again(page, _TEMPLATE, sent, refused, kind=kind)
        return page.go(SECURITY, done=_DONE[kind])


for _kind in _DONE:
    _serve(_kind)
