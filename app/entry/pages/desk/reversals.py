"""Transfers made in error: found by their place in the log, taken back whole by two officers."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.answers import Json
from app.entry.pages.checking.endings import MOVEMENTS, moves_of, taken_back
from app.entry.pages.client import RefusedError
from app.entry.pages.desk.grounds import ground_of, opened_ground
from app.entry.pages.desk.queues import open_orders
from app.entry.pages.forms import Form
from app.entry.pages.member.common import time_left, who
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_ROWS: Final = 25
_PAGE: Final = "desk/reversal.html"
_ACTION: Final = "reversal"
_WINDOW: Final = "reversal_window_days"


@ways.get("/desk/reversals")
async def reversals(page: Page) -> Response:
    """List the acts that took others back; lead on to a transfer by its place in the log."""
    await who(page)
    if wanted := page.query.get("act"):
        return page.go(f"/desk/reversals/{wanted.replace(',', '')}")
    asked: dict[str, Any] = {"kind": "reversed", "limit": _ROWS, "cursor": page.query.get("cursor")}
    listed = await page.client.get("/ledger/entries", asked)
    called = page.client.called("/ledger/entries")
    waiting, days, acts = await asyncio.gather(
        open_orders(page), _window(page), _acts_of(page, listed["data"])
    )
    return page.show(
        "desk/reversals.html",
        listed=listed,
        called=called,
        acts=acts,
        waiting=[each for each in waiting if each["action"] == _ACTION],
        days=days,
        left=lambda moment: time_left(page, moment),
    )


@ways.get("/desk/reversals/{log_index}")
async def reversal(page: Page) -> Response:
    """Show a movement: what it moved, until when it can be taken back, what would be linked."""
    return page.show(_PAGE, form=Form.opened(opened_ground(page)), **await _facts(page))


@ways.post("/desk/reversals/{log_index}")
async def take_reversal(page: Page) -> Response:
    """Propose to take it back; another officer approves it."""
    sent, facts = await page.form(), await _facts(page)
    form = Form.sent(sent)
    body = {"act": facts["entry"]["log_index"], **ground_of(form)}
    try:
        made = await page.client.send("POST", "/reversals", body, key=form.key)
    except RefusedError as refused:
        return again(page, _PAGE, sent, refused, **facts)
    return page.go(f"/desk/orders/{made['id']}", done="order_proposed")


async def _acts_of(page: Page, entries: list[Json]) -> list[dict[str, Any]]:
    """Return the acts of entries, each once: what it says in the public log, and its runs."""
    indexes = list(dict.fromkeys(each["log_index"] for each in entries))
    found = await asyncio.gather(*(page.client.get(f"/log/entries/{each}") for each in indexes))
    return [{"entry": each, "moves": moves_of(each["act"]["data"])} for each in found]


async def _window(page: Page) -> int:
    """Return how many days after it was made a transfer can be taken back; 0: there is no rule."""
    rules = (await page.client.get("/rules"))["rules"]
    return next((int(each["value"]) for each in rules if each["key"] == _WINDOW), 0)


async def _facts(page: Page) -> dict[str, Any]:
    me = await who(page)
    entry, days, waiting = await asyncio.gather(
        page.client.get(f"/log/entries/{page.step('log_index')}"),
        _window(page),
        open_orders(page),
    )
    said = entry["act"]["data"]
    moves = moves_of(said) if entry["kind"] in MOVEMENTS else []
    first = {"id": entry["log_index"], "moved": moves}
    until = datetime.fromisoformat(entry["recorded_at"]) + timedelta(days=days)
    return {
        "entry": entry,
        "moves": moves,
        "owners": await _owners(page, said.get("from"), said.get("to")),
        "days": days,
        "until": until.isoformat(),
        "left": time_left(page, until.isoformat()),
        "taken_back": await taken_back(page, first) if moves else None,
        "order": next((each for each in waiting if each["reverses"] == entry["log_index"]), None),
        "proposes": "officer" in me["roles"],
    }


async def _owners(page: Page, *numbers: str | None) -> dict[str, Json]:
    """Return the owners of accounts by their numbers; the register's own have none."""
    known = [each for each in numbers if each is not None]
    found = await asyncio.gather(*(page.client.find(f"/accounts/{each}") for each in known))
    owners = {
        number: account["owner_party_id"]
        for number, account in zip(known, found, strict=True)
        if account is not None and account["owner_party_id"] is not None
    }
    parties = await asyncio.gather(
        *(page.client.get(f"/parties/{each}") for each in owners.values())
    )
    return dict(zip(owners, parties, strict=True))
