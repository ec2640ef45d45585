"""Rules with dates: which value holds from which day, and a value to come, by one or by two."""

import asyncio
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.answers import Json
from app.entry.pages.client import RefusedError
from app.entry.pages.desk.common import ROWS
from app.entry.pages.desk.grounds import ground_of, opened_ground, under
from app.entry.pages.forms import Form
from app.entry.pages.member.common import typed_day, who
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_PAGE: Final = "desk/rule.html"
_ALONE: Final = "one"
_BY_TWO: Final = "two"
_ACT: Final = "rule_change"
# Changing what takes two people takes two as soon as anything does.
_OF_ITSELF: Final = "two_person_acts"


@ways.get("/desk/rules")
async def rules(page: Page) -> Response:
    """Show the value of each rule on a day, of the register or a programme, and those to come."""
    await who(page)
    asked = Form.opened(dict(page.query))
    code, day = asked.text("programme"), typed_day(asked, "on")
    listed = await page.client.get("/programmes", {"limit": ROWS})
    register = await page.client.get("/rules", {"on": day})
    shown = register
    if code is not None:
        shown = await page.client.get(f"/programmes/{code}", {"on": day})
    values = await _values(page, [code or listed["data"][0]["code"]])
    if code is None:
        values = [each for each in values if each["programme_code"] is None]
    to_come = [each for each in values if each["valid_from"] > shown["rules_on"]]
    return page.show(
        "desk/rules.html",
        programmes=listed["data"],
        code=code or "",
        asked_on=page.query.get("on", ""),
        shown=shown,
        acts=register["acts"],
        to_come=sorted(to_come, key=lambda each: (each["valid_from"], each["key"])),
    )


@ways.get("/desk/rules/{key}")
async def rule(page: Page) -> Response:
    """Show all values that a rule ever had, or is to have; and take another."""
    facts = await _facts(page)
    known = {
        "rule.programme": page.query.get("programme"),
        "rule.value": facts["value"],
        "way": _BY_TWO,
        **opened_ground(page),
    }
    return page.show(_PAGE, form=Form.opened(known), **facts)


@ways.post("/desk/rules/{key}")
async def take_rule(page: Page) -> Response:
    """Give the rule a value from a day on, or propose it to another."""
    sent = await page.form()
    form, key = Form.sent(sent), page.step("key")
    value = {
        "key": key,
        "value": form.value("rule.value"),
        "valid_from": typed_day(form, "rule.valid_from"),
        "valid_to": typed_day(form, "rule.valid_to"),
        "source": form.value("rule.source"),
        "is_default": form.value("rule.is_default") == "true",
    }
    code = form.text("rule.programme")
    try:
        if form.value("way") != _ALONE:
            order = {"rule": {**value, "programme": code}, **ground_of(form)}
            made = await page.client.send("POST", "/orders", order, key=form.key)
            return page.go(f"/desk/orders/{made['id']}", done="order_proposed")
        path = "/rules" if code is None else f"/programmes/{code}/rules"
        try:
            await page.client.send("POST", path, value, key=form.key)
        except RefusedError as refused:
            raise under(refused, "rule") from None
    except RefusedError as refused:
        return again(page, _PAGE, sent, refused, **await _facts(page))
    return page.go(f"/desk/rules/{key}", done="rule_set")


async def _facts(page: Page) -> dict[str, Any]:
    me, key = await who(page), page.step("key")
    register, listed = await asyncio.gather(
        page.client.get("/rules"), page.client.get("/programmes", {"limit": ROWS})
    )
    codes = [each["code"] for each in listed["data"]]
    shown = await asyncio.gather(*(page.client.get(f"/programmes/{each}") for each in codes))
    values = [each for each in await _values(page, codes) if each["key"] == key]
    in_force = {each["id"] for holder in (register, *shown) for each in holder["rules"]}
    today = register["rules_on"]
    own = page.query.get("programme")
    of_whom = next((each for each in shown if each["code"] == own), register)
    acts = {each["act"]: each["needs_two_people"] for each in register["acts"]}
    return {
        "key": key,
        "programmes": listed["data"],
        "rows": [(each, _state_of(each, today, in_force)) for each in values],
        "value": next((each["value"] for each in of_whom["rules"] if each["key"] == key), None),
        "by_two": acts[_ACT]
        or (key == _OF_ITSELF and (acts["role_change"] or acts["issuance_approval"])),
        "sets": "administrator" in me["roles"],
        "done": page.query.get("done"),
    }


def _state_of(value: Json, today: str, in_force: set[str]) -> str:
    if value["id"] in in_force:
        return "in_force"
    return "to_come" if value["valid_from"] > today else "over"


async def _values(page: Page, codes: list[str]) -> list[Json]:
    """Return every value that rules of programmes, and of all of them, ever had; latest first."""
    found = await asyncio.gather(*(_values_of(page, each) for each in codes))
    by_id = {each["id"]: each for values in found for each in values}
    return sorted(by_id.values(), key=lambda each: (each["valid_from"], each["id"]), reverse=True)


async def _values_of(page: Page, code: str) -> list[Json]:
    values: list[Json] = []
    cursor: str | None = None
    while True:
        asked = {"limit": ROWS, "cursor": cursor}
        listed = await page.client.get(f"/programmes/{code}/rules", asked)
        values += listed["data"]
        cursor = listed["next_cursor"]
        if cursor is None:
            return values
