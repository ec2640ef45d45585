"""The calendar of working days: the public holidays of each year, entered once a year."""

from datetime import date
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.answers import Json
from app.entry.pages.client import RefusedError
from app.entry.pages.desk.common import ROWS
from app.entry.pages.forms import Form
from app.entry.pages.member.common import typed_day, typed_year, who
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_PAGE: Final = "desk/holidays.html"
_REVIEW: Final = "desk/holidays_review.html"
_LINES: Final = "holidays"  # the field: a day a line
_COLUMNS: Final = ("day", "name_th", "name_en", "source")


@ways.get("/desk/calendar")
async def calendar(page: Page) -> Response:
    """List the years whose holidays are known; lead on to one, of either era."""
    me = await who(page)
    if page.query.get("year"):
        wanted = typed_year(Form.opened(dict(page.query)), "year")
        return page.go(f"/desk/calendar/{wanted}")
    listed = await page.client.get("/calendar", {"limit": ROWS})
    sets = "administrator" in me["roles"]
    return page.show("desk/calendar.html", listed=listed, sets=sets)


@ways.get("/desk/calendar/{year}")
async def holidays(page: Page) -> Response:
    """Show the holidays of a year, and take them anew."""
    facts = await _facts(page)
    days = facts["days"]
    known = {_LINES: _typed_of(days), "note": facts["note"], "version": facts["version"]}
    return page.show(_PAGE, form=Form.opened(known), **facts)


@ways.post("/desk/calendar/{year}")
async def take_holidays(page: Page) -> Response:
    """Show which days come and go; once that was seen, enter them in place of what was there."""
    sent, facts = await page.form(), await _facts(page)
    form = Form.sent(sent)
    step = form.value("step")
    if step == "change":
        return page.show(_PAGE, form=form, **facts)
    days = _days_of(form)
    # A day that cannot be read is left to the API, which refuses it by its line.
    if step != "make" and all(_is_day(each["day"]) for each in days):
        kept = [(name, form.value(name)) for name in form.typed if name != "step"]
        changes = _changes(facts["days"], days)
        return page.show(_REVIEW, **{**facts, "days": days}, kept=kept, changes=changes)
    year = facts["year"]
    try:
        await page.client.send(
            "PUT",
            f"/calendar/{year}",
            {"holidays": days, "note": form.text("note")},
            key=form.key,
            if_match=f'"{form.value("version")}"',
        )
    except RefusedError as refused:
        return again(page, _PAGE, sent, _by_line(page, refused), **facts)
    return page.go(f"/desk/calendar/{year}", done="year_set")


def _days_of(form: Form) -> list[dict[str, str]]:
    """Return the days that were typed or pasted, a line each: day, names, perhaps the source."""
    lines = [line for line in form.value(_LINES).splitlines() if line.strip()]
    return [_day_of(line, form.text("source") or "") for line in lines]


def _day_of(line: str, source: str) -> dict[str, str]:
    parts = [part.strip() for part in line.replace("\t", "|").split("|")]
    said = dict(zip(_COLUMNS, [*parts, "", "", ""], strict=False))
    day = typed_day(Form.opened({"day": said["day"]}), "day")
    return {**said, "day": day or "", "source": said["source"] or source}


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _typed_of(days: list[Json]) -> str:
    """Return days as they are typed: with their sources, which can differ."""
    return "\n".join(" | ".join(str(day[name]) for name in _COLUMNS) for day in days)


def _changes(before: list[Json], after: list[dict[str, str]]) -> dict[str, list[str]]:
    """Return which days come and which go."""
    had, has = ({each["day"] for each in days} for days in (before, after))
    return {"come": sorted(has - had), "go": sorted(had - has)}


def _by_line(page: Page, refused: RefusedError) -> RefusedError:
    """Return a refusal whose pointers to days name the field with all of them, and the line."""
    for each in refused.problem.get("errors") or ():
        steps = each["pointer"].strip("/").split("/")
        if steps[:2] == ["body", _LINES] and steps[2:3] and steps[2].isdecimal():
            columns = dict(zip(_COLUMNS, _column_names(page), strict=True))
            column = columns.get(steps[-1], "")
            line = f"{page.say('Line')} {int(steps[2]) + 1}" + (column and f", {column}")
            each["pointer"] = f"/body/{_LINES}"
            each["message"] = f"{line}: {each['message']}"
    return refused


def _column_names(page: Page) -> tuple[str, ...]:
    say = page.say
    return say("Day"), say("Name in Thai"), say("Name in English"), say("Stated in")


async def _facts(page: Page) -> dict[str, Any]:
    me, year = await who(page), page.step("year")
    found = await page.client.find(f"/calendar/{year}")
    return {
        "year": int(year) if year.isdecimal() else year,
        "known": found,
        "days": [] if found is None else found["holidays"],
        "note": None if found is None else found["note"],
        "version": 0 if found is None else found["version"],
        "sets": "administrator" in me["roles"],
        "done": page.query.get("done"),
    }
