"""Lists that are longer than what one may take away: cut off, and said to be."""

import json
import re
from typing import Any, Final, cast

import pytest

from app.entry.pages.checking import tables
from app.entry.pages.checking.flattening import Column, Listing
from app.entry.pages.render import Page

LISTING: Final = Listing(
    "/v1/things", re.compile("/v1/things"), (Column(("number",), "integer", "Which."),)
)


class _Client:
    def __init__(self, rows: int, per_call: int) -> None:
        self.rows, self.per_call = rows, per_call

    async def get(self, path: str, params: dict[str, Any]) -> dict[str, Any]:
        assert path == "/things"
        assert params["kind"] == ["some"]
        first = int(params.get("cursor", 0))
        end = min(first + self.per_call, self.rows)
        return {
            "data": [{"number": number} for number in range(first, end)],
            "next_cursor": str(end),
            "has_more": end < self.rows,
        }


class _Page:
    def __init__(self, client: _Client) -> None:
        self.client = client

    def say(self, message: str) -> str:
        return message


async def taken(rows: int, *, per_call: int = 2) -> tuple[list[str], dict[str, Any]]:
    """Return a list as the lines of a table, and as JSON."""
    client = _Client(rows, per_call)
    page = cast("Page", _Page(client))
    filters = {"kind": ["some"]}
    asked = tables._Asked(LISTING, "/things", filters, await client.get("/things", dict(filters)))
    lines = "".join([piece async for piece in tables._as_csv(page, asked)])
    text = "".join([piece async for piece in tables._as_json(page, asked)])
    return lines.splitlines(), json.loads(text)


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 6])
async def test_a_list_is_whole_up_to_its_end(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(tables, "ROWS_MAX", 6)
    lines, shown = await taken(rows)
    assert lines == ["number", *(str(number) for number in range(rows))]
    assert shown == {"data": [{"number": number} for number in range(rows)], "has_more": False}


async def test_a_list_that_is_too_long_says_that_there_is_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tables, "ROWS_MAX", 4)
    lines, shown = await taken(5)
    assert lines[:-1] == ["number", "0", "1", "2", "3"]
    assert lines[-1].startswith("# Cut off here")
    assert shown == {"data": [{"number": number} for number in range(4)], "has_more": True}
