"""Every answer in a journey is held against the OpenAPI document, whatever the test looks at."""

import pytest

from tests.conftest import Api
from tests.contract.conformance import held_against


@pytest.fixture
def api(api: Api) -> Api:
    """The service, with a client that fails the test at an answer which is not as described."""
    api.client.event_hooks = {"response": [held_against(api.app.openapi())]}
    return api
