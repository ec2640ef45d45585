"""What developers and holders do on the pages, as they do it: by labels and buttons."""

import secrets
from typing import Any, Final

from app.entry.pages.words import word
from tests.pages.acting import (
    account_of,
    choose,
    fill,
    follow,
    language_of,
    leads_on,
    press,
    say,
    say_done,
    sees,
)
from tests.pages.journeys import APPROVER, BUYER, CITY, YEAR, approver_of, begin_activity
from tests.pages.site import Site, Walk

BUYERS_APPROVER: Final = "second person, buyer"


def test_what_was_typed_wrongly_stands_there_still_beside_what_is_wrong(walk: Walk) -> None:
    walk.sign_in(CITY)
    walk.go("/work/activities/new")
    fill(walk, "Name in English", "A name that stays")
    fill(walk, "Degrees north", "north")
    press(walk, "Save the draft")
    assert walk.page.locator(".govuk-error-summary").is_visible()
    assert walk.page.get_by_label(say(walk, "Name in English"), exact=True).input_value() == (
        "A name that stays"
    )
    errors = walk.page.locator(".govuk-error-summary a")
    assert "#sites.0.latitude" in [each.get_attribute("href") for each in errors.all()]


def test_changes_that_tgo_asks_for_are_messages_on_the_draft(walk: Walk) -> None:
    walk.sign_in(CITY)
    activity_id = begin_activity(walk, f"Rooftops {secrets.token_hex(4)}")
    path = f"/activities/{activity_id}"
    _step(walk.site, CITY, path, "submission", {})
    _step(walk.site, "TGO officer", path, "review", {})
    asked = {"is_complete": False, "reason": "Annex 2 is missing."}
    _step(walk.site, "TGO officer", path, "review/result", asked)
    walk.go("/work")
    assert sees(walk.page, say(walk, "Changes were asked for: mend it and submit it again."))
    walk.go(f"/work{path}")
    assert sees(walk.page, "Annex 2 is missing.")
    follow(walk, "Withdraw this activity")
    press(walk, "Withdraw for good")
    assert walk.page.locator(".govuk-error-summary").is_visible()  # it needs a reason
    fill(walk, "Why", "No money.")
    press(walk, "Withdraw for good")
    assert walk.site.call(CITY, path)["status"] == "withdrawn"


def _step(site: Site, role: str, path: str, step: str, body: dict[str, Any]) -> None:
    version = site.call(role, path)["version"]
    site.call(role, f"{path}/{step}", body, if_match=f'"{version}"')


def test_a_report_is_drafted_by_years_changed_and_taken_back(walk: Walk) -> None:
    walk.sign_in(CITY)
    me = walk.site.call(CITY, "/users/me")
    asked = f"/activities?owner_party_id={me['party_id']}&status=registered&programme_code=CITY"
    activity = walk.site.call(CITY, asked)["data"][0]
    walk.go(f"/work/activities/{activity['id']}")
    follow(walk, "Begin a monitoring report")
    # Half a month of which no other test tells (see desk_scene): reports do not overlap.
    fill(walk, "First day of the period", f"1/10/{YEAR}")
    fill(walk, "Last day of the period", f"15/10/{YEAR + 543}")
    press(walk, "One year more")  # too many; an empty line says nothing
    first = walk.page.locator("fieldset").first
    first.get_by_label(say(walk, "Calendar year"), exact=True).fill(str(YEAR + 543))
    baseline = say(walk, "Emissions without the activity (tCO2e)")
    first.get_by_label(baseline, exact=True).fill("300.5")
    first.get_by_label(say(walk, "Emissions with it (tCO2e)"), exact=True).fill("100")
    press(walk, "Save the draft")
    assert sees(walk.page, "200.5")
    report_id = walk.page.url.rsplit("/", 1)[-1].partition("?")[0]
    _change_and_hand_in(walk, report_id, baseline)
    walk.go("/work")
    assert sees(walk.page, "210.5")
    walk.go(f"/work/reports/{report_id}")
    follow(walk, "Withdraw this report")
    fill(walk, "Why", "The meter was read wrongly.")
    press(walk, "Withdraw for good")
    assert walk.site.call(CITY, f"/monitoring-reports/{report_id}")["status"] == "withdrawn"
    assert sees(walk.page, "The meter was read wrongly.")


def _change_and_hand_in(walk: Walk, report_id: str, baseline: str) -> None:
    follow(walk, "Change")
    walk.page.get_by_label(baseline, exact=True).fill("310.5")
    press(walk, "Save the draft")
    assert walk.site.call(CITY, f"/monitoring-reports/{report_id}")["monitored_tco2e"] == "210.5"
    follow(walk, "Submit")
    press(walk, "Submit the report")
    assert walk.site.call(CITY, f"/monitoring-reports/{report_id}")["status"] == "submitted"


def test_credits_are_transferred_once_it_was_seen_what_happens(walk: Walk) -> None:
    walk.sign_in(CITY)
    held, receiver = account_of(walk.site, CITY), account_of(walk.site, BUYER)
    walk.go(f"/work/accounts/{held['number']}")
    follow(walk, "Transfer credits")
    fill(walk, "How many credits", "๓")
    fill(walk, "To the account", receiver["number"])
    press(walk, "See what will happen")
    assert account_of(walk.site, CITY)["credits"] == held["credits"]
    assert sees(walk.page, f"{held['credits'] - 3:,}")
    press(walk, "Change something")
    assert (
        walk.page.get_by_label(say(walk, "To the account"), exact=True).input_value()
        == (receiver["number"])
    )
    press(walk, "See what will happen")
    press(walk, "Transfer now")
    assert sees(walk.page, say_done(walk, "transferred"))
    assert account_of(walk.site, CITY)["credits"] == held["credits"] - 3
    assert account_of(walk.site, BUYER)["credits"] == receiver["credits"] + 3
    walk.page.reload()
    assert account_of(walk.site, CITY)["credits"] == held["credits"] - 3


def test_a_transfer_of_what_is_not_there_keeps_what_was_typed(walk: Walk) -> None:
    walk.sign_in(CITY)
    walk.go("/work/transfers/new")
    fill(walk, "How many credits", "999999")
    fill(walk, "To the account", account_of(walk.site, BUYER)["number"])
    press(walk, "See what will happen")
    assert walk.page.locator(".govuk-error-summary").is_visible()
    assert walk.page.get_by_label(say(walk, "How many credits"), exact=True).input_value() == (
        "999999"
    )


def test_credits_are_retired_in_somebody_s_name(walk: Walk) -> None:
    walk.sign_in(CITY)
    held = account_of(walk.site, CITY)
    walk.go(f"/work/accounts/{held['number']}")
    follow(walk, "Retire credits")
    fill(walk, "How many credits", "2")
    fill(walk, "In whose name", "Khon Kaen City Municipality")
    choose(walk, "What for", "event")
    press(walk, "See what will happen")
    assert sees(walk.page, "Khon Kaen City Municipality")
    assert account_of(walk.site, CITY)["credits"] == held["credits"]
    press(walk, "Retire for good")
    assert account_of(walk.site, CITY)["credits"] == held["credits"] - 2
    log_index = walk.page.url.rsplit("/", 1)[-1]
    read = walk.site.call(CITY, f"/retirements/{log_index}")
    assert (read["credits"], read["purpose"]) == (2, "event")
    assert f"/retirements/{log_index}" in walk.page.url


def test_what_one_proposes_another_approves_and_can_take_back(walk: Walk) -> None:
    approver_of(walk.site, CITY, APPROVER)
    held, receiver = account_of(walk.site, CITY), account_of(walk.site, BUYER)
    walk.sign_in(CITY)
    walk.go("/work/transfers/new")
    fill(walk, "How many credits", "4")
    fill(walk, "To the account", receiver["number"])
    walk.page.locator("input[name=propose]").check()
    press(walk, "See what will happen")
    press(walk, "Propose the transfer")
    assert sees(walk.page, say_done(walk, "proposed"))
    proposal = walk.page.url.rsplit("/", 1)[-1].partition("?")[0]
    assert walk.page.get_by_role("button", name=_act(walk, "approve")).count() == 0
    walk.context.clear_cookies()
    walk.sign_in(APPROVER)
    walk.go("/work")
    leads_on(walk, walk.page.locator(f"a[href$='{proposal}']"))
    leads_on(walk, walk.page.get_by_role("button", name=_act(walk, "approve")))
    assert walk.site.call(CITY, f"/transfer-proposals/{proposal}")["state"] == "scheduled"
    assert account_of(walk.site, CITY)["credits"] == held["credits"] - 4
    leads_on(walk, walk.page.get_by_role("button", name=_act(walk, "abort")))
    assert walk.site.call(CITY, f"/transfer-proposals/{proposal}")["state"] == "aborted"
    assert account_of(walk.site, CITY)["credits"] == held["credits"]


def test_what_waits_for_the_receiver_s_word_they_accept_or_decline(walk: Walk) -> None:
    approver_of(walk.site, CITY, APPROVER)
    approver_of(walk.site, BUYER, BUYERS_APPROVER)
    number = account_of(walk.site, BUYER)["number"]
    walk.sign_in(BUYERS_APPROVER)
    walk.go(f"/work/accounts/{number}/terms")
    walk.page.locator("input[name=asks][value=true]").check()
    press(walk, "Set")
    assert walk.site.call(BUYER, f"/accounts/{number}/own-terms")["asks_acceptance"]
    for act, field in (("accept", "accepted_at"), ("decline", "ended_at")):
        proposal = _approved(walk.site, number)
        walk.go("/work")
        leads_on(walk, walk.page.locator(f"a[href$='{proposal}']"))
        leads_on(walk, walk.page.get_by_role("button", name=_act(walk, act)))
        assert walk.site.call(BUYER, f"/transfer-proposals/{proposal}")[field]
    path = f"/accounts/{number}/own-terms/acceptance"
    walk.site.call(BUYERS_APPROVER, path, {"asks": False}, method="PUT")


def _approved(site: Site, receiver: str) -> str:
    sender = account_of(site, CITY)["number"]
    body = {"from_account": sender, "to_account": receiver, "credits": 1}
    made = site.call(CITY, "/transfer-proposals", body)
    path = f"/transfer-proposals/{made['id']}"
    site.call(APPROVER, f"{path}/approval", {"digest": made["digest"]})
    return str(made["id"])


def _act(walk: Walk, act: str) -> str:
    return word("proposal_act", act, language_of(walk))


def test_limits_and_trusted_accounts_are_set_and_taken_off(walk: Walk) -> None:
    walk.sign_in(CITY)
    held, trusted = account_of(walk.site, CITY), account_of(walk.site, "developer, krabi")
    walk.go(f"/work/accounts/{held['number']}")
    follow(walk, "Trusted accounts")
    fill(walk, "Number of the account", trusted["number"])
    press(walk, "Propose it")
    path = f"/accounts/{held['number']}/trusted-accounts"
    assert walk.site.call(CITY, path)["data"][-1]["account"] == trusted["number"]
    leads_on(
        walk, walk.page.get_by_role("button", name=f"{say(walk, 'Remove')} {trusted['number']}")
    )
    assert walk.site.call(CITY, path)["data"][-1]["removed_at"]
    # A limit is made lower at once, and raised later on: it is high enough for other tests.
    walk.go(f"/work/accounts/{held['number']}/terms")
    assert walk.page.get_by_role("button", name=say(walk, "Set"), exact=True).count() == 0
    approver_of(walk.site, CITY, APPROVER)
    walk.context.clear_cookies()
    walk.sign_in(APPROVER)
    walk.go(f"/work/accounts/{held['number']}/terms")
    fill(walk, "By one transfer", "5,000")
    leads_on(walk, walk.page.get_by_role("button", name=say(walk, "Set"), exact=True).last)
    terms = walk.site.call(CITY, f"/accounts/{held['number']}/own-terms")
    assert terms["in_force"]["credits_max"] == 5_000
    assert sees(walk.page, say_done(walk, "terms_set"))


def test_a_key_s_secret_is_shown_once_and_a_form_sent_again_issues_none(walk: Walk) -> None:
    walk.sign_in(CITY)
    label = f"Gateway {secrets.token_hex(4)}"
    walk.go("/work/keys")
    walk.page.locator("#label").fill(label)
    walk.page.get_by_label(word("permission", "read_account", language_of(walk))).check()
    press(walk, "Issue the key")
    assert walk.page.locator("dl .digest").count() == 2
    walk.page.reload()  # sends the form once more
    assert sees(walk.page, say(walk, "Issue a key"))
    me = walk.site.call(CITY, "/users/me")
    issued = [
        key
        for key in walk.site.call(CITY, f"/users/{me['id']}/keys")["data"]
        if key["label"] == label
    ]
    assert [key["scopes"] for key in issued] == [["read_account"]]
    leads_on(walk, walk.page.get_by_role("button", name=f"{say(walk, 'Revoke')} {label}"))
    assert sees(walk.page, say_done(walk, "key_revoked"))


def test_an_account_is_shown_as_it_was_and_its_statement_taken_away(walk: Walk) -> None:
    walk.sign_in(CITY)
    held = account_of(walk.site, CITY)
    walk.go(f"/work/accounts/{held['number']}")
    assert sees(walk.page, f"{held['credits']:,}")
    fill(walk, "At the end of the day", "31/12/2540")  # before there was anything
    press(walk, "Show")
    assert sees(walk.page, say(walk, "It holds nothing."))
    walk.go(f"/work/accounts/{held['number']}/statement?from=1/1/{YEAR}&to=31/12/{YEAR + 543}")
    rows = walk.page.locator("tbody tr").count()
    assert rows > 0
    with walk.page.expect_download() as download:
        walk.page.get_by_role("link", name=say(walk, "The whole statement as CSV")).click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert text.startswith("log_index,")
    assert len(text.splitlines()) >= rows
    walk.go(f"/work/accounts/{held['number']}/serials")
    assert walk.page.locator("tbody tr").count() > 0


def test_notices_are_read(walk: Walk) -> None:
    role = "developer, phrae" if walk.language == "th" else "developer, krabi"
    walk.sign_in(role)
    walk.go("/account/notices")
    if walk.site.call(role, "/notices")["unread"]:
        press(walk, "Mark all as read")
    assert walk.site.call(role, "/notices")["unread"] == 0
    walk.go("/work")
    assert walk.page.locator("h1").inner_text() == say(walk, "My work")
