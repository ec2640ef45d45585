"""Monitoring reports: drafted, mended, handed in, taken back."""

import asyncio
from typing import Any, Final

from starlette.datastructures import FormData
from starlette.responses import Response

from app.entry.pages.answers import Json
from app.entry.pages.client import RefusedError
from app.entry.pages.figures import year_of
from app.entry.pages.forms import Form
from app.entry.pages.member.common import day_to_type, typed_day, typed_number, typed_year, who
from app.entry.pages.refused_forms import again, mine_to_show
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_FORM: Final = "member/report_form.html"
_SUBMIT: Final = "member/report_submit.html"
_WITHDRAW: Final = "member/report_withdraw.html"
_ROWS: Final = 200
_LINES_MAX: Final = 31  # as many years as a crediting period can touch
_NUMBERS: Final = ("baseline_tco2e", "project_tco2e", "leakage_tco2e")


@ways.get("/work/reports/new")
async def new_report(page: Page) -> Response:
    """Ask for a period and what was reduced in each of its years."""
    await who(page)
    if "activity_id" not in page.query:
        return page.go("/work")
    activity = await page.client.get(f"/activities/{page.query['activity_id']}")
    form = Form.opened({"activity_id": activity["id"], "lines.0.leakage_tco2e": "0"})
    return page.show(_FORM, form=form, report=None, lines=1, **await _evidence(page, activity))


@ways.post("/work/reports/new")
async def take_new_report(page: Page) -> Response:
    """Begin a report."""
    await who(page)
    sent = await page.form()
    form = Form.sent(sent)
    if form.value("another"):
        return await _one_more(page, sent, None)
    body = {**_read(form), "activity_id": form.value("activity_id")}
    try:
        made = await page.client.send("POST", "/monitoring-reports", body, key=form.key)
    except RefusedError as refused:
        return await _refused(page, sent, refused, None)
    return page.go(f"/work/reports/{made['id']}", done="begun")


@ways.get("/work/reports/{report_id}")
async def own_report(page: Page) -> Response:
    """Show a report, and what happened to it."""
    await who(page)
    report = await page.client.get(f"/monitoring-reports/{page.step('report_id')}")
    events, activity = await asyncio.gather(
        page.client.get(f"/monitoring-reports/{report['id']}/events", {"limit": _ROWS}),
        page.client.get(f"/activities/{report['activity_id']}"),
    )
    return page.show(
        "member/report.html",
        report=report,
        events=events["data"],
        done=page.query.get("done"),
        **await _evidence(page, activity),
    )


@ways.get("/work/reports/{report_id}/edit")
async def edit_report(page: Page) -> Response:
    """Show a draft to be changed."""
    report, activity = await _report_of(page)
    form = Form.opened(_opened(page, report))
    lines = len(report["vintages"])
    return page.show(
        _FORM, form=form, report=report, lines=lines, **await _evidence(page, activity)
    )


@ways.post("/work/reports/{report_id}/edit")
async def take_edit_report(page: Page) -> Response:
    """Save a draft."""
    await who(page)
    sent = await page.form()
    form = Form.sent(sent)
    report_id = page.step("report_id")
    if form.value("another"):
        return await _one_more(page, sent, (await _report_of(page))[0])
    try:
        await page.client.send(
            "PATCH",
            f"/monitoring-reports/{report_id}",
            _read(form),
            key=form.key,
            if_match=f'"{form.value("version")}"',
        )
    except RefusedError as refused:
        return await _refused(page, sent, refused, (await _report_of(page))[0])
    return page.go(f"/work/reports/{report_id}", done="saved")


@ways.get("/work/reports/{report_id}/submit")
async def ask_submit_report(page: Page) -> Response:
    """Show what is handed in, before it is."""
    report, activity = await _report_of(page)
    evidence = await _evidence(page, activity)
    return page.show(_SUBMIT, form=Form.opened(), report=report, **evidence)


@ways.post("/work/reports/{report_id}/submit")
async def take_submit_report(page: Page) -> Response:
    """Hand a report in."""
    await who(page)
    return await _step(page, "submission", _SUBMIT, "submitted")


@ways.get("/work/reports/{report_id}/withdraw")
async def ask_withdraw_report(page: Page) -> Response:
    """Ask why a report is taken back."""
    report, activity = await _report_of(page)
    evidence = await _evidence(page, activity)
    return page.show(_WITHDRAW, form=Form.opened(), report=report, **evidence)


@ways.post("/work/reports/{report_id}/withdraw")
async def take_withdraw_report(page: Page) -> Response:
    """Take a report back."""
    await who(page)
    return await _step(page, "withdrawal", _WITHDRAW, "withdrawn")


async def _step(page: Page, step: str, template: str, done: str) -> Response:
    report_id, sent = page.step("report_id"), await page.form()
    form = Form.sent(sent)
    try:
        await page.client.send(
            "POST",
            f"/monitoring-reports/{report_id}/{step}",
            {"reason": form.text("reason")} if step == "withdrawal" else None,
            key=form.key,
            if_match=f'"{form.value("version")}"',
        )
    except RefusedError as refused:
        report, activity = await _report_of(page)
        evidence = await _evidence(page, activity)
        return again(page, template, sent, refused, report=report, **evidence)
    return page.go(f"/work/reports/{report_id}", done=done)


async def _one_more(page: Page, sent: FormData, report: Json | None) -> Response:
    """Show the form with a line more for another year: nothing is saved yet."""
    form = Form.sent(sent)
    activity = await page.client.get(f"/activities/{form.value('activity_id')}")
    lines = min(_count(form) + 1, _LINES_MAX)
    evidence = await _evidence(page, activity)
    return page.show(_FORM, form=form, report=report, lines=lines, **evidence)


async def _refused(
    page: Page, sent: FormData, refused: RefusedError, report: Json | None
) -> Response:
    form = Form.sent(sent, mine_to_show(refused))
    activity = await page.client.get(f"/activities/{form.value('activity_id')}")
    evidence = await _evidence(page, activity)
    lines = max(_count(form), 1)
    return page.show(
        _FORM, status=refused.status, form=form, report=report, lines=lines, **evidence
    )


async def _report_of(page: Page) -> tuple[Json, Json]:
    await who(page)
    report = await page.client.get(f"/monitoring-reports/{page.step('report_id')}")
    return report, await page.client.get(f"/activities/{report['activity_id']}")


async def _evidence(page: Page, activity: Json) -> dict[str, Any]:
    asked = {"limit": _ROWS}
    documents = await page.client.get(f"/activities/{activity['id']}/documents", asked)
    return {"activity": activity, "documents": documents["data"]}


def _count(form: Form) -> int:
    """Return how many lines a form has: those that were shown, filled in or not."""
    return sum(f"lines.{place}.vintage" in form.typed for place in range(_LINES_MAX))


def _read(form: Form) -> dict[str, Any]:
    lines = [_line(form, f"lines.{place}.") for place in range(_count(form))]
    return {
        "period_start": typed_day(form, "period_start"),
        "period_end": typed_day(form, "period_end"),
        "lines": [line for line in lines if any(line.values())],
        "document_ids": form.values("document_ids"),
    }


def _line(form: Form, prefix: str) -> dict[str, Any]:
    numbers = {name: typed_number(form, prefix + name) for name in _NUMBERS}
    return {"vintage": typed_year(form, f"{prefix}vintage"), **numbers}


def _opened(page: Page, report: Json) -> dict[str, Any]:
    known = {name: report[name] for name in ("activity_id", "document_ids")}
    for name in ("period_start", "period_end"):
        known[name] = day_to_type(report[name], page.language)
    for place, line in enumerate(report["vintages"]):
        known[f"lines.{place}.vintage"] = year_of(line["vintage"], page.language)
        known |= {f"lines.{place}.{name}": line[name] for name in _NUMBERS}
    return known
