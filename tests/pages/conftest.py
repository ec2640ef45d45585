"""One register with the demo for all tests of a process, and a browser for those of a module."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import coverage
import httpx2
import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.conftest import CHECKOUT, Api, Server, a_database
from tests.pages.browsing import SAME_SITE
from tests.pages.site import Site, Walk, a_walk
from tests.server_process import PublisherProcess, ServerProcess

# Nothing that a browser does by itself, which could ask somebody outside.
QUIET: Final = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
# Chromium without a window, and the whole of it. They show pages alike; the first takes half the
# time over one, as it draws no window around it.
PROGRAMS: Final = ("chromium-headless-shell", "chromium")
READERS: Final = [("en", True), ("th", True), ("en", False), ("th", False)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """
    The system's Chromium.

    Its driver keeps an event loop running, under which no other test could run one of its own: so
    it ends with the module, whose tests have none.
    """
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("there is no Chromium on this machine: apt-get install chromium-headless-shell")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        yield running
        running.close()


@pytest.fixture(scope="session")
def site(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A register with the demo, served and published."""
    data = tmp_path_factory.mktemp("site")
    database = a_database(server)
    url = _elsewhere(database.__aenter__())
    service = ServerProcess(url, data=data, demo=True)
    # Certificates say where they can be checked.
    origin = {"REGISTRY_PUBLIC_ORIGIN": service.address}
    service.environ = {**service.environ, **origin, **_measured()}
    try:
        with service, PublisherProcess(url, data=data):
            yield Site.of(service.address, data)
    finally:
        _elsewhere(database.__aexit__(None, None, None))


@pytest.fixture(params=READERS, ids=lambda how: f"{how[0]}, {'' if how[1] else 'no '}script")
def walk(request: pytest.FixtureRequest, browser: Browser, site: Site) -> Iterator[Walk]:
    """Somebody in either language, with and without scripts."""
    language, scripts = request.param
    with a_walk(browser, site, language=language, java_script_enabled=scripts) as walking:
        yield walking


def _measured() -> dict[str, str]:
    """
    Return what makes the server measure its lines, if this run's are.

    No test calls a page but over HTTP: without it nothing would tell which of their lines no reader
    ever reached. What it writes in its end is combined with all else at the end of the run.
    """
    if coverage.Coverage.current() is None:
        return {}
    return {
        "COVERAGE_PROCESS_START": str(CHECKOUT / "pyproject.toml"),
        "COVERAGE_FILE": str(CHECKOUT / f".coverage.site.{secrets.token_hex(8)}"),
    }


def _elsewhere(work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401  whatever it is
    """Run something in a thread of its own: this one may have a loop running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@pytest.fixture
async def reader(api: Api) -> AsyncIterator[httpx2.AsyncClient]:
    """A reader's browser: it keeps cookies, and follows nothing."""
    transport = httpx2.ASGITransport(app=api.app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://registry.test", headers=SAME_SITE
    ) as client:
        yield client
