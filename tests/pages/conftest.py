"""One register with the demo for all tests of a process, and a browser for those of a module."""

import asyncio
import shutil
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.conftest import Server, a_database
from tests.pages.site import Site
from tests.server_process import PublisherProcess, ServerProcess

# Nothing that a browser does by itself, which could ask somebody outside.
QUIET: Final = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """
    The system's Chromium.

    Its driver keeps an event loop running, under which no other test could run one of its own: so
    it ends with the module, whose tests have none.
    """
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("there is no Chromium on this machine: apt-get install chromium")
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
    try:
        service = ServerProcess(url, data=data, demo=True)
        # Certificates say where they can be checked.
        service.environ = {**service.environ, "REGISTRY_PUBLIC_ORIGIN": service.address}
        with service, PublisherProcess(url, data=data):
            yield Site.of(service.address, data)
    finally:
        _elsewhere(database.__aexit__(None, None, None))


def _elsewhere(work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401  whatever it is
    """Run something in a thread of its own: this one may have a loop running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
