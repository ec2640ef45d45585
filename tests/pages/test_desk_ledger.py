"""The ledger as officers and auditors read it: they filter, look back, and change nothing."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, Final

import pytest
from playwright.sync_api import Browser

from app.entry.pages.figures import BANGKOK
from app.entry.pages.words import LANGUAGES, Language, translations, word
from app.kernel.clock import bangkok_date, now
from app.registry.ledger.rules import BUFFER, CANCELLED, EXPORTED, RETIRED, TRANSIT
from app.registry.ledger.serials import account_number
from tests.pages.places import AUDITOR, DEVELOPER, OFFICER
from tests.pages.site import Site, Walk, a_walk

# Each way with a language of its own: with scripts and without.
WAYS: Final = pytest.mark.parametrize(
    ("language", "scripts"), [("th", True), ("en", False)], ids=["th", "en without scripts"]
)
OF_THE_LEDGER: Final = (
    *("/desk/ledger", "/desk/ledger/holdings", "/desk/ledger/holdings?project=CITY-0001"),
    *("/desk/accounts", "/desk/accounts/{number}", "/desk/accounts/{number}/serials"),
    *("/desk/accounts/{number}/statement", "/desk/reconciliation", "/desk/audit"),
)
THAI_DIGITS: Final = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")
ISSUED: Final = "TH-000001-95"  # the source
ROWS_SHOWN: Final = 50

Say = Callable[[str], str]


def say_in(language: Language) -> Say:
    """Return how messages are said in a language."""
    said = translations(language)
    return lambda text: str(said.ugettext(text))


def entries_of(site: Site, query: str = "") -> list[dict[str, Any]]:
    """Return all entries of the demo's ledger that fit, the newest first."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        listed = site.call(AUDITOR, f"/ledger/entries?limit=200{query}{cursor}")
        found += listed["data"]
        if not listed["has_more"]:
            return found
        cursor = f"&cursor={listed['next_cursor']}"


def own_account(site: Site) -> dict[str, Any]:
    """Return the account of the demo's first developer."""
    return dict(site.call(DEVELOPER, "/accounts")["data"][0])


def day_of(entry: dict[str, Any]) -> date:
    """Return the day on which an entry was made, in Bangkok."""
    return datetime.fromisoformat(entry["recorded_at"]).astimezone(BANGKOK).date()


def in_thai(day: date) -> str:
    """Return a day as people in Thailand write it, with Thai digits."""
    return f"{day.day}/{day.month}/{day.year + 543}".translate(THAI_DIGITS)


def folded(site: Site, until: date | None = None) -> Counter[str]:
    """Return what every account holds by the entries until a day, or by all."""
    held: Counter[str] = Counter()
    for entry in entries_of(site):
        if until is None or day_of(entry) <= until:
            held[entry["from_account"]] -= entry["credits"]
            held[entry["to_account"]] += entry["credits"]
    return held


def cells(walk: Walk, row: str, table: int = 0) -> list[str]:
    """Return what stands in the row of a table that begins with something."""
    found = walk.page.locator("main table").nth(table).locator("tbody tr", has_text=row).first
    return found.locator("th, td").all_inner_texts()


def show(walk: Walk, say: Say) -> None:
    """Press the button of a filter."""
    walk.page.get_by_role("button", name=say("Show"), exact=True).click()
    walk.page.wait_for_load_state()


def downloaded(walk: Walk, name: str) -> str:
    """Take a table away as CSV or JSON."""
    with walk.page.expect_download() as waiting:
        walk.page.get_by_role("link", name=name, exact=True).click()
    return waiting.value.path().read_text(encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_of_the_ledger_can_be_changed_here(
    browser: Browser, site: Site, language: Language
) -> None:
    """Every form of these pages only asks; the frame's one signs out."""
    number = own_account(site)["number"]
    with a_walk(browser, site, language=language) as walk:
        walk.sign_in(AUDITOR)
        walk.go("/desk/ledger")
        ways = walk.page.locator(".desk-ways a").evaluate_all("all => all.map(a => a.pathname)")
        led_to = {path.partition("?")[0] for path in OF_THE_LEDGER if "{" not in path}
        assert {f"/{language}{path}" for path in led_to} <= set(ways)
        for path in OF_THE_LEDGER:
            walk.go(path.format(number=number))
            assert walk.page.locator("h1").count() == 1, path
            methods = walk.page.eval_on_selector_all("main form", "all => all.map(f => f.method)")
            assert set(methods) <= {"get"}, path
            actions = walk.page.eval_on_selector_all(
                "form[method=post]", "all => all.map(f => new URL(f.action).pathname)"
            )
            assert actions == [f"/{language}/sign-out"], path
            assert walk.page.locator("main button").count() == len(methods), path
            changing = "[contenteditable], main [hx-post], main [hx-put], main [hx-delete]"
            assert walk.page.locator(changing).count() == 0, path


@WAYS
def test_entries_are_found_and_taken_away_with_their_filters(
    browser: Browser, site: Site, language: Language, *, scripts: bool
) -> None:
    say = say_in(language)
    (*_, sold) = entries_of(site, "&kind=transferred")  # the demo's, larger than any of a test
    with a_walk(browser, site, language=language, java_script_enabled=scripts) as walk:
        walk.sign_in(OFFICER)
        walk.go("/desk")
        walk.page.get_by_role("link", name=say("Ledger"), exact=True).click()
        rows = walk.page.locator("main tbody tr")
        assert rows.count() == min(len(entries_of(site)), ROWS_SHOWN)
        walk.page.get_by_label(say("Account"), exact=True).fill(sold["from_account"].lower())
        walk.page.get_by_label(say("Code of the activity")).fill(sold["project"])
        walk.page.get_by_label(say("Serial or range")).fill(f"{sold['batch']}-{sold['first']}")
        walk.page.get_by_label(say("Kind of movement")).select_option(
            word("movement", "transferred", language)
        )
        walk.page.get_by_label(say("Vintage")).fill(str(sold["vintage"] + 543))
        walk.page.get_by_label(say("Credits, at least")).fill(f"{sold['credits']:,}")
        walk.page.get_by_label(say("From the day")).fill(in_thai(day_of(sold)))
        walk.page.get_by_label(say("To the day, included")).fill(in_thai(day_of(sold)))
        show(walk, say)
        assert rows.count() == 1
        assert f"{sold['credits']:,}" in cells(walk, sold["serials"])
        lines = list(csv.DictReader(io.StringIO(downloaded(walk, "CSV"))))
        assert [line["serials"] for line in lines] == [sold["serials"]]
        taken = json.loads(downloaded(walk, "JSON"))
        assert taken == {"data": [sold], "has_more": False}
        rows.get_by_role("link", name=str(sold["log_index"]), exact=True).click()
        assert walk.page.url.endswith(f"/log/{sold['log_index']}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_filter_that_makes_no_sense_stands_beside_its_field(
    browser: Browser, site: Site, language: Language
) -> None:
    say = say_in(language)
    with a_walk(browser, site, language=language) as walk:
        walk.sign_in(OFFICER)
        walk.go("/desk/ledger?from=31%2F2%2F2569&credits_min=5")
        assert walk.page.get_by_label(say("From the day")).input_value() == "31/2/2569"
        assert walk.page.get_by_label(say("Credits, at least")).input_value() == "5"
        said = walk.page.locator(".govuk-error-summary__list").inner_text()
        assert say("Write a day such as 31/1/2026.") in said
        assert walk.page.locator("main table").count() == 0
        walk.go("/desk/ledger?serials=nothing")
        assert walk.page.locator(".govuk-error-summary").count() == 1


@WAYS
def test_a_day_before_a_transfer_shows_what_was_held_before_it(
    browser: Browser, site: Site, language: Language, *, scripts: bool
) -> None:
    say = say_in(language)
    (sold, *_) = entries_of(site, "&kind=transferred")
    number, that_day = sold["from_account"], day_of(sold)
    the_day_before = that_day - timedelta(days=1)
    with a_walk(browser, site, language=language, java_script_enabled=scripts) as walk:
        walk.sign_in(AUDITOR)
        for day in (the_day_before, that_day):
            held = folded(site, until=day)
            walk.go("/desk/ledger/holdings")
            walk.page.get_by_label(say("At the end of the day")).fill(in_thai(day))
            show(walk, say)
            for account in (number, sold["to_account"], ISSUED):
                assert cells(walk, account)[-1] == f"{held[account]:,}"
            assert cells(walk, ISSUED)[1] == word("account_kind", "source", language)
            walk.page.get_by_role("link", name=number, exact=True).click()
            totals = walk.page.locator(".totals dd").all_inner_texts()
            assert totals[1].split()[0] == f"{held[number]:,}"
        assert folded(site, until=the_day_before)[number] != folded(site, until=that_day)[number]
        walk.go("/desk/ledger/holdings")
        walk.page.get_by_label(say("Code of the activity")).fill(sold["project"].lower())
        show(walk, say)
        shown = walk.page.locator("main tbody tr td:last-child").all_inner_texts()
        assert sum(int(each.replace(",", "")) for each in shown) == 0
        assert len(shown) > 2


@WAYS
def test_an_account_is_found_by_its_number_its_name_and_its_owner_s(
    browser: Browser, site: Site, language: Language, *, scripts: bool
) -> None:
    say = say_in(language)
    account = own_account(site)
    owner = site.call(AUDITOR, f"/parties/{account['owner_party_id']}")[f"name_{language}"]
    with a_walk(browser, site, language=language, java_script_enabled=scripts) as walk:
        walk.sign_in(OFFICER)
        search = say("Number, or part of a name")
        walk.go("/desk/accounts")
        walk.page.get_by_label(search).fill(account["number"].lower().replace("-", ""))
        show(walk, say)
        assert walk.page.locator("h1").inner_text() == account["name"]
        walk.go("/desk/accounts")
        walk.page.get_by_label(search).fill(account["name"][:6].upper())
        show(walk, say)
        assert cells(walk, account["number"])[1] == account["name"]
        walk.go("/desk/accounts")
        walk.page.get_by_label(search).fill(owner)
        show(walk, say)
        walk.page.get_by_role("link", name=owner, exact=True).first.click()
        walk.page.get_by_role("link", name=account["number"], exact=True).click()
        assert walk.page.locator("h1").inner_text() == account["name"]


@WAYS
def test_a_statement_adds_up(
    browser: Browser, site: Site, language: Language, *, scripts: bool
) -> None:
    say = say_in(language)
    account = own_account(site)
    rows = [
        r for r in entries_of(site) if account["number"] in (r["from_account"], r["to_account"])
    ]
    with a_walk(browser, site, language=language, java_script_enabled=scripts) as walk:
        walk.sign_in(OFFICER)
        walk.go(f"/desk/accounts/{account['number']}")
        walk.page.get_by_role("link", name=say("Statement: what came in and went out")).click()
        for first, last in (
            (min(map(day_of, rows)), max(map(day_of, rows))),
            (max(map(day_of, rows)) + timedelta(days=1), None),
            (None, min(map(day_of, rows)) - timedelta(days=1)),
        ):
            walk.page.get_by_label(say("From the day")).fill(in_thai(first) if first else "")
            walk.page.get_by_label(say("To the day, included")).fill(in_thai(last) if last else "")
            show(walk, say)
            before = {} if first is None else folded(site, until=first - timedelta(days=1))
            after = folded(site, until=last)
            totals = [each.split()[0] for each in walk.page.locator(".totals dd").all_inner_texts()]
            assert totals == [f"{of.get(account['number'], 0):,}" for of in (before, after)]
            within = [
                row
                for row in rows
                if (first is None or day_of(row) >= first) and (last is None or day_of(row) <= last)
            ]
            assert walk.page.locator("main tbody tr").count() == min(len(within), ROWS_SHOWN)
            lines = list(csv.DictReader(io.StringIO(downloaded(walk, "CSV"))))
            taken = json.loads(downloaded(walk, "JSON"))["data"]
            assert [int(line["log_index"]) for line in lines] == [r["log_index"] for r in taken]
            assert sorted(r["serials"] for r in taken) == sorted(r["serials"] for r in within)


@WAYS
def test_the_sums_of_the_reconciliation_are_the_fold_of_the_ledger(
    browser: Browser, site: Site, language: Language, *, scripts: bool
) -> None:
    say = say_in(language)
    with a_walk(browser, site, language=language, java_script_enabled=scripts) as walk:
        walk.sign_in(AUDITOR)
        walk.go("/desk/reconciliation")
        held = folded(site)
        own = [
            held[account_number(each)] for each in (BUFFER, RETIRED, CANCELLED, TRANSIT, EXPORTED)
        ]
        issued = -held[ISSUED]
        expected = [issued, issued - sum(own), *own, 0]
        for row in ("The sums kept with each entry", "The register's own accounts"):
            assert cells(walk, say(row))[1:] == [f"{figure:,}" for figure in expected]
        by_programme = walk.page.locator("main table").nth(1).locator("tbody tr")
        by_province = walk.page.locator("main table").nth(2).locator("tbody tr")
        for rows in (by_programme, by_province):
            sums = Counter[int]()
            for each in rows.all():
                figures = [int(t.replace(",", "")) for t in each.locator("td").all_inner_texts()]
                sums.update(dict(enumerate(figures)))
            assert [sums[at] for at in range(8)] == expected
        assert walk.page.get_by_text(say("Everything agrees.")).count() == 1
        assert walk.page.get_by_text(say("Does not agree"), exact=True).count() == 0


@WAYS
def test_the_audit_tells_who_came_in_and_who_was_refused(
    browser: Browser, site: Site, language: Language, *, scripts: bool
) -> None:
    say = say_in(language)
    email, _ = site.users[DEVELOPER]
    with a_walk(browser, site, language=language, java_script_enabled=scripts) as walk:
        walk.go("/sign-in")
        walk.page.fill("#email", email)
        walk.page.fill("#password", "not this one")
        walk.page.click("main button[type=submit]")
        walk.sign_in(AUDITOR)
        user = site.call(DEVELOPER, "/users/me")
        walk.go("/desk/audit")
        walk.page.get_by_label(say("Person")).fill(user["id"])
        walk.page.get_by_label(say("Kind"), exact=True).select_option(
            word("access_kind", "sign_in_failed", language)
        )
        today = bangkok_date(now())
        walk.page.get_by_label(say("From the day")).fill(in_thai(today - timedelta(days=1)))
        walk.page.get_by_label(say("To the day, included")).fill(in_thai(today))
        show(walk, say)
        refused = cells(walk, word("access_kind", "sign_in_failed", language))
        assert refused[4].strip() == (user["display_name"] or email)
        assert walk.page.get_by_text(email).count() == 1
        walk.page.get_by_label(say("From the day")).fill(in_thai(today + timedelta(days=1)))
        walk.page.get_by_label(say("To the day, included")).fill("")
        show(walk, say)
        assert walk.page.locator("main tbody tr").count() == 0


def test_what_is_not_for_somebody_is_not_shown_to_them(browser: Browser, site: Site) -> None:
    with a_walk(browser, site) as walk:
        walk.sign_in(OFFICER)
        walk.go("/desk")
        assert walk.page.locator(".desk-ways a[href$='/desk/audit']").count() == 0
        for path in ("/desk/audit",):
            answer = walk.page.goto(f"{site.address}/en{path}")
            assert answer is not None
            assert answer.status == 403
    with a_walk(browser, site) as walk:
        walk.sign_in(DEVELOPER)
        for path in ("/desk/ledger", "/desk/reconciliation", "/desk/audit"):
            answer = walk.page.goto(f"{site.address}/en{path}")
            assert answer is not None
            assert answer.status == 403
