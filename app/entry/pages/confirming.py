"""
Acts that need a fresh second factor: the page asks for one for exactly what is about to be done.

The API says which acts do, by refusing with the digest of their content. The form is shown once
more with that digest and a field for the code, or a challenge of that digest for a passkey; sent
again, code or signature is given for the digest first, and the form then does what it did not
before.
"""

import json
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.again import kept_fields
from app.entry.pages.client import RefusedError
from app.entry.pages.render import Page

NEEDED: Final = "confirmation_needed"
_DIGEST: Final = "confirmed_digest"
_CODE: Final = "confirming_code"
_ACT: Final = "confirmed_act"
_CREDENTIAL: Final = "credential"


async def confirm_first(page: Page) -> Response | None:
    """Give the code that came with a form; returns the page that asks again where it was wrong."""
    form = await page.form()
    digest, code = str(form.get(_DIGEST, "")), str(form.get(_CODE, "")).replace(" ", "")
    if not digest:
        return None
    signed = form.get(_CREDENTIAL)
    proof = {"passkey": credential_of(signed)} if signed else {"totp": code}
    try:
        await page.client.send("POST", "/confirmations", {"digest": digest, **proof})
    except RefusedError as refused:
        return await _ask(page, digest, str(form.get(_ACT, "")), wrong=refused)
    return None


async def ask_for_code(page: Page, refused: RefusedError) -> Response:
    """Return the page that asks for a code, or a passkey, for what the API refuses without one."""
    facts = refused.problem["facts"]
    return await _ask(page, facts["digest"], facts["act"])


async def _ask(page: Page, digest: str, act: str, *, wrong: RefusedError | None = None) -> Response:
    fields = kept_fields(await page.form())
    query = page.request.url.query
    asked = await _challenge(page, digest)
    factor = await page.client.find("/second-factor")
    page.client.calls.clear()  # of the page behind this one nothing was read
    return page.show(
        "confirm.html",
        status=200 if wrong is None else wrong.status,
        action=page.address(page.path) + (f"?{query}" if query else ""),
        fields=[pair for pair in fields if pair[0] not in {_DIGEST, _CODE, _ACT}],
        digest=digest,
        act=act,
        asked=asked,
        takes_code=asked is None or (factor is not None and factor["since"] is not None),
        wrong=None if wrong is None else wrong.problem,
    )


def credential_of(typed: object) -> Any:  # noqa: ANN401  what the API checks
    """Return what a device gave, as the script put it into the form; nothing where it is none."""
    try:
        return json.loads(str(typed or "{}"))
    except ValueError:
        return {}


async def _challenge(page: Page, digest: str) -> str | None:
    """Return what the reader's device may sign; None: they have no passkey, or none is taken."""
    try:
        asked = await page.client.send("POST", "/confirmations/challenges", {"digest": digest})
    except RefusedError:
        return None
    return json.dumps(asked)
