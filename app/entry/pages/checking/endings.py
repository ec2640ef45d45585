"""Retirements, cancellations and transfers: each has a page, to which a certificate leads."""

import asyncio
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.client import RefusedError
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways
from app.kernel.clock import BUDDHIST_YEARS

ways: Final = Ways()
ROWS: Final = 25
# Of so many batches of a retirement a page asks what they are called in the reader's language.
_BATCHES_MAX: Final = 24
_ASKED_AT_ONCE: Final = 4
_FILTERS: Final = ("account", "year", "cursor")
# A year beyond this is one of the Buddhist era: nobody means the year 2569 of the common one.
_COMMON_ERA_MAX: Final = 2400
# Acts that a page of transfers shows; the others have pages of their own, or their entry's.
MOVEMENTS: Final = frozenset(
    {
        *("credits.transferred", "credits.sent", "credits.delivered", "credits.returned"),
        *("credits.reversed", "buffer.released"),
    }
)


@ways.get("/retirements")
async def retirements(page: Page) -> Response:
    """List retirements, newest first."""
    return await _list(page, "retirements")


@ways.get("/cancellations")
async def cancellations(page: Page) -> Response:
    """List cancellations, newest first."""
    return await _list(page, "cancellations")


async def _list(page: Page, what: str) -> Response:
    asked = {name: page.query.get(name) for name in _FILTERS}
    wanted = {name: asked[name] for name in ("account", "cursor")}
    listed = await page.client.get(f"/{what}", {**wanted, **_within(asked["year"]), "limit": ROWS})
    return page.show(f"checking/{what}.html", listed=listed, asked=asked)


def _within(year: str | None) -> dict[str, str]:
    """Return a year of Thailand, typed in either era, as moments; what is none goes as it is."""
    if year is None:
        return {}
    if not year.isdecimal() or len(year) != 4:  # noqa: PLR2004  digits of a year
        return {"recorded_from": year}  # for the API to refuse
    era = BUDDHIST_YEARS if int(year) > _COMMON_ERA_MAX else 0
    first = int(year) - era
    begins = [f"{each:04}-01-01T00:00:00+07:00" for each in (first, first + 1)]
    return {"recorded_from": begins[0], "recorded_before": begins[1]}


@ways.get("/retirements/{log_index}")
async def retirement(page: Page) -> Response:
    """Show what was retired, by the lines of its certificate."""
    log_index = page.step("log_index")
    shown, certificate = await asyncio.gather(
        page.client.get(f"/retirements/{log_index}"),
        page.client.get(f"/retirements/{log_index}/certificate"),
    )
    return page.show(
        "checking/retirement.html",
        ending=shown,
        certificate=certificate,
        batches=await _batches(page, certificate["lines"]),
        file_digest=await _digest_of_file(page, log_index),
        taken_back=await taken_back(page, shown),
    )


@ways.get("/cancellations/{log_index}")
async def cancellation(page: Page) -> Response:
    """Show what was cancelled."""
    shown = await page.client.get(f"/cancellations/{page.step('log_index')}")
    back = await taken_back(page, shown)
    return page.show("checking/cancellation.html", ending=shown, taken_back=back)


@ways.get("/transfers/{log_index}")
async def transfer(page: Page) -> Response:
    """Show what was transferred: to everybody, as the public log has it."""
    log_index = page.step("log_index")
    entry = await page.client.get(f"/log/entries/{log_index}")
    if entry["kind"] == "credits.retired":
        return page.go(f"/retirements/{log_index}")
    if entry["kind"] not in MOVEMENTS:
        return page.go(f"/log/{log_index}")
    moves = moves_of(entry["act"]["data"])
    first = {"id": entry["log_index"], "moved": moves}
    return page.show(
        "checking/transfer.html",
        entry=entry,
        moves=moves,
        taken_back=await taken_back(page, first),
    )


def moves_of(said: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the runs of serials that an act says it moved."""
    return [
        {
            "serials": f"{each['batch']}-{each['first']}-{each['last']}",
            "batch": each["batch"],
            "first": each["first"],
            "credits": each["last"] - each["first"] + 1,
        }
        for each in said["moves"]
    ]


async def taken_back(page: Page, act: dict[str, Any]) -> int | None:
    """Return the act that took this one back; None: it holds. An error goes back whole."""
    first = act["moved"][0]
    serial = f"{first['batch']}-{first['first']}"
    found = await page.client.get("/serials", {"serial": serial})
    steps = [step for run in found["runs"] for step in run["history"]]
    return next((s["reversed_by"] for s in steps if s["log_index"] == act["id"]), None)


async def _batches(page: Page, lines: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return batches by prefix, for the names of their activities; a certificate has one name."""
    prefixes = list(dict.fromkeys(line["batch"] for line in lines))[:_BATCHES_MAX]
    found: list[dict[str, Any]] = []
    for at in range(0, len(prefixes), _ASKED_AT_ONCE):
        some = prefixes[at : at + _ASKED_AT_ONCE]
        found += await asyncio.gather(*(page.client.get(f"/batches/{each}") for each in some))
    return {each["prefix"]: each for each in found}


async def _digest_of_file(page: Page, log_index: str) -> str | None:
    """Return the certificate's SHA-256; empty: it cannot be had now; None: there is no file."""
    try:
        answer = await page.client.ask("GET", f"/retirements/{log_index}/certificate.pdf")
    except RefusedError as refused:
        page.client.calls.pop()
        return None if refused.status == 404 else ""  # noqa: PLR2004  as HTTP says
    return answer.headers.get("etag", "").strip('W/"')
