"""
Goal: of many approvals of one order exactly one issues, and it issues once.

Method: two approvers, each several times, at once, through two server processes on one database
over real HTTP. Afterwards every invariant holds, among them "what two people did is what was
proposed" (the `registry` fixture looks).
"""

from pathlib import Path

from app.registry.issuance import store
from app.registry.issuance.operations import DecideIssuance
from tests.builders.activities import a_registered_activity
from tests.builders.issuance import a_decision, a_verified_report
from tests.builders.pairs import two_of_each
from tests.conftest import Registry
from tests.races.world import Clients, servers, together

EACH = 6


async def test_of_many_approvals_of_an_issuance_one_issues(
    registry: Registry, tmp_path: Path
) -> None:
    two = await two_of_each(registry)
    activity = await a_registered_activity(registry)
    report = await a_verified_report(registry, activity)
    await two.turn_on()
    command = DecideIssuance(report.id, approve=True, grounds=a_decision())
    orders = [await two.propose(command) for _ in range(2)]
    with servers(registry.url, tmp_path, 2) as running:
        async with Clients(running, tmp_path) as clients:
            answers = await together(
                *(
                    clients.post(
                        by,
                        f"/v1/orders/{order.id}/approval",
                        {"digest": order.digest},
                        key=f"{order.id}-{by.user_id}-{number}",
                    )
                    for number in range(EACH)
                    for by in (two.other, two.spare)
                    for order in orders
                )
            )
    done = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(done) == 1
    codes = {answer.json()["code"] for answer in answers if answer.status_code != 200}
    # The one order is given, and what the other was to issue is issued.
    assert codes == {"order_given", "issuance_already_decided"}
    async with registry.read() as connection:
        issued = await store.list_issuances(
            connection, activity_id=activity.id, vintage=None, before=None, limit=10
        )
    assert [one.log_index for one in issued] == [done[0]["done_by_act"]]
