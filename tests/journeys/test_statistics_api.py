"""Totals of the register: as many credits as the ledger has, however they are grouped."""

from collections import Counter
from typing import Any, Final

import pytest

from tests.builders.answers import every_row
from tests.builders.issuance import an_issuance
from tests.builders.ledger import a_batch, move, oldest, retire, two_holders
from tests.builders.parties import Register, Service

STATES: Final = ("held", "buffered", "in_transit", "retired", "cancelled", "exported")
GROUPS: Final = ("by_year", "by_programme", "by_province")


async def busy(registry: Register) -> None:
    """Credits of a province and of none, in two programmes, moved and retired."""
    holders = await two_holders(registry)
    await an_issuance(registry, tonnes={2023: "10", 2024: "20"})
    await a_batch(
        registry, holders.administrator, holders.account, credits_made=100, buffer_credits=10
    )
    await move(registry, holders.owner, holders.account, holders.elsewhere, oldest(30))
    await retire(registry, holders.owner, holders.account, oldest(15))
    await retire(registry, holders.other, holders.elsewhere, oldest(7))


async def read(api: Service, query: str = "") -> dict[str, Any]:
    answer = await api.get(f"/v1/statistics{query}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def of_states(row: dict[str, Any]) -> Counter[str]:
    return Counter({name: row[name] for name in ("issued", *STATES)})


async def test_each_grouping_adds_up_to_the_totals_and_these_to_the_ledger(
    registry: Register, api: Service
) -> None:
    await busy(registry)
    shown = await read(api)
    totals = of_states(shown["totals"])
    assert totals["issued"] == sum(totals[name] for name in STATES) > 0
    assert totals["retired"] == 22
    for group in GROUPS:
        assert sum(map(of_states, shown[group]), Counter()) == +totals, group
    for row in (row for group in GROUPS for row in shown[group]):
        assert row["issued"] == sum(row[name] for name in STATES)
    # The ledger tells the same batch by batch.
    batches = await every_row(api, "/v1/batches", limit=200)
    states: Counter[str] = Counter()
    by_province: Counter[str | None] = Counter()
    for batch in batches:
        whole = (await api.get(f"/v1/batches/{batch['prefix']}")).json()
        states += Counter({"issued": whole["credits"], **{name: whole[name] for name in STATES}})
        by_province[batch["province"]] += batch["credits"]
    assert states == +totals
    assert {row["province"]: row["issued"] for row in shown["by_province"]} == dict(by_province)
    assert len(by_province) > 1  # some are of a province, and some of none that is known
    head = (await api.get("/v1/log/head")).json()
    assert shown["log_size"] == head["recorded_size"]


async def test_what_is_asked_for_is_summed_alone(registry: Register, api: Service) -> None:
    await busy(registry)
    whole = await read(api)
    for row in whole["by_programme"]:
        part = await read(api, f"?programme={row['programme']}")
        assert of_states(part["totals"]) == of_states(row)
        assert part["activities"] == whole["activities"]
    for row in whole["by_province"]:
        if row["province"] is not None:
            part = await read(api, f"?province={row['province']}")
            assert of_states(part["totals"]) == of_states(row)
    for row in whole["by_year"]:
        part = await read(api, f"?year={row['year']}")
        assert of_states(part["totals"]) == of_states(row)
    assert of_states((await read(api, "?year=1999"))["totals"])["issued"] == 0


async def test_activities_are_counted_as_the_public_sees_them(
    registry: Register, api: Service
) -> None:
    await busy(registry)
    shown = await read(api)
    listed = await every_row(api, "/v1/activities", limit=200)
    assert {row["status"]: row["activities"] for row in shown["activities"]} == dict(
        Counter(activity["status"] for activity in listed)
    )
    assert {r["province"]: r["activities"] for r in shown["activities_by_province"]} == dict(
        Counter(code for activity in listed for code in activity["province_codes"])
    )


async def test_a_register_without_credits_has_totals_of_nothing(api: Service) -> None:
    shown = await read(api)
    assert set(shown["totals"].values()) == {0}
    assert [shown[group] for group in GROUPS] == [[], [], []]


@pytest.mark.parametrize("query", ["?year=1066", "?province=7", "?region=x"])
async def test_what_makes_no_sense_is_refused(api: Service, query: str) -> None:
    assert (await api.get(f"/v1/statistics{query}")).status_code == 422
