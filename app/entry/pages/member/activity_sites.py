"""
The sites of a draft: each is added, changed and taken away by itself.

The API replaces them all together, so a form carries all that its reader has seen: sent twice, it
says the same twice.
"""

import json
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.answers import Json
from app.entry.pages.client import RefusedError
from app.entry.pages.forms import Form
from app.entry.pages.member.activity_parts import read_site, save
from app.entry.pages.member.common import who
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_SITE: Final = "member/activity_site.html"
_SITES: Final = "member/activity_sites.html"
_FIELDS: Final = (
    *("name", "province_code", "latitude", "longitude", "installed_size", "installation_id"),
)


@ways.get("/work/activities/{activity_id}/sites")
async def draft_sites(page: Page) -> Response:
    """List the sites of an activity."""
    await who(page)
    return page.show(_SITES, **await _facts(page), form=Form.opened(), done=page.query.get("done"))


@ways.post("/work/activities/{activity_id}/sites")
async def take_site_away(page: Page) -> Response:
    """Take a site out of a draft."""
    await who(page)
    sent = await page.form()
    form = Form.sent(sent)
    sites = _seen(form)
    del sites[_place_in(form, sites) : _place_in(form, sites) + 1]
    return await _save(page, form, sites, _SITES, done="removed")


@ways.get("/work/activities/{activity_id}/sites/{site}")
async def draft_site(page: Page) -> Response:
    """Show one site, or an empty form for another one."""
    await who(page)
    facts = await _facts(page)
    sites = facts["activity"]["sites"]
    ids = [each["id"] for each in sites]
    place = ids.index(page.step("site")) if page.step("site") in ids else len(ids)
    known = _body(sites[place]) if place < len(sites) else {}
    form = Form.opened({f"sites.{place}.{name}": value for name, value in known.items()})
    return page.show(_SITE, form=form, place=place, **facts)


@ways.post("/work/activities/{activity_id}/sites/{site}")
async def take_draft_site(page: Page) -> Response:
    """Save one site among the others."""
    await who(page)
    form = Form.sent(await page.form())
    sites = _seen(form)
    place = _place_in(form, sites)
    sites[place : place + 1] = [read_site(form, f"sites.{place}.")]
    return await _save(page, form, sites, _SITE, done="saved")


async def _save(page: Page, form: Form, sites: list[Any], template: str, *, done: str) -> Response:
    place = _place_in(form, _seen(form))
    try:
        await save(page, page.step("activity_id"), form, {"sites": sites})
    except RefusedError as refused:
        sent, facts = await page.form(), await _facts(page)
        return again(page, template, sent, refused, place=place, done=None, **facts)
    return page.go(f"/work/activities/{page.step('activity_id')}/sites", done=done)


async def _facts(page: Page) -> dict[str, Any]:
    activity = await page.client.get(f"/activities/{page.step('activity_id')}")
    provinces = await page.client.get("/provinces", {"limit": 100, "sort": "name_th"})
    seen = json.dumps([_body(each) for each in activity["sites"]], ensure_ascii=False)
    return {"activity": activity, "provinces": provinces["data"], "seen": seen}


def _seen(form: Form) -> list[Any]:
    """Return the sites as the form was opened on them; what is none of ours the API refuses."""
    try:
        seen = json.loads(form.value("seen"))
    except ValueError:
        return []
    return seen if isinstance(seen, list) else []


def _place_in(form: Form, sites: list[Any]) -> int:
    place = form.value("place")
    return min(int(place), len(sites)) if place.isdecimal() else len(sites)


def _body(site: Json) -> dict[str, Any]:
    return {name: site[name] for name in _FIELDS}
