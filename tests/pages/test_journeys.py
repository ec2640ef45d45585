"""The three journeys from end to end, in both languages, with and without scripts."""

from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser

from tests.pages import journeys
from tests.pages.site import Site, a_walk

READERS: Final = [
    {"language": language, "java_script_enabled": scripts}
    for language in ("en", "th")
    for scripts in (True, False)
]


def named(how: dict[str, Any]) -> str:
    """Return what a reader is called in a test's name."""
    return f"{how['language']}, {'' if how['java_script_enabled'] else 'no '}script"


@pytest.fixture(params=READERS, ids=named)
def how(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What a reader's browser is like."""
    return dict(request.param)


def test_a_developer_brings_a_first_activity_to_its_submission(
    browser: Browser, site: Site, how: dict[str, Any]
) -> None:
    with a_walk(browser, site, **how) as walk:
        journeys.first_activity(walk)


def test_a_report_becomes_credits_by_a_verifier_and_two_officers(
    browser: Browser, site: Site, how: dict[str, Any]
) -> None:
    with a_walk(browser, site, **how) as walk:
        journeys.issuance(walk)


def test_a_citizen_checks_what_a_holder_has_retired(
    browser: Browser, site: Site, how: dict[str, Any], tmp_path: Path
) -> None:
    as_citizen = partial(a_walk, browser, site, **how)
    with a_walk(browser, site, **how) as walk:
        journeys.transfer_and_retirement(walk, as_citizen, tmp_path)
