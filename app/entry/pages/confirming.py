"""
Acts that need a fresh second factor: the page asks for a code for exactly what is about to be done.

The API says which acts do, by refusing with the digest of their content. The form is shown once
more with that digest and a field for the code; sent again, the code is given for the digest first
and the form then does what it did not before.
"""

from typing import Final

from starlette.responses import Response

from app.entry.pages.again import kept_fields
from app.entry.pages.client import RefusedError
from app.entry.pages.render import Page

NEEDED: Final = "confirmation_needed"
_DIGEST: Final = "confirmed_digest"
_CODE: Final = "confirming_code"
_ACT: Final = "confirmed_act"


async def confirm_first(page: Page) -> Response | None:
    """Give the code that came with a form; returns the page that asks again where it was wrong."""
    form = await page.form()
    digest, code = str(form.get(_DIGEST, "")), str(form.get(_CODE, "")).replace(" ", "")
    if not digest:
        return None
    try:
        await page.client.send("POST", "/confirmations", {"digest": digest, "totp": code})
    except RefusedError as refused:
        return await _ask(page, digest, str(form.get(_ACT, "")), wrong=refused)
    return None


async def ask_for_code(page: Page, refused: RefusedError) -> Response:
    """Return the page that asks for a code for what the API has refused to do without one."""
    facts = refused.problem["facts"]
    return await _ask(page, facts["digest"], facts["act"])


async def _ask(page: Page, digest: str, act: str, *, wrong: RefusedError | None = None) -> Response:
    fields = kept_fields(await page.form())
    query = page.request.url.query
    return page.show(
        "confirm.html",
        status=200 if wrong is None else wrong.status,
        action=page.address(page.path) + (f"?{query}" if query else ""),
        fields=[pair for pair in fields if pair[0] not in {_DIGEST, _CODE, _ACT}],
        digest=digest,
        act=act,
        wrong=None if wrong is None else wrong.problem,
    )
