"""The register as everybody sees it: found in two actions, and with the sums of the ledger."""

import re
from decimal import Decimal
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Locator

from tests.pages.fetching import send_json
from tests.pages.site import Site, Walk, a_walk

SEARCH: Final = "Activity, serial, municipality, account or certificate number"
BOTH: Final = pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])


def read(site: Site, path: str) -> Any:  # noqa: ANN401  of the API
    return send_json(f"{site.address}/v1{path}")


def figures_of(rows: Locator, column: int) -> list[int]:
    """Return the figures in a column of a table's rows."""
    texts = [row.locator("th, td").nth(column).inner_text() for row in rows.all()]
    return [int(text.replace(",", "")) for text in texts]


def search(walk: Walk, words: str) -> None:
    walk.go("/")
    walk.page.get_by_label(SEARCH).fill(words)
    walk.page.get_by_role("button", name="Search").click()


@pytest.mark.parametrize(("language", "year"), [("en", 0), ("th", 543)])
def test_home_shows_the_totals_of_the_ledger_and_their_log_size(
    browser: Browser, site: Site, language: str, year: int
) -> None:
    statistics = read(site, "/statistics")
    with a_walk(browser, site, language=language) as walk:
        walk.go("/")
        shown = walk.page.locator(".totals dd").all_inner_texts()
        names = ("issued", "held", "retired", "cancelled", "buffered")
        totals = statistics["totals"]
        # What others have sent and nobody has taken yet stands there only while there is some.
        on_the_way = [totals["in_transit"]] if totals["in_transit"] else []
        assert shown == [f"{sum_:,}" for sum_ in [*map(totals.get, names), *on_the_way]]
        assert f"{statistics['log_size']:,}" in walk.page.locator("main").inner_text()
        walk.page.locator("details").first.locator("summary").click()
        rows = walk.page.locator("details").first.locator("tbody tr")
        years = [str(row["year"] + year) for row in statistics["by_year"]]
        assert [row.locator("th").inner_text() for row in rows.all()] == years
        assert figures_of(rows, 1) == [row["issued"] for row in statistics["by_year"]]


@BOTH
def test_what_is_one_thing_is_found_at_once(browser: Browser, site: Site, *, script: bool) -> None:
    retirement = read(site, "/retirements")["data"][0]
    activity = read(site, "/activities?q=CITY-0001")["data"][0]
    serials = retirement["moved"][0]["serials"]
    thai = str(retirement["id"]).translate(str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙"))
    leads = {
        serials: r"/en/serials\?serial=",
        f"{retirement['id']}": rf"/en/retirements/{retirement['id']}$",
        thai: rf"/en/retirements/{retirement['id']}$",
        "CITY-0001": rf"/en/activities/{activity['id']}$",
    }
    with a_walk(browser, site, java_script_enabled=script) as walk:
        for words, where in leads.items():
            search(walk, words)
            assert re.search(where, walk.page.url), words


def test_a_municipality_is_found_by_its_name(browser: Browser, site: Site) -> None:
    parties = list(read(site, "/parties?limit=200")["data"])
    city = next(each for each in parties if each["kind"] == "municipality")
    with a_walk(browser, site) as walk:
        search(walk, city["name_th"])
        if "/search" in walk.page.url:
            walk.page.get_by_role("link", name=city["name_en"], exact=True).first.click()
        assert walk.page.get_by_role("heading", level=1).inner_text() == city["name_en"]


def test_what_is_not_there_or_not_public_is_said_so(browser: Browser, site: Site) -> None:
    account = read(site, "/activities?q=CITY-0001")["data"][0]["credit_account_number"]
    with a_walk(browser, site) as walk:
        search(walk, "TH-NONE-0001-2024-1-1")
        assert "report it to TGO" in walk.page.locator(".notice").inner_text()
        search(walk, account)
        assert "only its holder and TGO see" in walk.page.locator(".notice").inner_text()
        search(walk, "x" * 300)
        assert "Nothing in the register" in walk.page.locator(".notice").inner_text()
        search(walk, "")
        assert walk.page.url.endswith("/en/activities")


@BOTH
def test_filters_stay_in_the_address_and_the_map_is_one(
    browser: Browser, site: Site, *, script: bool
) -> None:
    wanted = read(site, "/activities?province_code=40&programme_code=CITY")["data"]
    with a_walk(browser, site, java_script_enabled=script) as walk:
        walk.go("/activities")
        walk.page.get_by_label("Programme").select_option("CITY")
        walk.page.get_by_role("button", name="Show").click()
        assert "programme_code=CITY" in walk.page.url
        place = walk.page.locator(".map svg a[aria-label^='Khon Kaen:']")
        count = read(site, "/statistics")["activities_by_province"][0]
        assert place.get_attribute("aria-label") == f"Khon Kaen: {count['activities']} activities"
        walk.page.goto(site.address + str(place.get_attribute("href")))
        assert "programme_code=CITY" in walk.page.url
        assert walk.page.get_by_label("Province", exact=True).input_value() == "40"
        codes = walk.page.locator(".scroll").first.locator("tbody td:nth-child(2)")
        assert codes.all_inner_texts() == [each["code"] for each in wanted]


def test_no_state_of_an_activity_is_without_date_and_actor(browser: Browser, site: Site) -> None:
    activity = read(site, "/activities?q=CITY-0001")["data"][0]
    events = read(site, f"/activities/{activity['id']}/events")["data"]
    begun = [each for each in events if each["from_status"] != each["to_status"]]
    with a_walk(browser, site) as walk:
        walk.go(f"/activities/{activity['id']}")
        states = walk.page.locator("aside .history li:not(.next)")
        assert states.count() == len(begun)
        for state in states.all():
            assert state.locator("time").count() >= 1
            assert state.locator("a[href^='/en/parties/']").count() == 1
        assert walk.page.locator("aside .history li.next").count() == 1
        text = walk.page.locator("main").inner_text()
        assert activity["methodology_code"] in text
        assert f"version {activity['methodology_version']}" in text
        assert walk.page.locator("text=None recorded").count() > 0
        for document in read(site, f"/activities/{activity['id']}/documents")["data"]:
            assert document["sha256"] in text


def test_monitored_stands_against_estimated(browser: Browser, site: Site) -> None:
    activity = read(site, "/activities?q=CITY-0001")["data"][0]
    reports = read(site, f"/monitoring-reports?activity_id={activity['id']}")["data"]
    monitored: dict[str, Decimal] = {}
    for line in (line for report in reports for line in report["vintages"]):
        year = str(line["vintage"])
        monitored[year] = monitored.get(year, Decimal(0)) + Decimal(line["monitored_tco2e"])
    with a_walk(browser, site) as walk:
        walk.go(f"/activities/{activity['id']}")
        table = walk.page.get_by_role("region", name="Monitored against estimated")
        shown = [
            row.all_inner_texts()
            for row in (r.locator("th, td") for r in table.locator("tbody tr").all())
        ]
        assert {row[0]: Decimal(row[2]) for row in shown} == monitored
        assert {row[1] for row in shown} == {activity["estimate_tco2e"]}
        assert walk.page.locator("svg.plot-columns rect").count() == 2 * len(monitored)


def test_the_provinces_add_up_to_the_country(browser: Browser, site: Site) -> None:
    totals = read(site, "/statistics")["totals"]
    with a_walk(browser, site) as walk:
        walk.go("/provinces")
        table = walk.page.get_by_role("region", name="Credits by province")
        for column, name in enumerate(("issued", "held", "retired", "cancelled", "buffered"), 2):
            summed = sum(figures_of(table.locator("tbody tr"), column))
            assert summed == figures_of(table.locator("tfoot tr"), column)[0] == totals[name]
        assert walk.page.locator(".map svg a").count() == 77


def test_a_year_is_chosen_in_the_era_of_the_language(browser: Browser, site: Site) -> None:
    year = read(site, "/statistics")["by_year"][-1]
    with a_walk(browser, site, language="th") as walk:
        walk.go("/provinces")
        walk.page.get_by_label("ปีปฏิทิน (พ.ศ.)").select_option(str(year["year"] + 543))
        walk.page.get_by_role("button", name="แสดง").click()
        assert f"year={year['year']}" in walk.page.url
        foot = walk.page.locator("tfoot tr")
        assert figures_of(foot, 2) == [year["issued"]]
        walk.go("/credits")
        walk.page.get_by_label("ปีที่ลดก๊าซ (พ.ศ.)").fill("๒๕๖๗")
        walk.page.get_by_role("button", name="แสดง").click()
        rows = walk.page.get_by_role("region", name="ชุดเครดิต").locator("tbody tr")
        assert rows.count() == len(read(site, "/batches?vintage=2024")["data"]) > 0


def test_a_batch_says_where_each_of_its_credits_is(browser: Browser, site: Site) -> None:
    prefix = read(site, "/retirements")["data"][0]["moved"][0]["batch"]
    batch = read(site, f"/batches/{prefix}")
    with a_walk(browser, site) as walk:
        walk.go("/credits")
        walk.page.get_by_role("link", name=prefix).click()
        rows = walk.page.get_by_role("region", name="Where each serial is").locator("tbody tr")
        assert sum(figures_of(rows, 1)) == batch["credits"]
        retired = rows.filter(has_text="Retired")
        assert sum(figures_of(retired, 1)) == batch["retired"]
        assert retired.first.locator("a[href^='/en/retirements/']").count() == 1
        assert walk.page.locator("svg.plot-flow").count() == 1


def test_a_programme_shows_its_rules_with_their_dates(browser: Browser, site: Site) -> None:
    programme = read(site, "/programmes/CITY")
    with a_walk(browser, site) as walk:
        walk.go("/programmes")
        walk.page.get_by_role("link", name=programme["name_en"]).click()
        rows = walk.page.get_by_role("region", name="Rules in force").locator("tbody tr")
        assert rows.count() == len(programme["rules"])
        assert all(row.locator("td time").count() >= 1 for row in rows.all())


@pytest.mark.parametrize(("language", "other"), [("en", "th"), ("th", "en")])
def test_a_batch_names_its_activity_in_the_reader_s_language(
    browser: Browser, site: Site, language: str, other: str
) -> None:
    batch = read(site, "/batches?programme=CITY&limit=1")["data"][0]
    named, not_named = (batch[f"project_name_{each}"] for each in (language, other))
    assert named != not_named
    with a_walk(browser, site, language=language) as walk:
        for path in (f"/credits/{batch['prefix']}", f"/serials?serial={batch['prefix']}-1"):
            walk.go(path)
            text = walk.page.inner_text("main")
            assert named in text
            assert not_named not in text
        walk.go(f"/credits?project={batch['project']}")
        assert walk.page.get_by_role("link", name=named).count()


@BOTH
def test_a_programme_is_asked_for_its_rules_of_another_day(
    browser: Browser, site: Site, *, script: bool
) -> None:
    """In either era; what is no day is said beside the field, with the rules of today."""
    with a_walk(browser, site, java_script_enabled=script) as walk:
        for typed, shown, status in (
            ("2/1/2568", "2 January 2025", 200),
            ("2025-01-02", "2 January 2025", 200),
            ("32/1/2568", "", 422),
        ):
            walk.go("/programmes/CITY")
            walk.page.get_by_label("Rules of another day").fill(typed)
            with walk.page.expect_navigation() as going:
                walk.page.get_by_role("button", name="Show").click()
            assert going.value is not None
            assert going.value.status == status
            assert walk.page.get_by_label("Rules of another day").input_value() == typed
            headings = walk.page.get_by_role("heading", name="Rules in force on")
            assert shown in headings.inner_text()
            assert walk.page.locator("#on-error").count() == (status == 422)
