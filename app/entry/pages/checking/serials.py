"""Check a serial: whether it exists, where it is, and how it came there."""

import asyncio
import re
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.client import RefusedError
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
# Of so many acts that ended credits a page says for whom; the others it leads to.
ENDINGS_SHOWN_MAX: Final = 24
_ASKED_AT_ONCE: Final = 4
_UNKNOWN: Final = "serials_not_found"
_NO_SERIAL: Final = frozenset({"serial_text_invalid", "malformed"})
_AROUND_DASHES: Final = re.compile(r"\s*[-\u2010-\u2014\u2212]\s*")
_BLANKS: Final = re.compile(r"\s+")
_ADDRESSES: Final = {"retired": "/retirements", "cancelled": "/cancellations"}


@ways.get("/serials", remembered=True)
async def serials(page: Page) -> Response:
    """Look a serial or a range up, and show it run by run."""
    asked = page.query.get("serial", "")
    if not asked:
        return page.show("checking/serials.html", asked="", found=None, wrong=None, endings={})
    try:
        found = await _look_up(page, asked)
    except RefusedError as refused:
        if refused.code != _UNKNOWN and refused.code not in _NO_SERIAL:
            raise
        return page.show(
            "checking/serials.html",
            status=404,
            asked=asked,
            found=None,
            wrong=refused.problem,
            is_unknown=refused.code == _UNKNOWN,
            endings={},
        )
    head = await page.client.get("/log/head")
    return page.show(
        "checking/serials.html",
        asked=asked,
        found=found,
        head=head,
        totals=_totals(found["runs"]),
        endings=await _endings(page, found["runs"]),
        wrong=None,
    )


def as_copied(asked: str) -> list[str]:
    """
    Return in which ways a serial may have been meant, likeliest first.

    Prefixes of credits that were taken over may hold blanks and small letters: so it is looked up
    as it was typed first, then without blanks, then with dashes in their place.
    """
    tidy = _AROUND_DASHES.sub("-", asked).upper()
    meant = [asked, tidy, _BLANKS.sub("", tidy), _BLANKS.sub("-", tidy)]
    return list(dict.fromkeys(meant))


async def _look_up(page: Page, asked: str) -> Any:  # noqa: ANN401  of JSON
    """
    Return what the API says of the first reading that exists.

    Raises:
        RefusedError: none does; it says so of the text as it was typed, or of a better one.
    """
    first: RefusedError | None = None
    for text in as_copied(asked):
        calls = len(page.client.calls)
        try:
            return await page.client.get("/serials", {"serial": text})
        except RefusedError as refused:
            if refused.code != _UNKNOWN and refused.code not in _NO_SERIAL:
                raise
            del page.client.calls[calls:]
            # "It was never issued" says more than "this is no serial".
            if first is None or (first.code in _NO_SERIAL and refused.code == _UNKNOWN):
                first = refused
    assert first is not None
    raise first


def _totals(runs: list[dict[str, Any]]) -> dict[str, int]:
    """Return how many credits are in which state, in the order of the runs."""
    totals: dict[str, int] = {}
    for run in runs:
        totals[run["state"]] = totals.get(run["state"], 0) + run["credits"]
    return totals


async def _endings(page: Page, runs: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Return the acts that ended credits of these runs, by log index, as their reader sees them."""
    wanted = {
        run["history"][0]["log_index"]: _ADDRESSES[run["state"]]
        for run in runs
        if run["state"] in _ADDRESSES
    }
    named = list(wanted.items())[:ENDINGS_SHOWN_MAX]
    endings: dict[int, dict[str, Any]] = {}
    for at in range(0, len(named), _ASKED_AT_ONCE):
        some = named[at : at + _ASKED_AT_ONCE]
        found = await asyncio.gather(*(page.client.find(f"{path}/{index}") for index, path in some))
        endings |= {
            index: {**each, "path": path}
            for (index, path), each in zip(some, found, strict=True)
            if each is not None
        }
    return endings
