"""The three journeys by keyboard alone, with scripts in one language and without in the other."""

from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser

from tests.pages import journeys
from tests.pages.acting import labelled
from tests.pages.keys import Keys
from tests.pages.site import Site, a_walk

READERS: Final[tuple[dict[str, Any], ...]] = (
    {"language": "th", "hands": Keys()},
    {"language": "en", "hands": Keys(), "java_script_enabled": False},
)
EACH: Final = pytest.mark.parametrize("how", READERS, ids=("script", "no script"))


@EACH
def test_a_first_activity_is_submitted(browser: Browser, site: Site, how: dict[str, Any]) -> None:
    with a_walk(browser, site, **how) as walk:
        journeys.first_activity(walk)


@EACH
def test_credits_are_issued(browser: Browser, site: Site, how: dict[str, Any]) -> None:
    with a_walk(browser, site, **how) as walk:
        journeys.issuance(walk)


@EACH
def test_credits_are_retired_and_their_certificate_is_checked(
    browser: Browser, site: Site, how: dict[str, Any], tmp_path: Path
) -> None:
    as_citizen = partial(a_walk, browser, site, **how)
    with a_walk(browser, site, **how) as walk:
        journeys.transfer_and_retirement(walk, as_citizen, tmp_path)


def test_what_is_out_of_reach_is_found_out(browser: Browser, site: Site) -> None:
    with a_walk(browser, site, hands=Keys()) as walk:
        walk.go("/sign-in")
        field = labelled(walk, "Email address")
        field.evaluate("of => of.tabIndex = -1")
        with pytest.raises(AssertionError, match="is not reached"):
            walk.hands.type(walk.page, field, "somebody")


def test_a_focus_that_nobody_sees_is_found_out(browser: Browser, site: Site) -> None:
    with a_walk(browser, site, hands=Keys()) as walk:
        walk.go("/sign-in")
        field = labelled(walk, "Password")
        field.evaluate("of => { of.style.outline = 'none'; of.style.boxShadow = 'none'; }")
        with pytest.raises(AssertionError, match="no outline"):
            walk.hands.type(walk.page, field, "secret")
