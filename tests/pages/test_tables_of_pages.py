"""Every page names its calls of the API; every table is taken away with its filters."""

import csv
import io
import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from typing import Final
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

import pytest

from tests.pages.names import names_in
from tests.pages.places import PLACES
from tests.pages.site import Site

ROLES: Final = tuple(dict.fromkeys(place.role for place in PLACES))
# Pages that show nothing of the register: forms for strangers, and words of ours.
WITHOUT_CALLS: Final = frozenset(
    {
        *("/sign-in", "/nothing-here", "/serials", "/serials?serial=TH-CITY-9999-2024-1-1"),
        *("/data", "/changes", "/accessibility", "/apply/back", "/help"),
        "/desk/freezes/new",
    }
)


@dataclass
class Table:
    """A table, and where it is taken away as data."""

    label: str
    csv: str = ""
    json: str = ""
    rows: int = 0  # as shown, without the head

    @property
    def is_of_a_list(self) -> bool:
        """Say whether it goes on behind what is shown: a list of the API, from its first row."""
        return urlsplit(self.csv).path.endswith("/table.csv")


@dataclass
class Shown(HTMLParser):
    """What a page shows: its tables, and which calls it names."""

    tables: list[Table] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    _part: str = ""  # class of the part that the reader of it is in
    _label: str = ""  # of the next table
    _link: str = ""  # where the last link leads
    _is_head: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag in {"p", "main", "div"}:
            self._part = said.get("class", "")
        if said.get("role") == "region" and "scroll" in said.get("class", ""):
            self._label = said["aria-label"]
        elif tag == "table":
            self.tables.append(Table(self._label))
        elif tag == "thead":
            self._is_head = True
        elif tag == "tr" and self.tables and not self._is_head:
            self.tables[-1].rows += 1
        elif tag == "a" and self._part == "as-data" and self.tables:
            self._take(said["href"])
        elif tag == "a":
            self._link = said.get("href", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "p":
            self._part = ""
        elif tag == "thead":
            self._is_head = False

    def handle_data(self, data: str) -> None:
        if data == f"GET {self._link}":
            self.calls.append(self._link)

    def _take(self, href: str) -> None:
        table = self.tables[-1]
        if not table.csv:
            table.csv = href
        else:
            table.json = href


def reader(site: Site, role: str | None) -> OpenerDirector:
    """Return what asks as a browser without scripts does, of somebody who has signed in."""
    opener = build_opener(HTTPCookieProcessor(CookieJar()))
    if role is not None:
        email, password = site.users[role]
        typed = urlencode({"email": email, "password": password}).encode()
        with opener.open(f"{site.address}/en/sign-in", typed, timeout=60) as answer:
            assert "/sign-in" not in answer.url
    return opener


def text_at(opener: OpenerDirector, address: str) -> str:
    """Read something; of a page that says why it shows nothing, that."""
    try:
        with opener.open(address, timeout=60) as answer:
            return str(answer.read().decode())
    except HTTPError as refused:
        with refused:
            return str(refused.read().decode())


def count_of(site: Site, role: str | None, href: str) -> int:
    """Count all rows of the list that a table is of, with its filters, as the API gives them."""
    asked = urlsplit(parse_qs(urlsplit(href).query)["call"][0])
    filters = {k: v for k, v in parse_qs(asked.query).items() if k not in {"limit", "cursor"}}
    query = urlencode(filters, doseq=True)
    rows, cursor = 0, ""
    while True:
        path = f"{asked.path.removeprefix('/v1')}?limit=200&{query}{cursor}"
        listed = site.read(role, path)
        rows += len(listed["data"])
        if not listed["has_more"]:
            return rows
        cursor = f"&cursor={listed['next_cursor']}"


@pytest.mark.parametrize("role", ROLES, ids=str)
def test_every_table_is_taken_away_as_it_is_shown(site: Site, role: str | None) -> None:
    names, opener = names_in(site), reader(site, role)
    seen: set[str] = set()
    wrong: list[tuple[str, str]] = []
    for place in (each for each in PLACES if each.role == role):
        shown = Shown()
        shown.feed(text_at(opener, f"{site.address}/en{place.path.format(**names)}"))
        if bool(shown.calls) is (place.path in WITHOUT_CALLS):
            wrong.append((place.path, "calls"))
        for table in shown.tables:
            if not table.csv or not table.json:
                wrong.append((place.path, table.label))
            elif table.csv not in seen:
                seen.add(table.csv)
                expected = count_of(site, role, table.csv) if table.is_of_a_list else table.rows
                rows = taken_away(site, opener, table)
                # To read what was recorded about readers is recorded itself.
                if min(rows) < expected or (table.label != "Audit" and max(rows) > expected):
                    wrong.append((place.path, table.label))
    assert not wrong


def taken_away(site: Site, opener: OpenerDirector, table: Table) -> tuple[int, int]:
    """Return how many rows a table has as CSV, and how many as JSON."""
    _, *lines = csv.reader(io.StringIO(text_at(opener, f"{site.address}{table.csv}")))
    rows = json.loads(text_at(opener, f"{site.address}{table.json}"))
    # The API answers page by page: where there is more, its first page is whole.
    return len(lines), len(lines) if rows["has_more"] else len(rows["data"])
