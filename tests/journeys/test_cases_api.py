"""Cases over HTTP: who sees what, what is linked to what, and how a case closes itself."""

from typing import Any

import pytest

from app.entry.api.case_shapes import CaseShown, CaseStepShown, CaseWithSteps
from app.entry.api.order_shapes import OrderShown
from app.registry.parties.policy import Actor
from tests.builders.cases import BUFFERED, World, a_world
from tests.builders.ledger import writes
from tests.builders.parties import bearer
from tests.conftest import Api, Registry

PAPER = {"reason": "ตรวจสอบซ้ำแล้วพบว่าคำนวณผิด", "document_sha256": "ce" * 32}


@pytest.fixture
async def world(registry: Registry) -> World:
    return await a_world(registry)


async def seen(api: Api, path: str, actor: Actor | None = None, **query: Any) -> Any:  # noqa: ANN401
    headers = {} if actor is None else bearer(api, actor)
    answer = await api.get(path, params=query or None, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ordered(api: Api, world: World, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Have something ordered by two officers."""
    officers = world.officers
    proposed = await api.post(path, json={**PAPER, **body}, headers=bearer(api, officers.officer))
    assert proposed.status_code == 201, proposed.text
    shown = OrderShown.model_validate(proposed.json())
    assert shown.claims is not None
    given = await api.post(
        f"{proposed.headers['Location']}/approval",
        json={"digest": shown.digest},
        headers=writes(api, officers.approver),
    )
    assert given.status_code == 200, given.text
    done: dict[str, Any] = given.json()
    return done


async def opened(api: Api, world: World, count: int, kind: str = "reversal") -> str:
    body = {"issuance_id": world.faulty.id, "kind": kind, "credits": count}
    case: str = (await ordered(api, world, "/v1/cases", body))["id"]
    return case


async def step(
    api: Api, world: World, case: str, count: int, *, kind: str = "deduction", batch: str = ""
) -> dict[str, Any]:
    own = world.batch if kind == "deduction" else world.other_batch
    answer = await api.post(
        f"/v1/cases/{case}/steps",
        json={
            "kind": kind,
            "from_account": world.account.number,
            "credits": count,
            "batch": batch or own,
        },
        headers=writes(api, world.developer),
    )
    shown: dict[str, Any] = {"status": answer.status_code, **answer.json()}
    return shown


async def test_each_step_is_public_and_linked(api: Api, world: World) -> None:
    """From the issuance and the batch to the case, from it to its steps, and to cancellations."""
    case = await opened(api, world, 30)
    deducted = await step(api, world, case, 12)
    replaced = await step(api, world, case, 8, kind="replacement")
    given = await ordered(api, world, f"/v1/cases/{case}/buffer", {"credits": 10})
    shown = await seen(api, f"/v1/cases/{case}")
    assert CaseWithSteps.model_validate(shown).owed == 0
    assert [(s["id"], s["kind"], s["credits"], s["owed_after"]) for s in shown["steps"]] == [
        (deducted["id"], "deduction", 12, 18),
        (replaced["id"], "replacement", 8, 10),
        (given["done_by_act"], "buffer", 10, 0),
    ]
    assert [s["order"] for s in shown["steps"]] == [None, None, given["id"]]
    assert (shown["state"], shown["closed_by_act"]) == ("closed", given["done_by_act"])
    for done in shown["steps"]:
        cancelled = await seen(api, done["cancellation"])
        assert (cancelled["id"], cancelled["credits"]) == (done["id"], done["credits"])
        assert len(cancelled["moved"]) == done["runs"]
        assert (cancelled["purpose"], cancelled["beneficiary"]) == ("reversal", f"Case {case}")
    for address in (f"/v1/issuances/{world.faulty.id}", f"/v1/batches/{world.batch}"):
        linked = await seen(api, (await seen(api, address))["cases"])
        assert [c["id"] for c in linked["data"]] == [case]
    for address in (f"/v1/issuances/{world.other.id}", f"/v1/batches/{world.other_batch}"):
        assert (await seen(api, (await seen(api, address))["cases"]))["data"] == []
    batch = await seen(api, f"/v1/batches/{world.batch}")
    assert (batch["cancelled"], batch["buffered"]) == (12 + 10, BUFFERED - 10)


async def test_the_reason_is_the_authoritys_to_read(api: Api, world: World) -> None:
    case = await opened(api, world, 5)
    for reader, reason in (
        (None, None),
        (world.developer, None),
        (world.officers.officer, PAPER["reason"]),
    ):
        listed = (await seen(api, "/v1/cases", reader))["data"]
        for shown in (await seen(api, f"/v1/cases/{case}", reader), *listed):
            assert shown["reason"] == reason
            assert (shown["salt"] is None) == (reason is None)
            assert shown["document_sha256"] == PAPER["document_sha256"]


async def test_cases_are_listed_by_state_and_in_pages(api: Api, world: World) -> None:
    made = [await opened(api, world, count) for count in (1, 2, 3)]
    await step(api, world, made[1], 2)
    everything = [c["id"] for c in (await seen(api, "/v1/cases"))["data"]]
    assert everything == made[::-1]
    by: dict[str, Any] = {"issuance_id": world.faulty.id, "batch": world.batch}
    for state, expected in (("closed", [made[1]]), ("open", [made[2], made[0]])):
        listed = await seen(api, "/v1/cases", state=state, **by)
        assert [c["id"] for c in listed["data"]] == expected
        assert all(CaseShown.model_validate(c).state == state for c in listed["data"])
    walked: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = await seen(api, "/v1/cases", limit=1, issuance_id=world.faulty.id, **cursor)
        walked += [c["id"] for c in page["data"]]
        if not page["has_more"]:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert walked == everything
    both: dict[str, Any] = {"issuance_id": world.other.id, "batch": world.batch}
    assert (await seen(api, "/v1/cases", **both))["data"] == []
    unknown = await api.get("/v1/cases", params={"batch": "NO-1"})
    assert unknown.json()["code"] == "batch_not_found"


async def test_steps_are_listed_in_pages(api: Api, world: World) -> None:
    case = await opened(api, world, 6)
    done = [(await step(api, world, case, 1))["id"] for _ in range(3)]
    first = await seen(api, f"/v1/cases/{case}/steps", limit=2)
    rest = await seen(api, f"/v1/cases/{case}/steps", limit=2, cursor=first["next_cursor"])
    assert [s["id"] for s in first["data"] + rest["data"]] == done
    assert (first["has_more"], rest["has_more"]) == (True, False)
    assert [CaseStepShown.model_validate(s).owed_after for s in rest["data"]] == [3]
    assert (await seen(api, f"/v1/cases/{case}"))["has_more_steps"] is False


async def test_however_scattered_its_credits_a_step_is_as_long(api: Api, world: World) -> None:
    """A page of steps says how many runs of serials ended, and where they are shown."""
    case = await opened(api, world, 40)
    for first, count in ((31, 1), (42, 12)):
        chosen = [{"batch": world.batch, "first": first + 2 * n} for n in range(count)]
        answer = await api.post(
            f"/v1/cases/{case}/steps",
            json={
                "kind": "deduction",
                "from_account": world.account.number,
                "serials": [{**run, "last": run["first"]} for run in chosen],
            },
            headers=writes(api, world.developer),
        )
        assert answer.status_code == 201, answer.text
        done = (await seen(api, f"/v1/cases/{case}/steps"))["data"][-1]
        assert (done["runs"], done["credits"]) == (count, count)
        cancelled = await seen(api, done["cancellation"])
        assert [run["first"] for run in cancelled["moved"]] == [run["first"] for run in chosen]
        assert not any(isinstance(value, list) for value in done.values())
    assert len((await seen(api, f"/v1/cases/{case}"))["steps"]) == 2


async def test_a_refused_step_says_what_is_owed(api: Api, world: World) -> None:
    case = await opened(api, world, 5, "over_issuance")
    much = await step(api, world, case, 6)
    assert (much["status"], much["code"], much["facts"]) == (409, "case_over_owed", {"owed": 5})
    wrong = await step(api, world, case, 1, batch=world.other_batch)
    assert (wrong["status"], wrong["code"]) == (409, "not_deductible")
    await step(api, world, case, 5)
    late = await step(api, world, case, 1)
    assert (late["status"], late["code"]) == (409, "case_closed")
    nowhere = "/v1/cases/ord_" + "0" * 26
    for path in (nowhere, f"{nowhere}/steps"):
        answer = await api.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "case_not_found")


async def test_a_step_is_repeated_and_not_done_twice(api: Api, world: World) -> None:
    case = await opened(api, world, 5)
    body = {"kind": "deduction", "from_account": world.account.number, "credits": 3}
    body["batch"] = world.batch
    headers = writes(api, world.developer, key="once")
    path = f"/v1/cases/{case}/steps"
    answers = [await api.post(path, json=body, headers=headers) for _ in range(2)]
    assert [a.status_code for a in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert answers[0].headers["Location"] == f"/v1/cancellations/{answers[0].json()['id']}"
    assert (await seen(api, f"/v1/cases/{case}"))["owed"] == 2
    del headers["Idempotency-Key"]
    bare = await api.post(path, json=body, headers=headers)
    assert bare.json()["code"] == "idempotency_key_required"
