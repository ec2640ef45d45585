"""Every page, in both languages, wide and narrow, light and dark: nothing in anybody's way."""

import json
import time
import urllib.request
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import Browser, Route, ViewportSize

from app.entry.pages.routes import WAYS
from tests.pages.acts import a_cancellation, log_index_of
from tests.pages.desk_scene import a_verification
from tests.pages.places import (
    APPROVER,
    DEVELOPER,
    LEAD,
    LEADING_ON,
    OFFICER,
    PLACES,
    Place,
)
from tests.pages.site import Site, a_walk

WIDE: Final[ViewportSize] = {"width": 1200, "height": 900}
NARROW: Final[ViewportSize] = {"width": 320, "height": 640}
LANGUAGES: Final = ("th", "en")
# Turned over without opening the page anew, which takes most of the time.
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
LOOKS: Final = [(size, scheme) for size in (WIDE, NARROW) for scheme in SCHEMES]
# Longer than a browser holds letters back for (100 ms), so that words are painted without them.
LETTERS_LATE_S: Final = 0.3
_WATCH_SHIFTS: Final = """
window.shifts = {moved: 0};
new PerformanceObserver(list => {
  for (const each of list.getEntries()) shifts.moved += each.value;
}).observe({type: "layout-shift", buffered: true});
"""
WEIGHT_MAX: Final = 150_000  # bytes of a public page with all that it loads


def _first(site: Site, path: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{site.address}/v1{path}", timeout=10) as answer:  # noqa: S310
        return dict(json.load(answer)["data"][0])


@pytest.fixture(scope="module")
def names(site: Site) -> dict[str, str]:
    """What stands for the names in braces."""
    retirement = _first(site, "/retirements")
    batch = _first(site, "/batches")
    activity = _first(site, f"/activities?q={batch['project']}")
    return {
        "activity_id": activity["id"],
        "party_id": activity["owner_party_id"],
        "province": batch["province"],
        "batch": batch["prefix"],
        "serials": batch["serials"],
        "programme": batch["programme"],
        "retirement": str(retirement["id"]),
        "cancellation": str(a_cancellation(site)["id"]),
        "transfer": str(log_index_of(site, "credits.transferred")),
        # What the page asks before it looks for it.
        "identity_id": "idn_01kb5b1j0dfz5r5d8r4v5e2c3a",
        "passkey_id": "pky_01kb5b1j0dfz5r5d8r4v5e2c3a",
        **_of_a_member(site),
        **_of_the_desk(site),
    }


def _of_the_desk(site: Site) -> dict[str, str]:
    """Return what waits for a verifier and for officers: two things, a report, an order."""
    waiting = site.call(LEAD, "/activities?status=under_validation")["data"]
    verified = site.call(APPROVER, "/monitoring-reports?status=verified")["data"]
    frozen = {"account": site.call(DEVELOPER, "/accounts")["data"][0]["number"]}
    ground = {"reason": "Court order 123/2569", "document_sha256": "9f" * 32}
    return {
        "to_validate_id": waiting[0]["id"],
        "to_verify_id": a_verification(site),
        "to_issue_id": verified[0]["id"],
        "order_id": site.call(OFFICER, "/freezes", {**frozen, **ground})["id"],
    }


def _of_a_member(site: Site) -> dict[str, str]:
    """Return what a developer has: a draft, a report, an account, a transfer, a proposed one."""
    me = site.call(DEVELOPER, "/users/me")
    mine = site.call(DEVELOPER, f"/activities?owner_party_id={me['party_id']}")["data"]
    account = site.call(DEVELOPER, "/accounts")["data"][0]["number"]
    sold = next(
        row
        for row in site.call(DEVELOPER, f"/accounts/{account}/statement")["data"]
        if row["kind"] == "transferred"
    )
    proposed = {"from_account": account, "to_account": sold["to_account"], "credits": 1}
    own = next(each["id"] for each in mine if each["status"] == "registered")
    reports = [
        report
        for each in mine
        for report in site.call(DEVELOPER, f"/monitoring-reports?activity_id={each['id']}")["data"]
    ]
    return {
        "draft_id": next(each["id"] for each in mine if each["status"] == "draft"),
        "own_activity_id": own,
        "report_id": reports[0]["id"],
        "account": account,
        "own_transfer": str(sold["log_index"]),
        "proposal_id": site.call(DEVELOPER, "/transfer-proposals", proposed)["id"],
    }


def test_every_page_has_its_place() -> None:
    shown = {route.path for ways in WAYS for route in ways.routes if "GET" in (route.methods or ())}
    assert shown - LEADING_ON == {place.route for place in PLACES}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.path)
def test_a_page_is_in_nobody_s_way(
    browser: Browser, site: Site, names: dict[str, str], place: Place, language: str
) -> None:
    with a_walk(browser, site, language=language) as walk:
        if place.role is not None:
            walk.sign_in(place.role)
        answer = walk.page.goto(f"{site.address}/{language}{place.path.format(**names)}")
        assert answer is not None
        assert answer.status == place.status
        assert walk.page.get_attribute("html", "lang") == language
        assert walk.page.locator("h1").count() == 1
        walk.page.keyboard.press("Tab")
        assert walk.page.evaluate("document.activeElement.className") == "govuk-skip-link"
        for size, scheme in LOOKS:
            walk.page.set_viewport_size(size)
            walk.page.emulate_media(color_scheme=scheme)
            assert not walk.barriers(), (size, scheme)
            assert not walk.is_too_wide(), (size, scheme)


@pytest.mark.parametrize("place", [p for p in PLACES if p.role is None], ids=lambda p: p.path)
def test_a_public_page_is_light(
    browser: Browser, site: Site, names: dict[str, str], place: Place
) -> None:
    with a_walk(browser, site, language="th") as walk:
        sizes: list[int] = []
        walk.page.on("requestfinished", lambda of: sizes.append(_transferred(of)))
        walk.page.goto(f"{site.address}/th{place.path.format(**names)}", wait_until="networkidle")
        assert walk.page.evaluate("document.fonts.check('16px Sarabun')")
        assert 0 < sum(sizes) < WEIGHT_MAX


@pytest.mark.parametrize("language", ["th", "en"])
def test_letters_that_come_late_move_nothing(
    browser: Browser, site: Site, names: dict[str, str], language: str
) -> None:
    paths = ("/", "/activities", "/activities/{activity_id}", "/serials?serial={serials}")
    with a_walk(browser, site, language=language) as walk:
        walk.page.add_init_script(_WATCH_SHIFTS)

        def come_late(route: Route) -> None:
            time.sleep(LETTERS_LATE_S)
            route.continue_()

        walk.page.route("**/*.woff2", come_late)
        for path in paths:
            walk.page.goto(
                f"{site.address}/{language}{path.format(**names)}", wait_until="networkidle"
            )
            assert walk.page.evaluate("shifts.moved") == 0, path
        # The browser does tell: of a line that is put in above all others.
        walk.page.evaluate(
            "document.body.prepend(Object.assign(document.createElement('p'),"
            " {textContent: 'Late'}))"
        )
        walk.page.wait_for_function("shifts.moved > 0")


def _transferred(request: Any) -> int:  # noqa: ANN401  of the browser
    sizes = request.sizes()
    return int(sizes["responseBodySize"] + sizes["responseHeadersSize"])
