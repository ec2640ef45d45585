"""Connections to the database are few, and requests many: none waits for what another one holds."""

import asyncio

from tests.builders.parties import Register, Service, bearer
from tests.races.world import a_world


async def test_more_callers_at_once_than_connections_are_all_answered(
    registry: Register, api: Service
) -> None:
    """
    Each holds a connection to read with when it is asked who calls.

    With one pool for both they would hold all connections and wait for one more.
    """
    world = await a_world(registry)
    callers = 3 * api.app.state.settings.connections_max
    path = f"/v1/accounts/{world.from_account.number}"
    tokens = [bearer(api, world.sender) for _ in range(callers)]  # none of them known yet
    async with asyncio.timeout(3):
        answers = await asyncio.gather(*(api.get(path, headers=token) for token in tokens))
    assert {answer.status_code for answer in answers} == {200}
