"""What TGO does with an organisation: each act on a page of its own that says what it means."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.answers import Json
from app.entry.pages.client import RefusedError
from app.entry.pages.desk.common import ROWS, day_now
from app.entry.pages.forms import Form
from app.entry.pages.lost import lost
from app.entry.pages.member.common import typed_day, who
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways
from app.registry.parties.rules import ROLES_OF_KIND, SECTORAL_SCOPE_MAX, PartyKind, Role

ways: Final = Ways()
_PAGE: Final = "desk/party_act.html"


@dataclass(frozen=True, slots=True)
class _Act:
    """An act, as the API takes it."""

    path: str  # {} is the party's identifier
    body: Callable[[Form, str], dict[str, Any]]
    method: str = "POST"
    has_version: bool = False
    has_key: bool = True  # whoever sends the form twice has it done once
    leads_to: Callable[[str], str] = lambda party_id: f"/desk/parties/{party_id}"


def _reason(form: Form, party_id: str) -> dict[str, Any]:
    del party_id
    return {"reason": form.text("reason")}


def _names(form: Form, party_id: str) -> dict[str, Any]:
    del party_id
    return {name: form.value(name).strip() for name in ("name_th", "name_en")}


def _account(form: Form, party_id: str) -> dict[str, Any]:
    return {"owner_party_id": party_id, "name": form.value("name").strip()}


def _person(form: Form, party_id: str) -> dict[str, Any]:
    return {
        "party_id": party_id,
        "email": form.value("email").strip(),
        "display_name": form.value("display_name").strip(),
        "roles": form.values("roles"),
        "password": form.value("password") or None,
    }


def _accreditation(form: Form, party_id: str) -> dict[str, Any]:
    del party_id
    chosen = form.values("sectoral_scopes")
    return {
        "sectoral_scopes": [int(each) if each.isdecimal() else each for each in chosen],
        "valid_from": typed_day(form, "valid_from"),
        "valid_to": typed_day(form, "valid_to"),
    }


def _accreditation_end(form: Form, party_id: str) -> dict[str, Any]:
    return {
        **_reason(form, party_id),
        "sectoral_scope": form.whole("sectoral_scope"),
        "last_day": typed_day(form, "last_day"),
    }


def _to_verifier(party_id: str) -> str:
    return f"/desk/verifiers/{party_id}"


_ACTS: Final[dict[str, _Act]] = {
    "names": _Act("/parties/{}", _names, "PATCH", has_version=True),
    "suspension": _Act("/parties/{}/suspension", _reason),
    "reinstatement": _Act("/parties/{}/reinstatement", _reason),
    "closure": _Act("/parties/{}/closure", _reason),
    "account": _Act("/accounts", _account),
    # The API takes no key with a password: a digest of it would be kept.
    "person": _Act("/users", _person, has_key=False),
    "accreditation": _Act("/parties/{}/accreditations", _accreditation, leads_to=_to_verifier),
    "accreditation-end": _Act(
        "/parties/{}/accreditations/end", _accreditation_end, leads_to=_to_verifier
    ),
}


def roles_of(party: Json) -> list[str]:
    """Return the roles that a party of its kind can give."""
    possible = ROLES_OF_KIND[PartyKind(party["kind"])]
    return [role.value for role in Role if role in possible]


@ways.get("/desk/parties/{party_id}/{act}")
async def party_act(page: Page) -> Response:
    """Show the form of an act, and what the act means."""
    if page.step("act") not in _ACTS:
        return await lost(page)
    facts = await _facts(page)
    party = facts["party"]
    known = {"name_th": party["name_th"], "name_en": party["name_en"]}
    return page.show(_PAGE, form=Form.opened(known), **facts)


@ways.post("/desk/parties/{party_id}/{act}")
async def take_party_act(page: Page) -> Response:
    """Have an act done, or proposed to a second officer."""
    sent, party_id, named = await page.form(), page.step("party_id"), page.step("act")
    act, form = _ACTS.get(named), Form.sent(sent)
    if act is None:
        return await lost(page)
    try:
        await page.client.send(
            act.method,
            act.path.format(party_id),
            act.body(form, party_id),
            key=form.key if act.has_key else None,
            if_match=f'"{form.value("version")}"' if act.has_version else None,
        )
    except RefusedError as refused:
        return again(page, _PAGE, sent, refused, **await _facts(page))
    return page.go(act.leads_to(party_id), done=f"party_{named.replace('-', '_')}")


async def _facts(page: Page) -> dict[str, Any]:
    await who(page)
    party_id, act = page.step("party_id"), page.step("act")
    party = await page.client.get(f"/parties/{party_id}")
    accounts: list[Json] = []
    if act in {"closure", "suspension"}:
        listed = await page.client.get("/accounts", {"owner_party_id": party_id, "limit": ROWS})
        accounts = [each for each in listed["data"] if each["status"] == "open"]
    today = day_now()
    return {
        "party": party,
        "act": act,
        "accounts": accounts,
        "roles": roles_of(party),
        "scopes": range(1, SECTORAL_SCOPE_MAX + 1),
        "held": sorted(
            {
                each["sectoral_scope"]
                for each in party["accreditations"]
                if each["valid_to"] is None or each["valid_to"] >= today
            }
        ),
    }
