"""Every page, in both languages, wide and narrow, light and dark: nothing in anybody's way."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import Browser, Route, ViewportSize

from app.entry.pages.routes import WAYS
from tests.pages.names import names_in
from tests.pages.places import LEADING_ON, PLACES, Place
from tests.pages.site import COLOURS, RULES, Site, Walk, a_walk

Scheme = Literal["light", "dark"]

WIDE: Final[ViewportSize] = {"width": 1200, "height": 900}
NARROW: Final[ViewportSize] = {"width": 320, "height": 640}
LANGUAGES: Final = ("th", "en")
# Turned over without opening the page anew. The dark differs from the light in its colours alone.
SCHEMES: Final[dict[Scheme, tuple[str, ...]]] = {"light": RULES, "dark": COLOURS}
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


@pytest.fixture(scope="module")
def names(site: Site) -> dict[str, str]:
    """What stands for the names in braces."""
    return names_in(site)


def test_every_page_has_its_place() -> None:
    shown = {route.path for ways in WAYS for route in ways.routes if "GET" in (route.methods or ())}
    assert shown - LEADING_ON == {place.route for place in PLACES}


@pytest.fixture(scope="module")
def somebody(browser: Browser, site: Site) -> Iterator[Callable[[str | None], Walk]]:
    """Return who goes from page to page, one for each role: they sign in once."""
    with ExitStack() as walks:

        @cache
        def of(role: str | None) -> Walk:
            walk = walks.enter_context(a_walk(browser, site))
            if role is not None:
                walk.sign_in(role)
            return walk

        yield of


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.path)
def test_a_page_is_in_nobody_s_way(
    somebody: Callable[[str | None], Walk], names: dict[str, str], place: Place
) -> None:
    walk = somebody(place.role)
    for language in LANGUAGES:
        look(walk, *LOOKS[0])
        address = f"{walk.site.address}/{language}{place.path.format(**names)}"
        answer = walk.page.goto(address)
        assert answer is not None
        assert answer.status == place.status
        assert walk.page.get_attribute("html", "lang") == language
        assert walk.page.locator("h1").count() == 1
        if place.status < 400:  # one that refuses has the focus where it says why
            walk.page.keyboard.press("Tab")
            assert walk.page.evaluate("document.activeElement.className") == "govuk-skip-link"
        for size, scheme in LOOKS:
            look(walk, size, scheme)
            assert not walk.barriers(SCHEMES[scheme]), (language, size, scheme)
            assert not walk.is_too_wide(), (language, size, scheme)
    assert not walk.complaints


def look(walk: Walk, size: ViewportSize, scheme: Scheme) -> None:
    """Have the window of a size, and its colours light or dark."""
    walk.page.set_viewport_size(size)
    walk.page.emulate_media(color_scheme=scheme)


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
