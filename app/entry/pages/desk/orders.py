"""Orders of two officers: what was proposed, in words and by its digest, and the second's word."""

from datetime import datetime
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.answers import Json
from app.entry.pages.client import RefusedError
from app.entry.pages.desk.grounds import officers_of
from app.entry.pages.forms import Form
from app.entry.pages.member.common import time_left, who
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways
from app.kernel import clock

ways: Final = Ways()
_PAGE: Final = "desk/order.html"
_ROWS: Final = 50


@ways.get("/desk/orders")
async def orders(page: Page) -> Response:
    """List orders, the newest first."""
    await who(page)
    asked = {"limit": _ROWS, "cursor": page.query.get("cursor")}
    listed = await page.client.get("/orders", asked)
    return page.show("desk/orders.html", listed=listed, state=state_of)


@ways.get("/desk/orders/{order_id}")
async def order(page: Page) -> Response:
    """Show an order: all that it is to do, and who may still approve it."""
    return page.show(_PAGE, form=Form.opened({}), **await _facts(page))


@ways.post("/desk/orders/{order_id}")
async def take_order(page: Page) -> Response:
    """Approve exactly what was read."""
    sent, order_id = await page.form(), page.step("order_id")
    form = Form.sent(sent)
    body = {"digest": form.value("digest")}
    try:
        await page.client.send("POST", f"/orders/{order_id}/approval", body, key=form.key)
    except RefusedError as refused:
        return again(page, _PAGE, sent, refused, **await _facts(page))
    return page.go(f"/desk/orders/{order_id}", done="order_approved")


def state_of(shown: Json) -> str:
    """Return where an order stands: ``done``, ``lapsed`` or ``open``."""
    if shown["approved_at"] is not None:
        return "done"
    return "lapsed" if datetime.fromisoformat(shown["expires_at"]) <= clock.now() else "open"


async def _facts(page: Page) -> dict[str, Any]:
    me = await who(page)
    shown = await page.client.get(f"/orders/{page.step('order_id')}")
    content = shown["content"] or {}
    about: dict[str, Any] = {"report": None, "activity": None, "user": None}
    if content.get("report_id"):
        about["report"] = await page.client.get(f"/monitoring-reports/{content['report_id']}")
        about["activity"] = await page.client.get(f"/activities/{about['report']['activity_id']}")
    if content.get("user_id"):
        about["user"] = await page.client.find(f"/users/{content['user_id']}")
    return {
        "order": shown,
        "people": await officers_of(page, [shown]),
        **about,
        "state": state_of(shown),
        "is_own": shown["proposed_by"] == me["id"],
        "left": lambda moment: time_left(page, moment),
        "done": page.query.get("done"),
    }
