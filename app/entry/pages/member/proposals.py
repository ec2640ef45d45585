"""Transfers that take two people: those of all accounts of a party, and each with its acts."""

from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.answers import Json
from app.entry.pages.client import RefusedError
from app.entry.pages.forms import Form
from app.entry.pages.member.common import time_left, who
from app.entry.pages.member.work_credits import own_accounts
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_PAGE: Final = "member/proposal.html"
# What its buttons do: the act's address, and whether it names the digest that was read.
_ACTS: Final = {
    "approve": ("approval", True),
    "accept": ("acceptance", True),
    "abort": ("abort", False),
    "decline": ("refusal", False),
}


@ways.get("/work/transfers")
async def own_proposals(page: Page) -> Response:
    """List proposed transfers of one of the reader's accounts."""
    await who(page)
    accounts = await own_accounts(page)
    account = page.query.get("account") or (accounts[0]["number"] if accounts else None)
    direction, state = page.query.get("direction", "outgoing"), page.query.get("state")
    asked = {"account": account, "direction": direction, "state": state, "limit": 50}
    asked["cursor"] = page.query.get("cursor")
    listed = await page.client.get("/transfer-proposals", asked) if account else None
    return page.show(
        "member/proposals.html",
        accounts=accounts,
        form=Form.opened({"account": account, "direction": direction, "state": state}),
        listed=listed,
        call=page.client.calls[-1],
        left=lambda at: time_left(page, at),
    )


@ways.get("/work/proposals/{proposal_id}")
async def own_proposal(page: Page) -> Response:
    """Show a proposed transfer, and what its reader may do about it."""
    facts = await _facts(page)
    return page.show(_PAGE, form=Form.opened(), done=page.query.get("done"), **facts)


@ways.post("/work/proposals/{proposal_id}")
async def take_own_proposal(page: Page) -> Response:
    """Approve, accept, decline or take back what was shown."""
    await who(page)
    proposal_id, sent = page.step("proposal_id"), await page.form()
    form = Form.sent(sent)
    act = form.value("act")
    if act not in _ACTS:
        return page.go(f"/work/proposals/{proposal_id}")
    path, names_digest = _ACTS[act]
    body = {"digest": form.value("digest")} if names_digest else None
    try:
        path = f"/transfer-proposals/{proposal_id}/{path}"
        await page.client.send("POST", path, body, key=form.key)
    except RefusedError as refused:
        return again(page, _PAGE, sent, refused, done=None, **await _facts(page))
    return page.go(f"/work/proposals/{proposal_id}", done=act)


async def _facts(page: Page) -> dict[str, Any]:
    me = await who(page)
    proposal = await page.client.get(f"/transfer-proposals/{page.step('proposal_id')}")
    numbers = {account["number"] for account in await own_accounts(page)}
    return {
        "proposal": proposal,
        "acts": _acts_of(me, proposal, numbers),
        "left": lambda at: time_left(page, at),
    }


def _acts_of(me: Json, proposal: Json, numbers: set[str]) -> list[str]:
    """Return which buttons are shown; whether one may press them the API decides."""
    said, state = proposal["proposed"], proposal["state"]
    sends, receives = said["from_account"] in numbers, said["to_account"] in numbers
    moves = not {"holder_initiator", "holder_approver"}.isdisjoint(me["roles"])
    approver = "holder_approver" in me["roles"]
    awaited = state == "scheduled" and proposal["accept_until"] and not proposal["accepted_at"]
    acts = []
    if sends and approver and proposal["proposed_by"] != me["id"] and state == "proposed":
        acts.append("approve")
    if receives and approver and awaited:
        acts += ["accept", "decline"]
    if sends and moves and state in {"proposed", "scheduled"}:
        acts.append("abort")
    return acts
