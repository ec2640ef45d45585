"""One's own account on the pages: how somebody signs in, and what they were told."""

import re
import time
from base64 import b32decode
from typing import Any, Final

import pytest
from playwright.sync_api import Browser

from app.entry.second_factors import code_of
from tests.pages.fetching import send_json
from tests.pages.site import Site, Walk, a_walk

LANGUAGES: Final = ("th", "en")
STEP_S: Final = 30
CODE: Final = "#totp"
SUBMIT: Final = "main form button[type=submit]"


def token_of(site: Site, role: str, **more: str) -> str:
    """Return an access token of the API for one of the demo's people."""
    email, password = site.users[role]
    grant = {"grant_type": "password", "email": email, "password": password, **more}
    return str(asked(site, "POST", "/tokens", grant)["access_token"])


def asked(
    site: Site, method: str, path: str, body: object = None, token: str | None = None
) -> dict[str, Any]:
    """Ask the API as a program would."""
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    return dict(send_json(f"{site.address}/v1{path}", body, headers, method=method))


def code(secret: bytes, *, later: int = 0) -> str:
    """Return the code that an authenticator shows, or will show some steps later."""
    return code_of(secret, int(time.time()) // STEP_S + later)


def set_up(walk: Walk, password: str) -> tuple[bytes, list[str]]:
    """Set up a second factor as a person does; returns the secret and the recovery codes."""
    walk.go("/account/security/second-factor")
    walk.page.fill("#current_password", password)
    walk.page.click(SUBMIT)
    shown = walk.page.locator("#secret").inner_text().replace(" ", "")
    assert walk.page.locator("[role=img] svg").is_visible()
    assert not walk.barriers()
    walk.page.fill(CODE, "000000")
    walk.page.click(SUBMIT)
    assert walk.page.locator(".govuk-error-summary").is_visible()
    assert walk.page.locator("#secret").inner_text().replace(" ", "") == shown
    secret = b32decode(shown + "=" * (-len(shown) % 8))
    walk.page.fill(CODE, code(secret, later=-1))
    walk.page.click(SUBMIT)
    codes = walk.page.locator("ol code").all_inner_texts()
    assert len(codes) == 10
    assert not walk.barriers()
    return secret, codes


@pytest.mark.parametrize(
    ("language", "role", "java_script"),
    [("th", "developer, phrae", True), ("en", "holder, buyer", False)],
)
def test_a_second_factor_is_set_up_asked_for_and_removed(
    browser: Browser,
    site: Site,
    language: str,
    role: str,
    java_script: bool,  # noqa: FBT001
) -> None:
    email, password = site.users[role]
    with a_walk(browser, site, language=language, java_script_enabled=java_script) as walk:
        walk.sign_in(role)
        secret, codes = set_up(walk, password)
        walk.page.click("header button")
        walk.go("/sign-in")
        walk.page.fill("#email", email)
        walk.page.fill("#password", password)
        walk.page.click(SUBMIT)
        walk.page.fill("#code", code(secret))
        walk.page.click(SUBMIT)
        assert "/sign-in" not in walk.page.url
        walk.go("/account/security/second-factor/removal")
        walk.page.fill(CODE, codes[0].lower())
        walk.page.click(SUBMIT)
        assert walk.page.url.endswith("/account/security?done=factor_removed")
    token = token_of(site, role)
    assert asked(site, "GET", "/second-factor", token=token)["since"] is None


def test_a_password_is_changed_by_keyboard_alone(browser: Browser, site: Site) -> None:
    email, password = site.users["developer, krabi"]
    new = f"{password} once more"
    with a_walk(browser, site) as walk:
        walk.sign_in("developer, krabi")
        for given, there in ((password, new), (new, password)):
            walk.go("/account/security/password")
            walk.page.focus("#current_password")
            for text in (given, there, there):
                walk.page.keyboard.type(text)
                walk.page.keyboard.press("Tab")
            walk.page.keyboard.press("Enter")
            walk.page.wait_for_url("**/account/security?done=password_set")
            grant = {"grant_type": "password", "email": email, "password": there}
            assert asked(site, "POST", "/tokens", grant)["access_token"]


def test_a_wrong_password_changes_nothing_and_is_never_written_into_the_page(
    browser: Browser, site: Site
) -> None:
    with a_walk(browser, site) as walk:
        walk.sign_in("developer, krabi")
        walk.go("/account/security/password")
        walk.page.fill("#current_password", "not the password at all")
        walk.page.fill("#new_password", "a sentence of my own")
        walk.page.fill("#new_password_again", "a sentence of my own!")
        walk.page.click(SUBMIT)
        assert walk.page.locator(".govuk-error-summary").is_visible()
        walk.page.fill("#current_password", "not the password at all")
        walk.page.fill("#new_password", "a sentence of my own")
        walk.page.fill("#new_password_again", "a sentence of my own")
        walk.page.click(SUBMIT)
        assert walk.page.locator(".govuk-error-summary").is_visible()
        assert "a sentence of my own" not in walk.page.content()
        assert "not the password" not in walk.page.content()
    assert token_of(site, "developer, krabi")


@pytest.mark.parametrize("language", LANGUAGES)
def test_another_session_is_ended_and_then_all(browser: Browser, site: Site, language: str) -> None:
    with a_walk(browser, site, language=language) as walk:
        with a_walk(browser, site, language=language) as elsewhere:
            elsewhere.sign_in("TGO auditor")
            walk.sign_in("TGO auditor")
            walk.go("/account/security")
            rows = walk.page.locator("tbody tr")
            other = rows.filter(has_not=walk.page.locator(".govuk-tag--green")).last
            other.locator("button").click()
            assert "done=session_ended" in walk.page.url
            time.sleep(1.2)  # that long an end may go unnoticed
            elsewhere.go("/account")
            assert elsewhere.page.locator("#password").is_visible()
        walk.page.locator(".govuk-button--warning").click()
        walk.go("/account")
        assert walk.page.locator("#password").is_visible()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_somebody_was_told_is_read_once(browser: Browser, site: Site, language: str) -> None:
    with a_walk(browser, site, language=language) as walk:
        walk.sign_in("TGO administrator")
        password = site.users["TGO administrator"][1]
        walk.go("/account/security/password")
        for name in ("current_password", "new_password", "new_password_again"):
            walk.page.fill(f"#{name}", password)
        walk.page.click(SUBMIT)
        token = token_of(site, "TGO administrator")
        told = asked(site, "GET", "/notices?limit=1", token=token)
        assert told["unread"] > 0
        walk.go("/account/notices?unread=true")
        title = told["data"][0]["title_th" if language == "th" else "title"]
        assert title in walk.page.locator(".history li").first.inner_text()
        walk.page.locator(".actions button").click()
        assert re.search(r"/account/notices$", walk.page.url)
        assert asked(site, "GET", "/notices?limit=1", token=token)["unread"] == 0
        assert walk.page.locator(".history .next").count() == 0
