"""Tables that no list of the API has: taken away out of the page that shows them."""

import csv
import io
import json
from http import HTTPStatus
from urllib.parse import quote, urlencode

import pytest

from app.entry.pages.shown_tables import read_table
from tests.pages.acts import ask, status_of
from tests.pages.fetching import fetch
from tests.pages.site import Site

PAGE = """
<div class="scroll" role="region" aria-label="Other"><table><tr><td>no</td></tr></table></div>
<div class="scroll dense" role="region" aria-label="Sums"><table>
<thead><tr><th>What</th><th>When</th><th class="number">How many</th><th>Done</th></tr></thead>
<tbody>
<tr><th rowspan="2">First<br><span>of all</span></th>
    <td><time datetime="2026-11-24">24 November</time></td><td class="number">1,234,567</td>
    <td><svg><text>plot</text></svg><form><button>End</button></form></td></tr>
<tr><td>&ndash; &amp; more</td><td class="number">&minus;</td><td>1,2</td></tr>
<tr><td colspan="2">=SUM(A1)</td><td class="date number">-12</td><td>0044</td></tr>
</tbody><tfoot><tr><th>Sum</th><td></td><td class="number">12.5</td><td></td></tr></tfoot>
</table></div>
<div role="region" aria-label="Sums"><table><tr><td>a second one</td></tr></table></div>
"""


def shown(site: Site, path: str, label: str, form: str) -> bytes:
    mark = "&" if "?" in path else "?"
    said = urlencode({"table": label, "format": form}, quote_via=quote)
    return fetch(f"{site.address}{path}{mark}{said}").body


def test_a_table_is_read_line_by_line_as_it_is_shown() -> None:
    assert read_table(PAGE, "Sums") == [
        ["What", "When", "How many", "Done"],
        ["First of all", "2026-11-24", 1_234_567, ""],
        ["First of all", "– & more", "−", "1,2"],  # noqa: RUF001  as pages show nothing and minus
        ["=SUM(A1)", "", -12, "0044"],
        ["Sum", "", "12.5", ""],
    ]
    assert read_table(PAGE, "Nothing of this name") == []


@pytest.mark.parametrize("year", ["", "2026"])
@pytest.mark.parametrize("path", ["/en/provinces", "/th/provinces"])
def test_a_table_of_sums_has_the_figures_of_the_api(site: Site, path: str, year: str) -> None:
    label = "Credits by province" if path.startswith("/en") else "เครดิตรายจังหวัด"
    query = f"?year={year}" if year else ""
    rows = json.loads(shown(site, path + query, label, "json"))["data"]
    sums = ask(site, f"/v1/statistics{query}")
    *provinces, thailand = rows
    issued = list(thailand)[2]
    assert thailand[issued] == sums["totals"]["issued"]
    assert sum(row[issued] for row in provinces) == thailand[issued]
    header, *lines = csv.reader(io.StringIO(shown(site, path + query, label, "csv").decode()))
    assert [dict(zip(header, line, strict=True)) for line in lines] == [
        {name: str(value) for name, value in row.items()} for row in rows
    ]


def test_a_page_shows_where_its_table_is_taken_away_with_its_filters(site: Site) -> None:
    page = fetch(f"{site.address}/en/provinces?year=2026").body.decode()
    assert "/en/provinces?year=2026&amp;table=Credits+by+province&amp;format=csv" in page


@pytest.mark.parametrize("label", ["Nothing of this name", "", "Organisations"])
def test_a_table_that_the_page_does_not_show_is_refused(site: Site, label: str) -> None:
    assert status_of(site, f"/en/provinces?table={quote(label)}&format=csv") == HTTPStatus.NOT_FOUND


def test_a_page_is_shown_where_no_form_of_a_table_is_asked_for(site: Site) -> None:
    answer = fetch(f"{site.address}/en/provinces?table=Credits+by+province&format=xml")
    assert answer.headers["Content-Type"].startswith("text/html")


def test_nobody_takes_away_what_they_may_not_see(site: Site) -> None:
    answer = fetch(f"{site.address}/en/desk/reconciliation?table=In+total&format=csv")
    assert answer.status == HTTPStatus.UNAUTHORIZED
    assert answer.headers["Content-Type"].startswith("text/html")  # to sign in
