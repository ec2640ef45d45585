"""Organisations before TGO: who they are, who acts for them, their papers and accounts."""

import asyncio
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.answers import Json
from app.entry.pages.client import RefusedError
from app.entry.pages.desk.applications import handed_in, required_by
from app.entry.pages.desk.common import ROWS, day_now
from app.entry.pages.forms import Form
from app.entry.pages.member.common import who
from app.entry.pages.public.figures import provinces_of
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_NEW: Final = "desk/party_new.html"
_ROWS: Final = 50
_FILTERS: Final = ("q", "kind", "province_code", "cursor")
KINDS: Final = ("municipality", "province", "developer", "holder", "vvb", "authority")
# An authority is founded, and there is one.
_ADMITTED: Final = tuple(kind for kind in KINDS if kind != "authority")


@ways.get("/desk/parties")
async def desk_parties(page: Page) -> Response:
    """List organisations by name, kind and province, with where they stand."""
    me = await who(page)
    asked = {name: page.query.get(name) for name in _FILTERS}
    listed = await page.client.get("/parties", {**asked, "limit": _ROWS})
    call = page.client.called("/parties")
    return page.show(
        "desk/parties.html",
        listed=listed,
        call=call,
        asked=asked,
        kinds=KINDS,
        provinces=await provinces_of(page),
        admits="administrator" in me["roles"],
    )


@ways.get("/desk/parties/new")
async def new_party(page: Page) -> Response:
    """Show the form that takes an organisation into the register without an application."""
    await who(page)
    return await _show_new(page, Form.opened({}))


@ways.post("/desk/parties/new")
async def admit_party(page: Page) -> Response:
    """Take an organisation into the register."""
    sent = await page.form()
    form = Form.sent(sent)
    body = {
        "kind": form.value("kind"),
        "name_th": form.value("name_th").strip(),
        "name_en": form.value("name_en").strip(),
        "province_code": form.text("province_code"),
    }
    try:
        made = await page.client.send("POST", "/parties", body, key=form.key)
    except RefusedError as refused:
        provinces = await provinces_of(page)
        return again(page, _NEW, sent, refused, kinds=_ADMITTED, provinces=provinces)
    return page.go(f"/desk/parties/{made['id']}", done="party_admitted")


@ways.get("/desk/parties/{party_id}")
async def desk_party(page: Page) -> Response:
    """Show an organisation with all that TGO's officers may know of it."""
    me, party_id = await who(page), page.step("party_id")
    party = await page.client.get(f"/parties/{party_id}")
    users, accounts, kyc, every = await asyncio.gather(
        page.client.get("/users", {"party_id": party_id, "limit": ROWS}),
        page.client.get("/accounts", {"owner_party_id": party_id, "limit": ROWS}),
        page.client.get(f"/parties/{party_id}/kyc"),
        provinces_of(page),
    )
    return page.show(
        "desk/party.html",
        party=party,
        users=users["data"],
        accounts=accounts["data"],
        kyc=kyc,
        documents=await _papers(page, kyc),
        provinces=every,
        today=day_now(),
        acts=acts_for(me, party),
        freezes="officer" in me["roles"],
        done=page.query.get("done"),
    )


def acts_for(me: Json, party: Json) -> list[str]:
    """Return what somebody can do with an organisation as it stands, for the ways that lead on."""
    if "administrator" not in me["roles"] or party["closed_at"] is not None:
        return []
    acts = ["names", "person"]
    if party["kind"] not in {"vvb", "authority"}:
        acts.append("account")
    if party["kind"] == "vvb":
        acts.append("accreditation")
        acts += ["accreditation-end"] if party["accreditations"] else []
    acts.append("suspension" if party["status"] == "active" else "reinstatement")
    return [*acts, "closure"]


async def _papers(page: Page, kyc: Json) -> list[dict[str, Any]]:
    if kyc["application_id"] is None:
        return []
    shown, rules = await asyncio.gather(
        page.client.get(f"/applications/{kyc['application_id']}"), page.client.get("/rules")
    )
    return handed_in(shown, required_by(rules, shown["holder_kind"]))


async def _show_new(page: Page, form: Form) -> Response:
    return page.show(_NEW, form=form, kinds=_ADMITTED, provinces=await provinces_of(page))
