"""Identities over HTTP: linked, signed in by, unlinked, and finished by nobody but who began."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import ValidationError
from sqlalchemy import func, select

from app.entry.provider import provider_of
from app.entry.sweeping import Sweeper
from app.kernel import clock
from app.kernel.db import glancing
from app.registry.erasure.operations import ErasePerson, erase_person
from app.registry.parties.policy import Actor
from app.registry.signin.rules import (
    IDENTITIES_PER_USER_MAX,
    IDENTITY_REQUEST_LIFETIME,
    IDENTITY_REQUESTS_OPEN_MAX,
)
from app.registry.signin.store import identity_requests
from app.settings import Settings
from tests.builders.answers import refused
from tests.builders.identity_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    COMPLETION,
    IDENTITIES,
    REDIRECT,
    SIGN_IN,
    IdentityProvider,
    back_from,
    begun_link,
    begun_sign_in,
    knowing,
    link,
    visit,
)
from tests.builders.parties import PASSWORD, a_holder, bearer, the_administrator
from tests.builders.passkeys import Device, asked_to_sign_in, register
from tests.builders.signing_in import (
    ME,
    TOKENS,
    bearing,
    by_key,
    by_password,
    coming_from,
    email_of,
)
from tests.conftest import Api, Registry, settings_for
from tests.contract.service import serving

REGISTRATION = f"{IDENTITIES}/registration"

Json = dict[str, Any]


async def signed_in_as(api: Api, answer: Mapping[str, Any]) -> str:
    """Complete a sign-in; returns whose it became."""
    done = await api.post(COMPLETION, json=answer)
    assert done.status_code == 200, done.text
    shown = await api.get(ME, headers=bearing(done.json()))
    return str(shown.json()["id"])


async def mali(registry: Registry, api: Api) -> tuple[Actor, str]:
    """Return a user, and the identity that she has linked."""
    holder = await a_holder(registry)
    return holder, await link(api, bearer(api, holder), "mali")


async def test_whoever_has_linked_an_identity_signs_in_by_it(
    registry: Registry, knowing_api: Api, provider: IdentityProvider
) -> None:
    api = knowing_api
    holder, identity_id = await mali(registry, api)
    answer = await api.post(COMPLETION, json=await back_from(api, "mali"))
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    headers = bearing(answer.json())
    assert (await api.get(ME, headers=headers)).json()["id"] == holder.user_id
    (row,) = (await api.get("/v1/sessions", headers=headers)).json()["data"]
    assert row["second_factor"] is None
    (held,) = (await api.get(IDENTITIES, headers=headers)).json()["data"]
    assert (held["id"], held["issuer"], held["subject"]) == (identity_id, provider.issuer, "mali")
    refresh = {"grant_type": "refresh_token", "refresh_token": answer.json()["refresh_token"]}
    assert (await api.post(TOKENS, json=refresh)).status_code == 200
    # It is asked who somebody is once for each code, and what it says of itself once.
    assert provider.asked.count("/token") == 2
    assert provider.asked.count("/keys") == 1
    assert provider.asked.count("/.well-known/openid-configuration") == 1


async def test_the_whole_way_over_real_sockets(
    registry: Registry, provider: IdentityProvider, tmp_path: Path
) -> None:
    """As a browser goes it, with its cookies; and what is secret stands in no line of the log."""
    holder = await a_holder(registry)
    settings = knowing(settings_for(registry.url, tmp_path), provider, tmp_path)
    named = {
        "REGISTRY_OIDC_ISSUER": settings.oidc_issuer,
        "REGISTRY_OIDC_CLIENT_ID": settings.oidc_client_id,
        "REGISTRY_OIDC_CLIENT_SECRET_FILE": str(settings.oidc_client_secret_file),
        "REGISTRY_OIDC_REDIRECT_URI": settings.oidc_redirect_uri,
    }
    async with serving(registry.url, tmp_path, named=named) as service:
        email = await email_of(registry, holder)
        async with await service.signed_in(email) as client:
            begun = await client.post(REGISTRATION, json={"current_password": PASSWORD})
            back = await visit(begun.json(), "mali")
            linked = await client.post(IDENTITIES, json=back)
            assert linked.status_code == 201, linked.text
        async with httpx2.AsyncClient(base_url=service.address) as client:
            begun = await client.post(SIGN_IN)
            back = await visit(begun.json(), "mali")
            async with httpx2.AsyncClient(base_url=service.address) as another:
                refused(await another.post(COMPLETION, json=back), 403, "identity_refused")
            done = await client.post(COMPLETION, json=back)
            assert done.status_code == 200, done.text
            assert not client.cookies
            shown = await client.get(ME, headers=bearing(done.json()))
            assert shown.json()["id"] == holder.user_id
    written = service.log_file.read_text("utf-8")
    assert '"operation": "complete_identity_sign_in"' in written
    for secret in (*back.values(), begun.json()["binding"], CLIENT_SECRET):
        assert secret == provider.issuer or secret not in written


async def test_it_is_recorded_and_shown_to_whom_it_is_about(
    registry: Registry, knowing_api: Api
) -> None:
    api = knowing_api
    holder, identity_id = await mali(registry, api)
    await signed_in_as(api, await back_from(api, "mali"))
    headers = bearer(api, holder)
    about = f"/v1/users/{holder.user_id}"
    shown = (await api.get(f"{about}/personal-data", headers=headers)).json()
    assert [each["id"] for each in shown["identities"]] == [identity_id]
    kinds = [(each["kind"], each["what"]) for each in shown["access"]]
    assert ("sign_in_changed", "user.identity_linked") in kinds
    assert ("signed_in", "identity") in kinds


async def test_an_address_that_the_provider_claims_links_nobody(
    registry: Registry, knowing_api: Api, provider: IdentityProvider
) -> None:
    holder = await a_holder(registry)
    provider.claims = {"email": await email_of(registry, holder), "email_verified": True}
    answer = await knowing_api.post(COMPLETION, json=await back_from(knowing_api, "a stranger"))
    refused(answer, 403, "identity_unknown")


async def test_who_is_unknown_is_not_asked_for_again(
    registry: Registry, knowing_api: Api, provider: IdentityProvider
) -> None:
    """And whether somebody is known costs the same questions."""
    api = knowing_api
    answer = await back_from(api, "nobody")
    refused(await api.post(COMPLETION, json=answer), 403, "identity_unknown")
    refused(await api.post(COMPLETION, json=answer), 403, "identity_refused")
    for_unknown, provider.asked = provider.asked, []
    await mali(registry, api)
    provider.asked = []
    await signed_in_as(api, await back_from(api, "mali"))
    assert [path for path in for_unknown if path in {"/authorize", "/token"}] == provider.asked


# ------------------------------------------------------------------------------ by whom, how often


async def test_what_came_back_works_once(registry: Registry, knowing_api: Api) -> None:
    api = knowing_api
    holder, _ = await mali(registry, api)
    answer = await back_from(api, "mali")
    assert await signed_in_as(api, answer) == holder.user_id
    refused(await api.post(COMPLETION, json=answer), 403, "identity_refused")
    # Another code does not make the state good again, nor another state a code that was used.
    other = await back_from(api, "mali")
    again = {**answer, "code": other["code"]}
    refused(await api.post(COMPLETION, json=again), 403, "identity_refused")
    again = {**other, "code": answer["code"]}
    refused(await api.post(COMPLETION, json=again), 403, "identity_refused")


async def test_of_many_at_once_one_signs_in(registry: Registry, knowing_api: Api) -> None:
    api = knowing_api
    await mali(registry, api)
    answer = await back_from(api, "mali")
    done = await asyncio.gather(*(api.post(COMPLETION, json=answer) for _ in range(8)))
    assert sorted(each.status_code for each in done) == [200, *[403] * 7]


async def test_nobody_finishes_what_another_browser_began(
    registry: Registry, knowing_api: Api
) -> None:
    """Else somebody could be made to sign in as another; and it is not used up either."""
    api = knowing_api
    holder, _ = await mali(registry, api)
    answer, another = await back_from(api, "mali"), await begun_sign_in(api)
    for binding in (another["binding"], None, "A" * 43):
        stolen = {**answer, "binding": binding}
        refused(await api.post(COMPLETION, json=stolen), 403, "identity_refused")
    assert await signed_in_as(api, answer) == holder.user_id


@pytest.mark.parametrize(
    ("origin", "name", "marks"),
    [
        ("", "registry-sign-in", {"HttpOnly", "SameSite=lax", "Path=/"}),
        (
            "https://registry.test",
            "__Host-registry-sign-in",
            {"HttpOnly", "SameSite=lax", "Path=/", "Secure"},
        ),
    ],
)
async def test_a_browser_is_known_by_its_cookie_too(
    registry: Registry, knowing_api: Api, origin: str, name: str, marks: set[str]
) -> None:
    api = knowing_api
    api.app.state.settings = api.app.state.settings.model_copy(update={"public_origin": origin})
    holder, _ = await mali(registry, api)
    begun = await api.post(SIGN_IN)
    pair, *said = begun.headers["set-cookie"].split("; ")
    assert pair == f"{name}={begun.json()['binding']}"
    assert set(said) == {*marks, "Max-Age=600"}
    answer = await visit(begun.json(), "mali")
    refused(await api.post(COMPLETION, json=answer), 403, "identity_refused")
    done = await api.post(COMPLETION, json=answer, headers={"Cookie": pair})
    assert done.status_code == 200, done.text
    assert done.headers["set-cookie"].startswith(f'{name}=""; ')
    shown = await api.get(ME, headers=bearing(done.json()))
    assert shown.json()["id"] == holder.user_id


async def test_what_is_for_one_thing_is_for_nothing_else(
    registry: Registry, knowing_api: Api
) -> None:
    api = knowing_api
    holder = await a_holder(registry)
    headers = bearer(api, holder)
    for_link = await back_from(api, "mali", asked=await begun_link(api, headers))
    refused(await api.post(COMPLETION, json=for_link), 403, "identity_refused")
    for_sign_in = await back_from(api, "mali")
    answer = await api.post(IDENTITIES, json=for_sign_in, headers=headers)
    refused(answer, 403, "identity_refused")
    # Nor does another user, in the same browser, link what one has begun.
    other = await a_holder(registry)
    answer = await api.post(IDENTITIES, json=for_link, headers=bearer(api, other))
    refused(answer, 403, "identity_refused")
    assert (await api.post(IDENTITIES, json=for_link, headers=headers)).status_code == 201


async def test_it_is_taken_within_minutes(
    registry: Registry, knowing_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = knowing_api
    await mali(registry, api)
    answer = await back_from(api, "mali")
    later = clock.now() + IDENTITY_REQUEST_LIFETIME
    monkeypatch.setattr(clock, "now", lambda: later)
    refused(await api.post(COMPLETION, json=answer), 403, "identity_refused")
    monkeypatch.undo()
    refused(await api.post(COMPLETION, json=answer), 403, "identity_refused")


async def test_what_is_over_is_swept_though_nobody_begins(
    knowing_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds our half of an exchange; what is not over stays, and is good."""
    api = knowing_api

    async def waiting() -> int:
        async with glancing(api.app.state.reads) as connection:
            return int(
                await connection.scalar(select(func.count()).select_from(identity_requests)) or 0
            )

    sweeper = Sweeper(api.app.state.reads, api.app.state.sealed_files)
    for _ in range(3):
        await begun_sign_in(api)
    began = clock.now()
    for later, left in ((IDENTITY_REQUEST_LIFETIME / 2, 3), (IDENTITY_REQUEST_LIFETIME, 0)):
        monkeypatch.setattr(clock, "now", lambda moment=began + later: moment)
        await sweeper.sweep()
        assert await waiting() == left


async def test_no_network_has_very_many_waiting(knowing_api: Api) -> None:
    async with coming_from(knowing_api, "203.0.113.9") as door:
        for _ in range(IDENTITY_REQUESTS_OPEN_MAX):
            assert (await door.post(SIGN_IN)).status_code == 200
        refused(await door.post(SIGN_IN), 429, "too_many_identity_requests")
    await begun_sign_in(knowing_api)


# ------------------------------------------------------------------------------ who may, and how


async def test_the_second_factor_is_ours(
    registry: Registry, knowing_api: Api, provider: IdentityProvider
) -> None:
    """Asked for after the provider has said who it is, and sent with the very same request."""
    api = knowing_api
    holder, _ = await mali(registry, api)
    device, headers = Device(), bearer(api, holder)
    await register(api, headers, device)
    answer = await back_from(api, "mali")
    for _ in range(2):
        refused(await api.post(COMPLETION, json=answer), 401, "second_factor_required")
    wrong = Device()
    await register(api, bearer(api, await a_holder(registry)), wrong)
    signed = wrong.sign(await asked_to_sign_in(api))
    body = {**answer, "passkey": signed}
    refused(await api.post(COMPLETION, json=body), 403, "passkey_refused")
    # Who has the code without the browser gets no further than without anything.
    body = {**answer, "binding": "A" * 43, "passkey": device.sign(await asked_to_sign_in(api))}
    refused(await api.post(COMPLETION, json=body), 403, "identity_refused")
    body = {**answer, "passkey": device.sign(await asked_to_sign_in(api))}
    done = await api.post(COMPLETION, json=body)
    assert done.status_code == 200, done.text
    (row,) = (await api.get("/v1/sessions", headers=bearing(done.json()))).json()["data"]
    assert row["second_factor"] == "passkey"
    assert provider.asked.count("/token") == 2  # once to link, once to sign in
    body = {**answer, "passkey": device.sign(await asked_to_sign_in(api))}
    refused(await api.post(COMPLETION, json=body), 403, "identity_refused")


async def test_who_is_found_and_unlinked_meanwhile_does_not_come_in(
    registry: Registry, knowing_api: Api
) -> None:
    api = knowing_api
    holder, identity_id = await mali(registry, api)
    device, headers = Device(), bearer(api, holder)
    await register(api, headers, device)
    answer = await back_from(api, "mali")
    refused(await api.post(COMPLETION, json=answer), 401, "second_factor_required")
    body = {"current_password": PASSWORD}
    address = f"{IDENTITIES}/{identity_id}/removal"
    assert (await api.post(address, json=body, headers=headers)).status_code == 204
    signed = device.sign(await asked_to_sign_in(api))
    done = await api.post(COMPLETION, json={**answer, "passkey": signed})
    refused(done, 403, "identity_refused")


async def test_wrong_codes_wait_as_with_a_password(registry: Registry, knowing_api: Api) -> None:
    api = knowing_api
    holder, _ = await mali(registry, api)
    await register(api, bearer(api, holder), Device())
    answer, stranger = await back_from(api, "mali"), Device()
    await register(api, bearer(api, await a_holder(registry)), stranger)
    codes = []
    async with coming_from(api, "203.0.113.9") as door:
        for _ in range(7):
            body = {**answer, "passkey": stranger.sign(await asked_to_sign_in(api))}
            codes.append((await door.post(COMPLETION, json=body)).json()["code"])
    assert (codes[0], codes[-1]) == ("passkey_refused", "too_many_guesses")


async def test_who_is_suspended_is_refused_as_with_a_password(
    registry: Registry, knowing_api: Api
) -> None:
    api = knowing_api
    holder, _ = await mali(registry, api)
    administrator = bearer(api, await the_administrator(registry))
    address = f"/v1/users/{holder.user_id}/suspension"
    body = {"reason": "Asked to"}
    done = await api.post(address, json=body, headers=administrator)
    assert done.status_code == 200, done.text
    by_identity = await api.post(COMPLETION, json=await back_from(api, "mali"))
    with_password = await api.post(TOKENS, json=by_password(await email_of(registry, holder)))
    refused(by_identity, with_password.status_code, with_password.json()["code"])
    assert by_identity.json()["code"] == "user_suspended"
    await api.app.state.trail.keep()
    shown = await api.get(f"/v1/users/{holder.user_id}/audit", headers=administrator)
    failed = [each for each in shown.json()["data"] if each["kind"] == "sign_in_failed"]
    assert [each["what"] for each in failed] == ["user_suspended"] * 2


async def test_of_who_is_erased_no_identity_is_left(registry: Registry, knowing_api: Api) -> None:
    api = knowing_api
    holder, _ = await mali(registry, api)
    before = await back_from(api, "mali")
    administrator = await the_administrator(registry)
    forget = ErasePerson((), user_id=holder.user_id)
    await registry.do(administrator, lambda pen: erase_person(pen, administrator, forget))
    refused(await api.post(COMPLETION, json=before), 403, "identity_unknown")
    # Whoever the provider knows by that name now is somebody else to us.
    other = await a_holder(registry)
    await link(api, bearer(api, other), "mali")
    assert await signed_in_as(api, await back_from(api, "mali")) == other.user_id


# ------------------------------------------------------------------------------ linked and unlinked


async def test_an_identity_is_one_users(registry: Registry, knowing_api: Api) -> None:
    api = knowing_api
    holder, _ = await mali(registry, api)
    for who in (holder, await a_holder(registry)):
        headers = bearer(api, who)
        answer = await back_from(api, "mali", asked=await begun_link(api, headers))
        refused(await api.post(IDENTITIES, json=answer, headers=headers), 409, "identity_linked")
    assert await signed_in_as(api, await back_from(api, "mali")) == holder.user_id


async def test_of_two_who_link_it_at_once_one_has_it(registry: Registry, knowing_api: Api) -> None:
    api = knowing_api
    people = [bearer(api, await a_holder(registry)) for _ in range(2)]
    answers = [
        await back_from(api, "mali", asked=await begun_link(api, headers)) for headers in people
    ]
    done = await asyncio.gather(
        *(
            api.post(IDENTITIES, json=answer, headers=headers)
            for answer, headers in zip(answers, people, strict=True)
        )
    )
    assert sorted(each.status_code for each in done) == [201, 409]


async def test_both_take_the_password(registry: Registry, knowing_api: Api) -> None:
    api = knowing_api
    holder, identity_id = await mali(registry, api)
    headers, wrong = bearer(api, holder), {"current_password": "a guess"}
    for address in (REGISTRATION, f"{IDENTITIES}/{identity_id}/removal"):
        answer = await api.post(address, json=wrong, headers=headers)
        refused(answer, 403, "current_password_wrong")
    assert await signed_in_as(api, await back_from(api, "mali")) == holder.user_id


async def test_who_unlinks_it_ends_what_came_of_it(registry: Registry, knowing_api: Api) -> None:
    api = knowing_api
    holder, identity_id = await mali(registry, api)
    done = await api.post(COMPLETION, json=await back_from(api, "mali"))
    grant = by_password(await email_of(registry, holder))
    mine = bearing((await api.post(TOKENS, json=grant)).json())
    right = {"current_password": PASSWORD}
    address = f"{IDENTITIES}/{identity_id}/removal"
    stranger = bearer(api, await a_holder(registry))
    answer = await api.post(address, json=right, headers=stranger)
    refused(answer, 404, "identity_not_found")
    assert (await api.post(address, json=right, headers=mine)).status_code == 204
    refused(await api.post(address, json=right, headers=mine), 404, "identity_not_found")
    refresh = {"grant_type": "refresh_token", "refresh_token": done.json()["refresh_token"]}
    refused(await api.post(TOKENS, json=refresh), 401, "refresh_refused")
    assert (await api.get(ME, headers=mine)).status_code == 200
    refused(await api.post(COMPLETION, json=await back_from(api, "mali")), 403, "identity_unknown")


async def test_a_person_has_some_and_not_many(registry: Registry, knowing_api: Api) -> None:
    api = knowing_api
    headers = bearer(api, await a_holder(registry))
    for number in range(IDENTITIES_PER_USER_MAX):
        await link(api, headers, f"mali {number}")
    answer = await back_from(api, "one more", asked=await begun_link(api, headers))
    refused(await api.post(IDENTITIES, json=answer, headers=headers), 409, "too_many_identities")


async def test_a_key_links_nothing(registry: Registry, knowing_api: Api) -> None:
    api = knowing_api
    holder, identity_id = await mali(registry, api)
    key = await a_key_of(api, holder)
    answer = {"state": "A" * 43, "code": "c", "binding": "A" * 43}
    for address, body in (
        (REGISTRATION, {"current_password": PASSWORD}),
        (IDENTITIES, answer),
        (f"{IDENTITIES}/{identity_id}/removal", {"current_password": PASSWORD}),
    ):
        refused(await api.post(address, json=body, headers=key), 403, "person_needed")


async def a_key_of(api: Api, holder: Actor) -> dict[str, str]:
    """Return what a machine of a user calls with."""
    made = await api.post(
        f"/v1/users/{holder.user_id}/keys", json={"label": "A gateway"}, headers=bearer(api, holder)
    )
    assert made.status_code == 201, made.text
    shown = made.json()
    grant = by_key(shown["id"], shown["client_secret"])
    return bearing((await api.post(TOKENS, json=grant)).json())


# ------------------------------------------------------------------------------ where there is none


async def test_without_a_provider_there_is_none(registry: Registry, api: Api) -> None:
    headers = bearer(api, await a_holder(registry))
    answer = {"state": "A" * 43, "code": "c", "binding": "A" * 43}
    for address, body in (
        (SIGN_IN, None),
        (COMPLETION, answer),
        (REGISTRATION, {"current_password": PASSWORD}),
        (IDENTITIES, answer),
    ):
        refused(await api.post(address, json=body, headers=headers), 409, "identities_off")
    assert (await api.get(IDENTITIES, headers=headers)).json()["data"] == []


NAMED: Json = {
    "oidc_issuer": "https://id.example/realm",
    "oidc_client_id": CLIENT_ID,
    "oidc_redirect_uri": REDIRECT,
}


def settings(folder: Path, **other: Any) -> Settings:  # noqa: ANN401
    file = folder / "secret"
    file.write_text("a secret\n", "utf-8")
    named = {**NAMED, "oidc_client_secret_file": file, **other}
    whole = settings_for("postgresql://nobody@/nothing", folder).model_dump()
    return Settings.model_validate({**whole, **named})


def test_a_provider_is_named_whole_or_not(tmp_path: Path) -> None:
    assert settings(tmp_path).oidc_issuer == "https://id.example/realm"
    for name in (*NAMED, "oidc_client_secret_file"):
        empty = None if name.endswith("file") else ""
        with pytest.raises(ValidationError, match="or none of them"):
            settings(tmp_path, **{name: empty})


@pytest.mark.parametrize("name", ["oidc_issuer", "oidc_redirect_uri"])
@pytest.mark.parametrize(
    "address",
    [
        "http://id.example",
        "http://127.0.0.1.evil.example",
        "https://somebody@id.example",
        "https://id.example?realm=1",
        "https://id.example/#part",
        "ftp://id.example",
        "https:///realm",
        "id.example",
    ],
)
def test_an_address_that_is_not_safe_is_not_taken(tmp_path: Path, name: str, address: str) -> None:
    with pytest.raises(ValidationError):
        settings(tmp_path, **{name: address})


@pytest.mark.parametrize("address", ["http://localhost:8080", "http://127.0.0.1", "http://[::1]:1"])
def test_a_provider_beside_us_needs_no_tls(tmp_path: Path, address: str) -> None:
    assert settings(tmp_path, oidc_issuer=address).oidc_issuer == address


async def test_a_secret_that_is_none_is_noticed_at_the_start(tmp_path: Path) -> None:
    named = settings(tmp_path)
    assert named.oidc_client_secret_file is not None
    named.oidc_client_secret_file.write_text("\n", "utf-8")
    with pytest.raises(ValueError, match="holds no secret"):
        async with provider_of(named):
            pass
    named.oidc_client_secret_file.unlink()
    with pytest.raises(FileNotFoundError):
        async with provider_of(named):
            pass


async def test_whoever_starts_is_sent_to_the_provider_alone(
    knowing_api: Api, provider: IdentityProvider
) -> None:
    """And back to the configured page alone, whatever they ask for."""
    for path in (SIGN_IN, f"{SIGN_IN}?redirect_uri=https://evil.example"):
        answer = await knowing_api.post(path, headers={"Host": "evil.example"})
        if answer.status_code == 422:
            continue  # no such parameter
        address = answer.json()["authorization_url"]
        assert address.startswith(f"{provider.issuer}/authorize?")
        assert re.search(r"redirect_uri=https%3A%2F%2Fregistry\.test%2Fsigned-in(&|$)", address)
        assert "evil" not in address
