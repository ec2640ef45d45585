"""Applying for an account: who applies, who is to act, and coming back to it."""

from typing import Any, Final

from starlette.datastructures import FormData
from starlette.responses import Response

from app.entry.pages.client import RefusedError
from app.entry.pages.forms import Form
from app.entry.pages.holding import Held, find_held, keep
from app.entry.pages.refused_forms import mine_to_show
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
APPLY: Final = "/apply"
MINE: Final = "/apply/mine"
BACK: Final = "/apply/back"
HOLDER_KINDS: Final = ("juristic_person", "state_body", "natural_person")
PARTY_KINDS: Final = ("holder", "developer", "municipality", "province")
ROLES: Final = ("holder_initiator", "holder_approver", "holder_viewer", "developer")
PEOPLE: Final = 4
_SAID: Final = ("name_th", "name_en", "contact_email")


@ways.get(APPLY)
async def apply(page: Page) -> Response:
    """Show what an application takes, and its first form."""
    form = Form.opened({"representatives.0.roles": ["holder_initiator"]})
    return await show_form(page, form)


@ways.post(APPLY)
async def begin(page: Page) -> Response:
    """Begin an application, which this browser follows from then on."""
    sent = await page.form()
    form = Form.sent(sent)
    body = {
        "holder_kind": form.value("holder_kind"),
        "party_kind": form.value("party_kind"),
        "province_code": form.value("province_code") or None,
        "documents": [],
        **said_in(sent),
    }
    try:
        made = await page.client.send("POST", "/applications", body)
    except RefusedError as refused:
        mine_to_show(refused)
        return await show_form(page, Form.sent(sent, refused), status=refused.status)
    return keep(page, page.go(MINE, done="begun"), Held(made["id"], made["secret"]))


@ways.get(BACK)
async def back(page: Page) -> Response:
    """Ask for the number and the secret of an application."""
    return page.show("account/apply_back.html", form=Form.opened(), is_wrong=False)


@ways.post(BACK)
async def come_back(page: Page) -> Response:
    """Follow an application from this browser too."""
    sent = await page.form()
    held = Held(str(sent.get("application_id", "")).strip(), str(sent.get("secret", "")).strip())
    page.client.more = {"application-secret": held.secret}
    try:
        await page.client.get(f"/applications/{held.application_id}")
    except RefusedError as refused:
        form = Form.sent(sent, refused)
        return page.show("account/apply_back.html", status=refused.status, form=form, is_wrong=True)
    return keep(page, page.go(MINE), held)


@ways.get(f"{MINE}/amend")
async def amend(page: Page) -> Response:
    """Show what the application says, to be said anew."""
    held = find_held(page)
    if held is None:
        return page.go(BACK)
    shown = await page.client.get(f"/applications/{held.application_id}")
    known: dict[str, Any] = {name: shown["said"][name] for name in _SAID}
    for n, one in enumerate(shown["said"]["representatives"]):
        known |= {f"representatives.{n}.{name}": value for name, value in one.items()}
    form = Form.opened({**known, "version": shown["version"]})
    return page.show("account/apply_amend.html", form=form, people=PEOPLE, roles=ROLES, at=MINE)


@ways.post(f"{MINE}/amend")
async def take_amended(page: Page) -> Response:
    """Say it anew; the documents stay."""
    held = find_held(page)
    if held is None:
        return page.go(BACK)
    sent = await page.form()
    shown = await page.client.get(f"/applications/{held.application_id}")
    body = {**said_in(sent), "documents": documents_in(shown)}
    path, version = f"/applications/{held.application_id}", str(sent.get("version", ""))
    try:
        await page.client.send("PUT", path, body, if_match=f'"{version}"')
    except RefusedError as refused:
        mine_to_show(refused)
        form = Form.sent(sent, refused)
        return page.show(
            "account/apply_amend.html",
            status=refused.status,
            form=form,
            people=PEOPLE,
            roles=ROLES,
            at=MINE,
        )
    return page.go(MINE, done="amended")


async def show_form(page: Page, form: Form, *, status: int = 200) -> Response:
    """Return the first form."""
    provinces = await page.client.get("/provinces", {"limit": 100, "sort": "name_th"})
    return page.show(
        "account/apply.html",
        status=status,
        form=form,
        provinces=provinces["data"],
        holder_kinds=HOLDER_KINDS,
        party_kinds=PARTY_KINDS,
        people=PEOPLE,
        roles=ROLES,
        follows=find_held(page) is not None,
    )


def said_in(sent: FormData) -> dict[str, Any]:
    """Return what was typed of names and people, as the API takes it; empty people are none."""
    form = Form.sent(sent)
    people = [
        {
            "email": form.value(f"representatives.{n}.email").strip(),
            "display_name": form.value(f"representatives.{n}.display_name"),
            "roles": form.values(f"representatives.{n}.roles"),
        }
        for n in range(PEOPLE)
    ]
    return {
        **{name: form.value(name).strip() for name in _SAID},
        "representatives": [one for one in people if one["email"] or one["display_name"]],
    }


def documents_in(shown: Any) -> list[dict[str, Any]]:  # noqa: ANN401  of the API
    """Return the documents of an application as it is sent once more."""
    given = ("requirement", "sha256", "media_type", "bytes", "issued_on", "expires_on")
    return [{name: each[name] for name in given} for each in shown["said"]["documents"]]
