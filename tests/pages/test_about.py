"""What the register says of itself: open data, refusals, help, how it is, what changed."""

import hashlib
import json
import time
from typing import Any, Final

import pytest
from playwright.sync_api import Browser

from app.entry.pages.checking.about import changes_made
from tests.pages.acts import ask, status_of
from tests.pages.fetching import fetch
from tests.pages.site import Site, a_walk

FORMATS: Final = ("csv", "json", "parquet", "xlsx")


def fetched(site: Site, name: str) -> tuple[bytes, Any]:
    answer = fetch(f"{site.address}/en/data/{name}")
    assert answer.status == 200
    return answer.body, answer.headers


@pytest.fixture(scope="module")
def made(site: Site) -> None:
    """The open data, made."""
    for _ in range(300):
        if (status := status_of(site, "/en/data/ledger-entries.csv")) == 200:
            return
        assert status == 404  # it is being made
        time.sleep(0.2)
    pytest.fail("the open data is not made")


@pytest.mark.usefixtures("made")
def test_every_file_is_the_one_whose_digest_the_page_shows(browser: Browser, site: Site) -> None:
    with a_walk(browser, site, java_script_enabled=False) as walk:
        walk.go("/data")
        text = walk.page.inner_text("main")
        assert "the licence is for TGO to set" in text
        for table in ("activities", "batches", "retirements", "cancellations", "ledger-entries"):
            for suffix in FORMATS:
                content, headers = fetched(site, f"{table}.{suffix}")
                digest = hashlib.sha256(content).hexdigest()
                assert digest in text
                assert headers["ETag"] == f'"{digest}"'
                assert f'filename="{table}.{suffix}"' in headers["Content-Disposition"]


@pytest.mark.usefixtures("made")
def test_who_has_a_file_is_not_sent_it_again(site: Site) -> None:
    _, headers = fetched(site, "batches.csv")
    has_it = {"If-None-Match": headers["ETag"]}
    assert status_of(site, "/en/data/batches.csv", **has_it) == 304


@pytest.mark.usefixtures("made")
def test_open_data_has_what_everybody_may_see(site: Site) -> None:
    rows = json.loads(fetched(site, "retirements.json")[0])
    shown = {each["id"]: each for each in ask(site, "/v1/retirements?limit=200")["data"]}
    assert rows
    for row in rows:
        assert row["beneficiary"] == shown[row["id"]]["beneficiary"]
        assert not row.keys() & {"salt", "dry_run"}
    schema = json.loads(fetched(site, "schema.json")[0])
    named = {t["name"]: [c["name"] for c in t["columns"]] for t in schema["tables"]}
    assert named["retirements"] == list(rows[0])
    assert all(c["description"] for t in schema["tables"] for c in t["columns"])


@pytest.mark.parametrize("name", ["nothing.csv", "manifest.json", "lock", "..%2Ftoken-key.pem"])
def test_nothing_else_of_the_folder_is_given_out(site: Site, name: str) -> None:
    assert status_of(site, f"/en/data/{name}") == 404


def test_a_refusal_is_found_by_its_words_and_explained(browser: Browser, site: Site) -> None:
    with a_walk(browser, site, java_script_enabled=False) as walk:
        walk.go("/problems")
        assert walk.page.locator("tbody tr").count() == 50
        walk.page.get_by_role("link", name="Next rows").click()
        assert walk.page.get_by_role("link", name="From the start").is_visible()
        walk.page.get_by_label("Words or code").fill("serial exists")
        walk.page.get_by_role("button", name="Show").click()
        row = walk.page.get_by_role("row").filter(has_text="serials_not_found")
        row.get_by_role("link", name="No credit with this serial exists").click()
        text = walk.page.inner_text("main")
        assert "No credit with this serial exists in this registry." in text
        assert "ไม่มีเครดิตหมายเลขซีเรียลนี้ในทะเบียน" in text
        walk.go("/problems?q=qqqqq")
        assert "No refusal has these words." in walk.page.inner_text("main")
        answer = walk.page.goto(f"{site.address}/en/problems/none_such")
        assert answer is not None
        assert answer.status == 404


def test_the_state_of_the_service_is_what_the_log_says(browser: Browser, site: Site) -> None:
    size = ask(site, "/v1/log/head")["recorded_size"]
    with a_walk(browser, site) as walk:
        walk.go("/status")
        text = walk.page.inner_text("main")
        assert "The service is well" in text
        assert f"{size:,}" in text


def test_help_leads_to_the_verifier(browser: Browser, site: Site) -> None:
    with a_walk(browser, site) as walk:
        walk.go(f"/log/{ask(site, '/v1/retirements')['data'][0]['id']}")
        walk.page.get_by_role("link", name="How to get it").click()
        assert walk.page.url.endswith("/en/help#verify")
        assert walk.page.locator("#verify").is_visible()
        assert f"./scripts/registry verify {site.address}" in walk.page.inner_text("main")


def test_nobody_is_named_who_was_not_set(browser: Browser, site: Site) -> None:
    with a_walk(browser, site) as walk:
        for path in ("/accessibility", "/help"):
            walk.go(path)
            assert "Ask TGO: whoever runs this register" in walk.page.inner_text("main")


def test_changes_are_said_in_both_languages_and_the_last_comes_first() -> None:
    changes = changes_made()
    assert [each["on"] for each in changes] == sorted((e["on"] for e in changes), reverse=True)
    for change in changes:
        assert change.keys() == {"on", "en", "th"}
        assert change["en"]
        assert change["th"]
