"""The pooled buffer: what is in it by batch, and its release to a holder by a decision."""

import asyncio
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.client import RefusedError
from app.entry.pages.forms import Form
from app.entry.pages.member.common import who
from app.entry.pages.member.moving import try_out
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_ROWS: Final = 25
_PAGE: Final = "desk/buffer_release.html"


@ways.get("/desk/buffer")
async def buffer(page: Page) -> Response:
    """List the batches whose credits went to the buffer, with what is left there."""
    me = await who(page)
    asked: dict[str, Any] = {"kind": "buffered", "limit": _ROWS, "cursor": page.query.get("cursor")}
    listed, statistics = await asyncio.gather(
        page.client.get("/ledger/entries", asked), page.client.get("/statistics")
    )
    prefixes = list(dict.fromkeys(each["batch"] for each in listed["data"]))
    batches = await asyncio.gather(*(page.client.get(f"/batches/{each}") for each in prefixes))
    return page.show(
        "desk/buffer.html",
        listed=listed,
        batches=batches,
        buffered=statistics["totals"]["buffered"],
        releases="approver" in me["roles"],
    )


@ways.get("/desk/buffer/{prefix}")
async def buffer_release(page: Page) -> Response:
    """Show a batch's part of the buffer, and ask to whom how much of it goes."""
    return page.show(_PAGE, form=Form.opened({}), **await _facts(page))


@ways.post("/desk/buffer/{prefix}")
async def take_buffer_release(page: Page) -> Response:
    """Show what would move; once that was seen, move it."""
    sent, facts = await page.form(), await _facts(page)
    form, step = Form.sent(sent), Form.sent(sent).value("step")
    prefix = page.step("prefix")
    if step == "change":
        return page.show(_PAGE, form=form, **facts)
    path = f"/batches/{prefix}/buffer-releases"
    body = {
        "credits": form.whole("credits"),
        "to_account": form.text("to_account"),
        "decision": form.text("decision"),
    }
    try:
        if step == "make":
            made = await page.client.send("POST", path, body, key=form.key)
            return page.go(f"/transfers/{made['id']}")
        tried = await try_out(page, path, form, body)
    except RefusedError as refused:
        return again(page, _PAGE, sent, refused, **facts)
    kept = [(name, form.value(name)) for name in form.typed if name != "step"]
    return page.show("desk/buffer_review.html", form=form, tried=tried, kept=kept, **facts)


async def _facts(page: Page) -> dict[str, Any]:
    me = await who(page)
    batch = await page.client.get(f"/batches/{page.step('prefix')}")
    return {"batch": batch, "releases": "approver" in me["roles"]}
