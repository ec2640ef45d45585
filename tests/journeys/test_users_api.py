"""Users and their API keys over HTTP."""

from sqlalchemy import select

from app.registry.log.store import answers
from app.registry.parties.policy import Actor
from app.registry.parties.rules import PartyKind, Role
from tests.builders.answers import refused
from tests.builders.parties import (
    PASSWORD,
    Register,
    Service,
    a_holder,
    a_party,
    a_vvb,
    an_actor,
    an_authority,
    an_email,
    bearer,
    the_administrator,
)

NO_USER = "usr_01kb5b1j0dfz5r5d8r4v5e2c3a"
NO_KEY = "key_01kb5b1j0dfz5r5d8r4v5e2c3a"
NO_PARTY = "pty_01kb5b1j0dfz5r5d8r4v5e2c3a"


def a_person(party_id: str, **other: object) -> dict[str, object]:
    return {
        "party_id": party_id,
        "email": an_email(),
        "display_name": "มะลิ ใจดี",
        "roles": ["holder_viewer"],
        **other,
    }


async def test_an_administrator_adds_a_person_who_then_signs_in(
    registry: Register, api: Service
) -> None:
    party = await a_party(registry, PartyKind.HOLDER)
    headers = bearer(api, await the_administrator(registry))
    person = a_person(party.id, password=PASSWORD, email="Mali.Jaidee@Example.org")
    response = await api.post("/v1/users", json=person, headers=headers)
    assert response.status_code == 201
    shown = response.json()
    assert response.headers["Location"] == f"/v1/users/{shown['id']}"
    assert response.headers["ETag"] == '"1"'
    assert shown["email"] == "mali.jaidee@example.org"
    assert PASSWORD not in response.text
    signed_in = await api.post(
        "/v1/tokens",
        json={"grant_type": "password", "email": shown["email"], "password": PASSWORD},
    )
    assert signed_in.status_code == 200


async def test_an_address_is_taken_only_once(registry: Register, api: Service) -> None:
    party = await a_party(registry, PartyKind.HOLDER)
    headers = bearer(api, await the_administrator(registry))
    person = a_person(party.id)
    assert (await api.post("/v1/users", json=person, headers=headers)).status_code == 201
    again = await api.post("/v1/users", json=person, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "email_taken")


UNFIT: list[tuple[dict[str, object], int, str]] = [
    ({"email": "no address"}, 422, "malformed"),
    ({"roles": []}, 422, "malformed"),
    ({"roles": ["king"]}, 422, "malformed"),
    ({"roles": ["holder_viewer", "holder_viewer"]}, 422, "malformed"),
    ({"password": "too short"}, 422, "malformed"),
    ({"status": "active"}, 422, "malformed"),
    ({"display_name": " "}, 422, "malformed"),
    ({"roles": ["verifier_lead"]}, 409, "role_not_of_kind"),
    ({"party_id": NO_PARTY}, 404, "party_not_found"),
]


async def test_a_person_who_does_not_fit_is_not_added(registry: Register, api: Service) -> None:
    party = await a_party(registry, PartyKind.HOLDER)
    headers = bearer(api, await the_administrator(registry))
    for change, status, code in UNFIT:
        response = await api.post("/v1/users", json=a_person(party.id) | change, headers=headers)
        assert (response.status_code, response.json()["code"]) == (status, code), change


async def test_users_see_their_colleagues_and_nobody_else(registry: Register, api: Service) -> None:
    holder, stranger = await a_holder(registry), await a_holder(registry)
    headers = bearer(api, holder)
    listed = (await api.get("/v1/users", headers=headers)).json()
    assert [row["id"] for row in listed["data"]] == [holder.user_id]
    own = await api.get(f"/v1/users/{holder.user_id}", headers=headers)
    assert (own.status_code, own.headers["ETag"]) == (200, '"1"')
    foreign = await api.get(f"/v1/users/{stranger.user_id}", headers=headers)
    absent = await api.get(f"/v1/users/{NO_USER}", headers=headers)
    assert foreign.status_code == absent.status_code == 404
    assert foreign.json()["code"] == absent.json()["code"] == "user_not_found"


async def test_officers_page_through_all_users(registry: Register, api: Service) -> None:
    actors = await an_authority(registry)
    lead, reviewer = await a_vvb(registry)
    headers = bearer(api, actors[Role.OFFICER])
    seen: list[str] = []
    cursor = None
    while True:
        query = {"limit": "2", **({} if cursor is None else {"cursor": cursor})}
        page = (await api.get("/v1/users", params=query, headers=headers)).json()
        seen += [row["id"] for row in page["data"]]
        cursor = page["next_cursor"]
        assert page["has_more"] is (cursor is not None)
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 6
    assert {lead.user_id, reviewer.user_id} <= set(seen)
    of_party = await api.get("/v1/users", params={"party_id": lead.party_id}, headers=headers)
    assert {row["id"] for row in of_party.json()["data"]} == {lead.user_id, reviewer.user_id}


async def test_a_wrong_query_is_refused(registry: Register, api: Service) -> None:
    headers = bearer(api, await a_holder(registry))
    for query, status, code in (
        ("cursor=AAAA", 404, "cursor_invalid"),
        ("limit=0", 422, "malformed"),
        ("parti_id=x", 422, "malformed"),
    ):
        response = await api.get(f"/v1/users?{query}", headers=headers)
        assert (response.status_code, response.json()["code"]) == (status, code), query


async def test_roles_are_set_with_the_version_that_was_read(
    registry: Register, api: Service
) -> None:
    holder = await a_holder(registry)
    headers = bearer(api, await the_administrator(registry))
    path, body = f"/v1/users/{holder.user_id}/roles", {"roles": ["holder_approver"]}
    missing = await api.put(path, json=body, headers=headers)
    assert (missing.status_code, missing.json()["code"]) == (428, "precondition_required")
    stale = await api.put(path, json=body, headers={**headers, "If-Match": '"9"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "party_stale")
    changed = await api.put(path, json=body, headers={**headers, "If-Match": '"1"'})
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert changed.json()["roles"] == ["holder_approver"]


async def test_only_administrators_decide_on_users(registry: Register, api: Service) -> None:
    officer = (await an_authority(registry))[Role.OFFICER]
    holder = await a_holder(registry)
    body = {"reason": "เหตุผล"}
    for decision in ("suspension", "reinstatement"):
        path = f"/v1/users/{holder.user_id}/{decision}"
        for actor in (officer, holder):
            response = await api.post(path, json=body, headers=bearer(api, actor))
            assert (response.status_code, response.json()["code"]) == (403, "not_allowed")
        assert (await api.post(path, json=body)).status_code == 401


async def test_a_user_is_suspended_and_reinstated(registry: Register, api: Service) -> None:
    holder = await a_holder(registry)
    headers = bearer(api, await the_administrator(registry))
    path = f"/v1/users/{holder.user_id}"
    body = {"reason": "แจ้งว่าเครื่องหาย"}
    suspended = await api.post(f"{path}/suspension", json=body, headers=headers)
    assert (suspended.status_code, suspended.json()["status"]) == (200, "suspended")
    again = await api.post(f"{path}/suspension", json=body, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "status_unchanged")
    active = await api.post(f"{path}/reinstatement", json=body, headers=headers)
    assert (active.status_code, active.json()["status"]) == (200, "active")


async def test_changing_ones_own_password_takes_the_present_one(
    registry: Register, api: Service
) -> None:
    """A stolen token must not become a stolen account."""
    holder = await a_holder(registry)
    headers = bearer(api, holder)
    path = f"/v1/users/{holder.user_id}/password"
    new = "another long sentence, as good"
    for body in ({"new_password": new}, {"new_password": new, "current_password": "a guess"}):
        response = await api.put(path, json=body, headers=headers)
        assert (response.status_code, response.json()["code"]) == (403, "current_password_wrong")
    body = {"new_password": new, "current_password": PASSWORD}
    assert (await api.put(path, json=body, headers=headers)).status_code == 200
    email = (await api.get("/v1/users/me", headers=headers)).json()["email"]
    for password, status in ((PASSWORD, 401), (new, 200)):
        grant = {"grant_type": "password", "email": email, "password": password}
        assert (await api.post("/v1/tokens", json=grant)).status_code == status


async def test_an_administrator_sets_somebodys_password(registry: Register, api: Service) -> None:
    holder = await a_holder(registry)
    headers = bearer(api, await the_administrator(registry))
    path = f"/v1/users/{holder.user_id}/password"
    body = {"new_password": "another long sentence, as good"}
    assert (await api.put(path, json=body, headers=headers)).status_code == 200


async def test_a_secret_is_shown_once(registry: Register, api: Service) -> None:
    holder = await a_holder(registry)
    headers = {**bearer(api, holder), "Idempotency-Key": "one"}
    path = f"/v1/users/{holder.user_id}/keys"
    issued = await api.post(path, json={"label": "เครื่องวัด"}, headers=headers)
    assert issued.status_code == 201
    assert issued.headers["Cache-Control"] == "no-store"
    secret = issued.json()["client_secret"]
    assert len(secret) == 43
    listed = await api.get(path, headers=headers)
    assert [row["id"] for row in listed.json()["data"]] == [issued.json()["id"]]
    assert secret not in listed.text


async def test_neither_secret_nor_password_is_kept_with_an_idempotency_key(
    registry: Register, api: Service
) -> None:
    """A kept reply would hold the secret, and a kept digest of a request could be guessed at."""
    administrator = await the_administrator(registry)
    party = await a_party(registry, PartyKind.HOLDER)
    headers = {**bearer(api, administrator), "Idempotency-Key": "one"}
    person = a_person(party.id, password=PASSWORD)
    added = await api.post("/v1/users", json=person, headers=headers)
    path = f"/v1/users/{added.json()['id']}"
    body = {"new_password": "another long sentence, as good"}
    assert (await api.put(f"{path}/password", json=body, headers=headers)).status_code == 200
    keys = [await api.post(f"{path}/keys", json={"label": "ก"}, headers=headers) for _ in range(2)]
    assert keys[0].json()["client_secret"]
    refused(keys[1], 409, "key_issued_before")
    async with registry.read() as connection:
        found = await connection.execute(
            select(answers).where(answers.c.scope == administrator.user_id)
        )
        kept = str(found.all())
    # Of the three writes one is known again, by the key that it issued.
    assert kept.count(keys[0].json()["id"]) == 1
    assert keys[0].json()["client_secret"] not in kept


async def test_other_writes_are_repeated_with_their_key(registry: Register, api: Service) -> None:
    holder = await a_holder(registry)
    headers = {**bearer(api, await the_administrator(registry)), "Idempotency-Key": "one"}
    path = f"/v1/users/{holder.user_id}/suspension"
    first = await api.post(path, json={"reason": "เหตุผล"}, headers=headers)
    second = await api.post(path, json={"reason": "เหตุผล"}, headers=headers)
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    assert second.headers["Idempotency-Replayed"] == "true"


async def test_keys_are_ones_own_business_and_the_administrators(
    registry: Register, api: Service
) -> None:
    party = await a_party(registry, PartyKind.HOLDER)
    owner = await an_actor(registry, party, Role.HOLDER_INITIATOR)
    colleague = await an_actor(registry, party, Role.HOLDER_VIEWER)
    path = f"/v1/users/{owner.user_id}/keys"

    async def tried(actor: Actor) -> tuple[int, int]:
        headers = bearer(api, actor)
        read = await api.get(path, headers=headers)
        written = await api.post(path, json={"label": "ก"}, headers=headers)
        return read.status_code, written.status_code

    assert await tried(owner) == (200, 201)
    assert await tried(await the_administrator(registry)) == (200, 201)
    assert await tried(colleague) == (403, 403)
    assert await tried(await a_holder(registry)) == (404, 404)


async def test_a_key_is_revoked_once(registry: Register, api: Service) -> None:
    holder = await a_holder(registry)
    headers = bearer(api, holder)
    path = f"/v1/users/{holder.user_id}/keys"
    key_id = (await api.post(path, json={"label": "ก"}, headers=headers)).json()["id"]
    revoked = await api.post(f"{path}/{key_id}/revocation", headers=headers)
    assert revoked.status_code == 200
    assert revoked.json()["revoked_at"] is not None
    again = await api.post(f"{path}/{key_id}/revocation", headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "key_already_revoked")
    absent = await api.post(f"{path}/{NO_KEY}/revocation", headers=headers)
    assert (absent.status_code, absent.json()["code"]) == (404, "key_not_found")


async def test_a_person_takes_away_all_that_is_kept_about_them(
    registry: Register, api: Service
) -> None:
    """Also why they were suspended once, which is nowhere else to be read."""
    person = await a_holder(registry)
    administrator = await the_administrator(registry)
    why = {"reason": "On leave until further notice"}
    for step in ("suspension", "reinstatement"):
        done = await api.post(
            f"/v1/users/{person.user_id}/{step}", json=why, headers=bearer(api, administrator)
        )
        assert done.status_code == 200, done.text
    own = bearer(api, person)
    key = await api.post(f"/v1/users/{person.user_id}/keys", json={"label": "Mine"}, headers=own)
    shown = (await api.get(f"/v1/users/{person.user_id}/personal-data", headers=own)).json()
    me = (await api.get("/v1/users/me", headers=own)).json()
    assert {name: shown[name] for name in ("id", "email", "display_name")} == {
        name: me[name] for name in ("id", "email", "display_name")
    }
    assert [issued["id"] for issued in shown["keys"]] == [key.json()["id"]]
    assert [(event["what"], event["why"]) for event in shown["events"]] == [
        ("user.added", None),
        ("user.suspended", why["reason"]),
        ("user.reinstated", why["reason"]),
        ("user.key_issued", None),
    ]
    assert shown["has_password"] is True
    assert "argon2" not in str(shown)
