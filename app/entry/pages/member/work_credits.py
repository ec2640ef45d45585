"""On ``/work``: a holder's accounts, and the transfers that wait for somebody's word."""

import asyncio
from typing import Any, Final

from app.entry.pages.answers import Json
from app.entry.pages.member.common import who
from app.entry.pages.member.work_part import Facts, Part
from app.entry.pages.render import Page

ACCOUNTS_SHOWN: Final = 20
_HOLDERS: Final = frozenset({"holder_initiator", "holder_approver", "holder_viewer"})


async def own_accounts(page: Page) -> list[Json]:
    """Return the accounts of who is signed in; none where no role of theirs sees accounts."""
    me = await who(page)
    asked = {"owner_party_id": me["party_id"], "limit": ACCOUNTS_SHOWN}
    listed = await page.client.find("/accounts", asked)
    return [] if listed is None else list(listed["data"])


async def waiting_transfers(page: Page, accounts: list[Json]) -> list[dict[str, Any]]:
    """Return the proposed transfers of accounts that are not over, with their direction."""
    asked = [
        (account["number"], direction, state)
        for account in accounts
        for direction, state in (
            ("outgoing", "proposed"),
            ("outgoing", "scheduled"),
            ("incoming", "scheduled"),
        )
    ]
    lists = await asyncio.gather(
        *(
            page.client.get(
                "/transfer-proposals",
                {"account": number, "direction": direction, "state": state, "limit": 50},
            )
            for number, direction, state in asked
        )
    )
    return [
        {**proposal, "direction": direction}
        for (_, direction, _), listed in zip(asked, lists, strict=True)
        for proposal in listed["data"]
    ]


async def _read_accounts(page: Page) -> Facts:
    return {"rows": await own_accounts(page)}


async def _read_transfers(page: Page) -> Facts | None:
    rows = await waiting_transfers(page, await own_accounts(page))
    return {"rows": rows} if rows else None


ACCOUNTS: Final = Part("member/work_accounts.html", _read_accounts, _HOLDERS)
TRANSFERS: Final = Part("member/work_transfers.html", _read_transfers, _HOLDERS)
