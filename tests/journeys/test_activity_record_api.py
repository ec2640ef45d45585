"""All of an activity in one answer: what its other addresses say, one by one."""

from typing import Any, Final

from app.registry.activities.rules import Activity
from app.registry.ledger.store import get_account
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Role
from tests.builders.activities import (
    MANGROVE,
    a_document,
    a_draft_activity,
    a_registered_activity,
    an_official,
)
from tests.builders.answers import every_row
from tests.builders.issuance import a_draft_report, an_issuance
from tests.builders.ledger import oldest, retire
from tests.builders.parties import Register, Service, a_developer, bearer

STATES: Final = ("held", "buffered", "in_transit", "retired", "cancelled", "exported")


async def read(api: Service, path: str, actor: Actor | None) -> Any:  # noqa: ANN401  of JSON
    answer = await api.get(path, headers={} if actor is None else bearer(api, actor))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def rows(api: Service, path: str, actor: Actor | None) -> list[Any]:
    headers = {} if actor is None else bearer(api, actor)
    return await every_row(api, path, limit=50, headers=headers)


async def a_busy_activity(registry: Register) -> tuple[Activity, Actor]:
    """With two reports, one of them issued, some of it retired; papers of both kinds."""
    owner = await a_developer(registry)
    activity = await a_registered_activity(registry, owner=owner, methodology=MANGROVE)
    await an_issuance(
        registry, activity, tonnes={2023: "120", 2024: "80.5"}, buffer={2023: 5, 2024: 4}
    )
    await a_draft_report(registry, activity, tonnes={2025: "30"}, owner=owner)
    for is_confidential in (True, False):
        await a_document(registry, owner, activity_id=activity.id, is_confidential=is_confidential)
    assert activity.credit_account_id is not None
    async with registry.read() as connection:
        account = await get_account(connection, activity.credit_account_id)
    for ended in (7, 130):
        await retire(registry, owner, account, oldest(ended))
    return activity, owner


async def test_a_record_says_what_the_single_addresses_say_to_each_reader(
    registry: Register, api: Service
) -> None:
    activity, owner = await a_busy_activity(registry)
    readers = (
        *(None, owner, await a_developer(registry)),
        await an_official(registry, Role.OFFICER),
    )
    seen = set()
    for reader in readers:
        at = f"/v1/activities/{activity.id}"
        record = await read(api, f"{at}/record", reader)
        assert record["activity"] == await read(api, at, reader)
        assert record["events"] == await rows(api, f"{at}/events", reader)
        assert record["documents"] == await rows(api, f"{at}/documents", reader)
        query = f"activity_id={activity.id}"
        reports = await rows(api, f"/v1/monitoring-reports?{query}", reader)
        assert record["reports"] == reports
        steps = [
            step
            for report in reports
            for step in await rows(api, f"/v1/monitoring-reports/{report['id']}/events", reader)
        ]
        assert record["report_events"] == sorted(steps, key=lambda step: step["log_index"])
        assert record["issuances"] == await rows(api, f"/v1/issuances?{query}", reader)
        seen.add((len(reports), len(record["documents"])))
        for named in record["parties"]:
            party = await read(api, f"/v1/parties/{named['id']}", reader)
            assert named == {name: party[name] for name in named}
        assert {each["by_party_id"] for each in (*record["events"], *steps)} <= {
            each["id"] for each in record["parties"]
        }
    assert len(seen) == 2  # the owner and TGO see more than visitors and others do


async def test_a_record_says_where_the_credits_are_and_which_were_retired(
    registry: Register, api: Service
) -> None:
    activity, _ = await a_busy_activity(registry)
    record = await read(api, f"/v1/activities/{activity.id}/record", None)
    batches = await rows(api, f"/v1/batches?activity_id={activity.id}", None)
    assert len(batches) == 2
    assert not record["more_batches"]
    for batch, shown in zip(batches, record["batches"], strict=True):
        whole = await read(api, f"/v1/batches/{batch['prefix']}", None)
        assert shown == {name: whole[name] for name in shown}
        assert sum(shown[state] for state in STATES) == shown["credits"]
    retired = record["retirements"]
    assert [each["credits"] for each in retired] == [130, 7]
    assert retired[0]["log_index"] > retired[1]["log_index"]
    assert len(retired[0]["serials"]) == 2  # of both batches
    for each in retired:
        told = await read(api, f"/v1/retirements/{each['log_index']}", None)
        assert (told["recorded_at"], told["credits"]) == (each["recorded_at"], each["credits"])


async def test_who_may_not_know_of_an_activity_gets_no_record(
    registry: Register, api: Service
) -> None:
    owner = await a_developer(registry)
    draft, _ = await a_draft_activity(registry, owner=owner)
    at = f"/v1/activities/{draft.id}/record"
    stranger = await a_developer(registry)
    for headers in ({}, bearer(api, stranger)):
        answer = await api.get(at, headers=headers)
        assert answer.status_code == 404
        assert answer.json()["code"] == "activity_not_found"
    record = await read(api, at, owner)
    assert record["activity"]["status"] == "draft"
    assert record["batches"] == record["retirements"] == record["issuances"] == []
