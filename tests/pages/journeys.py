"""
The three journeys that the register is for, each from end to end.

A developer's first activity to its submission; a report to the credits that two officers issue; and
credits from a holder to the citizen who checks a certificate that was handed to them. Whoever walks
says what they work with, `Walk.hands`.
"""

import hashlib
import json
import secrets
import time
from base64 import b32decode
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

import segno
from playwright.sync_api import FilePayload

from app.entry.certificate import sheet
from app.entry.pages.words import word
from app.entry.second_factors import code_of
from tests.builders.certificates import Picture, address_on, attached
from tests.pages.acting import (
    account_of,
    attach,
    choose,
    fill,
    follow,
    labelled,
    leads_on,
    mark,
    press,
    say,
    say_done,
    sees,
    sign_in,
    sign_out,
)
from tests.pages.acts import ask
from tests.pages.desk_scene import OWNER, a_report
from tests.pages.places import APPROVER as OFFICER
from tests.pages.places import LEAD
from tests.pages.site import Site, Walk

CITY: Final = OWNER
BUYER: Final = "holder, buyer"
APPROVER: Final = "second person, khonkaen"
REVIEWER: Final = "verifier reviewer, verification-one"
ADMINISTRATOR: Final = "TGO administrator"
YEAR: Final = 2026
DESIGN: Final = b"What is built on which roof.\n"
READINGS: Final = b"meter,kWh\nA,120\n"
PAPER: Final = "9f" * 32  # SHA-256 of a document that is kept elsewhere
PUBLISHED_SECONDS_MAX: Final = 20
STEP_SECONDS: Final = 30  # of an authenticator (RFC 6238)
_DAYS: Final = count(1)  # of November: each report is on one of its own


# The developer.


def first_activity(walk: Walk) -> None:
    """Bring a developer's first activity from the sign-in to its submission."""
    name = f"Rooftops {secrets.token_hex(4)}"
    sign_in(walk, CITY)
    activity_id = begin_activity(walk, name)
    read = walk.site.call(CITY, f"/activities/{activity_id}")
    assert (read["starts_on"], read["estimate_tco2e"]) == (f"{YEAR}-02-01", "1249.75")
    assert read["sites"][0]["latitude"] == "16.441935"

    _add_what_is_missing(walk)
    _add_a_document(walk, activity_id)
    follow(walk, "Submit")
    assert sees(walk.page, "School one, School two")
    press(walk, "Submit to TGO")
    assert sees(walk.page, say_done(walk, "submitted"))
    read = walk.site.call(CITY, f"/activities/{activity_id}")
    assert read["status"] == "submitted"
    assert [each["name"] for each in read["sites"]] == ["School one", "School two"]
    assert read["description"] == "Panels on two roofs."


def begin_activity(walk: Walk, name: str) -> str:
    """Begin a draft on the page; returns its identifier."""
    walk.go("/work")
    follow(walk, "Begin a new activity")
    choose(walk, "Programme", "CITY")
    fill(walk, "Name in Thai", f"โซลาร์ {name}")
    fill(walk, "Name in English", name)
    fill(walk, "What is done, and how it reduces emissions", "Panels on roofs.")
    # Either era, as people write days; Thai digits too.
    fill(walk, "Day it begins, or began, to operate", f"1/2/{YEAR + 543}")
    choose(walk, "Methodology and version", "T-VER-S-METH-01-01 03")
    fill(walk, "Expected reduction a year", "1,249.75")
    fill(walk, "First day of the crediting period", f"{YEAR}-02-01")
    choose(walk, "Account that receives the credits", account_of(walk.site, CITY)["number"])
    fill(walk, "Name of the place", "School one")
    choose(walk, "Province", "40")
    fill(walk, "Degrees north", "๑๖.๔๔๑๙๓๕")
    fill(walk, "Degrees east", "102.835992")
    fill(walk, "Size", "0.2")
    press(walk, "Save the draft")
    assert sees(walk.page, say_done(walk, "begun"))
    return walk.page.url.rsplit("/", 1)[-1].partition("?")[0]


def _add_what_is_missing(walk: Walk) -> None:
    leads_on(walk, walk.page.locator(".govuk-task-list a").first)
    era = 543 if walk.language == "th" else 0
    began = labelled(walk, "Day it begins, or began, to operate").input_value()
    assert began == f"1/2/{YEAR + era}"
    fill(walk, "What is done, and how it reduces emissions", "Panels on two roofs.")
    mark(walk, walk.page.locator("input[value=bundle]"))
    press(walk, "Save the draft")
    follow(walk, "Sites")
    follow(walk, "Add a site")
    fill(walk, "Name of the place", "School two")
    choose(walk, "Province", "40")
    fill(walk, "Degrees north", "north")
    fill(walk, "Degrees east", "102.84")
    fill(walk, "Size", "0.1")
    press(walk, "Save the draft")
    refused(walk)
    fill(walk, "Degrees north", "16.45")
    press(walk, "Save the draft")
    assert sees(walk.page, "School two")
    follow(walk, "To the task list")


def _add_a_document(walk: Walk, activity_id: str) -> None:
    follow(walk, "Documents")
    attach(walk, "File", FilePayload(name="design.txt", mimeType="text/plain", buffer=DESIGN))
    press(walk, "Upload")
    walk.page.wait_for_url("**kept=**")
    kept = walk.site.call(CITY, f"/activities/{activity_id}/documents")["data"]
    assert [each["file_name"] for each in kept] == ["design.txt"]
    assert sees(walk.page, kept[0]["sha256"])
    follow(walk, "To the task list")


def refused(walk: Walk) -> None:
    """See that what was sent was refused: what is to be mended has the focus."""
    summary = walk.page.locator(".govuk-error-summary")
    assert summary.is_visible()
    assert summary.evaluate("of => of === document.activeElement")


# The verifier, and the officers.


@dataclass(frozen=True)
class Officer:
    """Somebody of TGO with an authenticator."""

    role: str  # among the site's people
    secret: bytes
    recovery_codes: list[str]


def issuance(walk: Walk) -> None:
    """Bring a report from its verifier's assignment to the credits that two officers issue."""
    day = next(_DAYS)
    site, before = walk.site, account_of(walk.site, CITY)["credits"]
    report = a_report(site, f"{YEAR}-11-{day:02}", f"{YEAR}-11-{day:02}", net="41.5")
    verification = _assign(walk, report["id"])
    _give_opinion(walk, verification)
    _review(walk, verification)
    with two_officers(site) as second:
        order = _propose(walk, report["id"])
        assert account_of(site, CITY)["credits"] == before
        _approve(walk, second, order)
    assert account_of(site, CITY)["credits"] == before + 41


def _assign(walk: Walk, report: str) -> str:
    """Have the owner choose who verifies; returns the verification's identifier."""
    sign_in(walk, CITY)
    walk.go("/work")
    leads_on(walk, walk.page.locator(f"a[href$='/work/reports/{report}']"))
    follow(walk, "Choose who verifies the report")
    choose(walk, "Verifier", "")
    press(walk, "Assign this verifier")
    refused(walk)
    body = walk.site.call(LEAD, "/users/me")["party_id"]
    choose(walk, "Verifier", body)
    press(walk, "Assign this verifier")
    assert sees(walk.page, say_done(walk, "verifier_assigned"))
    sign_out(walk)
    found = walk.site.call(LEAD, f"/verifications?report_id={report}")["data"]
    return str(found[0]["id"])


def _give_opinion(walk: Walk, verification: str) -> None:
    sign_in(walk, LEAD)
    walk.go("/work")
    leads_on(walk, walk.page.locator(f"a[href$='/{verification}']"))
    follow(walk, "Add a document")
    name = f"{verification}.csv"
    attach(walk, "File", FilePayload(name=name, mimeType="text/csv", buffer=READINGS))
    press(walk, "Upload")
    walk.page.wait_for_url("**kept=**")
    assert sees(walk.page, hashlib.sha256(READINGS).hexdigest())
    follow(walk, "Back")
    mark(walk, walk.page.locator("input[value=unmodified]"))
    fill(walk, "Confirmed (tCO2e)", "41.5")
    fill(walk, "Statement of the verifier", "Fairly stated.")
    mark(walk, walk.page.get_by_label(name))
    press(walk, "Give the opinion")
    refused(walk)  # nobody has declared that they have no interest in it
    declared = "I declare for the whole team that nobody of us has a conflict of interest in this"
    mark(walk, f"{declared} activity.")
    press(walk, "Give the opinion")
    assert sees(walk.page, say_done(walk, "opinion_given", "desk_done"))
    assert sees(walk.page, say(walk, "Somebody else of your organisation decides on it, not you."))
    assert sees(walk.page, name)
    sign_out(walk)


def _review(walk: Walk, verification: str) -> None:
    sign_in(walk, REVIEWER)
    walk.go("/work/verifications")
    leads_on(walk, walk.page.locator(f"a[href$='/{verification}']"))
    mark(walk, "Yes: I approve it")
    fill(walk, "Why", "Re-calculated.")
    press(walk, "Decide")
    assert walk.site.call(LEAD, f"/verifications/{verification}")["status"] == "concluded"
    sign_out(walk)


def _propose(walk: Walk, report: str) -> str:
    """Propose the issuance as the first of two; returns the order's identifier."""
    sign_in(walk, OFFICER)
    walk.go("/desk")
    leads_on(walk, walk.page.locator(f"#to_issue a[href$='/{report}']"))
    fill(walk, "Meeting that decided", "อบก. 11/2569")
    fill(walk, "Day of the decision", f"20/11/{YEAR + 543}")
    fill(walk, "Or the SHA-256 of a document that is kept elsewhere", PAPER)
    fill(walk, "Why", "Decided by the sub-committee.")
    press(walk, "Propose the issuance")
    assert sees(walk.page, say(walk, "You proposed it: another officer approves it."))
    order = walk.page.url.rpartition("/")[2].partition("?")[0]
    sign_out(walk)
    return order


def _approve(walk: Walk, second: Officer, order: str) -> None:
    """Approve exactly that as the second, who confirms it by a fresh code."""
    sign_in(walk, second.role, code=second.recovery_codes[0])
    walk.go("/desk")
    leads_on(walk, walk.page.locator(f"#orders a[href$='/{order}']"))
    assert sees(walk.page, walk.site.call(ADMINISTRATOR, f"/orders/{order}")["digest"])
    press(walk, "Approve exactly this")
    fill(walk, "Code of your authenticator", "000000")
    press(walk, "Confirm and send")
    refused(walk)
    fill(walk, "Code of your authenticator", code_of(second.secret, _step()))
    press(walk, "Confirm and send")
    assert sees(walk.page, say_done(walk, "order_approved", "desk_done"))
    sign_out(walk)


def _step() -> int:
    return int(time.time()) // STEP_SECONDS


@contextmanager
def two_officers(site: Site) -> Iterator[Officer]:
    """Let an issuance take two people for a while, and its approval a fresh second factor."""
    second, third = _an_officer(site), _a_colleague(site)
    officer = _with_authenticator(site, second)
    site.call(ADMINISTRATOR, "/rules", a_rule(site, "confirmed_acts", "issuance_approval"))
    site.call(ADMINISTRATOR, "/rules", a_rule(site, "two_person_acts", "issuance_approval"))
    try:
        yield officer
    finally:
        one_officer(site, third)
        site.call(ADMINISTRATOR, "/rules", a_rule(site, "confirmed_acts", "none"))


def _an_officer(site: Site) -> str:
    return a_person_of_tgo(site, f"second-{secrets.token_hex(4)}", ["approver"])


def _a_colleague(site: Site) -> str:
    """Return who, with the administrator, has one person decide again."""
    return a_person_of_tgo(site, f"third-{secrets.token_hex(4)}", ["administrator"])


def a_person_of_tgo(site: Site, name: str, roles: list[str]) -> str:
    """Let there be another person of TGO; returns their name among the site's people."""
    authority = site.call(ADMINISTRATOR, "/users/me")["party_id"]
    email, password = f"{name}@tgo.example", secrets.token_urlsafe(16)
    person: dict[str, Any] = {"party_id": authority, "email": email, "display_name": "สอง"}
    site.call(ADMINISTRATOR, "/users", {**person, "roles": roles, "password": password})
    site.users[name] = (email, password)
    return name


def _with_authenticator(site: Site, role: str) -> Officer:
    """Set an authenticator up; from here on a password alone does not sign them in."""
    email, password = site.users[role]
    grant = {"grant_type": "password", "email": email, "password": password}
    token = str(ask(site, "/v1/tokens", grant)["access_token"])
    shown = ask(site, "/v1/second-factor", {"current_password": password}, token=token)["secret"]
    secret = b32decode(shown + "=" * (-len(shown) % 8))
    first = {"totp": code_of(secret, _step() - 1)}  # each code works once: the next one is left
    made = ask(site, "/v1/second-factor/confirmation", first, token=token)
    return Officer(role, secret, list(made["recovery_codes"]))


def a_rule(site: Site, key: str, value: str) -> dict[str, Any]:
    """Return a value of a rule from today on."""
    today = site.call(ADMINISTRATOR, "/rules")["rules_on"]
    return {
        "key": key,
        "value": value,
        "valid_from": today,
        "source": "A test",
        "is_default": False,
    }


def one_officer(site: Site, second: str) -> None:
    """Have no act take two people any more, which takes two itself."""
    rule = a_rule(site, "two_person_acts", "none")
    ground = {"reason": "The test is over.", "document_sha256": PAPER}
    order = site.call(ADMINISTRATOR, "/orders", {"rule": rule, **ground})
    site.call(second, f"/orders/{order['id']}/approval", {"digest": order["digest"]})


# The holder, and the citizen.


def transfer_and_retirement(
    walk: Walk, as_citizen: Callable[[], AbstractContextManager[Walk]], folder: Path
) -> None:
    """
    Bring credits to a trusted account, retire some, and have a citizen check the certificate.

    Args:
        walk: of the holder's people.
        as_citizen: opens the browser of somebody who is not signed in.
        folder: where the certificate is put.
    """
    trusted = account_of(walk.site, BUYER)["number"]
    _trust(walk, trusted)
    _transfer(walk, trusted)
    pdf = _certificate_of(walk, _retire(walk))
    address, said = what_it_says(pdf, folder)
    with as_citizen() as citizen:
        check(citizen, address, said)


def approver_of(site: Site, member: str, approver: str) -> None:
    """Add somebody who approves for a member, once."""
    if approver in site.users:
        return
    email = f"approver-{secrets.token_hex(4)}@municipality.example"
    password = secrets.token_urlsafe(16)
    made = {
        "party_id": site.call(member, "/users/me")["party_id"],
        "email": email,
        "display_name": "Second person",
        "roles": ["holder_approver"],
        "password": password,
    }
    site.call("TGO administrator", "/users", made)
    site.users[approver] = (email, password)


def _trust(walk: Walk, number: str) -> None:
    """Put an account on the list of trusted ones, which takes two people."""
    approver_of(walk.site, CITY, APPROVER)
    held = account_of(walk.site, CITY)["number"]
    sign_in(walk, CITY)
    walk.go(f"/work/accounts/{held}")
    follow(walk, "Trusted accounts")
    fill(walk, "Number of the account", "TH-000000-00")
    press(walk, "Propose it")
    refused(walk)
    fill(walk, "Number of the account", number)
    press(walk, "Propose it")
    assert sees(walk.page, say_done(walk, "trust_propose"))
    sign_out(walk)
    sign_in(walk, APPROVER)
    walk.go(f"/work/accounts/{held}/trusted")
    press(walk, f"{say(walk, 'Approve')} {number}")
    assert sees(walk.page, say_done(walk, "trust_approve"))
    sign_out(walk)


def _transfer(walk: Walk, receiver: str) -> None:
    held, there = account_of(walk.site, CITY), account_of(walk.site, BUYER)
    sign_in(walk, CITY)
    walk.go(f"/work/accounts/{held['number']}")
    follow(walk, "Transfer credits")
    fill(walk, "How many credits", "999,999")
    fill(walk, "To the account", receiver)
    press(walk, "See what will happen")
    refused(walk)
    fill(walk, "How many credits", "๓")
    press(walk, "See what will happen")
    assert account_of(walk.site, CITY)["credits"] == held["credits"]
    press(walk, "Transfer now")
    assert sees(walk.page, say_done(walk, "transferred"))
    assert account_of(walk.site, CITY)["credits"] == held["credits"] - 3
    assert account_of(walk.site, BUYER)["credits"] == there["credits"] + 3
    # Taken off the list, so that it can be put there again.
    walk.go(f"/work/accounts/{held['number']}/trusted")
    press(walk, f"{say(walk, 'Remove')} {receiver}")


def _retire(walk: Walk) -> int:
    """Retire credits in the city's name; returns the act's place in the log."""
    held = account_of(walk.site, CITY)
    walk.go(f"/work/accounts/{held['number']}")
    follow(walk, "Retire credits")
    fill(walk, "How many credits", "2")
    fill(walk, "In whose name", "Khon Kaen City Municipality")
    choose(walk, "What for", "event")
    press(walk, "See what will happen")
    assert sees(walk.page, "Khon Kaen City Municipality")
    press(walk, "Retire for good")
    assert account_of(walk.site, CITY)["credits"] == held["credits"] - 2
    return int(walk.page.url.rsplit("/", 1)[-1])


def _certificate_of(walk: Walk, log_index: int) -> bytes:
    """Fetch the certificate's file as its page offers it; returns its bytes."""
    link = walk.page.get_by_role("link", name=say(walk, "Certificate (PDF)"), exact=True)
    href = str(link.get_attribute("href"))
    assert href == f"/v1/retirements/{log_index}/certificate.pdf"
    answer = walk.page.request.get(walk.site.address + href)
    assert answer.headers["content-type"] == "application/pdf"
    pdf = answer.body()
    assert sees(walk.page, hashlib.sha256(pdf).hexdigest())
    return pdf


def what_it_says(pdf: bytes, folder: Path) -> tuple[str, dict[str, Any]]:
    """Return the address that a certificate's code carries, and the data that is attached to it."""
    said = json.loads(attached(pdf, folder)["certificate.json"])
    address = address_on(pdf, folder)
    # The code that is seen carries it, module by module (drawn anew by a library of others).
    modules = [list(map(bool, row)) for row in segno.make(address, error="m", micro=False).matrix]
    assert Picture(pdf, folder).code(sheet._QR_COLOUR, len(modules)) == modules
    return address, dict(said)


def check(walk: Walk, address: str, said: dict[str, Any]) -> None:
    """
    Check a certificate as a citizen who was handed it.

    Args:
        walk: of somebody who is not signed in.
        address: that the certificate's code carries.
        said: the data attached to it.
    """
    walk.page.goto(address)
    walk.language = "th"  # the code leads to the page in Thai
    line = said["lines"][0]
    assert walk.page.get_by_role("link", name=say(walk, "Sign in"), exact=True).count() == 1
    for text in (said["beneficiary"], line["serials"], line["verification_code"]):
        assert sees(walk.page, text)
    _check_serials(walk, line["serials"])
    walk.page.goto(address)
    follow(walk, "Check the proof step by step")
    _wait_for_proof(walk)
    assert sees(walk.page, say(walk, "They are the same."))
    if walk.runs_scripts:
        walk.page.wait_for_selector("[data-check=whole][data-verdict=good]")
    follow(walk, "See the check fail: the same with one byte changed")
    differ = "They differ: the act is not the one that was recorded here."
    assert sees(walk.page, say(walk, differ))


def _check_serials(walk: Walk, serials: str) -> None:
    """Type the serials of a certificate, and see that they are retired."""
    follow(walk, "Check a serial")
    fill(walk, "Serial or range", serials.replace("-", " "))
    press(walk, "Check")
    assert serials in walk.page.get_by_role("heading", level=1).inner_text()
    states = walk.page.locator("main section .govuk-tag").all_inner_texts()
    assert states == [word("serial_state", "retired", "th")]


def _wait_for_proof(walk: Walk) -> None:
    """Load the page anew until the act is published, which takes a second or two."""
    give_up = time.monotonic() + PUBLISHED_SECONDS_MAX
    while not walk.page.locator("#leaf-text").count():
        assert time.monotonic() < give_up
        walk.page.wait_for_timeout(500)
        walk.page.reload()
