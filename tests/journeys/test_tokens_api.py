"""Signing in over HTTP."""

import asyncio

import pytest

from app.entry import passwords
from app.entry.identity import AGE_S_MAX
from app.kernel import clock
from app.registry.parties import operations, store
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Role, User
from tests.builders.parties import (
    PASSWORD,
    Register,
    Service,
    a_holder,
    a_user,
    actor_of,
    an_authority,
    bearer,
    do,
    the_administrator,
)

ME = "/v1/users/me"
NO_KEY = "key_01kb5b1j0dfz5r5d8r4v5e2c3a"


async def user_of(registry: Register, actor: Actor) -> User:
    async with registry.read() as connection:
        return await store.get_user(connection, actor.user_id)


def by_password(email: str | None, password: str = PASSWORD) -> dict[str, str]:
    assert email is not None
    return {"grant_type": "password", "email": email, "password": password}


def by_key(client_id: str, secret: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": secret,
    }


async def a_key(api: Service, actor: Actor) -> dict[str, str]:
    response = await api.post(
        f"/v1/users/{actor.user_id}/keys", json={"label": "เครื่องวัด"}, headers=bearer(api, actor)
    )
    assert response.status_code == 201
    shown: dict[str, str] = response.json()
    return shown


async def test_a_person_signs_in_with_a_password(registry: Register, api: Service) -> None:
    holder = await a_holder(registry)
    user = await user_of(registry, holder)
    assert user.email is not None
    response = await api.post("/v1/tokens", json=by_password(user.email.upper()))
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    shown = response.json()
    assert (shown["token_type"], shown["expires_in"]) == ("Bearer", 600)
    me = await api.get(ME, headers={"Authorization": f"Bearer {shown['access_token']}"})
    assert me.status_code == 200
    assert me.json()["id"] == user.id


async def test_a_machine_signs_in_with_a_key(registry: Register, api: Service) -> None:
    holder = await a_holder(registry)
    key = await a_key(api, holder)
    response = await api.post("/v1/tokens", json=by_key(key["id"], key["client_secret"]))
    assert response.status_code == 200
    token = response.json()["access_token"]
    assert api.app.state.token_keys.read(token, now=clock.now()).client_id == key["id"]
    me = await api.get(ME, headers={"Authorization": f"Bearer {token}"})
    assert me.json()["id"] == holder.user_id


async def test_all_wrong_credentials_get_one_answer(registry: Register, api: Service) -> None:
    """Whoever guesses must not learn which addresses and keys exist."""
    holder = await a_holder(registry)
    user = await user_of(registry, holder)
    administrator = await the_administrator(registry)
    keyed = operations.AddUser(
        holder.party_id, "keyed@example.org", "เครื่อง", frozenset({Role.HOLDER_VIEWER})
    )
    await do(registry, administrator, operations.add_user, keyed)
    key = await a_key(api, holder)
    revoked = await a_key(api, holder)
    revoke = operations.RevokeKey(holder.user_id, revoked["id"])
    await do(registry, holder, operations.revoke_key, revoke)
    answers = []
    for grant in (
        by_password(user.email, "not the password at all"),
        by_password("nobody@example.org"),
        by_password("keyed@example.org"),  # has no password
        by_key(key["id"], "A" * 43),
        by_key(NO_KEY, key["client_secret"]),
        by_key(revoked["id"], revoked["client_secret"]),
    ):
        response = await api.post("/v1/tokens", json=grant)
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
        answer = response.json()
        answer.pop("request_id")
        answers.append(answer)
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["code"] == "credentials_refused"


MALFORMED: list[dict[str, object]] = [
    {},
    {"grant_type": "refresh_token"},
    {"grant_type": "refresh_token", "refresh_token": "x"},
    {"grant_type": "password", "email": "a@example.org", "password": "x", "totp": "12345"},
    {"grant_type": "password", "email": "a@example.org"},
    {"grant_type": "password", "email": "no address", "password": "x"},
    {"grant_type": "password", "email": "a@example.org", "password": 5},
    {"grant_type": "password", "email": "a@example.org", "password": "x" * 129},
    {
        "grant_type": "password",
        "email": "a@example.org",
        "password": "x",
        "role": "administrator",
    },
    {"grant_type": "client_credentials", "client_id": "1", "client_secret": "x"},
    {"grant_type": "client_credentials", "client_id": NO_KEY, "client_secret": "ก"},
]


async def test_a_malformed_grant_is_refused(api: Service) -> None:
    for grant in MALFORMED:
        response = await api.post("/v1/tokens", json=grant)
        assert (response.status_code, response.json()["code"]) == (422, "malformed"), grant


async def test_a_refused_password_is_not_repeated_in_the_answer(api: Service) -> None:
    grant = {"grant_type": "password", "email": "bad", "password": "correct horse battery"}
    response = await api.post("/v1/tokens", json=grant)
    assert "correct horse" not in response.text


async def test_the_suspended_do_not_sign_in(registry: Register, api: Service) -> None:
    """They are told so, but only once they have shown that they are who they say."""
    holder = await a_holder(registry)
    user = await user_of(registry, holder)
    by = await the_administrator(registry)
    await do(registry, by, operations.suspend_user, operations.DecideOnUser(user.id, "เหตุผล"))
    response = await api.post("/v1/tokens", json=by_password(user.email))
    assert (response.status_code, response.json()["code"]) == (403, "user_suspended")
    wrong = await api.post("/v1/tokens", json=by_password(user.email, "not the password"))
    assert wrong.json()["code"] == "credentials_refused"


async def test_suspending_a_party_stops_its_users_within_a_second(
    registry: Register, api: Service
) -> None:
    holder = await a_holder(registry)
    headers = bearer(api, holder)
    assert (await api.get(ME, headers=headers)).status_code == 200
    by = await the_administrator(registry)
    decision = operations.DecideOnParty(holder.party_id, "เหตุผล")
    await do(registry, by, operations.suspend_party, decision)
    await asyncio.sleep(AGE_S_MAX)
    response = await api.get(ME, headers=headers)
    assert (response.status_code, response.json()["code"]) == (403, "party_suspended")
    await do(registry, by, operations.reinstate_party, decision)
    assert (await api.get(ME, headers=headers)).status_code == 200


async def test_suspending_a_user_stops_their_keys_too(registry: Register, api: Service) -> None:
    holder = await a_holder(registry)
    key = await a_key(api, holder)
    by = await the_administrator(registry)
    decision = operations.DecideOnUser(holder.user_id, "เหตุผล")
    await do(registry, by, operations.suspend_user, decision)
    user = await user_of(registry, holder)
    response = await api.get(ME, headers=bearer(api, actor_of(user, client_id=key["id"])))
    assert (response.status_code, response.json()["code"]) == (403, "user_suspended")


async def test_a_revoked_key_ends_its_tokens_within_a_second(
    registry: Register, api: Service
) -> None:
    holder = await a_holder(registry)
    key = await a_key(api, holder)
    headers = bearer(api, actor_of(await user_of(registry, holder), client_id=key["id"]))
    assert (await api.get(ME, headers=headers)).status_code == 200
    revoke = operations.RevokeKey(holder.user_id, key["id"])
    await do(registry, holder, operations.revoke_key, revoke)
    await asyncio.sleep(AGE_S_MAX)
    response = await api.get(ME, headers=headers)
    assert (response.status_code, response.json()["code"]) == (401, "client_revoked")


async def test_roles_are_those_of_the_database(registry: Register, api: Service) -> None:
    """A role that was taken away is gone although the token is still good."""
    actors = await an_authority(registry)
    by = actors[Role.ADMINISTRATOR]
    second = await a_user(registry, by, by.party_id, Role.ADMINISTRATOR)
    headers = bearer(api, second)
    admit = {"kind": "holder", "name_th": "ผู้ถือ", "name_en": "Holder"}
    assert (await api.post("/v1/parties", json=admit, headers=headers)).status_code == 201
    roles = operations.SetRoles(second.id, frozenset({Role.AUDITOR}), expected_version=1)
    await do(registry, by, operations.set_roles, roles)
    await asyncio.sleep(AGE_S_MAX)
    response = await api.post("/v1/parties", json=admit, headers=headers)
    assert (response.status_code, response.json()["code"]) == (403, "not_allowed")


async def test_a_token_with_the_key_of_another_user_is_refused(
    registry: Register, api: Service
) -> None:
    holder, other = await a_holder(registry), await a_holder(registry)
    key = await a_key(api, other)
    user = await user_of(registry, holder)
    response = await api.get(ME, headers=bearer(api, actor_of(user, client_id=key["id"])))
    assert (response.status_code, response.json()["code"]) == (401, "token_refused")


async def test_a_token_of_nobody_is_refused(registry: Register, api: Service) -> None:
    holder = await a_holder(registry)
    user = await user_of(registry, holder)
    ghost = Actor("usr_01kb5b1j0dfz5r5d8r4v5e2c3a", user.party_id, user.party_kind, user.roles)
    response = await api.get(ME, headers=bearer(api, ghost))
    assert (response.status_code, response.json()["code"]) == (401, "token_refused")


NOT_SIGNED_IN: list[tuple[str | None, str]] = [
    (None, "not_signed_in"),
    ("Bearer x.y.z", "token_refused"),
    ("Bearer", "token_refused"),
    ("Basic bWFsaTpzZWNyZXQ=", "token_refused"),
    ("bearer " + "x" * 20_000, "token_refused"),
]


async def test_who_sends_no_good_token_is_not_signed_in(api: Service) -> None:
    for sent, code in NOT_SIGNED_IN:
        response = await api.get(ME, headers={} if sent is None else {"Authorization": sent})
        assert (response.status_code, response.json()["code"]) == (401, code), sent


async def test_the_public_keys_check_a_token(api: Service) -> None:
    (key,) = (await api.get("/v1/tokens/keys")).json()["keys"]
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")
    assert "d" not in key


async def test_a_flood_of_sign_ins_is_sent_away(
    api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hashing is costly on purpose: a queue without end would stop the service for everybody."""
    monkeypatch.setattr(passwords, "HASHING_WAITING_MAX", 4)
    grants = [by_password(f"nobody{n}@example.org") for n in range(20)]
    answers = await asyncio.gather(*(api.post("/v1/tokens", json=grant) for grant in grants))
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {401, 503}
    busy = next(answer for answer in answers if answer.status_code == 503)
    assert busy.json()["code"] == "too_many_sign_ins"
    assert busy.headers["Retry-After"]
