"""Applications for an account before TGO: their queue, what each says, and what is decided."""

import asyncio
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.answers import Json
from app.entry.pages.client import Params, RefusedError
from app.entry.pages.desk.common import ROWS, day_now, parties_of, people_of
from app.entry.pages.desk.working_days import days_left
from app.entry.pages.figures import year_of
from app.entry.pages.forms import Form
from app.entry.pages.member.common import typed_day, who
from app.entry.pages.public.figures import provinces_of
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways
from app.kernel import clock

ways: Final = Ways()
_LIST: Final = "desk/applications.html"
_PAGE: Final = "desk/application.html"
_RENEWALS: Final = "desk/renewals.html"
_ROWS: Final = 50
AT_DESK: Final = ("submitted", "answered", "recommended")  # TGO's clock runs
WAITING: Final = (*AT_DESK, "asked")
_STATES: Final = (*WAITING, "draft", "admitted", "refused", "withdrawn")
_REQUIRED: Final = "kyc_documents_"
_APPLICANT: Final = "applicant"
_ACTS: Final = {"ask": "question", "recommend": "recommendation", "decide": "decision"}
_ANSWER: Final = {"true": True, "false": False}


@ways.get("/desk/applications")
async def applications(page: Page) -> Response:
    """List applications: those that wait, the first to be due first; or all in one state."""
    await who(page)
    state = page.query.get("status")
    listed: Json
    if state is None:
        listed = {"data": await waiting(page), "has_more": False, "next_cursor": None}
    else:
        asked: Params = {"status": state, "limit": _ROWS, "cursor": page.query.get("cursor")}
        listed = await page.client.get("/applications", asked)
    call = None if state is None else page.client.called("/applications")
    left, every = await asyncio.gather(
        days_left(page, (each["due_on"] for each in listed["data"])), provinces_of(page)
    )
    return page.show(
        _LIST,
        listed=listed,
        state=state,
        states=_STATES,
        call=call,
        days_left=left,
        provinces=every,
    )


@ways.get("/desk/renewals")
async def renewals(page: Page) -> Response:
    """List the organisations whose documents expire until a day, the first to expire first."""
    await who(page)
    typed = Form.opened({"until": page.query.get("until", _end_of_next_year(page))})
    asked: Params = {
        "until": typed_day(typed, "until"),
        "limit": _ROWS,
        "cursor": page.query.get("cursor"),
    }
    try:
        listed = await page.client.get("/applications/renewals", asked)
    except RefusedError as refused:
        form = Form(typed.typed, refused.problem)
        return page.show(
            _RENEWALS, status=refused.status, form=form, listed=None, call="", today=""
        )
    call = page.client.called("/applications/renewals")
    return page.show(
        _RENEWALS,
        form=typed,
        listed=listed,
        call=call,
        parties=await parties_of(page, (each["party_id"] for each in listed["data"])),
        today=day_now(),
    )


@ways.get("/desk/applications/{application_id}")
async def application(page: Page) -> Response:
    """Show an application in full, with what its reader can do next."""
    return page.show(_PAGE, form=Form.opened({}), **await _facts(page))


@ways.post("/desk/applications/{application_id}")
async def take_application(page: Page) -> Response:
    """Ask the applicant, recommend, or decide."""
    sent, application_id = await page.form(), page.step("application_id")
    form = Form.sent(sent)
    act = form.value("act") if form.value("act") in _ACTS else "ask"
    try:
        await page.client.send(
            "POST",
            f"/applications/{application_id}/{_ACTS[act]}",
            _body(form, act),
            key=form.key,
            if_match=f'"{form.value("version")}"',
        )
    except RefusedError as refused:
        return again(page, _PAGE, sent, refused, **await _facts(page))
    return page.go(f"/desk/applications/{application_id}", done=f"application_{act}")


@ways.get("/desk/applications/{application_id}/files/{digest}")
async def application_file(page: Page) -> Response:
    """Hand a file of an application out to who may read it; the register notes that it did."""
    path = f"/applications/{page.step('application_id')}/files/{page.step('digest')}"
    answer = await page.client.ask("GET", path)
    kept = ("content-type", "content-disposition", "etag")
    headers = {name: answer.headers[name] for name in kept if name in answer.headers}
    return Response(answer.body, headers={**headers, "cache-control": "private, no-store"})


async def waiting(page: Page, states: tuple[str, ...] = WAITING) -> list[Json]:
    """Return applications that are not decided, the first to be due first, then the stopped."""
    lists = await asyncio.gather(
        *(page.client.find("/applications", {"status": each, "limit": ROWS}) for each in states)
    )
    found = [each for listed in lists if listed is not None for each in listed["data"]]
    return sorted(found, key=lambda each: (each["due_on"] or "9999", str(each["submitted_at"])))


def required_by(rules: Json, holder_kind: str) -> list[str]:
    """Return which documents a kind of holder has to hand in by the rules of the day."""
    key = _REQUIRED + holder_kind
    listed = next((rule["value"] for rule in rules["rules"] if rule["key"] == key), "")
    return [each for each in str(listed).split(",") if each]


def handed_in(shown: Json, required: list[str]) -> list[dict[str, Any]]:
    """
    Return the documents of an application, those that are required first.

    Returns:
        Each with `name`, whether it is `required`, `given` (None: it is missing) and `state`:
        ``here``, ``expired``, ``no_file`` or ``missing``. None of an application whose words were
        erased: nobody knows any more.
    """
    if shown["said"] is None:
        return []
    today = day_now()
    documents = shown["said"]["documents"]
    there = {each["requirement"] for each in documents}
    rows = [_row(each["requirement"], each, required, today) for each in documents]
    rows += [_row(name, None, required, today) for name in required if name not in there]
    order = {name: place for place, name in enumerate(required)}
    return sorted(rows, key=lambda row: order.get(row["name"], len(order)))


def _row(name: str, given: Json | None, required: list[str], today: str) -> dict[str, Any]:
    state = "here"
    if given is None:
        state = "missing"
    elif given["uploaded_at"] is None:
        state = "no_file"
    elif given["expires_on"] is not None and given["expires_on"] < today:
        state = "expired"
    return {"name": name, "given": given, "required": name in required, "state": state}


def _body(form: Form, act: str) -> dict[str, Any]:
    if act == "ask":
        return {"question": form.text("question")}
    if act == "recommend":
        answer = _ANSWER.get(form.value("is_favourable"))
        return {"is_favourable": answer, "reason": form.text("reason")}
    return {"admit": _ANSWER.get(form.value("admit")), "reason": form.text("reason")}


async def _facts(page: Page) -> dict[str, Any]:
    me = await who(page)
    shown, rules, every = await asyncio.gather(
        page.client.get(f"/applications/{page.step('application_id')}"),
        page.client.get("/rules"),
        provinces_of(page),
    )
    left, officers = await asyncio.gather(
        days_left(page, [shown["due_on"]]),
        people_of(page, {each["by"] for each in shown["events"]} - {_APPLICANT}),
    )
    advice = [each for each in shown["events"] if each["step"] == "recommend"]
    is_own = bool(advice) and advice[-1]["by"] == me["id"]
    return {
        "application": shown,
        "documents": handed_in(shown, required_by(rules, shown["holder_kind"])),
        "officers": officers,
        "advice": advice[-1] if advice else None,
        "asked": next((e for e in reversed(shown["events"]) if e["step"] == "ask"), None),
        "days_left": left(shown["due_on"]),
        "reviews": "officer" in me["roles"] and shown["status"] in {"submitted", "answered"},
        "decides": "approver" in me["roles"] and shown["status"] == "recommended" and not is_own,
        "is_own": is_own,
        "provinces": every,
        "done": page.query.get("done"),
    }


def _end_of_next_year(page: Page) -> str:
    """Return the last day of the coming year, as it is written in the page's language."""
    year = clock.bangkok_date(clock.now()).year + 1
    return f"31/12/{year_of(year, page.language)}"
