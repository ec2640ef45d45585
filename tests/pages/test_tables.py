"""Any list of the API as CSV, with its reader's own rights."""

import csv
import io
from typing import Any, Final
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser

from app.entry.pages.checking import flattening, tables
from app.entry.rates import EXPORTS_MAX
from tests.pages.acts import ask, status_of
from tests.pages.fetching import fetch
from tests.pages.site import Site, a_walk

LISTS: Final = (
    *("/v1/activities", "/v1/activities?status=registered", "/v1/batches", "/v1/provinces"),
    *("/v1/retirements?limit=1", "/v1/log/entries?first=100&limit=25", "/v1/freezes"),
)


def table(site: Site, call: str) -> list[list[str]]:
    """Return the lines of a list as CSV."""
    address = f"{site.address}/en/table.csv?call={quote(call)}"
    answer = fetch(address)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(answer.body.decode())))


def rows(site: Site, call: str) -> list[dict[str, Any]]:
    """Return all rows of a list, as the API gives them."""
    call += ("&" if "?" in call else "?") + "limit=200"
    found, cursor = [], None
    while True:
        page = ask(site, call + (f"&cursor={cursor}" if cursor else ""))
        found += page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


@pytest.mark.parametrize("call", LISTS)
def test_a_table_has_every_row_of_its_list(site: Site, call: str) -> None:
    header, *lines = table(site, call)
    expected = rows(site, call.replace("limit=1", "").replace("&limit=25", "").rstrip("?&"))
    assert len(lines) == len(expected)
    assert len(set(header)) == len(header)
    first = next((name for name in ("id", "code", "prefix", "log_index") if name in header), None)
    if first is not None:
        at = header.index(first)
        assert [line[at] for line in lines] == [str(row[first]) for row in expected]


@pytest.mark.parametrize("call", LISTS)
def test_a_list_is_taken_away_as_json_row_by_row(site: Site, call: str) -> None:
    expected = rows(site, call.replace("limit=1", "").replace("&limit=25", "").rstrip("?&"))
    taken = ask(site, f"/en/table.json?call={quote(call)}")
    assert taken == {"data": expected, "has_more": False}


def test_a_table_begins_at_its_first_row_wherever_its_page_stood(site: Site) -> None:
    expected = rows(site, "/v1/log/entries")
    header, *lines = table(site, "/v1/log/entries?limit=3&cursor=WzEwXQ")
    assert [line[header.index("log_index")] for line in lines] == [
        str(row["log_index"]) for row in expected
    ]


@pytest.mark.parametrize(
    "call",
    [
        *("/v1/log/head", "/v1/activities/act_x", "/v1/nothing", "/v1", "", "/health"),
        *("https://example.org/v1/activities", "//example.org/v1/activities", "/v1/tokens"),
        "/v1/log/state",
    ],
)
def test_what_is_no_list_has_no_table(site: Site, call: str) -> None:
    for form in ("csv", "json"):
        assert status_of(site, f"/en/table.{form}?call={quote(call)}") == 404


def test_a_filter_that_the_api_refuses_is_refused_on_a_page(browser: Browser, site: Site) -> None:
    with a_walk(browser, site) as walk:
        answer = walk.page.goto(
            f"{site.address}/en/table.csv?call={quote('/v1/activities?status=wrong')}"
        )
        assert answer is not None
        assert answer.status == 422
        assert walk.page.locator("h1").count() == 1


def test_a_reader_gets_what_they_may_see(browser: Browser, site: Site) -> None:
    with a_walk(browser, site) as walk:
        answer = walk.page.goto(f"{site.address}/en/table.csv?call=/v1/accounts")
        assert answer is not None
        assert answer.status == 401
        assert walk.page.locator("#password").is_visible()  # sign in first
        walk.sign_in("developer, krabi")
        walk.go("/activities")
        with walk.page.expect_download() as waiting:
            walk.page.get_by_role("link", name="CSV").first.click()
        assert waiting.value.suggested_filename == "activities.csv"
        got = walk.page.request.get(f"{site.address}/en/table.csv?call=/v1/accounts")
        header, *lines = csv.reader(io.StringIO(got.text()))
        numbers = [line[header.index("number")] for line in lines]
        assert numbers
        assert int(got.headers["ratelimit"].split("r=")[1].split(";")[0]) < EXPORTS_MAX


PERSON: Final = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "description": "Who."},
        "home": {"anyOf": [{"$ref": "#/components/schemas/Home"}, {"type": "null"}]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "is_tall": {"type": "boolean"},
    },
}
DESCRIPTION: Final = {
    "paths": {
        "/v1/people/{town}": {
            "get": {
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {
                                "schema": {
                                    "properties": {
                                        "data": {"items": PERSON},
                                        "next_cursor": {},
                                        "has_more": {},
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    },
    "components": {
        "schemas": {"Home": {"properties": {"town": {"type": "string"}, "no": {"type": "integer"}}}}
    },
}


class _Described:
    def openapi(self) -> dict[str, Any]:
        return DESCRIPTION


def test_nested_fields_get_names_with_dots() -> None:
    app: Any = _Described()
    listing = flattening.listing_at(app, "/v1/people/Krabi")
    assert listing is not None
    assert listing.header == ["name", "home.town", "home.no", "tags", "is_tall"]
    assert [column.kind for column in listing.columns] == [
        *("string", "string", "integer", "string", "boolean")
    ]
    row = {
        "name": "ก",
        "home": {"town": "Krabi", "no": 5},
        "tags": ["a", 'b"'],
        "is_tall": True,
    }
    assert listing.line(row) == ["ก", "Krabi", 5, '["a","b\\""]', "true"]
    assert listing.line({"name": "x", "home": None, "tags": [], "is_tall": False}) == [
        *("x", None, None, "[]", "false")
    ]
    assert flattening.listing_at(app, "/v1/people/a/b") is None


class _Pages:
    """A client that answers one endless list."""

    token = None

    async def get(self, _call: str, asked: dict[str, Any]) -> dict[str, Any]:
        del asked
        return {
            "data": [{"name": "=1+1"}] * tables.ROWS_PER_CALL,
            "has_more": True,
            "next_cursor": "x",
        }


class _Page:
    client = _Pages()

    def say(self, message: str) -> str:
        return message
