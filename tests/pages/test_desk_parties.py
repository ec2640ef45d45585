"""Applications, organisations, people and verifiers at TGO's desk, as officers see to them."""

import secrets
from typing import Any, Final

import pytest
from playwright.sync_api import Browser

from app.entry.pages.words import word
from tests.pages.acting import account_of, choose, fill, follow, leads_on, press, say, sees
from tests.pages.desk_scene import an_application
from tests.pages.fetching import RefusedError
from tests.pages.journeys import BUYER
from tests.pages.places import ADMINISTRATOR, APPROVER, LEAD, OFFICER
from tests.pages.site import Site, Walk, a_walk
from tests.pages.test_apply import DRAFT_BUTTON, begin, hand_in
from tests.pages.test_desk import a_second_officer, end_rule, rule

SECOND: Final = "second officer"
OTHER_VERIFIER: Final = "verifier lead, verification-two"
WAYS: Final = [("th", True), ("en", False)]
DIGEST: Final = "9f" * 32
SCOPES: Final = iter(range(7, 17))  # that the demo's second verifier does not have


@pytest.fixture(params=WAYS, ids=lambda how: f"{how[0]}, {'' if how[1] else 'no '}script")
def how(request: pytest.FixtureRequest) -> dict[str, Any]:
    """How a browser is: its language, and whether scripts run."""
    language, scripts = request.param
    return {"language": language, "java_script_enabled": scripts}


def told(walk: Walk, done: str) -> bool:
    """Say whether the page tells what was done just now."""
    return walk.page.get_by_role("status").inner_text() == value(walk, "party_done", done)


def value(walk: Walk, kind: str, named: str) -> str:
    """Return what a value is called, as the reader sees it."""
    return word(kind, named, "th" if walk.language == "th" else "en")


def refusal_of(site: Site, role: str, path: str, body: dict[str, Any]) -> str:
    """Return the code with which the API refuses something."""
    with pytest.raises(RefusedError) as refused:
        site.call(role, path, body)
    return refused.value.code


def check(walk: Walk, label: str) -> None:
    """Choose one of several, by its words."""
    walk.page.get_by_label(say(walk, label), exact=True).check()


def open_from_queue(walk: Walk, number: str) -> None:
    """Find an application among those that wait, and open it."""
    walk.go("/desk")
    follow(walk, "Applications")
    leads_on(walk, walk.page.locator(f"table a[href$='/{number}']"))


def ask(walk: Walk, number: str, question: str) -> None:
    """Ask the applicant something, after a first try that says nothing."""
    walk.sign_in(OFFICER)
    open_from_queue(walk, number)
    press(walk, "Ask")
    assert walk.page.locator(".govuk-error-summary").is_visible()
    fill(walk, "What is missing or unclear", question)
    press(walk, "Ask")
    assert told(walk, "application_ask")
    assert sees(walk.page, say(walk, "Stopped: the applicant owes an answer"))


def answer(walk: Walk, question: str, words: str) -> None:
    """Read as the applicant what TGO asks, and answer."""
    walk.go("/apply/mine")
    assert sees(walk.page, question)
    fill(walk, "Your answer", words)
    press(walk, "Send the answer")


def recommend(walk: Walk, number: str, words: str) -> None:
    """Read the answer and a document, and recommend to admit; a choice forgotten keeps the rest."""
    open_from_queue(walk, number)
    assert sees(walk.page, words)
    document = walk.page.locator("table a[href*='/files/']").first.get_attribute("href")
    assert walk.page.request.get(f"{walk.site.address}{document}").body().startswith(b"%PDF")
    fill(walk, "Why", "All is there.")
    press(walk, "Recommend")
    assert walk.page.locator(".govuk-error-summary").is_visible()
    assert walk.page.get_by_label(say(walk, "Why"), exact=True).input_value() == "All is there."
    check(walk, "To admit the applicant")
    press(walk, "Recommend")
    assert told(walk, "application_recommend")
    assert not walk.page.get_by_role("button", name=say(walk, "Record the decision")).count()


def decide(walk: Walk, number: str) -> None:
    """Find it on the desk as another person, who reads the advice, and admit the applicant."""
    walk.sign_in(APPROVER)
    walk.go("/desk")
    leads_on(walk, walk.page.locator(f"#applications a[href$='/{number}']"))
    assert sees(walk.page, "All is there.")
    check(walk, "Admit: the organisation and its people come into the register")
    fill(walk, "Why", "As recommended.")
    press(walk, "Record the decision")
    assert told(walk, "application_decide")


def test_an_application_becomes_a_party_with_an_account_by_two_officers(
    browser: Browser, site: Site, how: dict[str, Any]
) -> None:
    question, words = "Which Mali?", "The one of Khon Kaen."
    with a_walk(browser, site, **how) as applicant, a_walk(browser, site, **how) as officer:
        begin(applicant)
        number = applicant.page.locator("#number").inner_text()
        hand_in(applicant, "request_letter")
        hand_in(applicant, "identity_document")
        applicant.page.click(DRAFT_BUTTON)
        ask(officer, number, question)
        answer(applicant, question, words)
        recommend(officer, number, words)
        with a_walk(browser, site, **how) as approver:
            decide(approver, number)
        applicant.go("/apply/mine")
        assert sees(applicant.page, "As recommended.")
    party_id = site.call(OFFICER, f"/applications/{number}")["party_id"]
    with a_walk(browser, site, **how) as administrator:
        administrator.sign_in(ADMINISTRATOR)
        administrator.go(f"/desk/applications/{number}")
        leads_on(administrator, administrator.page.locator(f"dd a[href$='/{party_id}']"))
        leads_on(administrator, administrator.page.locator("aside a[href$='/account']"))
        fill(administrator, "What the account is called", "Savings")
        press(administrator, "Open the account")
        assert told(administrator, "party_account")
        accounts = site.call(ADMINISTRATOR, f"/accounts?owner_party_id={party_id}")["data"]
        assert [each["name"] for each in accounts] == ["Savings"]
        assert sees(administrator.page, accounts[0]["number"])


def test_what_is_missing_or_expired_is_seen(walk: Walk) -> None:
    number = an_application(walk.site)["id"]
    walk.sign_in(OFFICER)
    walk.go("/desk/applications?status=draft")
    leads_on(walk, walk.page.locator(f"table a[href$='/{number}']"))
    states = walk.page.locator("table").last.locator(".govuk-tag").all_inner_texts()
    # The file of the one that it names was never uploaded; all others are missing.
    assert states[0] == value(walk, "paper_state", "no_file")
    assert set(states[1:]) == {value(walk, "paper_state", "missing")}
    assert not walk.page.get_by_role("button", name=say(walk, "Recommend")).count()


def test_a_suspended_organisation_can_do_nothing_until_it_is_reinstated(walk: Walk) -> None:
    site, account = walk.site, account_of(walk.site, BUYER)
    email, password = site.users[BUYER]
    grant = {"grant_type": "password", "email": email, "password": password}
    walk.sign_in(ADMINISTRATOR)
    walk.go(f"/desk/parties/{account['owner_party_id']}")
    leads_on(walk, walk.page.locator("aside a[href$='/suspension']"))
    assert sees(walk.page, account["number"])
    press(walk, "Suspend it now")
    assert walk.page.locator(".govuk-error-summary").is_visible()
    fill(walk, "Why", "Letter of 3 November")
    press(walk, "Suspend it now")
    try:
        assert told(walk, "party_suspension")
        assert refusal_of(site, ADMINISTRATOR, "/tokens", grant)
    finally:
        leads_on(walk, walk.page.locator("aside a[href$='/reinstatement']"))
        fill(walk, "Why", "Settled.")
        press(walk, "Reinstate it")
    assert told(walk, "party_reinstatement")
    assert site.call(BUYER, "/users/me")["status"] == "active"


def test_who_keeps_the_register_cannot_suspend_all_of_themselves(walk: Walk) -> None:
    authority = walk.site.call(ADMINISTRATOR, "/users/me")["party_id"]
    walk.sign_in(ADMINISTRATOR)
    walk.go(f"/desk/parties/{authority}/suspension")
    fill(walk, "Why", "By mistake.")
    press(walk, "Suspend it now")
    assert walk.page.locator(".govuk-error-summary").is_visible()
    assert walk.page.get_by_label(say(walk, "Why"), exact=True).input_value() == "By mistake."
    assert walk.site.call(ADMINISTRATOR, f"/parties/{authority}")["status"] == "active"


def test_an_organisation_is_admitted_with_a_person_who_signs_in(walk: Walk) -> None:
    unique = secrets.token_hex(4)
    email, password = f"lead-{unique}@verifier.example", secrets.token_urlsafe(16)
    walk.sign_in(ADMINISTRATOR)
    walk.go("/desk/verifiers")
    follow(walk, "Admit an organisation")
    fill(walk, "Name in Thai", f"ผู้ประเมิน {unique}")
    fill(walk, "Name in English", f"Verifier {unique}")
    press(walk, "Admit it")
    assert walk.page.locator(".govuk-error-summary").is_visible()
    english = walk.page.get_by_label(say(walk, "Name in English"), exact=True)
    assert english.input_value() == f"Verifier {unique}"
    walk.page.check("[name=kind][value=vvb]")
    press(walk, "Admit it")
    assert told(walk, "party_admitted")
    leads_on(walk, walk.page.locator("aside a[href$='/person']"))
    fill(walk, "Name of the person", "มะลิ")
    fill(walk, "Email address", email)
    fill(walk, "First password (may be left empty)", password)
    press(walk, "Add the person")
    assert walk.page.locator(".govuk-error-summary").is_visible()
    assert password not in walk.page.content()
    walk.page.check("[name=roles][value=verifier_lead]")
    fill(walk, "First password (may be left empty)", password)
    press(walk, "Add the person")
    assert told(walk, "party_person")
    walk.site.users[unique] = (email, password)
    assert walk.site.call(unique, "/users/me")["roles"] == ["verifier_lead"]


def test_an_accreditation_is_recorded_once_and_ended(walk: Walk) -> None:
    site, scope = walk.site, next(SCOPES)
    party = f"/parties/{site.call(OTHER_VERIFIER, '/users/me')['party_id']}"
    walk.sign_in(ADMINISTRATOR)
    walk.go(f"/desk{party}")
    for refused in (False, True):
        leads_on(walk, walk.page.locator("aside a[href$='/accreditation']"))
        walk.page.get_by_label(str(scope), exact=True).check()
        fill(walk, "First day", "1/1/2569")
        fill(walk, "Last day (empty: no end yet)", "31/12/2571")
        press(walk, "Record the accreditation")
        assert walk.page.locator(".govuk-error-summary").count() == int(refused)
    assert walk.page.get_by_label(str(scope), exact=True).is_checked()
    walk.go(f"/desk{party}/accreditation-end")
    choose(walk, "Sectoral scope", str(scope))
    fill(walk, "Its last day", "30/6/2569")
    fill(walk, "Why", "Given up by letter.")
    press(walk, "End the accreditation")
    assert told(walk, "party_accreditation_end")
    held = [
        each
        for each in site.call(ADMINISTRATOR, party)["accreditations"]
        if each["sectoral_scope"] == scope
    ]
    assert held == [{"sectoral_scope": scope, "valid_from": "2026-01-01", "valid_to": "2026-06-30"}]


def test_declarations_on_conflicts_of_interest_stand_with_their_opinions(walk: Walk) -> None:
    party = walk.site.call(LEAD, "/users/me")["party_id"]
    walk.sign_in(OFFICER)
    walk.go("/desk/verifiers")
    leads_on(walk, walk.page.locator(f"table a[href$='/{party}']"))
    declared = value(walk, "conflict_declared", "true")
    assert walk.page.locator("table").last.get_by_text(declared, exact=True).count()
    assert sees(walk.page, "CITY-0001")
    assert not walk.page.locator("aside a[href$='/suspension']").count()  # no administrator


def test_roles_are_set_by_one_and_where_the_rule_says_so_by_two(
    browser: Browser, site: Site, how: dict[str, Any]
) -> None:
    me = site.call(OTHER_VERIFIER, "/users/me")
    at = f"/users/{me['id']}"
    with a_walk(browser, site, **how) as walk:
        walk.sign_in(ADMINISTRATOR)
        walk.go(f"/desk{at}")
        walk.page.check("[name=roles][value=verifier_reviewer]")
        press(walk, "Set the roles")
        assert told(walk, "user_roles")
        assert site.call(ADMINISTRATOR, at)["roles"] == ["verifier_lead", "verifier_reviewer"]
        second = SECOND if SECOND in site.users else a_second_officer(site)
        site.call(ADMINISTRATOR, "/rules", rule(site, "role_change"))
        try:
            walk.go(f"/desk{at}")
            walk.page.uncheck("[name=roles][value=verifier_reviewer]")
            fill(walk, "SHA-256 of the document", DIGEST)
            walk.page.locator("#reason").fill("Two duties are too many.")
            press(walk, "Propose the roles")
            order = walk.page.url.rsplit("/", 1)[-1].partition("?")[0]
            assert len(site.call(ADMINISTRATOR, at)["roles"]) == len(me["roles"]) + 1
            with a_walk(browser, site, **how) as other:
                other.sign_in(second)
                other.go(f"/desk/orders/{order}")
                press(other, "Approve exactly this")
        finally:
            end_rule(site, second)
    assert site.call(ADMINISTRATOR, at)["roles"] == me["roles"]
