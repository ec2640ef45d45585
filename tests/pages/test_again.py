"""Twice, backwards, in two tabs, after a session: nothing is done twice, nothing typed lost."""

import secrets
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, FilePayload

from tests.pages.acting import account_of, fill, leads_on, press, say, sees
from tests.pages.fetching import fetch
from tests.pages.journeys import BUYER, CITY, begin_activity
from tests.pages.site import Site, Walk, a_walk

LANGUAGES: Final = ("th", "en")
NO_SCRIPT: Final[dict[str, Any]] = {"java_script_enabled": False}


def to_review(walk: Walk, credits_asked: str) -> None:
    """Go as far as the page that says what will happen."""
    walk.go("/work/transfers/new")
    fill(walk, "How many credits", credits_asked)
    fill(walk, "To the account", account_of(walk.site, BUYER)["number"])
    press(walk, "See what will happen")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scripts", [True, False])
def test_a_double_click_transfers_once(
    browser: Browser, site: Site, language: str, *, scripts: bool
) -> None:
    with a_walk(browser, site, language=language, java_script_enabled=scripts) as walk:
        walk.sign_in(CITY)
        held = account_of(site, CITY)["credits"]
        to_review(walk, "3")
        walk.page.get_by_role("button", name=say(walk, "Transfer now"), exact=True).dblclick()
        walk.page.wait_for_url("**done=transferred")
        assert account_of(site, CITY)["credits"] == held - 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_back_and_send_again_transfers_once(browser: Browser, site: Site, language: str) -> None:
    with a_walk(browser, site, language=language, **NO_SCRIPT) as walk:
        walk.sign_in(CITY)
        held = account_of(site, CITY)["credits"]
        to_review(walk, "2")
        sent = [
            (each.get_attribute("name"), each.get_attribute("value"))
            for each in walk.page.locator("main form input").all()
        ]
        form: dict[str, str | float | bool] = {str(name): str(value) for name, value in sent}
        form["step"] = "make"
        press(walk, "Transfer now")
        here = f"{site.address}/{language}/work/transfers/new"
        origin = {"Origin": site.address, "Sec-Fetch-Site": "same-origin"}
        # What the back button and a press on what it shows would send: the very same.
        again = walk.context.request.post(here, form=form, headers=origin)
        assert "done=transferred" in again.url
        assert account_of(site, CITY)["credits"] == held - 2
        # Another amount under the form's key is no retry: it is refused, and shown to be mended.
        changed = walk.context.request.post(here, form=form | {"credits": "5"}, headers=origin)
        assert changed.status in {409, 422}
        assert 'value="5"' in changed.text()
        assert account_of(site, CITY)["credits"] == held - 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_review_that_is_reloaded_moves_nothing(
    browser: Browser, site: Site, language: str
) -> None:
    with a_walk(browser, site, language=language) as walk:
        walk.sign_in(CITY)
        held = account_of(site, CITY)["credits"]
        to_review(walk, "2")
        walk.page.reload()
        walk.page.reload()
        assert account_of(site, CITY)["credits"] == held
        press(walk, "Transfer now")
        walk.page.wait_for_url("**done=transferred")
        assert account_of(site, CITY)["credits"] == held - 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_two_tabs_the_later_one_is_told_and_keeps_what_was_typed(
    browser: Browser, site: Site, language: str
) -> None:
    with a_walk(browser, site, language=language) as walk:
        walk.sign_in(CITY)
        activity_id = begin_activity(walk, f"Tabs {secrets.token_hex(4)}")
        part = f"{site.address}/{language}/work/activities/{activity_id}/edit/basics"
        first, second = walk.page, walk.context.new_page()
        first.goto(part)
        second.goto(part)
        for page, text in ((first, "Said first."), (second, "Said second.")):
            page.locator("#description").fill(text)
            with page.expect_navigation():
                page.get_by_role("button", name=say(walk, "Save the draft"), exact=True).click()
        assert second.locator(".govuk-error-summary").is_visible()
        assert second.locator("#description").input_value() == "Said second."
        path = f"/activities/{activity_id}"
        assert site.call(CITY, path)["description"] == "Said first."
        # They have seen it: pressed once more, theirs counts.
        second.get_by_role("button", name=say(walk, "Save the draft"), exact=True).click()
        second.wait_for_url("**done=saved")
        assert site.call(CITY, path)["description"] == "Said second."


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scripts", [True, False])
def test_a_session_that_ends_in_the_middle_loses_nothing_that_was_typed(
    browser: Browser, site: Site, language: str, *, scripts: bool
) -> None:
    name = f"Kept {secrets.token_hex(4)}"
    with a_walk(browser, site, language=language, java_script_enabled=scripts) as walk:
        walk.sign_in(CITY)
        activity_id = begin_activity(walk, name)
        walk.go(f"/work/activities/{activity_id}/edit/basics")
        walk.page.locator("#description").fill("Typed before the session ended.")
        walk.context.clear_cookies()
        press(walk, "Save the draft")
        assert walk.page.locator("#password").is_visible()
        email, password = site.users[CITY]
        walk.page.fill("#email", email)
        walk.page.fill("#password", password)
        leads_on(walk, walk.page.locator("main button[type=submit]"))
        assert sees(walk.page, "Typed before the session ended.")
        path = f"/activities/{activity_id}"
        assert site.call(CITY, path)["description"] == "Panels on roofs."  # by nobody's hand yet
        press(walk, "Send it now")
        assert site.call(CITY, path)["description"] == "Typed before the session ended."


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_form_of_a_site_that_is_sent_twice_adds_one(
    browser: Browser, site: Site, language: str
) -> None:
    with a_walk(browser, site, language=language, **NO_SCRIPT) as walk:
        walk.sign_in(CITY)
        activity_id = begin_activity(walk, f"Sites {secrets.token_hex(4)}")
        walk.go(f"/work/activities/{activity_id}/sites/new")
        fill(walk, "Name of the place", "School two")
        walk.page.get_by_label(say(walk, "Province"), exact=True).select_option("40")
        fill(walk, "Degrees north", "16.45")
        fill(walk, "Degrees east", "102.84")
        fill(walk, "Size", "0.1")
        walk.page.get_by_role("button", name=say(walk, "Save the draft"), exact=True).dblclick()
        walk.page.wait_for_url("**done=saved")
        sites = site.call(CITY, f"/activities/{activity_id}")["sites"]
        assert [each["name"] for each in sites] == ["School one", "School two"]
        taken = f"{say(walk, 'Take away')} School one"
        leads_on(walk, walk.page.get_by_role("button", name=taken))
        sites = site.call(CITY, f"/activities/{activity_id}")["sites"]
        assert [each["name"] for each in sites] == ["School two"]


def test_a_file_of_nobody_is_not_taken_in(site: Site) -> None:
    address = f"{site.address}/en/work/activities/act_01kb5w6yk2e0hr9h5y0s8v2a3b/documents"
    answer = fetch(
        address,
        b"--x\r\nContent-Disposition: form-data; name=purpose\r\n\r\ndesign\r\n--x--\r\n",
        {"Content-Type": "multipart/form-data; boundary=x", "Sec-Fetch-Site": "same-origin"},
    )
    assert answer.status == 303


def test_a_file_that_is_none_of_the_kinds_is_refused_beside_the_form(
    browser: Browser, site: Site
) -> None:
    for scripts in (True, False):
        with a_walk(browser, site, language="en", java_script_enabled=scripts) as walk:
            walk.sign_in(CITY)
            activity_id = begin_activity(walk, f"Files {secrets.token_hex(4)}")
            walk.go(f"/work/activities/{activity_id}/documents")
            walk.page.locator("#purpose").select_option("calculation")
            walk.page.get_by_role("button", name="Upload").click()  # none was chosen
            walk.page.locator(".govuk-error-summary").wait_for()
            assert walk.page.locator("#purpose").input_value() == "calculation"
            assert not site.call(CITY, f"/activities/{activity_id}/documents")["data"]


def test_a_large_file_goes_through_whole(browser: Browser, site: Site) -> None:
    large = b"%PDF-1.7\n" + b"x" * 6_000_000 + b"\n%%EOF\n"
    with a_walk(browser, site, language="en") as walk:
        walk.sign_in(CITY)
        activity_id = begin_activity(walk, f"Large {secrets.token_hex(4)}")
        walk.go(f"/work/activities/{activity_id}/documents")
        file = FilePayload(name='แผน "ใหญ่".pdf', mimeType="application/pdf", buffer=large)
        walk.page.locator("#file").set_input_files(file)
        press(walk, "Upload")
        walk.page.wait_for_url("**kept=**")
        kept = site.call(CITY, f"/activities/{activity_id}/documents")["data"]
        assert [each["bytes"] for each in kept] == [len(large)]
        assert kept[0]["file_name"].endswith(".pdf")
        assert "ใหญ่" in kept[0]["file_name"]
