"""Passkeys over HTTP: registered, signed in with, confirmed with, and what is wrong with them."""

import asyncio
import base64
import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.kernel import clock
from app.registry.log.pen import Pen
from app.registry.parties.policy import Actor
from app.registry.signin.operations import use_confirmation
from app.registry.signin.rules import (
    CHALLENGE_LIFETIME,
    CHALLENGES_OPEN_MAX,
    PASSKEYS_PER_USER_MAX,
)
from tests.builders.answers import refused
from tests.builders.parties import (
    PASSWORD,
    Register,
    Service,
    a_holder,
    bearer,
    the_administrator,
)
from tests.builders.passkeys import PASSKEYS, Device, asked_to_sign_in, made_by, register
from tests.builders.signing_in import (
    ME,
    SECOND_FACTOR,
    TOKENS,
    bearing,
    by_password,
    coming_from,
    email_of,
    signed_in,
)
from tests.conftest import Api, Registry, settings_for

CONFIRMATIONS = "/v1/confirmations"
DIGEST = hashlib.sha256(b"retire 5 of TH-1 in the name of Mali").hexdigest()


def by_passkey(signed: dict[str, Any]) -> dict[str, Any]:
    return {"grant_type": "passkey", "passkey": signed}


async def somebody(registry: Register, api: Service) -> tuple[Actor, Device, str]:
    holder, device = await a_holder(registry), Device()
    passkey_id = await register(api, bearer(api, holder), device)
    return holder, device, passkey_id


async def test_a_passkey_alone_signs_in(registry: Register, api: Service) -> None:
    holder, device, passkey_id = await somebody(registry, api)
    asked = await asked_to_sign_in(api)
    assert (asked["rpId"], asked["userVerification"]) == ("registry.test", "required")
    assert asked["allowCredentials"] == []
    session = await api.post(TOKENS, json=by_passkey(device.sign(asked)))
    assert session.status_code == 200, session.text
    headers = bearing(session.json())
    assert (await api.get(ME, headers=headers)).json()["id"] == holder.user_id
    (row,) = (await api.get("/v1/sessions", headers=headers)).json()["data"]
    assert row["second_factor"] == "passkey"
    (held,) = (await api.get(PASSKEYS, headers=headers)).json()["data"]
    assert (held["id"], held["name"]) == (passkey_id, "Phone")
    assert held["last_used_at"] is not None


async def test_beside_a_password_it_is_the_second_factor(registry: Register, api: Service) -> None:
    """And where it is there, a password alone does not do."""
    holder, device, _ = await somebody(registry, api)
    email = await email_of(registry, holder)
    answer = await api.post(TOKENS, json=by_password(email))
    refused(answer, 401, "second_factor_required")
    assert answer.json()["facts"] == {"accepted": "passkey"}
    with_code = by_password(email, totp="123456")
    refused(await api.post(TOKENS, json=with_code), 401, "second_factor_required")
    grant = {**by_password(email), "passkey": device.sign(await asked_to_sign_in(api))}
    session = await api.post(TOKENS, json=grant)
    assert session.status_code == 200, session.text
    (row,) = (await api.get("/v1/sessions", headers=bearing(session.json()))).json()["data"]
    assert row["second_factor"] == "passkey"


async def test_somebody_elses_is_no_second_factor(registry: Register, api: Service) -> None:
    holder, _, _ = await somebody(registry, api)
    _, theirs, _ = await somebody(registry, api)
    signed = theirs.sign(await asked_to_sign_in(api))
    grant = {**by_password(await email_of(registry, holder)), "passkey": signed}
    refused(await api.post(TOKENS, json=grant), 403, "passkey_refused")
    # Not the holder's own handle, either, on another's passkey.
    theirs.owner = base64.urlsafe_b64encode(holder.user_id.encode()).decode()
    signed = theirs.sign(await asked_to_sign_in(api))
    refused(await api.post(TOKENS, json=by_passkey(signed)), 403, "passkey_refused")


def _elsewhere(device: Device) -> None:
    device.origin = "https://registry.test.evil.example"


def _of_another_domain(device: Device) -> None:
    device.rp_id = "evil.example"


def _whoever_holds_it(device: Device) -> None:
    device.verifies = False


def _counting_back(device: Device) -> None:
    device.count = 1


WRONG: dict[str, Callable[[Device], None]] = {
    "wrong page": _elsewhere,
    "wrong domain": _of_another_domain,
    "nobody made sure": _whoever_holds_it,
    "counts back": _counting_back,
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_what_is_wrong_with_a_signature_is_found(
    registry: Register, api: Service, wrong: str
) -> None:
    _, device, _ = await somebody(registry, api)
    right = await api.post(TOKENS, json=by_passkey(device.sign(await asked_to_sign_in(api))))
    assert right.status_code == 200
    WRONG[wrong](device)
    signed = device.sign(await asked_to_sign_in(api))
    refused(await api.post(TOKENS, json=by_passkey(signed)), 403, "passkey_refused")


@pytest.mark.parametrize("wrong", [w for w in WRONG if w != "counts back"])
async def test_what_is_wrong_with_a_new_one_is_found(
    registry: Register, api: Service, wrong: str
) -> None:
    holder, device = await a_holder(registry), Device()
    WRONG[wrong](device)
    headers = bearer(api, holder)
    body = {"name": "Phone", "credential": await made_by(api, headers, device)}
    refused(await api.post(PASSKEYS, json=body, headers=headers), 403, "passkey_refused")
    assert (await api.get(PASSKEYS, headers=headers)).json()["data"] == []


async def test_broken_ones_are_refused_like_wrong_ones(registry: Register, api: Service) -> None:
    _, device, _ = await somebody(registry, api)
    for field in ("clientDataJSON", "authenticatorData", "signature", "userHandle"):
        signed = device.sign(await asked_to_sign_in(api))
        signed["response"][field] = "AAAA"
        refused(await api.post(TOKENS, json=by_passkey(signed)), 403, "passkey_refused")
    signed = device.sign(await asked_to_sign_in(api))
    signed["id"] = signed["rawId"] = "A" * 43
    refused(await api.post(TOKENS, json=by_passkey(signed)), 403, "passkey_refused")
    signed = device.sign(await asked_to_sign_in(api))
    del signed["response"]["signature"]
    assert (await api.post(TOKENS, json=by_passkey(signed))).status_code == 422


async def test_makers_of_devices_are_not_asked(registry: Register, api: Service) -> None:
    holder, device = await a_holder(registry), Device()
    headers = bearer(api, holder)
    for attestation in ("tpm", "android-safetynet", "nonsense"):
        asked = await api.post(
            f"{PASSKEYS}/registration", json={"current_password": PASSWORD}, headers=headers
        )
        made = device.make(asked.json(), attestation=attestation)
        body = {"name": "Phone", "credential": made}
        refused(await api.post(PASSKEYS, json=body, headers=headers), 403, "passkey_refused")


async def test_a_challenge_is_good_for_one_try(registry: Register, api: Service) -> None:
    """Also where that one failed; and of many at once one gets in."""
    _, device, _ = await somebody(registry, api)
    asked = await asked_to_sign_in(api)
    device.verifies = False
    refused(await api.post(TOKENS, json=by_passkey(device.sign(asked))), 403, "passkey_refused")
    device.verifies = True
    refused(await api.post(TOKENS, json=by_passkey(device.sign(asked))), 403, "passkey_refused")
    signed = by_passkey(device.sign(await asked_to_sign_in(api)))
    answers = await asyncio.gather(*(api.post(TOKENS, json=signed) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 403, 403, 403]


async def test_a_challenge_is_good_for_five_minutes_and_one_purpose(
    registry: Register, api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder, device, _ = await somebody(registry, api)
    headers = bearer(api, holder)
    asked = await api.post(f"{CONFIRMATIONS}/challenges", json={"digest": DIGEST}, headers=headers)
    signed = device.sign(asked.json())
    refused(await api.post(TOKENS, json=by_passkey(signed)), 403, "passkey_refused")
    # For another purpose it was not even taken.
    body = {"digest": DIGEST, "passkey": signed}
    answer = await api.post(CONFIRMATIONS, json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    signed = device.sign(await asked_to_sign_in(api))
    begun = clock.now()
    monkeypatch.setattr(clock, "now", lambda: begun + CHALLENGE_LIFETIME + timedelta(seconds=1))
    refused(await api.post(TOKENS, json=by_passkey(signed)), 403, "passkey_refused")


async def test_a_confirmation_is_of_exactly_this_content(registry: Registry, api: Api) -> None:
    holder, device, _ = await somebody(registry, api)
    headers = bearer(api, holder)

    async def signed(digest: str) -> dict[str, Any]:
        address = f"{CONFIRMATIONS}/challenges"
        asked = await api.post(address, json={"digest": digest}, headers=headers)
        assert asked.status_code == 200, asked.text
        challenge = base64.urlsafe_b64decode(asked.json()["challenge"] + "==")
        assert challenge[-32:].hex() == digest
        return device.sign(asked.json())

    async def confirmed(pen: Pen) -> bool:
        pen.record(by=holder.user_id, kind="test.confirmed", subject="x", data={})
        return await use_confirmation(
            pen.connection, user_id=holder.user_id, digest=DIGEST, now=pen.now
        )

    other = hashlib.sha256(b"retire 500").hexdigest()
    body = {"digest": DIGEST, "passkey": await signed(other)}
    refused(await api.post(CONFIRMATIONS, json=body, headers=headers), 403, "passkey_refused")
    assert not await registry.do(holder, confirmed)
    # Nor is another person's signature mine.
    someone = await a_holder(registry)
    body = {"digest": DIGEST, "passkey": await signed(DIGEST)}
    answer = await api.post(CONFIRMATIONS, json=body, headers=bearer(api, someone))
    refused(answer, 403, "passkey_refused")
    answer = await api.post(CONFIRMATIONS, json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    assert [await registry.do(holder, confirmed) for _ in range(2)] == [True, False]
    answer = await api.post(CONFIRMATIONS, json={"digest": DIGEST}, headers=headers)
    refused(answer, 409, "second_factor_missing")


async def test_it_takes_the_password_to_add_and_to_remove_one(
    registry: Register, api: Service
) -> None:
    holder, _, passkey_id = await somebody(registry, api)
    headers, wrong = bearer(api, holder), {"current_password": "a guess"}
    for address in (f"{PASSKEYS}/registration", f"{PASSKEYS}/{passkey_id}/removal"):
        answer = await api.post(address, json=wrong, headers=headers)
        refused(answer, 403, "current_password_wrong")
    right = {"current_password": PASSWORD}
    address = f"{PASSKEYS}/{passkey_id}/removal"
    assert (await api.post(address, json=right, headers=headers)).status_code == 204
    refused(await api.post(address, json=right, headers=headers), 404, "passkey_not_found")
    # With the last one, the second factor is gone.
    await signed_in(registry, api, holder)


async def test_one_is_named_by_its_owner_alone(registry: Register, api: Service) -> None:
    holder, _, passkey_id = await somebody(registry, api)
    other = await a_holder(registry)
    address, body = f"{PASSKEYS}/{passkey_id}/name", {"name": "มือถือใหม่"}
    answer = await api.put(address, json=body, headers=bearer(api, other))
    refused(answer, 404, "passkey_not_found")
    answer = await api.put(address, json=body, headers=bearer(api, holder))
    assert (answer.status_code, answer.json()["name"]) == (200, "มือถือใหม่")


async def test_one_device_registers_once_and_a_person_has_a_bounded_number(
    registry: Register, api: Service
) -> None:
    holder, device, _ = await somebody(registry, api)
    headers = bearer(api, holder)
    # The same key pair again, for another challenge: an authenticator would have refused.
    asked = await api.post(
        f"{PASSKEYS}/registration", json={"current_password": PASSWORD}, headers=headers
    )
    assert [one["id"] for one in asked.json()["excludeCredentials"]] == list(device.keys)
    for _ in range(PASSKEYS_PER_USER_MAX - 1):
        await register(api, headers, device)
    body = {"name": "One more", "credential": await made_by(api, headers, device)}
    refused(await api.post(PASSKEYS, json=body, headers=headers), 409, "too_many_passkeys")


async def test_an_administrator_lets_somebody_in_who_lost_their_device(
    registry: Register, api: Service
) -> None:
    holder, device, _ = await somebody(registry, api)
    administrator = bearer(api, await the_administrator(registry))
    address = f"/v1/users/{holder.user_id}/second-factor/removal"
    assert (await api.post(address, headers=administrator)).status_code == 200
    signed = device.sign(await asked_to_sign_in(api))
    refused(await api.post(TOKENS, json=by_passkey(signed)), 403, "passkey_refused")
    await signed_in(registry, api, holder)
    refused(await api.post(address, headers=administrator), 409, "second_factor_missing")
    shown = await api.get(SECOND_FACTOR, headers=bearer(api, holder))
    assert shown.json()["since"] is None


async def test_challenges_of_one_network_are_bounded(api: Service) -> None:
    async with coming_from(api, "203.0.113.9") as door:
        for _ in range(CHALLENGES_OPEN_MAX):
            assert (await door.post(f"{PASSKEYS}/challenges")).status_code == 200
        refused(await door.post(f"{PASSKEYS}/challenges"), 429, "too_many_challenges")
    await asked_to_sign_in(api)


async def test_where_nobody_said_for_what_there_are_none(registry: Registry, api: Api) -> None:
    holder, device, _ = await somebody(registry, api)
    headers = bearer(api, holder)
    signed = device.sign(await asked_to_sign_in(api))
    named = settings_for(registry.url, api.app.state.settings.data)
    api.app.state.settings = named.model_copy(update={"passkey_rp_id": "", "passkey_origins": ""})
    for address, body in (
        (TOKENS, by_passkey(signed)),
        (f"{PASSKEYS}/challenges", None),
        (f"{PASSKEYS}/registration", {"current_password": PASSWORD}),
        (f"{CONFIRMATIONS}/challenges", {"digest": DIGEST}),
    ):
        refused(await api.post(address, json=body, headers=headers), 409, "passkeys_off")
    # What they have locked stays locked.
    answer = await api.post(TOKENS, json=by_password(await email_of(registry, holder)))
    refused(answer, 401, "second_factor_required")
