"""About the register: its refusals, help, how it is, what changed, and who can use its pages."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.client import RefusedError
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways
from app.kernel import clock

ways: Final = Ways()
ROWS: Final = 50
CHANGES: Final = Path(__file__).resolve().parent / "changes.toml"


@ways.get("/problems")
async def problems(page: Page) -> Response:
    """List what the register refuses, in the order of the numbers, by words."""
    asked = page.query.get("q", "")
    found = [
        each for each in (await page.client.get("/problems"))["data"] if _has_words(each, asked)
    ]
    after = page.query.get("after", "")
    number = int(after) if after.isdecimal() and len(after) < 6 else 0  # noqa: PLR2004
    later = [each for each in found if each["number"] > number]
    return page.show(
        "checking/problems.html",
        asked=asked,
        total=len(found),
        refusals=later[:ROWS],
        next=later[ROWS - 1]["number"] if len(later) > ROWS else None,
    )


def _has_words(refusal: dict[str, Any], asked: str) -> bool:
    said = " ".join(str(value) for value in refusal.values()).casefold()
    return all(word in said for word in asked.casefold().split())


@ways.get("/problems/{code}")
async def problem(page: Page) -> Response:
    """Explain one refusal, in both languages."""
    answer = await page.client.ask("GET", f"/problems/{page.step('code')}", under="")
    return page.show("checking/problem_page.html", refusal=answer.json())


@ways.get("/help")
async def show_help(page: Page) -> Response:
    """Say how the register works, for each kind of reader."""
    return page.show("checking/help.html", contact=_contact(page))


@ways.get("/status")
async def status(page: Page) -> Response:
    """Say whether the service is well, and how far the log is published."""
    try:
        health = (await page.client.ask("GET", "/health", under="")).json()
        head = await page.client.get("/log/head")
    except RefusedError as refused:
        return page.show(
            "checking/status.html", status=refused.status, health=None, problem=refused.problem
        )
    return page.show(
        "checking/status.html",
        health=health,
        head=head,
        waiting=head["recorded_size"] - head["size"],
        now=clock.now(),
        version=page.request.app.version,
    )


@ways.get("/changes")
async def changes(page: Page) -> Response:
    """List what changed in the register, the last first."""
    return page.show("checking/changes.html", changes=changes_made())


@cache
def changes_made() -> list[dict[str, Any]]:
    """Return what changed: by day, in both languages."""
    found: list[dict[str, Any]] = tomllib.loads(CHANGES.read_text())["change"]
    return sorted(found, key=lambda each: each["on"], reverse=True)


@ways.get("/accessibility")
async def accessibility(page: Page) -> Response:
    """Say how the pages were tried, what is not known, and how to complain."""
    return page.show("checking/accessibility.html", contact=_contact(page))


def _contact(page: Page) -> str:
    """Return how TGO is reached; empty: nobody has set it."""
    return str(page.request.app.state.settings.contact)
