"""The scene of the attacks: a database, server and publisher of its own, with the demo in it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from attack_door import Door
from bench_service import Service, publishing, serving
from bootstrap import ROOT
from local_postgres import LocalPostgres
from local_state import APP_COMMAND, local_environ

DATABASE: Final = "registry_attacked"
# A login as an installation's own should be: a member of the service's role and nothing else.
LOGIN: Final = "registry_attacker"
PUBLISHED_SECONDS_MAX: Final = 30


@dataclass(frozen=True)
class Scale:
    """How much is tried."""

    name: str
    racers: int
    idle_sockets: int
    slow_bodies: int
    samples: int  # of how long an answer takes
    parsed: int  # invented inputs of parsers, in all


SHORT: Final = Scale("short", 20, 1_000, 50, 60, 20_000)
FULL: Final = Scale("full", 100, 1_000, 200, 300, 1_000_000)


@dataclass
class Scene:
    """What is attacked, and who there is."""

    service: Service
    scale: Scale
    people: dict[str, str] = field(default_factory=dict)  # passwords by e-mail address
    client_id: str = ""
    client_secret: str = ""
    source: str | None = None  # a loopback address to come from; None: the usual one

    def coming_from(self, source: str) -> Scene:
        """Return it for somebody with an address of their own: wrong guesses are counted by it."""
        return replace(self, source=source)

    @cached_property
    def door(self) -> Door:
        """The way in."""
        return Door(self.service.address, self.source)

    @cached_property
    def document(self) -> dict[str, Any]:
        """The OpenAPI document."""
        found: dict[str, Any] = self.door.ask("GET", "/v1/openapi.json").json()
        return found

    def token(self, email: str) -> str:
        """Sign somebody in."""
        return self.door.sign_in(email, self.people[email])

    def log_size(self) -> int:
        """Return how many acts there are."""
        return self.service.log_size()

    def user_of(self, token: str) -> dict[str, Any]:
        """Return who a token is."""
        found: dict[str, Any] = self.door.ask("GET", "/v1/users/me", token=token).json()
        return found

    def account_of(self, token: str) -> str:
        """Return the account of somebody's party that holds most."""
        rows = self.door.ask("GET", "/v1/accounts", token=token).json()["data"]
        return str(max(rows, key=lambda row: int(row["credits"]))["number"])

    def run_of(self, token: str, account: str, *, credits_min: int) -> dict[str, Any]:
        """Return a run of serials in an account."""
        path = f"/v1/accounts/{account}/blocks?limit=200"
        runs = self.door.ask("GET", path, token=token).json()["data"]
        return next(run for run in runs if run["credits"] >= credits_min)


@contextmanager
def staged(folder: Path, scale: Scale) -> Iterator[Scene]:
    """Start everything; all of it is gone afterwards."""
    with LocalPostgres(folder) as server:
        server.create_database(DATABASE)
        environ = local_environ(server.url(DATABASE))
        subprocess.run([*APP_COMMAND, "migrate"], cwd=ROOT, env=environ, check=True)
        command = (*APP_COMMAND, "serve", "--demo")
        with serving(server, DATABASE, command=command) as service, publishing(service.environ):
            server.query(f"CREATE ROLE {LOGIN} LOGIN IN ROLE registry_app")
            scene = Scene(service, scale)
            written = json.loads((service.data / "demo.json").read_text("utf-8"))
            scene.people = {user["email"]: user["password"] for user in written["users"]}
            scene.client_id = written["api_key"]["client_id"]
            scene.client_secret = written["api_key"]["client_secret"]
            _wait_until_published(scene)
            yield scene


def _wait_until_published(scene: Scene) -> None:
    give_up = time.monotonic() + PUBLISHED_SECONDS_MAX
    while scene.door.ask("GET", "/log/checkpoint").status != 200:  # noqa: PLR2004
        if time.monotonic() > give_up:
            raise OSError("the log is not published")
        time.sleep(0.1)
