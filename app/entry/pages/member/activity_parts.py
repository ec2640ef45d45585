"""The parts of an activity's draft, each a small form that is saved by itself."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.answers import Json
from app.entry.pages.client import RefusedError
from app.entry.pages.forms import Form
from app.entry.pages.member.common import day_to_type, typed_day, typed_number, who
from app.entry.pages.member.work_credits import own_accounts
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways
from app.kernel import clock

ways: Final = Ways()
_ROWS: Final = 200
_PART: Final = "member/activity_part.html"
_DAYS: Final = frozenset({"starts_on", "proposed_crediting_start"})
_BASICS: Final = ("name_th", "name_en", "description", "starts_on", "form")


@dataclass(frozen=True, slots=True)
class DraftPart:
    """A task of the list: which fields it has, and how they are read."""

    name: str  # in the address
    fields: tuple[str, ...]
    read: Callable[[Form], dict[str, Any]]


def _read_basics(form: Form) -> dict[str, Any]:
    plain = {name: form.value(name) for name in ("name_th", "name_en", "description", "form")}
    return {**plain, "starts_on": typed_day(form, "starts_on")}


def _read_methodology(form: Form) -> dict[str, Any]:
    # One choice names code and version: they are never chosen apart.
    code, _, version = form.value("methodology_code").partition(" ")
    return {"methodology_code": code, "methodology_version": version}


def _read_estimate(form: Form) -> dict[str, Any]:
    return {
        "estimate_tco2e": typed_number(form, "estimate_tco2e"),
        "proposed_crediting_start": typed_day(form, "proposed_crediting_start"),
    }


def _read_account(form: Form) -> dict[str, Any]:
    return {"credit_account_number": form.text("credit_account_number")}


def _read_declaration(form: Form) -> dict[str, Any]:
    said = {"true": True, "false": False}.get(form.value("in_other_mechanism"))
    return {"in_other_mechanism": said, "other_mechanism_note": form.text("other_mechanism_note")}


PARTS: Final = (
    DraftPart("basics", _BASICS, _read_basics),
    DraftPart("methodology", ("methodology_code",), _read_methodology),
    DraftPart("estimate", ("estimate_tco2e", "proposed_crediting_start"), _read_estimate),
    DraftPart("account", ("credit_account_number",), _read_account),
    DraftPart("declaration", ("in_other_mechanism", "other_mechanism_note"), _read_declaration),
)
_BY_NAME: Final = {part.name: part for part in PARTS}


def read_site(form: Form, prefix: str) -> dict[str, Any]:
    """Return a site as the API takes it; its fields begin with a prefix."""
    numbers = ("latitude", "longitude", "installed_size")
    return {
        "name": form.value(f"{prefix}name"),
        "province_code": form.value(f"{prefix}province_code"),
        **{name: typed_number(form, prefix + name) for name in numbers},
        "installation_id": form.text(f"{prefix}installation_id"),
    }


def read_new(form: Form) -> dict[str, Any]:
    """Return a draft as the API takes it, of the form for a new one."""
    read = [part.read(form) for part in PARTS]
    said = {name: value for part in read for name, value in part.items()}
    return {
        **said,
        "programme_code": form.value("programme_code"),
        "sites": [read_site(form, "sites.0.")],
    }


async def choices_for(page: Page) -> dict[str, Any]:
    """Return what the forms let choose: programmes, methodologies of today, provinces, accounts."""
    today = clock.bangkok_date(clock.now()).isoformat()
    programmes, methodologies, provinces, accounts = await asyncio.gather(
        page.client.get("/programmes", {"limit": 100}),
        page.client.get("/methodologies", {"acceptable_on": today, "limit": _ROWS}),
        page.client.get("/provinces", {"limit": 100, "sort": "name_th"}),
        own_accounts(page),
    )
    return {
        "programmes": [each for each in programmes["data"] if each["status"] == "open"],
        "methodologies": methodologies["data"],
        "provinces": provinces["data"],
        "accounts": accounts,
    }


@ways.get("/work/activities/{activity_id}/edit/{part}")
async def draft_part(page: Page) -> Response:
    """Show a part of a draft."""
    await who(page)
    part = _BY_NAME.get(page.step("part"))
    if part is None:
        return page.go(f"/work/activities/{page.step('activity_id')}")
    activity = await page.client.get(f"/activities/{page.step('activity_id')}")
    form = Form.opened(_opened(page, part, activity))
    return page.show(_PART, form=form, **await _facts(page, part, activity))


@ways.post("/work/activities/{activity_id}/edit/{part}")
async def take_draft_part(page: Page) -> Response:
    """Save a part of a draft."""
    await who(page)
    activity_id = page.step("activity_id")
    part, sent = _BY_NAME.get(page.step("part")), await page.form()
    if part is None:
        return page.go(f"/work/activities/{activity_id}")
    form = Form.sent(sent)
    try:
        await save(page, activity_id, form, part.read(form))
    except RefusedError as refused:
        activity = await page.client.get(f"/activities/{activity_id}")
        return again(page, _PART, sent, refused, **await _facts(page, part, activity))
    return page.go(f"/work/activities/{activity_id}", done="saved")


async def save(page: Page, activity_id: str, form: Form, changes: dict[str, Any]) -> None:
    """
    Save changes in a draft as its reader has seen it.

    Raises:
        RefusedError: the API refused.
    """
    await page.client.send(
        "PATCH",
        f"/activities/{activity_id}",
        changes,
        key=form.key,
        if_match=f'"{form.value("version")}"',
    )


async def _facts(page: Page, part: DraftPart, activity: Json) -> dict[str, Any]:
    return {"part": part.name, "activity": activity, **await choices_for(page)}


def _opened(page: Page, part: DraftPart, activity: Json) -> dict[str, Any]:
    known = {name: activity[name] for name in part.fields}
    if "methodology_code" in known:
        known["methodology_code"] += f" {activity['methodology_version']}"
    if "in_other_mechanism" in known:
        known["in_other_mechanism"] = "true" if known["in_other_mechanism"] else "false"
    for name in _DAYS & known.keys():
        known[name] = day_to_type(known[name], page.language)
    return known
