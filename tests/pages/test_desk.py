"""From a verifier's opinion to credits in the owner's account, as the people concerned do it."""

from secrets import token_hex
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, FilePayload

from tests.pages.desk_scene import OWNER, a_verification
from tests.pages.places import APPROVER, LEAD, OFFICER
from tests.pages.site import Site, Walk, a_walk

REVIEWER: Final = "verifier reviewer, verification-one"
ADMINISTRATOR: Final = "TGO administrator"
# How the browser is, the part of the year, and the net: each is a report of its own.
WAYS: Final[tuple[tuple[dict[str, Any], tuple[str, str], str], ...]] = (
    ({"language": "en", "java_script_enabled": False}, ("2026-02-01", "2026-02-28"), "40.25"),
    ({"language": "th"}, ("2026-03-01", "2026-03-31"), "51.5"),
)
SAYS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "declare": "I declare for the whole team",
        "unmodified": "Unmodified",
        "confirmed": "Confirmed (tCO2e)",
        "statement": "Statement of the verifier",
        "give": "Give the opinion",
        "own": "Somebody else of your organisation decides on it",
        "approve": "Yes: I approve it",
        "why": "Why",
        "decide": "Decide",
        "meeting": "Meeting that decided",
        "day": "Day of the decision",
        "look": "See what will happen",
        "issue": "Issue these credits",
        "issued": "The credits are issued.",
    },
    "th": {
        "declare": "ข้าพเจ้าขอรับรองแทนคณะผู้ทวนสอบทั้งหมด",
        "unmodified": "ไม่มีเงื่อนไข",
        "confirmed": "ยืนยัน (tCO2e)",
        "statement": "ถ้อยแถลงของผู้ประเมินภายนอก",
        "give": "ให้ความเห็น",
        "own": "ผู้อื่นในหน่วยงานของท่านเป็นผู้ตัดสิน",
        "approve": "ใช่ อนุมัติ",
        "why": "เหตุผล",
        "decide": "บันทึกผลการตัดสิน",
        "meeting": "การประชุมที่มีมติ",
        "day": "วันที่มีมติ",
        "look": "ดูผลก่อนทำรายการ",
        "issue": "ออกเครดิตตามนี้",
        "issued": "ออกเครดิตแล้ว",
    },
}


def balance(site: Site) -> int:
    """Return how many credits the owner's account holds."""
    return int(site.call(OWNER, "/accounts")["data"][0]["credits"])


def give_opinion(walk: Walk, verification: str, net: str) -> None:
    """Sign in as the lead, and confirm what was reported."""
    page, says = walk.page, SAYS[walk.language]
    walk.sign_in(LEAD)
    walk.go("/work/verifications")
    page.click(f"a[href$='/{verification}']")
    page.get_by_label(says["declare"]).check()
    page.get_by_label(says["unmodified"], exact=True).check()
    page.get_by_label(says["confirmed"]).fill(net)
    page.get_by_label(says["statement"]).fill("Fairly stated.")
    page.get_by_role("button", name=says["give"]).click()
    assert page.get_by_text(says["own"]).count() == 1


def review(walk: Walk, verification: str) -> None:
    """Sign in as the second person, and approve the opinion."""
    page, says = walk.page, SAYS[walk.language]
    walk.sign_in(REVIEWER)
    walk.go(f"/work/verifications/{verification}")
    page.get_by_label(says["approve"]).check()
    page.get_by_label(says["why"], exact=True).fill("Re-calculated.")
    page.get_by_role("button", name=says["decide"]).click()


def fill_decision(walk: Walk, report: str) -> None:
    """Open a verified report from the desk, and say where and when it was decided."""
    page, says = walk.page, SAYS[walk.language]
    walk.go("/desk")
    page.click(f"#to_issue a[href$='/{report}']")
    page.get_by_label(says["meeting"]).fill("อบก. 11/2569")
    page.get_by_label(says["day"]).fill("20/11/2569")


@pytest.mark.parametrize(("how", "period", "net"), WAYS, ids=("en", "th"))
def test_an_opinion_becomes_credits_of_the_owner(
    browser: Browser, site: Site, how: dict[str, Any], period: tuple[str, str], net: str
) -> None:
    verification = a_verification(site, *period, net=net)
    report = site.call(LEAD, f"/verifications/{verification}")["report_id"]
    before = balance(site)
    with a_walk(browser, site, **how) as walk:
        give_opinion(walk, verification, net)
    with a_walk(browser, site, **how) as walk:
        review(walk, verification)
        assert site.call(LEAD, f"/verifications/{verification}")["status"] == "concluded"
    with a_walk(browser, site, **how) as walk:
        page, says = walk.page, SAYS[walk.language]
        walk.sign_in(APPROVER)
        fill_decision(walk, report)
        page.get_by_role("button", name=says["look"]).click()
        assert balance(site) == before  # shown, and nothing done
        assert "TH-CITY-0001-2026-" in page.inner_text("main")
        page.get_by_role("button", name=says["issue"]).click()
        assert page.get_by_role("status").inner_text() == says["issued"]
    assert balance(site) == before + int(net.partition(".")[0])


def test_a_stale_page_keeps_what_was_typed(browser: Browser, site: Site) -> None:
    verification = a_verification(site, "2026-04-01", "2026-04-30")
    with a_walk(browser, site) as walk, a_walk(browser, site) as other:
        give_opinion(walk, verification, "120.75")
        for each in (walk, other):
            each.page.context.clear_cookies()
            each.sign_in(REVIEWER)
            each.go(f"/work/verifications/{verification}")
            each.page.get_by_label("No: it goes back to the lead").check()
            each.page.get_by_label("Why", exact=True).fill("The meter of block C is missing.")
        walk.page.get_by_role("button", name="Decide").click()
        assert "Sent back to the lead" in walk.page.inner_text("main")
        other.page.get_by_role("button", name="Decide").click()
        assert "What you typed" in other.page.inner_text("main")
        assert "The meter of block C is missing." in other.page.content()
    opinions = site.call(LEAD, f"/verifications/{verification}/opinions")["data"]
    assert [each["review"]["approved"] for each in opinions] == [False]


def test_a_long_name_of_a_file_makes_no_page_wider(browser: Browser, site: Site) -> None:
    verification = a_verification(site, "2026-08-01", "2026-08-31")
    with a_walk(browser, site, language="th") as walk:
        walk.sign_in(LEAD)
        walk.go(f"/work/verifications/{verification}")
        walk.page.set_viewport_size({"width": 320, "height": 640})
        walk.page.locator("aside a[href*='/work/evidence/']").click()
        file = FilePayload(name=f"{'meters' * 12}.csv", mimeType="text/csv", buffer=b"kWh\n1\n")
        walk.page.locator("input[type=file]").set_input_files(file)
        walk.page.locator("main button[type=submit]").click()
        walk.page.wait_for_url("**kept=**")
        assert not walk.is_too_wide()
        walk.go(f"/work/verifications/{verification}")
        assert f"{'meters' * 12}.csv" in walk.page.inner_text("main")
        assert not walk.is_too_wide()


def test_two_officers_issue_by_an_order(browser: Browser, site: Site) -> None:
    net = "33.9"
    verification = a_verification(site, "2026-05-01", "2026-05-31", net=net)
    report = site.call(LEAD, f"/verifications/{verification}")["report_id"]
    with a_walk(browser, site) as walk:
        give_opinion(walk, verification, net)
    with a_walk(browser, site) as walk:
        review(walk, verification)
    second, before = a_second_officer(site), balance(site)
    site.call(ADMINISTRATOR, "/rules", rule(site, "issuance_approval"))
    try:
        order = propose(browser, site, report)
        assert balance(site) == before
        approve(browser, site, second, order)
    finally:
        end_rule(site, second)
    assert balance(site) == before + int(net.partition(".")[0])


def propose(browser: Browser, site: Site, report: str) -> str:
    """Propose the issuance as the first of two; returns the order's identifier."""
    with a_walk(browser, site) as walk:
        walk.sign_in(APPROVER)
        fill_decision(walk, report)
        elsewhere = walk.page.get_by_label("Or the SHA-256 of a document that is kept elsewhere")
        elsewhere.fill("9f" * 32)
        walk.page.get_by_label("Why", exact=True).fill("Decided by the sub-committee.")
        walk.page.get_by_role("button", name="Propose the issuance").click()
        shown = walk.page.inner_text("main")
        assert "You proposed it: another officer approves it." in shown
        assert "33.9" in shown
        assert walk.page.get_by_role("button", name="Approve exactly this").count() == 0
        return walk.page.url.rpartition("/")[2].partition("?")[0]


def approve(browser: Browser, site: Site, second: str, order: str) -> None:
    """Read the order as the second, and approve exactly that."""
    with a_walk(browser, site, java_script_enabled=False) as walk:
        walk.sign_in(second)
        walk.go("/desk")
        walk.page.click(f"#orders a[href$='/{order}']")
        digest = site.call(OFFICER, f"/orders/{order}")["digest"]
        assert digest in walk.page.inner_text("main")
        walk.page.get_by_role("button", name="Approve exactly this").click()
        told = walk.page.get_by_role("status").inner_text()
        assert told == "The order is approved and carried out."


def a_second_officer(site: Site) -> str:
    """Let another person of TGO approve and administer; returns their name among the people."""
    authority = site.call(ADMINISTRATOR, "/users/me")["party_id"]
    email, password = f"{token_hex(8)}@tgo.example", "a long password of the test"
    person: dict[str, Any] = {"party_id": authority, "email": email, "display_name": "สอง"}
    person |= {"roles": ["approver", "administrator"], "password": password}
    site.call(ADMINISTRATOR, "/users", person)
    site.users["second officer"] = (email, password)
    return "second officer"


def rule(site: Site, acts: str) -> dict[str, Any]:
    """Return the rule that has acts take two people from today on."""
    today = site.call(ADMINISTRATOR, "/rules")["rules_on"]
    value = {"key": "two_person_acts", "value": acts, "valid_from": today}
    return {**value, "source": "A test", "is_default": False}


def end_rule(site: Site, second: str) -> None:
    """Have no act take two people any more, which takes two itself."""
    ground = {"reason": "The test is over.", "document_sha256": "9f" * 32}
    order = site.call(ADMINISTRATOR, "/orders", {"rule": rule(site, "none"), **ground})
    site.call(second, f"/orders/{order['id']}/approval", {"digest": order["digest"]})
