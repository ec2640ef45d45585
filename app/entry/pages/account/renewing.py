"""The documents of the reader's organisation: until when they are valid, and new ones."""

import asyncio
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.account.apply import HOLDER_KINDS, documents_in, said_in
from app.entry.pages.account.following import Followed, show_followed, take_document, take_step
from app.entry.pages.answers import Json
from app.entry.pages.client import RefusedError
from app.entry.pages.forms import Form
from app.entry.pages.refused_forms import again, mine_to_show
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
PAPERS: Final = "/account/documents"
ONE: Final = f"{PAPERS}/{{application_id}}"
_RENEW: Final = frozenset({"holder_initiator", "holder_approver"})  # what the page offers it to
_LIKELY: Final = {"municipality": "state_body", "province": "state_body"}
_SAID: Final = ("name_th", "name_en", "contact_email")


@ways.get(PAPERS)
async def papers(page: Page) -> Response:
    """Show what was handed in and until when it is valid, and a renewal that is under way."""
    facts = await _facts(page)
    known = {
        **{name: facts["party"][name] for name in ("name_th", "name_en")},
        "contact_email": facts["user"]["email"],
        "holder_kind": facts["kyc"]["holder_kind"] or _LIKELY.get(facts["party"]["kind"]),
    }
    return page.show("account/documents.html", form=Form.opened(known), **facts)


@ways.post(PAPERS)
async def begin_renewal(page: Page) -> Response:
    """Begin to renew them."""
    sent = await page.form()
    form, me = Form.sent(sent), await page.client.get("/users/me")
    body = {
        **{name: form.value(name).strip() for name in _SAID},
        "holder_kind": form.value("holder_kind"),
        "representatives": [],
        "documents": [],
    }
    path = f"/parties/{me['party_id']}/renewals"
    try:
        made = await page.client.send("POST", path, body, key=form.key)
    except RefusedError as refused:
        mine_to_show(refused)
        return again(page, "account/documents.html", sent, refused, **await _facts(page))
    return page.go(f"{PAPERS}/{made['id']}", done="begun")


@ways.get(ONE)
async def renewal(page: Page) -> Response:
    """Show where a renewal stands, and what can be done."""
    await page.client.get("/users/me")
    return await show_followed(page, _followed(page), Form.opened())


@ways.post(ONE)
async def take_renewal_step(page: Page) -> Response:
    """Submit, answer or withdraw."""
    return await take_step(page, _followed(page))


@ways.get(f"{ONE}/documents")
async def no_renewal_document(page: Page) -> Response:
    """Lead back who opens the address of the form alone."""
    return page.go(_followed(page).at)


@ways.post(f"{ONE}/documents")
async def add_renewal_document(page: Page) -> Response:
    """Hand in a document."""
    return await take_document(page, _followed(page))


@ways.get(f"{ONE}/amend")
async def amend_renewal(page: Page) -> Response:
    """Show what it says, to be said anew."""
    shown = await _shown(page)
    known = {name: shown["said"][name] for name in _SAID}
    form = Form.opened({**known, "version": shown["version"]})
    return page.show("account/apply_amend.html", form=form, **_of_amending(page))


@ways.post(f"{ONE}/amend")
async def take_amended_renewal(page: Page) -> Response:
    """Say it anew; the documents stay."""
    sent, followed = await page.form(), _followed(page)
    body = {**said_in(sent), "documents": documents_in(await _shown(page))}
    path, version = f"/applications/{followed.application_id}", str(sent.get("version", ""))
    try:
        await page.client.send("PUT", path, body, if_match=f'"{version}"')
    except RefusedError as refused:
        return again(page, "account/apply_amend.html", sent, refused, **_of_amending(page))
    return page.go(followed.at, done="amended")


def _followed(page: Page) -> Followed:
    number = page.step("application_id")
    return Followed(number, f"{PAPERS}/{number}")


def _of_amending(page: Page) -> dict[str, Any]:
    return {"people": 0, "roles": (), "at": _followed(page).at}


async def _shown(page: Page) -> Json:
    return await page.client.get(f"/applications/{page.step('application_id')}")


async def _facts(page: Page) -> dict[str, Any]:
    me = await page.client.get("/users/me")
    kyc, party = await asyncio.gather(
        page.client.get(f"/parties/{me['party_id']}/kyc"),
        page.client.get(f"/parties/{me['party_id']}"),
    )
    # What brought a party in was handed in before anybody of it could sign in: its secret opens it.
    held = kyc["application_id"] and await page.client.find(
        f"/applications/{kyc['application_id']}"
    )
    return {
        "user": me,
        "kyc": kyc,
        "party": party,
        "held": held["said"]["documents"] if held and held["said"] else [],
        "may_renew": not _RENEW.isdisjoint(me["roles"]),
        "holder_kinds": HOLDER_KINDS,
    }
