"""What an API key is limited to: scopes, an end, networks; and when it was used last."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest

from app.entry.identity import AGE_S_MAX
from app.kernel import clock
from app.kernel.clock import rfc3339
from app.registry.parties.policy import POLICY, Actor, Permission, Reach, allows
from app.registry.parties.rules import Role
from tests.builders.answers import refused
from tests.builders.parties import (
    PASSWORD,
    Register,
    Service,
    a_holder,
    a_user,
    actor_of,
    an_authority,
    bearer,
    the_administrator,
)
from tests.builders.signing_in import ME, TOKENS, bearing, by_key, coming_from


async def a_key(api: Service, actor: Actor, **limits: object) -> dict[str, Any]:
    path = f"/v1/users/{actor.user_id}/keys"
    body = {"label": "Meter", **limits}
    response = await api.post(path, json=body, headers=bearer(api, actor))
    assert response.status_code == 201, response.text
    shown: dict[str, Any] = response.json()
    return shown


async def a_token(api: Service | httpx2.AsyncClient, key: dict[str, Any]) -> dict[str, str]:
    response = await api.post(TOKENS, json=by_key(key["id"], key["client_secret"]))
    assert response.status_code == 200, response.text
    return bearing(response.json())


# ------------------------------------------------------------------------------ scopes


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", Permission)
def test_scopes_take_away_and_never_add(role: Role, permission: Permission) -> None:
    for scope in Permission:
        actor = Actor("u", "p", "holder", frozenset({role}), "k", scopes=frozenset({scope}))  # type: ignore[arg-type]
        held = allows(actor, permission, owner_ids=("p",))
        assert held is (scope is permission and permission in POLICY[role])
        if held and POLICY[role][permission] is Reach.OWN:
            assert not allows(actor, permission, owner_ids=("other",))


async def test_a_key_does_what_its_scopes_say_and_no_more(registry: Register, api: Service) -> None:
    authority = await an_authority(registry)
    administrator = authority[Role.ADMINISTRATOR]
    reading = await a_key(api, administrator, scopes=["read_party"])
    assert reading["scopes"] == ["read_party"]
    admitting = await a_key(api, administrator, scopes=["admit_party", "read_party"])
    holder = {"kind": "holder", "name_th": "ผู้ถือ", "name_en": "Holder"}
    refused(
        await api.post("/v1/parties", json=holder, headers=await a_token(api, reading)),
        403,
        "not_allowed",
    )
    made = await api.post("/v1/parties", json=holder, headers=await a_token(api, admitting))
    assert made.status_code == 201


async def test_a_key_cannot_have_more_than_its_user(registry: Register, api: Service) -> None:
    holder = await a_holder(registry)
    path, headers = f"/v1/users/{holder.user_id}/keys", bearer(api, holder)
    body = {"label": "Meter", "scopes": ["move_credits", "set_rules", "manage_users"]}
    answer = await api.post(path, json=body, headers=headers)
    refused(answer, 409, "scope_not_held")
    assert answer.json()["facts"] == {"missing": "manage_users, set_rules"}
    for scopes in ([], ["fly"]):
        answer = await api.post(path, json={"label": "x", "scopes": scopes}, headers=headers)
        refused(answer, 422, "malformed")


async def test_a_role_that_was_taken_away_is_gone_from_the_key_too(
    registry: Register, api: Service
) -> None:
    administrator = await the_administrator(registry)
    second = actor_of(
        await a_user(registry, administrator, administrator.party_id, Role.ADMINISTRATOR)
    )
    key = await a_key(api, second, scopes=["admit_party"])
    token = await a_token(api, key)
    changed = await api.put(
        f"/v1/users/{second.user_id}/roles",
        json={"roles": ["auditor"]},
        headers=bearer(api, administrator) | {"If-Match": '"1"'},
    )
    assert changed.status_code == 200
    holder = {"kind": "holder", "name_th": "ผู้ถือ", "name_en": "Holder"}
    refused(await api.post("/v1/parties", json=holder, headers=token), 403, "not_allowed")


@pytest.mark.parametrize("own", [True, False])
async def test_a_key_with_scopes_does_not_get_out_of_them(
    registry: Register, api: Service, *, own: bool
) -> None:
    """Neither by another key, nor by a password to sign in with."""
    administrator = await the_administrator(registry)
    holder = await a_holder(registry)
    token = await a_token(
        api, await a_key(api, administrator, scopes=["manage_users", "read_party"])
    )
    user_id = administrator.user_id if own else holder.user_id
    issued = await api.post(f"/v1/users/{user_id}/keys", json={"label": "x"}, headers=token)
    refused(issued, 403, "key_limited")
    body = {"new_password": "another long sentence", "current_password": PASSWORD}
    refused(
        await api.put(f"/v1/users/{user_id}/password", json=body, headers=token), 403, "key_limited"
    )


# ------------------------------------------------------------------------------ an end


async def test_a_key_ends_by_itself(
    registry: Register, api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = await a_holder(registry)
    ends = clock.now() + timedelta(minutes=5)
    key = await a_key(api, holder, expires_at=rfc3339(ends))
    assert datetime.fromisoformat(key["expires_at"]) == ends
    token = await a_token(api, key)
    assert (await api.get(ME, headers=token)).status_code == 200
    monkeypatch.setattr(clock, "now", lambda: ends)
    await asyncio.sleep(AGE_S_MAX)
    refused(await api.get(ME, headers=token), 401, "client_expired")
    right = await api.post(TOKENS, json=by_key(key["id"], key["client_secret"]))
    refused(right, 401, "client_expired")
    wrong = await api.post(TOKENS, json=by_key(key["id"], "A" * 43))
    refused(wrong, 401, "credentials_refused")


async def test_a_key_that_is_over_already_is_not_issued(registry: Register, api: Service) -> None:
    holder = await a_holder(registry)
    body = {"label": "Meter", "expires_at": rfc3339(clock.now() - timedelta(seconds=1))}
    answer = await api.post(
        f"/v1/users/{holder.user_id}/keys", json=body, headers=bearer(api, holder)
    )
    refused(answer, 409, "key_expiry_past")


# ------------------------------------------------------------------------------ networks


async def test_a_key_works_from_its_networks_alone(registry: Register, api: Service) -> None:
    """At sign-in and at each use of its tokens, also of one that is known already."""
    holder = await a_holder(registry)
    networks = ["203.0.113.0/24", "2001:db8::/48"]
    key = await a_key(api, holder, addresses=networks)
    assert key["addresses"] == networks
    grant = by_key(key["id"], key["client_secret"])
    async with (
        coming_from(api, "203.0.113.7") as inside,
        coming_from(api, "2001:db8::9") as inside_too,
        coming_from(api, "198.51.100.7") as outside,
    ):
        token = await a_token(inside, key)
        for client in (inside, inside_too, inside):
            assert (await client.get(ME, headers=token)).status_code == 200
        answer = await outside.get(ME, headers=token)
        refused(answer, 403, "address_not_allowed")
        assert answer.json()["facts"] == {"address": "198.51.100.7"}
        refused(await outside.post(TOKENS, json=grant), 403, "address_not_allowed")
        wrong = by_key(key["id"], "A" * 43)
        refused(await outside.post(TOKENS, json=wrong), 401, "credentials_refused")
        forwarded = token | {"X-Forwarded-For": "203.0.113.7"}
        refused(await outside.get(ME, headers=forwarded), 403, "address_not_allowed")


@pytest.mark.parametrize("written", ["203.0.113.7/24", "999.1.1.1", "203.0.113.0/33", "::::"])
async def test_what_is_no_network_is_refused(
    registry: Register, api: Service, written: str
) -> None:
    holder = await a_holder(registry)
    body = {"label": "Meter", "addresses": [written]}
    answer = await api.post(
        f"/v1/users/{holder.user_id}/keys", json=body, headers=bearer(api, holder)
    )
    refused(answer, 409, "not_a_network")


# ------------------------------------------------------------------------------ last use


async def test_when_a_key_was_used_last_is_known_to_the_minute(
    registry: Register, api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = await a_holder(registry)
    key, unused = await a_key(api, holder), await a_key(api, holder)
    token = await a_token(api, key)

    async def last_uses() -> list[str | None]:
        path = f"/v1/users/{holder.user_id}/keys"
        rows = (await api.get(path, headers=bearer(api, holder))).json()["data"]
        found = {row["id"]: row["last_used_at"] for row in rows}
        return [found[key["id"]], found[unused["id"]]]

    begun = clock.now()
    monkeypatch.setattr(clock, "now", lambda: begun)
    assert (await api.get(ME, headers=token)).status_code == 200
    first, never = await last_uses()
    assert never is None
    assert first is not None
    assert datetime.fromisoformat(first) == begun.replace(second=0, microsecond=0)
    monkeypatch.setattr(clock, "now", lambda: begun + timedelta(minutes=2))
    await asyncio.sleep(AGE_S_MAX)
    assert (await api.get(ME, headers=token)).status_code == 200
    later, _ = await last_uses()
    assert later is not None
    assert datetime.fromisoformat(later) - datetime.fromisoformat(first) == timedelta(minutes=2)
