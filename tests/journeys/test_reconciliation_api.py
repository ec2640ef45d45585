"""Reconciliation over HTTP: what was issued is somewhere, and who held it when."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from app.registry.ledger import store as ledger
from app.registry.ledger.rules import RETIRED
from app.registry.ledger.store import GroupedBy, LedgerSum, reading
from app.registry.ledger.store import holders as holders_store
from tests.builders.answers import every_row
from tests.builders.issuance import an_issuance
from tests.builders.ledger import Holders, a_batch, an_account, move, oldest, retire, two_holders
from tests.builders.parties import Register, Service, bearer

RECONCILIATION: Final = "/v1/ledger/reconciliation"
PLACES: Final = ("held", "buffered", "in_transit", "retired", "cancelled", "exported")
PROJECT: Final = "XX-1"


async def busy(registry: Register) -> Holders:
    """Credits of a province and of none, in two programmes, moved and retired."""
    holders = await two_holders(registry)
    await an_issuance(registry, tonnes={2023: "10", 2024: "20"})
    await a_batch(
        registry, holders.administrator, holders.account, credits_made=100, buffer_credits=10
    )
    await move(registry, holders.owner, holders.account, holders.elsewhere, oldest(30))
    await retire(registry, holders.owner, holders.account, oldest(15))
    return holders


async def read(api: Service, holders: Holders, path: str = RECONCILIATION) -> dict[str, Any]:
    answer = await api.get(path, headers=bearer(api, holders.auditor))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_the_sums_are_the_fold_of_the_ledger(registry: Register, api: Service) -> None:
    holders = await busy(registry)
    shown = await read(api, holders)
    assert shown["agrees"] is True
    assert set(shown["checks"].values()) == {True}
    entries = await every_row(api, "/v1/ledger/entries", bearer(api, holders.auditor), limit=200)
    folded: Counter[str] = Counter()
    for entry in entries:
        folded[entry["from_account"]] -= entry["credits"]
        folded[entry["to_account"]] += entry["credits"]
    own = {number: folded[number] for number in folded if number < "TH-001000"}
    assert (
        shown["totals"]
        == shown["accounts"]
        == {
            "issued": -own["TH-000001-95"],
            "buffered": own["TH-000002-92"],
            "retired": own["TH-000004-86"],
            "in_transit": 0,
            "cancelled": 0,
            "exported": 0,
            "held": -sum(own.values()),
        }
    )
    for row in (shown["totals"], *shown["by_programme"], *shown["by_province"]):
        assert row["issued"] == sum(row[name] for name in PLACES) > 0
    head = (await api.get("/v1/log/head")).json()
    assert shown["log_size"] == head["recorded_size"]
    # Nothing is published yet: so nothing is signed, which contradicts nothing.
    assert (shown["published_size"], shown["published_at"]) == (0, None)
    assert set(shown["published"].values()) == {0}


async def test_a_sum_that_is_off_is_told(
    registry: Register, api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    holders = await busy(registry)
    whole = ledger.list_sums

    async def off(connection: AsyncConnection) -> tuple[LedgerSum, ...]:
        sums = await whole(connection)
        return tuple(
            replace(each, credits=each.credits + 1)
            if (each.by, each.account_id) == (GroupedBy.NOTHING, RETIRED)
            else each
            for each in sums
        )

    monkeypatch.setattr(ledger, "list_sums", off)
    shown = await read(api, holders)
    assert shown["agrees"] is False
    assert shown["checks"] == {
        "adds_up": False,
        "groups_agree": False,
        "accounts_agree": False,
        "checkpoint_agrees": True,
    }


async def test_a_register_without_credits_agrees(registry: Register, api: Service) -> None:
    holders = await two_holders(registry)
    shown = await read(api, holders)
    assert shown["agrees"] is True
    assert set(shown["totals"].values()) == set(shown["accounts"].values()) == {0}


async def test_who_held_the_credits_of_a_project_is_read_now_and_then(
    registry: Register, api: Service
) -> None:
    holders = await busy(registry)
    headers = bearer(api, holders.auditor)
    path = f"/v1/ledger/holdings?project={PROJECT}"
    now = await every_row(api, path, headers, limit=200)
    of = {row["account"]: row["credits"] for row in now}
    # What came out of the source is with others.
    assert sum(of.values()) == 0
    assert {row["project"] for row in now} == {PROJECT}
    entries = await every_row(api, f"/v1/ledger/entries?project={PROJECT}", headers, limit=200)
    folded: Counter[str] = Counter()
    moments = sorted({entry["recorded_at"] for entry in entries})
    for moment in moments:
        for entry in (each for each in entries if each["recorded_at"] == moment):
            folded[entry["from_account"]] -= entry["credits"]
            folded[entry["to_account"]] += entry["credits"]
        then = await every_row(api, f"{path}&as_of={moment}", headers, limit=200)
        assert {r["account"]: r["credits"] for r in then} == {a: c for a, c in folded.items() if c}
    assert of == {account: held for account, held in folded.items() if held}
    before = datetime.fromisoformat(moments[0]) - timedelta(microseconds=1)
    early = await every_row(api, f"{path}&as_of={quote(before.isoformat())}", headers, limit=200)
    assert early == []
    assert await every_row(api, "/v1/ledger/holdings?project=NONE-1", headers, limit=200) == []


async def test_holders_are_paged_by_account_and_batch(
    registry: Register, api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a page holds, and however few accounts are looked at for it."""
    holders = await busy(registry)
    await a_batch(registry, holders.administrator, holders.account, prefix="XX-1-2025-1")
    headers = bearer(api, holders.auditor)
    for path in (
        f"/v1/ledger/holdings?project={PROJECT}",
        f"/v1/ledger/holdings?project={PROJECT}&as_of=2999-01-01T00:00:00Z",
    ):
        whole = await every_row(api, path, headers, limit=200)
        assert len(whole) == len({(row["account"], row["batch"]) for row in whole}) > 3
        for looked_at in (200, 2, 1):
            monkeypatch.setattr(holders_store, "ACCOUNTS_LOOKED_AT_MAX", looked_at)
            for limit in (1, 2, 200):
                assert await every_row(api, path, headers, limit=limit) == whole


async def test_accounts_are_found_by_a_part_of_their_name(
    registry: Register, api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    holders = await two_holders(registry)
    for name in ("Market %_ desk", "บัญชีเทศบาล", "market reserve"):
        await an_account(registry, holders.administrator, holders.owner, name=name)
    headers = bearer(api, holders.auditor)

    async def found(query: str, limit: int = 200) -> list[str]:
        rows = await every_row(api, f"/v1/accounts?{query}", headers, limit=limit)
        return [row["name"] for row in rows]

    for looked_at in (1_000, 2, 1):
        monkeypatch.setattr(reading, "ACCOUNTS_LOOKED_AT_MAX", looked_at)
        for limit in (1, 200):
            assert await found("q=MARKET", limit) == ["Market %_ desk", "market reserve"]
            assert await found(f"q={quote('%_')}", limit) == ["Market %_ desk"]
            assert await found(f"q={quote('เทศบาล')}", limit) == ["บัญชีเทศบาล"]
            assert await found("q=nowhere", limit) == []
            owner = f"owner_party_id={holders.other.party_id}"
            assert await found(f"q=market&{owner}", limit) == []
    own = bearer(api, holders.other)
    assert await every_row(api, "/v1/accounts?q=market", own, limit=200) == []


async def test_totals_of_accounts_are_read_as_of_any_moment(
    registry: Register, api: Service
) -> None:
    holders = await two_holders(registry)
    await a_batch(registry, holders.administrator, holders.account, credits_made=100)
    movement = await move(registry, holders.owner, holders.account, holders.elsewhere, oldest(30))
    headers = bearer(api, holders.auditor)

    async def totals(moment: datetime) -> dict[str, int]:
        path = f"/v1/accounts?as_of={quote(moment.isoformat())}"
        rows = await every_row(api, path, headers, limit=3)
        return {row["number"]: row["credits"] for row in rows if row["credits"]}

    own, other, source = holders.account.number, holders.elsewhere.number, "TH-000001-95"
    at = movement.recorded_at
    assert await totals(at) == {source: -100, own: 70, other: 30}
    assert await totals(at - timedelta(microseconds=1)) == {source: -100, own: 100}
    assert await totals(at.replace(year=at.year - 1)) == {}
