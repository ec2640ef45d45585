"""Freezes, reversals, cases, rules and holidays, as officers of TGO go about them."""

from typing import Any, Final

import pytest
from playwright.sync_api import Browser

from app.entry.pages.words import translations, word
from tests.pages.desk_scene import (
    GROUND,
    NEIGHBOUR,
    OWNER,
    a_case,
    a_transfer,
    an_issuance,
    holding_of,
)
from tests.pages.places import ADMINISTRATOR, APPROVER, OFFICER
from tests.pages.site import Site, Walk, a_walk

WAYS: Final[tuple[dict[str, Any], ...]] = (
    {"language": "en", "java_script_enabled": False},
    {"language": "th"},
)
IDS: Final = ("en", "th")


def say(walk: Walk, message: str, **facts: object) -> str:
    """Return a message of the pages in the language of who walks."""
    said = translations(walk.language).ugettext(message)
    return said % facts if facts else said


def fill(walk: Walk, label: str, text: str) -> None:
    """Type something into the field of a label."""
    walk.page.get_by_label(say(walk, label), exact=True).fill(text)


def press(walk: Walk, button: str) -> None:
    """Press a button."""
    walk.page.get_by_role("button", name=say(walk, button), exact=True).click()


def fill_ground(walk: Walk) -> None:
    """Say why, and on which document it rests."""
    fill(walk, "Why", GROUND["reason"])
    fill(walk, "Or the SHA-256 of a document that is kept elsewhere", GROUND["document_sha256"])


def order_of(walk: Walk) -> str:
    """Return the order that a form has led to, which its proposer cannot approve."""
    assert say(walk, "You proposed it: another officer approves it.") in main(walk)
    assert walk.page.get_by_role("button", name=say(walk, "Approve exactly this")).count() == 0
    return walk.page.url.rpartition("/")[2].partition("?")[0]


def main(walk: Walk) -> str:
    """Return what a person reads on a page."""
    return walk.page.inner_text("main")


def approve(browser: Browser, site: Site, role: str, order: str, how: dict[str, Any]) -> None:
    """Read an order on the desk as another, and approve exactly that."""
    with a_walk(browser, site, **how) as walk:
        walk.sign_in(role)
        walk.go("/desk")
        walk.page.click(f"#orders a[href$='/{order}']")
        assert site.call(OFFICER, f"/orders/{order}")["digest"] in main(walk)
        press(walk, "Approve exactly this")
        told = word("desk_done", "order_approved", walk.language)  # type: ignore[arg-type]
        assert walk.page.get_by_role("status").inner_text() == told


@pytest.mark.parametrize("how", WAYS, ids=IDS)
def test_two_officers_freeze_an_account_and_release_it(
    browser: Browser, site: Site, how: dict[str, Any]
) -> None:
    number = holding_of(site, OWNER)["number"]
    with a_walk(browser, site, **how) as walk:
        walk.sign_in(OFFICER)
        walk.go("/desk")
        walk.page.get_by_role("link", name=say(walk, "Safeguards"), exact=True).click()
        walk.page.get_by_role("button", name=say(walk, "Propose a freeze")).click()
        fill(walk, "Account", number)
        fill_ground(walk)
        press(walk, "Propose the freeze")
        order = order_of(walk)
    assert holding_of(site, OWNER)["frozen"] is False  # proposed only
    approve(browser, site, APPROVER, order, how)
    refuse_transfer(browser, site, number, how)
    with a_walk(browser, site, **how) as walk:
        walk.sign_in(OFFICER)
        walk.go(f"/desk/freezes?account={number}")
        assert GROUND["reason"] in main(walk)
        officer, approver = (site.call(each, "/users/me") for each in (OFFICER, APPROVER))
        assert officer["display_name"] in main(walk)
        assert approver["display_name"] in main(walk)
        walk.page.get_by_role("link", name=say(walk, "Propose its release")).click()
        fill_ground(walk)
        press(walk, "Propose the release")
        order = order_of(walk)
    approve(browser, site, APPROVER, order, how)
    assert holding_of(site, OWNER)["frozen"] is False


def refuse_transfer(browser: Browser, site: Site, number: str, how: dict[str, Any]) -> None:
    """Try to transfer out of an account that is frozen."""
    to = holding_of(site, NEIGHBOUR)["number"]
    with a_walk(browser, site, **how) as walk:
        walk.sign_in(OWNER)
        walk.go("/work/transfers/new")
        walk.page.select_option("#from_account", number)
        walk.page.fill("#credits", "1")
        walk.page.fill("#to_account", to)
        press(walk, "See what will happen")
        assert number in walk.page.locator(".govuk-error-summary").inner_text()
        assert walk.page.input_value("#to_account") == to


def test_a_refused_freeze_keeps_what_was_typed(browser: Browser, site: Site) -> None:
    with a_walk(browser, site, java_script_enabled=False) as walk:
        walk.sign_in(OFFICER)
        walk.go("/desk/freezes/new")
        fill(walk, "Account", "TH-001001-06")
        fill(walk, "Why", "Court order 9")
        press(walk, "Propose the freeze")
        assert walk.page.locator(".govuk-error-summary").count() == 1
        assert walk.page.input_value("#account") == "TH-001001-06"
        assert walk.page.input_value("#reason") == "Court order 9"


def test_an_order_names_a_document_that_was_added_first(browser: Browser, site: Site) -> None:
    with a_walk(browser, site) as walk:
        walk.sign_in(OFFICER)
        walk.go("/desk/freezes/new")
        walk.page.get_by_role("link", name="Add the document to the register first").click()
        pdf = {"name": "order.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 order"}
        walk.page.set_input_files("#file", pdf)  # type: ignore[arg-type]
        press(walk, "Upload")
        walk.page.wait_for_url("**/desk/freezes/new?*")
        kept = walk.page.input_value("#document_id")
        assert site.call(OFFICER, f"/documents/{kept}")["file_name"] == "order.pdf"


def a_second_administrator(site: Site) -> str:
    """Let another person of TGO administer; returns their name among the people."""
    name = "second administrator"
    if name not in site.users:
        authority = site.call(ADMINISTRATOR, "/users/me")["party_id"]
        email, password = "second.administrator@tgo.example", "a long password of the test"
        person: dict[str, Any] = {"party_id": authority, "email": email, "display_name": "สอง"}
        person |= {"roles": ["administrator"], "password": password}
        site.call(ADMINISTRATOR, "/users", person)
        site.users[name] = (email, password)
    return name


@pytest.mark.parametrize(
    ("how", "typed", "day", "value"),
    [
        (WAYS[0], "1/6/2030", "2030-06-01", "20"),
        (WAYS[1], "๑/๖/๒๕๗๔", "2031-06-01", "25"),
    ],
    ids=IDS,
)
def test_two_administrators_set_a_rule_from_a_later_day(
    browser: Browser, site: Site, how: dict[str, Any], typed: str, day: str, value: str
) -> None:
    second = a_second_administrator(site)
    with a_walk(browser, site, **how) as walk:
        walk.sign_in(ADMINISTRATOR)
        walk.go("/desk/rules?programme=CITY")
        name = word("rule_key", "completeness_days", walk.language)  # type: ignore[arg-type]
        walk.page.locator("table").last.wait_for()
        walk.page.get_by_role("link", name=name, exact=True).last.click()
        fill(walk, "New value", value)
        fill(walk, "First day (today or later)", typed)
        fill(walk, "Where the value is stated: announcement, number, date", "TGO 12/2573")
        fill_ground(walk)
        press(walk, "Set or propose the value")
        order = order_of(walk)
    assert rule_on(site, day) != value
    approve(browser, site, second, order, how)
    assert rule_on(site, day) == value
    assert rule_on(site, "2028-01-01") == "15"
    with a_walk(browser, site, **how) as walk:
        walk.sign_in(OFFICER)
        walk.go("/desk/rules?programme=CITY")
        to_come = walk.page.get_by_role("region", name=say(walk, "Values to come")).inner_text()
        assert "TGO 12/2573" in to_come
        assert value in to_come


def rule_on(site: Site, day: str) -> str:
    """Return how long completeness of files of the pilot is checked, by the rules of a day."""
    rules = site.call(OFFICER, f"/programmes/CITY?on={day}")["rules"]
    return next(str(each["value"]) for each in rules if each["key"] == "completeness_days")


def test_a_rule_is_set_alone_and_a_wrong_value_keeps_the_form(browser: Browser, site: Site) -> None:
    with a_walk(browser, site, java_script_enabled=False) as walk:
        walk.sign_in(ADMINISTRATOR)
        walk.go("/desk/rules/order_hours")
        fill(walk, "New value", "many")
        fill(walk, "First day (today or later)", "1/1/2150")
        fill(walk, "Where the value is stated: announcement, number, date", "A test")
        walk.page.get_by_label("By me alone, at once").check()
        press(walk, "Set or propose the value")
        assert "a whole number" in walk.page.locator(".govuk-error-summary").inner_text()
        assert walk.page.get_by_label("New value", exact=True).input_value() == "many"
        fill(walk, "New value", "60")
        press(walk, "Set or propose the value")
        assert walk.page.get_by_role("status").inner_text() == "The value is recorded."
        assert "60 hours" in main(walk)


@pytest.mark.parametrize("how", WAYS, ids=IDS)
def test_two_officers_take_an_error_back_and_both_acts_are_linked(
    browser: Browser, site: Site, how: dict[str, Any]
) -> None:
    before = holding_of(site, OWNER)["credits"]
    act = a_transfer(site, 2)
    with a_walk(browser, site, **how) as walk:
        walk.sign_in(OFFICER)
        walk.go("/desk/reversals")
        fill(walk, "Number of the transfer in the log", str(act))
        press(walk, "Find the transfer")
        rule = ("By the rule: %(days)s day.", "By the rule: %(days)s days.")
        said = translations(walk.language).ungettext(*rule, 7)
        assert said % {"days": 7} in main(walk)
        assert holding_of(site, NEIGHBOUR)["number"] in main(walk)
        fill_ground(walk)
        press(walk, "Propose to take it back")
        order = order_of(walk)
    approve(browser, site, APPROVER, order, how)
    assert holding_of(site, OWNER)["credits"] == before
    done = site.call(OFFICER, f"/orders/{order}")["done_by_act"]
    with a_walk(browser, site, **how) as walk:
        walk.go(f"/transfers/{act}")  # everybody sees it
        assert walk.page.locator(f"main a[href$='/log/{done}']").count() >= 1
        walk.sign_in(OFFICER)
        walk.go("/desk/reversals")
        row = walk.page.get_by_role("row").filter(has=walk.page.locator(f"a[href$='/log/{done}']"))
        assert row.locator(f"a[href$='/transfers/{act}']").count() == 1


def test_what_is_no_transfer_is_not_taken_back(browser: Browser, site: Site) -> None:
    with a_walk(browser, site, java_script_enabled=False) as walk:
        walk.sign_in(OFFICER)
        walk.go("/desk/reversals/0")
        fill_ground(walk)
        press(walk, "Propose to take it back")
        refused = walk.page.locator(".govuk-error-summary").inner_text()
        assert "Only a transfer" in refused
        assert walk.page.input_value("#reason") == GROUND["reason"]


@pytest.mark.parametrize("how", WAYS, ids=IDS)
def test_a_case_is_opened_by_two_and_made_good_by_a_deduction(
    browser: Browser, site: Site, how: dict[str, Any]
) -> None:
    issuance = an_issuance(site)
    batch = next(line["serial_prefix"] for line in reversed(issuance["lines"]))
    with a_walk(browser, site, **how) as walk:
        walk.sign_in(OFFICER)
        walk.go("/desk/cases")
        walk.page.get_by_role("button", name=say(walk, "Propose to open a case")).click()
        fill(walk, "Find the issuance by a batch of it", batch)
        press(walk, "Find")
        walk.page.check(f"input[value='{issuance['id']}']")
        walk.page.check("input[value=over_issuance]")
        fill(walk, "How many credits are owed", "3")
        fill_ground(walk)
        press(walk, "Propose the case")
        order = order_of(walk)
    approve(browser, site, APPROVER, order, how)
    deduct(browser, site, order, batch, how)
    step = site.call(OFFICER, f"/cases/{order}/steps")["data"][0]
    with a_walk(browser, site, **how) as walk:  # everybody
        walk.go(f"/cases/{order}")
        assert word("case_state", "closed", walk.language) in main(walk)  # type: ignore[arg-type]
        walk.page.click(f"main a[href$='/cancellations/{step['id']}']")
        assert batch in main(walk)


def deduct(browser: Browser, site: Site, order: str, batch: str, how: dict[str, Any]) -> None:
    """Give credits of a batch for a case, first too many."""
    with a_walk(browser, site, **how) as walk:
        walk.sign_in(OWNER)
        walk.go(f"/cases/{order}")
        assert GROUND["reason"] not in main(walk)  # TGO's alone
        walk.page.get_by_role("button", name=say(walk, "Give credits for it")).click()
        walk.page.check("input[value=deduction]")
        walk.page.fill("#credits", "5")
        walk.page.locator("summary").first.click()
        walk.page.fill("#batch", batch)
        press(walk, "Cancel these credits for the case")
        assert walk.page.locator(".govuk-error-summary").count() == 1  # more than is owed
        assert walk.page.input_value("#batch") == batch
        walk.page.fill("#credits", "3")
        press(walk, "Cancel these credits for the case")
        assert walk.page.get_by_role("status").count() == 1, main(walk)


@pytest.mark.parametrize("how", WAYS, ids=IDS)
def test_two_officers_make_a_loss_good_from_the_buffer(
    browser: Browser, site: Site, how: dict[str, Any]
) -> None:
    case = a_case(site, "reversal", 2)
    with a_walk(browser, site, **how) as walk:
        walk.sign_in(OFFICER)
        walk.go(f"/cases/{case}")
        assert GROUND["reason"] in main(walk)
        assert how.get("java_script_enabled") is False or not walk.barriers()
        walk.page.get_by_role("button", name=say(walk, "Take credits from the buffer")).click()
        fill(walk, "How many credits", "1")
        fill_ground(walk)
        press(walk, "Propose to take them")
        order = order_of(walk)
    assert site.call(OFFICER, f"/cases/{case}")["owed"] == 2
    approve(browser, site, APPROVER, order, how)
    with a_walk(browser, site, **how) as walk:
        walk.sign_in(OFFICER)
        walk.go(f"/cases/{case}")
        assert word("case_step", "buffer", walk.language) in main(walk)  # type: ignore[arg-type]
        assert walk.page.locator(f"main a[href$='/desk/orders/{order}']").count() == 1
    assert site.call(OFFICER, f"/cases/{case}")["owed"] == 1


@pytest.mark.parametrize("how", WAYS, ids=IDS)
def test_an_approver_releases_credits_of_the_buffer(
    browser: Browser, site: Site, how: dict[str, Any]
) -> None:
    to = holding_of(site, NEIGHBOUR)
    with a_walk(browser, site, **how) as walk:
        walk.sign_in(APPROVER)
        walk.go("/desk/buffer")
        walk.page.get_by_role("link", name=say(walk, "Release credits")).first.click()
        fill(walk, "How many credits", "1")
        fill(walk, "To the account", to["number"])
        fill(walk, "Decision of TGO: meeting and date", "อบก. 11/2569")
        press(walk, "See what will happen")
        assert holding_of(site, NEIGHBOUR)["credits"] == to["credits"]  # shown, and nothing done
        press(walk, "Release these credits")
        assert "/transfers/" in walk.page.url
    assert holding_of(site, NEIGHBOUR)["credits"] == to["credits"] + 1


@pytest.mark.parametrize(
    ("how", "year", "typed"), [(WAYS[0], 2028, "2028"), (WAYS[1], 2030, "๒๕๗๓")], ids=IDS
)
def test_a_year_of_holidays_is_entered_once_its_days_were_seen(
    browser: Browser, site: Site, how: dict[str, Any], year: int, typed: str
) -> None:
    first = f"1/1/{year + 543} | วันขึ้นปีใหม่ | New Year's Day"
    second = f"{year}-04-13\tวันสงกรานต์\tSongkran Festival\tCabinet resolution of 1 May 2571 BE"
    with a_walk(browser, site, **how) as walk:
        walk.sign_in(ADMINISTRATOR)
        walk.go("/desk/calendar")
        walk.page.fill("#year", typed)
        press(walk, "Enter its holidays")
        assert f"/desk/calendar/{year}" in walk.page.url
        walk.page.fill("#holidays", f"{first}\n{second}\n{year + 1}-01-01 | ก | A | B")
        walk.page.fill("#source", "Cabinet resolution of 24 December 2570 BE")
        press(walk, "See which days change")
        press(walk, "Enter these holidays")
        assert walk.page.locator(".govuk-error-summary").count() == 1  # a day of another year
        assert first in walk.page.input_value("#holidays")
        walk.page.fill("#holidays", f"{first}\n{second}")
        press(walk, "See which days change")
        press(walk, "Enter these holidays")
        assert walk.page.get_by_role("status").count() == 1
    entered = site.call(OFFICER, f"/calendar/{year}")
    assert [each["day"] for each in entered["holidays"]] == [f"{year}-01-01", f"{year}-04-13"]
    assert entered["holidays"][0]["source"] == "Cabinet resolution of 24 December 2570 BE"
    assert entered["holidays"][1]["source"] == "Cabinet resolution of 1 May 2571 BE"


def test_a_line_that_is_no_holiday_is_refused_by_its_number(browser: Browser, site: Site) -> None:
    with a_walk(browser, site, java_script_enabled=False) as walk:
        walk.sign_in(ADMINISTRATOR)
        walk.go("/desk/calendar/2031")
        walk.page.fill("#holidays", "1/1/2031 | ก | A | B\nNew Year's Eve")
        press(walk, "See which days change")
        refused = walk.page.locator(".govuk-error-summary").inner_text()
        assert "Line 2, Day: " in refused
        assert "New Year's Eve" in walk.page.input_value("#holidays")
