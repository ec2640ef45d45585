"""A picture of every page of the demo's register, as telephones and desks show it."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from local_postgres import LocalPostgres
from local_state import passing_folder
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tests.pages.conftest import QUIET
from tests.pages.names import names_in
from tests.pages.places import PLACES, Place
from tests.pages.site import Site
from tests.server_process import COMMAND, PublisherProcess, ServerProcess

LANGUAGES: Final = ("th", "en")
# Pages of one kind look alike in the dark: a few show what there is.
IN_THE_DARK: Final = frozenset(
    {
        *("/", "/activities", "/activities/{activity_id}", "/serials", "/log/{log_index}", "/desk"),
        *("/work", "/work/retire"),
    }
)


@dataclass(frozen=True)
class Look:
    """What a reader looks at a page with."""

    name: str
    size: ViewportSize
    scheme: Literal["light", "dark"]


LOOKS: Final = (
    Look("phone", {"width": 390, "height": 844}, "light"),
    Look("desktop", {"width": 1280, "height": 900}, "light"),
    Look("phone-dark", {"width": 390, "height": 844}, "dark"),
    Look("desktop-dark", {"width": 1280, "height": 900}, "dark"),
)


def main() -> int:
    """Take all pictures; returns how the program ends."""
    parser = argparse.ArgumentParser(
        prog="scripts/screenshots",
        description="Start a register with the demo and take a picture of every page of it: "
        "telephone and desktop, Thai and English, a few in the dark.",
    )
    parser.add_argument("folder", type=Path, help="where the pictures go; made if it is not there")
    folder: Path = parser.parse_args().folder
    program = shutil.which("chromium")
    if program is None:
        print("scripts/screenshots: there is no Chromium: apt-get install chromium")
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    with a_demo() as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        count = take(browser, site, folder)
        browser.close()
    print(f"{count} pictures are in {folder}")
    return 0


@contextmanager
def a_demo() -> Iterator[Site]:
    """Serve and publish a register with the demo, which is gone afterwards."""
    with (
        tempfile.TemporaryDirectory() as place,
        passing_folder("pictures") as folder,
        LocalPostgres(folder) as server,
    ):
        server.create_database("registry")
        url, data = server.url("registry"), Path(place)
        environ = {"DATABASE_URL": url, "REGISTRY_DATA": place}
        subprocess.run([*COMMAND, "migrate"], env=environ, check=True)
        service = ServerProcess(url, data=data, demo=True)
        service.environ = {**service.environ, "REGISTRY_PUBLIC_ORIGIN": service.address}
        with service, PublisherProcess(url, data=data):
            yield Site.of(service.address, data)


def take(browser: Browser, site: Site, folder: Path) -> int:
    """Take every picture into a folder; returns how many there are."""
    names = names_in(site)
    count = 0
    for role in dict.fromkeys(place.role for place in PLACES):
        context = browser.new_context()
        page = context.new_page()
        if role is not None:
            _sign_in(page, site, role)
        for number, place in enumerate(PLACES, 1):
            if place.role == role:
                count += _take(page, site, place, place.path.format(**names), folder, number)
        context.close()
    return count


def _sign_in(page: Page, site: Site, role: str) -> None:
    email, password = site.users[role]
    page.goto(f"{site.address}/en/sign-in")
    page.fill("#email", email)
    page.fill("#password", password)
    page.click("main button[type=submit]")


def _take(page: Page, site: Site, place: Place, path: str, folder: Path, number: int) -> int:
    looks = [look for look in LOOKS if look.scheme == "light" or place.route in IN_THE_DARK]
    said = re.sub(r"\W+", "-", place.path).strip("-") or "home"
    for language in LANGUAGES:
        page.goto(f"{site.address}/{language}{path}", wait_until="networkidle")
        for look in looks:
            page.set_viewport_size(look.size)
            page.emulate_media(color_scheme=look.scheme)
            name = f"{number:03}-{said}-{language}-{look.name}.png"
            page.screenshot(path=folder / name, full_page=True)
    return len(LANGUAGES) * len(looks)


if __name__ == "__main__":
    sys.exit(main())
