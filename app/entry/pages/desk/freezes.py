"""What TGO has frozen, and orders to freeze and to release: by two officers, with a document."""

from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.client import RefusedError
from app.entry.pages.desk.grounds import ground_of, officers_of, opened_ground, orders_of
from app.entry.pages.forms import Form
from app.entry.pages.member.common import who
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_ROWS: Final = 25
_NEW: Final = "desk/freeze_new.html"
_RELEASE: Final = "desk/freeze_release.html"
_NAMED: Final = ("account", "batch", "first", "last")


@ways.get("/desk/freezes")
async def freezes(page: Page) -> Response:
    """List what is frozen, or also what was: what, why, by whom, on which document."""
    me = await who(page)
    asked = {name: page.query.get(name) for name in ("account", "batch", "cursor")}
    every = page.query.get("every") == "yes"
    listed = await page.client.get("/freezes", {**asked, "standing": not every, "limit": _ROWS})
    called = page.client.called("/freezes")
    orders = await orders_of(page, (each["id"] for each in listed["data"]))
    return page.show(
        "desk/freezes.html",
        listed=listed,
        called=called,
        asked=asked,
        every=every,
        orders=orders,
        people=await officers_of(page, orders.values()),
        proposes="officer" in me["roles"],
    )


@ways.get("/desk/freezes/new")
async def new_freeze(page: Page) -> Response:
    """Ask what is to be frozen, and on what that rests."""
    await who(page)
    known = {name: page.query.get(name) for name in _NAMED}
    return page.show(_NEW, form=Form.opened({**known, **opened_ground(page)}))


@ways.post("/desk/freezes/new")
async def take_new_freeze(page: Page) -> Response:
    """Propose the freeze; another officer approves it."""
    sent = await page.form()
    form = Form.sent(sent)
    body = {
        "account": form.text("account"),
        "batch": form.text("batch"),
        "first": form.whole("first"),
        "last": form.whole("last"),
        **ground_of(form),
    }
    try:
        made = await page.client.send("POST", "/freezes", body, key=form.key)
    except RefusedError as refused:
        return again(page, _NEW, sent, refused)
    return page.go(f"/desk/orders/{made['id']}", done="order_proposed")


@ways.get("/desk/freezes/{freeze_id}/release")
async def release(page: Page) -> Response:
    """Show what is frozen, and ask on what its release rests."""
    return page.show(_RELEASE, form=Form.opened(opened_ground(page)), **await _facts(page))


@ways.post("/desk/freezes/{freeze_id}/release")
async def take_release(page: Page) -> Response:
    """Propose the release; another officer approves it."""
    sent = await page.form()
    form = Form.sent(sent)
    path = f"/freezes/{page.step('freeze_id')}/release"
    try:
        made = await page.client.send("POST", path, ground_of(form), key=form.key)
    except RefusedError as refused:
        return again(page, _RELEASE, sent, refused, **await _facts(page))
    return page.go(f"/desk/orders/{made['id']}", done="order_proposed")


async def _facts(page: Page) -> dict[str, Any]:
    await who(page)
    # A freeze has the identifier of the order that froze it.
    order = await page.client.get(f"/orders/{page.step('freeze_id')}")
    return {"order": order, "people": await officers_of(page, [order])}
