"""Anyone checks: serials, retirements, cancellations and transfers."""

from typing import Final

import pytest
from playwright.sync_api import Browser

from app.entry.pages.words import word
from tests.pages.acts import a_cancellation, ask, log_index_of, token_of
from tests.pages.site import Site, a_walk

BATCH: Final = "TH-CITY-0001-2024-1"
RANGE: Final = f"{BATCH}-1-471"
THAI: Final = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")
SCRIPTS: Final = pytest.mark.parametrize("scripts", [True, False], ids=["script", "no-script"])


@SCRIPTS
def test_a_range_is_split_where_its_serials_are_elsewhere(
    browser: Browser, site: Site, *, scripts: bool
) -> None:
    with a_walk(browser, site, java_script_enabled=scripts) as walk:
        walk.go("/serials")
        walk.page.get_by_label("Serial or range").fill(RANGE)
        walk.page.get_by_role("button", name="Check", exact=True).click()
        shown = ask(site, f"/v1/serials?serial={RANGE}")
        assert len(shown["runs"]) > 2
        for run in shown["runs"]:
            part = walk.page.get_by_role("region", name=run["serials"], exact=True)
            assert part.locator(".govuk-tag").first.inner_text() == word(
                "serial_state", run["state"], "en"
            )
            assert part.locator(".history > li").count() == len(run["history"])
        retired = next(run for run in shown["runs"] if run["state"] == "retired")
        index = retired["history"][0]["log_index"]
        ending = ask(site, f"/v1/retirements/{index}")
        part = walk.page.get_by_role("region", name=retired["serials"], exact=True)
        assert ending["beneficiary"] in part.inner_text()
        part.get_by_role("link", name=f"Number {index}").click()
        assert walk.page.url == f"{site.address}/en/retirements/{index}"


@pytest.mark.parametrize(
    "typed",
    [
        RANGE.translate(THAI),
        RANGE.replace("-", " - "),
        RANGE.replace("-", " "),
        f"  {RANGE.lower()}  ",
    ],
)
def test_a_serial_is_read_as_it_was_copied(browser: Browser, site: Site, typed: str) -> None:
    with a_walk(browser, site, language="th") as walk:
        walk.go("/serials")
        walk.page.get_by_label("ซีเรียลหรือช่วงซีเรียล").fill(typed)
        walk.page.get_by_role("button", name="ตรวจสอบ", exact=True).click()
        assert RANGE in walk.page.get_by_role("heading", level=1).inner_text()


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("TH-CITY-0001-2024-1-999", "No credit with this serial exists in this registry."),
        ("TH-CITY-0001-2024-1-470-472", "No credit with this serial exists in this registry."),
        ("anything", "This is not the text of a serial number."),
    ],
)
def test_what_does_not_exist_is_said_to(
    browser: Browser, site: Site, asked: str, says: str
) -> None:
    with a_walk(browser, site) as walk:
        answer = walk.page.goto(f"{site.address}/en/serials?serial={asked}")
        assert answer is not None
        assert answer.status == 404
        assert says in walk.page.get_by_role("alert").inner_text()
        assert ("Report it to TGO" in walk.page.inner_text("main")) is ("exists" in says)


def test_a_retirement_shows_what_its_certificate_says(browser: Browser, site: Site) -> None:
    named = (each for each in ask(site, "/v1/retirements")["data"] if each["beneficiary"])
    index = next(named)["id"]
    certificate = ask(site, f"/v1/retirements/{index}/certificate")
    for language, year in (("en", "2569"), ("th", "2026")):
        with a_walk(browser, site, language=language) as walk:
            walk.go("/retirements")
            walk.page.get_by_role("link", name=str(index), exact=True).click()
            text = walk.page.inner_text("main")
            assert certificate["beneficiary"] in text
            for line in certificate["lines"]:
                assert line["serials"] in text
                assert line["verification_code"] in text
                batch = ask(site, f"/v1/batches/{line['batch']}")
                assert batch[f"project_name_{language}"] in text
            assert year in text  # the other era
            proof = walk.page.locator(f"a[href='/{language}/log/{index}']")
            assert proof.count() == 1


@pytest.mark.parametrize(("language", "label"), [("en", "Recorded in the year"), ("th", "บันทึกในปี")])
def test_retirements_are_listed_by_year_in_either_era(
    browser: Browser, site: Site, language: str, label: str
) -> None:
    newest = ask(site, "/v1/retirements")["data"][0]
    year = int(newest["recorded_at"][:4])
    with a_walk(browser, site, language=language) as walk:
        for typed, is_there in ((year, True), (year + 543, True), (year - 1, False)):
            walk.go("/retirements")
            walk.page.get_by_label(label).fill(str(typed))
            walk.page.locator("main form button").click()
            link = walk.page.get_by_role("link", name=str(newest["id"]), exact=True)
            assert (link.count() == 1) is is_there
        answer = walk.page.goto(f"{site.address}/{language}/retirements?year=last")
        assert answer is not None
        assert answer.status == 422


def test_a_name_that_is_not_public_is_shown_to_its_owner(browser: Browser, site: Site) -> None:
    token = token_of(site, "developer, khonkaen")
    accounts = ask(site, "/v1/accounts", token=token)["data"]
    body = {
        "from_account": next(each["number"] for each in accounts if each["kind"] == "holding"),
        "credits": 1,
        "purpose": "individual",
        "beneficiary": "Somchai Tested",
        "beneficiary_kind": "person",
    }
    index = ask(site, "/v1/retirements", body, token=token)["id"]
    with a_walk(browser, site) as walk:
        walk.go(f"/retirements/{index}")
        assert "Not public" in walk.page.inner_text("main")
        assert "Somchai" not in walk.page.content()
        walk.sign_in("developer, khonkaen")
        walk.go(f"/retirements/{index}")
        assert "Somchai Tested" in walk.page.inner_text("main")


def test_what_was_cancelled_and_what_was_transferred_have_pages(
    browser: Browser, site: Site
) -> None:
    cancelled = a_cancellation(site)
    with a_walk(browser, site, java_script_enabled=False) as walk:
        walk.go("/cancellations")
        walk.page.get_by_role("link", name=str(cancelled["id"]), exact=True).click()
        assert "1 credit cancelled" in walk.page.get_by_role("heading", level=1).inner_text()
        index = log_index_of(site, "credits.transferred")
        walk.go(f"/transfers/{index}")
        act = ask(site, f"/v1/log/entries/{index}")["act"]["data"]
        text = walk.page.inner_text("main")
        assert f"{act['credits']:,}" in text
        assert act["to"] in text


def test_an_act_that_is_no_transfer_leads_to_its_own_page(browser: Browser, site: Site) -> None:
    retired = ask(site, "/v1/retirements")["data"][0]["id"]
    with a_walk(browser, site) as walk:
        walk.go(f"/transfers/{retired}")
        assert walk.page.url.endswith(f"/en/retirements/{retired}")
        answer = walk.page.goto(f"{site.address}/en/transfers/999999")
        assert answer is not None
        assert answer.status == 404
