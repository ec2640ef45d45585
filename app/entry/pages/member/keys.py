"""API keys of who is signed in: the secret of a new one is shown once."""

from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.client import RefusedError
from app.entry.pages.forms import Form
from app.entry.pages.member.common import typed_day, who
from app.entry.pages.periods import end_of_day
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_KEYS: Final = "member/keys.html"
_SCOPES: Final = (
    *("read_account", "move_credits", "approve_moves", "write_activity", "read_activity_draft"),
    *("upload_document", "write_report", "assign_verifier", "read_party"),
)
_BEFORE: Final = "key_issued_before"
_ROWS: Final = 200


@ways.get("/work/keys")
async def own_keys(page: Page) -> Response:
    """List the reader's keys, and issue another one."""
    return page.show(_KEYS, form=Form.opened(), done=page.query.get("done"), **await _facts(page))


@ways.post("/work/keys")
async def take_own_keys(page: Page) -> Response:
    """Issue a key, whose secret this page alone shows, or revoke one."""
    me, sent = await who(page), await page.form()
    form = Form.sent(sent)
    base = f"/users/{me['id']}/keys"
    facts = await _facts(page)
    try:
        if form.value("revoke"):
            path = f"{base}/{form.value('revoke')}/revocation"
            await page.client.send("POST", path, key=form.key)
            return page.go("/work/keys", done="key_revoked")
        issued = await page.client.send("POST", base, _body(form), key=form.key)
    except RefusedError as refused:
        if refused.code == _BEFORE:  # the form was sent once more
            facts = await _facts(page)
            return page.show(_KEYS, status=refused.status, form=form, done=_BEFORE, **facts)
        return again(page, _KEYS, sent, refused, done=None, **facts)
    return page.show("member/key_issued.html", issued=issued)


def _body(form: Form) -> dict[str, Any]:
    said = {
        "label": form.value("label"),
        "expires_at": end_of_day(typed_day(form, "expires_at")),
        "scopes": form.values("scopes") or None,
        "addresses": form.value("addresses").split() or None,
        "public_key": form.text("public_key"),
    }
    return {name: value for name, value in said.items() if value is not None}


async def _facts(page: Page) -> dict[str, Any]:
    me = await who(page)
    listed = await page.client.get(f"/users/{me['id']}/keys", {"limit": _ROWS})
    rows = sorted(listed["data"], key=lambda key: key["id"], reverse=True)
    return {"rows": rows, "scopes": _SCOPES}
