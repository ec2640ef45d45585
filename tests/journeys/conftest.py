"""Every answer in a journey is held against the OpenAPI document, whatever the test looks at."""

import asyncio
from collections.abc import AsyncIterator
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from tests.builders.identity_provider import IdentityProvider, an_identity_provider, knowing
from tests.builders.parties import Service
from tests.conftest import Api, Registry, settings_for
from tests.contract.conformance import held_against


@pytest.fixture
def api(api: Api) -> Api:
    """The service, with a client that fails the test at an answer which is not as described."""
    api.client.event_hooks = {"response": [held_against(api.app.openapi())]}
    return api


@pytest.fixture
async def provider() -> AsyncIterator[IdentityProvider]:
    """An identity provider on loopback."""
    async with an_identity_provider() as running:
        yield running


@pytest.fixture
async def knowing_api(
    registry: Registry, application: FastAPI, provider: IdentityProvider, tmp_path: Path
) -> AsyncIterator[Api]:
    """The service of an installation that has that provider; its client keeps no cookies."""
    application.state.settings = knowing(settings_for(registry.url, tmp_path), provider, tmp_path)
    async with application.router.lifespan_context(application):
        transport = httpx2.ASGITransport(app=application, raise_app_exceptions=False)
        async with httpx2.AsyncClient(
            transport=transport,
            base_url="http://registry.test",
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            event_hooks={"response": [held_against(application.openapi())]},
        ) as client:
            yield Api(application, client)


@pytest.fixture
async def door(api: Api) -> AsyncIterator[Service]:
    """The application of `api` on a loopback port."""
    config = uvicorn.Config(api.app, host="127.0.0.1", port=0, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  it has no event of it
        await asyncio.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    hooks = {"response": [held_against(api.app.openapi())]}
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", event_hooks=hooks) as client:
        yield Api(api.app, client)
    server.should_exit = True
    await task
