"""Serials and batches over HTTP: does it exist, where is it, and how did it get there. Public."""

from typing import Any

from app.entry.api import serials as serials_api
from app.registry.ledger.rules import BUFFER, EntryKind
from app.registry.ledger.serials import account_number
from tests.builders.answers import every_row, refused
from tests.builders.issuance import an_issuance
from tests.builders.ledger import (
    Holders,
    a_batch,
    an_ending,
    move,
    named,
    oldest,
    retire,
    scattered,
    two_holders,
    writes,
)
from tests.builders.parties import Register, Service, bearer

X = "XX-1-2024-1"
STATES = ("held", "buffered", "in_transit", "retired", "cancelled", "exported")


async def busy(registry: Register) -> Holders:
    """Of 100 serials: 1-10 retired, 11-20 cancelled, 21-50 moved on, 91-100 in the buffer."""
    holders = await two_holders(registry)
    await a_batch(
        registry, holders.administrator, holders.account, credits_made=100, buffer_credits=10
    )
    cancelled = an_ending(EntryKind.CANCELLED)
    await retire(registry, holders.owner, holders.account, named((X, 1, 10)))
    await retire(registry, holders.owner, holders.account, named((X, 11, 20)), cancelled)
    await move(registry, holders.owner, holders.account, holders.elsewhere, named((X, 21, 50)))
    return holders


async def look_up(api: Service, serial: str) -> dict[str, Any]:
    response = await api.get("/v1/serials", params={"serial": serial})
    assert response.status_code == 200, response.text
    shown: dict[str, Any] = response.json()
    return shown


async def test_a_single_serial_tells_its_life(registry: Register, api: Service) -> None:
    """Newest first, back to where it came from; each step with the act that anybody can prove."""
    holders = await busy(registry)
    last = await retire(registry, holders.other, holders.elsewhere, named((X, 25, 30)))
    shown = await look_up(api, f"{X}-27")
    assert (shown["serials"], shown["credits"]) == (f"{X}-27-27", 1)
    assert (shown["batch"]["prefix"], shown["batch"]["vintage"]) == (X, 2024)
    assert shown["more_from"] is None
    (run,) = shown["runs"]
    assert (run["serials"], run["state"], run["credits"]) == (f"{X}-27-27", "retired", 1)
    assert [(step["kind"], step["moved"]) for step in run["history"]] == [
        ("retired", f"{X}-25-30"),
        ("transferred", f"{X}-21-50"),
        ("taken_over", f"{X}-1-90"),
    ]
    assert run["history"][0]["log_index"] == last.log_index
    for step in run["history"]:
        entry = await api.get(f"/v1/log/entries/{step['log_index']}")
        assert entry.json()["recorded_at"] == step["recorded_at"]


async def test_a_range_is_split_where_its_states_differ(registry: Register, api: Service) -> None:
    """Nobody is told in whose account credits are: only that they are held."""
    holders = await busy(registry)
    shown = await look_up(api, f"{X}-5-95")
    assert shown["credits"] == 91
    assert [(r["first"], r["last"], r["state"], r["credits"]) for r in shown["runs"]] == [
        (5, 10, "retired", 6),
        (11, 20, "cancelled", 10),
        (21, 50, "held", 30),
        (51, 90, "held", 40),
        (91, 95, "buffered", 5),
    ]
    assert holders.account.number not in str(shown)
    assert holders.elsewhere.number not in str(shown)


async def test_a_serial_is_understood_as_it_was_copied(registry: Register, api: Service) -> None:
    await busy(registry)
    plain = await look_up(api, f"{X}-21-30")
    for text in (
        "XX-๑-๒๐๒๔-๑-๒๑-๓๐",
        f"  {X}-21-30 ",
        f"{X}\u201321\u201330",
        f"{X}-21 to 30",
        f"{X}-21 \u2013 30",
        f"{X}-๒๑ ถึง ๓๐",
    ):
        assert await look_up(api, text) == plain


async def test_what_looks_like_a_range_may_be_a_serial(registry: Register, api: Service) -> None:
    """The register knows which batches there are."""
    holders = await two_holders(registry)
    for prefix, size in (("XX-1-2024", 6), (X, 10)):
        await a_batch(
            registry, holders.administrator, holders.account, prefix=prefix, credits_made=size
        )
    for text, prefix, serials in (
        (f"{X}-6", "XX-1-2024", "XX-1-2024-1-6"),
        (f"{X}-7", X, f"{X}-7-7"),
        (f"{X}-6-6", X, f"{X}-6-6"),
    ):
        shown = await look_up(api, text)
        assert (shown["batch"]["prefix"], shown["serials"]) == (prefix, serials)


async def test_a_serial_that_was_never_issued_is_said_so(registry: Register, api: Service) -> None:
    """At the batch's end and one beyond; of no batch; and what is no serial at all."""
    await busy(registry)
    assert (await look_up(api, f"{X}-100"))["runs"][0]["state"] == "buffered"
    for text in (f"{X}-101", f"{X}-100-101", "TH-NONE-0001-2024-1-1-5", "ZZ-7"):
        response = await api.get("/v1/serials", params={"serial": text})
        refused(response, 404, "serials_not_found")
        assert "report it to TGO" in response.json()["detail"]
    for text in ("hello", "X-0", "12345", f"{X}-5-1x", "X\n-5"):
        response = await api.get("/v1/serials", params={"serial": text})
        refused(response, 404, "serial_text_invalid")
    thai = await api.get(
        "/v1/serials", params={"serial": "ZZ-7"}, headers={"Accept-Language": "th"}
    )
    assert thai.json()["title"] == "ไม่มีเครดิตหมายเลขซีเรียลนี้ในทะเบียน"
    for query in ({}, {"serial": "x"}, {"serial": "x" * 201}, {"serial": "X-1", "batch": "X"}):
        refused(await api.get("/v1/serials", params=query), 422, "malformed")


async def test_a_range_in_many_runs_is_read_on(registry: Register, api: Service) -> None:
    """At the limit all is shown, one beyond leads on."""
    holders = await two_holders(registry)
    most = serials_api.RUNS_SHOWN_MAX
    await scattered(registry, holders, runs=most)
    whole = await look_up(api, f"{X}-1-{most}")
    assert (len(whole["runs"]), whole["more_from"]) == (most, None)
    first = await look_up(api, f"{X}-1-{most + 1}")
    assert (len(first["runs"]), first["more_from"]) == (most, most + 1)
    rest = await look_up(api, f"{X}-{first['more_from']}-{2 * most}")
    assert (rest["runs"][0]["first"], rest["more_from"]) == (most + 1, None)


# --------------------------------------------------------------------------------------- batches


async def test_a_batch_tells_where_its_credits_are(registry: Register, api: Service) -> None:
    await busy(registry)
    response = await api.get(f"/v1/batches/{X}")
    assert response.status_code == 200
    shown = response.json()
    assert (shown["prefix"], shown["serials"]) == (X, f"{X}-1-100")
    assert {state: shown[state] for state in STATES} == {
        "held": 70,
        "buffered": 10,
        "in_transit": 0,
        "retired": 10,
        "cancelled": 10,
        "exported": 0,
    }
    assert sum(shown[state] for state in STATES) == shown["credits"]
    refused(await api.get("/v1/batches/ZZ-1"), 404, "batch_not_found")
    refused(await api.get("/v1/batches/x"), 422, "malformed")
    refused(await api.get(f"/v1/batches/{X}?full=1"), 422, "malformed")


async def test_batches_are_listed_by_age_and_filtered(registry: Register, api: Service) -> None:
    holders = await two_holders(registry)
    issued = await an_issuance(registry, tonnes={2023: "10", 2024: "20"})
    for vintage in (2025, 2020):
        prefix = f"XX-1-{vintage}-1"
        await a_batch(
            registry, holders.administrator, holders.account, vintage=vintage, prefix=prefix
        )
    rows = await every_row(api, "/v1/batches", limit=4)
    assert [row["vintage"] for row in rows] == [2020, 2023, 2024, 2025]
    for limit in (1, 3):
        assert await every_row(api, "/v1/batches", limit=limit) == rows
    native = rows[1]
    assert native["activity_id"] == issued.activity_id
    for query, vintages in (
        (f"activity_id={issued.activity_id}", [2023, 2024]),
        (f"project={native['project']}", [2023, 2024]),
        (f"programme={native['programme']}", [2023, 2024]),
        (f"province={native['province']}", [2023, 2024]),
        ("vintage=2025", [2025]),
        ("programme=XX&vintage=2020", [2020]),
        ("programme=XX&vintage=2024", []),
    ):
        found = (await api.get(f"/v1/batches?{query}")).json()["data"]
        assert [row["vintage"] for row in found] == vintages, query
    for query, status, code in (
        ("vintage=1989", 422, "malformed"),
        ("vintage=2201", 422, "malformed"),
        ("province=4", 422, "malformed"),
        ("colour=red", 422, "malformed"),
        ("cursor=abc", 404, "cursor_invalid"),
    ):
        refused(await api.get(f"/v1/batches?{query}"), status, code)


def a_release(holders: Holders, **changes: object) -> dict[str, Any]:
    body: dict[str, Any] = {
        "credits": 4,
        "to_account": holders.account.number,
        "decision": "อบก. 1/2569",
    }
    return body | changes


async def test_buffer_credits_are_released_by_an_approver(registry: Register, api: Service) -> None:
    holders = await busy(registry)
    path = f"/v1/batches/{X}/buffer-releases"
    headers = writes(api, holders.approver)
    would = await api.post(f"{path}?dry_run=true", json=a_release(holders), headers=headers)
    assert (would.status_code, would.json()["id"]) == (200, None)
    done = await api.post(path, json=a_release(holders), headers=headers)
    assert done.status_code == 201
    shown = done.json()
    assert done.headers["Location"] == f"/v1/log/entries/{shown['id']}"
    assert (shown["kind"], shown["from_account"]) == ("buffer_released", account_number(BUFFER))
    assert [run["serials"] for run in shown["moved"]] == [f"{X}-91-94"]
    entry = (await api.get(done.headers["Location"])).json()
    assert entry["act"]["data"]["decision"] == "อบก. 1/2569"
    again = await api.post(path, json=a_release(holders), headers=headers)
    assert again.content == done.content
    assert (await api.get(f"/v1/batches/{X}")).json()["buffered"] == 6


async def test_each_refusal_of_a_release_has_its_code(registry: Register, api: Service) -> None:
    holders = await busy(registry)
    path = f"/v1/batches/{X}/buffer-releases"
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"credits": 11}, 409, "insufficient_credits"),
        ({"to_account": account_number(BUFFER)}, 409, "registry_account"),
        ({"to_account": account_number(9_999)}, 404, "account_not_found"),
        ({"to_account": "TH-001001-00"}, 404, "account_number_invalid"),
        ({"decision": " "}, 422, "malformed"),
        ({"credits": 0}, 422, "malformed"),
        ({"batch": X}, 422, "malformed"),
    ]
    for change, status, code in cases:
        response = await api.post(
            path, json=a_release(holders) | change, headers=writes(api, holders.approver)
        )
        refused(response, status, code)
    for actor in (holders.owner, holders.officer, holders.administrator, holders.auditor):
        response = await api.post(path, json=a_release(holders), headers=writes(api, actor))
        refused(response, 403, "not_allowed")
    nobody = await api.post(path, json=a_release(holders), headers={"Idempotency-Key": "k"})
    refused(nobody, 401, "not_signed_in")
    keyless = await api.post(path, json=a_release(holders), headers=bearer(api, holders.approver))
    refused(keyless, 422, "idempotency_key_required")
    absent = await api.post(
        "/v1/batches/ZZ-1/buffer-releases",
        json=a_release(holders),
        headers=writes(api, holders.approver),
    )
    refused(absent, 404, "batch_not_found")
    assert (await api.get(f"/v1/batches/{X}")).json()["buffered"] == 10


async def test_public_addresses_need_no_token_but_refuse_a_bad_one_where_it_matters(
    registry: Register, api: Service
) -> None:
    """Batches and serials are the same for everybody."""
    holders = await busy(registry)
    await move(registry, holders.owner, holders.account, holders.elsewhere, oldest(1))
    for path in ("/v1/batches", f"/v1/batches/{X}", f"/v1/serials?serial={X}-1"):
        without = await api.get(path)
        signed_in = await api.get(path, headers=bearer(api, holders.auditor))
        assert (without.status_code, without.json()) == (200, signed_in.json())
