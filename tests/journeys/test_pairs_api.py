"""Acts of TGO that take two people, over HTTP: proposed, approved, and the ways it must fail."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from httpx2 import Response

from app.kernel import clock
from app.kernel.clock import bangkok_date
from app.registry.parties.operations import SetRoles
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Role
from app.registry.programmes.rules import RuleKey, TwoPersonAct
from tests.builders.activities import a_registered_activity
from tests.builders.issuance import a_verified_report
from tests.builders.ledger import writes
from tests.builders.pairs import ALL, Two, two_of_each
from tests.builders.parties import Service, a_user, bearer
from tests.builders.reference import a_rule
from tests.conftest import Registry

ORDERS: Final = "/v1/orders"
PAPER: Final = {"reason": "มติที่ประชุม 7/2569", "document_sha256": "ab" * 32}
ACTS: Final = pytest.mark.parametrize("act", [*TwoPersonAct])


class Case:
    """One act, whom it takes, and the same act alone."""

    def __init__(
        self, two: Two, body: dict[str, Any], alone: Callable[[], Awaitable[Response]], act: str
    ) -> None:
        self.two, self.body, self.alone, self.act = two, body, alone, act
        is_issuance = "issuance" in body
        self.proposer = two.approver if is_issuance else two.administrator
        self.approver = two.other if is_issuance else two.second

    async def propose(self, door: Service, by: Actor | None = None) -> dict[str, Any]:
        answer = await self.ask(door, by or self.proposer)
        assert answer.status_code == 201, answer.text
        order: dict[str, Any] = answer.json()
        assert answer.headers["Location"] == f"{ORDERS}/{order['id']}"
        return order

    async def ask(self, door: Service, by: Actor) -> Response:
        return await door.post(ORDERS, json={**PAPER, **self.body}, headers=writes(door, by))

    async def approve(
        self, door: Service, order: dict[str, Any], *, by: Actor | None = None, **changes: str
    ) -> Response:
        return await door.post(
            f"{ORDERS}/{order['id']}/approval",
            json={"digest": order["digest"], **changes},
            headers=writes(door, by or self.approver),
        )


async def a_case(registry: Registry, door: Service, act: TwoPersonAct) -> Case:
    two = await two_of_each(registry)
    if act is TwoPersonAct.ISSUANCE_APPROVAL:
        report = await a_verified_report(registry, await a_registered_activity(registry))
        decided_on = bangkok_date(clock.now()).isoformat()
        said = {
            "report_id": report.id,
            "decision": {"meeting": "อบก. 7/2569", "decided_on": decided_on},
        }

        async def alone() -> Response:
            body = {**said, "approve": True}
            return await door.post("/v1/issuances", json=body, headers=writes(door, two.approver))

        made = Case(two, {"issuance": said}, alone, act.value)
    elif act is TwoPersonAct.ROLE_CHANGE:
        user = await two.user(two.auditor)
        roles = {"user_id": user.id, "roles": ["officer"], "version": user.version}

        async def alone() -> Response:
            headers = {**bearer(door, two.administrator), "If-Match": f'"{user.version}"'}
            path = f"/v1/users/{user.id}/roles"
            return await door.put(path, json={"roles": ["officer"]}, headers=headers)

        made = Case(two, {"roles": roles}, alone, act.value)
    else:
        rule = {
            "key": "reversal_window_days",
            "value": "3",
            "valid_from": bangkok_date(clock.now()).isoformat(),
            "source": "A test",
        }

        async def alone() -> Response:
            headers = writes(door, two.administrator)
            return await door.post("/v1/rules", json=rule, headers=headers)

        made = Case(two, {"rule": rule}, alone, act.value)
    await two.turn_on()
    return made


def refused(answer: Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


@ACTS
async def test_an_act_of_two_people_is_proposed_and_approved(
    registry: Registry, door: Service, act: TwoPersonAct
) -> None:
    case = await a_case(registry, door, act)
    alone = await case.alone()
    refused(alone, 409, "two_people_needed")
    assert "POST /v1/orders" in alone.text
    order = await case.propose(door)
    assert (order["action"], order["done_by_act"]) == (act.value, None)
    given = await case.approve(door, order)
    assert given.status_code == 200, given.text
    done = given.json()
    assert done["content"] == order["content"]
    assert (done["proposed_by"], done["approved_by"]) == (
        case.proposer.user_id,
        case.approver.user_id,
    )
    read = await door.get(f"{ORDERS}/{order['id']}", headers=bearer(door, case.two.auditor))
    assert read.json() == done
    entry = await door.get(f"/v1/log/entries/{done['done_by_act']}")
    assert entry.json()["act"]["data"]["order"] == order["id"]


@ACTS
async def test_the_proposer_does_not_approve(
    registry: Registry, door: Service, act: TwoPersonAct
) -> None:
    case = await a_case(registry, door, act)
    order = await case.propose(door)
    refused(await case.approve(door, order, by=case.proposer), 409, "own_order")
    assert (await case.approve(door, order)).status_code == 200


@ACTS
async def test_whoever_was_demoted_does_not_approve(
    registry: Registry, door: Service, act: TwoPersonAct
) -> None:
    """Nor propose; with what their token still says, and with the one that they get then."""
    case = await a_case(registry, door, act)
    order = await case.propose(door)
    await case.two.demote(case.approver)
    refused(await case.approve(door, order), 403, "not_allowed")
    refused(await case.ask(door, case.approver), 403, "not_allowed")
    third = await case.approve(door, order, by=case.two.spare)
    assert third.status_code == 200, third.text


@ACTS
@pytest.mark.parametrize("how", ["suspend", "demote"])
async def test_whoever_proposed_must_still_be_able_to(
    registry: Registry, door: Service, act: TwoPersonAct, how: str
) -> None:
    case = await a_case(registry, door, act)
    order = await case.propose(door)
    gone = case.two.suspend if how == "suspend" else case.two.demote
    await gone(case.proposer)
    refused(await case.approve(door, order), 409, "order_proposer_not_allowed")


@ACTS
async def test_another_content_is_not_approved(
    registry: Registry, door: Service, act: TwoPersonAct
) -> None:
    """Neither another digest, nor that of an order beside it with the same content."""
    case = await a_case(registry, door, act)
    order, beside = await case.propose(door), await case.propose(door)
    refused(await case.approve(door, order, digest="0" * 64), 409, "order_digest_differs")
    beside_it = await case.approve(door, order, digest=beside["digest"])
    refused(beside_it, 409, "order_digest_differs")


@ACTS
async def test_what_has_lapsed_is_not_approved(
    registry: Registry, door: Service, act: TwoPersonAct
) -> None:
    case = await a_case(registry, door, act)
    order = await case.propose(door)
    committer = door.app.state.committer
    running = committer._now
    until = datetime.fromisoformat(order["expires_at"])
    committer._now = lambda: until
    refused(await case.approve(door, order), 409, "order_lapsed")
    committer._now = lambda: until - timedelta(seconds=1)
    if act is TwoPersonAct.RULE_CHANGE:
        # The day that the value was to begin on is over, too.
        refused(await case.approve(door, order), 409, "rule_retroactive")
    committer._now = running
    assert (await case.approve(door, order)).status_code == 200


@ACTS
async def test_of_two_approvals_at_once_one_does_it(
    registry: Registry, door: Service, act: TwoPersonAct
) -> None:
    """Both may; one act is in the log, and the other is told that it is done."""
    case = await a_case(registry, door, act)
    order = await case.propose(door)
    answers = await asyncio.gather(
        *(
            case.approve(door, order, by=by)
            for by in (case.approver, case.two.spare, case.approver, case.two.spare)
        )
    )
    assert sorted(a.status_code for a in answers) == [200, 409, 409, 409]
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"order_given"}


@ACTS
async def test_what_cannot_be_done_is_not_proposed(
    registry: Registry, door: Service, act: TwoPersonAct
) -> None:
    case = await a_case(registry, door, act)
    refused(await case.ask(door, case.two.auditor), 403, "not_allowed")
    wrong: dict[str, dict[str, Any]] = {
        "issuance": {"report_id": "mrp_01kb5w6yk2e0hr9h5y0s8v2a3b"},
        "roles": {"roles": ["developer"]},
        "rule": {"value": "none"},
    }
    codes = {
        "issuance": "report_not_found",
        "roles": "role_not_of_kind",
        "rule": "rule_value_unreadable",
    }
    (name,) = case.body
    body = {**PAPER, name: {**case.body[name], **wrong[name]}}
    answer = await door.post(ORDERS, json=body, headers=writes(door, case.proposer))
    assert answer.json()["code"] == codes[name]


async def test_an_order_is_of_one_act(registry: Registry, door: Service) -> None:
    case = await a_case(registry, door, TwoPersonAct.ROLE_CHANGE)
    other = {
        "key": "order_hours",
        "value": "3",
        "valid_from": "2200-01-01",
        "source": "A test",
    }
    for body in ({}, {**case.body, "rule": other}):
        answer = await door.post(
            ORDERS, json={**PAPER, **body}, headers=writes(door, case.proposer)
        )
        refused(answer, 409, "order_content")


async def test_it_holds_from_the_day_that_it_is_set(registry: Registry, door: Service) -> None:
    """Before its first day nobody ends it alone, makes the second person, or goes who is needed."""
    two = await two_of_each(registry)
    by = two.administrator
    today = bangkok_date(clock.now())

    async def ruling(value: str, days: int, last: int | None = None) -> Response:
        rule = {
            "key": "two_person_acts",
            "value": value,
            "valid_from": (today + timedelta(days=days)).isoformat(),
            "valid_to": None if last is None else (today + timedelta(days=last)).isoformat(),
            "source": "A test",
        }
        return await door.post("/v1/rules", json=rule, headers=writes(door, by))

    async def told(days: int) -> set[str]:
        on = (today + timedelta(days=days)).isoformat()
        acts = (await door.get("/v1/rules", params={"on": on})).json()["acts"]
        return {one["act"] for one in acts if one["needs_two_people"]} & {*TwoPersonAct}

    assert (await ruling("none", 30)).status_code == 201
    shorter = await ruling("issuance_approval", 7)
    refused(shorter, 409, "named_shorter")
    assert (today + timedelta(days=30)).isoformat() in shorter.text
    assert (await ruling("issuance_approval", 7, 29)).status_code == 201
    assert await told(0) == {"role_change"}
    assert await told(7) == {"role_change", "issuance_approval"}
    assert await told(30) == await told(-1) == set()
    for value, first, last in (("none", 0, None), ("none", 8, 9), (ALL, 0, 3), ("none", 40, None)):
        refused(await ruling(value, first, last), 409, "two_people_needed")
    user = await two.user(two.auditor)
    headers = {**bearer(door, by), "If-Match": f'"{user.version}"'}
    roles = {"roles": [Role.APPROVER.value]}
    answer = await door.put(f"/v1/users/{user.id}/roles", json=roles, headers=headers)
    refused(answer, 409, "two_people_needed")


async def test_nobody_goes_who_brings_others_back(registry: Registry, door: Service) -> None:
    """People and parties; whoever approves issuances is suspended, and brought back by one."""
    two = await two_of_each(registry, "issuance_approval")
    by = two.administrator

    async def going(path: str) -> Response:
        return await door.post(path, json={"reason": "Left."}, headers=bearer(door, by))

    authority = {"kind": "authority", "name_th": "สาขา", "name_en": "Branch"}
    branch = (await door.post("/v1/parties", json=authority, headers=writes(door, by))).json()["id"]
    other = await a_user(registry, by, branch, Role.AUDITOR)
    roles = frozenset({Role.ADMINISTRATOR})
    await two.by_administrators(SetRoles(other.id, roles, other.version))
    for whom in (two.spare, two.other, two.approver):
        assert (await going(f"/v1/users/{whom.user_id}/suspension")).status_code == 200
    # Three administrators: two here and one there.
    for path in (f"/v1/parties/{by.party_id}/suspension", f"/v1/parties/{by.party_id}/closure"):
        refused(await going(path), 409, "too_few_people")
    assert (await going(f"/v1/users/{two.second.user_id}/suspension")).status_code == 200
    for path in (
        f"/v1/users/{other.id}/suspension",
        f"/v1/parties/{branch}/suspension",
        f"/v1/parties/{branch}/closure",
    ):
        refused(await going(path), 409, "too_few_people")
    assert (await going(f"/v1/users/{two.spare.user_id}/reinstatement")).status_code == 200
    assert (await going(f"/v1/parties/{branch}/suspension")).status_code == 200
    assert (await going(f"/v1/parties/{branch}/closure")).status_code == 200


async def test_the_rules_say_what_takes_two(registry: Registry, door: Service) -> None:
    async def told() -> dict[str, bool]:
        acts = (await door.get("/v1/rules")).json()["acts"]
        return {one["act"]: one["needs_two_people"] for one in acts}

    two = await two_of_each(registry)
    before = await told()
    assert not any(before[act] for act in TwoPersonAct)
    assert before["order_approval"]
    # Roles are changed by two whatever it names: else one person would make the other.
    await two.turn_on("issuance_approval")
    after = await told()
    assert {act for act in after if after[act] != before[act]} == {
        "role_change",
        "issuance_approval",
    }
    await a_rule(registry, RuleKey.ORDER_HOURS, "47", programme_code=None)
    off = {
        "key": "two_person_acts",
        "value": "none",
        "valid_from": bangkok_date(clock.now()).isoformat(),
        "source": "A test",
    }
    headers = writes(door, two.administrator)
    refused(await door.post("/v1/rules", json=off, headers=headers), 409, "two_people_needed")
    new = {
        "party_id": two.administrator.party_id,
        "email": "somebody.new@example.com",
        "display_name": "มะลิ ใจดี",
        "roles": [Role.APPROVER.value],
    }
    headers = bearer(door, two.administrator)
    refused(await door.post("/v1/users", json=new, headers=headers), 409, "first_role")
