"""The ledger's entries over HTTP, for those who govern and audit it: queries and the export."""

import csv
import io
from dataclasses import replace
from typing import Any

import pytest

from app.entry import exports
from app.entry.api import ledger as ledger_api
from app.entry.api.credits import EndingShown
from app.entry.api.entries import EntryShown
from app.entry.api.wire import Page
from app.registry.ledger import operations
from app.registry.ledger.rules import Mint
from app.registry.parties.policy import Actor
from tests.builders.answers import every_row, refused
from tests.builders.issuance import an_issuance
from tests.builders.ledger import Holders, a_batch, move, named, oldest, retire, two_holders
from tests.builders.parties import Register, Service, a_vvb, bearer

X = "XX-1-2024-1"
QUERY, EXPORT = "/v1/ledger/entries", "/v1/ledger/entries.csv"
BOTH = pytest.mark.parametrize("path", [QUERY, EXPORT])


async def busy(registry: Register) -> Holders:
    """Credits issued here and taken over from elsewhere, moved and retired."""
    holders = await two_holders(registry)
    await an_issuance(registry, tonnes={2023: "10"})
    await a_batch(
        registry, holders.administrator, holders.account, credits_made=100, buffer_credits=10
    )
    await move(registry, holders.owner, holders.account, holders.elsewhere, oldest(30))
    await move(registry, holders.other, holders.elsewhere, holders.account, named((X, 5, 9)))
    await retire(registry, holders.owner, holders.account, oldest(10))
    return holders


async def test_entries_are_walked_either_way_exactly_once(registry: Register, api: Service) -> None:
    holders = await busy(registry)
    headers = bearer(api, holders.auditor)
    oldest_first = await every_row(api, f"{QUERY}?sort=log_index", headers, limit=200)
    places = [(row["log_index"], row["line"]) for row in oldest_first]
    assert places == sorted(places)
    assert len(places) == len(set(places)) == 7
    for sort, expected in (
        ("?sort=log_index", oldest_first),
        ("?sort=-log_index", oldest_first[::-1]),
        ("", oldest_first[::-1]),
    ):
        for limit in (1, 2, 3):
            assert await every_row(api, f"{QUERY}{sort}", headers, limit=limit) == expected


async def test_entries_are_filtered_by_each_of_their_sides(
    registry: Register, api: Service
) -> None:
    """The query and the export understand the same filters."""
    holders = await busy(registry)
    headers = bearer(api, holders.officer)
    rows = await every_row(api, f"{QUERY}?sort=log_index", headers, limit=200)
    native = rows[0]
    own = holders.account.number
    moved = next(row for row in rows if row["kind"] == "transferred")
    cases: list[tuple[dict[str, Any], Any]] = [
        ({}, lambda _: True),
        ({"account": own}, lambda r: own in {r["from_account"], r["to_account"]}),
        ({"activity_id": native["activity_id"]}, lambda r: r is native),
        ({"province": native["province"]}, lambda r: r is native),
        ({"batch": X}, lambda r: r["batch"] == X),
        ({"project": "XX-1"}, lambda r: r["project"] == "XX-1"),
        ({"project": "NONE-1"}, lambda _: False),
        ({"serials": f"{X}-7"}, lambda r: r["batch"] == X and r["first"] <= 7 <= r["last"]),
        (
            {"serials": f"{X}-9-30", "kind": "transferred"},
            lambda r: (
                r["batch"] == X
                and r["kind"] == "transferred"
                and r["first"] <= 30
                and r["last"] >= 9
            ),
        ),
        ({"serials": f"{X}-1-100", "batch": native["batch"]}, lambda _: False),
        ({"vintage": 2023}, lambda r: r["vintage"] == 2023),
        ({"vintage": 1999}, lambda _: False),
        ({"credits_min": 30}, lambda r: r["credits"] >= 30),
        ({"credits_max": 30}, lambda r: r["credits"] <= 30),
        ({"credits_min": 5, "credits_max": 5}, lambda r: r["credits"] == 5),
        (
            {"recorded_from": moved["recorded_at"]},
            lambda r: r["recorded_at"] >= moved["recorded_at"],
        ),
        (
            {"recorded_before": moved["recorded_at"]},
            lambda r: r["recorded_at"] < moved["recorded_at"],
        ),
        (
            {"account": own, "kind": "transferred", "credits_max": 29},
            lambda r: r["kind"] == "transferred" and r["credits"] < 30,
        ),
    ]
    wanted = [(asked, [row for row in rows if fits(row)]) for asked, fits in cases]
    wanted += [
        ({"kind": word.value}, [row for row in rows if row["kind"] == word])
        for word in ledger_api.KindWord
    ]
    for asked, expected in wanted:
        found = await api.get(
            QUERY, params=asked | {"sort": "log_index", "limit": 200}, headers=headers
        )
        assert found.json()["data"] == expected, asked
        export = await api.get(EXPORT, params=asked, headers=headers)
        lines = list(csv.DictReader(io.StringIO(export.text)))
        assert [line["serials"] for line in lines] == [row["serials"] for row in expected]


async def test_an_entry_is_exported_with_all_that_is_shown_of_it(
    registry: Register, api: Service
) -> None:
    holders = await busy(registry)
    headers = bearer(api, holders.auditor)
    rows = await every_row(api, f"{QUERY}?sort=log_index", headers, limit=200)
    export = await api.get(EXPORT, headers=headers)
    assert export.status_code == 200
    assert export.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert export.headers["Content-Disposition"] == 'attachment; filename="ledger-entries.csv"'
    header, *lines = csv.reader(io.StringIO(export.text))
    assert header == list(rows[0])
    assert lines == [["" if v is None else str(v) for v in row.values()] for row in rows]


async def test_what_is_shown_plainly_has_the_form_of_its_model(
    registry: Register, api: Service
) -> None:
    """Pages are not made through the models that describe them; nothing else would hold them."""
    holders = await busy(registry)
    headers = bearer(api, holders.owner)
    statement = f"/v1/accounts/{holders.account.number}/statement?limit=2"
    for path, model in (
        (statement, Page[EntryShown]),
        ("/v1/retirements", Page[EndingShown]),
        ("/v1/cancellations", Page[EndingShown]),
    ):
        answer = await api.get(path, headers=headers)
        assert model.model_validate_json(answer.text).model_dump_json() == answer.text
    (retired,) = (await api.get("/v1/retirements", headers=headers)).json()["data"]
    one = await api.get(f"/v1/retirements/{retired['id']}", headers=headers)
    assert EndingShown.model_validate_json(one.text).model_dump_json() == one.text
    assert one.json() == retired


async def test_an_export_is_streamed_in_pieces(
    registry: Register, api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the ledger, few lines are held at once; none is lost between pieces."""
    holders = await busy(registry)
    headers = bearer(api, holders.auditor)
    whole = await api.get(EXPORT, headers=headers)
    for lines in (1, 2, 7):
        monkeypatch.setattr(exports, "ROWS_PER_PAGE", lines)
        pieces = await api.get(EXPORT, headers=headers)
        assert pieces.content == whole.content
    none = await api.get(f"{EXPORT}?vintage=1999", headers=headers)
    assert none.text.count("\n") == 1, "the header alone"


async def take_over(registry: Register, actor: Actor, mint: Mint) -> None:
    await registry.do(
        actor,
        lambda pen: operations.take_over(
            # By nobody: no rule would let such a code into the log.
            pen,
            by="nobody",
            subject="XX",
            data={},
            mints=[mint],
        ),
    )


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
async def test_no_name_from_elsewhere_runs_as_a_formula(
    registry: Register, api: Service, sign: str
) -> None:
    """A spreadsheet would otherwise run it for whoever opens the export."""
    holders = await two_holders(registry)
    code = f'{sign}HYPERLINK("http://example.org","x")'
    mint = Mint(2024, 5, 0, holders.account.id, X, "XX", None, code, "X", None)
    for made in (mint, replace(mint, serial_prefix="XX-2", project_code="XX=2")):
        await take_over(registry, holders.administrator, made)
    export = await api.get(EXPORT, headers=bearer(api, holders.auditor))
    lines = list(csv.DictReader(io.StringIO(export.text, newline="")))
    assert [line["project"] for line in lines] == [f"'{code}", "XX=2"]
    assert lines[0]["from_total"] == "-5", "a number stays a number"


@BOTH
async def test_the_ledger_is_read_by_tgo_only(registry: Register, api: Service, path: str) -> None:
    """It tells of everybody's accounts."""
    holders = await busy(registry)
    lead, _ = await a_vvb(registry)
    refused(await api.get(path), 401, "not_signed_in")
    for actor in (holders.owner, holders.other, lead):
        refused(await api.get(path, headers=bearer(api, actor)), 403, "not_allowed")
    for actor in (holders.auditor, holders.officer, holders.approver, holders.administrator):
        assert (await api.get(path, headers=bearer(api, actor))).status_code == 200


@BOTH
async def test_a_filter_that_makes_no_sense_is_refused(
    registry: Register, api: Service, path: str
) -> None:
    """In silence it would widen the answer."""
    holders = await two_holders(registry)
    headers = bearer(api, holders.auditor)
    for query, status, code in (
        ("account=TH-001001-00", 404, "account_number_invalid"),
        ("account=1001", 422, "malformed"),
        ("kind=stolen", 422, "malformed"),
        ("vintage=1989", 422, "malformed"),
        ("credits_min=0", 422, "malformed"),
        ("credits_max=9007199254740992", 422, "malformed"),
        ("recorded_from=2026-01-01", 422, "malformed"),
        ("recorded_from=2026-01-01T00:00:00", 422, "malformed"),
        ("batch=x", 422, "malformed"),
        ("province=4", 422, "malformed"),
        ("activity_id=x", 422, "malformed"),
        ("colour=red", 422, "malformed"),
    ):
        refused(await api.get(f"{path}?{query}", headers=headers), status, code)


async def test_pages_are_asked_for_in_the_lists_own_terms(registry: Register, api: Service) -> None:
    """The export has no pages and says so."""
    holders = await busy(registry)
    headers = bearer(api, holders.auditor)
    for query, status, code in (
        ("sort=credits", 422, "malformed"),
        ("limit=0", 422, "malformed"),
        ("limit=201", 422, "malformed"),
        ("cursor=abc", 404, "cursor_invalid"),
        ("cursor=WzFd", 404, "cursor_invalid"),
    ):
        refused(await api.get(f"{QUERY}?{query}", headers=headers), status, code)
    refused(await api.get(f"{EXPORT}?limit=5", headers=headers), 422, "malformed")
    # Any two whole numbers are a place in the log, even where no entry is.
    far = "WzkwMDcxOTkyNTQ3NDA5OTEsIDkwMDcxOTkyNTQ3NDA5OTFd"
    response = await api.get(f"{QUERY}?sort=log_index&cursor={far}", headers=headers)
    assert (response.status_code, response.json()["data"]) == (200, [])
