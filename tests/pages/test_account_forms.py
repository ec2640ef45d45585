"""Forms of one's own account, as a browser sends them: passkeys, codes, and what is never kept."""

import asyncio
import json
import re
from html import unescape
from typing import Final

import httpx2
import pytest

from app.entry.api.tokens import CredentialsRefusedError
from app.entry.pages.sessions import COOKIE
from app.entry.pages.words import Language, word
from tests.builders.parties import PASSWORD, a_developer, bearer
from tests.builders.passkeys import Device
from tests.builders.signing_in import an_authenticator, email_of
from tests.conftest import Api, Registry
from tests.pages.browsing import asked_of, hidden, send, sign_in

SECURITY: Final = "/en/account/security"
RECORDED_SECONDS_MAX: Final = 60


async def test_a_passkey_is_added_signs_in_and_is_removed(
    registry: Registry, reader: httpx2.AsyncClient
) -> None:
    developer, device = await a_developer(registry), Device()
    await sign_in(reader, await email_of(registry, developer))
    opened = f"{SECURITY}/passkeys/new"
    wrong = await send(reader, opened, {"name": "Phone", "current_password": "not this one at all"})
    assert wrong.status_code >= 400
    assert "not this one" not in wrong.text
    page = await send(reader, opened, {"name": "Phone", "current_password": PASSWORD})
    made = json.dumps(device.make(asked_of(page)))
    for credential, status in (("no passkey", 422), (made, 303)):
        answer = await send(
            reader, opened, {"name": "Phone", "credential": credential}, f"{SECURITY}/passkeys/made"
        )
        assert answer.status_code == status, answer.text
    assert "Phone" in (await reader.get(SECURITY)).text
    reader.cookies.clear()
    page = await reader.post("/en/sign-in/passkey", data={"next": SECURITY})
    unsigned = await reader.post("/en/sign-in/passkey", data={"credential": "{}"})
    assert unsigned.status_code == 422
    signed = {"next": SECURITY, "credential": json.dumps(device.sign(asked_of(page)))}
    answer = await reader.post("/en/sign-in/passkey", data=signed)
    assert (answer.status_code, answer.headers["location"]) == (303, SECURITY)
    assert COOKIE in reader.cookies
    again = await reader.post("/en/sign-in/passkey", data=signed | {"form_token": ""})
    assert again.status_code == 409  # of another session by now
    found = re.search(
        r"/en/account/security/passkeys/(pky_[a-z0-9]+)", (await reader.get(SECURITY)).text
    )
    assert found
    for password, status in (("not this one at all", 403), (PASSWORD, 303)):
        answer = await send(reader, found[0], {"current_password": password})
        assert answer.status_code == status
    assert "Phone" not in (await reader.get(SECURITY)).text


async def test_forms_without_a_page_of_their_own_lead_back(
    registry: Registry, reader: httpx2.AsyncClient
) -> None:
    await sign_in(reader, await email_of(registry, await a_developer(registry)))
    for path, to in (
        (f"{SECURITY}/passkeys/made", SECURITY),
        (f"{SECURITY}/second-factor/code", SECURITY),
        ("/en/apply/mine/documents", "/en/apply/mine"),
        ("/en/apply/mine", "/en/apply/back"),
        ("/en/apply/mine/amend", "/en/apply/back"),
        ("/en/sign-in/passkey", "/en/sign-in"),
    ):
        assert (await reader.get(path)).headers["location"] == to


async def test_new_recovery_codes_take_a_code_of_the_authenticator(
    registry: Registry, api: Api, reader: httpx2.AsyncClient
) -> None:
    developer = await a_developer(registry)
    authenticator = await an_authenticator(api, developer)
    await sign_in(reader, await email_of(registry, developer), code=authenticator.code())
    opened = f"{SECURITY}/second-factor/recovery-codes"
    wrong = await send(reader, opened, {"totp": "000000"})
    assert wrong.status_code == 403
    shown = await send(reader, opened, {"totp": authenticator.code()})
    codes = re.findall(r">([A-Z2-7]{4}(?:-[A-Z2-7]{4}){3})<", shown.text)
    assert len(set(codes)) == 10
    assert not set(codes) & set(authenticator.recovery_codes)
    assert shown.headers["cache-control"] == "no-store"


async def test_a_password_is_not_kept_in_a_page_when_a_session_has_ended(
    reader: httpx2.AsyncClient,
) -> None:
    secrets = {"current_password": "one secret", "new_password": "two secret", "totp": "123456"}
    answer = await reader.post(f"{SECURITY}/password", data=secrets | {"form_key": "k"})
    assert answer.status_code == 401
    assert not [text for text in secrets.values() if text in answer.text]


async def test_what_is_kept_of_somebody_is_a_file_as_the_api_has_it(
    registry: Registry, reader: httpx2.AsyncClient
) -> None:
    developer = await a_developer(registry)
    email = await email_of(registry, developer)
    await sign_in(reader, email)
    answer = await reader.get("/en/account/personal-data/file")
    assert "attachment" in answer.headers["content-disposition"]
    held = answer.json()
    assert (held["id"], held["email"]) == (developer.user_id, email)


@pytest.mark.parametrize("language", ["en", "th"])
async def test_how_somebody_signed_in_is_said_in_words(
    registry: Registry, reader: httpx2.AsyncClient, language: Language
) -> None:
    email = await email_of(registry, await a_developer(registry))
    assert (await sign_in(reader, email, password="not this one")).status_code >= 400
    await sign_in(reader, email)
    refused = CredentialsRefusedError
    title = refused.title_th if language == "th" else str(refused.__doc__).splitlines()[0]
    text = ""
    for _ in range(RECORDED_SECONDS_MAX * 10):  # it is recorded beside the answer
        text = unescape((await reader.get(f"/{language}/account/audit")).text)
        if title in text:
            break
        await asyncio.sleep(0.1)
    assert title in text
    assert word("access_what", "password", language) in text
    assert f"/{language}/problems/{refused.code}" in text


async def test_an_identity_that_is_not_there_is_a_refusal_that_says_so(
    registry: Registry, reader: httpx2.AsyncClient
) -> None:
    await sign_in(reader, await email_of(registry, await a_developer(registry)))
    path = f"{SECURITY}/identities/idn_01kb5b1j0dfz5r5d8r4v5e2c3a"
    opened = (await reader.get(path)).text
    assert "No such identity is linked." in opened
    assert "current_password" not in opened
    for password in ("not this one at all", PASSWORD):
        answer = await send(reader, path, {"current_password": password})
        assert answer.status_code >= 400
        assert "govuk-error-summary" in answer.text


async def test_a_key_asked_for_twice_at_once_is_issued_once(
    registry: Registry, api: Api, reader: httpx2.AsyncClient
) -> None:
    developer = await a_developer(registry)
    await sign_in(reader, await email_of(registry, developer))
    opened = await reader.get("/en/work/keys")
    form = {name: hidden(opened, name) for name in ("form_token", "form_key")}
    form["label"] = "Gateway"
    presses = [reader.post("/en/work/keys", data=form) for _ in range(5)]
    answers = await asyncio.gather(*presses)
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    shown = next(answer for answer in answers if answer.status_code == 200)
    assert shown.headers["cache-control"] == "no-store"
    path = f"/v1/users/{developer.user_id}/keys"
    (key,) = (await api.get(path, headers=bearer(api, developer))).json()["data"]
    for answer in answers:
        assert key["id"] in answer.text
        assert ("Its secret was shown once" in answer.text) is (answer.status_code == 409)


async def test_the_secret_of_a_key_is_not_kept_with_the_idempotency_key(
    registry: Registry, api: Api
) -> None:
    developer = await a_developer(registry)
    headers = bearer(api, developer) | {"Idempotency-Key": "one-gateway"}
    path = f"/v1/users/{developer.user_id}/keys"
    first = await api.post(path, json={"label": "Gateway"}, headers=headers)
    again = await api.post(path, json={"label": "Gateway"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 409)
    assert again.json()["code"] == "key_issued_before"
    assert again.json()["facts"] == {"key_id": first.json()["id"]}
    assert first.json()["client_secret"] not in again.text
    other = await api.post(path, json={"label": "Another"}, headers=headers)
    assert other.json()["code"] == "idempotency_key_reused"
