"""What every page passes: its language, sessions, our own forms, and what is kept of them."""

import asyncio
import html
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final

import httpx2
import pytest
from starlette.responses import PlainTextResponse, Response

from app.entry.identity import AGE_S_MAX
from app.entry.pages.again import own_path
from app.entry.pages.forms import Form
from app.entry.pages.render import Page
from app.entry.pages.sessions import COOKIE
from app.entry.pages.surface import Surface
from app.entry.pages.ways import Ways
from app.kernel import clock
from app.registry.signin.rules import SESSION_IDLE_MAX, SESSION_LIFETIME
from tests.builders.parties import PASSWORD, a_developer
from tests.builders.signing_in import an_authenticator, email_of
from tests.conftest import Api, Registry

SAME_SITE: Final = {"sec-fetch-site": "same-origin"}
ORIGIN: Final = "http://registry.test"

# A page of this test's own: it shows who is signed in, and takes a form from them.
notes: Final = Ways()
written: Final[list[str]] = []


@notes.get("/note")
async def note(page: Page) -> Response:
    await page.client.get("/users/me")
    return page.show("again.html", action=page.address("/note"), fields=[])


@notes.post("/note")
async def take_note(page: Page) -> Response:
    await page.client.get("/users/me")
    form = Form.sent(await page.form())
    written.append(form.value("note"))
    return PlainTextResponse(str(form.key))


@notes.post("/note/kept")
async def keep_note(page: Page) -> Response:
    form = Form.sent(await page.form())
    await page.client.send("POST", "/notices/read", {"up_to": 0}, key=form.key, if_match=form.key)
    return PlainTextResponse("kept")


@pytest.fixture
async def browser_of(api: Api) -> AsyncIterator[httpx2.AsyncClient]:
    """A reader's browser: it keeps cookies, follows nothing, and says where its forms are from."""
    layer: Any = api.app.middleware_stack
    while not isinstance(layer, Surface):
        layer = layer.app
    layer.pages.routes[:0] = notes.routes
    written.clear()
    transport = httpx2.ASGITransport(app=api.app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        yield client


async def sign_in(browser: httpx2.AsyncClient, email: str, **more: str) -> httpx2.Response:
    form = {"email": email, "password": PASSWORD, **more}
    return await browser.post("/en/sign-in", data=form, headers=SAME_SITE)


def hidden(response: httpx2.Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', response.text)
    assert found, response.text
    return html.unescape(found[1])


async def test_the_register_s_address_leads_to_the_reader_s_language(api: Api) -> None:
    for accepted, language in (("th, en;q=0.5", "th"), ("en-GB", "en"), ("fr", "en")):
        answer = await api.get("/", headers={"accept-language": accepted})
        assert answer.status_code == 307
        assert answer.headers["location"] == f"/{language}"


async def test_what_is_not_there_is_a_page_in_the_language_of_its_address(api: Api) -> None:
    english = {"accept-language": "en"}
    answer = await api.get("/th/nothing-here", headers=english)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert '<html lang="th"' in answer.text
    assert "ไม่มีหน้าเว็บที่ที่อยู่นี้" in answer.text
    assert (await api.get("/the/register", headers=english)).json()["code"] == "no_such_address"


async def test_a_page_keeps_its_filters_when_it_changes_language(api: Api) -> None:
    answer = await api.get("/th/activities?q=%E0%B8%9B%E0%B9%88%E0%B8%B2&province_code=40")
    assert 'href="/en/activities?q=%E0%B8%9B%E0%B9%88%E0%B8%B2&amp;province_code=40"' in answer.text


async def test_nothing_is_inline_and_nothing_comes_from_elsewhere(api: Api) -> None:
    answer = await api.get("/en")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=", answer.text)
    assert not re.search(r'(src|href)="(https?:)?//', answer.text)


async def test_a_session_opens_pages_and_nothing_else(
    registry: Registry, browser_of: httpx2.AsyncClient
) -> None:
    developer = await a_developer(registry)
    assert (await browser_of.get("/en/note")).status_code == 401
    answer = await sign_in(browser_of, await email_of(registry, developer), next="/en/note")
    assert answer.status_code == 303, re.findall(
        r"problems/[a-z_]*|<h2.*?h2>", answer.text, re.DOTALL
    )
    assert answer.headers["location"] == "/en/note"
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    assert (await browser_of.get("/en/note")).status_code == 200
    for header in ({"authorization": f"Bearer {browser_of.cookies[COOKIE]}"}, {}):
        assert (await browser_of.get("/v1/users/me", headers=header)).status_code == 401


@pytest.mark.parametrize("cookie", ["", "x", "AAAA", "e30=", "A" * 400, "ก"])
async def test_a_cookie_that_is_not_ours_is_nobody(api: Api, cookie: str) -> None:
    header = {b"cookie": f"{COOKIE}={cookie}".encode()}
    assert (await api.client.get("/en", headers=header)).status_code == 200


async def test_who_signs_out_is_out_everywhere_the_cookie_went(
    registry: Registry, browser_of: httpx2.AsyncClient
) -> None:
    developer = await a_developer(registry)
    await sign_in(browser_of, await email_of(registry, developer))
    kept = browser_of.cookies[COOKIE]
    token = hidden(await browser_of.get("/en/note"), "form_token")
    answer = await browser_of.post("/en/sign-out", data={"form_token": token}, headers=SAME_SITE)
    assert answer.status_code == 303
    assert COOKIE not in browser_of.cookies
    browser_of.cookies.set(COOKIE, kept)
    await asyncio.sleep(AGE_S_MAX + 0.1)  # that long an end may go unnoticed
    assert (await browser_of.get("/en/note")).status_code == 401


@pytest.mark.parametrize("after", [SESSION_IDLE_MAX, SESSION_LIFETIME])
async def test_a_session_ends_in_its_time(
    registry: Registry,
    browser_of: httpx2.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    after: timedelta,
) -> None:
    await sign_in(browser_of, await email_of(registry, await a_developer(registry)))
    begun = clock.now()
    monkeypatch.setattr(clock, "now", lambda: begun + after)
    answer = await browser_of.get("/en/note")
    assert answer.status_code == 401
    assert COOKIE not in browser_of.cookies


async def test_a_session_that_is_used_goes_on(
    registry: Registry, browser_of: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sign_in(browser_of, await email_of(registry, await a_developer(registry)))
    begun = clock.now()
    for hours in range(1, 12):
        moment = begun + timedelta(hours=hours)
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        assert (await browser_of.get("/en/note")).status_code == 200, hours


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://elsewhere.test"},
        {"origin": "null"},
    ],
)
async def test_a_form_of_another_site_is_not_taken(
    registry: Registry, browser_of: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    await sign_in(browser_of, await email_of(registry, await a_developer(registry)))
    token = hidden(await browser_of.get("/en/note"), "form_token")
    sent = {"form_token": token, "note": "stolen"}
    answer = await browser_of.post("/en/note", data=sent, headers=headers)
    assert answer.status_code == 403
    assert "strange_form" in answer.text
    assert not written


async def test_a_form_without_the_session_s_token_is_shown_again_and_not_taken(
    registry: Registry, browser_of: httpx2.AsyncClient
) -> None:
    await sign_in(browser_of, await email_of(registry, await a_developer(registry)))
    sent = {"form_token": "A" * 44, "form_key": "k1", "note": "typed <before>"}
    answer = await browser_of.post("/en/note", data=sent, headers=SAME_SITE)
    assert answer.status_code == 409
    assert not written
    again = {name: hidden(answer, name) for name in ("form_token", "form_key", "note")}
    assert again["note"] == "typed <before>"
    answer = await browser_of.post("/en/note", data=again, headers=SAME_SITE)
    assert (answer.status_code, answer.text) == (200, "k1")
    assert written == ["typed <before>"]


async def test_what_was_typed_when_a_session_ended_is_sent_by_its_reader_s_hand(
    registry: Registry, browser_of: httpx2.AsyncClient
) -> None:
    sent = {"form_token": "", "form_key": "k2", "note": 'a "note" & more'}
    answer = await browser_of.post("/th/note", data=sent, headers=SAME_SITE)
    assert answer.status_code == 401
    kept = {name: hidden(answer, name) for name in ("kept", "next")}
    email = await email_of(registry, await a_developer(registry))
    answer = await sign_in(browser_of, email, **kept)
    assert answer.status_code == 200
    assert not written
    assert hidden(answer, "form_key") == "k2"
    again = {name: hidden(answer, name) for name in ("form_token", "form_key", "note")}
    answer = await browser_of.post("/th/note", data=again, headers=SAME_SITE)
    assert answer.text == "k2"
    assert written == ['a "note" & more']


async def test_the_second_step_of_signing_in_asks_for_the_code_alone(
    registry: Registry, api: Api, browser_of: httpx2.AsyncClient
) -> None:
    developer = await a_developer(registry)
    authenticator = await an_authenticator(api, developer)
    email = await email_of(registry, developer)
    answer = await sign_in(browser_of, email)
    assert answer.status_code == 200
    assert PASSWORD not in answer.text
    sealed = hidden(answer, "sealed")
    wrong = {"email": email, "sealed": sealed, "code": "000000"}
    answer = await browser_of.post("/en/sign-in", data=wrong, headers=SAME_SITE)
    assert answer.status_code == 403
    right = {"email": email, "sealed": sealed, "code": authenticator.code()}
    answer = await browser_of.post("/en/sign-in", data=right, headers=SAME_SITE)
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("path", "is_ours"),
    [
        ("/th", True),
        ("/en/activities?q=1", True),
        ("//elsewhere.test/en/", False),
        ("https://elsewhere.test/en/", False),
        ("/en/\\elsewhere", False),
        ("/th/\r\nLocation: x", False),
        ("/v1/activities", False),
        ("", False),
    ],
)
def test_signing_in_leads_to_our_own_pages_alone(path: str, is_ours: bool) -> None:  # noqa: FBT001
    assert (own_path(path) is not None) is is_ours


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"--x\r\nnothing", "multipart/form-data; boundary=x"),
        (b"anything", "multipart/form-data"),
        (b"\xff=\xfe&%ff=%", "application/x-www-form-urlencoded"),
        (b"a=1&" * 2_000, "application/x-www-form-urlencoded"),
        (b"kept=" + b"[" * 50_000, "application/x-www-form-urlencoded"),
        (b"sealed=AAAA&email=%00", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
    ],
)
async def test_whatever_is_sent_as_a_form_is_answered(
    browser_of: httpx2.AsyncClient, content: bytes, kind: str
) -> None:
    headers = {**SAME_SITE, "content-type": kind}
    answer = await browser_of.post("/en/sign-in", content=content, headers=headers)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"].startswith("text/html")


async def test_a_method_that_pages_do_not_take_is_refused(browser_of: httpx2.AsyncClient) -> None:
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = await browser_of.request(method, "/en/activities")
        assert answer.status_code == 405
        assert "method_not_allowed" in answer.text


async def test_a_key_that_no_header_can_hold_is_refused(
    registry: Registry, browser_of: httpx2.AsyncClient
) -> None:
    await sign_in(browser_of, await email_of(registry, await a_developer(registry)))
    token = hidden(await browser_of.get("/en/note"), "form_token")
    sent = {"form_token": token, "form_key": "กุญแจ\n", "note": "x"}
    answer = await browser_of.post("/en/note/kept", data=sent, headers=SAME_SITE)
    assert answer.status_code == 422
