"""Everything that waits for the reader's approval, with the time that is left, in one place."""

import asyncio
from datetime import datetime
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.answers import Json
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways
from app.kernel import clock

ways: Final = Ways()
_ACCOUNTS: Final = 25
_EACH: Final = 25
_HOUR_S: Final = 3_600


@ways.get("/account/approvals")
async def approvals(page: Page) -> Response:
    """Show proposed transfers, accounts to trust, and orders: the first to lapse first."""
    me = await page.client.get("/users/me")
    now = clock.now()
    if "holder_approver" in me["roles"]:
        listed = await page.client.get(
            "/accounts", {"owner_party_id": me["party_id"], "limit": _ACCOUNTS}
        )
        numbers = [each["number"] for each in listed["data"] if each["status"] == "open"]
        found = await asyncio.gather(*(_of_account(page, number) for number in numbers))
    else:
        orders = await page.client.find("/orders", {"limit": 200})
        found = [[_order(each) for each in (orders or {"data": []})["data"]]]
    waiting = [
        {**each, "hours": int((each["until"] - now).total_seconds()) // _HOUR_S}
        for part in found
        for each in part
        if each["is_open"] and each["by"] != me["id"] and each["until"] > now
    ]
    return page.show("account/approvals.html", waiting=sorted(waiting, key=lambda w: w["until"]))


async def _of_account(page: Page, number: str) -> list[dict[str, Any]]:
    proposed, trusted = await asyncio.gather(
        page.client.get(
            "/transfer-proposals", {"account": number, "state": "proposed", "limit": _EACH}
        ),
        page.client.get(f"/accounts/{number}/trusted-accounts", {"limit": _EACH}),
    )
    return [
        *(_waiting("transfer", each, f"/work/proposals/{each['id']}") for each in proposed["data"]),
        *(
            _waiting("trusted_account", each, f"/work/accounts/{number}/trusted")
            for each in trusted["data"]
            if each["removed_at"] is None
        ),
    ]


def _order(order: Json) -> dict[str, Any]:
    return _waiting("order", order, f"/desk/orders/{order['id']}")


def _waiting(kind: str, shown: Json, path: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "shown": shown,
        "path": path,
        "by": shown["proposed_by"],
        "until": datetime.fromisoformat(shown["expires_at"]),
        "is_open": shown["approved_at"] is None,
    }
