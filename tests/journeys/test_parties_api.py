"""Organisations over HTTP."""

from app.registry.parties.rules import PartyKind, Role
from tests.builders.parties import (
    Register,
    Service,
    a_developer,
    a_holder,
    a_party,
    a_vvb,
    an_authority,
    bearer,
    the_administrator,
)

NO_PARTY = "pty_01kb5b1j0dfz5r5d8r4v5e2c3a"
CITY = {
    "kind": "municipality",
    "name_th": "เทศบาลนครขอนแก่น",
    "name_en": "Khon Kaen City Municipality",
    "province_code": "40",
}


async def test_an_admitted_party_is_public(registry: Register, api: Service) -> None:
    headers = bearer(api, await the_administrator(registry))
    response = await api.post("/v1/parties", json=CITY, headers=headers)
    assert response.status_code == 201
    shown = response.json()
    assert response.headers["Location"] == f"/v1/parties/{shown['id']}"
    read = await api.get(response.headers["Location"])
    assert (read.status_code, read.headers["ETag"]) == (200, '"1"')
    assert read.json() == shown
    assert {name: shown[name] for name in CITY} == CITY
    assert (shown["status"], shown["accreditations"], shown["version"]) == ("active", [], 1)


UNFIT_PARTIES: list[tuple[dict[str, object], int, str]] = [
    ({"kind": "bank"}, 422, "malformed"),
    ({"name_th": ""}, 422, "malformed"),
    ({"name_en": "x" * 201}, 422, "malformed"),
    ({"province_code": "4"}, 422, "malformed"),
    ({"status": "active"}, 422, "malformed"),
    ({"province_code": None}, 409, "province_needed"),
    ({"province_code": "28"}, 404, "province_not_found"),
]


async def test_a_party_that_does_not_fit_is_not_admitted(registry: Register, api: Service) -> None:
    headers = bearer(api, await the_administrator(registry))
    for change, status, code in UNFIT_PARTIES:
        response = await api.post("/v1/parties", json=CITY | change, headers=headers)
        assert (response.status_code, response.json()["code"]) == (status, code), change


async def test_only_administrators_change_parties(registry: Register, api: Service) -> None:
    """Every writing route, as nobody, as an officer, and as the party itself."""
    officer = (await an_authority(registry))[Role.OFFICER]
    lead, _ = await a_vvb(registry)
    path = f"/v1/parties/{lead.party_id}"
    reason = {"reason": "เหตุผล"}
    names = {"name_th": "ก", "name_en": "A"}
    scopes = {"sectoral_scopes": [2], "valid_from": "2026-01-01"}
    end = {"sectoral_scope": 1, "last_day": "2026-01-01", **reason}
    writes = [
        ("POST", "/v1/parties", CITY),
        ("PATCH", path, names),
        ("POST", f"{path}/suspension", reason),
        ("POST", f"{path}/reinstatement", reason),
        ("POST", f"{path}/accreditations", scopes),
        ("POST", f"{path}/accreditations/end", end),
    ]
    for method, address, body in writes:
        nobody = await api.request(method, address, json=body)
        assert nobody.status_code == 401
        for actor in (officer, lead):
            headers = {**bearer(api, actor), "If-Match": '"2"'}
            response = await api.request(method, address, json=body, headers=headers)
            assert (response.status_code, response.json()["code"]) == (403, "not_allowed")


async def test_a_party_is_renamed_with_the_version_that_was_read(
    registry: Register, api: Service
) -> None:
    party = await a_party(registry, PartyKind.HOLDER)
    headers = bearer(api, await the_administrator(registry))
    path, names = f"/v1/parties/{party.id}", {"name_th": "ชื่อใหม่", "name_en": "New name"}
    missing = await api.patch(path, json=names, headers=headers)
    assert (missing.status_code, missing.json()["code"]) == (428, "precondition_required")
    renamed = await api.patch(path, json=names, headers={**headers, "If-Match": '"1"'})
    assert (renamed.status_code, renamed.headers["ETag"]) == (200, '"2"')
    assert renamed.json()["name_en"] == "New name"
    stale = await api.patch(path, json=names, headers={**headers, "If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "party_stale")


async def test_parties_are_listed_by_kind_and_province(registry: Register, api: Service) -> None:
    developer = await a_developer(registry, province="71")
    holder = await a_holder(registry)
    lead, _ = await a_vvb(registry)
    everybody = (await api.get("/v1/parties")).json()["data"]
    assert len(everybody) == 4

    async def ids(**query: str) -> list[str]:
        page = (await api.get("/v1/parties", params=query)).json()
        return [row["id"] for row in page["data"]]

    assert await ids(kind="holder") == [holder.party_id]
    assert await ids(province_code="71") == [developer.party_id]
    assert await ids(kind="vvb", province_code="71") == []
    (vvb,) = [row for row in everybody if row["id"] == lead.party_id]
    assert [held["sectoral_scope"] for held in vvb["accreditations"]] == [1, 13]


async def test_a_list_is_read_page_by_page(registry: Register, api: Service) -> None:
    for _ in range(3):
        await a_party(registry, PartyKind.HOLDER)
    first = (await api.get("/v1/parties", params={"limit": "3"})).json()
    assert (len(first["data"]), first["has_more"]) == (3, True)
    query = {"limit": "3", "cursor": first["next_cursor"]}
    second = (await api.get("/v1/parties", params=query)).json()
    assert (len(second["data"]), second["has_more"], second["next_cursor"]) == (1, False, None)


async def test_a_wrong_query_is_refused(api: Service) -> None:
    for query, status, code in (
        ("cursor=WzFd", 404, "cursor_invalid"),
        ("kinds=vvb", 422, "malformed"),
        ("kind=bank", 422, "malformed"),
    ):
        response = await api.get(f"/v1/parties?{query}")
        assert (response.status_code, response.json()["code"]) == (status, code), query


async def test_an_unknown_party_is_not_found(api: Service) -> None:
    response = await api.get(f"/v1/parties/{NO_PARTY}")
    assert (response.status_code, response.json()["code"]) == (404, "party_not_found")
    assert (await api.get("/v1/parties/1")).status_code == 422


async def test_a_party_is_suspended_and_reinstated(registry: Register, api: Service) -> None:
    party = await a_party(registry, PartyKind.HOLDER)
    headers = bearer(api, await the_administrator(registry))
    path, body = f"/v1/parties/{party.id}", {"reason": "ขาดเอกสาร"}
    suspended = await api.post(f"{path}/suspension", json=body, headers=headers)
    assert (suspended.status_code, suspended.json()["status"]) == (200, "suspended")
    again = await api.post(f"{path}/suspension", json=body, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "status_unchanged")
    public = await api.get(path)
    assert public.json()["status"] == "suspended"
    assert "ขาดเอกสาร" not in public.text
    active = await api.post(f"{path}/reinstatement", json=body, headers=headers)
    assert (active.status_code, active.json()["status"]) == (200, "active")


async def test_an_accreditation_is_given_and_ended(registry: Register, api: Service) -> None:
    party = await a_party(registry, PartyKind.VVB)
    headers = bearer(api, await the_administrator(registry))
    path = f"/v1/parties/{party.id}/accreditations"
    body = {"sectoral_scopes": [13, 1], "valid_from": "2026-01-01", "valid_to": "2028-12-31"}
    given = await api.post(path, json=body, headers=headers)
    assert given.status_code == 200
    overlap = await api.post(path, json=body, headers=headers)
    assert (overlap.status_code, overlap.json()["code"]) == (409, "accreditation_overlap")
    end = {"sectoral_scope": 13, "last_day": "2026-06-30", "reason": "คืนใบรับรอง"}
    ended = await api.post(f"{path}/end", json=end, headers=headers)
    assert ended.json()["accreditations"] == [
        {"sectoral_scope": 1, "valid_from": "2026-01-01", "valid_to": "2028-12-31"},
        {"sectoral_scope": 13, "valid_from": "2026-01-01", "valid_to": "2026-06-30"},
    ]
    late = await api.post(f"{path}/end", json={**end, "last_day": "2026-07-01"}, headers=headers)
    assert (late.status_code, late.json()["code"]) == (404, "accreditation_not_found")


UNFIT_ACCREDITATIONS: list[tuple[dict[str, object], int, str]] = [
    ({"sectoral_scopes": []}, 422, "malformed"),
    ({"sectoral_scopes": [0]}, 422, "malformed"),
    ({"sectoral_scopes": [17]}, 422, "malformed"),
    ({"sectoral_scopes": ["1"]}, 422, "malformed"),
    ({"sectoral_scopes": [True]}, 422, "malformed"),
    ({"sectoral_scopes": [1.5]}, 422, "malformed"),
    ({"sectoral_scopes": [1, 1]}, 422, "malformed"),
    ({"valid_from": "1 Jan 2026"}, 422, "malformed"),
    ({"valid_from": 0}, 422, "malformed"),
    ({"valid_from": "2026-02-30"}, 422, "malformed"),
    ({"valid_to": "2025-12-31"}, 409, "accreditation_reversed"),
]


async def test_an_accreditation_that_does_not_fit_is_not_given(
    registry: Register, api: Service
) -> None:
    party = await a_party(registry, PartyKind.VVB)
    headers = bearer(api, await the_administrator(registry))
    path = f"/v1/parties/{party.id}/accreditations"
    fitting: dict[str, object] = {"sectoral_scopes": [1], "valid_from": "2026-01-01"}
    for change, status, code in UNFIT_ACCREDITATIONS:
        response = await api.post(path, json=fitting | change, headers=headers)
        assert (response.status_code, response.json()["code"]) == (status, code), change


async def test_only_a_vvb_is_accredited(registry: Register, api: Service) -> None:
    party = await a_party(registry, PartyKind.HOLDER)
    headers = bearer(api, await the_administrator(registry))
    body = {"sectoral_scopes": [1], "valid_from": "2026-01-01"}
    response = await api.post(f"/v1/parties/{party.id}/accreditations", json=body, headers=headers)
    assert (response.status_code, response.json()["code"]) == (409, "not_a_vvb")
