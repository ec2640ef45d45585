"""Provinces, programmes and methodologies over HTTP: anybody reads, an administrator changes."""

from datetime import timedelta
from typing import Any

import pytest

from app.registry.parties.rules import PartyKind, Role
from app.registry.programmes.catalogue import RULES_FROM
from app.registry.programmes.rules import RULE_SPECS, RuleKey
from tests.builders.parties import (
    Register,
    Service,
    a_developer,
    an_authority,
    bearer,
    the_administrator,
)
from tests.builders.reference import a_methodology, a_rule, a_superseded_methodology, today

RULES = "/v1/programmes/CITY/rules"
METHODOLOGIES = "/v1/methodologies"


def a_rule_body(**changes: object) -> dict[str, object]:
    return {
        "key": "start_window_years",
        "value": "5",
        "valid_from": today().isoformat(),
        "source": "TGO announcement, made up for this test",
    } | changes


def a_methodology_body(**changes: object) -> dict[str, object]:
    return {
        "code": "T-VER-P-METH-13-98",
        "version": "01",
        "title_th": "ระเบียบวิธีสมมติ",
        "title_en": "A synthetic methodology",
        "project_type": 13,
        "sectoral_scope": 14,
        "variant": "premium",
        "family": "forestry",
        "crediting_years": 15,
        "renewals_max": 2,
        "valid_from": "2026-01-01",
        "source": "made up for this test",
        "verified": True,
    } | changes


async def every_row(api: Service, address: str, *, limit: int) -> list[dict[str, Any]]:
    """Walk all pages of a list."""
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    joined = "&" if "?" in address else "?"
    while True:
        at = f"{address}{joined}limit={limit}" + (f"&cursor={cursor}" if cursor else "")
        page = (await api.get(at)).json()
        assert len(page["data"]) <= limit
        rows += page["data"]
        assert page["has_more"] is (page["next_cursor"] is not None)
        cursor = page["next_cursor"]
        if cursor is None:
            return rows


async def test_anybody_can_list_the_provinces_in_both_orders(api: Service) -> None:
    """By default all 77 are on one page; small pages give the same."""
    answer = await api.get("/v1/provinces")
    assert answer.status_code == 200
    by_code = answer.json()["data"]
    assert len(by_code) == 77
    assert by_code[0]["name_en"] == "Krung Thep Maha Nakhon"
    assert await every_row(api, "/v1/provinces", limit=10) == by_code
    in_thai = await every_row(api, "/v1/provinces?sort=name_th", limit=10)
    assert [in_thai[0]["name_th"], in_thai[12]["name_th"]] == ["กระบี่", "เชียงราย"]
    assert sorted(in_thai, key=lambda one: str(one["code"])) == by_code


async def test_a_province_is_read_by_its_code(api: Service) -> None:
    """Codes in the gaps are not found, other text is malformed."""
    assert (await api.get("/v1/provinces/54")).json() == {
        "code": "54",
        "name_th": "แพร่",
        "name_en": "Phrae",
        "region": "เหนือ",
    }
    missing = await api.get("/v1/provinces/28", headers={"Accept-Language": "th"})
    assert (missing.status_code, missing.json()["code"]) == (404, "province_not_found")
    assert "28" in missing.json()["detail"]
    assert (await api.get("/v1/provinces/7")).status_code == 422


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "cursor=%21",
        "sort=size",
        "sorted=code",
    ],
)
async def test_a_list_refuses_what_it_does_not_know(api: Service, query: str) -> None:
    """A misspelt parameter that is ignored would show another list than was asked for."""
    assert (await api.get(f"/v1/provinces?{query}")).status_code == 422


async def test_anybody_can_read_a_programme_with_its_members_and_rules(api: Service) -> None:
    """Each value says where it is from, and whether it is a rule of TGO or our default."""
    listed = (await api.get("/v1/programmes")).json()["data"]
    assert [one["code"] for one in listed] == ["CITY", "LESS", "PROV", "TVER", "TVERP"]
    assert await every_row(api, "/v1/programmes", limit=2) == listed
    city = (await api.get("/v1/programmes/CITY")).json()
    assert [member["province_code"] for member in city["members"]] == ["40", "81"]
    assert city["rules_on"] == today().isoformat()
    limits = {key for key, spec in RULE_SPECS.items() if spec.is_limit}
    assert {rule["key"] for rule in city["rules"]} == set(RuleKey) - limits
    window = next(rule for rule in city["rules"] if rule["key"] == "start_window_years")
    assert (window["value"], window["unit"], window["is_default"]) == ("3", "years", True)
    early = (RULES_FROM - timedelta(days=1)).isoformat()
    assert (await api.get(f"/v1/programmes/CITY?on={early}")).json()["rules"] == []


@pytest.mark.parametrize("on", ["yesterday", "0", "2026-02-30", "2026-1-1", "2026-01-01T00:00:00"])
async def test_a_day_is_written_in_one_way(api: Service, on: str) -> None:
    """Zero would else be the first day of 1970."""
    assert (await api.get(f"/v1/programmes/CITY?on={on}")).status_code == 422


async def test_an_administrator_sets_a_rule_and_history_keeps_the_old_one(
    api: Service, registry: Register
) -> None:
    """The new value is in force from its day on, and both are shown with their place in the log."""
    administrator = await the_administrator(registry)
    done = await api.post(RULES, json=a_rule_body(), headers=bearer(api, administrator))
    assert done.status_code == 201
    assert done.headers["Location"] == RULES
    assert done.json()["set_by"] == administrator.user_id
    history = (await api.get(RULES)).json()["data"]
    assert history[0] == done.json()
    assert await every_row(api, RULES, limit=3) == history
    older = [one for one in history if one["key"] == "start_window_years"]
    assert [(one["programme_code"], one["value"]) for one in older] == [("CITY", "5"), (None, "3")]
    in_force = (await api.get("/v1/programmes/CITY")).json()["rules"]
    assert done.json() in in_force


async def test_a_rule_is_refused_by_code(api: Service, registry: Register) -> None:
    """Nothing is changed by any of them."""
    headers = bearer(api, await the_administrator(registry))
    yesterday = (today() - timedelta(days=1)).isoformat()
    for changes, status, code in (
        ({"valid_from": yesterday}, 409, "rule_retroactive"),
        ({"valid_from": "2569-01-01"}, 409, "rule_date_ahead"),
        ({"valid_to": yesterday}, 409, "rule_period_reversed"),
        ({"value": "three"}, 409, "rule_value_unreadable"),
        ({"key": "colour"}, 422, "malformed"),
        ({"value": ""}, 422, "malformed"),
        ({"value": 5}, 422, "malformed"),
        ({"valid_from": 0}, 422, "malformed"),
        ({"is_default": "yes"}, 422, "malformed"),
        ({"programme": "PROV"}, 422, "malformed"),
    ):
        refused = await api.post(RULES, json=a_rule_body(**changes), headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (status, code), changes
    missing = await api.post("/v1/programmes/NONE/rules", json=a_rule_body(), headers=headers)
    assert (missing.status_code, missing.json()["code"]) == (404, "programme_not_found")
    window = (await api.get("/v1/programmes/CITY")).json()["rules"]
    assert [one["value"] for one in window if one["key"] == "start_window_years"] == ["3"]


async def test_nobody_else_changes_rules_or_the_catalogue(api: Service, registry: Register) -> None:
    """Neither without signing in, nor as a developer, officer, approver or auditor of TGO."""
    actors = await an_authority(registry)
    others = [actor for role, actor in actors.items() if role is not Role.ADMINISTRATOR]
    others.append(await a_developer(registry))
    assert {actor.party_kind for actor in others} == {PartyKind.AUTHORITY, PartyKind.DEVELOPER}
    supersession = f"{METHODOLOGIES}/DEMO-LED-01/versions/01/supersession"
    for address, body in (
        (RULES, a_rule_body()),
        (METHODOLOGIES, a_methodology_body()),
        (supersession, {"superseded_on": "2026-01-01"}),
    ):
        assert (await api.post(address, json=body)).status_code == 401
        for other in others:
            refused = await api.post(address, json=body, headers=bearer(api, other))
            assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")


async def test_anybody_can_search_the_catalogue(api: Service, registry: Register) -> None:
    """By code, project type, variant, and the day of a submission."""
    superseded = await a_superseded_methodology(registry)
    assert superseded.last_acceptable_on is not None
    every = await every_row(api, METHODOLOGIES, limit=5)
    keys = [(one["code"], one["version"]) for one in every]
    assert keys == sorted(keys)
    for query in (f"code={superseded.code}", "project_type=13", "variant=premium"):
        name, value = query.split("=")
        found = (await api.get(f"{METHODOLOGIES}?{query}")).json()["data"]
        assert found == [one for one in every if str(one[name]) == value]
        assert found
    last = superseded.last_acceptable_on
    for day, expected in ((last, 1), (last + timedelta(days=1), 0)):
        query = f"code={superseded.code}&acceptable_on={day.isoformat()}"
        assert len((await api.get(f"{METHODOLOGIES}?{query}")).json()["data"]) == expected


async def test_a_methodology_version_is_read_by_code_and_version(api: Service) -> None:
    """What is not confirmed is said."""
    premium = (await api.get(f"{METHODOLOGIES}/T-VER-P-METH-13-01/versions/01")).json()
    assert (premium["project_type"], premium["sectoral_scope"]) == (13, 14)
    assert (premium["valid_from"], premium["verified"]) == ("2023-03-01", True)
    demo = (await api.get(f"{METHODOLOGIES}/DEMO-LED-01/versions/01")).json()
    assert not demo["verified"]
    assert demo["note"].startswith("Synthetic demo methodology")
    missing = await api.get(f"{METHODOLOGIES}/T-VER-P-METH-13-01/versions/02")
    assert (missing.status_code, missing.json()["code"]) == (404, "methodology_not_found")


async def test_an_administrator_enters_and_supersedes_a_methodology(
    api: Service, registry: Register
) -> None:
    """From entry to the last day of acceptance."""
    headers = bearer(api, await the_administrator(registry))
    entered = await api.post(METHODOLOGIES, json=a_methodology_body(), headers=headers)
    assert entered.status_code == 201
    address = entered.headers["Location"]
    assert entered.json()["buffer_applies"] is True
    assert (await api.get(address)).json() == entered.json()
    body = {"superseded_on": "2026-08-08"}
    done = await api.post(f"{address}/supersession", json=body, headers=headers)
    assert done.status_code == 200
    assert done.json()["last_acceptable_on"] == "2027-02-04"
    assert (await api.get(address)).json() == done.json()
    again = await api.post(f"{address}/supersession", json=body, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "methodology_already_superseded")


async def test_an_entry_is_refused_by_code(api: Service, registry: Register) -> None:
    """Each with its own code, and the catalogue stays as it was."""
    headers = bearer(api, await the_administrator(registry))
    entered = await a_methodology(registry)
    before = (await api.get(METHODOLOGIES)).json()
    for changes, status, code in (
        ({"code": entered.code}, 409, "methodology_taken"),
        ({"variant": "standard"}, 409, "methodology_code_mismatch"),
        ({"valid_from": "2569-01-01"}, 409, "methodology_date_ahead"),
        ({"verified": False}, 409, "methodology_note_missing"),
        ({"version": "1"}, 422, "malformed"),
        ({"project_type": 16}, 422, "malformed"),
        ({"sectoral_scope": 0}, 422, "malformed"),
        ({"crediting_years": 1.5}, 422, "malformed"),
        ({"renewals_max": -1}, 422, "malformed"),
        ({"title_th": "   "}, 422, "malformed"),
        ({"buffer_applies": False}, 422, "malformed"),
    ):
        refused = await api.post(METHODOLOGIES, json=a_methodology_body(**changes), headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (status, code), changes
    address = f"{METHODOLOGIES}/{entered.code}/versions/{entered.version}/supersession"
    early = {"superseded_on": entered.valid_from.isoformat()}
    refused = await api.post(address, json=early, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "supersession_date")
    assert (await api.get(METHODOLOGIES)).json() == before


async def test_a_rule_set_for_later_shows_on_its_day(api: Service, registry: Register) -> None:
    """Whoever plans a submission can see the rules that will decide it."""
    day = today() + timedelta(days=10)
    await a_rule(registry, RuleKey.START_WINDOW_YEARS, "9", valid_from=day)
    for on, expected in ((day - timedelta(days=1), "3"), (day, "9")):
        shown = (await api.get(f"/v1/programmes/CITY?on={on.isoformat()}")).json()
        values = [one["value"] for one in shown["rules"] if one["key"] == "start_window_years"]
        assert (shown["rules_on"], values) == (on.isoformat(), [expected])
