"""Signing in by an identity provider, linking an identity of it, and confirming with a passkey."""

import html
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from fastapi import FastAPI

from app.entry.pages.account.identities import COOKIE
from app.entry.pages.sessions import COOKIE as SESSION
from app.kernel import clock
from app.kernel.clock import bangkok_date
from app.registry.parties.policy import Actor
from app.registry.programmes.operations import SetRule, set_rule
from app.registry.programmes.rules import RuleKey
from tests.builders.identity_provider import (
    IDENTITIES,
    REDIRECT,
    IdentityProvider,
    an_identity_provider,
    knowing,
)
from tests.builders.ledger import an_account
from tests.builders.parties import PASSWORD, a_holder, bearer, the_administrator
from tests.builders.passkeys import Device, register
from tests.builders.signing_in import an_authenticator, email_of
from tests.conftest import Api, Registry, settings_for
from tests.pages.browsing import SAME_SITE, asked_of, hidden, send, sign_in

SECURITY: Final = "/en/account/security"
NEW: Final = f"{SECURITY}/identities/new"
BACK: Final = "/th/sign-in/identity/back"  # as it is registered at the provider


@pytest.fixture
async def provider() -> AsyncIterator[IdentityProvider]:
    """An identity provider on loopback."""
    async with an_identity_provider() as running:
        yield running


@pytest.fixture
async def knowing_api(
    registry: Registry, application: FastAPI, provider: IdentityProvider, tmp_path: Path
) -> AsyncIterator[Api]:
    """The service of an installation that has that provider."""
    application.state.settings = knowing(settings_for(registry.url, tmp_path), provider, tmp_path)
    async with application.router.lifespan_context(application):
        transport = httpx2.ASGITransport(app=application, raise_app_exceptions=False)
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://registry.test", headers=SAME_SITE
        ) as client:
            yield Api(application, client)


async def back_from(page: httpx2.Response, subject: str) -> str:
    """Follow the page's way to the provider as somebody; returns the address it leads back to."""
    found = re.search(r'href="([^"]+/authorize[^"]+)"', page.text)
    assert found, page.text
    async with httpx2.AsyncClient() as browser:
        answer = await browser.get(html.unescape(found[1]), headers={"x-subject": subject})
    parts = urlsplit(answer.headers["location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == REDIRECT
    return f"{BACK}?{parts.query}"


async def link(reader: httpx2.AsyncClient, subject: str) -> httpx2.Response:
    """Link an identity as a person does, and come back."""
    page = await send(reader, NEW, {"current_password": PASSWORD})
    assert page.status_code == 200
    return await reader.get(await back_from(page, subject), follow_redirects=True)


async def begun(reader: httpx2.AsyncClient, language: str, **fields: str) -> httpx2.Response:
    """Press the button on the page to sign in."""
    return await reader.post(f"/{language}/sign-in/identity", data=fields)


@pytest.mark.parametrize("language", ["th", "en"])
async def test_an_identity_is_linked_signs_in_and_is_unlinked(
    registry: Registry, knowing_api: Api, language: str
) -> None:
    reader = knowing_api.client
    holder = await a_holder(registry)
    await sign_in(reader, await email_of(registry, holder))
    wrong = await send(reader, NEW, {"current_password": "not this one at all"})
    assert (wrong.status_code, "govuk-error-summary" in wrong.text) == (403, True)
    shown = await link(reader, "mali")
    assert "The identity was linked." in shown.text
    assert shown.url.path == SECURITY
    assert COOKIE not in reader.cookies
    reader.cookies.clear()
    offered = await reader.get(f"/{language}/sign-in")
    assert "127.0.0.1" in offered.text
    wanted = f"/{language}/account/people"
    page = await begun(reader, language, next=wanted)
    came = await reader.get(await back_from(page, "mali"))
    if language != "th":
        assert came.headers["location"].startswith("/en/sign-in/identity/back?")
        came = await reader.get(came.headers["location"])
    assert (came.status_code, came.headers["location"]) == (303, wanted)
    assert SESSION in reader.cookies
    me = await reader.get(f"/{language}/account")
    assert await email_of(registry, holder) in me.text
    found = re.search(
        r"/en/account/security/identities/(idn_[a-z0-9]+)", (await reader.get(SECURITY)).text
    )
    assert found
    answer = await send(reader, found[0], {"current_password": PASSWORD})
    assert answer.headers["location"].endswith("done=identity_unlinked")
    held = await knowing_api.get(IDENTITIES, headers=bearer(knowing_api, holder))
    assert held.json()["data"] == []


async def test_who_has_a_second_factor_gives_it_after_the_provider(
    registry: Registry, knowing_api: Api
) -> None:
    reader, holder = knowing_api.client, await a_holder(registry)
    await sign_in(reader, await email_of(registry, holder))
    await link(reader, "mali")
    reader.cookies.clear()
    authenticator = await an_authenticator(knowing_api, holder)
    page = await begun(reader, "th", next="/th/work")
    code_page = await reader.get(await back_from(page, "mali"))
    assert code_page.status_code == 200
    assert SESSION not in reader.cookies
    fields = {"sealed": hidden(code_page, "sealed"), "next": "/th/work"}
    wrong = await reader.post(BACK, data={**fields, "code": "000000"})
    assert wrong.status_code == 403
    fields["sealed"] = hidden(wrong, "sealed")
    done = await reader.post(BACK, data={**fields, "code": authenticator.code()})
    assert (done.status_code, done.headers["location"]) == (303, "/th/work")
    assert SESSION in reader.cookies


async def test_what_comes_back_counts_for_the_browser_that_began_alone(
    registry: Registry, knowing_api: Api
) -> None:
    reader, holder = knowing_api.client, await a_holder(registry)
    await sign_in(reader, await email_of(registry, holder))
    await link(reader, "mali")
    reader.cookies.clear()
    there = await back_from(await begun(reader, "th"), "mali")
    reader.cookies.clear()  # another browser
    answer = await reader.get(there)
    assert answer.status_code == 403
    assert SESSION not in reader.cookies
    # Somebody's identity is linked to nobody else whose browser is led to what came back.
    await sign_in(reader, await email_of(registry, await a_holder(registry)))
    page = await send(reader, NEW, {"current_password": PASSWORD})
    there = await back_from(page, "somsri")
    reader.cookies.delete(COOKIE)
    await reader.get(there)
    held = await knowing_api.get(IDENTITIES, headers=bearer(knowing_api, holder))
    assert len(held.json()["data"]) == 1


@pytest.mark.parametrize("purpose", ["sign_in", "link"])
async def test_who_declines_at_the_provider_is_told_so(
    registry: Registry, knowing_api: Api, purpose: str
) -> None:
    reader = knowing_api.client
    if purpose == "link":
        await sign_in(reader, await email_of(registry, await a_holder(registry)))
        page = await send(reader, NEW.replace("/en/", "/th/"), {"current_password": PASSWORD})
    else:
        page = await begun(reader, "th")
    state = parse_qs(urlsplit(await back_from(page, "mali")).query)["state"][0]
    asked = urlencode({"error": "access_denied", "state": state})
    answer = await reader.get(f"{BACK}?{asked}", follow_redirects=True)
    assert answer.status_code == 200
    assert "ผู้ให้บริการยืนยันตัวตนไม่ได้ยืนยันว่าท่านเป็นใคร" in answer.text
    assert COOKIE not in reader.cookies


async def test_an_identity_that_nobody_has_linked_is_told_on_the_page_to_sign_in(
    knowing_api: Api,
) -> None:
    reader = knowing_api.client
    answer = await reader.get(await back_from(await begun(reader, "th"), "nobody"))
    assert answer.status_code >= 400
    assert 'name="password"' in answer.text
    assert "govuk-error-summary" in answer.text
    assert SESSION not in reader.cookies


async def test_without_a_provider_none_is_offered(
    registry: Registry, reader: httpx2.AsyncClient
) -> None:
    assert "/sign-in/identity" not in (await reader.get("/en/sign-in")).text
    assert (await reader.get("/en/sign-in/identity")).headers["location"] == "/en/sign-in"
    refused = await reader.post("/en/sign-in/identity", data={"next": "/en/work"})
    assert refused.status_code >= 400
    assert 'name="password"' in refused.text
    await sign_in(reader, await email_of(registry, await a_holder(registry)))
    assert "/identities/new" not in (await reader.get(SECURITY)).text
    asked = (await reader.get(NEW)).text
    assert "no identity provider" in asked
    assert "current_password" not in asked


async def a_rule(registry: Registry, administrator: Actor, acts: str) -> None:
    """Have acts confirmed from today on."""
    command = SetRule(
        programme_code=None,
        key=RuleKey.CONFIRMED_ACTS,
        value=acts,
        valid_from=bangkok_date(clock.now()),
        valid_to=None,
        source="a test",
        is_default=False,
    )
    await registry.do(administrator, lambda pen: set_rule(pen, administrator, command))


@pytest.mark.parametrize("has_code", [True, False])
async def test_an_act_is_confirmed_with_a_passkey(
    registry: Registry,
    api: Api,
    reader: httpx2.AsyncClient,
    has_code: bool,  # noqa: FBT001
) -> None:
    administrator = await the_administrator(registry)
    holder = await a_holder(registry)
    own = await an_account(registry, administrator, holder)
    other = await an_account(registry, administrator, await a_holder(registry))
    await a_rule(registry, administrator, "trust_proposal")
    device = Device()
    await register(api, bearer(api, holder), device)
    if has_code:
        authenticator = await an_authenticator(api, holder)
        await sign_in(reader, await email_of(registry, holder), code=authenticator.code())
    else:
        asking = await reader.post("/en/sign-in/passkey")
        signed = json.dumps(device.sign(asked_of(asking)))
        await reader.post("/en/sign-in/passkey", data={"credential": signed})
    path = f"/en/work/accounts/{own.number}/trusted"
    page = await send(reader, path, {"account": other.number, "form_key": "once"})
    assert page.status_code == 200
    assert "Confirm with a passkey" in page.text
    assert ('name="confirming_code"' in page.text) is has_code
    assert other.number in page.text
    digest = hidden(page, "confirmed_digest")
    fields = {name: hidden(page, name) for name in ("form_token", "form_key", "account")}
    fields |= {"confirmed_digest": digest, "confirmed_act": "trust_proposal"}
    signed = json.dumps(device.sign(asked_of(page)))
    for credential, status in (("{}", 422), (signed, 303)):
        answer = await reader.post(path, data={**fields, "credential": credential})
        assert answer.status_code == status, answer.text
    listed = await api.get(
        f"/v1/accounts/{own.number}/trusted-accounts", headers=bearer(api, holder)
    )
    assert [each["account"] for each in listed.json()["data"]] == [other.number]
